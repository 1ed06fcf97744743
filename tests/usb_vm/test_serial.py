"""Serial consoles on a real terminal of the kernel: settings, locks, and ports that go and come back."""

PLACE = "/dev/serial/by-path/platform-vhci_hcd.0-usb-0:2:1.0-port0"
LAB = """lab: guest
boards:
  - id: b1
    profile: desk-generic
    devices:
      power: {{ driver: dcttech, serial: BITFT, channel: 1 }}
      console: {{ driver: serial, path: {path}, baud: {baud} }}
"""
START = r"""plan: start
roles: { dut: { needs: [power, console] } }
steps:
  - power: cycle
  - expect: { seen: "app ready, start \\d+", within: 10s }
finally:
  - power: off
"""


def board(desk):
    """A relay that powers what talks on a serial adapter."""
    desk.plug(1, "dcttech")
    desk.plug(2, "adapter")
    desk.tell("board 1 1 2")


def test_a_board_is_started_and_heard(guest, desk, make_lab):
    board(desk)
    lab = make_lab(LAB.format(path=PLACE, baud=115200))
    said, shown = lab.run(START)
    assert shown["verdict"] == "VERDICT_PASSED", said
    # What the chip was told: 3 MHz / 26.
    assert desk.state(2) == 26
    assert [line for line in desk.shell.lines.all if line.startswith("board ")][-2:] == ["board on", "board off"]


def test_the_port_is_the_agents_alone(guest, desk, make_lab):
    board(desk)
    make_lab(LAB.format(path=PLACE, baud=9600))
    # Root is let in by the kernel whatever is said; others are not.
    guest.run("useradd --system --no-create-home --user-group --groups dialout other 2>/dev/null", check=None)
    said = guest.user(f"cat {PLACE}", check=None, user="other")
    assert "Device or resource busy" in said


def test_a_port_that_another_program_has_is_named_as_such(guest, desk, make_lab):
    board(desk)
    other = guest.program("setpriv --reuid lab --regid lab --init-groups /usr/bin/python3 -c \"import fcntl, os, signal, "
                          f"termios; fd = os.open('{PLACE}', os.O_RDWR | os.O_NOCTTY); fcntl.ioctl(fd, "
                          "termios.TIOCEXCL); print('held', flush=True); signal.pause()\"")
    other.expect("^held")
    lab = make_lab(LAB.format(path=PLACE, baud=9600))
    said = lab.first_words("power b1 on", "lab-error: .*")
    assert f"{PLACE}: another process has it open" in said
    guest.end(other)


def test_a_port_is_found_by_its_place_when_it_has_another_name(guest, desk, make_lab):
    board(desk)
    lab = make_lab(LAB.format(path=PLACE, baud=115200))
    name = guest.run(f"readlink -f {PLACE}")
    desk.pull(2)
    guest.run(f"while [ -e {name} ]; do udevadm settle; done")
    other = desk.plug(3, "ft245r")
    assert guest.run(f"readlink -f /dev/serial/by-path/*-usb-0:{other.split('-')[1]}:1.0-port0") == name
    desk.plug(2, "adapter")
    assert guest.run(f"readlink -f {PLACE}") != name
    said, shown = lab.run(START)
    assert shown["verdict"] == "VERDICT_PASSED", said


LONG = r"""plan: long
roles: { dut: { needs: [power, console] } }
steps:
  - power: cycle
  - expect: { seen: "app ready, start \\d+", within: 10s }
  - expect: { seen: "never said", within: 6s }
finally:
  - power: off
"""


def test_a_cable_that_is_pulled_is_the_labs_fault(guest, desk, make_lab):
    board(desk)
    lab = make_lab(LAB.format(path=PLACE, baud=115200))
    guest.write(f"{lab.home}/long.yaml", LONG)
    shell = guest.program(f"setpriv --reuid lab --regid lab --init-groups assay run {lab.home}/long.yaml")
    shell.expect("expect app ready")
    desk.pull(2)
    # So soon after a switching, a port may come back: the step waits for what it was told to.
    shell.expect(f"the console of b1 is not healthy: {PLACE}: ", 60)
    shell.expect("lab-error: .*", 120)
    guest.end(shell, "INT")
