"""Programs of different protocol versions, one of them real: told with both versions, and no retrying for ever."""

import subprocess

import pytest
from lab import BIN, PASSED

OTHER = BIN.parent / "tests/other-version"
OURS, THEIRS = 1, 2  # lib/wire/limits.hpp: protocol_version
FAILED_PRECONDITION = 9  # the gRPC status of a refusal for good
REFUSED = 5  # exit status of an agent that assayd refused


@pytest.fixture
def stand_in(make_lab):
    """Starts an assayd that is none of ours; its address."""
    started = []

    def start(*words):
        program = subprocess.Popen([OTHER, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(program)
        return program, program.stdout.readline().removeprefix("listening ").strip()

    yield start
    for program in started:
        program.communicate(timeout=20)  # closes its standard input
        assert program.returncode == 0


def agent_of(lab, server):
    file = lab.folder / "lab.yaml"
    file.write_text("lab: here\nboards:\n  - id: b1\n    profile: virtual-zephyr\n"
                    "    devices: { machine: { driver: virtual-zephyr } }\n")
    return lab.program("assay-agent", "--server", server, "--lab", file, "--state", lab.folder / "agent")


def test_assayd_refuses_an_agent_of_another_version(lab, firmware):
    version = lab.cli("--version", check=0).stdout.split()[-1]
    done = subprocess.run([OTHER, "agent", lab.grpc, str(THEIRS)], capture_output=True, text=True, timeout=30)
    said = (f"agent 'from-elsewhere' speaks protocol {THEIRS}, this assayd speaks {OURS}: install the assay-agent that "
            f"belongs to assayd {version}")
    assert (done.returncode, done.stdout) == (0, f"{FAILED_PRECONDITION} {said}\n")
    log = (lab.state / "log/assayd.log").read_text()
    assert f" warning assayd: refused: {said}\n" in log
    assert [agent["id"] for agent in lab.json("agents")["agents"]] == ["virtual"]
    lab.run("smoke", base=firmware.base, check=PASSED)  # and nobody else is disturbed
    done = subprocess.run([OTHER, "agent", lab.grpc, str(OURS)], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (1, "was taken in\n"), "it was the version that was refused"


def test_agent_of_another_version_than_assayd_ends(make_lab, stand_in):
    lab = make_lab(boards=0, start=False)
    assayd, address = stand_in("assayd", THEIRS)
    agent = agent_of(lab, address)
    assert agent.process.wait(20) == REFUSED
    agent._reader.join(5)
    assert agent.lines == [f"assay-agent: agent 'here' speaks protocol {OURS}, this assayd speaks {THEIRS}: install the "
                           "assay-agent that belongs to assayd 9.9.9"]
    assert lab.processes() == {}, "its hosts ended with it"
    heard, _ = assayd.communicate(timeout=20)
    assert heard == f"hello of here in protocol {OURS}\n", "it asked once"


def test_agent_that_finds_no_assayd_at_the_address_ends(make_lab, stand_in):
    lab = make_lab(boards=0, start=False)
    _, address = stand_in("stranger")
    agent = agent_of(lab, address)
    assert agent.process.wait(20) == REFUSED
    agent._reader.join(5)
    assert agent.lines == [f"assay-agent: assayd at {address} does not know this request; is it of another version?"]
    assert lab.processes() == {}
