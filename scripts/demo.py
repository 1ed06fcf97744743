#!/usr/bin/env python3
"""The demo: four real over-the-air updates at once on four virtual boards. Started by ./dev demo.

Exit status 0: three passed and the fourth was found out, as it must be. 1: anything else.
130: Ctrl-C.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASSAY = Path(os.environ.get("ASSAY_BIN", ROOT / "build/bin")) / "assay"
FIRMWARE = Path(os.environ.get("ASSAY_CACHE", ROOT / ".cache")) / "firmware"
REPORTS = ROOT / "build/demo"
READY_WITHIN_S = 30
RUNS_WITHIN_S = 180

COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def say(text=""):
    print(text, flush=True)


def head(text):
    say(f"{paint('1', '==>')} {text}")


@dataclass
class Case:
    name: str
    plan: str
    update: str
    about: str
    must_pass: bool = True
    fails_at: str = ""  # the step's text has this
    process: subprocess.Popen = None
    lines: list = field(default_factory=list)
    run: str = ""
    told: threading.Event = field(default_factory=threading.Event)  # its run has an id, or it ended

    def command(self):
        return [str(ASSAY), "run", self.plan, "--artifact", f"base={FIRMWARE / 'base.hex'}",
                "--artifact", f"update={FIRMWARE / self.update}"]

    def as_it_must(self):
        return self.process.returncode == (0 if self.must_pass else 1)


CASES = [
    Case("confirm", "ota-confirm", "v2.bin", "v2 arrives, boots, is confirmed and stays"),
    Case("revert", "ota-revert", "v2.bin", "v2 never confirms: v1 comes back and stays"),
    Case("corrupt", "ota-corrupt", "v2.bin", "one bit flipped: refused, then a good v2 is taken"),
    Case("hangs", "ota-confirm", "v2-hang.bin", "a v2 that hangs at start: this one must fail",
         must_pass=False, fails_at="app.ready"),
]


class Demo:
    def __init__(self, stay):
        self.stay = stay
        self.folder = Path(tempfile.mkdtemp(prefix="assay-demo-"))
        self.log = self.folder / "lab.log"
        self.lab = None
        self.server = self.web = ""

    # The lab.

    def start_lab(self):
        head("A lab of four boards: QEMU with real MCUboot and Zephyr, one process each")
        grpc = "127.0.0.1:7420" if self.stay and free(7420) else "127.0.0.1:0"
        web = "127.0.0.1:7480" if self.stay and free(7480) else "127.0.0.1:0"
        # A session of its own: Ctrl-C comes to us, and we end it in order.
        self.lab = subprocess.Popen(
            [ASSAY, "up", "--state", self.folder / "state", "--boards", "4", "--boards-profile", "virtual-zephyr",
             "--listen", grpc, "--web", web],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log.open("a"), text=True,
            errors="replace", start_new_session=True)
        ready = threading.Event()

        def read():
            with self.log.open("a") as log:
                for line in self.lab.stdout:
                    log.write(line)
                    log.flush()
                    found = re.match(r"ready grpc=(\S+)(?: web=(\S+))?", line)
                    if found:
                        self.server, self.web = found[1], found[2] or ""
                        ready.set()
            ready.set()

        threading.Thread(target=read, daemon=True).start()
        ready.wait(READY_WITHIN_S)
        if not self.server:
            say(self.log.read_text()[-2000:])
            raise SystemExit(f"demo: the lab was not ready within {READY_WITHIN_S} s; its words are above")
        os.environ["ASSAY_SERVER"] = self.server

    def end_lab(self):
        for case in CASES:
            if case.process and case.process.poll() is None:
                case.process.send_signal(signal.SIGINT)
                case.process.wait(10)
        if self.lab and self.lab.poll() is None:
            self.lab.send_signal(signal.SIGINT)
            try:
                self.lab.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.lab.pid, signal.SIGKILL)

    # The runs.

    def start_runs(self):
        head("Four updates at once, over SMP on each board's serial line")
        for case in CASES:
            say(f"    {case.name:<8} {case.about}")
        say()
        for case in CASES:
            case.process = subprocess.Popen(case.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT, text=True, errors="replace",
                                            start_new_session=True)
            case.reader = threading.Thread(target=self.read_run, args=(case,), daemon=True)
            case.reader.start()

    def read_run(self, case):
        for line in case.process.stdout:
            case.lines.append(line.rstrip("\n"))
            if not case.run and (found := re.match(r"run (r\d+)\b", line)):
                case.run = found[1]
                case.told.set()
            if not COLOUR:
                say(f"    {case.name:<8} {line.rstrip()}")
        case.told.set()

    def watch_runs(self):
        end = time.monotonic() + RUNS_WITHIN_S
        if COLOUR:
            for case in CASES:
                case.told.wait(10)
            ids = [case.run for case in CASES if case.run]
            if ids:
                subprocess.run([ASSAY, "watch", *ids], timeout=RUNS_WITHIN_S)
        for case in CASES:
            case.process.wait(max(1.0, end - time.monotonic()))
            case.reader.join(5)

    def show(self, case):
        if not case.run:
            return {}
        done = subprocess.run([ASSAY, "show", case.run, "--json"], capture_output=True, text=True, timeout=30)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    # What came of it.

    def table(self, runs):
        say()
        head("Verdicts")
        for case in CASES:
            run = runs[case.name]
            verdict = run.get("verdict", "VERDICT_UNSPECIFIED").removeprefix("VERDICT_").lower().replace("_", "-")
            colour = {"passed": "32", "failed": "31"}.get(verdict, "33")
            seconds = (int(run.get("endedUnixMicros", 0)) - int(run.get("startedUnixMicros", 0))) / 1e6
            attempt = last_attempt(run)
            boards = " ".join(attempt.get("boards", {}).values())
            as_must = "as it must" if case.as_it_must() else paint("31", "NOT as it must")
            say(f"    {case.run or '-':<4} {case.plan:<12} {case.update:<12} {paint(colour, f'{verdict:<10}')}"
                f"{seconds:5.1f} s  {boards:<12} {as_must}")

    def reason(self, case, run):
        step = failed_step(run)
        say()
        head(f"Why {case.run} ({case.plan} with {case.update}) failed")
        say(f"    {paint('1', run.get('sentence', '') or step.get('sentence', ''))}")
        if step:
            say(f"    step: {step.get('text', '')}  {paint('2', step.get('place', ''))}")
        for line in step.get("console", [])[-12:]:
            say(f"    {paint('2', '|')} {line}")

    def write_reports(self):
        """One file a run, to be mailed or archived; False when one could not be made."""
        say()
        head("Reports: one file each, with all evidence; they open without a server")
        REPORTS.mkdir(parents=True, exist_ok=True)
        good = True
        for case in CASES:
            if not case.run:
                continue
            file = REPORTS / f"{case.name}.html"
            done = subprocess.run([ASSAY, "report", case.run, "--html", file], capture_output=True, text=True,
                                  timeout=60)
            size = f"{file.stat().st_size / 1024:.0f} KiB" if done.returncode == 0 else paint("31", "NOT written")
            say(f"    {str(shown(file)):<28} {case.run:<4} {case.plan:<12} {size}")
            if done.returncode != 0:
                good = False
                say(f"    {done.stderr.strip()}")
        return good

    def what_next(self):
        say()
        head("Next")
        if not self.stay:
            say("    ./dev demo --stay                 keeps this lab and its pages (http://127.0.0.1:7480/) running;")
            say("                                      then, in another terminal:")
        elif self.server != "127.0.0.1:7420":
            say(f"    export ASSAY_SERVER={self.server}")
        say("  your own image (a signed MCUboot image for this board):")
        say(f"    build/bin/assay run ota-confirm --artifact base={shown(FIRMWARE)}/base.hex --artifact update=YOUR.bin")
        say("  your own board (its power switch, flasher and serial port in a lab file):")
        say("    build/bin/assay up --lab lab.yaml            # docs/LAB-FILE.md")
        say("  your CI (exit status 0 passed, 1 the product failed, 3 the lab failed):")
        say("    build/bin/assay run ota-revert --rev \"$GIT_SHA\" --artifact base=... --artifact update=... ; "
            "build/bin/assay report RUN --junit assay.xml")

    def run(self):
        self.start_lab()
        self.start_runs()
        self.watch_runs()
        runs = {case.name: self.show(case) for case in CASES}
        self.table(runs)
        good = all(case.as_it_must() for case in CASES)
        for case in CASES:
            if not case.must_pass:
                self.reason(case, runs[case.name])
                good = good and case.fails_at in failed_step(runs[case.name]).get("text", "")
        for case in CASES:
            if not case.as_it_must():
                say()
                head(f"{case.plan} with {case.update} ended with {case.process.returncode}; its words:")
                for line in case.lines[-15:]:
                    say(f"    {line}")
        good = self.write_reports() and good
        if good:
            self.what_next()
        if self.stay:
            red = next((case.run for case in CASES if not case.must_pass), "")
            say()
            head(f"The lab stays up at {self.server}; Ctrl-C ends it")
            say(f"    its pages: {self.web}/    the red run: {self.web}/runs/{red}")
            try:
                self.lab.wait()
            except KeyboardInterrupt:
                say()
        return good


def free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def shown(path):
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def last_attempt(run):
    attempts = [attempt for job in run.get("jobs", []) for attempt in job.get("attempts", [])]
    return attempts[-1] if attempts else {}


def failed_step(run):
    steps = last_attempt(run).get("steps", [])
    return next((step for step in steps if step.get("state") == "STEP_STATE_FAILED"), {})


def interrupted(_signal, _frame):
    raise KeyboardInterrupt


def main():
    stay = sys.argv[1:] == ["--stay"]
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)
    demo = Demo(stay)
    good = False
    status = 1
    try:
        good = demo.run()
        status = 0 if good else 1
    except KeyboardInterrupt:
        say()
        status = 130
    except subprocess.TimeoutExpired as late:
        say(f"demo: {' '.join(str(word) for word in late.cmd)} did not end within {late.timeout:.0f} s")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave boards behind
        demo.end_lab()
        if good or status == 130:
            shutil.rmtree(demo.folder, ignore_errors=True)
        else:
            say(f"demo: kept for a look: {demo.folder}")
    sys.exit(status)


if __name__ == "__main__":
    main()
