#include "hosts/protocol.hpp"

#include <algorithm>
#include <array>

namespace assay::hosts {

namespace {

constexpr std::size_t length_size = 4;
constexpr std::size_t max_depth = 16;
constexpr Duration between_progress = std::chrono::milliseconds(200);

// A DOM of bounded depth: the reader recurses, and a host whose memory is
// corrupt must not overflow the agent's stack.
class Shallow : public nlohmann::detail::json_sax_dom_parser<Json> {
 public:
  using Base = nlohmann::detail::json_sax_dom_parser<Json>;
  explicit Shallow(Json& into) : Base(into, false) {}
  bool start_object(std::size_t n) { return ++depth_ <= max_depth && Base::start_object(n); }
  bool end_object() { return --depth_, Base::end_object(); }
  bool start_array(std::size_t n) { return ++depth_ <= max_depth && Base::start_array(n); }
  bool end_array() { return --depth_, Base::end_array(); }

 private:
  std::size_t depth_ = 0;
};

Result<Bytes> frame(const Json& body) {
  Bytes out(length_size);
  try {
    Json::to_cbor(body, out);
  } catch (const std::exception& e) {
    return fail(Cause::internal, "a message to or from a device host: {}", e.what());
  }
  const std::size_t size = out.size() - length_size;
  if (size > max_message) {
    return fail(Cause::exhausted, "a message of {} bytes to or from a device host: the limit is {}",
                size, max_message);
  }
  for (std::size_t i = 0; i < length_size; ++i) {
    out[i] = static_cast<std::uint8_t>(size >> (8 * (length_size - 1 - i)));
  }
  return out;
}

Json to_json(const Configure& c) {
  return {{"type", "configure"}, {"board", c.board},        {"device", c.device},
          {"driver", c.driver},  {"params", c.params_json}, {"state", c.state_folder.string()},
          {"floor", c.floor}};
}

Json to_json(const Request& r) {
  return {{"type", "request"},        {"id", r.id},
          {"ability", r.ability},     {"operation", r.operation},
          {"arguments", r.arguments}, {"epoch", r.epoch},
          {"floor", r.floor},         {"left", r.left_ns}};
}

Json to_json(const Reply& r) {
  Json out = {{"type", "reply"}, {"id", r.id}};
  if (r.value) {
    out["value"] = *r.value;
  } else {
    out["cause"] = static_cast<int>(r.value.error().cause);
    out["text"] = r.value.error().text;
  }
  return out;
}

Json to_json(const abilities::ConsoleChunk& c) {
  return {{"type", "console"}, {"at", c.at.ns}, {"bytes", Json::binary(c.bytes)}};
}

Json to_json(const abilities::Incident& i) {
  return {{"type", "incident"}, {"kind", static_cast<int>(i.kind)}, {"text", i.text}};
}

Json to_json(const ProgressOf& p) {
  return {{"type", "progress"},
          {"id", p.id},
          {"doing", p.progress.doing},
          {"done", p.progress.done},
          {"total", p.progress.total}};
}

// An enumerator by its number; numbers past the last one become the last.
template <class Enum>
Enum enumerator(const Json& number, Enum last) {
  return static_cast<Enum>(std::clamp(number.get<int>(), 0, static_cast<int>(last)));
}

ToHost to_host(const Json& m) {
  if (m.at("type") == "configure") {
    return Configure{m.at("board"),
                     m.at("device"),
                     m.at("driver"),
                     m.at("params"),
                     m.at("state").get<std::string>(),
                     m.at("floor")};
  }
  return Request{m.at("id"),    m.at("ability"), m.at("operation"), m.at("arguments"),
                 m.at("epoch"), m.at("floor"),   m.at("left")};
}

ToAgent to_agent(const Json& m) {
  const auto& type = m.at("type").get_ref<const std::string&>();
  if (type == "console") {
    return abilities::ConsoleChunk{BootTime{m.at("at").get<std::int64_t>()},
                                   Bytes(m.at("bytes").get_binary())};
  }
  if (type == "incident") {
    return abilities::Incident{enumerator(m.at("kind"), abilities::Incident::Kind::port_gone),
                               m.at("text")};
  }
  const std::uint64_t id = m.at("id");
  if (type == "progress") return ProgressOf{id, {m.at("doing"), m.at("done"), m.at("total")}};
  if (m.contains("value")) return Reply{id, m.at("value")};
  return Reply{id, tl::unexpected(Error{enumerator(m.at("cause"), Cause::internal), m.at("text")})};
}

template <class Message, class Convert>
Result<std::optional<Message>> converted(Result<std::optional<Json>> body, Convert convert) {
  const auto json = TRY(std::move(body));
  if (!json) return std::nullopt;
  try {
    return convert(*json);
  } catch (const std::exception& e) {
    return fail(Cause::internal, "a device host's socket carries a message without meaning: {}",
                e.what());
  }
}

}  // namespace

Error stale_epoch(const std::string& board, const std::string& what, std::uint64_t epoch,
                  std::uint64_t floor) {
  return {
      Cause::refused,
      fmt::format("board {}: {} with epoch {} refused, epoch {} has the board now: lease it anew",
                  board, what, epoch, floor)};
}

Result<Bytes> encode(const ToHost& message) {
  return frame(std::visit([](const auto& m) { return to_json(m); }, message));
}

Result<Bytes> encode(const ToAgent& message) {
  return frame(std::visit([](const auto& m) { return to_json(m); }, message));
}

bool ProgressPace::lets(const abilities::Progress& progress, BootTime now) {
  const bool is_end = progress.total != 0 && progress.done >= progress.total;
  const bool is_new_end = is_end && ended_ != progress.doing;
  if (last_ && !is_new_end && now - *last_ < between_progress) return false;
  last_ = now;
  ended_ = is_end ? std::optional(progress.doing) : std::nullopt;
  return true;
}

void Decoder::feed(ByteView bytes) {
  if (start_ > 0 && (start_ == buffer_.size() || start_ > buffer_.size() / 2)) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(start_));
    start_ = 0;
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<Json>> Decoder::next() {
  const ByteView rest = ByteView(buffer_).subspan(start_);
  if (rest.size() < length_size) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < length_size; ++i) size = size << 8 | rest[i];
  if (size > max_message) {
    return fail(Cause::internal,
                "a device host's socket announces a message of {} bytes: the limit is {}", size,
                max_message);
  }
  if (rest.size() < length_size + size) return std::nullopt;
  const ByteView body = rest.subspan(length_size, size);
  start_ += length_size + size;
  Json json;
  Shallow sax(json);
  bool good = false;
  try {
    good = Json::sax_parse(body.begin(), body.end(), &sax, Json::input_format_t::cbor) &&
           json.is_object();
  } catch (const std::exception&) {
    good = false;
  }
  if (!good)
    return fail(Cause::internal, "a device host's socket carries {} bytes that are no message",
                size);
  return json;
}

Result<std::optional<ToHost>> Decoder::next_to_host() {
  return converted<ToHost>(next(), to_host);
}

Result<std::optional<ToAgent>> Decoder::next_to_agent() {
  return converted<ToAgent>(next(), to_agent);
}

}  // namespace assay::hosts
