#include "plans/driver_table.hpp"

#include <algorithm>

namespace assay::plans {

namespace {

using K = DriverKey::Kind;

constexpr DriverKey switch_keys[] = {
    {.name = "invert",
     .kind = K::flag,
     .about = "the board hangs on the normally closed contact: a relay that is on cuts its power"},
    {.name = "settle",
     .kind = K::duration,
     .otherwise = "0s",
     .about = "waited after each switching, for supplies that discharge slowly"}};

}  // namespace

std::span<const DriverFacts> driver_table() {
  static const std::vector<DriverFacts> table = [] {
    std::vector<DriverFacts> all;
    for (auto* rows :
         {power_drivers, flash_drivers, disk_drivers, mux_drivers, console_drivers, board_drivers})
      for (const DriverFacts& one : rows()) all.push_back(one);
    return all;
  }();
  return table;
}

std::vector<DriverKey> keys_of(const DriverFacts& driver) {
  std::vector<DriverKey> keys(driver.keys.begin(), driver.keys.end());
  // `command` is its own switch, with words of its own.
  if (driver.abilities == "power" && driver.name != "command")
    keys.insert(keys.end(), std::begin(switch_keys), std::end(switch_keys));
  return keys;
}

std::vector<std::string> driver_names() {
  std::vector<std::string> names;
  for (const DriverFacts& driver : driver_table()) {
    std::string name(driver.name);
    if (std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(std::move(name));
  }
  return names;
}

}  // namespace assay::plans
