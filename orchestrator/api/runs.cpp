#include "api/runs.hpp"

#include <assay/v1/orchestrator.pb.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "evidence/verdict.hpp"
#include "scheduler/types.hpp"
#include "wire/event.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"

namespace assay::api {

v1::RunState state_of(const std::string& word) {
  if (word == "running") return v1::RUN_STATE_RUNNING;
  if (word == "ended") return v1::RUN_STATE_ENDED;
  return v1::RUN_STATE_QUEUED;  // also an attempt that is only "assigned"
}

v1::Verdict verdict_of(const std::string& word) {
  const auto verdict = evidence::verdict_from(word);
  return verdict ? static_cast<v1::Verdict>(wire::to_proto(*verdict)) : v1::VERDICT_UNSPECIFIED;
}

void fill_row(const store::RunRow& row, v1::Run* out) {
  out->set_id(scheduler::run_name(row.number));
  out->set_state(state_of(row.state));
  out->set_verdict(verdict_of(row.verdict));
  out->set_sentence(row.sentence);
  out->set_plan(row.plan);
  out->set_project(row.project);
  out->set_rev(row.rev);
  out->set_ref(row.ref);
  out->set_priority(row.priority);
  out->set_submitted_unix_micros(row.submitted);
  out->set_started_unix_micros(row.started);
  out->set_ended_unix_micros(row.ended);
  if (row.lease != 0) out->set_lease(scheduler::run_name(row.lease));
  if (row.hold == 0) return;
  out->set_person(row.person);
  wire::to_proto(std::chrono::microseconds(row.hold), out->mutable_lease_for());
  out->set_lease_until_unix_micros(row.until);
}

// Maps and lists that the store keeps as JSON; what cannot be read is left out.
static nlohmann::json parse(const std::string& text) {
  return nlohmann::json::parse(text, nullptr, false);
}

void fill_job(const store::JobRow& row, v1::Job* out) {
  out->set_id(to_string(scheduler::JobId{row.run, row.index}));
  out->set_state(state_of(row.state));
  out->set_verdict(verdict_of(row.verdict));
  out->set_sentence(row.sentence);
  out->set_profile(row.profile);
  const auto params = parse(row.params_json);
  if (params.is_object()) {
    for (const auto& [name, value] : params.items())
      (*out->mutable_params())[name] = value.get<std::string>();
  }
  out->set_spec_digest(row.spec_digest);
}

void fill_attempt(const store::AttemptRow& row, v1::Attempt* out) {
  out->set_id(to_string(scheduler::AttemptId{{row.run, row.job}, row.number}));
  out->set_state(state_of(row.state));
  out->set_verdict(verdict_of(row.verdict));
  out->set_sentence(row.sentence);
  out->set_agent(row.agent);
  const auto leases = parse(row.leases_json);
  for (const auto& lease : leases.is_array() ? leases : nlohmann::json::array()) {
    (*out->mutable_boards())[lease.value("role", "")] = lease.value("board", "");
  }
  out->set_started_unix_micros(row.started);
  out->set_ended_unix_micros(row.ended);
}

Result<v1::Attempt> find_attempt(Backend& backend, const std::string& name) {
  const auto id = scheduler::parse_attempt(name);
  if (!id) {
    return fail(Cause::not_found, "no attempt '{}'; attempts are named like r17.1.2",
                printable(name.substr(0, wire::max_name)));
  }
  for (const store::AttemptRow& row : TRY(backend.parts.store.attempts(id->job.run))) {
    if (row.job != id->job.index || row.number != id->number) continue;
    v1::Attempt attempt;
    fill_attempt(row, &attempt);
    return attempt;
  }
  return fail(Cause::not_found, "no attempt '{}'", name);
}

Result<std::int64_t> run_number(const std::string& id) {
  if (const auto number = scheduler::parse_run(id)) return *number;
  return fail(Cause::not_found, "no run '{}'; runs are named like r17",
              printable(id.substr(0, wire::max_name)));
}

Result<> fill_head(Backend& backend, std::int64_t number, v1::Run* out) {
  const auto row = TRY(backend.parts.store.run(number));
  if (!row) return fail(Cause::not_found, "no run '{}'", scheduler::run_name(number));
  fill_row(*row, out);
  v1::SubmitRunRequest request;
  if (request.ParseFromString(row->request))
    out->mutable_artifacts()->Swap(request.mutable_artifacts());
  return {};
}

static constexpr std::size_t max_search = 200;

// Runs with a smaller number follow. One that is larger than all there are comes from
// another assayd, or from before its database was lost: the list would begin anew.
static Result<std::int64_t> read_page_token(Backend& backend, const std::string& token) {
  const auto number = scheduler::parse_run(token);
  if (number) {
    const auto newest = TRY(backend.parts.store.runs({.limit = 1}));
    if (!newest.rows.empty() && *number <= newest.rows.front().number) return *number;
  }
  return fail(Cause::invalid,
              "page_token '{}' is from no list of runs here: take the one of the last answer, or "
              "none for the first page",
              printable(token.substr(0, wire::max_name)));
}

Result<> list_runs(Backend& backend, const v1::ListRunsRequest& request,
                   v1::ListRunsResponse* out) {
  store::RunFilter filter;
  filter.plan = request.plan();
  filter.project = request.project();
  filter.ref = request.ref();
  filter.status = request.status();
  filter.rev = request.rev();
  filter.profile = request.profile();
  filter.text = request.text();
  TRY(wire::check_text("text", filter.text, max_search));
  static const std::vector<std::string> states{"passed",    "failed",  "lab-error",
                                               "cancelled", "running", "queued"};
  if (!filter.status.empty() &&
      std::find(states.begin(), states.end(), filter.status) == states.end()) {
    return fail(Cause::invalid, "status '{}' is none of {}",
                printable(filter.status.substr(0, wire::max_name)), join(states));
  }
  if (request.page_size() > 1000) {
    return fail(Cause::invalid, "page_size {}: at most 1000", request.page_size());
  }
  filter.limit = request.page_size() == 0 ? 50 : request.page_size();
  if (!request.page_token().empty())
    filter.before = TRY(read_page_token(backend, request.page_token()));
  const auto page = TRY(backend.parts.store.runs(filter));
  if (page.next != 0) out->set_next_page_token(scheduler::run_name(page.next));
  std::size_t bytes = 0;
  for (const store::RunRow& row : page.rows) {
    if (bytes > wire::max_part) {
      out->set_next_page_token(out->runs(out->runs_size() - 1).id());
      break;
    }
    fill_row(row, out->add_runs());
    bytes += out->runs(out->runs_size() - 1).ByteSizeLong();
  }
  return {};
}

}  // namespace assay::api
