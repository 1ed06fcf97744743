"""Emulated boards behind emulated USB relays and probes: libusb, pyOCD and the serial driver are the
real ones, and drive them as they drive boards of silicon."""

import re
import subprocess

import pytest
from lab import BIN, LAB_ERROR, PASSED, Firmware, eventually

UPDATE = {"base": Firmware.base, "update": Firmware.v2}


@pytest.fixture
def desk(make_lab):
    """Two boards on each relay board: v1 and v2 on DESK1, v3 and v4 on DESK2."""

    def make(boards):
        lab = make_lab(boards=boards, profile="virtual-zephyr-usb")

        def hand(*words, check=0):
            done = subprocess.run([BIN / "assay-desk", "do", "--state", lab.state / "desk", *words],
                                  capture_output=True, text=True, timeout=20)
            assert done.returncode == check, done.stderr
            return done.stderr

        lab.hand = hand
        return lab

    return make


def report(lab, run, tmp_path):
    file = tmp_path / "report.html"
    lab.cli("report", run, "--html", file, check=PASSED)
    return file.read_text()


def attempts(lab, run):
    return lab.show(run)["jobs"][0]["attempts"]


def test_a_plan_of_the_demo_runs_unchanged_and_says_what_it_ran_on(desk, tmp_path):
    lab = desk(1)
    assert lab.json("board", "v1")["abilities"] == ["console", "flash", "flash.read", "ota.smp", "power", "reset"]
    run = lab.submit("ota-revert", **UPDATE)
    lab.cli("log", run, "--follow", timeout=400)
    shown = lab.show(run)
    assert shown["verdict"] == "VERDICT_PASSED", shown
    # Each statement about what runs is made by all three channels, the flash's by the probe.
    asserted = [step for step in attempts(lab, run)[-1]["steps"] if step["text"].startswith("assert")]
    assert len(asserted) >= 6
    for step in asserted:
        assert {one["channel"]: one["says"] for one in step["findings"]} == {
            "console": "SAYS_AGREES", "smp": "SAYS_AGREES", "flash": "SAYS_AGREES"}
    text = report(lab, run, tmp_path)
    assert re.search(r"flash of v1: pyOCD 0\.46\.0, probe A55A00000001, target nrf51", text)
    assert re.search(r"power of v1: DCT-Tech relay [^\"]*DESK1", text)


def test_a_relay_that_is_pulled_out_is_the_labs_fault_and_another_board_does_it(desk):
    lab = desk(3)
    lab.cli("quarantine", "v2", "--why", "it hangs on the same relay board", check=PASSED)
    run = lab.submit("ota-revert", "--board", "v1", **UPDATE)
    eventually(lambda: any(step["state"] == "STEP_STATE_PASSED" for one in attempts(lab, run)
                           for step in one["steps"]), 120)
    lab.hand("unplug", "relay", "v1")
    lab.cli("log", run, "--follow", timeout=400)
    shown = lab.show(run)
    # It was asked for on this very board, so there is no other to go to.
    assert shown["verdict"] == "VERDICT_LAB_ERROR", shown
    first = attempts(lab, run)[0]
    assert first["verdict"] == "VERDICT_LAB_ERROR"
    assert re.search(r"DCT-Tech relay .*(is not attached|went away|gone)", first["sentence"]), first["sentence"]
    assert "DESK1" in first["sentence"]
    # The board is set aside until its relay is back, and says why.
    board = lab.await_board("v1", "quarantined", 60)
    assert "DCT-Tech relay" in board["reason"], board

    again = lab.submit("ota-revert", **UPDATE)
    lab.cli("log", again, "--follow", timeout=400)
    assert lab.show(again)["verdict"] == "VERDICT_PASSED"
    assert attempts(lab, again)[-1]["boards"][0]["board"] == "v3"


def test_a_relay_that_goes_in_the_middle_sends_the_job_to_another_board(desk):
    lab = desk(3)
    lab.cli("quarantine", "v2", "--why", "it hangs on the same relay board", check=PASSED)
    lab.cli("quarantine", "v3", "--why", "so that it begins on v1", check=PASSED)
    run = lab.submit("ota-revert", **UPDATE)
    eventually(lambda: any(step["state"] == "STEP_STATE_PASSED" for one in attempts(lab, run)
                           for step in one["steps"]), 120)
    lab.cli("restore", "v3", check=PASSED)
    lab.hand("unplug", "relay", "v1")
    lab.cli("log", run, "--follow", timeout=400)
    shown = lab.show(run)
    assert shown["verdict"] == "VERDICT_PASSED", shown
    tried = attempts(lab, run)
    assert [one["verdict"] for one in tried] == ["VERDICT_LAB_ERROR", "VERDICT_PASSED"]
    assert [one["boards"][0]["board"] for one in tried] == ["v1", "v3"]


def test_a_welded_relay_is_found(desk):
    lab = desk(1)
    lab.hand("weld", "v1")
    done = lab.run("ota-revert", timeout=300, **UPDATE)
    assert done.returncode == LAB_ERROR, done.stdout
    assert "power was switched off, but it reads back as on" in done.stdout


def test_a_probe_that_is_missing_is_named(desk):
    lab = desk(1)
    lab.hand("unplug", "probe", "v1")
    done = lab.run("ota-revert", timeout=300, **UPDATE)
    assert done.returncode == LAB_ERROR, done.stdout
    assert "no probe with this uid is attached" in done.stdout
    assert "A55A00000001" in done.stdout


def test_hands_that_do_nothing_sensible(desk):
    lab = desk(1)
    assert "there is no board 'v9' on the desk: v1 to v1" in lab.hand("unplug", "relay", "v9", check=2)
    assert "port 1-1: it is plugged in already" in lab.hand("plug", "relay", "v1", check=2)
    assert "'dance' is no command; there are" in lab.hand("dance", check=2)
