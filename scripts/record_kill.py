#!/usr/bin/env python3
"""Records what happens, second by second, when an agent is killed in mid-flash.

usage: record_kill.py > docs/AGENT-KILLED.md

Two labs with one virtual board each; a run flashes the first one's board when its agent gets kill -9. Every line
of the page is what a program printed, with the time since the kill.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(os.environ.get("ASSAY_BIN", ROOT / "build/bin"))
FIRMWARE = Path(os.environ.get("ASSAY_CACHE", ROOT / ".cache")) / "firmware"

# Long enough for the kill to fall somewhere in there.
PLAN = """plan: flash-long
about: The chip is written again and again.
roles: { dut: { needs: [power, flash, console] } }
artifacts: { base: { about: whole chip } }
steps:
  - repeat: { times: 400, steps: [ flash: { image: base, again: true } ] }
  - power: on
  - expect: { seen: app.ready, within: 10s }
finally:
  - power: off
"""


class Recorder:
    def __init__(self):
        self.zero = None
        self.lines = []
        self.news = threading.Condition()

    def say(self, who, text):
        with self.news:
            self.lines.append((time.monotonic(), who, text))
            self.news.notify_all()

    def follow(self, who, process, pattern=""):
        def read():
            for line in process.stdout:
                line = re.sub(r"^\[[^]]*\] \[(\w+)\] ", r"\1: ", line.rstrip("\n"))
                if line and re.search(pattern, line):
                    self.say(who, line)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def wait(self, pattern, within):
        def found():
            return any(re.search(pattern, text) for _, _, text in self.lines)

        with self.news:
            if not self.news.wait_for(found, within):
                sys.exit(f"record_kill: no line {pattern!r} within {within} s:\n" +
                         "\n".join(text for _, _, text in self.lines))


def start(*command, **options):
    return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            **options)


def story(folder, restart):
    recorder = Recorder()
    started = []
    assayd = start(BIN / "assayd", "--state", f"{folder}/state", "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0")
    started.append(assayd)
    ready = next(found for line in assayd.stdout if (found := re.search(r"grpc=(\S+)", line)))[1]
    recorder.follow("assayd", assayd)
    os.environ["ASSAY_SERVER"] = ready

    def agent(name):
        lab = Path(folder) / f"{name}.yaml"
        lab.write_text(f"lab: {name}\nboards:\n  - id: {name}-board\n    profile: virtual-zephyr\n"
                       "    devices: { all: { driver: virtual-zephyr } }\n")
        process = start(BIN / "assay-agent", "--server", ready, "--lab", lab, "--state", f"{folder}/{name}")
        started.append(process)
        if not any(line.startswith("ready") for line in iter(process.stdout.readline, "")):
            sys.exit(f"record_kill: agent {name} ended before it was ready")
        recorder.follow(f"agent {name}", process)
        return process

    try:
        victim = agent("lab-a")
        plan = Path(folder) / "flash-long.yaml"
        plan.write_text(PLAN)
        done = subprocess.run([BIN / "assay", "run", plan, "--artifact", f"base={FIRMWARE / 'base.hex'}", "--detach"],
                              check=True, capture_output=True, text=True)
        run = re.search(r"\br\d+\b", done.stdout)[0]
        log = start(BIN / "assay", "log", run, "--follow", "--events")
        started.append(log)
        # Some of its many flashes are over: the kill falls into one.
        flashes = Recorder()
        flashes.follow("log", log, "(?i)flash")
        with flashes.news:
            if not flashes.news.wait_for(lambda: len(flashes.lines) > 10, 30):
                sys.exit("record_kill: nothing is flashed")
        agent("lab-b")
        watch = start(BIN / "assay", "watch", run)
        started.append(watch)
        watching = recorder.follow("assay watch", watch)
        recorder.wait("r1", 10)
        time.sleep(0.5)
        recorder.zero = time.monotonic()
        os.kill(victim.pid, signal.SIGKILL)
        recorder.say("(kill)", "kill -9 of agent lab-a")
        if restart:
            agent("lab-a")
        end = time.monotonic() + 120
        why = ""
        while watch.poll() is None and time.monotonic() < end:
            said = subprocess.run([BIN / "assay", "why", run], capture_output=True, text=True).stdout.strip()
            if said != why and said:
                recorder.say("assay why", said)
            why = said
            time.sleep(1)  # second by second
        watching.join(10)
        boards = subprocess.run([BIN / "assay", "boards"], capture_output=True, text=True).stdout
        for line in boards.splitlines():
            recorder.say("assay boards", line)
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(30)
    return [(at - recorder.zero, who, text) for at, who, text in recorder.lines if at - recorder.zero > -0.3]


def main():
    print("# An agent is killed in mid-flash\n\nMade by `scripts/record_kill.py`: two labs with a virtual board each, "
          "a run that flashes the first one's board, and `kill -9`. Times are seconds since the kill; the lines are "
          "what the programs printed.\n")
    for title, restart in (("It does not come back", False), ("It is started again at once", True)):
        print(f"## {title}\n```")
        with tempfile.TemporaryDirectory(prefix="assay-record-") as folder:
            flashed = 0
            for at, who, text in story(folder, restart):
                if "✓ flash" in text:  # hundreds of them
                    flashed += 1
                    continue
                if flashed:
                    print(f"{'':10}… {flashed} times: flash base, done")
                    flashed = 0
                print(f"{at:8.3f}  {who:<14} {text}".replace(folder, "/tmp/lab"))
        print("```\n", flush=True)


if __name__ == "__main__":
    main()
