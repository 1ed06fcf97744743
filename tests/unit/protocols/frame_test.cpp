#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "protocols/smp_frame.hpp"

using namespace assay;
using namespace assay::smp;

namespace {

std::string frame(ByteView packet, std::size_t line = line_limit) {
  const auto bytes = encode_frame(packet, line);
  return {bytes.begin(), bytes.end()};
}

std::vector<std::string> lines_of(const std::string& frame) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < frame.size();) {
    const auto end = frame.find('\n', at) + 1;
    lines.push_back(frame.substr(at, end - at));
    at = end;
  }
  return lines;
}

std::vector<Bytes> packets_of(Demux& demux) {
  std::vector<Bytes> packets;
  while (auto packet = demux.next_packet()) packets.push_back(*packet);
  return packets;
}

}  // namespace

TEST(Frame, ChecksumIsXmodem) {
  EXPECT_EQ(crc16_xmodem(as_bytes("123456789")), 0x31C3);
}

// "os echo hello" as smpclient 7.3.0 writes it.
TEST(Frame, EncodesAsOthersDo) {
  const Bytes packet{0x0a, 0, 0, 0x09, 0, 0, 0x01, 0, 0xbf, 'a', 'd', 0x65, 'h', 'e', 'l'};
  const auto text = frame(packet);
  EXPECT_EQ(text.substr(0, 2), "\x06\x09");
  EXPECT_EQ(text.back(), '\n');
  EXPECT_EQ(text.substr(2, 8), "ABEKAAAJ");  // 00 11 | 0a 00 00 09
}

TEST(Frame, LinesKeepTheLimit) {
  const Bytes packet(1000, 0x5A);
  const auto lines = lines_of(frame(packet));
  EXPECT_EQ(lines.size(), 11U);
  for (const auto& line : lines) EXPECT_LE(line.size(), 127U);
  EXPECT_EQ(lines[1].substr(0, 2), "\x04\x14");
  EXPECT_EQ(lines_of(frame(Bytes(packet_capacity(3)))).size(), 3U);
  EXPECT_EQ(lines_of(frame(Bytes(packet_capacity(3) + 1))).size(), 4U);
}

// Any packets, text before, between and behind their lines, in pieces of any size.
RC_GTEST_PROP(Demux, SeparatesFramesFromText, ()) {
  const auto any_text = rc::gen::container<std::string>(rc::gen::suchThat(
      rc::gen::arbitrary<char>(), [](char c) { return c != '\x06' && c != '\x04'; }));
  const auto packets = *rc::gen::container<std::vector<Bytes>>(
      rc::gen::resize(400, rc::gen::nonEmpty(rc::gen::arbitrary<Bytes>())));
  const auto line = static_cast<std::size_t>(*rc::gen::inRange(11, 128));
  std::string stream, text;
  const auto say = [&] {
    const auto piece = *any_text;
    stream += piece;
    text += piece;
  };
  for (const auto& packet : packets) {
    for (const auto& one : lines_of(frame(packet, line))) {
      say();
      stream += one;
    }
  }
  say();
  Demux demux;
  std::string got_text;
  std::vector<Bytes> got;
  for (std::size_t at = 0; at < stream.size();) {
    const auto n = static_cast<std::size_t>(*rc::gen::inRange(1, 200));
    demux.feed(as_bytes(std::string_view(stream).substr(at, n)));
    at += n;
    got_text += demux.take_text();
    for (auto& packet : packets_of(demux)) got.push_back(std::move(packet));
  }
  RC_ASSERT(got == packets);
  RC_ASSERT(got_text == text);
  RC_ASSERT(demux.dropped() == 0U);
}

// Whatever comes, it neither crashes nor invents a packet, and the next one is right.
RC_GTEST_PROP(Demux, SurvivesAnything, (const std::vector<std::uint8_t>& noise)) {
  Demux demux;
  demux.feed(noise);
  demux.take_text();
  RC_ASSERT(packets_of(demux).empty());
  const Bytes packet{1, 2, 3};
  demux.feed(as_bytes("\n"));
  demux.feed(as_bytes(frame(packet)));
  RC_ASSERT(packets_of(demux) == std::vector<Bytes>{packet});
}

// One byte of a frame changed: no packet, and the one behind it comes through.
RC_GTEST_PROP(Demux, DropsWhatIsDamaged, (const Bytes& bytes)) {
  RC_PRE(!bytes.empty());
  auto damaged = frame(bytes);
  // Not in the padding, whose unused bits mean nothing.
  const auto at =
      static_cast<std::size_t>(*rc::gen::inRange<std::size_t>(2, damaged.find_first_of("=\n")));
  const char before = damaged[at];
  damaged[at] = *rc::gen::suchThat(rc::gen::element('A', 'B', 'C', 'x', '7', '+', '/', '*', '\n'),
                                   [&](char c) { return c != before; });
  RC_PRE(at + 1 != damaged.find_first_of("=\n"));
  Demux demux;
  demux.feed(as_bytes(damaged));
  RC_ASSERT(packets_of(demux).empty());
  const Bytes good{9, 8, 7};
  demux.feed(as_bytes(frame(good)));
  RC_ASSERT(packets_of(demux) == std::vector<Bytes>{good});
  RC_ASSERT(demux.dropped() == 1U);
}

TEST(Demux, FrameInTheMiddleOfALine) {
  Demux demux;
  const Bytes packet{1, 2, 3, 4};
  demux.feed(as_bytes("[00:01] boo" + frame(packet) + "ting\r\n"));
  EXPECT_EQ(demux.take_text(), "[00:01] booting\r\n");
  EXPECT_EQ(packets_of(demux), std::vector<Bytes>{packet});
}

// A reset cuts off an answer: the bootloader's first line is not lost.
TEST(Demux, GivesBackTextThatCutsAFrameOff) {
  Demux demux;
  const auto whole = frame(Bytes(50, 1));
  demux.feed(as_bytes(whole.substr(0, 20) + "*** Booting MCUboot ***\r\nI: go\r\n"));
  EXPECT_THAT(demux.take_text(), testing::EndsWith("*** Booting MCUboot ***\r\nI: go\r\n"));
  EXPECT_EQ(demux.dropped(), 1U);
  const Bytes packet{5};
  demux.feed(as_bytes(frame(packet)));
  EXPECT_EQ(packets_of(demux), std::vector<Bytes>{packet});
}

TEST(Demux, CountsLostLinesOnce) {
  Demux demux;
  const auto lines = lines_of(frame(Bytes(300, 7)));
  ASSERT_GE(lines.size(), 4U);
  demux.feed(as_bytes(lines[1] + lines[2] + lines[3]));  // the first is lost
  EXPECT_EQ(demux.dropped(), 1U);
  demux.feed(as_bytes(lines[0] + lines[1]));  // never finished ...
  demux.feed(as_bytes(frame(Bytes{1})));      // ... but followed
  EXPECT_EQ(packets_of(demux).size(), 1U);
  EXPECT_EQ(demux.dropped(), 2U);
}

TEST(Demux, BoundsLinesAndPackets) {
  Demux demux;
  demux.feed(as_bytes("\x06\x09" + std::string(5000, 'A') + "\n"));
  EXPECT_EQ(demux.take_text().size(), 5001U);
  EXPECT_EQ(demux.dropped(), 1U);
  demux.feed(as_bytes(frame(Bytes(packet_limit + 1, 0))));
  EXPECT_TRUE(packets_of(demux).empty());
  EXPECT_EQ(demux.dropped(), 2U);
  demux.feed(as_bytes(frame(Bytes(packet_limit, 0))));
  EXPECT_EQ(packets_of(demux).size(), 1U);
}
