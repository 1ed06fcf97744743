// One channel of something that switches: what a power driver implements. The
// rest (inversion, settling, reading back, retries, health) is the same for all
// and done by make_switch_device().
//
// Single-threaded, as abilities::Device. One physical device serves several
// boards, whose hosts are processes of their own: each call takes the device,
// asks, and lets go of it, so that the others come in between.
// Errors: Cause::device when it is not there, not ours to open, or does not do as
// told; the text names it by kind, serial and place.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "drivers/kinds.hpp"

namespace assay::drivers {

class Switch {
 public:
  virtual ~Switch() = default;
  // "DCT-Tech relay BITFT at 1-1.2, channel 3": for errors and evidence.
  [[nodiscard]] virtual std::string about() const = 0;
  // Of the contact, as the device calls it: on is closed. Whole or an error.
  virtual Result<> set(bool on, const Wait&) = 0;
  // Of what is plugged into this machine: is it? Switches nothing and disturbs nobody.
  [[nodiscard]] virtual bool is_plugged() const { return false; }
  virtual Result<> look(const Wait&) { return {}; }
  // As abilities::Device::revive().
  virtual Result<> revive(const Wait&) {
    return fail(Cause::invalid, "{} cannot be reset", about());
  }
  // nullopt: cannot be read, ever. Never guesses.
  virtual Result<std::optional<bool>> get(const Wait&) = 0;
};

using MadeSwitch = Result<std::unique_ptr<Switch>>;

// Takes `invert` and `settle_ms` from the settings.
Made make_switch_device(std::unique_ptr<Switch>, const DriverSetup&, const Json& params);

// For the driver table: a maker of switches as a maker of devices.
template <MadeSwitch (*make)(const Json& params)>
Made power(const DriverSetup& setup, const Json& params) {
  auto made = make(params);
  if (!made) return tl::unexpected(made.error());
  return make_switch_device(std::move(*made), setup, params);
}

}  // namespace assay::drivers
