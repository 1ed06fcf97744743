// A desk of emulated Linux machines whose SD cards hang on SDWires. A card is a file
// that is in one of two folders: `board`/host/card.img, where the agent's machine
// finds it, or `board`/dut/card.img, where the board does. As a real SDWire it goes
// back to the host when its board gets no power soon.
// Thread-safe once it is set up.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "virtual_desk/linux_board.hpp"
#include "virtual_usb/testbed.hpp"

namespace assay::virtual_desk {

class Card;

inline constexpr Duration goes_back_after = std::chrono::milliseconds(500);

class CardDesk {
 public:
  // Board N is called vN, its relay board CARDN, its SDWire sdwN; `size` of each card in
  // bytes, blank. Cause::invalid when there is no such kernel.
  static Result<std::unique_ptr<CardDesk>> set_up(int boards, const std::filesystem::path& kernel,
                                                  std::uint64_t size,
                                                  const std::filesystem::path& folder);
  ~CardDesk();

  // The lab file that describes it.
  [[nodiscard]] std::string lab(const std::string& profile) const;
  [[nodiscard]] virtual_usb::Testbed& bus() { return *bus_; }

 private:
  struct Place {
    std::string id;
    std::filesystem::path folder;
    std::unique_ptr<LinuxBoard> board;
    std::unique_ptr<Card> card;
  };
  CardDesk();
  std::vector<Place> places_;
  std::unique_ptr<virtual_usb::Testbed> bus_;  // its thread uses the boards: ends first
};

}  // namespace assay::virtual_desk
