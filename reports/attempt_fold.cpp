#include "reports/attempt_fold.hpp"

#include <algorithm>
#include <limits>

#include "base/limits.hpp"
#include "base/text.hpp"

namespace assay::reports {

struct ConsoleFold::Sink {
  std::uint64_t& lines;
  std::optional<Begun> first = {};

  void begin(std::size_t index) {
    if (!first && index != LineSplitter::earlier) first = Begun{lines, index};
    ++lines;
  }
  void text(std::string_view) {}
  void end() {}
};

std::optional<ConsoleFold::Begun> ConsoleFold::add(Duration at, std::uint64_t offset,
                                                   std::string_view bytes) {
  Sink sink{lines_};
  if (const std::uint64_t missing = gaps_.before(offset, bytes.size()); missing > 0) {
    missing_ += missing;
    splitter_.cut(sink);
    ++lines_;  // gap_line()
  }
  if (bytes.empty()) return std::nullopt;
  splitter_.feed(bytes, sink);
  bytes_ += bytes.size();
  count(at, bytes.size());
  return sink.first;
}

void ConsoleFold::count(Duration at, std::size_t bytes) {
  at = std::max(at, Duration::zero());
  while (at / span_ >= static_cast<std::int64_t>(max_spans)) {
    span_ *= 2;
    for (std::size_t i = 0; i < activity_.size(); ++i) {
      const std::uint64_t both = std::uint64_t{i % 2 == 0 ? 0 : activity_[i / 2]} + activity_[i];
      activity_[i / 2] = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(both, std::numeric_limits<std::uint32_t>::max()));
    }
    activity_.resize((activity_.size() + 1) / 2);
  }
  const auto index = static_cast<std::size_t>(at / span_);
  if (activity_.size() <= index) activity_.resize(index + 1);
  activity_[index] = static_cast<std::uint32_t>(std::min<std::uint64_t>(
      std::uint64_t{activity_[index]} + bytes, std::numeric_limits<std::uint32_t>::max()));
}

void AttemptFold::seen(std::uint64_t seq, Duration at) {
  last_ = seq;
  length_ = std::max(length_, at);
}

AttemptFold::Console* AttemptFold::console_of(std::string_view role) {
  for (Console& one : consoles_) {
    if (one.role == role) return &one;
  }
  if (consoles_.size() >= max_roles) return nullptr;
  consoles_.push_back({std::string(role), {}});
  return &consoles_.back();
}

const ConsoleFold* AttemptFold::console(std::string_view role) const {
  for (const Console& one : consoles_) {
    if (one.role == role) return &one.fold;
  }
  return nullptr;
}

std::optional<ConsoleFold::Begun> AttemptFold::add_console(std::uint64_t seq, Duration at,
                                                           std::string_view role,
                                                           std::uint64_t offset, bool sent,
                                                           std::string_view bytes) {
  seen(seq, at);
  Console* console = sent ? nullptr : console_of(role);
  if (console == nullptr) return std::nullopt;
  return console->fold.add(at, offset, bytes);
}

Mark* AttemptFold::mark(const evidence::Event& event, Mark::Kind kind, std::string_view text) {
  const bool is_step = kind == Mark::Kind::step;
  const bool is_edge =
      kind == Mark::Kind::power_on || kind == Mark::Kind::power_off || kind == Mark::Kind::reset;
  std::size_t& count = is_step ? steps_ : is_edge ? edges_ : others_;
  if (count >= (is_step ? max_step_marks : is_edge ? max_edge_marks : max_other_marks)) {
    ++left_out_;
    return nullptr;
  }
  ++count;
  Mark mark{event.at, kind, event.role, event.board, std::string(text.substr(0, max_mark_text))};
  if (text.size() > max_mark_text) mark.text = replace_non_utf8(mark.text) + "...";
  if (is_step || is_edge) {
    for (const Console& one : consoles_) mark.lines.push_back(one.fold.lines());
  }
  mark_bytes_ += sizeof mark + mark.text.size() + mark.lines.size() * sizeof(std::uint64_t);
  marks_.push_back(std::move(mark));
  return &marks_.back();
}

// A mark each hundredth of the way and where something else begins, and always the
// newest value.
void AttemptFold::add(const evidence::Event& event, const evidence::StepProgress& progress) {
  Progress& known = progress_[progress.step];
  const bool stays = known.marks == 0 || progress.done < known.kept ||
                     progress.done - known.kept >= progress.total / 100;
  const auto doing = std::string_view(progress.doing).substr(0, max_mark_text);
  const bool is_other =
      known.marks > 0 && known.marks < max_progress && marks_[known.newest].text != doing;
  if (!known.provisional || is_other) {
    if (mark(event, Mark::Kind::progress) == nullptr) return;
    known.newest = marks_.size() - 1;
    ++known.marks;
  }
  Mark& newest = marks_[known.newest];
  newest.at = event.at;
  newest.step = progress.step;
  newest.value = static_cast<double>(progress.done);
  newest.total = static_cast<double>(progress.total);
  newest.unit = progress.unit;
  mark_bytes_ += doing.size();
  mark_bytes_ -= newest.text.size();
  newest.text = doing;
  known.provisional = !stays || known.marks >= max_progress;
  if (stays) known.kept = progress.done;
}

void AttemptFold::add(const evidence::Event& event) {
  using evidence::Event;
  if (const auto* body = std::get_if<evidence::ConsoleBytes>(&event.body)) {
    add_console(event.seq, event.at, event.role, body->offset, body->sent, as_text(body->bytes));
    return;
  }
  seen(event.seq, event.at);
  if (const auto* body = std::get_if<evidence::AttemptStarted>(&event.body)) {
    started_unix_micros_ = body->unix_micros;
  } else if (const auto* step = std::get_if<evidence::StepStarted>(&event.body)) {
    if (Mark* added = mark(event, Mark::Kind::step)) added->step = step->step;
  } else if (const auto* progress = std::get_if<evidence::StepProgress>(&event.body)) {
    add(event, *progress);
  } else if (const auto* edge = std::get_if<evidence::PowerEdge>(&event.body)) {
    if (Mark* added = mark(event, edge->on ? Mark::Kind::power_on : Mark::Kind::power_off))
      added->verified = edge->verified;
  } else if (std::holds_alternative<evidence::ResetPulse>(event.body)) {
    mark(event, Mark::Kind::reset);
  } else if (const auto* measured = std::get_if<evidence::Measurement>(&event.body)) {
    if (Mark* added = mark(event, Mark::Kind::measurement, measured->name)) {
      added->value = measured->value;
      added->unit = measured->unit;
    }
  } else if (const auto* note = std::get_if<evidence::Note>(&event.body)) {
    mark(event, Mark::Kind::note, note->text);
  } else if (std::holds_alternative<evidence::AttemptEnded>(event.body)) {
    ended_ = true;
  }
}

std::size_t AttemptFold::bytes() const {
  std::size_t size = sizeof *this + mark_bytes_ + progress_.size() * 64;
  for (const Console& one : consoles_)
    size += sizeof one + one.fold.activity().capacity() * sizeof(std::uint32_t);
  return size;
}

}  // namespace assay::reports
