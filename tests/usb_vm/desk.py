"""What is plugged into the guest by usb-vm-devices (devices.cpp)."""


class Desk:
    def __init__(self, guest, program):
        self.guest = guest
        self.shell = guest.program(program)
        self.shell.expect("^ok ready")

    def tell(self, words):
        since = len(self.shell.lines.all)
        self.guest.note(f"desk: {words}")
        self.shell.send(words)
        answer = self.shell.lines.expect("^(ok|error)(?: (.*))?$", since=since)
        assert answer[1] == "ok", f"{words}: {answer[2]}"
        return answer[2] or ""

    def plug(self, port, kind):
        """Its place, such as 3-1, once its drivers are bound and its rules are applied."""
        place = self.tell(f"plug {port} {kind}")
        self.await_device(place)
        return place

    def await_device(self, place):
        # The kernel tells of it; udev then works through its rules.
        self.guest.run(f"udevadm wait --timeout=30 /sys/bus/usb/devices/{place}:1.0 && udevadm settle -t 30")

    def pull(self, port):
        self.tell(f"pull {port}")

    def state(self, port):
        return int(self.tell(f"state {port}"))
