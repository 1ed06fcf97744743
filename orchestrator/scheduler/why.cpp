#include <algorithm>

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
      reasons.push_back({to_string(each.record.id), "waits: " + why_waiting(each, now)});
    } else if (const Attempt& attempt = attempts_.at(*each.current);
               attempt.record.state == AttemptState::assigned) {
      reasons.push_back(
          {to_string(each.record.id),
           fmt::format(
               "waits: agent '{}' was asked to start {} on board {} and has not answered yet",
               attempt.record.agent, to_string(*each.current),
               attempt.record.leases.front().board)});
    }
  }
  return reasons;
}

Waiting Scheduler::waiting(std::size_t limit, BootTime now) const {
  Waiting all;
  using Jobs = std::map<Order, JobId>;
  std::map<Order, std::pair<const Jobs*, Jobs::const_iterator>> heads;
  for (const auto& [kind, jobs] : waiting_) {
    all.total += jobs.size();
    heads.emplace(jobs.begin()->first, std::pair(&jobs, jobs.begin()));
  }
  std::map<const Jobs*, std::string> reasons;  // those of one kind wait for the same
  while (!heads.empty() && all.first.size() < limit) {
    auto [jobs, at] = heads.begin()->second;
    heads.erase(heads.begin());
    const JobId id = at->second;
    const Job& job = runs_.at(id.run).jobs[static_cast<std::size_t>(id.index - 1)];
    auto [reason, fresh] = reasons.try_emplace(jobs);
    if (fresh) reason->second = why_waiting(job, now);
    all.first.push_back({id, job.record.needs.front().profile, reason->second});
    if (++at != jobs->end()) heads.emplace(at->first, std::pair(jobs, at));
  }
  return all;
}

std::string Scheduler::why_waiting(const Job& job, BootTime now) const {
  std::vector<std::string> roles;
  for (const BoardNeed& need : job.record.needs) {
    if (std::string text = obstacles(job, need, now); !text.empty()) return text;
    roles.push_back(need.role);
  }
  if (roles.size() < 2 || find_now(job, now)) return "is about to start";
  if (find(job, Look::usable, false, now)) return "its boards are not all free on one agent";
  return fmt::format("no single agent has a board for each of the roles {}", list_and(roles));
}

// "" when a board is free for this need.
std::string Scheduler::obstacles(const Job& job, const BoardNeed& need, BootTime now) const {
  std::vector<std::string> ids, profiles;
  for (const auto& [id, board] : boards_) {
    if (need.board.empty() ? board.record.facts.profile == need.profile : id == need.board)
      ids.push_back(id);
    profiles.push_back(need.board.empty() ? board.record.facts.profile : id);
  }
  if (agents_.empty() && ids.empty()) return "no agent has connected yet";
  if (ids.empty() && !need.board.empty()) {
    return fmt::format("no agent has a board '{}'{}", need.board,
                       did_you_mean(need.board, profiles));
  }
  if (ids.empty()) {
    return fmt::format("no agent has a board of profile '{}'{}", need.profile,
                       did_you_mean(need.profile, profiles));
  }
  std::vector<std::string> texts, holders;
  for (const std::string& id : ids) {
    const Board& board = boards_.at(id);
    std::string text = obstacle(board, job, need, now);
    if (text.empty()) return "";
    if (board.holder) holders.push_back(to_string(*board.holder));
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
  if (reserved_.contains(id))
    return fmt::format("board {} is kept for an earlier job with several roles", id);
  // With no other board it would be taken all the same.
  if (job.avoid.contains(id) && find(job, Look::usable, true, now)) {
    return fmt::format("board {} gave this job a lab error before", id);
  }
  return "";
}

}  // namespace assay::scheduler
