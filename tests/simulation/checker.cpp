#include "checker.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "store/update.hpp"

namespace assay::simulation {

using scheduler::AttemptId;
using scheduler::JobId;

void Checker::uses(const std::string& board, const std::string& attempt, std::uint64_t epoch) {
  if (const auto other = in_use_.find(board); other != in_use_.end()) {
    wrong(fmt::format("board {} is used by {} and {} at once", board, other->second.attempt,
                      attempt));
  }
  if (epoch <= used_epochs_[board]) {
    wrong(fmt::format("board {}: epoch {} of {} is not above {}", board, epoch, attempt,
                      used_epochs_[board]));
  }
  if (epoch != given_epochs_[board]) {
    wrong(fmt::format("{} takes board {} with epoch {}, after epoch {} was given to another",
                      attempt, board, epoch, given_epochs_[board]));
  }
  used_epochs_[board] = std::max(used_epochs_[board], epoch);
  in_use_[board] = {attempt, epoch};
}

void Checker::leaves(const std::string& board, const std::string& attempt) {
  const auto use = in_use_.find(board);
  if (use != in_use_.end() && use->second.attempt == attempt) in_use_.erase(use);
}

void Checker::assigned(const scheduler::Assign& assign,
                       const std::set<std::string>& boards_of_agent) {
  const std::string name = to_string(assign.attempt);
  std::set<std::string> boards;
  for (const auto& lease : assign.leases) {
    boards.insert(lease.board);
    if (!boards_of_agent.contains(lease.board)) {
      wrong(fmt::format("{}: board {} is not on agent {}", name, lease.board, assign.agent));
    }
    if (lease.epoch <= given_epochs_[lease.board]) {
      wrong(
          fmt::format("{}: epoch {} of board {} was given before", name, lease.epoch, lease.board));
    }
    given_epochs_[lease.board] = lease.epoch;
    // Agents refuse a busy board, but assayd may not count on that.
    if (const auto use = in_use_.find(lease.board); use != in_use_.end()) {
      wrong(fmt::format("{}: board {} is given away while {} uses it", name, lease.board,
                        use->second.attempt));
    }
  }
  const std::string job = to_string(assign.attempt.job);
  const std::size_t roles = roles_.contains(job) ? roles_[job] : 0;
  if (boards.size() != roles)
    wrong(fmt::format("{}: {} boards for {} roles", name, boards.size(), roles));
}

void Checker::accepted(const std::string& request, const std::string& run) {
  const auto [known, fresh] = requests_.try_emplace(request, run);
  if (!fresh && known->second != run) {
    wrong(fmt::format("request {} was accepted as {} and as {}", request, known->second, run));
  }
  const auto number = scheduler::parse_run(run);
  if (!number || !runs_.contains(*number))
    wrong(fmt::format("{} was accepted and is not on disk", run));
}

void Checker::stored(const store::Batch& batch) {
  const auto keep = [](auto& rows, const auto& key, const auto& row) {
    const auto [at, fresh] = rows.try_emplace(key, row);
    if (!fresh) store::update(at->second, row);
  };
  const auto over = [this](std::int64_t run) {
    const auto known = runs_.find(run);
    return known != runs_.end() && known->second.state == "ended";
  };
  for (const auto& row : batch.jobs) {
    const std::string name = to_string(JobId{row.run, row.index});
    if (over(row.run)) wrong(fmt::format("{} changed after its run had ended", name));
    if (!row.needs_json.empty()) {
      roles_[name] =
          static_cast<std::size_t>(std::count(row.needs_json.begin(), row.needs_json.end(), '{'));
    }
    if (const auto known = jobs_.find(name);
        known != jobs_.end() && known->second.state == "ended") {
      wrong(fmt::format("{} changed after it had ended", name));
    }
    keep(jobs_, name, row);
  }
  for (const auto& row : batch.attempts) {
    const std::string name = to_string(AttemptId{{row.run, row.job}, row.number});
    if (const auto known = attempts_.find(name);
        known != attempts_.end() && known->second.state == "ended") {
      wrong(fmt::format("{} changed after it had ended", name));
    }
    keep(attempts_, name, row);
    if ((row.verdict == "passed" || row.verdict == "failed") && truth_[name] != row.verdict) {
      wrong(fmt::format("{} is stored as {}, but came to '{}'", name, row.verdict, truth_[name]));
    }
  }
  for (const auto& row : batch.runs) {
    if (over(row.number))
      wrong(fmt::format("{} changed after it had ended", scheduler::run_name(row.number)));
    keep(runs_, row.number, row);
  }
  // A job is what its last attempt came to, and no attempt is open beside it.
  for (const auto& row : batch.jobs) {
    if (row.state != "ended" || row.verdict == "cancelled") continue;
    const std::string job = to_string(JobId{row.run, row.index});
    const std::string last = fmt::format("{}.{}", job, row.attempts);
    const auto attempt = attempts_.find(last);
    if (attempt == attempts_.end() || attempt->second.state != "ended" ||
        attempt->second.verdict != row.verdict) {
      wrong(fmt::format("{} ended as {}, which is not what {} came to", job, row.verdict, last));
    }
  }
}

void Checker::acknowledged(const std::string& attempt) {
  const auto row = attempts_.find(attempt);
  if (row == attempts_.end() || row->second.state != "ended") {
    wrong(fmt::format("{}: its end was acknowledged and is not on disk", attempt));
    return;
  }
  // A failure of the product is stored as such, or the attempt was given up before.
  if (truth_[attempt] == "failed" && row->second.verdict == "lab-error" &&
      row->second.sentence == "the truth") {
    wrong(fmt::format("{} failed, and is stored as a lab error", attempt));
  }
}

void Checker::at_the_end() {
  for (const auto& [request, run] : requests_) {
    const auto row = runs_.find(*scheduler::parse_run(run));
    if (row == runs_.end() || row->second.state != "ended")
      wrong(fmt::format("{} was accepted and never ended", run));
  }
  std::map<std::string, int> counts;
  for (const auto& [number, row] : runs_) {
    if (++counts[row.request_id] == 2)
      wrong(fmt::format("request {} has two runs", row.request_id));
  }
  for (const auto& [board, use] : in_use_)
    wrong(fmt::format("board {} is still used by {}", board, use.attempt));
}

}  // namespace assay::simulation
