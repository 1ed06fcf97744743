// What the kernel has made of storage devices, as sysfs lists it: needs no permission.
// Thread-safe: free functions and values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace assay::drivers {

struct Storage {
  std::string name;    // "sdb", "sg1"
  std::string node;    // "/dev/sdb"
  std::string folder;  // in /sys
  std::string port;    // the USB port that it hangs on, or ""
  std::string usb_id;  // "0424:4041", or ""
  std::string serial;  // the USB device's, or ""
  std::string model;   // the medium's or reader's own words
};

// "block": whole disks, without partitions; "scsi_generic": what takes SCSI commands.
Result<std::vector<Storage>> storage(std::string_view of_class);
// "sdb (SDXC Card Reader at 1-1.4, serial 0123)".
std::string about(const Storage&);
// One attribute's text, or "".
std::string attribute(const std::string& folder, std::string_view name);

}  // namespace assay::drivers
