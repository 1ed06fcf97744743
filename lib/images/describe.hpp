// What `assay image show` says about a file, offline. Thread-safe: values and
// free functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "images/load.hpp"
#include "images/mcuboot.hpp"

namespace assay::images {

struct SlotArea {
  std::string name;           // "slot 0"
  std::uint64_t address = 0;  // as in the file: HEX and ELF addresses, else from `raw_base`
  std::uint64_t size = 0;
};

struct DescribeOptions {
  std::uint64_t raw_base = 0;
  std::vector<SlotArea> slots = {};              // none: images are searched for
  std::optional<unsigned> write_alignment = {};  // of the flash; default: by the trailer's magic
};

// One place of the file that holds an image, or should.
struct DescribedImage {
  std::string place;          // "slot 0", or "" for the whole file
  std::uint64_t address = 0;  // of the header
  std::optional<McubootImage> image;
  std::optional<McubootHeader> header;  // when only the header could be read
  std::string problem;                  // why there is no image
  std::optional<SlotTrailer> trailer;   // when the place is a slot
};

struct Description {
  std::string name;
  Container container = Container::raw;
  std::uint64_t file_size = 0;
  Sha256 file_sha256{};
  std::vector<ByteRange> ranges;  // of addresses that the file fills
  std::vector<DescribedImage> images;
};

// Cause::invalid for a damaged container and for what holds no MCUboot image:
// "x.bin: not an MCUboot image: the first four bytes are 7f 45 4c 46 (an ELF
// file), expected 3d b8 f3 96; give the signed .bin".
Result<Description> describe(ByteView content, std::string_view name, const DescribeOptions& = {});

// "SHA256 verified", "SHA256 does not match: MCUboot refuses this image".
std::string hash_words(const McubootImage&);
// "ECDSA_SIG", "none: only the hash protects it".
std::string signature_words(const McubootImage&);
// Of a TLV's value what is shown: at most 32 bytes as hexadecimal digits.
std::string value_words(const McubootTlv&);

// Lines for a person, each ending in a line break.
std::string describe_text(const Description&);

}  // namespace assay::images
