#include "protocols/smp.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "protocols/smp_cbor.hpp"

namespace assay::smp {

namespace {

using Json = nlohmann::json;

enum Op : std::uint8_t { read = 0, read_answer = 1, write = 2, write_answer = 3 };
constexpr std::uint8_t version_2 = 1 << 3;
constexpr std::size_t header_size = 8;
constexpr std::uint16_t os_group = 0, image_group = 1;
// Pieces of one upload that bring nothing forward, before it is given up.
constexpr int most_stalls = 8, most_restarts = 3;
constexpr Duration shortest_patience = std::chrono::milliseconds(250);

}  // namespace

struct Client::Request {
  std::string_view name;
  Op op;
  std::uint16_t group;
  std::uint8_t id;
  Json body = Json::object();
  Duration within;
  int attempts;
};

namespace {

Bytes make_packet(Op op, std::uint16_t group, std::uint8_t id, std::uint8_t sequence,
                  const Json& body) {
  const auto cbor = Json::to_cbor(body);
  Bytes packet{static_cast<std::uint8_t>(version_2 | op),
               0,
               static_cast<std::uint8_t>(cbor.size() >> 8),
               static_cast<std::uint8_t>(cbor.size()),
               static_cast<std::uint8_t>(group >> 8),
               static_cast<std::uint8_t>(group),
               sequence,
               id};
  packet.insert(packet.end(), cbor.begin(), cbor.end());
  return packet;
}

std::optional<Refusal> refusal_in(const Json& answer) {
  if (const auto error = answer.find("err"); error != answer.end() && error->is_object()) {
    const auto code = number(*error, "rc").value_or(1);
    if (code == 0) return {};
    return Refusal{static_cast<std::uint16_t>(number(*error, "group").value_or(0)), code};
  }
  // Servers put "rc": 0 into answers that are fine; a negative one is none.
  const auto rc = answer.find("rc");
  if (rc == answer.end()) return {};
  const auto code = number(answer, "rc").value_or(1);
  if (code == 0) return {};
  return Refusal{{}, code};
}

std::vector<ImageSlot> slots_in(const Json& answer) {
  std::vector<ImageSlot> slots;
  const auto images = answer.find("images");
  if (images == answer.end() || !images->is_array()) return slots;
  for (const auto& entry : *images) {
    ImageSlot slot;
    slot.image = static_cast<std::uint32_t>(number(entry, "image").value_or(0));
    slot.slot = static_cast<std::uint32_t>(number(entry, "slot").value_or(0));
    slot.version = text(entry, "version").value_or("");
    slot.hash = binary(entry, "hash");
    slot.bootable = flag(entry, "bootable");
    slot.pending = flag(entry, "pending");
    slot.confirmed = flag(entry, "confirmed");
    slot.active = flag(entry, "active");
    slot.permanent = flag(entry, "permanent");
    slots.push_back(std::move(slot));
  }
  return slots;
}

}  // namespace

std::size_t Client::packet_size() const {
  if (!parameters_) return options_.first_packet;
  const std::size_t framed = parameters_->buffer_size;  // with its length and CRC
  return std::min(framed > 4 ? framed - 4 : 0, options_.longest_packet);
}

Result<Json> Client::await(const Request& request, std::uint8_t sequence, const Wait& wait) {
  while (true) {
    const Bytes packet = TRY(transport_.receive(wait));
    if (packet.size() < header_size) continue;
    const auto group = std::uint16_t(packet[4] << 8 | packet[5]);
    const std::uint8_t op = packet[0] & 7;
    if (op != request.op + 1 || group != request.group || packet[7] != request.id ||
        packet[6] != sequence) {
      continue;  // an answer that comes too late, or to somebody else
    }
    const std::size_t length = std::size_t{packet[2]} << 8 | packet[3];
    std::optional<Json> answer;
    if (length == packet.size() - header_size) {
      answer = parse_map(ByteView(packet).subspan(header_size));
    }
    if (!answer) return fail(Cause::guest, "{}: the answer is no CBOR map", request.name);
    refusal_ = refusal_in(*answer);
    if (refusal_) return fail(Cause::guest, "{}: {}", request.name, to_string(*refusal_));
    return std::move(*answer);
  }
}

Result<Json> Client::call(const Request& request, const Wait& wait) {
  refusal_.reset();
  for (int attempt = 1;; ++attempt) {
    const auto sequence = next_sequence_++;
    const Bytes packet = make_packet(request.op, request.group, request.id, sequence, request.body);
    if (packet.size() > packet_size()) {
      return fail(Cause::invalid, "{}: a request of {} bytes, but the device takes {}",
                  request.name, packet.size(), packet_size());
    }
    const Wait once = wait.at_most(request.within);
    auto answer =
        transport_.send(packet, once).and_then([&] { return await(request, sequence, once); });
    if (answer || answer.error().cause != Cause::timeout) return answer;
    if (attempt >= request.attempts || wait.until.passed()) {
      return fail(Cause::timeout, "{}: no answer to {} request{}", request.name, attempt,
                  attempt == 1 ? "" : "s");
    }
    ++repeats_;
  }
}

Result<std::string> Client::echo(std::string_view said, const Wait& wait) {
  const auto answer = TRY(call({.name = "os echo",
                                .op = write,
                                .group = os_group,
                                .id = 0,
                                .body = {{"d", said}},
                                .within = options_.answer_within,
                                .attempts = options_.attempts},
                               wait));
  auto heard = text(answer, "r");
  if (!heard) return fail(Cause::guest, "os echo: the answer has no text");
  return std::move(*heard);
}

Result<> Client::reset(const Wait& wait, std::optional<int> boot_mode) {
  Json body = Json::object();
  if (boot_mode) body["boot_mode"] = *boot_mode;
  TRY(call({.name = "os reset",
            .op = write,
            .group = os_group,
            .id = 5,
            .body = std::move(body),
            .within = options_.answer_within,
            .attempts = 1},
           wait));
  return {};
}

Result<Parameters> Client::parameters(const Wait& wait) {
  const auto answer = TRY(call({.name = "os mcumgr parameters",
                                .op = read,
                                .group = os_group,
                                .id = 6,
                                .within = options_.answer_within,
                                .attempts = options_.attempts},
                               wait));
  const auto size = number(answer, "buf_size");
  const auto count = number(answer, "buf_count");
  if (!size || !count || *size > 1 << 20 || *count > 1 << 16) {
    return fail(Cause::guest, "os mcumgr parameters: no sensible buf_size and buf_count");
  }
  parameters_ = Parameters{static_cast<std::uint32_t>(*size), static_cast<std::uint32_t>(*count)};
  return *parameters_;
}

Result<std::string> Client::os_info(std::string_view format, const Wait& wait) {
  const auto answer = TRY(call({.name = "os info",
                                .op = read,
                                .group = os_group,
                                .id = 7,
                                .body = {{"format", format}},
                                .within = options_.answer_within,
                                .attempts = options_.attempts},
                               wait));
  auto output = text(answer, "output");
  if (!output) return fail(Cause::guest, "os info: the answer has no text");
  return std::move(*output);
}

Result<std::string> Client::bootloader(const Wait& wait) {
  const auto answer = TRY(call({.name = "os bootloader info",
                                .op = read,
                                .group = os_group,
                                .id = 8,
                                .within = options_.answer_within,
                                .attempts = options_.attempts},
                               wait));
  auto name = text(answer, "bootloader");
  if (!name) return fail(Cause::guest, "os bootloader info: the answer has no name");
  return std::move(*name);
}

Result<std::vector<ImageSlot>> Client::images(const Wait& wait) {
  return slots_in(TRY(call({.name = "img state",
                            .op = read,
                            .group = image_group,
                            .id = 0,
                            .within = options_.answer_within,
                            .attempts = options_.attempts},
                           wait)));
}

Result<std::vector<ImageSlot>> Client::test(ByteView hash, const Wait& wait) {
  return slots_in(
      TRY(call({.name = "img test",
                .op = write,
                .group = image_group,
                .id = 0,
                .body = {{"hash", Json::binary({hash.begin(), hash.end()})}, {"confirm", false}},
                .within = options_.answer_within,
                .attempts = options_.attempts},
               wait)));
}

Result<std::vector<ImageSlot>> Client::confirm(ByteView hash, const Wait& wait) {
  Json body{{"confirm", true}};
  if (!hash.empty()) body["hash"] = Json::binary({hash.begin(), hash.end()});
  return slots_in(TRY(call({.name = "img confirm",
                            .op = write,
                            .group = image_group,
                            .id = 0,
                            .body = std::move(body),
                            .within = options_.answer_within,
                            .attempts = options_.attempts},
                           wait)));
}

Result<> Client::erase(std::optional<std::uint32_t> slot, const Wait& wait) {
  Json body = Json::object();
  if (slot) body["slot"] = *slot;
  TRY(call({.name = "img erase",
            .op = write,
            .group = image_group,
            .id = 5,
            .body = std::move(body),
            .within = options_.erase_within,
            .attempts = 2},
           wait));
  return {};
}

Result<> Client::upload(ByteView image, const Upload& how, const Wait& wait) {
  if (image.empty()) return fail(Cause::invalid, "img upload: the image is empty");
  if (!parameters_) {
    // An old server does not know the question; it gets short packets.
    const auto asked = parameters(wait);
    if (!asked && asked.error().cause != Cause::guest) return tl::unexpected(asked.error());
  }
  const auto hash = sha256(image);
  std::size_t offset = 0, longest = packet_size();
  int stalls = 0, restarts = 0, silences = 0;
  // An answer to a piece comes as quickly as those before it, or not at all.
  Duration patience = options_.answer_within, slowest{};
  while (true) {
    Request request{.name = "img upload",
                    .op = write,
                    .group = image_group,
                    .id = 1,
                    .within = offset == 0 ? options_.erase_within : patience,
                    .attempts = 1};
    request.body["off"] = offset;
    if (offset == 0) {
      request.body["len"] = image.size();
      request.body["sha"] = Json::binary({hash.begin(), hash.end()});
      if (how.image != 0) request.body["image"] = how.image;
      if (how.upgrade_only) request.body["upgrade"] = true;
    }
    request.body["data"] = Json::binary({});
    // The byte string's own length takes up to two bytes more than that of an empty one.
    const std::size_t without =
        make_packet(request.op, request.group, request.id, 0, request.body).size() + 2;
    // The first piece may wait long for its answer, because it makes the device
    // erase a slot: it must not be lost for want of a third line buffer.
    const std::size_t packet = offset == 0 ? std::min(longest, packet_capacity(2)) : longest;
    if (packet <= without) {
      return fail(Cause::guest, "img upload: the device's buffer of {} bytes holds no data",
                  packet_size());
    }
    const auto piece = image.subspan(offset, std::min(packet - without, image.size() - offset));
    request.body["data"] = Json::binary({piece.begin(), piece.end()});
    const auto asked = BootTime::now();
    const auto answered = call(request, wait);
    if (!answered && answered.error().cause == Cause::timeout) {
      if (++silences > options_.attempts || wait.until.passed()) {
        return fail(Cause::timeout, "img upload: no answer to {} request{} at {} of {} bytes",
                    silences, silences == 1 ? "" : "s", offset, image.size());
      }
      // Its receiver may have run out of line buffers: send less at once.
      longest = std::min(longest, packet_capacity(2));
      patience = std::min(patience * 2, options_.answer_within);
      ++repeats_;
      continue;
    }
    const auto answer = TRY(answered);
    silences = 0;
    if (offset != 0) {
      slowest = std::max(slowest, BootTime::now() - asked);
      patience = std::min(std::max(10 * slowest, shortest_patience), options_.answer_within);
    }
    const auto now = number(answer, "off");
    if (!now || *now > image.size()) {
      return fail(Cause::guest, "img upload: the answer to {} of {} bytes has no sensible offset",
                  offset, image.size());
    }
    if (*now == offset && ++stalls > most_stalls) {
      return fail(Cause::guest, "img upload: stays at {} of {} bytes", offset, image.size());
    }
    if (*now < offset && ++restarts > most_restarts) {
      return fail(Cause::guest, "img upload: fell back to {} from {} of {} bytes {} times", *now,
                  offset, image.size(), restarts);
    }
    if (*now > offset) stalls = 0;
    offset = *now;
    if (how.progress) how.progress(offset, image.size());
    if (offset < image.size()) continue;
    const auto match = answer.find("match");
    if (match != answer.end() && !flag(answer, "match")) {
      return fail(Cause::guest,
                  "img upload: the device received other bytes (its SHA-256 differs)");
    }
    return {};
  }
}

}  // namespace assay::smp
