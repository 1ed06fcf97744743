// A device file, held by one process at a time. Single-threaded.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

namespace assay::usb {

// Opens for reading and writing. Cause::device names the cure.
Result<UniqueFd> open_node(const std::string& node);
// Waits for whoever has the lock of this open file.
Result<> lock_node(int fd, const std::string& node, const Wait&);
void unlock_node(int fd);
// The device was pulled out, so that its file went away.
bool node_is_gone(int fd);

}  // namespace assay::usb
