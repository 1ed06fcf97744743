// Reading a file that is to be flashed: Intel HEX, ELF or raw bytes to segments.
// Thread-safe: free functions.
//
// Cause::invalid errors name the file and the line (HEX) or the byte offset (ELF):
// "base.hex:12: checksum is 0x3a, computed 0x3b: the file is damaged".
// Sources: Intel "Hexadecimal Object File Format Specification" rev. A (1988);
// System V ABI, "Object Files" (ELF).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/limits.hpp"
#include "images/segments.hpp"

namespace assay::images {

enum class Container { raw, intel_hex, elf };
std::string_view to_string(Container);  // "raw binary", "Intel HEX", "ELF"

// The largest file that is read, and the most bytes that it may expand to.
inline constexpr std::uint64_t default_limit = max_decoded_bytes;

// By content first, then by the name: what is called .hex or .elf but does not
// look like it is still parsed as such, so that its damage is reported.
Container detect(ByteView content, std::string_view name);

// `raw_base` is the address of the first byte of a raw binary; HEX and ELF carry
// their own addresses. An empty file is Cause::invalid.
Result<Segments> load(const std::filesystem::path&, std::uint64_t raw_base,
                      std::uint64_t limit = default_limit);

// The same for bytes at hand; `name` is what errors call them.
Result<Segments> parse(ByteView content, std::string_view name, std::uint64_t raw_base,
                       std::uint64_t limit = default_limit);

// Record types 00 to 05; bytes that are given twice are an error.
Result<Segments> parse_intel_hex(ByteView content, std::string_view name,
                                 std::uint64_t limit = default_limit);
// 32-bit little-endian; the file's part of every PT_LOAD at its physical address.
Result<Segments> parse_elf(ByteView content, std::string_view name,
                           std::uint64_t limit = default_limit);

}  // namespace assay::images
