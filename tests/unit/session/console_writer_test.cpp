#include "session/console_writer.hpp"

#include <gtest/gtest.h>

#include <future>

namespace assay::session {
namespace {

TEST(ConsoleWriter, WritesInOrderWhatWasTypedMeanwhileAtOnce) {
  std::promise<void> begun, go, all;
  std::string written;
  ConsoleWriter writer([&](const std::string& bytes, const Wait&) {
    if (written.empty()) {
      begun.set_value();
      go.get_future().wait();
    }
    written += "<" + bytes + ">";
    if (bytes == "bcd") all.set_value();
  });
  const auto input = writer.input();
  EXPECT_TRUE(input("a"));
  begun.get_future().wait();
  for (const char* typed : {"b", "c", "d"}) EXPECT_TRUE(input(typed));  // none of them waits
  go.set_value();
  all.get_future().wait();
  EXPECT_EQ(written, "<a><bcd>");
}

TEST(ConsoleWriter, IsBoundedAndCallsOffABoardThatTakesNothing) {
  std::promise<void> begun, called_off;
  ConsoleWriter::Input input;
  {
    ConsoleWriter writer(
        [&](const std::string&, const Wait& wait) {
          std::promise<void> stopped;
          const std::stop_callback on_stop(wait.stop, [&] { stopped.set_value(); });
          begun.set_value();
          stopped.get_future().wait();
          called_off.set_value();
        },
        8);
    input = writer.input();
    EXPECT_TRUE(input("x"));
    begun.get_future().wait();
    EXPECT_TRUE(input("12345678"));
    EXPECT_FALSE(input("9"));
  }
  EXPECT_EQ(called_off.get_future().wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_FALSE(input("9"));  // a late reaction of gRPC
}

}  // namespace
}  // namespace assay::session
