#include "spool/spool.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cstring>

#include "base/file.hpp"
#include "assay/v1/event.pb.h"
#include "wire/event.hpp"

namespace assay::spool {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t header_size = 8;
constexpr std::uint32_t max_record = 1 << 20;

std::uint32_t crc_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

bool write_at(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return true;
}

bool read_at(int fd, char* into, std::size_t size, std::uint64_t offset) {
  while (size > 0) {
    const ssize_t n = pread(fd, into, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    into += n;
    size -= static_cast<std::size_t>(n);
    offset += static_cast<std::uint64_t>(n);
  }
  return true;
}

}  // namespace

Spool::Spool(fs::path file, std::string attempt, UniqueFd fd, Limits limits)
    : file_(std::move(file)), attempt_(std::move(attempt)), limits_(limits), fd_(std::move(fd)) {}

Result<std::unique_ptr<Spool>> Spool::create(const fs::path& folder, const std::string& attempt,
                                             Limits limits) {
  TRY(make_folders(folder));
  fs::path file = folder / (attempt + ".spool");
  UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd) return fail_errno(file.string());
  return std::unique_ptr<Spool>(new Spool(std::move(file), attempt, std::move(fd), limits));
}

Result<std::unique_ptr<Spool>> Spool::reopen(const fs::path& folder, const std::string& attempt) {
  fs::path file = folder / (attempt + ".spool");
  UniqueFd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return fail_errno(file.string());
  std::unique_ptr<Spool> spool(new Spool(std::move(file), attempt, std::move(fd), {}));
  TRY(spool->load());
  return spool;
}

std::vector<std::string> Spool::list(const fs::path& folder) {
  std::vector<std::string> attempts;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".spool") attempts.push_back(entry.path().stem().string());
  }
  return attempts;
}

// Only called before the object is shared.
Result<> Spool::load() {
  std::string bytes;
  while (true) {
    std::array<std::uint32_t, 2> header{};
    if (!read_at(fd_.get(), reinterpret_cast<char*>(header.data()), header_size, end_)) break;
    if (header[0] > max_record) break;
    bytes.resize(header[0]);
    if (!read_at(fd_.get(), bytes.data(), bytes.size(), end_ + header_size)) break;
    if (crc_of(bytes) != header[1]) break;
    v1::Event event;
    if (!event.ParseFromString(bytes) || event.seq() != last_ + 1) break;
    records_.push_back({end_ + header_size, header[0], {}});
    end_ += header_size + header[0];
    last_ = event.seq();
    complete_ = event.has_attempt_ended();
  }
  if (ftruncate(fd_.get(), static_cast<off_t>(end_)) != 0) return fail_errno(file_.string());
  return {};
}

std::uint64_t Spool::append(evidence::Event event) {
  std::function<void()> notify;
  std::uint64_t seq = 0;
  {
    const std::lock_guard lock(mutex_);
    if (const auto* console = std::get_if<evidence::ConsoleBytes>(&event.body)) {
      if (memory_bytes_ > limits_.memory_bytes) return last_;  // the disk is full and memory too
      console_bytes_ += console->bytes.size();
      if (console_bytes_ > limits_.console_bytes) {
        if (console_cut_) return last_;
        console_cut_ = true;
        event.body = evidence::Note{fmt::format(
            "the console said more than {} MiB: its bytes are not kept from here on",
            limits_.console_bytes >> 20)};
      }
    }
    event.seq = last_ + 1;
    complete_ = std::holds_alternative<evidence::AttemptEnded>(event.body);
    store(wire::encode(event));
    seq = ++last_;
    notify = on_append_;
  }
  if (notify) notify();
  return seq;
}

// Under the mutex.
void Spool::store(std::string bytes) {
  const auto length = static_cast<std::uint32_t>(bytes.size());
  if (!trouble_) {
    const std::array<std::uint32_t, 2> header{length, crc_of(bytes)};
    std::string record(reinterpret_cast<const char*>(header.data()), header_size);
    record += bytes;
    if (write_at(fd_.get(), record, end_)) {
      records_.push_back({end_ + header_size, length, {}});
      end_ += record.size();
      return;
    }
    trouble_ = fmt::format("{}: {}", file_.string(), std::strerror(errno));
  }
  memory_bytes_ += length;
  records_.push_back({0, length, std::move(bytes)});
}

Result<std::vector<std::string>> Spool::read(std::uint64_t after, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> events;
  std::size_t total = 0;
  for (std::uint64_t seq = std::max(after, acknowledged_); seq < last_ && total < bytes; ++seq) {
    const Record& record = records_[seq - acknowledged_];
    std::string event = record.memory;
    if (event.empty()) {
      event.resize(record.length);
      if (!read_at(fd_.get(), event.data(), event.size(), record.offset)) {
        return fail_errno(file_.string());
      }
    }
    total += event.size();
    events.push_back(std::move(event));
  }
  return events;
}

void Spool::acknowledge(std::uint64_t seq) {
  const std::lock_guard lock(mutex_);
  while (acknowledged_ < std::min(seq, last_)) {
    memory_bytes_ -= records_.front().memory.size();
    records_.pop_front();
    ++acknowledged_;
  }
}

std::uint64_t Spool::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

std::uint64_t Spool::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}

bool Spool::complete() const {
  const std::lock_guard lock(mutex_);
  return complete_;
}

bool Spool::delivered() const {
  const std::lock_guard lock(mutex_);
  return complete_ && acknowledged_ == last_;
}

std::optional<std::string> Spool::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void Spool::on_append(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  on_append_ = std::move(callback);
}

void Spool::remove() {
  std::error_code ignored;
  fs::remove(file_, ignored);
}

}  // namespace assay::spool
