#include "executor/smp_words.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace assay::executor {

Outcome from_smp_error(const Run& run, const Error& error, const std::string& doing,
                       const std::string& limit) {
  if (error.cause == Cause::guest) {
    return {.state = evidence::StepState::failed,
            .sentence = fmt::format("the device refused {}: {}", doing, error.text)};
  }
  if (error.cause == Cause::timeout) {
    return attribute(run,
                     {fmt::format("the device did not answer {} {} ({})", doing, limit, error.text),
                      doing + " was done"});
  }
  return from_error(run, error, doing);
}

std::string short_hash(ByteView hash) {
  return to_hex(hash.first(std::min<std::size_t>(hash.size(), 4)));
}

std::string version_and_hash(const std::string& version, ByteView hash) {
  return hash.empty() ? version + " (no hash)"
                      : fmt::format("{} (hash {})", version, short_hash(hash));
}

const smp::ImageSlot* running(const std::vector<smp::ImageSlot>& slots) {
  const auto found = std::find_if(slots.begin(), slots.end(),
                                  [](const auto& s) { return s.image == 0 && s.active; });
  return found == slots.end() ? nullptr : &*found;
}

const smp::ImageSlot* other(const std::vector<smp::ImageSlot>& slots) {
  const auto found = std::find_if(slots.begin(), slots.end(),
                                  [](const auto& s) { return s.image == 0 && !s.active; });
  return found == slots.end() ? nullptr : &*found;
}

}  // namespace assay::executor
