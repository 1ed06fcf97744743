#include "drivers/flash/probe.hpp"

#include <algorithm>
#include <cctype>

#include "drivers/presence.hpp"
#include "images/load.hpp"
#include "usb/device.hpp"

namespace assay::drivers {

namespace {

using abilities::FlashJob;
using abilities::Health;
using abilities::Order;

constexpr std::uint64_t read_limit = 16 << 20;
constexpr int no_interface = -1;
constexpr std::size_t page_size = 1024;  // in which nothing is looked for

// Where chips keep their number, by the beginning of pyOCD's target name, and how
// long it is. From the vendors' reference manuals (nRF51 and nRF52: FICR DEVICEID;
// STM32: unique device ID register; K64F: SIM_UIDH to SIM_UIDL).
struct KnownId {
  std::string_view target;
  std::uint64_t at;
  std::size_t size;
};
constexpr KnownId known_ids[] = {{"nrf51", 0x10000060, 8},
                                 {"nrf52", 0x10000060, 8},
                                 {"stm32f7", 0x1FF0F420, 12},
                                 {"stm32l4", 0x1FFF7590, 12},
                                 {"k64f", 0x40048054, 16}};

// Tools write the digits of a serial number in either case, and leave zeros in front away.
bool same_serial(std::string_view one, std::string_view other) {
  for (auto* text : {&one, &other})
    text->remove_prefix(std::min(text->find_first_not_of('0'), text->size()));
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char a, char b) { return std::tolower(a) == std::tolower(b); });
}

class ProbeFlasher final : public abilities::Device,
                           private abilities::Flash,
                           private abilities::Reset {
 public:
  ProbeFlasher(std::unique_ptr<ProbeTool> tool, ChipId id, abilities::IncidentSink sink)
      : tool_(std::move(tool)),
        id_(std::move(id)),
        // A probe on the board itself may go with the board's power.
        presence_(
            [this]() -> Result<> {
              TRY(attached());
              return {};
            },
            abilities::Incident::Kind::port_gone, std::move(sink)) {}

  abilities::Flash* flash() override { return this; }
  abilities::Reset* reset() override { return this; }
  std::string about(std::string_view) const override { return tool_->about(); }

  Result<Health> check(std::string_view, const Order& order) override {
    const Health health = TRY(tool_->check(order));
    if (health == Health::unproven) return health;
    checked_.reset();
    TRY(check_chip(order));
    return health;
  }
  Result<> revive(const Order& order) override {
    const auto device = TRY(attached());
    // Its port says which: no two devices have the same.
    usb::Link link({.what = "probe", .port = device.port}, no_interface);
    return link.reset(order.wait);
  }
  void poll_fds(std::vector<pollfd>& fds, bool) override { presence_.poll_fds(fds); }
  void on_ready(std::span<const pollfd> fds) override { presence_.on_ready(fds); }

 private:
  // By sysfs: no tool has to be started for it. One that is not on this machine's USB
  // is never seen, so it never goes either.
  Result<usb::Attached> attached() const {
    for (auto& device : TRY(usb::attached())) {
      if (!device.serial.empty() && same_serial(device.serial, tool_->serial())) return device;
    }
    return fail(Cause::device, "{} is not attached", tool_->probe());
  }

  Result<> pulse(const Order& order) override { return tool_->reset(order); }

  Result<> write(const Order& order, const FlashJob& job) override {
    TRY(check_chip(order));
    const auto segments = TRY(images::load(job.file, job.address));
    const auto folder = TRY(TempFolder::make("assay-flash-"));
    const bool is_erased = job.erase_chip || job.erase_size != 0;
    const auto written = is_erased ? without_erased(segments, job.erased) : segments;
    const auto pieces = TRY(pieces_of(written, folder));
    const auto back = pieces_for(segments, folder);
    TRY(tool_->program(job, pieces, back, order));
    for (std::size_t i = 0; i < back.size(); ++i)
      TRY(compare(segments.all[i], back[i], tool_->probe()));
    return tool_->reset(order);
  }

  Result<std::optional<Bytes>> read(const Order& order, std::uint64_t address,
                                    std::uint64_t size) override {
    if (size > read_limit)
      return fail(Cause::invalid, "reading {} bytes: {} at most", size, read_limit);
    const auto folder = TRY(TempFolder::make("assay-flash-"));
    const Piece piece{(folder.path() / "flash.bin").string(), address, size};
    TRY(tool_->save(piece, order));
    return TRY(saved(piece, tool_->probe()));
  }

  // Once a lease, before its first write: a board may have been changed since.
  Result<> check_chip(const Order& order) {
    if (id_.bytes.empty() || checked_ == order.epoch) return {};
    const auto read = TRY(this->read(order, id_.at, id_.bytes.size()));
    if (*read != id_.bytes) {
      return fail(Cause::device,
                  "the wrong board: the lab file says that the chip behind {} is {}, but it calls "
                  "itself {}",
                  tool_->probe(), to_hex(id_.bytes), to_hex(*read));
    }
    checked_ = order.epoch;
    return {};
  }

  const std::unique_ptr<ProbeTool> tool_;
  const ChipId id_;
  std::optional<std::uint64_t> checked_;  // the epoch of it
  Presence presence_;
};

}  // namespace

images::Segments without_erased(const images::Segments& segments, std::uint8_t erased) {
  images::Segments kept;
  for (const auto& segment : segments.all) {
    std::size_t at = 0;
    bool joins = false;
    while (at < segment.bytes.size()) {
      // To the next page's beginning.
      const std::size_t page = page_size - (segment.address + at) % page_size;
      const auto bytes =
          ByteView(segment.bytes).subspan(at, std::min(page, segment.bytes.size() - at));
      const bool empty =
          std::all_of(bytes.begin(), bytes.end(), [&](std::uint8_t b) { return b == erased; });
      if (!empty && !joins) kept.all.push_back({segment.address + at, {}});
      if (!empty) {
        auto& last = kept.all.back().bytes;
        last.insert(last.end(), bytes.begin(), bytes.end());
      }
      joins = !empty;
      at += bytes.size();
    }
  }
  return kept;
}

Result<ChipId> chip_id_param(const Json& params, std::string_view target) {
  const auto text = TRY(text_param(params, "chip-id", ""));
  if (text.empty()) return ChipId{};
  auto bytes = from_hex(text);
  if (!bytes) return fail(Cause::invalid, "'chip-id' must be hexadecimal: {}", bytes.error().text);
  ChipId id{*std::move(bytes),
            static_cast<std::uint64_t>(TRY(number_param(params, "chip-id-at", 0)))};
  if (id.at != 0) return id;
  for (const KnownId& known : known_ids) {
    if (!target.starts_with(known.target)) continue;
    id.at = known.at;
    if (id.bytes.size() == known.size) return id;
    return fail(Cause::invalid, "'chip-id' has {} bytes, that of {} {}", id.bytes.size(), target,
                known.size);
  }
  return fail(Cause::invalid, "where {} keeps its number is not known here: say it as 'chip-id-at'",
              target);
}

std::unique_ptr<abilities::Device> make_probe_flasher(std::unique_ptr<ProbeTool> tool, ChipId id,
                                                      abilities::IncidentSink sink) {
  return std::make_unique<ProbeFlasher>(std::move(tool), std::move(id), std::move(sink));
}

}  // namespace assay::drivers
