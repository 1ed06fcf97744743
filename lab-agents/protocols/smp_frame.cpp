#include "protocols/smp_frame.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace assay::smp {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t start_1 = 0x06, start_2 = 0x09, more_1 = 0x04, more_2 = 0x14;
constexpr std::size_t overhead = 4;  // length and CRC

constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> values{};
  for (auto& v : values) v = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}
constexpr auto values = make_values();

void append_base64(Bytes& out, ByteView in) {
  for (std::size_t i = 0; i < in.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, in.size() - i);
    std::uint32_t word = std::uint32_t{in[i]} << 16;
    if (n > 1) word |= std::uint32_t{in[i + 1]} << 8;
    if (n > 2) word |= in[i + 2];
    for (std::size_t k = 0; k < 4; ++k) {
      const auto six = (word >> (18 - 6 * k)) & 63U;
      out.push_back(static_cast<std::uint8_t>(k <= n ? alphabet[six] : '='));
    }
  }
}

// False when it is not base64.
bool append_decoded(Bytes& out, std::string_view in) {
  if (in.empty() || in.size() % 4 != 0) return false;
  std::size_t pad = 0;
  while (pad < 2 && in[in.size() - 1 - pad] == '=') ++pad;
  for (std::size_t i = 0; i < in.size(); i += 4) {
    const std::size_t padding = i + 4 == in.size() ? pad : 0;
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const auto value = k < 4 - padding ? values[static_cast<std::uint8_t>(in[i + k])] : 0;
      if (value < 0) return false;
      word = word << 6 | static_cast<std::uint32_t>(value);
    }
    for (std::size_t k = 0; k < 3 - padding; ++k) {
      out.push_back(static_cast<std::uint8_t>(word >> (16 - 8 * k)));
    }
  }
  return true;
}

// Raw bytes in a line of at most `line`: without markers and line feed, base64
// in groups of four characters.
std::size_t bytes_a_line(std::size_t line) {
  return (std::max<std::size_t>(line, 7) - 3) / 4 * 3;
}

}  // namespace

std::uint16_t crc16_xmodem(ByteView bytes) {
  std::uint16_t crc = 0;
  for (const auto byte : bytes) {
    crc = static_cast<std::uint16_t>(crc ^ byte << 8);
    for (int i = 0; i < 8; ++i) {
      crc = static_cast<std::uint16_t>((crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1);
    }
  }
  return crc;
}

Bytes encode_frame(ByteView packet, std::size_t line) {
  const auto length = static_cast<std::uint16_t>(packet.size() + 2);
  const auto crc = crc16_xmodem(packet);
  Bytes raw{static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
  raw.insert(raw.end(), packet.begin(), packet.end());
  raw.push_back(static_cast<std::uint8_t>(crc >> 8));
  raw.push_back(static_cast<std::uint8_t>(crc));
  Bytes out;
  const std::size_t piece = bytes_a_line(line);
  for (std::size_t at = 0; at < raw.size(); at += piece) {
    out.push_back(at == 0 ? start_1 : more_1);
    out.push_back(at == 0 ? start_2 : more_2);
    append_base64(out, ByteView(raw).subspan(at, std::min(piece, raw.size() - at)));
    out.push_back('\n');
  }
  return out;
}

std::size_t packet_capacity(std::size_t lines, std::size_t line) {
  return lines * bytes_a_line(line) - overhead;
}

void Demux::feed(ByteView bytes) {
  for (const auto byte : bytes) take(byte);
}

std::string Demux::take_text() {
  return std::exchange(text_, {});
}

std::optional<Bytes> Demux::next_packet() {
  if (packets_.empty()) return std::nullopt;
  auto packet = std::move(packets_.front());
  packets_.pop_front();
  return packet;
}

void Demux::take(std::uint8_t byte) {
  switch (state_) {
    case State::text:
      if (byte == start_1) {
        state_ = State::marked_start;
      } else if (byte == more_1) {
        state_ = State::marked_more;
      } else {
        text_.push_back(static_cast<char>(byte));
      }
      return;
    case State::marked_start:
    case State::marked_more: {
      const bool start = state_ == State::marked_start;
      if (byte == (start ? start_2 : more_2)) {
        if (start && open_) drop();
        state_ = start ? State::first_line : State::more_line;
        return;
      }
      text_.push_back(static_cast<char>(start ? start_1 : more_1));
      state_ = State::text;
      return take(byte);
    }
    case State::first_line:
    case State::more_line:
      if (byte == '\n') return take_line();
      if (byte == '\r') return;
      if ((values[byte] >= 0 || byte == '=') && line_.size() < received_line_limit) {
        line_.push_back(static_cast<char>(byte));
        return;
      }
      give_back();
      return take(byte);
  }
}

void Demux::take_line() {
  const bool first = std::exchange(state_, State::text) == State::first_line;
  const std::string line = std::exchange(line_, {});
  if (first) {
    open_ = true;
    counted_ = false;
    frame_.clear();
  }
  if (!open_) return drop();  // the lines before it are lost
  if (!append_decoded(frame_, line)) return drop();
  if (frame_.size() < 2) return drop();
  const std::size_t length = std::size_t{frame_[0]} << 8 | frame_[1];
  if (length < 2 || length > packet_limit + 2) return drop();
  if (frame_.size() < length + 2) return;  // more lines follow
  const auto packet = ByteView(frame_).subspan(2, length - 2);
  const auto crc = std::uint16_t(frame_[length] << 8 | frame_[length + 1]);
  if (frame_.size() != length + 2 || crc != crc16_xmodem(packet)) return drop();
  packets_.emplace_back(packet.begin(), packet.end());
  open_ = false;
  counted_ = false;
}

void Demux::give_back() {
  text_ += std::exchange(line_, {});
  if (std::exchange(state_, State::text) == State::first_line) counted_ = false;
  drop();
}

void Demux::drop() {
  if (!std::exchange(counted_, true)) ++dropped_;
  open_ = false;
  frame_.clear();
}

}  // namespace assay::smp
