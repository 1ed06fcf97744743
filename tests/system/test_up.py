"""What `assay up` promises of its children. Stand-ins for assayd and assay-agent, so that each may
die as a test wants; the `assay` is the real one."""

import os
import re
import shutil
import signal

import lab as harness
import pytest

ASSAYD = """#!/bin/sh
echo "$$ $@" >> "$ASSAY_STAND_IN/assayd.starts"
echo "words of assayd" >&2
if [ -e "$ASSAY_STAND_IN/assayd.fails" ]; then echo "port is taken" >&2; exit 2; fi
echo "ready grpc=127.0.0.1:4321 web=http://127.0.0.1:4322"
exec sleep 300
"""
AGENT = """#!/bin/sh
echo "$$ $@" >> "$ASSAY_STAND_IN/agent.starts"
setsid sh -c 'exec sleep 301' &
echo "ready boards=2"
exec sleep 300
"""
AGENT_DIES = """#!/bin/sh
echo "$$ $@" >> "$ASSAY_STAND_IN/agent.starts"
echo "ready boards=2"
until read _ < "$ASSAY_STAND_IN/go"; do :; done  # an end without a line: the last one's word is just being closed
echo "cable on fire" >&2
exit 7
"""


@pytest.fixture
def up(tmp_path, monkeypatch):
    real = harness.BIN / "assay"
    bin = tmp_path / "bin"
    bin.mkdir()
    shutil.copy(real, bin / "assay")
    monkeypatch.setattr(harness, "BIN", bin)

    def script(name, text):
        (bin / name).write_text(text)
        (bin / name).chmod(0o755)

    script("assayd", ASSAYD)
    script("assay-agent", AGENT)
    share = os.environ.get("ASSAY_SHARE", str(harness.ROOT))
    lab = harness.Lab(boards=2, environment={"ASSAY_STAND_IN": str(tmp_path), "ASSAY_SHARE": share})
    lab.script, lab.notes = script, tmp_path
    yield lab
    lab.clean_up()


def starts(lab, name):
    return (lab.notes / f"{name}.starts").read_text().splitlines()


def pid_of(lab, name):
    return int(starts(lab, name)[-1].split()[0])


def test_children_get_what_they_need_and_leave_nothing(up):
    up.start()
    assert up.grpc == "127.0.0.1:4321"
    assert up.web == "http://127.0.0.1:4322"
    state = up.state
    assert starts(up, "assayd")[0].split()[1:] == ["--state", f"{state}/assayd", "--web", "127.0.0.1:0",
                                                   "--listen", "127.0.0.1:0"]
    assert starts(up, "agent")[0].split()[1:] == ["--server", "127.0.0.1:4321", "--lab", f"{state}/virtual-lab.yaml",
                                                  "--state", f"{state}/agent"]
    lab_file = (state / "virtual-lab.yaml").read_text()
    assert re.findall(r"id: (\S+)", lab_file) == ["v1", "v2"]
    assert (state / "log/assayd.log").read_text() == "words of assayd\n"
    harness.eventually(lambda: len(up.processes("sleep 301")) == 1)  # in a session of its own
    up.stop()  # fails when a process is left


def test_lab_file_that_it_writes_is_good(up):
    up.start()
    done = up.cli("plan", "check", up.state / "virtual-lab.yaml", check=0)
    assert "lab 'virtual' is good" in done.stdout


@pytest.mark.parametrize("name, listen", [("assayd", "127.0.0.1:4321"), ("agent", None)])
def test_child_that_dies_is_started_again(up, name, listen):
    up.start()
    os.kill(pid_of(up, name), signal.SIGKILL)
    program = {"assayd": "assayd", "agent": "assay-agent"}[name]
    up.up.expect(rf"^assay: {program} ended \(killed by signal 9 \(Killed\)\); starting it again$")
    up.up.expect(rf"^assay: {program} is back: ready ")
    assert len(starts(up, name)) == 2
    if listen:  # on the same ports, whatever it was asked for at first
        assert starts(up, name)[1].split()[-4:] == ["--web", "127.0.0.1:4322", "--listen", listen]
    up.stop()


def test_child_that_dies_too_often_ends_it(up):
    os.mkfifo(up.notes / "go")
    up.script("assay-agent", AGENT_DIES)
    up.start()
    for number in range(1, 6):
        # The one before must be gone, or it would take this one's word.
        harness.eventually(lambda: len(starts(up, "agent")) == number)
        with (up.notes / "go").open("w") as go:
            go.write("\n")
    assert up.up.process.wait(20) == 3
    up.up.expect(r"^assay: assay-agent ended 5 times within a minute, last with exit status 7; its log is \S+ and ends:$")
    assert len(starts(up, "agent")) == 5
    assert up.processes() == {}


def test_child_that_crashes_at_its_end_is_told(up):
    trapping = """sleep 300 &
trap "kill $!; echo assertion failed >&2; kill -ABRT $$" TERM
echo "ready boards=2"
wait"""  # the trap first: who has said that it is ready may be ended at once
    up.script("assay-agent", AGENT.replace('echo "ready boards=2"\nexec sleep 300', trapping))
    up.start()
    assert up.up.interrupt() == 3
    up.up.expect(r"^assay: assay-agent did not end well \(killed by signal 6 \(Aborted\)\); its log is \S+ and ends:$")
    up.up.expect(r"^  assertion failed$")
    assert up.processes() == {}


def test_child_that_cannot_start_says_why(up):
    (up.notes / "assayd.fails").touch()
    up.up = up.program("assay", "up", "--state", up.state, "--boards", 2, "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0")
    assert up.up.process.wait(20) == 2
    up.up.expect(r"^assay: assayd ended before it was ready \(exit status 2\); it said:$")
    up.up.expect(r"^  port is taken$")
    assert not (up.notes / "agent.starts").exists()
    assert up.processes() == {}


def test_killed_it_takes_its_children_along(up):
    up.start()
    children = [pid_of(up, "assayd"), pid_of(up, "agent")]
    up.up.kill()
    assert harness.gone_within(children, 2.0) == []


def test_second_one_on_the_same_folder_is_refused(up):
    up.start()
    second = up.program("assay", "up", "--state", up.state, "--boards", 1, "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0")
    assert second.process.wait(20) == 2
    second.expect(rf"^assay: {re.escape(str(up.state))}: in use by assay up \(process {up.up.pid}\); "
                  "end that one or choose another folder$")
    up.stop()


@pytest.mark.parametrize("arguments, words", [
    (["--boards-profile", "virtual-zephir"], "assay: --boards-profile: no board type 'virtual-zephir', did you mean 'virtual-zephyr'?"),
    (["--boards-profile", "desk-zephyr"], "assay: --boards-profile: 'desk-zephyr' is no virtual board; name real boards in --lab FILE"),
    (["--listen", "7420"], "assay: --listen: '7420' is not HOST:PORT, for example 127.0.0.1:7420"),
    (["--web", "7480"], "assay: --web: '7480' is not HOST:PORT, for example 127.0.0.1:7420"),
    (["--boards", "-1"], "--boards"),
])
def test_wrong_words_start_nothing(up, arguments, words):
    done = up.cli("up", "--state", up.state, *arguments, check=2)
    assert words in done.stderr
    assert not (up.notes / "assayd.starts").exists()


def test_bad_lab_file_starts_nothing(up):
    bad = up.folder / "lab.yaml"
    bad.write_text("lab: desk\nboards:\n  - id: b1\n    profile: desk-generic\n    devices:\n"
                   "      power: { driver: command, on: [relay], of: [relay] }\n")
    done = up.cli("up", "--state", up.state, "--lab", bad, check=2)
    assert re.search(rf"^(assay: )?{re.escape(str(bad))}:6:\d+: ", done.stderr), done.stderr
    assert not (up.notes / "assayd.starts").exists()


def test_lab_file_gets_an_agent_of_its_own(up):
    own = up.folder / "lab.yaml"
    own.write_text("lab: desk\nboards:\n  - id: b1\n    profile: desk-generic\n    devices:\n"
                   "      power: { driver: command, on: [relay, \"on\"], off: [relay, \"off\"] }\n"
                   "      flash: { driver: command, write: [tool, \"{file}\"] }\n"
                   "      console: { driver: serial, path: /dev/ttyS0, baud: 115200 }\n")
    up.extra = ["--lab", str(own)]
    up.start()
    assert [line.split()[4] for line in starts(up, "agent")] == [f"{up.state}/virtual-lab.yaml", str(own)]
    up.stop()


def test_terminal_that_goes_away_ends_it(up):
    up.start()
    up.up.process.send_signal(signal.SIGHUP)
    assert up.up.process.wait(15) == 0
    assert up.processes() == {}
