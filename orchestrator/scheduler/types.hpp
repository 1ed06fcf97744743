// The scheduler's words: what it is told, what it remembers, what it decides.
// Values; thread-safe as such. No clock is read: times are given as BootTime.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "scheduler/history.hpp"

namespace assay::scheduler {

// ---- names: "r17", "r17.1", "r17.1.2" -------------------------------------------------

struct JobId {
  std::int64_t run = 0;
  std::int32_t index = 0;
  friend auto operator<=>(const JobId&, const JobId&) = default;
};
struct AttemptId {
  JobId job;
  std::int32_t number = 0;
  friend auto operator<=>(const AttemptId&, const AttemptId&) = default;
};
std::string run_name(std::int64_t number);
std::string to_string(JobId);
std::string to_string(AttemptId);
// nullopt when the text is not exactly such a name.
std::optional<std::int64_t> parse_run(std::string_view);
std::optional<AttemptId> parse_attempt(std::string_view);

// ---- what the scheduler is told --------------------------------------------------------

// A verdict as the scheduler sees it.
enum class Outcome { passed, failed, lab_error, cancelled };

struct BoardNeed {
  std::string role;
  std::string profile;
  std::vector<std::string> abilities;
  std::string board;                   // this very one, or ""
  std::vector<std::string> tags = {};  // that the board must have: "ble", "site=lab-b"
  friend bool operator==(const BoardNeed&, const BoardNeed&) = default;
};

struct BoardFacts {
  std::string id, profile;
  std::vector<std::string> abilities, tags;
  std::string quarantine;   // "" when usable
  std::uint64_t epoch = 0;  // the highest that the agent has seen
  std::string busy = {};    // the attempt that uses it, whatever became of its lease; not stored
  std::string recovery = {};  // the agent's last recovery of it, for people; not stored
  friend bool operator==(const BoardFacts&, const BoardFacts&) = default;
};

struct AgentFacts {
  std::string name, incarnation, version;
  std::vector<std::string> verbs;
  std::vector<BoardFacts> boards;
  std::vector<std::string> attempts;  // still running or not wholly delivered
  std::uint64_t connection = 0;       // grows with each hello of an incarnation
  std::uint32_t max_attempts = 0;     // at once; 0: as many as it has boards
};

struct BoardLease {
  std::string role, board;
  std::uint64_t epoch = 0;
  friend bool operator==(const BoardLease&, const BoardLease&) = default;
};

// ---- what it remembers: the adapter stores each changed record --------------------------

enum class State { queued, running, ended };
enum class AttemptState { assigned, running, ended };

// A person's lease is a run that no agent carries out: it holds its boards until it is
// released, taken back or over. The person's own runs name it (`lease`) to use them.
struct Hold {
  std::string person;
  Duration length{};
  std::optional<BootTime> until = {};  // once it has its boards
};

struct RunRecord {
  std::int64_t number = 0;
  std::int32_t priority = 0;
  std::string project;
  std::int64_t lease = 0;  // runs on the boards of that one alone; 0: on any
  std::optional<Hold> hold;
  State state = State::queued;
  std::optional<Outcome> verdict;
  std::string sentence;
  std::string cancelling;  // why it is being cancelled, or ""
};

struct JobRecord {
  JobId id;
  std::vector<BoardNeed> needs;
  std::vector<std::string> verbs;
  std::string work;  // jobs of the same word take about as long: a plan on a profile
  State state = State::queued;
  std::optional<Outcome> verdict;
  std::string sentence;
  std::int32_t attempts = 0;    // begun so far
  std::int32_t lab_errors = 0;  // of these, ended by the lab's fault
};

struct AttemptRecord {
  AttemptId id;
  std::string agent, incarnation;
  std::vector<BoardLease> leases;
  BootTime started{};
  AttemptState state = AttemptState::assigned;
  std::optional<Outcome> verdict;
  std::string sentence;
};

struct BoardRecord {
  BoardFacts facts;
  std::string agent;
  std::string quarantine;  // a person's word; the agent's own is in `facts`
  std::string fenced_by;   // the ended attempt that may still touch it, or ""
  std::uint64_t epoch = 0;
};

// All that is not over, as the store has it.
struct Saved {
  std::vector<RunRecord> runs;
  std::vector<JobRecord> jobs;
  std::vector<AttemptRecord> attempts;
  std::vector<BoardRecord> boards;
  std::vector<std::pair<std::string, Duration>> took;  // JobRecord::work; the newest last
};

// ---- what it decides ---------------------------------------------------------------------

struct Assign {
  std::string agent;
  AttemptId attempt;
  std::vector<BoardLease> leases;
};
struct Cancel {
  std::string agent;
  std::string attempt;
  std::string reason;
};
using Decision = std::variant<Assign, Cancel>;

// Records to store, all or none; then decisions to carry out, in order. A record
// that changes twice is there twice: the later one counts.
struct Changes {
  std::vector<RunRecord> runs;
  std::vector<JobRecord> jobs;
  std::vector<AttemptRecord> attempts;
  std::vector<BoardRecord> boards;
  std::vector<Decision> decisions;
};

// Mistakes that the simulation's checker must find, made on purpose.
enum class Defect {
  none,
  epoch_kept,
  freed_on_disconnect,
  late_result_counted,
  fence_forgotten,
  failure_retried,
  busy_forgotten,
  gang_in_parts,      // starts a job without the board of its last role
  gang_not_reserved,  // others take its boards one by one
  ageing_dropped,
  share_dropped,
  quarantine_ignored,
  cancel_forgotten,   // of a job that waits
  lease_endless,      // a person's lease does not run out
  lease_given_twice,  // a board that a person has goes to others too
  limit_ignored,      // of attempts at once on an agent
  retried_for_ever,
  expiry_forgotten,    // an agent that is silent keeps its attempts
  absence_blamed,      // what assayd could not hear while it stood still counts as silence
  fence_by_time_alone  // ends though its agent may still read what was sent to it
};

struct Limits {
  Duration lease = std::chrono::seconds(30);
  Duration renew_every = std::chrono::seconds(5);
  Duration answer = std::chrono::seconds(10);  // to an assignment
  std::int32_t retries = 2;                    // of a job after lab errors
  Duration ageing = std::chrono::minutes(5);   // waiting in vain for so long is worth a priority
  Duration longest_hold = std::chrono::hours(7 * 24);  // a person's lease, with all extensions
  std::size_t project_queued = 20'000;                 // jobs that wait; more are refused
  std::size_t project_running = 0;                     // attempts at once; 0: no limit
  std::size_t queued = 200'000;                        // of all projects
  Defect defect = Defect::none;
};

// ---- what it shows -------------------------------------------------------------------------

struct WaitReason {
  std::string job, reason;
  // The same once more for machines; nullopt: not known (no past run, or nothing to wait for).
  std::optional<Spread> starts_in = {};
};
// A job that waits, and of how many it is one.
struct WaitingJob {
  JobId job;
  std::string profile;  // of its first role's need
  std::string reason;   // as in WaitReason, without "waits: "
};
struct Waiting {
  std::vector<WaitingJob> first;
  std::size_t total = 0;
};
struct BoardView {
  BoardFacts facts;
  std::string agent, state, reason, holder;  // state: idle, leased, quarantined, offline
  std::uint64_t epoch = 0;
  std::string lease, person;           // the run that holds it for a person
  Duration left{};                     // of that
  std::optional<Spread> free_in = {};  // when its holder is done; nullopt: nobody can tell
};
struct AgentView {
  AgentFacts facts;
  bool connected = false;
  std::vector<std::string> attempts;
};

}  // namespace assay::scheduler
