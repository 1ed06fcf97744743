// assay runs, boards, board, agents, and the word lists of completion.

#include <fmt/core.h>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/words.hpp"
#include "plans/shipped.hpp"

namespace assay::cli {
namespace {

Line heads(std::initializer_list<const char*> words) {
  Line line;
  for (const char* word : words) line.push_back({word, Tone::dim});
  return line;
}

Line run_row(const v1::Run& run) {
  return {{printable(run.id()), Tone::bold},
          {std::string(status_word(run.state(), run.verdict())), tone_of(run.verdict())},
          {printable(run.plan())},
          {printable(!run.person().empty() ? run.person()
                     : run.ref().empty()   ? run.rev().substr(0, 12)
                                           : run.ref())},
          {elapsed(run.started_unix_micros(), run.ended_unix_micros(), unix_micros())},
          {when(run.submitted_unix_micros()), Tone::dim},
          {printable(run.sentence())}};
}

Tone tone_of_board(const std::string& state) {
  if (state == "idle") return Tone::good;
  return state == "quarantined" || state == "offline" ? Tone::warn : Tone::plain;
}

std::string joined(const google::protobuf::RepeatedPtrField<std::string>& words) {
  std::string all;
  for (const auto& word : words) all += (all.empty() ? "" : " ") + printable(word);
  return all;
}

}  // namespace

int execute(const RunsOptions& options, const std::string& server) {
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  v1::ListRunsRequest request;
  request.set_page_size(options.limit);
  request.set_page_token(options.page);
  request.set_plan(options.plan);
  request.set_project(options.project);
  request.set_ref(options.ref);
  request.set_rev(options.rev);
  request.set_profile(options.profile);
  request.set_status(options.status);
  request.set_text(options.text);
  const auto list = client->list_runs(request);
  if (!list) return complain(list.error());
  if (options.json) {
    fmt::print("{}", to_json(*list));
    return 0;
  }
  std::vector<Line> rows{heads({"RUN", "VERDICT", "PLAN", "REF", "TOOK", "SUBMITTED", "WHY"})};
  for (const auto& run : list->runs()) rows.push_back(run_row(run));
  if (rows.size() == 1) {
    fmt::print("{}\n", list->next_page_token().empty() ? "no runs" : "no runs so far back");
  } else {
    print_cut(stdout, table(rows));
  }
  if (!list->next_page_token().empty())
    fmt::print("more: --page {}\n", printable(list->next_page_token()));
  return 0;
}

int execute(const BoardsOptions& options, const std::string& server) {
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const auto list = client->list_boards();
  if (!list) return complain(list.error());
  if (options.json) {
    fmt::print("{}", to_json(*list));
    return 0;
  }
  std::vector<Line> rows{heads({"BOARD", "STATE", "PROFILE", "AGENT", "HOLDER", "WHY"})};
  for (const auto& board : list->boards()) {
    rows.push_back({{printable(board.id()), Tone::bold},
                    {printable(board.state()), tone_of_board(board.state())},
                    {printable(board.profile())},
                    {printable(board.agent())},
                    {holder_words(board)},
                    {printable(board.reason())}});
  }
  if (rows.size() == 1) {
    fmt::print("no boards: start an agent ('assay up', or 'assay-agent --lab FILE')\n");
    return 0;
  }
  print_cut(stdout, table(rows));
  return 0;
}

int execute(const BoardOptions& options, const std::string& server) {
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const auto board = client->get_board(options.board);
  if (!board) return complain(board.error());
  if (options.json) {
    fmt::print("{}", to_json(*board));
    return 0;
  }
  print(stdout, Line{{printable(board->id()) + " ", Tone::bold},
                     {printable(board->state()), tone_of_board(board->state())},
                     {board->reason().empty() ? "" : ": " + printable(board->reason())}});
  std::vector<Line> rows{{{"  profile"}, {printable(board->profile())}},
                         {{"  agent"}, {printable(board->agent())}}};
  if (const std::string held = holder_words(*board); !held.empty())
    rows.push_back({{"  held by"}, {held}});
  rows.push_back({{"  abilities"}, {joined(board->abilities())}});
  if (!board->tags().empty()) rows.push_back({{"  tags"}, {joined(board->tags())}});
  rows.push_back({{"  epoch"}, {std::to_string(board->epoch())}});
  if (!board->recovery().empty())
    rows.push_back({{"  last recovery"}, {printable(board->recovery())}});
  print_cut(stdout, table(rows));
  return 0;
}

int execute(const AgentsOptions& options, const std::string& server) {
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const auto list = client->list_agents();
  if (!list) return complain(list.error());
  if (options.json) {
    fmt::print("{}", to_json(*list));
    return 0;
  }
  std::vector<Line> rows{heads({"AGENT", "STATE", "VERSION", "BOARDS", "ATTEMPTS"})};
  for (const auto& agent : list->agents()) {
    rows.push_back(
        {{printable(agent.id()), Tone::bold},
         {printable(agent.state()), agent.state() == "connected" ? Tone::good : Tone::warn},
         {printable(agent.version())},
         {joined(agent.boards())},
         {joined(agent.attempts())}});
  }
  if (rows.size() == 1) {
    fmt::print("no agents: start one ('assay up', or 'assay-agent --lab FILE')\n");
    return 0;
  }
  print_cut(stdout, table(rows));
  return 0;
}

// Never says anything but words: a shell asks while a person types.
int execute(const WordsOptions& options, const std::string& server) {
  if (options.of == "plans" || options.of == "profiles") {
    for (const auto& name :
         options.of == "plans" ? plans::shipped_plans() : plans::shipped_profiles()) {
      fmt::print("{}\n", name);
    }
    return 0;
  }
  auto client = Client::make(server);
  if (!client) return 0;
  if (options.of == "runs") {
    if (const auto list = client->list_runs({})) {
      for (const auto& run : list->runs()) fmt::print("{}\n", printable(run.id()));
    }
  } else if (options.of == "boards") {
    if (const auto list = client->list_boards()) {
      for (const auto& board : list->boards()) fmt::print("{}\n", printable(board.id()));
    }
  }
  return 0;
}

}  // namespace assay::cli
