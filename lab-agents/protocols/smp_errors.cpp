// The words for what SMP servers answer. Source: Zephyr 4.4, mgmt/mcumgr/mgmt/
// mgmt_defines.h, grp/os_mgmt/os_mgmt.h, grp/img_mgmt/img_mgmt.h.
#include <array>
#include <span>

#include "protocols/smp.hpp"

namespace assay::smp {

namespace {

constexpr std::array<std::string_view, 14> version_1{
    "no error",      "unknown error", "out of memory",      "invalid value",   "timeout",
    "no such entry", "wrong state",   "response too large", "not supported",   "corrupt data",
    "busy",          "access denied", "protocol too old",   "protocol too new"};

constexpr std::array<std::string_view, 7> os_group{
    "no error",    "unknown error",      "invalid format",        "query yields no answer",
    "RTC not set", "RTC command failed", "query answer not valid"};

constexpr std::array<std::string_view, 35> image_group{"no error",
                                                       "unknown error",
                                                       "flash configuration cannot be read",
                                                       "no image",
                                                       "no TLVs",
                                                       "invalid TLV",
                                                       "several hash TLVs",
                                                       "hash TLV of the wrong size",
                                                       "no image with this hash",
                                                       "no free slot",
                                                       "flash cannot be opened",
                                                       "flash cannot be read",
                                                       "flash cannot be written",
                                                       "flash cannot be erased",
                                                       "invalid slot",
                                                       "out of memory",
                                                       "flash context already set",
                                                       "flash context not set",
                                                       "no flash device",
                                                       "invalid page offset",
                                                       "required offset missing",
                                                       "required length missing",
                                                       "image header too short",
                                                       "wrong magic number in the image header",
                                                       "invalid hash",
                                                       "invalid flash address",
                                                       "version cannot be read",
                                                       "a newer version is running",
                                                       "an image is pending already",
                                                       "invalid vector table",
                                                       "image too large",
                                                       "more data than announced",
                                                       "confirmation denied",
                                                       "the active slot cannot be set to test",
                                                       "the active slot is not known"};

std::string word(std::span<const std::string_view> words, std::uint64_t code) {
  return code < words.size() ? fmt::format(" ({})", words[code]) : "";
}

}  // namespace

std::string to_string(const Refusal& refusal) {
  const auto code = refusal.code;
  if (!refusal.group) return fmt::format("error {}{}", code, word(version_1, code));
  if (*refusal.group == 0) return fmt::format("OS group error {}{}", code, word(os_group, code));
  if (*refusal.group == 1) {
    return fmt::format("image group error {}{}", code, word(image_group, code));
  }
  return fmt::format("group {} error {}", *refusal.group, code);
}

}  // namespace assay::smp
