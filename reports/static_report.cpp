#include "reports/static_report.hpp"

#include <fmt/format.h>

#include <deque>
#include <initializer_list>
#include <map>
#include <utility>

#include "base/text.hpp"
#include "reports/attempt_fold.hpp"
#include "reports/embedded_json.hpp"
#include "reports/gaps.hpp"
#include "reports/to_messages.hpp"

namespace assay::reports {

namespace {

constexpr std::string_view place_begins = R"(<script id="assay-report" type="application/json">)";
constexpr std::string_view place_ends = "</script>";
constexpr std::string_view timelines_begin = R"(,"timelines":[)",
                           consoles_begin = R"(,"consoles":[)", cut_begins = R"(,"cut":[)";
// The brackets that end these, and the brace that ends all.
constexpr std::size_t around =
    timelines_begin.size() + consoles_begin.size() + cut_begins.size() + 4;
// Of the two pieces of one console: ,"from":"18446744073709551615","lines":[]},
constexpr std::size_t around_lines = 46;
constexpr std::size_t piece = 256U << 10;

std::string cut_words(const ReportedConsole& console, std::uint64_t missing,
                      const std::string& attempt, const std::string& role) {
  return embedded_json(fmt::format("{} of {} lines of {}'s console in {}", missing, console.lines(),
                                   printable(role), attempt));
}

void drop_last_brace(std::string& json) {
  json.pop_back();
}

// Many small pieces to few large ones.
class Pieces {
 public:
  explicit Pieces(const StaticReport::Write& write) : write_(write) {}
  Result<> add(std::string_view text) {
    waiting_ += text;
    return waiting_.size() < piece ? Result<>() : flush();
  }
  // Between the elements of a list.
  Result<> comma(bool& first) {
    if (std::exchange(first, false)) return {};
    return add(",");
  }
  Result<> flush() {
    TRY(write_(waiting_));
    waiting_.clear();
    return {};
  }

 private:
  const StaticReport::Write& write_;
  std::string waiting_;
};

using Lines = std::deque<std::string>;

Result<> add_console(const std::string& head, std::uint64_t from,
                     std::initializer_list<const Lines*> parts, Pieces& out) {
  TRY(out.add(head));
  TRY(out.add(fmt::format(R"(,"from":"{}","lines":[)", from)));
  bool first = true;
  for (const Lines* lines : parts) {
    for (const std::string& line : *lines) {
      TRY(out.comma(first));
      TRY(out.add(line));
    }
  }
  return out.add("]}");
}

}  // namespace

// The one whose events come.
struct StaticReport::Attempt {
  struct Role {
    ConsoleText text;
    Gaps gaps;
    std::unique_ptr<ReportedConsole> kept = std::make_unique<ReportedConsole>();
  };
  std::string id;
  AttemptFold fold;
  std::map<std::string, Role> roles;
  std::uint64_t kept = 0;  // what their lines take
};

StaticReport::StaticReport(StaticReport&&) noexcept = default;
StaticReport::~StaticReport() = default;

Result<StaticReport> StaticReport::make(std::string page, const v1::StaticReport& head,
                                        std::uint64_t limit) {
  const auto begins = page.find(place_begins);
  if (begins == std::string::npos || page.find(place_begins, begins + 1) != std::string::npos) {
    return fail(Cause::invalid, "it does not have '{}' once: build the pages again", place_begins);
  }
  const auto from = begins + place_begins.size();
  const auto to = page.find(place_ends, from);
  if (to == std::string::npos)
    return fail(Cause::invalid, "'{}' does not end: build the pages again", place_begins);
  StaticReport report;
  report.limit_ = limit;
  report.before_ = page.substr(0, from);
  report.after_ = page.substr(to);
  report.head_ = TRY(embedded_json(head));
  drop_last_brace(report.head_);
  report.fixed_ = report.before_.size() + report.head_.size() + around + report.after_.size();
  return report;
}

Result<> StaticReport::check() const {
  if (fixed_ <= limit_) return {};
  return fail(Cause::exhausted, "without its consoles it takes at least {} bytes of {}", fixed_,
              limit_);
}

Result<> StaticReport::begin_attempt(const std::string& id) {
  TRY(check());
  attempt_ = std::make_unique<Attempt>();
  attempt_->id = id;
  return {};
}

void StaticReport::add(const evidence::Event& event) {
  attempt_->fold.add(event);
  const auto* console = std::get_if<evidence::ConsoleBytes>(&event.body);
  // The fold knows those of not too many roles.
  if (console == nullptr || console->sent || attempt_->fold.console(event.role) == nullptr) return;
  auto& role = attempt_->roles[event.role];
  attempt_->kept -= role.kept->size();
  const auto keep = [&](const ConsoleLine& line) { role.kept->add(line); };
  const std::uint64_t missing = role.gaps.before(console->offset, console->bytes.size());
  if (missing > 0) role.text.gap(missing, keep);
  role.text.add(event.at, as_text(console->bytes), keep);
  attempt_->kept += role.kept->size();
  // Not at once when the budget is full: sharing looks at every console.
  if (kept_ + attempt_->kept > 2 * limit_) share();
}

Result<> StaticReport::end_attempt() {
  v1::Timeline timeline;
  reports::fill(attempt_->id, attempt_->fold, &timeline);
  timelines_.push_back(TRY(embedded_json(timeline)));
  fixed_ += timelines_.back().size() + 1;
  for (auto& [name, role] : attempt_->roles) {
    if (const auto line = role.text.open()) role.kept->add(*line);
    const ConsoleFold& fold = *attempt_->fold.console(name);
    v1::ConsoleLines lines;
    lines.set_attempt(attempt_->id);
    lines.set_role(name);
    lines.set_total(role.kept->lines());
    lines.set_bytes(fold.bytes());
    lines.set_ended(attempt_->fold.ended());
    lines.set_cut(cut_of(fold));
    std::string head = TRY(embedded_json(lines));
    drop_last_brace(head);
    fixed_ += 2 * (head.size() + around_lines) +
              cut_words(*role.kept, role.kept->lines(), attempt_->id, name).size() + 1;
    consoles_.push_back({std::move(role.kept), attempt_->id, name, std::move(head)});
  }
  attempt_.reset();
  TRY(check());
  share();
  return {};
}

void StaticReport::share() {
  std::vector<ReportedConsole*> all;
  for (const auto& console : consoles_) all.push_back(console.lines.get());
  if (attempt_) {
    for (const auto& [name, role] : attempt_->roles) all.push_back(role.kept.get());
  }
  std::vector<std::size_t> sizes;
  for (const ReportedConsole* console : all) sizes.push_back(console->size());
  const std::size_t size = fair_size(std::move(sizes), limit_ - fixed_);
  kept_ = 0;
  for (ReportedConsole* console : all) {
    console->shrink(size);
    kept_ += console->size();
  }
  if (!attempt_) return;
  attempt_->kept = 0;
  for (const auto& [name, role] : attempt_->roles) attempt_->kept += role.kept->size();
  kept_ -= attempt_->kept;
}

Result<> StaticReport::write(const Write& write) const {
  TRY(check());
  Pieces out(write);
  TRY(out.add(before_));
  TRY(out.add(head_));
  TRY(out.add(head_ == "{" ? timelines_begin.substr(1) : timelines_begin));
  bool first = true;
  for (const std::string& timeline : timelines_) {
    TRY(out.comma(first));
    TRY(out.add(timeline));
  }
  TRY(out.add("]"));
  TRY(out.add(consoles_begin));
  first = true;
  for (const auto& [lines, attempt, role, head] : consoles_) {
    TRY(out.comma(first));
    if (lines->missing() == 0) {
      TRY(add_console(head, 0, {&lines->head(), &lines->tail()}, out));
      continue;
    }
    TRY(add_console(head, 0, {&lines->head()}, out));
    if (lines->tail().empty()) continue;
    TRY(out.comma(first));
    TRY(add_console(head, lines->lines() - lines->tail().size(), {&lines->tail()}, out));
  }
  TRY(out.add("]"));
  TRY(out.add(cut_begins));
  first = true;
  for (const auto& [lines, attempt, role, head] : consoles_) {
    if (lines->missing() == 0) continue;
    TRY(out.comma(first));
    TRY(out.add(cut_words(*lines, lines->missing(), attempt, role)));
  }
  TRY(out.add("]}"));
  TRY(out.add(after_));
  return out.flush();
}

}  // namespace assay::reports
