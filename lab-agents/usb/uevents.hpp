// What the kernel says of its devices: also of a card that is put into a reader, which
// changes no node. It does not come into a container with a network of its own;
// usb::Changes does. Single-threaded.
#pragma once

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

namespace assay::usb {

class Uevents {
 public:
  static Result<Uevents> listen();
  // Something on this machine came or went since the last call, or since listen().
  Result<> next(const Wait&);
  [[nodiscard]] int fd() const { return socket_.get(); }  // readable when it did

 private:
  explicit Uevents(UniqueFd socket) : socket_(std::move(socket)) {}
  UniqueFd socket_;
};

}  // namespace assay::usb
