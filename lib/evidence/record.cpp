#include "evidence/record.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/text.hpp"

namespace assay::evidence {

namespace {

// Steps of one console; the newest decide.
constexpr std::size_t max_pending = 256;

// By its words, which lib/plans chooses: "flash base", "send update over SMP until ...".
bool writes_flash(std::string_view text) {
  return text.starts_with("flash ") ||
         (text.starts_with("send ") && text.find(" over ") != std::string_view::npos);
}

// What it holds beside itself.
std::size_t size_of(const StepRecord& step) {
  std::size_t size = step.id.size() + step.role.size() + step.text.size() + step.place.size() +
                     step.sentence.size() + step.progress_doing.size();
  for (const Finding& finding : step.findings)
    size +=
        sizeof finding + finding.channel.size() + finding.expected.size() + finding.observed.size();
  for (const std::string& line : step.console) size += sizeof(std::string) + line.size();
  return size;
}

}  // namespace

// ECMA-48: ESC '[' parameters 0x30-0x3F, intermediates 0x20-0x2F, final 0x40-0x7E.
std::string without_colours(std::string_view line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\x1b' || i + 1 == line.size() || line[i + 1] != '[') {
      out += line[i];
      continue;
    }
    std::size_t end = i + 2;
    while (end < line.size() && line[end] >= 0x20 && line[end] <= 0x3F) ++end;
    i = end;  // the final byte, or past the end
  }
  return out;
}

// SMP over console: 06 09 begins a frame, 04 14 goes on with it.
std::size_t smp_frame(std::string_view line) {
  return std::min({line.find("\x06\x09"), line.find("\x04\x14"), line.size()});
}

std::size_t AttemptRecord::bytes() const {
  std::size_t size = sizeof *this + steps_.capacity() * sizeof(StepRecord) + step_bytes_;
  for (const auto& [role, console] : consoles_) size += console.bytes.capacity();
  return size;
}

std::vector<std::string> console_lines(std::string_view bytes) {
  std::vector<std::string> lines;
  for (std::string_view line : split(bytes, '\n')) {
    while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    std::string shown = printable(without_colours(line.substr(0, smp_frame(line))));
    if (shown.empty()) continue;
    if (shown.size() > shown_columns) {
      std::size_t end = shown_columns;
      while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xC0) == 0x80) --end;
      shown = shown.substr(0, end) + "...";
    }
    lines.push_back(std::move(shown));
  }
  if (lines.size() > shown_lines) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(shown_lines));
  }
  return lines;
}

StepRecord* AttemptRecord::step(std::uint32_t index) {
  // Almost always the last one.
  const auto found = std::find_if(steps_.rbegin(), steps_.rend(),
                                  [&](const StepRecord& step) { return step.index == index; });
  if (found != steps_.rend()) {
    found->version = version_;
    return &*found;
  }
  if (steps_.size() >= max_steps) return nullptr;
  steps_.push_back({});
  steps_.back().index = index;
  steps_.back().version = version_;
  return &steps_.back();
}

void AttemptRecord::take(const Event& event, const StepStarted& started) {
  StepRecord* record = step(started.step);
  if (record == nullptr) return;
  step_bytes_ -= size_of(*record);
  record->id = started.id;
  record->role = event.role;
  record->text = started.text;
  record->place = started.place;
  record->started_at = event.at;
  step_bytes_ += size_of(*record);
}

void AttemptRecord::take(const Event& event, const StepEnded& ended) {
  StepRecord* record = step(ended.step);
  if (record == nullptr) return;
  step_bytes_ -= size_of(*record);
  take(event, ended, *record);
  step_bytes_ += size_of(*record);
}

void AttemptRecord::take(const Event& event, const StepEnded& ended, StepRecord& record) {
  record.state = ended.state;
  record.sentence = ended.sentence;
  record.findings = ended.findings;
  record.took = std::max(Duration::zero(), event.at - record.started_at);
  if (record.role.empty()) record.role = event.role;
  const auto found = consoles_.find(event.role.empty() ? record.role : event.role);
  if (found == consoles_.end() || ended.console_length == 0) return;
  Console& console = found->second;
  const std::uint64_t length = std::min(ended.console_length, UINT64_MAX - ended.console_offset);
  const std::uint64_t to = ended.console_offset + length;
  record.console = lines(console, ended.console_offset, to);
  if (to <= console.offset + console.bytes.size()) return;
  if (console.pending.size() >= max_pending) console.pending.pop_front();
  console.pending.push_back({record.index, ended.console_offset, to});
}

std::vector<std::string> AttemptRecord::lines(const Console& console, std::uint64_t from,
                                              std::uint64_t to) {
  const std::uint64_t have = console.offset + console.bytes.size();
  from = std::clamp(from, console.offset, have);
  to = std::clamp(to, from, have);
  // From the start of its line, so that half a frame or half a word is not shown.
  const auto before = std::string_view(console.bytes).substr(0, from - console.offset).rfind('\n');
  if (before != std::string_view::npos) {
    from = console.offset + before + 1;
  } else if (console.offset == 0) {
    from = 0;
  }
  return console_lines(std::string_view(console.bytes).substr(from - console.offset, to - from));
}

// What has come by now of the bytes that steps waited for.
void AttemptRecord::resolve(Console& console) {
  while (!console.pending.empty() &&
         console.pending.front().to <= console.offset + console.bytes.size()) {
    const Console::Pending pending = console.pending.front();
    console.pending.pop_front();
    auto shown = lines(console, pending.from, pending.to);
    StepRecord* record = shown.empty() ? nullptr : step(pending.step);
    if (record == nullptr) continue;
    step_bytes_ -= size_of(*record);
    record->console = std::move(shown);
    record->version = ++version_;
    step_bytes_ += size_of(*record);
  }
}

void AttemptRecord::take(const Event& event, const ConsoleBytes& console) {
  if (console.sent || (consoles_.size() >= max_roles && !consoles_.contains(event.role))) return;
  Console& kept = consoles_[event.role];
  if (console.offset != kept.offset + kept.bytes.size()) {  // a gap
    kept.offset = console.offset;
    kept.bytes.clear();
  }
  kept.bytes += as_text(console.bytes);
  resolve(kept);
  // Cut rarely, so that a flood costs no more than its bytes.
  if (kept.bytes.size() > 2 * kept_console) {
    const std::size_t cut = kept.bytes.size() - kept_console;
    kept.bytes.erase(0, cut);
    kept.offset += cut;
  }
}

void AttemptRecord::count_wear(const Event& event) {
  if (event.board.empty() || (wear_.size() >= max_roles && !wear_.contains(event.board))) return;
  if (std::holds_alternative<PowerEdge>(event.body)) ++wear_[event.board].power_switches;
  const auto* ended = std::get_if<StepEnded>(&event.body);
  if (ended == nullptr || ended->already_there) return;
  if (ended->state != StepState::passed && ended->state != StepState::failed) return;
  const StepRecord* record = step(ended->step);
  if (record != nullptr && writes_flash(record->text)) ++wear_[event.board].flash_cycles;
}

void AttemptRecord::add(const Event& event) {
  last_ = event.seq;
  if (const auto* console = std::get_if<ConsoleBytes>(&event.body)) return take(event, *console);
  ++version_;
  if (const auto* body = std::get_if<AttemptStarted>(&event.body)) started_ = *body;
  if (const auto* body = std::get_if<StepStarted>(&event.body)) take(event, *body);
  if (const auto* body = std::get_if<StepEnded>(&event.body)) take(event, *body);
  if (const auto* body = std::get_if<StepProgress>(&event.body)) {
    if (StepRecord* record = step(body->step)) {
      record->progress_done = body->done;
      record->progress_total = body->total;
      record->progress_doing = body->doing;
    }
  }
  count_wear(event);
  if (const auto* body = std::get_if<AttemptEnded>(&event.body)) {
    ended_ = *body;
    consoles_.clear();
  }
}

}  // namespace assay::evidence
