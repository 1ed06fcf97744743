// What is there now: boards, agents, plans, and what runs and waits on them.
#include <algorithm>
#include <tuple>

#include "api/listings.hpp"
#include "api/runs.hpp"
#include "base/clock.hpp"
#include "queries/queries.hpp"
#include "scheduler/types.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"

namespace assay::queries {

namespace {

constexpr std::uint32_t shown_running = 200;
constexpr std::size_t shown_waiting = 200;
constexpr std::size_t shown_boards = 2000;
constexpr std::size_t shown_ended = 20;
// Runs do not end in the order of their numbers.
constexpr std::uint32_t looked_at_ended = 200;

Result<> fill_running(store::Store& store, v1::Overview* out) {
  const auto page = TRY(store.runs({.status = "running", .limit = shown_running}));
  for (const store::RunRow& row : page.rows) {
    v1::Run* run = out->add_running();
    api::fill_row(row, run);
    for (const store::JobRow& job : TRY(store.jobs(row.number))) {
      api::fill_job(job, run->add_jobs());
    }
    for (const store::AttemptRow& attempt : TRY(store.attempts(row.number))) {
      // It is younger than what was read of the jobs.
      if (attempt.job < 1 || attempt.job > run->jobs_size()) continue;
      api::fill_attempt(attempt, run->mutable_jobs(attempt.job - 1)->add_attempts());
    }
  }
  return {};
}

Result<> fill_waiting(api::Backend& backend, v1::Overview* out) {
  const auto waiting = backend.parts.dispatcher.waiting(shown_waiting);
  out->set_waiting_total(static_cast<std::uint32_t>(waiting.total));
  for (const scheduler::WaitingJob& job : waiting.first) {
    v1::WaitingJob* one = out->add_waiting();
    one->set_job(to_string(job.job));
    one->set_profile(job.profile);
    one->set_reason(wire::wire_text(job.reason, wire::max_text));
    // Jobs of one run mostly stand together.
    if (const int before = out->waiting_size() - 2;
        before >= 0 && out->waiting(before).run().id() == scheduler::run_name(job.job.run)) {
      *one->mutable_run() = out->waiting(before).run();
    } else if (const auto row = TRY(backend.parts.store.run(job.job.run))) {
      api::fill_row(*row, one->mutable_run());
    }
  }
  return {};
}

void alert(v1::Alert::Kind kind, const std::string& subject, const std::string& sentence,
           v1::Overview* out) {
  v1::Alert* one = out->add_alerts();
  one->set_kind(kind);
  one->set_subject(subject);
  one->set_sentence(wire::wire_text(sentence, wire::max_text));
}

void fill_alerts(const std::vector<dispatch::Dispatcher::AgentView>& agents,
                 const std::vector<dispatch::Dispatcher::BoardView>& boards, v1::Overview* out) {
  std::vector<std::string> lost;
  for (const auto& agent : agents) {
    if (agent.connected) continue;
    const auto its = std::count_if(boards.begin(), boards.end(), [&](const auto& board) {
      return board.agent == agent.facts.name;
    });
    lost.push_back(agent.facts.name);
    alert(v1::Alert::KIND_AGENT_LOST, agent.facts.name,
          fmt::format("agent {} is not connected: {} cannot be used", agent.facts.name,
                      its == 1 ? "its board" : fmt::format("its {} boards", its)),
          out);
  }
  for (const auto& board : boards) {
    const std::string& id = board.facts.id;
    if (board.state == "quarantined") {
      alert(v1::Alert::KIND_BOARD_QUARANTINED, id,
            fmt::format("board {} is quarantined: {}", id, board.reason), out);
    } else if (board.state == "offline" &&
               std::find(lost.begin(), lost.end(), board.agent) == lost.end()) {
      // Those of a lost agent are named with it.
      alert(v1::Alert::KIND_BOARD_OFFLINE, id,
            fmt::format("board {} is offline: {}", id, board.reason), out);
    }
    if (static_cast<std::size_t>(out->alerts_size()) >= shown_boards) return;
  }
}

}  // namespace

Result<> Queries::overview(v1::Overview* out) {
  auto& store = backend_.parts.store;
  TRY(fill_running(store, out));
  out->set_running_total(static_cast<std::uint32_t>(TRY(store.count_runs("running"))));
  TRY(fill_waiting(backend_, out));
  auto boards = backend_.parts.dispatcher.boards();
  std::sort(boards.begin(), boards.end(), [](const auto& a, const auto& b) {
    return std::tie(a.agent, a.facts.id) < std::tie(b.agent, b.facts.id);
  });
  const auto agents = backend_.parts.dispatcher.agents();
  for (std::size_t i = 0; i < boards.size() && i < shown_boards; ++i) {
    api::fill_board(boards[i], out->add_boards());
  }
  for (const auto& agent : agents) api::fill_agent(agent, out->add_agents());
  fill_alerts(agents, boards, out);
  auto ended = TRY(store.runs({.status = "ended", .limit = looked_at_ended})).rows;
  std::stable_sort(ended.begin(), ended.end(),
                   [](const auto& a, const auto& b) { return a.ended > b.ended; });
  for (std::size_t i = 0; i < ended.size() && i < shown_ended; ++i) {
    api::fill_row(ended[i], out->add_ended());
  }
  out->set_boards_total(static_cast<std::uint32_t>(boards.size()));
  out->set_unix_micros(unix_micros());
  out->set_version(backend_.version);
  return {};
}

Result<> Queries::boards(v1::ListBoardsResponse* out) {
  api::list_boards(backend_, out);
  return {};
}

Result<> Queries::agents(v1::ListAgentsResponse* out) {
  api::list_agents(backend_, out);
  return {};
}

Result<> Queries::plans(v1::ListPlansResponse* out) {
  api::list_plans(out);
  return {};
}

}  // namespace assay::queries
