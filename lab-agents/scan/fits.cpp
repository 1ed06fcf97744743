#include "scan/fits.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace assay::scan {

std::vector<usb::Id> ids_of(const plans::DriverFacts& row) {
  std::vector<usb::Id> ids;
  for (const std::string_view word : split(row.usb, ' ')) {
    const auto colon = word.find(':');
    if (colon == std::string_view::npos) continue;
    usb::Id id;
    std::from_chars(word.data(), word.data() + colon, id.vendor, 16);
    std::from_chars(word.data() + colon + 1, word.data() + word.size(), id.product, 16);
    ids.push_back(id);
  }
  return ids;
}

std::vector<const plans::DriverFacts*> rows_that_fit(const usb::Attached& device) {
  std::vector<const plans::DriverFacts*> rows;
  for (const plans::DriverFacts& row : plans::driver_table()) {
    const auto ids = ids_of(row);
    if (std::find(ids.begin(), ids.end(), device.id) != ids.end() &&
        device.name.starts_with(row.usb_name))
      rows.push_back(&row);
  }
  return rows;
}

bool has_key(const plans::DriverFacts& row, std::string_view key) {
  return std::any_of(row.keys.begin(), row.keys.end(),
                     [&](const plans::DriverKey& one) { return one.name == key; });
}

}  // namespace assay::scan
