#include "api/listings.hpp"

#include "api/runs.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "plans/plan.hpp"
#include "plans/shipped.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"

namespace assay::api {

static void fill_estimate(const scheduler::Spread& in, v1::Estimate* out) {
  wire::to_proto(in.low, out->mutable_low());
  wire::to_proto(in.likely, out->mutable_likely());
  wire::to_proto(in.high, out->mutable_high());
}

void fill_board(const dispatch::Dispatcher::BoardView& view, v1::Board* out) {
  out->set_id(view.facts.id);
  out->set_profile(view.facts.profile);
  out->set_agent(view.agent);
  out->set_state(view.state);
  out->set_reason(view.reason);
  out->set_holder(view.holder);
  out->set_epoch(view.epoch);
  out->set_recovery(view.facts.recovery);
  for (const auto& ability : view.facts.abilities) out->add_abilities(ability);
  for (const auto& tag : view.facts.tags) out->add_tags(tag);
  if (view.free_in) fill_estimate(*view.free_in, out->mutable_free_in());
  if (view.lease.empty()) return;
  out->set_lease(view.lease);
  out->set_person(view.person);
  wire::to_proto(view.left, out->mutable_lease_left());
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(view.left);
  out->set_lease_until_unix_micros(unix_micros() + left.count());
}

void fill_reason(const dispatch::Dispatcher::WaitReason& reason, v1::JobReason* out) {
  out->set_job(reason.job);
  // A thousand of them go into one message.
  out->set_reason(wire::wire_text(reason.reason, wire::max_text / 2));
  if (!reason.starts_in) return;
  fill_estimate(*reason.starts_in, out->mutable_starts_in());
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

void list_boards(Backend& backend, v1::ListBoardsResponse* out) {
  for (const auto& view : backend.parts.dispatcher.boards()) fill_board(view, out->add_boards());
}

void list_agents(Backend& backend, v1::ListAgentsResponse* out) {
  for (const auto& view : backend.parts.dispatcher.agents()) fill_agent(view, out->add_agents());
}

void list_plans(v1::ListPlansResponse* response) {
  for (const std::string& name : plans::shipped_plans()) {
    const auto source = plans::shipped_plan(name);
    if (!source) continue;
    const auto plan = plans::parse_plan(source->text, source->file);
    if (!plan) {
      spdlog::warn("{}", plans::to_string(plan.error()));
      continue;
    }
    auto* out = response->add_plans();
    out->set_id(name);
    out->set_about(plan->about);
    for (const auto& artifact : plan->artifacts) {
      if (artifact.from.empty()) out->add_artifacts(artifact.name);
    }
    for (const auto& role : plan->roles) {
      for (const auto& [need, place] : role.needs) out->add_needs(need);
    }
  }
}

Result<> why_run(Backend& backend, const std::string& id, v1::WhyRunResponse* response) {
  const auto number = TRY(run_number(id));
  if (!TRY(backend.parts.store.run(number))) return fail(Cause::not_found, "no run '{}'", id);
  for (const auto& reason : backend.parts.dispatcher.why(id))
    fill_reason(reason, response->add_jobs());
  return {};
}

}  // namespace assay::api
