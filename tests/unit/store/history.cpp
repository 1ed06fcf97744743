#include "history.hpp"

#include <fmt/format.h>

#include "conformance.hpp"

namespace assay::store {

static std::string board_of(std::int64_t run) {
  return fmt::format("b{}", run % 3);
}

static AttemptRow attempt_of(std::int64_t run) {
  AttemptRow row = an_attempt(run, 1, 1);
  row.leases_json = fmt::format(R"([{{"board":"{}"}}])", board_of(run));
  return row;
}

std::vector<Batch> history(int commits) {
  std::vector<Batch> all;
  for (std::int64_t n = 1; n <= commits; ++n) {
    Batch batch;
    batch.runs.push_back(a_run(n));
    // Some need pages of their own.
    batch.runs.back().request = std::string(n % 3 == 0 ? 9000 : 100, static_cast<char>('a' + n));
    batch.jobs = {a_job(n, 1), a_job(n, 2)};
    if (n > 1) {  // the one before begins
      RunRow begins;
      begins.number = n - 1;
      begins.state = "running";
      begins.started = 70 + n;
      batch.runs.push_back(begins);
      batch.attempts.push_back(attempt_of(n - 1));
      batch.boards.push_back(a_board(board_of(n - 1)));
      batch.boards.back().epoch = static_cast<std::uint64_t>(n);
    }
    if (n > 2) {  // and that before it ends
      const std::int64_t over = n - 2;
      RunRow ends;
      ends.number = over;
      ends.state = "ended";
      ends.verdict = "passed";
      ends.ended = 80 + n;
      batch.runs.push_back(ends);
      batch.attempts.push_back(attempt_of(over));
      batch.attempts.back().state = "ended";
      batch.attempts.back().verdict = "passed";
      batch.attempts.back().ended = 80 + n;
      batch.wear.push_back({over, 1, 1, board_of(over), n, 2 * n});
    }
    all.push_back(std::move(batch));
  }
  return all;
}

static std::string told(const RunRow& r) {
  return fmt::format("run {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}\n", r.number,
                     r.plan, r.project, r.rev, r.ref, r.request_id, r.priority, r.request, r.state,
                     r.verdict, r.sentence, r.cancelling, r.submitted, r.started, r.ended, r.person,
                     r.hold, r.until, r.lease);
}
static std::string told(const JobRow& j) {
  return fmt::format("job {}.{} {} {} {} {} {} {} {} {} {} {} {}\n", j.run, j.index, j.profile,
                     j.params_json, j.needs_json, j.verbs_json, j.spec, j.spec_digest, j.state,
                     j.verdict, j.sentence, j.attempts, j.lab_errors);
}
static std::string told(const AttemptRow& a) {
  return fmt::format("attempt {}.{}.{} {} {} {} {} {} {} {} {}\n", a.run, a.job, a.number, a.agent,
                     a.incarnation, a.leases_json, a.state, a.verdict, a.sentence, a.started,
                     a.ended);
}
static std::string told(const BoardRow& b) {
  return fmt::format("board {} {} {} {} {} {} {}\n", b.id, b.agent, b.profile, b.facts_json,
                     b.quarantine, b.fenced_by, b.epoch);
}
static std::string told(const TookRow& t) {
  return fmt::format("took {} {} {}\n", t.plan, t.profile, t.micros);
}
static std::string told(const BoardUses& uses) {
  std::string text = fmt::format("wear {} {}\n", uses.power_switches, uses.flash_cycles);
  for (const UseRow& u : uses.newest) {
    text += fmt::format("use {}.{}.{} {} {} {} {} {}\n", u.run, u.job, u.number, u.state, u.verdict,
                        u.started, u.ended, u.counted);
  }
  return text;
}

template <class Row>
static std::string told(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) text += told(row);
  return text;
}

// A failure becomes part of it.
template <class T>
static std::string told(const Result<T>& result) {
  return result ? told(*result) : result.error().text + "\n";
}

std::string told(Store& store) {
  const auto work = store.open_work();
  if (!work) return work.error().text;
  std::string text = fmt::format("last run {}\n", work->last_run) + told(work->runs) +
                     told(work->jobs) + told(work->attempts) + told(work->boards) +
                     told(work->took);
  const auto page = store.runs({.limit = 1000});
  if (!page) return text + page.error().text;
  text += told(page->rows);
  for (const RunRow& row : page->rows) {
    const auto run = store.run(row.number);
    text += run && *run ? told(**run) : "no run\n";
    text += told(store.jobs(row.number)) + told(store.attempts(row.number));
    text += store.job_spec(row.number, 1).value_or("no spec") + "\n";
  }
  for (const BoardRow& board : work->boards) text += told(store.board_uses(board.id, 100));
  return text;
}

std::vector<std::string> states(const std::vector<Batch>& batches) {
  const auto store = open_memory();
  std::vector<std::string> all{told(*store)};
  for (const Batch& batch : batches) {
    if (auto done = store->commit(batch); !done) all.push_back(done.error().text);
    all.push_back(told(*store));
  }
  return all;
}

}  // namespace assay::store
