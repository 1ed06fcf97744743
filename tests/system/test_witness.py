"""Others look at what Assay says: smpmgr at the board, over the same serial line; junitparser at the report."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import junitparser
import pytest
from lab import CANCELLED, PASSED, PRODUCT_FAILED, Firmware
from test_desk import attach, desk, shown  # noqa: F401  (fixtures)

UPDATE = {"base": Firmware.base, "update": Firmware.v2}
SMPMGR = Path(sys.executable).parent / "smpmgr"
STATE = re.compile(r"ImageState\((slot=\d+, version='([^']+)'.*?hash=HashBytes\('([0-9A-F]+)'\).*?)\)$", re.M)


def witnessed(desk):  # noqa: F811
    """{slot: (version, hash, flags)} by smpmgr, on the line that Assay had."""
    desk.release_line()
    done = subprocess.run([SMPMGR, "--port", desk.serial, "--timeout", "10", "image", "state-read"], text=True,
                          capture_output=True, timeout=60, env={**os.environ, "COLUMNS": "400", "NO_COLOR": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    return {int(re.search(r"slot=(\d)", text)[1]): (version, digest.lower(), flags(text))
            for text, version, digest in STATE.findall(done.stdout)}


def flags(text):
    return {name for name in ("active", "confirmed", "pending", "permanent") if f"{name}=True" in text}


def images(lab):
    """Version and hash of the images, by `assay image show`."""
    shown_ = [lab.json("image", "show", file)["images"][0] for file in (Firmware.v1, Firmware.v2)]
    return [(one["header"]["version"], one["hash"]["stored"]) for one in shown_]


def reported(finding):
    """(version, start of the hash, flags) of what Assay's SMP channel saw."""
    version, digest, rest = re.fullmatch(r"v(\S+) \(hash ([0-9a-f]{8})\), (.+)", finding["observed"]).groups()
    return version, digest, set() if rest == "not confirmed" else set(re.findall(r"\w+", rest)) - {"and"}


def smp(step):
    return next(finding for finding in step["findings"] if finding["channel"] == "smp")


def test_smpmgr_sees_the_confirmed_state(attach, desk):  # noqa: F811
    lab = attach()
    _, steps = shown(lab, lab.run("ota-confirm", check=PASSED, **UPDATE).stdout)
    version, digest, said = reported(smp(steps["survives-power-cut"]))
    _, v2 = images(lab)
    lab.stop()  # the line is free
    desk.script("on")
    seen = witnessed(desk)[0]
    assert seen[:2] == v2 and seen[0] == version and seen[1].startswith(digest)
    assert said == {"confirmed"} and seen[2] == {"active", "confirmed"}


def test_smpmgr_sees_the_rolled_back_state(attach, desk):  # noqa: F811
    lab = attach()
    _, steps = shown(lab, lab.run("ota-revert", "--param", "boots=1", check=PASSED, **UPDATE).stdout)
    version, digest, said = reported(smp(steps["survives-power-cut"]))
    v1, _ = images(lab)
    lab.stop()
    desk.script("on")
    seen = witnessed(desk)[0]
    assert seen[:2] == v1 and seen[0] == version and seen[1].startswith(digest)
    assert said == {"confirmed"} and seen[2] == {"active", "confirmed"}


def test_smpmgr_sees_the_pending_and_the_test_state(attach, desk, tmp_path):  # noqa: F811
    """A board that waits for its test boot is seen only where nobody switches it: the lab's computer is lost."""
    plan = tmp_path / "pending.yaml"
    plan.write_text("plan: pending\nroles: { dut: { needs: [power, flash, console, ota.smp] } }\n"
                    "artifacts: { base: {}, update: {} }\nsteps:\n"
                    "  - use: start-from-base\n    with: { image: base }\n"
                    "  - id: install\n    update: { image: update, via: smp, until: pending }\n"
                    "  - hold: { for: 5min }\n")
    lab = attach()
    running = lab.program("assay", "run", plan, *[word for name, file in UPDATE.items()
                                                  for word in ("--artifact", f"{name}={file}")])
    running.expect(r"install: send update")
    running.expect(r"✓ install: ")
    (install,) = [step for step in lab.show("r1")["jobs"][0]["attempts"][0]["steps"] if step["id"] == "install"]
    version, digest, said = reported(smp(install))
    v1, v2 = images(lab)
    for pid in lab.processes("bin/assay-agent"):  # it would switch the board off when its parent goes
        os.kill(pid, signal.SIGSTOP)
    lab.up.kill()  # it would start the others again
    lab.kill_all()

    seen = witnessed(desk)
    assert seen[0] == (*v1, {"active", "confirmed"})
    assert seen[1] == (*v2, {"pending"})
    assert said == {"pending"} and seen[1][0] == version and seen[1][1].startswith(digest)

    desk.script("off")
    desk.script("on")  # the test boot
    assert witnessed(desk) == {0: (*v2, {"active"}), 1: (*v1, {"confirmed"})}
    desk.script("off")
    desk.script("on")  # nobody confirmed it
    assert witnessed(desk)[0] == (*v1, {"active", "confirmed"})


# The report.


def suite(lab, run, folder):
    file = folder / f"{run}.xml"
    lab.cli("report", run, "--junit", file, check=PASSED)
    (one,) = junitparser.JUnitXml.fromfile(str(file))
    return one


def test_junit_of_passed_jobs(shared, tmp_path):
    run = shared.submit("smoke", "--repeat", "3", "--rev", "4f2c1d", base=Firmware.base)
    shared.cli("watch", run, check=PASSED)
    one = suite(shared, run, tmp_path)
    assert (one.name, one.tests, one.failures, one.errors, one.skipped) == ("smoke", 3, 0, 0, 0)
    cases = list(one)
    assert [case.result for case in cases] == [[], [], []]
    assert len({case.name for case in cases}) == 3, "CI systems tell cases apart by their names"
    assert {case.classname for case in cases} == {"smoke.virtual-zephyr"}
    assert all(case.time > 0 for case in cases)
    assert {prop.name: prop.value for prop in one.properties()}["rev"] == "4f2c1d"


@pytest.mark.parametrize("plan, step, line", [
    # A failed assertion prints nothing of its own: the lines of the boot before it.
    ("ota-revert-forged", "step rolled-back: assert that base runs, confirmed", r"build time: Jul  1 2026 12:00:00$"),
    ("p.yaml", "step miracle: expect no such line within 100 ms", r"I: Jumping to the first image slot$"),
])
def test_junit_of_a_product_failure(shared, tmp_path, plan, step, line):
    own = tmp_path / "p.yaml"
    own.write_text("plan: p\nroles: { dut: { needs: [power, flash, console] } }\nartifacts: { base: {}, update: {} }\n"
                   "steps:\n  - use: start-from-base\n    with: { image: base }\n"
                   "  - id: miracle\n    expect: { seen: no such line, within: 100ms }\n")
    run = shared.submit(own if plan == own.name else plan, **UPDATE)
    shared.cli("watch", run, check=PRODUCT_FAILED)
    one = suite(shared, run, tmp_path)
    assert (one.tests, one.failures, one.errors, one.skipped) == (1, 1, 0, 0)
    (case,) = one
    (failure,) = case.result
    assert isinstance(failure, junitparser.Failure) and failure.type == "failed"
    assert failure.message == shared.show(run)["sentence"]
    assert failure.text.startswith(f"{failure.message}\n{step} ("), failure.text
    assert re.search(rf"^  \| .*{line}", failure.text, re.M), failure.text


def test_junit_of_a_cancelled_run(shared, tmp_path):
    run = shared.submit("ota-confirm", base=Firmware.base, update=Firmware.v2_hang)
    shared.cli("cancel", run, "--reason", "wrong image", check=PASSED)
    shared.cli("watch", run, check=CANCELLED)
    one = suite(shared, run, tmp_path)
    assert (one.tests, one.failures, one.errors, one.skipped) == (1, 0, 0, 1)
    ((skipped,),) = [case.result for case in one]
    assert isinstance(skipped, junitparser.Skipped) and skipped.message == "wrong image"
