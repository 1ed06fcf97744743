#include "drivers/driver.hpp"

#include <signal.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "drivers/console/consoles.hpp"
#include "drivers/flash/kinds.hpp"
#include "drivers/kinds.hpp"
#include "drivers/mux/side_switch.hpp"
#include "drivers/power/kinds.hpp"

namespace assay::drivers {

namespace {

constexpr std::array kinds{
    // by name
    Kind{"command", make_command},
    Kind{"dcttech", power<make_dcttech>},
    Kind{"devantech", power<make_devantech>},
    Kind{"dfu-util", make_dfu_util},
    Kind{"disk", make_disk},
    Kind{"energenie", power<make_energenie>},
    Kind{"esptool", make_esptool},
    Kind{"fastboot", make_fastboot},
    Kind{"ft245r", power<make_ft245r>},
    Kind{"ftdi-cbus", power<make_ftdi_cbus>},
    Kind{"lcus-hid", power<make_lcus_hid>},
    Kind{"lcus-serial", power<make_lcus_serial>},
    Kind{"mcuboot-serial", make_mcuboot_serial},
    Kind{"numato", power<make_numato>},
    Kind{"openocd", make_openocd},
    Kind{"program", make_program},
    Kind{"pyocd", make_pyocd},
    Kind{"rfc2217", make_rfc2217},
    Kind{"sainsmart16", power<make_sainsmart16>},
    Kind{"sdwire", mux<make_sdwire>},
    Kind{"serial", make_serial},
    Kind{"stm32flash", make_stm32flash},
    Kind{"telnet", make_telnet},
    Kind{"ucreatefun", power<make_ucreatefun>},
    Kind{"uf2", make_uf2},
    Kind{"usb-hub", power<make_usb_hub>},
    Kind{"usb-sd-mux", mux<make_usbsdmux>},
    Kind{"virtual-zephyr", make_virtual_zephyr},
    Kind{"ykush", power<make_ykush>},
};

const Json* find(const Json& params, std::string_view key) {
  const auto it = params.find(std::string(key));
  return it == params.end() ? nullptr : &*it;
}

// Libraries write to connections whose far end has gone: an error is enough. A
// handler, as programs that are started here would inherit that it is ignored.
void survive_broken_connections() {
  struct sigaction nothing {};
  nothing.sa_handler = [](int) {};
  nothing.sa_flags = SA_RESTART;
  sigaction(SIGPIPE, &nothing, nullptr);
}

}  // namespace

std::vector<std::string> driver_kinds(std::span<const Kind> more) {
  std::vector<std::string> names;
  for (const auto& kind : kinds) names.emplace_back(kind.name);
  for (const auto& kind : more) names.emplace_back(kind.name);
  return names;
}

Made make_driver(DriverSetup setup, std::span<const Kind> more) {
  survive_broken_connections();
  const auto names = driver_kinds(more);
  const Kind* kind = nullptr;
  for (const std::span<const Kind> some : {std::span<const Kind>(kinds), more}) {
    for (const Kind& one : some) {
      if (one.name == setup.kind) kind = &one;
    }
  }
  if (kind == nullptr) {
    return fail(Cause::invalid, "no driver '{}'{}; there are {}", printable(setup.kind),
                did_you_mean(setup.kind, names), join(names));
  }
  const auto params = Json::parse(setup.params_json, nullptr, false);
  if (!params.is_object()) {
    return fail(Cause::invalid, "driver {}: the parameters are no JSON object", setup.kind);
  }
  auto made = kind->make(setup, params);
  if (!made) return tl::unexpected(made.error().in("driver " + setup.kind));
  return made;
}

Result<> only_keys(const Json& params, std::initializer_list<std::string_view> known) {
  const std::vector<std::string> names(known.begin(), known.end());
  for (const auto& [key, value] : params.items()) {
    if (std::find(names.begin(), names.end(), key) != names.end()) continue;
    return fail(Cause::invalid, "unknown key '{}'{}", printable(key), did_you_mean(key, names));
  }
  return {};
}

Result<std::string> text_param(const Json& params, std::string_view key,
                               std::string_view otherwise) {
  const auto* value = find(params, key);
  if (value == nullptr) return std::string(otherwise);
  if (!value->is_string()) return fail(Cause::invalid, "'{}' must be a text", key);
  return value->get<std::string>();
}

Result<bool> flag_param(const Json& params, std::string_view key) {
  const auto* value = find(params, key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) return fail(Cause::invalid, "'{}' must be true or false", key);
  return value->get<bool>();
}

Result<std::int64_t> number_param(const Json& params, std::string_view key,
                                  std::int64_t otherwise) {
  const auto* value = find(params, key);
  if (value == nullptr) return otherwise;
  if (!value->is_number_integer()) return fail(Cause::invalid, "'{}' must be a number", key);
  return value->get<std::int64_t>();
}

Result<std::int64_t> range_param(const Json& params, std::string_view key, std::int64_t least,
                                 std::int64_t most, std::int64_t otherwise) {
  const auto value = TRY(number_param(params, key, otherwise));
  if (value >= least && value <= most) return value;
  return fail(Cause::invalid, "'{}' must be from {} to {}", key, least, most);
}

Result<Duration> duration_param(const Json& params, std::string_view key, Duration otherwise) {
  using std::chrono::milliseconds;
  const auto fallback = std::chrono::duration_cast<milliseconds>(otherwise).count();
  return milliseconds(TRY(number_param(params, fmt::format("{}_ms", key), fallback)));
}

Result<std::vector<std::string>> words_param(const Json& params, std::string_view key) {
  std::vector<std::string> words;
  const auto* value = find(params, key);
  if (value == nullptr || value->is_null()) return words;
  if (!value->is_array() || value->empty()) {
    return fail(Cause::invalid, "'{}' must be a list: the program and its arguments", key);
  }
  for (const auto& word : *value) {
    if (!word.is_string() || word.get_ref<const std::string&>().find('\0') != std::string::npos) {
      return fail(Cause::invalid, "'{}' must be a list of texts", key);
    }
    words.push_back(word.get<std::string>());
  }
  return words;
}

}  // namespace assay::drivers
