#include "executor/step.hpp"

#include <fmt/core.h>

namespace assay::executor {

Duration RoleState::scaled(Duration d) const {
  const double factor = role->profile.deadline_factor > 0 ? role->profile.deadline_factor : 1;
  return Duration(static_cast<std::int64_t>(static_cast<double>(d.count()) * factor));
}

void Run::emit(evidence::Body body) const {
  sink.emit(role.name(), role.board->id(), std::move(body));
}

std::string Run::limit_words(Duration d, const Wait& limited) const {
  if (!wait.until.is_never() && wait.until.time() <= limited.until.time()) {
    return fmt::format("before the job's deadline of {}", words(role.scaled(spec.deadline)));
  }
  return "within " + words(role.scaled(d));
}

std::string words(Duration d) {
  std::string text = human(d);
  if (const auto at = text.find(".0 s"); at != std::string::npos) text.erase(at, 2);
  return text;
}

std::string listed(const std::vector<std::string>& all) {
  std::string text;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0) text += i + 1 == all.size() ? " and " : ", ";
    text += all[i];
  }
  return text;
}

}  // namespace assay::executor
