#include "api/runs.hpp"

#include <assay/v1/orchestrator.pb.h>

#include <algorithm>

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
  std::size_t bytes = 0;
  for (const store::RunRow& row : rows) {
    if (static_cast<std::uint32_t>(out->runs_size()) == size || bytes > wire::max_part) {
      out->set_next_page_token(out->runs(out->runs_size() - 1).id());
      break;
    }
    fill_row(row, out->add_runs());
    bytes += out->runs(out->runs_size() - 1).ByteSizeLong();
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
