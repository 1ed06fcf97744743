// SMP on a serial line: packets to lines and back, beside the log text that
// shares the line.
//
// A packet goes as [length:2][packet][crc:2] (big-endian; the length counts the
// CRC; CRC-16/XMODEM over the packet), in base64, cut into lines: the first
// begins with 06 09, the following with 04 14, each ends with a line feed.
// Source: Zephyr, "SMP over console" (services/device_mgmt/smp_transport).
//
// Not thread-safe. Sizes are in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace assay::smp {

// Of one line, markers and line feed included: what servers have buffers for.
inline constexpr std::size_t line_limit = 127;
// A line that is longer is not a frame's.
inline constexpr std::size_t received_line_limit = 1024;
// Of a packet received; longer ones are dropped. 16 times what servers are built for.
inline constexpr std::size_t packet_limit = 8192;

std::uint16_t crc16_xmodem(ByteView);

// The lines of one packet (65533 bytes at most), ready for the wire.
Bytes encode_frame(ByteView packet, std::size_t line = line_limit);
// How many packet bytes fit into `lines` such lines.
std::size_t packet_capacity(std::size_t lines, std::size_t line = line_limit);

// Takes what a console sends, in any pieces, and tells packets from text. A
// frame may start in the middle of a log line and log lines may stand between
// its lines. No text is lost: a line that begins as a frame's but holds what no
// frame can is given back as text, from behind its marker on (a board that
// resets while it sends a frame).
class Demux {
 public:
  void feed(ByteView);
  // Text since the last call, frames taken out.
  std::string take_text();
  // The next whole packet whose checksum is right.
  std::optional<Bytes> next_packet();
  // Frames that were begun and dropped: wrong checksum, length or base64, lost
  // lines, longer than packet_limit, or followed by another before their end.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  enum class State { text, marked_start, marked_more, first_line, more_line };
  void take(std::uint8_t);
  void take_line();
  void give_back();
  void drop();

  State state_ = State::text;
  std::string text_;
  std::string line_;      // base64 of the frame line at hand
  bool open_ = false;     // a frame has begun and is not whole
  bool counted_ = false;  // the frame whose lines come now is in dropped_ already
  Bytes frame_;           // its bytes so far, length and CRC included
  std::deque<Bytes> packets_;
  std::uint64_t dropped_ = 0;
};

}  // namespace assay::smp
