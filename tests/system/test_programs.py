"""What the programs are made of."""

import re
import subprocess

import pytest
from lab import BIN

DEVICE_LIBRARIES = re.compile(r"lib(usb|ftdi|hidapi|serialport|umockdev|gpiod|modbus|jaylink)", re.I)


def shared_libraries(program):
    done = subprocess.run(["ldd", BIN / program], capture_output=True, text=True, check=True)
    return re.findall(r"^\s*(\S+) =>", done.stdout, re.M)


@pytest.mark.parametrize("program", ["assay-agent", "assayd", "assay"])
def test_links_no_device_library(program):
    libraries = shared_libraries(program)
    assert any(name.startswith("libgrpc++") for name in libraries), libraries  # ldd was understood
    assert [name for name in libraries if DEVICE_LIBRARIES.match(name)] == []


@pytest.mark.parametrize("program", ["assay-agent", "assayd", "assay"])
def test_help_needs_nothing(program):
    """No server, no state folder, no terminal."""
    done = subprocess.run([BIN / program, "--help"], capture_output=True, text=True, timeout=20,
                          env={"PATH": "/usr/bin:/bin"}, cwd="/")
    assert done.returncode == 0, done.stderr
    assert program in done.stdout


@pytest.mark.parametrize("program", ["assay-agent", "assayd", "assay"])
def test_unknown_option_is_exit_2(program):
    done = subprocess.run([BIN / program, "--no-such-option"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert "--no-such-option" in done.stderr


def test_device_host_says_who_starts_it():
    done = subprocess.run([BIN / "assay-host", "--help"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert "this program is started by assay-agent, not by hand" in done.stderr
