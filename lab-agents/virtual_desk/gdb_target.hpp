// An emulated board's processor as a debug probe sees it: memory through QEMU's
// gdb stub, the core's debug registers (which QEMU does not have) made from what
// the stub can do. One thread.
//
// A debugger reads memory while the program runs; the stub does not. So the
// program is held for the length of one command of the probe and goes on after it.
//
// What the stub writes to a peripheral is dropped (though it says OK), so the core
// itself is made to store it: one instruction, one step.
//
// A BKPT instruction is a fault to QEMU, no halt. Flash algorithms end at one: where
// the debugger writes one into RAM, QEMU gets a breakpoint (also where it is only
// data that looks like one, which nobody executes).
// Source: Armv6-M Architecture Reference Manual (DDI 0419), C1.6; CoreSight
// component identification (IHI 0029).
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <set>

#include "protocols/gdb.hpp"
#include "virtual_usb/debug_target.hpp"

namespace assay::virtual_desk {

class GdbTarget final : public virtual_usb::DebugTarget {
 public:
  struct Board {
    // Counts how often the board was switched on; 0 while it is off. Any thread.
    std::function<std::uint64_t()> life;
    // To the stub of this life; stops the machine.
    std::function<Result<gdb::Client>()> attach;
    // The chip's own number (FICR DEVICEID): QEMU's chips all have the same.
    std::array<std::uint32_t, 2> device_id{};
  };
  explicit GdbTarget(Board board) : board_(std::move(board)) {}
  void set_device_id(std::array<std::uint32_t, 2> id) { board_.device_id = id; }

  bool powered() override;
  std::optional<std::uint32_t> read(std::uint32_t address, int size) override;
  bool write(std::uint32_t address, std::uint32_t value, int size) override;
  std::optional<std::vector<std::uint32_t>> read_words(std::uint32_t address,
                                                       std::size_t count) override;
  bool write_words(std::uint32_t address, std::span<const std::uint32_t>) override;
  void end_of_command() override;
  void disconnected() override;
  void reset_line(bool low) override;

 private:
  enum class Core {
    running,
    held,    // by us, until the command's end
    halted,  // for the debugger
  };

  // What the debug registers hold.
  struct Registers {
    std::uint32_t control = 0;     // DHCSR's enable, halt, step, mask
    std::uint32_t exceptions = 0;  // DEMCR
    std::uint32_t stops = 0;       // DFSR
    std::uint32_t data = 0;        // DCRDR
    bool was_reset = false;        // DHCSR's S_RESET_ST, until it is read
    std::uint32_t breakpoints_on = 0;
    std::array<std::uint32_t, 4> breakpoints{};  // FP_COMP
  };

  [[nodiscard]] std::optional<std::uint32_t> factory(std::uint32_t address) const;
  Result<> hold();  // the machine stands, whoever wants that
  Result<> go();
  Result<> written(std::uint32_t address, ByteView);
  Result<> store(std::uint32_t address, std::uint32_t value);
  Result<> reset();
  void look();
  void lose();
  static bool is_private(std::uint32_t address) { return address >> 28 == 0xE; }
  std::uint32_t read_private(std::uint32_t address);
  Result<> write_private(std::uint32_t address, std::uint32_t value);
  Result<> write_control(std::uint32_t value);
  Result<> move_register(std::uint32_t selector);
  Result<> set_comparator(std::size_t index, std::uint32_t value);

  Board board_;
  std::uint64_t life_ = 0;
  std::optional<gdb::Client> client_;
  Core core_ = Core::running;
  bool line_low_ = false;
  Registers registers_;
  std::set<std::uint32_t> stops_;  // where breakpoints stand for BKPT instructions
};

}  // namespace assay::virtual_desk
