#include <algorithm>
#include <functional>

#include "base/text.hpp"
#include "scheduler/scheduler.hpp"

namespace assay::scheduler {

static constexpr std::size_t named_at_most = 4;

static std::string list_and(const std::vector<std::string>& words) {
  if (words.size() == 1) return words.front();
  const bool cut = words.size() > named_at_most;
  const std::size_t shown = cut ? named_at_most : words.size() - 1;
  std::string text = join(std::span(words).first(shown));
  return text + (cut ? fmt::format(" and {} more", words.size() - shown) : " and " + words.back());
}

std::vector<WaitReason> Scheduler::why(std::int64_t number, BootTime now) const {
  std::vector<WaitReason> reasons;
  const auto found = runs_.find(number);
  if (found == runs_.end()) return reasons;
  for (const Job& each : found->second.jobs) {
    if (each.record.state == State::ended) continue;
    if (!each.current) {
      reasons.push_back(
          {to_string(each.record.id), "waits: " + why_waiting(each, now), starts_in(each, now)});
    } else if (const Attempt& attempt = attempts_.at(*each.current);
               attempt.record.state == AttemptState::assigned) {
      reasons.push_back(
          {to_string(each.record.id),
           fmt::format(
               "waits: agent '{}' was asked to start {} on board {} and has not answered yet",
               attempt.record.agent, to_string(*each.current), attempt.record.leases.front().board),
           {}});
    } else if (std::string away = why_out_of_touch(attempt, now); !away.empty()) {
      reasons.push_back({to_string(each.record.id), "waits: " + std::move(away), {}});
    }
  }
  return reasons;
}

// "" while its agent is heard.
std::string Scheduler::why_out_of_touch(const Attempt& attempt, BootTime now) const {
  if (runs_.at(attempt.record.id.job.run).record.hold) return "";
  const std::string away = unreachable(boards_.at(attempt.record.leases.front().board), now);
  if (away.empty()) return "";
  return fmt::format("{}; unless it comes back, {} is given up in {}", away,
                     to_string(attempt.record.id),
                     human(std::max(Duration::zero(), attempt.lease_until - now)));
}

// ", behind 3 jobs of priority 5 and 1 of priority 0", or "".
static std::string behind(const std::map<std::int32_t, std::size_t, std::greater<>>& jobs) {
  std::vector<std::string> words;
  for (const auto& [priority, count] : jobs) {
    words.push_back(fmt::format("{}{} of priority {}", count,
                                !words.empty() ? ""
                                : count == 1   ? " job"
                                               : " jobs",
                                priority));
  }
  return words.empty() ? "" : ", behind " + list_and(words);
}

static std::string when(const Spread& spread) {
  const std::string likely = human(spread.likely), high = human(spread.high);
  if (spread.high == Duration::zero()) return "";
  if (spread.low == spread.high) return fmt::format("; starts in about {}", likely);
  if (spread.low > Duration::zero())
    return fmt::format("; starts in about {} ({} to {})", likely, human(spread.low), high);
  if (likely == high || spread.likely == Duration::zero())
    return fmt::format("; starts within {}", high);
  return fmt::format("; starts in about {}, at most {}", likely, high);
}

std::string Scheduler::why_waiting(const Job& job, BootTime now) const {
  const Run& run = runs_.at(job.record.id.run);
  if (run.record.lease != 0) {
    if (std::string text = why_under_lease(job, now); !text.empty()) return text;
    return "is about to start";
  }
  if (at_limit(share_of(run))) {
    return fmt::format("project '{}' runs {} attempts at once already, as many as it may",
                       share_of(run), limits_.project_running);
  }
  std::string text;
  std::vector<std::string> roles;
  for (const BoardNeed& need : job.record.needs) {
    text = obstacles(job, need, now);
    if (!text.empty()) break;
    roles.push_back(need.role);
  }
  if (text.empty()) {
    if (roles.size() < 2 || find_now(job, now)) return "is about to start";
    if (!find(job, Look::usable, false, now)) {
      return fmt::format("no single agent has a board for each of the roles {}", list_and(roles));
    }
    text = "its boards are not all free on one agent";
  }
  const auto starts = starts_in(job, now);
  std::map<std::int32_t, std::size_t, std::greater<>> ahead;
  for (const auto& [first, count] : ahead_of(job, now))
    ahead[runs_.at(first->record.id.run).record.priority] += count;
  return text + behind(ahead) + (starts ? when(*starts) : "");
}

// "" when its boards are free.
std::string Scheduler::why_under_lease(const Job& job, BootTime now) const {
  const std::int64_t lease = runs_.at(job.record.id.run).record.lease;
  const auto run = runs_.find(lease);
  const Attempt* held = run == runs_.end() ? nullptr : holding(run->second);
  if (held == nullptr) return fmt::format("its lease {} has no board yet", run_name(lease));
  for (const BoardNeed& need : job.record.needs) {
    std::string all;
    for (const BoardLease& one : held->record.leases) {
      const Board& board = boards_.at(one.board);
      std::string text = obstacle(board, job, need, now);
      if (text.empty()) {
        all.clear();
        break;
      }
      all += (all.empty() ? "" : "; ") + text;
    }
    if (!all.empty()) return all;
  }
  return "";
}

std::string Scheduler::no_such_board(const BoardNeed& need) const {
  if (agents_.empty()) return "no agent has connected yet";
  std::vector<std::string> known;
  if (!need.board.empty()) {
    for (const auto& [id, board] : boards_) known.push_back(id);
    return fmt::format("no agent has a board '{}'{}", need.board, did_you_mean(need.board, known));
  }
  for (const auto& [profile, boards] : by_profile_) {
    if (!boards.empty()) known.push_back(profile);
  }
  return fmt::format("no agent has a board of profile '{}'{}", need.profile,
                     did_you_mean(need.profile, known));
}

// "" when a board is free for this need.
std::string Scheduler::obstacles(const Job& job, const BoardNeed& need, BootTime now) const {
  std::vector<std::string> ids;
  if (!need.board.empty()) {
    if (boards_.contains(need.board)) ids.push_back(need.board);
  } else if (const auto all = by_profile_.find(need.profile); all != by_profile_.end()) {
    ids.assign(all->second.begin(), all->second.end());
  }
  if (ids.empty()) return no_such_board(need);
  std::vector<std::string> texts, holders;
  for (const std::string& id : ids) {
    const Board& board = boards_.at(id);
    std::string text = obstacle(board, job, need, now);
    if (text.empty()) return "";
    if (std::string holder = held_by(board); !holder.empty()) holders.push_back(std::move(holder));
    if (std::find(texts.begin(), texts.end(), text) == texts.end())
      texts.push_back(std::move(text));
  }
  if (holders.size() == ids.size() && ids.size() > 1) {
    std::vector<std::string> distinct;
    for (const std::string& holder : holders) {
      if (std::find(distinct.begin(), distinct.end(), holder) == distinct.end())
        distinct.push_back(holder);
    }
    return fmt::format("{} boards of profile {} are leased, by {}",
                       ids.size() == 2 ? "both" : fmt::format("all {}", ids.size()), need.profile,
                       list_and(distinct));
  }
  const std::size_t shown = std::min(texts.size(), named_at_most);
  std::string text = join(std::span(texts).first(shown), "; ");
  if (texts.size() > shown) text += fmt::format("; and {} boards more", texts.size() - shown);
  return text;
}

std::string Scheduler::unreachable(const Board& board, BootTime now) const {
  const std::string& agent = board.record.agent;
  const Session* session = session_of(board);
  if (session == nullptr) {
    return fmt::format("agent '{}' has not reported since assayd started, {} ago", agent,
                       human(now - loaded_.value_or(now)));
  }
  if (!session->connected) return fmt::format("agent '{}' is not connected", agent);
  if (!board.announced) return fmt::format("agent '{}' no longer has it in its lab file", agent);
  if (silent(*session, now))
    return fmt::format("agent '{}' was not heard for {}", agent, human(now - session->heard));
  return "";
}

std::string Scheduler::held_by(const Board& board) const {
  if (board.lease) {
    const std::int64_t run = board.lease->job.run;
    return fmt::format("{} ({})", runs_.at(run).record.hold->person, run_name(run));
  }
  return board.holder ? to_string(*board.holder) : "";
}

// The first thing in the way, hopeless ones first; "" when it is free.
std::string Scheduler::obstacle(const Board& board, const Job& job, const BoardNeed& need,
                                BootTime now) const {
  const std::string& id = board.record.facts.id;
  if (board.record.facts.profile != need.profile) {
    return fmt::format("board {} is of profile '{}', not '{}'", id, board.record.facts.profile,
                       need.profile);
  }
  for (const std::string& ability : need.abilities) {
    const auto& have = board.record.facts.abilities;
    if (std::find(have.begin(), have.end(), ability) == have.end()) {
      return fmt::format("board {} lacks the ability '{}'", id, ability);
    }
  }
  for (const std::string& tag : need.tags) {
    const auto& have = board.record.facts.tags;
    if (std::find(have.begin(), have.end(), tag) == have.end()) {
      return fmt::format("board {} has no tag '{}'", id, tag);
    }
  }
  if (const Session* session = session_of(board); session != nullptr) {
    for (const std::string& verb : job.record.verbs) {
      const auto& have = session->facts.verbs;
      if (std::find(have.begin(), have.end(), verb) == have.end()) {
        return fmt::format("agent '{}' (version {}) does not know the verb '{}'",
                           session->facts.name, session->facts.version, verb);
      }
    }
  }
  for (const std::string* reason : {&board.record.quarantine, &board.record.facts.quarantine}) {
    if (!reason->empty()) return fmt::format("board {} is quarantined: {}", id, *reason);
  }
  const bool own = board.lease && board.lease->job.run == runs_.at(job.record.id.run).record.lease;
  if (board.lease && !own) {
    const Hold& hold = *runs_.at(board.lease->job.run).record.hold;
    return fmt::format("board {} is leased by {} for {} more", id, held_by(board),
                       human(std::max(Duration::zero(), *hold.until - now)));
  }
  if (board.holder) return fmt::format("board {} is leased by {}", id, to_string(*board.holder));
  if (const std::string away = unreachable(board, now); !away.empty()) {
    return fmt::format("board {} is offline: {}", id, away);
  }
  if (board.fence) {
    return fmt::format("board {} may still be used by {} until its lease runs out in {}", id,
                       board.fence->attempt, human(board.fence->until - now));
  }
  if (const std::string& busy = board.record.facts.busy; !busy.empty()) {
    return fmt::format("board {} is still used by {}, which is over: its agent makes it safe", id,
                       busy);
  }
  if (const Session* session = session_of(board);
      session != nullptr && !takes(*session, job, now)) {
    return fmt::format("agent '{}' runs {} attempts at once already, as many as it may",
                       session->facts.name, session->facts.max_attempts);
  }
  if (!allowed(board, job, Look::idle, now)) {
    return fmt::format("board {} is kept for {}, an earlier job with several roles", id,
                       to_string(*board.kept_for));
  }
  // With no other board it would be taken all the same.
  if (job.avoid.contains(id) && find(job, Look::usable, true, now)) {
    return fmt::format("board {} gave this job a lab error before", id);
  }
  return "";
}

}  // namespace assay::scheduler
