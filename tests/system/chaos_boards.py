"""Cheap boards that keep a diary of their own: who did what to them, and when.

A board is a relay, a flash and a console (a PTY). Its image is text, which it says when its power
comes. What the relay and the flasher are asked for (chaos_switch.sh) takes as long as it does on real
boards, and a program that is killed meanwhile leaves its work half done: power is on from the first
moment of `on` and to the last of `off`, a flash half written holds nothing.

The diary, FOLDER/BOARD.jsonl, is evidence that owes nothing to Assay: one line for each begin, end and
loss (the program died) of a command, with the attempt whose file it was given and the process that
gave it.
"""

import heapq
import itertools
import json
import os
import re
import selectors
import socket
import threading
import time
import tty
from pathlib import Path

SWITCH = Path(__file__).with_name("chaos_switch.sh")
TAKES = {"on": 0.02, "off": 0.02, "status": 0.0, "write": 0.15}  # seconds
BOOTS = 0.25
ATTEMPT = re.compile(r"/scratch/(r\d+\.\d+\.\d+)/")


class Board:
    def __init__(self, name, folder):
        self.name, self.power, self.flash, self.starts = name, False, b"", 0
        self.line, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.line, False)
        self.console = os.ttyname(self.slave)
        self.diary = (Path(folder) / f"{name}.jsonl").open("a", buffering=1)

    def note(self, **what):
        self.diary.write(json.dumps({"t": time.monotonic(), **what}) + "\n")


class Boards:
    """Serves all boards on one thread, so that its diaries have one order."""

    def __init__(self, folder, names):
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.all = {name: Board(name, folder) for name in names}
        self._events, self._due, self._number = selectors.DefaultSelector(), [], itertools.count(1)
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._server.getsockname()[1]
        self._wake, self._woken = socket.socketpair()
        self._events.register(self._server, selectors.EVENT_READ)
        self._events.register(self._woken, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def devices(self, name):
        """The board's devices in a lab file. JSON is YAML."""
        def words(*what):
            return ["/bin/bash", str(SWITCH), str(self.port), name, *what]
        return {"power": {"driver": "command", "on": words("on"), "off": words("off"), "status": words("status")},
                "flash": {"driver": "command", "write": words("write", "{file}")},
                "console": {"driver": "serial", "path": self.all[name].console, "baud": 115200}}

    def close(self):
        self._wake.close()
        self._thread.join()
        for board in self.all.values():
            board.diary.close()
            os.close(board.line)
            os.close(board.slave)

    def _after(self, seconds, what):
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._number), what))

    def _serve(self):
        while True:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            ready = [key.fileobj for key, _ in self._events.select(wait)]
            # New programs last: one that died before they began is noted before them.
            for one in sorted(ready, key=lambda one: one is self._server):
                if one is self._woken:
                    return
                if one is self._server:
                    self._begin(self._server.accept()[0])
                else:
                    self._lost(one)
            while self._due and self._due[0][0] <= time.monotonic():
                heapq.heappop(self._due)[2]()

    def _begin(self, program):
        program.settimeout(5)
        try:
            name, operation, host, path = program.makefile("r").readline().rstrip("\n").split(" ", 3)
        except (OSError, ValueError):
            return program.close()  # it died before it said a word: nothing was asked for
        program.setblocking(False)
        board, number = self.all[name], next(self._number)
        attempt = ATTEMPT.search(path)
        board.note(what="begin", command=number, operation=operation, host=int(host), power=board.power,
                   **({"attempt": attempt[1] if attempt else "?"} if operation == "write" else {}))
        image = b""
        if operation == "on" and not board.power:
            board.power = True
            board.starts += 1
            self._after(BOOTS, lambda starts=board.starts: self._say(board, starts))
        if operation == "write":
            board.flash = b""
            try:
                image = Path(path).read_bytes()
            except OSError:
                pass  # removed under a program that is about to die
        running = {"done": False}
        self._events.register(program, selectors.EVENT_READ, (board, number, running))

        def end():
            if running["done"]:
                return
            if self._is_gone(program):
                return self._lost(program)
            if operation == "off":
                board.power = False
                board.starts += 1
            if operation == "write":
                board.flash = image
            running["done"] = True
            board.note(what="end", command=number)
            try:
                program.sendall(f"0 {'on' if board.power else 'off'}\n".encode() if operation == "status" else b"0 \n")
            except OSError:
                pass  # killed just now
            self._events.unregister(program)
            program.close()

        self._after(TAKES[operation], end)

    @staticmethod
    def _is_gone(program):
        try:
            return program.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _lost(self, program):
        board, number, running = self._events.get_key(program).data
        running["done"] = True
        board.note(what="lost", command=number)
        self._events.unregister(program)
        program.close()

    def _say(self, board, starts):
        if board.starts != starts:
            return  # without power by now
        try:
            os.write(board.line, b"boot\r\n" + board.flash.replace(b"\n", b"\r\n"))
        except BlockingIOError:
            pass  # nobody listens, and nothing stops a UART
