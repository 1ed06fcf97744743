// assay lab check: is each board wired as its lab file says?
#include <fmt/core.h>

#include <algorithm>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/person.hpp"
#include "cli/submit.hpp"
#include "cli/words.hpp"

namespace assay::cli {

namespace {

// Those asked for, or all.
Result<std::vector<v1::Board>> boards_of(Client& client, const std::vector<std::string>& wanted) {
  const auto list = TRY(client.list_boards());
  std::vector<std::string> ids;
  std::vector<v1::Board> found;
  for (const auto& board : list.boards()) {
    ids.push_back(board.id());
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), board.id()) != wanted.end())
      found.push_back(board);
  }
  for (const auto& id : wanted) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end())
      return fail(Cause::not_found, "no board '{}'{}", printable(id), did_you_mean(id, ids));
  }
  if (found.empty())
    return fail(Cause::invalid,
                "no boards: start an agent ('assay up', or 'assay-agent --lab FILE')");
  return found;
}

Result<v1::Run> begin(Client& client, const InputPlan& plan, const v1::Board& board,
                      std::stop_token stop) {
  v1::SubmitRunRequest request;
  set_plan(request, plan);
  request.set_board(board.id());
  request.set_profile(board.profile());
  request.set_person(person());
  request.set_repeat(1);
  return submit(client, request, std::move(stop));
}

Line line_of(const v1::Board& board, std::string_view symbol, Tone tone, const std::string& text) {
  return Line{{printable(board.id()) + " ", Tone::bold}, {std::string(symbol) + " ", tone}, {text}};
}

void tell(const v1::Board& board, const v1::Run& run) {
  for (const auto& job : run.jobs()) {
    if (job.attempts().empty()) continue;
    for (const auto& step : job.attempts(job.attempts_size() - 1).steps()) {
      for (const auto& finding : step.findings()) {
        const bool good = finding.says() == v1::Finding::SAYS_AGREES;
        const bool bad = finding.says() == v1::Finding::SAYS_DISAGREES;
        print(stdout,
              line_of(board,
                      good  ? "✓"
                      : bad ? "✗"
                            : "?",
                      good  ? Tone::good
                      : bad ? Tone::bad
                            : Tone::warn,
                      fmt::format("{}: {}: {}", printable(finding.channel()),
                                  printable(finding.expected()), printable(finding.observed()))));
      }
    }
  }
}

}  // namespace

int execute(const LabCheckOptions& options, const std::string& server) {
  Interrupts interrupts;
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const auto boards = boards_of(*client, options.boards);
  if (!boards) return complain(boards.error());
  const auto plan = read_plan("lab-check");
  if (!plan) return complain(plan.error());
  std::vector<v1::Board> checked;
  std::vector<std::string> runs;
  std::vector<int> statuses;
  for (const auto& board : *boards) {
    // It would only wait.
    if (board.state() == "quarantined" || board.state() == "offline") {
      print(stdout, line_of(board, "✗", Tone::bad,
                            fmt::format("{}: {}", board.state(), printable(board.reason()))));
      statuses.push_back(exit_status(v1::VERDICT_LAB_ERROR));
      continue;
    }
    const auto run = begin(*client, *plan, board, interrupts.token());
    if (!run) return complain(run.error());
    checked.push_back(board);
    runs.push_back(run->id());
  }
  if (runs.empty()) return worst(statuses);
  const auto ended = follow_runs(*client, runs, interrupts, {true, stderr});
  if (!ended) return complain(ended.error());
  v1::ListRunsResponse all;
  for (std::size_t i = 0; i < ended->size() && i < checked.size(); ++i) {
    const v1::Run& run = (*ended)[i];
    *all.add_runs() = run;
    statuses.push_back(exit_status(run.verdict()));
    if (!options.json) tell(checked[i], run);
  }
  if (options.json) fmt::print("{}", to_json(all));
  if (!options.json && worst(statuses) == 0)
    fmt::print("{} of {} boards are as their lab files say\n", checked.size(), checked.size());
  return worst(statuses);
}

}  // namespace assay::cli
