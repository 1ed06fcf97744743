// A driver: one device of a board and the abilities that it gives, inside a
// device host.
//
// Single-threaded: the host calls everything on its one thread, and sinks run
// inside on_ready() or inside an operation. Operations may block until their
// Wait ends. The order's epoch has been checked before.
#pragma once

#include <poll.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "abilities/ability.hpp"

namespace assay::drivers {

using IncidentSink = std::function<void(const abilities::Incident&)>;

class Driver {
 public:
  virtual ~Driver() = default;
  // Null: this device lacks it.
  virtual abilities::Power* power() { return nullptr; }
  virtual abilities::Reset* reset() { return nullptr; }
  virtual abilities::Flash* flash() { return nullptr; }
  virtual abilities::Console* console() { return nullptr; }
  // Does the ability demonstrably work? Never disturbs the program under test.
  virtual Result<> check(std::string_view ability, const abilities::Order&) = 0;

  // What to wait for between operations; asked anew before every wait. With
  // `console_full` nothing that console bytes come from.
  virtual void poll_fds(std::vector<pollfd>&, bool console_full) = 0;
  // Some of the descriptors named last are ready (revents are set).
  virtual void on_ready(std::span<const pollfd>) = 0;
};

struct DriverSetup {
  std::string kind;                    // "virtual-zephyr", "command", "serial"
  std::string params_json;             // an object, as lib/plans/lab.hpp describes it for the kind
  std::filesystem::path state_folder;  // the device's own, for what must outlive the host
  IncidentSink on_incident;            // may be null
};

// The one driver table. Cause::invalid: an unknown kind or parameters that it
// does not take.
Result<std::unique_ptr<Driver>> make_driver(DriverSetup);
std::vector<std::string> driver_kinds();

}  // namespace assay::drivers
