// Devices on USB through libusb: finding the one that is meant, and talking to it.
//
// A physical device serves several boards, whose hosts are processes of their
// own. So a Link keeps the device open, but holds it only while a Session
// lives: the lock of its node (flock, held by one process at a time) and the
// interface that it claims. A kernel driver is detached from it for good.
//
// Errors: Cause::device with the device's name and place: not attached (and what
// is attached instead), two that match, no permission (and the udev rule that
// cures it), a transfer that stalls, times out or finds the device gone.
// Single-threaded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "usb/bus.hpp"

struct libusb_device_handle;

namespace assay::usb {

class Opened;

// The device is this process's until the session ends.
class Session {
 public:
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) = delete;
  // Whole or an error; `wait` bounds each (1 s at most a transfer).
  Result<> control_out(std::uint8_t type, std::uint8_t request, std::uint16_t value,
                       std::uint16_t index, ByteView, const Wait&);
  // May be shorter than `length`, but not than `at_least`.
  Result<Bytes> control_in(std::uint8_t type, std::uint8_t request, std::uint16_t value,
                           std::uint16_t index, std::uint16_t length, const Wait&,
                           std::size_t at_least = 0);
  Result<> out(std::uint8_t endpoint, ByteView, const Wait&);  // bulk or interrupt
  Result<Bytes> in(std::uint8_t endpoint, std::size_t length, const Wait&,
                   std::size_t at_least = 0);
  // HID reports without a number, as the kernel's hidraw carries them: by the
  // interface's interrupt endpoint, or by the control endpoint where it has none.
  Result<> write_report(ByteView, const Wait&);
  Result<Bytes> read_report(std::size_t length, const Wait&);
  // For libraries over libusb: `code` is what it returned to them, < 0.
  [[nodiscard]] libusb_device_handle* handle();
  Error failed(int code, const Wait&);
  [[nodiscard]] const Attached& device() const;

 private:
  friend class Link;
  explicit Session(Opened*);
  Opened* opened_;
};

// Which device is meant: the first one found is never taken.
struct Match {
  std::string what;               // "DCT-Tech relay", for errors
  std::vector<Id> ids = {};       // none: any
  std::uint8_t device_class = 0;  // 0: any
  std::string name_begins = "";   // of its product string, or ""
  std::string serial = "";        // "" : any
  std::string port = "";          // "" : any
  // Devices without a serial number on USB may say who they are when asked.
  std::function<Result<std::string>(Session&, const Wait&)> ask_serial = nullptr;
};

// The one that is meant, as far as the bus tells: nothing is opened or asked.
// Cause::device: there is none, or more than one.
Result<Attached> find(const Match&);

class Link {
 public:
  // `interface`: claimed (a kernel driver is detached) for each session; -1: none.
  Link(Match match, int interface);
  ~Link();
  Link(Link&&) noexcept;
  Link& operator=(Link&&) = delete;
  // Takes the device, opening it (again) when need be, after whoever has it now.
  Result<Session> take(const Wait&);
  // Is it attached? Asks the device only what find()ing it takes, and only when it
  // has been away since.
  Result<> look(const Wait&);
  // A reset by its hub's port: the device starts anew and is found again.
  Result<> reset(const Wait&);
  // "DCT-Tech relay BITFT at 1-1.4", as far as it is known.
  [[nodiscard]] std::string about() const;

 private:
  Result<> find_and_open(const Wait&);
  Result<> find_by_asking(const Wait&);

  Match match_;
  int interface_;
  std::unique_ptr<Opened> opened_;
  std::string about_;
};

}  // namespace assay::usb
