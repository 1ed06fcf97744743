// What the kernel makes of a USB storage device: a SCSI device with a disk (/dev/sdX)
// and a node for commands (/dev/sgN), in the testbed's /sys and /dev. Internal to
// virtual_usb but for the facts.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "base/bytes.hpp"

typedef struct _UMockdevIoctlBase UMockdevIoctlBase;

namespace assay::virtual_usb {

struct StorageFacts {
  std::string disk = {};     // "sdb", or "": none
  std::string generic = {};  // "sg1", or "": none
  std::string model = {};
  std::uint64_t sectors = 0;   // of 512 bytes; 0: a reader without a card
  std::string partition = {};  // "sdb1", or "": none
  std::string holder = {};     // "dm-0": who holds the partition, or the disk
  bool read_only = false;
  // A SCSI command and its data, to or from the device; the status.
  std::function<std::uint8_t(ByteView command, std::span<std::uint8_t> data)> on_command = {};
};

// Answers SG_IO on a node.
UMockdevIoctlBase* make_scsi_handler(
    std::function<std::uint8_t(ByteView, std::span<std::uint8_t>)> on_command);

}  // namespace assay::virtual_usb
