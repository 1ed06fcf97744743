#include "virtual_usb/dfu.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/little_endian.hpp"

namespace assay::virtual_usb {

namespace {

constexpr std::uint8_t functional = 0x21, to_interface = 0x21, from_interface = 0xA1;
enum Request : std::uint8_t {
  detach = 0,
  dnload = 1,
  upload_block = 2,
  getstatus = 3,
  clrstatus = 4,
  getstate = 5,
  abort_it = 6
};
enum Attribute : std::uint8_t { can_download = 1, can_upload = 2, manifestation_tolerant = 4 };

std::uint8_t low(unsigned value) {
  return static_cast<std::uint8_t>(value);
}
std::uint8_t high(unsigned value) {
  return static_cast<std::uint8_t>(value >> 8);
}

// "@Internal Flash  /0x08000000/64*002Kg": g may be read, erased and written.
std::string layout(const DfuFacts& facts) {
  return fmt::format("@Internal Flash  /{:#010x}/{:02}*{:03}Kg", facts.base,
                     facts.size / facts.page, facts.page >> 10);
}

DeviceFacts facts_of(const DfuFacts& facts) {
  const unsigned version = facts.st ? 0x011A : 0x0110;
  const unsigned attributes =
      can_download | manifestation_tolerant | (facts.uploads ? can_upload : 0);
  InterfaceFacts interface {
    .device_class = 0xFE, .subclass = 1, .protocol = 2,
    .name = facts.st ? layout(facts) : "firmware", .of_class = {
      9,
      functional,
      low(attributes),
      0xFF,
      0x00,
      low(facts.transfer),
      high(facts.transfer),
      low(version),
      high(version)
    }
  };
  if (facts.st) interface.alternates = {"@Option Bytes  /0x1FFFF800/01*016 e"};
  return {.vendor = facts.vendor,
          .product = facts.product,
          .release = 0x2200,
          .manufacturer = facts.st ? "STMicroelectronics" : "Maker",
          .name = facts.st ? "STM32  BOOTLOADER" : "Board in DFU mode",
          .serial = facts.serial,
          .interfaces = {interface}};
}

}  // namespace

Dfu::Dfu(DfuFacts facts)
    : Model(facts_of(facts)),
      memory(facts.size, 0xFF),
      dfu_(std::move(facts)),
      pointer_(dfu_.base) {}

void Dfu::choose(std::uint8_t, std::uint8_t chosen) {
  setting = chosen;
}

Answer Dfu::wrong(Status status) {
  state_ = State::error;
  status_ = status;
  return {Answer::Kind::stall};
}

Answer Dfu::control(const SetupPacket& setup, ByteView out) {
  if (setup.request_type != (setup.to_host() ? from_interface : to_interface) || setup.index != 0)
    return {Answer::Kind::stall};
  switch (setup.request) {
    case dnload:
      return download(setup, out);
    case upload_block:
      return upload(setup);
    case getstatus:
      return get_status();
    case getstate:
      return {Answer::Kind::done, {static_cast<std::uint8_t>(state_)}};
    case clrstatus:
      if (state_ != State::error) return wrong(Status::unknown);
      state_ = State::idle;
      status_ = Status::ok;
      return {};
    case abort_it:
      if (state_ == State::error) return {Answer::Kind::stall};
      state_ = State::idle;
      return {};
    default:
      return {Answer::Kind::stall};
  }
}

Answer Dfu::download(const SetupPacket& setup, ByteView out) {
  if (state_ != State::idle && state_ != State::download_idle) return wrong(Status::unknown);
  if (out.size() > dfu_.transfer) return wrong(Status::unknown);
  if (out.empty()) {
    // The end; ST's begins the program from any state.
    if (!dfu_.st && state_ != State::download_idle) return wrong(Status::unknown);
    state_ = State::manifest_sync;
    return {};
  }
  if (dfu_.st && setup.value == 1) return wrong(Status::unknown);  // reserved
  block_ = setup.value;
  waiting_.assign(out.begin(), out.end());
  state_ = State::download_sync;
  return {};
}

// What a block asks for is done between two status requests.
Answer Dfu::get_status() {
  constexpr std::uint8_t milliseconds = 1;
  Bytes answer{0, milliseconds, 0, 0, 0, 0};
  if (state_ == State::download_sync) {
    carry_out();
    if (state_ == State::download_sync) state_ = State::busy;
  } else if (state_ == State::busy) {
    state_ = State::download_idle;
  } else if (state_ == State::manifest_sync) {
    ++left;
    // ST's says so and is gone; this one is back in its bootloader at once.
    if (dfu_.st)
      state_ = State::manifest;
    else
      state_ = State::idle;
  }
  answer[0] = static_cast<std::uint8_t>(status_);
  answer[4] = static_cast<std::uint8_t>(state_);
  if (state_ == State::manifest) state_ = State::idle;
  return {Answer::Kind::done, answer};
}

void Dfu::carry_out() {
  const Bytes bytes = std::exchange(waiting_, {});
  if (dfu_.st && block_ == 0) return command(bytes);
  const std::uint32_t offset =
      static_cast<std::uint32_t>(block_ - (dfu_.st ? 2 : 0)) * dfu_.transfer;
  if (dfu_.st) return program(pointer_ + offset, bytes);
  if (block_ == 0) {  // plain: a download begins, and replaces all
    std::fill(memory.begin(), memory.end(), 0xFF);
  }
  program(dfu_.base + offset, bytes);
}

void Dfu::command(ByteView bytes) {
  constexpr std::uint8_t set_address = 0x21, erase = 0x41;
  const std::uint32_t address = bytes.size() == 5 ? u32_at(bytes, 1) : 0;
  if (locked) {
    wrong(Status::vendor);
  } else if (bytes[0] == set_address && bytes.size() == 5) {
    pointer_ = address;
  } else if (bytes[0] == erase && bytes.size() == 5) {
    erase_page(address);
  } else if (bytes[0] == erase && bytes.size() == 1) {
    ++mass_erases;
    std::fill(memory.begin(), memory.end(), 0xFF);
  } else {
    wrong(Status::unknown);
  }
}

void Dfu::erase_page(std::uint32_t at) {
  if (at < dfu_.base || at >= dfu_.base + dfu_.size) {
    wrong(Status::address);
    return;
  }
  const std::uint32_t page = (at - dfu_.base) / dfu_.page * dfu_.page;
  if (fails_to_erase && *fails_to_erase == dfu_.base + page) {
    wrong(Status::erase);
    return;
  }
  ++erased_pages;
  std::fill_n(memory.begin() + page, dfu_.page, 0xFF);
}

// As flash does: bits become zero only.
void Dfu::program(std::uint32_t at, ByteView bytes) {
  if (locked) {
    wrong(Status::vendor);
    return;
  }
  if (at < dfu_.base || at + bytes.size() > dfu_.base + dfu_.size) {
    wrong(Status::address);
    return;
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto& cell = memory[at - dfu_.base + i];
    cell = static_cast<std::uint8_t>(cell & bytes[i]);
    if (flips_bit_at && *flips_bit_at == at + i) cell ^= 1;
  }
}

Answer Dfu::upload(const SetupPacket& setup) {
  if (!dfu_.uploads || locked) return wrong(locked ? Status::vendor : Status::unknown);
  if (state_ != State::idle && state_ != State::upload_idle) return wrong(Status::unknown);
  if (dfu_.st && setup.value == 0) return {Answer::Kind::done, {0, 0x21, 0x41, 0x92}};
  if (state_ == State::idle) uploaded_ = 0;
  std::uint32_t at =
      dfu_.st ? pointer_ - dfu_.base + (setup.value - 2U) * dfu_.transfer : uploaded_;
  if (at > memory.size()) return wrong(Status::address);
  const auto size = std::min<std::size_t>(setup.length, memory.size() - at);
  uploaded_ = static_cast<std::uint32_t>(at + size);
  // A short block is the end.
  state_ = size < setup.length ? State::idle : State::upload_idle;
  const auto begin = memory.begin() + at;
  return {Answer::Kind::done, Bytes(begin, begin + static_cast<std::ptrdiff_t>(size))};
}

}  // namespace assay::virtual_usb
