#include "store/migrations.hpp"

namespace assay::store {

// Never change one that was released: add another.
static constexpr std::string_view first = R"sql(
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE runs (
  number     INTEGER PRIMARY KEY,
  plan       TEXT NOT NULL,
  project    TEXT NOT NULL,
  rev        TEXT NOT NULL,
  ref        TEXT NOT NULL,
  request_id TEXT NOT NULL,
  priority   INTEGER NOT NULL,
  request    BLOB NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('queued', 'running', 'ended')),
  verdict    TEXT NOT NULL,
  sentence   TEXT NOT NULL,
  cancelling TEXT NOT NULL,
  submitted  INTEGER NOT NULL,
  started    INTEGER NOT NULL,
  ended      INTEGER NOT NULL
);
CREATE UNIQUE INDEX runs_by_request ON runs (request_id) WHERE request_id <> '';
CREATE INDEX runs_open ON runs (number) WHERE state <> 'ended';
CREATE INDEX runs_by_plan ON runs (plan, number);
CREATE INDEX runs_by_project ON runs (project, number);
CREATE INDEX runs_by_ref ON runs (ref, number);
CREATE INDEX runs_by_state ON runs (state, number);
CREATE INDEX runs_by_verdict ON runs (verdict, number);

CREATE TABLE jobs (
  run         INTEGER NOT NULL REFERENCES runs (number),
  idx         INTEGER NOT NULL,
  profile     TEXT NOT NULL,
  params      TEXT NOT NULL,
  needs       TEXT NOT NULL,
  verbs       TEXT NOT NULL,
  spec        BLOB NOT NULL,
  spec_digest TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('queued', 'running', 'ended')),
  verdict     TEXT NOT NULL,
  sentence    TEXT NOT NULL,
  attempts    INTEGER NOT NULL,
  lab_errors  INTEGER NOT NULL,
  PRIMARY KEY (run, idx)
);

CREATE TABLE attempts (
  run         INTEGER NOT NULL,
  job         INTEGER NOT NULL,
  number      INTEGER NOT NULL,
  agent       TEXT NOT NULL,
  incarnation TEXT NOT NULL,
  leases      TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('assigned', 'running', 'ended')),
  verdict     TEXT NOT NULL,
  sentence    TEXT NOT NULL,
  started     INTEGER NOT NULL,
  ended       INTEGER NOT NULL,
  PRIMARY KEY (run, job, number),
  FOREIGN KEY (run, job) REFERENCES jobs (run, idx)
);

CREATE TABLE boards (
  id         TEXT PRIMARY KEY,
  agent      TEXT NOT NULL,
  profile    TEXT NOT NULL,
  facts      TEXT NOT NULL,
  quarantine TEXT NOT NULL,
  fenced_by  TEXT NOT NULL,
  epoch      INTEGER NOT NULL
);
)sql";

static constexpr std::string_view second = R"sql(
-- A list reads many runs and no request: apart, a run's row is short.
CREATE TABLE requests (
  run     INTEGER PRIMARY KEY REFERENCES runs (number),
  request BLOB NOT NULL
);
INSERT INTO requests SELECT number, request FROM runs WHERE length(request) > 0;
ALTER TABLE runs DROP COLUMN request;

CREATE INDEX runs_by_rev ON runs (rev, number);
CREATE INDEX runs_passed ON runs (project, plan, number) WHERE verdict = 'passed';
CREATE INDEX jobs_by_profile ON jobs (profile, run);
CREATE INDEX jobs_outcomes ON jobs (run, profile, state, verdict);

-- Which attempt has or had which board, and what it did to it.
CREATE TABLE uses (
  run            INTEGER NOT NULL,
  job            INTEGER NOT NULL,
  number         INTEGER NOT NULL,
  board          TEXT NOT NULL,
  state          TEXT NOT NULL,
  verdict        TEXT NOT NULL,
  started        INTEGER NOT NULL,
  ended          INTEGER NOT NULL,
  power_switches INTEGER,
  flash_cycles   INTEGER,
  PRIMARY KEY (run, job, number, board)
) WITHOUT ROWID;
CREATE INDEX uses_by_board ON uses (board, started, power_switches, flash_cycles);
CREATE TRIGGER attempt_begins AFTER INSERT ON attempts BEGIN
  INSERT OR IGNORE INTO uses
  SELECT NEW.run, NEW.job, NEW.number, json_extract(value, '$.board'), NEW.state, NEW.verdict,
         NEW.started, NEW.ended, NULL, NULL
  FROM json_each(iif(json_valid(NEW.leases), NEW.leases, '[]'))
  WHERE iif(type = 'object', json_type(value, '$.board'), '') = 'text';
END;
CREATE TRIGGER attempt_goes_on AFTER UPDATE OF state, verdict, started, ended ON attempts BEGIN
  UPDATE uses
  SET state = NEW.state, verdict = NEW.verdict, started = NEW.started, ended = NEW.ended
  WHERE run = NEW.run AND job = NEW.job AND number = NEW.number;
END;

INSERT OR IGNORE INTO uses
SELECT run, job, number, json_extract(value, '$.board'), state, verdict, started, ended, NULL, NULL
FROM attempts, json_each(iif(json_valid(leases), leases, '[]'))
WHERE iif(json_each.type = 'object', json_type(value, '$.board'), '') = 'text';
)sql";

// People's leases.
static constexpr std::string_view third = R"sql(
ALTER TABLE runs ADD COLUMN person TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN hold INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN lease INTEGER NOT NULL DEFAULT 0;
)sql";

std::span<const std::string_view> migrations() {
  static constexpr std::string_view all[] = {first, second, third};
  return all;
}

}  // namespace assay::store
