"""An assayd and several agents as real processes, a proxy before each link, and boards that keep diaries."""

import json
import os
import random
import shutil
import signal
import socket
from pathlib import Path

from chaos_boards import Boards
from lab import PASSED, READY, ROOT, Lab
from proxy import Proxy

PROFILE = """profile: chaos-board
about: A relay, a flash and a console.
abilities: [power, flash, console]
power-off-time: 10ms
deadline-factor: 1
"""

STEPS = """
  - flash: image
    on: {role}
  - power: on
    on: {role}
  - expect: {{ seen: "^result good ${{token}}$", within: {within} }}
    on: {role}
  - power: off
    on: {role}"""


def plan(name, roles, within, times=2):
    """Each role's board is flashed, switched on and must say that all is good; twice."""
    return (f"plan: {name}\nroles: {{ " + ", ".join(f"{role}: {{ needs: [power, flash, console] }}" for role in roles)
            + " }\nparams: { token: { type: string } }\nartifacts: { image: { about: what the board says } }\nsteps:"
            + "".join(STEPS.format(role=role, within=within) for role in roles) * times
            + "\nfinally:" + "".join(f"\n  - power: off\n    on: {role}" for role in roles) + "\n")


# What clients ask for. What it deserves is known to audit.py.
PLANS = {"good": plan("good", ["dut"], "3s"), "bad": plan("bad", ["dut"], "400ms"),
         "gang": plan("gang", ["left", "right"], "3s", 1)}


class Member:
    """assayd, or one of the agents: a process that can be killed, stopped and started again."""

    def __init__(self, lab, *command):
        self.lab, self.command = lab, command
        self.program = None
        self.fallen = []  # the programs that ended without having been told to
        self.stopped = False
        self.reserved = False  # by a long fault: no other is to cut it short

    def start(self):
        self.program = self.lab.program(*self.command)
        self.killed = False

    @property
    def runs(self):
        return self.program.process.poll() is None

    def look(self):
        """Starts it again where it has ended by itself, which is remembered."""
        if not self.runs and not self.killed:
            self.fallen.append(self.program)
            self.start()

    def kill(self):
        self.killed = True
        self.program.kill()
        self.go_on()  # what it started

    def stop(self, with_all=False):
        """Stops it; with all that it started, as if its computer slept."""
        self._sleeping = [self.program.pid, *(descendants(self.program.pid) if with_all else [])]
        self.stopped = True
        self._signal(signal.SIGSTOP)

    def go_on(self):
        if self.stopped:
            self._signal(signal.SIGCONT)
        self.stopped = False

    def _signal(self, number):
        for pid in self._sleeping:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass  # killed meanwhile

    def end(self, within=20):
        """In order; its exit status."""
        self.program.process.send_signal(signal.SIGTERM)
        return self.program.process.wait(within)


def descendants(pid):
    """The processes that it started, and theirs."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in map(int, task.read_text().split()):
                found += [child, *descendants(child)]
        except OSError:
            pass  # it has just ended
    return found


def free_port(seed):
    """One that no outgoing connection takes while assayd is down."""
    ports = random.Random(seed)
    while True:
        port = ports.randrange(20000, 32000)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue


class ChaosLab:
    """Everything lies in `folder`: state/ (assayd's), agents/, boards/ (diaries), submissions.jsonl."""

    def __init__(self, agents=3, boards=2, virtual=0, seed=0):
        """So many agents with so many boards each; `virtual` emulated ones hang on one more agent."""
        self.lab = Lab(boards=0)
        self.folder, self.evidence = self.lab.folder, self.lab.folder / "boards"
        share = self.folder / "share"
        for name in ("board-profiles", "test-plans"):
            shutil.copytree(ROOT / name, share / name)
        (share / "board-profiles/chaos-board.yaml").write_text(PROFILE)
        self.lab.environment["ASSAY_SHARE"] = str(share)
        self.plans = {}
        for kind, text in PLANS.items():
            self.plans[kind] = self.folder / f"{kind}.yaml"
            self.plans[kind].write_text(text)

        port = free_port(None)
        self.direct = f"127.0.0.1:{port}"
        self.lab.environment["ASSAY_SERVER"] = self.direct
        self.assayd = Member(self.lab, "assayd", "--state", self.folder / "state", "--listen", self.direct,
                             "--web", "off")
        self.clients_proxy = Proxy(port, seed)
        self.boards = Boards(self.evidence, [f"a{a}b{b}" for a in range(1, agents + 1) for b in range(1, boards + 1)])
        self.agents, self.proxies = [], []
        for number in range(1, agents + 1):
            self._agent(port, number, [{"id": name, "profile": "chaos-board", "devices": self.boards.devices(name)}
                                       for name in (f"a{number}b{board}" for board in range(1, boards + 1))])
        if virtual:
            number = agents + 1
            self._agent(port, number, [{"id": f"a{number}b{board}", "profile": "virtual-zephyr",
                                        "devices": {"machine": {"driver": "virtual-zephyr"}}}
                                       for board in range(1, virtual + 1)])

    def _agent(self, port, number, boards):
        name = f"a{number}"
        file = self.folder / f"{name}.yaml"
        file.write_text(json.dumps({"lab": name, "boards": boards}))  # JSON is YAML
        self.proxies.append(Proxy(port))
        self.agents.append(Member(self.lab, "assay-agent", "--server", self.proxies[-1].address, "--lab", file,
                                  "--state", self.folder / f"agents/{name}"))

    def start(self):
        self.assayd.start()
        self.assayd.program.expect(READY)
        for agent in self.agents:
            agent.start()
        for agent in self.agents:
            agent.program.expect("^ready boards=")
        return self

    def is_busy(self, number):
        """Has a board of this agent power just now? (The emulated ones do not tell.)"""
        return any(board.power for name, board in self.boards.all.items() if name.startswith(f"a{number + 1}b"))

    def heal(self):
        """No fault is left: all run, all are connected."""
        for proxy in (*self.proxies, self.clients_proxy):
            proxy.lose_answers(0, b"")
            proxy.heal()
        for member in (self.assayd, *self.agents):
            member.go_on()
            member.look()
            if not member.runs:
                member.start()
        self.assayd.program.expect(READY)
        for agent in self.agents:
            agent.program.expect("^ready boards=", within=60)  # a lease, where the one before it was cut off

    def await_ends(self, within):
        """Every run that is known to assayd has ended, or it is said which have not."""
        runs = [run["id"] for run in self.lab.json("runs", "--limit", 1000).get("runs", [])
                if run["state"] != "RUN_STATE_ENDED"]
        if runs:
            self.lab.cli("watch", *runs, timeout=within)
        return [run["id"] for run in self.lab.json("runs", "--limit", 1000).get("runs", [])
                if run["state"] != "RUN_STATE_ENDED"]

    def end(self):
        """Ends all in order; what did not go well, in words."""
        said = [f"agent a{number} ended with {status}: {agent.program.lines[-3:]}" for number, agent in enumerate(self.agents, 1)
                if (status := agent.end()) != PASSED]
        if (status := self.assayd.end()) != PASSED:
            said.append(f"assayd ended with {status}: {self.assayd.program.lines[-3:]}")
        said += [f"{program.command[0]} ended with {program.process.returncode}: {program.lines[-3:]}"
                 for member in (self.assayd, *self.agents) for program in member.fallen]
        said += [f"process {pid} is left over: {line}" for pid, line in self.lab.processes().items()]
        return said

    def close(self, keep_as=None):
        try:
            self.lab.kill_all()
            for proxy in (*self.proxies, self.clients_proxy):
                proxy.close()
            self.boards.close()
        finally:
            self.lab.clean_up(keep_as)
