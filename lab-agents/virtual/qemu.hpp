// One QEMU process that emulates a microbit (nRF51, Cortex-M0), with its console,
// QMP and gdb sockets. Started stopped (-S), with a flash that reads 0x00.
//
// The console is two pipes, opened before QEMU starts. QEMU writes byte by byte,
// and of single bytes a socket holds some 280: a reader that came later than the
// guest's driver waits for its transmitter (1 ms) lost bytes on a busy machine. A
// pipe holds as many bytes as it is large. QMP is a socket pair. There is nothing
// to connect to and no moment at which bytes are lost. gdb gets a listening socket in the
// board's folder, bound before QEMU starts: nothing to wait for either.
// Single-threaded: QEMU dies with the thread that started it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/process.hpp"
#include "base/result.hpp"
#include "protocols/gdb.hpp"
#include "protocols/qmp.hpp"

namespace assay::virt {

struct QemuSetup {
  std::string program = "qemu-system-arm";
  std::filesystem::path folder;        // for the gdb socket and memory read out
  std::filesystem::path hold_library;  // assay-qemu-hold.so, or "" to do without
};

class Qemu {
 public:
  // Cause::device with QEMU's own words when it does not start.
  static Result<Qemu> start(const QemuSetup&, const Wait&);
  // The debugger's socket in a board's folder, should there be one.
  static void remove_socket(const std::filesystem::path& folder);
  Qemu(Qemu&&) noexcept = default;
  Qemu& operator=(Qemu&&) = delete;
  ~Qemu();

  qmp::Client& qmp() { return *qmp_; }
  Result<gdb::Client> attach(const Wait& wait) { return attach(folder_, wait); }  // stops it
  // To the machine of this folder, from any thread; one debugger at a time, others wait.
  static Result<gdb::Client> attach(const std::filesystem::path& folder, const Wait&);
  // As the processor sees it; the machine may run on meanwhile.
  Result<Bytes> read_memory(std::uint64_t address, std::uint64_t size, const Wait&);

  [[nodiscard]] pid_t pid() const { return process_.pid(); }
  [[nodiscard]] int console() const { return console_.from.get(); }   // to read from
  [[nodiscard]] int console_in() const { return console_.to.get(); }  // to write to
  [[nodiscard]] int errors() const { return errors_.get(); }
  [[nodiscard]] int pidfd() const { return process_.pidfd(); }

  // Takes what stands on standard error, without waiting.
  void read_errors();
  // It stands in abort() and can be looked into (only with the hold library).
  [[nodiscard]] bool held() const;
  // The line of standard error that says why it gave up: the "fatal" one or the last.
  [[nodiscard]] std::string last_words() const;
  std::optional<ExitStatus> ended() { return process_.poll(); }
  ExitStatus kill();

  // Where QEMU's process keeps `content` (the whole flash, machine stopped), so
  // that it can be read by peek() when QEMU no longer answers.
  [[nodiscard]] std::optional<std::uint64_t> find(ByteView content) const;
  [[nodiscard]] Result<Bytes> peek(std::uint64_t where, std::size_t size) const;

 private:
  // Non-blocking.
  struct Console {
    UniqueFd from, to;
  };
  static Result<Console> make_console(const std::filesystem::path& folder);
  static void remove_console(const std::filesystem::path& folder);
  Qemu(Process process, Console console, UniqueFd errors, std::filesystem::path folder)
      : process_(std::move(process)),
        console_(std::move(console)),
        errors_(std::move(errors)),
        folder_(std::move(folder)) {}

  Process process_;
  Console console_;
  UniqueFd errors_;
  std::filesystem::path folder_;
  std::optional<qmp::Client> qmp_;
  std::string said_;  // on standard error
};

}  // namespace assay::virt
