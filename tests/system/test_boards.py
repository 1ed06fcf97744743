"""What becomes of a board that goes wrong: seen through its relay's scripts."""

import pytest
from lab import LAB_ERROR, PASSED

LAB = """lab: desk
boards:
  - id: b1
    profile: desk-generic
    devices:
      power: {{ driver: command, on: [{on}], off: [{off}] }}
"""
ONLY_ON = """plan: only-on
about: Leaves the board as the plan's end finds it.
roles: { dut: { needs: [power] } }
steps:
  - power: on
"""


@pytest.fixture
def desk(make_lab):
    """A lab of one board whose relay leaves its state in a file, and fails while another one exists."""
    lab = make_lab(boards=0, start=False)
    for name in ("on", "off"):
        script = lab.folder / name
        script.write_text(f"#!/bin/sh\n[ ! -e {lab.folder}/stuck-{name} ] || {{ echo relay is stuck >&2; exit 7; }}\n"
                          f"echo {name} > {lab.folder}/relay\n")
        script.chmod(0o755)
    (lab.folder / "lab.yaml").write_text(LAB.format(on=lab.folder / "on", off=lab.folder / "off"))
    (lab.folder / "only-on.yaml").write_text(ONLY_ON)
    lab.extra = ["--lab", str(lab.folder / "lab.yaml")]
    return lab.start()


def relay(lab):
    return (lab.folder / "relay").read_text().strip()


def test_board_is_off_after_a_run(desk):
    assert relay(desk) == "off", "a new agent's first act"
    desk.run(desk.folder / "only-on.yaml", check=PASSED)
    assert relay(desk) == "off"
    assert desk.json("board", "b1")["state"] == "idle"


def test_board_that_cannot_be_switched_off_is_quarantined(desk):
    (desk.folder / "stuck-off").touch()
    done = desk.run(desk.folder / "only-on.yaml", check=PASSED)  # what the product did was right
    assert relay(desk) == "on"
    board = desk.json("board", "b1")
    assert board["state"] == "quarantined"
    assert "cannot be switched off" in board["reason"] and "relay is stuck" in board["reason"], board["reason"]
    assert "passed" in done.stdout.splitlines()[-1]
    restored = desk.cli("restore", "b1", check=LAB_ERROR)
    assert restored.stdout == ""
    assert restored.stderr == (f"assay: b1 stays quarantined by its agent '{board['agent']}': {board['reason']}; mend that, and "
                               "the agent takes it back: it tries again by itself, at least every minute\n")
    run = desk.submit(desk.folder / "only-on.yaml")
    why = desk.cli("why", run, check=PASSED).stdout
    assert "b1" in why and "cannot be switched off" in why, why
