// Makers of power switches, for make_driver()'s table. Internal to drivers/.
#pragma once

#include "drivers/power/switch.hpp"

namespace assay::drivers {

// On USB.
MadeSwitch make_dcttech(const Json& params);
MadeSwitch make_energenie(const Json& params);
MadeSwitch make_ft245r(const Json& params);
MadeSwitch make_ftdi_cbus(const Json& params);
MadeSwitch make_lcus_hid(const Json& params);
MadeSwitch make_sainsmart16(const Json& params);
MadeSwitch make_ucreatefun(const Json& params);
MadeSwitch make_usb_hub(const Json& params);
MadeSwitch make_ykush(const Json& params);

// On serial lines.
MadeSwitch make_devantech(const Json& params);
MadeSwitch make_lcus_serial(const Json& params);
MadeSwitch make_numato(const Json& params);

}  // namespace assay::drivers
