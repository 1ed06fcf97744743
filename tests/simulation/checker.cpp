#include "checker.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "store/update.hpp"

namespace assay::simulation {

using scheduler::AttemptId;
using scheduler::JobId;
using scheduler::run_name;

void Checker::uses(const std::string& board, const std::string& attempt, std::uint64_t epoch) {
  if (const auto other = in_use_.find(board);
      other != in_use_.end() && !blind(CheckerDefect::overlap_unseen)) {
    wrong(fmt::format("board {} is used by {} and {} at once", board, other->second.attempt,
                      attempt));
  }
  if (!blind(CheckerDefect::epoch_unseen)) {
    if (epoch <= used_epochs_[board]) {
      wrong(fmt::format("board {}: epoch {} of {} is not above {}", board, epoch, attempt,
                        used_epochs_[board]));
    }
    if (epoch != given_epochs_[board]) {
      wrong(fmt::format("{} takes board {} with epoch {}, after epoch {} was given to another",
                        attempt, board, epoch, given_epochs_[board]));
    }
  }
  used_epochs_[board] = std::max(used_epochs_[board], epoch);
  in_use_[board] = {attempt, epoch};
}

void Checker::leaves(const std::string& board, const std::string& attempt) {
  const auto use = in_use_.find(board);
  if (use != in_use_.end() && use->second.attempt == attempt) in_use_.erase(use);
}

void Checker::assigned(const scheduler::Assign& assign,
                       const std::set<std::string>& boards_of_agent, std::size_t at_once) {
  const std::string name = to_string(assign.attempt);
  const auto run = runs_.find(assign.attempt.job.run);
  if (run == runs_.end() || !attempts_.contains(name)) {
    wrong(fmt::format("{} is assigned and not on disk", name));
    return;
  }
  if (!run->second.cancelling.empty() && !blind(CheckerDefect::cancel_unseen))
    wrong(fmt::format("{} is assigned after its run was cancelled", name));
  std::set<std::string> boards;
  for (const auto& lease : assign.leases) {
    boards.insert(lease.board);
    if (!boards_of_agent.contains(lease.board))
      wrong(fmt::format("{}: board {} is not on agent {}", name, lease.board, assign.agent));
    if (lease.epoch <= given_epochs_[lease.board] && !blind(CheckerDefect::epoch_unseen))
      wrong(
          fmt::format("{}: epoch {} of board {} was given before", name, lease.epoch, lease.board));
    given_epochs_[lease.board] = lease.epoch;
    // Agents refuse a busy board, but assayd may not count on that.
    if (const auto use = in_use_.find(lease.board);
        use != in_use_.end() && !blind(CheckerDefect::overlap_unseen)) {
      wrong(fmt::format("{}: board {} is given away while {} uses it", name, lease.board,
                        use->second.attempt));
    }
    const auto person = leased_.find(lease.board);
    const std::int64_t by = person == leased_.end() ? 0 : person->second;
    if (by != run->second.lease && !blind(CheckerDefect::lease_unseen)) {
      wrong(by == 0 ? fmt::format("{}: board {} is not of its lease {}", name, lease.board,
                                  run_name(run->second.lease))
                    : fmt::format("{}: board {} is leased by {}", name, lease.board, run_name(by)));
    }
    if (const auto why = quarantined_.find(lease.board); why != quarantined_.end())
      wrong(fmt::format("{}: board {} is quarantined: {}", name, lease.board, why->second));
  }
  const std::string job = to_string(assign.attempt.job);
  const std::size_t roles = roles_.contains(job) ? roles_[job] : 0;
  if (boards.size() != roles && !blind(CheckerDefect::parts_unseen))
    wrong(fmt::format("{}: {} boards for {} roles", name, boards.size(), roles));
  const auto its = static_cast<std::size_t>(std::count_if(
      open_.begin(), open_.end(), [&](const auto& one) { return one.second == assign.agent; }));
  if (at_once > 0 && its > at_once)
    wrong(
        fmt::format("{}: agent {} has {} attempts, at most {}", name, assign.agent, its, at_once));
}

void Checker::accepted(const std::string& request, const std::string& run) {
  const auto [known, fresh] = requests_.try_emplace(request, run);
  if (!fresh && known->second != run && !blind(CheckerDefect::double_run_unseen))
    wrong(fmt::format("request {} was accepted as {} and as {}", request, known->second, run));
  const auto number = scheduler::parse_run(run);
  if ((!number || !runs_.contains(*number)) && !blind(CheckerDefect::lost_run_unseen))
    wrong(fmt::format("{} was accepted and is not on disk", run));
}

bool Checker::over(std::int64_t run) const {
  const auto known = runs_.find(run);
  return known != runs_.end() && known->second.state == "ended";
}

template <class Rows, class Key, class Row>
static void keep(Rows& rows, const Key& key, const Row& row) {
  const auto [at, fresh] = rows.try_emplace(key, row);
  if (!fresh) store::update(at->second, row);
}

void Checker::stored_job(const store::JobRow& row) {
  const std::string name = to_string(JobId{row.run, row.index});
  if (over(row.run)) wrong(fmt::format("{} changed after its run had ended", name));
  if (!row.needs_json.empty()) {
    roles_[name] =
        static_cast<std::size_t>(std::count(row.needs_json.begin(), row.needs_json.end(), '{'));
  }
  if (const auto known = jobs_.find(name); known != jobs_.end() && known->second.state == "ended")
    wrong(fmt::format("{} changed after it had ended", name));
  keep(jobs_, name, row);
  if (row.lab_errors > 3)
    wrong(fmt::format("{} goes on after {} lab errors", name, row.lab_errors));
}

void Checker::stored_attempt(const store::AttemptRow& row, BootTime now) {
  const std::string name = to_string(AttemptId{{row.run, row.job}, row.number});
  const auto known = attempts_.find(name);
  if (known != attempts_.end() && known->second.state == "ended")
    wrong(fmt::format("{} changed after it had ended", name));
  keep(attempts_, name, row);
  const auto run = runs_.find(row.run);
  if (run != runs_.end() && run->second.hold > 0)
    return stored_lease(attempts_.at(name), run->second);
  if (row.state == "ended") {
    open_.erase(name);
    if ((row.verdict == "passed" || row.verdict == "failed") && truth_[name] != row.verdict &&
        !blind(CheckerDefect::truth_unseen)) {
      wrong(fmt::format("{} is stored as {}, but came to '{}'", name, row.verdict, truth_[name]));
    }
    // Who did not hear was assayd.
    const auto agent = in_order_.find(attempts_.at(name).agent);
    if (row.sentence.find("was not heard for") != std::string::npos && agent != in_order_.end() &&
        now - agent->second > lease_ && !blind(CheckerDefect::blame_unseen)) {
      wrong(fmt::format("{} was given up, though agent {} has been in order for {}", name,
                        agent->first, human(now - agent->second)));
    }
    return;
  }
  open_[name] = attempts_.at(name).agent;
  if (blind(CheckerDefect::open_unseen)) return;
  const std::string job = to_string(JobId{row.run, row.job});
  for (const auto& [other, agent] : open_) {
    if (other != name && other.starts_with(job + "."))
      wrong(fmt::format("{} is open beside {}", name, other));
  }
}

void Checker::stored_lease(const store::AttemptRow& row, const store::RunRow& run) {
  for (const auto& lease : nlohmann::json::parse(row.leases_json)) {
    const std::string board = lease.at("board");
    if (row.state == "ended") {
      leased_.erase(board);
      continue;
    }
    const auto [at, fresh] = leased_.try_emplace(board, run.number);
    if (blind(CheckerDefect::lease_unseen)) continue;
    if (!fresh && at->second != run.number) {
      wrong(fmt::format("board {} is leased by {} and {}", board, run_name(at->second),
                        run_name(run.number)));
    }
    if (const auto use = in_use_.find(board); fresh && use != in_use_.end()) {
      wrong(fmt::format("board {} is leased by {} while {} uses it", board, run_name(run.number),
                        use->second.attempt));
    }
  }
}

void Checker::stored_run(const store::RunRow& row) {
  if (over(row.number)) wrong(fmt::format("{} changed after it had ended", run_name(row.number)));
  keep(runs_, row.number, row);
  if (row.state == "ended")
    open_runs_.erase(row.number);
  else
    open_runs_.insert(row.number);
}

void Checker::stored(const store::Batch& batch, BootTime now) {
  for (const auto& row : batch.jobs) stored_job(row);
  for (const auto& row : batch.runs) {
    if (row.state != "ended") stored_run(row);  // before their attempts
  }
  for (const auto& row : batch.attempts) {
    if (row.state == "ended") stored_attempt(row, now);
  }
  for (const auto& row : batch.attempts) {
    if (row.state != "ended") stored_attempt(row, now);
  }
  for (const auto& row : batch.runs) {
    if (row.state == "ended") stored_run(row);
  }
  for (const auto& row : batch.boards) {
    if (row.quarantine.empty())
      quarantined_.erase(row.id);
    else
      quarantined_[row.id] = row.quarantine;
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
      row->second.sentence == "the truth" && !blind(CheckerDefect::truth_unseen)) {
    wrong(fmt::format("{} failed, and is stored as a lab error", attempt));
  }
}

void Checker::silent(const std::string& agent, std::optional<BootTime> since) {
  if (since)
    silent_.try_emplace(agent, *since);
  else
    silent_.erase(agent);
}

void Checker::in_order(const std::string& agent, std::optional<BootTime> since) {
  if (since)
    in_order_[agent] = *since;
  else
    in_order_.erase(agent);
}

void Checker::not_before(const std::string& agent, BootTime when) {
  if (const auto known = in_order_.find(agent); known != in_order_.end())
    known->second = std::max(known->second, when);
}

// No attempt outlives its agent by much more than a lease, and another one for each commit that
// failed just then.
void Checker::step(BootTime now) {
  if (now < look_again_ || blind(CheckerDefect::open_unseen)) return;
  look_again_ = now + std::chrono::seconds(5);
  if (!acting_) return;
  for (const auto& [attempt, agent] : open_) {
    const auto gone = silent_.find(agent);
    if (gone == silent_.end()) continue;
    const Duration waited = now - std::max(gone->second, *acting_);
    if (waited > 3 * lease_ + std::chrono::seconds(10)) {
      wrong(fmt::format("{} is still open, though agent {} has been gone for {}", attempt, agent,
                        human(waited)));
    }
  }
}

bool Checker::all_ended() const {
  return open_runs_.empty() && in_use_.empty();
}

void Checker::at_the_end(bool faultless) {
  std::map<std::string, int> counts;
  for (const auto& [request, run] : requests_) {
    if (blind(CheckerDefect::lost_run_unseen)) break;
    const auto row = runs_.find(*scheduler::parse_run(run));
    if (row == runs_.end() || row->second.state != "ended")
      wrong(fmt::format("{} was accepted and never ended", run));
  }
  for (const auto& [number, row] : runs_) {
    if (++counts[row.request_id] == 2 && !blind(CheckerDefect::double_run_unseen))
      wrong(fmt::format("request {} has two runs", row.request_id));
  }
  for (const auto& [board, use] : in_use_) {
    if (!blind(CheckerDefect::overlap_unseen))
      wrong(fmt::format("board {} is still used by {}", board, use.attempt));
  }
  if (!faultless) return;
  for (const auto& [name, row] : attempts_) {
    if (row.verdict == "lab-error" && truth_[name] != "lab-error")
      wrong(fmt::format("{} is a lab error where nothing broke: {}", name, row.sentence));
  }
}

}  // namespace assay::simulation
