#include "protocols/gdb.hpp"

#include <algorithm>
#include <array>

#include "base/little_endian.hpp"
#include "base/text.hpp"

namespace assay::gdb {

namespace {

constexpr std::size_t piece = 1800;        // bytes a packet: twice that in digits, below 4096
constexpr std::size_t longest = 64 << 10;  // of a packet received
constexpr int most_stray_packets = 8;

std::uint8_t sum(std::string_view text) {
  unsigned total = 0;
  for (const char c : text) total += static_cast<std::uint8_t>(c);
  return static_cast<std::uint8_t>(total);
}

bool is_stop_reply(std::string_view reply) {
  return reply.size() >= 3 && (reply[0] == 'T' || reply[0] == 'S' || reply[0] == 'W');
}

}  // namespace

Result<Client> Client::attach(UniqueFd fd, const Wait& wait) {
  Client client(std::move(fd));
  // The answer to this one cannot be taken for a stop reply: whatever stands
  // before it is not ours.
  TRY(client.send("qSupported", wait));
  for (int i = 0; i < most_stray_packets; ++i) {
    const auto reply = TRY(client.receive(wait));
    if (is_stop_reply(reply)) continue;
    // Until somebody has read it, QEMU's stub answers packets of single registers with
    // nothing.
    TRY(client.ask("qXfer:features:read:target.xml:0,ffb", wait));
    return client;
  }
  return fail(Cause::device, "gdb stub: sends stop replies without end");
}

Result<> Client::send(std::string_view command, const Wait& wait) {
  return write_all(fd_.get(), as_bytes(fmt::format("${}#{:02x}", command, sum(command))), wait);
}

// The first whole packet of what was received.
Result<std::optional<std::string>> Client::next_packet() {
  const auto start = buffer_.find('$');
  const auto end = start == std::string::npos ? start : buffer_.find('#', start);
  if (end == std::string::npos || buffer_.size() < end + 3) {
    if (buffer_.size() > longest) return fail(Cause::device, "gdb stub: a packet without end");
    return std::nullopt;
  }
  std::string packet = buffer_.substr(start + 1, end - start - 1);
  const auto given = buffer_.substr(end + 1, 2);
  buffer_.erase(0, end + 3);
  if (given != fmt::format("{:02x}", sum(packet))) {
    return fail(Cause::device, "gdb stub: wrong checksum in '{}'", printable(packet.substr(0, 40)));
  }
  return packet;
}

Result<std::string> Client::receive(const Wait& wait) {
  while (true) {
    if (auto packet = TRY(next_packet())) {
      TRY(write_all(fd_.get(), as_bytes("+"), wait));
      return *std::move(packet);
    }
    std::array<std::uint8_t, 16384> bytes;
    const auto n = TRY(read_some(fd_.get(), bytes, wait));
    if (n == 0) return fail(Cause::device, "gdb stub: closed the connection");
    buffer_ += as_text({bytes.data(), n});
  }
}

Result<std::string> Client::ask(std::string_view command, const Wait& wait) {
  TRY(send(command, wait));
  return receive(wait);
}

Result<std::string> Client::stop_reason(const Wait& wait) {
  return ask("?", wait);
}

Result<Bytes> Client::read(std::uint64_t address, std::uint64_t size, const Wait& wait) {
  Bytes bytes;
  while (bytes.size() < size) {
    const auto at = address + bytes.size();
    const auto n = std::min<std::uint64_t>(piece, size - bytes.size());
    const auto reply = TRY(ask(fmt::format("m{:x},{:x}", at, n), wait));
    const auto got = from_hex(reply);
    if (!got || got->size() != n) {
      return fail(Cause::device, "gdb stub: cannot read {} bytes at {:#x}: '{}'", n, at,
                  printable(reply.substr(0, 40)));
    }
    bytes.insert(bytes.end(), got->begin(), got->end());
  }
  return bytes;
}

Result<> Client::write(std::uint64_t address, ByteView bytes, const Wait& wait) {
  for (std::size_t done = 0; done < bytes.size(); done += piece) {
    const auto part = bytes.subspan(done, std::min(piece, bytes.size() - done));
    const auto at = address + done;
    const auto reply = TRY(ask(fmt::format("M{:x},{:x}:{}", at, part.size(), to_hex(part)), wait));
    if (reply != "OK") {
      return fail(Cause::device, "gdb stub: cannot write {} bytes at {:#x}: '{}'", part.size(), at,
                  printable(reply.substr(0, 40)));
    }
  }
  return {};
}

Result<> Client::detach(const Wait& wait) {
  const auto reply = TRY(ask("D", wait));
  if (reply != "OK")
    return fail(Cause::device, "gdb stub: does not detach: '{}'", printable(reply));
  return {};
}

Result<> Client::must(const std::string& command, const Wait& wait) {
  const auto reply = TRY(ask(command, wait));
  if (reply == "OK") return {};
  return fail(Cause::device, "gdb stub: '{}' is answered '{}'", command,
              printable(reply.substr(0, 40)));
}

Result<std::uint32_t> Client::read_register(unsigned number, const Wait& wait) {
  const auto reply = TRY(ask(fmt::format("p{:x}", number), wait));
  const auto bytes = from_hex(reply);
  if (!bytes || bytes->size() != 4) {
    return fail(Cause::device, "gdb stub: register {} reads '{}'", number,
                printable(reply.substr(0, 40)));
  }
  return u32_at(*bytes, 0);
}

Result<> Client::write_register(unsigned number, std::uint32_t value, const Wait& wait) {
  Bytes bytes;
  put_u32(bytes, value);
  return must(fmt::format("P{:x}={}", number, to_hex(bytes)), wait);
}

Result<> Client::set_breakpoint(std::uint32_t address, const Wait& wait) {
  return must(fmt::format("Z1,{:x},2", address), wait);
}

Result<> Client::clear_breakpoint(std::uint32_t address, const Wait& wait) {
  return must(fmt::format("z1,{:x},2", address), wait);
}

Result<> Client::resume(const Wait& wait) {
  return send("c", wait);
}

Result<bool> Client::has_stopped() {
  pollfd ready{fd_.get(), POLLIN, 0};
  while (true) {
    if (const auto packet = TRY(next_packet())) {
      TRY(write_all(fd_.get(), as_bytes("+"), Wait::for_(std::chrono::seconds(1))));
      if (is_stop_reply(*packet)) return true;
      continue;
    }
    if (poll(&ready, 1, 0) <= 0) return false;
    std::array<std::uint8_t, 4096> bytes;
    const auto n = TRY(read_some(fd_.get(), bytes, Wait::for_(std::chrono::seconds(1))));
    if (n == 0) return fail(Cause::device, "gdb stub: closed the connection");
    buffer_ += as_text({bytes.data(), n});
  }
}

Result<> Client::halt(const Wait& wait) {
  TRY(write_all(fd_.get(), as_bytes("\x03"), wait));
  while (!is_stop_reply(TRY(receive(wait)))) {
  }
  return {};
}

Result<> Client::step(const Wait& wait) {
  TRY(send("s", wait));
  while (!is_stop_reply(TRY(receive(wait)))) {
  }
  return {};
}

Result<> Client::monitor(std::string_view command, const Wait& wait) {
  TRY(send("qRcmd," + to_hex(as_bytes(command)), wait));
  while (true) {
    const auto reply = TRY(receive(wait));
    if (reply == "OK") return {};
    if (reply.starts_with('O') || is_stop_reply(reply)) continue;
    return fail(Cause::device, "gdb stub: '{}' is answered '{}'", command,
                printable(reply.substr(0, 40)));
  }
}

}  // namespace assay::gdb
