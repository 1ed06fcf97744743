// Hands on the desk: what a person could do to it, told over a socket in its
// folder. `assay-desk do --state DIR unplug relay v1` is such a hand.
//
// One line a connection: the command; the answer is one line, "ok" or what is wrong.
// One thread.
#pragma once

#include <filesystem>
#include <string>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "virtual_desk/desk.hpp"

namespace assay::virtual_desk {

inline constexpr std::string_view hand_commands =
    "unplug relay|probe BOARD   pulls the USB plug of its relay board or its probe\n"
    "plug relay|probe BOARD     puts it back\n"
    "weld BOARD                 its relay's contact stays closed, whatever it is told\n"
    "mend BOARD                 a new relay\n"
    "swap BOARD CHIP            another board on its cables: its chip's number, 16 digits\n"
    "slow BOARD KILOHERTZ       a long cable to its probe: no faster clock is understood\n"
    "cross BOARD BOARD          their supplies on each other's contact (of one relay board)\n";

class Control {
 public:
  static Result<Control> listen(Desk&, const std::filesystem::path& folder);
  Control(Control&&) noexcept = default;
  ~Control();
  [[nodiscard]] int fd() const { return socket_.get(); }
  // Serves whoever waits; call when fd() is readable.
  void serve();

  // The other side: Cause::unavailable when no desk has this folder, invalid with the
  // desk's answer.
  static Result<> tell(const std::filesystem::path& folder, const std::string& command,
                       const Wait&);

 private:
  Control(Desk& desk, std::filesystem::path folder, UniqueFd socket)
      : desk_(&desk), folder_(std::move(folder)), socket_(std::move(socket)) {}
  Desk* desk_;
  std::filesystem::path folder_;
  UniqueFd socket_;
};

}  // namespace assay::virtual_desk
