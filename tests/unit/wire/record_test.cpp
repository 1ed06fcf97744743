// Records read one after another, and console events looked at where they lie.
#include "wire/record.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "generators.hpp"
#include "wire/console_view.hpp"
#include "wire/event.hpp"
#include "wire/limits.hpp"

namespace assay::wire {
namespace {

// Gives at most `most` bytes a call, as a file that still grows may.
RecordReader reader(const std::string& file, std::size_t most) {
  return {[&file, most](std::uint64_t offset, std::span<std::uint8_t> into) -> Result<std::size_t> {
            const std::size_t there = offset < file.size() ? file.size() - offset : 0;
            const std::size_t size = std::min({into.size(), there, most});
            std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(offset), size, into.begin());
            return size;
          },
          0, 1U << 20};
}

RC_GTEST_PROP(RecordReader, GivesEachRecordWhole, ()) {
  std::string file;
  std::vector<std::string> messages;
  std::vector<std::uint64_t> offsets;
  for (int n = test::below(20); n > 0; --n) {
    messages.emplace_back(*rc::gen::inRange<std::size_t>(1, 400'000), static_cast<char>('a' + n));
    offsets.push_back(file.size());
    file += make_record(messages.back());
  }
  auto records = reader(file, 1U << 20);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    RC_ASSERT(records.offset() == offsets[i]);
    const auto next = records.next();
    RC_ASSERT(next.has_value() && next->has_value());
    RC_ASSERT(**next == messages[i]);
  }
  RC_ASSERT(!records.next()->has_value());
  RC_ASSERT(records.offset() == file.size());
  if (messages.empty()) return;
  // Back, or ahead, to any of them.
  const auto i = *rc::gen::inRange<std::size_t>(0, messages.size());
  records.seek(offsets[i]);
  RC_ASSERT(**records.next() == messages[i]);
}

TEST(RecordReader, StopsAtWhatIsNoWholeRecordAndLooksAgain) {
  std::string file = make_record("one");
  const std::string two = make_record("two");
  file += two.substr(0, 9);
  auto records = reader(file, 1U << 20);
  EXPECT_EQ(**records.next(), "one");
  EXPECT_FALSE(records.next()->has_value());
  file += two.substr(9);
  EXPECT_EQ(**records.next(), "two");

  file += make_record("damaged");
  file.back() = 'X';
  EXPECT_FALSE(records.next()->has_value());
  file = make_record(std::string((1U << 20) + 1, 'x'));  // longer than any may be
  EXPECT_FALSE(reader(file, 1U << 20).next()->has_value());
  file = std::string(64, '\0');
  EXPECT_FALSE(reader(file, 1U << 20).next()->has_value());
}

void same(const ConsoleView& view, const evidence::Event& event) {
  const auto& console = std::get<evidence::ConsoleBytes>(event.body);
  EXPECT_EQ(view.seq, event.seq);
  EXPECT_EQ(view.at, event.at);
  EXPECT_EQ(view.role, event.role);
  EXPECT_EQ(view.board, event.board);
  EXPECT_EQ(view.offset, console.offset);
  EXPECT_EQ(view.sent, console.sent);
  EXPECT_EQ(view.data, as_text(console.bytes));
}

RC_GTEST_PROP(ConsoleView, SeesWhatIsDecoded, ()) {
  const evidence::Event event = test::event();
  const std::string message = encode(event);
  const auto view = view_console(message);
  const auto* console = std::get_if<evidence::ConsoleBytes>(&event.body);
  if (console == nullptr) {
    RC_ASSERT(!view);
  } else {
    RC_ASSERT(view.has_value());
    same(*view, event);
  }
}

// Whatever it takes, decode_event() takes, and says the same.
RC_GTEST_PROP(ConsoleView, TakesNothingThatIsNotAnEvent, ()) {
  evidence::Event event = test::event();
  event.body = evidence::ConsoleBytes{7, test::flag(), *rc::gen::arbitrary<Bytes>()};
  std::string message = encode(event);
  for (int n = test::below(4); n > 0 && !message.empty(); --n) {
    const auto at = *rc::gen::inRange<std::size_t>(0, message.size());
    message[at] = *rc::gen::arbitrary<char>();
    if (test::below(4) == 0) message.erase(at);
  }
  const auto view = view_console(message);
  if (!view) return;
  const auto decoded = decode_event(as_bytes(message));
  RC_ASSERT(decoded.has_value());
  same(*view, *decoded);
}

TEST(ConsoleView, RefusesWhatIsTooLong) {
  evidence::Event event{1, {}, "dut", "v1", evidence::ConsoleBytes{}};
  auto& console = std::get<evidence::ConsoleBytes>(event.body);
  console.bytes.resize(max_console_piece);
  EXPECT_TRUE(view_console(encode(event)));
  console.bytes.resize(max_console_piece + 1);
  EXPECT_FALSE(view_console(encode(event)));
}

}  // namespace
}  // namespace assay::wire
