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

namespace {

v1::RunState state_of(const std::string& word) {
  if (word == "running") return v1::RUN_STATE_RUNNING;
  if (word == "ended") return v1::RUN_STATE_ENDED;
  return v1::RUN_STATE_QUEUED;  // also an attempt that is only "assigned"
}

v1::Verdict verdict_of(const std::string& word) {
  const auto verdict = evidence::verdict_from(word);
  return verdict ? static_cast<v1::Verdict>(wire::to_proto(*verdict)) : v1::VERDICT_UNSPECIFIED;
}

// Maps and lists that the store keeps as JSON; what cannot be read is left out.
nlohmann::json parse(const std::string& text) {
  return nlohmann::json::parse(text, nullptr, false);
}

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
}

Result<> fill_attempt(Backend& backend, const store::AttemptRow& row, v1::Attempt* out) {
  const std::string id = to_string(scheduler::AttemptId{{row.run, row.job}, row.number});
  out->set_id(id);
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
  return backend.records.read(id, [&](const evidence::AttemptRecord& record) {
    for (const auto& step : record.steps()) fill_step(step, out->verdict(), out->add_steps());
    if (record.started()) {
      for (const auto& [name, version] : record.started()->environment) {
        (*out->mutable_environment())[name] = version;
      }
    }
    out->set_events(record.last());
  });
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
}

}  // namespace

Result<std::int64_t> run_number(const std::string& id) {
  if (const auto number = scheduler::parse_run(id)) return *number;
  return fail(Cause::not_found, "no run '{}'; runs are named like r17",
              printable(id.substr(0, wire::max_name)));
}

Result<> fill_run(Backend& backend, std::int64_t number, v1::Run* out) {
  const auto row = TRY(backend.parts.store.run(number));
  if (!row) return fail(Cause::not_found, "no run '{}'", scheduler::run_name(number));
  fill_row(*row, out);
  v1::SubmitRunRequest request;
  if (request.ParseFromString(row->request))
    out->mutable_artifacts()->Swap(request.mutable_artifacts());
  for (const store::JobRow& job : TRY(backend.parts.store.jobs(number))) {
    auto* j = out->add_jobs();
    j->set_id(to_string(scheduler::JobId{job.run, job.index}));
    j->set_state(state_of(job.state));
    j->set_verdict(verdict_of(job.verdict));
    j->set_sentence(job.sentence);
    j->set_profile(job.profile);
    const auto params = parse(job.params_json);
    if (params.is_object()) {
      for (const auto& [name, value] : params.items())
        (*j->mutable_params())[name] = value.get<std::string>();
    }
    j->set_spec_digest(job.spec_digest);
  }
  for (const store::AttemptRow& attempt : TRY(backend.parts.store.attempts(number))) {
    const std::string job = to_string(scheduler::JobId{attempt.run, attempt.job});
    for (auto& j : *out->mutable_jobs()) {
      if (j.id() == job) TRY(fill_attempt(backend, attempt, j.add_attempts()));
    }
  }
  return {};
}

Result<> list_runs(Backend& backend, const v1::ListRunsRequest& request,
                   v1::ListRunsResponse* out) {
  store::RunFilter filter;
  filter.plan = request.plan();
  filter.project = request.project();
  filter.ref = request.ref();
  filter.status = request.status();
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
  const std::uint32_t size = request.page_size() == 0 ? 50 : request.page_size();
  filter.limit = size + 1;
  if (!request.page_token().empty()) filter.before = TRY(run_number(request.page_token()));
  const auto rows = TRY(backend.parts.store.runs(filter));
  for (const store::RunRow& row : rows) {
    if (static_cast<std::uint32_t>(out->runs_size()) == size) {
      out->set_next_page_token(out->runs(out->runs_size() - 1).id());
      break;
    }
    fill_row(row, out->add_runs());
  }
  return {};
}

void fill_board(const dispatch::Dispatcher::BoardView& view, v1::Board* out) {
  out->set_id(view.facts.id);
  out->set_profile(view.facts.profile);
  out->set_agent(view.agent);
  out->set_state(view.state);
  out->set_reason(view.reason);
  out->set_holder(view.holder);
  out->set_epoch(view.epoch);
  for (const auto& ability : view.facts.abilities) out->add_abilities(ability);
  for (const auto& tag : view.facts.tags) out->add_tags(tag);
}

void fill_agent(const dispatch::Dispatcher::AgentView& view, v1::Agent* out) {
  out->set_id(view.facts.name);
  out->set_state(view.connected ? "connected" : "lost");
  out->set_version(view.facts.version);
  out->set_incarnation(view.facts.incarnation);
  for (const auto& board : view.facts.boards) out->add_boards(board.id);
  for (const auto& attempt : view.attempts) out->add_attempts(attempt);
}

Result<dispatch::Dispatcher::BoardView> find_board(Backend& backend, const std::string& id) {
  std::vector<std::string> known;
  for (auto& view : backend.parts.dispatcher.boards()) {
    if (view.facts.id == id) return std::move(view);
    known.push_back(view.facts.id);
  }
  return fail(Cause::not_found, "no board '{}'{}", printable(id.substr(0, wire::max_name)),
              did_you_mean(id, known));
}

}  // namespace assay::api
