"""Ten boards on one agent: what a device does to its host costs its own board, and nobody else's."""

import json
import os
import signal

import pytest
from lab import PASSED, eventually

BOARDS = [f"b{n}" for n in range(1, 11)]
PLAN = """\
plan: switch-often
roles: { dut: { needs: [power, console] } }
steps:
  - power: on
  - expect: { seen: "^ready", within: 20s }
  - repeat: { times: 5, steps: [ power: cycle, expect: { seen: "^ready", within: 20s } ] }
"""
SWITCH = 'case $1 in on) echo on > "$2"; echo ready >> "$2.console";; off) echo off > "$2";; *) cat "$2";; esac'


@pytest.fixture
def lab(make_lab, tmp_path):
    """Boards of little programs; the console of b3 never stops talking."""
    text = ["lab: ten", "boards:"]
    for board in BOARDS:
        supply = tmp_path / board
        supply.write_text("off\n")
        (tmp_path / f"{board}.console").write_text("")
        switch = ["sh", "-c", SWITCH, "switch"]
        says = ["tail", "-n", "+1", "-f", f"{supply}.console"]
        if board == "b3":
            says = ["sh", "-c", 'while grep -q off "$1"; do sleep 0.1; done; echo ready; exec yes chatter', "flood",
                    str(supply)]
        text += [f"  - id: {board}", "    profile: desk-generic", "    devices:",
                 "      power: " + json.dumps({"driver": "command", "on": [*switch, "on", str(supply)],
                                               "off": [*switch, "off", str(supply)],
                                               "status": [*switch, "status", str(supply)]}),
                 "      console: " + json.dumps({"driver": "program", "run": says})]
    file = tmp_path / "ten.yaml"
    file.write_text("\n".join(text) + "\n")
    (tmp_path / "plan.yaml").write_text(PLAN)
    return make_lab(boards=0, extra=["--lab", file])


def host_of(lab, board, device):
    name = f"assay-host {board}/{device}"
    return next(pid for pid, line in lab.processes(name).items() if line.endswith(name.split(" ", 1)[1]))


def attempts(lab, run):
    return lab.show(run)["jobs"][0]["attempts"]


def test_a_driver_that_crashes_one_that_hangs_and_one_that_floods(lab, tmp_path):
    plan = tmp_path / "plan.yaml"
    stuck = host_of(lab, "b2", "power")
    os.kill(stuck, signal.SIGSTOP)  # as a host whose transfer never comes back
    runs = {board: lab.submit(str(plan), "--board", board) for board in BOARDS}
    # Once it has something to lose.
    eventually(lambda: any(step["state"] == "STEP_STATE_PASSED" for one in attempts(lab, runs["b1"])
                           for step in one["steps"]), 60)
    os.kill(host_of(lab, "b1", "power"), signal.SIGSEGV)
    shown = {}
    for board, run in runs.items():
        lab.cli("log", run, "--follow", timeout=240)
        shown[board] = lab.show(run)
    healthy = [board for board in BOARDS if board not in ("b1", "b2", "b3")]
    # The others: no lab error, not even one that a second attempt has made good.
    for board in healthy:
        assert shown[board]["verdict"] == "VERDICT_PASSED", shown[board]
        assert len(attempts(lab, runs[board])) == 1, shown[board]
        assert lab.json("board", board)["state"] == "idle"
        assert not lab.json("board", board).get("recovery"), board
    # The two whose hosts died: never the product's fault; their hosts are new ones, and the boards do again.
    for board, why in (("b1", "power"), ("b2", "power")):
        first = attempts(lab, runs[board])[0]
        assert first["verdict"] == "VERDICT_LAB_ERROR" and why in first["sentence"], first
        assert shown[board]["verdict"] == "VERDICT_PASSED", shown[board]
    assert host_of(lab, "b2", "power") != stuck
    # The one that floods: its run is judged, and what is kept of it is bounded (test_flood).
    assert shown["b3"]["verdict"] != "VERDICT_UNSPECIFIED"
    lab.cli("run", plan, "--board", "b4", check=PASSED)
