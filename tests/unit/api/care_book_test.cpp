// When the health of boards is checked.
#include "api/care_book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::api {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::IsEmpty;

BootTime at(Duration d) {
  return BootTime{} + d;
}

class CareBookTest : public testing::Test {
 protected:
  void see(const std::string& incarnation, bool usable, BootTime now) {
    book.saw({{"v1", "type", incarnation, usable, usable}}, now);
  }
  std::vector<std::string> due(BootTime now) {
    std::vector<std::string> all;
    for (const auto& one : book.take_due(now)) all.push_back(one.board + ": " + one.why);
    return all;
  }

  plans::HealthCheck health{"lab-check", hours(6), true, true};
  CareBook book{[this](const std::string&) { return health; }};
};

TEST_F(CareBookTest, ABoardIsCheckedWhenItsAgentStartsAndThenEverySoOften) {
  see("one", true, at(hours(1)));
  EXPECT_THAT(due(at(hours(1))), ElementsAre("v1: its agent started"));
  EXPECT_THAT(due(at(hours(2))), IsEmpty());  // under way
  EXPECT_FALSE(book.next_due());
  book.ended("v1", at(hours(2)));
  EXPECT_THAT(due(at(hours(7))), IsEmpty());
  EXPECT_EQ(book.next_due(), at(hours(8)));
  EXPECT_THAT(due(at(hours(8))), ElementsAre("v1: every 6 h 0 min"));
}

TEST_F(CareBookTest, AReconnectIsNoStart) {
  see("one", true, at(hours(1)));
  due(at(hours(1)));
  book.ended("v1", at(hours(1)));
  see("", false, at(hours(2)));
  see("one", true, at(hours(2)));
  EXPECT_THAT(due(at(hours(2))), ElementsAre("v1: it is back"));
  book.ended("v1", at(hours(2)));
  see("two", true, at(hours(3)));
  EXPECT_THAT(due(at(hours(3))), ElementsAre("v1: its agent started"));
}

TEST_F(CareBookTest, ALabErrorAsksForACheckUnlessOneIsUnderWay) {
  see("one", true, at(hours(1)));
  due(at(hours(1)));
  book.lab_error("v1", at(hours(1)));
  EXPECT_THAT(due(at(hours(1))), IsEmpty());
  book.ended("v1", at(hours(1)));
  book.lab_error("v1", at(hours(2)));
  EXPECT_THAT(due(at(hours(2))), ElementsAre("v1: after a lab error"));
  book.lab_error("unknown", at(hours(2)));
}

TEST_F(CareBookTest, ABoardOutOfUseWaits) {
  see("one", false, at(hours(1)));
  EXPECT_THAT(due(at(hours(1))), IsEmpty());
  EXPECT_FALSE(book.next_due());
  see("one", true, at(hours(5)));
  EXPECT_THAT(due(at(hours(5))), ElementsAre("v1: its agent started"));
}

TEST_F(CareBookTest, APersonsWordIsNotDoubted) {
  see("one", true, at(hours(1)));
  due(at(hours(1)));
  book.ended("v1", at(hours(1)));
  book.saw({{"v1", "type", "one", true, false}}, at(hours(2)));  // quarantined by a person
  EXPECT_THAT(due(at(hours(20))), IsEmpty());
  book.saw({{"v1", "type", "one", true, true}}, at(hours(21)));
  EXPECT_THAT(due(at(hours(21))), ElementsAre("v1: every 6 h 0 min"));
}

TEST_F(CareBookTest, ATypeMayAskForLess) {
  health = {"lab-check", {}, false, false};
  see("one", true, at(hours(1)));
  book.lab_error("v1", at(hours(1)));
  EXPECT_THAT(due(at(hours(100))), IsEmpty());
  health = {};
  see("two", true, at(hours(100)));
  EXPECT_THAT(due(at(hours(200))), IsEmpty());
}

}  // namespace
}  // namespace assay::api
