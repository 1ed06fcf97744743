// What can be done with one board, as small interfaces: one an ability.
//
// The same interfaces are implemented twice: by drivers inside a device host
// (single-threaded, one call at a time) and by hosts/ proxies inside the agent
// (any thread; a call blocks until the reply, the deadline or the stop).
//
// Errors: Cause::timeout and cancelled as asked for; refused when the epoch is
// older than one already seen; device when hardware or a tool misbehaves;
// guest when the program under test did (a lockup); unavailable when the host
// is gone; invalid for an argument that can never work.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace assay::abilities {

// How far an operation is.
struct Progress {
  std::string doing;        // "erasing", "writing", "reading back"
  std::uint64_t done = 0;   // bytes
  std::uint64_t total = 0;  // 0: not known
};

// Every command to a board carries the lease's epoch, so that a late one of an
// older lease is refused by the host itself.
struct Order {
  std::uint64_t epoch = 0;
  Wait wait;
  // Whoever wants to know. In a driver: call it as often as there is something
  // new, on the thread of the operation. In the agent: called a few times a second
  // at most, on the host's reader thread, never after the operation has returned;
  // it must not block.
  std::function<void(const Progress&)> progress = {};

  void tell(const Progress& now) const {
    if (progress) progress(now);
  }
};

class Power {
 public:
  virtual ~Power() = default;
  // Returns once the supply is switched (and read back where possible).
  virtual Result<> on(const Order&) = 0;
  virtual Result<> off(const Order&) = 0;
  // nullopt: this switch cannot be read back. Never guesses "off".
  virtual Result<std::optional<bool>> is_on(const Order&) = 0;
};

// Where the storage is plugged that the board starts from: an SD card, say.
class Mux {
 public:
  enum class Side { host, dut };
  virtual ~Mux() = default;
  // Returns once it is switched (and read back where possible).
  virtual Result<> to(const Order&, Side) = 0;
  // nullopt: this mux cannot be read back. Never guesses.
  virtual Result<std::optional<Side>> side(const Order&) = 0;
};
constexpr std::string_view word(Mux::Side side) {
  return side == Mux::Side::host ? "host" : "dut";
}

class Reset {
 public:
  virtual ~Reset() = default;
  // A reset pulse; memory keeps what a warm reset keeps.
  virtual Result<> pulse(const Order&) = 0;
};

// What to write where. `file` is decoded by the driver (HEX, ELF, raw bytes).
struct FlashJob {
  std::filesystem::path file;
  std::uint64_t address = 0;  // where raw bytes go
  // Erased first: the whole chip, or [address, address + erase_size) of it.
  bool erase_chip = false;
  std::uint64_t erase_size = 0;
  std::uint8_t erased = 0xFF;  // what erased bytes read
  // Of a disk image: which of its blocks hold anything (bmap), or "".
  std::filesystem::path map = {};
};

class Flash {
 public:
  virtual ~Flash() = default;
  // Erases, writes and verifies by reading back where the device can.
  // Cause::invalid when the file cannot be decoded, with line or offset.
  virtual Result<> write(const Order&, const FlashJob&) = 0;
  // nullopt: this flasher cannot read. At most 16 MiB a call.
  virtual Result<std::optional<Bytes>> read(const Order&, std::uint64_t address,
                                            std::uint64_t size) = 0;
};

struct ConsoleChunk {
  BootTime at;  // when the host read the first of these bytes
  Bytes bytes;
};

class Console {
 public:
  using Sink = std::function<void(const ConsoleChunk&)>;
  virtual ~Console() = default;
  // From now on every byte goes to `sink` (null: to nobody), in order, on the
  // reader's thread; it must not block. Bytes that arrived while nobody
  // listened are delivered first (the last MiB of them).
  virtual void listen(Sink sink) = 0;
  virtual Result<> write(const Order&, ByteView) = 0;
  // Waits for a port that comes with the board's power or a cable. Cause::device,
  // with its name and how long it was waited for, when it does not come.
  virtual Result<> ready(const Order&) { return {}; }
};

// Something that happened to a device by itself.
struct Incident {
  enum class Kind {
    guest_fault,  // the emulated processor locked up: the product's doing
    gone,         // device, machine or host vanished: the lab's
    back,
    port_gone,  // a console's port, alone: it may come back with the board's power
  };
  Kind kind = Kind::gone;
  std::string text;
};

// What a health check that found nothing wrong is worth.
enum class Health {
  proven,    // the board, or the switch that feeds it, was asked and answered
  unproven,  // as far as can be seen: a port is open, a program is there to be run
};

// A board as the executor sees it. An ability that it lacks is a null pointer.
class Board {
 public:
  virtual ~Board() = default;
  [[nodiscard]] virtual const std::string& id() const = 0;
  virtual Power* power() = 0;
  virtual Reset* reset() = 0;
  virtual Flash* flash() = 0;
  virtual Console* console() = 0;
  virtual Mux* mux() { return nullptr; }
  // Does this ability ("power", "flash", "console", "reset", "mux") work right now, and
  // is that known? Does not disturb the program under test. The error says what
  // is wrong with the lab; Cause::not_found: a console's port is not there, which
  // is no fault where it comes with the board's power and the board is off.
  virtual Result<Health> check(std::string_view ability, const Order&) = 0;
  // What does it, for the evidence ("pyOCD 0.46.0, probe 0240, target nrf51"), or "".
  virtual Result<std::string> about(std::string_view /*ability*/, const Order&) {
    return std::string();
  }
  // Incidents since the last call, oldest first.
  virtual std::vector<Incident> incidents() = 0;
  // Called on some thread whenever an incident arrives; must not block.
  virtual void on_incident(std::function<void(const Incident&)>) = 0;
};

}  // namespace assay::abilities
