#include "virtual_usb/testbed.hpp"

#include <dlfcn.h>
#include <umockdev.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "virtual_usb/descriptors.hpp"
#include "virtual_usb/usbfs.hpp"

namespace assay::virtual_usb {

namespace {

constexpr const char* preload = "libumockdev-preload.so.0";
constexpr int usb_major = 189, devices_a_bus = 128;
constexpr const char* root = "/devices/assay-testbed";

// "1-4.2" of bus "1" hangs on "1-4"; "1-4" on nothing that is attached.
struct Place {
  int bus = 0;
  std::string hub;
};
Result<Place> place_of(const std::string& port) {
  const auto wrong = [&] { return fail(Cause::invalid, "'{}' is no USB port like 1-4.2", port); };
  Place place;
  const auto dash = port.find('-');
  if (dash == std::string::npos) return wrong();
  const auto number = [](std::string_view text) {
    int value = 0;
    const auto end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return error == std::errc() && stop == end && value > 0 && value < 256 ? value : 0;
  };
  place.bus = number(std::string_view(port).substr(0, dash));
  for (const auto part : split(std::string_view(port).substr(dash + 1), '.'))
    if (number(part) == 0) return wrong();
  if (place.bus == 0) return wrong();
  if (const auto dot = port.rfind('.'); dot != std::string::npos) place.hub = port.substr(0, dot);
  return place;
}

std::string interface_name(const std::string& port, std::size_t number) {
  return fmt::format("{}:1.{}", port, number);
}
std::string hex(unsigned value, int digits) {
  return fmt::format("{:0{}x}", value, digits);
}

std::string upper_hex(ByteView bytes) {
  std::string text;
  for (const auto byte : bytes) text += fmt::format("{:02X}", byte);
  return text;
}

// A device in the format that umockdev-record writes.
class Record {
 public:
  explicit Record(const std::string& sysfs) { line("P: " + sysfs); }
  void line(const std::string& text) { text_ += text + "\n"; }
  void property(std::string_view name, const std::string& value) {
    line(fmt::format("E: {}={}", name, value));
  }
  void attribute(std::string_view name, const std::string& value) {
    std::string escaped;
    for (const char c : value) escaped += c == '\\' ? "\\\\" : std::string(1, c);
    line(fmt::format("A: {}={}\\n", name, escaped));
  }
  void strings(std::string_view name, const std::string& value) {
    if (!value.empty()) attribute(name, value);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

Record device_record(const DeviceFacts& facts, const std::string& sysfs, const std::string& port,
                     int bus, int device, const std::string& node) {
  const int minor = (bus - 1) * devices_a_bus + device - 1;
  Record r(sysfs);
  Bytes all = device_descriptor(facts);
  for (const auto byte : configuration_descriptor(facts)) all.push_back(byte);
  r.line(fmt::format("N: {}={}", node.substr(std::string_view("/dev/").size()), upper_hex(all)));
  r.property("SUBSYSTEM", "usb");
  r.property("DEVTYPE", "usb_device");
  r.property("DEVNAME", node);
  r.property("MAJOR", std::to_string(usb_major));
  r.property("MINOR", std::to_string(minor));
  r.property("BUSNUM", fmt::format("{:03}", bus));
  r.property("DEVNUM", fmt::format("{:03}", device));
  r.property("PRODUCT", fmt::format("{:x}/{:x}/{:x}", facts.vendor, facts.product, facts.release));
  r.attribute("busnum", std::to_string(bus));
  r.attribute("devnum", std::to_string(device));
  r.attribute("devpath", port.substr(port.find('-') + 1));
  r.attribute("dev", fmt::format("{}:{}", usb_major, minor));
  r.attribute("speed", facts.megabits < 12 ? "1.5" : std::to_string(facts.megabits));
  r.attribute("version", facts.megabits >= 5000 ? " 3.00" : " 2.00");
  r.attribute("maxchild", "0");
  r.attribute("bConfigurationValue", "1");
  r.attribute("bMaxPacketSize0", std::to_string(all[7]));
  r.attribute("bmAttributes", "80");
  r.attribute("bMaxPower", "100mA");
  r.attribute("bNumConfigurations", "1");
  r.attribute("bNumInterfaces", fmt::format("{:2}", facts.interfaces.size()));
  r.attribute("bDeviceClass", hex(facts.device_class, 2));
  r.attribute("bDeviceSubClass", "00");
  r.attribute("bDeviceProtocol", "00");
  r.attribute("idVendor", hex(facts.vendor, 4));
  r.attribute("idProduct", hex(facts.product, 4));
  r.attribute("bcdDevice", hex(facts.release, 4));
  r.strings("manufacturer", facts.manufacturer);
  r.strings("product", facts.name);
  r.strings("serial", facts.serial);
  r.line("H: descriptors=" + upper_hex(all));
  return r;
}

Record interface_record(const InterfaceFacts& facts, const std::string& sysfs, std::size_t number) {
  Record r(sysfs);
  r.property("SUBSYSTEM", "usb");
  r.property("DEVTYPE", "usb_interface");
  r.property("INTERFACE",
             fmt::format("{}/{}/{}", facts.device_class, facts.subclass, facts.protocol));
  r.attribute("bInterfaceNumber", hex(static_cast<unsigned>(number), 2));
  r.attribute("bAlternateSetting", " 0");
  r.attribute("bNumEndpoints", hex(static_cast<unsigned>(facts.endpoints.size()), 2));
  r.attribute("bInterfaceClass", hex(facts.device_class, 2));
  r.attribute("bInterfaceSubClass", hex(facts.subclass, 2));
  r.attribute("bInterfaceProtocol", hex(facts.protocol, 2));
  r.strings("interface", facts.name);
  return r;
}

Result<> done(gboolean ok, GError* error) {
  if (error == nullptr && ok != FALSE) return {};
  auto failure = fail(Cause::internal, "umockdev: {}", error != nullptr ? error->message : "no");
  if (error != nullptr) g_error_free(error);
  return failure;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> preload_environment() {
  std::vector<std::pair<std::string, std::string>> variables{{"LD_PRELOAD", preload}};
  // A sanitizer wants to be the first library; tell it that it need not.
  if (dlsym(RTLD_DEFAULT, "__asan_init") != nullptr) {
    const char* options = std::getenv("ASAN_OPTIONS");
    variables.emplace_back(
        "ASAN_OPTIONS",
        fmt::format("{}{}verify_asan_link_order=0", options != nullptr ? options : "",
                    options != nullptr && *options != '\0' ? ":" : ""));
  }
  return variables;
}

void enter_testbed(char** argv) {
  const char* now = std::getenv("LD_PRELOAD");
  if (now != nullptr && std::string_view(now).find(preload) != std::string_view::npos) return;
  for (const auto& [name, value] : preload_environment()) setenv(name.c_str(), value.c_str(), 1);
  execv("/proc/self/exe", argv);
  std::perror("executing this program again");
  std::_Exit(127);
}

struct Testbed::Bed {
  UMockdevTestbed* umockdev = umockdev_testbed_new();
  std::string folder = [this] {
    gchar* text = umockdev_testbed_get_root_dir(umockdev);
    std::string path = text;
    g_free(text);
    return path;
  }();
  // Else umockdev cannot tell programs of what comes and goes.
  bool preloaded = umockdev_in_mock_environment() != FALSE;

  ~Bed() { g_object_unref(umockdev); }
  Result<> add(const Record& record) {
    GError* error = nullptr;
    const auto ok = umockdev_testbed_add_from_string(umockdev, record.text().c_str(), &error);
    return done(ok, error);
  }
};

Testbed::Testbed()
    : models_(std::make_shared<std::recursive_mutex>()), bed_(std::make_unique<Bed>()) {}

Testbed::~Testbed() {
  std::vector<std::string> ports;
  for (const auto& [port, device] : attached_) ports.push_back(port);
  for (const auto& port : ports) (void)detach(port);
}

Result<> Testbed::attach(std::shared_ptr<Model> model, const std::string& port) {
  const auto place = TRY(place_of(port));
  const auto held = lock();
  if (attached_.contains(port))
    return fail(Cause::invalid, "port {} has a device: detach it first", port);
  std::string above = fmt::format("{}/usb{}", root, place.bus);
  if (!place.hub.empty()) {
    const auto hub = attached_.find(place.hub);
    if (hub == attached_.end())
      return fail(Cause::invalid, "port {}: attach a hub at {} first", port, place.hub);
    above = hub->second.sysfs;
  }
  auto [last, fresh] = last_device_.try_emplace(std::to_string(place.bus), 1);  // the root hub's
  if (last->second + 1 >= devices_a_bus)
    return fail(Cause::exhausted, "bus {}: no device number is left", place.bus);
  const int device = ++last->second;
  const auto& facts = model->facts();
  Attached now{std::make_shared<Usbfs>(model, device, models_),
               fmt::format("/dev/bus/usb/{:03}/{:03}", place.bus, device), above + "/" + port,
               facts.interfaces.size()};
  // Before anybody can hear of the device.
  auto* handler = now.usbfs->make_handler();
  GError* error = nullptr;
  const auto ok = umockdev_testbed_attach_ioctl(bed_->umockdev, now.node.c_str(), handler, &error);
  g_object_unref(handler);
  TRY(done(ok, error));
  TRY(bed_->add(device_record(facts, now.sysfs, port, place.bus, device, now.node)));
  for (std::size_t i = 0; i < facts.interfaces.size(); ++i)
    TRY(bed_->add(interface_record(facts.interfaces[i],
                                   fmt::format("{}/{}", now.sysfs, interface_name(port, i)), i)));
  attached_.emplace(port, std::move(now));
  return {};
}

Result<> Testbed::add_storage(const std::string& port, const StorageFacts& facts) {
  const auto held = lock();
  const auto it = attached_.find(port);
  if (it == attached_.end()) return fail(Cause::invalid, "port {} has no device", port);
  auto& device = it->second;
  device.storage = facts;
  const int host = hosts_++;
  device.scsi = fmt::format("{0}/{1}/host{2}/target{2}:0:0/{2}:0:0:0", device.sysfs,
                            interface_name(port, 0), host);
  Record scsi(device.scsi);
  scsi.property("SUBSYSTEM", "scsi");
  scsi.property("DEVTYPE", "scsi_device");
  scsi.strings("model", facts.model);
  TRY(bed_->add(scsi));
  if (!facts.generic.empty()) {
    const std::string node = "/dev/" + facts.generic;
    auto* handler = make_scsi_handler([on_command = facts.on_command, models = models_](
                                          ByteView command, std::span<std::uint8_t> data) {
      const std::lock_guard alone(*models);
      return on_command ? on_command(command, data) : std::uint8_t{2};
    });
    GError* error = nullptr;
    const auto ok = umockdev_testbed_attach_ioctl(bed_->umockdev, node.c_str(), handler, &error);
    g_object_unref(handler);
    TRY(done(ok, error));
    Record r(fmt::format("{}/scsi_generic/{}", device.scsi, facts.generic));
    r.line("N: " + facts.generic);
    r.property("SUBSYSTEM", "scsi_generic");
    r.property("DEVNAME", node);
    r.line("L: device=../..");
    r.attribute("dev", "21:1");
    TRY(bed_->add(r));
  }
  if (facts.disk.empty()) return {};
  const auto disk = [&](const std::string& folder, const std::string& name,
                        const std::string& numbers, const char* type) {
    Record r(folder);
    r.line("N: " + name);
    r.property("SUBSYSTEM", "block");
    r.property("DEVTYPE", type);
    r.property("DEVNAME", "/dev/" + name);
    r.attribute("dev", numbers);
    r.attribute("size", std::to_string(facts.sectors));
    r.attribute("ro", facts.read_only ? "1" : "0");
    return r;
  };
  const std::string folder = fmt::format("{}/block/{}", device.scsi, facts.disk);
  Record whole = disk(folder, facts.disk, fmt::format("8:{}", 16 * host), "disk");
  whole.line("L: device=../..");
  TRY(bed_->add(whole));
  std::string held_folder = folder;
  if (!facts.partition.empty()) {
    held_folder = folder + "/" + facts.partition;
    Record r = disk(held_folder, facts.partition, fmt::format("8:{}", 16 * host + 1), "partition");
    r.attribute("partition", "1");
    TRY(bed_->add(r));
  }
  std::error_code error;
  if (!facts.holder.empty()) {
    std::filesystem::create_directories(
        real_path(fmt::format("/sys{}/holders/{}", held_folder, facts.holder)), error);
  }
  if (!error)
    std::filesystem::resize_file(real_path("/dev/" + facts.disk), facts.sectors * 512, error);
  if (error) return fail(Cause::io, "/dev/{}: {}", facts.disk, error.message());
  return {};
}

void Testbed::change_medium(const std::string& port, std::uint64_t sectors) {
  const auto held = lock();
  const auto it = attached_.find(port);
  if (it == attached_.end() || it->second.storage.disk.empty()) return;
  const auto path = fmt::format("/sys{}/block/{}", it->second.scsi, it->second.storage.disk);
  umockdev_testbed_set_attribute(bed_->umockdev, path.c_str(), "size",
                                 std::to_string(sectors).c_str());
  umockdev_testbed_uevent(bed_->umockdev, path.c_str(), "change");
}

Result<> Testbed::detach(const std::string& port) {
  const auto held = lock();
  if (!attached_.contains(port)) return fail(Cause::invalid, "port {} has no device", port);
  const auto below = [&] { return attached_.lower_bound(port + "."); };
  for (auto it = below(); it != attached_.end() && it->first.starts_with(port + "."); it = below())
    TRY(detach(std::string(it->first)));
  const auto it = attached_.find(port);
  const Attached was = std::move(it->second);
  attached_.erase(it);
  was.usbfs->unplug();
  if (bed_->preloaded)
    umockdev_testbed_uevent(bed_->umockdev, ("/sys" + was.sysfs).c_str(), "remove");
  umockdev_testbed_remove_device(bed_->umockdev, ("/sys" + was.sysfs).c_str());
  forget_storage(was);
  // umockdev forgets the links to what is below.
  for (std::size_t i = 0; i < was.interfaces; ++i) {
    std::error_code ignored;
    std::filesystem::remove(
        real_path(fmt::format("/sys/bus/usb/devices/{}", interface_name(port, i))), ignored);
  }
  GError* error = nullptr;
  const auto ok = umockdev_testbed_detach_ioctl(bed_->umockdev, was.node.c_str(), &error);
  return done(ok, error);
}

void Testbed::forget_storage(const Attached& was) {
  if (was.scsi.empty()) return;
  std::error_code ignored;
  for (const auto& [of_class, name] :
       {std::pair<const char*, std::string>{"block", was.storage.disk},
        {"block", was.storage.partition},
        {"scsi_generic", was.storage.generic}}) {
    if (name.empty()) continue;
    for (const auto& left :
         {fmt::format("/sys/class/{}/{}", of_class, name), "/sys/block/" + name, "/dev/" + name})
      std::filesystem::remove(real_path(left), ignored);
  }
  const auto address = was.scsi.substr(was.scsi.rfind('/') + 1);
  std::filesystem::remove(real_path("/sys/bus/scsi/devices/" + address), ignored);
  if (was.storage.generic.empty()) return;
  GError* error = nullptr;
  const auto ok = umockdev_testbed_detach_ioctl(bed_->umockdev,
                                                ("/dev/" + was.storage.generic).c_str(), &error);
  (void)done(ok, error);
}

std::unique_lock<std::recursive_mutex> Testbed::lock() const {
  return std::unique_lock(*models_);
}

std::string Testbed::node(const std::string& port) const {
  const auto held = lock();
  const auto it = attached_.find(port);
  return it == attached_.end() ? "" : it->second.node;
}

unsigned Testbed::contended(const std::string& port) const {
  const auto held = lock();
  const auto it = attached_.find(port);
  return it == attached_.end() ? 0 : it->second.usbfs->contended();
}

std::string Testbed::real_path(const std::string& path) const {
  return bed_->folder + path;
}

std::vector<std::pair<std::string, std::string>> Testbed::environment() const {
  auto variables = preload_environment();
  variables.emplace_back("UMOCKDEV_DIR", bed_->folder);
  return variables;
}

}  // namespace assay::virtual_usb
