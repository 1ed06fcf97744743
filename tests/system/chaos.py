#!/usr/bin/env python3
"""Real processes under load, killed, stopped and cut off at random, then audited. Started by ./dev soak chaos.

usage: chaos.py [--faults N] [--seed S] [--virtual N] [--keep DIR]

N (200) faults among: kill -9 of assayd, of agents and of device hosts; SIGSTOP of assayd, of agents and of all
that an agent has started, also for longer than a lease; and connections that are cut, half-closed, held back,
swallowed and delayed, both ways or one. Clients submit runs all the while through a proxy that loses answers.
When the faults cease, every accepted run must end within 150 s; then audit.py looks at what is left. The seed
decides which faults come when; what the processes do meanwhile, and which agent is busy, it cannot. Exit status
0 when the audit found nothing.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter

from audit import Audit
from chaos_clients import CHEAP, EMULATED, Client
from chaos_lab import ChaosLab
from lab import FAILED
from monkey import Monkey

BOUND = 150  # seconds from the last fault to the last verdict: a lease, an agent's return, three attempts each
CLIENTS = 12  # for six cheap boards: some run always waits


def chaos(faults, seed, say=print, keep=None, virtual=0):
    """(violations, figures) after so many faults. keep(folder, violations) is called before the folder goes."""
    lab = ChaosLab(virtual=virtual, seed=seed)
    try:
        lab.start()
        over = threading.Event()
        load = [Client(lab, number, seed * 100 + number, over, CHEAP if number <= CLIENTS else EMULATED)
                for number in range(1, CLIENTS + virtual + 1)]
        lab.clients_proxy.lose_answers(0.2, to=b"/SubmitRun")
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
    except BaseException:
        lab.close(keep_as=f"chaos-{seed}")
        raise
    lab.close()
    return violations, figures


def not_files(folder, names):
    """Sockets and pipes, for copytree."""
    paths = {name: os.path.join(folder, name) for name in names}
    return [name for name, path in paths.items() if not os.path.isfile(path) and not os.path.isdir(path)]


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
            shutil.copytree(folder, target, dirs_exist_ok=not given.keep, ignore=not_files)
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
