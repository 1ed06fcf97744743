// The drivers: which kinds of device a host can serve (abilities::Device says how).
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "abilities/device.hpp"

namespace assay::drivers {

struct DriverSetup {
  std::string kind;                     // "virtual-zephyr", "command", "serial"
  std::string params_json;              // an object, as lib/plans/lab.hpp describes it for the kind
  std::filesystem::path state_folder;   // the device's own, for what must outlive the host
  abilities::IncidentSink on_incident;  // may be null
};

using Json = nlohmann::json;
using Made = Result<std::unique_ptr<abilities::Device>>;

// A row of the driver table.
struct Kind {
  std::string_view name;
  Made (*make)(const DriverSetup&, const Json&);
};

// The one driver table, and what a host program has `more`. Cause::invalid: an
// unknown kind or parameters that it does not take.
Made make_driver(DriverSetup, std::span<const Kind> more = {});
std::vector<std::string> driver_kinds(std::span<const Kind> more = {});

}  // namespace assay::drivers
