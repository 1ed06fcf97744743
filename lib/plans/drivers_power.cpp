// Drivers of power switches. `invert` and `settle` are every switch's.
#include "plans/driver_table.hpp"

namespace assay::plans {
namespace {

using K = DriverKey::Kind;

constexpr DriverKey command_keys[] = {
    {.name = "on", .kind = K::command, .needed = true, .about = "switches it on"},
    {.name = "off", .kind = K::command, .needed = true, .about = "switches it off"},
    {.name = "status",
     .kind = K::command,
     .about = "prints on or off, or exits with 0 (on) or 1 (off)"},
    {.name = "timeout", .kind = K::duration, .otherwise = "10s", .about = "of one command"}};

}  // namespace

std::vector<DriverFacts> power_drivers() {
  return {
      {.name = "command",
       .abilities = "power",
       .about = "any switch that programs of yours can drive",
       .keys = command_keys,
       .proven = "real programs"},
  };
}

}  // namespace assay::plans
