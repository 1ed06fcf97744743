// The whole file, as a browser that reads its data would have it.
#include "reports/static_report.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <chrono>

#include "wire/scalar.hpp"

namespace assay::reports {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string before = R"(<html><script id="assay-report" type="application/json">)";
const std::string after = "</script><script>go()</script>";
const std::string page = before + "{}" + after;

v1::StaticReport some_head() {
  v1::StaticReport head;
  head.mutable_run()->set_id("r1");
  head.set_version("0.1.0");
  return head;
}
StaticReport make(std::uint64_t limit, const v1::StaticReport& head = some_head()) {
  auto made = StaticReport::make(page, head, limit);
  EXPECT_TRUE(made) << made.error().text;
  return std::move(*made);
}

// Lines of one attempt's console, and notes; each event some lines.
class Attempt {
 public:
  Attempt(StaticReport& report, const std::string& id) : report_(report) {
    EXPECT_TRUE(report.begin_attempt(id));
    add("", evidence::AttemptStarted{1, "lab-a", {}});
  }
  void say(const std::string& text, const std::string& role = "dut") {
    add(role, evidence::ConsoleBytes{offsets_[role], false, Bytes(text.begin(), text.end())});
    offsets_[role] += text.size();
  }
  void note(const std::string& text) { add("", evidence::Note{text}); }
  Result<> end() {
    add("", evidence::AttemptEnded{evidence::Verdict::passed, "", -1, false});
    return report_.end_attempt();
  }

 private:
  void add(const std::string& role, evidence::Body body) {
    ++seq_;
    report_.add({seq_, milliseconds(seq_), role, role.empty() ? "" : "v1", std::move(body)});
  }
  StaticReport& report_;
  std::uint64_t seq_ = 0;
  std::map<std::string, std::uint64_t> offsets_;
};

std::string file_of(const StaticReport& report) {
  std::string file;
  const auto wrote = report.write([&](std::string_view piece) -> Result<> {
    file += piece;
    return {};
  });
  EXPECT_TRUE(wrote) << wrote.error().text;
  return file;
}
v1::StaticReport read(const std::string& file) {
  v1::StaticReport report;
  EXPECT_TRUE(file.starts_with(before) && file.ends_with(after));
  const std::string json = file.substr(before.size(), file.size() - before.size() - after.size());
  EXPECT_EQ(json.find_first_of("<>&"), std::string::npos);
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, &report);
  EXPECT_TRUE(parsed.ok()) << parsed.ToString();
  return report;
}

std::string lines_of_text(int first, int count) {
  std::string text;
  for (int i = first; i < first + count; ++i) text += "line " + std::to_string(i) + "\r\n";
  return text;
}

}  // namespace

TEST(StaticReport, PageWithoutThePlaceIsRefused) {
  const auto why_not = [](const std::string& text) {
    const auto made = StaticReport::make(text, {}, 1000);
    return made ? "it was taken" : made.error().text;
  };
  const std::string words =
      "it does not have '<script id=\"assay-report\" type=\"application/json\">' once: build the "
      "pages again";
  EXPECT_EQ(why_not("<html>"), words);
  EXPECT_EQ(why_not(page + page), words);
  EXPECT_EQ(why_not(before),
            "'<script id=\"assay-report\" type=\"application/json\">' does not end: build the "
            "pages again");
}

TEST(StaticReport, HasAllThatFits) {
  auto report = make(1 << 20);
  Attempt first(report, "r1.1.1");
  first.say("</script>\r\nopen");
  first.say("all\r\n", "aux");
  first.note("a note");
  ASSERT_TRUE(first.end());
  Attempt second(report, "r1.1.2");
  ASSERT_TRUE(second.end());
  const std::string file = file_of(report);
  const auto got = read(file);
  EXPECT_EQ(got.run().id(), "r1");
  EXPECT_EQ(got.version(), "0.1.0");
  ASSERT_EQ(got.timelines_size(), 2);
  EXPECT_EQ(got.timelines(0).attempt(), "r1.1.1");
  EXPECT_TRUE(got.timelines(0).ended());
  ASSERT_EQ(got.timelines(0).marks_size(), 1);
  EXPECT_EQ(got.timelines(0).marks(0).text(), "a note");
  ASSERT_EQ(got.consoles_size(), 2);
  const auto& dut = got.consoles(1);
  EXPECT_EQ(dut.attempt(), "r1.1.1");
  EXPECT_EQ(dut.role(), "dut");
  EXPECT_EQ(dut.total(), 2U);
  EXPECT_EQ(dut.bytes(), 15U);
  EXPECT_TRUE(dut.ended());
  ASSERT_EQ(dut.lines_size(), 2);
  EXPECT_EQ(dut.lines(0).text(), "</script>");
  EXPECT_EQ(wire::duration_of(dut.lines(0).at()), milliseconds(2));
  EXPECT_EQ(dut.lines(1).text(), "open");
  EXPECT_TRUE(dut.lines(1).open());
  EXPECT_EQ(got.cut_size(), 0);
  EXPECT_LE(file.size(), report.fixed() + 200);
}

TEST(StaticReport, OfNothingIsOneToo) {
  const auto report = make(1 << 20, {});
  EXPECT_EQ(read(file_of(report)).ByteSizeLong(), 0U);
}

TEST(StaticReport, KeepsBothEndsOfALargeConsoleAndSaysWhatIsCut) {
  constexpr std::size_t limit = 20'000;
  auto report = make(limit);
  Attempt attempt(report, "r1.1.1");
  attempt.say(lines_of_text(0, 5000));
  attempt.say("short\n", "aux");
  ASSERT_TRUE(attempt.end());
  const std::string file = file_of(report);
  EXPECT_LE(file.size(), limit);
  EXPECT_GT(file.size(), limit * 9 / 10);
  const auto got = read(file);
  ASSERT_EQ(got.consoles_size(), 3);
  EXPECT_EQ(got.consoles(0).role(), "aux");
  EXPECT_EQ(got.consoles(0).lines_size(), 1) << "what is small stays whole";
  const auto &head = got.consoles(1), &tail = got.consoles(2);
  EXPECT_EQ(head.from(), 0U);
  EXPECT_EQ(head.lines(0).text(), "line 0");
  EXPECT_EQ(tail.from() + static_cast<std::uint64_t>(tail.lines_size()), 5000U);
  EXPECT_EQ(tail.lines(0).text(), "line " + std::to_string(tail.from()));
  EXPECT_NEAR(head.lines_size(), tail.lines_size(), 30);
  const auto missing = 5000 - head.lines_size() - tail.lines_size();
  EXPECT_THAT(std::vector<std::string>(got.cut().begin(), got.cut().end()),
              ElementsAre(fmt::format("{} of 5000 lines of dut's console in r1.1.1", missing)));
}

// However many attempts there are, and whatever their lines need to be escaped.
TEST(StaticReport, OfManyAttemptsStaysBelowItsLimit) {
  constexpr std::size_t limit = 1 << 20;
  constexpr int attempts = 400;
  const std::string hostile =
      "\x1b[31m<&>\"\\\x7f\t\xC2\xAD\xE2\x80\xA8\xEF\xBB\xBF\xF0\x9F\x92\xA9\xFF\n";
  auto report = make(limit);
  for (int i = 1; i <= attempts; ++i) {
    Attempt attempt(report, fmt::format("r1.{}.1", i));
    attempt.say(lines_of_text(0, 200));
    for (int line = 0; line < 100; ++line) attempt.say(hostile, "<aux>");
    ASSERT_TRUE(attempt.end());
  }
  const std::string file = file_of(report);
  EXPECT_LE(file.size(), limit);
  EXPECT_GT(file.size(), limit * 8 / 10);
  const auto got = read(file);
  EXPECT_EQ(got.timelines_size(), attempts);
  EXPECT_EQ(got.cut_size(), 2 * attempts) << "each says what it lost";
  EXPECT_EQ(got.cut(0).substr(got.cut(0).find(" of ")),
            " of 100 lines of <aux>'s console in r1.1.1");
  std::map<std::string, std::uint64_t> ends;
  for (const auto& console : got.consoles()) {
    const auto to = console.from() + static_cast<std::uint64_t>(console.lines_size());
    auto& end = ends[console.attempt() + console.role()];
    end = std::max(end, to);
    if (console.role() == "dut" && console.lines_size() > 0) {
      EXPECT_EQ(console.lines(0).text(), "line " + std::to_string(console.from()));
    }
  }
  for (const auto& [name, end] : ends) EXPECT_EQ(end, name.ends_with("dut") ? 200U : 100U);
}

TEST(StaticReport, IsRefusedWhenTheRestAloneIsTooLarge) {
  auto large = some_head();
  large.mutable_run()->set_sentence(std::string(2000, 's'));
  auto at_once = make(1000, large);
  EXPECT_GT(at_once.fixed(), 2000U);
  const auto refused = at_once.begin_attempt("r1.1.1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, Cause::exhausted);
  EXPECT_EQ(
      refused.error().text,
      fmt::format("without its consoles it takes at least {} bytes of 1000", at_once.fixed()));

  // Timelines count, and a console's lines do not.
  auto later = make(20'000);
  int ended = 0;
  Result<> result;
  while (result) {
    ASSERT_LT(ended, 100);
    Attempt attempt(later, fmt::format("r1.{}.1", ++ended));
    attempt.say(lines_of_text(0, 100));
    for (int i = 0; i < 50; ++i) attempt.note("a note of some words");
    result = attempt.end();
  }
  EXPECT_EQ(result.error().cause, Cause::exhausted);
  EXPECT_GT(ended, 2);
  EXPECT_GT(later.fixed(), 20'000U);
  EXPECT_LT(later.fixed(), 30'000U);
  EXPECT_FALSE(later.write([](std::string_view) -> Result<> { return {}; }));
}

TEST(StaticReport, EndsWithTheFirstErrorOfItsWriter) {
  auto report = make(10 << 20);
  Attempt attempt(report, "r1.1.1");
  attempt.say(lines_of_text(0, 50'000));
  ASSERT_TRUE(attempt.end());
  int pieces = 0;
  const auto wrote = report.write([&](std::string_view) -> Result<> {
    return ++pieces < 3 ? Result<>() : fail(Cause::io, "the disk is full");
  });
  ASSERT_FALSE(wrote);
  EXPECT_EQ(wrote.error().text, "the disk is full");
  EXPECT_EQ(pieces, 3);
}

}  // namespace assay::reports
