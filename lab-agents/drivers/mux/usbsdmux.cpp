// USB-SD-Mux, Classic and FAST: a card reader (Microchip USB2642) whose second I2C bus
// carries a port expander that switches the card. Its registers are reached by vendor
// commands of SCSI, through the reader's own /dev/sgN.
// Source: what the maker's public program sends (bits, addresses, order); Microchip
// USB2642; NXP PCA9536, TI TCA6408A (registers). Not tried on hardware.
#include <fcntl.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>

#include <array>
#include <cstring>

#include "drivers/disk/storage.hpp"
#include "drivers/mux/side_switch.hpp"
#include "usb/bus.hpp"
#include "usb/node_lock.hpp"

namespace assay::drivers {

namespace {

constexpr const char* usb_id = "0424:4041";
constexpr std::uint8_t vendor_command = 0xCF, write_i2c = 0x23, write_read_i2c = 0x22;
constexpr std::size_t data_phase = 512;  // always, however much of it is used
constexpr unsigned scsi_timeout = 3000;  // milliseconds
// The supply of a card takes that long to be gone.
constexpr Duration discharges = std::chrono::seconds(1);

// Registers of both expanders.
constexpr std::uint8_t inputs = 0, outputs = 1, directions = 3;

// Bits of the expander.
struct Wiring {
  std::string_view model;  // the reader's SCSI model
  std::uint8_t address;    // on I2C
  std::uint8_t data_off, power_off, to_dut, removed;
  [[nodiscard]] std::uint8_t all() const {
    return static_cast<std::uint8_t>(data_off | power_off | to_dut | removed);
  }
};
constexpr std::array wirings{
    Wiring{"sdmux HS-SD/MMC", 0x41, 0x01, 0x02, 0x04, 0x08},  // Classic: PCA9536
    Wiring{"sdFST HS-SD/MMC", 0x20, 0x04, 0x02, 0x01, 0x08},  // FAST: TCA6408A
};

class UsbSdMux final : public SideSwitch {
 public:
  UsbSdMux(std::string serial, std::string port)
      : serial_(std::move(serial)), port_(std::move(port)) {}

  std::string about() const override {
    const auto& which = serial_.empty() ? "at " + port_ : serial_;
    return fmt::format("USB-SD-Mux {}{}", which, wiring_ == nullptr ? "" : kind());
  }

  Result<> set(Side side, const Wait& wait) override {
    const auto fd = TRY(take(wait));
    const auto& w = *wiring_;
    // Off both first, so that the card starts anew on the other side.
    TRY(output(fd.get(), static_cast<std::uint8_t>(w.data_off | w.power_off | w.removed)));
    const auto pins = TRY(read(fd.get(), directions));
    TRY(write(fd.get(), directions, static_cast<std::uint8_t>(pins & ~w.all())));
    const auto waited = wait_ready({}, wait.at_most(discharges));
    if (waited.error().cause != Cause::timeout || wait.until.passed()) return waited;
    if (side == Side::host) return output(fd.get(), 0);
    TRY(output(fd.get(),
               static_cast<std::uint8_t>(w.data_off | w.power_off | w.to_dut | w.removed)));
    return output(fd.get(), static_cast<std::uint8_t>(w.to_dut | w.removed));
  }

  Result<std::optional<Side>> get(const Wait& wait) override {
    const auto fd = TRY(take(wait));
    const auto pins = TRY(read(fd.get(), inputs));
    if ((pins & (wiring_->power_off | wiring_->data_off)) != 0)
      return fail(Cause::device, "{}: the card is switched to neither side", about());
    return (pins & wiring_->to_dut) != 0 ? Side::dut : Side::host;
  }

 private:
  [[nodiscard]] std::string_view kind() const {
    return wiring_ == wirings.data() ? " (Classic)" : " (FAST)";
  }

  Result<UniqueFd> take(const Wait& wait) {
    std::vector<Storage> fits;
    std::string there;
    for (auto& one : TRY(storage("scsi_generic"))) {
      if (one.usb_id != usb_id) continue;
      there += (there.empty() ? "" : "; ") + drivers::about(one);
      if ((serial_.empty() || serial_ == one.serial) && (port_.empty() || port_ == one.port))
        fits.push_back(std::move(one));
    }
    if (fits.empty()) {
      return fail(Cause::device, "no {} is attached{}", about(),
                  there.empty()
                      ? ", nor any other: is its cable in, and the kernel's module sg loaded?"
                      : "; there is " + there);
    }
    if (fits.size() > 1) {
      return fail(Cause::device, "{} and {} both fit {}: name one by its port",
                  drivers::about(fits[0]), drivers::about(fits[1]), about());
    }
    for (const Wiring& one : wirings) {
      if (fits[0].model == one.model) wiring_ = &one;
    }
    if (wiring_ == nullptr) {
      return fail(Cause::device, "{}: calls itself '{}', which is no USB-SD-Mux that is known",
                  drivers::about(fits[0]), fits[0].model);
    }
    auto fd = TRY(usb::open_node(fits[0].node));
    TRY(usb::lock_node(fd.get(), fits[0].node, wait));
    return fd;
  }

  Result<> output(int fd, std::uint8_t switched) {
    // The FAST's other pins are the user's.
    const auto now = TRY(read(fd, outputs));
    return write(fd, outputs, static_cast<std::uint8_t>((now & ~wiring_->all()) | switched));
  }

  Result<std::uint8_t> read(int fd, std::uint8_t reg) {
    const auto address = static_cast<std::uint8_t>(wiring_->address << 1);
    Bytes data(data_phase);
    TRY(command(fd,
                {vendor_command, write_read_i2c, address, static_cast<std::uint8_t>(address | 1), 0,
                 1, 1, reg},
                SG_DXFER_FROM_DEV, data));
    return data[0];
  }

  Result<> write(int fd, std::uint8_t reg, std::uint8_t value) {
    const auto address = static_cast<std::uint8_t>(wiring_->address << 1);
    Bytes data(data_phase);
    data[0] = reg;
    data[1] = value;
    return command(fd, {vendor_command, write_i2c, address, 0, 0, 2, 0}, SG_DXFER_TO_DEV, data);
  }

  Result<> command(int fd, std::array<std::uint8_t, 16> block, int direction, Bytes& data) {
    std::array<std::uint8_t, 64> sense{};
    sg_io_hdr_t io{};
    io.interface_id = 'S';
    io.dxfer_direction = direction;
    io.cmd_len = block.size();
    io.mx_sb_len = sense.size();
    io.dxfer_len = static_cast<unsigned>(data.size());
    io.dxferp = data.data();
    io.cmdp = block.data();
    io.sbp = sense.data();
    io.timeout = scsi_timeout;
    if (ioctl(fd, SG_IO, &io) != 0)
      return fail(Cause::device, "{}: a SCSI command failed: {}", about(), std::strerror(errno));
    if (io.status == 0 && io.host_status == 0 && io.driver_status == 0) return {};
    return fail(Cause::device,
                "{}: its port expander did not take a command (SCSI status {:#x}, host {:#x})",
                about(), io.status, io.host_status);
  }

  const std::string serial_, port_;
  const Wiring* wiring_ = nullptr;
};

}  // namespace

MadeSideSwitch make_usbsdmux(const Json& params) {
  TRY(only_keys(params, {"serial", "port"}));
  auto serial = TRY(text_param(params, "serial", ""));
  auto port = TRY(text_param(params, "port", ""));
  if (serial.empty() && port.empty())
    return fail(Cause::invalid, "give 'serial' or 'port': the first one found may be another's");
  return std::make_unique<UsbSdMux>(std::move(serial), std::move(port));
}

}  // namespace assay::drivers
