"""A board's console, with people and programs that come and go."""

import base64
import os
import signal
import subprocess

from lab import BIN, CANCELLED, PASSED, WRONG_INPUT, Firmware


def ready(lab):
    lab.cli("flash", "v1", Firmware.base, check=PASSED)
    lab.cli("power", "v1", "on", check=PASSED)


def the_hold(lab):
    """The newest run of a console."""
    return lab.json("runs", "--plan", "console", "--limit", "1")["runs"][0]["id"]


def held_console(lab):
    """A client that holds v1 and types nothing; its standard input stays open."""
    client = subprocess.Popen([BIN / "assay", "console", "v1", "--write"], env=lab.environment, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert client.stderr.readline() == b"console of v1; Ctrl-C leaves\r\n"
    assert lab.json("board", "v1")["state"] == "leased"
    return client


def test_a_killed_client_gives_its_board_back(lab):
    client = held_console(lab)
    run = the_hold(lab)
    client.kill()
    client.wait(10)
    client.stdin.close()
    assert lab.cli("watch", run, check=CANCELLED).stdout.splitlines()[-1] == f"{run} cancelled: the console was left"
    assert lab.json("board", "v1")["state"] == "idle"


def test_a_console_does_not_outlive_its_assayd(lab):
    client = held_console(lab)
    run = the_hold(lab)
    (assayd,) = lab.processes("bin/assayd")
    os.kill(assayd, signal.SIGKILL)
    assert client.wait(20) != PASSED
    client.stdin.close()
    watched = lab.cli("watch", run, check=CANCELLED).stdout.splitlines()
    assert watched[-1] == f"{run} cancelled: assayd was restarted"
    assert lab.json("board", "v1")["state"] == "idle"


def test_piped_input_is_typed_and_answered_then_the_console_is_left(lab):
    ready(lab)
    # The SMP server answers an echo request: {"d": "hi"} in a frame of the serial transport.
    body = bytes.fromhex("a1616462") + b"hi"
    packet = bytes([2, 0, 0, len(body), 0, 0, 7, 0]) + body
    crc = 0
    for byte in packet:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    framed = (len(packet) + 2).to_bytes(2, "big") + packet + crc.to_bytes(2, "big")
    done = subprocess.run([BIN / "assay", "console", "v1", "--write"], env=lab.environment, capture_output=True,
                          input=b"\x06\x09" + base64.b64encode(framed) + b"\n", timeout=60)
    assert done.returncode == PASSED, done
    frame = done.stdout[done.stdout.index(b"\x06\x09") + 2:].split(b"\n")[0]
    assert b"hi" in base64.b64decode(frame), done.stdout
    run = the_hold(lab)
    assert lab.cli("watch", run, check=CANCELLED).stdout.splitlines()[-1] == f"{run} cancelled: the console was left"
    assert lab.json("board", "v1")["state"] == "idle"
    again = lab.cli("retest", run, check=WRONG_INPUT)
    assert again.stderr == f"assay: {run} held a board for a console: 'assay console' holds it again\n"
    lab.cli("power", "v1", "off", check=PASSED)


def test_input_that_is_empty_ends_the_console(lab):
    lab.cli("console", "v1", "--write", check=PASSED, timeout=30)
