"""`assay why` for each reason that a job can wait for: the whole text."""

import os
import re
import signal
import subprocess

import pytest
from lab import BIN, PASSED, eventually
from shelf import hold, person, shelf

OTHER = BIN.parent / "tests/other-version"
# 250 ms, 3.2 s, 4 min, 4 min 5 s, 2 h 3 min
TIME = re.compile(r"\b\d+ (?:min \d+ s|h \d+ min|min)(?!\w)|\b\d+(?:\.\d+)? (?:us|ms|s)(?!\w)")


@pytest.fixture
def two(make_lab):
    """Two boards, both idle: b1 is tagged ble."""
    return shelf(make_lab, {"b1": "ble, site=lab-b", "b2": ""})


def why(lab, run):
    """What it prints, with T for each time."""
    return TIME.sub("T", lab.cli("why", run, check=PASSED).stdout)


def placed(lab, run):
    eventually(lambda: lab.show(run)["state"] == "RUN_STATE_RUNNING")
    return run


def test_no_such_board_profile_or_tag(two):
    run = hold(two, "--board", "b9", "--profile", "desk-generic")
    assert why(two, run) == f"{run}.1 waits: no agent has a board 'b9', did you mean 'b1'?\n"
    run = hold(two, "--profile", "desk-zephyr")
    assert why(two, run) == f"{run}.1 waits: no agent has a board of profile 'desk-zephyr'\n"
    run = hold(two, "--profile", "desk-generic", "--tag", "site=lab-c")
    assert why(two, run) == (f"{run}.1 waits: board b1 has no tag 'site=lab-c'; board b2 has no tag 'site=lab-c'\n")


def test_all_leased_with_an_estimate(two):
    brief = two.folder / "brief.yaml"
    two.run(brief, check=PASSED)
    first, second = [placed(two, two.submit(brief, "--board", board)) for board in ("b1", "b2")]
    run = two.submit(brief)
    said = two.json("why", run)["jobs"]
    text = TIME.sub("T", said[0]["reason"])
    assert re.fullmatch(f"waits: both boards of profile desk-generic are leased, by {first}.1.1 and {second}.1.1; "
                        r"starts (?:in about T(?: \(T to T\)|, at most T)?|within T)", text), said
    estimate = {name: float(time.rstrip("s")) for name, time in said[0]["startsIn"].items()}
    assert 0 <= estimate["low"] <= estimate["likely"] <= estimate["high"] < 10, estimate
    two.cli("watch", run, check=PASSED)


def test_leased_by_a_person(two):
    ann = person(two, "ann@desk")
    lease = ann.json("lease", "b1", "--for", "1h", "--detach")["id"]
    run = hold(two, "--board", "b1")
    assert why(two, run) == (f"{run}.1 waits: board b1 is leased by ann@desk ({lease}) for T more; "
                             "starts within T\n")
    ann.cli("release", "b1", check=PASSED)
    placed(two, run)


def test_quarantined(two):
    two.cli("quarantine", "b1", "--why", "cable is loose", check=PASSED)
    run = hold(two, "--board", "b1")
    assert why(two, run) == f"{run}.1 waits: board b1 is quarantined: cable is loose\n"


def test_behind_others(two):
    placed(two, hold(two, "--board", "b1"))
    for _ in range(3):
        hold(two, "--board", "b1", "--priority", "5")
    hold(two, "--board", "b1")
    run = hold(two, "--board", "b1")
    assert why(two, run) == (f"{run}.1 waits: board b1 is leased by r1.1.1, behind 3 jobs of priority 5 and "
                             "1 of priority 0\n")


def test_kept_for_a_job_with_several_roles(two):
    placed(two, hold(two, "--board", "b2"))
    pair = two.submit(two.folder / "pair.yaml")
    assert why(two, pair) == f"{pair}.1 waits: its boards are not all free on one agent\n"
    run = hold(two, "--board", "b1")
    assert why(two, run) == (f"{run}.1 waits: board b1 is kept for {pair}.1, an earlier job with several roles, "
                             "behind 1 job of priority 0\n")


def test_the_project_is_at_its_limit(make_lab):
    lab = shelf(make_lab, {"b1": "", "b2": ""}, ["--project-running", "1"])
    placed(lab, hold(lab, "--project", "core"))
    run = hold(lab, "--project", "core")
    assert why(lab, run) == f"{run}.1 waits: project 'core' runs 1 attempts at once already, as many as it may\n"
    placed(lab, hold(lab, "--project", "other"))


def test_the_project_has_too_many_waiting(make_lab):
    lab = shelf(make_lab, {"b1": ""}, ["--project-queued", "2"])
    placed(lab, hold(lab, "--project", "core"))
    hold(lab, "--project", "core", "--repeat", "2")
    done = lab.cli("run", lab.folder / "hold.yaml", "--project", "core", "--detach", check=3)
    assert done.stderr == ("assay: project 'core' has 2 jobs waiting, and at most 2 may with these 1: wait, cancel some "
                           "('assay runs --project core --status queued'), or let assayd be started with a higher "
                           "--project-queued\n")


def test_the_agent_is_gone(two):
    (agent,) = two.processes("bin/assay-agent")
    os.kill(agent, signal.SIGSTOP)
    try:
        two.await_board("b1", "offline", within=40)
        run = hold(two, "--board", "b1")
        assert re.fullmatch(rf"{run}\.1 waits: board b1 is offline: agent 'shelf' (was not heard for T|is not connected)\n",
                            said := why(two, run)), said
    finally:
        os.kill(agent, signal.SIGCONT)
    placed(two, run)


def test_the_agent_does_not_know_the_verb(two):
    old = subprocess.Popen([OTHER, "old-agent", two.grpc, "b7", "desk-zephyr"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           text=True)
    try:
        assert old.stdout.readline() == "was taken in\n"
        run = hold(two, "--board", "b7")
        assert why(two, run) == f"{run}.1 waits: agent 'old' (version 0.0.1) does not know the verb 'hold'\n"
    finally:
        old.communicate(timeout=20)
    two.cli("cancel", run, check=PASSED)
