// One emulated Linux machine on the desk: its disk is the card in an SDWire's socket,
// its power hangs on a relay, its console is a serial cable. All functions may be
// called from any thread; none blocks for long.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/fd.hpp"
#include "base/process.hpp"

namespace assay::virtual_desk {

class LinuxBoard {
 public:
  // Its serial port is `folder`/tty, a link to a pseudo-terminal; what it starts from
  // is `disk`, when that is there when it is switched on.
  static Result<std::unique_ptr<LinuxBoard>> make(std::string id, std::filesystem::path folder,
                                                  std::filesystem::path kernel,
                                                  std::filesystem::path disk);
  ~LinuxBoard();

  void set_power(bool on);
  [[nodiscard]] bool powered() const;
  // Somebody pulled the card out: what runs from it is dead.
  void lost_disk();

 private:
  LinuxBoard(std::string id, std::filesystem::path folder, std::filesystem::path kernel,
             std::filesystem::path disk)
      : id_(std::move(id)),
        folder_(std::move(folder)),
        kernel_(std::move(kernel)),
        disk_(std::move(disk)) {}
  Result<> start();

  const std::string id_;
  const std::filesystem::path folder_, kernel_, disk_;
  UniqueFd line_, far_end_;
  mutable std::mutex mutex_;
  bool powered_ = false;
  std::optional<Process> machine_;
};

}  // namespace assay::virtual_desk
