// A serial cable without hardware. Thread-safe: a free function.
#pragma once

#include <filesystem>

#include "base/fd.hpp"

namespace assay::virtual_desk {

struct PseudoTerminal {
  UniqueFd board;  // the board's end
  UniqueFd kept;   // the port's, kept open so that it stays there between those who use it
};
// The port is `link`, raw.
Result<PseudoTerminal> make_pseudo_terminal(const std::filesystem::path& link);

}  // namespace assay::virtual_desk
