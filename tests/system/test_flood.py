"""A board that prints as fast as it can, beside a board that does not: nobody waits for it, and what is kept of it is bounded."""

import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
import tty

import pytest
from lab import PASSED, Firmware, eventually
from slow_line import SlowLine

LIMIT = 4  # MiB an attempt
LEASE = 30  # seconds: an agent that does not renew for so long loses its attempts

PLAN = """\
plan: flood
roles: { dut: { needs: [power, console] } }
steps:
  - power: on
  - expect: { seen: "^it is over", within: 120s }
  - id: never-comes
    expect: { seen: "%s", within: 100ms }
"""

# Until a byte comes on its standard input: numbered lines, then the last words.
PRINTER = """
import os, select, sys
line = 0
while not select.select([0], [], [], 0)[0]:
    block = b"".join(b"line %d\\n" % n for n in range(line, line + 4000))
    line += 4000
    while block:
        block = block[os.write(int(sys.argv[1]), block):]
rest = b"it is over\\nsmall print\\n"
while rest:
    rest = rest[os.write(int(sys.argv[1]), rest):]
print(line)
"""


class FloodingBoard:
    def __init__(self):
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.printer = None

    def begin(self):
        self.printer = subprocess.Popen([sys.executable, "-c", PRINTER, str(self.master)], pass_fds=[self.master],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def end(self):
        """How many lines there were."""
        return int(self.printer.communicate("x", timeout=30)[0])

    def close(self):
        if self.printer:
            self.printer.kill()
            self.printer.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def board():
    board = FloodingBoard()
    yield board
    board.close()


def lab_file(board, tmp_path):
    """One agent with both boards."""
    true = json.dumps({"driver": "command", "on": ["true"], "off": ["true"]})
    serial = json.dumps({"driver": "serial", "path": os.ttyname(board.slave), "baud": 115200})
    (tmp_path / "lab.yaml").write_text(
        "lab: both\nboards:\n"
        f"  - id: flood-1\n    profile: desk-zephyr\n    devices: {{ power: {true}, console: {serial} }}\n"
        "  - id: quiet-1\n    profile: virtual-zephyr\n    devices: { machine: { driver: virtual-zephyr } }\n")
    return tmp_path / "lab.yaml"


@pytest.fixture
def lab(board, make_lab, tmp_path):  # in this order: the lab ends before its board
    return make_lab(boards=0, extra=["--lab", lab_file(board, tmp_path), "--attempt-limit", LIMIT])


def begin(lab, board, tmp_path, third="small print"):
    plan = tmp_path / "flood.yaml"
    plan.write_text(PLAN % third)
    run = lab.submit(plan, "--board", "flood-1")
    eventually(lambda: any(step["text"].startswith("expect") for attempt in lab.show(run)["jobs"][0]["attempts"]
                           for step in attempt["steps"]))
    board.begin()
    return run


def ended(lab, run, within=60):
    return eventually(lambda: seen if (seen := lab.show(run))["state"] == "RUN_STATE_ENDED" else None, within)


def events(lab, run):
    return [json.loads(line) for line in lab.cli("log", run, "--events", check=PASSED).stdout.splitlines()]


def seconds(lab):
    before = time.monotonic()
    lab.run("smoke", "--board", "quiet-1", base=Firmware.base, check=PASSED)
    return time.monotonic() - before


def test_nobody_waits_for_a_flood(lab, board, tmp_path):
    seconds(lab)  # the artifact is there, the machine's file was read
    alone = [seconds(lab) for _ in range(3)]
    run = begin(lab, board, tmp_path)
    began = time.monotonic()
    # A reader that has stopped reading.
    reader = lab.program("assay", "log", run, "--follow")
    reader.expect("line 0")
    os.killpg(reader.pid, signal.SIGSTOP)
    beside = [seconds(lab) for _ in range(3)]
    while time.monotonic() < began + LEASE + 5:
        beside.append(seconds(lab))
    took = time.monotonic() - began
    lines = board.end()
    asked = time.monotonic()
    shown = ended(lab, run)
    late = time.monotonic() - asked
    reader.kill()
    ratio = statistics.median(beside) / statistics.median(alone)
    size = (lab.state / f"assayd/segments/{run}/{run}.1.1.seg").stat().st_size
    print(f"\nflood: {lines} lines, {lines * 12 / took / 2**20:.0f} MiB/s about, {size} bytes kept; a run alone "
          f"{statistics.median(alone):.2f} s, beside it {statistics.median(beside):.2f} s (worst {max(beside):.2f}), "
          f"ratio {ratio:.2f}; it ended {late:.2f} s after its last words")
    assert len(shown["jobs"][0]["attempts"]) == 1 and shown["verdict"] == "VERDICT_PASSED", shown["sentence"]
    assert ratio < 6 and max(beside) < 20 and late < 10
    log = (lab.state / "log/assayd.log").read_text()
    assert "disconnected" not in log and "silent" not in log, log
    assert LIMIT * 2**20 * 0.7 < size < LIMIT * 2**20 * 1.1

    # Head and tail, every line of either, and what is between is told.
    told = [event["note"]["text"] for event in events(lab, run) if "note" in event]
    assert told[0] == ("the console says much: from here on its last 2.0 MiB are kept, and follow when the attempt ends "
                       "(limit 4.0 MiB an attempt)")
    assert any(re.fullmatch(r"[\d.]+ [MG]iB of the console are left out here, from \d+\.\d+ to \d+\.\d+ s \(limit 4.0 MiB "
                            "an attempt\\)", note) for note in told), told
    raw = lab.cli("log", run, "--raw", check=PASSED)
    assert re.fullmatch(r"assay: dut: [\d.]+ [MG]iB left out before byte \d+\n", raw.stderr)
    said = raw.stdout.splitlines()
    assert said[-2:] == ["it is over", "small print"]
    numbers = [int(line[5:]) if re.fullmatch(r"line \d+", line) else None for line in said[:-2]]
    jumps = [i for i in range(1, len(numbers)) if numbers[i] != (numbers[i - 1] or -1) + 1]
    assert numbers[0] == 0 and numbers[-1] == lines - 1 and len(jumps) <= 3, (jumps, [said[i] for i in jumps])
    lab.cli("report", run, "--html", tmp_path / "report.html", check=PASSED)
    assert " left out here " in (tmp_path / "report.html").read_text()


def test_what_a_step_failed_on_is_among_what_is_kept(lab, board, tmp_path):
    run = begin(lab, board, tmp_path, third="nothing of the kind")
    time.sleep(2)  # much is said
    board.end()
    shown = ended(lab, run)
    assert shown["verdict"] in ("VERDICT_FAILED", "VERDICT_LAB_ERROR")
    step = next(one for one in shown["jobs"][0]["attempts"][-1]["steps"] if one["id"] == "never-comes")
    assert step["console"][-1] == "small print", step
    all_events = events(lab, run)
    assert [int(event["seq"]) for event in all_events] == list(range(1, len(all_events) + 1))


def test_a_flood_over_a_slow_line(board, make_lab, tmp_path):
    """No renewal and no other attempt waits behind what it has to carry."""
    rate = 100 << 10
    lab = make_lab(boards=1, extra=["--attempt-limit", LIMIT])
    line = SlowLine(lab.grpc, rate, "up")
    line.slow.set()
    agent = lab.program("assay-agent", "--server", line.address, "--lab", lab_file(board, tmp_path), "--state", tmp_path / "far")
    agent.expect("^ready boards=2")
    try:
        lab.run("smoke", "--board", "quiet-1", base=Firmware.base, check=PASSED)
        alone = seconds(lab)
        run = begin(lab, board, tmp_path)
        began = time.monotonic()
        beside = [seconds(lab)]
        while time.monotonic() < began + 15:
            beside.append(seconds(lab))
        carried = line.carried / (time.monotonic() - began)
        asked = time.monotonic()
        lab.cli("cancel", run, check=PASSED)
        assert ended(lab, run, 120)["verdict"] == "VERDICT_CANCELLED"
        print(f"\nover a line of {rate >> 10} KiB/s ({carried / 1024:.0f} used): a run alone {alone:.2f} s, beside a flood "
              f"{statistics.median(beside):.2f} s (worst {max(beside):.2f}); all that was kept of it was there {time.monotonic() - asked:.1f} s later")
        assert max(beside) < alone + 10
        assert "disconnected" not in (lab.state / "log/assayd.log").read_text()
    finally:
        assert agent.interrupt() == 0
        line.close()
