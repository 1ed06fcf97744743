// The driver `snmp`: outlets of power distribution units and PoE ports of switches.
// {"host", "vendor", "outlet", ...}: a vendor's objects by its name, any others by
// {"vendor": "other", "oid", "value-on", "value-off", "status-oid"?, "status-on"?,
//  "status-off"?}. "name" is the sysName that the unit must have.
//
// A unit switches when it likes, some a second later: after a set it is asked until it
// has, for at most the time of one request.
#include <array>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "drivers/host_place.hpp"
#include "drivers_net/kinds.hpp"
#include "drivers_net/secret.hpp"
#include "drivers_net/snmp_session.hpp"

namespace assay::drivers {

namespace {

constexpr auto between_questions = std::chrono::milliseconds(100);
const SnmpSession::Oid sys_name{1, 3, 6, 1, 2, 1, 1, 5, 0};

// Objects without the outlet's index, and the integers that mean on and off.
struct Vendor {
  std::string_view name;
  std::string_view on, off;
  int value_on = 1, value_off = 0;
  std::string_view status;
  int status_on = 1, status_off = 0;
};
constexpr std::array vendors{
    // PowerNet-MIB sPDUOutletCtl
    Vendor{"apc", "1.3.6.1.4.1.318.1.1.4.4.2.1.3", "1.3.6.1.4.1.318.1.1.4.4.2.1.3", 1, 2,
           "1.3.6.1.4.1.318.1.1.4.4.2.1.3", 1, 2},
    // PDU2-MIB switchingOperation and outletSwitchingState, of PDU 1
    Vendor{"raritan", "1.3.6.1.4.1.13742.6.4.1.2.1.2.1", "1.3.6.1.4.1.13742.6.4.1.2.1.2.1", 1, 0,
           "1.3.6.1.4.1.13742.6.4.1.2.1.3.1", 7, 8},
    // EATON-EPDU-MIB: seconds until it switches; the status's column is from memory
    Vendor{"eaton", "1.3.6.1.4.1.534.6.6.7.6.6.1.4.0", "1.3.6.1.4.1.534.6.6.7.6.6.1.3.0", 1, 1,
           "1.3.6.1.4.1.534.6.6.7.6.6.1.2.0", 1, 0},
    // Sentry3-MIB outletControlAction; outletStatus's column is from memory
    Vendor{"sentry", "1.3.6.1.4.1.1718.3.2.3.1.11", "1.3.6.1.4.1.1718.3.2.3.1.11", 1, 2,
           "1.3.6.1.4.1.1718.3.2.3.1.5", 1, 0},
    // POWER-ETHERNET-MIB pethPsePortAdminEnable, of group 1
    Vendor{"poe", "1.3.6.1.2.1.105.1.1.1.3.1", "1.3.6.1.2.1.105.1.1.1.3.1", 1, 2,
           "1.3.6.1.2.1.105.1.1.1.3.1", 1, 2}};

struct Objects {
  SnmpSession::Oid on, off, status;
  std::int64_t value_on = 1, value_off = 0, status_on = 1, status_off = 0;
};

struct SnmpSettings {
  SnmpTarget target;  // without secrets, but for a community of the lab file
  Objects objects;
  std::string outlet, name;
  Secret community, password, privacy;
};

class SnmpSwitch final : public Switch {
 public:
  explicit SnmpSwitch(SnmpSettings settings) : s_(std::move(settings)) {}

  std::string about() const override {
    return fmt::format("SNMP unit {}{}{}, {}", s_.target.place, s_.name.empty() ? "" : " ", s_.name,
                       s_.outlet);
  }

  Result<> set(bool on, const Wait& wait) override {
    const auto session = TRY(open(wait));
    const auto& o = s_.objects;
    TRY(session->set(on ? o.on : o.off, on ? o.value_on : o.value_off, wait));
    if (o.status.empty()) return {};
    const auto limit = wait.at_most(s_.target.timeout);
    while (true) {
      const auto now = TRY(read(*session, wait));
      if (now == (on ? o.status_on : o.status_off)) return {};
      const auto paused = wait_ready({}, limit.at_most(between_questions));
      if (wait.until.passed() || paused.error().cause != Cause::timeout) return paused;
      if (limit.until.passed()) {
        return fail(Cause::device, "{}: was told {}, but its state is {} after {}", about(),
                    on ? "on" : "off", now, human(s_.target.timeout));
      }
    }
  }

  Result<std::optional<bool>> get(const Wait& wait) override {
    const auto& o = s_.objects;
    if (o.status.empty()) return std::optional<bool>();
    const auto session = TRY(open(wait));
    const auto now = TRY(read(*session, wait));
    if (now == o.status_on) return std::optional<bool>(true);
    if (now == o.status_off) return std::optional<bool>(false);
    return fail(Cause::device, "{}: its state is {}, neither {} (on) nor {} (off)", about(), now,
                o.status_on, o.status_off);
  }

 private:
  Result<std::unique_ptr<SnmpSession>> open(const Wait& wait) const {
    auto target = s_.target;
    if (s_.community.given()) target.community = TRY(s_.community.read());
    target.authentication = TRY(s_.password.read());
    target.privacy = TRY(s_.privacy.read());
    auto session = TRY(SnmpSession::open(target));
    if (s_.name.empty()) return session;
    const auto name = TRY(session->get(sys_name, wait));
    const auto* text = std::get_if<std::string>(&name);
    if (text != nullptr && *text == s_.name) return session;
    return fail(Cause::device, "{}: this is '{}', not '{}': has its address changed?",
                s_.target.place, text == nullptr ? "" : printable(*text), s_.name);
  }

  Result<std::int64_t> read(SnmpSession& session, const Wait& wait) const {
    const auto value = TRY(session.get(s_.objects.status, wait));
    if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
    return fail(Cause::device, "{}, object {}: is a text, no number", s_.target.place,
                to_string(s_.objects.status));
  }

  const SnmpSettings s_;
};

Result<SnmpSession::Oid> indexed(std::string_view object, const std::string& index) {
  return parse_oid(std::string(object) + "." + index);
}

Result<Objects> objects_of(const Json& params, const std::string& vendor,
                           const std::string& outlet) {
  Objects o;
  if (vendor != "other") {
    for (const Vendor& known : vendors) {
      if (known.name != vendor) continue;
      o.on = TRY(indexed(known.on, outlet));
      o.off = TRY(indexed(known.off, outlet));
      o.status = TRY(indexed(known.status, outlet));
      o.value_on = known.value_on;
      o.value_off = known.value_off;
      o.status_on = known.status_on;
      o.status_off = known.status_off;
      return o;
    }
    return fail(Cause::invalid, "no vendor '{}'; there are apc, raritan, eaton, sentry, poe, other",
                printable(vendor));
  }
  const auto object = TRY(text_param(params, "oid", ""));
  if (object.empty() || !params.contains("value-on") || !params.contains("value-off")) {
    return fail(Cause::invalid, "vendor other needs 'oid', 'value-on' and 'value-off'");
  }
  o.on = o.off = TRY(parse_oid(object));
  o.status = TRY(parse_oid(TRY(text_param(params, "status-oid", object))));
  o.value_on = TRY(number_param(params, "value-on", 1));
  o.value_off = TRY(number_param(params, "value-off", 0));
  o.status_on = TRY(number_param(params, "status-on", o.value_on));
  o.status_off = TRY(number_param(params, "status-off", o.value_off));
  return o;
}

}  // namespace

MadeSwitch make_snmp(const Json& params) {
  TRY(only_keys(params, {"host",          "vendor",         "outlet",       "oid",
                         "value-on",      "value-off",      "status-oid",   "status-on",
                         "status-off",    "name",           "version",      "community",
                         "community-env", "community-file", "user",         "password-env",
                         "password-file", "privacy-env",    "privacy-file", "timeout_ms",
                         "invert",        "settle_ms"}));
  SnmpSettings s;
  s.target.place = TRY(host_and_port(TRY(host_param(params, "host")), 161)).place();
  const auto vendor = TRY(text_param(params, "vendor", "other"));
  const auto outlet = TRY(text_param(params, "outlet", ""));
  if (vendor != "other" && outlet.empty()) {
    return fail(Cause::invalid, "'outlet' is missing: the number that the unit counts it by");
  }
  s.objects = TRY(objects_of(params, vendor, outlet));
  s.outlet = vendor == "other" ? "object " + to_string(s.objects.on) : "outlet " + outlet;
  s.name = TRY(text_param(params, "name", ""));
  const auto version = TRY(number_param(params, "version", 2));
  if (version != 2 && version != 3) return fail(Cause::invalid, "'version' must be 2 or 3");
  s.target.version_3 = version == 3;
  s.target.community = TRY(text_param(params, "community", "private"));
  s.target.user = TRY(text_param(params, "user", ""));
  s.community = TRY(Secret::from(params, "community"));
  s.password = TRY(Secret::from(params, "password"));
  s.privacy = TRY(Secret::from(params, "privacy"));
  if (s.target.version_3 && s.target.user.empty()) {
    return fail(Cause::invalid, "version 3 needs a 'user'");
  }
  if (s.privacy.given() && !s.password.given()) {
    return fail(Cause::invalid, "a secret for privacy needs a password, too");
  }
  s.target.timeout = TRY(duration_param(params, "timeout", std::chrono::seconds(5)));
  return std::make_unique<SnmpSwitch>(std::move(s));
}

}  // namespace assay::drivers
