// The serial port of a relay board for the length of one command: locked, opened,
// asked, closed. What all relays on serial lines share.
#pragma once

#include <string>

#include "drivers/power/port_lock.hpp"
#include "drivers/power/switch.hpp"

namespace assay::drivers {

class SerialLine {
 public:
  // Waits for others who talk to the same board; what lies unread is dropped.
  static Result<SerialLine> open(const std::filesystem::path&, std::int64_t baud, const Wait&);

  Result<> send(ByteView, const Wait&);
  // All `size` bytes. Cause::device when fewer come within a second.
  Result<Bytes> receive(std::size_t size, const Wait&);
  // Up to and with `end`; Cause::device also when it is not among the next 4096.
  Result<std::string> receive_to(char end, const Wait&);

 private:
  SerialLine(PortLock lock, UniqueFd fd, std::string path)
      : lock_(std::move(lock)), fd_(std::move(fd)), path_(std::move(path)) {}
  Result<std::uint8_t> next(const Wait& limit, const Wait&, std::size_t so_far);

  PortLock lock_;
  UniqueFd fd_;
  std::string path_;
};

// One relay of such a board. The derived driver speaks its words.
class SerialSwitch : public Switch {
 public:
  struct Place {
    std::string what;  // "Numato relay 3"
    std::filesystem::path path;
    std::int64_t baud = 9600;
  };
  [[nodiscard]] std::string about() const override;
  [[nodiscard]] bool is_plugged() const override { return true; }
  Result<> look(const Wait&) override;
  Result<> set(bool on, const Wait&) final;
  Result<std::optional<bool>> get(const Wait&) final;

 protected:
  explicit SerialSwitch(Place place) : place_(std::move(place)) {}
  virtual Result<> set(SerialLine&, bool on, const Wait&) = 0;
  // False: cannot be read, and get() needs no port.
  [[nodiscard]] virtual bool readable() const { return true; }
  virtual Result<bool> get(SerialLine&, const Wait&) = 0;

 private:
  Result<SerialLine> open(const Wait&) const;
  [[nodiscard]] Error told(const Error&) const;

  Place place_;
};

// `path` and `channel` of the settings, the channel in a board's own count.
Result<SerialSwitch::Place> serial_place(const Json& params, std::string_view board,
                                         std::int64_t first, std::int64_t last);

}  // namespace assay::drivers
