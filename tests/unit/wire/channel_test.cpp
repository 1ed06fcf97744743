#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "wire/channel.hpp"
#include "wire/scalar.hpp"
#include "wire/status.hpp"

namespace assay::wire {

TEST(Endpoint, IsHostAndPort) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:7420")->text(), "127.0.0.1:7420");
  EXPECT_EQ(parse_endpoint("[::1]:0")->text(), "[::1]:0");
  EXPECT_EQ(parse_endpoint("[::1]:0")->host, "::1");
}

TEST(Endpoint, SaysWhatIsWrong) {
  const auto error = [](std::string_view text) { return parse_endpoint(text).error().text; };
  EXPECT_EQ(error("lab"), "'lab' is not HOST:PORT, for example 127.0.0.1:7420");
  EXPECT_EQ(error(":1"), "':1' is not HOST:PORT, for example 127.0.0.1:7420");
  EXPECT_EQ(error("lab:65536"), "'lab:65536' is not HOST:PORT with a port from 0 to 65535");
  EXPECT_EQ(error("lab:1x"), "'lab:1x' is not HOST:PORT with a port from 0 to 65535");
  EXPECT_EQ(error("::1:7420"),
            "'::1:7420': write an IPv6 address in brackets, for example [::1]:7420");
}

TEST(Endpoint, KnowsLoopback) {
  for (const auto* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"}) {
    EXPECT_TRUE(parse_endpoint(text)->is_loopback()) << text;
  }
  for (const auto* text : {"0.0.0.0:1", "10.0.0.1:1", "[::]:1", "127.evil.example:1"}) {
    EXPECT_FALSE(parse_endpoint(text)->is_loopback()) << text;
  }
}

TEST(Status, KeepsCauseAndText) {
  for (const Cause cause :
       {Cause::invalid, Cause::not_found, Cause::cancelled, Cause::refused, Cause::exhausted}) {
    const Error back = from_status(to_status({cause, "ota.yaml:3:1: no"}), "assayd");
    EXPECT_EQ(back.cause, cause);
    EXPECT_EQ(back.text, "ota.yaml:3:1: no");
  }
}

TEST(Status, TellsAnAssaydThatCannotFromOneThatIsNotThere) {
  const grpc::Status busy = to_status({Cause::unavailable, "assay.db: sqlite3 holds it"});
  EXPECT_EQ(busy.error_code(), grpc::UNAVAILABLE);
  EXPECT_TRUE(reached(busy));
  EXPECT_EQ(from_status(busy, "assayd").cause, Cause::unavailable);
  EXPECT_EQ(from_status(busy, "assayd").text, "assay.db: sqlite3 holds it");
  EXPECT_FALSE(reached({grpc::UNAVAILABLE, "Socket closed"}));
  EXPECT_TRUE(reached(to_status({Cause::io, "disk I/O error"})));
}

TEST(Status, SaysWhoCannotBeReached) {
  const auto endpoint = parse_endpoint("127.0.0.1:1");
  ASSERT_TRUE(endpoint);
  const grpc::Status refused(
      grpc::StatusCode::UNAVAILABLE,
      "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: "
      "Failed to connect to remote host: Connection refused");
  EXPECT_EQ(from_status(refused, "assayd at 127.0.0.1:1").text,
            "cannot reach assayd at 127.0.0.1:1: Connection refused");
  EXPECT_EQ(from_status(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "x"), "assayd").text,
            "assayd did not answer in time");
}

TEST(Text, IsMadeFitForProto) {
  EXPECT_TRUE(is_utf8("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_utf8("\xc0\xaf"));          // overlong
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));      // a surrogate
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));  // past U+10FFFF
  EXPECT_EQ(wire_text("a\nb\x1b", 10), "a\nb\x1b");
  EXPECT_EQ(wire_text("a\n\xff", 10), "a\n\\xff");
  EXPECT_EQ(wire_text("\xc3\xbc\xc3\xbc\xc3\xbc", 5), "\xc3\xbc...");
  EXPECT_EQ(wire_text("\xc3\xbc\xc3\xbc\xc3\xbc", 4), "...");
}

TEST(Names, AreSafeAsFileNames) {
  EXPECT_TRUE(check_name("board id", "vz-1_a.b"));
  EXPECT_EQ(check_name("board id", "../x").error().text,
            "board id '../x': 1 to 64 letters, digits, '-', '_' and '.', not beginning with '.'");
  EXPECT_FALSE(check_name("board id", ""));
  EXPECT_FALSE(check_name("board id", "a/b"));
  EXPECT_FALSE(check_name("board id", std::string(65, 'a')));
}

}  // namespace assay::wire
