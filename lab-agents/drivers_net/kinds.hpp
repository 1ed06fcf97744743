// Drivers of switches on networks. They need libcurl, libmosquitto and net-snmp,
// which bring 30 libraries to each start of a device host: so they have a host
// program of their own, assay-host-net.
#pragma once

#include <span>

#include "drivers/kinds.hpp"
#include "drivers/power/switch.hpp"

namespace assay::drivers {

MadeSwitch make_http(const Json& params);
MadeSwitch make_shelly(const Json& params);
MadeSwitch make_snmp(const Json& params);
MadeSwitch make_tasmota(const Json& params);
MadeSwitch make_tasmota_mqtt(const Json& params);

// For make_driver().
std::span<const Kind> network_kinds();

}  // namespace assay::drivers
