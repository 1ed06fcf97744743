#include <fmt/core.h>

#include <algorithm>

#include "executor/channels.hpp"
#include "executor/smp_words.hpp"

namespace assay::executor {

using Says = evidence::Finding::Says;

namespace {

constexpr std::uint64_t read_limit = 16U << 20;  // a call, as abilities::Flash says

// nullopt: this flasher cannot read.
Result<std::optional<Bytes>> read_slot(const Run& run, const plans::Slot& slot, const Wait& wait) {
  Bytes all;
  while (all.size() < slot.size) {
    const auto part =
        TRY(run.role.board->flash()->read(run.role.order(wait), slot.address + all.size(),
                                          std::min(read_limit, slot.size - all.size())));
    if (!part) return std::nullopt;
    if (part->empty())
      return fail(Cause::device, "the flash read back ended at byte {}", all.size());
    all.insert(all.end(), part->begin(), part->end());
  }
  return all;
}

std::string what_lies(ByteView slot) {
  const auto found = images::parse_mcuboot(slot);
  if (!found) return "no image";
  const auto version = "v" + to_string(found->header.version);
  return found->computed_hash.empty() ? version : version_and_hash(version, found->computed_hash);
}

}  // namespace

Word flash_word(const Run& run, const plans::AssertRunning& step, const Artifacts::Image* image,
                const Wait& wait) {
  Word word{{"flash", step.artifact, "", Says::cannot_tell}};
  const auto& slots = run.role.profile().slots;
  const auto primary =
      std::find_if(slots.begin(), slots.end(), [](const auto& s) { return s.name == "primary"; });
  if (run.role.board->flash() == nullptr || primary == slots.end() || image == nullptr) {
    word.finding.observed = run.role.board->flash() == nullptr ? "the board has no flash ability"
                            : primary == slots.end()
                                ? "the board type names no primary slot"
                                : "the artifact holds no image to compare with";
    return word;
  }
  // The bytes that the bootloader's hash is over; what follows are signatures.
  const auto wanted = image->hashed();
  const auto digest = sha256(wanted);
  word.finding.expected =
      fmt::format("{}, {} bytes", version_and_hash(image->version(), digest), wanted.size());
  const auto read = read_slot(run, *primary, wait);
  if (!read) {
    word.finding.observed = read.error().text;
    word.broken = read.error();
    return word;
  }
  if (!*read) {
    word.finding.observed = "this flasher cannot read back";
    return word;
  }
  const auto& slot = **read;
  const auto there = ByteView(slot).first(std::min(slot.size(), wanted.size()));
  const auto differs = std::mismatch(there.begin(), there.end(), wanted.begin(), wanted.end());
  if (sha256(there) == digest && differs.second == wanted.end()) {
    word.finding.observed = fmt::format("{}, {} bytes are the same",
                                        version_and_hash(image->version(), digest), wanted.size());
    word.finding.says = Says::agrees;
    return word;
  }
  word.finding.observed =
      fmt::format("{}, differs from byte {:#x} on", what_lies(slot), differs.first - there.begin());
  word.finding.says = Says::disagrees;
  return word;
}

}  // namespace assay::executor
