"""One guest for all tests, as a boot takes longer than most of them; each plugs in its own devices."""

import json
import shutil

import pytest
from desk import Desk
from guest import FAILED, KERNEL, Guest
from lab import Lab

GROUP = "assay"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if outcome.get_result().failed:
        item.session.stash[broken] = True


broken = pytest.StashKey()


@pytest.fixture(scope="session")
def guest(request):
    assert (KERNEL / "vmlinux").exists(), f"{KERNEL} has no kernel: type ./dev setup usb-vm"
    guest = Guest()
    try:
        guest.boot()
        guest.program("/lib/systemd/systemd-udevd").expect("^running")
        # As docs/HARDWARE.md says, "Without root".
        guest.run(f"groupadd --system {GROUP} && useradd --system --create-home --user-group --groups {GROUP},dialout lab")
        guest.run("modprobe -a xhci-pci vhci-hcd && udevadm settle -t 60")
        guest.write("/etc/udev/rules.d/70-assay.rules", guest.run("assay-agent udev-rules"))
        guest.run("udevadm control --reload && udevadm trigger --subsystem-match=usb --subsystem-match=tty && "
                  "udevadm settle -t 60")
        yield guest
    finally:
        guest.stop()
        if request.session.stash.get(broken, False) or not guest.is_ready:
            kept = FAILED / "usb-vm"
            shutil.rmtree(kept, ignore_errors=True)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(guest.folder, kept, ignore=shutil.ignore_patterns("shell[0-9]", "line", "initramfs"))
            print(f"\nthe guest's logs: {kept}")
        shutil.rmtree(guest.folder, ignore_errors=True)


@pytest.fixture
def desk(guest, request):
    guest.note(f"== {request.node.name}")
    desk = Desk(guest, "usb-vm-devices")
    yield desk
    guest.end(desk.shell)
    guest.run("udevadm settle -t 30")


@pytest.fixture
def make_lab(guest):
    """An assayd and an agent in the guest, as a user who is not root: make_lab(lab file)."""
    labs = []

    def make(text):
        lab = Lab(guest, text, len(labs))
        labs.append(lab)
        return lab

    yield make
    for lab in labs:
        lab.end()


@pytest.fixture
def scan(guest):
    """What the user's `assay-agent scan` lists: scan(kind) gives the devices by the place they are at."""

    def scan(kind, as_root=False):
        text = (guest.run if as_root else guest.user)("assay-agent scan --json")
        return {one["path"] if kind == "serial" else one["port"]: one for one in json.loads(text)["devices"]
                if one["kind"] == kind}

    return scan
