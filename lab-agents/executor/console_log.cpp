#include "executor/console_log.hpp"

#include <algorithm>
#include <utility>

namespace assay::executor {

ConsoleLog::ConsoleLog(Watch& watch, EventSink& sink, std::string role, std::string board,
                       BootTime started, std::vector<Matcher> never, OnNever on_never,
                       smp::StreamTransport::Write write)
    : watch_(watch),
      sink_(sink),
      role_(std::move(role)),
      board_(std::move(board)),
      started_(started),
      on_never_(std::move(on_never)),
      write_(std::move(write)),
      smp_([this](ByteView bytes, const Wait& wait) { return send(bytes, wait); }),
      never_(std::move(never)) {}

void ConsoleLog::emit(std::uint64_t offset, bool sent, ByteView bytes) {
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), chunk_limit));
    sink_.emit(role_, board_, evidence::ConsoleBytes{offset, sent, {piece.begin(), piece.end()}});
    offset += piece.size();
    bytes = bytes.subspan(piece.size());
  }
}

Result<> ConsoleLog::send(ByteView bytes, const Wait& wait) {
  {
    const std::scoped_lock lock(watch_.mutex);
    if (!closed_) emit(sent_, true, bytes);
    sent_ += bytes.size();
  }
  return write_(bytes, wait);
}

void ConsoleLog::feed(const abilities::ConsoleChunk& chunk) {
  const std::scoped_lock lock(watch_.mutex);
  if (closed_ || chunk.bytes.empty()) return;
  emit(received_, false, chunk.bytes);
  // A line without power reads as zeros.
  spoke_ = spoke_ || (chunk.at >= start_at_ && std::any_of(chunk.bytes.begin(), chunk.bytes.end(),
                                                           [](auto byte) { return byte != 0; }));

  // Line by line, so that text keeps its place when frames are taken out.
  std::vector<Line> lines;
  ByteView rest = chunk.bytes;
  while (!rest.empty()) {
    const auto feed = std::find(rest.begin(), rest.end(), std::uint8_t{'\n'});
    const auto size = static_cast<std::size_t>(feed - rest.begin()) + (feed == rest.end() ? 0 : 1);
    const std::string text = smp_.feed(rest.first(size));
    builder_.take(text, received_, received_ + size, chunk.at, lines);
    received_ += size;
    rest = rest.subspan(size);
  }
  add(std::move(lines));
  watch_.changed.notify_all();
}

void ConsoleLog::add(std::vector<Line>&& lines) {
  for (auto& line : lines) {
    if (line.at < started_) continue;
    for (auto& never : never_) {
      if (never.take(line, mark_, 0)) on_never_(never.marker(), line);
    }
    // A line in the air reads as noise when the supply is gone: only words count.
    const auto words = std::count_if(line.text.begin(), line.text.end(),
                                     [](char c) { return c >= ' ' && c <= '~'; });
    if (off_since_ && line.at > *off_since_ && words >= 8 && !talked_) talked_ = line.offset;
    text_ += line.text.size();
    lines_.push_back(std::move(line));
  }
  while (text_ > kept_text) {
    if (!std::exchange(forgot_, true)) {
      sink_.emit(role_, board_,
                 evidence::Note{"the console has printed more than 16 MiB: its oldest lines are no "
                                "longer held against expectations"});
    }
    text_ -= lines_.front().text.size();
    lines_.pop_front();
    ++first_;
  }
}

void ConsoleLog::close() {
  const std::scoped_lock lock(watch_.mutex);
  closed_ = true;
}

void ConsoleLog::mark(const std::string& what, bool silent) {
  const std::scoped_lock lock(watch_.mutex);
  if (silent) {
    std::vector<Line> lines;
    builder_.cut(lines);
    add(std::move(lines));
  }
  mark_ = cursor_ = received_;
  actuation_ = what;
  smp_.clear();
}

std::string ConsoleLog::last_actuation() const {
  const std::scoped_lock lock(watch_.mutex);
  return actuation_;
}

Result<Match> ConsoleLog::expect(Matcher& matcher, const Wait& wait) {
  std::unique_lock lock(watch_.mutex);
  std::optional<Match> found;
  std::uint64_t next = 0;
  std::optional<std::uint64_t> looked_at;  // how much there was when the prompt was looked at
  while (!found) {
    const auto before = received_;
    const auto prompt = looked_at == received_ ? std::nullopt : builder_.open_line();
    const auto overslept = watch_.overslept;
    const auto come = watch_.until(lock, prompt ? wait.at_most(prompt_after) : wait, [&] {
      for (next = std::max(next, first_); !found && next < first_ + lines_.size(); ++next) {
        const auto& line = lines_[next - first_];
        if (line.offset < mark_) continue;
        if (auto captured = matcher.take(line, mark_, cursor_)) found = {line, *captured};
      }
      return found.has_value() || received_ != before;
    });
    if (come) continue;
    if (!prompt || come.error().cause == Cause::cancelled || wait.until.passed())
      return tl::unexpected(come.error());
    watch_.overslept = overslept;  // nothing ended there
    looked_at = received_;
    if (prompt->offset < mark_ || prompt->at < started_) continue;
    auto trial = matcher;  // the line may go on
    if (auto captured = trial.take(*prompt, mark_, cursor_)) found = {*prompt, *captured};
  }
  cursor_ = found->line.end;
  return *std::move(found);
}

Result<Match> ConsoleLog::latest(const plans::Marker& marker, const Wait& wait) {
  auto matcher = TRY(Matcher::make(marker));
  std::unique_lock lock(watch_.mutex);
  std::optional<Match> found;
  std::uint64_t next = 0;
  TRY(watch_.until(lock, wait, [&] {
    for (next = std::max(next, first_); next < first_ + lines_.size(); ++next) {
      const auto& line = lines_[next - first_];
      if (line.offset < mark_) continue;
      if (auto captured = matcher.take(line, mark_, mark_)) found = {line, std::move(*captured)};
    }
    return found.has_value();
  }));
  return *std::move(found);
}

Result<> ConsoleLog::silence(Duration quiet, const Wait& wait) {
  std::unique_lock lock(watch_.mutex);
  while (true) {
    const auto before = received_;
    const auto talked =
        watch_.until(lock, wait.at_most(quiet), [&] { return received_ != before; });
    if (talked) continue;
    if (talked.error().cause == Cause::cancelled) return tl::unexpected(talked.error());
    if (!wait.until.passed()) return {};
    return fail(Cause::timeout, "the console has not fallen silent");
  }
}

void ConsoleLog::starts(const std::string& what) {
  const std::scoped_lock lock(watch_.mutex);
  start_ = what;
  start_at_ = BootTime::now();
  spoke_ = false;
}

std::optional<std::string> ConsoleLog::silent_since() const {
  const std::scoped_lock lock(watch_.mutex);
  return spoke_ ? std::nullopt : std::optional(start_);
}

Result<> ConsoleLog::speaks(const Wait& wait) {
  std::unique_lock lock(watch_.mutex);
  return watch_.until(lock, wait, [&] { return spoke_; });
}

void ConsoleLog::powered(bool on, Duration settle) {
  const std::scoped_lock lock(watch_.mutex);
  talked_.reset();
  off_since_ = on ? std::nullopt : std::optional(BootTime::now() + settle);
}

bool ConsoleLog::is_off() const {
  const std::scoped_lock lock(watch_.mutex);
  return off_since_.has_value();
}

std::optional<std::uint64_t> ConsoleLog::talked_while_off() const {
  const std::scoped_lock lock(watch_.mutex);
  return talked_;
}

std::vector<Line> ConsoleLog::since_mark() const {
  const std::scoped_lock lock(watch_.mutex);
  std::vector<Line> lines;
  for (const auto& line : lines_) {
    if (line.offset >= mark_) lines.push_back(line);
  }
  return lines;
}

std::uint64_t ConsoleLog::cursor() const {
  const std::scoped_lock lock(watch_.mutex);
  return cursor_;
}

Region ConsoleLog::evidence(std::uint64_t offset) const {
  const std::scoped_lock lock(watch_.mutex);
  auto from = std::min(offset, received_);
  std::size_t before = 0;
  for (auto line = lines_.rbegin(); line != lines_.rend() && line->offset >= mark_; ++line) {
    if (before == evidence_lines) break;
    if (line->offset < offset) ++before;
    from = std::min(from, line->offset);
  }
  if (from == received_) from = mark_;  // what there is of a line
  const auto length = std::min(received_ - from, evidence_limit);
  return {received_ - length, length};
}

}  // namespace assay::executor
