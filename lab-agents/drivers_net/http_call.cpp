#include "drivers_net/http_call.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "base/text.hpp"
#include "drivers_net/secret.hpp"

namespace assay::drivers {

namespace {

constexpr std::size_t longest_answer = 64 << 10;
constexpr std::size_t longest_excerpt = 200;

// For as long as the program runs.
void start_curl() {
  static const auto started = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(started);
}

struct Answer {
  std::string body;
  bool too_long = false;
};

std::size_t take(char* bytes, std::size_t, std::size_t size, void* to) {
  auto& answer = *static_cast<Answer*>(to);
  answer.too_long = answer.body.size() + size > longest_answer;
  if (answer.too_long) return CURL_WRITEFUNC_ERROR;
  answer.body.append(bytes, size);
  return size;
}

using Easy = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Multi = std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)>;
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

void prepare(CURL* easy, const HttpCall& call, Answer& answer) {
  const auto set = [easy](CURLoption option, auto value) { curl_easy_setopt(easy, option, value); };
  set(CURLOPT_URL, call.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_USERAGENT, "assay");
  set(CURLOPT_CUSTOMREQUEST, call.method.c_str());
  set(CURLOPT_WRITEFUNCTION, &take);
  set(CURLOPT_WRITEDATA, &answer);
  if (!call.body.empty()) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    set(CURLOPT_POSTFIELDS, call.body.c_str());
  } else if (call.method != "GET") {
    set(CURLOPT_POSTFIELDSIZE, 0L);
    set(CURLOPT_POSTFIELDS, "");
  }
  if (!call.user.empty()) {
    set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC | CURLAUTH_DIGEST));
    set(CURLOPT_USERNAME, call.user.c_str());
    set(CURLOPT_PASSWORD, call.password.c_str());
  }
}

// Drives it to its end; nullopt when `limit` came first.
std::optional<CURLcode> perform(CURLM* multi, CURL* easy, const Wait& limit) {
  const std::stop_callback wake(limit.stop, [multi] { curl_multi_wakeup(multi); });
  curl_multi_add_handle(multi, easy);
  int running = 1;
  while (true) {
    curl_multi_perform(multi, &running);
    if (running == 0 || limit.until.passed() || limit.stop.stop_requested()) break;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit.until.left()).count();
    curl_multi_poll(multi, nullptr, 0, static_cast<int>(std::min<std::int64_t>(left, 60'000)),
                    nullptr);
  }
  std::optional<CURLcode> end;
  int more = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &more)) {
    if (message->msg == CURLMSG_DONE) end = message->data.result;
  }
  curl_multi_remove_handle(multi, easy);
  return end;
}

Result<> judge(const HttpCall& call, const std::string& place, long status,
               const std::string& body) {
  if (status >= 200 && status < 300) return {};
  if (status >= 300 && status < 400) {
    return fail(Cause::device, "{}: HTTP {}: redirects are not followed: write where it leads to",
                place, status);
  }
  if ((status == 401 || status == 403) && !call.user.empty()) {
    return fail(Cause::device, "{}: HTTP {}: it refuses user '{}' or the password", place, status,
                printable(call.user));
  }
  if (status == 401 || status == 403) {
    return fail(Cause::device, "{}: HTTP {}: it wants a user and a password{}", place, status,
                call.secret.empty() ? "" : ", and others than these");
  }
  // A page of an error may show the request and all that was in it.
  const bool quotable = call.user.empty() && call.secret.empty() && !body.empty();
  return fail(Cause::device, "{}: HTTP {}{}{}", place, status, quotable ? ": " : "",
              quotable ? http_excerpt(call, body) : "");
}

}  // namespace

Result<std::string> http_place(const std::string& url) {
  start_curl();
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parts(curl_url(), &curl_url_cleanup);
  const auto wrong = curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0);
  // Not shown: it may hold a password.
  if (wrong != CURLUE_OK) {
    return fail(Cause::invalid, "an address is no URL ({})", curl_url_strerror(wrong));
  }
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(parts.get(), which, &text, 0) != CURLUE_OK) return std::string();
    std::string copy(text);
    curl_free(text);
    return copy;
  };
  const auto scheme = part(CURLUPART_SCHEME), port = part(CURLUPART_PORT);
  if (scheme != "http" && scheme != "https") {
    return fail(Cause::invalid, "an address begins with '{}:': it must be http or https",
                printable(scheme));
  }
  if (!part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty()) {
    return fail(Cause::invalid,
                "an address holds a user or password: write 'user', and 'password-env' or "
                "'password-file'");
  }
  return printable(fmt::format("{}://{}{}{}{}", scheme, part(CURLUPART_HOST),
                               port.empty() ? "" : ":", port, part(CURLUPART_PATH)));
}

Result<std::string> http_call(const HttpCall& call, const Wait& wait) {
  const auto place = TRY(http_place(call.url));
  const Easy easy(curl_easy_init(), &curl_easy_cleanup);
  const Multi multi(curl_multi_init(), &curl_multi_cleanup);
  if (!easy || !multi) return fail(Cause::internal, "libcurl does not start");
  Answer answer;
  prepare(easy.get(), call, answer);
  Headers headers(nullptr, &curl_slist_free_all);
  if (!call.content_type.empty()) {
    headers.reset(curl_slist_append(nullptr, ("Content-Type: " + call.content_type).c_str()));
    curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  }
  const auto end = perform(multi.get(), easy.get(), wait.at_most(call.timeout));
  if (!end && wait.stop.stop_requested()) return fail(Cause::cancelled, "{}: stopped", place);
  if (!end && wait.until.passed()) return fail(Cause::timeout, "{}: no answer in time", place);
  if (!end) return fail(Cause::device, "{}: no answer within {}", place, human(call.timeout));
  if (answer.too_long) {
    return fail(Cause::device, "{}: answers with more than {}", place, human_size(longest_answer));
  }
  if (*end != CURLE_OK) return fail(Cause::device, "{}: {}", place, curl_easy_strerror(*end));
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  TRY(judge(call, place, status, answer.body));
  return std::move(answer.body);
}

Result<Json> http_json(const HttpCall& call, const Wait& wait) {
  const auto body = TRY(http_call(call, wait));
  auto json = Json::parse(body, nullptr, false);
  if (!json.is_discarded()) return json;
  return fail(Cause::device, "{}: answers no JSON: {}", TRY(http_place(call.url)),
              http_excerpt(call, body));
}

std::string http_excerpt(const HttpCall& call, const std::string& body) {
  std::string seen = body;
  for (const auto& secret : {call.secret, call.password}) {
    auto quoted = Json(secret).dump(-1, ' ', false, Json::error_handler_t::replace);
    quoted = quoted.substr(1, quoted.size() - 2);
    seen = without(seen, {secret, url_escaped(secret), quoted});
  }
  if (seen.size() <= longest_excerpt) return "'" + printable(seen) + "'";
  return "'" + printable(seen.substr(0, longest_excerpt)) + "...'";
}

std::string url_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace assay::drivers
