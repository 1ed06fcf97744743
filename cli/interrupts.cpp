#include "cli/interrupts.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>

#include "base/signals.hpp"

namespace assay::cli {

Interrupts::Interrupts() {
  const sigset_t set = block_ending_signals();
  signals_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  listener_ = std::jthread([this](const std::stop_token& stop) {
    const Wait wait{Deadline::never(), stop};
    while (wait_readable(signals_.get(), wait)) {
      signalfd_siginfo info{};
      if (::read(signals_.get(), &info, sizeof info) != sizeof info) continue;
      if (!first_.request_stop()) _exit(4);
    }
  });
}

}  // namespace assay::cli
