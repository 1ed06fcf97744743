// Hearing of what is plugged and unplugged. Single-threaded.
#pragma once

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

namespace assay::usb {

class Changes {
 public:
  static Result<Changes> listen();
  // Something on this machine came or went since the last call, or since listen().
  Result<> next(const Wait&);
  [[nodiscard]] int fd() const { return socket_.get(); }  // readable when it did

 private:
  explicit Changes(UniqueFd socket) : socket_(std::move(socket)) {}
  UniqueFd socket_;
};

}  // namespace assay::usb
