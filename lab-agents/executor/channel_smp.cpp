#include <fmt/core.h>

#include <algorithm>

#include "executor/channels.hpp"
#include "executor/smp_words.hpp"

namespace assay::executor {

using Says = evidence::Finding::Says;

namespace {

// Zephyr writes the build number with a dot, imgtool with a plus.
std::string dotted(std::string version) {
  std::replace(version.begin(), version.end(), '+', '.');
  return version;
}

}  // namespace

Word smp_word(const Run& run, const plans::AssertRunning& step, const Artifacts::Image* image,
              const Wait& wait) {
  Word word{{"smp", step.artifact, "", Says::cannot_tell}};
  const auto& abilities = run.role.profile().abilities;
  if (run.role.board->console() == nullptr ||
      std::find(abilities.begin(), abilities.end(), "ota.smp") == abilities.end()) {
    word.finding.observed = "the board type does not speak SMP";
    return word;
  }
  const auto asked = [&](bool confirmed) {
    return step.confirmed ? (confirmed ? ", confirmed" : ", not confirmed") : "";
  };
  if (image != nullptr) {
    word.finding.expected = version_and_hash(image->version(), image->facts.stored_hash) +
                            asked(step.confirmed.value_or(false));
  }
  const auto slots = smp::Client(run.role.console->smp()).images(wait);
  if (!slots) {
    const auto& error = slots.error();
    word.finding.observed = error.text;
    if (error.cause == Cause::guest) {
      word.finding.says = Says::disagrees;
      word.finding.observed = "refused: " + error.text;
    } else if (error.cause == Cause::timeout) {
      word.silent = fmt::format("the program did not answer SMP ({})", error.text);
    } else {
      word.broken = error;
    }
    return word;
  }
  const auto* active = running(*slots);
  if (active == nullptr) {
    word.finding = {"smp", word.finding.expected, "no active image", Says::disagrees};
    return word;
  }
  word.finding.observed =
      version_and_hash("v" + active->version, active->hash) + asked(active->confirmed);
  if (image == nullptr || image->facts.stored_hash.empty()) return word;  // nothing to compare with
  const bool same = active->hash == image->facts.stored_hash &&
                    dotted(active->version) == dotted(to_string(image->facts.header.version)) &&
                    (!step.confirmed || *step.confirmed == active->confirmed);
  word.finding.says = same ? Says::agrees : Says::disagrees;
  return word;
}

}  // namespace assay::executor
