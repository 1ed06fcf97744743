#include "drivers/power/serial_line.hpp"

#include <termios.h>

#include "drivers/serial_port.hpp"

namespace assay::drivers {

namespace {

// These boards answer within milliseconds, behind a slow USB adapter within tens.
constexpr auto answer_time = std::chrono::seconds(1);
constexpr std::size_t longest_answer = 4096;

}  // namespace

Result<SerialLine> SerialLine::open(const std::filesystem::path& path, std::int64_t baud,
                                    const Wait& wait) {
  auto lock = TRY(PortLock::take(path, wait));
  auto fd = TRY(open_serial({.path = path, .baud = baud}));
  tcflush(fd.get(), TCIFLUSH);
  return SerialLine(std::move(lock), std::move(fd), path.string());
}

Result<> SerialLine::send(ByteView bytes, const Wait& wait) {
  auto sent = write_all(fd_.get(), bytes, wait.at_most(answer_time));
  if (sent || sent.error().cause == Cause::cancelled || wait.until.passed()) return sent;
  return fail(Cause::device, "{}: {}", path_,
              sent.error().cause == Cause::timeout ? "it takes nothing" : "it went away");
}

Result<std::uint8_t> SerialLine::next(const Wait& limit, const Wait& wait, std::size_t so_far) {
  std::uint8_t byte = 0;
  const auto got = read_some(fd_.get(), {&byte, 1}, limit);
  if (got && *got == 1) return byte;
  if (!got && got.error().cause == Cause::timeout && !wait.until.passed()) {
    if (so_far == 0) return fail(Cause::device, "{}: no answer within 1 s", path_);
    return fail(Cause::device, "{}: the answer broke off after {} bytes", path_, so_far);
  }
  if (!got && got.error().cause != Cause::io) return tl::unexpected(got.error());
  return fail(Cause::device, "{}: it went away", path_);
}

Result<Bytes> SerialLine::receive(std::size_t size, const Wait& wait) {
  const auto limit = wait.at_most(answer_time);
  Bytes answer;
  while (answer.size() < size) answer.push_back(TRY(next(limit, wait, answer.size())));
  return answer;
}

Result<std::string> SerialLine::receive_to(char end, const Wait& wait) {
  const auto limit = wait.at_most(answer_time);
  std::string answer;
  while (answer.size() < longest_answer) {
    answer.push_back(static_cast<char>(TRY(next(limit, wait, answer.size()))));
    if (answer.back() == end) return answer;
  }
  return fail(Cause::device, "{}: what it sends is no answer of such a board", path_);
}

std::string SerialSwitch::about() const {
  return fmt::format("{} at {}", place_.what, place_.path.string());
}

Result<> SerialSwitch::look(const Wait&) {
  if (std::error_code ignored; std::filesystem::exists(place_.path, ignored)) return {};
  return fail(Cause::device, "{}: {} is not there", place_.what, place_.path.string());
}

Error SerialSwitch::told(const Error& error) const {
  auto told = error.in(place_.what);
  if (told.cause == Cause::refused || told.cause == Cause::not_found || told.cause == Cause::io) {
    told.cause = Cause::device;
  }
  return told;
}

Result<SerialLine> SerialSwitch::open(const Wait& wait) const {
  auto line = SerialLine::open(place_.path, place_.baud, wait);
  if (line) return line;
  return tl::unexpected(told(line.error()));
}

Result<> SerialSwitch::set(bool on, const Wait& wait) {
  auto line = TRY(open(wait));
  const auto done = set(line, on, wait);
  if (!done) return tl::unexpected(told(done.error()));
  return {};
}

Result<std::optional<bool>> SerialSwitch::get(const Wait& wait) {
  if (!readable()) return std::optional<bool>();
  auto line = TRY(open(wait));
  const auto on = get(line, wait);
  if (!on) return tl::unexpected(told(on.error()));
  return std::optional<bool>(*on);
}

Result<SerialSwitch::Place> serial_place(const Json& params, std::string_view board,
                                         std::int64_t first, std::int64_t last) {
  const auto path = TRY(text_param(params, "path", ""));
  if (path.empty()) return fail(Cause::invalid, "'path' is missing: the port's device");
  const auto channel = TRY(range_param(params, "channel", first, last, first - 1));
  return SerialSwitch::Place{fmt::format("{} relay {}", board, channel), path};
}

}  // namespace assay::drivers
