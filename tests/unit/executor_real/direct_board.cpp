#include "direct_board.hpp"

#include <sys/eventfd.h>

#include <utility>

namespace assay::executor::test {

Result<std::unique_ptr<DirectBoard>> DirectBoard::make(const std::string& kind,
                                                       const std::filesystem::path& state) {
  std::unique_ptr<DirectBoard> board(new DirectBoard);
  board->bell_ = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  auto driver = drivers::make_driver(
      {kind, "{}", state,
       [raw = board.get()](const abilities::Incident& incident) { raw->heard(incident); }});
  if (!driver) return tl::unexpected(driver.error());
  board->driver_ = *std::move(driver);
  board->thread_ =
      std::jthread([raw = board.get()](const std::stop_token& stop) { raw->pump(stop); });
  return board;
}

DirectBoard::~DirectBoard() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  eventfd_write(bell_.get(), 1);
  thread_.join();
}

void DirectBoard::post(std::function<void()> operation) {
  {
    const std::scoped_lock lock(mutex_);
    operations_.push_back(std::move(operation));
  }
  eventfd_write(bell_.get(), 1);
}

void DirectBoard::pump(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<pollfd> fds;
    driver_->poll_fds(fds, false);
    const auto devices = fds.size();
    fds.push_back({bell_.get(), POLLIN, 0});
    if (!wait_ready(fds, {})) return;
    driver_->on_ready(std::span(fds).first(devices));
    eventfd_t rung = 0;
    eventfd_read(bell_.get(), &rung);
    std::deque<std::function<void()>> operations;
    {
      const std::scoped_lock lock(mutex_);
      operations.swap(operations_);
    }
    for (const auto& operation : operations) operation();
  }
}

void DirectBoard::heard(const abilities::Incident& incident) {
  std::function<void(const abilities::Incident&)> tell;
  {
    const std::scoped_lock lock(mutex_);
    incidents_.push_back(incident);
    tell = on_incident_;
  }
  if (tell) tell(incident);
}

std::vector<abilities::Incident> DirectBoard::incidents() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(incidents_, {});
}

void DirectBoard::on_incident(std::function<void(const abilities::Incident&)> tell) {
  const std::scoped_lock lock(mutex_);
  on_incident_ = std::move(tell);
}

}  // namespace assay::executor::test
