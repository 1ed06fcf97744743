// A client of the gdb remote protocol, as far as memory, registers and running
// need it: against QEMU's stub (packets up to 4096 bytes, no vFlash).
//
// Attaching stops the machine. On one that was running the stub first sends a
// stop reply that nobody asked for; attach() takes it, so that answers stay in
// step. Blocking; not thread-safe.
// Errors: Cause::device for what the stub refuses or what is no packet.
// Source: "Debugging with GDB", appendix Remote Protocol.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

namespace assay::gdb {

class Client {
 public:
  // Over a connected stream socket.
  static Result<Client> attach(UniqueFd, const Wait&);

  // "S05", "T05thread:01;": why the machine stands.
  Result<std::string> stop_reason(const Wait&);
  Result<Bytes> read(std::uint64_t address, std::uint64_t size, const Wait&);
  Result<> write(std::uint64_t address, ByteView, const Wait&);
  // The machine runs on.
  Result<> detach(const Wait&);

  // Of a Cortex-M in gdb's numbering: 0 to 15, 25 is xPSR. Little-endian.
  Result<std::uint32_t> read_register(unsigned number, const Wait&);
  Result<> write_register(unsigned number, std::uint32_t, const Wait&);
  // On Thumb code: a halfword.
  Result<> set_breakpoint(std::uint32_t address, const Wait&);
  Result<> clear_breakpoint(std::uint32_t address, const Wait&);
  // Lets the machine run and returns. Until halt() or a stop that has_stopped()
  // finds, nothing else may be asked.
  Result<> resume(const Wait&);
  Result<bool> has_stopped();  // by itself; does not wait
  Result<> halt(const Wait&);
  Result<> step(const Wait&);  // one instruction
  // A command of QEMU's monitor ("system_reset"); what it prints is dropped.
  Result<> monitor(std::string_view command, const Wait&);

 private:
  explicit Client(UniqueFd fd) : fd_(std::move(fd)) {}
  Result<std::string> ask(std::string_view command, const Wait&);
  Result<> send(std::string_view command, const Wait&);
  Result<std::string> receive(const Wait&);
  Result<std::optional<std::string>> next_packet();
  Result<> must(const std::string& command, const Wait&);

  UniqueFd fd_;
  std::string buffer_;
};

}  // namespace assay::gdb
