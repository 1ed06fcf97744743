// The one narrow door to what assayd must not forget (SQLite today, PostgreSQL
// can follow: tests/unit/store is the suite that any back end must pass).
//
// Thread-safe. Reads see the last commit. A commit is all or nothing and on disk
// when it returns; one that failed is not there, though after a crash before the
// next one it may be, whole. Causes: exhausted (disk full), io (also a file that turns out to
// be damaged), unavailable (another program, like a backup, locks the database: it
// passes). Of open_sqlite() also invalid (damaged: byte offset or SQLite's words; a
// schema newer than this program's) and refused (another assayd has the folder).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace assay::store {

struct RunRow {
  std::int64_t number = 0;  // the 17 of "r17"
  std::string plan, project, rev, ref, request_id;
  std::int32_t priority = 0;
  std::string request;  // serialised SubmitRunRequest
  std::string state;    // queued, running, ended
  std::string verdict;  // "", passed, failed, lab-error, cancelled
  std::string sentence;
  std::string cancelling;                              // why it is being cancelled, or ""
  std::int64_t submitted = 0, started = 0, ended = 0;  // unix microseconds; 0: not yet
  // A person's lease: whose, for how long (microseconds; 0: this is a run like others),
  // and until when (unix microseconds; 0: it has no board yet).
  std::string person = {};
  std::int64_t hold = 0, until = 0;
  std::int64_t lease = 0;  // the run on whose boards this one runs, or 0
};

struct JobRow {
  std::int64_t run = 0;
  std::int32_t index = 0;  // the 1 of "r17.1"
  std::string profile;
  std::string params_json;  // {"boots": "3"}
  std::string needs_json;   // [{"role", "profile", "abilities": [], "board"}]
  std::string verbs_json;   // ["flash", "power"]
  std::string spec, spec_digest;
  std::string state, verdict, sentence;
  std::int32_t attempts = 0, lab_errors = 0;
};

struct AttemptRow {
  std::int64_t run = 0;
  std::int32_t job = 0, number = 0;  // "r17.1.2"
  std::string agent, incarnation;
  std::string leases_json;  // [{"role": "dut", "board": "v1", "epoch": 3}]
  std::string state;        // assigned, running, ended
  std::string verdict, sentence;
  std::int64_t started = 0, ended = 0;
};

struct BoardRow {
  std::string id, agent, profile;
  std::string facts_json;  // {"abilities": [], "tags": []}
  std::string quarantine;  // as a person said; the agent's own is not stored
  std::string fenced_by;   // the ended attempt that may still touch it, or ""
  std::uint64_t epoch = 0;
};

// What one attempt did to one board, counted from its events.
struct WearRow {
  std::int64_t run = 0;
  std::int32_t job = 0, number = 0;
  std::string board;
  std::int64_t power_switches = 0, flash_cycles = 0;
};

// One group commit. A row whose key exists is updated: "" keeps the stored text
// in all columns but state, verdict, sentence, cancelling, quarantine, fenced_by
// and a board's agent and profile; of a time the first that is not 0 stays, but for
// hold and until, of which the last does.
struct Batch {
  std::vector<RunRow> runs;  // inserted or replaced by number
  std::vector<JobRow> jobs;
  std::vector<AttemptRow> attempts;
  std::vector<BoardRow> boards;
  std::vector<WearRow> wear = {};  // in the place of what was said of that attempt and board
  [[nodiscard]] bool empty() const {
    return runs.empty() && jobs.empty() && attempts.empty() && boards.empty() && wear.empty();
  }
};

struct RunFilter {
  std::string plan = {}, project = {}, ref = {};  // "" : all
  std::string status = {};                        // a state, or a verdict
  std::string rev = {};
  std::string profile = {};  // of one of its jobs
  std::string text = {};     // in plan, project, rev, ref or sentence; case of ASCII aside
  std::int64_t before = 0;   // only runs with a smaller number; 0: from the newest
  std::uint32_t limit = 50;
};

// Newest first, without `request`. A page looks at no more than `look_back` of the
// runs that its rarest filter lets through (of all, with `text` alone), so it may
// be short or even empty and yet have a next one.
struct RunPage {
  std::vector<RunRow> rows;
  std::int64_t next = 0;  // `before` of the next page; 0: this is the last
};
inline constexpr std::int64_t look_back = 20'000;

// A board in an attempt's hands.
struct UseRow {
  std::int64_t run = 0;
  std::int32_t job = 0, number = 0;
  std::string plan, project, rev, ref;
  std::string state, verdict, sentence;  // the attempt's
  std::int64_t started = 0, ended = 0;
  bool counted = false;  // its wear was committed
};
struct BoardUses {
  std::vector<UseRow> newest;                         // the latest started first
  std::int64_t power_switches = 0, flash_cycles = 0;  // over all time
};

// How one run went on one profile (each of its jobs) or board (each final attempt).
enum class Axis { profile, board };
struct OutcomeRow {
  std::int64_t run = 0;
  std::string name;  // the profile or board
  std::string state, verdict;
};

// How long an attempt of this plan on this profile took; it passed or failed.
struct TookRow {
  std::string plan, profile;
  std::int64_t micros = 0;
};
inline constexpr std::int64_t took_at_most = 4096;

// Every run that is not over, with all its jobs and attempts, and every board:
// what the dispatcher starts from.
struct OpenWork {
  std::vector<RunRow> runs;
  std::vector<JobRow> jobs;
  std::vector<AttemptRow> attempts;
  std::vector<BoardRow> boards;
  std::int64_t last_run = 0;
  std::vector<TookRow> took = {};  // of the last `took_at_most`, the newest last
};

class Store {
 public:
  virtual ~Store() = default;
  virtual Result<> commit(const Batch&) = 0;
  virtual Result<OpenWork> open_work() = 0;
  virtual Result<std::optional<RunRow>> run(std::int64_t number) = 0;
  virtual Result<std::optional<RunRow>> run_by_request(const std::string& request_id) = 0;
  virtual Result<RunPage> runs(const RunFilter&) = 0;
  // Of this state; "ended" is not to be counted: there may be millions.
  virtual Result<std::int64_t> count_runs(const std::string& state) = 0;
  // The newest before run `before` of this plan and project that passed; without `request`.
  virtual Result<std::optional<RunRow>> last_passed(const std::string& plan,
                                                    const std::string& project,
                                                    std::int64_t before) = 0;
  virtual Result<BoardUses> board_uses(const std::string& board, std::uint32_t limit) = 0;
  // In order of `runs`.
  virtual Result<std::vector<OutcomeRow>> outcomes(Axis, const std::vector<std::int64_t>& runs) = 0;
  // In order; jobs without `spec`, which may be megabytes of each.
  virtual Result<std::vector<JobRow>> jobs(std::int64_t run) = 0;
  virtual Result<std::vector<AttemptRow>> attempts(std::int64_t run) = 0;
  // JobRow::spec; "" when there is no such job.
  virtual Result<std::string> job_spec(std::int64_t run, std::int32_t job) = 0;
  // A random id made with the store: tells two stores apart in logs. That run numbers
  // are not given twice is SqliteOptions::numbers_above's part.
  virtual Result<std::string> identity() = 0;
};

// `folder`/assay.db, made or migrated as needed; the folder is locked for this process.
struct SqliteOptions {
  std::uint64_t max_bytes = 0;  // of the database; beyond it Cause::exhausted, as with a full disk
  // OpenWork::last_run is at least this: a database that is younger than what else
  // is kept of runs (restored, or begun anew) must not give their numbers again.
  std::int64_t numbers_above = 0;
};
Result<std::unique_ptr<Store>> open_sqlite(const std::filesystem::path& folder,
                                           const SqliteOptions& = {});

// Keeps nothing past its own life: for tests and simulations.
std::unique_ptr<Store> open_memory();

}  // namespace assay::store
