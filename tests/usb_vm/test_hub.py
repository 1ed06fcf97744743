"""Port power on a hub that has it: QEMU's at 1-1, whose port 2 has a serial adapter and port 3 a tablet."""

import re

import pytest
from guest import ROOT

HUB, ADAPTER, TABLET = "1-1", "1-1.2", "1-1.3"
SWITCH = f"/sys/bus/usb/devices/{HUB}:1.0/{HUB}-port2/disable"
RULE = "/etc/udev/rules.d/71-switch.rules"
CONSOLE = "/dev/serial/by-path/pci-0000:00:03.0-usb-0:1.2:1.0-port0"


def lab_file(power, console=""):
    return (f"lab: guest\nboards:\n  - id: b1\n    profile: desk-generic\n    devices:\n      power: {{ {power} }}\n"
            + (f"      console: {{ {console} }}\n" if console else ""))


def number(guest, place):
    """Another one each time that the kernel finds the device."""
    return guest.run(f"cat /sys/bus/usb/devices/{place}/devnum 2>/dev/null", check=None)


def give_switch(guest):
    """The kernel's switches are root's: the rule that docs/HARDWARE.md has for others."""
    rule = re.search(r'^ +(SUBSYSTEM=="usb", DRIVER=="hub".*)$', (ROOT / "docs/HARDWARE.md").read_text(), re.MULTILINE)[1]
    guest.write(RULE, rule)
    guest.run("udevadm control --reload && udevadm trigger --subsystem-match=usb && udevadm settle -t 60")
    assert guest.run(f"stat -c '%G %a' {SWITCH}") == "assay 660"


@pytest.fixture
def hub(guest):
    """All ports on, with what is plugged in there, before and after."""

    def restore():
        guest.run(f"rm -f {RULE} && udevadm control --reload")
        for port, place in ((2, ADAPTER), (3, TABLET)):
            # Off and on, as the kernel may go on listing what has had no power for a while.
            switch = f"/sys/bus/usb/devices/{HUB}:1.0/{HUB}-port{port}/disable"
            guest.run(f"echo 1 >{switch}; echo 0 >{switch}; chgrp root {switch}; chmod 644 {switch}")
            guest.run(f"udevadm wait --timeout=30 /sys/bus/usb/devices/{place}:1.0 && udevadm settle -t 30")

    guest.note("== hub")
    restore()
    yield
    restore()


@pytest.mark.parametrize("via", ["usb", "sysfs"])
def test_a_port_is_cut_and_no_other(guest, hub, make_lab, via):
    give_switch(guest)
    # An agent that begins makes its boards safe: it switches them off.
    neighbour, before = number(guest, TABLET), number(guest, ADAPTER)
    assert before
    lab = make_lab(lab_file(f"driver: usb-hub, port: {HUB}, channel: 2, via: {via}"))
    lab.power("b1", "off")
    # This hub tells the kernel nothing of the device that has no power any more.
    assert number(guest, ADAPTER) == ("" if via == "sysfs" else before)
    assert guest.run(f"cat {SWITCH}") == "1"
    lab.power("b1", "on")
    guest.run(f"udevadm wait --timeout=30 {CONSOLE}")
    assert number(guest, ADAPTER) not in ("", before)
    assert number(guest, TABLET) == neighbour


def test_the_kernel_is_asked_where_the_hub_may_not_be_opened(guest, hub, make_lab):
    node = guest.run(f"sed -n 's,^DEVNAME=,/dev/,p' /sys/bus/usb/devices/{HUB}/uevent")
    give_switch(guest)
    guest.run(f"chmod 600 {node}")
    lab = make_lab(lab_file(f"driver: usb-hub, port: {HUB}, channel: 2"))
    lab.power("b1", "off")
    assert number(guest, ADAPTER) == ""
    lab.power("b1", "on")
    guest.run(f"udevadm wait --timeout=30 {CONSOLE}")
    # And without that either, what to do.
    guest.run(f"chgrp root {SWITCH}; chmod 644 {SWITCH}")
    said = lab.first_words("power b1 off", "(lab-error|quarantined): .*")
    assert f"no permission to open {node}: write what `assay-agent udev-rules` prints" in said
    guest.run(f"chmod 660 {node}")


def test_the_kernels_switch_belongs_to_root(guest, hub, make_lab):
    lab = make_lab(lab_file(f"driver: usb-hub, port: {HUB}, channel: 2, via: sysfs"))
    said = lab.first_words("power b1 off", "(lab-error|quarantined): .*")
    assert "1-1-port2/disable: Permission denied: only root may, unless a udev rule of yours" in said


def test_a_hub_that_does_not_switch_its_ports_one_by_one_is_refused(guest, hub, make_lab):
    lab = make_lab(lab_file("driver: usb-hub, port: 1-2, channel: 1"))
    said = lab.first_words("power b1 on", "(lab-error|quarantined): .*")
    assert "(by its descriptor), so it cannot be a board's switch; use another hub or a relay" in said


PLAN = """plan: port-comes-with-power
roles: { dut: { needs: [power, console] } }
steps:
  - power: off
  - power: on
  - power: cycle
finally:
  - power: off
"""


@pytest.mark.parametrize("via", ["usb", "sysfs"])
def test_a_console_that_comes_and_goes_with_the_ports_power(guest, hub, make_lab, via):
    """As of a board with built-in USB: the port is a new device each time, and is found by its place."""
    give_switch(guest)
    before = int(number(guest, ADAPTER))
    lab = make_lab(lab_file(f"driver: usb-hub, port: {HUB}, channel: 2, via: {via}",
                            f"driver: serial, path: {CONSOLE}, baud: 115200"))
    said, shown = lab.run(PLAN)
    assert shown["verdict"] == "VERDICT_PASSED", said
    guest.run(f"echo 1 >{SWITCH}; echo 0 >{SWITCH}; udevadm wait --timeout=30 {CONSOLE}")
    assert int(number(guest, ADAPTER)) >= before + 3  # for the plan's two times, and ours
