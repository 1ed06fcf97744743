// Hearing of what is plugged and unplugged, by the nodes of /dev/bus/usb that come and
// go: also in a container that has this folder, to which the kernel's own messages do
// not come. Single-threaded.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

namespace assay::usb {

class Changes {
 public:
  static Result<Changes> listen();
  // Readable when something on this machine came or went since drain(), or listen().
  [[nodiscard]] int fd() const { return notices_.get(); }
  // Takes what has come so far.
  void drain();

 private:
  explicit Changes(UniqueFd notices) : notices_(std::move(notices)) {}
  Result<> watch();
  UniqueFd notices_;
};

}  // namespace assay::usb
