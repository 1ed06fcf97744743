#include "queries/attempt_index.hpp"

#include <algorithm>
#include <optional>

#include "reports/gaps.hpp"
#include "wire/event.hpp"

namespace assay::queries {

namespace {

// Of a segment, between two places that are remembered of one console.
constexpr std::uint64_t distance = 32U << 10;

// A console event of that role that has come from its board.
std::optional<wire::ConsoleView> received(std::string_view message, std::string_view role) {
  auto view = wire::view_console(message);
  return view && !view->sent && view->role == role ? view : std::nullopt;
}

// The last place that is not behind `at`, or none.
template <class Place, class Value>
const Place* place_before(const std::vector<Place>& places, Value Place::*member, Value at) {
  const auto behind =
      std::upper_bound(places.begin(), places.end(), at,
                       [&](Value value, const Place& place) { return value < place.*member; });
  return behind == places.begin() ? nullptr : &*std::prev(behind);
}

}  // namespace

Result<> AttemptIndex::extend(segments::Segments& segments, const std::string& attempt) {
  segments::Scan scan(segments, attempt, cursor_);
  while (const auto record = TRY(scan.next())) {
    if (const auto view = wire::view_console(record->message)) {
      add_console(record->before, *view);
    } else {
      fold_.add(TRY(wire::decode_event(as_bytes(record->message))));
    }
    cursor_ = scan.cursor();
  }
  return {};
}

void AttemptIndex::add_console(const segments::Cursor& before, const wire::ConsoleView& view) {
  const auto known = fold_.console(view.role);
  const std::uint64_t offset = known == nullptr ? 0 : known->bytes();
  const auto begun =
      fold_.add_console(view.seq, view.at, view.role, view.offset, view.sent, view.data);
  if (view.sent || view.data.empty() || fold_.console(view.role) == nullptr) return;
  auto found = consoles_.find(view.role);
  if (found == consoles_.end()) found = consoles_.emplace(view.role, Console{}).first;
  Console& console = found->second;
  const auto is_far = [&](const auto& places) {
    return places.empty() || before.offset - places.back().before.offset >= distance;
  };
  if (is_far(console.bytes)) console.bytes.push_back({before, offset});
  if (begun && is_far(console.lines))
    console.lines.push_back({before, begun->line, static_cast<std::uint32_t>(begun->index)});
}

std::size_t AttemptIndex::bytes() const {
  std::size_t size = sizeof *this + fold_.bytes();
  for (const auto& [role, console] : consoles_) {
    size += sizeof console + console.lines.capacity() * sizeof(LinePlace) +
            console.bytes.capacity() * sizeof(BytePlace);
  }
  return size;
}

Result<> AttemptIndex::lines(segments::Segments& segments, const std::string& attempt,
                             std::string_view role, std::uint64_t from, std::uint64_t count,
                             const UseLine& use) const {
  const auto found = consoles_.find(role);
  if (found == consoles_.end() || count == 0) return {};
  const std::vector<LinePlace>& places = found->second.lines;
  const LinePlace* place = place_before(places, &LinePlace::line, from);
  segments::Scan scan(segments, attempt, place == nullptr ? segments::Cursor{} : place->before);
  // Line number 0 of `text` is `base` of the console.
  reports::ConsoleText text;
  std::uint64_t base = place == nullptr ? 0 : place->line;
  std::size_t skip = place == nullptr ? 0 : place->index;
  std::uint64_t line = base;
  bool more = true;
  reports::Gaps gaps;
  if (place != nullptr) gaps.jump();
  const auto on_line = [&](reports::ConsoleLine&& one) {
    more = more && line < from + count && (line < from || use(std::move(one)));
    ++line;
  };
  while (more && line < from + count && scan.cursor().seq < fold_.last()) {
    const auto record = TRY(scan.next());
    if (!record) break;
    const auto view = received(record->message, role);
    if (!view) continue;
    const std::uint64_t missing = gaps.before(view->offset, view->data.size());
    if (missing > 0) text.gap(missing, on_line);
    text.add(view->at, view->data.substr(std::exchange(skip, 0)), on_line);
    if (!text.between_lines()) continue;
    // The next line may begin far from here, behind what other boards said.
    place = place_before(places, &LinePlace::line, base + text.lines());
    if (place == nullptr || place->line != base + text.lines() ||
        place->before.offset < scan.cursor().offset + distance)
      continue;
    scan.seek(place->before);
    base = place->line;
    skip = place->index;
    text = {};
    gaps.jump();
  }
  if (auto open = text.open(); open && more && line >= from && line < from + count)
    use(std::move(*open));
  return {};
}

Result<std::string> AttemptIndex::bytes(segments::Segments& segments, const std::string& attempt,
                                        std::string_view role, std::uint64_t offset,
                                        std::size_t size) const {
  std::string out;
  const auto found = consoles_.find(role);
  if (found == consoles_.end()) return out;
  const std::vector<BytePlace>& places = found->second.bytes;
  const BytePlace* place = place_before(places, &BytePlace::offset, offset);
  if (place == nullptr) return out;
  segments::Scan scan(segments, attempt, place->before);
  std::uint64_t at = place->offset;  // of the next piece
  while (out.size() < size && scan.cursor().seq < fold_.last()) {
    const auto record = TRY(scan.next());
    if (!record) break;
    const auto view = received(record->message, role);
    if (!view) continue;
    const std::uint64_t wanted = offset + out.size();
    if (at + view->data.size() > wanted) out += view->data.substr(wanted - at, size - out.size());
    at += view->data.size();
    place = place_before(places, &BytePlace::offset, at);
    if (place->offset == at && place->before.offset >= scan.cursor().offset + distance)
      scan.seek(place->before);
  }
  return out;
}

}  // namespace assay::queries
