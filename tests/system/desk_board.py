"""A board on somebody's desk: real MCUboot and Zephyr in QEMU, with nothing to hold on to but a
relay, a flasher and a serial line.

`DeskBoard` is the board; it owns the chip's flash and the serial line (a PTY whose name stays). With
usb=True the line is there while the board has power only, and somewhat later: built-in USB. The file itself, run with the board's socket, is the script that a lab has for it:

    desk_board.py SOCKET on|off|status
    desk_board.py SOCKET write FILE ADDRESS     (erases the chip; raw, or Intel HEX by the name)
    desk_board.py SOCKET read ADDRESS SIZE FILE
"""

import fcntl
import json
import os
import select
import socket
import subprocess
import sys
import termios
import threading
import tty
from pathlib import Path

FLASH_SIZE = 256 << 10
PIECE = 1800  # bytes a gdb packet: twice that in digits, below the stub's 4096


class DeskBoard:
    def __init__(self, folder, usb=False):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.flash = b"\xff" * FLASH_SIZE
        self.calls = []  # what the scripts were called with
        self._machine = self._qmp = self._uart = self._to_line = None

        self.usb = usb
        self.cable = True  # of the built-in USB
        self.serial = self.folder / "ttyDESK"
        if not usb:
            self._plug_in()
            self._show()

        self.socket = self.folder / "desk"
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.socket))
        self._server.listen(8)
        self._serving = threading.Thread(target=self._serve, daemon=True)  # QEMU dies with it
        self._serving.start()

    def words(self, *arguments):
        """The script's command line, as a lab file has it."""
        return [sys.executable, __file__, str(self.socket), *arguments]

    def script(self, *arguments):
        """The script, called by a person."""
        return subprocess.run(self.words(*arguments), capture_output=True, text=True, timeout=30, check=True).stdout

    def close(self):
        self.script("off")
        if not self.usb:
            self._pull_out()
        self._server.shutdown(socket.SHUT_RDWR)
        self._serving.join()
        self._server.close()

    # The serial line.

    def _plug_in(self):
        # The slave's end stays open: without it what the board says is lost, and is echoed to it.
        self._line, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._line, False)
        self._end, self._ended = socket.socketpair()
        self._from_line = threading.Thread(target=self._carry_to_board, daemon=True)
        self._from_line.start()

    def _show(self):
        self.serial.symlink_to(os.ttyname(self._slave))

    def _pull_out(self):
        self.serial.unlink(missing_ok=True)
        self._end.close()
        self._from_line.join()
        self._ended.close()
        os.close(self._slave)
        os.close(self._line)

    def release_line(self):
        """What the last close of a real port does: a PTY's stays exclusive as long as our end is open."""
        termios.tcflush(self._slave, termios.TCIOFLUSH)
        fcntl.ioctl(self._slave, termios.TIOCNXCL)

    def _carry_to_board(self):
        while self._ended not in select.select([self._line, self._ended], [], [])[0]:
            bytes_ = os.read(self._line, 4096)
            try:
                if uart := self._uart:
                    os.write(uart, bytes_)
            except OSError:  # nobody hears what is sent to a board without power
                pass

    def _carry_from_board(self, uart):
        while True:
            bytes_ = os.read(uart, 4096)
            if not bytes_:
                return os.close(uart)
            while bytes_:
                if not select.select([], [self._line], [], 5)[1]:
                    break  # nobody listens, and nothing stops a UART
                bytes_ = bytes_[os.write(self._line, bytes_):]

    # The scripts' other end.

    def _serve(self):
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return self._off()
            with connection, connection.makefile("rw") as stream:
                words = json.loads(stream.readline())
                self.calls.append(words)
                try:
                    answer = {"status": 0, "say": getattr(self, "_" + words[0])(*words[1:]) or ""}
                except Exception as error:  # the script must say it
                    answer = {"status": 1, "say": f"{type(error).__name__}: {error}"}
                stream.write(json.dumps(answer) + "\n")

    def _status(self):
        return "on" if self._machine else "off"

    def _write(self, file, address):
        data, base = Path(file).read_bytes(), int(address, 0)
        if data.startswith(b":"):
            from intelhex import IntelHex
            image = IntelHex()
            image.loadhex(Path(file))
            image.padding = 0xFF
            data, base = image.tobinstr(start=0, size=FLASH_SIZE), 0
        was_on = self._machine is not None
        self._off()
        self.flash = (b"\xff" * base + data).ljust(FLASH_SIZE, b"\xff")
        if was_on:
            self._on()

    def _read(self, address, size, file):
        flash = self._contents() if self._machine else self.flash
        at = int(address, 0)
        Path(file).write_bytes(flash[at:at + int(size)])

    def _on(self):
        if self._machine:
            return
        if self.usb:
            self._plug_in()
            self._shown = threading.Timer(0.5, self._show if self.cable else lambda: None)
            self._shown.start()
        from_uart, to_uart = self._uart_pipes()
        qmp, qmp_there = socket.socketpair()
        gdb = socket.socket(socket.AF_UNIX)
        door = self.folder / "gdb"
        door.unlink(missing_ok=True)
        gdb.bind(str(door))
        gdb.listen(1)
        theirs = [one.fileno() for one in (qmp_there, gdb)]
        self._machine = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "qemu-system-arm", "-M", "microbit", "-cpu", "cortex-m0", "-nodefaults",
             "-display", "none", "-monitor", "none", "-S",
             "-chardev", f"pipe,id=con,path={self.folder}/uart", "-serial", "chardev:con",
             "-chardev", f"socket,id=qmp,fd={theirs[0]}", "-mon", "chardev=qmp,mode=control",
             "-chardev", f"socket,id=gdb,fd={theirs[1]},server=on,wait=off", "-gdb", "chardev:gdb"],
            stdin=subprocess.DEVNULL, pass_fds=theirs)
        for one in (qmp_there, gdb):
            one.close()
        self._control, self._qmp = qmp, qmp.makefile("rwb")
        self._qmp.readline()  # its greeting
        self._ask("qmp_capabilities")
        self._uart = to_uart
        self._to_line = threading.Thread(target=self._carry_from_board, args=(from_uart,), daemon=True)
        self._to_line.start()
        with socket.socket(socket.AF_UNIX) as debugger:
            debugger.connect(str(door))
            _fill(debugger, self.flash)
            self._ask("system_reset", until="RESET")
            _gdb(debugger, "D")
        self._ask("cont")

    def _off(self):
        if not self._machine:
            return
        try:
            self._ask("stop")
            self.flash = self._contents()
        finally:
            self._machine.kill()
            self._machine.wait()
            self._to_line.join()  # what was on its way arrives
            uart, self._uart, self._machine = self._uart, None, None
            os.close(uart)
            for one in (self._qmp, self._control):
                one.close()
            if self.usb:
                self._shown.cancel()
                self._shown.join()
                self._pull_out()

    def _uart_pipes(self):
        """What QEMU writes, and where it reads: pipes, because a socket holds few of its single bytes."""
        ends = []
        for name, mode in (("uart.out", os.O_RDONLY | os.O_NONBLOCK), ("uart.in", os.O_RDWR)):
            pipe = self.folder / name
            pipe.unlink(missing_ok=True)
            os.mkfifo(pipe)
            ends.append(os.open(pipe, mode | os.O_CLOEXEC))
        os.set_blocking(ends[0], True)
        return ends

    def _contents(self):
        file = self.folder / "memory"
        self._ask("memsave", val=0, size=FLASH_SIZE, filename=str(file), **{"cpu-index": 0})
        return file.read_bytes()

    def _ask(self, command, until=None, **arguments):
        """The answer of QEMU, and the event `until`."""
        self._qmp.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        self._qmp.flush()
        answered = False
        while not answered or until:
            line = self._qmp.readline()
            if not line:
                raise RuntimeError(f"QEMU ended at {command}")
            said = json.loads(line)
            if "error" in said:
                raise RuntimeError(f"{command}: {said['error']['desc']}")
            answered = answered or "return" in said
            until = None if said.get("event") == until else until


def _gdb(connection, command):
    connection.sendall(f"${command}#{sum(command.encode()) & 0xFF:02x}".encode())
    answer = b""
    while b"#" not in answer[-3:-2]:
        piece = connection.recv(4096)
        if not piece:
            raise RuntimeError("the debugger's connection was closed")
        answer += piece
    connection.sendall(b"+")
    return answer.decode()


def _fill(connection, flash):
    _gdb(connection, "qSupported")
    for at in range(0, len(flash), PIECE):
        piece = flash[at:at + PIECE]
        answer = _gdb(connection, f"M{at:x},{len(piece):x}:{piece.hex()}")
        if "$OK#" not in answer:
            raise RuntimeError(f"the flash cannot be filled at {at:#x}: {answer}")


def _script(path, *words):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        stream = connection.makefile("rw")
        stream.write(json.dumps(words) + "\n")
        stream.flush()
        answer = json.loads(stream.readline())
    if answer["say"]:
        print(answer["say"])
    return answer["status"]


if __name__ == "__main__":
    sys.exit(_script(*sys.argv[1:]))
