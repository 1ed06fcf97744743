// assay power, flash, quarantine, restore. Switching and flashing are runs of one
// step, so that lease, epoch, evidence and exit status hold for them as well.

#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/person.hpp"
#include "cli/run_view.hpp"
#include "cli/submit.hpp"
#include "cli/words.hpp"

namespace assay::cli {
namespace {

int run_on_board(Client& client, const v1::Board& board, const InputPlan& plan,
                 const std::vector<InputFile>& files, const std::string& lease,
                 Interrupts& interrupts, bool json) {
  if (const auto up = upload(client, files, interrupts.token(), json ? stderr : stdout); !up)
    return complain(up.error());
  v1::SubmitRunRequest request;
  set_plan(request, plan);
  set_artifacts(request, files);
  request.set_profile(board.profile());
  request.set_board(board.id());
  request.set_person(person());
  request.set_lease(lease);
  request.set_leave_as_is(true);
  const auto run = submit(client, std::move(request), interrupts.token());
  if (!run) return complain(run.error());
  return see_through(client, *run, interrupts, {false, json, ""});
}

int power_status(const v1::Board& board, bool json) {
  if (json) {
    fmt::print("{}", to_json(board));
    return 0;
  }
  const std::string id = printable(board.id());
  if (!board.holder().empty()) {
    fmt::print("{}: held by {}, which switches it\n", id, printable(board.holder()));
  } else if (!board.lease().empty()) {
    fmt::print("{}: held by {}, who switches it\n", id, holder_words(board));
  } else if (board.state() == "idle") {
    fmt::print(
        "{}: idle; runs leave it off, 'assay power' as it was last set ('assay runs --plan power' "
        "says when)\n",
        id);
  } else {
    fmt::print("{}: {}{}\n", id, printable(board.state()),
               board.reason().empty() ? "" : ": " + printable(board.reason()));
  }
  return 0;
}

// The agent's own quarantine, which only a board that is in order again ends.
int still_quarantined(const v1::Board& board) {
  return complain({Cause::io, fmt::format("{} stays quarantined by its agent '{}': {}; mend that, "
                                          "and the agent takes it back: it tries again by itself, "
                                          "at least every minute",
                                          printable(board.id()), printable(board.agent()),
                                          printable(board.reason()))});
}

}  // namespace

int execute(const PowerOptions& options, const std::string& server) {
  Interrupts interrupts;
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const auto board = client->get_board(options.board);
  if (!board) return complain(board.error());
  if (options.to == "status") return power_status(*board, options.json);
  const auto plan =
      plan_from_text("<assay power>", fmt::format("plan: power\n"
                                                  "roles: {{ dut: {{ needs: [power] }} }}\n"
                                                  "steps:\n"
                                                  "  - power: {}\n",
                                                  options.to));
  if (!plan) return complain(plan.error());
  return run_on_board(*client, *board, *plan, {}, options.lease, interrupts, options.json);
}

int execute(const FlashOptions& options, const std::string& server) {
  Interrupts interrupts;
  const auto file = read_input("image", options.file);
  if (!file) return complain(file.error());
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const auto board = client->get_board(options.board);
  if (!board) return complain(board.error());
  const std::string slot = options.slot.empty() ? "" : fmt::format(", slot: {}", options.slot);
  const auto plan = plan_from_text(
      "<assay flash>", fmt::format("plan: flash\n"
                                   "roles: {{ dut: {{ needs: [flash] }} }}\n"
                                   "artifacts: {{ image: {{ about: what is written }} }}\n"
                                   "steps:\n"
                                   "  - flash: {{ image: image{} }}\n",
                                   slot));
  if (!plan) return complain(plan.error());
  return run_on_board(*client, *board, *plan, {*file}, options.lease, interrupts, options.json);
}

int execute(const QuarantineOptions& options, const std::string& server) {
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const auto board = client->set_quarantine(options.board, options.why);
  if (!board) return complain(board.error());
  if (options.why.empty() && board->state() == "quarantined") return still_quarantined(*board);
  fmt::print("{} is {}{}\n", printable(board->id()), printable(board->state()),
             board->reason().empty() ? "" : ": " + printable(board->reason()));
  return 0;
}

}  // namespace assay::cli
