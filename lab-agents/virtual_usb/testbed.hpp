// USB devices for unmodified programs, without hardware and without root:
// umockdev's view of /sys and /dev, in which models are attached.
//
// Programs that shall see the devices are started with environment(). The program
// that makes the testbed calls enter_testbed() first: then it sees the devices
// itself, and everybody hears of what comes and goes. One testbed a process. Thread-safe; models
// run on a thread of the testbed's, under lock(). It does not prove: udev rules, ttys, how poll()
// behaves, timing.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "virtual_usb/model.hpp"
#include "virtual_usb/storage.hpp"

namespace assay::virtual_usb {

class Usbfs;

// What a program needs in its environment to be able to see a testbed at all.
std::vector<std::pair<std::string, std::string>> preload_environment();
// For the start of main(): executes the program again with preload_environment(),
// unless it has that already.
void enter_testbed(char** argv);

class Testbed {
 public:
  Testbed();
  ~Testbed();
  Testbed(const Testbed&) = delete;
  Testbed& operator=(const Testbed&) = delete;

  // `port`: "1-4" is port 4 of bus 1's root hub, "1-4.2" port 2 of the hub at 1-4,
  // which has to be attached. A port that was used before gives another device
  // number. Cause::invalid otherwise.
  Result<> attach(std::shared_ptr<Model>, const std::string& port);
  // With all that hangs on it. Transfers under way end with "no such device".
  Result<> detach(const std::string& port);

  // Gives the device at the port a disk, a node for SCSI commands, or both. The disk's
  // content is the file real_path("/dev/sdX"). Gone when the device is detached.
  Result<> add_storage(const std::string& port, const StorageFacts&);
  // Its card was put in, or taken out: another size.
  void change_medium(const std::string& port, std::uint64_t sectors);

  // Held while models are looked at or changed.
  [[nodiscard]] std::unique_lock<std::recursive_mutex> lock() const;
  // As programs see it: "/dev/bus/usb/001/002"; "": nothing attached there.
  [[nodiscard]] std::string node(const std::string& port) const;
  // How often the device there was wanted by one program while another had claimed
  // it: never, when they take turns.
  [[nodiscard]] unsigned contended(const std::string& port) const;
  // Where such a path is in truth, to change permissions and the like.
  [[nodiscard]] std::string real_path(const std::string& path) const;
  // UMOCKDEV_DIR and preload_environment(), for programs that see this testbed.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const;

 private:
  struct Attached {
    std::shared_ptr<Usbfs> usbfs;
    std::string node, sysfs;
    std::size_t interfaces = 0;
    StorageFacts storage = {};
    std::string scsi = {};  // the folder of its SCSI device, or ""
  };
  struct Bed;

  void forget_storage(const Attached&);

  const std::shared_ptr<std::recursive_mutex> models_;
  const std::unique_ptr<Bed> bed_;
  // Guarded by *models_.
  std::map<std::string, Attached> attached_;  // by port
  std::map<std::string, int> last_device_;    // by bus
  int hosts_ = 1;                             // of SCSI
};

}  // namespace assay::virtual_usb
