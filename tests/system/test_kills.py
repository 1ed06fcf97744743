"""What is killed at any instant: nothing lost, nothing doubled, nothing left, nobody wrongly blamed."""

import json
import os
import signal
import time

import pytest
from lab import CANCELLED, PASSED, eventually, gone_within


def one(lab, name):
    """The one process of the lab whose command line has the name."""
    found = lab.processes(name)
    # A program that it is just starting has its command line until it is executed.
    found = {pid: line for pid, line in found.items() if parent(pid) not in found}
    assert len(found) == 1, f"expected one {name}, found {found}"
    return next(iter(found))


def host_of(lab, board):
    """The process that owns the board's machine."""
    return one(lab, f"assay-host {board}/machine")


def parent(pid):
    """0 when it has ended."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return int(stat.read().rsplit(")", 1)[1].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def qemu_of(lab, board):
    """Of a board that is on, or about to be."""
    host = host_of(lab, board)
    return eventually(lambda: next((pid for pid in lab.processes("qemu-system-arm") if parent(pid) == host), None),
                      shows=lambda: f"{board} has no QEMU")


class Watcher:
    """`assay log --follow`-like view of a run: waits for a line of `assay run`'s plain progress."""

    def __init__(self, lab, plan, *arguments, **artifacts):
        words = ["run", plan]
        for name, path in artifacts.items():
            words += ["--artifact", f"{name}={path}"]
        self.program = lab.program("assay", *words, *arguments)

    def at(self, pattern, within=30):
        return self.program.expect(pattern, within)

    def id(self):
        return self.at(r"\b(r\d+)\b")[1]

    def end(self, within=120):
        status = self.program.process.wait(within)
        return status


def attempts(run):
    return [attempt for job in run["jobs"] for attempt in job["attempts"]]


def events_of(lab, attempt):
    out = lab.cli("log", attempt["id"], "--events", "--json", check=PASSED).stdout
    return [json.loads(line) for line in out.splitlines()]


def assert_contiguous(lab, attempt):
    numbers = [int(event["seq"]) for event in events_of(lab, attempt)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers, "no events were stored"


def test_assayd_killed_in_mid_run(lab, firmware):
    watcher = Watcher(lab, "ota-confirm", base=firmware.base, update=firmware.v2)
    run = watcher.id()
    watcher.at("update")
    os.kill(one(lab, "assayd"), signal.SIGKILL)
    assert watcher.end() == PASSED, "\n".join(watcher.program.lines)
    shown = lab.show(run)
    assert shown["verdict"] == "VERDICT_PASSED"
    assert len(attempts(shown)) == 1, "the run went on; it was not started again"
    assert_contiguous(lab, attempts(shown)[0])


def test_assayd_killed_again_and_again(make_lab, firmware):
    lab = make_lab(boards=2)
    runs = [lab.submit("ota-revert", base=firmware.base, update=firmware.v2) for _ in range(4)]
    for _ in range(3):
        time.sleep(1.0)  # somewhere in the middle: no particular point is meant
        os.kill(one(lab, "assayd"), signal.SIGKILL)
    for run in runs:
        assert lab.cli("watch", run, timeout=120).returncode == PASSED
    for run in runs:
        shown = lab.show(run)
        ended = [a for a in attempts(shown) if a["verdict"] == "VERDICT_PASSED"]
        assert len(ended) == 1, f"{run} has exactly one verdict"
        assert_contiguous(lab, ended[0])


def test_agent_killed_in_mid_run(lab, firmware):
    watcher = Watcher(lab, "ota-confirm", base=firmware.base, update=firmware.v2)
    run = watcher.id()
    watcher.at("update")
    hosts = list(lab.processes("assay-host")) + list(lab.processes("qemu-system-arm"))
    assert len(hosts) >= 3, "launcher, a device host and its QEMU"
    killed = time.monotonic()
    os.kill(one(lab, "assay-agent"), signal.SIGKILL)
    assert gone_within(hosts, 1.0) == [], "hosts and QEMUs outlive their agent"
    watcher.at(r"attempt.*2|r\d+\.1\.2", within=30)
    back = time.monotonic() - killed
    assert back < 5.0, f"the board was back only after {back:.1f} s"
    assert watcher.end() == PASSED, "\n".join(watcher.program.lines)
    first, second = attempts(lab.show(run))
    assert first["verdict"] == "VERDICT_LAB_ERROR"
    assert "agent" in first["sentence"]
    assert second["verdict"] == "VERDICT_PASSED"


@pytest.mark.parametrize("victim", ["qemu", "host"])
def test_machine_or_host_killed_under_a_run(make_lab, firmware, victim):
    lab = make_lab(boards=2)
    watcher = Watcher(lab, "ota-confirm", base=firmware.base, update=firmware.v2)
    run = watcher.id()
    watcher.at("update")
    board = next(iter(attempts(lab.show(run))[0]["boards"].values()))
    pid = qemu_of(lab, board) if victim == "qemu" else host_of(lab, board)
    os.kill(pid, signal.SIGKILL)
    assert watcher.end() == PASSED, "\n".join(watcher.program.lines)
    first, second = attempts(lab.show(run))
    assert first["verdict"] == "VERDICT_LAB_ERROR", first["sentence"]
    assert second["verdict"] == "VERDICT_PASSED"
    assert list(second["boards"].values()) != [board], "it was tried again on another board"


def test_machine_killed_under_the_only_board(lab, firmware):
    """Its flash is unknown then, but can be written: the board is fit for the next attempt."""
    watcher = Watcher(lab, "ota-confirm", base=firmware.base, update=firmware.v2)
    run = watcher.id()
    watcher.at("update")
    os.kill(qemu_of(lab, "v1"), signal.SIGKILL)
    assert watcher.end() == PASSED, "\n".join(watcher.program.lines)
    assert [attempt["verdict"] for attempt in attempts(lab.show(run))] == ["VERDICT_LAB_ERROR", "VERDICT_PASSED"]


def test_a_killed_host_does_not_disturb_the_neighbour(make_lab, firmware):
    lab = make_lab(boards=2)
    first = Watcher(lab, "ota-revert", base=firmware.base, update=firmware.v2)
    second = Watcher(lab, "ota-revert", base=firmware.base, update=firmware.v2)
    first.at("assert that base runs")  # the update comes next, which takes longest
    second.at("assert that base runs")
    board = next(iter(attempts(lab.show(first.id()))[0]["boards"].values()))
    os.kill(qemu_of(lab, board), signal.SIGKILL)
    assert second.end() == PASSED
    assert first.end() == PASSED
    assert len(attempts(lab.show(second.id()))) == 1
    assert len(attempts(lab.show(first.id()))) == 2


def test_a_stopped_host_is_killed_at_its_deadline(make_lab, firmware):
    """SIGSTOP stands for a host wedged in its driver."""
    lab = make_lab(boards=2)
    watcher = Watcher(lab, "ota-confirm", base=firmware.base, update=firmware.v2)
    run = watcher.id()
    watcher.at("update")
    board = next(iter(attempts(lab.show(run))[0]["boards"].values()))
    host = host_of(lab, board)
    os.kill(host, signal.SIGSTOP)
    assert watcher.end(180) == PASSED, "\n".join(watcher.program.lines)
    first = attempts(lab.show(run))[0]
    assert first["verdict"] == "VERDICT_LAB_ERROR", first["sentence"]
    assert gone_within([host], 5.0) == []


def test_ctrl_c_of_assay_run_cancels_it(lab, firmware):
    watcher = Watcher(lab, "ota-confirm", base=firmware.base, update=firmware.v2)
    run = watcher.id()
    watcher.at("update")
    assert watcher.program.interrupt() == CANCELLED
    shown = lab.show(run)
    assert shown["verdict"] == "VERDICT_CANCELLED"
    assert not lab.processes("qemu-system-arm"), "the board is off"
    assert lab.run("smoke", base=firmware.base).returncode == PASSED, "the board can be used at once"


def test_ctrl_c_of_assay_up_in_mid_run_leaves_nothing(make_lab, firmware):
    lab = make_lab(boards=2)
    watcher = Watcher(lab, "ota-confirm", base=firmware.base, update=firmware.v2)
    watcher.at("update")
    watcher.program.kill()  # this client is not of the lab's making; its run goes on
    lab.stop()  # asserts that no process and no socket is left


def test_a_run_waits_for_a_lost_agent_and_says_so(make_lab, firmware):
    lab = make_lab(boards=1)
    os.kill(one(lab, "assay-agent"), signal.SIGSTOP)
    run = lab.submit("ota-confirm", base=firmware.base, update=firmware.v2)
    assert lab.cli("why", run, check=PASSED).stdout.strip()
    os.kill(one(lab, "assay-agent"), signal.SIGCONT)
    assert lab.cli("watch", run, timeout=120).returncode == PASSED


def test_a_lab_that_ends_crashes_nothing(make_lab):
    """Again and again: gRPC's threads are still busy with the agent's last stream."""
    lab = make_lab(boards=1, start=False)
    for _ in range(12):
        lab.start()
        lab.stop()
        for log in (lab.state / "log").iterdir():
            assert "assertion failed" not in log.read_text(), log.read_text()
