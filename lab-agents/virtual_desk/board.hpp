// One emulated board on the desk: a machine behind a switch, a probe's wires and
// a serial cable. It has a thread; all functions may be called from any.
//
// As of a real board, nobody learns anything of it but over these three: the
// switch just switches, and what the machine says when it does not start goes to
// the log.
#pragma once

#include <atomic>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "base/fd.hpp"
#include "protocols/gdb.hpp"
#include "virtual/zephyr_machine.hpp"

namespace assay::virtual_desk {

class Board {
 public:
  // Its serial port is `folder`/tty, a link to a pseudo-terminal.
  static Result<std::unique_ptr<Board>> make(std::string id, std::filesystem::path folder);
  ~Board();

  // Returns at once, as a relay does.
  void set_power(bool on);
  // Counts the times that it was switched on; 0 while it is off.
  [[nodiscard]] std::uint64_t life() const { return life_; }
  Result<gdb::Client> attach();

 private:
  Board(std::string id, std::filesystem::path folder)
      : id_(std::move(id)), folder_(std::move(folder)) {}
  Result<> open_port();
  Result<> set_up();
  void run(const std::stop_token&);
  void obey();
  Result<> switch_on();
  void send(ByteView);
  void flush();
  void take_input();

  const std::string id_;
  const std::filesystem::path folder_;
  UniqueFd port_, far_end_, waker_;
  std::unique_ptr<virt::ZephyrMachine> machine_;  // the thread's
  Bytes unsent_;                                  // to the port
  std::atomic<bool> wanted_{false};
  std::atomic<std::uint64_t> life_{0};
  bool obeyed_ = false;
  std::uint64_t lives_ = 0;
  std::jthread thread_;
};

}  // namespace assay::virtual_desk
