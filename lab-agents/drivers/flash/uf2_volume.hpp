// The disk that a UF2 bootloader pretends to be: a folder where it is mounted, or a block
// device (or a file with a disk in it), which mtools reads and writes without mounting
// and without being root.
// Not thread-safe.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "abilities/ability.hpp"
#include "base/bytes.hpp"
#include "drivers/flash/tool.hpp"

namespace assay::drivers {

class Uf2Volume {
 public:
  explicit Uf2Volume(std::filesystem::path place);

  // "Board-ID" of its INFO_UF2.TXT. Cause::device: there is no such file.
  Result<std::string> board_id(const abilities::Order&) const;
  // Copies the blocks, until the disk has them or is gone: a bootloader leaves with the
  // last block.
  Result<> write(ByteView uf2, const abilities::Order&) const;

 private:
  Result<> copy_to_folder(ByteView uf2, const abilities::Order&) const;
  Result<> copy_to_disk(ByteView uf2, const abilities::Order&) const;

  const std::filesystem::path place_;
  const bool is_folder_;
  const Tool type_, copy_;
};

// The block device of the USB device at this port ("1-1.4"): its first partition, or
// itself where it has none. nullopt: it has no disk (yet).
std::optional<std::filesystem::path> disk_at(const std::string& port);

}  // namespace assay::drivers
