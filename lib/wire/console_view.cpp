// Source: Protocol Buffers, "Encoding"; field numbers of assay/v1/event.proto.
#include "wire/console_view.hpp"

#include <algorithm>

#include "wire/limits.hpp"

namespace assay::wire {

namespace {

// Fields in ascending order, each at most once, as protobuf writes them.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  // The next field has this number and is a number: takes it.
  std::optional<std::uint64_t> number(std::uint8_t field) {
    if (!take_tag(static_cast<std::uint8_t>(field << 3))) return std::nullopt;
    return varint();
  }
  std::optional<std::string_view> bytes(std::uint8_t field) {
    if (!take_tag(static_cast<std::uint8_t>(field << 3 | 2))) return std::nullopt;
    const auto length = varint();
    if (!length || *length > rest_.size()) {
      good_ = false;
      return std::nullopt;
    }
    const std::string_view value = rest_.substr(0, *length);
    rest_.remove_prefix(*length);
    return value;
  }
  // Nothing is left, and all of it was understood.
  [[nodiscard]] bool done() const { return good_ && rest_.empty(); }

 private:
  bool take_tag(std::uint8_t tag) {
    if (rest_.empty() || static_cast<std::uint8_t>(rest_[0]) != tag) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(rest_[0]);
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
    good_ = false;  // it ends here, or does not fit
    return std::nullopt;
  }

  std::string_view rest_;
  bool good_ = true;
};

bool is_plain_name(std::string_view text) {
  return text.size() <= max_name && std::all_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x80;
         });
}

std::optional<Duration> duration(std::string_view bytes) {
  Fields fields(bytes);
  const std::uint64_t seconds = fields.number(1).value_or(0);
  const std::uint64_t nanos = fields.number(2).value_or(0);
  constexpr auto most = std::chrono::duration_cast<std::chrono::seconds>(max_duration).count();
  if (!fields.done() || seconds >= static_cast<std::uint64_t>(most) || nanos >= 1'000'000'000)
    return std::nullopt;
  return std::chrono::seconds(seconds) + Duration(nanos);
}

}  // namespace

std::optional<ConsoleView> view_console(std::string_view message) {
  Fields event(message);
  ConsoleView out;
  out.seq = event.number(1).value_or(0);
  if (const auto bytes = event.bytes(2)) {
    const auto at = duration(*bytes);
    if (!at) return std::nullopt;
    out.at = *at;
  }
  out.role = event.bytes(3).value_or("");
  out.board = event.bytes(4).value_or("");
  const auto body = event.bytes(14);
  if (!body || !event.done() || out.seq == 0) return std::nullopt;
  if (!is_plain_name(out.role) || !is_plain_name(out.board)) return std::nullopt;

  Fields console(*body);
  out.offset = console.number(1).value_or(0);
  const std::uint64_t sent = console.number(2).value_or(0);
  out.sent = sent == 1;
  out.data = console.bytes(3).value_or("");
  if (!console.done() || sent > 1 || out.data.size() > max_console_piece) return std::nullopt;
  return out;
}

}  // namespace assay::wire
