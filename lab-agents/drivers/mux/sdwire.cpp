// SDWire: an SD card between a card reader and a board, switched by a CBUS pin of an
// FTDI FT200X. It goes back to the host when the board gets no power within about
// half a second.
// Source: the requests that public drivers send, not tried on hardware.
#include "drivers/mux/side_switch.hpp"
#include "drivers/power/usb_switch.hpp"

namespace assay::drivers {

namespace {

constexpr std::uint8_t to_vendor = 0x40, from_vendor = 0xC0;
constexpr std::uint8_t set_bit_mode = 0x0B, read_pins = 0x0C;
// CBUS bit-bang; all four pins are outputs; pin 0 selects.
constexpr std::uint16_t select_dut = 0x20F0, select_host = 0x20F1;

class SdWire final : public SideSwitch {
 public:
  // No interface: whatever driver the kernel has put on it stays.
  explicit SdWire(usb::Match match) : link_(std::move(match), -1) {}

  std::string about() const override { return link_.about(); }

  Result<> set(Side side, const Wait& wait) override {
    auto mux = TRY(link_.take(wait));
    return mux.control_out(to_vendor, set_bit_mode, side == Side::host ? select_host : select_dut,
                           0, {}, wait);
  }

  Result<std::optional<Side>> get(const Wait& wait) override {
    auto mux = TRY(link_.take(wait));
    const auto pins = TRY(mux.control_in(from_vendor, read_pins, 0, 0, 1, wait, 1));
    return (pins[0] & 1) != 0 ? Side::host : Side::dut;
  }

 private:
  usb::Link link_;
};

}  // namespace

MadeSideSwitch make_sdwire(const Json& params) {
  TRY(only_keys(params, {"serial", "port"}));
  // As it is sold, and with the chip's own numbers.
  auto match = TRY(usb_match(params, "SDWire", {{0x04e8, 0x6001}, {0x0403, 0x6015}}));
  TRY(says_which(match, "the chip's ids are those of serial adapters, too"));
  return std::make_unique<SdWire>(std::move(match));
}

}  // namespace assay::drivers
