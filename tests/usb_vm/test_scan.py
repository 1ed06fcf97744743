"""`assay-agent scan`, `init` and `udev-rules` on the kernel's own lists, with udev at work."""

RULES = "/etc/udev/rules.d/70-assay.rules"
APPLY = "udevadm control --reload && udevadm trigger --subsystem-match=usb --subsystem-match=tty && udevadm settle -t 60"
# As Debian's openocd has it (60-openocd.rules): it means the adapters, and gets their ports as well.
FOREIGN = ('ATTRS{idVendor}=="0403", ATTRS{idProduct}=="6001", MODE="660", GROUP="plugdev", TAG+="uaccess"')


def owner(guest, path):
    return guest.run(f"stat -L -c '%G %a' {path}")


def test_the_rules_open_what_was_closed(guest, desk, scan):
    guest.run(f"rm {RULES} && udevadm control --reload")
    place = desk.plug(1, "dcttech")
    device = scan("relay")[place]
    assert owner(guest, device["path"]) == "root 664"
    assert device["trouble"].startswith(f"no permission to open {device['path']}: write what `assay-agent udev-rules` prints")
    guest.run(f"assay-agent udev-rules >{RULES} && {APPLY}")
    assert owner(guest, device["path"]) == "assay 660"
    assert scan("relay")[place]["trouble"] == ""
    # Plugged in anew, it is right from the start; hubs are, too.
    desk.pull(1)
    place = desk.plug(1, "dcttech")
    assert owner(guest, scan("relay")[place]["path"]) == "assay 660"
    for hub in scan("hub").values():
        assert owner(guest, hub["path"]) == "assay 660"


def test_udev_understands_every_rule(guest):
    """It tells of a line that it cannot read in its log alone."""
    said = guest.run("SYSTEMD_LOG_LEVEL=debug udevadm test --action=add /sys/bus/usb/devices/usb1 2>&1")
    assert RULES in said
    # "Reading rules file: ..." and, of what a rule did, "usb1: FILE:39 GROUP 995"; a fault is "FILE:39 Invalid ...".
    assert [line for line in said.splitlines() if line.startswith(RULES)] == []
    assert any(f"{RULES}:" in line and "GROUP" in line for line in said.splitlines())


def test_serial_ports_are_dialouts_whatever_others_rules_say(guest, desk, scan):
    guest.write("/etc/udev/rules.d/60-foreign.rules", FOREIGN)
    guest.run("udevadm control --reload")
    places = [desk.plug(port, kind) for port, kind in ((1, "adapter"), (2, "numato"), (3, "lcus"))]
    ports = {one["port"]: one for one in scan("serial").values()}
    for place in places:
        assert owner(guest, ports[place]["path"]) == "dialout 660"
        assert ports[place]["trouble"] == ""
    guest.run("rm /etc/udev/rules.d/60-foreign.rules && udevadm control --reload")


def test_what_scan_lists(guest, desk, scan):
    adapter, relay = desk.plug(1, "adapter"), desk.plug(2, "dcttech")
    port = next(one for one in scan("serial").values() if one["port"] == adapter)
    expected = {"usb": "0403:6001", "serial": "FTADAPT", "interface": "0", "name": "FT232R USB UART",
                "manufacturer": "FTDI", "byId": "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_FTADAPT-if00-port0",
                "byPath": "/dev/serial/by-path/platform-vhci_hcd.0-usb-0:1:1.0-port0",
                "drivers": ["serial", "ft245r", "ftdi-cbus"]}
    assert {key: port[key] for key in expected} == expected
    assert port["path"] == guest.run(f"readlink -f {port['byPath']}")
    relays = scan("relay")
    assert list(relays) == [relay] and relays[relay]["drivers"] == ["dcttech"] and relays[relay]["name"] == "USBRelay4"
    hub = scan("hub")["1-1"]
    assert hub["name"] == "QEMU USB Hub"
    assert {one["number"]: one["device"] for one in hub["ports"] if one["device"]} == {2: "1-1.2", 3: "1-1.3"}


def test_the_lab_file_that_init_writes_is_one(guest, desk, make_lab):
    desk.plug(1, "adapter")
    desk.plug(2, "dcttech")
    guest.run("rm -rf /tmp/init && mkdir /tmp/init && chown lab /tmp/init")
    guest.user("assay-agent init /tmp/init/lab.yaml && assay plan check /tmp/init/lab.yaml")
    text = guest.run("cat /tmp/init/lab.yaml")
    assert ("console: { driver: serial, path: /dev/serial/by-id/usb-FTDI_FT232R_USB_UART_FTADAPT-if00-port0, "
            "baud: 115200 }") in text
    assert "driver: dcttech, port: 3-2, channel: 1" in text
    lab = make_lab(text)
    # One board for each serial port.
    assert [(one["profile"], one["agent"]) for one in lab.json("boards")["boards"]] == [
        ("desk-generic", "usb-guest")] * text.count("driver: serial")
