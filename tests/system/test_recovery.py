"""A board that is unfit is nobody's until it is fit again, which it becomes without anybody's help."""

import re

import pytest
from lab import PASSED
from test_bad_input import Desk


@pytest.fixture
def desk(make_lab):
    """A board whose power switch fails for as long as `broken` is there."""
    desk = Desk(make_lab(boards=0, start=False))
    desk.broken = desk.lab.folder / "broken"
    desk.switch.write_text(f'#!/bin/sh\n[ -e {desk.broken} ] && {{ echo "no current" >&2; exit 1; }}\n'
                           f'echo "$@" >> {desk.note}\n')
    desk.lab.extra = ["--lab", str(desk.file)]
    yield desk
    desk.close()


def test_board_that_cannot_be_switched_off_comes_back_once_it_can(desk):
    desk.broken.touch()
    desk.lab.start()
    board = desk.lab.await_board("b1", "quarantined")
    assert re.search(r"it cannot be switched off: .*no current", board["reason"]), board
    plan = desk.lab.folder / "p.yaml"
    plan.write_text("plan: p\nroles: { dut: { needs: [power] } }\nsteps:\n  - power: cycle\n")
    run = desk.lab.submit(plan, "--board", "b1")
    assert "no current" in desk.lab.cli("why", run, check=PASSED).stdout
    desk.broken.unlink()
    desk.lab.cli("watch", run, check=PASSED, timeout=30)
    assert desk.lab.await_board("b1", "idle")["reason"] == ""
    assert re.search(r" info  assay-agent: board b1 is fit again\n", (desk.lab.state / "log/assay-agent-lab.log").read_text())
