// A client of the gdb remote protocol, as far as filling and reading memory
// needs it: against QEMU's stub (packets up to 4096 bytes, no vFlash).
//
// Attaching stops the machine. On one that was running the stub first sends a
// stop reply that nobody asked for; attach() takes it, so that answers stay in
// step. Blocking; not thread-safe.
// Errors: Cause::device for what the stub refuses or what is no packet.
// Source: "Debugging with GDB", appendix Remote Protocol.
#pragma once

#include <cstdint>
#include <filesystem>
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

 private:
  explicit Client(UniqueFd fd) : fd_(std::move(fd)) {}
  Result<std::string> ask(std::string_view command, const Wait&);
  Result<> send(std::string_view command, const Wait&);
  Result<std::string> receive(const Wait&);

  UniqueFd fd_;
  std::string buffer_;
};

}  // namespace assay::gdb
