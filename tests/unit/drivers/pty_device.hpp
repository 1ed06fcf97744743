// The far end of a pseudo-terminal: a device that a test speaks for.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <termios.h>

#include <array>
#include <string>

#include "base/fd.hpp"

namespace assay::drivers {

class PtyDevice {
 public:
  PtyDevice() : far_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    grantpt(far_.get());
    unlockpt(far_.get());
    name_ = ptsname(far_.get());
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  void say(std::string_view text) {
    ASSERT_TRUE(write_all(far_.get(), as_bytes(text), Wait::for_(std::chrono::seconds(10))));
  }
  std::string hear(std::size_t size) {
    std::string heard;
    while (heard.size() < size) {
      std::array<std::uint8_t, 256> piece;
      const auto n = read_some(far_.get(), piece, Wait::for_(std::chrono::seconds(10)));
      if (!n || *n == 0) break;
      heard += as_text({piece.data(), *n});
    }
    return heard;
  }
  [[nodiscard]] termios line() const {
    termios line{};
    tcgetattr(far_.get(), &line);
    return line;
  }

 private:
  UniqueFd far_;
  std::string name_;
};

}  // namespace assay::drivers
