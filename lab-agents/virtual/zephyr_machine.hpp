// The virtual-zephyr board: an emulated microbit (nRF51, 256 KiB of flash) with
// the power switch, flasher, reset line and console of a board on a desk.
//
// Single-threaded: sinks run inside on_ready() or inside an operation. After
// on() bytes of the console come from the first on.
//
// Power: off stops the machine, keeps its flash in the board's folder and kills
// the process; on is a new process. Memory other than flash is lost.
// Reset: the processor starts anew; RAM keeps what it held.
// Flash: writing to a machine that is on does what a debugger does: stop, write,
// verify, reset, run. Reading does not disturb the program.
// A blank chip (erased vector table) stands in a WFI loop that is put into the
// machine only, never into the contents.
//
// Lockup (a fault in a fault; the guest's doing): Incident guest_fault. The
// supply stays on, the processor stands, as on a real board; a reset or a power
// cycle brings it back. QEMU aborts at a lockup, so it is held at abort()
// (hold/hold_on_abort.c) until its flash has been read out of its memory. RAM
// is lost: after a reset out of a lockup it is zero, which real RAM would not be.
//
// Crash (QEMU killed, its host killed, the computer switched off; the lab's
// fault): Incident gone, when somebody is left to say so. The flash contents
// died with the process: on(), read and slot writes fail with Cause::device
// until the whole chip is written. The same holds for a lockup whose flash could
// not be read out (no hold library, no right to read QEMU's memory).
#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "abilities/ability.hpp"
#include "images/segments.hpp"
#include "virtual/flash_store.hpp"
#include "virtual/qemu.hpp"

namespace assay::virt {

struct ZephyrSetup {
  std::filesystem::path state_folder;
  std::string qemu = "qemu-system-arm";
  std::filesystem::path hold_library = default_hold_library();
  std::function<void(BootTime, ByteView)> on_console = {};           // may be null
  std::function<void(const abilities::Incident&)> on_incident = {};  // may be null

  // Beside the program, or in ../bin of it; "" when it is in neither.
  static std::filesystem::path default_hold_library();
};

class ZephyrMachine {
 public:
  static constexpr std::size_t flash_size = 256 << 10, page_size = 1024;

  // Cause::refused when another process has this board's folder.
  static Result<std::unique_ptr<ZephyrMachine>> open(ZephyrSetup);
  ~ZephyrMachine();  // as if off(): the flash is kept

  Result<> on(const Wait&);
  Result<> off();  // takes at most 2 s, whatever happens
  // True for a locked-up machine, false for one whose process is gone.
  bool is_on();
  Result<> reset(const Wait&);

  // Erases the chip, or `erase` bytes from `from` on (whole pages), then writes
  // and verifies. Cause::invalid for what lies outside of the flash.
  struct Erase {
    bool chip = false;
    std::uint64_t from = 0;
    std::uint64_t size = 0;
  };
  Result<> write_flash(const images::Segments&, Erase, const Wait&);
  Result<Bytes> read_flash(std::uint64_t address, std::uint64_t size, const Wait&);

  Result<> write_console(ByteView, const Wait&);

  // Is the machine what it was told to be? A lockup is no fault of it.
  Result<> check_power(const Wait&);
  Result<> check_console();
  Result<> check_flash(const Wait&);

  void poll_fds(std::vector<pollfd>&, bool console_full);
  void on_ready(std::span<const pollfd>);
  [[nodiscard]] std::optional<pid_t> pid() const;  // of QEMU, for tests and `board show`

 private:
  enum class State {
    off,
    running,
    locked_up,  // no process, but on
    gone,       // no process, and nobody ordered it
  };
  ZephyrMachine(ZephyrSetup setup, FlashStore store)
      : setup_(std::move(setup)), store_(std::move(store)) {}

  Result<> start(ByteView content, const Wait&);
  Result<> run(Qemu&, gdb::Client&, const Wait&);
  Result<Bytes> contents(const Wait&);
  Result<> fill(Qemu&, gdb::Client&, ByteView content, const Wait&);
  void remove_stand_in(Bytes&) const;
  Result<> explain(Result<>);
  void look();
  void settle_lockup();
  void settle_end(ExitStatus);
  bool read_console();
  void close();
  void tell(abilities::Incident::Kind, std::string);

  ZephyrSetup setup_;
  FlashStore store_;
  State state_ = State::off;
  std::string why_;           // locked_up and gone: the machine's last words
  std::optional<Qemu> qemu_;  // exactly while running
  bool console_open_ = false;
  bool standing_in_ = false;               // the machine's first bytes are the WFI loop's
  std::optional<std::uint64_t> flash_at_;  // in QEMU's memory
};

}  // namespace assay::virt
