#include "virtual/qemu.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.hpp"
#include "base/folder_address.hpp"
#include "base/text.hpp"

namespace assay::virt {

namespace {

constexpr const char* gdb_name = "gdb.sock";
constexpr std::size_t errors_kept = 64 << 10;
constexpr const char* console_name = "console";  // QEMU adds .in and .out
constexpr int console_capacity = 1 << 20;        // bytes
constexpr int qmp_theirs = 3, gdb_theirs = 4;

// As QEMU's options want a comma that is meant.
std::string doubled_commas(const std::string& text) {
  std::string out;
  for (const char c : text) out.append(c == ',' ? 2 : 1, c);
  return out;
}

std::vector<std::pair<std::string, std::string>> environment(const std::filesystem::path& hold) {
  if (hold.empty()) return {};
  const char* before = std::getenv("LD_PRELOAD");
  const std::string others = before != nullptr && *before != '\0' ? fmt::format(":{}", before) : "";
  return {{"LD_PRELOAD", hold.string() + others}};
}

}  // namespace

Result<Qemu::Console> Qemu::make_console(const std::filesystem::path& folder) {
  remove_console(folder);
  const auto open_pipe = [&](const char* end, int mode) -> Result<UniqueFd> {
    const auto path = folder / fmt::format("{}.{}", console_name, end);
    if (mkfifo(path.c_str(), 0600) != 0) return fail_errno(path.string());
    UniqueFd fd(open(path.c_str(), mode | O_NONBLOCK | O_CLOEXEC));
    if (!fd) return fail_errno(path.string());
    return fd;
  };
  Console console;
  console.from = TRY(open_pipe("out", O_RDONLY));
  console.to = TRY(open_pipe("in", O_RDWR));  // there is no reader yet
  // Where a person's share of pipes is used up it stays at 64 KiB.
  (void)fcntl(console.from.get(), F_SETPIPE_SZ, console_capacity);
  return console;
}

void Qemu::remove_console(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const char* end : {"in", "out"})
    std::filesystem::remove(folder / fmt::format("{}.{}", console_name, end), ignored);
}

Result<Qemu> Qemu::start(const QemuSetup& setup, const Wait& wait) {
  auto console = TRY(make_console(setup.folder));
  auto control = TRY(make_socket_pair());
  auto gdb = TRY(listen_in(setup.folder, gdb_name));
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("pipe");
  UniqueFd errors(ends[0]);
  UniqueFd errors_theirs(ends[1]);
  fcntl(errors.get(), F_SETFL, O_NONBLOCK);

  const Command command{
      .args = {setup.program,
               "-M",
               "microbit",
               "-cpu",
               "cortex-m0",
               "-nodefaults",
               "-display",
               "none",
               "-monitor",
               "none",
               "-S",
               "-chardev",
               "pipe,id=console,path=" + doubled_commas((setup.folder / console_name).string()),
               "-serial",
               "chardev:console",
               "-chardev",
               fmt::format("socket,id=qmp,fd={}", qmp_theirs),
               "-mon",
               "chardev=qmp,mode=control",
               "-chardev",
               fmt::format("socket,id=gdb,fd={},server=on,wait=off", gdb_theirs),
               "-gdb",
               "chardev:gdb"},
      .env = environment(setup.hold_library),
      .fds = {{errors_theirs.get(), 2},
              {control.theirs.get(), qmp_theirs},
              {gdb.get(), gdb_theirs}},
      .own_session = true,
      .dies_with_parent = true};
  auto process = Process::start(command);
  if (!process) {
    remove_socket(setup.folder);
    remove_console(setup.folder);
    if (process.error().cause != Cause::not_found) return tl::unexpected(process.error());
    return fail(Cause::device, "{}: install the package qemu-system-arm", process.error().text);
  }
  Qemu qemu(std::move(*process), std::move(console), std::move(errors), setup.folder);
  control.theirs.reset();
  errors_theirs.reset();
  auto qmp = qmp::Client::greet(std::move(control.ours), wait);
  remove_console(setup.folder);  // it has opened them
  if (!qmp) {
    qemu.read_errors();
    if (qmp.error().cause != Cause::device && qmp.error().cause != Cause::io) {
      return tl::unexpected(qmp.error().in("start of QEMU"));
    }
    return fail(Cause::device, "QEMU did not start: {}", qemu.last_words());
  }
  qemu.qmp_ = std::move(*qmp);
  return qemu;
}

Qemu::~Qemu() {
  if (!folder_.empty()) remove_socket(folder_);
}

Result<gdb::Client> Qemu::attach(const std::filesystem::path& folder, const Wait& wait) {
  const auto at = TRY(FolderAddress::make(folder, gdb_name));
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || connect(fd.get(), at.get(), at.size()) != 0) {
    return fail_errno("connect to QEMU's gdb stub", Cause::device);
  }
  return gdb::Client::attach(std::move(fd), wait);
}

Result<Bytes> Qemu::read_memory(std::uint64_t address, std::uint64_t size, const Wait& wait) {
  const auto path = std::filesystem::absolute(folder_) / "memory.bin";
  TRY(qmp_->execute(
      "memsave", {{"val", address}, {"size", size}, {"filename", path.string()}, {"cpu-index", 0}},
      wait));
  auto bytes = read_file(path, size);
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  if (bytes && bytes->size() != size) {
    return fail(Cause::device, "QEMU saved {} of {} bytes at {:#x}", bytes->size(), size, address);
  }
  return bytes;
}

void Qemu::read_errors() {
  std::array<char, 4096> piece;
  while (true) {
    const auto n = ::read(errors_.get(), piece.data(), piece.size());
    if (n <= 0) {
      if (n == 0) errors_.reset();
      return;
    }
    // The beginning and the end are worth keeping; a storm in between is not.
    if (said_.size() > errors_kept) said_.erase(errors_kept / 2, said_.size() - errors_kept);
    said_.append(piece.data(), static_cast<std::size_t>(n));
  }
}

bool Qemu::held() const {
  return said_.find("assay: held at abort") != std::string::npos;
}

std::string Qemu::last_words() const {
  std::string_view last;
  for (const auto line : split(said_, '\n')) {
    if (line.empty() || line.starts_with("assay: held")) continue;
    if (line.find("fatal:") != std::string_view::npos) return printable(line);
    last = line;
  }
  return last.empty() ? "it said nothing" : printable(last);
}

ExitStatus Qemu::kill() {
  process_.kill_group(SIGKILL);
  return process_.wait(Wait::for_(std::chrono::seconds(5))).value_or(ExitStatus{0, SIGKILL});
}

std::optional<std::uint64_t> Qemu::find(ByteView content) const {
  std::ifstream maps(fmt::format("/proc/{}/maps", pid()));
  std::string line;
  while (std::getline(maps, line)) {
    unsigned long from = 0, to = 0;
    std::array<char, 5> access{};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, access.data()) != 3) continue;
    // QEMU maps each memory of the machine by itself, without a file.
    if (std::string_view(access.data()) != "rw-p" || to - from != content.size()) continue;
    const auto bytes = peek(from, content.size());
    if (bytes && std::equal(bytes->begin(), bytes->end(), content.begin())) return from;
  }
  return std::nullopt;
}

void Qemu::remove_socket(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::filesystem::remove(folder / gdb_name, ignored);
}

Result<Bytes> Qemu::peek(std::uint64_t where, std::size_t size) const {
  const UniqueFd memory(open(fmt::format("/proc/{}/mem", pid()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!memory) return fail_errno("read QEMU's memory");
  Bytes bytes(size);
  if (TRY(read_at(memory.get(), bytes, where, "read QEMU's memory")) < size) {
    return fail(Cause::io, "read QEMU's memory: it ends early");
  }
  return bytes;
}

}  // namespace assay::virt
