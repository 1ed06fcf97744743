#include "virtual_usb/debug_port.hpp"

#include <algorithm>

namespace assay::virtual_usb {

namespace {

constexpr std::uint32_t dpidr = 0x0BB11477;       // of a Cortex-M0
constexpr std::uint32_t memory_ap = 0x04770021;   // an AHB-AP
constexpr std::uint32_t rom_table = 0xE00FF003;   // where BASE points, and that it is there
constexpr std::uint32_t requests = 0x50000000;    // CDBGPWRUPREQ, CSYSPWRUPREQ
constexpr std::uint32_t sticky_error = 1U << 5;   // in CTRL/STAT
constexpr std::uint32_t clear_sticky = 1U << 2;   // in ABORT
constexpr std::uint32_t increment_wraps = 0x3FF;  // auto-increment stays within 1 KiB

}  // namespace

DebugPort::Transfer DebugPort::transfer(std::uint8_t request, std::uint32_t value) {
  if (!target_.powered()) return {silence, 0};
  return (request & access_port) != 0 ? access_register(request, value)
                                      : debug_register(request, value);
}

DebugPort::Transfer DebugPort::debug_register(std::uint8_t request, std::uint32_t value) {
  const bool reads = (request & read) != 0;
  switch (request & 0xC) {
    case 0x0:
      if (reads) return {ok, dpidr};
      abort(value);
      return {};
    case 0x4:
      if ((select_ & 0xF) != 0) return {};  // banks with nothing in them
      if (!reads) power_ = value & requests;
      // Each request for power is acknowledged in the bit above it.
      return {ok, power_ | power_ << 1 | (sticky_error_ ? sticky_error : 0)};
    case 0x8:
      if (!reads) select_ = value;
      return {};
    default:
      return {};
  }
}

DebugPort::Transfer DebugPort::access_register(std::uint8_t request, std::uint32_t value) {
  if (sticky_error_) return {fault, 0};
  if (select_ >> 24 != 0) return {};  // there is one access port
  const bool reads = (request & read) != 0;
  switch ((select_ & 0xF0) | (request & 0xC)) {
    case 0x00:
      if (!reads) control_ = value | 0x40;
      // Packed transfers are not there, as on a Cortex-M0: the host sees it here.
      if (!reads && (value >> 4 & 3) == 2) control_ &= ~0x30U;
      return {ok, control_};
    case 0x04:
      if (!reads) address_ = value;
      return {ok, address_};
    case 0x0C: {
      const int size = access_size();
      const Transfer done = data(reads, address_, value, size);
      if (done.acknowledge == ok && increments()) advance(static_cast<std::uint32_t>(size));
      return done;
    }
    case 0x10:
    case 0x14:
    case 0x18:
    case 0x1C:
      return data(reads, (address_ & ~0xFU) | (request & 0xCU), value, 4);
    case 0xF8:
      return {ok, rom_table};
    case 0xFC:
      return {ok, memory_ap};
    default:
      return {};
  }
}

// Bytes and halfwords travel in the lane of their address.
DebugPort::Transfer DebugPort::data(bool reads, std::uint32_t address, std::uint32_t value,
                                    int size) {
  const auto lane = 8 * (address & 3 & ~(static_cast<std::uint32_t>(size) - 1));
  if (reads) {
    if (const auto got = target_.read(address, size)) return {ok, *got << lane};
  } else if (target_.write(address, value >> lane, size)) {
    return {};
  }
  sticky_error_ = true;
  return {fault, 0};
}

void DebugPort::advance(std::uint32_t bytes) {
  address_ = (address_ & ~increment_wraps) | ((address_ + bytes) & increment_wraps);
}

DebugPort::Acknowledge DebugPort::block(std::uint8_t request, std::span<std::uint32_t> values,
                                        std::size_t& done) {
  done = 0;
  const bool reads = (request & read) != 0;
  const bool of_memory = (request & access_port) != 0 && (request & 0xC) == 0xC &&
                         (select_ & 0xFF0000F0) == 0 && access_size() == 4 && increments();
  while (done < values.size()) {
    const auto left = values.subspan(done);
    if (of_memory && !sticky_error_ && target_.powered()) {
      const std::size_t until_wrap = (increment_wraps + 1 - (address_ & increment_wraps)) / 4;
      const std::size_t count = std::min(left.size(), until_wrap);
      bool good = false;
      if (reads) {
        const auto words = target_.read_words(address_, count);
        good = words && words->size() == count;
        if (good) std::copy(words->begin(), words->end(), left.begin());
      } else {
        good = target_.write_words(address_, left.first(count));
      }
      if (good) {
        advance(static_cast<std::uint32_t>(4 * count));
        done += count;
        continue;
      }
    }
    const Transfer one = transfer(request, left.front());
    if (one.acknowledge != ok) return one.acknowledge;
    if (reads) left.front() = one.value;
    ++done;
  }
  return ok;
}

void DebugPort::abort(std::uint32_t bits) {
  if ((bits & clear_sticky) != 0) sticky_error_ = false;
}

void DebugPort::line_reset() {
  select_ = 0;
}

}  // namespace assay::virtual_usb
