#!/usr/bin/env python3
"""An independent audit of what a chaos run left: assayd's database and segments, the agents' spools, the
boards' diaries and what the clients were told. It reads the files themselves and shares no code with Assay.

usage: audit.py FOLDER        (as chaos_lab.py lays it out; everything has ended)

Prints each violation; exit status 1 when there is one.
"""

import json
import sqlite3
import struct
import sys
import zlib
from collections import Counter, defaultdict
from pathlib import Path

# By what a client asked for. A lab error is always possible: that it was one is for its events to say.
DESERVED = {"good": {"passed"}, "gang": {"passed"}, "bad": {"failed"}, "smoke": {"passed"},
            "cancel": {"cancelled", "passed"}}
STATUS = {0: "passed", 1: "failed", 3: "lab-error", 4: "cancelled"}  # of `assay run`
WORST_FIRST = ("failed", "lab-error", "cancelled", "passed")
VERDICTS = {1: "passed", 2: "failed", 3: "lab-error", 4: "cancelled"}  # event.proto
LATE = 0.3  # seconds from a run's commit to what its client prints
RETRIES = 2  # of a job after lab errors
ATTEMPT_ENDED = 19


def fields(message):
    """(number, value) of a protobuf message; a value is an int, or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
            continue
        size = {1: 8, 5: 4}.get(kind) or varint()
        if kind not in (1, 2, 5) or at + size > len(message):
            raise ValueError(f"wire type {kind} at byte {at}")
        yield key >> 3, message[at:at + size]
        at += size


class Segment:
    """One attempt's stored events."""

    def __init__(self, path):
        data, at = path.read_bytes(), 0
        self.numbers, self.ends, self.boards = [], [], set()
        while at + 8 <= len(data):
            length, checksum = struct.unpack_from("<II", data, at)
            message = data[at + 8:at + 8 + length]
            if not length or len(message) < length or zlib.crc32(message) != checksum:
                break
            event = dict(fields(message))
            self.numbers.append(event.get(1, 0))
            if 4 in event:
                self.boards.add(event[4].decode())
            if ATTEMPT_ENDED in event:
                self.ends.append((len(self.numbers), VERDICTS.get(dict(fields(event[ATTEMPT_ENDED])).get(1))))
            at += 8 + length
        self.rest = len(data) - at


class Audit:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.violations, self.figures = [], Counter()
        base = sqlite3.connect(f"file:{self.folder / 'state/assay.db'}?mode=ro", uri=True)
        base.row_factory = sqlite3.Row
        self.runs = {f"r{row['number']}": row for row in base.execute("SELECT * FROM runs")}
        self.jobs, self.attempts = defaultdict(list), defaultdict(list)
        for row in base.execute("SELECT * FROM jobs ORDER BY run, idx"):
            self.jobs[f"r{row['run']}"].append(row)
        for row in base.execute("SELECT * FROM attempts ORDER BY run, job, number"):
            self.attempts[f"r{row['run']}.{row['job']}"].append(row)
        self.duplicates = base.execute("SELECT request_id, group_concat('r' || number) runs FROM runs "
                                       "WHERE request_id <> '' GROUP BY request_id HAVING count(*) > 1").fetchall()
        base.close()
        self.segments = {path.stem: path for path in (self.folder / "state/segments").glob("*/*.seg")}
        self.submissions = [json.loads(line) for line in
                            (self.folder / "submissions.jsonl").read_text().splitlines()]
        self.kinds = {said["token"]: said["kind"] for said in self.submissions}

    def wrong(self, text):
        self.violations.append(text)

    def all(self):
        """The violations."""
        self.check_submissions()
        for run in self.runs:
            self.check_run(run)
        self.check_events()
        for diary in sorted((self.folder / "boards").glob("*.jsonl")):
            self.check_board(diary.stem, [json.loads(line) for line in diary.read_text().splitlines()])
        for spool in (self.folder / "agents").glob("*/spool/*.spool"):
            self.wrong(f"{spool.parent.parent.name} has not delivered the events of {spool.stem}")
        for scratch in (self.folder / "agents").glob("*/scratch/*"):
            self.wrong(f"{scratch.parent.parent.name} has left temporary files of {scratch.name}")
        return self.violations

    # What clients were told.

    def check_submissions(self):
        by_token = defaultdict(list)
        for name, run in self.runs.items():
            by_token[run["rev"]].append(name)
        for row in self.duplicates:
            self.wrong(f"request {row['request_id']} became several runs: {row['runs']}")
        for said in self.submissions:
            mine = by_token.pop(said["token"], [])
            if len(mine) > 1:
                self.wrong(f"submission {said['token']} became several runs: {', '.join(mine)}")
            if said["status"] == 2 or said["status"] is None or said["status"] < 0:
                self.wrong(f"the client of {said['token']} ended with {said['status']}: {said.get('why')}")
            if not said["run"]:
                self.figures["submissions without an answer"] += 1
                self.figures["of these accepted all the same"] += len(mine)
                continue
            self.figures["accepted"] += 1
            if said["run"] not in mine:
                self.wrong(f"{said['run']} was accepted and is lost")
                continue
            if said["told"] - self.runs[said["run"]]["submitted"] / 1e6 > LATE:
                self.figures["of these told late, so that the client had asked again"] += 1
            told, stored = STATUS.get(said["status"]), self.runs[said["run"]]["verdict"]
            if told and told != stored:
                self.wrong(f"{said['run']} is {stored}, but its client was told {told}")
        for token, mine in by_token.items():
            self.wrong(f"nobody submitted {', '.join(mine)} ({token})")

    # Verdicts.

    def check_run(self, name):
        run, jobs = self.runs[name], self.jobs[name]
        verdicts = [job["verdict"] for job in jobs]
        self.figures[f"runs {run['verdict']}"] += 1
        if run["state"] != "ended" or run["verdict"] not in WORST_FIRST:
            return self.wrong(f"{name} has no verdict: it is {run['state']}")
        worst = next((word for word in WORST_FIRST if word in verdicts), None)
        if worst != run["verdict"]:
            self.wrong(f"{name} is {run['verdict']}, but its jobs say {worst}")
        deserved = DESERVED.get(self.kinds.get(run["rev"]), set())
        for job in jobs:
            self.check_job(f"{name}.{job['idx']}", job, deserved)

    def check_job(self, name, job, deserved):
        attempts = self.attempts[name]
        if [attempt["number"] for attempt in attempts] != list(range(1, job["attempts"] + 1)):
            return self.wrong(f"{name} has attempts missing: {[attempt['number'] for attempt in attempts]}")
        for attempt in attempts:
            self.figures[f"attempts {attempt['verdict']}"] += 1
            if attempt["state"] != "ended" or attempt["verdict"] not in WORST_FIRST:
                self.wrong(f"{name}.{attempt['number']} has no verdict: it is {attempt['state']}")
            elif attempt["verdict"] not in deserved | {"lab-error"}:
                self.wrong(f"{name}.{attempt['number']} is {attempt['verdict']} ({attempt['sentence']}), "
                           f"where only {' or '.join(sorted(deserved))} or lab-error is true")
        final = [attempt["number"] for attempt in attempts if attempt["verdict"] != "lab-error"]
        if len(final) > 1 or final and final[0] != job["attempts"]:
            self.wrong(f"{name} has more than one verdict: attempts {final} of {job['attempts']}")
        last = attempts[-1]["verdict"] if attempts else "lab-error"
        # What was cancelled while it waited to be tried again stays cancelled.
        if job["verdict"] != last and (job["verdict"], last) != ("cancelled", "lab-error"):
            self.wrong(f"{name} is {job['verdict']}, but its last attempt is {last}")
        if job["verdict"] == "lab-error" and job["lab_errors"] <= RETRIES:
            self.wrong(f"{name} was given up after {job['lab_errors']} lab errors")

    # Events.

    def check_events(self):
        known = set()
        for job, attempts in self.attempts.items():
            for attempt in attempts:
                name = f"{job}.{attempt['number']}"
                known.add(name)
                self.check_segment(name, attempt)
        for name in self.segments.keys() - known:
            self.wrong(f"{name} has events, but there is no such attempt")

    def check_segment(self, name, attempt):
        ours = attempt["verdict"] == "lab-error"
        if name not in self.segments:
            self.figures["attempts without events"] += 1
            if not ours:
                self.wrong(f"{name} is {attempt['verdict']} and has no events")
            return
        try:
            segment = Segment(self.segments[name])
        except (ValueError, IndexError) as error:
            return self.wrong(f"{name}: an event cannot be read: {error}")
        count = len(segment.numbers)
        self.figures["events"] += count
        if segment.numbers != list(range(1, count + 1)):
            at = next(i for i, number in enumerate(segment.numbers, 1) if number != i)
            self.wrong(f"{name} has a gap: event {at} is numbered {segment.numbers[at - 1]}")
        if segment.rest and not ours:
            self.wrong(f"{name}: {segment.rest} bytes after event {count} are no event")
        if len(segment.ends) > 1 or segment.ends and segment.ends[0][0] != count:
            self.wrong(f"{name} ends more than once, or goes on after its end: {segment.ends} of {count}")
        end = segment.ends[0][1] if segment.ends else None
        if not ours and end != attempt["verdict"]:
            self.wrong(f"{name} is {attempt['verdict']}, but its events end with {end}")
        if ours and end not in (None, "lab-error"):
            self.wrong(f"{name} is a lab error ({attempt['sentence']}), but its events end with {end}")
        if stray := segment.boards - self.boards_of(attempt):
            self.wrong(f"{name} has events of boards that it was not given: {sorted(stray)}")

    @staticmethod
    def boards_of(attempt):
        return {lease["board"] for lease in json.loads(attempt["leases"])}

    # What the boards saw.

    def check_board(self, board, diary):
        epochs = {f"{job}.{attempt['number']}": lease["epoch"] for job, attempts in self.attempts.items()
                  for attempt in attempts for lease in json.loads(attempt["leases"]) if lease["board"] == board}
        order = [name for name, _ in sorted(epochs.items(), key=lambda pair: pair[1])]
        if len(set(epochs.values())) != len(epochs):
            self.wrong(f"{board} was given to two attempts with one epoch")
        running, hosts, powered, user = {}, {}, None, None
        for line in diary:
            if line["what"] != "begin":
                begun = running.pop(line["command"])
                if begun["operation"] == "off" and line["what"] == "end":
                    powered = None
                continue
            self.figures["commands to boards"] += 1
            operation, attempt = line["operation"], line.get("attempt")
            for other in running.values():
                self.wrong(f"{board} was told {operation} while {other['operation']} was at work "
                           f"({attempt or user}, {other.get('attempt') or user})")
            running[line["command"]] = line
            # A device's own process; one that was followed by another never acts again.
            mine = hosts.setdefault("flash" if operation == "write" else "power", [])
            if line["host"] not in mine:
                mine.append(line["host"])
            elif line["host"] != mine[-1]:
                self.wrong(f"{board} was told {operation} by process {line['host']} after {mine[-1]} had taken over")
            if operation == "write":
                if powered:
                    self.wrong(f"{board} was flashed by {attempt} while it had the power that {powered} gave it")
                if attempt not in epochs:
                    self.wrong(f"{board} was flashed by {attempt}, which never had it")
                elif user in epochs and order.index(attempt) < order.index(user):
                    self.wrong(f"{board} was used by {attempt} after {user} had it: they overlapped")
                else:
                    user = attempt
            if operation == "on":
                if powered:
                    self.wrong(f"{board} was switched on by {user} while it had the power that {powered} gave it")
                powered = user or "?"
        if powered:
            self.wrong(f"{board} was left with power by {powered}")
        for line in running.values():
            self.wrong(f"{board}: {line['operation']} never came to an end")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    audit = Audit(sys.argv[1])
    for text in audit.all():
        print(text)
    for what, count in sorted(audit.figures.items()):
        print(f"  {count} {what}")
    sys.exit(1 if audit.violations else 0)


if __name__ == "__main__":
    main()
