// What a mux driver implements. The rest (reading back, retries, health) is the same
// for all and done by make_mux_device().
//
// Single-threaded, as abilities::Device; each call takes the device, asks, and lets
// go of it. Errors: as of drivers/power/switch.hpp.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "abilities/ability.hpp"
#include "drivers/kinds.hpp"

namespace assay::drivers {

using Side = abilities::Mux::Side;

class SideSwitch {
 public:
  virtual ~SideSwitch() = default;
  // "SDWire sd-wire_7 at 1-1.2": for errors and evidence.
  [[nodiscard]] virtual std::string about() const = 0;
  virtual Result<> set(Side, const Wait&) = 0;
  // nullopt: cannot be read, ever. Cause::device when it is switched to neither.
  virtual Result<std::optional<Side>> get(const Wait&) = 0;
};

using MadeSideSwitch = Result<std::unique_ptr<SideSwitch>>;

std::unique_ptr<abilities::Device> make_mux_device(std::unique_ptr<SideSwitch>);

// For the driver table: a maker of side switches as a maker of devices.
template <MadeSideSwitch (*make)(const Json& params)>
Made mux(const DriverSetup&, const Json& params) {
  auto made = make(params);
  if (!made) return tl::unexpected(made.error());
  return make_mux_device(std::move(*made));
}

Made make_command_mux(const Json& params);
MadeSideSwitch make_sdwire(const Json& params);
MadeSideSwitch make_usbsdmux(const Json& params);

}  // namespace assay::drivers
