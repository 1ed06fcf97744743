// What is generated from the driver table: docs/HARDWARE.md and the udev rules.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>

#include "base/file.hpp"
#include "plans/driver_table.hpp"
#include "scan/driver_docs.hpp"
#include "scan/fits.hpp"
#include "scan/probes.hpp"
#include "scan/udev_rules.hpp"
#include "support.hpp"

namespace assay::scan {
namespace {

using testing::HasSubstr;

constexpr const char* document = "docs/HARDWARE.md";
constexpr std::string_view begin_mark = "<!-- drivers: generated -->\n";
constexpr std::string_view end_mark = "<!-- end -->\n";

// ASSAY_WRITE_GOLDEN=1 writes it.
TEST(Documents, TheDriversOfHardwareMdAreTheTables) {
  std::string text = read_text(document).value_or("");
  const auto begin = text.find(begin_mark), end = text.find(end_mark, begin);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const auto from = begin + begin_mark.size();
  const std::string wanted = "\n" + drivers_markdown() + "\n";
  if (std::getenv("ASSAY_WRITE_GOLDEN") != nullptr)
    std::ofstream(document) << text.substr(0, from) << wanted << text.substr(end);
  text = read_text(document).value_or("");
  EXPECT_EQ(text.substr(from, text.find(end_mark, begin) - from), wanted)
      << "type: ASSAY_WRITE_GOLDEN=1 scan_test --gtest_filter=Documents.*";
}

TEST(Documents, EveryDriverIsThere) {
  const std::string text = drivers_markdown();
  for (const auto& row : plans::driver_table()) {
    EXPECT_THAT(text, HasSubstr("| `" + std::string(row.name) + "` | " +
                                std::string(row.abilities) + " | "));
    for (const auto& key : keys_of(row))
      EXPECT_THAT(text, HasSubstr("| `" + std::string(key.name) + "` | "));
  }
}

TEST(Documents, UdevRules) {
  const std::string rules = udev_rules();
  EXPECT_THAT(rules, HasSubstr("# dcttech: DCT-Tech USB relays (USBRelay1 to USBRelay8)\n"
                               "ATTR{idVendor}==\"16c0\", ATTR{idProduct}==\"05df\", "
                               "GROUP=\"assay\", MODE=\"0660\", TAG+=\"uaccess\"\n"));
  EXPECT_THAT(rules, HasSubstr("\nATTR{bDeviceClass}==\"09\", GROUP=\"assay\", MODE=\"0660\"\n"));
  EXPECT_THAT(rules, HasSubstr("\nATTR{idVendor}==\"1366\", GROUP=\"assay\""));
  EXPECT_THAT(rules, HasSubstr("/etc/udev/rules.d/70-assay.rules"));
  // udev ignores a line that it cannot read.
  const std::regex good(
      "#.*|[A-Z]+(\\{\\w+\\})?(==|!=)\"[^\"]+\"(, [A-Z]+(\\{\\w+\\})?(==|=|\\+=)\"[^\"]+\")+|"
      "[A-Z]+=\"\\w+\"|");
  std::istringstream lines(rules);
  std::set<std::string> once;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(std::regex_match(line, good)) << line;
    EXPECT_TRUE(line.empty() || once.insert(line).second) << line;
  }
}

TEST_F(ScanTest, UdevRulesAreThoseThatAnErrorNames) {
  const std::string error = usb::cannot_open("/dev/bus/usb/001/002", EACCES);
  EXPECT_THAT(error, HasSubstr("`assay-agent udev-rules`"));
  EXPECT_THAT(error, HasSubstr("/etc/udev/rules.d/70-assay.rules"));
}

TEST(Documents, EveryIdOfTheTableCanBeRead) {
  for (const auto& row : plans::driver_table()) {
    for (const auto id : ids_of(row)) {
      EXPECT_NE(id.vendor, 0) << row.name;
      EXPECT_NE(std::string(row.usb).find(usb::to_string(id)), std::string::npos) << row.name;
    }
  }
}

}  // namespace
}  // namespace assay::scan
