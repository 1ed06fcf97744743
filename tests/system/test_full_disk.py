"""A disk that is full to the brim, under assayd and under an agent: told, nothing lost, goes on when there is space."""

import errno
import os
import re
import signal
import subprocess
import time

import pytest
from lab import LAB_ERROR, PASSED, eventually, run_id
from test_kills import Watcher, assert_contiguous, attempts, one

FULL = "the disk is full; free some space and try again"


class Disk:
    """A small file system of its own."""

    def __init__(self, folder, megabytes):
        self.folder = folder
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "assay-test", folder],
                              capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")

    def fill(self):
        fd = os.open(self.folder / "filler", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            with pytest.raises(OSError) as full:
                while True:
                    os.write(fd, bytes(4096))
            assert full.value.errno == errno.ENOSPC
        finally:
            os.close(fd)

    def free(self):
        os.remove(self.folder / "filler")

    def unmount(self):
        if subprocess.run(["umount", self.folder]).returncode != 0:
            subprocess.run(["umount", "--lazy", self.folder], check=True)


@pytest.fixture
def disk(tmp_path):
    """Before `make_lab` in a test's arguments: it is unmounted when the lab is gone."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system to fill")
    disk = Disk(tmp_path / "disk", 8)
    yield disk
    disk.unmount()


def lab_on(disk, make_lab, part):
    """A lab whose assayd (or agent) keeps its state on the disk."""
    lab = make_lab(boards=1, start=False)
    lab.state.mkdir()
    (lab.state / part).symlink_to(disk.folder)
    return lab.start()


def off_for_good(lab, within=30):
    """Waits until the one board is off for a second: a power cycle of a plan takes less."""
    start = since = time.monotonic()
    while time.monotonic() - since < 1:
        assert time.monotonic() - start < within
        time.sleep(0.05)
        if lab.processes("qemu-system-arm"):
            since = time.monotonic()


def verdicts(lab):
    return {run["id"]: run["verdict"] for run in lab.json("runs")["runs"]}


def test_full_disk_refuses_runs_and_goes_on_when_there_is_space(disk, make_lab, firmware):
    lab = lab_on(disk, make_lab, "assayd")
    assayd = one(lab, "bin/assayd")
    accepted = [run_id(lab.run("smoke", base=firmware.base, check=PASSED).stdout)]
    disk.fill()
    # A few may still find room in what the database has allocated.
    for _ in range(50):
        done = lab.cli("run", "smoke", "--artifact", f"base={firmware.base}", "--detach")
        if done.returncode != 0:
            break
        accepted.append(run_id(done.stdout))
    assert (done.returncode, done.stdout) == (LAB_ERROR, "")
    assert done.stderr == f"assay: {lab.state}/assayd/assay.db: {FULL} (nothing accepted before is lost)\n"
    disk.free()
    again = lab.submit("smoke", base=firmware.base)
    assert again not in accepted
    for run in (*accepted, again):
        assert lab.cli("watch", run, timeout=60).returncode == PASSED
    assert verdicts(lab) == {run: "VERDICT_PASSED" for run in (*accepted, again)}
    assert one(lab, "bin/assayd") == assayd, "nobody started it again"


def test_upload_that_finds_no_room_leaves_nothing_behind(disk, make_lab, firmware):
    lab = lab_on(disk, make_lab, "assayd")
    image = lab.folder / "image.bin"
    image.write_bytes(os.urandom(3 << 20))
    kept = disk.folder / "artifacts"
    disk.fill()
    with (disk.folder / "filler").open("r+b") as filler:  # room for the half of it
        filler.truncate(filler.seek(0, os.SEEK_END) - (3 << 19))
    before = os.statvfs(disk.folder).f_bavail
    for words in (["artifact", "put", image], ["run", "smoke", "--artifact", f"base={image}"]):
        done = lab.cli(*words, check=LAB_ERROR)
        sha256 = done.stderr.rpartition("/")[2][:64]
        assert done.stderr == f"assay: {lab.state}/assayd/artifacts/partial/{sha256}: {FULL}\n"
        assert [path for path in kept.rglob("*") if path.is_file()] == []
    assert os.statvfs(disk.folder).f_bavail >= before - 16, "what was written of it is given back"
    assert lab.json("runs")["runs"] == []
    disk.free()
    assert lab.cli("artifact", "put", image, check=PASSED).stdout == f"{sha256}\n"
    assert [path for path in kept.rglob("*") if path.is_file()] == [kept / sha256[:2] / sha256[2:]]
    lab.run("smoke", base=firmware.base, check=PASSED)


def test_disk_that_fills_up_in_mid_run(disk, make_lab, firmware):
    """The agent carries on and keeps the events until assayd can store them."""
    lab = lab_on(disk, make_lab, "assayd")
    watcher = Watcher(lab, "ota-confirm", base=firmware.base, update=firmware.v2)
    run = watcher.id()
    watcher.at("expect app.ready")
    disk.fill()
    off_for_good(lab)
    assert lab.show(run)["state"] == "RUN_STATE_RUNNING", "its end is not on disk, so it has not ended"
    disk.free()
    assert watcher.end() == PASSED, "\n".join(watcher.program.lines)
    shown = lab.show(run)
    assert shown["verdict"] == "VERDICT_PASSED"
    assert len(attempts(shown)) == 1
    assert_contiguous(lab, attempts(shown)[0])
    lab.run("smoke", base=firmware.base, check=PASSED)


def test_disk_that_fills_up_and_assayd_killed_on_it(disk, make_lab, firmware):
    """A full disk does not keep it from starting again either."""
    lab = lab_on(disk, make_lab, "assayd")
    watcher = Watcher(lab, "ota-confirm", base=firmware.base, update=firmware.v2)
    run = watcher.id()
    watcher.at("expect app.ready")
    disk.fill()
    os.kill(one(lab, "bin/assayd"), signal.SIGKILL)
    lab.up.expect("^assay: assayd is back: ")
    disk.free()
    assert watcher.end() == PASSED, "\n".join(watcher.program.lines)
    shown = lab.show(run)
    assert [attempt["verdict"] for attempt in attempts(shown)] == ["VERDICT_PASSED"]
    assert_contiguous(lab, attempts(shown)[0])


def test_agent_whose_disk_is_full_sets_its_boards_aside_until_there_is_space(disk, make_lab, firmware):
    """A job is not thrown away on it: it waits, and runs when there is space."""
    lab = lab_on(disk, make_lab, "agent")
    agent = one(lab, "bin/assay-agent")

    def waits(plan, words, **artifacts):
        disk.fill()
        run = lab.submit(plan, **artifacts)
        def why():
            return lab.cli("why", run).stdout

        eventually(lambda: f"the agent cannot keep events: {lab.state}/agent" in why(), shows=why)
        time.sleep(2.5)  # the agent has looked at its board again
        assert lab.show(run)["state"] != "RUN_STATE_ENDED"
        disk.free()
        assert lab.cli("watch", run, timeout=60).returncode == PASSED
        first, *_, last = attempts(lab.show(run))
        assert first["verdict"] == "VERDICT_LAB_ERROR"
        assert re.search(rf"{words}: write: {FULL}$", first["sentence"]), first["sentence"]
        assert last["verdict"] == "VERDICT_PASSED"

    # It cannot note the lease of a board, and when it can, not fetch what it lacks.
    state = f"{lab.state}/agent"
    waits("smoke", f"the agent 'virtual' refused the assignment: {state}/epochs", base=firmware.base)
    waits("ota-confirm", rf"artifact [0-9a-f]{{12}}: {state}/cache/[0-9a-f]{{64}}\.part",
          base=firmware.base, update=firmware.v2)
    assert one(lab, "bin/assay-agent") == agent, "nobody started it again"


def test_disk_of_an_agent_that_fills_up_in_mid_run(disk, make_lab, firmware):
    """Not even the flash of a virtual board can be saved then; the board is fit again when there is space."""
    lab = lab_on(disk, make_lab, "agent")
    agent = one(lab, "bin/assay-agent")
    watcher = Watcher(lab, "ota-confirm", base=firmware.base, update=firmware.v2)
    run = watcher.id()
    watcher.at("expect app.ready")
    disk.fill()
    watcher.at(rf"^{run}\.1\.1 lab-error: the agent cannot keep events: {lab.state}/agent/spool/{run}\.1\.1\.spool: {FULL}$")
    disk.free()
    assert watcher.end() == PASSED, "\n".join(watcher.program.lines)
    first, *others = attempts(lab.show(run))
    assert first["verdict"] == "VERDICT_LAB_ERROR"
    assert others[-1]["verdict"] == "VERDICT_PASSED"
    for attempt in (first, others[-1]):
        assert_contiguous(lab, attempt)
    assert one(lab, "bin/assay-agent") == agent, "nobody started it again"
