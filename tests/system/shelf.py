"""Boards that are nothing but relays, and those scripts: for tests of who has a board, not of what it does."""

import copy

LAB = """lab: shelf
boards:
"""
BOARD = """  - id: {id}
    profile: desk-generic
    tags: [{tags}]
    devices:
      power: {{ driver: command, on: [{relay}, "on", {id}], off: [{relay}, "off", {id}], status: [{relay}, status, {id}] }}
"""
RELAY = """#!/bin/sh
[ "$1" = status ] && {{ cat {folder}/$2; exit; }}
echo $1 > {folder}/$2
"""
HOLD = """plan: hold
about: Has a board for a while.
roles: {{ dut: {{ needs: [power] }} }}
steps:
  - hold: {{ for: {time} }}
"""
PAIR = """plan: pair
about: Has two boards for a while.
roles: { one: { needs: [power] }, two: { needs: [power] } }
steps:
  - hold: { for: 1h }
    on: one
"""


def shelf(make_lab, boards, extra=()):
    """A lab with these boards, {id: tags}, and the plans hold.yaml (an hour), brief.yaml (2 s) and pair.yaml."""
    lab = make_lab(boards=0, start=False)
    relay = lab.folder / "relay"
    relay.write_text(RELAY.format(folder=lab.folder))
    relay.chmod(0o755)
    (lab.folder / "lab.yaml").write_text(LAB + "".join(BOARD.format(id=id, tags=tags, relay=relay)
                                                       for id, tags in boards.items()))
    (lab.folder / "hold.yaml").write_text(HOLD.format(time="1h"))
    (lab.folder / "brief.yaml").write_text(HOLD.format(time="2s").replace("plan: hold", "plan: brief"))
    (lab.folder / "pair.yaml").write_text(PAIR)
    lab.extra = ["--lab", str(lab.folder / "lab.yaml"), *extra]
    return lab.start()


def relay(lab, board):
    return (lab.folder / board).read_text().strip()


def person(lab, name):
    """The same lab as this person sees it."""
    theirs = copy.copy(lab)
    theirs.environment = {**lab.environment, "ASSAY_PERSON": name}
    return theirs


def hold(lab, *arguments):
    """A run that has a board until it is cancelled; its id once it is placed as far as it can be."""
    return lab.submit(lab.folder / "hold.yaml", *arguments)
