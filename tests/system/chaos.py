#!/usr/bin/env python3
"""Real processes under load, killed, stopped and cut off at random, then audited. Started by ./dev soak chaos.

usage: chaos.py [--faults N] [--seed S] [--virtual N] [--keep DIR]

N (200) faults among: kill -9 of assayd, of agents and of device hosts; SIGSTOP of assayd, of agents
and of all that an agent has started, also for longer than a lease; and connections that are cut, half-closed, held back, swallowed and delayed, both
ways or one. Clients submit runs all the while through a proxy that loses answers. When the faults cease,
every accepted run must end within 150 s; then audit.py looks at what is left. The seed decides which faults come
when; what the processes do meanwhile it cannot. Exit status 0 when the audit found nothing.
"""

import argparse
import heapq
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

from audit import Audit
from chaos_lab import ChaosLab
from lab import BIN, FAILED, Firmware, Program

LEASE = 30  # seconds, scheduler/types.hpp
BOUND = 150  # seconds from the last fault to the last verdict: a lease, an agent's return, three attempts each
CHEAP = {"good": 11, "bad": 4, "gang": 4, "cancel": 1}  # of twenty runs
DECK = ["kill assayd"] * 3 + ["kill agent"] * 3 + ["stop assayd"] + ["stop agent"] * 2 + ["sleep agent"] * 2 + \
       ["kill host", "cut"] + ["half-close up", "half-close down", "hold", "swallow", "one-way up", "one-way down", "delay",
                      "long"]
LONG = ["long stop agent", "long hold", "long sleep agent", "long stop assayd", "long one-way down", "long swallow", "long one-way up"]


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
        return [self.lab.plans.get(kind, self.lab.plans["good"]), "--profile", "chaos-board", "--artifact", f"image={image}",
                "--param", f"token={token}"]

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


class Monkey:
    """Draws faults from a shuffled deck, so that every kind comes up, and mends each when its time is over."""

    def __init__(self, lab, faults, seed, say):
        self.lab, self.faults, self.random, self.say = lab, faults, random.Random(seed), say
        self.mends, self.number, self.done = [], itertools.count(), Counter()
        self.long = itertools.cycle(LONG)
        self.start = time.monotonic()
        self.busy, self.marks = set(), {}  # proxies that have a fault now: one at a time each

    def cards(self):
        while True:
            deck = DECK[:]
            self.random.shuffle(deck)
            # What lasts longer than a lease begins early: the others go on beside it.
            deck.insert(self.random.randrange(4), deck.pop(deck.index("long")))
            yield from deck

    def run(self):
        for card in itertools.islice(self.cards(), self.faults):
            self.wait(self.random.uniform(0.1, 1.7))
            self.act(next(self.long) if card == "long" else card)
        while self.mends:
            self.wait(max(0.0, self.mends[0][0] - time.monotonic()))

    def wait(self, seconds):
        """For the next fault: the pause is part of the scenario. What is due meanwhile is mended."""
        until = time.monotonic() + seconds
        while self.mends and self.mends[0][0] <= until:
            due, _, mend = heapq.heappop(self.mends)
            time.sleep(max(0.0, due - time.monotonic()))
            mend()
        time.sleep(max(0.0, until - time.monotonic()))

    def later(self, seconds, mend):
        heapq.heappush(self.mends, (time.monotonic() + seconds, next(self.number), mend))

    def act(self, card):
        long = card.startswith("long ")
        if card.endswith("assayd") and self.lab.assayd.reserved:
            card, long = "kill agent", False
        what = card.removeprefix("long ")
        number = self.victim()
        seconds = self.random.uniform(LEASE + 1, LEASE + 8) if long else self.random.uniform(0.2, 6)
        member = self.lab.assayd if what.endswith("assayd") else self.lab.agents[number]
        if long and member.stopped:
            member.go_on()
        if long and self.lab.proxies[number] in self.busy:
            self.busy.discard(self.lab.proxies[number])
            self.lab.proxies[number].heal()
        note = self.fault(what, member, self.lab.proxies[number], number, seconds)
        if long:
            member.reserved = True
            self.later(seconds + 1, lambda: setattr(member, "reserved", False))
        self.done[card] += 1
        where = "" if card.endswith("assayd") else f" a{number + 1}"
        self.say(f"{time.monotonic() - self.start:6.1f} s  {card}{where}: {note}")

    def victim(self):
        """The number of an agent, one that uses a board just now where there is one."""
        free = [number for number, agent in enumerate(self.lab.agents) if not agent.reserved]
        busy = [number for number in free if self.lab.is_busy(number)]
        chosen = self.random.random()  # once, whatever the boards do: the seed's later choices stay
        return (busy or free)[int(chosen * len(busy or free))]

    def fault(self, what, member, proxy, number, seconds):
        verb = what.split()[0]
        if verb == "kill" and what != "kill host":
            return self.kill(member)
        if what == "kill host":
            hosts = self.lab.lab.processes(f"assay-host a{number + 1}b")
            if not hosts:
                return "there is none"
            pid = self.random.choice(sorted(hosts))
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                return "it has just ended"
            return hosts[pid]
        if verb in ("stop", "sleep"):
            return self.stop(member, seconds, verb == "sleep")
        if verb == "cut":
            return f"{proxy.cut()} connections"
        if verb == "half-close":
            return f"{proxy.half_close(what.split()[1])} connections"
        if proxy in self.busy:
            return f"{proxy.cut()} connections, as it has a fault already"
        mark = (proxy, next(self.number))
        self.busy.add(proxy)
        self.marks[proxy] = mark
        ways = [what.split()[1]] if verb == "one-way" else []
        how = verb if verb != "one-way" else self.random.choice(["hold", "swallow"])
        if how == "delay":
            proxy.delay(self.random.uniform(0.01, 0.3))
        else:
            getattr(proxy, how)(*ways)

        def mend():
            if self.marks[proxy] == mark:  # no later fault
                self.busy.discard(proxy)
                proxy.heal()

        self.later(seconds, mend)
        return f"{how} for {seconds:.1f} s"

    def kill(self, member):
        if not member.runs:
            return "it is down already"
        member.kill()
        away = self.random.choice([0.0, 0.0, self.random.uniform(0.1, 3)])

        def mend():
            if not member.runs:
                member.start()

        self.later(away, mend)
        return f"away for {away:.1f} s"

    def stop(self, member, seconds, with_all):
        if not member.runs or member.stopped:
            return "it does not run"
        member.stop(with_all)
        program = member.program

        def mend():
            if member.program is program:  # not killed meanwhile
                member.go_on()

        self.later(seconds, mend)
        return f"for {seconds:.1f} s"


def chaos(faults, seed, say=print, keep=None, virtual=0):
    """(violations, figures) after so many faults. keep(folder, violations) is called before the folder goes."""
    lab = ChaosLab(virtual=virtual, seed=seed)
    try:
        lab.start()
        over = threading.Event()
        load = [Client(lab, number, seed * 100 + number, over, CHEAP) for number in range(1, 13)]
        load += [Client(lab, 12 + number, seed * 100 + 12 + number, over, {"smoke": 1}) for number in range(1, virtual + 1)]
        lab.clients_proxy.lose_answers(0.3, to=b"/SubmitRun")
        for client in load:
            client.start()
        monkey = Monkey(lab, faults, seed, say)
        monkey.run()
        calm = time.monotonic()
        over.set()
        lab.heal()
        violations, figures = [], Counter()
        for client in load:
            client.join(max(0.0, calm + BOUND - time.monotonic()))
        try:
            left = lab.await_ends(max(5.0, calm + BOUND - time.monotonic()))
        except subprocess.TimeoutExpired:
            left = ["some"]
        if left or any(client.is_alive() for client in load):
            violations.append(f"runs do not end within {BOUND} s of the last fault: {', '.join(left)}")
        last = time.monotonic() - calm
        violations += lab.end()
        said = [one for client in load for one in client.said]
        (lab.folder / "submissions.jsonl").write_text("".join(json.dumps(one) + "\n" for one in said))
        audit = Audit(lab.folder)
        violations += audit.all()
        figures = audit.figures
        figures["faults"] = sum(monkey.done.values())
        figures["answers to submissions lost"] = lab.clients_proxy.answers_lost
        figures["seconds of faults"] = round(calm - monkey.start)
        figures["seconds until the last verdict after that"] = round(last)
        for kind, count in monkey.done.items():
            figures[f"faults: {kind}"] = count
        if keep:
            keep(lab.folder, violations)
        return violations, figures
    finally:
        lab.close()


def main():
    options = argparse.ArgumentParser(prog="./dev soak chaos", description=__doc__.split("\n\n")[2])
    options.add_argument("--faults", type=int, default=200)
    options.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options.add_argument("--virtual", type=int, default=1, help="emulated boards on an agent of their own (1)")
    options.add_argument("--keep", help="copy the evidence into this folder, which must not exist")
    given = options.parse_args()
    print(f"{given.faults} faults, seed {given.seed}", flush=True)

    def keep(folder, violations):
        target = given.keep or (FAILED / f"chaos-{given.seed}" if violations else None)
        if target:
            shutil.copytree(folder, target, dirs_exist_ok=not given.keep,
                            ignore=lambda where, names: [n for n in names if not os.path.exists(os.path.join(where, n))])
            print(f"the evidence is in {target}")

    violations, figures = chaos(given.faults, given.seed, lambda line: print(line, flush=True), keep,
                                given.virtual)
    for what, count in sorted(figures.items()):
        print(f"  {count} {what}")
    for text in violations:
        print(f"VIOLATION: {text}")
    print(f"{given.faults} faults, seed {given.seed}: " + (f"{len(violations)} violations" if violations else "clean"))
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
