#include "virtual/zephyr_machine.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace assay::virt {

namespace {

// For a machine without a program: stack pointer, reset vector, `wfi; b .-2`.
constexpr std::array<std::uint8_t, 12> wfi_loop{0x00, 0x40, 0x00, 0x20, 0x09, 0x00,
                                                0x00, 0x00, 0x30, 0xBF, 0xFD, 0xE7};
constexpr Duration off_limit = std::chrono::seconds(2);

// Neither a stack pointer nor a reset vector: the processor would lock up at once.
bool has_no_vectors(ByteView content) {
  return std::all_of(content.begin(), content.begin() + 4, [](auto b) { return b == 0xFF; }) ||
         std::all_of(content.begin() + 4, content.begin() + 8, [](auto b) { return b == 0xFF; });
}

Result<> check_range(std::uint64_t address, std::uint64_t size) {
  if (address <= ZephyrMachine::flash_size && size <= ZephyrMachine::flash_size - address) {
    return {};
  }
  return fail(Cause::invalid, "{} bytes at {:#x} do not lie in the flash (0 to {:#x})", size,
              address, ZephyrMachine::flash_size);
}

// What the contents become: erased, then written over.
Result<Bytes> apply(Bytes content, const images::Segments& segments,
                    const ZephyrMachine::Erase& erase) {
  if (!erase.chip) {
    std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(erase.from), erase.size, 0xFF);
  }
  for (const auto& segment : segments.all) {
    auto at = content.begin() + static_cast<std::ptrdiff_t>(segment.address);
    for (const auto byte : segment.bytes) {
      // Flash turns ones into zeros; the other way only erasing does.
      if ((*at & byte) != byte) {
        return fail(Cause::invalid,
                    "address {:#x} is written but not erased: erase all that the file covers",
                    static_cast<std::uint64_t>(at - content.begin()));
      }
      *at++ = byte;
    }
  }
  return content;
}

}  // namespace

std::filesystem::path ZephyrSetup::default_hold_library() {
  const auto here = program_folder();
  for (const auto& folder : {here, here.parent_path() / "bin"}) {
    auto path = folder / "assay-qemu-hold.so";
    std::error_code error;
    if (std::filesystem::exists(path, error)) return path;
  }
  return {};
}

Result<std::unique_ptr<ZephyrMachine>> ZephyrMachine::open(ZephyrSetup setup) {
  // A host that was killed could not remove its socket.
  Qemu::remove_socket(setup.state_folder);
  auto store = TRY(FlashStore::open(setup.state_folder, flash_size));
  return std::unique_ptr<ZephyrMachine>(new ZephyrMachine(std::move(setup), std::move(store)));
}

ZephyrMachine::~ZephyrMachine() {
  setup_.on_console = nullptr;
  setup_.on_incident = nullptr;
  (void)off();
}

Result<> ZephyrMachine::on(const Wait& wait) {
  look();
  if (state_ == State::running || state_ == State::locked_up) return {};
  return start(TRY(store_.load()), wait);
}

Result<> ZephyrMachine::start(ByteView content, const Wait& wait) {
  auto qemu = TRY(Qemu::start({setup_.qemu, store_.folder(), setup_.hold_library}, wait));
  auto gdb = TRY(qemu.attach(wait));
  TRY(fill(qemu, gdb, content, wait));
  qemu_.emplace(std::move(qemu));
  console_open_ = true;
  state_ = State::running;
  // Before the program can write its flash, and after the last failure that
  // leaves the contents as they are in the file.
  auto started = explain(store_.mark_running().and_then([&] { return run(*qemu_, gdb, wait); }));
  if (started || state_ == State::locked_up) return {};
  if (state_ == State::running) close();
  state_ = State::off;
  return started;
}

Result<> ZephyrMachine::fill(Qemu& qemu, gdb::Client& gdb, ByteView content, const Wait& wait) {
  Bytes bytes(content.begin(), content.end());
  standing_in_ = has_no_vectors(content);
  if (standing_in_) std::copy(wfi_loop.begin(), wfi_loop.end(), bytes.begin());
  TRY(gdb.write(0, bytes, wait));
  const auto back = TRY(qemu.read_memory(0, flash_size, wait));
  if (back != bytes) return fail(Cause::device, "the flash reads back other than written");
  flash_at_ = qemu.find(bytes);
  return {};
}

Result<> ZephyrMachine::run(Qemu& qemu, gdb::Client& gdb, const Wait& wait) {
  qemu.qmp().forget_events();
  TRY(qemu.qmp().execute("system_reset", wait));
  TRY(qemu.qmp().await_event("RESET", wait));
  TRY(gdb.detach(wait));
  return qemu.qmp().execute("cont", wait);
}

Result<> ZephyrMachine::off() {
  look();
  if (state_ != State::running) {
    state_ = State::off;
    return {};
  }
  const Wait wait = Wait::for_(off_limit);
  const auto stopped = explain(qemu_->qmp().execute("stop", wait));
  if (state_ != State::running) {  // it locked up, or went, on the way
    state_ = State::off;
    return {};
  }
  auto content = stopped ? contents(wait) : tl::unexpected(stopped.error());
  close();
  state_ = State::off;
  if (!content) return tl::unexpected(content.error().in("off, but the flash was not saved"));
  return store_.save(*content);
}

bool ZephyrMachine::is_on() {
  look();
  return state_ == State::running || state_ == State::locked_up;
}

Result<> ZephyrMachine::reset(const Wait& wait) {
  look();
  switch (state_) {
    case State::off:
      return fail(Cause::refused, "the board is off: switch it on first");
    case State::gone:
      return fail(Cause::device, "{}", why_);
    case State::locked_up:
      return start(TRY(store_.load()), wait);
    case State::running:
      break;
  }
  qemu_->qmp().forget_events();
  const auto done = explain(qemu_->qmp().execute("system_reset", wait).and_then([&] {
    return qemu_->qmp().await_event("RESET", wait);
  }));
  // It locked up before the pulse came.
  if (state_ == State::locked_up) return start(TRY(store_.load()), wait);
  return done;
}

// Unless a debugger or the program has written there.
void ZephyrMachine::remove_stand_in(Bytes& bytes) const {
  if (standing_in_ && std::equal(wfi_loop.begin(), wfi_loop.end(), bytes.begin()))
    std::fill_n(bytes.begin(), wfi_loop.size(), 0xFF);
}

// The whole flash as the program left it.
Result<Bytes> ZephyrMachine::contents(const Wait& wait) {
  if (state_ != State::running) return store_.load();
  auto bytes = TRY(qemu_->read_memory(0, flash_size, wait));
  remove_stand_in(bytes);
  return bytes;
}

Result<Bytes> ZephyrMachine::read_flash(std::uint64_t address, std::uint64_t size,
                                        const Wait& wait) {
  TRY(check_range(address, size));
  look();
  auto content = contents(wait);
  if (!content && state_ == State::running) {
    const auto why = explain(tl::unexpected(content.error()));
    // What a locked-up machine held is in the file now.
    if (state_ != State::locked_up) return tl::unexpected(why.error());
    content = store_.load();
  }
  if (!content) return content;
  const auto from = content->begin() + static_cast<std::ptrdiff_t>(address);
  return Bytes(from, from + static_cast<std::ptrdiff_t>(size));
}

Result<> ZephyrMachine::write_flash(const images::Segments& segments, Erase erase,
                                    const Wait& wait) {
  for (const auto& segment : segments.all) TRY(check_range(segment.address, segment.bytes.size()));
  TRY(check_range(erase.from, erase.size));
  if (!erase.chip && (erase.from % page_size != 0 || erase.size % page_size != 0)) {
    return fail(Cause::invalid, "erasing {} bytes at {:#x}: whole pages of {} bytes only",
                erase.size, erase.from, page_size);
  }
  look();
  if (state_ == State::running) {
    const auto stopped = explain(qemu_->qmp().execute("stop", wait));
    if (!stopped && state_ == State::running) return stopped;
  }
  Bytes before(flash_size, 0xFF);
  if (!erase.chip) before = TRY(contents(wait));
  auto applied = apply(std::move(before), segments, erase);
  if (!applied) {
    if (state_ == State::running) (void)explain(qemu_->qmp().execute("cont", wait));
    return tl::unexpected(applied.error());
  }
  const Bytes content = std::move(*applied);
  if (state_ == State::running) {
    auto gdb = TRY(qemu_->attach(wait));
    TRY(fill(*qemu_, gdb, content, wait));
    const auto ran = explain(run(*qemu_, gdb, wait));
    if (state_ == State::locked_up) return {};  // what was written does that
    return ran;
  }
  TRY(store_.save(content));
  if (state_ == State::off) return {};
  return start(content, wait);  // the supply is on
}

Result<> ZephyrMachine::write_console(ByteView bytes, const Wait& wait) {
  look();
  if (state_ == State::off) return fail(Cause::refused, "the board is off: switch it on first");
  if (state_ == State::locked_up) return {};  // nobody hears it, as on a real line
  if (state_ == State::gone) return fail(Cause::device, "{}", why_);
  return explain(write_all(qemu_->console_in(), bytes, wait));
}

Result<> ZephyrMachine::check_power(const Wait& wait) {
  look();
  if (state_ == State::gone) return fail(Cause::device, "{}", why_);
  if (state_ != State::running) return {};
  const auto status = qemu_->qmp().execute("query-status", nlohmann::json::object(), wait);
  if (!status) {
    auto why = explain(tl::unexpected(status.error()));
    if (state_ == State::locked_up) return {};
    return why;
  }
  if (!status->value("running", false)) {
    return fail(Cause::device, "the machine is on but stands ({})",
                status->value("status", "no status"));
  }
  return {};
}

Result<> ZephyrMachine::check_console() {
  look();
  if (state_ == State::gone) return fail(Cause::device, "{}", why_);
  if (state_ == State::running && !console_open_) {
    return fail(Cause::device, "QEMU closed the console");
  }
  return {};
}

Result<> ZephyrMachine::check_flash(const Wait& wait) {
  look();
  // What is lost is lost, but a whole chip can be written as ever.
  if (state_ == State::off && !store_.known()) return {};
  TRY(read_flash(0, flash_size, wait));
  return {};
}

void ZephyrMachine::poll_fds(std::vector<pollfd>& fds, bool console_full) {
  if (!qemu_) return;
  if (console_open_ && !console_full) fds.push_back({qemu_->console(), POLLIN, 0});
  if (qemu_->errors() >= 0) fds.push_back({qemu_->errors(), POLLIN, 0});
  fds.push_back({qemu_->pidfd(), POLLIN, 0});
}

void ZephyrMachine::on_ready(std::span<const pollfd> fds) {
  for (const auto& fd : fds) {
    if (fd.revents == 0 || !qemu_) continue;
    if (fd.fd == qemu_->console()) {
      read_console();
    } else {
      look();
    }
  }
}

std::optional<pid_t> ZephyrMachine::pid() const {
  if (!qemu_) return std::nullopt;
  return qemu_->pid();
}

// Has the machine ended by itself? Never waits.
void ZephyrMachine::look() {
  if (state_ != State::running) return;
  qemu_->read_errors();
  if (qemu_->held()) return settle_lockup();
  if (const auto status = qemu_->ended()) settle_end(*status);
}

// QEMU stands in abort(): its memory is still there.
void ZephyrMachine::settle_lockup() {
  why_ = qemu_->last_words();
  const bool guest = why_.find("Lockup") != std::string::npos;
  Result<Bytes> content = fail(Cause::device, "not found");
  if (flash_at_) content = qemu_->peek(*flash_at_, flash_size);
  close();
  if (content) {
    remove_stand_in(*content);
    (void)store_.save(*content);  // else the mark stays, and says so
  }
  if (guest) {
    state_ = State::locked_up;
    return tell(abilities::Incident::Kind::guest_fault, "the processor locked up: " + why_);
  }
  state_ = State::gone;
  why_ = "QEMU aborted: " + why_;
  tell(abilities::Incident::Kind::gone, why_);
}

void ZephyrMachine::settle_end(ExitStatus status) {
  qemu_->read_errors();
  const auto words = qemu_->last_words();
  close();
  if (words.find("Lockup") != std::string::npos) {
    why_ = words;
    state_ = State::locked_up;
    return tell(abilities::Incident::Kind::guest_fault, "the processor locked up: " + words);
  }
  state_ = State::gone;
  why_ = fmt::format("QEMU ended by itself: {}; {}", to_string(status), words);
  tell(abilities::Incident::Kind::gone, why_);
}

// When something failed because the machine locked up or went: say that instead.
Result<> ZephyrMachine::explain(Result<> result) {
  if (result) return result;
  if (result.error().cause == Cause::timeout || result.error().cause == Cause::cancelled) {
    look();
  } else if (state_ == State::running) {
    // Its sockets close a moment before its standard error or its end can be seen.
    std::array<pollfd, 2> fds{pollfd{qemu_->errors(), POLLIN, 0},
                              pollfd{qemu_->pidfd(), POLLIN, 0}};
    const Wait limit = Wait::for_(std::chrono::milliseconds(500));
    while (state_ == State::running && wait_ready(fds, limit)) {
      look();
      if (qemu_) fds[0].fd = qemu_->errors();
    }
  }
  if (state_ == State::locked_up) return fail(Cause::guest, "the processor locked up: {}", why_);
  if (state_ == State::gone) return fail(Cause::device, "{}", why_);
  return result;
}

// False when nothing is there.
bool ZephyrMachine::read_console() {
  std::array<std::uint8_t, 65536> piece;
  const auto n = ::read(qemu_->console(), piece.data(), piece.size());
  if (n < 0 && errno == EINTR) return true;
  if (n < 0 && errno == EAGAIN) return false;
  if (n <= 0) {
    console_open_ = false;
    return false;
  }
  if (setup_.on_console) {
    setup_.on_console(BootTime::now(), {piece.data(), static_cast<std::size_t>(n)});
  }
  return true;
}

// Ends the process and hands out what it had sent.
void ZephyrMachine::close() {
  qemu_->kill();
  while (console_open_ && read_console()) {
  }
  console_open_ = false;
  qemu_.reset();
  flash_at_.reset();
}

void ZephyrMachine::tell(abilities::Incident::Kind kind, std::string text) {
  if (setup_.on_incident) setup_.on_incident({kind, std::move(text)});
}

}  // namespace assay::virt
