// The pure readers of what a client may say.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "web/cursor.hpp"
#include "web/parameters.hpp"
#include "web/request.hpp"

namespace assay::web {
namespace {

using Path = std::vector<std::string>;

TEST(Target, IsDecodedStrictly) {
  EXPECT_EQ(parse_target("/")->path, Path{});
  EXPECT_EQ(parse_target("/a/b%20c")->path, (Path{"a", "b c"}));
  EXPECT_EQ(parse_target("/plans/%C3%A9")->path, (Path{"plans", "é"}));
  const auto query = parse_target("/x?a=1+2&b=%26&c&d=")->query;
  EXPECT_EQ(query, (std::vector<std::pair<std::string, std::string>>{
                       {"a", "1 2"}, {"b", "&"}, {"c", ""}, {"d", ""}}));
  for (const auto& [target, words] : std::vector<std::pair<std::string, std::string>>{
           {"x", "'x': an address begins with '/'"},
           {"http://h/x", "'http://h/x': an address begins with '/'"},
           {"/%", "'%': '%' must be followed by two hexadecimal digits"},
           {"/%4", "'%4': '%' must be followed by two hexadecimal digits"},
           {"/%00", "'%00': a control character is not allowed here"},
           {"/%0d%0a", "'%0d%0a': a control character is not allowed here"},
           {"/%ff", "'%ff': this is not UTF-8"},
           {"/%c0%ae", "'%c0%ae': this is not UTF-8"},
           {"/a/../b", "'/a/../b': '..' is no part of an address"},
           {"/a/%2e%2E", "'/a/%2e%2E': '..' is no part of an address"},
           {"/a%2fb", "'/a%2fb': 'a/b' is no part of an address"}}) {
    const auto read = parse_target(target);
    ASSERT_FALSE(read) << target;
    EXPECT_EQ(read.error().text, words);
  }
}

TEST(Range, IsOneOrNone) {
  using What = Wanted::What;
  const auto part = [](std::string_view range, std::uint64_t size) {
    const Wanted got = parse_range(range, size);
    return std::tuple(got.what, got.first, got.length);
  };
  EXPECT_EQ(part("bytes=0-0", 10), std::tuple(What::part, 0U, 1U));
  EXPECT_EQ(part("bytes=2-", 10), std::tuple(What::part, 2U, 8U));
  EXPECT_EQ(part("Bytes = 2-", 10), std::tuple(What::all, 0U, 0U));
  EXPECT_EQ(part("bytes=2-99", 10), std::tuple(What::part, 2U, 8U));
  EXPECT_EQ(part("bytes=-3", 10), std::tuple(What::part, 7U, 3U));
  EXPECT_EQ(part("bytes=-30", 10), std::tuple(What::part, 0U, 10U));
  EXPECT_EQ(part("bytes=-0", 10), std::tuple(What::nothing, 0U, 0U));
  EXPECT_EQ(part("bytes=10-", 10), std::tuple(What::nothing, 0U, 0U));
  EXPECT_EQ(part("bytes=0-", 0), std::tuple(What::nothing, 0U, 0U));
  EXPECT_EQ(part("bytes=99999999999999999999-", 10), std::tuple(What::all, 0U, 0U));
  EXPECT_EQ(part("", 10), std::tuple(What::all, 0U, 0U));
}

TEST(Header, AcceptIsReadWithItsWeights) {
  EXPECT_TRUE(accepts("", "application/json"));
  EXPECT_TRUE(accepts("text/html, */*;q=0.8", "application/json"));
  EXPECT_TRUE(accepts("application/*", "application/json"));
  EXPECT_FALSE(accepts("text/*", "application/json"));
  EXPECT_FALSE(accepts("application/json;q=0.0", "application/json"));
  EXPECT_TRUE(accepts_gzip("deflate, GZIP;q=0.5"));
  EXPECT_TRUE(accepts_gzip("*"));
  EXPECT_FALSE(accepts_gzip("gzip; q=0"));
  EXPECT_FALSE(accepts_gzip("br"));
}

TEST(Cursor, ComesBackAsItWas) {
  const Cursor cursor{{"r17.1.1/dut", 120}, {"r17.1.2/dut", 0}};
  EXPECT_EQ(to_text(cursor), "r17.1.1/dut=120;r17.1.2/dut=0");
  EXPECT_EQ(*parse_cursor(to_text(cursor)), cursor);
  EXPECT_EQ(*parse_cursor(""), Cursor{});
  for (const char* bad : {"x", "r1.1.1=3", "r1.1.1/=3", "r1.1.1/dut=", "r1.1.1/dut=-1",
                          "r1.1/dut=1", "r1.1.1/dut=1;", "r1.1.1/dut=99999999999999999999"}) {
    EXPECT_FALSE(parse_cursor(bad)) << bad;
  }
}

TEST(Cursor, IsNeverTooLongForAHeader) {
  Cursor cursor;
  for (int i = 1; i < 1000; ++i) cursor["r1." + std::to_string(i) + ".1/dut"] = 1'000'000;
  const std::string text = to_text(cursor);
  EXPECT_LE(text.size(), max_cursor);
  EXPECT_GT(parse_cursor(text)->size(), 200U);
}

RC_GTEST_PROP(Range, LiesWithin,
              (const std::string& text, std::uint64_t first, std::uint64_t last)) {
  const auto size = *rc::gen::inRange<std::uint64_t>(0, 1000);
  for (const auto& header :
       {"bytes=" + text, "bytes=" + std::to_string(first) + '-' + std::to_string(last),
        "bytes=" + std::to_string(first % 1200) + '-' + std::to_string(last % 1200)}) {
    const Wanted got = parse_range(header, size);
    if (got.what != Wanted::What::part) continue;
    RC_ASSERT(got.length > 0);
    RC_ASSERT(got.first < size);
    RC_ASSERT(got.length <= size - got.first);
  }
}

}  // namespace
}  // namespace assay::web
