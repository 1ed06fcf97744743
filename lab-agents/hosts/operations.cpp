#include "hosts/operations.hpp"

namespace assay::hosts {

namespace {

using abilities::Order;

Result<Json> nothing(const Result<>& result) {
  if (!result) return tl::unexpected(result.error());
  return Json();
}

tl::unexpected<Error> unknown(const Request& r) {
  return fail(Cause::invalid, "this device has no operation '{} {}'", r.ability, r.operation);
}

Result<Json> power(abilities::Power* power, const Request& r, const Order& order) {
  if (power == nullptr) return unknown(r);
  if (r.operation == "on") return nothing(power->on(order));
  if (r.operation == "off") return nothing(power->off(order));
  if (r.operation != "is_on") return unknown(r);
  const auto on = TRY(power->is_on(order));
  return on ? Json(*on) : Json();
}

Result<Json> reset(abilities::Reset* reset, const Request& r, const Order& order) {
  if (reset == nullptr || r.operation != "pulse") return unknown(r);
  return nothing(reset->pulse(order));
}

Result<Json> flash(abilities::Flash* flash, const Request& r, const Order& order) {
  if (flash == nullptr) return unknown(r);
  const Json& a = r.arguments;
  if (r.operation == "write") {
    return nothing(flash->write(order, {.file = a.at("file").get<std::string>(),
                                        .address = a.at("address"),
                                        .erase_chip = a.at("erase_chip"),
                                        .erase_size = a.at("erase_size"),
                                        .erased = a.at("erased"),
                                        .map = a.at("map").get<std::string>()}));
  }
  if (r.operation != "read") return unknown(r);
  auto bytes = TRY(flash->read(order, a.at("address"), a.at("size")));
  return bytes ? Json::binary(std::move(*bytes)) : Json();
}

Result<Json> mux(abilities::Mux* mux, const Request& r, const Order& order) {
  using Side = abilities::Mux::Side;
  if (mux == nullptr) return unknown(r);
  if (r.operation == "to") {
    const bool host = r.arguments.at("side") == word(Side::host);
    return nothing(mux->to(order, host ? Side::host : Side::dut));
  }
  if (r.operation != "side") return unknown(r);
  const auto side = TRY(mux->side(order));
  return side ? Json(word(*side)) : Json();
}

Result<Json> console(abilities::Console* console, const Request& r, const Order& order) {
  if (console == nullptr) return unknown(r);
  if (r.operation == "ready") return nothing(console->ready(order));
  if (r.operation != "write") return unknown(r);
  return nothing(console->write(order, r.arguments.at("bytes").get_binary()));
}

}  // namespace

Result<Json> perform(abilities::Device& device, const Request& r, const Order& order) {
  try {
    if (r.operation == "check") {
      return Json(TRY(device.check(r.ability, order)) == abilities::Health::proven);
    }
    if (r.operation == "about") return Json(device.about(r.ability));
    if (r.operation == "revive") return nothing(device.revive(order));
    if (r.ability == "power" || r.ability == "hub") return power(device.power(), r, order);
    if (r.ability == "reset") return reset(device.reset(), r, order);
    if (r.ability == "flash") return flash(device.flash(), r, order);
    if (r.ability == "console") return console(device.console(), r, order);
    if (r.ability == "mux") return mux(device.mux(), r, order);
    return unknown(r);
  } catch (const std::exception& e) {
    return fail(Cause::internal, "'{} {}': {}", r.ability, r.operation, e.what());
  }
}

}  // namespace assay::hosts
