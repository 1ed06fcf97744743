// One device of a board with some of its abilities: what a driver implements and
// a device host serves.
//
// Single-threaded: the host calls everything on its one thread, one at a time,
// and sinks run inside on_ready() or inside an operation. An operation may block
// until its Wait ends; past that the agent kills the host. The order's epoch has
// been checked before.
#pragma once

#include <poll.h>

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "abilities/ability.hpp"

namespace assay::abilities {

using IncidentSink = std::function<void(const Incident&)>;

class Device {
 public:
  virtual ~Device() = default;
  // Null: this device lacks it.
  virtual Power* power() { return nullptr; }
  virtual Reset* reset() { return nullptr; }
  virtual Flash* flash() { return nullptr; }
  // listen() is called once, before the first operation.
  virtual Console* console() { return nullptr; }
  virtual Mux* mux() { return nullptr; }
  // What does it, for the evidence: "pyOCD 0.46.0, probe 0240, target nrf51". Known
  // without asking the hardware; "": nothing to say.
  [[nodiscard]] virtual std::string about(std::string_view /*ability*/) const { return ""; }
  // Resets the device itself (a probe that hangs), not the board behind it.
  virtual Result<> revive(const Order&) {
    return fail(Cause::invalid, "this device cannot be reset");
  }
  // As Board::check().
  virtual Result<Health> check(std::string_view ability, const Order&) = 0;

  // What to wait for between operations; asked anew before every wait.
  // `console_full`: the agent reads slower than the device writes. Leave out
  // what console bytes come from, so that the device feels the back-pressure.
  virtual void poll_fds(std::vector<pollfd>&, bool console_full) = 0;
  // Some of the descriptors named last are ready (revents are set).
  virtual void on_ready(std::span<const pollfd>) = 0;
};

}  // namespace assay::abilities
