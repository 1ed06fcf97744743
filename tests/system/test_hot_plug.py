"""Devices that come and go while nobody uses their boards, boards that get well, and health checks."""

import re
import shutil
import subprocess

import pytest
from lab import BIN, PASSED, ROOT, Firmware, eventually


@pytest.fixture
def desk(make_lab):
    """Two boards on one relay board."""
    lab = make_lab(boards=2, profile="virtual-zephyr-usb")

    def hand(*words):
        subprocess.run([BIN / "assay-desk", "do", "--state", lab.state / "desk", *words], check=True, timeout=20)

    lab.hand = hand
    return lab


def test_a_relay_that_is_pulled_out_takes_its_boards_out_of_use_and_brings_them_back(desk):
    desk.hand("unplug", "relay", "v1")
    for board in ("v1", "v2"):
        reason = desk.await_board(board, "quarantined", 30)["reason"]
        assert "no DCT-Tech relay with serial 'DESK1' is attached" in reason, reason
    desk.hand("plug", "relay", "v1")
    for board in ("v1", "v2"):
        desk.await_board(board, "idle", 30)
    desk.cli("power", "v1", "cycle", check=PASSED)


def test_a_probe_that_is_pulled_out_takes_only_its_own_board(desk):
    desk.hand("unplug", "probe", "v2")
    reason = desk.await_board("v2", "quarantined", 30)["reason"]
    assert "probe A55A00000002" in reason, reason
    assert desk.json("board", "v1")["state"] == "idle"
    desk.hand("plug", "probe", "v2")
    desk.await_board("v2", "idle", 60)


def share_with(tmp_path, profile, line):
    """What comes with Assay, but for a line more in a board type."""
    share = tmp_path / "share"
    for folder in ("test-plans", "board-profiles"):
        shutil.copytree(ROOT / folder, share / folder)
    file = share / "board-profiles" / f"{profile}.yaml"
    file.write_text(file.read_text() + line)
    return share


def checks(lab, board):
    """The health checks of a board that have ended, the newest first."""
    runs = lab.json("runs", "--project", "health").get("runs", [])
    return [run for run in runs if run["state"] == "RUN_STATE_ENDED" and
            lab.show(run["id"])["jobs"][0]["attempts"][-1]["boards"]["dut"] == board]


def test_health_is_checked_at_the_start_and_the_ladder_finds_crossed_cables(make_lab, tmp_path):
    share = share_with(tmp_path, "virtual-zephyr-usb", "health: { plan: lab-check }\n")
    lab = make_lab(boards=2, profile="virtual-zephyr-usb", environment={"ASSAY_SHARE": str(share)})
    for board in ("v1", "v2"):
        first = eventually(lambda board=board: checks(lab, board), 120, lambda: lab.cli("runs").stdout)[-1]
        assert first["verdict"] == "VERDICT_PASSED" and first["ref"] == "its agent started", first
    # Every device answers for itself.
    subprocess.run([BIN / "assay-desk", "do", "--state", lab.state / "desk", "cross", "v1", "v2"], check=True)
    run = lab.submit("ota-confirm", "--board", "v1", base=Firmware.base, update=Firmware.v2)
    why = "its probe does not reach the chip although the board is switched on"
    assert lab.await_board("v1", "quarantined", 240)["reason"] == why
    # The verdict does not wait for the rest of the ladder.
    log = lab.cli("log", run, check=0).stdout
    assert f"recovery: device hosts started anew: {why}" in log and f"quarantined: {why}" in log, log
    board = eventually(lambda: (seen := lab.json("board", "v1")).get("recovery") and seen, 120)
    for rung in ("device hosts started anew", "probe reset", "power cycle"):
        assert f"{rung}: {why}" in board["recovery"], board
    assert "last recovery  device hosts started anew: " in re.sub(r" {3,}", "  ", lab.cli("board", "v1").stdout)


def test_a_board_that_does_not_pass_its_health_check_is_set_aside_until_a_person_restores_it(make_lab, tmp_path):
    share = share_with(tmp_path, "virtual-zephyr", "health: { plan: demands, every: 1h }\n")
    (share / "test-plans" / "demands.yaml").write_text(
        "plan: demands\nroles: { dut: { needs: [power, console] } }\n"
        "steps: [ power: on, expect: { seen: '^never said$', within: 100ms } ]\n")
    lab = make_lab(boards=1, environment={"ASSAY_SHARE": str(share)})
    reason = lab.await_board("v1", "quarantined", 60)["reason"]
    found = re.match(r"its health check (r\d+) ended as ([a-z-]+): .*never said", reason)
    assert found and checks(lab, "v1")[0]["id"] == found[1], reason
    lab.cli("restore", "v1", check=PASSED)
    lab.await_board("v1", "idle", 20)
    lab.cli("power", "v1", "cycle", check=PASSED)
    assert len(checks(lab, "v1")) == 1  # a person's word is not doubted
