// Devices on USB through libusb: finding the one that is meant, and talking to it.
//
// A physical device serves several boards, whose hosts are processes of their
// own. So a Link keeps the device open, but holds it only while a Session
// lives: the lock of its node (flock, held by one process at a time) and the
// interface that it claims.
//
// Errors: Cause::device with the device's name and place: not attached (and what
// is attached instead), two that match, no permission (and the udev rule that
// cures it), a transfer that stalls, times out or finds the device gone.
// Single-threaded.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace assay::usb {

struct Id {
  std::uint16_t vendor = 0, product = 0;
  friend bool operator==(const Id&, const Id&) = default;
};

// One device as the bus lists it.
struct Attached {
  Id id;
  std::string port;  // "1-1.4": where it is plugged in
  std::string node;  // "/dev/bus/usb/001/007"
  // "" when the device has none, or when it cannot be opened (`trouble` says why).
  std::string manufacturer, name, serial;
  std::string trouble;
};
// Everything on the bus, by port.
Result<std::vector<Attached>> attached();

// Which device is meant: the first one found is never taken.
struct Match {
  std::string what;  // "DCT-Tech relay", for errors
  std::vector<Id> ids;
  std::string name_begins;  // of its product string, or ""
  std::string serial;       // "" : any
  std::string port;         // "" : any
};

class Session;

class Link {
 public:
  // `interface`: claimed (a kernel driver is detached) for each session; -1: none.
  Link(Match match, int interface);
  ~Link();
  Link(Link&&) noexcept;
  // Takes the device, opening it (again) when need be, after whoever has it now.
  Result<Session> take(const Wait&);
  // "DCT-Tech relay 1-1.4 (serial BITFT)", as far as it is known.
  [[nodiscard]] std::string about() const;

 private:
  friend class Session;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// The device is this process's until the session ends.
class Session {
 public:
  ~Session();
  Session(Session&&) noexcept;
  // Whole or an error; `wait` bounds each (1 s at most a transfer).
  Result<> control_out(std::uint8_t type, std::uint8_t request, std::uint16_t value,
                       std::uint16_t index, ByteView, const Wait&);
  // May be shorter than `length`.
  Result<Bytes> control_in(std::uint8_t type, std::uint8_t request, std::uint16_t value,
                           std::uint16_t index, std::uint16_t length, const Wait&);
  Result<> out(std::uint8_t endpoint, ByteView, const Wait&);  // bulk or interrupt
  Result<Bytes> in(std::uint8_t endpoint, std::size_t length, const Wait&);

 private:
  friend class Link;
  explicit Session(Link::Parts*);
  Link::Parts* parts_;
};

}  // namespace assay::usb
