// The drivers: which kinds of device a host can serve (abilities::Device says how).
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "abilities/device.hpp"

namespace assay::drivers {

struct DriverSetup {
  std::string kind;                     // "virtual-zephyr", "command", "serial"
  std::string params_json;              // an object, as lib/plans/lab.hpp describes it for the kind
  std::filesystem::path state_folder;   // the device's own, for what must outlive the host
  abilities::IncidentSink on_incident;  // may be null
};

// The one driver table. Cause::invalid: an unknown kind or parameters that it
// does not take.
Result<std::unique_ptr<abilities::Device>> make_driver(DriverSetup);
std::vector<std::string> driver_kinds();

}  // namespace assay::drivers
