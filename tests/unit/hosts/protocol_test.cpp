#include "hosts/protocol.hpp"

#include <gmock/gmock.h>

#include "hosts/console_hub.hpp"
#include "hosts/incident_log.hpp"

namespace assay::hosts {
namespace {

using abilities::ConsoleChunk;
using abilities::Incident;

Bytes framed(const Bytes& body) {
  const auto n = body.size();
  Bytes out;
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(n >> shift));
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

std::string error_of(const Bytes& bytes) {
  Decoder decoder;
  decoder.feed(bytes);
  const auto message = decoder.next_to_agent();
  return message ? "no error" : message.error().text;
}

TEST(HostProtocol, KeepsWhatItCarriesByteByByte) {
  Bytes stream;
  for (const ToHost& message :
       {ToHost(Configure{"b1", "relay", "serial", R"({"baud":9600})", "/var/x", 7}),
        ToHost(Request{1, "flash", "read", {{"address", 4}}, 8, 9, -1})}) {
    const auto bytes = *encode(message);
    stream.insert(stream.end(), bytes.begin(), bytes.end());
  }
  Decoder decoder;
  std::vector<ToHost> got;
  for (const auto byte : stream) {
    decoder.feed({&byte, 1});
    auto message = decoder.next_to_host();
    ASSERT_TRUE(message);
    if (*message) got.push_back(std::move(**message));
  }
  ASSERT_EQ(got.size(), 2U);
  const auto& c = std::get<Configure>(got[0]);
  EXPECT_EQ(std::tie(c.board, c.device, c.driver, c.params_json, c.floor),
            std::make_tuple("b1", "relay", "serial", R"({"baud":9600})", 7U));
  EXPECT_EQ(c.state_folder, "/var/x");
  const auto& r = std::get<Request>(got[1]);
  EXPECT_EQ(std::tie(r.id, r.ability, r.operation, r.epoch, r.floor, r.left_ns),
            std::make_tuple(1U, "flash", "read", 8U, 9U, -1));
  EXPECT_EQ(r.arguments.at("address"), 4);
}

TEST(HostProtocol, CarriesRepliesConsoleAndIncidents) {
  Decoder decoder;
  for (const ToAgent& message :
       {ToAgent(Reply{3, Json(true)}), ToAgent(Reply{4, fail(Cause::device, "loose")}),
        ToAgent(ConsoleChunk{{123}, {0, 255}}),
        ToAgent(Incident{Incident::Kind::port_gone, "here"})}) {
    decoder.feed(*encode(message));
  }
  EXPECT_EQ(*std::get<Reply>(**decoder.next_to_agent()).value, Json(true));
  const auto refused = std::get<Reply>(**decoder.next_to_agent());
  EXPECT_EQ(refused.id, 4U);
  EXPECT_EQ(refused.value.error().cause, Cause::device);
  EXPECT_EQ(refused.value.error().text, "loose");
  const auto chunk = std::get<ConsoleChunk>(**decoder.next_to_agent());
  EXPECT_EQ(chunk.at.ns, 123);
  EXPECT_EQ(chunk.bytes, Bytes({0, 255}));
  EXPECT_EQ(std::get<Incident>(**decoder.next_to_agent()).kind, Incident::Kind::port_gone);
  EXPECT_EQ(*decoder.next_to_agent(), std::nullopt);
}

TEST(HostProtocol, CarriesProgress) {
  Decoder decoder;
  decoder.feed(*encode(ToAgent(ProgressOf{7, {"writing", 1ULL << 40, (1ULL << 40) + 1}})));
  const auto got = std::get<ProgressOf>(**decoder.next_to_agent());
  EXPECT_EQ(got.id, 7U);
  EXPECT_EQ(got.progress.doing, "writing");
  EXPECT_EQ(got.progress.done, 1ULL << 40);
  EXPECT_EQ(got.progress.total, (1ULL << 40) + 1);
}

TEST(ProgressPace, LetsThroughTheFirstTheEndsAndFiveASecond) {
  ProgressPace pace;
  int let = 0;
  for (std::uint64_t ms = 0; ms < 1000; ++ms)
    let += pace.lets({"writing", ms, 1000}, BootTime{std::int64_t(ms) * 1'000'000}) ? 1 : 0;
  EXPECT_EQ(let, 5);
  const BootTime end{1000 * 1'000'000};
  EXPECT_TRUE(pace.lets({"writing", 1000, 1000}, end));
  // A driver that says so again and again.
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(pace.lets({"writing", 1000, 1000}, end));
    EXPECT_FALSE(pace.lets({"writing", 10, 1000}, end));
  }
  EXPECT_TRUE(pace.lets({"reading back", 1000, 1000}, end));
  EXPECT_FALSE(pace.lets({"reading back", 0, 0}, end));
}

TEST(HostProtocol, RefusesWhatIsNoMessage) {
  EXPECT_EQ(
      error_of({0x7f, 0xff, 0xff, 0xff}),
      "a device host's socket announces a message of 2147483647 bytes: the limit is 33554432");
  EXPECT_EQ(error_of(framed({0xff})), "a device host's socket carries 1 bytes that are no message");
  EXPECT_EQ(error_of(framed({})), "a device host's socket carries 0 bytes that are no message");
  EXPECT_THAT(error_of(framed({0xa0})),
              testing::StartsWith("a device host's socket carries a message without meaning: "));
  // A million arrays in each other must not overflow the stack.
  EXPECT_EQ(error_of(framed(Bytes(1'000'000, 0x81))),
            "a device host's socket carries 1000000 bytes that are no message");
}

TEST(HostProtocol, LimitsAMessage) {
  const auto big = encode(ToAgent(ConsoleChunk{{1}, Bytes(max_message)}));
  EXPECT_EQ(big.error().cause, Cause::exhausted);
}

ConsoleChunk chunk(std::string_view text) {
  return {{1}, Bytes(text.begin(), text.end())};
}

TEST(ConsoleHub, KeepsTheLastBytesWhileNobodyListens) {
  ConsoleHub hub(5);
  hub.deliver(chunk("abc"));
  hub.deliver(chunk("defg"));
  std::string heard;
  hub.listen([&](const ConsoleChunk& c) { heard += as_text(c.bytes); });
  hub.deliver(chunk("!"));
  EXPECT_EQ(heard, "cdefg!");
  hub.listen(nullptr);
  hub.deliver(chunk("x"));
  EXPECT_EQ(heard, "cdefg!");
}

TEST(ConsoleHub, ASinkMayReplaceItselfAndATapEndItself) {
  ConsoleHub hub(5);
  std::string first, second, tapped;
  hub.listen([&](const ConsoleChunk& c) {
    first += as_text(c.bytes);
    hub.listen([&](const ConsoleChunk& later) { second += as_text(later.bytes); });
  });
  std::uint64_t tap = 0;
  tap = hub.add_tap([&](const ConsoleChunk& c) {
    hub.remove_tap(tap);
    tapped += as_text(c.bytes);
  });
  hub.deliver(chunk("a"));
  hub.deliver(chunk("b"));
  EXPECT_EQ(first + second + tapped, "aba");
}

TEST(IncidentLog, KeepsTheNewestWithinItsLimit) {
  IncidentLog log(2);
  for (const auto* text : {"1", "2", "3"}) log.add({Incident::Kind::gone, text});
  const auto kept = log.take();
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].text + kept[1].text, "23");
  EXPECT_TRUE(log.take().empty());
}

}  // namespace
}  // namespace assay::hosts
