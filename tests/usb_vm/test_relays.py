"""Relays on the real kernel: its drivers have them first, and give them up."""


# Kind, its place, the kernel's driver that has it, how the lab file names it, the state with relay 1 on and off.
RELAYS = [
    ("dcttech", 1, "usbhid", "driver: dcttech, serial: BITFT, channel: 1", 1, 0),
    ("ucreatefun", 2, "usbhid", "driver: ucreatefun, port: {place}, channel: 1", 1, 0),
    ("lcus-hid", 3, "usbhid", "driver: lcus-hid, port: {place}, channel: 1", 1, 0),
    ("sainsmart16", 4, "usbhid", "driver: sainsmart16, port: {place}, channel: 1", 1, 0),
    # The kernel's list of HID devices to leave alone has it.
    ("ykush", 5, "", "driver: ykush, serial: YK20001, channel: 1", 7, 6),
    ("energenie", 6, "usbhid", "driver: energenie, port: {place}, channel: 1", 1, 0),
    ("ft245r", 7, "ftdi_sio", "driver: ft245r, serial: FT245, channel: 1", 1, 0),
]
# These stay the kernel's: their ports are serial ports all the while.
SERIAL = [
    ("cbus", 1, "ftdi_sio", "driver: ftdi-cbus, serial: FTCBUS, channel: 0", 1, 0),
    ("numato", 2, "cdc_acm", "driver: numato, path: {path}, channel: 0, channels: 4, id: LAB-0007", 1, 0),
    ("devantech", 3, "cdc_acm", "driver: devantech, path: {path}, channel: 1", 1, 0),
    ("lcus", 4, "ch341", "driver: lcus-serial, path: {path}, channel: 1, readback: check", 1, 0),
]


def driver_of(guest, place):
    return guest.run(f"basename $(readlink /sys/bus/usb/devices/{place}:1.0/driver) 2>/dev/null; true").removesuffix("\n")


def otherwise(guest, places):
    """The device files by which the kernel's drivers give the relays to programs."""
    patterns = " ".join(f"/sys/bus/usb/devices/{place}:1.0/{what}" for place in places.values()
                        for what in ("*/hidraw/hidraw*", "ttyUSB*"))
    return guest.run(f"for one in {patterns}; do [ ! -e $one ] || basename $one; done").split()


def lab_file(lines):
    boards = "".join(f"  - {{ id: {name}, profile: desk-generic, devices: {{ power: {{ {line} }} }} }}\n"
                     for name, line in lines)
    return f"lab: guest\nboards:\n{boards}"


def plugged(guest, desk, relays):
    """{kind: place}, and the lab file's lines."""
    places, lines = {}, []
    for kind, port, driver, line, *_ in relays:
        places[kind] = desk.plug(port, kind)
        assert driver_of(guest, places[kind]) == driver
        lines.append((kind, line.format(place=places[kind], path=port_of(guest, places[kind]))))
    return places, lines


def port_of(guest, place):
    """The serial port at a place, by the name that keeps to it."""
    return guest.run(f"for link in /dev/serial/by-path/*-usb-0:{place.split('-')[1]}:1.0*; do echo $link; done")


def switch(desk, lab, relays):
    for kind, port, _, _, on, off in relays:
        for to, state in (("on", on), ("off", off)):
            lab.power(kind, to)
            assert desk.state(port) == state, f"{kind} {to}"


def test_the_kernels_driver_gives_up_each_relay(guest, desk, make_lab):
    places, lines = plugged(guest, desk, RELAYS)
    assert len(otherwise(guest, places)) == len(RELAYS) - 1
    lab = make_lab(lab_file(lines))
    switch(desk, lab, RELAYS)
    assert otherwise(guest, places) == []
    for kind, place in places.items():
        assert driver_of(guest, place) in ("", "usbfs"), f"{kind} is still the kernel's"


def test_relays_on_serial_ports_stay_the_kernels(guest, desk, make_lab):
    places, lines = plugged(guest, desk, SERIAL)
    lab = make_lab(lab_file(lines))
    switch(desk, lab, SERIAL)
    for kind, _, driver, *_ in SERIAL:
        assert driver_of(guest, places[kind]) == driver


def test_a_pin_is_switched_while_somebody_listens_on_the_port_of_the_chip(guest, desk, make_lab):
    place = desk.plug(1, "cbus")
    port = port_of(guest, place)
    listener = guest.program(f"sh -c 'stty -F {port} raw -echo && exec cat {port}'")
    lab = make_lab(lab_file([("pin", "driver: ftdi-cbus, serial: FTCBUS, channel: 0")]))
    lab.power("pin", "on")
    assert desk.state(1) == 1
    desk.tell("say 1 still here")
    listener.expect("still here")
    guest.end(listener)


# Takes an interface as any program may, and keeps it. Source: linux/usbdevice_fs.h.
HOLD = ("import fcntl, struct, signal; f = open('{node}', 'rb+', 0); "
        "fcntl.ioctl(f, 0x8108551b, struct.pack('=II256s', 0, 0, b'')); print('held', flush=True); signal.pause()")


def test_a_relay_that_another_program_has_is_named_as_such(guest, desk, make_lab):
    place = desk.plug(1, "dcttech")
    node = guest.run(f"sed -n 's,^DEVNAME=,/dev/,p' /sys/bus/usb/devices/{place}/uevent")
    lab = make_lab(lab_file([("relay", f"driver: dcttech, port: {place}, channel: 1")]))
    other = guest.program(f'/usr/bin/python3 -c "{HOLD.format(node=node)}"')
    other.expect("^held")
    said = lab.first_words("power relay on", "lab-error: .*")
    assert "another program uses it: end that one, or set it up not to" in said
    assert desk.state(1) == 0
    guest.end(other)
    lab.cli("restore relay")
    lab.power("relay", "on")
    assert desk.state(1) == 1


def test_two_boards_on_one_relay_board_take_turns(guest, desk, make_lab):
    place = desk.plug(1, "dcttech")
    lab = make_lab(lab_file([(f"b{n}", f"driver: dcttech, port: {place}, channel: {n}") for n in (1, 2, 3, 4)]))
    for to, state in (("on", 15), ("off", 0)):
        # Four processes at once.
        lab.user("for b in b1 b2 b3 b4; do assay power $b " + to + " & all=\"$all $!\"; done; for p in $all; do "
                 "wait $p || exit 1; done")
        assert desk.state(1) == state


def test_a_relay_is_found_again_after_it_was_pulled_out(guest, desk, make_lab):
    place = desk.plug(1, "dcttech")
    lab = make_lab(lab_file([("relay", "driver: dcttech, serial: BITFT, channel: 2")]))
    lab.power("relay", "on")
    assert desk.state(1) == 2
    before = guest.run(f"cat /sys/bus/usb/devices/{place}/devnum")
    # Nobody uses it: the board is out of use at once, and in use again when it is back.
    desk.pull(1)
    assert "no DCT-Tech relay with serial 'BITFT' is attached" in lab.await_board("relay", "quarantined")["reason"]
    assert desk.plug(1, "dcttech") == place
    assert guest.run(f"cat /sys/bus/usb/devices/{place}/devnum") != before
    lab.await_board("relay", "idle")
    assert desk.state(1) == 0, "a board that is back is off"
    lab.power("relay", "on")
    assert desk.state(1) == 2


def test_a_contact_that_sticks_is_found_out(guest, desk, make_lab):
    place = desk.plug(1, "dcttech")
    lab = make_lab(lab_file([("relay", f"driver: dcttech, port: {place}, channel: 1")]))
    lab.power("relay", "on")
    desk.tell("weld 1 1")
    said = lab.first_words("power relay off", "lab-error: .*")
    assert "power was switched off, but it reads back as on" in said
