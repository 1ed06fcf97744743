#include "virtual_usb/cmsis_dap.hpp"

#include <algorithm>

#include "base/little_endian.hpp"

namespace assay::virtual_usb {

namespace {

constexpr std::size_t packet = 512;
constexpr std::size_t most_waiting = 4;
constexpr std::uint8_t to_probe = 0x01, to_host = 0x81;
constexpr std::uint8_t unknown_command = 0xFF;
constexpr std::uint8_t value_mismatch = 0x10;
// Of a transfer's request.
constexpr std::uint8_t is_read = 0x02, match_value = 0x10, match_mask = 0x20;

DeviceFacts facts(std::string serial) {
  return {.vendor = 0x1209,  // pid.codes, a number for tests
          .product = 0x0001,
          .release = 0x0210,
          .manufacturer = "Assay",
          .name = "Virtual CMSIS-DAP",
          .serial = std::move(serial),
          .device_class = 0,
          .megabits = 480,
          .interfaces = {{.device_class = 0xFF,
                          .name = "CMSIS-DAP v2",
                          .endpoints = {{to_probe, EndpointFacts::Type::bulk, packet, 0},
                                        {to_host, EndpointFacts::Type::bulk, packet, 0}}}}};
}

// Little-endian fields of a command; what is not there reads as zero.
class Fields {
 public:
  explicit Fields(ByteView bytes) : bytes_(bytes) {}
  std::uint8_t byte() { return at_ < bytes_.size() ? bytes_[at_++] : 0; }
  std::uint16_t half() {
    const std::uint8_t low = byte();
    return static_cast<std::uint16_t>(low | byte() << 8);
  }
  std::uint32_t word() {
    const std::uint32_t low = half();
    return low | static_cast<std::uint32_t>(half()) << 16;
  }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

 private:
  ByteView bytes_;
  std::size_t at_ = 0;
};

}  // namespace

CmsisDap::CmsisDap(std::string serial, DebugTarget& target)
    : Model(virtual_usb::facts(std::move(serial))), target_(target), port_(target) {}

Answer CmsisDap::out(std::uint8_t endpoint, ByteView command) {
  if (endpoint != to_probe || command.empty()) return {Answer::Kind::stall};
  if (answers_.size() >= most_waiting) return {Answer::Kind::later};
  answers_.push_back(answer(command));
  target_.end_of_command();
  return {};
}

Answer CmsisDap::in(std::uint8_t endpoint, std::size_t length) {
  if (endpoint != to_host) return {Answer::Kind::stall};
  if (answers_.empty()) return {Answer::Kind::later};
  Answer given{Answer::Kind::done, std::move(answers_.front())};
  answers_.pop_front();
  given.bytes.resize(std::min(given.bytes.size(), length));
  return given;
}

Bytes CmsisDap::answer(ByteView command) {
  Fields fields(command);
  const std::uint8_t id = fields.byte();
  switch (id) {
    case 0x00:
      return info(fields.byte());
    case 0x02: {  // connect: only SWD (1), also as the default (0)
      const std::uint8_t wanted = fields.byte();
      return {id, static_cast<std::uint8_t>(wanted <= 1 ? 1 : 0)};
    }
    case 0x03:
      target_.disconnected();
      return {id, 0};
    case 0x04:  // idle cycles, wait retries, match retries
      fields.byte();
      fields.half();
      match_retries_ = fields.half();
      return {id, 0};
    case 0x05:
      return transfer(command);
    case 0x06:
      return transfer_block(command);
    case 0x08:
      fields.byte();
      port_.abort(fields.word());
      return {id, 0};
    case 0x0A:  // no reset sequence of its own
      return {id, 0, 0};
    case 0x10:
      return pins(command);
    case 0x12:  // a line reset is among the sequences that tools begin with
      port_.line_reset();
      return {id, 0};
    case 0x11:
      clock_ = fields.word();
      return {id, 0};
    case 0x01:  // lamps, abort, delay, SWD settings
    case 0x07:
    case 0x09:
    case 0x13:
      return {id, 0};
    case 0x1D: {  // sequences both ways: whoever listens reads zeros
      Bytes reply{id, 0};
      for (std::uint8_t left = fields.byte(); left > 0; --left) {
        const std::uint8_t sequence = fields.byte();
        const int bits = (sequence & 0x3F) == 0 ? 64 : sequence & 0x3F;
        const int bytes = (bits + 7) / 8;
        if ((sequence & 0x80) != 0) {
          reply.insert(reply.end(), static_cast<std::size_t>(bytes), 0);
        } else {
          for (int i = 0; i < bytes; ++i) fields.byte();
          port_.line_reset();
        }
      }
      return reply;
    }
    default:
      return {unknown_command};
  }
}

Bytes CmsisDap::info(std::uint8_t id) const {
  const auto text = [](const std::string& value) {
    Bytes reply{0, static_cast<std::uint8_t>(value.size() + 1)};
    reply.insert(reply.end(), value.begin(), value.end());
    reply.push_back(0);
    return reply;
  };
  switch (id) {
    case 0x01:
      return text(Model::facts().manufacturer);
    case 0x02:
      return text(Model::facts().name);
    case 0x03:
      return text(Model::facts().serial);
    case 0x04:
    case 0x09:
      return text("2.1.0");
    case 0xF0:  // capabilities: SWD
      return {0, 1, 1};
    case 0xFE:
      return {0, 1, most_waiting};
    case 0xFF:
      return {0, 2, packet & 0xFF, packet >> 8};
    default:
      return {0, 0};
  }
}

Bytes CmsisDap::transfer(ByteView command) {
  Fields fields(command.subspan(1));
  fields.byte();  // the device of a JTAG chain
  const std::uint8_t count = fields.byte();
  if (clock_ > works_up_to) return {0x05, 0, DebugPort::silence};
  Bytes reply{0x05, 0, DebugPort::ok};
  for (std::uint8_t i = 0; i < count; ++i) {
    const std::uint8_t request = fields.byte();
    DebugPort::Transfer done;
    bool differs = false;
    if ((request & is_read) == 0) {
      const std::uint32_t value = fields.word();
      if ((request & match_mask) != 0)
        match_mask_ = value;
      else
        done = port_.transfer(request & 0xF, value);
    } else if ((request & match_value) != 0) {
      const std::uint32_t wanted = fields.word();
      for (int left = match_retries_; left >= 0; --left) {
        done = port_.transfer(request & 0xF, 0);
        differs = (done.value & match_mask_) != wanted;
        if (done.acknowledge != DebugPort::ok || !differs) break;
      }
    } else {
      done = port_.transfer(request & 0xF, 0);
      if (done.acknowledge == DebugPort::ok) put_u32(reply, done.value);
    }
    reply[2] = static_cast<std::uint8_t>(done.acknowledge | (differs ? value_mismatch : 0));
    if (reply[2] != DebugPort::ok) return reply;
    reply[1] = static_cast<std::uint8_t>(i + 1);
  }
  return reply;
}

Bytes CmsisDap::transfer_block(ByteView command) {
  Fields fields(command.subspan(1));
  fields.byte();
  const std::size_t count = fields.half();
  if (clock_ > works_up_to) return {0x06, 0, 0, DebugPort::silence};
  const std::uint8_t request = fields.byte();
  const bool reads = (request & is_read) != 0;
  // What does not fit into a packet is not asked for.
  std::vector<std::uint32_t> words(std::min<std::size_t>(count, packet / 4));
  if (!reads) {
    words.resize(std::min(words.size(), fields.left() / 4));
    for (std::uint32_t& word : words) word = fields.word();
  }
  std::size_t done = 0;
  const auto acknowledge = port_.block(request & 0xF, words, done);
  Bytes reply{0x06, static_cast<std::uint8_t>(done), static_cast<std::uint8_t>(done >> 8),
              acknowledge};
  for (std::size_t i = 0; reads && i < done; ++i) put_u32(reply, words[i]);
  return reply;
}

// Output, which pins it is for, how long to wait. Bit 7 is nRESET.
Bytes CmsisDap::pins(ByteView command) {
  Fields fields(command.subspan(1));
  const std::uint8_t output = fields.byte(), selected = fields.byte();
  if ((selected & 0x80) != 0) target_.reset_line((output & 0x80) == 0);
  return {0x10, static_cast<std::uint8_t>((selected & 0x80) != 0 ? output | 0x03 : 0x83)};
}

}  // namespace assay::virtual_usb
