"""Runs with devices pulled out and put back in between; ./dev soak usb-vm makes a hundred of them."""

import os

from test_serial import LAB, PLACE, START, board

ROUNDS = int(os.environ.get("ASSAY_ROUNDS", "3"))


def test_every_round_passes(guest, desk, make_lab):
    board(desk)
    lab = make_lab(LAB.format(path=PLACE, baud=115200))
    for number in range(1, ROUNDS + 1):
        guest.note(f"round {number}")
        said, shown = lab.run(START, check=None)
        assert shown["verdict"] == "VERDICT_PASSED", f"round {number}: {said}"
        for port, kind in ((1, "dcttech"), (2, "adapter")):
            desk.pull(port)
            desk.plug(port, kind)
