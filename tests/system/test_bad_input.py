"""What is wrong is told with its place, before anything is powered; bytes under test are not judged."""

import os
import re
import shutil

import pytest
from lab import PASSED, PRODUCT_FAILED, ROOT, WRONG_INPUT


class Desk:
    """A board whose power switch leaves a mark whenever it is asked for anything."""

    def __init__(self, lab):
        self.lab, self.file, self.note = lab, lab.folder / "lab.yaml", lab.folder / "switched"
        self._controller, port = os.openpty()
        switch = lab.folder / "switch"
        switch.write_text(f'#!/bin/sh\necho "$@" >> {self.note}\n')
        switch.chmod(0o755)
        self.text = (f"lab: desk\nboards:\n  - id: b1\n    profile: desk-generic\n    devices:\n"
                     f'      power: {{ driver: command, on: [{switch}, "on"], off: [{switch}, "off"] }}\n'
                     f'      flash: {{ driver: command, write: [{switch}, "{{file}}"] }}\n'
                     f"      console: {{ driver: serial, path: {os.ttyname(port)}, baud: 115200 }}\n")
        os.close(port)
        self.file.write_text(self.text)
        self.switch = switch
        # Plans and board types of its own, to be spoilt.
        self.share = lab.folder / "share"
        for name in ("board-profiles", "test-plans"):
            shutil.copytree(ROOT / name, self.share / name)
        self.profile = self.share / "board-profiles/desk-generic.yaml"
        lab.environment["ASSAY_SHARE"] = str(self.share)

    def marks(self):
        return self.note.read_text().splitlines() if self.note.exists() else []

    def close(self):
        os.close(self._controller)


@pytest.fixture
def desk(make_lab):
    """Its lab is not started."""
    desk = Desk(make_lab(boards=0, start=False))
    yield desk
    desk.close()


@pytest.fixture
def running_desk(desk):
    desk.lab.extra = ["--lab", str(desk.file)]
    desk.lab.start()
    assert desk.marks(), "the board was switched off when its agent started: marks are made"
    return desk


def ended(program, within=20):
    """(exit status, all it said) of a program that is to end by itself."""
    status = program.process.wait(within)
    program._reader.join(5)
    return status, "\n".join(program.lines)


# Lab files.

BAD_LABS = {
    "unknown key": (lambda desk: desk.text.replace("lab: desk", "lab: desk\nborads: []"),
                    "2:1: unknown key 'borads', did you mean 'boards'?"),
    "duplicate key": (lambda desk: desk.text + "      power: { driver: command }\n",
                      "9:7: 'power' is there twice: the first is in line 6"),
    "shell line": (lambda desk: desk.text.replace(f'on: [{desk.switch}, "on"]', f"on: {desk.switch} on"),
                   "6:37: a command is a list of arguments, not a line for a shell: write on: [{switch}, on]"),
    "wrong unit": (lambda desk: desk.text.replace("baud: 115200", "baud: 115.2k"),
                   "8:{baud}: expected a whole number, not '115.2k'"),
    "tab": (lambda desk: desk.text.replace("  - id", "\t- id"), "3:1: indented with a tab: use spaces"),
    "not YAML": (lambda desk: desk.text.replace("on: [", "on: [["), "6:{end}: not valid YAML: illegal flow end"),
    "not text": (lambda desk: desk.text.replace("desk", "d\udcffsk", 1), "1:7: the byte 0xff is not UTF-8 text"),
}


@pytest.mark.parametrize("name", BAD_LABS)
def test_bad_lab_file_touches_nothing(desk, name):
    spoil, words = BAD_LABS[name]
    text = spoil(desk)
    desk.file.write_bytes(text.encode(errors="surrogateescape"))
    lines = text.splitlines()
    said = f"{desk.file}:" + words.format(switch=desk.switch, baud=lines[7].find("115.2k") + 1,
                                          end=lines[5].rfind("}") + 1)
    up = desk.lab.cli("up", "--state", desk.lab.state, "--listen", "127.0.0.1:0", "--web", "off", "--lab", desk.file,
                      check=WRONG_INPUT)
    assert up.stderr == f"assay: {said}\n"
    agent = desk.lab.program("assay-agent", "--server", "127.0.0.1:1", "--lab", desk.file, "--state",
                             desk.lab.folder / "agent")
    assert ended(agent) == (WRONG_INPUT, f"assay-agent: {said}")
    assert desk.marks() == []
    assert desk.lab.processes() == {}
    assert not desk.lab.state.exists() and not (desk.lab.folder / "agent").exists()


# Plans.

BAD_PLANS = [
    ("plan: p\nroles: { dut: { needs: [power] } }\nsteps:\n  - power: cycle\n  - pwoer: off\n",
     "5:5: unknown verb 'pwoer', did you mean 'power'?"),
    ("plan: p\nroles: { dut: { needs: [power, console] } }\nsteps:\n  - power: cycle\n"
     "  - expect: { seen: /hello/, within: 5 }\n", "5:38: '5' has no unit: write 10ms, 10s or 2min"),
    ("plan: p\nplan: q\nroles: { dut: { needs: [power] } }\nsteps:\n  - power: cycle\n",
     "2:1: 'plan' is there twice: the first is in line 1"),
    ("plan: p\nroles: { dut: { needs: [power] } }\nsteps:\n  - power: cycle\n  - power: off\n    on: dtu\n",
     "6:9: no role 'dtu', did you mean 'dut'?"),
    ("plan: p\nroles: { dut: { needs: [power, flash] } }\nartifacts: { base: { about: x } }\nsteps:\n"
     "  - power: cycle\n  - flash: { image: bass }\n", "6:21: no artifact 'bass', did you mean 'base'?"),
    ("plan: p\nroles: { dut: { needs: [power, ota.smp] } }\nsteps:\n  - power: cycle\n",
     "2:32: board type 'desk-generic' lacks 'ota.smp', which role 'dut' needs"),
]


def test_bad_plan_powers_nothing(running_desk):
    desk, before = running_desk, running_desk.marks()
    plan = desk.lab.folder / "p.yaml"
    for text, words in BAD_PLANS:
        plan.write_text(text)
        done = desk.lab.cli("run", plan, "--board", "b1", check=WRONG_INPUT)
        assert (done.stdout, done.stderr) == ("", f"{plan}:{words}\n")
    assert desk.marks() == before
    assert desk.lab.json("runs")["runs"] == []
    plan.write_text("plan: p\nroles: { dut: { needs: [power] } }\nsteps:\n  - power: on\n")
    desk.lab.cli("run", plan, "--board", "b1", check=PASSED)
    assert desk.marks()[len(before):][:1] == ["on"], "a good plan does power it"


# Board types.

BAD_PROFILES = [
    ("power-off-time: 1s", "power-off-time: 1", "6:17: '1' has no unit: write 10ms, 10s or 2min"),
    ("deadline-factor: 2", "deadline-facter: 2", "7:1: unknown key 'deadline-facter', did you mean 'deadline-factor'?"),
    ("[power, flash, console]", "[power, flsh, console]", "5:20: unknown ability 'flsh', did you mean 'flash'?"),
    ("about: ", "about: any\nabout: ", "5:1: 'about' is there twice: the first is in line 4"),
]


def test_bad_profile_powers_nothing(running_desk):
    """A board type that went bad while its lab runs."""
    desk, before = running_desk, running_desk.marks()
    plan = desk.lab.folder / "p.yaml"
    plan.write_text("plan: p\nroles: { dut: { needs: [power] } }\nsteps:\n  - power: on\n")
    text = desk.profile.read_text()
    for good, bad, words in BAD_PROFILES:
        assert good in text
        desk.profile.write_text(text.replace(good, bad))
        named = desk.lab.cli("run", plan, "--profile", "desk-generic", check=WRONG_INPUT)
        assert (named.stdout, named.stderr) == ("", f"desk-generic.yaml:{words}\n")
        for which in ([], ["--board", "b1"]):
            done = desk.lab.cli("run", plan, *which, check=WRONG_INPUT)
            assert (done.stdout, done.stderr) == ("", f"assay: no known board fits plan 'p': desk-generic.yaml:{words}\n")
    assert desk.marks() == before
    assert desk.lab.json("runs")["runs"] == []


@pytest.mark.parametrize("good, bad, words", BAD_PROFILES)
def test_bad_profile_starts_nothing(desk, good, bad, words):
    desk.profile.write_text(desk.profile.read_text().replace(good, bad))
    checked = desk.lab.cli("plan", "check", desk.profile, check=WRONG_INPUT)
    assert checked.stderr == f"{desk.profile}:{words}\n"
    up = desk.lab.cli("up", "--state", desk.lab.state, "--listen", "127.0.0.1:0", "--web", "off", "--lab", desk.file, timeout=20,
                      check=WRONG_INPUT)
    assert up.stderr == f"assay: desk-generic.yaml:{words}\n"
    agent = desk.lab.program("assay-agent", "--server", "127.0.0.1:1", "--lab", desk.file, "--state",
                             desk.lab.folder / "agent")
    assert ended(agent) == (WRONG_INPUT, f"assay-agent: desk-generic.yaml:{words}")
    assert desk.marks() == []
    assert desk.lab.processes() == {}
    assert not desk.lab.state.exists() and not (desk.lab.folder / "agent").exists()


def test_bad_profile_of_virtual_boards_starts_nothing(desk):
    profile = desk.share / "board-profiles/virtual-zephyr.yaml"
    profile.write_text(profile.read_text().replace("size: 256K", "size: 256Q"))
    up = desk.lab.cli("up", "--state", desk.lab.state, "--listen", "127.0.0.1:0", "--web", "off", "--boards", 1, timeout=20,
                      check=WRONG_INPUT)
    assert up.stderr == ("assay: virtual-zephyr.yaml:10:9: expected a number of bytes such as 4096, 0x1000 or 4K, "
                         "not '256Q'\n")
    assert desk.lab.processes() == {} and not desk.lab.state.exists()


# The container that Assay itself must decode to flash it.

def spoilt_hex(lines):
    """Intel HEX files with one thing wrong, and what is said of each."""
    return {
        "checksum": (lines[:3] + [lines[3][:-2] + "00"] + lines[4:],
                     f":4: checksum is 0x00, computed 0x{lines[3][-2:].lower()}: the file is damaged"),
        "cut": (lines[:-1], f":{len(lines) - 1}: the end-of-file record (:00000001FF) is missing: the file is cut short"),
        "cut in a line": (lines[:5] + [lines[5][:20]], ":6: an odd number of hexadecimal digits"),
        "digit": (lines[:5] + [lines[5][:20] + "G" + lines[5][21:]] + lines[6:],
                  f":6: '{lines[5][19]}G' is not a hexadecimal byte"),
        "length": (lines[:5] + [":11" + lines[5][3:]] + lines[6:], ":6: the record announces 17 data bytes and has 16"),
        "type": (lines[:5] + [":0000000AF6"] + lines[5:], ":6: record type 10 is unknown, the format has 00 to 05"),
        "overlap": (lines[:5] + [lines[4]] + lines[5:],
                    f":6: address 0x{int(lines[4][3:7], 16):08x} was already given by line 5"),
        "after the end": (lines + [lines[2]], f":{len(lines) + 1}: a record after the end-of-file record"),
    }


def test_bad_hex_powers_nothing(running_desk, firmware):
    desk, before = running_desk, running_desk.marks()
    file = desk.lab.folder / "base.hex"
    plan = desk.lab.folder / "p.yaml"
    plan.write_text("plan: p\nroles: { dut: { needs: [power, flash] } }\nartifacts: { base: { about: x } }\nsteps:\n"
                    "  - power: cycle\n  - flash: { image: base }\n")
    for lines, words in spoilt_hex(firmware.base.read_text().splitlines()).values():
        file.write_text("\n".join(lines) + "\n")
        flashed = desk.lab.cli("flash", "b1", file, check=WRONG_INPUT)
        assert (flashed.stdout, flashed.stderr) == ("", f"assay: {file}{words}\n")
        done = desk.lab.cli("run", plan, "--board", "b1", "--artifact", f"base={file}", check=WRONG_INPUT)
        assert (done.stdout, done.stderr) == ("", f"{file}{words}\n")
    assert desk.marks() == before
    assert desk.lab.json("runs")["runs"] == []


# Bytes under test.

def test_update_that_is_damaged_goes_to_the_device(make_lab, firmware):
    """Exit 1, the product's failure, with the step that shows it: nobody looks into the image before."""
    lab = make_lab(boards=2)
    good = firmware.v2.read_bytes()
    cut, flipped = lab.folder / "cut.bin", lab.folder / "flipped.bin"
    middle = len(good) // 2
    cut.write_bytes(good[:middle])
    flipped.write_bytes(good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1:])
    runs = [lab.program("assay", "run", "ota-confirm", "--artifact", f"base={firmware.base}", "--artifact",
                        f"update={update}") for update in (cut, flipped)]
    of_cut, of_flipped = [ended(run, 60) for run in runs]
    assert of_cut[0] == PRODUCT_FAILED, of_cut[1]
    assert re.search(r"^  r\d+\.1 ✗ boot-into-test\.install: send update over SMP until pending, within 1 min [\d.]+ m?s: "
                     r"the device took update but lists no image in its secondary slot, so nothing can be marked for a "
                     r"boot$", of_cut[1], re.M), of_cut[1]
    assert re.search(r"^r\d+ failed: the device took update but lists no image in its secondary slot", of_cut[1], re.M)
    assert of_flipped[0] == PRODUCT_FAILED, of_flipped[1]
    assert re.search(r"✓ boot-into-test\.install: ", of_flipped[1]), "the device took it"
    assert re.search(r'^r\d+ failed: boot\.bad-image must never be seen, but dut\'s console said "E: Image in the secondary '
                     r'slot is not valid!" during "(reset|expect (boot\.swap\.test|app\.ready) within 10 s)"$', of_flipped[1],
                     re.M), of_flipped[1]
    for run in lab.json("runs")["runs"]:
        assert [len(job["attempts"]) for job in lab.show(run["id"])["jobs"]] == [1], "the product's failure is not retried"
