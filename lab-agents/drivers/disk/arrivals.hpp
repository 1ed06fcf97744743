// Hearing of disks that come and change, without looking again and again: from the
// kernel, and from the folders where their nodes and links appear (which also tell
// of rights that udev gives later). Single-threaded.
#pragma once

#include <filesystem>
#include <string>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"
#include "usb/uevents.hpp"

namespace assay::drivers {

class Arrivals {
 public:
  // `path`: also what happens there, or "".
  static Result<Arrivals> listen(std::filesystem::path path);
  // Something may have changed since the last call, or since listen().
  Result<> next(const Wait&);

 private:
  Arrivals(usb::Uevents uevents, UniqueFd files, std::filesystem::path path)
      : uevents_(std::move(uevents)), files_(std::move(files)), path_(std::move(path)) {}
  void watch();

  usb::Uevents uevents_;
  UniqueFd files_;
  std::filesystem::path path_;
};

}  // namespace assay::drivers
