#include "fake_board.hpp"

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "executor/watch.hpp"
#include "fake_image.hpp"
#include "images/load.hpp"

namespace assay::executor::test {

using Json = nlohmann::json;
using abilities::Incident;
using abilities::Order;

FakeBoard::FakeBoard(std::string id)
    : id_(std::move(id)), reader_([this](const std::stop_token& stop) { deliver(stop); }) {}

FakeBoard::~FakeBoard() {
  reader_.request_stop();
  reader_.join();
}

void FakeBoard::change(const std::function<void(Faults&)>& edit) {
  const std::scoped_lock lock(mutex_);
  edit(faults);
}

std::vector<std::string> FakeBoard::history() const {
  const std::scoped_lock lock(mutex_);
  return history_;
}

bool FakeBoard::powered() const {
  const std::scoped_lock lock(mutex_);
  return powered_;
}

void FakeBoard::wait_for(const std::string& operation) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return std::any_of(history_.begin(), history_.end(),
                       [&](const auto& done) { return done.starts_with(operation); });
  });
}

void FakeBoard::say(const std::string& text) {
  const std::scoped_lock lock(mutex_);
  put(text);
}

void FakeBoard::raise(Incident incident) {
  std::function<void(const Incident&)> tell;
  {
    const std::scoped_lock lock(mutex_);
    incidents_.push_back(incident);
    tell = on_incident_;
  }
  if (tell) tell(incident);
}

Result<> FakeBoard::begin(const std::string& operation, const Order& order) {
  std::unique_lock lock(mutex_);
  history_.push_back(operation);
  changed_.notify_all();
  const auto is = [&](const std::string& fault) {
    return !fault.empty() && operation.starts_with(fault);
  };
  dumb_ = dumb_ || is(faults.dumb_from);
  port_stays_away_ = port_stays_away_ || is(faults.port_stays_away_from);
  faults.locks_up = faults.locks_up || is(faults.locks_up_from);
  if (is(faults.chatters_at) && powered_) {
    faults.chatters_at.clear();
    put("old line\r\n");
    changed_.wait(lock, [&] { return queue_.empty() && !delivering_; });
  }
  if (is(faults.writes_flash_at)) flash_.back() = 0;
  if (is(faults.mux_goes_back_at)) side_ = Side::host;
  for (const auto& [name, error] : faults.failing) {
    if (is(name)) return tl::unexpected(error);
  }
  if (is(faults.lost_at)) {
    lock.unlock();
    raise({Incident::Kind::gone, "its host was killed by signal 9"});
    lock.lock();
  } else if (!is(faults.blocked)) {
    return {};
  }
  while (!order.wait.stop.stop_requested() && !order.wait.until.passed()) {
    changed_.wait_for(lock, order.wait.stop, std::chrono::milliseconds(50), [] { return false; });
  }
  if (order.wait.stop.stop_requested()) return fail(Cause::cancelled, "cancelled");
  return fail(Cause::timeout, "timed out");
}

Result<abilities::Health> FakeBoard::check(std::string_view ability, const Order& order) {
  TRY(begin("check." + std::string(ability), order));
  const std::scoped_lock lock(mutex_);
  if (ability == "console" && !port_there_) {
    return fail(Cause::not_found, "ttyFAKE: No such file or directory");
  }
  if (const auto fault = faults.unhealthy.find(std::string(ability));
      fault != faults.unhealthy.end()) {
    return tl::unexpected(fault->second);
  }
  return faults.unproven.contains(std::string(ability)) ? abilities::Health::unproven
                                                        : abilities::Health::proven;
}

std::vector<Incident> FakeBoard::incidents() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(incidents_, {});
}

void FakeBoard::on_incident(std::function<void(const Incident&)> tell) {
  const std::scoped_lock lock(mutex_);
  on_incident_ = std::move(tell);
}

Result<> FakeBoard::on(const Order& order) {
  TRY(begin("power.on", order));
  const std::scoped_lock lock(mutex_);
  port(true);
  if (!std::exchange(powered_, true)) boot();
  return {};
}

Result<> FakeBoard::off(const Order& order) {
  TRY(begin("power.off", order));
  const std::scoped_lock lock(mutex_);
  if (faults.power_stuck) return {};
  powered_ = running_ = false;
  port(false);
  return {};
}

Result<std::optional<bool>> FakeBoard::is_on(const Order& order) {
  TRY(begin("power.is_on", order));
  const std::scoped_lock lock(mutex_);
  if (faults.power_stuck) return std::nullopt;
  return powered_;
}

Result<> FakeBoard::to(const Order& order, Side side) {
  TRY(begin("mux." + std::string(word(side)), order));
  const std::scoped_lock lock(mutex_);
  if (!faults.mux_stuck) side_ = side;
  return {};
}

Result<std::optional<abilities::Mux::Side>> FakeBoard::side(const Order& order) {
  TRY(begin("mux.side", order));
  const std::scoped_lock lock(mutex_);
  return faults.mux_unread ? std::nullopt : std::optional(side_);
}

Result<> FakeBoard::disk_is_here() const {
  const std::scoped_lock lock(mutex_);
  if (!faults.has_mux || side_ == Side::host || faults.disk_stays) return {};
  return fail(Cause::device, "the disk at USB port 1-1 is not attached");
}

Result<> FakeBoard::pulse(const Order& order) {
  TRY(begin("reset", order));
  const std::scoped_lock lock(mutex_);
  if (!powered_) return {};
  port(false);
  port(true);
  boot();
  return {};
}

Result<> FakeBoard::write(const Order& order, const abilities::FlashJob& job) {
  TRY(begin(job.erase_chip ? "flash.write chip" : fmt::format("flash.write {:#x}", job.address),
            order));
  TRY(disk_is_here());
  const auto segments = TRY(images::load(job.file, job.address));
  for (const auto& progress : faults.progress) order.tell(progress);
  const std::scoped_lock lock(mutex_);
  if (job.erase_chip) flash_.assign(flash_size, 0xFF);
  std::fill_n(flash_.begin() + static_cast<std::ptrdiff_t>(job.address),
              job.erase_chip ? 0 : job.erase_size, 0xFF);
  for (const auto& segment : segments.all) {
    std::copy(segment.bytes.begin(), segment.bytes.end(),
              flash_.begin() + static_cast<std::ptrdiff_t>(segment.address));
  }
  running_ = false;
  if (job.erase_chip) {
    confirmed_ = true;
    pending_ = Pending::no;
  }
  return {};
}

Result<std::optional<Bytes>> FakeBoard::read(const Order& order, std::uint64_t address,
                                             std::uint64_t size) {
  TRY(begin("flash.read", order));
  TRY(disk_is_here());
  const std::scoped_lock lock(mutex_);
  if (faults.cannot_read_back) return std::nullopt;
  Bytes bytes(flash_.begin() + static_cast<std::ptrdiff_t>(address),
              flash_.begin() + static_cast<std::ptrdiff_t>(address + size));
  if (faults.flash_lies) bytes[0x200] ^= 1;
  return bytes;
}

Bytes FakeBoard::image_at(std::uint64_t address) const {
  const auto end = address < slot1 ? slot0 + slot_size : slot1 + slot_size;
  return {flash_.begin() + static_cast<std::ptrdiff_t>(address),
          flash_.begin() + static_cast<std::ptrdiff_t>(end)};
}

void FakeBoard::swap_slots() {
  std::swap_ranges(flash_.begin() + slot0, flash_.begin() + slot0 + (slot_size - slot1_offset),
                   flash_.begin() + slot1 + slot1_offset);
}

// As MCUboot (swap using offset) prints it, recorded from a real one.
void FakeBoard::boot() {
  running_ = false;
  put("*** Booting MCUboot ee39e2d694bd ***\r\n*** Using Zephyr OS build 684c9e8f32e4 ***\r\n");
  put("I: Starting bootloader\r\n");
  const bool revert = pending_ == Pending::no && !confirmed_;
  const std::string type = revert                           ? "revert"
                           : pending_ == Pending::test      ? "test"
                           : pending_ == Pending::permanent ? "perm"
                                                            : "none";
  put("I: Image index: 0, Swap type: " + type + "\r\n");
  put("I: Primary image: magic=unset, swap_type=0x1, copy_done=0x3, image_ok=0x3\r\nI: Boot "
      "source: none\r\n");
  const auto pending = std::exchange(pending_, Pending::no);
  const auto candidate = images::parse_mcuboot(image_at(slot1 + slot1_offset));
  const bool valid = candidate && candidate->hash_state == images::HashState::verified;
  if ((revert || pending != Pending::no) && !valid) {
    put("E: Image in the secondary slot is not valid!\r\n");
  } else if (revert || pending != Pending::no) {
    put("I: Image index: 0, Swap type: " + type +
        "\r\nI: Starting swap using offset algorithm.\r\n");
    swap_slots();
    confirmed_ = revert || pending == Pending::permanent;
    put(std::string("I: Image index: 0, Swap type: ") + (confirmed_ ? "none" : "revert") + "\r\n");
  }
  const auto image = images::parse_mcuboot(image_at(slot0));
  if (!image) {
    put("E: Unable to find bootable image\r\n");
    return;
  }
  put("I: Image version: v" + images::to_string(image->header.version) + "\r\n");
  put("I: Jumping to the first image slot\r\n");
  run_program();
}

void FakeBoard::run_program() {
  const auto says = says_of(image_at(slot0));
  if (says == "hang") return;
  put("*** Booting Zephyr OS build 684c9e8f32e4 ***\r\n");
  if (!faults.boot_line.empty()) put(faults.boot_line + "\r\n");
  if (faults.locks_up) {
    incidents_.push_back(
        {Incident::Kind::guest_fault, "qemu: fatal: Lockup: can't escalate 3 to HardFault"});
    if (on_incident_) on_incident_(incidents_.back());
    return;
  }
  put("[00:00:00.003,049] \x1b[0m<inf> smp_sample: build time: " +
      (faults.says_lie ? faults.says_instead : says) + "\x1b[0m\r\n");
  running_ = true;
}

void FakeBoard::port(bool there) {
  if (!faults.port_goes || there == port_there_ || (there && port_stays_away_)) return;
  port_there_ = there;
  incidents_.push_back(there ? Incident{Incident::Kind::back, "ttyFAKE is back"}
                             : Incident{Incident::Kind::port_gone, "ttyFAKE: it hung up"});
  if (on_incident_) on_incident_(incidents_.back());
}

Result<> FakeBoard::ready(const Order& order) {
  TRY(begin("console.ready", order));
  const std::scoped_lock lock(mutex_);
  if (port_there_) return {};
  return fail(Cause::device, "ttyFAKE: No such file or directory (it was waited for 10.0 s)");
}

void FakeBoard::put(const std::string& text) {
  if (dumb_ || !port_there_) return;
  // In pieces, as a line comes.
  for (std::size_t at = 0; at < text.size(); at += 7) {
    const auto piece = as_bytes(std::string_view(text).substr(at, 7));
    queue_.push_back({BootTime::now(), {piece.begin(), piece.end()}});
  }
  changed_.notify_all();
}

void FakeBoard::deliver(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    delivering_ = false;
    changed_.notify_all();
    changed_.wait(lock, stop, [&] { return !queue_.empty() && sink_; });
    if (stop.stop_requested()) return;
    delivering_ = true;
    const auto chunk = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    {
      const std::scoped_lock busy(sink_mutex_);
      if (sink_) sink_(chunk);
    }
    lock.lock();
  }
}

void FakeBoard::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return queue_.empty() && !delivering_; });
}

void FakeBoard::listen(Sink sink) {
  const std::scoped_lock busy(sink_mutex_);
  const std::scoped_lock lock(mutex_);
  sink_ = std::move(sink);
  changed_.notify_all();
}

Result<> FakeBoard::write(const Order& order, ByteView bytes) {
  TRY(begin("console.write", order));
  const std::scoped_lock lock(mutex_);
  demux_.feed(bytes);
  while (const auto packet = demux_.next_packet()) {
    if (running_ && !faults.smp_silent) answer(*packet);
  }
  return {};
}

void FakeBoard::answer(const Bytes& packet) {
  const auto group = static_cast<std::uint16_t>(packet[4] << 8 | packet[5]);
  const bool write = (packet[0] & 7) == 2;
  const auto body = Json::from_cbor(packet.begin() + 8, packet.end());
  const auto cbor = Json::to_cbor(handle(group, packet[7], write, body));
  Bytes reply{static_cast<std::uint8_t>(packet[0] + 1),
              0,
              static_cast<std::uint8_t>(cbor.size() >> 8),
              static_cast<std::uint8_t>(cbor.size()),
              packet[4],
              packet[5],
              packet[6],
              packet[7]};
  reply.insert(reply.end(), cbor.begin(), cbor.end());
  if (group == 1 && packet[7] == 0) {  // the program's log shares the line
    put("[00:00:01.000,000] \x1b[0m<inf> mcuboot_util: Image index: 0, Swap type: test\x1b[0m\r\n");
  }
  const auto frame = smp::encode_frame(reply);
  put(std::string(as_text(frame)));
  if (std::exchange(reset_asked_, false)) boot();
}

Json FakeBoard::images_state() {
  Json all = Json::array();
  const auto entry = [&](std::uint64_t address, int slot) {
    const auto image = images::parse_mcuboot(image_at(address));
    if (!image) return;
    auto hash = image->stored_hash;
    if (faults.smp_lies && slot == 0) hash[0] = static_cast<std::uint8_t>(hash[0] ^ 0xFF);
    all.push_back({{"slot", slot},
                   {"version", images::to_string(image->header.version)},
                   {"hash", Json::binary(hash)},
                   {"bootable", true},
                   {"pending", slot == 1 && pending_ != Pending::no},
                   {"permanent", slot == 1 && pending_ == Pending::permanent},
                   {"confirmed", slot == 0 && confirmed_},
                   {"active", slot == 0}});
  };
  entry(slot0, 0);
  if (!faults.forgets_upload) entry(slot1 + slot1_offset, 1);
  return {{"images", all}, {"splitStatus", 0}};
}

Json FakeBoard::handle(std::uint16_t group, std::uint8_t id, bool write, const Json& body) {
  history_.push_back(fmt::format("smp {}/{} {}", group, id, write ? "write" : "read"));
  changed_.notify_all();
  if (group == 0 && id == 5) {
    reset_asked_ = true;
    return Json::object();
  }
  if (group == 0 && id == 6) return {{"buf_size", 384}, {"buf_count", 4}};
  if (group == 1 && id == 0) {
    if (write && body.contains("hash")) {
      pending_ = body.value("confirm", false) ? Pending::permanent : Pending::test;
    } else if (write) {
      confirmed_ = true;
    }
    return images_state();
  }
  const auto begin = flash_.begin() + static_cast<std::ptrdiff_t>(slot1 + slot1_offset);
  if (group == 1 && id == 5) {
    std::fill_n(begin, slot_size - slot1_offset, 0xFF);
    return Json::object();
  }
  if (group == 1 && id == 1) {
    if (faults.refuses_upload) return {{"err", {{"group", 1}, {"rc", 30}}}};
    const auto offset = body.at("off").get<std::uint64_t>();
    if (offset == 0) {
      upload_ = 0;
      upload_size_ = body.at("len").get<std::uint64_t>();
      std::fill_n(begin, slot_size - slot1_offset, 0xFF);
    }
    const auto& data = body.at("data").get_binary();
    if (offset == upload_ && upload_ + data.size() <= upload_size_) {
      std::copy(data.begin(), data.end(), begin + static_cast<std::ptrdiff_t>(offset));
      upload_ += data.size();
    }
    return {{"off", upload_}};
  }
  return {{"err", {{"group", group}, {"rc", 8}}}};
}

}  // namespace assay::executor::test
