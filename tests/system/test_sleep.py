"""An agent whose machine sleeps for longer than a lease: SIGSTOP stands for it."""

import os
import signal
import time

from lab import PASSED
from test_kills import Watcher, attempts, one

LEASE = 30  # seconds, scheduler/types.hpp


def test_agent_that_slept_past_its_lease_goes_on(lab, firmware):
    watcher = Watcher(lab, "ota-confirm", base=firmware.base, update=firmware.v2)
    run = watcher.id()
    watcher.at("update")
    agent = one(lab, "assay-agent")
    os.kill(agent, signal.SIGSTOP)
    time.sleep(LEASE + 5)
    first = attempts(lab.show(run))[0]
    assert first["verdict"] == "VERDICT_LAB_ERROR"
    assert first["sentence"] == "the agent 'virtual' was not heard for 30.0 s: the lease of v1 ran out"
    why = lab.cli("why", run, check=PASSED).stdout
    assert "agent 'virtual'" in why, why  # and the run goes on waiting
    os.kill(agent, signal.SIGCONT)
    assert watcher.end() == PASSED, "\n".join(watcher.program.lines)
    # One more attempt, and none was wasted on a board that was not safe yet.
    assert [attempt["verdict"] for attempt in attempts(lab.show(run))] == ["VERDICT_LAB_ERROR", "VERDICT_PASSED"]
