#include "reports/reported_console.hpp"

#include <algorithm>

#include "reports/embedded_json.hpp"

namespace assay::reports {

static std::size_t size_of(const std::string& json) {
  return json.size() + 1;  // and a comma
}

void ReportedConsole::add(const ConsoleLine& line) {
  ++lines_;
  std::string json = embedded_json(line);
  const std::size_t size = size_of(json);
  const bool follows = tail_.empty() && lines_ == head_.size() + 1;
  if (follows && head_size_ + size <= limit_ / 2) {
    head_size_ += size;
    head_.push_back(std::move(json));
    return;
  }
  tail_size_ += size;
  tail_.push_back(std::move(json));
  trim();
}

void ReportedConsole::shrink(std::size_t size) {
  limit_ = std::min(limit_, size);
  if (this->size() <= limit_) return;
  // It may all be in the head, for which there was more room before.
  while (missing() == 0 && head_size_ > limit_ / 2) {
    const std::size_t one = size_of(head_.back());
    head_size_ -= one;
    tail_size_ += one;
    tail_.push_front(std::move(head_.back()));
    head_.pop_back();
  }
  trim();
}

void ReportedConsole::trim() {
  while (size() > limit_) {
    const bool from_head = head_size_ > limit_ / 2;
    auto& lines = from_head ? head_ : tail_;
    std::string& last = from_head ? lines.back() : lines.front();
    (from_head ? head_size_ : tail_size_) -= size_of(last);
    if (from_head) {
      lines.pop_back();
    } else {
      lines.pop_front();
    }
  }
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
