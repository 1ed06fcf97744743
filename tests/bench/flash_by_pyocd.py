"""What Assay adds to pyOCD: the same flashing, as a step of a run and as pyOCD's own processes.

Every program is copied beside a `pyocd` that notes its own times and runs the real one, so that both
figures are of the same calls.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NOTE = """#!/bin/sh
begin=$(date +%s%N)
"{pyocd}" "$@"
status=$?
echo "$begin $(date +%s%N) $*" >> "{log}"
exit $status
"""
PLAN = """plan: flash-often
roles: {{ dut: {{ needs: [power, flash] }} }}
artifacts: {{ base: {{ about: the whole chip }} }}
steps:
  - repeat: {{ times: {times}, steps: [ flash: {{ image: base, again: true }} ] }}
"""


def flash_by_pyocd(bin_folder, firmware, times=8):
    """[(the step, the pyOCD processes within it)], in seconds."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as name:
        folder = Path(name)
        programs = folder / "build" / "bin"
        programs.mkdir(parents=True)
        for program in bin_folder.iterdir():
            if program.is_file() and not program.is_symlink():
                shutil.copy2(program, programs / program.name)
        for share in ("test-plans", "board-profiles"):
            shutil.copytree(bin_folder.parent.parent / share, folder / share)
        log = folder / "calls"
        wrapper = programs / "pyocd"
        wrapper.write_text(NOTE.format(pyocd=(bin_folder / "pyocd").resolve(), log=log))
        wrapper.chmod(0o755)
        plan = folder / "plan.yaml"
        plan.write_text(PLAN.format(times=times))
        up = subprocess.Popen([programs / "assay", "up", "--state", folder / "state", "--boards", "1", "--boards-profile",
                               "virtual-zephyr-usb", "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0"],
                              stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            ready = next((line for line in up.stdout if line.startswith("ready ")), None)
            if not ready:
                sys.exit("bench: assay up ended before it was ready")
            environment = {**os.environ, "ASSAY_SERVER": ready.split("grpc=")[1].split()[0]}
            def assay(*words):
                return subprocess.run([programs / "assay", *words], env=environment, capture_output=True, text=True, timeout=600)
            done = assay("run", plan, "--artifact", f"base={firmware / 'base.hex'}")
            if done.returncode:
                sys.exit(f"bench: flashing ended with {done.returncode}:\n{done.stdout}{done.stderr}")
            run = done.stdout.split()[1]
            events = [json.loads(line) for line in assay("log", run, "--events", "--json").stdout.splitlines()]
        finally:
            up.send_signal(signal.SIGINT)
            up.wait(30)
        start = int(events[0]["attemptStarted"]["unixMicros"]) / 1e6
        calls = [[int(word) / 1e9 for word in line.split()[:2]] for line in log.read_text().splitlines()]

        def at(event):
            return start + float(event.get("at", "0s").removesuffix("s"))

        begins = [at(event) for event in events if "stepStarted" in event]
        ends = [at(event) for event in events if "stepEnded" in event]
        steps = [(begin, end) for begin, end in zip(begins, ends, strict=False) if end - begin > 0.5]
        return [(end - begin, sum(last - first for first, last in calls if begin <= first and last <= end))
                for begin, end in steps[1:]]  # the first asks for the version, too


if __name__ == "__main__":
    root = Path(__file__).resolve().parents[2]
    began = time.monotonic()
    print(flash_by_pyocd(root / "build/bin", Path(os.environ.get("ASSAY_CACHE", root / ".cache")) / "firmware"),
          f"{time.monotonic() - began:.0f} s")
