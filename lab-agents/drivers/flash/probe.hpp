// Flashing through a debug probe, whatever tool speaks to it: what a tool's driver
// implements, and the device made of it.
//
// All of them the same way: the chip is asked who it is before the first write of
// a lease; what was written is read back and compared by us; the program under
// test runs from the reset at the end, not before that.
// Single-threaded, as abilities::Device.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "abilities/device.hpp"
#include "drivers/flash/pieces.hpp"
#include "drivers/kinds.hpp"
#include "images/segments.hpp"

namespace assay::drivers {

// Errors: Cause::device with what the tool said.
class ProbeTool {
 public:
  virtual ~ProbeTool() = default;
  // "pyOCD 0.46.0, probe 0240, target nrf51".
  [[nodiscard]] virtual std::string about() const = 0;
  // The probe's serial number on USB.
  [[nodiscard]] virtual std::string serial() const = 0;
  // "probe 0240": for errors.
  [[nodiscard]] virtual std::string probe() const = 0;
  // unproven: the probe is there, but the chip does not answer (a board without power).
  virtual Result<abilities::Health> check(const abilities::Order&) = 0;
  // From a reset: erases as the job says, writes `pieces`, saves `back`, and leaves the
  // chip halted.
  virtual Result<> program(const abilities::FlashJob&, const std::vector<Piece>& pieces,
                           const std::vector<Piece>& back, const abilities::Order&) = 0;
  // Without disturbing the program.
  virtual Result<> save(const Piece&, const abilities::Order&) = 0;
  // The program starts anew.
  virtual Result<> reset(const abilities::Order&) = 0;
};

// The chip's own number, as the lab file says it.
struct ChipId {
  Bytes bytes;  // empty: not asked for
  std::uint64_t at = 0;
};
// Of `chip-id` and `chip-id-at`; `target` is the tool's name of the chip.
Result<ChipId> chip_id_param(const Json& params, std::string_view target);

std::unique_ptr<abilities::Device> make_probe_flasher(std::unique_ptr<ProbeTool>, ChipId,
                                                      abilities::IncidentSink);

// What need not be programmed once it is erased: pages of nothing.
images::Segments without_erased(const images::Segments&, std::uint8_t erased);

}  // namespace assay::drivers
