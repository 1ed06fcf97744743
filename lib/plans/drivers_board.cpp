// Drivers that give a whole board.
#include "plans/driver_table.hpp"

namespace assay::plans {

std::vector<DriverFacts> board_drivers() {
  return {
      {.name = "virtual-zephyr",
       .abilities = "power flash flash.read console reset",
       .about = "a virtual board: MCUboot and Zephyr in QEMU",
       .keys = {},
       .proven = "real QEMU, real firmware"},
  };
}

}  // namespace assay::plans
