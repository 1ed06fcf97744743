// Telnet (RFC 854 and 855) as a stream of bytes with commands in it. This side of it
// offers nothing and agrees to what makes the stream transparent: BINARY (RFC 856), ECHO
// of the far end (857) and SUPPRESS-GO-AHEAD (858); it refuses everything else. A
// server that knows no telnet and sends no 255 is served as well. Single-threaded.
#pragma once

#include <bitset>

#include "drivers/console/link.hpp"

namespace assay::drivers {

class TelnetCodec {
 public:
  static constexpr std::uint8_t se = 240, sb = 250, will = 251, wont = 252, do_ = 253, dont = 254,
                                iac = 255;
  static constexpr std::uint8_t binary = 0, echo = 1, go_ahead = 3;

  virtual ~TelnetCodec() = default;
  // What this side says first.
  virtual Bytes hello() { return {}; }
  // The stream's bytes to `push`, what has to be answered to the end of `reply`.
  Result<> decode(ByteView, const PushBytes& push, Bytes& reply);
  [[nodiscard]] Bytes encode(ByteView) const;
  // All that had to be agreed on is. Until then `missing` is what it hangs on.
  [[nodiscard]] virtual bool settled() const { return true; }
  [[nodiscard]] virtual std::string missing() const { return ""; }

 protected:
  // Asks for it as hello() does: the far end's answer is then no question.
  void offer(std::uint8_t option, Bytes& out);
  void ask(std::uint8_t option, Bytes& out);
  // The far end has said of an option, or with `data` inside of it.
  virtual Result<> told(std::uint8_t /*verb*/, std::uint8_t /*option*/, Bytes& /*reply*/) {
    return {};
  }
  virtual Result<> told_inside(std::uint8_t /*option*/, ByteView /*data*/, Bytes& /*reply*/) {
    return {};
  }

 private:
  Result<> obey(std::uint8_t option, Bytes& reply);
  Result<> inside(std::uint8_t byte, Bytes& reply);
  void data(std::uint8_t byte, Bytes& out);

  enum class State { data, command, option, inside, inside_command } state_ = State::data;
  std::uint8_t verb_ = 0;
  Bytes inside_;  // the option and what is said of it
  bool after_cr_ = false;
  std::bitset<256> ours_, theirs_;  // options that are on, or asked for
};

}  // namespace assay::drivers
