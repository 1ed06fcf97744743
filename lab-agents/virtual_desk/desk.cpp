#include "virtual_desk/desk.hpp"

#include <fmt/core.h>

#include "base/little_endian.hpp"
#include "base/text.hpp"
#include "virtual_desk/gdb_target.hpp"
#include "virtual_usb/cmsis_dap.hpp"
#include "virtual_usb/dcttech.hpp"

namespace assay::virtual_desk {

namespace {

constexpr std::uint32_t desk_chips = 0xDE5C0000;  // second half of their numbers
constexpr int channels = 2;                       // of a relay board

}  // namespace

// A relay board whose contacts switch boards.
class DeskRelay final : public virtual_usb::DctTechRelay {
 public:
  DeskRelay(std::string id, std::vector<Board*> boards)
      : DctTechRelay(channels, std::move(id)), boards_(std::move(boards)) {}

  virtual_usb::Answer control(const virtual_usb::SetupPacket& setup, ByteView out) override {
    const std::uint8_t before = closed;
    auto answer = DctTechRelay::control(setup, out);
    for (std::size_t i = 0; i < boards_.size(); ++i) {
      const auto bit = static_cast<std::uint8_t>(1U << i);
      if (((before ^ closed) & bit) != 0) boards_[i]->set_power((closed & bit) != 0);
    }
    return answer;
  }

  void cross(Board& one, Board& other) {
    for (Board*& board : boards_) board = board == &one ? &other : board == &other ? &one : board;
    for (std::size_t i = 0; i < boards_.size(); ++i) boards_[i]->set_power((closed >> i & 1) != 0);
  }

 private:
  std::vector<Board*> boards_;
};

Desk::Desk() : bus_(std::make_unique<virtual_usb::Testbed>()) {}
Desk::~Desk() = default;

Result<std::unique_ptr<Desk>> Desk::set_up(int boards, const std::filesystem::path& folder) {
  if (boards < 1 || boards > most_boards)
    return fail(Cause::invalid, "{} boards: a desk has 1 to {}", boards, most_boards);
  std::unique_ptr<Desk> desk(new Desk);
  for (int i = 0; i < boards; ++i) {
    Place place;
    place.id = fmt::format("v{}", i + 1);
    place.channel = i % channels + 1;
    place.relay_port = fmt::format("1-{}", i / channels + 1);
    place.probe_port = fmt::format("2-{}", i + 1);
    place.uid = fmt::format("A55A{:08d}", i + 1);
    place.tty = (folder / place.id / "tty").string();
    place.board = TRY(Board::make(place.id, folder / place.id));
    Board* board = place.board.get();
    place.target = std::make_unique<GdbTarget>(
        GdbTarget::Board{.life = [board] { return board->life(); },
                         .attach = [board] { return board->attach(); },
                         .device_id = {static_cast<std::uint32_t>(i + 1), desk_chips}});
    place.probe = std::make_shared<virtual_usb::CmsisDap>(place.uid, *place.target);
    TRY(desk->bus_->attach(place.probe, place.probe_port));
    desk->places_.push_back(std::move(place));
  }
  for (std::size_t first = 0; first < desk->places_.size(); first += channels) {
    std::vector<Board*> switched;
    for (std::size_t i = first; i < desk->places_.size() && i < first + channels; ++i)
      switched.push_back(desk->places_[i].board.get());
    const auto relay =
        std::make_shared<DeskRelay>(fmt::format("DESK{}", first / channels + 1), switched);
    for (std::size_t i = 0; i < switched.size(); ++i) desk->places_[first + i].relay = relay;
    TRY(desk->bus_->attach(relay, desk->places_[first].relay_port));
  }
  return desk;
}

Result<Desk::Place*> Desk::find(const std::string& board) {
  for (Place& place : places_) {
    if (place.id == board) return &place;
  }
  return fail(Cause::not_found, "there is no board '{}' on the desk: v1 to v{}", printable(board),
              places_.size());
}

Result<> Desk::plug(const std::string& board, Plug which, bool in) {
  const Place* place = TRY(find(board));
  const auto& port = which == Plug::relay ? place->relay_port : place->probe_port;
  if (in == !bus_->node(port).empty())
    return fail(Cause::invalid, "port {}: it is {} already", port, in ? "plugged in" : "unplugged");
  if (!in) return bus_->detach(port);
  if (which == Plug::relay) return bus_->attach(place->relay, port);
  return bus_->attach(place->probe, port);
}

Result<> Desk::weld(const std::string& board, bool stuck) {
  const Place* place = TRY(find(board));
  const auto lock = bus_->lock();
  const auto bit = static_cast<std::uint8_t>(1U << (place->channel - 1));
  auto& welded = place->relay->welded;
  welded = static_cast<std::uint8_t>(stuck ? welded | bit : welded & ~bit);
  return {};
}

Result<> Desk::swap(const std::string& board, const std::string& chip) {
  const Place* place = TRY(find(board));
  const auto bytes = from_hex(chip);
  if (!bytes || bytes->size() != 8)
    return fail(Cause::invalid, "'{}' is no number of 16 hexadecimal digits", printable(chip));
  const auto lock = bus_->lock();
  place->target->set_device_id({u32_at(*bytes, 0), u32_at(*bytes, 4)});
  return {};
}

Result<> Desk::cross(const std::string& one, const std::string& other) {
  const Place* a = TRY(find(one));
  const Place* b = TRY(find(other));
  if (a->relay != b->relay)
    return fail(Cause::invalid, "{} and {} hang on different relay boards", one, other);
  const auto lock = bus_->lock();
  a->relay->cross(*a->board, *b->board);
  return {};
}

Result<> Desk::slow(const std::string& board, std::uint32_t kilohertz) {
  const Place* place = TRY(find(board));
  const auto lock = bus_->lock();
  place->probe->works_up_to = kilohertz * 1000;
  return {};
}

// As it lies in memory.
static std::string chip_id(std::size_t place) {
  Bytes bytes;
  put_u32(bytes, static_cast<std::uint32_t>(place + 1));
  put_u32(bytes, desk_chips);
  return to_hex(bytes);
}

Result<std::string> Desk::lab(const std::string& profile, const std::string& flasher) const {
  if (flasher != "pyocd" && flasher != "openocd")
    return fail(Cause::invalid, "flasher '{}': pyocd or openocd", printable(flasher));
  std::string text = "lab: virtual\nboards:\n";
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    const std::string probe =
        flasher == "pyocd"
            ? fmt::format("uid: {}, target: nrf51", place.uid)
            : fmt::format("serial: {}, config: target/nrf51.cfg, speed: 1000", place.uid);
    text += fmt::format(
        "  - id: {}\n"
        "    profile: {}\n"
        "    devices:\n"
        "      power: {{ driver: dcttech, serial: DESK{}, channel: {} }}\n"
        "      probe: {{ driver: {}, {}, chip-id: \"{}\" }}\n"
        "      console: {{ driver: serial, path: {}, baud: 115200 }}\n",
        place.id, profile, i / channels + 1, place.channel, flasher, probe, chip_id(i), place.tty);
  }
  return text;
}

}  // namespace assay::virtual_desk
