#include "scan/udev_rules.hpp"

#include <fmt/core.h>

#include <map>
#include <set>

#include "base/text.hpp"
#include "scan/fits.hpp"
#include "scan/probes.hpp"

namespace assay::scan {

namespace {

constexpr const char* head =
    "# Lets the group `assay`, and whoever sits at the machine, open the devices that Assay "
    "drives.\n"
    "# Written by `assay-agent udev-rules`; the group has to exist: groupadd --system assay\n"
    "#     assay-agent udev-rules | sudo tee /etc/udev/rules.d/70-assay.rules\n"
    "#     sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=usb "
    "--subsystem-match=tty\n"
    "ACTION==\"remove\", GOTO=\"assay_end\"\n"
    "\n# Other rules of Debian (openocd's) give the serial ports of FTDI's chips to plugdev.\n"
    "SUBSYSTEM==\"tty\", SUBSYSTEMS==\"usb\", GROUP=\"dialout\", MODE=\"0660\"\n\n"
    // The switch of a USB-SD-Mux is reached by SCSI commands.
    "SUBSYSTEM==\"scsi_generic\", ATTRS{idVendor}==\"0424\", ATTRS{idProduct}==\"4041\", "
    "GROUP=\"assay\", MODE=\"0660\", TAG+=\"uaccess\"\n"
    "SUBSYSTEM!=\"usb\", GOTO=\"assay_end\"\n"
    "ENV{DEVTYPE}!=\"usb_device\", GOTO=\"assay_end\"\n";
constexpr const char* grant = "GROUP=\"assay\", MODE=\"0660\", TAG+=\"uaccess\"";

std::string rule(std::uint16_t vendor, std::uint16_t product) {
  std::string text = fmt::format("ATTR{{idVendor}}==\"{:04x}\", ", vendor);
  if (product != 0) text += fmt::format("ATTR{{idProduct}}==\"{:04x}\", ", product);
  return text + grant + "\n";
}

}  // namespace

std::string udev_rules() {
  std::string text = head;
  std::set<std::string> written;
  const auto add = [&](std::uint16_t vendor, std::uint16_t product) {
    std::string one = rule(vendor, product);
    if (written.insert(one).second) text += one;
  };
  for (const plans::DriverFacts& row : plans::driver_table()) {
    // Any hub; not for whoever sits there.
    if (row.name == "usb-hub")
      text +=
          fmt::format("\n# {}: {}\nATTR{{bDeviceClass}}==\"09\", GROUP=\"assay\", MODE=\"0660\"\n",
                      row.name, row.about);
    // The kernel's driver opens those; their ports have a group of their own.
    const auto ids = is_serial(row) ? std::vector<usb::Id>{} : ids_of(row);
    if (!ids.empty()) text += fmt::format("\n# {}: {}\n", row.name, row.about);
    for (const usb::Id id : ids) add(id.vendor, id.product);
  }
  text += "\n# Debug probes\n";
  for (const KnownProbe& one : known_probes()) add(one.vendor, one.product);
  text += fmt::format("ATTR{{product}}==\"*CMSIS-DAP*\", {}\n", grant);
  return text + "\nLABEL=\"assay_end\"\n";
}

}  // namespace assay::scan
