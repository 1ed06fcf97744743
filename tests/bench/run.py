#!/usr/bin/env python3
"""Times the real programs and prints distributions. Started by ./dev bench.

usage: run.py [NAME...]
  submit   `assay run` accepted -> the first hardware command begins (one virtual board)
  confirm  a whole ota-confirm, from submission to verdict
  calls    what build/bench/ holds: C++ benchmarks of single parts

Each line: how many, median, p90, p99, worst. The times of submit and confirm are the orchestrator's
and the agent's own stamps, read from `assay show --json`, so that starting the CLI does not count.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ASSAY = Path(os.environ.get("ASSAY_BIN", ROOT / "build/bin")) / "assay"
FIRMWARE = Path(os.environ.get("ASSAY_CACHE", ROOT / ".cache")) / "firmware"


def report(name, milliseconds, aim):
    ordered = sorted(milliseconds)

    def at(share):
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    print(f"{name:<34} {len(ordered):>4} x  median {at(0.5):9.2f} ms  p90 {at(0.9):9.2f} ms  "
          f"p99 {at(0.99):9.2f} ms  worst {ordered[-1]:9.2f} ms   aim: {aim}", flush=True)


def seconds(duration):
    """Proto JSON: "1.250s"."""
    return float(duration.removesuffix("s")) if duration else 0.0


class Lab:
    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="assay-bench-")
        self.up = subprocess.Popen([ASSAY, "up", "--state", f"{self.folder.name}/state", "--boards", "1",
                                    "--boards-profile", "virtual-zephyr", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True,
                                   start_new_session=True)
        ready = next((found for line in self.up.stdout if (found := re.match(r"ready grpc=(\S+)", line))), None)
        if not ready:
            sys.exit("bench: assay up ended before it was ready")
        os.environ["ASSAY_SERVER"] = ready[1]
        return self

    def __exit__(self, *_):
        self.up.send_signal(signal.SIGINT)
        self.up.wait(30)
        self.folder.cleanup()

    def run(self, plan, *arguments):
        """One run to its end, as `assay show --json` has it."""
        done = subprocess.run([ASSAY, "run", plan, *arguments], capture_output=True, text=True, timeout=120)
        found = re.search(r"^run (r\d+)\b", done.stdout, re.M)
        if done.returncode or not found:
            sys.exit(f"bench: assay run {plan} exited {done.returncode}:\n{done.stdout}{done.stderr}")
        shown = subprocess.run([ASSAY, "show", found[1], "--json"], capture_output=True, text=True, check=True)
        return json.loads(shown.stdout)


def submit():
    with Lab() as lab:
        times = []
        for _ in range(200):
            run = lab.run(str(ROOT / "tests/bench/first-power-on.yaml"))
            attempt = run["jobs"][0]["attempts"][0]
            began = int(attempt["startedUnixMicros"]) / 1e3 + seconds(attempt["steps"][0].get("startedAt")) * 1e3
            times.append(began - int(run["submittedUnixMicros"]) / 1e3)
    report("submit -> first hardware command", times, "median < 10, p99 < 30")


def confirm():
    with Lab() as lab:
        times = []
        for _ in range(20):
            run = lab.run("ota-confirm", "--artifact", f"base={FIRMWARE / 'base.hex'}",
                          "--artifact", f"update={FIRMWARE / 'v2.bin'}")
            times.append((int(run["endedUnixMicros"]) - int(run["submittedUnixMicros"])) / 1e3)
    report("ota-confirm, submission to verdict", times, "worst < 4000")


def calls():
    for program in sorted((ROOT / "build/bench").glob("*")):
        if program.is_file() and os.access(program, os.X_OK):
            subprocess.run([program], check=True)


BENCHES = {"submit": submit, "confirm": confirm, "calls": calls}


def main():
    names = sys.argv[1:] or list(BENCHES)
    for name in names:
        if name not in BENCHES:
            print(f"bench: no benchmark '{name}'; there are: {' '.join(BENCHES)}", file=sys.stderr)
            sys.exit(2)
    for name in names:
        BENCHES[name]()


if __name__ == "__main__":
    main()
