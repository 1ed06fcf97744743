// The table that lab files are read by, and the code to each of its rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/driver.hpp"
#include "drivers_net/kinds.hpp"
#include "plans/driver_table.hpp"

namespace assay::drivers {
namespace {

TEST(DriverTable, EachRowHasCodeAndAllCodeHasARow) {
  EXPECT_THAT(driver_kinds(network_kinds()),
              testing::UnorderedElementsAreArray(plans::driver_names()));
}

TEST(DriverTable, EachRowNamesTheHostProgramThatHasIt) {
  for (const plans::DriverFacts& driver : plans::driver_table()) {
    bool network = false;
    for (const Kind& kind : network_kinds()) network = network || kind.name == driver.name;
    EXPECT_EQ(driver.host, network ? "net" : "") << driver.name;
  }
}

TEST(DriverTable, EachRowSaysWhatItIs) {
  for (const plans::DriverFacts& driver : plans::driver_table()) {
    EXPECT_FALSE(driver.about.empty()) << driver.name;
    for (const plans::DriverKey& key : plans::keys_of(driver)) {
      if (key.kind == plans::DriverKey::Kind::word) {
        EXPECT_FALSE(key.words.empty()) << driver.name << " " << key.name;
      }
    }
  }
}

}  // namespace
}  // namespace assay::drivers
