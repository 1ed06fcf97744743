"""A board that says what a test wants: the other end of its serial line is the test."""

import json
import os
import tty


def device(driver, **keys):
    return json.dumps({"driver": driver, **keys})  # JSON is YAML


PLAN = """\
plan: {name}
about: The test says when it is over.
roles: {{ dut: {{ needs: [power, console] }} }}
steps:
  - power: on
  - expect: {{ seen: "^it is over", within: 60s }}
"""


class ScriptBoard:
    def __init__(self, folder, board="script-1"):
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.board = board
        self.lab_file = folder / "lab.yaml"
        self.lab_file.write_text(
            f"lab: scripts\nboards:\n  - id: {board}\n    profile: desk-zephyr\n    devices:\n"
            f"      power: {device('command', on=['true'], off=['true'])}\n"
            f"      flash: {device('command', write=['true', '{file}'])}\n"
            f"      console: {device('serial', path=os.ttyname(self.slave), baud=115200)}\n")
        self.plan = folder / "script.yaml"
        self.plan.write_text(PLAN.format(name="script"))

    def say(self, data):
        data = data.encode() if isinstance(data, str) else data
        while data:
            data = data[os.write(self.master, data):]

    def close(self):
        os.close(self.master)
        os.close(self.slave)
