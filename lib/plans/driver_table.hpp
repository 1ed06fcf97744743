// The one table of drivers: what each gives and what can be written of it in a
// lab file. The lab file's reader, docs/HARDWARE.md, `assay-agent scan` and the
// udev rules go by it; lab-agents/drivers/driver.cpp has the code to each name.
// Constant; thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::plans {

// One key of a device in the lab file.
struct DriverKey {
  enum class Kind {
    text,      // 1 to 256 characters
    path,      // absolute
    whole,     // a number from `least` to `most`; or one of `words`, when there are some
    address,   // a whole number, also as 0x10000060
    duration,  // becomes KEY_ms
    flag,      // true or false
    word,      // one of `words`, the first unless `otherwise` says another
    command,   // a program and its arguments; `words` are its {holes}, those with ! must be there
    texts,     // a list of texts
  };
  std::string_view name;
  Kind kind = Kind::text;
  bool needed = false;
  // As it would be written; "": the key is left out of the settings when it is not
  // written (a flag is then false).
  std::string_view otherwise = "";
  std::string_view words = "";  // separated by a space
  std::int64_t least = 0, most = 0;
  std::string_view about = "";  // one line, for the documentation
};

struct DriverFacts {
  std::string_view name;  // "dcttech"
  std::string_view
      abilities;           // "power"; "flash flash.read reset" of a driver that gives all at once
  std::string_view about;  // "DCT-Tech USB relays (USBRelay1 to 8)"
  std::span<const DriverKey> keys;
  // "16c0:05df 0519:2018", hexadecimal: what its devices are on USB, or "".
  std::string_view usb = "";
  // What its product string begins with, where others share the ids; or "".
  std::string_view usb_name = "";
  // How it was proven: "real libusb, emulated device". "" for one that was not.
  std::string_view proven = "";
  // The host program that has it: assay-host-HOST; "": assay-host itself.
  std::string_view host = "";
  // Its device is one of many alike, so that the lab file has to say which:
  // needs one of these keys ("serial port"), or "".
  std::string_view one_of = "";
};

// In the order of the documentation; a driver that gives one of several
// abilities (`command`) has a row for each.
std::span<const DriverFacts> driver_table();
// Of the table and what all drivers of its ability take (`invert`, `settle` of
// a power switch).
std::vector<DriverKey> keys_of(const DriverFacts&);
// The names, each once.
std::vector<std::string> driver_names();

// The rows, by ability: drivers_power.cpp, drivers_flash.cpp and so on.
std::vector<DriverFacts> power_drivers();
std::vector<DriverFacts> flash_drivers();
std::vector<DriverFacts> disk_drivers();
std::vector<DriverFacts> mux_drivers();
std::vector<DriverFacts> console_drivers();
std::vector<DriverFacts> board_drivers();

}  // namespace assay::plans
