#include "virtual_desk/linux_board.hpp"

#include <fcntl.h>
#include <signal.h>

#include "base/file.hpp"
#include "base/log.hpp"
#include "virtual_desk/pseudo_terminal.hpp"

namespace assay::virtual_desk {

Result<std::unique_ptr<LinuxBoard>> LinuxBoard::make(std::string id, std::filesystem::path folder,
                                                     std::filesystem::path kernel,
                                                     std::filesystem::path disk) {
  TRY(make_folders(folder));
  std::unique_ptr<LinuxBoard> board(
      new LinuxBoard(std::move(id), std::move(folder), std::move(kernel), std::move(disk)));
  auto cable = TRY(make_pseudo_terminal(board->folder_ / "tty"));
  board->line_ = std::move(cable.board);
  board->far_end_ = std::move(cable.kept);
  return board;
}

LinuxBoard::~LinuxBoard() {
  set_power(false);
}

bool LinuxBoard::powered() const {
  const std::lock_guard lock(mutex_);
  return powered_;
}

void LinuxBoard::set_power(bool on) {
  const std::lock_guard lock(mutex_);
  if (powered_ == on) return;
  powered_ = on;
  machine_.reset();  // as power goes: at once
  if (!on) return;
  if (const auto started = start(); !started) spdlog::error("{}: {}", id_, started.error().text);
}

void LinuxBoard::lost_disk() {
  const std::lock_guard lock(mutex_);
  if (machine_) spdlog::warn("{}: its card was pulled out while it ran", id_);
  machine_.reset();
}

Result<> LinuxBoard::start() {
  const UniqueFd log(
      open((folder_ / "qemu.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  // The Debian cloud kernel has these built in: an NVMe disk, ext4, a PC's serial port.
  Command command{.args = {"qemu-system-x86_64", "-M", "q35", "-accel", "tcg,tb-size=64", "-m",
                           "128", "-nodefaults", "-no-user-config", "-display", "none",
                           "-no-reboot", "-serial", "stdio", "-kernel", kernel_.string(), "-append",
                           "console=ttyS0 root=/dev/nvme0n1p1 rw panic=-1 quiet"},
                  .fds = {{line_.get(), 0}, {line_.get(), 1}, {log.get(), 2}},
                  .own_session = true,
                  .dies_with_parent = true};
  std::error_code error;
  if (std::filesystem::exists(disk_, error)) {
    for (const auto& word :
         {std::string("-drive"),
          fmt::format("file={},if=none,id=card,format=raw,cache=writeback", disk_.string()),
          std::string("-device"), std::string("nvme,drive=card,serial=card")})
      command.args.push_back(word);
  }
  machine_.emplace(TRY(Process::start(command)));
  return {};
}

}  // namespace assay::virtual_desk
