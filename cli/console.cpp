// assay console: a board's console, both ways. The bytes go through as they are:
// this is a terminal, and its user chose the board.

#include <fmt/core.h>
#include <termios.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "base/text.hpp"
#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/submit.hpp"
#include "cli/words.hpp"

namespace assay::cli {
namespace {

// Keys as they are typed, Ctrl-C for the board included; as before when destroyed.
class RawTerminal {
 public:
  explicit RawTerminal(int fd)
      : fd_(fd), is_terminal_(isatty(fd) != 0 && tcgetattr(fd, &before_) == 0) {
    if (!is_terminal_) return;
    termios raw = before_;
    cfmakeraw(&raw);
    raw.c_oflag |= OPOST;  // our own messages need it
    tcsetattr(fd, TCSANOW, &raw);
  }
  ~RawTerminal() {
    if (is_terminal_) tcsetattr(fd_, TCSANOW, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  [[nodiscard]] bool is_terminal() const { return is_terminal_; }

 private:
  int fd_;
  termios before_{};
  bool is_terminal_;
};

// The board, held by a run of one step for as long as somebody types.
class Hold {
 public:
  // Waits until the board is held, so only for one that is free now.
  static Result<Hold> take(Client& client, const v1::Board& board, std::stop_token stop) {
    const auto plan = TRY(plan_from_text("<assay console>",
                                         "plan: console\n"
                                         "roles: { dut: { needs: [console] } }\n"
                                         "steps:\n"
                                         "  - hold: { for: 8h }\n"));
    v1::SubmitRunRequest request;
    set_plan(request, plan);
    request.set_profile(board.profile());
    request.set_board(board.id());
    request.set_leave_as_is(true);
    const auto run = TRY(submit(client, std::move(request), stop));
    Hold hold(&client, run.id());
    std::stop_source held;
    const std::stop_callback both(stop, [&] { held.request_stop(); });
    v1::Run latest;
    auto watched = client.watch_run(run.id(), held.get_token(), [&](v1::Run&& now) {
      latest = std::move(now);
      if (is_held(latest)) held.request_stop();
    });
    if (is_held(latest)) return hold;
    TRY(std::move(watched));
    return fail(Cause::refused, "{}: {}", run.id(), printable(latest.sentence()));
  }
  Hold(Hold&& other) noexcept
      : client_(std::exchange(other.client_, nullptr)), run_(std::move(other.run_)) {}
  Hold& operator=(Hold&&) = delete;
  ~Hold() {
    if (client_ != nullptr) (void)client_->cancel_run(run_, "the console was left");
  }

 private:
  Hold(Client* client, std::string run) : client_(client), run_(std::move(run)) {}
  static bool is_held(const v1::Run& run) {
    for (const auto& job : run.jobs()) {
      for (const auto& attempt : job.attempts()) {
        for (const auto& step : attempt.steps()) {
          if (step.state() == v1::STEP_STATE_RUNNING) return true;
        }
      }
    }
    return false;
  }
  Client* client_;
  std::string run_;
};

Result<> converse(Client& client, const ConsoleOptions& options, Interrupts& interrupts) {
  const auto board = TRY(client.get_board(options.board));
  const bool wants = !options.read_only && (options.write || isatty(STDIN_FILENO) != 0);
  std::optional<Hold> hold;
  if (wants && board.state() == "idle") {
    hold.emplace(TRY(Hold::take(client, board, interrupts.token())));
  } else if (options.write) {
    return fail(Cause::refused,
                "board '{}' is {}{}: it cannot be typed on; leave out --write to look", board.id(),
                board.state(), board.holder().empty() ? "" : ", held by " + board.holder());
  }
  const RawTerminal raw(hold ? STDIN_FILENO : -1);
  Client::ConsoleEnds ends;
  ends.can_leave = raw.is_terminal();
  ends.started = [&](bool writable) {
    std::string why;
    if (!writable)
      why = board.holder().empty()
                ? ", reading only"
                : ", reading only: " + printable(board.holder()) + " has the board";
    fmt::print(stderr, "console of {}{}; {} leaves\r\n", printable(board.id()), why,
               raw.is_terminal() ? "Ctrl-]" : "Ctrl-C");
  };
  auto done = client.console(board.id(), interrupts.token(), ends);
  if (raw.is_terminal()) fmt::print(stderr, "\r\n");
  return done;
}

}  // namespace

int execute(const ConsoleOptions& options, const std::string& server) {
  Interrupts interrupts;
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const auto done = converse(*client, options, interrupts);
  // Ctrl-C is how it ends where there is no terminal.
  if (!done && done.error().cause == Cause::cancelled && interrupts.token().stop_requested())
    return 0;
  return done ? 0 : complain(done.error());
}

}  // namespace assay::cli
