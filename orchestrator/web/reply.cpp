#include "web/reply.hpp"

#include <assay/v1/web.pb.h>
#include <fmt/core.h>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "web/gzip.hpp"
#include "wire/json.hpp"
#include "wire/scalar.hpp"

namespace assay::web {

namespace {

constexpr std::size_t worth_compressing = 1024;
constexpr int quick = 4;  // JSON shrinks tenfold at any level; this one costs least

// On everything, errors too. Scripts and styles come from here or not at all, and
// no other page may frame, read or script what is served.
constexpr std::string_view safety =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
    "'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

unsigned status_of(Cause cause) {
  switch (cause) {
    case Cause::invalid:
      return 400;
    case Cause::not_found:
      return 404;
    case Cause::internal:
      return 500;
    default:
      return 503;
  }
}

bool compresses(std::string_view type) {
  return type.starts_with("text/") || type.starts_with("application/json") ||
         type.starts_with("image/svg");
}

// For a quoted string in a header.
std::string file_name(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, 200)) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '.' || c == '-' || c == '_';
    out += plain ? c : '_';
  }
  return out;
}

void cut(Reply& reply, std::string_view range, std::uint64_t size) {
  const Wanted wanted = parse_range(range, size);
  switch (wanted.what) {
    case Wanted::What::all:
      return;
    case Wanted::What::part:
      reply.status = 206;
      reply.first = wanted.first;
      reply.length = wanted.length;
      reply.headers.emplace_back(
          "Content-Range",
          fmt::format("bytes {}-{}/{}", wanted.first, wanted.first + wanted.length - 1, size));
      return;
    case Wanted::What::nothing:
      reply = problem(416, fmt::format("there are {} bytes, and none of them in '{}'", size,
                                       printable(range.substr(0, 100))));
      reply.headers.emplace_back("Content-Range", fmt::format("bytes */{}", size));
  }
}

}  // namespace

std::string_view reason(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 416:
      return "Range Not Satisfiable";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    default:
      return "Service Unavailable";
  }
}

std::string hash_tag(std::string_view content) {
  return '"' + to_hex(sha256(as_bytes(content))).substr(0, 32) + '"';
}

Reply problem(unsigned status, std::string_view text) {
  v1::Problem message;
  message.set_error(wire::is_utf8(text) ? std::string(text) : printable(text));
  Reply reply;
  reply.status = status;
  reply.cache = "no-store";
  reply.body = std::make_shared<const std::string>(wire::to_json(message).value_or("{}"));
  return reply;
}

Reply problem(const Error& error) {
  return problem(status_of(error.cause), error.text);
}

Reply json(const google::protobuf::Message& message) {
  auto text = wire::to_json(message);
  if (!text) return problem(text.error());
  Reply reply;
  reply.etag = hash_tag(*text);
  reply.body = std::make_shared<const std::string>(std::move(*text));
  return reply;
}

Reply plain(unsigned status, std::string text) {
  Reply reply;
  reply.status = status;
  reply.type = "text/plain; charset=utf-8";
  reply.cache = "no-store";
  reply.body = std::make_shared<const std::string>(std::move(text));
  return reply;
}

Reply download(std::string name, std::string etag, std::uint64_t size, Read read) {
  Reply reply;
  reply.type = "application/octet-stream";
  reply.etag = std::move(etag);
  reply.size = reply.length = size;
  reply.read = std::move(read);
  reply.download = true;
  reply.headers.emplace_back("Accept-Ranges", "bytes");
  reply.headers.emplace_back("Content-Disposition",
                             fmt::format("attachment; filename=\"{}\"", file_name(name)));
  return reply;
}

Reply finish(const Request& request, Reply reply) {
  if (!reply.live.empty()) return reply;
  if (reply.status == 200 && matches(request.if_none_match, reply.etag)) {
    reply.status = 304;
    reply.body = reply.zipped = nullptr;
    reply.read = nullptr;
    reply.length = 0;
    return reply;
  }
  if (reply.download) {
    // If-Range: a part only of the very same bytes.
    if (reply.status == 200 && (request.if_range.empty() || request.if_range == reply.etag))
      cut(reply, request.range, reply.size);
  }
  if (reply.body != nullptr && reply.body->size() > worth_compressing && compresses(reply.type)) {
    reply.headers.emplace_back("Vary", "Accept-Encoding");
    if (accepts_gzip(request.accept_encoding)) {
      if (reply.zipped == nullptr) {
        if (auto small = gzip(*reply.body, quick))
          reply.zipped = std::make_shared<const std::string>(std::move(*small));
      }
      if (reply.zipped != nullptr) {
        reply.body = reply.zipped;
        reply.headers.emplace_back("Content-Encoding", "gzip");
        if (!reply.etag.empty()) reply.etag.insert(reply.etag.size() - 1, "-gz");
      }
    }
  }
  if (reply.body != nullptr) reply.length = reply.body->size();
  return reply;
}

std::string head_of(const Reply& reply, bool keep_alive) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, reason(reply.status));
  head += safety;
  const auto add = [&](std::string_view name, std::string_view value) {
    head += fmt::format("{}: {}\r\n", name, value);
  };
  if (reply.status != 304) {
    add("Content-Type", reply.type);
    if (reply.live.empty()) add("Content-Length", std::to_string(reply.length));
  }
  add("Cache-Control", reply.cache);
  if (!reply.etag.empty()) add("ETag", reply.etag);
  for (const auto& [name, value] : reply.headers) add(name, value);
  add("Connection", keep_alive ? "keep-alive" : "close");
  return head + "\r\n";
}

}  // namespace assay::web
