// The makers of power switches on serial lines and networks; driver.cpp has the table.
#pragma once

#include "drivers/power/switch.hpp"

namespace assay::drivers {

MadeSwitch make_devantech(const Json& params);
MadeSwitch make_http(const Json& params);
MadeSwitch make_lcus_serial(const Json& params);
MadeSwitch make_numato(const Json& params);
MadeSwitch make_shelly(const Json& params);
MadeSwitch make_snmp(const Json& params);
MadeSwitch make_tasmota(const Json& params);
MadeSwitch make_tasmota_mqtt(const Json& params);

}  // namespace assay::drivers
