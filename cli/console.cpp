// assay console: a board's console, both ways. The bytes go through as they are:
// this is a terminal, and its user chose the board.

#include <fmt/core.h>
#include <termios.h>
#include <unistd.h>

#include <optional>

#include "base/text.hpp"
#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/interrupts.hpp"
#include "cli/person.hpp"
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

Result<> converse(Client& client, const ConsoleOptions& options, Interrupts& interrupts) {
  const auto board = TRY(client.get_board(options.board));
  const bool wants = !options.read_only && (options.write || isatty(STDIN_FILENO) != 0);
  const std::string me = person();
  const bool mine = !board.lease().empty() && board.person() == me && board.holder().empty() &&
                    board.state() == "leased";
  const bool hold = wants && (board.state() == "idle" || mine);
  if (!hold && options.write) {
    return fail(Cause::refused,
                "board '{}' is {}{}: it cannot be typed on; leave out --write to look", board.id(),
                board.state(),
                holder_words(board).empty() ? "" : ", held by " + holder_words(board));
  }
  // Only once it is held: until then Ctrl-C is for us.
  std::optional<RawTerminal> raw;
  Client::ConsoleEnds ends;
  ends.hold = hold;
  ends.person = me;
  ends.lease = options.lease;
  ends.can_leave = hold && isatty(STDIN_FILENO) != 0;
  ends.started = [&](bool writable) {
    if (hold) raw.emplace(STDIN_FILENO);
    std::string why;
    if (!writable)
      why = holder_words(board).empty()
                ? ", reading only"
                : ", reading only: " + holder_words(board) + " has the board";
    fmt::print(stderr, "console of {}{}; {} leaves\r\n", printable(board.id()), why,
               ends.can_leave ? "Ctrl-]" : "Ctrl-C");
  };
  auto done = client.console(board.id(), interrupts.token(), ends);
  if (raw && raw->is_terminal()) fmt::print(stderr, "\r\n");
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
