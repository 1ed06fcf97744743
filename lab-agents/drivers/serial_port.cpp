#include "drivers/serial_port.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "base/text.hpp"

namespace assay::drivers {

namespace {

// Major device numbers of pseudo-terminals (Documentation/admin-guide/devices.txt).
constexpr unsigned first_pseudo = 136, last_pseudo = 143;

struct Rate {
  std::int64_t baud;
  speed_t code;
};
constexpr std::array rates{
    Rate{1200, B1200},       Rate{2400, B2400},       Rate{4800, B4800},
    Rate{9600, B9600},       Rate{19200, B19200},     Rate{38400, B38400},
    Rate{57600, B57600},     Rate{115200, B115200},   Rate{230400, B230400},
    Rate{460800, B460800},   Rate{500000, B500000},   Rate{576000, B576000},
    Rate{921600, B921600},   Rate{1000000, B1000000}, Rate{1152000, B1152000},
    Rate{1500000, B1500000}, Rate{2000000, B2000000}, Rate{2500000, B2500000},
    Rate{3000000, B3000000}, Rate{3500000, B3500000}, Rate{4000000, B4000000}};

const Rate* find_rate(std::int64_t baud) {
  const auto it =
      std::find_if(rates.begin(), rates.end(), [&](const Rate& r) { return r.baud == baud; });
  return it == rates.end() ? nullptr : &*it;
}

// What somebody has to do who may not open it.
std::string remedy(const std::string& path) {
  struct stat status {};
  const group* owner = nullptr;
  constexpr mode_t both = S_IRGRP | S_IWGRP;
  // Nobody is to join the group root.
  if (stat(path.c_str(), &status) == 0 && (status.st_mode & both) == both && status.st_gid != 0) {
    owner = getgrgid(status.st_gid);
  }
  if (owner == nullptr) return "add a udev rule that lets this user open it";
  return fmt::format("add this user to the group '{}' (usermod -aG {} USER), or add a udev rule",
                     owner->gr_name, owner->gr_name);
}

}  // namespace

Result<> check_baud(std::int64_t baud) {
  if (find_rate(baud) != nullptr) return {};
  std::vector<std::string> known;
  for (const auto& rate : rates) known.push_back(std::to_string(rate.baud));
  return fail(Cause::invalid, "no baud rate {}; there are {}", baud, join(known));
}

Result<UniqueFd> open_serial(const SerialSettings& settings) {
  TRY(check_baud(settings.baud));
  const auto path = settings.path.string();
  UniqueFd fd(open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  const int error = errno;
  if (!fd && (error == EACCES || error == EPERM)) {
    return fail(Cause::device, "{}: {}: {}", path, std::strerror(error), remedy(path));
  }
  if (!fd && error == EBUSY) {
    return fail(Cause::refused, "{}: another process has it open", path);
  }
  if (!fd) {
    const bool none = error == ENOENT || error == ENXIO || error == ENODEV;
    return fail(none ? Cause::not_found : Cause::device, "{}: {}", path, std::strerror(error));
  }
  termios line{};
  if (tcgetattr(fd.get(), &line) != 0) {
    return fail(Cause::device, "{}: is no serial port ({})", path, std::strerror(errno));
  }
  // TIOCEXCL keeps out others, except root; the lock keeps out another agent. A
  // pseudo-terminal would stay exclusive for as long as its far end is open, also when
  // this process is killed: it would keep out our own successor.
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(Cause::refused, "{}: another process has it open", path);
  }
  struct stat device {};
  const bool pseudo = fstat(fd.get(), &device) == 0 && major(device.st_rdev) >= first_pseudo &&
                      major(device.st_rdev) <= last_pseudo;
  if (!pseudo) ioctl(fd.get(), TIOCEXCL);
  cfmakeraw(&line);
  line.c_cflag |= CLOCAL | CREAD;
  line.c_cflag &= ~static_cast<tcflag_t>(CSTOPB | PARENB | PARODD | CRTSCTS);
  if (settings.stop_bits == 2) line.c_cflag |= CSTOPB;
  if (settings.parity != SerialSettings::Parity::none) line.c_cflag |= PARENB;
  if (settings.parity == SerialSettings::Parity::odd) line.c_cflag |= PARODD;
  if (settings.rts_cts) line.c_cflag |= CRTSCTS;
  line.c_cc[VMIN] = 1;
  line.c_cc[VTIME] = 0;
  const speed_t code = find_rate(settings.baud)->code;
  cfsetispeed(&line, code);
  cfsetospeed(&line, code);
  if (tcsetattr(fd.get(), TCSANOW, &line) != 0) {
    return fail(Cause::device, "{}: cannot be set to {} baud: {}", path, settings.baud,
                std::strerror(errno));
  }
  // tcsetattr() succeeds when it could do any part of it.
  if (tcgetattr(fd.get(), &line) != 0 || cfgetospeed(&line) != code) {
    return fail(Cause::device, "{}: does not take {} baud", path, settings.baud);
  }
  return fd;
}

}  // namespace assay::drivers
