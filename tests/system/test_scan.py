"""Setting up a lab on an emulated desk: what is attached, a lab file from it, and its devices at work."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from lab import BIN, CACHE, PASSED, ROOT, WRONG_INPUT, Firmware, Program

NOBODY = 65534


class Desk:
    """Two emulated boards: what hangs on their USB bus is seen by programs with its environment."""

    def __init__(self, folder):
        self.folder = folder
        self.program = subprocess.Popen(
            [BIN / "assay-desk", "--boards", "2", "--state", folder / "desk", "--", "sh", "-c",
             'echo "$LD_PRELOAD"; echo "$UMOCKDEV_DIR"; exec cat'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        preload, bed = (self.program.stdout.readline().strip() for _ in range(2))
        assert bed, "assay-desk ended"
        self.bed = Path(bed)
        self.environment = {"LD_PRELOAD": preload, "UMOCKDEV_DIR": bed}

    def agent(self, *words, check=PASSED, programs=BIN, **options):
        done = subprocess.run([programs / "assay-agent", *words], env={**os.environ, **self.environment},
                              cwd=self.folder, capture_output=True, text=True, timeout=30, **options)
        assert done.returncode == check, f"{done.stdout}\n{done.stderr}"
        return done.stdout if check == PASSED else done.stderr

    def devices(self, **options):
        return json.loads(self.agent("scan", "--json", **options))["devices"]

    def add_serial_port(self, number, board):
        """The board's console as a port of its probe, as on a development kit; the kernel would list it so."""
        name = f"ttyACM{number}"
        terminal = self.bed / "sys/class/tty" / name
        terminal.mkdir(parents=True)
        interface = (self.bed / f"sys/bus/usb/devices/2-{number + 1}:1.0").resolve()
        (terminal / "device").symlink_to(os.path.relpath(interface, terminal))
        (self.bed / "dev/serial/by-id").mkdir(parents=True, exist_ok=True)
        (self.bed / "dev" / name).symlink_to(os.readlink(self.folder / "desk" / board / "tty"))
        (self.bed / "dev/serial/by-id" / f"usb-{board}").symlink_to(f"../../{name}")

    def end(self):
        self.program.stdin.close()
        self.program.wait(20)


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.end()


def test_what_is_attached(desk):
    found = {one["id"]: one for one in desk.devices()}
    assert sorted(found) == ["1-1", "2-1", "2-2"]
    assert found["1-1"]["kind"] == "relay" and found["1-1"]["drivers"] == ["dcttech"]
    assert found["2-2"] == {"id": "2-2", "kind": "probe", "usb": "1209:0001", "manufacturer": "Assay",
                            "name": "Virtual CMSIS-DAP", "serial": "A55A00000002", "port": "2-2",
                            "path": "/dev/bus/usb/002/003", "drivers": ["pyocd"], "trouble": "",
                            "profile": "", "target": ""}
    table = desk.agent("scan").splitlines()
    assert table[0].split() == ["KIND", "DRIVER", "USB", "PORT", "SERIAL", "WHAT"]
    assert table[1].split()[:5] == ["probe", "pyocd", "1209:0001", "2-1", "A55A00000001"]


@pytest.fixture
def everybodys_programs():
    """The build may lie where only its owner gets to, below /root for one."""
    with tempfile.TemporaryDirectory(prefix="assay-scan-") as folder:
        Path(folder).chmod(0o755)
        for name in ("assay-agent", "assay-host"):
            shutil.copy2(BIN / name, folder)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_without_rights_it_is_listed_with_the_cure(desk, everybodys_programs):
    for path in (desk.bed, *desk.bed.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    node = Path(desk.bed, "dev/bus/usb/002/003")
    node.chmod(0o600)
    found = {one["id"]: one for one in desk.devices(
        programs=everybodys_programs, user=NOBODY, group=NOBODY, extra_groups=[])}
    assert sorted(found) == ["1-1", "2-1", "2-2"]
    assert found["2-2"]["trouble"] == (
        "no permission to open /dev/bus/usb/002/003: write what `assay-agent udev-rules` prints to "
        "/etc/udev/rules.d/70-assay.rules, run `udevadm control --reload`, and plug it in again")


def test_the_lab_file_is_good_and_its_devices_drive_the_desk(desk, make_lab, tmp_path):
    for number, board in enumerate(("v1", "v2")):
        desk.add_serial_port(number, board)
    assert "lab.yaml is written" in desk.agent("init")
    file = tmp_path / "lab.yaml"
    text = file.read_text()
    lab = make_lab(boards=1)
    lab.cli("plan", "check", file, check=PASSED)
    for device in ("A55A00000001", "A55A00000002", "/dev/serial/by-id/usb-v1", "/dev/serial/by-id/usb-v2",
                   "driver: dcttech, port: 1-1"):
        assert text.count(device) == 1, text
    # What only a person knows: the boards' type, their chip, and which relay is whose.
    text = text.replace("desk-generic", "virtual-zephyr-usb").replace("cortex_m }", "nrf51 }")
    power, = re.findall(r"^#      (power: .*)$", text, re.MULTILINE)
    places = text.split("    devices:\n")
    assert len(places) == 3
    for channel, place in enumerate(places[1:], 1):
        places[channel] = f"      {power.replace('channel: 1', f'channel: {channel}')}\n{place}"
    file.write_text("    devices:\n".join(places))
    lab.cli("plan", "check", file, check=PASSED)

    agent = Program([BIN / "assay-agent", "--server", lab.grpc, "--lab", file, "--state", tmp_path / "agent",
                     "--name", "bench"], tmp_path / "agent.log", {**lab.environment, **desk.environment})
    try:
        agent.expect("^ready boards=2", within=60)
        assert lab.await_board("board-2", "idle", 60)["abilities"] == [
            "console", "flash", "flash.read", "ota.smp", "power", "reset"]
        done = lab.run("smoke", "--board", "board-2", base=Firmware.base, timeout=400)
        assert done.returncode == PASSED, done.stdout
    finally:
        agent.interrupt()


def test_init_never_writes_over_a_file(desk, tmp_path):
    desk.agent("init", "mine.yaml")
    (tmp_path / "mine.yaml").write_text("precious")
    assert desk.agent("init", "mine.yaml", check=WRONG_INPUT) == (
        "assay-agent: mine.yaml is there already: name another file, or move it away\n")
    assert (tmp_path / "mine.yaml").read_text() == "precious"
    assert "no/lab.yaml: No such file or directory" in desk.agent("init", "no/lab.yaml", check=WRONG_INPUT)


def test_a_machine_with_nothing(tmp_path):
    environment = {**os.environ, "LD_PRELOAD": "libumockdev-preload.so.0", "UMOCKDEV_DIR": str(tmp_path)}
    (tmp_path / "sys").mkdir()

    def agent(*words):
        return subprocess.run([BIN / "assay-agent", *words], env=environment, cwd=tmp_path, capture_output=True,
                              text=True, timeout=30)

    done = agent("scan")
    assert done.returncode == PASSED and "`lsusb` lists the device" in done.stdout
    assert json.loads(agent("scan", "--json").stdout) == {"devices": []}
    done = agent("init")
    assert done.returncode == WRONG_INPUT
    assert "no probe, serial port or relay is attached" in done.stderr
    assert not (tmp_path / "lab.yaml").exists()


def test_commands_that_make_no_sense(desk):
    for words, said in ((("scan", "--jsn"), "unexpected '--jsn': usage: assay-agent scan [--json]"),
                        (("init", "a", "b"), "unexpected 'b': usage: assay-agent init [FILE]"),
                        (("init", "--force"), "unexpected '--force': usage: assay-agent init [FILE]"),
                        (("udev-rules", "x"), "unexpected 'x': usage: assay-agent udev-rules"),
                        (("drivers", "x"), "unexpected 'x': usage: assay-agent drivers --markdown")):
        assert desk.agent(*words, check=WRONG_INPUT) == f"assay-agent: {said}\n"
    assert desk.agent("udev-rules").startswith("# Lets the group `assay`")
    assert "| `dcttech` | power |" in desk.agent("drivers", "--markdown")


def test_targets_of_the_documents_are_pyocds():
    document = (ROOT / "docs/HARDWARE.md").read_text()
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (?:`([a-z0-9_]+)`|[^|]*) \|", document.split("## Board types")[1],
                      re.MULTILINE)
    targets = {profile: target for profile, target in rows}
    assert {profile for profile in targets} <= {path.stem for path in (ROOT / "board-profiles").glob("*.yaml")}
    assert targets["nrf52840dk"] == "nrf52840" and targets["imx8mm-evk"] == "" and len(targets) == 13
    listed = subprocess.run([CACHE / "venv-demo/bin/pyocd", "list", "--targets"], capture_output=True, text=True,
                            timeout=60)
    known = {line.split()[0] for line in listed.stdout.splitlines() if line.strip()}
    assert "nrf51" in known, listed.stderr
    assert {target for target in targets.values() if target} <= known
    # Those that `init` fills in are the same.
    source = (ROOT / "lab-agents/scan/probes.cpp").read_text()
    guessed = dict(re.findall(r'\{"[0-9A-F]{4}", "([a-z0-9-]+)", "([a-z0-9]+)"\}', source))
    assert guessed and all(targets[profile] == target for profile, target in guessed.items())
