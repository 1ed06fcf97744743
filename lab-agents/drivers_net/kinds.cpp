#include "drivers_net/kinds.hpp"

#include <array>

namespace assay::drivers {

std::span<const Kind> network_kinds() {
  static constexpr std::array kinds{
      // by name
      Kind{"http", power<make_http>},
      Kind{"shelly", power<make_shelly>},
      Kind{"snmp", power<make_snmp>},
      Kind{"tasmota", power<make_tasmota>},
      Kind{"tasmota-mqtt", power<make_tasmota_mqtt>},
  };
  return kinds;
}

}  // namespace assay::drivers
