// A desk full of boards, none of which exists: emulated machines whose power
// hangs on USB relay boards, whose chips on CMSIS-DAP probes, whose consoles on
// serial ports, on an emulated USB bus. For the agent it is a lab like any other.
// Thread-safe once it is set up.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "virtual_desk/board.hpp"
#include "virtual_usb/cmsis_dap.hpp"
#include "virtual_usb/testbed.hpp"

namespace assay::virtual_desk {

class DeskRelay;
class GdbTarget;

inline constexpr int most_boards = 48;

class Desk {
 public:
  // Board N is called vN; two share a relay board. Cause::invalid for more than
  // most_boards or none.
  static Result<std::unique_ptr<Desk>> set_up(int boards, const std::filesystem::path& folder);
  ~Desk();

  // The lab file that describes it; `profile` is the boards', `flasher` the driver of
  // their probes: pyocd or openocd (else Cause::invalid).
  [[nodiscard]] Result<std::string> lab(const std::string& profile,
                                        const std::string& flasher) const;
  [[nodiscard]] virtual_usb::Testbed& bus() { return *bus_; }

  // Cause::not_found: no such board; invalid: it is so already.
  enum class Plug { relay, probe };
  Result<> plug(const std::string& board, Plug, bool in);
  Result<> weld(const std::string& board, bool);
  Result<> swap(const std::string& board, const std::string& chip);
  Result<> cross(const std::string& one, const std::string& other);
  // A cable on which its chip understands no faster clock.
  Result<> slow(const std::string& board, std::uint32_t kilohertz);

 private:
  struct Place {
    std::string id, relay_port, probe_port, uid, tty;
    int channel = 0;
    std::unique_ptr<Board> board;
    std::unique_ptr<GdbTarget> target;
    std::shared_ptr<DeskRelay> relay;
    std::shared_ptr<virtual_usb::CmsisDap> probe;
  };
  Desk();
  Result<Place*> find(const std::string& board);
  std::vector<Place> places_;
  std::unique_ptr<virtual_usb::Testbed> bus_;  // its thread uses the boards: ends first
};

}  // namespace assay::virtual_desk
