#include "virtual_desk/board.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/file.hpp"
#include "base/log.hpp"
#include "virtual_desk/pseudo_terminal.hpp"

namespace assay::virtual_desk {

namespace {

const Duration limit = std::chrono::seconds(10);
// Past this the machine waits for whoever reads the port, or does not.
constexpr std::size_t most_unsent = 64 << 10;

}  // namespace

Result<std::unique_ptr<Board>> Board::make(std::string id, std::filesystem::path folder) {
  TRY(make_folders(folder));
  std::unique_ptr<Board> board(new Board(std::move(id), std::move(folder)));
  TRY(board->open_port());
  board->waker_ = UniqueFd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!board->waker_) return fail_errno("eventfd");
  board->thread_ = std::jthread([b = board.get()](const std::stop_token& stop) { b->run(stop); });
  return board;
}

Board::~Board() {
  thread_.request_stop();
  eventfd_write(waker_.get(), 1);
}

Result<> Board::open_port() {
  auto made = TRY(make_pseudo_terminal(folder_ / "tty"));
  port_ = std::move(made.board);
  far_end_ = std::move(made.kept);
  return {};
}

void Board::set_power(bool on) {
  wanted_ = on;
  eventfd_write(waker_.get(), 1);
}

Result<gdb::Client> Board::attach() {
  return virt::Qemu::attach(folder_, Wait::for_(limit));
}

Result<> Board::set_up() {
  virt::ZephyrSetup setup;
  setup.state_folder = folder_;
  setup.on_console = [this](BootTime, ByteView bytes) { send(bytes); };
  setup.on_incident = [this](const abilities::Incident& incident) {
    spdlog::warn("{}: {}", id_, incident.text);
    // A locked-up processor has power; a machine that is gone has nobody to debug.
    life_ = 0;
  };
  machine_ = TRY(virt::ZephyrMachine::open(std::move(setup)));
  return {};
}

void Board::run(const std::stop_token& stop) {
  if (const auto good = set_up(); !good) {
    spdlog::error("{}: {}", id_, good.error().text);
    return;
  }
  while (!stop.stop_requested()) {
    obey();
    std::vector<pollfd> fds{
        {waker_.get(), POLLIN, 0},
        {port_.get(), static_cast<short>(unsent_.empty() ? POLLIN : POLLIN | POLLOUT), 0}};
    machine_->poll_fds(fds, unsent_.size() > most_unsent);
    if (!wait_ready(fds, {})) return;
    eventfd_t count = 0;
    eventfd_read(waker_.get(), &count);
    if ((fds[1].revents & POLLOUT) != 0) flush();
    if ((fds[1].revents & POLLIN) != 0) take_input();
    machine_->on_ready(std::span<const pollfd>(fds).subspan(2));
  }
  life_ = 0;
  machine_.reset();
}

void Board::obey() {
  const bool wanted = wanted_;
  if (wanted == obeyed_) return;
  obeyed_ = wanted;
  if (!wanted) life_ = 0;  // first: nobody may begin to debug it now
  const auto done = wanted ? switch_on() : machine_->off();
  if (!done) spdlog::error("{}: {}", id_, done.error().text);
}

Result<> Board::switch_on() {
  const Wait wait = Wait::for_(limit);
  auto started = machine_->on(wait);
  if (!started && started.error().cause == Cause::device) {
    // What the flash held died with the last machine; a board of silicon would have
    // kept something. It is a blank chip now, which a flasher can write.
    spdlog::warn("{}: {}; it is blank now", id_, started.error().text);
    started = machine_->write_flash({}, {.chip = true}, wait).and_then([&] {
      return machine_->on(wait);
    });
  }
  if (started) life_ = ++lives_;
  return started;
}

void Board::send(ByteView bytes) {
  unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
  flush();
}

void Board::flush() {
  while (!unsent_.empty()) {
    const auto n = ::write(port_.get(), unsent_.data(), unsent_.size());
    if (n <= 0) return;
    unsent_.erase(unsent_.begin(), unsent_.begin() + n);
  }
}

// What is said to a board without power is said to nobody.
void Board::take_input() {
  std::array<std::uint8_t, 4096> bytes;
  const auto n = ::read(port_.get(), bytes.data(), bytes.size());
  if (n <= 0 || !machine_->is_on()) return;
  (void)machine_->write_console({bytes.data(), static_cast<std::size_t>(n)}, Wait::for_(limit));
}

}  // namespace assay::virtual_desk
