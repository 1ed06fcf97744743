"""A TCP proxy on loopback that cuts, half-closes, holds, swallows and delays what passes.

Every proxy of a process runs on one thread of its own; its methods may be called from any. A way is
"up" (from who dials to the server) or "down".
"""

import asyncio
import random
import socket
import struct
import threading

WAYS = ("up", "down")


class _Loop:
    """The thread that all proxies share."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)


class _Link:
    """One connection through a proxy: both its ends."""

    def __init__(self, writer):
        self.ends = [writer]
        self.lossy = False  # bytes of it are missing: it can only be cut

    def cut(self):
        """Both ends get a reset, which overtakes what is on its way."""
        for writer in self.ends:
            try:
                plug = writer.get_extra_info("socket")
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass  # closed already
            writer.transport.abort()


class Proxy:
    _shared = None

    def __init__(self, port, seed=0):
        """Leads to 127.0.0.1:port; `address` is its own."""
        Proxy._shared = Proxy._shared or _Loop()
        self._target, self._links, self._random = port, set(), random.Random(seed)
        self._state = dict.fromkeys(WAYS, "pass")  # or "hold", "swallow"
        self._delay = dict.fromkeys(WAYS, 0.0)
        self._doom = None
        self.doomed = 0  # links that doom() has cut
        self._do(self._listen())

    def _do(self, coroutine):
        return Proxy._shared.do(coroutine)

    async def _listen(self):
        self._changed = asyncio.Event()
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.address = "127.0.0.1:%d" % self._server.sockets[0].getsockname()[1]

    # What happens to the connections.

    def cut(self):
        """Resets every connection."""
        return self._do(self._cut(lambda link: True))

    def half_close(self, way):
        """The receiver sees an orderly end; the other way goes on. Later bytes of this way are lost."""
        return self._do(self._half_close(way))

    def hold(self, *ways):
        """Nothing passes, nothing is lost: a network that comes back and delivers late."""
        return self._do(self._set("hold", ways))

    def swallow(self, *ways):
        """What is sent is lost; new connections are taken and lead nowhere. heal() resets them all."""
        return self._do(self._set("swallow", ways))

    def delay(self, seconds):
        """Every piece takes so much longer, either way."""
        self._delay = dict.fromkeys(WAYS, seconds)

    def heal(self):
        self.delay(0.0)
        return self._do(self._set("pass", WAYS))

    def doom(self, share, longest):
        """From now on this share of new connections loses its answers after up to `longest` seconds
        and is then reset; 0: none."""
        self._doom = (share, longest)

    def close(self):
        return self._do(self._close())

    async def _close(self):
        self._server.close()
        await self._cut(lambda link: True)

    async def _cut(self, which):
        hit = [link for link in self._links if which(link)]
        for link in hit:
            link.cut()
        return len(hit)

    async def _half_close(self, way):
        hit = 0
        for link in list(self._links):
            if len(link.ends) < 2 or link.lossy:
                continue
            link.lossy = True
            link.ends[1 if way == "up" else 0].write_eof()
            hit += 1
        return hit

    async def _set(self, state, ways):
        for way in ways or WAYS:
            self._state[way] = state
        self._changed.set()
        self._changed = asyncio.Event()
        if state == "pass":
            await self._cut(lambda link: link.lossy)

    # The connections.

    async def _passing(self, way):
        while self._state[way] == "hold":
            await self._changed.wait()

    async def _accepted(self, reader, writer):
        link = _Link(writer)
        self._links.add(link)
        try:
            for way in WAYS:
                await self._passing(way)
            if "swallow" in self._state.values():
                link.lossy = True
                while await reader.read(1 << 16):
                    pass
                return
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            link.ends.append(back)
            ends = None
            if self._doom and self._random.random() < self._doom[0]:
                ends = asyncio.get_running_loop().call_later(self._random.uniform(0, self._doom[1]), self._lose, link)
            await asyncio.gather(self._carry(link, "up", reader, back), self._carry(link, "down", there, writer))
            if ends:
                ends.cancel()
        except OSError:
            pass  # the server is not there, or the link was cut
        finally:
            link.cut()
            self._links.discard(link)

    def _lose(self, link):
        self.doomed += 1
        link.lossy = True  # answers are lost at once; the reset comes a little later
        asyncio.get_running_loop().call_later(0.05, link.cut)

    async def _carry(self, link, way, reader, writer):
        while piece := await reader.read(1 << 16):
            if self._delay[way]:
                await asyncio.sleep(self._delay[way])
            await self._passing(way)
            if self._state[way] == "swallow":
                link.lossy = True
            elif not (link.lossy and way == "down") and not writer.transport.is_closing():
                try:
                    writer.write(piece)
                except RuntimeError:  # half_close() has ended this way
                    continue
                await writer.drain()
        await self._passing(way)
        if self._state[way] != "swallow" and not writer.transport.is_closing():
            writer.write_eof()
