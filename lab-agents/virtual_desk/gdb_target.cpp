#include "virtual_desk/gdb_target.hpp"

#include "base/little_endian.hpp"

namespace assay::virtual_desk {

namespace {

const Duration limit = std::chrono::seconds(2);

// DHCSR.
constexpr std::uint32_t dhcsr = 0xE000EDF0, debug_key = 0xA05F;
constexpr std::uint32_t c_debugen = 1, c_halt = 2, c_step = 4;
constexpr std::uint32_t s_regrdy = 1U << 16, s_halt = 1U << 17, s_reset = 1U << 25;
// The other debug registers.
constexpr std::uint32_t dcrsr = 0xE000EDF4, dcrdr = 0xE000EDF8, demcr = 0xE000EDFC;
constexpr std::uint32_t dcrsr_write = 1U << 16, demcr_vc_corereset = 1;
constexpr std::uint32_t dfsr = 0xE000ED30, dfsr_halted = 1, dfsr_bkpt = 2, dfsr_vcatch = 8;
constexpr std::uint32_t cpuid = 0xE000ED00, cortex_m0 = 0x410CC200;
constexpr std::uint32_t aircr = 0xE000ED0C, aircr_key = 0x05FA, sysresetreq = 4;
// Breakpoint unit: four comparators.
constexpr std::uint32_t bp_ctrl = 0xE0002000, bp_comp = 0xE0002008;
constexpr std::uint32_t dwt_ctrl = 0xE0001000;
// The ROM table: offsets to the SCS, the DWT and the breakpoint unit.
constexpr std::uint32_t rom_table = 0xE00FF000;

// nRF51: what the factory writes. FICR DEVICEID[0]; no region is protected (CLENR0,
// which QEMU has as 0); CONFIGID of an nRF51822 QFAA; what lies behind reads as erased.
constexpr std::uint32_t device_id = 0x10000060;
constexpr std::uint32_t protected_region = 0x10000028, config_id = 0x1000005C;
constexpr std::uint32_t config_of_qfaa = 0xFFFF001D;
constexpr std::uint32_t factory_page = 0x10000000, factory_ends = 0x10000100,
                        page_ends = 0x10000400;
bool is_peripheral(std::uint32_t address) {
  return address >= 0x40000000 && address < 0x60000000;
}
bool is_factory_page(std::uint32_t address) {
  return address >= factory_page && address < page_ends;
}

constexpr unsigned gdb_pc = 15, gdb_xpsr = 25;
constexpr std::uint32_t thumb = 1U << 24;  // in xPSR

constexpr std::uint32_t ram = 0x20000000, ram_ends = 0x20004000;  // of an nRF51822
constexpr std::uint8_t bkpt_high = 0xBE;                          // of a BKPT instruction
constexpr std::size_t most_stops = 512;

// Peripheral and component identification, in the last words of each 4 KiB page.
std::optional<std::uint32_t> identification(std::uint32_t address) {
  if ((address & 0xFFF) < 0xFD0) return std::nullopt;
  std::uint32_t part = 0, component = 0;
  switch (address >> 12) {
    case 0xE00FF:
      part = 0x471, component = 1;  // Cortex-M0's ROM table
      break;
    case 0xE000E:
      part = 0x008, component = 0xE;  // SCS
      break;
    case 0xE0001:
      part = 0x00A, component = 0xE;  // DWT
      break;
    case 0xE0002:
      part = 0x00B, component = 0xE;  // breakpoint unit
      break;
    default:
      return 0;
  }
  switch (address & 0xFFF) {
    case 0xFD0:
      return 0x04;
    case 0xFE0:
      return part & 0xFF;
    case 0xFE4:
      return 0xB0 | part >> 8;
    case 0xFE8:
      return 0x0B;
    case 0xFF0:
      return 0x0D;
    case 0xFF4:
      return component << 4;
    case 0xFF8:
      return 0x05;
    case 0xFFC:
      return 0xB1;
    default:
      return 0;
  }
}

// DCRSR's numbering to gdb's.
std::optional<unsigned> gdb_register(std::uint32_t selector) {
  if (selector < 16) return selector;
  if (selector == 16) return gdb_xpsr;
  if (selector == 17) return 13;  // MSP; the programs at hand use no other while debugged
  return std::nullopt;
}

std::uint32_t comparator_address(std::uint32_t value) {
  return (value & 0x1FFFFFFC) + ((value >> 30) == 2 ? 2 : 0);
}

Bytes little_endian(std::span<const std::uint32_t> words) {
  Bytes bytes;
  bytes.reserve(4 * words.size());
  for (const std::uint32_t word : words) put_u32(bytes, word);
  return bytes;
}

}  // namespace

bool GdbTarget::powered() {
  const std::uint64_t life = board_.life();
  if (life != life_) {
    life_ = life;
    lose();
  }
  return life_ != 0;
}

void GdbTarget::lose() {
  client_.reset();
  core_ = Core::running;
  registers_ = {};
  stops_.clear();
}

// Has the core stopped by itself?
void GdbTarget::look() {
  if (!client_ || core_ != Core::running) return;
  const auto stopped = client_->has_stopped();
  if (!stopped) return lose();
  if (!*stopped) return;
  core_ = Core::halted;
  registers_.stops |= dfsr_bkpt;
  registers_.control |= c_halt;
}

Result<> GdbTarget::hold() {
  if (!client_) {
    client_ = TRY(board_.attach());
    core_ = Core::held;
    return {};
  }
  look();
  if (!client_) return fail(Cause::device, "the machine is gone");
  if (core_ != Core::running) return {};
  TRY(client_->halt(Wait::for_(limit)));
  core_ = Core::held;
  return {};
}

Result<> GdbTarget::go() {
  TRY(client_->resume(Wait::for_(limit)));
  core_ = Core::running;
  return {};
}

Result<> GdbTarget::written(std::uint32_t address, ByteView bytes) {
  if (address < ram || address >= ram_ends) return {};
  for (std::size_t i = address & 1; i + 1 < bytes.size(); i += 2) {
    const auto at = address + static_cast<std::uint32_t>(i);
    const bool stops = bytes[i + 1] == bkpt_high && stops_.size() < most_stops;
    if (stops && stops_.insert(at).second) TRY(client_->set_breakpoint(at, Wait::for_(limit)));
    if (bytes[i + 1] != bkpt_high && stops_.erase(at) > 0)
      TRY(client_->clear_breakpoint(at, Wait::for_(limit)));
  }
  return {};
}

// By the core, which is as it was afterwards: `str r1, [r0]` from the end of its RAM.
Result<> GdbTarget::store(std::uint32_t address, std::uint32_t value) {
  const Wait wait = Wait::for_(limit);
  constexpr std::uint32_t scratch = ram_ends - 4;
  constexpr std::array<std::uint8_t, 2> instruction{0x01, 0x60};
  const Bytes before = TRY(client_->read(scratch, instruction.size(), wait));
  struct Register {
    unsigned number;
    std::uint32_t then, was;
  };
  std::array<Register, 4> registers{
      {{0, address, 0}, {1, value, 0}, {gdb_pc, scratch, 0}, {gdb_xpsr, thumb, 0}}};
  for (Register& one : registers) one.was = TRY(client_->read_register(one.number, wait));
  TRY(client_->write(scratch, instruction, wait));
  for (const Register& one : registers) TRY(client_->write_register(one.number, one.then, wait));
  const auto stepped = client_->step(wait);
  for (const Register& one : registers) TRY(client_->write_register(one.number, one.was, wait));
  TRY(client_->write(scratch, before, wait));
  return stepped;
}

void GdbTarget::end_of_command() {
  if (client_ && core_ == Core::held && !go()) lose();
}

void GdbTarget::disconnected() {
  if (!client_) return;
  // A core that was left halted stays so, as on a chip: until a reset, or the power.
  if (core_ == Core::halted && (registers_.control & (c_debugen | c_halt)) == (c_debugen | c_halt))
    return;
  // Whatever a debugger left behind goes with it, and the program goes on.
  const bool stands = hold().has_value();
  for (std::size_t i = 0; stands && i < registers_.breakpoints.size(); ++i)
    (void)set_comparator(i, 0);
  for (const std::uint32_t at : stops_) {
    if (stands) (void)client_->clear_breakpoint(at, Wait::for_(limit));
  }
  if (stands) (void)client_->detach(Wait::for_(limit));
  lose();
}

void GdbTarget::reset_line(bool low) {
  // The chip starts when the line is let go, not when it is high as before.
  const bool rises = std::exchange(line_low_, low) && !low;
  if (rises && powered() && !reset()) lose();
}

Result<> GdbTarget::reset() {
  TRY(hold());
  const bool halted = core_ == Core::halted;
  TRY(client_->monitor("system_reset", Wait::for_(limit)));
  registers_.was_reset = true;
  if ((registers_.exceptions & demcr_vc_corereset) != 0) {
    core_ = Core::halted;
    registers_.stops |= dfsr_vcatch;
    registers_.control |= c_halt;
  } else if (halted && (registers_.control & c_halt) != 0) {
    // A halting debugger keeps its hold over a reset of the system.
    core_ = Core::halted;
  } else {
    core_ = Core::held;  // until the command's end
  }
  return {};
}

std::optional<std::uint32_t> GdbTarget::factory(std::uint32_t address) const {
  if (address >= device_id && address < device_id + 4 * board_.device_id.size())
    return board_.device_id[(address - device_id) / 4];
  if (address == protected_region) return 0xFFFFFFFF;
  if (address == config_id) return config_of_qfaa;
  if (address >= factory_ends && address < page_ends) return 0xFFFFFFFF;
  return std::nullopt;
}

std::optional<std::uint32_t> GdbTarget::read(std::uint32_t address, int size) {
  if (!powered()) return std::nullopt;
  if (is_private(address)) return read_private(address);
  if (const auto known = factory(address); known && size == 4) return *known;
  if (!hold()) return std::nullopt;
  const auto bytes = client_->read(address, static_cast<std::uint64_t>(size), Wait::for_(limit));
  if (!bytes) return std::nullopt;
  std::uint32_t value = 0;
  for (int i = 0; i < size; ++i)
    value |= static_cast<std::uint32_t>((*bytes)[static_cast<std::size_t>(i)]) << 8 * i;
  return value;
}

bool GdbTarget::write(std::uint32_t address, std::uint32_t value, int size) {
  if (!powered()) return false;
  if (is_private(address)) return write_private(address, value).has_value();
  if (!hold()) return false;
  if (is_peripheral(address) && size == 4) return store(address, value).has_value();
  const Bytes word = little_endian({&value, 1});
  const auto bytes = ByteView(word).first(static_cast<std::size_t>(size));
  return client_->write(address, bytes, Wait::for_(limit))
      .and_then([&] { return written(address, bytes); })
      .has_value();
}

std::optional<std::vector<std::uint32_t>> GdbTarget::read_words(std::uint32_t address,
                                                                std::size_t count) {
  // Word by word where some of them are not QEMU's.
  if (!powered() || is_private(address) || is_factory_page(address) || !hold()) return std::nullopt;
  const auto bytes = client_->read(address, 4 * count, Wait::for_(limit));
  if (!bytes) return std::nullopt;
  std::vector<std::uint32_t> words(count);
  for (std::size_t i = 0; i < count; ++i) words[i] = u32_at(*bytes, 4 * i);
  return words;
}

bool GdbTarget::write_words(std::uint32_t address, std::span<const std::uint32_t> words) {
  if (!powered() || is_private(address) || is_peripheral(address) || !hold()) return false;
  const Bytes bytes = little_endian(words);
  return client_->write(address, bytes, Wait::for_(limit))
      .and_then([&] { return written(address, bytes); })
      .has_value();
}

std::uint32_t GdbTarget::read_private(std::uint32_t address) {
  if (const auto known = identification(address)) return *known;
  switch (address) {
    case dhcsr: {
      look();
      std::uint32_t value = (registers_.control & 0xF) | s_regrdy;
      if (core_ == Core::halted) value |= s_halt;
      if (std::exchange(registers_.was_reset, false)) value |= s_reset;
      return value;
    }
    case dcrdr:
      return registers_.data;
    case demcr:
      return registers_.exceptions;
    case dfsr:
      return registers_.stops;
    case cpuid:
      return cortex_m0;
    case aircr:
      return 0xFA050000;
    case bp_ctrl:
      return static_cast<std::uint32_t>(registers_.breakpoints.size()) << 4 |
             registers_.breakpoints_on;
    case dwt_ctrl:
      return 0;
    case rom_table:
      return 0xFFF0F003;
    case rom_table + 4:
      return 0xFFF02003;
    case rom_table + 8:
      return 0xFFF03003;
    default:
      if (address >= bp_comp && address < bp_comp + 4 * registers_.breakpoints.size())
        return registers_.breakpoints[(address - bp_comp) / 4];
      return 0;
  }
}

Result<> GdbTarget::write_private(std::uint32_t address, std::uint32_t value) {
  switch (address) {
    case dhcsr:
      return write_control(value);
    case dcrsr:
      return move_register(value);
    case dcrdr:
      registers_.data = value;
      return {};
    case demcr:
      registers_.exceptions = value;
      return {};
    case dfsr:
      registers_.stops &= ~value;
      return {};
    case aircr:
      if (value >> 16 == aircr_key && (value & sysresetreq) != 0) return reset();
      return {};
    case bp_ctrl:
      if ((value & 2) != 0) registers_.breakpoints_on = value & 1;
      return {};
    default:
      if (address >= bp_comp && address < bp_comp + 4 * registers_.breakpoints.size())
        return set_comparator((address - bp_comp) / 4, value);
      return {};
  }
}

Result<> GdbTarget::write_control(std::uint32_t value) {
  if (value >> 16 != debug_key) return {};
  look();
  registers_.control = value & 0xF;
  const bool halt = (value & (c_debugen | c_halt)) == (c_debugen | c_halt);
  if (halt) {
    if (core_ == Core::halted) return {};
    TRY(hold());
    core_ = Core::halted;
    registers_.stops |= dfsr_halted;
    return {};
  }
  if (core_ != Core::halted) return {};
  if ((value & (c_debugen | c_step)) == (c_debugen | c_step)) {
    TRY(client_->step(Wait::for_(limit)));
    registers_.control |= c_halt;
    registers_.stops |= dfsr_halted;
    return {};
  }
  return go();
}

Result<> GdbTarget::move_register(std::uint32_t selector) {
  TRY(hold());
  const auto number = gdb_register(selector & 0x1F);
  const bool writes = (selector & dcrsr_write) != 0;
  if (!number) {
    if (!writes) registers_.data = 0;
    return {};
  }
  if (writes) return client_->write_register(*number, registers_.data, Wait::for_(limit));
  registers_.data = TRY(client_->read_register(*number, Wait::for_(limit)));
  return {};
}

Result<> GdbTarget::set_comparator(std::size_t index, std::uint32_t value) {
  std::uint32_t& now = registers_.breakpoints.at(index);
  if (now == value) return {};
  TRY(hold());
  if ((now & 1) != 0) TRY(client_->clear_breakpoint(comparator_address(now), Wait::for_(limit)));
  if ((value & 1) != 0) TRY(client_->set_breakpoint(comparator_address(value), Wait::for_(limit)));
  now = value;
  return {};
}

}  // namespace assay::virtual_desk
