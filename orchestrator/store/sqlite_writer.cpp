#include "store/sqlite_writer.hpp"

#include "store/sqlite_rows.hpp"

namespace assay::store {

namespace {

// What an upsert keeps: as in update.cpp.
constexpr const char* upsert_run = R"sql(
INSERT INTO runs (number, plan, project, rev, ref, request_id, priority, state, verdict, sentence,
                  cancelling, submitted, started, ended, person, hold, until, lease)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (number) DO UPDATE SET
  plan = iif(excluded.plan = '', plan, excluded.plan),
  project = iif(excluded.project = '', project, excluded.project),
  rev = iif(excluded.rev = '', rev, excluded.rev),
  ref = iif(excluded.ref = '', ref, excluded.ref),
  request_id = iif(excluded.request_id = '', request_id, excluded.request_id),
  priority = excluded.priority,
  state = excluded.state, verdict = excluded.verdict, sentence = excluded.sentence,
  cancelling = excluded.cancelling,
  submitted = iif(submitted = 0, excluded.submitted, submitted),
  started = iif(started = 0, excluded.started, started),
  ended = iif(ended = 0, excluded.ended, ended),
  person = iif(excluded.person = '', person, excluded.person),
  hold = iif(excluded.hold = 0, hold, excluded.hold),
  until = iif(excluded.until = 0, until, excluded.until),
  lease = iif(excluded.lease = 0, lease, excluded.lease))sql";

constexpr const char* upsert_job = R"sql(
INSERT INTO jobs (run, idx, profile, params, needs, verbs, spec, spec_digest, state, verdict,
                  sentence, attempts, lab_errors)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, idx) DO UPDATE SET
  profile = iif(excluded.profile = '', profile, excluded.profile),
  params = iif(excluded.params = '', params, excluded.params),
  needs = iif(excluded.needs = '', needs, excluded.needs),
  verbs = iif(excluded.verbs = '', verbs, excluded.verbs),
  spec = iif(length(excluded.spec) = 0, spec, excluded.spec),
  spec_digest = iif(excluded.spec_digest = '', spec_digest, excluded.spec_digest),
  state = excluded.state, verdict = excluded.verdict, sentence = excluded.sentence,
  attempts = excluded.attempts, lab_errors = excluded.lab_errors)sql";

constexpr const char* upsert_attempt = R"sql(
INSERT INTO attempts (run, job, number, agent, incarnation, leases, state, verdict, sentence,
                      started, ended)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, job, number) DO UPDATE SET
  agent = iif(excluded.agent = '', agent, excluded.agent),
  incarnation = iif(excluded.incarnation = '', incarnation, excluded.incarnation),
  leases = iif(excluded.leases = '', leases, excluded.leases),
  state = excluded.state, verdict = excluded.verdict, sentence = excluded.sentence,
  started = iif(started = 0, excluded.started, started),
  ended = iif(ended = 0, excluded.ended, ended))sql";

constexpr const char* upsert_board = R"sql(
INSERT INTO boards (id, agent, profile, facts, quarantine, fenced_by, epoch)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
  agent = excluded.agent, profile = excluded.profile,
  facts = iif(excluded.facts = '', facts, excluded.facts),
  quarantine = excluded.quarantine, fenced_by = excluded.fenced_by, epoch = excluded.epoch)sql";

// One that is "" is not given.
constexpr const char* upsert_request = R"sql(
INSERT INTO requests (run, request) VALUES (?, ?)
ON CONFLICT (run) DO UPDATE SET request = excluded.request)sql";

constexpr const char* update_wear = R"sql(
UPDATE uses SET power_switches = ?, flash_cycles = ?
WHERE run = ? AND job = ? AND number = ? AND board = ?)sql";

}  // namespace

SqliteWriter::SqliteWriter(SQLite::Database& db)
    : run_(db, upsert_run),
      request_(db, upsert_request),
      job_(db, upsert_job),
      attempt_(db, upsert_attempt),
      board_(db, upsert_board),
      wear_(db, update_wear) {}

void SqliteWriter::write(const Batch& batch) {
  for (const RunRow& r : batch.runs) {
    Binder(run_)
        .add(r.number)
        .add(r.plan)
        .add(r.project)
        .add(r.rev)
        .add(r.ref)
        .add(r.request_id)
        .add(r.priority)
        .add(r.state)
        .add(r.verdict)
        .add(r.sentence)
        .add(r.cancelling)
        .add(r.submitted)
        .add(r.started)
        .add(r.ended)
        .add(r.person)
        .add(r.hold)
        .add(r.until)
        .add(r.lease)
        .run();
    if (!r.request.empty()) Binder(request_).add(r.number).blob(r.request).run();
  }
  for (const JobRow& r : batch.jobs) {
    Binder(job_)
        .add(r.run)
        .add(r.index)
        .add(r.profile)
        .add(r.params_json)
        .add(r.needs_json)
        .add(r.verbs_json)
        .blob(r.spec)
        .add(r.spec_digest)
        .add(r.state)
        .add(r.verdict)
        .add(r.sentence)
        .add(r.attempts)
        .add(r.lab_errors)
        .run();
  }
  for (const AttemptRow& r : batch.attempts) {
    Binder(attempt_)
        .add(r.run)
        .add(r.job)
        .add(r.number)
        .add(r.agent)
        .add(r.incarnation)
        .add(r.leases_json)
        .add(r.state)
        .add(r.verdict)
        .add(r.sentence)
        .add(r.started)
        .add(r.ended)
        .run();
  }
  for (const BoardRow& r : batch.boards) {
    Binder(board_)
        .add(r.id)
        .add(r.agent)
        .add(r.profile)
        .add(r.facts_json)
        .add(r.quarantine)
        .add(r.fenced_by)
        .add(static_cast<std::int64_t>(r.epoch))
        .run();
  }
  for (const WearRow& r : batch.wear) {
    Binder(wear_)
        .add(r.power_switches)
        .add(r.flash_cycles)
        .add(r.run)
        .add(r.job)
        .add(r.number)
        .add(r.board)
        .run();
  }
}

}  // namespace assay::store
