"""A slice of ./dev soak chaos, and proof that its audit sees what it looks for: each violation, planted in a
copy of what the slice left, is reported."""

import json
import shutil
import sqlite3
import struct
import zlib

import pytest
from audit import Audit
from chaos import chaos, not_files
from lab import FAILED

FAULTS, SEED = 20, 6


@pytest.fixture(scope="module")
def slice_(tmp_path_factory):
    """(violations, figures, what was left)"""
    left = tmp_path_factory.mktemp("chaos") / "left"
    said = []

    def keep(folder, violations):
        for name in ("state", "agents", "boards"):
            shutil.copytree(folder / name, left / name, ignore=shutil.ignore_patterns("cache"))
        shutil.copy(folder / "submissions.jsonl", left)
        if violations:
            shutil.copytree(folder, FAILED / "test_chaos", dirs_exist_ok=True, ignore=not_files)

    violations, figures = chaos(FAULTS, SEED, said.append, keep)
    print("\n".join(said))
    return violations, figures, left


def test_processes_killed_stopped_and_cut_off_under_load(slice_):
    violations, figures, _ = slice_
    assert violations == []
    # It was not clean because nothing happened.
    assert figures["faults"] == FAULTS
    for what in ("accepted", "runs passed", "runs failed", "attempts lab-error", "answers to submissions lost",
                 "of these told late, so that the client had asked again"):
        assert figures[what], f"no {what}"


class State:
    """A copy of what the slice left, to be spoilt. Its violations are those of the copy."""

    def __init__(self, folder):
        self.folder = folder
        with self.base() as base:
            # A run of one board that passed at its first attempt.
            self.run, self.board, self.token = base.execute(
                "SELECT r.number, json_extract(a.leases, '$[0].board'), r.rev "
                "FROM runs r JOIN attempts a ON a.run = r.number WHERE r.plan = 'good' AND a.number = 1 "
                "AND a.verdict = 'passed' ORDER BY r.number LIMIT 1").fetchone()
        self.attempt = f"r{self.run}.1.1"
        self.segment = folder / f"state/segments/r{self.run}/{self.attempt}.seg"

    def base(self):
        return sqlite3.connect(self.folder / "state/assay.db")

    def sql(self, text, *values):
        with self.base() as base:
            assert base.execute(text, values).rowcount == 1

    def records(self):
        data, at, found = self.segment.read_bytes(), 0, []
        while at < len(data):
            length = struct.unpack_from("<I", data, at)[0]
            found.append(data[at:at + 8 + length])
            at += 8 + length
        return found

    def write(self, records):
        self.segment.write_bytes(b"".join(records))

    def diary(self, spoil):
        """spoil(lines, index of the attempt's first write)"""
        path = self.folder / f"boards/{self.board}.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        spoil(lines, next(i for i, line in enumerate(lines) if line.get("attempt") == self.attempt))
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def submissions(self, spoil):
        path = self.folder / "submissions.jsonl"
        said = [json.loads(line) for line in path.read_text().splitlines()]
        spoil(said, next(one for one in said if one["token"] == self.token))
        path.write_text("".join(json.dumps(one) + "\n" for one in said))


def begins(lines, start, operation):
    """Index of the first such command from there on."""
    return next(i for i in range(start, len(lines)) if lines[i].get("operation") == operation)


def second_verdict(state):
    state.sql("INSERT INTO attempts SELECT run, job, 2, agent, incarnation, leases, state, 'failed', 'it is not', "
              "started, ended FROM attempts WHERE run = ? AND number = 1", state.run)
    state.sql("UPDATE jobs SET attempts = 2 WHERE run = ?", state.run)
    return f"r{state.run}.1 has more than one verdict: attempts [1, 2] of 2"


def no_verdict(state):
    state.sql("UPDATE runs SET state = 'running', verdict = '' WHERE number = ?", state.run)
    return f"r{state.run} has no verdict: it is running"


def verdict_of_another(state):
    state.sql("UPDATE runs SET verdict = 'failed' WHERE number = ?", state.run)
    return f"r{state.run} is failed, but its jobs say passed"


def product_blamed(state):
    for table in ("attempts", "jobs", "runs"):
        state.sql(f"UPDATE {table} SET verdict = 'failed', sentence = 'no' "
                  f"WHERE {'number' if table == 'runs' else 'run'} = ?", state.run)
    return f"{state.attempt} is failed (no), where only passed or lab-error is true"


def given_up_too_soon(state):
    state.sql("UPDATE attempts SET verdict = 'lab-error' WHERE run = ?", state.run)
    state.sql("UPDATE jobs SET verdict = 'lab-error', lab_errors = 1 WHERE run = ?", state.run)
    return f"r{state.run}.1 was given up after 1 lab errors"


def result_thrown_away(state):
    state.sql("UPDATE attempts SET verdict = 'lab-error', sentence = 'ours' WHERE run = ?", state.run)
    return f"{state.attempt} is a lab error (ours), but its events end with passed"


def lost_run(state):
    state.sql("UPDATE runs SET rev = 'x' WHERE number = ?", state.run)
    return f"r{state.run} was accepted and is lost"


def run_of_nobody(state):
    state.submissions(lambda said, mine: said.remove(mine))
    return f"nobody submitted r{state.run} ({state.token})"


def doubled_run(state):
    columns = "plan, project, rev, ref, priority, state, verdict, sentence, cancelling, submitted, started, ended"
    state.sql(f"INSERT INTO runs (number, request_id, {columns}) "
              f"SELECT number + 100000, request_id || 'x', {columns} FROM runs WHERE number = ?", state.run)
    return f"submission {state.token} became several runs: r{state.run}, r{state.run + 100000}"


def told_otherwise(state):
    state.submissions(lambda said, mine: mine.update(status=1))
    return f"r{state.run} is passed, but its client was told failed"


def event_missing(state):
    records = state.records()
    state.write(records[:2] + records[3:])
    return f"{state.attempt} has a gap: event 3 is numbered 4"


def event_twice(state):
    records = state.records()
    state.write(records[:2] + records[1:])
    return f"{state.attempt} has a gap: event 3 is numbered 2"


def event_damaged(state):
    records = state.records()
    records[2] = records[2][:-1] + bytes([records[2][-1] ^ 1])
    state.write(records)
    return f"{state.attempt}: {sum(map(len, records[2:]))} bytes after event 2 are no event"


def end_missing(state):
    state.write(state.records()[:-1])
    return f"{state.attempt} is passed, but its events end with None"


def events_after_the_end(state):
    records = state.records()
    more = bytes([8, len(records) + 1])
    state.write([*records, struct.pack("<II", len(more), zlib.crc32(more)) + more])
    last = len(records)
    return f"{state.attempt} ends more than once, or goes on after its end: [({last}, 'passed')] of {last + 1}"


def events_gone(state):
    state.segment.unlink()
    return f"{state.attempt} is passed and has no events"


def events_of_nobody(state):
    shutil.copy(state.segment, state.segment.with_name(f"r{state.run}.1.7.seg"))
    return f"r{state.run}.1.7 has events, but there is no such attempt"


def events_not_delivered(state):
    spool = state.folder / f"agents/a1/spool/{state.attempt}.spool"
    spool.parent.mkdir(exist_ok=True)
    spool.touch()
    return f"a1 has not delivered the events of {state.attempt}"


def overlap(state):
    """A later attempt's flash comes between the first one's two."""
    later = []

    def spoil(lines, start):
        end = next(i for i in range(start, len(lines)) if lines[i].get("attempt", state.attempt) != state.attempt)
        later.append(lines[end]["attempt"])
        second = begins(lines, start + 1, "write")
        lines[second:second] = [{**lines[end], "command": -1}, {"t": 0, "what": "end", "command": -1}]

    state.diary(spoil)
    return f"{state.board} was used by {state.attempt} after {later[0]} had it: they overlapped"


def at_once(state):
    def spoil(lines, start):
        lines.insert(start + 1, {**lines[begins(lines, start, "status")], "command": -1})
        lines.insert(start + 2, {"t": 0, "what": "end", "command": -1})

    state.diary(spoil)
    return f"{state.board} was told status while write was at work ({state.attempt}, {state.attempt})"


def stranger(state):
    state.diary(lambda lines, start: lines[start].update(attempt="r99999.1.1"))
    return f"{state.board} was flashed by r99999.1.1, which never had it"


def flashed_under_power(state):
    def spoil(lines, start):
        on, off = begins(lines, start, "on"), begins(lines, start, "off")
        number = lines[off]["command"]
        lines[off:] = [line for line in lines[off:] if line["command"] != number]
        assert on < off

    state.diary(spoil)
    return f"{state.board} was flashed by {state.attempt} while it had the power that {state.attempt} gave it"


def on_twice(state):
    def spoil(lines, start):
        on = begins(lines, start, "on")
        lines[on + 2:on + 2] = [{**lines[on], "command": -1}, {"t": 0, "what": "end", "command": -1}]

    state.diary(spoil)
    return f"{state.board} was switched on by {state.attempt} while it had the power that {state.attempt} gave it"


def left_on(state):
    def spoil(lines, start):
        on = begins(lines, start, "on")
        lines += [{**lines[on], "command": -1}, {"t": 0, "what": "end", "command": -1}]

    state.diary(spoil)
    return f"{state.board} was left with power by "


def old_process(state):
    state.diary(lambda lines, start: lines[begins(lines, start + 1, "write")].update(host=1))
    return f"{state.board} was told write by process "


@pytest.mark.parametrize("plant", [
    second_verdict, no_verdict, verdict_of_another, product_blamed, given_up_too_soon, result_thrown_away, lost_run,
    run_of_nobody, doubled_run, told_otherwise, event_missing, event_twice, event_damaged, end_missing,
    events_after_the_end, events_gone, events_of_nobody, events_not_delivered, overlap, at_once, stranger,
    flashed_under_power, on_twice, left_on, old_process], ids=lambda plant: plant.__name__)
def test_audit_reports(slice_, tmp_path, plant):
    _, _, left = slice_
    state = State(shutil.copytree(left, tmp_path / "left"))
    text = plant(state)
    found = Audit(state.folder).all()
    assert any(one.startswith(text) for one in found), f"expected {text!r}, found {found}"
