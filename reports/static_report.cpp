#include "reports/static_report.hpp"

#include <algorithm>

#include "reports/to_messages.hpp"
#include "wire/json.hpp"

namespace assay::reports {

namespace {

constexpr std::string_view place_begins = R"(<script id="assay-report" type="application/json">)";
constexpr std::string_view place_ends = "</script>";
// Of a line beside its text: {"text":"","at":"12.345678s"},
constexpr std::size_t line_overhead = 32;

// As JSON has it, at most: the escapes are all of the form \u001b.
std::size_t escaped_size(std::string_view text) {
  std::size_t size = 0;
  for (const char c : text) {
    const bool is_plain = static_cast<unsigned char>(c) >= 0x20 && c != '<' && c != '>' &&
                          c != '&' && c != '"' && c != '\\' && c != '\x7f';
    size += is_plain ? 1 : c == '"' || c == '\\' || c == '\t' ? 2 : 6;
  }
  return size;
}

}  // namespace

Result<std::string> embedded_json(const v1::StaticReport& report) {
  const std::string json = TRY(wire::to_json(report));
  // Outside of JSON's strings there is none of them.
  std::string out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string_view rest = std::string_view(json).substr(i, 3);
    if (rest[0] == '<') {
      out += "\\u003c";
    } else if (rest[0] == '>') {
      out += "\\u003e";
    } else if (rest[0] == '&') {
      out += "\\u0026";
    } else if (rest == "\xE2\x80\xA8" || rest == "\xE2\x80\xA9") {
      out += rest[2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += rest[0];
    }
  }
  return out;
}

Result<std::string> report_page(std::string_view page, std::string_view json) {
  const auto begins = page.find(place_begins);
  if (begins == std::string_view::npos ||
      page.find(place_begins, begins + 1) != std::string_view::npos) {
    return fail(Cause::invalid, "it does not have '{}' once: build the pages again", place_begins);
  }
  const auto from = begins + place_begins.size();
  const auto to = page.find(place_ends, from);
  if (to == std::string_view::npos)
    return fail(Cause::invalid, "'{}' does not end: build the pages again", place_begins);
  std::string out;
  out.reserve(page.size() + json.size());
  return out.append(page.substr(0, from)).append(json).append(page.substr(to));
}

std::size_t ReportedConsole::size_of(const ConsoleLine& line) {
  return line_overhead + escaped_size(line.text);
}

void ReportedConsole::add(ConsoleLine&& line) {
  ++lines_;
  const std::size_t size = size_of(line);
  if (tail_.empty() && lines_ == head_.size() + 1 && head_size_ + size <= half_) {
    head_size_ += size;
    head_.push_back(std::move(line));
    return;
  }
  tail_size_ += size;
  tail_.push_back(std::move(line));
  while (tail_size_ > half_ && !tail_.empty()) {
    tail_size_ -= size_of(tail_.front());
    tail_.pop_front();
  }
}

void ReportedConsole::shrink(std::size_t size) {
  half_ = std::min(half_, size / 2);
  if (this->size() <= size) return;
  // What the head gives up goes to the tail, if it follows without a gap.
  const bool is_whole = missing() == 0;
  while (head_size_ > half_) {
    const std::size_t one = size_of(head_.back());
    head_size_ -= one;
    if (is_whole) {
      tail_size_ += one;
      tail_.push_front(std::move(head_.back()));
    }
    head_.pop_back();
  }
  while (tail_size_ > half_) {
    tail_size_ -= size_of(tail_.front());
    tail_.pop_front();
  }
}

void ReportedConsole::fill(std::uint64_t bytes, bool ended, const std::string& cut,
                           v1::StaticReport* report) const {
  const bool is_whole = missing() == 0;
  v1::ConsoleLines* out = nullptr;
  const auto begin = [&](std::uint64_t from) {
    out = report->add_consoles();
    out->set_attempt(attempt_);
    out->set_role(role_);
    out->set_from(from);
    out->set_total(lines_);
    out->set_bytes(bytes);
    out->set_ended(ended);
    out->set_cut(cut);
  };
  begin(0);
  for (ConsoleLine line : head_) reports::fill(std::move(line), out->add_lines());
  if (!is_whole && !tail_.empty()) begin(lines_ - tail_.size());
  for (ConsoleLine line : tail_) reports::fill(std::move(line), out->add_lines());
}

std::size_t fair_size(std::vector<std::size_t> sizes, std::size_t budget) {
  std::sort(sizes.begin(), sizes.end());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::size_t share = budget / (sizes.size() - i);
    if (sizes[i] > share) return share;
    budget -= sizes[i];
  }
  return SIZE_MAX;
}

}  // namespace assay::reports
