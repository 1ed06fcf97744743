#include "dispatch/engine.hpp"

#include "base/limits.hpp"
#include "dispatch/rows.hpp"
#include "store/update.hpp"

namespace assay::dispatch {

using namespace scheduler;

static constexpr std::size_t request_id_at_most = 64;
static constexpr Duration longest_hold = Limits().longest_hold;

Result<std::unique_ptr<Engine>> Engine::load(store::Store& store, Limits limits, BootTime now,
                                             WallClock wall) {
  std::unique_ptr<Engine> engine(new Engine(store, limits, std::move(wall)));
  TRY(engine->reload(now));
  return engine;
}

Result<> Engine::reload(BootTime now) {
  changes_ = {};
  new_runs_.clear();
  new_jobs_.clear();
  new_requests_.clear();
  const store::OpenWork work = TRY(store_.open_work());
  const Saved saved = TRY(saved_of(work, {now, wall_()}));
  now_ = now;
  core_.load(saved, now);
  last_run_ = work.last_run;
  specs_.clear();
  Spec last;
  for (const store::JobRow& row : work.jobs) keep_spec({row.run, row.index}, row.spec, last);
  open_.clear();
  for (const AttemptRecord& attempt : saved.attempts) {
    if (attempt.state != AttemptState::ended && !attempt.agent.empty())
      open_[attempt.id] = attempt.agent;
  }
  return {};
}

// The jobs of one run (`--repeat`) often share their spec.
void Engine::keep_spec(JobId id, const std::string& spec, Spec& last) {
  if (!last || *last != spec) last = std::make_shared<const std::string>(spec);
  specs_[id] = last;
}

const std::string& Engine::spec(JobId id) const {
  static const std::string none;
  const auto found = specs_.find(id);
  return found == specs_.end() ? none : *found->second;
}

Result<> Engine::check(const NewRun& run) const {
  if (run.jobs.empty()) return fail(Cause::invalid, "the run has no jobs");
  if (run.jobs.size() > max_jobs) {
    return fail(Cause::invalid, "the run has {} jobs; at most {} are possible: split it",
                run.jobs.size(), max_jobs);
  }
  if (run.request_id.size() > request_id_at_most) {
    return fail(Cause::invalid, "request id of {} characters; at most {} are possible",
                run.request_id.size(), request_id_at_most);
  }
  if (run.hold && (run.jobs.size() != 1 || !run.lease.empty())) {
    return fail(Cause::invalid, "a lease is one job, and is not had under another lease");
  }
  if (run.hold && (run.hold->length <= Duration::zero() || run.hold->length > longest_hold)) {
    return fail(Cause::invalid, "a lease of {}; it can last up to {}", human(run.hold->length),
                human(longest_hold));
  }
  for (const NewJob& job : run.jobs) {
    if (job.needs.empty()) return fail(Cause::invalid, "a job of the run needs no board");
    if (job.needs.size() > max_roles) {
      return fail(Cause::invalid, "a job has {} roles; at most {} are possible", job.needs.size(),
                  max_roles);
    }
  }
  return {};
}

Result<std::int64_t> Engine::submit(const NewRun& run) {
  TRY(check(run));
  if (!run.request_id.empty()) {
    if (const auto known = new_requests_.find(run.request_id); known != new_requests_.end())
      return known->second;
    if (const auto known = TRY(store_.run_by_request(run.request_id))) return known->number;
  }
  const std::int64_t number = last_run_ + 1;
  RunRecord record;
  record.number = number;
  record.priority = run.priority;
  record.project = run.project;
  record.hold = run.hold;
  if (!run.lease.empty()) {
    const auto lease = parse_run(run.lease);
    if (!lease) return fail(Cause::not_found, "no lease '{}'; they are named like r17", run.lease);
    record.lease = *lease;
  }
  std::vector<JobRecord> jobs;
  for (const NewJob& job : run.jobs) {
    JobRecord one;
    one.id = {number, static_cast<std::int32_t>(jobs.size() + 1)};
    one.needs = job.needs;
    one.verbs = job.verbs;
    if (!run.hold) one.work = work_word(run.plan, job.profile);
    jobs.push_back(std::move(one));
  }
  TRY(core_.submit(record, std::move(jobs), now_, changes_));
  last_run_ = number;
  if (!run.request_id.empty()) new_requests_[run.request_id] = number;
  new_runs_[number] = first_row(run, record, wall_());
  Spec last;
  std::int32_t index = 0;
  for (const NewJob& job : run.jobs) {
    const JobId id{number, ++index};
    new_jobs_[id] = first_row(job, id);
    keep_spec(id, job.spec, last);
  }
  return number;
}

static Result<std::int64_t> number_of(const std::string& name) {
  const auto number = parse_run(name);
  if (!number) return fail(Cause::not_found, "no run '{}'; runs are named like r17", name);
  return *number;
}

Result<> Engine::over(std::int64_t number, Result<> told) {
  if (told || told.error().cause != Cause::not_found) return told;
  const auto row = TRY(store_.run(number));
  if (!row) return fail(Cause::not_found, "no run '{}'", run_name(number));
  return fail(Cause::refused, "{} has already ended: {}", run_name(number),
              row->hold > 0 ? row->sentence : row->verdict);
}

Result<> Engine::cancel(const std::string& name, const std::string& reason) {
  const std::int64_t number = TRY(number_of(name));
  return over(number, core_.cancel(number, reason, now_, changes_));
}

Result<> Engine::extend(const std::string& name, Duration more) {
  if (more <= Duration::zero() || more > longest_hold) {
    return fail(Cause::invalid, "a lease can be extended by up to {}, not by {}",
                human(longest_hold), human(more));
  }
  const std::int64_t number = TRY(number_of(name));
  return over(number, core_.extend(number, more, changes_));
}

Result<> Engine::release(const std::string& name, const std::string& sentence) {
  const std::int64_t number = TRY(number_of(name));
  return over(number, core_.release(number, sentence, now_, changes_));
}

// Later records of one key change the row of the first.
template <class Rows, class Key, class Row>
static void merge(Rows& rows, const Key& key, Row row) {
  const auto [at, fresh] = rows.try_emplace(key, row);
  if (!fresh) store::update(at->second, row);
}

template <class Rows, class Row>
static void move_into(Rows& rows, std::vector<Row>& out) {
  out.reserve(rows.size());
  for (auto& [key, row] : rows) out.push_back(std::move(row));
}

void Engine::begin(BootTime now) {
  now_ = now;
  if (stale_) failed(now);
}

Pending Engine::take(BootTime now) {
  if (stale_) return {};
  core_.settle(now, changes_);
  Changes changes = std::exchange(changes_, {});
  auto runs = std::exchange(new_runs_, {});
  auto jobs = std::exchange(new_jobs_, {});
  new_requests_.clear();
  std::map<AttemptId, store::AttemptRow> attempts;
  std::map<std::string, store::BoardRow> boards;
  const std::int64_t time = wall_();
  Pending pending;
  for (const RunRecord& record : changes.runs) {
    merge(runs, record.number, row_of(record, {now, time}));
    pending.runs.insert(record.number);
  }
  for (const JobRecord& record : changes.jobs) {
    merge(jobs, record.id, row_of(record));
    pending.runs.insert(record.id.run);
  }
  for (const AttemptRecord& record : changes.attempts) {
    merge(attempts, record.id, row_of(record, time));
    pending.runs.insert(record.id.job.run);
  }
  for (const BoardRecord& record : changes.boards) merge(boards, record.facts.id, row_of(record));
  move_into(runs, pending.batch.runs);
  move_into(jobs, pending.batch.jobs);
  move_into(attempts, pending.batch.attempts);
  move_into(boards, pending.batch.boards);
  pending.decisions = std::move(changes.decisions);
  return pending;
}

Result<> Engine::commit(const Pending& pending) {
  if (stale_) return tl::unexpected(*stale_);
  if (pending.batch.empty()) return {};
  return store_.commit(pending.batch);
}

void Engine::committed(const Pending& pending) {
  for (const store::AttemptRow& row : pending.batch.attempts) {
    const AttemptId id{{row.run, row.job}, row.number};
    if (row.state == "ended")
      open_.erase(id);
    else if (!row.agent.empty())  // a person's lease has none
      open_[id] = row.agent;
  }
  for (const store::RunRow& row : pending.batch.runs) {
    if (row.state != "ended") continue;
    specs_.erase(specs_.lower_bound({row.number, 0}), specs_.lower_bound({row.number + 1, 0}));
  }
}

void Engine::failed(BootTime now) {
  auto done = reload(now);
  stale_ = done ? std::nullopt : std::optional(done.error());
}

}  // namespace assay::dispatch
