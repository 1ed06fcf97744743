#include "reports/static_report.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <chrono>

namespace assay::reports {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view page =
    R"(<html><script id="assay-report" type="application/json">{}</script><script>go()</script>)";

TEST(StaticReport, NothingInTheDataEndsItsElement) {
  v1::StaticReport report;
  const std::string hostile = "</script><script>alert(1)</script><!-- & \xE2\x80\xA8\xE2\x80\xA9";
  report.mutable_run()->set_sentence(hostile);
  const auto json = embedded_json(report);
  ASSERT_TRUE(json);
  for (const char* raw : {"<", ">", "&", "\xE2\x80\xA8", "\xE2\x80\xA9"})
    EXPECT_THAT(*json, Not(HasSubstr(raw)));
  v1::StaticReport back;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(*json, &back).ok());
  EXPECT_EQ(back.run().sentence(), hostile);
}

TEST(StaticReport, DataTakeTheirPlaceInThePage) {
  EXPECT_EQ(*report_page(page, R"({"a":1})"),
            R"(<html><script id="assay-report" type="application/json">{"a":1}</script>)"
            "<script>go()</script>");
}

TEST(StaticReport, PageWithoutThePlaceIsRefused) {
  const std::string words =
      "it does not have '<script id=\"assay-report\" type=\"application/json\">' once: build the "
      "pages again";
  EXPECT_EQ(report_page("<html>", "{}").error().text, words);
  EXPECT_EQ(report_page(std::string(page) + std::string(page), "{}").error().text, words);
}

TEST(ReportedConsole, KeepsBothEndsAndSaysWhatIsMissing) {
  ReportedConsole console("r1.1.1", "dut");
  for (int i = 0; i < 1000; ++i)
    console.add({"line " + std::to_string(i), std::chrono::milliseconds(i)});
  EXPECT_EQ(console.missing(), 0U);
  console.shrink(console.size() / 10);
  EXPECT_EQ(console.lines(), 1000U);
  EXPECT_GT(console.missing(), 880U);
  v1::StaticReport report;
  console.fill(12345, true, "", &report);
  ASSERT_EQ(report.consoles_size(), 2);
  const auto& head = report.consoles(0);
  const auto& tail = report.consoles(1);
  EXPECT_EQ(head.from(), 0U);
  EXPECT_EQ(head.lines(0).text(), "line 0");
  EXPECT_EQ(tail.from() + static_cast<std::uint64_t>(tail.lines_size()), 1000U);
  EXPECT_EQ(tail.lines(0).text(), "line " + std::to_string(tail.from()));
  EXPECT_EQ(tail.lines(tail.lines_size() - 1).text(), "line 999");
  EXPECT_EQ(static_cast<std::uint64_t>(head.lines_size() + tail.lines_size()),
            1000U - console.missing());
}

TEST(FairSize, GivesLargeOnesWhatSmallOnesLeave) {
  EXPECT_EQ(fair_size({10, 20, 30}, 100), SIZE_MAX);
  EXPECT_EQ(fair_size({10, 1000, 1000}, 110), 50U);
  EXPECT_EQ(fair_size({}, 5), SIZE_MAX);
}

}  // namespace
}  // namespace assay::reports
