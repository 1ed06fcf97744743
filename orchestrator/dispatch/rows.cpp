#include "dispatch/rows.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace assay::dispatch {

using nlohmann::json;
using namespace scheduler;

static constexpr std::array<const char*, 3> states = {"queued", "running", "ended"};
static constexpr std::array<const char*, 3> attempt_states = {"assigned", "running", "ended"};
static constexpr std::array<const char*, 4> outcomes = {"passed", "failed", "lab-error",
                                                        "cancelled"};

template <class E, std::size_t N>
static const char* word(const std::array<const char*, N>& words, E value) {
  return words[static_cast<std::size_t>(value)];
}

template <class E, std::size_t N>
static Result<E> value(const std::array<const char*, N>& words, const std::string& text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (text == words[i]) return static_cast<E>(i);
  }
  return fail(Cause::invalid, "'{}' is not one of {} to {}", text, words.front(), words.back());
}

static std::string verdict_word(const std::optional<Outcome>& verdict) {
  return verdict ? word(outcomes, *verdict) : "";
}

static Result<std::optional<Outcome>> verdict_value(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return TRY(value<Outcome>(outcomes, text));
}

static std::int64_t micros(Duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

std::string work_word(const std::string& plan, const std::string& profile) {
  return plan + '\n' + profile;
}

store::RunRow first_row(const NewRun& run, const RunRecord& record, std::int64_t now) {
  store::RunRow row;
  row.number = record.number;
  row.lease = record.lease;
  if (run.hold) row.person = run.hold->person;
  row.plan = run.plan;
  row.project = run.project;
  row.rev = run.rev;
  row.ref = run.ref;
  row.request_id = run.request_id;
  row.priority = run.priority;
  row.request = run.request;
  row.state = "queued";
  row.submitted = now;
  return row;
}

// Rows are written with every decision, so their short lists are, without a document in between.
static void quote(std::string& out, const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
  });
  if (plain)
    out.append(1, '"').append(text).append(1, '"');
  else
    out += json(text).dump();
}

static void quote(std::string& out, const std::vector<std::string>& texts) {
  out += '[';
  for (const std::string& text : texts) {
    if (out.back() != '[') out += ',';
    quote(out, text);
  }
  out += ']';
}

store::JobRow first_row(const NewJob& job, JobId id) {
  store::JobRow row;
  row.run = id.run;
  row.index = id.index;
  row.profile = job.profile;
  row.params_json = job.params.empty() ? "{}" : json(job.params).dump();
  std::string& needs = row.needs_json = "[";
  for (const BoardNeed& need : job.needs) {
    needs += needs.size() > 1 ? ",{\"role\":" : "{\"role\":";
    quote(needs, need.role);
    quote(needs += ",\"profile\":", need.profile);
    quote(needs += ",\"abilities\":", need.abilities);
    quote(needs += ",\"board\":", need.board);
    if (!need.tags.empty()) quote(needs += ",\"tags\":", need.tags);
    needs += '}';
  }
  needs += ']';
  quote(row.verbs_json, job.verbs);
  row.spec = job.spec;
  row.spec_digest = job.spec_digest;
  row.state = "queued";
  return row;
}

store::RunRow row_of(const RunRecord& record, Now now) {
  store::RunRow row;
  row.number = record.number;
  row.priority = record.priority;
  row.state = word(states, record.state);
  row.verdict = verdict_word(record.verdict);
  row.sentence = record.sentence;
  row.cancelling = record.cancelling;
  if (record.state == State::running) row.started = now.unix_micros;
  if (record.state == State::ended) row.ended = now.unix_micros;
  if (record.hold) {
    row.hold = micros(record.hold->length);
    if (record.hold->until) row.until = now.unix_micros + micros(*record.hold->until - now.boot);
  }
  return row;
}

store::JobRow row_of(const JobRecord& record) {
  store::JobRow row;
  row.run = record.id.run;
  row.index = record.id.index;
  row.state = word(states, record.state);
  row.verdict = verdict_word(record.verdict);
  row.sentence = record.sentence;
  row.attempts = record.attempts;
  row.lab_errors = record.lab_errors;
  return row;
}

store::AttemptRow row_of(const AttemptRecord& record, std::int64_t now) {
  store::AttemptRow row;
  row.run = record.id.job.run;
  row.job = record.id.job.index;
  row.number = record.id.number;
  row.agent = record.agent;
  row.incarnation = record.incarnation;
  std::string& leases = row.leases_json = "[";
  for (const BoardLease& lease : record.leases) {
    leases += leases.size() > 1 ? ",{\"role\":" : "{\"role\":";
    quote(leases, lease.role);
    quote(leases += ",\"board\":", lease.board);
    leases += fmt::format(",\"epoch\":{}}}", lease.epoch);
  }
  leases += ']';
  row.state = word(attempt_states, record.state);
  row.verdict = verdict_word(record.verdict);
  row.sentence = record.sentence;
  row.started = now;  // the first one stays
  if (record.state == AttemptState::ended) row.ended = now;
  return row;
}

store::BoardRow row_of(const BoardRecord& record) {
  store::BoardRow row;
  row.id = record.facts.id;
  row.agent = record.agent;
  row.profile = record.facts.profile;
  quote(row.facts_json = "{\"abilities\":", record.facts.abilities);
  quote(row.facts_json += ",\"tags\":", record.facts.tags);
  row.facts_json += '}';
  row.quarantine = record.quarantine;
  row.fenced_by = record.fenced_by;
  row.epoch = record.epoch;
  return row;
}

static Result<JobRecord> job_of(const store::JobRow& row) {
  JobRecord record;
  record.id = {row.run, row.index};
  for (const json& need : json::parse(row.needs_json)) {
    record.needs.push_back(
        {need.at("role"), need.at("profile"), need.at("abilities"), need.at("board"), {}});
    if (need.contains("tags")) record.needs.back().tags = need.at("tags");
  }
  record.verbs = json::parse(row.verbs_json);
  record.state = TRY(value<State>(states, row.state));
  record.verdict = TRY(verdict_value(row.verdict));
  record.sentence = row.sentence;
  record.attempts = row.attempts;
  record.lab_errors = row.lab_errors;
  if (record.needs.empty()) return fail(Cause::invalid, "needs no board");
  return record;
}

// The wall clock may have been set since: nothing lies in the future.
static BootTime since(std::int64_t unix_micros, Now now) {
  return now.boot -
         std::chrono::microseconds(std::max<std::int64_t>(0, now.unix_micros - unix_micros));
}

static Result<AttemptRecord> attempt_of(const store::AttemptRow& row, Now now) {
  AttemptRecord record;
  record.started = since(row.started, now);
  record.id = {{row.run, row.job}, row.number};
  record.agent = row.agent;
  record.incarnation = row.incarnation;
  for (const json& lease : json::parse(row.leases_json)) {
    record.leases.push_back({lease.at("role"), lease.at("board"), lease.at("epoch")});
  }
  record.state = TRY(value<AttemptState>(attempt_states, row.state));
  record.verdict = TRY(verdict_value(row.verdict));
  record.sentence = row.sentence;
  if (record.leases.empty()) return fail(Cause::invalid, "has no board");
  return record;
}

static Result<RunRecord> run_of(const store::RunRow& row, Now now) {
  RunRecord record;
  record.project = row.project;
  record.lease = row.lease;
  if (row.hold > 0) {
    record.hold = Hold{row.person, std::chrono::microseconds(row.hold), {}};
    // At most its whole length from now, whatever happened to the wall clock.
    if (row.until > 0)
      record.hold->until = now.boot + std::chrono::microseconds(std::clamp<std::int64_t>(
                                          row.until - now.unix_micros, 0, row.hold));
  }
  record.number = row.number;
  record.priority = row.priority;
  record.state = TRY(value<State>(states, row.state));
  record.verdict = TRY(verdict_value(row.verdict));
  record.sentence = row.sentence;
  record.cancelling = row.cancelling;
  return record;
}

static Result<BoardRecord> board_of(const store::BoardRow& row) {
  BoardRecord record;
  record.facts.id = row.id;
  record.facts.profile = row.profile;
  const json facts = json::parse(row.facts_json);
  record.facts.abilities = facts.at("abilities");
  record.facts.tags = facts.at("tags");
  record.agent = row.agent;
  record.quarantine = row.quarantine;
  record.fenced_by = row.fenced_by;
  record.epoch = row.epoch;
  return record;
}

// nlohmann's exceptions stop here.
template <class Row, class Convert>
static auto read(const std::string& name, const Row& row, Convert convert)
    -> decltype(convert(row)) {
  try {
    auto record = convert(row);
    if (!record) return tl::unexpected(record.error().in("stored " + name));
    return record;
  } catch (const json::exception& error) {
    return fail(Cause::invalid, "stored {}: {}", name, error.what());
  }
}

Result<Saved> saved_of(const store::OpenWork& work, Now now) {
  Saved saved;
  std::map<std::int64_t, std::string> plans;
  for (const auto& row : work.runs) {
    if (row.hold == 0) plans[row.number] = row.plan;
  }
  for (const auto& row : work.took)
    saved.took.emplace_back(work_word(row.plan, row.profile),
                            std::chrono::microseconds(row.micros));
  std::map<std::int64_t, std::int32_t> jobs;
  for (const auto& row : work.runs)
    saved.runs.push_back(
        TRY(read(run_name(row.number), row, [&](const auto& r) { return run_of(r, now); })));
  for (const auto& row : work.jobs) {
    const std::string name = to_string(JobId{row.run, row.index});
    if (row.index != ++jobs[row.run])
      return fail(Cause::invalid, "stored {}: there is a job missing before it", name);
    saved.jobs.push_back(TRY(read(name, row, job_of)));
    if (const auto plan = plans.find(row.run); plan != plans.end())
      saved.jobs.back().work = work_word(plan->second, row.profile);
  }
  for (const auto& row : work.runs) {
    if (!jobs.contains(row.number))
      return fail(Cause::invalid, "stored {}: has no jobs", run_name(row.number));
  }
  for (const auto& row : work.attempts) {
    const std::string name = to_string(AttemptId{{row.run, row.job}, row.number});
    if (row.job < 1 || row.job > jobs[row.run])
      return fail(Cause::invalid, "stored {}: its job is missing", name);
    saved.attempts.push_back(
        TRY(read(name, row, [&](const auto& r) { return attempt_of(r, now); })));
  }
  for (const auto& row : work.boards)
    saved.boards.push_back(TRY(read("board " + row.id, row, board_of)));
  return saved;
}

}  // namespace assay::dispatch
