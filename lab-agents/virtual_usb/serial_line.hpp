// What all models of USB serial adapters share: a line on which something talks.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>

#include "virtual_usb/model.hpp"

namespace assay::virtual_usb {

class SerialLine : public Model {
 public:
  using Model::Model;

  // What the host says on the line.
  std::function<void(ByteView)> on_sent;
  // To the host, when it asks. Under the bus's lock, as everything but wake().
  void say(ByteView bytes) {
    unread_.insert(unread_.end(), bytes.begin(), bytes.end());
    wake();
  }

 protected:
  Answer sent(ByteView bytes) {
    if (on_sent) on_sent(bytes);
    return {};
  }
  [[nodiscard]] bool idle() const { return unread_.empty(); }
  Bytes take(std::size_t most) {
    const auto end = unread_.begin() + static_cast<std::ptrdiff_t>(std::min(most, unread_.size()));
    Bytes bytes(unread_.begin(), end);
    unread_.erase(unread_.begin(), end);
    return bytes;
  }

 private:
  std::deque<std::uint8_t> unread_;
};

}  // namespace assay::virtual_usb
