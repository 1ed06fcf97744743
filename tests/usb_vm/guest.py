"""A QEMU guest with a kernel of its own, whose files are this machine's, and shells in it.

Nothing here counts seconds for luck: a boot, a command and an awaited line each have an end that is
seen, and a limit (scaled by ASSAY_SLOW, a factor) only for when it never comes.
"""

import os
import re
import shlex
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from kernel import initramfs

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("ASSAY_CACHE", ROOT / ".cache")).resolve()
BIN = Path(os.environ.get("ASSAY_BIN", ROOT / "build/bin")).resolve()
TESTS = Path(os.environ.get("ASSAY_TESTS", BIN.parent / "tests")).resolve()
FAILED = Path(os.environ.get("ASSAY_FAILED", ROOT / "build/failed"))
KERNEL = CACHE / "usb-vm"
SLOW = float(os.environ.get("ASSAY_SLOW", "1"))
SHELLS = 8
# One processor, and no thread of its own for it, is enough: the other core is somebody else's.
MACHINE = ["-M", "q35", "-accel", "tcg,thread=single", "-cpu", "max", "-m", "768", "-nodefaults",
           "-no-user-config", "-display", "none", "-no-reboot"]
WORDS = "console=ttyS0 panic=-1 nokaslr mitigations=off tsc=reliable no_timer_check random.trust_cpu=on"


class Lines:
    """Lines that arrive, kept, and waited for."""

    def __init__(self, name):
        self.name = name
        self.all = []
        self.ended = False
        self._changed = threading.Condition()

    def add(self, line):
        with self._changed:
            self.all.append(line)
            self._changed.notify_all()

    def end(self):
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def expect(self, pattern, within=30.0, since=0):
        """The match of the first line from number `since` on that has the pattern."""
        def found():
            return next((m for line in self.all[since:] if (m := re.search(pattern, line))), None)

        with self._changed:
            self._changed.wait_for(lambda: found() or self.ended, within * SLOW)
            match = found()
        assert match, (f"{self.name}: no line {pattern!r} {'before its end' if self.ended else f'within {within} s'}; "
                       "it said:\n" + "\n".join(self.all[-40:]))
        return match


class Shell:
    """A shell in the guest, by a virtio port. One command at a time, or one program that stays."""

    def __init__(self, guest, number):
        self.guest, self.number = guest, number
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(guest.folder / f"shell{number}"))
        self.lines = Lines(f"shell {number}")
        self.marks = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with self.guest.log(f"shell{self.number}").open("a") as log, \
                self.socket.makefile("r", errors="replace", newline="\n") as stream:
            for line in stream:
                log.write(line)
                log.flush()
                self.lines.add(line.rstrip("\r\n"))
        self.lines.end()

    def send(self, text):
        self.socket.sendall(text.encode() + b"\n")

    def start(self, command):
        """A program that stays: its lines are awaited with expect(); end it with kill()."""
        self.guest.note(f"[{self.number}] {command}")
        self.since = len(self.lines.all)
        self.send(f"echo running $$; exec {command}")

    def expect(self, pattern, within=30.0):
        return self.lines.expect(pattern, within, self.since)

    def run(self, command, within=60.0):
        """(status, output) of a command in a shell of its own."""
        self.marks += 1
        mark, since = f"assay-mark-{self.number}-{self.marks}", len(self.lines.all)
        self.guest.note(f"[{self.number}] {command}")
        self.send(f"( {command}\n) </dev/null 2>&1; echo; echo {mark}=$?")
        match = self.lines.expect(rf"^{mark}=(\d+)$", within, since)
        output = self.lines.all[since:]
        output = output[:output.index(match.string)]
        text = "\n".join(output).rstrip("\n")
        self.guest.note(f"[{self.number}] = {match[1]}\n{text}")
        return int(match[1]), text


class Guest:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="assay-usb-vm-"))
        self._notes = self.log("commands").open("a")
        self._note_lock = threading.Lock()
        self.kernel = Lines("guest")
        self.shells, self.free = [], []
        self.is_ready = False
        chardevs = []
        for number in range(1, SHELLS + 1):
            chardevs += ["-chardev", f"socket,id=c{number},path={self.folder}/shell{number},server=on,wait=off",
                         "-device", f"virtserialport,chardev=c{number},name=shell{number}"]
        # 9p follows what is mounted below / as well.
        host = ["-fsdev", "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap",
                "-device", "virtio-9p-pci,fsdev=host,mount_tag=host"]
        # A hub that switches its ports one by one, and behind two of them devices of QEMU's own; one that
        # does not.
        usb = ["-device", "qemu-xhci,id=xhci", "-device", "usb-hub,bus=xhci.0,port=1,port-power=on",
               "-chardev", f"socket,id=line,path={self.folder}/line,server=on,wait=off",
               "-device", "usb-serial,bus=xhci.0,port=1.2,chardev=line,serial=QEMU1,always-plugged=on",
               "-device", "usb-tablet,bus=xhci.0,port=1.3", "-device", "usb-hub,bus=xhci.0,port=2"]
        words = f"{WORDS} assay.bin={BIN} assay.tests={TESTS} assay.share={ROOT} assay.modules={KERNEL}/package/lib/modules"
        (self.folder / "initramfs").write_bytes(initramfs(KERNEL))
        self.began = time.monotonic()
        self.qemu = subprocess.Popen(
            ["qemu-system-x86_64", *MACHINE, "-serial", "stdio", "-kernel", KERNEL / "vmlinux", "-initrd",
             self.folder / "initramfs", "-append", words, *host, "-device", "virtio-serial-pci,max_ports=16",
             *chardevs, *usb], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with self.log("kernel").open("a") as log:
            for line in self.qemu.stdout:
                log.write(line)
                log.flush()
                self.kernel.add(line.rstrip("\r\n"))
        self.kernel.end()

    def log(self, name):
        return self.folder / f"{name}.log"

    def note(self, text):
        with self._note_lock:
            self._notes.write(f"{time.monotonic() - self.began:.2f} {text}\n")
            self._notes.flush()

    def boot(self):
        self.kernel.expect("^assay-boot: ready", 120)
        self.is_ready = True
        self.note("ready")
        self.shells = [Shell(self, number) for number in range(1, SHELLS + 1)]
        self.free = self.shells[1:]
        return self

    def run(self, command, within=60.0, check=0):
        """A command's output; its exit status must be `check` (None: any)."""
        status, text = self.shells[0].run(command, within)
        assert check is None or status == check, f"{command}\nexit status {status}, expected {check}\n{text}"
        return text

    def user(self, command, within=60.0, check=0, user="lab"):
        """The same as an ordinary user, with the groups that he has."""
        # It ends before we give up on it: the shell is free again.
        return self.run(f"setpriv --reuid {user} --regid {user} --init-groups env HOME=/tmp/{user} "
                        f"timeout {within * SLOW} sh -c {shlex.quote(command)}", within + 20, check)

    def write(self, path, text):
        """A file of the guest's."""
        self.run(f"cat >{path} <<'assay-end'\n{text}\nassay-end")

    def program(self, command):
        """A program that stays, on a shell of its own."""
        shell = self.free.pop()
        shell.start(command)
        return shell

    def end(self, shell, signal="TERM"):
        """Ends what program() started; the shell is free again."""
        pid = shell.expect(r"^running (\d+)")[1]
        self.run(f"kill -{signal} {pid} && tail --pid={pid} -f /dev/null")
        self.free.append(shell)

    def stop(self):
        if self.qemu.poll() is None:
            self.qemu.kill()
        self.qemu.wait()
        self._notes.close()
