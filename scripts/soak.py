#!/usr/bin/env python3
"""Many runs on many boards at once, not one false failure allowed. Started by ./dev soak.

usage: soak.py [RUNS [BOARDS]]

RUNS (200) times ota-revert with a good image over BOARDS (20) virtual boards: each must pass.
Every run that did not is printed with its sentence, and its logs are kept in build/failed/soak/. Exit status 0 when all passed, else 1.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASSAY = Path(os.environ.get("ASSAY_BIN", ROOT / "build/bin")) / "assay"
FIRMWARE = Path(os.environ.get("ASSAY_CACHE", ROOT / ".cache")) / "firmware"
FAILED = ROOT / "build/failed/soak"

JOBS_A_RUN = 10


def submit(jobs):
    """One detached run that repeats the plan: one job each."""
    done = subprocess.run([ASSAY, "run", "ota-revert", "--artifact", f"base={FIRMWARE / 'base.hex'}",
                           "--artifact", f"update={FIRMWARE / 'v2.bin'}", "--repeat", str(jobs), "--detach"],
                          capture_output=True, text=True, timeout=60)
    found = re.search(r"^run (r\d+)\b", done.stdout, re.M)
    if done.returncode or not found:
        sys.exit(f"soak: assay run exited {done.returncode}: {done.stderr or done.stdout}")
    return found[1]


def keep_logs(jobs):
    """Of every attempt that did not pass: what the boards said, and the events."""
    for job in jobs:
        for attempt in job.get("attempts", []):
            if attempt.get("verdict") == "VERDICT_PASSED":
                continue
            FAILED.mkdir(parents=True, exist_ok=True)
            for name, option in (("log", []), ("events", ["--events"])):
                with (FAILED / f"{attempt['id']}.{name}").open("w") as out:
                    subprocess.run([ASSAY, "log", attempt["id"], *option], stdout=out, timeout=60)


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    boards = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory(prefix="assay-soak-") as folder:
        lab = subprocess.Popen([ASSAY, "up", "--state", f"{folder}/state", "--boards", str(boards),
                                "--boards-profile", "virtual-zephyr", "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0"],
                               stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            ready = next((found for line in lab.stdout if (found := re.match(r"ready grpc=(\S+)", line))), None)
            if not ready:
                sys.exit("soak: assay up ended before it was ready")
            os.environ["ASSAY_SERVER"] = ready[1]
            print(f"{runs} runs of ota-revert over {boards} boards", flush=True)
            began = time.monotonic()
            ids = [submit(min(JOBS_A_RUN, runs - first)) for first in range(0, runs, JOBS_A_RUN)]
            jobs = []
            for run in ids:  # watch ends when the run has ended
                subprocess.run([ASSAY, "watch", run], stdout=subprocess.DEVNULL)
                shown = subprocess.run([ASSAY, "show", run, "--json"], capture_output=True, text=True, check=True,
                                       timeout=60)
                mine = json.loads(shown.stdout).get("jobs", [])
                keep_logs(mine)
                jobs += mine
            took = time.monotonic() - began
        finally:
            lab.send_signal(signal.SIGINT)
            lab.wait(60)
    verdicts = Counter(job.get("verdict", "VERDICT_UNSPECIFIED") for job in jobs)
    for job in jobs:
        if job.get("verdict") != "VERDICT_PASSED":
            print(f"  {job['id']}: {job.get('verdict')}: {job.get('sentence')}")
    attempts = sum(len(job.get("attempts", [])) for job in jobs)
    print(f"{len(jobs)} jobs, {attempts} attempts in {took:.0f} s ({len(jobs) / took:.1f} a second): "
          + ", ".join(f"{count} {name.removeprefix('VERDICT_').lower()}" for name, count in verdicts.items()))
    sys.exit(0 if len(jobs) == runs and verdicts == {"VERDICT_PASSED": runs} else 1)


if __name__ == "__main__":
    main()
