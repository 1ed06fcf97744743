"""`assay up` in the guest with a lab file, and the command line beside it. The user is not root."""

import json
import time

from guest import SLOW

PASSED, PRODUCT_FAILED, WRONG_INPUT, LAB_ERROR = range(4)


class Lab:
    def __init__(self, guest, text, number):
        self.guest = guest
        self.home = f"/tmp/lab-{number}"
        guest.run(f"rm -rf {self.home} && mkdir {self.home} && chown lab {self.home}")
        guest.write(f"{self.home}/lab.yaml", text)
        self.up = guest.program(
            f"setpriv --reuid lab --regid lab --init-groups env HOME={self.home} NO_COLOR=1 "
            f"assay up --lab {self.home}/lab.yaml --state {self.home}/state --web off")
        self.up.expect("^ready grpc=", 60)

    def cli(self, words, within=40, check=PASSED):
        return self.guest.user(f"assay {words}", within, check)

    def json(self, words):
        return json.loads(self.cli(f"{words} --json"))

    def user(self, command):
        return self.guest.user(command, 90)

    def first_words(self, words, pattern):
        """What the command says first that has the pattern: such a run waits on, so it is ended then."""
        shell = self.guest.program(f"setpriv --reuid lab --regid lab --init-groups assay {words}")
        said = shell.expect(pattern, 40)[0]
        self.guest.end(shell, "INT")
        return said

    def power(self, board, to, check=PASSED):
        return self.cli(f"power {board} {to}", check=check)

    def await_board(self, board, state, within=60):
        """The board, once it is in that state, which nothing announces."""
        end = time.monotonic() + within * SLOW
        while (now := self.json(f"board {board}"))["state"] != state:
            assert time.monotonic() < end, f"not {state} within {within} s: {now}"
        return now

    def run(self, plan, words="", within=60, check=PASSED):
        """A plan to its end; the run as `assay show` tells it."""
        self.guest.write(f"{self.home}/plan.yaml", plan)
        said = self.cli(f"run {self.home}/plan.yaml {words}", within, check)
        return said, self.json(f"show {said.split()[1]}")

    def end(self):
        self.guest.end(self.up, "INT")
