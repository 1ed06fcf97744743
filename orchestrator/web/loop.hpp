// The one I/O thread as the live streams see it: server.cpp has it from Asio.
#pragma once

#include <functional>

#include "base/clock.hpp"

namespace assay::web {

class Loop {
 public:
  virtual ~Loop() = default;
  // Runs there, in order. Any thread.
  virtual void post(std::function<void()>) = 0;
  // Runs there after so long. On the loop only.
  virtual void after(Duration, std::function<void()>) = 0;
};

}  // namespace assay::web
