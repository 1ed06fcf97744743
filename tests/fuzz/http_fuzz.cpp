// What a client may say to the HTTP server: addresses, cursors, headers.
#include <cstdlib>

#include "fuzz.hpp"
#include "web/cursor.hpp"
#include "web/request.hpp"
#include "wire/scalar.hpp"

using namespace assay;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto target = web::parse_target(text)) {
    for (const auto& part : target->path) {
      // None may name another folder, or be what JSON cannot say.
      if (part == ".." || part.find('/') != std::string::npos || !wire::is_utf8(part)) std::abort();
    }
  }
  if (const auto cursor = web::parse_cursor(text)) {
    const std::string again = web::to_text(*cursor);
    const auto same = web::parse_cursor(again);
    if (!same || *same != *cursor || again.size() > web::max_cursor) std::abort();
  }
  for (const std::uint64_t of : {std::uint64_t{0}, std::uint64_t{size}, UINT64_MAX}) {
    const auto wanted = web::parse_range(text, of);
    if (wanted.what != web::Wanted::What::part) continue;
    if (wanted.length == 0 || wanted.first >= of || wanted.length > of - wanted.first) std::abort();
  }
  (void)web::matches(text, "\"0123\"");
  (void)web::accepts_gzip(text);
  (void)web::accepts(text, "application/json");
  if (web::is_our_host(text) && text.find("evil") != std::string_view::npos) std::abort();
  return 0;
}

std::vector<std::string> fuzz::seeds() {
  return {"/api/v1/runs?plan=ota-revert&status=failed&page_size=50",
          "/api/v1/attempts/r17.1.2/console/dut/lines?from=-200&count=200",
          "/plans/%C3%A9t%C3%A9/../x?text=a%26b+c",
          "r17.1.1/dut=120;r17.1.2/dut=0",
          "bytes=100-200",
          "bytes=-500",
          "bytes=18446744073709551615-18446744073709551615",
          "\"0123\", W/\"0123-gz\"",
          "gzip;q=0.5, *;q=0",
          "127.0.0.1:7480",
          "localhost.evil"};
}
