"""Image in, login prompt out: a Linux disk image is written to a card behind an emulated SDWire by the real
libusb and the disk driver, and an emulated machine starts from it. The card is a file that is either on the
host's side or on the board's (assay-desk --kernel): who forgets to switch finds nothing there."""

import hashlib
import json
import lzma
import re

import pytest
from lab import BIN, CACHE, LAB_ERROR, PASSED, READY, Lab
from linux_image import block_map, kernel, make_image

PLAN = """plan: linux-image
about: A disk image is written and starts.
roles: { dut: { needs: [mux] } }
artifacts:
  disk: { about: the whole SD card }
steps:
  - flash: { image: disk, within: 3min }
  - power: on
  - expect: { seen: login.prompt, within: 20s }
finally:
  - power: off
"""
BY_MAP = PLAN.replace("about: the whole SD card }", "about: the whole SD card }\n  map: { about: its block map }").replace(
    "image: disk, within", "image: disk, bmap: map, within")
UNWRITTEN = """plan: linux-unwritten
about: A card that nobody has written does not start.
roles: { dut: { needs: [mux] } }
steps:
  - power: on
  - expect: { seen: boot.no-disk, within: 60s }
"""


FORGETFUL = """lab: desk
boards:
  - id: v1
    profile: desk-generic
    devices:
      power: {{ driver: dcttech, serial: CARD1, channel: 1 }}
      flash: {{ driver: disk, file: {0}/v1/host/card.img }}
      console: {{ driver: serial, path: {0}/v1/tty, baud: 115200 }}
"""


class CardLab(Lab):
    """A lab whose only board starts from a card; with lab_file another description of it."""

    def __init__(self, lab_file=None):
        super().__init__(boards=0)
        self.desk = self.folder / "desk"
        self.lab_file = self.desk / "lab.yaml"
        if lab_file:
            self.lab_file = self.folder / "own.yaml"
            self.lab_file.write_text(lab_file.format(self.desk))

    def start(self, within=30.0):
        self.up = self.program("assay-desk", "--boards", "1", "--kernel", kernel(CACHE), "--state", self.desk, "--",
                               BIN / "assay", "up", "--state", self.state, "--lab", self.lab_file,
                               "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0")
        self.grpc, self.web = self.up.expect(READY, within).groups()
        self.environment["ASSAY_SERVER"] = self.grpc
        return self


@pytest.fixture(scope="module")
def cards():
    lab = CardLab().start()
    yield lab
    try:
        lab.stop()
    finally:
        lab.clean_up()


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("image")
    return make_image(folder / "card.img", folder)


def plan(tmp_path, text):
    file = tmp_path / "linux-image.yaml"
    file.write_text(text)
    return file


def notes(lab, run):
    return lab.cli("log", run, check=PASSED).stdout


def test_image_in_login_prompt_out(cards, image, tmp_path):
    assert cards.json("board", "v1")["abilities"] == ["console", "flash", "mux", "power"]
    packed = tmp_path / "card.img.xz"
    packed.write_bytes(lzma.compress(image.read_bytes(), preset=1))
    run = cards.submit(plan(tmp_path, PLAN), disk=packed)
    cards.cli("log", run, "--follow", timeout=400)
    said = notes(cards, run)
    assert cards.show(run)["verdict"] == "VERDICT_PASSED", said
    # Each thing that was done to the card, in order.
    steps = ["power of v1: DCT-Tech relay CARD1", r"the disk of v1 is switched to this machine \(read back\)",
             "mux of v1: SDWire sdw1 at 2-1",
             r"flash of v1: file \S+/host/card.img, 256.0 MiB; 25165824 of 25165824 bytes written in .*, "
             "read back in .*, the same by SHA-256",
             r"the disk of v1 is switched to the board \(read back\)", "Assay test image", "login: "]
    assert re.search(".*".join(steps), said, re.DOTALL), said
    # How far it is, while it is written and while it is read back.
    events = [json.loads(line) for line in cards.cli("log", run, "--events", "--json").stdout.splitlines()]
    assert {"writing", "reading back"} <= {one["stepProgress"]["doing"] for one in events if "stepProgress" in one}


def test_card_that_was_not_written_does_not_start(make_cards, tmp_path):
    lab = make_cards()
    done = lab.run(plan(tmp_path, UNWRITTEN), timeout=300)
    assert done.returncode == PASSED, done.stdout


def test_board_whose_mux_nobody_switches_has_no_disk(make_cards, image, tmp_path):
    """The same image was written, and it does not help."""
    lab = make_cards(FORGETFUL)
    forgetful = PLAN.replace("needs: [mux]", "needs: [power]").replace("login.prompt", "'Unable to mount root fs'")
    run = lab.submit(plan(tmp_path, forgetful), disk=image)
    lab.cli("log", run, "--follow", timeout=400)
    said = notes(lab, run)
    assert lab.show(run)["verdict"] == "VERDICT_PASSED", said
    assert "25165824 of 25165824 bytes written" in said and "login:" not in said


def test_image_by_its_block_map(cards, tmp_path):
    folder = tmp_path / "other"
    image = make_image(tmp_path / "card.img", folder, issue="Written by its map")
    map_file = tmp_path / "card.img.bmap"
    map_file.write_text(block_map(image))
    run = cards.submit(plan(tmp_path, BY_MAP), disk=image, map=map_file)
    cards.cli("log", run, "--follow", timeout=400)
    assert cards.show(run)["verdict"] == "VERDICT_PASSED", cards.show(run)
    said = notes(cards, run)
    assert "Written by its map" in said
    written = int(re.search(r"; (\d+) of 25165824 bytes written", said)[1])
    assert written < 8 << 20, written


def test_damaged_image_is_named_and_nothing_starts(cards, image, tmp_path):
    packed = lzma.compress(image.read_bytes(), preset=1)
    broken = tmp_path / "card.img.xz"
    broken.write_bytes(packed[:len(packed) // 2])
    done = cards.run(plan(tmp_path, PLAN), disk=broken, timeout=300)
    assert done.returncode == LAB_ERROR, done.stdout
    assert "card.img.xz: ends in the middle: it was cut short" in done.stdout


def test_lab_check_exercises_the_mux(cards):
    done = cards.cli("lab", "check", "v1", timeout=300)
    assert done.returncode == PASSED, done.stdout + done.stderr
    assert "to this machine: the disk comes" in done.stdout, done.stdout


@pytest.fixture
def make_cards():
    labs = []

    def make(lab_file=None):
        labs.append(CardLab(lab_file).start())
        return labs[-1]

    yield make
    for lab in labs:
        try:
            lab.stop()
        finally:
            lab.clean_up()
