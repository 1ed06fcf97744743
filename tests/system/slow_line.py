"""A line to assayd that carries only so many bytes a second one way, those of all connections together."""

import socket
import threading
import time

BUFFER = 65536  # little: what is under way waits at its sender


class SlowLine:
    def __init__(self, server, rate, way):
        """Bytes come `rate` a second "up" to assayd or "down" from it, once `slow` is set."""
        self.server, self.rate, self.way = server, rate, way
        self.slow, self.carried = threading.Event(), 0  # bytes that went that way, slowly
        self._turn = threading.Lock()
        self._door = socket.socket()
        if way == "up":
            self._door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self._door.bind(("127.0.0.1", 0))
        self._door.listen()
        self.address = "127.0.0.1:{}".format(self._door.getsockname()[1])
        threading.Thread(target=self._take, daemon=True).start()

    def close(self):
        """Takes no more connections."""
        self._door.close()

    def _take(self):
        while True:
            try:
                near = self._door.accept()[0]
            except OSError:
                return
            far = socket.socket()
            if self.way == "down":
                far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            host, port = self.server.rsplit(":", 1)
            far.connect((host, int(port)))
            for one, other, way in ((near, far, "up"), (far, near, "down")):
                threading.Thread(target=self._carry, args=(one, other, way == self.way), daemon=True).start()

    def _carry(self, one, other, slows):
        try:
            while piece := one.recv(4096):
                if slows and self.slow.is_set():
                    with self._turn:
                        time.sleep(len(piece) / self.rate)
                        self.carried += len(piece)
                other.sendall(piece)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
