// Makers of power switches, for make_driver()'s table. Internal to drivers/.
#pragma once

#include "drivers/power/switch.hpp"

namespace assay::drivers {

// On USB.
MadeSwitch make_dcttech(const Json& params);

}  // namespace assay::drivers
