#include "spool/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.hpp"
#include "base/text.hpp"
#include "wire/event.hpp"
#include "wire/record.hpp"

namespace assay::spool {

namespace fs = std::filesystem;

static constexpr std::size_t longest_record = 1 << 20;
// What the record of a console event takes beside its bytes, about: most names are short.
static constexpr std::size_t around_console = 64;

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
  while (const auto message = TRY(wire::read_record(fd_.get(), end_, longest_record))) {
    const auto event = wire::decode_event(*message);
    if (!event || event->seq != last_ + 1) break;
    records_.push_back(
        {end_ + wire::record_header, static_cast<std::uint32_t>(message->size()), {}});
    end_ += wire::record_header + message->size();
    last_ = event->seq;
    complete_ = std::holds_alternative<evidence::AttemptEnded>(event->body);
  }
  if (ftruncate(fd_.get(), static_cast<off_t>(end_)) != 0) return fail_errno(file_.string());
  return {};
}

std::uint64_t Spool::append(evidence::Event event) {
  if (std::holds_alternative<evidence::AttemptEnded>(event.body)) append_tails();
  std::function<void()> notify;
  std::uint64_t seq = 0;
  {
    const std::lock_guard lock(mutex_);
    if (cut_) {
      if (complete_ || !std::holds_alternative<evidence::AttemptEnded>(event.body)) return last_;
      event.body = end_of_cut();
    } else if (std::holds_alternative<evidence::ConsoleBytes>(event.body)) {
      if (!take_console(event)) return last_;
    }
    number(std::move(event));
    seq = last_;
    notify = on_append_;
  }
  if (notify) notify();
  return seq;
}

// Under the mutex.
void Spool::number(evidence::Event event) {
  event.seq = last_ + 1;
  complete_ = std::holds_alternative<evidence::AttemptEnded>(event.body);
  store(wire::encode(event));
  ++last_;
}

// Under the mutex. false: nothing is to be appended now.
bool Spool::take_console(evidence::Event& event) {
  if (memory_bytes_ > limits_.memory_bytes) return false;  // the disk is full and memory too
  const std::uint64_t half = limits_.attempt_bytes / std::max<std::size_t>(1, limits_.roles) / 2;
  Console& console = consoles_[event.role];
  const bool begins = !console.tail;
  if (begins) {
    const std::uint64_t size =
        std::get<evidence::ConsoleBytes>(event.body).bytes.size() + around_console;
    if (console.head + size <= half) {
      console.head += size;
      return true;
    }
    auto tail = ConsoleTail::make(file_.string() + ".tail", half);
    if (!tail) {
      if (!trouble_) trouble_ = tail.error().text;
      return false;
    }
    console.tail = std::move(*tail);
    console.board = event.board;
  }
  if (const auto pushed = console.tail->push(event); !pushed && !trouble_)
    trouble_ = pushed.error().text;
  if (!begins) return false;
  event.body = evidence::Note{
      fmt::format("the console says much: from here on its last {} are kept, and follow when the "
                  "attempt ends (limit {} an attempt)",
                  human_size(half), human_size(limits_.attempt_bytes))};
  return true;
}

// Piece by piece, so that the session's thread, which all attempts share, gets in.
void Spool::append_tails() {
  while (append_next_of_tails()) {
  }
}

// One event, with its console's note before the first; false: all is appended.
bool Spool::append_next_of_tails() {
  std::function<void()> notify;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(consoles_.begin(), consoles_.end(),
                                    [](const auto& one) { return one.second.tail.has_value(); });
    if (found == consoles_.end() || cut_ || complete_) return false;
    auto& [role, console] = *found;
    const ConsoleTail::LeftOut& left_out = console.tail->left_out();
    if (!std::exchange(console.told, true) && left_out.bytes > 0) {
      const auto seconds = [](Duration d) { return std::chrono::duration<double>(d).count(); };
      number({0, left_out.to, role, console.board,
              evidence::Note{fmt::format(
                  "{} of the console are left out here, from {:.3f} to {:.3f} s (limit {} an "
                  "attempt)",
                  human_size(left_out.bytes), seconds(left_out.from), seconds(left_out.to),
                  human_size(limits_.attempt_bytes))}});
    }
    auto event = console.tail->pop();
    if (event && *event && memory_bytes_ <= limits_.memory_bytes) {
      number(std::move(**event));
    } else {
      if (!event)
        number({0, left_out.to, role, console.board,
                evidence::Note{"the rest of the console is lost: " + event.error().text}});
      console.tail.reset();
    }
    notify = on_append_;
  }
  if (notify) notify();
  return true;
}

// Under the mutex.
void Spool::store(std::string bytes) {
  const auto length = static_cast<std::uint32_t>(bytes.size());
  if (!trouble_) {
    const std::string record = wire::make_record(bytes);
    const auto written = write_at(fd_.get(), as_bytes(record), end_, file_.string());
    if (written) {
      records_.push_back({end_ + wire::record_header, length, {}});
      end_ += record.size();
      return;
    }
    trouble_ = written.error().text;
  }
  memory_bytes_ += length;
  records_.push_back({0, length, std::move(bytes)});
}

// Under the mutex.
Result<std::string> Spool::read_back(const Record& record) {
  if (!record.memory.empty()) return record.memory;
  auto message = wire::read_record(fd_.get(), record.offset - wire::record_header, longest_record);
  if (!message) return tl::unexpected(message.error().in(file_.string()));
  if (!*message || (*message)->size() != record.length) {
    return fail(Cause::io, "{}: byte {}: damaged, or became shorter", file_.string(),
                record.offset);
  }
  return std::string(as_text(**message));
}

Result<std::vector<std::string>> Spool::read(std::uint64_t after, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> events;
  std::size_t total = 0;
  for (std::uint64_t seq = std::max(after, acknowledged_); seq < last_ && total < bytes; ++seq) {
    auto event = read_back(records_[seq - acknowledged_]);
    if (!event && events.empty()) return tl::unexpected(event.error());
    if (!event) break;
    total += event->size();
    events.push_back(std::move(*event));
  }
  return events;
}

void Spool::cut(std::uint64_t after, const std::string& why) {
  const std::lock_guard lock(mutex_);
  while (last_ > std::max(after, acknowledged_)) {
    memory_bytes_ -= records_.back().memory.size();
    records_.pop_back();
    --last_;
  }
  cut_ = true;
  trouble_ = why;  // from here on in memory
  if (!std::exchange(complete_, false)) return;
  store(wire::encode({last_ + 1, {}, "", "", end_of_cut()}));
  ++last_;
  complete_ = true;
}

// Under the mutex.
evidence::AttemptEnded Spool::end_of_cut() const {
  return {evidence::Verdict::lab_error,
          "the agent cannot read back the events that it kept: " + trouble_.value_or(""), -1, true};
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

bool Spool::was_cut() const {
  const std::lock_guard lock(mutex_);
  return cut_;
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
