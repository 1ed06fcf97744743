// SainSmart's 16-channel USB relay board: HID. It is told the state of all
// channels at once, so that a channel is switched by reading, changing, writing,
// while no other process has the board. What is read has its bits in another
// order than what is written.
// Source: the protocol as public drivers use it, not tried on hardware. 0416:5020
// is a chip maker's example id that other things have, too.
#include <algorithm>
#include <numeric>

#include "drivers/power/usb_switch.hpp"

namespace assay::drivers {

namespace {

constexpr std::uint8_t write_command = 0xC3, read_command = 0xD2;
constexpr std::size_t payload = 14;  // and two bytes of checksum
constexpr unsigned channels = 16;

Bytes message(std::uint8_t command, std::uint16_t bits, std::uint8_t filler) {
  Bytes bytes(payload, filler);
  bytes[0] = command;
  bytes[1] = payload;
  if (command == write_command) {
    bytes[2] = static_cast<std::uint8_t>(bits);
    bytes[3] = static_cast<std::uint8_t>(bits >> 8);
  }
  constexpr std::string_view mark = "HIDC";
  std::copy(mark.begin(), mark.end(), bytes.end() - mark.size());
  const unsigned sum = std::accumulate(bytes.begin(), bytes.end(), 0U);
  bytes.push_back(static_cast<std::uint8_t>(sum));
  bytes.push_back(static_cast<std::uint8_t>(sum >> 8));
  return bytes;
}

// Channels 1, 3, 5 ... are bits 7, 6, 5 ... down; 2, 4, 6 ... are 8, 9, 10 ... up.
std::uint16_t as_written(std::uint16_t as_read) {
  unsigned bits = 0;
  for (unsigned i = 0; i < channels; ++i) {
    const unsigned bit = i % 2 == 0 ? 7 - i / 2 : 8 + i / 2;
    bits |= (as_read >> bit & 1U) << i;
  }
  return static_cast<std::uint16_t>(bits);
}

class SainSmart16 final : public UsbSwitch {
 public:
  SainSmart16(usb::Match match, unsigned channel) : UsbSwitch(std::move(match), 0, channel) {}

  Result<> set(bool on, const Wait& wait) override {
    auto board = TRY(take(wait));
    const unsigned bit = 1U << (channel() - 1);
    const unsigned now = TRY(read(board, wait));
    const auto next = static_cast<std::uint16_t>(on ? now | bit : now & ~bit);
    return board.write_report(message(write_command, next, 0), wait);
  }
  Result<std::optional<bool>> get(const Wait& wait) override {
    auto board = TRY(take(wait));
    return (TRY(read(board, wait)) >> (channel() - 1) & 1) != 0;
  }

 private:
  Result<std::uint16_t> read(usb::Session& board, const Wait& wait) const {
    constexpr std::uint8_t filler = 0x11;
    TRY(board.write_report(message(read_command, 0, filler), wait));
    const auto answer = TRY(board.read_report(payload + 2, wait));
    return as_written(static_cast<std::uint16_t>(answer[2] | answer[3] << 8));
  }
};

}  // namespace

MadeSwitch make_sainsmart16(const Json& params) {
  TRY(only_keys(params, {"serial", "port", "channel", "invert", "settle_ms"}));
  auto match = TRY(usb_match(params, "SainSmart 16-channel relay", {{0x0416, 0x5020}}));
  TRY(says_which(match, "0416:5020 is also the id of LED badges and others"));
  return std::make_unique<SainSmart16>(std::move(match), TRY(channel_param(params, channels)));
}

}  // namespace assay::drivers
