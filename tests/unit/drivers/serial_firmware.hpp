// A device on a pseudo-terminal that answers by itself: firmware on a thread.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>

#include <array>
#include <functional>
#include <string>
#include <thread>

#include "base/fd.hpp"

namespace assay::drivers {

// The end of the line: the test is over.
struct LineClosed {};

// What a model reads and writes.
class FirmwareLine {
 public:
  FirmwareLine(int fd, std::stop_token stop) : fd_(fd), stop_(std::move(stop)) {}
  std::uint8_t get() {
    if (at_ == size_) {
      const auto n = read_some(fd_, piece_, {Deadline::never(), stop_});
      if (!n || *n == 0) throw LineClosed();
      at_ = 0;
      size_ = *n;
    }
    return piece_[at_++];
  }
  Bytes get(std::size_t size) {
    Bytes bytes;
    while (bytes.size() < size) bytes.push_back(get());
    return bytes;
  }
  void put(ByteView bytes) {
    if (!write_all(fd_, bytes, {Deadline::never(), stop_})) throw LineClosed();
  }
  void put(std::uint8_t byte) { put(ByteView(&byte, 1)); }

 private:
  const int fd_;
  const std::stop_token stop_;
  std::array<std::uint8_t, 4096> piece_{};
  std::size_t at_ = 0, size_ = 0;
};

class SerialFirmware {
 public:
  // `run` goes on until get() throws.
  explicit SerialFirmware(std::function<void(FirmwareLine&)> run)
      : far_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    grantpt(far_.get());
    unlockpt(far_.get());
    name_ = ptsname(far_.get());
    // Kept open, so that the line lives on between two programs.
    near_.reset(::open(name_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios raw{};
    tcgetattr(near_.get(), &raw);
    cfmakeraw(&raw);
    tcsetattr(near_.get(), TCSANOW, &raw);
    thread_ = std::jthread([this, run = std::move(run)](const std::stop_token& stop) {
      FirmwareLine line(far_.get(), stop);
      try {
        run(line);
      } catch (const LineClosed&) {
      }
    });
  }
  [[nodiscard]] const std::string& path() const { return name_; }

 private:
  UniqueFd far_, near_;
  std::string name_;
  std::jthread thread_;
};

}  // namespace assay::drivers
