#include "dispatch/engine.hpp"

#include "base/limits.hpp"
#include "dispatch/rows.hpp"
#include "store/update.hpp"

namespace assay::dispatch {

using namespace scheduler;

static constexpr std::size_t request_id_at_most = 64;

Result<std::unique_ptr<Engine>> Engine::load(store::Store& store, Limits limits, BootTime now) {
  std::unique_ptr<Engine> engine(new Engine(store, limits));
  TRY(engine->reload(now));
  return engine;
}

Result<> Engine::reload(BootTime now) {
  changes_ = {};
  new_runs_.clear();
  new_jobs_.clear();
  new_requests_.clear();
  const store::OpenWork work = TRY(store_.open_work());
  const Saved saved = TRY(saved_of(work));
  core_.load(saved, now);
  last_run_ = work.last_run;
  specs_.clear();
  Spec last;
  for (const store::JobRow& row : work.jobs) keep_spec({row.run, row.index}, row.spec, last);
  open_.clear();
  for (const AttemptRecord& attempt : saved.attempts) {
    if (attempt.state != AttemptState::ended) open_[attempt.id] = attempt.agent;
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
  const std::int64_t number = ++last_run_;
  if (!run.request_id.empty()) new_requests_[run.request_id] = number;
  new_runs_[number] = first_row(run, number, unix_micros());
  RunRecord record;
  record.number = number;
  record.priority = run.priority;
  std::vector<JobRecord> jobs;
  Spec last;
  for (const NewJob& job : run.jobs) {
    JobRecord one;
    one.id = {number, static_cast<std::int32_t>(jobs.size() + 1)};
    one.needs = job.needs;
    one.verbs = job.verbs;
    new_jobs_[one.id] = first_row(job, one.id);
    keep_spec(one.id, job.spec, last);
    jobs.push_back(std::move(one));
  }
  core_.submit(std::move(record), std::move(jobs), changes_);
  return number;
}

Result<> Engine::cancel(const std::string& name, const std::string& reason) {
  const auto number = parse_run(name);
  if (!number) return fail(Cause::not_found, "no run '{}'; runs are named like r17", name);
  auto done = core_.cancel(*number, reason, changes_);
  if (done || done.error().cause != Cause::not_found) return done;
  const auto row = TRY(store_.run(*number));
  if (!row) return fail(Cause::not_found, "no run '{}'", name);
  return fail(Cause::refused, "{} has already ended: {}", name, row->verdict);
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
  const std::int64_t time = unix_micros();
  Pending pending;
  for (const RunRecord& record : changes.runs) {
    merge(runs, record.number, row_of(record, time));
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
    else
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
