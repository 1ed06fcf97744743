#include "api/run_parts.hpp"

#include "api/runs.hpp"
#include "wire/event.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"

namespace assay::api {

namespace {

void fill_step(const evidence::StepRecord& in, v1::Verdict attempt, v1::StepResult* out) {
  out->set_index(in.index);
  out->set_id(in.id);
  out->set_role(in.role);
  out->set_text(in.text);
  out->set_place(in.place);
  out->set_sentence(in.sentence);
  if (in.state) {
    out->set_state(static_cast<v1::StepState>(wire::to_proto(*in.state)));
  } else if (attempt == v1::VERDICT_UNSPECIFIED) {
    out->set_state(v1::STEP_STATE_RUNNING);
  } else {
    // Its agent was lost, or fenced.
    out->set_state(attempt == v1::VERDICT_CANCELLED ? v1::STEP_STATE_CANCELLED
                                                    : v1::STEP_STATE_LAB_ERROR);
    out->set_sentence("the attempt ended before this step did");
  }
  for (const evidence::Finding& finding : in.findings) {
    auto* f = out->add_findings();
    f->set_channel(finding.channel);
    f->set_expected(finding.expected);
    f->set_observed(finding.observed);
    f->set_says(static_cast<v1::Finding::Says>(wire::to_proto(finding.says)));
  }
  wire::to_proto(in.started_at, out->mutable_started_at());
  wire::to_proto(in.took, out->mutable_took());
  for (const auto& line : in.console) out->add_console(line);
  out->set_progress_done(in.progress_done);
  out->set_progress_total(in.progress_total);
  out->set_progress_doing(in.progress_doing);
}

// What can change of a head once it is there.
template <class Head>
bool same(const Head& a, const Head& b) {
  return a.state() == b.state() && a.verdict() == b.verdict() && a.sentence() == b.sentence();
}
bool same_times(const auto& a, const auto& b) {
  return a.started_unix_micros() == b.started_unix_micros() &&
         a.ended_unix_micros() == b.ended_unix_micros();
}

}  // namespace

Result<> RunParts::refresh() {
  v1::Run head;
  TRY(fill_head(backend_, number_, &head));
  head_changed_ = head_changed_ || !same(head, head_) || !same_times(head, head_) ||
                  head.lease_until_unix_micros() != head_.lease_until_unix_micros();
  head_ = std::move(head);
  std::size_t at = 0;
  for (const store::JobRow& row : TRY(backend_.parts.store.jobs(number_))) {
    v1::Job job;
    fill_job(row, &job);
    if (at == jobs_.size()) jobs_.emplace_back();
    OneJob& one = jobs_[at++];
    one.changed = one.changed || !same(job, one.head);
    one.head = std::move(job);
  }
  for (const store::AttemptRow& row : TRY(backend_.parts.store.attempts(number_))) {
    v1::Attempt attempt;
    fill_attempt(row, &attempt);
    const auto [known, is_new] = by_name_.try_emplace(attempt.id(), names_.size());
    if (is_new) {
      // Jobs are numbered from 1, without gaps.
      const auto job = static_cast<std::size_t>(row.job) - 1;
      if (job >= jobs_.size()) {
        return fail(Cause::internal, "{}: there is no such job", attempt.id());
      }
      jobs_[job].attempts.push_back(names_.size());
      names_.push_back(attempt.id());
      attempts_.emplace_back();
    }
    OneAttempt& one = attempts_[known->second];
    one.changed = one.changed || !same(attempt, one.head) || !same_times(attempt, one.head);
    one.head = std::move(attempt);
  }
  return {};
}

Result<> RunParts::find_new() {
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    if (std::exchange(jobs_[j].changed, false)) pending_.push_back({j, std::nullopt});
    for (const std::size_t a : jobs_[j].attempts) {
      OneAttempt& one = attempts_[a];
      const bool look = std::exchange(one.look, false);
      bool steps = false;  // a flood of console bytes is no change of one
      if (look) {
        TRY(backend_.records.read(names_[a], [&](const evidence::AttemptRecord& record) {
          steps = record.version() != one.sent;
        }));
      }
      if (steps || one.changed) pending_.push_back({j, a});
    }
  }
  return {};
}

Result<bool> RunParts::next(v1::RunPart* out) {
  if (pending_.empty()) {
    TRY(find_new());
    if (pending_.empty() && !head_changed_) return false;
  }
  head_changed_ = false;
  *out->mutable_run() = head_;
  auto& jobs = *out->mutable_run()->mutable_jobs();
  std::size_t bytes = head_.ByteSizeLong();
  std::optional<std::size_t> job;  // the last in `jobs`
  while (!pending_.empty() && bytes < wire::max_part) {
    const Pending next = pending_.front();
    if (job != next.job) {
      job = next.job;
      *jobs.Add() = jobs_[next.job].head;
      bytes += jobs_[next.job].head.ByteSizeLong();
    }
    if (next.attempt) {
      v1::Job& last = *jobs.Mutable(jobs.size() - 1);
      if (!TRY(add(next.job, attempts_[*next.attempt], last.add_attempts(), bytes))) break;
    }
    pending_.pop_front();
  }
  if (pending_.empty()) {
    spec_job_.reset();
    spec_ = {};
  }
  out->set_more(!pending_.empty());
  return true;
}

Result<> RunParts::tell(std::size_t job, v1::StepResult* out) {
  if (spec_job_ != job) {
    const auto bytes =
        TRY(backend_.parts.store.job_spec(number_, static_cast<std::int32_t>(job) + 1));
    spec_job_ = job;
    // One that cannot be read has no steps: better a run without words than none.
    if (!spec_.ParseFromString(bytes)) spec_ = {};
  }
  const auto steps = static_cast<std::uint32_t>(spec_.steps_size());
  const std::uint32_t at = out->index();
  if (at >= steps + static_cast<std::uint32_t>(spec_.finally_size())) return {};
  const v1::Step& step =
      at < steps ? spec_.steps(static_cast<int>(at)) : spec_.finally(static_cast<int>(at - steps));
  out->set_id(step.id());
  out->set_role(step.role());
  out->set_text(step.text());
  out->set_place(step.place());
  return {};
}

Result<bool> RunParts::add(std::size_t job, OneAttempt& one, v1::Attempt* out, std::size_t& bytes) {
  *out = one.head;
  bool all = false;
  Result<> told;
  TRY(backend_.records.read(one.head.id(), [&](const evidence::AttemptRecord& record) {
    // What changes while it is being sent is newer than the goal: sent once more.
    if (one.step == 0) one.goal = record.version();
    if (record.started()) {
      for (const auto& [name, version] : record.started()->environment) {
        (*out->mutable_environment())[name] = version;
      }
    }
    out->set_events(record.last());
    bytes += out->ByteSizeLong();
    const auto& steps = record.steps();
    // At least one, that it ends.
    while (one.step < steps.size() && (bytes < wire::max_part || out->steps().empty())) {
      const evidence::StepRecord& step = steps[one.step++];
      // The attempt's end says what became of a step that has none.
      if (step.version <= one.sent && (step.state || !one.changed)) continue;
      v1::StepResult* to = out->add_steps();
      fill_step(step, out->verdict(), to);
      if (step.state == evidence::StepState::skipped && told) told = tell(job, to);
      bytes += to->ByteSizeLong();
    }
    all = one.step >= steps.size();
  }));
  TRY(told);
  if (!all) return false;
  one.sent = one.goal;
  one.step = 0;
  one.changed = false;
  return true;
}

}  // namespace assay::api
