// Steps that only watch: expect, its opposite, and hold.
#include <fmt/core.h>

#include "base/text.hpp"
#include "executor/attribution.hpp"
#include "executor/step.hpp"
#include "executor/story.hpp"

namespace assay::executor {

using evidence::Finding;
using evidence::StepState;

namespace {

constexpr Duration last_words = std::chrono::milliseconds(100);

std::string expected_words(const plans::Marker& marker) {
  return marker.is ? fmt::format("{} ({})", marker.name, *marker.is) : marker.name;
}

bool noticed_late(const Run& run) {
  return run.watch.overslept > a_little_late && run.watch.overslept <= stood_still;
}

// Nothing may be concluded from silence before the console itself is known to work.
Outcome absent(Run& run, const plans::Expect& step, Matcher& matcher, const Wait& wait) {
  const std::string before = "the time for " + step.marker.name + " to stay away was over";
  const auto seen = run.role.console->expect(matcher, wait);
  if (seen) {
    return {.state = StepState::failed,
            .sentence = fmt::format("{} must not be seen, but the console said \"{}\"",
                                    step.marker.name, printable(seen->line.text)),
            .findings = {{"console", "no " + expected_words(step.marker), plain(seen->line.text),
                          Finding::Says::disagrees}},
            .region = {seen->line.offset, seen->line.end - seen->line.offset}};
  }
  if (seen.error().cause == Cause::cancelled) return interrupted(run, before);
  // A program that cannot print proves nothing either.
  if (auto found = trouble(run, {step.marker.name + " stayed away", before}, true))
    return *std::move(found);
  return {.findings = {
              {"console", "no " + expected_words(step.marker), "not seen", Finding::Says::agrees}}};
}

}  // namespace

Outcome run(Run& run, const plans::Expect& step) {
  if (run.role.board->console() == nullptr) {
    return {.state = StepState::lab_error,
            .sentence = run.role.board->id() + " has no console ability"};
  }
  auto matcher = Matcher::make(step.marker);
  if (!matcher) return from_error(run, matcher.error(), run.step.text);
  const Wait wait = run.within(step.within);
  if (step.absent) return absent(run, step, *matcher, wait);

  auto seen = run.role.console->expect(*matcher, wait);
  if (!seen && seen.error().cause == Cause::cancelled && run.interrupts.fault(run.role.name())) {
    // A program's last words may come behind the word of its end.
    seen = run.role.console->expect(*matcher, Wait::for_(last_words));
  } else if (!seen && seen.error().cause == Cause::timeout && noticed_late(run)) {
    // What came before the end may lie in a buffer that nobody has read yet.
    seen = run.role.console->expect(*matcher, Wait::for_(last_words));
  }
  if (seen) {
    return {.findings = {{"console", expected_words(step.marker), plain(seen->line.text),
                          Finding::Says::agrees}},
            .region = {seen->line.offset, seen->line.end - seen->line.offset}};
  }
  const std::string before = step.marker.name + " was seen";
  Outcome outcome;
  if (seen.error().cause == Cause::cancelled) {
    outcome = interrupted(run, before);
  } else {
    const auto limit = run.limit_words(step.within, wait);
    const auto& instead = matcher->instead();
    const auto what = instead ? fmt::format("the console said \"{}\" where {} was expected",
                                            plain(instead->text), expected_words(step.marker))
                              : fmt::format("{} but {} was not seen {}", story(run.role),
                                            step.marker.name, limit);
    outcome = attribute(run, {what, before});
  }
  outcome.findings.push_back(
      {"console", expected_words(step.marker),
       matcher->instead() ? plain(matcher->instead()->text) : "not seen",
       matcher->instead() ? Finding::Says::disagrees : Finding::Says::cannot_tell});
  return outcome;
}

Outcome run(Run& run, const plans::Hold& step) {
  std::unique_lock lock(run.watch.mutex);
  const auto over = run.watch.until(lock, run.wait.at_most(step.for_), [] { return false; });
  lock.unlock();
  if (over.error().cause == Cause::cancelled) return interrupted(run, "the hold was over");
  return {};
}

}  // namespace assay::executor
