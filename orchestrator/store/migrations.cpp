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

std::span<const std::string_view> migrations() {
  static constexpr std::string_view all[] = {first};
  return all;
}

}  // namespace assay::store
