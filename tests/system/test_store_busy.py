"""Another program locks assayd's database, as a backup does: it passes, and nothing is lost by it."""

import os
import sqlite3
import time
from contextlib import contextmanager

from lab import PASSED
from test_kills import Watcher, assert_contiguous, attempts


@contextmanager
def locked(lab):
    """Holds the database's write lock."""
    db = sqlite3.connect(lab.state / "assayd/assay.db", isolation_level=None, timeout=10)
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")
    finally:
        db.close()


def test_locked_database_while_a_run_ends(lab, firmware):
    """Longer than assayd waits for a lock: the agent keeps what it cannot deliver."""
    watcher = Watcher(lab, "ota-confirm", base=firmware.base, update=firmware.v2)
    run = watcher.id()
    watcher.at("update")
    with locked(lab):
        time.sleep(12.0)  # the run takes less: its end is refused at least once
        shown = lab.show(run)
        assert shown["state"] == "RUN_STATE_RUNNING", "its end is not on disk, so it has not ended"
        log = (lab.state / "log/assayd.log").read_text()
        assert f"(process {os.getpid()}) holds it (database is locked)" in log, log
    assert watcher.end() == PASSED, "\n".join(watcher.program.lines)
    shown = lab.show(run)
    assert [attempt["verdict"] for attempt in attempts(shown)] == ["VERDICT_PASSED"]
    assert_contiguous(lab, attempts(shown)[0])
    lab.run("smoke", base=firmware.base, check=PASSED)


def test_run_that_is_submitted_meanwhile_waits_for_the_database(lab, firmware):
    with locked(lab):
        client = Watcher(lab, "smoke", base=firmware.base)
        time.sleep(7.0)  # once is refused by now; the client asks again
        assert client.program.process.poll() is None, client.program.lines
    assert client.end() == PASSED, "\n".join(client.program.lines)
    assert len(lab.json("runs")["runs"]) == 1
