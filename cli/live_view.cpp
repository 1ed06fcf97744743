// The live view and the lines of a log, both from states of runs.

#include <fmt/core.h>

#include <algorithm>

#include "base/text.hpp"
#include "cli/run_view.hpp"
#include "cli/words.hpp"

namespace assay::cli {
namespace {

constexpr std::size_t bar_width = 20;
constexpr std::size_t most_ticks = 24;

const v1::Attempt* last_attempt(const v1::Job& job) {
  return job.attempts().empty() ? nullptr : &job.attempts(job.attempts_size() - 1);
}

// Those that never began are not worth a line.
bool is_shown(const v1::StepResult& step) {
  return step.state() != v1::STEP_STATE_RUNNING && step.state() != v1::STEP_STATE_SKIPPED;
}

const v1::StepResult* running_step(const v1::Attempt& attempt) {
  for (const auto& step : attempt.steps()) {
    if (step.state() == v1::STEP_STATE_RUNNING) return &step;
  }
  return nullptr;
}

std::string boards_of(const v1::Attempt& attempt) {
  std::string boards;
  for (const auto& [role, board] : attempt.boards()) {
    if (!boards.empty()) boards += ' ';
    boards += printable(board);
  }
  return boards;
}

std::string bar(std::uint64_t done, std::uint64_t total) {
  const auto full = static_cast<std::size_t>(std::min(done, total) * bar_width / total);
  std::string text;
  for (std::size_t i = 0; i < bar_width; ++i) text += i < full ? "█" : "░";
  return text + fmt::format(" {:3} %", std::min(done, total) * 100 / total);
}

// The last ones, so that there is room for what happens now.
void add_ticks(const v1::Attempt& attempt, Line& line) {
  std::vector<v1::StepState> states;
  for (const auto& step : attempt.steps()) {
    if (is_shown(step)) states.push_back(step.state());
  }
  const std::size_t first = states.size() > most_ticks ? states.size() - most_ticks : 0;
  if (first > 0) line.push_back({"…"});
  for (std::size_t i = first; i < states.size(); ++i) {
    line.push_back({std::string(step_symbol(states[i])), tone_of(states[i])});
  }
  if (!states.empty()) line.push_back({" "});
}

// "  r17.1 v2 1.4 s ✓✓✓✓ ████░░ 45 % update: send update": what may be long comes
// last, where a narrow terminal cuts it.
Line job_line(const v1::Job& job, std::int64_t now, bool with_ticks) {
  Line line{{"  " + printable(job.id()) + " ", Tone::bold}};
  const v1::Attempt* attempt = last_attempt(job);
  if (attempt == nullptr) {
    line.push_back({std::string(status_word(job.state(), job.verdict())), tone_of(job.verdict())});
    if (!job.sentence().empty()) line.push_back({": " + printable(job.sentence())});
    return line;
  }
  line.push_back({boards_of(*attempt) + " "});
  line.push_back({elapsed(attempt->started_unix_micros(), attempt->ended_unix_micros(), now) + " ",
                  Tone::dim});
  if (job.attempts_size() > 1)
    line.push_back({fmt::format("attempt {} ", job.attempts_size()), Tone::warn});
  if (with_ticks) add_ticks(*attempt, line);
  if (job.state() == v1::RUN_STATE_ENDED) {
    line.push_back({std::string(verdict_word(job.verdict())), tone_of(job.verdict())});
    if (!job.sentence().empty()) line.push_back({": " + printable(job.sentence())});
  } else if (const auto* step = running_step(*attempt)) {
    if (step->progress_total() > 0)
      line.push_back({bar(step->progress_done(), step->progress_total()) + " "});
    if (!step->progress_doing().empty()) line.push_back({printable(step->progress_doing()) + ", "});
    line.push_back({printable(step->text())});
  } else {
    line.push_back({std::string(status_word(job.state(), job.verdict()))});
  }
  return line;
}

Line head_line(const v1::Run& run, std::int64_t now) {
  Line line{{printable(run.id()) + " ", Tone::bold}, {printable(run.plan()) + " "}};
  line.push_back({std::string(status_word(run.state(), run.verdict())), tone_of(run.verdict())});
  line.push_back({"  " + elapsed(run.started_unix_micros() != 0 ? run.started_unix_micros()
                                                                : run.submitted_unix_micros(),
                                 run.ended_unix_micros(), now),
                  Tone::dim});
  return line;
}

// The finished steps of one job, so many of the last as there is room for.
void add_steps(const v1::Job& job, std::size_t room, Lines& lines) {
  const v1::Attempt* attempt = last_attempt(job);
  if (attempt == nullptr) return;
  std::vector<const v1::StepResult*> finished;
  for (const auto& step : attempt->steps()) {
    if (is_shown(step)) finished.push_back(&step);
  }
  std::size_t first = 0;
  if (finished.size() > room) {
    first = finished.size() - room + 1;
    lines.push_back({{fmt::format("    … {} more", first), Tone::dim}});
  }
  for (std::size_t i = first; i < finished.size(); ++i) {
    Line line = step_line(*finished[i]);
    line.insert(line.begin(), Span{"    "});
    lines.push_back(std::move(line));
  }
}

}  // namespace

Lines live_lines(const LiveView& view) {
  Lines lines;
  const bool alone = view.runs.size() == 1 && view.runs[0].jobs_size() == 1;
  for (const v1::Run& run : view.runs) {
    if (run.id().empty()) continue;
    lines.push_back(head_line(run, view.now_micros));
    for (const auto& job : run.jobs()) {
      if (alone) add_steps(job, static_cast<std::size_t>(std::max(4, view.height - 6)), lines);
      lines.push_back(job_line(job, view.now_micros, !alone));
    }
  }
  for (const auto& note : view.notes) lines.push_back({{"  " + note, Tone::warn}});
  return lines;
}

namespace {

const v1::Job* find_job(const v1::Run& run, const std::string& id) {
  for (const auto& job : run.jobs()) {
    if (job.id() == id) return &job;
  }
  return nullptr;
}
const v1::Attempt* find_attempt(const v1::Job* job, const std::string& id) {
  if (job == nullptr) return nullptr;
  for (const auto& attempt : job->attempts()) {
    if (attempt.id() == id) return &attempt;
  }
  return nullptr;
}
bool finished(const v1::StepResult& step) {
  return step.state() != v1::STEP_STATE_RUNNING && step.state() != v1::STEP_STATE_UNSPECIFIED;
}
bool had_finished(const v1::Attempt* attempt, const v1::StepResult& step) {
  if (attempt == nullptr) return false;
  const auto& steps = attempt->steps();
  const auto old = std::find_if(steps.rbegin(), steps.rend(),
                                [&](const auto& one) { return one.index() == step.index(); });
  return old != steps.rend() && finished(*old);
}

}  // namespace

Lines changes(const v1::Run& before, const v1::Run& now) {
  Lines lines;
  for (const auto& job : now.jobs()) {
    const v1::Job* old_job = find_job(before, job.id());
    for (const auto& attempt : job.attempts()) {
      const v1::Attempt* old = find_attempt(old_job, attempt.id());
      const Span head{printable(attempt.id()) + " ", Tone::dim};
      if (old == nullptr)
        lines.push_back(
            {head,
             {fmt::format("on {}{}", boards_of(attempt),
                          attempt.agent().empty() ? "" : " at " + printable(attempt.agent()))}});
      for (const auto& step : attempt.steps()) {
        if (!finished(step) || !is_shown(step) || had_finished(old, step)) continue;
        Line line = step_line(step);
        line.insert(line.begin(), head);
        lines.push_back(std::move(line));
      }
      if (attempt.state() == v1::RUN_STATE_ENDED &&
          (old == nullptr || old->state() != v1::RUN_STATE_ENDED)) {
        Line line{head, {std::string(verdict_word(attempt.verdict())), tone_of(attempt.verdict())}};
        if (!attempt.sentence().empty()) line.push_back({": " + printable(attempt.sentence())});
        lines.push_back(std::move(line));
      }
    }
  }
  return lines;
}

bool waits(const v1::Run& run) {
  bool queued = false;
  for (const auto& job : run.jobs()) {
    if (job.state() == v1::RUN_STATE_RUNNING) return false;
    queued = queued || job.state() == v1::RUN_STATE_QUEUED;
  }
  return queued;
}

}  // namespace assay::cli
