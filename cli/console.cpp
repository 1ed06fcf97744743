// assay console: a board's console, both ways. The bytes go through as they are:
// this is a terminal, and its user chose the board.

#include <fmt/core.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/interrupts.hpp"
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

}  // namespace

int execute(const ConsoleOptions& options, const std::string& server) {
  Interrupts interrupts;
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const auto board = client->get_board(options.board);
  if (!board) return complain(board.error());
  Result<> done;
  {
    const RawTerminal raw(STDIN_FILENO);
    Client::ConsoleEnds ends;
    ends.can_leave = raw.is_terminal();
    ends.started = [&](bool writable) {
      fmt::print(stderr, "console of {}{}{}\r\n", printable(options.board),
                 writable ? ""
                          : ", reading only: " +
                                (board->holder().empty() ? "a run" : printable(board->holder())) +
                                " has the board",
                 raw.is_terminal() ? "; Ctrl-] leaves" : "");
    };
    done = client->console(options.board, interrupts.token(), ends);
    if (raw.is_terminal()) fmt::print(stderr, "\r\n");
  }
  // Ctrl-C is how it ends where there is no terminal.
  if (!done && done.error().cause == Cause::cancelled && interrupts.token().stop_requested())
    return 0;
  return done ? 0 : complain(done.error());
}

}  // namespace assay::cli
