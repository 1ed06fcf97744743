#!/usr/bin/env python3
"""Times the real programs and prints distributions. Started by ./dev bench.

usage: run.py [NAME...]
  submit    run accepted by assayd -> the first power-on begins, and is done (one virtual board)
  confirm   a whole ota-confirm, from submission to verdict
  queued    the same with 1,000 other jobs that wait
  dispatch  1,000 simulated agents, 10,000 boards, 100,000 queued jobs, SQLite on disk: what one dispatcher bears
  renewals  100 real agents on loopback: the share of a core that assayd takes
  calls     what build/bench/ holds: C++ benchmarks of single parts
  flash     flashing by pyOCD as a step of a run, against the pyOCD processes within it (emulated probe)
  disk      writing a disk image of 1 GiB, beside dd with the same sync; 4 GiB compressed, in how much memory
  pixels    a line at the board -> the frame that shows it, in Chromium
  readers   200 live readers of one run: the share of a core that assayd takes
  fill      a state folder of 100,000 runs and 10 million events, in build/bench-state (kept; `pages` wants it)
  pages     what assayd answers over HTTP on that folder, each address; its memory before and after
  rebuild   ninja after a change of one .cpp, for each program's folder in turn
  clean     a whole build in an empty folder without ccache, and what dominates it (only when named)

Each line: how many, median, p90, p95, p99, worst. The times of submit and confirm are the orchestrator's
and the agent's own stamps (one machine, one clock), so that starting the CLI does not count.
"""

import http.client
import json
import lzma
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ASSAY = Path(os.environ.get("ASSAY_BIN", ROOT / "build/bin")) / "assay"
FIRMWARE = Path(os.environ.get("ASSAY_CACHE", ROOT / ".cache")) / "firmware"


def report(name, milliseconds, aim):
    ordered = sorted(milliseconds)

    def at(share):
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    print(f"{name:<34} {len(ordered):>4} x  median {at(0.5):9.2f} ms  p90 {at(0.9):9.2f} ms  p95 {at(0.95):9.2f} ms  "
          f"p99 {at(0.99):9.2f} ms  worst {ordered[-1]:9.2f} ms   aim: {aim}", flush=True)


def milliseconds(duration):
    """Proto JSON: "1.250s"."""
    return 1e3 * float(duration.removesuffix("s")) if duration else 0.0


class Lab:
    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="assay-bench-")
        self.up = subprocess.Popen([ASSAY, "up", "--state", f"{self.folder.name}/state", "--boards", "1",
                                    "--boards-profile", "virtual-zephyr", "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0"],
                                   stdout=subprocess.PIPE, text=True, start_new_session=True)
        ready = next((found for line in self.up.stdout if (found := re.match(r"ready grpc=(\S+)", line))), None)
        if not ready:
            sys.exit("bench: assay up ended before it was ready")
        os.environ["ASSAY_SERVER"] = ready[1]
        return self

    def __exit__(self, *_):
        self.up.send_signal(signal.SIGINT)
        self.up.wait(30)
        self.folder.cleanup()

    def wait_in_queue(self, jobs):
        plan = str(ROOT / "tests/bench/first-power-on.yaml")
        subprocess.run([ASSAY, "run", plan, "--profile", "desk-generic", "--repeat", str(jobs), "--detach"],
                       check=True, stdout=subprocess.DEVNULL, timeout=120)

    def run(self, plan, *arguments):
        """One run to its end, as `assay show --json` has it."""
        done = subprocess.run([ASSAY, "run", plan, *arguments], capture_output=True, text=True, timeout=120)
        found = re.search(r"^run (r\d+)\b", done.stdout, re.M)
        if done.returncode or not found:
            sys.exit(f"bench: assay run {plan} exited {done.returncode}:\n{done.stdout}{done.stderr}")
        shown = subprocess.run([ASSAY, "show", found[1], "--json"], capture_output=True, text=True, check=True)
        return json.loads(shown.stdout)

    def events(self, run):
        done = subprocess.run([ASSAY, "log", run["id"], "--events", "--json"], capture_output=True, text=True,
                              check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]


def submit(queued=0, times=200):
    begun, done = [], []
    with Lab() as lab:
        if queued:
            # They wait for boards of another type, behind which nobody stands.
            lab.wait_in_queue(queued)
        for _ in range(times):
            run = lab.run(str(ROOT / "tests/bench/first-power-on.yaml"))
            events = lab.events(run)
            # `at` counts from the attempt's start, whose time of day the first event tells.
            start = int(events[0]["attemptStarted"]["unixMicros"]) / 1e3 - int(run["submittedUnixMicros"]) / 1e3
            at = [start + milliseconds(event["at"]) for event in events if "stepStarted" in event or "power" in event]
            begun.append(at[0])
            done.append(at[1])
    what = f"with {queued} queued" if queued else "first power-on begins"
    report(f"submit -> {what}", begun, "median < 10, p99 < 30")
    if queued:
        return
    report("submit -> first power-on is done", done, "what QEMU's start adds")


def queued():
    submit(queued=1000)


def dispatch():
    # Not in a temporary folder, which may be memory.
    folder = ROOT / "build/bench-dispatch"
    aims = {"p99": "< 50", "on disk": "> 2000", "memory": "< 500", "renewals": "", "start": "< 1000"}
    done = subprocess.Popen([ASSAY.parent.parent / "tests/bench_dispatch", folder], stdout=subprocess.PIPE, text=True)
    medians = []
    for line in done.stdout:
        name, value, unit = line.strip().split("|")
        aim = next((aim for word, aim in aims.items() if word in name), "")
        print(f"{name:<40} {float(value):12.4g} {unit:<10} {'aim: ' + aim if aim else ''}", flush=True)
        if "median" in name:
            medians.append((int(re.search(r"(\d+) queued", name)[1]), float(value)))
    shutil.rmtree(folder, ignore_errors=True)
    if done.wait():
        sys.exit(f"bench: bench_dispatch exited {done.returncode}")
    # The plot: a bar for each, scaled to the dearest.
    most = max(value for _, value in medians)
    for jobs, value in medians:
        print(f"  {jobs:>7} queued  {'#' * max(1, round(50 * value / most)):<50} {1e3 * value:.1f} us")
    print(f"  100 times as many cost {medians[-1][1] / medians[0][1]:.2f} times as much   aim: < 3 (log n would be 2)",
          flush=True)


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def renewals(agents=100, seconds=60):
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        assayd = subprocess.Popen([ASSAY.parent / "assayd", "--state", f"{folder}/state", "--listen", "127.0.0.1:0",
                                   "--web", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        started = [assayd]
        try:
            ready = next(found for line in assayd.stdout if (found := re.search(r"grpc=(\S+)", line)))[1]
            for number in range(agents):
                lab = Path(folder) / f"lab-{number}.yaml"
                lab.write_text(f"lab: lab-{number}\nboards:\n  - id: b-{number}\n    profile: desk-generic\n    devices:\n"
                               "      power: { driver: command, on: ['true'], off: ['true'], status: [echo, 'off'] }\n"
                               "      flash: { driver: command, write: ['true', '{file}'] }\n")
                started.append(subprocess.Popen([ASSAY.parent / "assay-agent", "--server", ready, "--lab", lab, "--state",
                                                 f"{folder}/agent-{number}"], stdout=subprocess.PIPE, text=True))
            for agent in started[1:]:
                if not next((line for line in agent.stdout if line.startswith("ready")), None):
                    sys.exit("bench: an agent ended before it was ready")
            before, began = cpu_seconds(assayd.pid), time.monotonic()
            time.sleep(seconds)  # the measurement itself
            share = (cpu_seconds(assayd.pid) - before) / (time.monotonic() - began)
        finally:
            for process in reversed(started):
                process.terminate()
            for process in started:
                process.wait(30)
    print(f"{agents} agents that renew every 5 s: assayd takes {100 * share:.2f} % of a core   aim: < 2 %", flush=True)


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


def flash():
    from flash_by_pyocd import flash_by_pyocd  # others import this file without its folder

    pairs = flash_by_pyocd(ASSAY.parent, FIRMWARE)
    report("flash step, by pyOCD", [1e3 * step for step, _ in pairs], "")
    ratios = sorted(step / bare for step, bare in pairs)
    print(f"  of pyOCD's own time: median {ratios[len(ratios) // 2]:.3f}, worst {ratios[-1]:.3f}   aim: < 1.05", flush=True)


def disk(rounds=7, mega=512):
    """The driver's own writing (decompressing, hashing, O_DIRECT, fsync) and dd's; then its reading back."""
    folder = ROOT / "build/bench-disk"  # not in a temporary folder, which may be memory
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    program = ASSAY.parent.parent / "tests/bench_disk"

    def write(image, target):
        done = subprocess.run([program, image, target], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"bench: bench_disk exited {done.returncode}: {done.stderr}")
        return [float(word) for word in done.stdout.split()]

    try:
        image, target = folder / "disk.img", folder / "target"
        with image.open("wb") as file:
            for _ in range(mega):
                file.write(os.urandom(1 << 20))
        subprocess.run(["dd", f"if={image}", f"of={target}", "bs=4M", "conv=fsync"], check=True, capture_output=True)
        dd, ours, verifying = [], [], []
        for _ in range(rounds):
            began = time.monotonic()
            subprocess.run(["dd", f"if={image}", f"of={target}", "bs=4M", "oflag=direct", "conv=notrunc,fsync"],
                           check=True, capture_output=True)
            dd.append(1e3 * (time.monotonic() - began))
            writes, verifies, _ = write(image, target)
            ours.append(writes)
            verifying.append(verifies)
        report(f"dd, {mega} MiB", dd, "")
        report(f"disk driver, {mega} MiB", ours, "within 10 % of dd")
        report("  and reading it back", verifying, "")
        # They take turns, so that what else the machine does is in both.
        ratios = sorted(own / other for own, other in zip(ours, dd))
        print(f"  disk / dd, of each pair: median {ratios[rounds // 2]:.2f}, {ratios[0]:.2f} to {ratios[-1]:.2f}   aim: < 1.1",
              flush=True)
        # 4 GiB that are mostly zeros, with a distinct block in each 16 MiB.
        packer = lzma.LZMACompressor(preset=1)
        with (folder / "large.img.xz").open("wb") as file:
            for number in range(256):
                file.write(packer.compress(number.to_bytes(8, "little") * 8192 + bytes((16 << 20) - 65536)))
            file.write(packer.flush())
        with (folder / "large").open("wb") as file:
            file.truncate(4 << 30)
        writes, verifies, peak = write(folder / "large.img.xz", folder / "large")
        print(f"4 GiB from an .xz: written in {writes / 1e3:.1f} s, read back in {verifies / 1e3:.1f} s, "
              f"peak memory {peak / 1024:.0f} MiB   aim: < 64 MiB", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def live(what):
    """tests/bench/live.py, in the environment that has the browser's driver."""
    python = Path(os.environ.get("ASSAY_CACHE", ROOT / ".cache")) / "venv-test/bin/python"
    done = subprocess.run([python, ROOT / "tests/bench/live.py", what], check=True, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "ASSAY_BIN": str(ASSAY.parent), "PYTHONDONTWRITEBYTECODE": "1"})
    return json.loads(done.stdout)


def pixels():
    report("console line -> pixels in Chromium", live("pixels"), "p95 < 100")


def readers():
    found = live("readers")
    print(f"{found['readers']} live readers of one run, 10 lines/s: {100 * found['share_of_a_core']:.1f} % of a core, "
          f"{found['memory_kib'] / 1024:.0f} MiB; {found['complete']} got every line   aim: < 10 %, all", flush=True)


FILLED = Path(os.environ.get("ASSAY_BENCH_STATE", ROOT / "build/bench-state"))
FILL = (100_000, 10_000_000, 100)  # runs, events, MiB of the long console


def fill():
    mark = FILLED / "filled.json"
    if mark.exists() and json.loads(mark.read_text()) == list(FILL):
        return
    shutil.rmtree(FILLED, ignore_errors=True)
    began = time.monotonic()
    subprocess.run([ASSAY.parent.parent / "tests/bench_fill", FILLED, *map(str, FILL)], check=True)
    size = sum(file.stat().st_size for file in FILLED.rglob("*") if file.is_file())
    print(f"filled in {time.monotonic() - began:.0f} s: {size / 2**20:.0f} MiB, of these the database "
          f"{(FILLED / 'assay.db').stat().st_size / 2**20:.0f} MiB", flush=True)
    mark.write_text(json.dumps(FILL))


class Assayd:
    """On the filled folder. Asked over one connection that is kept."""

    def __enter__(self):
        self.process = subprocess.Popen([ASSAY.parent / "assayd", "--state", FILLED, "--listen", "127.0.0.1:0", "--web",
                                         "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        ready = next((found for line in self.process.stdout if (found := re.search(r"web=http://(\S+)", line))), None)
        if not ready:
            sys.exit("bench: assayd ended before it was ready")
        self.connection = http.client.HTTPConnection(ready[1], timeout=60)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)

    def get(self, address):
        self.connection.request("GET", address)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f"bench: {address}: {answer.status} {body[:200]}")
        return json.loads(body)

    def memory_mib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def times(self, name, addresses, aim="p95 < 50"):
        took = []
        for address in addresses:
            began = time.monotonic()
            self.get(address)
            took.append(1e3 * (time.monotonic() - began))
        report(name, took, aim)


def pages():
    fill()
    runs, _, console_mib = FILL
    spread = [max(1, runs - i * (runs // 40)) for i in range(40)]
    with Assayd() as assayd:
        api = "/api/v1"
        print(f"assayd on it, before: {assayd.memory_mib():.0f} MiB", flush=True)
        some = assayd.get(f"{api}/runs?page_size=40&page_token=r{runs // 2}")["runs"]
        assayd.times("now", [f"{api}/now"] * 40)
        assayd.times("runs, first page", [f"{api}/runs"] * 40)
        assayd.times("runs, by key", [f"{api}/runs?page_token=r{n}" for n in spread])
        for key, values in {"plan": ["ota-confirm", "soak", "none"], "project": ["sensor", "pump"],
                            "ref": ["main", "feature/7"], "rev": [run["rev"] for run in some[:10]],
                            "profile": ["virtual-zephyr", "meter-v3", "none"],
                            "status": ["passed", "failed", "lab-error", "cancelled", "running"],
                            "text": ["APP.READY", "not%20there", some[0]["rev"][:9]]}.items():
            assayd.times(f"runs, {key}=", [f"{api}/runs?{key}={value}" for value in values] * (40 // len(values)))
        both = [f"{api}/runs?plan=soak&project=pump&ref=main&profile=meter-v3&status=cancelled",
                f"{api}/runs?profile=meter-v3&status=lab-error&text=probe"]
        assayd.times("runs, many filters", both * 20)
        assayd.times("run", [f"{api}/runs/r{n}" for n in spread[1:]])
        assayd.times("baseline", [f"{api}/runs/r{n}/baseline" for n in spread])
        for rows in ("plan", "profile", "board"):
            assayd.times(f"matrix, by {rows}", [f"{api}/matrix?rows={rows}{more}" for more in
                                                ("", "&builds=100", "&project=pump", "&ref=main")] * 10)
        assayd.times("plan history", [f"{api}/plans/{plan}/history" for plan in ("ota-confirm", "soak")] * 20)
        assayd.times("plan history, 2000", [f"{api}/plans/{plan}/history?limit=2000" for plan in ("ota-confirm",)] * 20)
        assayd.times("board history", [f"{api}/boards/virtual-zephyr-{n + 1}/history" for n in range(10)] * 4)
        assayd.times("board history, 2000", [f"{api}/boards/virtual-zephyr-{n + 1}/history?limit=2000" for n in range(10)] * 2)
        assayd.times("timeline", [f"{api}/attempts/r{runs - n}.1.1/timeline" for n in range(1, 41)])
        long = f"{api}/attempts/r{runs}.1.1"
        assayd.times(f"{console_mib} MiB: run, cold", [f"{api}/runs/r{runs}"], "< 1000")
        assayd.times(f"{console_mib} MiB: opened, cold", [f"{long}/console/dut/lines?from=-200&count=200"], "< 1000")
        total = int(assayd.get(f"{long}/console/dut/lines?from=0&count=1")["total"])
        for name, at in (("first", 0), ("middle", total // 2), ("last", total - 200)):
            assayd.times(f"{console_mib} MiB: {name} lines", [f"{long}/console/dut/lines?from={at}&count=200"] * 40)
        assayd.times(f"{console_mib} MiB: timeline", [f"{long}/timeline"] * 20)
        assayd.times(f"{console_mib} MiB: search", [f"{long}/console/dut/search?text={text}" for text in
                                                    ("retry", "0x1234", "not%20there", "SLOT")] * 3, "< 1000")
        assayd.times(f"{console_mib} MiB: search, regex", [f"{long}/console/dut/search?regex=1&text=0x[0-9]%2Bdead"] * 3,
                     "< 1000")
        # Caches fill to their limits; after that nothing may grow.
        memory = [assayd.memory_mib()]
        others = min(2000, (runs - 1) // 5)
        for part in range(5):
            for n in range(others * part, others * part + others):
                assayd.get(f"{api}/attempts/r{runs - 1 - n}.1.1/timeline")
                assayd.get(f"{api}/runs/r{runs - 1 - n}")
            memory.append(assayd.memory_mib())
        print(f"assayd, after all of it, and after each {others} other runs:", ", ".join(f"{mib:.0f}" for mib in memory),
              "MiB   aim: flat", flush=True)


def rebuild():
    """Recompiled for sure: ccache would answer for a file that was only touched."""
    environment = {**os.environ, "CCACHE_RECACHE": "1"}
    ninja = ["ninja", "-C", ROOT / "build", "programs"]
    subprocess.run(ninja, check=True, stdout=subprocess.DEVNULL)
    times = []
    for source in ("orchestrator/scheduler/scheduler.cpp", "orchestrator/api/server.cpp",
                   "orchestrator/api/orchestrator_service.cpp", "lab-agents/executor/attempt.cpp",
                   "lab-agents/session/agent.cpp", "lab-agents/virtual/zephyr_machine.cpp", "lib/plans/compile.cpp",
                   "lib/base/text.cpp", "cli/command_line.cpp"):
        os.utime(ROOT / source)
        began = time.monotonic()
        subprocess.run(ninja, check=True, stdout=subprocess.DEVNULL, env=environment)
        times.append(1e3 * (time.monotonic() - began))
        print(f"  {source:<44} {times[-1] / 1e3:6.1f} s", flush=True)
    report("rebuild after one .cpp", times, "worst < 15000")


def clean():
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        subprocess.run(["cmake", "--preset", "release", "-B", folder, "-DASSAY_TESTS=OFF"], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)
        began = time.monotonic()
        subprocess.run(["ninja", "-C", folder, "programs"], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "CCACHE_DISABLE": "1"})
        took = time.monotonic() - began
        log = [line.split("\t") for line in (Path(folder) / ".ninja_log").read_text().splitlines()[1:]]
        spent = Counter()
        for begin, end, _, output, _ in log:
            spent["/".join(output.split("/CMakeFiles/")[0].split("/")[:2])] += int(end) - int(begin)
    print(f"clean build: {took:.0f} s on {os.cpu_count()} cores, of {sum(spent.values()) / 1e3:.0f} s of work:   aim: < 600 s")
    for name, millis in spent.most_common(8):
        print(f"  {name:<30} {100 * millis / sum(spent.values()):4.0f} %")


BENCHES = {"submit": submit, "queued": queued, "dispatch": dispatch, "renewals": renewals, "confirm": confirm, "calls": calls,
           "flash": flash, "disk": disk, "pixels": pixels, "readers": readers, "fill": fill,
           "pages": pages, "rebuild": rebuild, "clean": clean}


def main():
    names = sys.argv[1:] or [name for name in BENCHES if name != "clean"]
    for name in names:
        if name not in BENCHES:
            print(f"bench: no benchmark '{name}'; there are: {' '.join(BENCHES)}", file=sys.stderr)
            sys.exit(2)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: ended by SIGTERM"))  # so that labs are ended
    for name in names:
        BENCHES[name]()


if __name__ == "__main__":
    main()
