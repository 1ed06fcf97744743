// What lets an unprivileged agent open its devices. Thread-safe: free functions.
#pragma once

#include <string>

namespace assay::scan {

// For /etc/udev/rules.d/70-assay.rules, which usb::cannot_open() names: every USB
// id of the driver table and every known probe.
std::string udev_rules();

}  // namespace assay::scan
