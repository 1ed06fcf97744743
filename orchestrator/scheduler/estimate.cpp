// When a job may start, by how long such work took before.
#include <algorithm>
#include <functional>
#include <queue>

#include "scheduler/scheduler.hpp"

namespace assay::scheduler {

static constexpr std::size_t counted_at_most = 10'000;
// For work never seen before: so much is charged until it is known.
static constexpr Duration unknown = std::chrono::minutes(1);

std::optional<Spread> Scheduler::lasts(const Job& job) const {
  if (const auto& hold = runs_.at(job.record.id.run).record.hold)
    return Spread{Duration::zero(), hold->length, hold->length};
  return history_.of(job.record.work);
}

Duration Scheduler::charge_of(const Job& job) const {
  const auto known = lasts(job);
  return known ? known->likely : unknown;
}

std::optional<Spread> Scheduler::back_in(const Board& board, BootTime now) const {
  const auto from = [&](BootTime started, const Spread& whole) {
    const Duration so_far = now - started;
    const auto left = [&](Duration d) { return std::max(Duration::zero(), d - so_far); };
    // Beyond all that was ever seen it may take as long again.
    return Spread{left(whole.low), left(whole.likely),
                  so_far < whole.high ? left(whole.high) : whole.high};
  };
  if (!usable(board)) return std::nullopt;
  if (board.lease) {
    const auto until = runs_.at(board.lease->job.run).record.hold->until;
    const Duration left = std::max(Duration::zero(), *until - now);
    return Spread{Duration::zero(), left, left};
  }
  if (board.holder) {
    const AttemptId& id = *board.holder;
    const auto whole = lasts(job(id.job));
    if (!whole) return std::nullopt;
    return from(attempts_.at(id).record.started, *whole);
  }
  if (board.fence) {
    const Duration left = std::max(Duration::zero(), board.fence->until - now);
    return Spread{Duration::zero(), left, left};
  }
  if (!board.record.facts.busy.empty()) return std::nullopt;
  return Spread{};
}

// Of the jobs that want the same boards, how many come first. Between projects of one
// level it is by turns: as many of theirs as of its own.
std::vector<std::pair<const Scheduler::Job*, std::size_t>> Scheduler::ahead_of(const Job& job,
                                                                               BootTime now) const {
  std::vector<std::pair<const Job*, std::size_t>> ahead;
  if (job.lane == nullptr) return ahead;
  const auto before = [](const std::set<JobId>& jobs, JobId id) {
    std::size_t count = 0;
    for (const JobId one : jobs) {
      if (!(one < id) || count == counted_at_most) break;
      ++count;
    }
    return count;
  };
  const std::int64_t level = Queue::level(*job.lane, now, limits_.ageing);
  const std::size_t own = before(job.lane->jobs, job.record.id);
  // To how many boards they go.
  std::map<std::string, std::pair<const Queue::Kind*, std::size_t>> kinds;
  for (const std::string& watched : job.lane->kind->watches) {
    for (const Queue::Kind* kind : queue_.watching(watched)) kinds[kind->name] = {kind, 1};
  }
  for (const BoardNeed& need : job.record.needs) {
    const auto boards = by_profile_.find(need.profile);
    if (need.board.empty() || boards == by_profile_.end()) continue;
    for (const Queue::Kind* kind : queue_.watching("p:" + need.profile))
      kinds.try_emplace(kind->name, kind, boards->second.size());
  }
  for (const auto& [name, one] : kinds) {
    const auto& [kind, boards] = one;
    for (const auto& [key, lane] : kind->lanes) {
      const std::int64_t its = Queue::level(lane, now, limits_.ageing);
      std::size_t count = 0;
      if (&lane == job.lane) {
        count = own;
      } else if (its > level) {
        count = lane.jobs.size();
      } else if (its == level && lane.project == job.lane->project) {
        count = before(lane.jobs, job.record.id);
      } else if (its == level) {
        const std::int64_t had = shares_.had(lane.project), mine = shares_.had(job.lane->project);
        const bool first = had < mine || (had == mine && *lane.jobs.begin() < job.record.id);
        count = std::min(lane.jobs.size(), own + (first ? 1 : 0));
      }
      if (count == 0) continue;
      count = (count + boards - 1) / boards;
      ahead.emplace_back(&this->job(*lane.jobs.begin()), count);
    }
  }
  return ahead;
}

// Boards that come back after `back` each, on which `ahead` so many times so long is to be done
// first: when is one free?
static Duration first_free(const std::vector<Duration>& back,
                           const std::vector<std::pair<Duration, std::size_t>>& ahead) {
  std::priority_queue<Duration, std::vector<Duration>, std::greater<>> boards(back.begin(),
                                                                              back.end());
  std::size_t done = 0;
  for (const auto& [takes, count] : ahead) {
    for (std::size_t i = 0; i < count && done < counted_at_most; ++i, ++done) {
      const Duration at = boards.top();
      boards.pop();
      boards.push(at + takes);
    }
  }
  return boards.top();
}

std::optional<Spread> Scheduler::starts_in(const Job& job, BootTime now) const {
  if (runs_.at(job.record.id.run).record.lease != 0) return std::nullopt;  // its person decides
  const auto ahead = ahead_of(job, now);
  Spread all{};
  for (const BoardNeed& need : job.record.needs) {
    std::vector<Duration> back[3];
    const auto look = [&](const std::string& id) {
      const auto found = boards_.find(id);
      if (found == boards_.end() || !fits(found->second, need)) return;
      const auto in = back_in(found->second, now);
      if (!in) return;
      back[0].push_back(in->low);
      back[1].push_back(in->likely);
      back[2].push_back(in->high);
    };
    if (!need.board.empty()) {
      look(need.board);
    } else if (const auto known = by_profile_.find(need.profile); known != by_profile_.end()) {
      for (const std::string& id : known->second) look(id);
    }
    if (back[0].empty()) return std::nullopt;
    std::vector<std::pair<Duration, std::size_t>> work[3];
    for (const auto& [first, count] : ahead) {
      const auto takes = lasts(*first);
      if (!takes) return std::nullopt;
      work[0].emplace_back(takes->low, count);
      work[1].emplace_back(takes->likely, count);
      work[2].emplace_back(takes->high, count);
    }
    all.low = std::max(all.low, first_free(back[0], work[0]));
    all.likely = std::max(all.likely, first_free(back[1], work[1]));
    all.high = std::max(all.high, first_free(back[2], work[2]));
  }
  return all;
}

}  // namespace assay::scheduler
