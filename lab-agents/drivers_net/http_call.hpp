// One HTTP request and its answer, by libcurl: http and https, no redirects, no
// proxy, at most 64 KiB. For single-threaded programs.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "drivers/kinds.hpp"

namespace assay::drivers {

struct HttpCall {
  std::string method = "GET";
  std::string url;
  std::string body = {};  // sent when not empty
  std::string content_type = {};
  std::string user = {}, password = {};  // when asked for, Basic or Digest
  // In the URL or the body, too: never seen in an error.
  std::string secret = {};
  Duration timeout = std::chrono::seconds(5);
};

// "http://relay.lab:8080/set": the URL without its query, for people. Cause::invalid
// when it is none, is neither http nor https, or holds a password.
Result<std::string> http_place(const std::string& url);

// The body of an answer with a status from 200 to 299. Cause::device otherwise:
// "PLACE: HTTP 404", "PLACE: no answer within 5 s".
Result<std::string> http_call(const HttpCall&, const Wait&);
// The same, of JSON.
Result<Json> http_json(const HttpCall&, const Wait&);

// What of a body may stand in an error: its start, printable, without secrets.
std::string http_excerpt(const HttpCall&, const std::string& body);
// "%41" for whatever has a meaning in a URL.
std::string url_escaped(std::string_view);

}  // namespace assay::drivers
