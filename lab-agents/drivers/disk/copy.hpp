// An image onto a disk: one thread decompresses (and hashes), the caller's writes; then
// everything that was written is read back and hashed. Twelve MiB of memory, whatever
// the image's size. Blocks of zeros are written, too: a disk holds what it held before.
#pragma once

#include <cstdint>
#include <functional>

#include "abilities/ability.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "drivers/disk/bmap.hpp"
#include "drivers/disk/decoder.hpp"
#include "drivers/disk/target.hpp"

namespace assay::drivers {

struct CopyJob {
  ImageStream& image;
  Target& target;
  const BlockMap* map = nullptr;  // null: all of the image
  std::uint64_t base = 0;         // where on the disk the image begins
  std::uint64_t room = 0;         // for it, from there on
  std::uint64_t file_size = 0;    // of the image as it is packed, for progress
  // On the caller's thread; may be null.
  std::function<void(const abilities::Progress&)> progress = {};
};

struct Copied {
  std::uint64_t image = 0;    // its bytes, as far as they were read
  std::uint64_t written = 0;  // of them
  Duration writing{}, verifying{};
};

// Cause::device when the disk is too small (nothing past `room` is written), fails or
// reads back other bytes, with the place; invalid when the image is damaged or does
// not fit its map; timeout and cancelled between two pieces.
Result<Copied> copy(const CopyJob&, const Wait&);

}  // namespace assay::drivers
