"""A whole lab of real processes in a folder of its own, for one test."""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("ASSAY_BIN", ROOT / "build/bin"))
CACHE = Path(os.environ.get("ASSAY_CACHE", ROOT / ".cache"))
FAILED = Path(os.environ.get("ASSAY_FAILED", ROOT / "build/failed"))

READY = re.compile(r"^ready grpc=(\S+)(?: web=(\S+))?")

PASSED, PRODUCT_FAILED, WRONG_INPUT, LAB_ERROR, CANCELLED, UNREACHABLE = range(6)


class Firmware:
    """The images that scripts/make_firmware.py made."""

    folder = CACHE / "firmware"
    base = folder / "base.hex"
    base_bin = folder / "base.bin"
    v1 = folder / "v1.bin"
    v2 = folder / "v2.bin"
    v2_hang = folder / "v2-hang.bin"


def processes_of(marker):
    """{pid: command line} of every process whose environment carries the marker: those that made
    a session or a group of their own are found too. Zombies have no environment and do not count."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if marker.encode() in (entry / "environ").read_bytes().split(b"\0"):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                found[int(entry.name)] = b" ".join(words).decode(errors="replace").strip()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            pass
    return found


def gone_within(pids, seconds):
    """Waits for the ends of processes that need not be ours; the pids still there afterwards."""
    end = time.monotonic() + seconds
    left = []
    for pid in pids:
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
                left.append(pid)
        finally:
            os.close(fd)
    return left


def eventually(holds, within=20.0, shows=lambda: ""):
    """The first true value of holds(): for what nothing announces. shows() is told when there is none."""
    end = time.monotonic() + within
    while not (value := holds()):
        assert time.monotonic() < end, f"not within {within} s; {shows()}"
        time.sleep(0.02)
    return value


class Program:
    """A program whose output goes to a log file and can be waited for."""

    def __init__(self, command, log, environment):
        self.command = [str(word) for word in command]
        self.log = Path(log)
        self._line = threading.Condition()
        self.lines = []
        self.ended = False
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=environment, text=True,
                                        errors="replace", start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self):
        return self.process.pid

    def _read(self):
        with self.log.open("a") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                with self._line:
                    self.lines.append(line.rstrip("\n"))
                    self._line.notify_all()
        with self._line:
            self.ended = True
            self._line.notify_all()

    def expect(self, pattern, within=20.0):
        """The match of the first line that has the pattern; fails when the program ends before."""
        def found():
            return next((m for line in self.lines if (m := re.search(pattern, line))), None)

        with self._line:
            self._line.wait_for(lambda: found() or self.ended, within)
            match = found()
        assert match, (f"{' '.join(self.command)}: no line {getattr(pattern, 'pattern', pattern)!r} within "
                       f"{within} s; it {'ended' if self.ended else 'runs'} and said:\n" + "\n".join(self.lines[-20:]))
        return match

    def interrupt(self, within=15.0):
        """Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(within)

    def kill(self):
        self.process.kill()
        return self.process.wait(10)


class Lab:
    """`assay up` with virtual boards, on free ports. Use it through the `lab` fixture."""

    def __init__(self, boards=1, profile="virtual-zephyr", extra=(), environment=()):
        self.folder = Path(tempfile.mkdtemp(prefix="assay-"))
        self.state = self.folder / "state"
        self.boards, self.profile, self.extra = boards, profile, [str(word) for word in extra]
        self.marker = f"ASSAY_TEST_LAB={uuid.uuid4().hex}"
        self.environment = {**os.environ, **dict(environment), "NO_COLOR": "1"}
        self.environment.pop("ASSAY_TOKEN", None)
        name, _, value = self.marker.partition("=")
        self.environment[name] = value
        self.up = None
        self.grpc = self.web = None

    # The lab's life.

    def program(self, name, *arguments):
        """Any of our binaries, marked as part of this lab, its log in the lab's folder."""
        number = len(list(self.folder.glob(f"{name}*.log")))
        log = self.folder / (f"{name}-{number}.log" if number else f"{name}.log")
        return Program([BIN / name, *arguments], log, self.environment)

    def start(self, within=30.0):
        boards = ["--boards", self.boards, "--boards-profile", self.profile] if self.boards else []
        self.up = self.program("assay", "up", "--state", self.state, *boards,
                               "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0", *self.extra)
        self.grpc, self.web = self.up.expect(READY, within).groups()
        self.environment["ASSAY_SERVER"] = self.grpc
        return self

    def processes(self, name=""):
        """{pid: command line} of the lab's processes whose command line has the name."""
        return {pid: line for pid, line in processes_of(self.marker).items() if name in line}

    def stop(self):
        """Ctrl-C: ends cleanly and leaves no process and no socket."""
        status = self.up.interrupt()
        running = self.processes()
        left = {pid: running[pid] for pid in gone_within(running, 1.0)}
        assert status == 0, f"assay up ended with {status}:\n" + "\n".join(self.up.lines[-20:])
        assert not left, f"assay up left processes: {left}"
        sockets = [path for path in self.folder.rglob("*") if path.is_socket() or path.is_fifo()]
        assert not sockets, f"assay up left sockets or pipes: {sockets}"
        temporary = [path for folder in self.state.glob("agent*/scratch") for path in folder.iterdir()]
        assert not temporary, f"assay up left temporary files: {temporary}"

    def kill_all(self):
        """As if its computer lost its power."""
        while running := self.processes():  # again: one may have been starting another
            for pid in running:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            stuck = gone_within(running, 10.0)
            assert not stuck, f"not even SIGKILL ended {[running[pid] for pid in stuck]}"

    def clean_up(self, keep_as=None):
        """Ends whatever is left, by pid; keeps the folder as evidence of a failed test."""
        self.kill_all()
        if keep_as:
            target = FAILED / keep_as
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(self.folder, target, ignore=lambda folder, names: [
                name for name in names if not (Path(folder) / name).is_file() and not (Path(folder) / name).is_dir()])
        shutil.rmtree(self.folder, ignore_errors=True)

    # The command line.

    def cli(self, *arguments, timeout=120, check=None):
        """One `assay` command; with check, its exit status must be that."""
        command = [str(word) for word in (BIN / "assay", *arguments)]
        done = subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace", timeout=timeout)
        if check is not None:
            assert done.returncode == check, (f"{' '.join(command)}\nexit status {done.returncode}, expected {check}"
                                              f"\n{done.stdout}\n{done.stderr}")
        return done

    def json(self, *arguments):
        return json.loads(self.cli(*arguments, "--json", check=0).stdout)

    def run(self, plan, *arguments, check=None, timeout=180, **artifacts):
        """`assay run` to the end: lab.run("ota-revert", base=firmware.base, update=firmware.v2)."""
        return self.cli("run", plan, *_artifacts(artifacts), *arguments, check=check, timeout=timeout)

    def submit(self, plan, *arguments, **artifacts):
        """`assay run --detach`; the run's id."""
        done = self.cli("run", plan, *_artifacts(artifacts), *arguments, "--detach", check=0)
        return run_id(done.stdout)

    def show(self, run):
        return self.json("show", run)

    def await_board(self, board, state, within=20.0):
        """The board, once it is in that state."""
        def seen():
            return self.json("board", board)

        return eventually(lambda: now if (now := seen())["state"] == state else None, within, seen)


def _artifacts(named):
    return [word for name, path in named.items() for word in ("--artifact", f"{name}={path}")]


def run_id(text):
    """`assay run` says the run's id first: `run ID ...`."""
    match = re.search(r"^(?:run )?([A-Za-z0-9-]+)", text.strip())
    assert match, f"no run id in {text!r}"
    return match[1]
