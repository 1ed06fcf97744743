#include "virtual_desk/card_desk.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <thread>

#include "base/file.hpp"
#include "base/log.hpp"
#include "virtual_desk/desk.hpp"
#include "virtual_usb/dcttech.hpp"
#include "virtual_usb/sdwire.hpp"

namespace assay::virtual_desk {

namespace {

constexpr const char* name = "card.img";

// A relay whose first contact switches a board.
class BoardRelay final : public virtual_usb::DctTechRelay {
 public:
  BoardRelay(std::string id, std::function<void(bool)> switched)
      : DctTechRelay(1, std::move(id)), switched_(std::move(switched)) {}

  virtual_usb::Answer control(const virtual_usb::SetupPacket& setup, ByteView out) override {
    auto answer = DctTechRelay::control(setup, out);
    switched_((closed & 1) != 0);
    return answer;
  }

 private:
  const std::function<void(bool)> switched_;
};

Result<> make_card(const std::filesystem::path& file, std::uint64_t size) {
  const UniqueFd fd(open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd || ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return fail_errno(file.string());
  return {};
}

}  // namespace

// Between an SDWire and a board. Its own lock: the board's is taken within it.
class Card {
 public:
  Card(std::filesystem::path folder, LinuxBoard& board, std::function<void()> tell_wire)
      : folder_(std::move(folder)),
        board_(board),
        tell_wire_(std::move(tell_wire)),
        thread_([this](const std::stop_token& stop) { watch(stop); }) {}

  void switched(bool host) {
    const std::lock_guard lock(mutex_);
    move(host);
    since_ = BootTime::now();
    changed_.notify_all();
  }
  [[nodiscard]] bool at_host() const {
    const std::lock_guard lock(mutex_);
    return host_;
  }
  void power_changed() {
    const std::lock_guard lock(mutex_);
    since_ = BootTime::now();
    changed_.notify_all();
  }

 private:
  void move(bool host) {
    if (host == host_) return;
    if (host) board_.lost_disk();
    std::error_code error;
    std::filesystem::rename(folder_ / (host_ ? "host" : "dut") / name,
                            folder_ / (host ? "host" : "dut") / name, error);
    if (error) spdlog::error("{}: {}", folder_.string(), error.message());
    host_ = host;
  }

  void watch(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      const auto unfed = [&] { return !host_ && !board_.powered(); };
      changed_.wait(lock, stop, unfed);
      const auto since = since_;
      const auto left = goes_back_after - (BootTime::now() - since);
      if (left > Duration::zero()) {
        changed_.wait_for(lock, stop, left, [&] { return !unfed(); });
        continue;
      }
      if (stop.stop_requested() || !unfed()) continue;
      move(true);
      lock.unlock();
      tell_wire_();  // takes the bus's lock, which comes before ours
      lock.lock();
    }
  }

  const std::filesystem::path folder_;
  LinuxBoard& board_;
  const std::function<void()> tell_wire_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool host_ = true;
  BootTime since_{};
  std::jthread thread_;
};

CardDesk::CardDesk() : bus_(std::make_unique<virtual_usb::Testbed>()) {}
CardDesk::~CardDesk() {
  for (auto& place : places_) place.card.reset();  // its thread uses the bus
  bus_.reset();
}

Result<std::unique_ptr<CardDesk>> CardDesk::set_up(int boards, const std::filesystem::path& kernel,
                                                   std::uint64_t size,
                                                   const std::filesystem::path& folder) {
  if (boards < 1 || boards > most_boards)
    return fail(Cause::invalid, "{} boards: a desk has 1 to {}", boards, most_boards);
  std::error_code error;
  if (!std::filesystem::is_regular_file(kernel, error))
    return fail(Cause::invalid, "{}: there is no such kernel", kernel.string());
  std::unique_ptr<CardDesk> desk(new CardDesk);
  for (int i = 0; i < boards; ++i) {
    Place place{fmt::format("v{}", i + 1), folder / fmt::format("v{}", i + 1), nullptr, nullptr};
    for (const char* side : {"host", "dut"}) TRY(make_folders(place.folder / side));
    TRY(make_card(place.folder / "host" / name, size));
    std::filesystem::remove(place.folder / "dut" / name, error);
    place.board =
        TRY(LinuxBoard::make(place.id, place.folder, kernel, place.folder / "dut" / name));
    const auto wire = std::make_shared<virtual_usb::SdWire>(fmt::format("sdw{}", i + 1));
    place.card = std::make_unique<Card>(place.folder, *place.board,
                                        [w = wire.get(), bus = desk->bus_.get()] {
                                          const auto held = bus->lock();
                                          if (w->look) w->host = w->look();
                                        });
    wire->look = [card = place.card.get()] { return card->at_host(); };
    wire->on_switch = [card = place.card.get()](bool host) { card->switched(host); };
    TRY(desk->bus_->attach(
        std::make_shared<BoardRelay>(fmt::format("CARD{}", i + 1),
                                     [board = place.board.get(), card = place.card.get()](bool on) {
                                       if (on == board->powered()) return;
                                       board->set_power(on);
                                       card->power_changed();
                                     }),
        fmt::format("1-{}", i + 1)));
    TRY(desk->bus_->attach(wire, fmt::format("2-{}", i + 1)));
    desk->places_.push_back(std::move(place));
  }
  return desk;
}

std::string CardDesk::lab(const std::string& profile) const {
  std::string text = "lab: virtual\nboards:\n";
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    text += fmt::format(
        "  - id: {}\n"
        "    profile: {}\n"
        "    devices:\n"
        "      power: {{ driver: dcttech, serial: CARD{}, channel: 1 }}\n"
        "      mux: {{ driver: sdwire, serial: sdw{} }}\n"
        "      flash: {{ driver: disk, file: {} }}\n"
        "      console: {{ driver: serial, path: {}, baud: 115200 }}\n",
        place.id, profile, i + 1, i + 1, (place.folder / "host" / name).string(),
        (place.folder / "tty").string());
  }
  return text;
}

}  // namespace assay::virtual_desk
