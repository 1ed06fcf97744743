// The client against a server in this process that answers as told: what a real
// one does only when something goes wrong. The real one is in tests/unit/virtual.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "protocols/smp.hpp"

using namespace assay;
using namespace assay::smp;
using Json = nlohmann::json;
using namespace std::chrono_literals;

namespace {

struct Asked {
  std::uint8_t op = 0, sequence = 0, id = 0;
  std::uint16_t group = 0;
  Json body;
  std::size_t size = 0;
};

Bytes answer_to(const Asked& asked, const Json& body) {
  const auto cbor = Json::to_cbor(body);
  Bytes packet{static_cast<std::uint8_t>(8 | (asked.op + 1)),
               0,
               static_cast<std::uint8_t>(cbor.size() >> 8),
               static_cast<std::uint8_t>(cbor.size()),
               static_cast<std::uint8_t>(asked.group >> 8),
               static_cast<std::uint8_t>(asked.group),
               asked.sequence,
               asked.id};
  packet.insert(packet.end(), cbor.begin(), cbor.end());
  return packet;
}

// Calls `serve` for each request; what it returns is received, in order.
class Server final : public Transport {
 public:
  std::function<std::vector<Bytes>(const Asked&)> serve;
  std::vector<Asked> asked;

  Result<> send(ByteView packet, const Wait&) override {
    Asked now{.op = static_cast<std::uint8_t>(packet[0] & 7),
              .sequence = packet[6],
              .id = packet[7],
              .group = static_cast<std::uint16_t>(packet[4] << 8 | packet[5]),
              .body = Json::from_cbor(packet.begin() + 8, packet.end()),
              .size = packet.size()};
    EXPECT_EQ(packet[0] & 0x18, 8) << "version 2";
    asked.push_back(now);
    for (auto& answer : serve(now)) answers_.push_back(std::move(answer));
    return {};
  }
  Result<Bytes> receive(const Wait&) override {
    if (answers_.empty()) return fail(Cause::timeout, "no answer");
    auto answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

 private:
  std::deque<Bytes> answers_;
};

std::string error_of(const auto& result) {
  return result ? "no error" : result.error().text;
}
Cause cause_of(const auto& result) {
  return result ? Cause::internal : result.error().cause;
}

// An image server as Zephyr's: keeps the offset, says it, resumes by SHA-256.
struct ImageServer {
  Bytes stored;
  std::size_t length = 0;
  Bytes sha;
  Json take(const Json& body) {
    const std::size_t off = body["off"];
    const Bytes data = body["data"].get_binary();
    if (off == 0) {
      const Bytes now = body["sha"].get_binary();
      if (now == sha && !stored.empty()) return {{"rc", 0}, {"off", stored.size()}};
      sha = now;
      length = body["len"];
      stored.clear();
    }
    if (off == stored.size()) stored.insert(stored.end(), data.begin(), data.end());
    return {{"rc", 0}, {"off", stored.size()}};
  }
};

Json parameters() {
  return {{"buf_size", 384}, {"buf_count", 4}};
}

Bytes some_image(std::size_t size) {
  Bytes image(size);
  for (std::size_t i = 0; i < size; ++i) image[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  return image;
}

}  // namespace

TEST(SmpClient, DropsLateAndForeignAnswers) {
  Server server;
  server.serve = [](const Asked& asked) -> std::vector<Bytes> {
    Asked late = asked, foreign = asked;
    late.sequence = static_cast<std::uint8_t>(asked.sequence - 1);
    foreign.group = 9;
    return {answer_to(late, {{"r", "late"}}), answer_to(foreign, {{"r", "foreign"}}), Bytes{1, 2},
            answer_to(asked, {{"r", "right"}})};
  };
  Client client(server);
  EXPECT_EQ(client.echo("hi", Wait::for_(1s)).value(), "right");
  EXPECT_EQ(server.asked[0].body["d"], "hi");
}

TEST(SmpClient, NamesRefusals) {
  Server server;
  Json body;
  server.serve = [&](const Asked& asked) -> std::vector<Bytes> { return {answer_to(asked, body)}; };
  Client client(server);
  body = {{"err", {{"group", 1}, {"rc", 30}}}};
  auto refused = client.images(Wait::for_(1s));
  EXPECT_EQ(cause_of(refused), Cause::guest);
  EXPECT_EQ(error_of(refused), "img state: image group error 30 (image too large)");
  EXPECT_EQ(client.last_refusal()->group, 1);
  EXPECT_EQ(client.last_refusal()->code, 30U);
  body = {{"rc", 8}};
  EXPECT_EQ(error_of(client.erase({}, Wait::for_(1s))), "img erase: error 8 (not supported)");
  body = {{"err", {{"group", 63}, {"rc", 2}}}};
  EXPECT_EQ(error_of(client.erase({}, Wait::for_(1s))), "img erase: group 63 error 2");
  body = {{"rc", 0}};
  EXPECT_TRUE(client.erase({}, Wait::for_(1s)));
  EXPECT_FALSE(client.last_refusal());
}

TEST(SmpClient, RefusesWhatIsNoAnswer) {
  Server server;
  Bytes cbor;
  server.serve = [&](const Asked& asked) -> std::vector<Bytes> {
    auto packet = answer_to(asked, Json::object());
    packet.resize(8);
    packet[2] = static_cast<std::uint8_t>(cbor.size() >> 8);
    packet[3] = static_cast<std::uint8_t>(cbor.size());
    packet.insert(packet.end(), cbor.begin(), cbor.end());
    return {packet};
  };
  Client client(server);
  cbor = Bytes(8000, 0x81);  // an array in an array in an array ...
  EXPECT_EQ(error_of(client.images(Wait::for_(1s))), "img state: the answer is no CBOR map");
  cbor = {0x01};
  EXPECT_EQ(error_of(client.images(Wait::for_(1s))), "img state: the answer is no CBOR map");
  cbor = {0xbf, 0x61, 'r', 0x01, 0xff};  // {"r": 1}
  EXPECT_EQ(error_of(client.echo("x", Wait::for_(1s))), "os echo: the answer has no text");
}

TEST(SmpClient, GivesUpOnSilence) {
  Server server;
  server.serve = [](const Asked&) { return std::vector<Bytes>(); };
  Client client(server);
  auto silent = client.echo("x", Wait::for_(60s));
  EXPECT_EQ(cause_of(silent), Cause::timeout);
  EXPECT_EQ(error_of(silent), "os echo: no answer to 5 requests");
  EXPECT_EQ(server.asked.size(), 5U);
  EXPECT_EQ(error_of(client.reset(Wait::for_(60s))), "os reset: no answer to 1 request");
  EXPECT_EQ(server.asked.size(), 6U);
}

TEST(SmpClient, UploadsInPiecesThatTheDeviceTakes) {
  Server server;
  ImageServer images;
  server.serve = [&](const Asked& asked) -> std::vector<Bytes> {
    return {answer_to(asked, asked.group == 0 ? parameters() : images.take(asked.body))};
  };
  Client client(server);
  const auto image = some_image(5000);
  std::vector<std::size_t> seen;
  ASSERT_TRUE(client.upload(image, {.progress = [&](auto done, auto) { seen.push_back(done); }},
                            Wait::for_(5s)));
  EXPECT_EQ(images.stored, image);
  EXPECT_EQ(images.length, 5000U);
  EXPECT_EQ(seen.back(), 5000U);
  const auto sha = sha256(image);
  EXPECT_EQ(images.sha, Bytes(sha.begin(), sha.end()));
  for (const auto& asked : server.asked) EXPECT_LE(asked.size, packet_capacity(3));
}

TEST(SmpClient, UploadGoesOnAfterLostAnswers) {
  Server server;
  ImageServer images;
  int count = 0;
  server.serve = [&](const Asked& asked) -> std::vector<Bytes> {
    if (asked.group == 0) return {answer_to(asked, parameters())};
    ++count;
    if (count % 5 == 2) return {};  // the request is lost
    const auto body = images.take(asked.body);
    if (count % 5 == 4) return {};  // the answer is lost
    return {answer_to(asked, body)};
  };
  Client client(server);
  const auto image = some_image(20000);
  ASSERT_TRUE(client.upload(image, {}, Wait::for_(5s)));
  EXPECT_EQ(images.stored, image);
  EXPECT_GT(client.repeats(), 10U);
}

TEST(SmpClient, UploadGivesUpOnSilence) {
  Server server;
  ImageServer images;
  server.serve = [&](const Asked& asked) -> std::vector<Bytes> {
    if (asked.group == 0) return {answer_to(asked, parameters())};
    if (images.stored.size() > 500) return {};
    return {answer_to(asked, images.take(asked.body))};
  };
  Client client(server);
  const auto silent = client.upload(some_image(2000), {}, Wait::for_(60s));
  EXPECT_EQ(cause_of(silent), Cause::timeout);
  EXPECT_EQ(error_of(silent), fmt::format("img upload: no answer to 6 requests at {} of 2000 bytes",
                                          images.stored.size()));
  EXPECT_LE(server.asked.back().size, packet_capacity(2));
}

TEST(SmpClient, UploadResumesAnEarlierOne) {
  Server server;
  ImageServer images;
  const auto image = some_image(4000);
  const auto sha = sha256(image);
  images.sha.assign(sha.begin(), sha.end());
  images.stored.assign(image.begin(), image.begin() + 3000);
  server.serve = [&](const Asked& asked) -> std::vector<Bytes> {
    return {answer_to(asked, asked.group == 0 ? parameters() : images.take(asked.body))};
  };
  Client client(server);
  ASSERT_TRUE(client.upload(image, {}, Wait::for_(5s)));
  EXPECT_EQ(images.stored, image);
  EXPECT_LT(server.asked.size(), 8U);
}

TEST(SmpClient, UploadEndsWhenNothingMoves) {
  Server server;
  std::uint64_t off = 0;
  server.serve = [&](const Asked& asked) -> std::vector<Bytes> {
    return {answer_to(asked, asked.group == 0 ? parameters() : Json{{"off", off}})};
  };
  Client client(server);
  EXPECT_EQ(error_of(client.upload(some_image(1000), {}, Wait::for_(5s))),
            "img upload: stays at 0 of 1000 bytes");
  off = 2000;
  EXPECT_EQ(error_of(client.upload(some_image(1000), {}, Wait::for_(5s))),
            "img upload: the answer to 0 of 1000 bytes has no sensible offset");
  // Forth and back for ever.
  server.serve = [&](const Asked& asked) -> std::vector<Bytes> {
    off = asked.body["off"] == 0 ? 500 : 0;
    return {answer_to(asked, Json{{"off", off}})};
  };
  EXPECT_EQ(error_of(client.upload(some_image(1000), {}, Wait::for_(5s))),
            "img upload: fell back to 0 from 500 of 1000 bytes 4 times");
}

TEST(SmpClient, UploadSaysWhenTheDeviceReceivedOtherBytes) {
  Server server;
  server.serve = [&](const Asked& asked) -> std::vector<Bytes> {
    return {
        answer_to(asked, asked.group == 0 ? parameters() : Json{{"off", 100}, {"match", false}})};
  };
  Client client(server);
  EXPECT_EQ(error_of(client.upload(some_image(100), {}, Wait::for_(5s))),
            "img upload: the device received other bytes (its SHA-256 differs)");
}

TEST(SmpClient, UploadToAServerWithoutParameters) {
  Server server;
  ImageServer images;
  server.serve = [&](const Asked& asked) -> std::vector<Bytes> {
    return {answer_to(asked, asked.group == 0 ? Json{{"rc", 8}} : images.take(asked.body))};
  };
  Client client(server);
  const auto image = some_image(1000);
  ASSERT_TRUE(client.upload(image, {}, Wait::for_(5s)));
  EXPECT_EQ(images.stored, image);
  for (const auto& asked : server.asked) EXPECT_LE(asked.size, Options().first_packet);
}

TEST(StreamTransport, WaitsForAnAnswerAndCanBeStopped) {
  Bytes wire;
  StreamTransport transport([&](ByteView bytes, const Wait&) -> Result<> {
    wire.assign(bytes.begin(), bytes.end());
    return {};
  });
  ASSERT_TRUE(transport.send(Bytes{1, 2, 3}, {}));
  std::jthread reader([&] { EXPECT_EQ(transport.feed(wire), ""); });
  EXPECT_EQ(transport.receive(Wait::for_(10s)).value(), (Bytes{1, 2, 3}));
  EXPECT_EQ(cause_of(transport.receive(Wait::for_(1ms))), Cause::timeout);
  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  EXPECT_EQ(cause_of(transport.receive({Deadline::never(), source.get_token()})), Cause::cancelled);
}
