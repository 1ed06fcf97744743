#include "usb/device.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "usb/opened.hpp"

namespace assay::usb {

namespace {

// Of a board that only has to say who it is.
constexpr Duration asking = std::chrono::seconds(2);

bool is_kind(const Attached& device, const Match& match) {
  const auto& ids = match.ids;
  return (ids.empty() || std::find(ids.begin(), ids.end(), device.id) != ids.end()) &&
         (match.device_class == 0 || device.device_class == match.device_class) &&
         device.name.starts_with(match.name_begins);
}

std::string list(const std::vector<Attached>& devices) {
  std::vector<std::string> names;
  for (const auto& one : devices) names.push_back(name_and_place(one));
  return join(names);
}

// "DCT-Tech relay 'BITFT' at port 1-1.4", as the lab file has it.
std::string wanted(const Match& match) {
  return match.what + (match.serial.empty() ? "" : fmt::format(" with serial '{}'", match.serial)) +
         (match.port.empty() ? "" : " at port " + match.port);
}

Error not_attached(const Match& match, const std::vector<Attached>& all,
                   const std::vector<Attached>& kin) {
  std::string text = fmt::format("no {} is attached", wanted(match));
  const auto there = std::find_if(all.begin(), all.end(),
                                  [&](const Attached& one) { return one.port == match.port; });
  if (there != all.end() && !is_kind(*there, match))
    text += fmt::format("; {} is {}{}", there->port, to_string(there->id),
                        there->name.empty() ? "" : fmt::format(" '{}'", there->name));
  if (!kin.empty()) text += fmt::format("; there {} {}", kin.size() == 1 ? "is" : "are", list(kin));
  return {Cause::device, text};
}

Error ambiguous(const Match& match, const std::vector<Attached>& fit) {
  const bool alike = std::all_of(fit.begin(), fit.end(), [&](const Attached& one) {
    return one.serial == fit.front().serial;
  });
  return {Cause::device, fmt::format("{}: {} are attached: {}; give {}", wanted(match), fit.size(),
                                     list(fit), alike ? "'port'" : "'serial' or 'port'")};
}

}  // namespace

Link::Link(Match match, int interface) : match_(std::move(match)), interface_(interface) {
  about_ = match_.what + (match_.serial.empty() ? "" : " " + match_.serial) +
           (match_.port.empty() ? "" : " at " + match_.port);
}
Link::~Link() = default;
Link::Link(Link&&) noexcept = default;

std::string Link::about() const {
  return about_;
}

Result<Session> Link::take(const Wait& wait) {
  for (;;) {
    if (opened_ != nullptr && opened_->gone()) opened_.reset();
    const bool fresh = opened_ == nullptr;
    if (fresh) TRY(find_and_open(wait));
    TRY(opened_->take(wait));
    Session session(opened_.get());
    // It may have been pulled out while another process had it.
    if (!opened_->gone() || fresh) return session;
  }
}

Result<> Link::look(const Wait& wait) {
  if (opened_ != nullptr && opened_->gone()) opened_.reset();
  return opened_ == nullptr ? find_and_open(wait) : Result<>();
}

Result<> Link::reset(const Wait& wait) {
  {
    auto session = TRY(take(wait));
    const int code = libusb_reset_device(session.handle());
    // It may come back as another device, which is as good.
    if (code != 0 && code != LIBUSB_ERROR_NOT_FOUND)
      return tl::unexpected(session.failed(code, wait));
  }
  opened_.reset();
  return {};
}

Result<Attached> find(const Match& match) {
  const auto all = TRY(attached());
  std::vector<Attached> kin, fit;
  for (const auto& one : all) {
    if (!is_kind(one, match)) continue;
    kin.push_back(one);
    const bool here = match.port.empty() || one.port == match.port;
    if (here && (match.serial.empty() || one.serial == match.serial)) fit.push_back(one);
  }
  if (fit.size() > 1) return tl::unexpected(ambiguous(match, fit));
  if (fit.empty()) return tl::unexpected(not_attached(match, all, kin));
  return fit.front();
}

Result<> Link::find_and_open(const Wait& wait) {
  if (match_.ask_serial != nullptr) return find_by_asking(wait);
  opened_ = TRY(Opened::open(TRY(find(match_)), match_.what, interface_));
  about_ = opened_->about();
  return {};
}

Result<> Link::find_by_asking(const Wait& wait) {
  const auto all = TRY(attached());
  std::vector<Attached> kin, fit;
  std::optional<Error> trouble;
  const auto open_and_ask = [&](Attached& one) -> Result<std::unique_ptr<Opened>> {
    auto opened = TRY(Opened::open(one, match_.what, interface_));
    TRY(opened->take(wait.at_most(asking)));
    Session session(opened.get());
    one.serial = printable(TRY(match_.ask_serial(session, wait)));
    opened->set_serial(one.serial);
    return opened;
  };
  for (const auto& one : all) {
    if (!is_kind(one, match_)) continue;
    auto& candidate = kin.emplace_back(one);
    if (!match_.port.empty() && one.port != match_.port) continue;
    if (!match_.serial.empty()) {
      if (auto asked = open_and_ask(candidate); !asked && !trouble) trouble = asked.error();
    }
    if (match_.serial.empty() || candidate.serial == match_.serial) fit.push_back(candidate);
  }
  if (fit.size() > 1) {
    if (match_.serial.empty())
      for (auto& one : fit) (void)open_and_ask(one);  // for the words alone
    return tl::unexpected(ambiguous(match_, fit));
  }
  if (fit.empty()) return tl::unexpected(trouble ? *trouble : not_attached(match_, all, kin));
  opened_ = TRY(open_and_ask(fit.front()));
  about_ = opened_->about();
  return {};
}

Session::Session(Opened* opened) : opened_(opened) {}
Session::Session(Session&& other) noexcept : opened_(std::exchange(other.opened_, nullptr)) {}
Session::~Session() {
  if (opened_ != nullptr) opened_->let_go();
}

libusb_device_handle* Session::handle() {
  return opened_->handle();
}
Error Session::failed(int code, const Wait& wait) {
  return opened_->failed(code, wait);
}
const Attached& Session::device() const {
  return opened_->device();
}

Result<> Session::control_out(std::uint8_t type, std::uint8_t request, std::uint16_t value,
                              std::uint16_t index, ByteView bytes, const Wait& wait) {
  Bytes data(bytes.begin(), bytes.end());
  const auto size = static_cast<std::uint16_t>(data.size());
  const auto done = TRY(opened_->control({type, request, value, index, size}, data.data(), wait));
  if (done == data.size()) return {};
  return fail(Cause::device, "{}: it took {} of {} bytes", opened_->about(), done, data.size());
}

Result<Bytes> Session::control_in(std::uint8_t type, std::uint8_t request, std::uint16_t value,
                                  std::uint16_t index, std::uint16_t length, const Wait& wait,
                                  std::size_t at_least) {
  Bytes data(length);
  data.resize(TRY(opened_->control({type, request, value, index, length}, data.data(), wait)));
  if (data.size() >= at_least) return data;
  return fail(Cause::device, "{}: it answered {} of {} bytes", opened_->about(), data.size(),
              at_least);
}

Result<> Session::out(std::uint8_t endpoint, ByteView bytes, const Wait& wait) {
  Bytes data(bytes.begin(), bytes.end());
  const auto done = TRY(opened_->transfer(endpoint, data.data(), data.size(), wait));
  if (done == data.size()) return {};
  return fail(Cause::device, "{}: it took {} of {} bytes", opened_->about(), done, data.size());
}

Result<Bytes> Session::in(std::uint8_t endpoint, std::size_t length, const Wait& wait,
                          std::size_t at_least) {
  Bytes data(length);
  data.resize(TRY(opened_->transfer(endpoint, data.data(), data.size(), wait)));
  if (data.size() >= at_least) return data;
  return fail(Cause::device, "{}: it answered {} of {} bytes", opened_->about(), data.size(),
              at_least);
}

Result<> Session::write_report(ByteView report, const Wait& wait) {
  constexpr std::uint8_t to_interface = 0x21, set_report = 0x09;
  constexpr std::uint16_t output = 0x0200;
  const auto ends = opened_->endpoints();
  if (ends.out != 0) return out(ends.out, report, wait);
  return control_out(to_interface, set_report, output, ends.interface, report, wait);
}

Result<Bytes> Session::read_report(std::size_t length, const Wait& wait) {
  const auto ends = opened_->endpoints();
  if (ends.in == 0) return fail(Cause::device, "{}: it sends no reports", opened_->about());
  return in(ends.in, length, wait, length);
}

}  // namespace assay::usb
