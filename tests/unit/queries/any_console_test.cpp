// Consoles of any bytes against the plainest reading of them.
#include <re2/re2.h>

#include <algorithm>
#include <random>

#include "base/text.hpp"
#include "console_fixture.hpp"
#include "evidence/record.hpp"

namespace assay::queries::test {
namespace {

struct Naive {
  std::string bytes;
  std::vector<std::string> lines;
  std::vector<std::string> searched;
  bool open = false;
};

std::string shown(std::string raw) {
  if (raw.size() > 4000) raw.resize(4000);
  while (raw.ends_with('\r')) raw.pop_back();
  for (const char* frame : {"\x06\x09", "\x04\x14"}) {
    if (const auto at = raw.find(frame); at != std::string::npos) raw.resize(at);
  }
  while (raw.ends_with('\r')) raw.pop_back();
  return replace_non_utf8(raw);
}

void read(Naive& naive) {
  const auto parts = split(naive.bytes, '\n');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool is_last = i + 1 == parts.size();
    if (is_last && (parts[i].empty() || parts[i] == "\x06" || parts[i] == "\x04")) break;
    if (parts[i].starts_with("\x06\x09") || parts[i].starts_with("\x04\x14")) continue;
    naive.lines.push_back(shown(std::string(parts[i])));
    naive.searched.push_back(evidence::without_colours(naive.lines.back()));
    naive.open = is_last;
  }
}

std::string random_text(std::mt19937& random, std::size_t size) {
  static const std::vector<std::string> words{"boot ok ",     "error: ",
                                              "\r",           "\x1b[32mgreen\x1b[0m",
                                              "\x06\x09QUJD", "\x04\x14REVG",
                                              "\x06",         "\x04",
                                              "\xC3\xA4",     "\xFF",
                                              "\x1b[",        "</script>",
                                              "\t",           "x"};
  std::string text;
  while (text.size() < size) {
    const auto kind = random() % 40;
    if (kind < 12) {
      text += kind < 3 ? "\r\n" : "\n";
      if (random() % 6 == 0) text += random() % 2 == 0 ? "\x06\x09" : "\x04\x14";
    } else if (kind == 12) {
      text += std::string(random() % 9000, 'l');
    } else {
      text += words[random() % words.size()];
    }
  }
  return text;
}

class AnyConsole : public ConsoleTest, public testing::WithParamInterface<unsigned> {
 protected:
  void SetUp() override {
    ConsoleTest::SetUp();
    random_.seed(GetParam());
  }
  // Pieces of both consoles between one another, and other events.
  void grow(std::size_t size) {
    std::map<std::string, std::string> rest{{"dut", random_text(random_, size)},
                                            {"aux", random_text(random_, size / 20)}};
    std::vector<evidence::Event> events;
    while (!rest["dut"].empty() || !rest["aux"].empty()) {
      const std::string role = random_() % 20 == 0 || rest["dut"].empty() ? "aux" : "dut";
      const std::string piece = rest[role].substr(0, 1 + random_() % (role == "dut" ? 3000 : 40));
      rest[role].erase(0, piece.size());
      naive_[role].bytes += piece;
      events.push_back(console_event(++seq_, role, offsets_[role], piece));
      offsets_[role] += piece.size();
      if (random_() % 10 == 0) events.push_back(console_event(++seq_, role, 7, "typed\n", true));
      if (random_() % 30 == 0)
        events.push_back({++seq_, milliseconds(1), role, "b", evidence::Note{"between"}});
    }
    append(events);
  }
  std::uint64_t below(std::uint64_t most) { return random_() % (most + 1); }

  std::mt19937 random_;
  std::map<std::string, Naive> naive_;
};

TEST_P(AnyConsole, IsWhatThePlainestReadingSays) {
  for (const std::size_t size : {0U, 40U, 70'000U, 300'000U}) {
    grow(size);
    for (auto& [role, naive] : naive_) {
      naive.lines.clear(), naive.searched.clear(), naive.open = false;
      read(naive);
      const std::uint64_t total = naive.lines.size();
      for (int window = 0; window < 12; ++window) {
        const std::uint64_t from = window == 0 ? 0 : below(total);
        const auto count = static_cast<std::uint32_t>(window == 1 ? 2000 : below(300));
        const auto got = lines(static_cast<std::int64_t>(from), count, role);
        ASSERT_EQ(got.total(), total);
        ASSERT_EQ(got.bytes(), naive.bytes.size());
        ASSERT_EQ(got.from(), from);
        ASSERT_EQ(static_cast<std::uint64_t>(got.lines_size()),
                  std::min<std::uint64_t>(count, total - from));
        for (int i = 0; i < got.lines_size(); ++i) {
          const std::size_t number = from + static_cast<std::size_t>(i);
          ASSERT_EQ(got.lines(i).text(), naive.lines[number]) << role << " line " << number;
          ASSERT_EQ(got.lines(i).open(), naive.open && number + 1 == total);
        }
        const std::uint64_t offset = below(naive.bytes.size());
        const std::size_t length = below(20'000);
        const auto bytes = queries_->console_bytes(attempt, role, offset, length);
        ASSERT_TRUE(bytes);
        ASSERT_EQ(*bytes, naive.bytes.substr(offset, length));
      }
      EXPECT_EQ(*queries_->console_size(attempt, role), naive.bytes.size());
    }
  }
}

TEST_P(AnyConsole, SearchFindsWhatThePlainestReadingFinds) {
  grow(600'000);
  struct Case {
    const char* text;
    bool regex, match_case;
  };
  for (const Case& one : std::vector<Case>{{"error: ", false, true},
                                           {"ERROR: B", false, false},
                                           {"l", false, true},
                                           {"^error", true, true},
                                           {"ok *$", true, true},
                                           {"^$", true, true},
                                           {"^[^x]*$", true, true},
                                           {"x\\s+x|green", true, false},
                                           {"(?s)boot.*error", true, true},
                                           {"(?-m)^boot", true, true},
                                           {"\\Aboot", true, true},
                                           {"ok \\z", true, true},
                                           {"x*", true, true},
                                           {"\\berror\\b", true, true},
                                           {"\xC3\xA4", true, true},
                                           {"[\\n]", true, true}}) {
    for (auto& [role, naive] : naive_) {
      naive.lines.clear(), naive.searched.clear();
      read(naive);
      RE2::Options options(RE2::Quiet);
      options.set_literal(!one.regex);
      options.set_case_sensitive(one.match_case);
      options.set_never_nl(true);
      const RE2 pattern((one.regex ? "(?m)" : "") + std::string(one.text), options);
      ASSERT_TRUE(pattern.ok());
      std::vector<std::uint64_t> expected;
      for (std::size_t i = 0; i < naive.searched.size(); ++i) {
        if (RE2::PartialMatch(naive.searched[i], pattern)) expected.push_back(i);
      }
      expected.resize(std::min<std::size_t>(expected.size(), 10'000));
      EXPECT_EQ(search({one.text, one.match_case, one.regex, 10'000}, role), expected)
          << one.text << " on " << role;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnyConsole, testing::Range(1U, 9U));

}  // namespace
}  // namespace assay::queries::test
