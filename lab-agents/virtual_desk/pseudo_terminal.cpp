#include "virtual_desk/pseudo_terminal.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>

#include <array>

namespace assay::virtual_desk {

Result<PseudoTerminal> make_pseudo_terminal(const std::filesystem::path& link) {
  PseudoTerminal made{UniqueFd(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)), {}};
  std::array<char, 128> name{};
  if (!made.board || grantpt(made.board.get()) != 0 || unlockpt(made.board.get()) != 0 ||
      ptsname_r(made.board.get(), name.data(), name.size()) != 0) {
    return fail_errno("a pseudo-terminal");
  }
  made.kept = UniqueFd(open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios line{};
  if (!made.kept || tcgetattr(made.kept.get(), &line) != 0) return fail_errno(name.data());
  cfmakeraw(&line);
  if (tcsetattr(made.kept.get(), TCSANOW, &line) != 0) return fail_errno(name.data());
  std::error_code error;
  std::filesystem::remove(link, error);
  std::filesystem::create_symlink(name.data(), link, error);
  if (error) return fail(Cause::io, "{}: {}", link.string(), error.message());
  return made;
}

}  // namespace assay::virtual_desk
