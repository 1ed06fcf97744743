// Debug probes: which USB devices are one, and which boards tell theirs.
// Source: USB ids as pyOCD 0.46 knows them; CMSIS-DAP specification (a probe has
// "CMSIS-DAP" in its product or an interface's name). Constant; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "usb/bus.hpp"

namespace assay::scan {

struct KnownProbe {
  std::uint16_t vendor = 0, product = 0;  // product 0: any of this vendor
  std::string_view name;
};
std::span<const KnownProbe> known_probes();

// "CMSIS-DAP", "ST-Link V2", "J-Link"; "": it is no probe. `interfaces` are the
// names of its interfaces.
std::string_view probe_kind(const usb::Attached&, const std::vector<std::string>& interfaces);
// As pyOCD calls it.
std::string uid_of(const usb::Attached&);

// A board whose probe's serial number begins with a number of its maker's.
struct KnownBoard {
  std::string_view begins, profile, target;
};
// nullptr: the probe does not say.
const KnownBoard* board_of(const usb::Attached&);

}  // namespace assay::scan
