#include "web/live_run.hpp"

#include <algorithm>

#include "scheduler/types.hpp"
#include "web/event_text.hpp"
#include "wire/json.hpp"
#include "wire/run_parts.hpp"

namespace assay::web {

namespace {

constexpr std::uint32_t lines_at_once = 500;
constexpr std::uint64_t too_far_back = 2000;
constexpr std::uint64_t shown_first = 200;
constexpr std::size_t piece = 256U << 10;
constexpr std::size_t kept_timeline = 16U << 10;
constexpr Duration between_timelines = std::chrono::milliseconds(250);
// When only the amount of console bytes has changed in it.
constexpr Duration between_activities = std::chrono::seconds(1);

// What of a timeline must be told soon.
std::string marks_of(const v1::Timeline& timeline) {
  v1::Timeline only;
  *only.mutable_marks() = timeline.marks();
  only.set_ended(timeline.ended());
  only.set_cut(timeline.cut());
  return only.SerializeAsString();
}

}  // namespace

LiveRun::LiveRun(LiveSource source, std::int64_t number, std::function<void()> wake)
    : source_(std::move(source)),
      id_(scheduler::run_name(number)),
      wake_(std::move(wake)),
      parts_(source_.backend, number) {
  watch_ = source_.backend.runs->watch(id_, [changed = changed_, tell = wake_] {
    changed->store(true);
    tell();
  });
}

Result<News> LiveRun::news(BootTime now) {
  News out;
  TRY(look(out.text));
  const bool ended = parts_.ended();
  bool more = false;
  for (Attempt& attempt : attempts_) {
    if (!attempt.look_at_lines) continue;
    bool rest = false;
    for (Console& console : attempt.consoles) {
      // The rest comes with the next turn: others must not wait for a flood.
      rest = rest || out.text.size() > piece || TRY(tell_lines(attempt, console, out.text));
    }
    attempt.look_at_lines = rest;
    more = more || rest;
  }
  if (more) out.again = Duration::zero();
  for (Attempt& attempt : attempts_) {
    if (attempt.look_at_timeline) TRY(tell_timeline(attempt, now, out));
  }
  over_ = ended && !more && !out.again;
  first_ = false;
  return out;
}

// The run, its attempts and whether anything was stored of them.
Result<> LiveRun::look(std::string& out) {
  if (changed_->exchange(false)) {
    TRY(parts_.refresh());
    while (attempts_.size() < parts_.attempts().size()) {
      Attempt& one = attempts_.emplace_back();
      one.id = parts_.attempts()[attempts_.size() - 1];
      // Watched before it is read: nothing falls between.
      one.watch = source_.backend.parts.segments.watch(one.id, [stored = one.stored, tell = wake_] {
        stored->store(true);
        tell();
      });
    }
  }
  for (std::size_t i = 0; i < attempts_.size(); ++i) {
    if (!attempts_[i].stored->exchange(false)) continue;
    parts_.look_at(i);
    attempts_[i].look_at_lines = attempts_[i].look_at_timeline = true;
  }
  return tell_run(out);
}

Result<> LiveRun::tell_run(std::string& out) {
  v1::RunPart news;
  bool any = false;
  while (true) {
    v1::RunPart part;
    if (!TRY(parts_.next(&part))) break;
    any = true;
    wire::merge(run_, v1::Run(part.run()));
    wire::merge(*news.mutable_run(), std::move(*part.mutable_run()));
    if (!part.more()) break;
  }
  if (!any) return {};
  ++version_;
  find_consoles();
  if (!first_) add_event(out, "run", to_text(cursor_), TRY(wire::to_json(news)));
  return {};
}

// An attempt has a console for each of its roles that it has said something of;
// the roles are known by its boards.
void LiveRun::find_consoles() {
  std::map<std::string, const v1::Attempt*> by_name;
  for (const v1::Job& job : run_.jobs()) {
    for (const v1::Attempt& attempt : job.attempts()) by_name[attempt.id()] = &attempt;
  }
  for (Attempt& attempt : attempts_) {
    const auto found = by_name.find(attempt.id);
    if (found == by_name.end()) continue;
    const bool ended = found->second->state() == v1::RUN_STATE_ENDED;
    if (ended && !attempt.ended) attempt.look_at_lines = attempt.look_at_timeline = true;
    attempt.ended = ended;
    for (const auto& [role, board] : found->second->boards()) {
      const bool known = std::any_of(attempt.consoles.begin(), attempt.consoles.end(),
                                     [&](const Console& one) { return one.role == role; });
      if (known) continue;
      Console console;
      console.name = attempt.id + '/' + role;
      console.role = role;
      attempt.consoles.push_back(std::move(console));
      attempt.look_at_lines = true;
    }
  }
}

// true: there are more lines.
Result<bool> LiveRun::tell_lines(Attempt& attempt, Console& console, std::string& out) {
  v1::ConsoleLines lines;
  // Nobody needs what was said before anybody looked: catch_up() has the rest.
  const auto answered =
      first_ ? source_.lines(attempt.id, console.role, -1, 1, &lines)
             : source_.lines(attempt.id, console.role, static_cast<std::int64_t>(console.next),
                             lines_at_once, &lines);
  if (!answered) {
    if (answered.error().cause == Cause::not_found) return false;  // nothing of it is stored yet
    return tl::unexpected(answered.error());
  }
  const bool more = lines.from() + static_cast<std::uint64_t>(lines.lines_size()) < lines.total();
  const std::uint64_t before = console.next;
  console.next = lines.from();
  std::optional<v1::ConsoleLine> open;
  for (const auto& line : lines.lines()) {
    if (line.open()) {
      open = line;
    } else {
      ++console.next;
    }
  }
  const bool same_open = open.has_value() == console.open.has_value() &&
                         (!open || open->text() == console.open->text());
  const bool told = cursor_.contains(console.name) && before == console.next && same_open &&
                    lines.ended() == console.ended;
  cursor_[console.name] = console.next;
  console.ended = lines.ended();
  console.open = std::move(open);
  if (!told) ++console.version;
  if (!told && !first_ && (lines.lines_size() > 0 || lines.ended()))
    add_lines(out, lines, to_text(cursor_));
  return more && lines.lines_size() > 0;
}

void LiveRun::add_lines(std::string& out, const v1::ConsoleLines& lines,
                        const std::string& id) const {
  const auto text = wire::to_json(lines);
  if (text) add_event(out, "lines", id, *text);
}

Result<> LiveRun::tell_timeline(Attempt& attempt, BootTime now, News& news) {
  const auto later = [&](Duration gap) {
    const Duration left = *attempt.told + gap - now;
    if (left <= Duration::zero()) return false;
    news.again = news.again ? std::min(*news.again, left) : left;
    return true;
  };
  if (attempt.told && !attempt.ended && later(between_timelines)) return {};
  v1::Timeline timeline;
  if (const auto answered = source_.timeline(attempt.id, &timeline); !answered) {
    if (answered.error().cause != Cause::not_found) return tl::unexpected(answered.error());
    attempt.look_at_timeline = false;
    return {};
  }
  std::string marks = marks_of(timeline);
  if (attempt.told && !attempt.ended && marks == attempt.marks && later(between_activities))
    return {};
  attempt.look_at_timeline = false;
  std::string text = TRY(wire::to_json(timeline));
  if (text == attempt.timeline) return {};
  attempt.told = now;
  ++attempt.version;
  if (!first_) add_event(news.text, "timeline", to_text(cursor_), text);
  attempt.marks = attempt.ended ? "" : std::move(marks);
  // Of those that are over only small ones: there may be a thousand.
  attempt.timeline = attempt.ended && text.size() > kept_timeline ? "" : std::move(text);
  return {};
}

std::uint64_t LiveRun::begin_at(const Place& reader, const Console& console) const {
  const std::uint64_t last = console.next > shown_first ? console.next - shown_first : 0;
  if (!reader.after) return last;
  const auto known = reader.after->find(console.name);
  const std::uint64_t wanted = known == reader.after->end() ? 0 : known->second;
  // Ahead of us: from another life of this run's number.
  if (wanted > console.next || console.next - wanted > too_far_back) return last;
  return wanted;
}

Result<std::string> LiveRun::catch_up(Place& reader) {
  std::string out;
  if (!reader.begun) TRY(catch_up_run(reader, out));
  reader.begun = true;
  if (!TRY(catch_up_attempts(reader, out))) return out;
  if (reader.run != version_) {
    // Only now: the whole of a large run before each piece would never come to an end.
    TRY(catch_up_run(reader, out));
    if (!TRY(catch_up_attempts(reader, out))) return out;
  }
  reader.level = true;
  return out;
}

Result<> LiveRun::catch_up_run(Place& reader, std::string& out) {
  if (whole_version_ != version_ || whole_.empty()) {
    v1::RunPart part;
    *part.mutable_run() = run_;
    whole_ = TRY(wire::to_json(part));
    whole_version_ = version_;
  }
  add_event(out, "run", to_text(reader.next), whole_);
  reader.run = version_;
  reader.attempts = attempts_.size();
  return {};
}

// Of the attempts that it has heard of. false: there is more to tell.
Result<bool> LiveRun::catch_up_attempts(Place& reader, std::string& out) {
  const std::size_t full = out.size() + piece;
  for (std::size_t i = 0; i < reader.attempts; ++i) {
    const Attempt& attempt = attempts_[i];
    for (const Console& console : attempt.consoles) {
      if (!cursor_.contains(console.name)) continue;
      while (TRY(catch_up_lines(reader, attempt, console, out))) {
        if (out.size() > full) return false;
      }
    }
    auto& has = reader.seen[attempt.id];
    if (has != attempt.version) {
      add_event(out, "timeline", to_text(reader.next), TRY(timeline_of(attempt)));
      has = attempt.version;
    }
    if (out.size() > full) return false;
  }
  return true;
}

Result<std::string> LiveRun::timeline_of(const Attempt& attempt) const {
  if (!attempt.timeline.empty()) return attempt.timeline;
  v1::Timeline timeline;
  TRY(source_.timeline(attempt.id, &timeline));
  return wire::to_json(timeline);
}

// Up to where the stream itself stands, and not a line further. false: level.
Result<bool> LiveRun::catch_up_lines(Place& reader, const Attempt& attempt, const Console& console,
                                     std::string& out) {
  const auto [at, is_new] = reader.next.try_emplace(console.name, 0);
  if (is_new) at->second = begin_at(reader, console);
  auto& has = reader.seen[console.name];
  if (!is_new && at->second >= console.next && has == console.version) return false;
  v1::ConsoleLines lines;
  const std::uint64_t left = console.next - at->second;
  if (left > 0) {
    TRY(source_.lines(attempt.id, console.role, static_cast<std::int64_t>(at->second),
                      static_cast<std::uint32_t>(std::min<std::uint64_t>(left, lines_at_once)),
                      &lines));
    if (lines.lines().empty() || lines.from() != at->second) {
      return fail(Cause::internal, "{}: line {} is not there any more", console.name, at->second);
    }
  } else {
    lines.set_attempt(attempt.id);
    lines.set_role(console.role);
    lines.set_from(at->second);
    lines.set_total(console.next);
  }
  at->second = lines.from() + static_cast<std::uint64_t>(lines.lines_size());
  if (at->second == console.next) {
    has = console.version;
    if (console.open) {
      *lines.add_lines() = *console.open;
      lines.set_total(std::max<std::uint64_t>(lines.total(), console.next + 1));
    }
    lines.set_ended(console.ended);
  } else {
    lines.set_ended(false);
  }
  if (!lines.lines().empty() || lines.ended()) add_lines(out, lines, to_text(reader.next));
  return at->second < console.next;
}

}  // namespace assay::web
