#include "virtual_usb/descriptors.hpp"

#include <algorithm>

namespace assay::virtual_usb {

namespace {

enum Descriptor : std::uint8_t {
  device = 1,
  configuration = 2,
  string = 3,
  interface = 4,
  endpoint = 5,
  hid = 0x21,
  hid_report = 0x22,
  superspeed_endpoint = 0x30
};
enum Request : std::uint8_t {
  get_status = 0,
  clear_feature = 1,
  set_feature = 3,
  set_address = 5,
  get_descriptor = 6,
  get_configuration = 8,
  set_configuration = 9,
  get_interface = 10,
  set_interface = 11
};
constexpr std::uint8_t type_mask = 0x60;  // of bmRequestType; 0 is standard
constexpr std::uint8_t to_interface = 0x81;

std::uint8_t low(std::size_t value) {
  return static_cast<std::uint8_t>(value);
}
std::uint8_t high(std::size_t value) {
  return static_cast<std::uint8_t>(value >> 8);
}
void add(Bytes& to, const Bytes& more) {
  to.insert(to.end(), more.begin(), more.end());
}

// The strings that are there, in the order of their indices, which begin at 1.
std::vector<const std::string*> strings(const DeviceFacts& facts) {
  std::vector<const std::string*> all{&facts.manufacturer, &facts.name, &facts.serial};
  for (const auto& one : facts.interfaces) {
    all.push_back(&one.name);
    for (const auto& name : one.alternates) all.push_back(&name);
  }
  std::erase_if(all, [](const std::string* text) { return text->empty(); });
  return all;
}
std::uint8_t index_of(const DeviceFacts& facts, const std::string& text) {
  if (text.empty()) return 0;
  const auto all = strings(facts);
  return low(static_cast<std::size_t>(std::find(all.begin(), all.end(), &text) - all.begin()) + 1);
}

Bytes hid_descriptor(const InterfaceFacts& facts) {
  const auto size = facts.hid_report.size();
  return {9, hid, 0x11, 0x01, 0, 1, hid_report, low(size), high(size)};
}

void add_setting(Bytes& all, const DeviceFacts& facts, const InterfaceFacts& one,
                 std::uint8_t number, std::uint8_t setting) {
  const std::string& name = setting == 0 ? one.name : one.alternates[setting - 1U];
  add(all, {9, interface, number, setting, low(one.endpoints.size()), one.device_class,
            one.subclass, one.protocol, index_of(facts, name)});
  if (!one.hid_report.empty()) add(all, hid_descriptor(one));
  add(all, one.of_class);
  for (const auto& end : one.endpoints) {
    add(all, {7, endpoint, end.address, static_cast<std::uint8_t>(end.type), low(end.packet),
              high(end.packet), end.interval});
    if (facts.megabits >= 5000) add(all, {6, superspeed_endpoint, 0, 0, 0, 0});
  }
}

Answer stall() {
  return {Answer::Kind::stall};
}
Answer answer(Bytes bytes) {
  return {Answer::Kind::done, std::move(bytes)};
}

Answer descriptor(const DeviceFacts& facts, const SetupPacket& setup) {
  const std::uint8_t index = low(setup.value);
  switch (high(setup.value)) {
    case device:
      return answer(device_descriptor(facts));
    case configuration:
      return index == 0 ? answer(configuration_descriptor(facts)) : stall();
    case string: {
      auto text = string_descriptor(facts, index);
      return text ? answer(std::move(*text)) : stall();
    }
    case hid:
    case hid_report: {
      if (setup.request_type != to_interface || setup.index >= facts.interfaces.size())
        return stall();
      const auto& asked = facts.interfaces[setup.index];
      if (asked.hid_report.empty()) return stall();
      return answer(high(setup.value) == hid ? hid_descriptor(asked) : asked.hid_report);
    }
    default:
      return stall();
  }
}

}  // namespace

Bytes device_descriptor(const DeviceFacts& facts) {
  const bool super = facts.megabits >= 5000;
  const std::uint8_t packet0 = super ? 9 : facts.megabits < 12 ? 8 : 64;  // 9: two to the ninth
  return {18,
          device,
          0,
          static_cast<std::uint8_t>(super ? 3 : 2),
          facts.device_class,
          0,
          0,
          packet0,
          low(facts.vendor),
          high(facts.vendor),
          low(facts.product),
          high(facts.product),
          low(facts.release),
          high(facts.release),
          index_of(facts, facts.manufacturer),
          index_of(facts, facts.name),
          index_of(facts, facts.serial),
          1};
}

Bytes configuration_descriptor(const DeviceFacts& facts) {
  constexpr std::uint8_t bus_powered = 0x80, hundred_milliamperes = 50;
  Bytes all{9,           configuration,       0, 0, low(facts.interfaces.size()), 1, 0,
            bus_powered, hundred_milliamperes};
  std::uint8_t number = 0;
  for (const auto& one : facts.interfaces) {
    for (std::size_t setting = 0; setting <= one.alternates.size(); ++setting)
      add_setting(all, facts, one, number, low(setting));
    ++number;
  }
  all[2] = low(all.size());
  all[3] = high(all.size());
  return all;
}

std::optional<Bytes> string_descriptor(const DeviceFacts& facts, std::uint8_t index) {
  constexpr std::size_t longest = 126;  // of 255 bytes, two of them the head
  if (index == 0) return Bytes{4, string, 0x09, 0x04};
  const auto all = strings(facts);
  if (index > all.size()) return std::nullopt;
  const auto text = std::string_view(*all[index - 1U]).substr(0, longest);
  Bytes bytes{low(2 + 2 * text.size()), string};
  for (const char c : text) add(bytes, {static_cast<std::uint8_t>(c), 0});
  return bytes;
}

Answer standard_request(const DeviceFacts& facts, const SetupPacket& setup) {
  switch (setup.request) {
    case get_descriptor:
      return descriptor(facts, setup);
    case get_configuration:
      return answer({1});
    case get_status:
      return answer({0, 0});
    case get_interface:
      return answer({0});
    case set_configuration:
      return setup.value <= 1 ? answer({}) : stall();
    case set_interface:
      return setup.value == 0 && setup.index < facts.interfaces.size() ? answer({}) : stall();
    case set_address:
    case clear_feature:
    case set_feature:
      return answer({});
    default:
      return stall();
  }
}

Answer control_transfer(Model& model, const SetupPacket& setup, ByteView out) {
  Answer given = (setup.request_type & type_mask) == 0 ? standard_request(model.facts(), setup)
                                                       : model.control(setup, out);
  if (given.bytes.size() > setup.length) given.bytes.resize(setup.length);
  return given;
}

}  // namespace assay::virtual_usb
