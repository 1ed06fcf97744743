"""Boards for people: queued for, had, shared with runs, extended, taken back, and never left locked."""

import json
import os
import re
import signal
import time

import pytest
from lab import CANCELLED, PASSED, WRONG_INPUT, Firmware, eventually
from shelf import hold, person, relay, shelf


@pytest.fixture
def lab(make_lab):
    return shelf(make_lab, {"b1": "ble", "b2": ""})


@pytest.fixture
def ann(lab):
    return person(lab, "ann@desk")


@pytest.fixture
def bob(lab):
    return person(lab, "bob@lab")


def lease_of(program):
    return program.expect(r"^lease (r\d+) ")[1]


def idle(lab, board):
    eventually(lambda: lab.json("board", board)["state"] == "idle")


def test_is_queued_for_had_used_and_given_back(lab, ann, bob):
    run = hold(lab, "--board", "b1")
    lab.await_board("b1", "leased")
    desk = ann.program("assay", "lease", "b1", "--for", "10m")
    lease = lease_of(desk)
    assert desk.lines[0] == f"lease {lease} of board b1 for 10 min"
    desk.expect(r"waits")
    assert desk.lines[1] == f"{lease} waits: board b1 is leased by {run}.1.1"
    theirs = bob.program("assay", "lease", "b1")
    theirs.expect(rf"^r\d+ waits: board b1 is leased by {run}\.1\.1, behind 1 job of priority 0$")
    lab.cli("cancel", run, check=PASSED)
    desk.expect(rf"^{lease}: board b1 is yours for 10 min")
    theirs.expect(rf"^r\d+ waits: board b1 is leased by ann@desk \({lease}\) for ", within=30)
    listed = next(line for line in lab.cli("boards", check=PASSED).stdout.splitlines() if line.startswith("b1"))
    assert re.search(rf" ann@desk \({lease}\) for 9 min \d+ s more$", listed.rstrip()), listed
    shown = lab.cli("board", "b1", check=PASSED).stdout
    assert shown.startswith("b1 leased\n"), shown
    assert re.search(rf"^  held by    ann@desk \({lease}\) for 9 min \d+ s more$", shown, re.M), shown

    ann.cli("power", "b1", "on", check=PASSED)
    assert relay(lab, "b1") == "on"
    used = ann.json("runs", "--plan", "power")["runs"][0]
    assert used["lease"] == lease
    named = ann.cli("run", lab.folder / "brief.yaml", "--lease", lease, "--json", check=PASSED)
    assert list(json.loads(named.stdout)["jobs"][0]["attempts"][0]["boards"].values()) == ["b1"]
    wrong = bob.cli("power", "b1", "off", "--lease", lease, check=WRONG_INPUT)
    assert wrong.stderr == (f"assay: {lease} is the lease of ann@desk: only their runs use its board; 'assay lease' asks for "
                            "one of your own\n")

    assert desk.interrupt() == PASSED
    desk.expect(rf"^{lease} passed: released by ann@desk$")
    shown = lab.cli("show", lease, check=PASSED).stdout
    assert re.search(r"^  plan lease, of ann@desk for 10 min, until ", shown, re.M), shown
    assert re.search(rf"^    {lease}\.1\.1 passed on dut=b1 +\d", shown, re.M), shown
    theirs.expect(r"^r\d+: board b1 is yours for 30 min")
    assert theirs.interrupt() == PASSED
    idle(lab, "b1")


def test_warns_before_its_end_and_is_extended(lab, ann):
    began = time.monotonic()
    desk = ann.program("assay", "lease", "b1", "--for", "10s")
    lease = lease_of(desk)
    desk.expect(rf"^{lease}: board b1 is yours for 1 s more: 'assay extend b1 --for 15m' keeps it$")
    assert 8.5 < time.monotonic() - began
    longer = ann.cli("extend", "b1", "--for", "2s", check=PASSED).stdout
    assert re.match(rf"{lease}: board b1 is yours for [23] s, until ", longer), longer
    desk.expect(rf"^{lease}: extended: [23] s more, until ")
    desk.expect(rf"^{lease} passed: the lease ran out after 12\.0 s$")
    assert desk.process.wait(10) == PASSED
    assert 11.5 < time.monotonic() - began
    idle(lab, "b1")


def test_is_taken_back_with_its_runs(lab, ann, bob):
    desk = ann.program("assay", "lease", "b1")
    lease = lease_of(desk)
    desk.expect("is yours")
    run = ann.submit(lab.folder / "hold.yaml", "--board", "b1")
    eventually(lambda: lab.json("board", "b1")["holder"] == f"{run}.1.1")
    assert bob.cli("release", "b1", check=WRONG_INPUT).stderr == (
        f"assay: {lease} is the lease of ann@desk: say why you take it back, with --why, for they will read it\n")
    done = bob.cli("release", "b1", "--why", "release week", check=PASSED)
    assert done.stdout == f"{lease} cancelled: taken back by bob@lab: release week\n"
    assert desk.process.wait(10) == CANCELLED
    desk.expect(rf"^{lease} cancelled: taken back by bob@lab: release week$")
    watched = lab.cli("watch", run, check=CANCELLED).stdout.splitlines()[-1]
    assert watched == f"{run} cancelled: the lease {lease} is over: taken back by bob@lab: release week"
    idle(lab, "b1")


def test_a_killed_client_gives_its_board_back(lab, ann, bob):
    desk = ann.program("assay", "lease", "b1")
    lease = lease_of(desk)
    desk.expect("is yours")
    theirs = bob.program("assay", "lease", "--profile", "desk-generic", "--tag", "ble")
    theirs.expect("waits")
    began = time.monotonic()
    desk.kill()
    theirs.expect(r"^r\d+: board b1 is yours")
    assert time.monotonic() - began < 1
    assert lab.show(lease)["sentence"] == "the client that had it left"
    theirs.kill()
    idle(lab, "b1")


def test_one_that_waits_is_withdrawn(lab, ann):
    run = hold(lab, "--board", "b1")
    lab.await_board("b1", "leased")
    desk = ann.program("assay", "lease", "b1")
    lease = lease_of(desk)
    assert desk.interrupt() == CANCELLED
    desk.expect(rf"^{lease} cancelled: withdrawn by ann@desk before it had a board$")
    lab.cli("cancel", run, check=PASSED)
    idle(lab, "b1")


def test_outlives_its_command_and_assayd(lab, ann, bob):
    said = ann.cli("lease", "b1", "--for", "1h", "--detach", "--wait", check=PASSED).stdout
    lease = said.split(":")[0]
    assert said.splitlines()[0].startswith(f"{lease}: board b1 is yours for 1 h 0 min, until ")
    (assayd,) = lab.processes("bin/assayd")
    os.kill(assayd, signal.SIGKILL)
    eventually(lambda: lab.cli("agents").returncode == PASSED)
    board = lab.json("board", "b1")
    assert (board["lease"], board["person"]) == (lease, "ann@desk")
    assert 3500 < float(board["leaseLeft"].rstrip("s")) < 3600
    lab.await_board("b1", "leased")  # the agent is back
    ann.cli("power", "b1", "on", check=PASSED)
    waits = bob.json("lease", "b1", "--detach")
    assert waits["waits"]["reason"].startswith(f"waits: board b1 is leased by ann@desk ({lease}) for 59 min")
    assert ann.json("release", "b1")["sentence"] == "released by ann@desk"
    bob.cli("release", waits["id"], check=PASSED)


def test_an_attached_one_is_found_again_or_given_back(lab, ann, bob):
    stays, leaves = ann.program("assay", "lease", "b1"), bob.program("assay", "lease", "b2")
    lease = lease_of(stays)
    other = lease_of(leaves)
    stays.expect("is yours")
    leaves.expect("is yours")
    (assayd,) = lab.processes("bin/assayd")
    os.kill(leaves.pid, signal.SIGSTOP)  # it is not there when assayd is back
    os.kill(assayd, signal.SIGKILL)
    stays.expect("^lost assayd at ")
    stays.expect("^assayd is back$")
    leaves.kill()
    assert lab.cli("watch", other, check=PASSED)
    assert lab.show(other)["sentence"] == "its client did not come again when assayd was restarted"
    assert lab.json("board", "b1")["lease"] == lease
    assert stays.interrupt() == PASSED
    idle(lab, "b1")


def test_the_console_is_typed_on_under_a_lease(make_lab):
    lab = make_lab(boards=1)
    ann, bob = person(lab, "ann@desk"), person(lab, "bob@lab")
    ann.cli("lease", "v1", "--detach", "--wait", check=PASSED)
    ann.cli("flash", "v1", Firmware.base, check=PASSED)
    ann.cli("power", "v1", "on", check=PASSED)
    ann.cli("console", "v1", "--write", check=PASSED, timeout=30)
    lease = lab.json("board", "v1")["lease"]
    refused = bob.cli("console", "v1", "--write", check=WRONG_INPUT)
    assert refused.stderr.startswith(f"assay: board 'v1' is leased, held by ann@desk ({lease}) for ")
    ann.cli("power", "v1", "off", check=PASSED)
    ann.cli("release", "v1", check=PASSED)


def test_what_is_wrong_is_said_before_anything_is_done(lab, ann):
    def wrong(*words):
        done = ann.cli(*words, check=WRONG_INPUT)
        assert done.stdout == ""
        return done.stderr

    assert wrong("lease") == "assay lease: name a board, or --profile NAME for any of that type\n"
    assert wrong("lease", "b9") == "assay: no board 'b9', did you mean 'b1'?; name its --profile to wait for it\n"
    assert "'30' has no unit" in wrong("lease", "b1", "--for", "30")
    assert "longer than a week" in wrong("lease", "b1", "--for", "200h")
    assert wrong("extend", "b1", "--for", "5m") == "assay: nobody has leased board 'b1'\n"
    assert wrong("release", "r9") == "assay: no lease 'r9'\n"
    assert lab.json("runs")["runs"] == []
