"""Emulated boards behind emulated USB relays and probes: libusb, pyOCD and the serial driver are the
real ones, and drive them as they drive boards of silicon."""

import re
import subprocess

import pytest
from lab import BIN, LAB_ERROR, PASSED, READY, Firmware, Lab, eventually

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


def first_attempt(lab, run):
    """Once it has ended. A board that stays broken is set aside, and the run waits for one that works."""
    ended = eventually(lambda: next((one for one in attempts(lab, run) if one["verdict"] != "VERDICT_UNSPECIFIED"), None),
                       240, lambda: lab.cli("show", run).stdout)
    lab.cli("cancel", run, check=PASSED)
    return ended


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
    assert [one["boards"]["dut"] for one in tried] == ["v1", "v3"]
    assert re.search(r"no DCT-Tech relay with serial 'DESK1' is attached|DCT-Tech relay .*DESK1.*gone",
                     tried[0]["sentence"]), tried[0]["sentence"]
    # The board is set aside and says why.
    board = lab.await_board("v1", "quarantined", 60)
    assert "no DCT-Tech relay with serial 'DESK1' is attached; there is DESK2 at 1-2" in board["reason"], board


@pytest.mark.parametrize("hand, why", [
    (["weld", "v1"], r"DCT-Tech relay .*DESK1.*: power was switched off, but it reads back as on"),
    (["unplug", "probe", "v1"], r"no probe with this uid is attached .*A55A00000001"),
    (["swap", "v1", "feedfacedeadbeef"],
     "the wrong board: the lab file says that the chip behind probe A55A00000001 is 0100000000005cde, but it calls "
     "itself feedfacedeadbeef"),
], ids=["welded-relay", "missing-probe", "wrong-board"])
def test_what_is_wrong_with_the_lab_is_the_labs_fault_and_named(desk, hand, why):
    lab = desk(1)
    lab.hand(*hand)
    attempt = first_attempt(lab, lab.submit("ota-revert", **UPDATE))
    assert attempt["verdict"] == "VERDICT_LAB_ERROR", attempt
    assert re.search(why, attempt["sentence"]), attempt["sentence"]


def test_over_a_long_cable_it_is_flashed_more_slowly_and_the_report_says_so(desk, tmp_path):
    lab = desk(1)
    lab.hand("slow", "v1", "300")
    run = lab.submit("smoke", base=Firmware.base)
    lab.cli("log", run, "--follow", timeout=400)
    assert lab.show(run)["verdict"] == "VERDICT_PASSED", lab.cli("show", run).stdout
    assert ("flash of v1: pyOCD 0.46.0, probe A55A00000001, target nrf51, at 250 kHz as 500 kHz failed"
            in report(lab, run, tmp_path))


def test_a_cable_that_carries_no_clock_at_all_is_the_labs_fault(desk):
    lab = desk(1)
    lab.hand("slow", "v1", "100")
    attempt = first_attempt(lab, lab.submit("smoke", base=Firmware.base))
    assert attempt["verdict"] == "VERDICT_LAB_ERROR", attempt
    assert "the target does not answer: has the board power, are the wires right?" in attempt["sentence"], attempt


def test_hands_that_do_nothing_sensible(desk):
    lab = desk(1)
    assert "there is no board 'v9' on the desk: v1 to v1" in lab.hand("unplug", "relay", "v9", check=2)
    assert "port 1-1: it is plugged in already" in lab.hand("plug", "relay", "v1", check=2)
    assert "'fast' is no number of kilohertz" in lab.hand("slow", "v1", "fast", check=2)
    assert "'dance' is no command; there are" in lab.hand("dance", check=2)


def test_lab_check_passes_what_is_wired_as_the_file_says(desk):
    lab = desk(1)
    done = lab.cli("lab", "check", timeout=300, check=PASSED)
    for line in ("v1 ✓ power: on: the board lives: its ", "v1 ✓ power: off: the board is dead: silent",
                 "v1 ✓ flash: reads the same twice: 1024 bytes at 0x0", "1 of 1 boards are as their lab files say"):
        assert line in done.stdout, done.stdout
    assert "✗" not in done.stdout


def test_lab_check_finds_crossed_cables(desk):
    lab = desk(2)
    lab.hand("cross", "v1", "v2")
    done = lab.cli("lab", "check", "v1", timeout=300, check=LAB_ERROR)
    assert ("v1 ✗ power: on: the board lives: nothing shows that it has power: is this switch wired to this board?"
            in done.stdout), done.stdout
    assert lab.cli("lab", "check", "v7", check=2).stderr.strip() == "assay: no board 'v7', did you mean 'v1'?"


class OpenocdLab(Lab):
    """The same desk, its probes driven by OpenOCD."""

    def start(self, within=30.0):
        desk = self.folder / "desk"
        self.up = self.program("assay-desk", "--boards", "1", "--flasher", "openocd", "--state", desk, "--",
                               BIN / "assay", "up", "--state", self.state, "--lab", desk / "lab.yaml",
                               "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0")
        self.grpc, self.web = self.up.expect(READY, within).groups()
        self.environment["ASSAY_SERVER"] = self.grpc
        return self


def test_openocd_flashes_the_same_boards(request, tmp_path):
    lab = OpenocdLab(boards=0)
    try:
        lab.start()
        run = lab.submit("smoke", base=Firmware.base)
        lab.cli("log", run, "--follow", timeout=300)
        assert lab.show(run)["verdict"] == "VERDICT_PASSED", lab.cli("show", run).stdout
        assert re.search(r"flash of v1: OpenOCD 0\.12\.0[^,]*, probe A55A00000001, target/nrf51\.cfg",
                         report(lab, run, tmp_path))
        done = subprocess.run([BIN / "assay-desk", "do", "--state", lab.folder / "desk", "slow", "v1", "600"], timeout=20)
        assert done.returncode == 0
        run = lab.submit("smoke", base=Firmware.base)
        lab.cli("log", run, "--follow", timeout=300)
        assert lab.show(run)["verdict"] == "VERDICT_PASSED", lab.cli("show", run).stdout
        assert "target/nrf51.cfg, at 500 kHz as 1000 kHz failed" in report(lab, run, tmp_path)
        lab.stop()
    finally:
        lab.clean_up()
