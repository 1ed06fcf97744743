"""The command, against a real lab: what it prints, its exit statuses, its JSON."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import pytest
from lab import (BIN, CANCELLED, PASSED, PRODUCT_FAILED, ROOT, UNREACHABLE, WRONG_INPUT, Firmware)


def on_terminal(lab, *arguments, colour=True, type_after=None, keys=b"\x03", within=60):
    """(exit status, what it wrote) of a command on a terminal of its own."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(lab.environment, TERM="xterm")
        if colour:
            os.environ.pop("NO_COLOR", None)
        os.execv(BIN / "assay", ["assay", *[str(word) for word in arguments]])
    out, typed, end = b"", type_after is None, time.monotonic() + within
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                piece = os.read(fd, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            out += piece
        if not typed and re.search(type_after, out):
            os.write(fd, keys)
            typed = True
    else:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return status, out.decode(errors="replace")


UPDATE = {"base": Firmware.base, "update": Firmware.v2}


def test_run_passes_and_is_told(shared, tmp_path):
    junit = tmp_path / "assay.xml"
    done = shared.run("ota-confirm", "--rev", "4f2c1d", "--ref", "main", "--junit", junit, check=PASSED, **UPDATE)
    lines = done.stdout.splitlines()
    run = re.fullmatch(r"run (r\d+) ota-confirm", lines[0])[1]
    assert re.fullmatch(rf"{run} passed in [\d.]+ m?s", lines[-1])
    assert "\x1b" not in done.stdout

    shown = shared.show(run)
    assert shown["id"] == run and shown["verdict"] == "VERDICT_PASSED" and shown["state"] == "RUN_STATE_ENDED"
    assert (shown["rev"], shown["ref"]) == ("4f2c1d", "main")
    steps = shown["jobs"][0]["attempts"][0]["steps"]
    confirmed = next(step for step in steps if step["id"] == "confirmed")
    assert {finding["channel"] for finding in confirmed["findings"]} == {"console", "smp", "flash"}
    assert {finding["says"] for finding in confirmed["findings"]} == {"SAYS_AGREES"}

    suite = ElementTree.parse(junit).getroot().find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "0", "0")
    assert {"run": run, "rev": "4f2c1d", "ref": "main"}.items() <= {
        one.get("name"): one.get("value") for one in suite.iter("property")}.items()

    human = shared.cli("show", run, check=PASSED).stdout
    assert human.startswith(f"{run} passed in ")
    assert re.search(r"^ +console +agrees ", human, re.M) and re.search(r"^ +flash +agrees ", human, re.M)


def test_failure_names_step_and_evidence(shared, tmp_path):
    done = shared.run("ota-revert-forged", check=PRODUCT_FAILED, **UPDATE)
    run = re.match(r"run (r\d+)", done.stdout)[1]
    last = done.stdout.splitlines()[-1]
    assert last.startswith(f"{run} failed: "), last
    assert "✗" in done.stdout
    assert re.search(r"^ +at \S+\.yaml:\d+:\d+$", done.stdout, re.M)
    junit, tap = tmp_path / "a.xml", tmp_path / "a.tap"
    shared.cli("report", run, "--junit", junit, "--tap", tap, check=PASSED)
    case = ElementTree.parse(junit).getroot().find("testsuite/testcase")
    assert case.get("name") == "ota-revert-forged on virtual-zephyr"
    failure = case.find("failure")
    assert failure.get("message") == last.split("failed: ", 1)[1]
    assert re.search(r"^  (console|smp|flash) disagrees: ", failure.text, re.M)
    assert tap.read_text().startswith("TAP version 13\n1..1\n")
    assert "not ok 1 - ota-revert-forged on virtual-zephyr" in tap.read_text()
    shown = json.loads(shared.cli("report", run, "--json", check=PASSED).stdout)
    assert shown == shared.show(run)

    # And for programs: which step, and by which channel what was expected and what was seen.
    assert shown["verdict"] == "VERDICT_FAILED" and shown["sentence"] == failure.get("message")
    (attempt,) = shown["jobs"][0]["attempts"]
    (step,) = [step for step in attempt["steps"] if step["state"] == "STEP_STATE_FAILED"]
    assert step["id"] == "rolled-back" and step["place"].startswith("ota-revert-forged.yaml:")
    v1, v2 = [json.loads(shared.cli("image", "show", file, "--json", check=PASSED).stdout)["images"][0]["hash"]["stored"][:8]
              for file in (Firmware.v1, Firmware.v2)]
    assert {one["channel"]: (one["says"], one["expected"], one["observed"]) for one in step["findings"]} == {
        "console": ("SAYS_DISAGREES", "what app.identity says stands in base",
                    '"Jul  1 2026 12:00:00", which stands in update'),
        "smp": ("SAYS_DISAGREES", f"v1.0.0 (hash {v1}), confirmed", f"v2.0.0 (hash {v2}), confirmed"),
        "flash": ("SAYS_DISAGREES", f"v1.0.0 (hash {v1}), 49652 bytes",
                  f"v2.0.0 (hash {v2}), differs from byte 0x14 on")}
    assert any("build time: Jul  1 2026 12:00:00" in line for line in step["console"]), step["console"]


def test_a_plan_is_named_by_its_path_as_well(shared):
    done = shared.run(ROOT / "test-plans/ota-revert.yaml", check=PASSED, **UPDATE)
    assert re.match(r"run r\d+ ota-revert\n", done.stdout)


def test_json_run_keeps_standard_output_for_json(shared):
    done = shared.run("smoke", "--json", check=PASSED, **smoke_artifacts(shared))
    assert json.loads(done.stdout)["verdict"] == "VERDICT_PASSED"
    assert "passed" in done.stderr


def smoke_artifacts(lab):
    plans = {plan["id"]: plan for plan in lab.json("plan", "list")["plans"]}
    known = {"base": Firmware.base, "update": Firmware.v2, "image": Firmware.base}
    return {name: known[name] for name in plans["smoke"]["artifacts"]}


def test_detached_run_is_followed_and_logged(shared):
    run = shared.submit("ota-confirm", **UPDATE)
    assert re.fullmatch(r"r\d+", run)
    followed = shared.cli("log", run, "--follow", check=PASSED)
    assert re.search(r"^ +\d+\.\d{3} I: Starting bootloader$", followed.stdout, re.M)
    assert re.search(r"^ +\d+\.\d{3} -- ", followed.stdout, re.M)
    assert re.search(r"build time: ", followed.stdout)
    assert "\x06\x09" not in followed.stdout and "\\x06\\x09" not in followed.stdout  # SMP frames
    assert shared.cli("log", run, check=PASSED).stdout == followed.stdout
    events = [json.loads(line) for line in shared.cli("log", run, "--events", check=PASSED).stdout.splitlines()]
    assert [int(event["seq"]) for event in events] == list(range(1, len(events) + 1))
    assert "attemptStarted" in events[0] and events[-1]["attemptEnded"]["verdict"] == "VERDICT_PASSED"
    raw = subprocess.run([BIN / "assay", "log", f"{run}.1.1", "--raw"], env=shared.environment, capture_output=True,
                         timeout=30, check=True).stdout
    assert b"\x06\x09" in raw  # every byte, frames too
    assert shared.cli("watch", run, check=PASSED).stdout.splitlines()[-1].startswith(f"{run} passed in ")


def test_listings_are_stable(shared):
    shared.run("ota-confirm", "--project", "door", "--ref", "side", check=PASSED, **UPDATE)
    runs = shared.json("runs", "--ref", "side", "--project", "door", "--status", "passed")["runs"]
    assert runs and all(run["ref"] == "side" and run["id"] for run in runs)
    assert shared.json("runs", "--plan", "no-such-plan") == {"runs": [], "nextPageToken": ""}
    newest = runs[0]
    for found in (("--rev", "no-such-rev"), ("--profile", "no-such-profile"), ("--text", "no such text")):
        assert shared.json("runs", *found)["runs"] == []
    for filters in (("--profile", "virtual-zephyr"), ("--text", "OTA-conf"), ("--profile", "virtual-zephyr", "--ref", "side")):
        assert newest["id"] in [run["id"] for run in shared.json("runs", *filters)["runs"]]
    refused = shared.cli("runs", "--text", "x" * 201)
    assert (refused.returncode, refused.stderr) == (2, "assay: text: 201 bytes, at most 200\n")
    page = shared.json("runs", "--limit", "1")
    assert len(page["runs"]) == 1
    boards = shared.json("boards")["boards"]
    assert [board["id"] for board in boards] == ["v1", "v2"]
    assert {board["profile"] for board in boards} == {"virtual-zephyr"}
    assert shared.json("board", "v1")["abilities"] == ["console", "flash", "flash.read", "ota.smp", "power", "reset"]
    agents = shared.json("agents")["agents"]
    assert [(agent["id"], agent["state"], sorted(agent["boards"])) for agent in agents] == [
        ("virtual", "connected", ["v1", "v2"])]
    text = shared.cli("boards", check=PASSED).stdout.splitlines()
    assert text[0].split()[:3] == ["BOARD", "STATE", "PROFILE"] and text[1].split()[:3] == ["v1", "idle", "virtual-zephyr"]


def test_live_view_on_a_terminal(shared):
    status, out = on_terminal(shared, "run", "ota-confirm", "--artifact", f"base={Firmware.base}", "--artifact",
                              f"update={Firmware.v2}")
    assert status == PASSED
    assert "\x1b[K" in out and "\x1b[32m✓ " in out  # redrawn, in colour
    assert re.search(r"(█|░)+ +\d+ %", out)
    assert re.search(r"passed.* in [\d.]+ m?s", out.splitlines()[-1])


def test_no_color_is_respected(shared):
    status, out = on_terminal(shared, "boards", colour=False)
    assert status == PASSED
    assert "\x1b[" not in out


def test_ctrl_c_cancels(shared):
    status, out = on_terminal(shared, "run", "ota-confirm", "--artifact", f"base={Firmware.base}", "--artifact",
                              f"update={Firmware.v2_hang}", type_after=rb"boot\.swap\.test")
    assert status == CANCELLED
    run = re.search(r"run \S*(r\d+)", out)[1]
    shown = shared.show(run)
    assert shown["verdict"] == "VERDICT_CANCELLED"
    # What was not begun any more is named as its plan names it.
    steps = shown["jobs"][0]["attempts"][0]["steps"]
    skipped = [step for step in steps if step["state"] == "STEP_STATE_SKIPPED"]
    assert "confirmed" in [step["id"] for step in skipped]
    assert all(step["text"] and step["role"] == "dut" and step["place"] for step in skipped), skipped
    human = shared.cli("show", run, check=PASSED).stdout
    assert all(f"{step['text']} (skipped)\n" in human for step in skipped), human
    # And its board was left in order.
    assert {board["state"] for board in shared.json("boards")["boards"]} == {"idle"}


def test_cancel_by_another(shared):
    run = shared.submit("ota-confirm", base=Firmware.base, update=Firmware.v2_hang)
    shared.cli("cancel", run, "--reason", "wrong image", check=PASSED)
    assert shared.cli("watch", run, check=CANCELLED).stdout.splitlines()[-1] == f"{run} cancelled: wrong image"
    again = shared.cli("cancel", run, check=WRONG_INPUT)
    assert again.stderr == f"assay: {run} has already ended: cancelled\n"


def test_why_and_quarantine(shared):
    shared.cli("quarantine", "v1", "--why", "cable is loose", check=PASSED)
    try:
        board = shared.json("board", "v1")
        assert (board["state"], board["reason"]) == ("quarantined", "cable is loose")
        run = shared.submit("ota-confirm", "--board", "v1", **UPDATE)
        why = shared.cli("why", run, check=PASSED).stdout
        assert "v1" in why and "cable is loose" in why, why
        assert shared.json("why", run)["jobs"][0]["job"] == f"{run}.1"
    finally:
        shared.cli("restore", "v1", check=PASSED)
    shared.cli("watch", run, check=PASSED)


def test_a_run_that_waits_after_a_lab_error_says_why(shared):
    shared.cli("quarantine", "v2", "--why", "cable is loose", check=PASSED)
    try:
        waiting = shared.program("assay", "run", "ota-confirm", "--artifact", f"base={Firmware.base}", "--artifact",
                                 f"update={Firmware.v2_hang}", "--profile", "virtual-zephyr")
        run = waiting.expect(r"^run (r\d+)")[1]
        waiting.expect(r"expect boot\.swap\.test")
        shared.cli("quarantine", "v1", "--why", "to be seen to", check=PASSED)
        (machine,) = shared.processes("qemu-system-arm")
        os.kill(machine, signal.SIGKILL)
        waiting.expect(rf"^{run}\.1 .*cable is loose", within=40)
        assert shared.show(run)["state"] == "RUN_STATE_RUNNING"  # its first attempt has begun
        shared.cli("cancel", run, check=PASSED)
        assert waiting.process.wait(30) == CANCELLED
    finally:
        shared.cli("restore", "v1", check=PASSED)
        shared.cli("restore", "v2", check=PASSED)


def test_a_run_that_is_larger_than_a_message_is_seen_whole(shared, tmp_path):
    plan = tmp_path / "many.yaml"
    plan.write_text("plan: many\nroles: { dut: { needs: [power] } }\nsteps:\n"
                    "  - repeat: { times: 4500, steps: [ power: off, power: off ] }\n")
    done = shared.run(plan, "--repeat", "8", check=PASSED, timeout=300)
    run = re.match(r"run (r\d+)", done.stdout)[1]
    text = shared.cli("show", run, "--json", check=PASSED).stdout
    assert len(text) > 4 << 20
    shown = json.loads(text)
    assert [len(job["attempts"][0]["steps"]) for job in shown["jobs"]] == 8 * [9000]
    # Steps are no consoles: nothing of them is cut, so a report has no smaller size.
    html = tmp_path / "report.html"
    small = shared.cli("report", run, "--html", html, "--max-size", "1", check=WRONG_INPUT)
    mib = re.fullmatch(rf"assay: {run}: without its consoles the report takes at least (\d+) MiB, --max-size 1 allows "
                       r"1: give --max-size \1 or more\n", small.stderr)
    assert mib, small.stderr
    assert not html.exists()
    shared.cli("report", run, "--html", html, "--max-size", "40", check=PASSED)
    assert int(mib[1]) - 1 <= html.stat().st_size >> 20 < 40
    shared.cli("watch", run, check=PASSED)
    shared.cli("report", run, "--junit", tmp_path / "many.xml", check=PASSED)


def test_show_says_how_long_a_run_has_been_running(shared):
    run = shared.submit("ota-confirm", base=Firmware.base, update=Firmware.v2_hang)
    watched = shared.program("assay", "watch", run)
    watched.expect("on v[12] at virtual")
    assert re.match(rf"{run} running for [\d.]+ (ms|s)\n", shared.cli("show", run, check=PASSED).stdout)
    shared.cli("cancel", run, check=PASSED)
    assert watched.process.wait(60) == CANCELLED


def test_retest_is_the_same_once_more(shared):
    run = shared.submit("ota-confirm", "--rev", "abc", **UPDATE)
    shared.cli("watch", run, check=PASSED)
    done = shared.cli("retest", run, check=PASSED)
    again = re.match(r"run (r\d+) ota-confirm", done.stdout)[1]
    assert again != run
    first, second = shared.show(run), shared.show(again)
    assert second["rev"] == "abc"
    assert first["jobs"][0]["specDigest"] == second["jobs"][0]["specDigest"]


def test_power_and_flash_are_runs(shared):
    shared.cli("flash", "v2", Firmware.base, check=PASSED)
    done = shared.cli("power", "v2", "on", check=PASSED)
    run = re.match(r"run (r\d+) power", done.stdout)[1]
    assert shared.show(run)["jobs"][0]["attempts"][0]["boards"] == {"dut": "v2"}
    assert "power off" not in shared.cli("log", run, check=PASSED).stdout  # left as it is
    assert shared.cli("power", "v2", "status", check=PASSED).stdout.startswith("v2: idle")
    shared.cli("power", "v2", "off", check=PASSED)


def test_console_holds_the_board_while_somebody_types(shared):
    shared.cli("flash", "v2", Firmware.base, check=PASSED)
    shared.cli("power", "v2", "on", check=PASSED)
    status, out = on_terminal(shared, "console", "v2", type_after=rb"Ctrl-\] leaves", keys=b"\x1d")
    assert status == PASSED
    assert "console of v2; Ctrl-] leaves" in out
    assert shared.json("runs", "--plan", "console", "--limit", "1")["runs"][0]["verdict"] == "VERDICT_CANCELLED"
    only = on_terminal(shared, "console", "v2", "--read-only", type_after=rb"leaves")
    assert only[0] == PASSED and "reading only" in only[1]
    shared.cli("power", "v2", "off", check=PASSED)


def test_artifacts_come_back_as_they_went(shared, tmp_path):
    sha256 = shared.cli("artifact", "put", Firmware.v2, check=PASSED).stdout.strip()
    assert re.fullmatch(r"[0-9a-f]{64}", sha256)
    assert shared.json("artifact", "put", Firmware.v2)["id"] == sha256
    back = tmp_path / "back.bin"
    shared.cli("artifact", "get", sha256, "-o", back, check=PASSED)
    assert back.read_bytes() == Firmware.v2.read_bytes()
    missing = shared.cli("artifact", "get", "0" * 64, "-o", tmp_path / "none.bin", check=WRONG_INPUT)
    assert missing.stderr.startswith("assay: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back.bin"]


def test_what_does_not_exist_is_exit_2_with_a_suggestion(shared):
    shared.run("smoke", check=PASSED, **smoke_artifacts(shared))
    newest = shared.json("runs", "--limit", "1")["runs"][0]["id"]
    assert shared.cli("show", "r9999", check=WRONG_INPUT).stderr == (
        f"assay: no run 'r9999'; the newest is {newest}: see 'assay runs'\n")
    assert shared.cli("power", "v9", "on", check=WRONG_INPUT).stderr == "assay: no board 'v9', did you mean 'v1'?\n"
    assert shared.cli("run", "ota-cofirm", check=WRONG_INPUT).stderr == (
        "assay: no plan 'ota-cofirm', did you mean 'ota-confirm'?\n")
    missing = shared.cli("run", "ota-confirm", "--artifact", f"base={Firmware.base}", check=WRONG_INPUT).stderr
    assert re.fullmatch(r"ota-confirm\.yaml:\d+:\d+: artifact 'update' is not given: add --artifact update=FILE\n", missing)


def test_wrong_input_is_told_without_an_assayd(tmp_path):
    environment = {**os.environ, "ASSAY_SERVER": "127.0.0.1:1", "NO_COLOR": "1"}

    def cli(*arguments):
        return subprocess.run([BIN / "assay", *map(str, arguments)], env=environment, capture_output=True, text=True,
                              timeout=30)

    plan = tmp_path / "p.yaml"
    plan.write_text("plan: p\nroles: { dut: { needs: [power] } }\nsteps:\n  - pwoer: cycle\n")
    done = cli("run", plan)
    assert done.returncode == WRONG_INPUT and done.stderr.startswith(f"{plan}:4:5: "), done.stderr
    damaged = tmp_path / "base.hex"
    lines = Firmware.base.read_text().splitlines()
    lines[3] = lines[3][:-2] + ("00" if lines[3][-2:] != "00" else "01")
    damaged.write_text("\n".join(lines) + "\n")
    done = cli("run", "ota-confirm", "--artifact", f"base={damaged}", "--artifact", f"update={Firmware.v2}")
    assert done.returncode == WRONG_INPUT and done.stderr.startswith(f"{damaged}:4: "), done.stderr

    done = cli("runs")
    assert done.returncode == UNREACHABLE
    assert done.stderr == ("assay: cannot reach assayd at 127.0.0.1:1: Connection refused; start one with 'assay up' or "
                           "name it with --server\n")
    assert cli("run", "ota-confirm", "--artifact", f"base={Firmware.base}", "--artifact",
               f"update={Firmware.v2}").returncode == UNREACHABLE
    assert cli("--server", "nonsense", "runs").returncode == WRONG_INPUT


def test_offline_commands(tmp_path):
    def cli(*arguments):
        return subprocess.run([BIN / "assay", *map(str, arguments)], capture_output=True, text=True, timeout=30,
                              env={**os.environ, "ASSAY_SERVER": "127.0.0.1:1"})

    shown = cli("image", "show", Firmware.v2)
    assert shown.returncode == PASSED and "2.0.0" in shown.stdout
    image = json.loads(cli("image", "show", Firmware.v2, "--json").stdout)["images"][0]
    assert image["header"]["version"] == "2.0.0" and image["hash"]["state"] == "verified"
    assert cli("image", "show", __file__).returncode == WRONG_INPUT
    assert "ota-confirm" in {plan["id"] for plan in json.loads(cli("plan", "list", "--json").stdout)["plans"]}
    assert json.loads(cli("plan", "schema").stdout)["$schema"].startswith("https://json-schema.org/")
    bad = tmp_path / "bad.yaml"
    bad.write_text("plan: p\nplan: q\n")
    checked = cli("plan", "check", bad, "--json")
    assert checked.returncode == WRONG_INPUT
    findings = json.loads(checked.stdout)["files"][0]["findings"]
    assert any(finding["line"] == 2 and "plan" in finding["text"] for finding in findings), findings
    for shell in ("bash", "zsh", "fish"):
        assert "assay" in cli("completion", shell).stdout
    script = cli("completion", "bash").stdout
    assert subprocess.run(["bash", "-n"], input=script, text=True, timeout=10).returncode == 0


def test_run_outlives_a_restart_of_assayd(make_lab):
    lab = make_lab(boards=1)
    waiting = lab.program("assay", "run", "ota-confirm", "--artifact", f"base={Firmware.base}", "--artifact",
                          f"update={Firmware.v2_hang}")
    waiting.expect(r"expect boot\.swap\.test")
    (assayd,) = [pid for pid, line in lab.processes("bin/assayd").items()]
    os.kill(assayd, signal.SIGKILL)
    waiting.expect(r"^lost assayd at 127\.0\.0\.1:\d+; waiting up to 1 min for it$")
    waiting.expect(r"^assayd is back$")
    assert waiting.process.wait(60) == PRODUCT_FAILED
    lab.up.expect(r"^assay: assayd ended \(killed by signal 9 \(Killed\)\); starting it again$")


def test_up_from_a_terminal_ends_with_ctrl_c(make_lab):
    lab = make_lab(boards=1)
    lab.run("ota-confirm", check=PASSED, **UPDATE)
    lab.stop()  # exit status 0, no process, no socket
    assert not list(lab.state.rglob("*.new")), "a temporary file was left"
