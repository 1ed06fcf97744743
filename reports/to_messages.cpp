#include "reports/to_messages.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"

namespace assay::reports {

namespace {

v1::Mark::Kind kind_of(Mark::Kind kind) {
  switch (kind) {
    case Mark::Kind::power_on:
      return v1::Mark::KIND_POWER_ON;
    case Mark::Kind::power_off:
      return v1::Mark::KIND_POWER_OFF;
    case Mark::Kind::reset:
      return v1::Mark::KIND_RESET;
    case Mark::Kind::note:
      return v1::Mark::KIND_NOTE;
    case Mark::Kind::measurement:
      return v1::Mark::KIND_MEASUREMENT;
    case Mark::Kind::progress:
      return v1::Mark::KIND_PROGRESS;
    case Mark::Kind::step:
      return v1::Mark::KIND_STEP;
  }
  return v1::Mark::KIND_UNSPECIFIED;
}

void fill(const Mark& mark, const AttemptFold& fold, v1::Mark* out) {
  wire::to_proto(mark.at, out->mutable_at());
  out->set_kind(kind_of(mark.kind));
  out->set_role(wire::wire_text(mark.role, wire::max_name));
  out->set_board(wire::wire_text(mark.board, wire::max_name));
  out->set_text(wire::wire_text(mark.text, wire::max_text));
  out->set_value(mark.value);
  out->set_total(mark.total);
  out->set_unit(wire::wire_text(mark.unit, wire::max_name));
  out->set_step(mark.step);
  out->set_verified(mark.verified);
  const bool counts = mark.kind == Mark::Kind::step || mark.kind == Mark::Kind::reset ||
                      mark.kind == Mark::Kind::power_on || mark.kind == Mark::Kind::power_off;
  for (std::size_t i = 0; counts && i < fold.consoles().size(); ++i) {
    (*out->mutable_lines())[wire::wire_text(fold.consoles()[i].role, wire::max_name)] =
        i < mark.lines.size() ? mark.lines[i] : 0;  // 0: it had not spoken yet
  }
}

}  // namespace

void fill(const std::string& attempt, const AttemptFold& fold, v1::Timeline* out) {
  out->set_attempt(attempt);
  out->set_events(fold.last());
  wire::to_proto(fold.length(), out->mutable_length());
  out->set_ended(fold.ended());
  out->set_started_unix_micros(fold.started_unix_micros());
  std::vector<const Mark*> marks;
  for (const Mark& mark : fold.marks()) marks.push_back(&mark);
  std::stable_sort(marks.begin(), marks.end(),
                   [](const Mark* a, const Mark* b) { return a->at < b->at; });
  for (const Mark* mark : marks) fill(*mark, fold, out->add_marks());
  for (const AttemptFold::Console& one : fold.consoles()) {
    v1::ConsoleActivity* activity = out->add_activity();
    activity->set_role(wire::wire_text(one.role, wire::max_name));
    activity->mutable_bytes()->Add(one.fold.activity().begin(), one.fold.activity().end());
    wire::to_proto(one.fold.span(), activity->mutable_span());
  }
  if (fold.marks_left_out() > 0) {
    out->set_cut(
        fmt::format("{} marks are left out: there are too many to show", fold.marks_left_out()));
  }
}

void fill(ConsoleLine&& line, v1::ConsoleLine* out) {
  out->set_text(std::move(line.text));
  wire::to_proto(line.at, out->mutable_at());
  out->set_open(line.open);
  out->set_left_out(line.left_out);
}

std::string cut_of(const ConsoleFold& console) {
  if (console.missing() == 0) return "";
  return human_size(console.missing()) +
         " of this console are left out, where a line says so: it said more than is kept of an "
         "attempt";
}

}  // namespace assay::reports
