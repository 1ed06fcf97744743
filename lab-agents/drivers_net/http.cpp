// The driver `http`: a switch that takes HTTP requests of a form of its own.
//
//   {"on": URL, "off": URL, "status": URL?, "method": "GET"|"POST"|"PUT",
//    "on-body"?, "off-body"?, "content-type", "expect"?,
//    "pointer"?, "value-on", "value-off", "user"?, "password-env"|"password-file"?}
// `expect` must be found in what `on` and `off` answer. What `status` (always a GET)
// answers, or what `pointer` (RFC 6901) finds in it, is `value-on` or `value-off`.
#include <cctype>

#include "base/text.hpp"
#include "drivers_net/http_call.hpp"
#include "drivers_net/kinds.hpp"
#include "drivers_net/secret.hpp"

namespace assay::drivers {

namespace {

struct HttpSettings {
  HttpCall on, off, status;  // without a password; status.url may be empty
  std::string place;         // of `on`
  std::string expect, pointer, value_on, value_off;
  Secret password;
};

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
    text.pop_back();
  const auto begin = text.find_first_not_of(" \t\r\n");
  return begin == std::string::npos ? "" : text.substr(begin);
}

class HttpSwitch final : public Switch {
 public:
  explicit HttpSwitch(HttpSettings settings) : settings_(std::move(settings)) {}

  std::string about() const override { return "HTTP switch " + settings_.place; }

  Result<> set(bool on, const Wait& wait) override {
    const auto call = TRY(with_password(on ? settings_.on : settings_.off));
    const auto body = TRY(http_call(call, wait));
    if (body.find(settings_.expect) != std::string::npos) return {};
    return fail(Cause::device, "{}: answers {} instead of '{}'", TRY(http_place(call.url)),
                http_excerpt(call, body), printable(settings_.expect));
  }

  Result<std::optional<bool>> get(const Wait& wait) override {
    if (settings_.status.url.empty()) return std::optional<bool>();
    const auto call = TRY(with_password(settings_.status));
    const auto body = TRY(http_call(call, wait));
    const auto said = TRY(value(call, body));
    if (said == settings_.value_on) return std::optional<bool>(true);
    if (said == settings_.value_off) return std::optional<bool>(false);
    return fail(Cause::device, "{}: says {}, neither '{}' nor '{}'", TRY(http_place(call.url)),
                http_excerpt(call, said), printable(settings_.value_on),
                printable(settings_.value_off));
  }

 private:
  Result<HttpCall> with_password(HttpCall call) const {
    call.password = TRY(settings_.password.read());
    return call;
  }

  Result<std::string> value(const HttpCall& call, const std::string& body) const {
    if (settings_.pointer.empty()) return trimmed(body);
    const auto json = Json::parse(body, nullptr, false);
    const Json::json_pointer pointer(settings_.pointer);
    if (json.is_discarded() || !json.contains(pointer)) {
      return fail(Cause::device, "{}: nothing at '{}' in {}", TRY(http_place(call.url)),
                  printable(settings_.pointer), http_excerpt(call, body));
    }
    const auto& found = json[pointer];
    return found.is_string() ? found.get<std::string>() : found.dump();
  }

  const HttpSettings settings_;
};

bool is_pointer(const std::string& text) {
  try {
    static_cast<void>(Json::json_pointer(text));
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

}  // namespace

MadeSwitch make_http(const Json& params) {
  TRY(only_keys(params, {"on", "off", "status", "method", "on-body", "off-body", "content-type",
                         "expect", "pointer", "value-on", "value-off", "user", "password-env",
                         "password-file", "timeout_ms", "invert", "settle_ms"}));
  HttpSettings s;
  HttpCall call;
  call.user = TRY(text_param(params, "user", ""));
  call.timeout = TRY(duration_param(params, "timeout", std::chrono::seconds(5)));
  s.password = TRY(Secret::from(params, "password"));
  if (s.password.given() && call.user.empty()) {
    return fail(Cause::invalid, "a password needs a 'user'");
  }
  s.status = call;
  s.status.url = TRY(text_param(params, "status", ""));
  if (!s.status.url.empty()) TRY(http_place(s.status.url));
  call.method = TRY(text_param(params, "method", "GET"));
  if (call.method != "GET" && call.method != "POST" && call.method != "PUT") {
    return fail(Cause::invalid, "'method' must be GET, POST or PUT");
  }
  call.content_type = TRY(text_param(params, "content-type", "application/json"));
  if (call.method == "GET") call.content_type.clear();
  s.on = s.off = call;
  s.on.url = TRY(text_param(params, "on", ""));
  s.off.url = TRY(text_param(params, "off", ""));
  if (s.on.url.empty() || s.off.url.empty()) {
    return fail(Cause::invalid, "power needs both 'on' and 'off'");
  }
  s.on.body = TRY(text_param(params, "on-body", ""));
  s.off.body = TRY(text_param(params, "off-body", ""));
  if (call.method == "GET" && !(s.on.body + s.off.body).empty()) {
    return fail(Cause::invalid, "a GET has no body: set 'method' to POST or PUT");
  }
  s.place = TRY(http_place(s.on.url));
  TRY(http_place(s.off.url));
  s.expect = TRY(text_param(params, "expect", ""));
  s.pointer = TRY(text_param(params, "pointer", ""));
  if (!is_pointer(s.pointer)) {
    return fail(Cause::invalid, "'pointer' is no JSON pointer: write one like /relays/0/on");
  }
  s.value_on = TRY(text_param(params, "value-on", "true"));
  s.value_off = TRY(text_param(params, "value-off", "false"));
  return std::make_unique<HttpSwitch>(std::move(s));
}

}  // namespace assay::drivers
