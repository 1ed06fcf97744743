// Which board is whose, and what runs next. A pure state machine: what happened
// and the time go in, records to store and decisions to carry out come out. No
// I/O, no clock, no threads; not thread-safe (one owner).
//
// The rules, in the order of the files:
//  sessions   An agent's word on its boards and attempts. A new incarnation has
//             made its boards safe before it says hello: the attempts of the old
//             one end as lab errors and their boards are free at once. A
//             reconnect (same incarnation) keeps the attempts it lists and
//             settles the others. A board id belongs to one agent.
//  attempts   How an attempt ends, once, and what then becomes of its job: a lab
//             error is retried on another board if there is one, at most
//             `retries` times; a product failure never, nor a job that checks a board.
//  leases     Time. An assignment not answered in time is given up, but its
//             boards stay fenced until its lease has run out by the agent's own clock,
//             for the agent may have started, or may read it later. A running attempt whose agent
//             is not heard for one lease is over. Its boards are not given away before the agent
//             has said that it uses them no more: it may have been suspended, and making a board
//             safe takes its time.
//  holds      A person's lease: a run that has boards and no agent. The person's own
//             runs are placed on these boards and on no others.
//  queue      What waits, by priority that grows with waiting, then by turns between
//  shares     projects, then as submitted.
//  placement  Each job on all the boards it needs, on one agent, or not at all. For
//             the first job with several roles boards are kept.
//  history    How long work took: for the turns and for estimates.
//  why        For each waiting job, one sentence, and when it may start.
//
// Every board has an epoch that grows with each assignment and is never below
// what its agent has seen. docs/SCHEDULING.md explains the whole.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "scheduler/history.hpp"
#include "scheduler/queue.hpp"
#include "scheduler/shares.hpp"
#include "scheduler/types.hpp"

namespace assay::scheduler {

class Scheduler {
 public:
  explicit Scheduler(Limits limits) : limits_(limits) {}

  // Forgets runs and attempts and starts from the store's truth. What is known
  // of connected agents stays. Attempts that are not over get one lease's grace.
  void load(const Saved&, BootTime now);

  // Cause::exhausted (a limit; what to do about it), or not_found and refused of a lease.
  Result<> submit(RunRecord, std::vector<JobRecord>, BootTime now, Changes&);
  // Cause::not_found, or refused when it has ended or is not known any more.
  Result<> cancel(std::int64_t run, const std::string& reason, BootTime now, Changes&);
  // Of a person's lease that has not ended: so much longer / done with (cancelled, when it
  // had no board yet). Cause::not_found, or refused when the run is no lease.
  Result<> extend(std::int64_t run, Duration more, Changes&);
  Result<> release(std::int64_t run, const std::string& sentence, BootTime now, Changes&);
  // reason "": back in use. Cause::not_found.
  Result<> quarantine(const std::string& board, const std::string& reason, Changes&);

  // Cause::refused (another living incarnation; a board of another agent) or invalid.
  Result<> hello(const AgentFacts&, BootTime now, Changes&);
  void disconnected(const std::string& agent);
  void renewed(const std::string& agent, const std::vector<std::string>& attempts, BootTime now,
               Changes&);
  void board_changed(const std::string& agent, const BoardFacts&, Changes&);
  void answered(AttemptId, bool accepted, const std::string& reason, BootTime now, Changes&);
  // The agent's last word: its boards are safe. False: the attempt is not (or no more) the one that
  // counts.
  bool ended(AttemptId, Outcome, const std::string& sentence, bool retry_elsewhere, BootTime now,
             Changes&);

  // What time brings, then what can run now. Call after every group of events
  // and at next_due().
  void settle(BootTime now, Changes&);
  // INT64_MAX: never.
  [[nodiscard]] BootTime next_due() const;

  // What has not ended. `now` for the times in the sentences.
  [[nodiscard]] std::vector<WaitReason> why(std::int64_t run, BootTime now) const;
  // In the order in which they will be placed, the first `limit` of all.
  [[nodiscard]] Waiting waiting(std::size_t limit, BootTime now) const;
  [[nodiscard]] std::vector<BoardView> boards(BootTime now) const;
  [[nodiscard]] std::vector<AgentView> agents() const;
  // Does an attempt of this name hold boards now?
  [[nodiscard]] bool current(AttemptId) const;

 private:
  // Longest unused first, so that wear and a bad board are spread.
  using Idle = std::pair<std::uint64_t, std::string>;

  struct Session {
    AgentFacts facts;  // without boards and attempts
    std::set<std::string> boards;
    bool connected = false;
    BootTime heard{};
    std::optional<BootTime> silent_at;  // where it stands in silences_
  };
  struct Fence {
    std::string attempt;
    BootTime until{};
    bool seen = false;  // the agent had it: a renewal without it settles the matter
    int renewals = 0;   // without it, since
  };
  struct Board {
    BoardRecord record;
    bool announced = false;  // by the agent's last hello
    std::optional<AttemptId> holder;
    std::optional<AttemptId> lease;  // of a person
    std::optional<JobId> kept_for;   // with several roles, which waits for the others
    BootTime kept_until{};           // when these are expected
    std::optional<Fence> fence;
    std::uint64_t last_used = 0;
    std::optional<Idle> idle;  // where it stands in idle_[idle_profile]
    std::string idle_profile;
  };
  struct Job {
    JobRecord record;
    std::set<std::string> avoid;  // boards that gave lab errors
    std::optional<AttemptId> current;
    Queue::Lane* lane = nullptr;  // while it waits
  };
  struct Run {
    RunRecord record;
    std::vector<Job> jobs;
  };
  struct Attempt {
    AttemptRecord record;
    BootTime lease_until{}, answer_by{};
    std::optional<std::string> project;  // that it is charged to
    Duration charged{};
    Duration look{};  // so long before its deadline assayd wakes up; zero: it has, or need not
    [[nodiscard]] BootTime deadline() const {
      return record.state == AttemptState::assigned && answer_by < lease_until ? answer_by
                                                                               : lease_until;
    }
    [[nodiscard]] BootTime due() const { return deadline() - look; }
  };
  // For each need, in order, the board that fills it; all of one agent.
  using Placing = std::vector<std::string>;
  enum class Look { idle, usable };    // free now / free some day without anybody's help
  enum class After { safe, unknown };  // the boards, when an attempt has ended
  enum class Retry { elsewhere, anywhere, uncounted, never };

  void give_up(AttemptId, const std::string& why, BootTime now, Changes&);
  // sessions.cpp
  Result<> check_boards(const AgentFacts&, BootTime now) const;
  void announce(Session&, const BoardFacts&, Changes&);
  void settle_attempts(const Session&, const std::set<std::string>& listed, BootTime now, Changes&);
  void settle_fences(const Session&, const std::set<std::string>& listed, BootTime now, Changes&);
  void heard(Session&, BootTime now);
  void wake_boards(const Session&);
  // Silence of half a lease: what is left of it is too little to start on.
  [[nodiscard]] bool silent(const Session&, BootTime now) const;
  // holds.cpp
  void begin_hold(Job&, const Placing&, BootTime now, Changes&);
  void end_hold(Run&, Outcome, const std::string& sentence, BootTime now, Changes&);
  Result<Run*> find_hold(std::int64_t run);
  [[nodiscard]] Attempt* holding(const Run&);
  [[nodiscard]] const Attempt* holding(const Run&) const;
  // attempts.cpp
  void begin(Job&, const std::string& agent, Placing, BootTime now, Changes&);
  void accept(Attempt&, BootTime now, Changes&);
  void left_by(AttemptId);
  void finish(AttemptId, Outcome, const std::string& sentence, After, Retry, BootTime now,
              Changes&);
  void free(const AttemptRecord&, After, BootTime fenced_until, Changes&);
  void charge(const Job&, Attempt&);
  void settle_share(const Attempt&, BootTime now);
  void conclude(Job&, Outcome, const std::string& sentence, Changes&);
  void conclude_run(Run&, Changes&);
  [[nodiscard]] static std::string rate(const Run&);
  Job& job(JobId id) { return runs_.at(id.run).jobs[static_cast<std::size_t>(id.index - 1)]; }
  [[nodiscard]] const Job& job(JobId id) const { return const_cast<Scheduler*>(this)->job(id); }
  // leases.cpp
  [[nodiscard]] Duration last_look() const;
  void look(Attempt&, BootTime now);
  void forgive(Duration late);
  void expire(BootTime now, Changes&);
  [[nodiscard]] int renewals_of_a_lease() const;
  [[nodiscard]] bool may_still_begin(const Board&) const;
  void refence(Board&, BootTime until);
  void unfence(Board&, Changes&);
  // placement.cpp
  void place(BootTime now, Changes&);
  [[nodiscard]] Queue::Rank rank(const Queue::Lane&, BootTime now) const;
  void keep_boards(Job&, BootTime now);
  std::vector<std::string> let_go(Queue::Kind&);
  void wake_unkept(const std::vector<std::string>& boards);
  [[nodiscard]] bool allowed(const Board&, const Job&, Look, BootTime now) const;
  [[nodiscard]] bool at_limit(const std::string& project) const;
  // waiting.cpp
  void enqueue(Job&, BootTime now);
  void dequeue(Job&);
  void index(Board&);
  void wake(const Board&, bool free);
  [[nodiscard]] std::string share_of(const Run&) const;
  [[nodiscard]] bool usable(const Board&) const;
  [[nodiscard]] bool fits(const Board&, const BoardNeed&) const;
  [[nodiscard]] std::optional<Placing> find(const Job&, Look, bool avoiding, BootTime now) const;
  [[nodiscard]] std::optional<Placing> find_one(const Job&, Look, bool avoiding,
                                                BootTime now) const;
  // The first placing that `attempt` makes of a board of this profile.
  template <class Try>
  std::optional<Placing> first_of(const std::string& profile, Look, Try&& attempt) const;
  [[nodiscard]] std::optional<Placing> match(const Job&, const Session&, Look, bool avoiding,
                                             BootTime now) const;
  [[nodiscard]] std::vector<const Board*> candidates(const Job&, const BoardNeed&, const Session&,
                                                     Look, bool avoiding, BootTime now) const;
  [[nodiscard]] bool can_have(const Board&, const Job&, const BoardNeed&, Look, bool avoiding,
                              BootTime now) const;
  [[nodiscard]] bool takes(const Session&, const Job&, BootTime now) const;
  [[nodiscard]] std::optional<Placing> find_now(const Job&, BootTime now) const;
  [[nodiscard]] const Session* session_of(const Board&) const;
  // why.cpp
  [[nodiscard]] std::string why_waiting(const Job&, BootTime now) const;
  [[nodiscard]] std::string obstacles(const Job&, const BoardNeed&, BootTime now) const;
  [[nodiscard]] std::string obstacle(const Board&, const Job&, const BoardNeed&,
                                     BootTime now) const;
  [[nodiscard]] std::string unreachable(const Board&, BootTime now) const;
  [[nodiscard]] std::string why_out_of_touch(const Attempt&, BootTime now) const;
  [[nodiscard]] std::string why_under_lease(const Job&, BootTime now) const;
  [[nodiscard]] std::string no_such_board(const BoardNeed&) const;
  [[nodiscard]] std::string held_by(const Board&) const;
  // estimate.cpp
  [[nodiscard]] std::optional<Spread> lasts(const Job&) const;
  [[nodiscard]] Duration charge_of(const Job&) const;
  // Until the board is expected back; nullopt: nobody can tell.
  [[nodiscard]] std::optional<Spread> back_in(const Board&, BootTime now) const;
  // The first of those that come before, and how many there are of each.
  [[nodiscard]] std::vector<std::pair<const Job*, std::size_t>> ahead_of(const Job&,
                                                                         BootTime now) const;
  [[nodiscard]] std::optional<Spread> starts_in(const Job&, BootTime now) const;

  Limits limits_;
  std::map<std::string, Session> agents_;
  std::map<std::string, Board> boards_;
  std::map<std::int64_t, Run> runs_;                         // not ended
  std::map<AttemptId, Attempt> attempts_;                    // not ended
  std::map<std::string, std::set<std::string>> by_profile_;  // all boards
  std::map<std::string, std::set<Idle>> idle_;  // by profile: free boards of connected agents
  Queue queue_;
  Shares shares_;
  History history_;
  struct Load {
    std::size_t queued = 0, running = 0;
    std::set<std::string> held_back;  // kinds that wait for its limit only
  };
  std::map<std::string, Load> projects_;
  std::map<std::string, std::set<AttemptId>> by_agent_;   // not ended
  std::map<std::int64_t, std::set<std::int64_t>> under_;  // runs of a person's lease
  std::set<std::pair<BootTime, AttemptId>> due_;
  std::set<std::pair<BootTime, std::string>> fences_;    // board
  std::set<std::pair<BootTime, std::string>> silences_;  // agents, and when they count as silent
  std::optional<BootTime> loaded_;                       // when the grace after a restart began
  std::uint64_t uses_ = 0;
};

}  // namespace assay::scheduler
