// assert running: at least two channels that can disagree must agree.
#include <fmt/core.h>

#include <algorithm>

#include "executor/attribution.hpp"
#include "executor/channels.hpp"
#include "executor/step.hpp"

namespace assay::executor {

using evidence::StepState;
using Says = evidence::Finding::Says;

namespace {

// A program that has just been seen on the console may still need a moment for
// its SMP server; reading a whole flash takes its time.
constexpr Duration smp_at_least = std::chrono::seconds(2);
constexpr Duration read_within = std::chrono::seconds(60);

std::string says(const Word& word) {
  return fmt::format("{} says {}", word.finding.channel, word.finding.observed);
}

std::string disagreement(const std::string& name, const std::vector<Word>& words) {
  std::vector<std::string> yes, no;
  for (const auto& word : words) {
    if (word.finding.says == Says::agrees) yes.push_back(word.finding.channel);
    if (word.finding.says == Says::disagrees) no.push_back(says(word));
  }
  if (yes.empty()) return fmt::format("{} does not run: {}", name, listed(no));
  return fmt::format("the channels disagree on whether {} runs: {} {} that it does, but {}", name,
                     listed(yes), yes.size() == 1 ? "says" : "say", listed(no));
}

Outcome judge(const Run& run, const std::string& name, const std::vector<Word>& words) {
  for (const auto& word : words) {
    if (word.broken && word.broken->cause == Cause::cancelled)
      return interrupted(run, name + " was seen to run");
  }
  const auto any = [&](Says what) {
    return std::any_of(words.begin(), words.end(),
                       [&](const auto& w) { return w.finding.says == what; });
  };
  const std::string before = name + " was seen to run";
  if (any(Says::disagrees)) return attribute(run, {disagreement(name, words), before});
  for (const auto& word : words) {
    if (!word.silent.empty())
      return attribute(run, {fmt::format("{} was expected to run; {}", name, word.silent), before});
  }
  if (std::count_if(words.begin(), words.end(), [](const auto& w) { return w.told(); }) >= 2)
    return {};

  for (const auto& word : words) {
    if (word.broken) {
      return from_error(run, *word.broken,
                        fmt::format("asking the {} whether {} runs", word.finding.channel, name));
    }
  }
  std::vector<std::string> why;
  for (const auto& word : words) {
    if (!word.told())
      why.push_back(fmt::format("{}: {}", word.finding.channel, word.finding.observed));
  }
  return {.state = StepState::lab_error,
          .sentence = fmt::format("two channels must tell whether {} runs, and too few can ({})",
                                  name, listed(why))};
}

}  // namespace

Outcome run(Run& run, const plans::AssertRunning& step) {
  const auto image = run.artifacts.image(step.artifact, run.role.profile());
  if (!image && image.error().cause == Cause::not_found) {
    return from_error(run, image.error(), run.step.text);
  }
  const auto* known = image ? &*image : nullptr;
  const std::string name =
      image ? fmt::format("{} ({})", step.artifact, image->version()) : step.artifact;

  // The console first: once the program has said who it is, it can answer.
  const Wait wait = run.within(step.within);
  std::vector<Word> words;
  words.push_back(console_word(run, step, known, wait));
  if (!run.wait.stop.stop_requested()) {
    const auto left = std::max(wait.until.left(), run.role.scaled(smp_at_least));
    words.push_back(smp_word(run, step, known, Wait{Deadline::after(left), run.wait.stop}));
  }
  if (!run.wait.stop.stop_requested()) {
    words.push_back(flash_word(run, step, known,
                               Wait{Deadline::after(run.role.scaled(read_within)), run.wait.stop}));
  }
  Outcome outcome;
  if (run.wait.stop.stop_requested()) {
    outcome = interrupted(run, name + " was seen to run");
  } else {
    outcome = judge(run, name, words);
  }
  for (auto& word : words) outcome.findings.push_back(std::move(word.finding));
  return outcome;
}

}  // namespace assay::executor
