#include "reports/console_text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <vector>

namespace assay::reports {
namespace {

using std::chrono::milliseconds;

// All lines of `pieces`, the one that has not ended last; piece i comes at i ms.
std::vector<ConsoleLine> lines_of(const std::vector<std::string>& pieces) {
  std::vector<ConsoleLine> lines;
  const auto keep = [&](ConsoleLine&& line) { lines.push_back(std::move(line)); };
  ConsoleText text;
  int at = 0;
  for (const auto& piece : pieces) text.add(milliseconds(at++), piece, keep);
  if (auto open = text.open()) lines.push_back(std::move(*open));
  EXPECT_EQ(text.lines(), lines.size());
  return lines;
}
std::vector<std::string> texts(const std::vector<std::string>& pieces) {
  std::vector<std::string> all;
  for (const auto& line : lines_of(pieces)) all.push_back(line.text + (line.open ? "…" : ""));
  return all;
}
using Texts = std::vector<std::string>;

TEST(ConsoleText, SplitsLinesAndDropsReturns) {
  EXPECT_EQ(texts({"one\r\ntwo\n\r\nthr", "ee"}), (Texts{"one", "two", "", "three…"}));
  EXPECT_EQ(texts({}), Texts{});
}

TEST(ConsoleText, TellsWhenTheFirstByteCame) {
  const auto lines = lines_of({"a", "b\nc", "d\n"});
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].at, milliseconds(0));
  EXPECT_EQ(lines[1].at, milliseconds(1));
}

TEST(ConsoleText, LeavesOutSmpFrames) {
  EXPECT_EQ(texts({"\x06\x09QUJD\nI: hello\n\x04\x14REVG\n"}), (Texts{"I: hello"}));
}

TEST(ConsoleText, KeepsColoursAndMendsWhatIsNoUtf8) {
  EXPECT_EQ(texts({"\x1b[31mred\x1b[0m\n"}), (Texts{"\x1b[31mred\x1b[0m"}));
  EXPECT_EQ(texts({"a\xff z\n"}), (Texts{"a\xEF\xBF\xBD z"}));
  EXPECT_EQ(texts({"<script>\xE2\x80\xA8\n"}), (Texts{"<script>\xE2\x80\xA8"}));
}

TEST(ConsoleText, CutsLinesThatAreTooLong) {
  const auto lines = lines_of({std::string(5000, 'x') + "\n"});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].text.size(), max_line);
  EXPECT_EQ(lines[0].left_out, 1000U);
}

// Whatever pieces the bytes come in, the lines are the same.
RC_GTEST_PROP(ConsoleText, DoesNotDependOnThePieces, ()) {
  const auto bytes = *rc::gen::container<std::string>(
      rc::gen::element('a', '\n', '\r', '\x06', '\x09', '\x04', '\x14', '\x1b', '\xE2', '\x80'));
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto size = *rc::gen::inRange<std::size_t>(1, 5);
    pieces.push_back(bytes.substr(at, size));
    at += size;
  }
  RC_ASSERT(texts(pieces) == texts({bytes}));
}

}  // namespace
}  // namespace assay::reports
