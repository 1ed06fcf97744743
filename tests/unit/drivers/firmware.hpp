// A relay board on a pseudo-terminal, with what goes wrong on real ones. Its words
// are the derived model's.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "base/fd.hpp"

namespace assay::drivers {

class Firmware {
 public:
  // Reachable as `link`, as long as it lives and is attached.
  explicit Firmware(std::filesystem::path link) : link_(std::move(link)) {}
  virtual ~Firmware() { EXPECT_FALSE(thread_.joinable()) << "detach() it first"; }

  void attach() {
    far_.reset(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    grantpt(far_.get());
    unlockpt(far_.get());
    const std::string name = ptsname(far_.get());
    near_.reset(open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));  // nobody else: no hang-up
    termios line{};
    tcgetattr(near_.get(), &line);
    cfmakeraw(&line);
    tcsetattr(near_.get(), TCSANOW, &line);
    std::filesystem::create_symlink(name, link_);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  // Pulled out.
  void detach() {
    thread_ = std::jthread();
    unplug();
  }

  // Said before the next answer.
  void garble(std::string text) {
    with([&] { garbage_ = std::move(text); });
  }
  // How many of the next commands are heard but not answered.
  void swallow(int commands) {
    with([&] { swallow_ = commands; });
  }
  // Only that much of each answer from now on; -1: all of it.
  void cut_answers(int size) {
    with([&] { cut_ = size; });
  }
  // Pulled out in the middle of the next answer.
  void vanish() {
    with([&] { vanish_ = true; });
  }
  // All that it heard.
  std::string heard() {
    std::string all;
    with([&] { all = heard_; });
    return all;
  }

 protected:
  // What it answers to these bytes; takes from `input` what it has understood.
  virtual std::string react(std::string& input) = 0;

 private:
  void with(const auto& change) {
    const std::lock_guard lock(mutex_);
    change();
  }

  void unplug() {
    std::filesystem::remove(link_);
    near_.reset();
    far_.reset();
  }

  void run(const std::stop_token& stop) {
    std::string input;
    while (far_) {
      std::array<std::uint8_t, 256> piece;
      const auto n = read_some(far_.get(), piece, {Deadline::never(), stop});
      if (!n) return;
      const std::string text(as_text({piece.data(), *n}));
      const std::lock_guard lock(mutex_);
      heard_ += text;
      input += text;
      answer(react(input));
    }
  }

  void answer(std::string text) {
    if (text.empty() || (swallow_ > 0 && swallow_-- > 0)) return;
    text = std::exchange(garbage_, "") + text;
    if (cut_ >= 0) text.resize(std::min(text.size(), static_cast<std::size_t>(cut_)));
    if (vanish_) text.resize(1);
    EXPECT_TRUE(write_all(far_.get(), as_bytes(text), Wait::for_(std::chrono::seconds(10))));
    if (std::exchange(vanish_, false)) unplug();
  }

  const std::filesystem::path link_;
  std::mutex mutex_;
  std::string garbage_, heard_;
  int swallow_ = 0, cut_ = -1;
  bool vanish_ = false;
  UniqueFd far_, near_;
  std::jthread thread_;
};

}  // namespace assay::drivers
