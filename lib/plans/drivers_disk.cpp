// Drivers that write whole disks.
#include "plans/driver_table.hpp"

namespace assay::plans {
namespace {

using K = DriverKey::Kind;

constexpr DriverKey disk_keys[] = {
    {.name = "port",
     .about = "the USB port that the card reader or the drive is plugged into, such as 1-1.4.1"},
    {.name = "serial", .about = "the serial number of that USB device"},
    {.name = "path",
     .kind = K::path,
     .about = "a link below /dev/disk/by-id or /dev/disk/by-path to the whole disk"},
    {.name = "file",
     .kind = K::path,
     .about = "a file in a disk's place, as large as the disk; for boards that are emulated"},
    {.name = "appears",
     .kind = K::duration,
     .otherwise = "15s",
     .about = "how long the disk may take to come after the mux was switched"}};

}  // namespace

std::vector<DriverFacts> disk_drivers() {
  return {
      {.name = "disk",
       .abilities = "flash",
       .about = "disk images (raw, .xz, .zst, .gz, with block map) on SD cards and USB disks",
       .keys = disk_keys,
       .proven = "files, emulated block devices (umockdev); real liblzma, libzstd, zlib",
       .one_of = "port serial path file"},
  };
}

}  // namespace assay::plans
