"""The load of a chaos run: clients that submit runs without a pause and note what they were told."""

import itertools
import random
import signal
import threading
import time

from lab import BIN, Firmware, Program

CHEAP = {"good": 11, "bad": 4, "gang": 4, "cancel": 1}  # of twenty runs on the cheap boards
EMULATED = {"smoke": 1}


class Client(threading.Thread):
    """Submits one run after the other and follows each to its end."""

    def __init__(self, lab, number, seed, over, kinds):
        super().__init__(daemon=True)
        self.lab, self.number, self.random, self.over, self.kinds = lab, number, random.Random(seed), over, kinds
        self.said = []

    def run(self):
        for count in itertools.count(1):
            if self.over.is_set():
                return
            self.submit(f"t{self.number}x{count}", self.random.choices(list(self.kinds), list(self.kinds.values()))[0])

    def words(self, token, kind):
        if kind == "smoke":
            return ["smoke", "--profile", "virtual-zephyr", "--artifact", f"base={Firmware.base}"]
        image = self.lab.folder / f"image-{self.number}.txt"
        image.write_text(f"image of {token}\nresult {'broken' if kind == 'bad' else 'good'} {token}\n")
        return [self.lab.plans.get(kind, self.lab.plans["good"]), "--profile", "chaos-board",
                "--artifact", f"image={image}", "--param", f"token={token}"]

    def submit(self, token, kind):
        client = Program([BIN / "assay", "--server", self.lab.clients_proxy.address, "run", *self.words(token, kind),
                          "--rev", token], self.lab.folder / f"client-{token}.log", self.lab.lab.environment)
        said = {"token": token, "kind": kind, "run": None, "status": None}
        self.said.append(said)
        with client._line:
            client._line.wait_for(lambda: client.lines or client.ended)
        said["told"] = time.time()
        if kind == "cancel":
            self.over.wait(self.random.uniform(0, 1))  # the instant is part of the scenario
            client.process.send_signal(signal.SIGINT)
        said["status"] = client.process.wait()
        client._reader.join()
        words = next((line.split() for line in client.lines if line.startswith("run r")), None)
        said["run"] = words[1] if words else None
        if said["status"] not in (0, 1, 3, 4):
            said["why"] = client.lines[-3:]
        client.log.unlink()
        if said["run"] is None:
            self.over.wait(0.2)  # assayd is away
