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
        self.lost = set()  # ways of which bytes are missing: it can only be cut

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
        self.answers_lost = 0  # by lose_answers()
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

    def lose_answers(self, share, to):
        """This share of the connections on which the word `to` goes up get no answer from then on, and
        are reset a little later."""
        self._doom = (share, to)

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
            if len(link.ends) < 2 or link.lost:
                continue
            link.lost.add(way)
            link.ends[1 if way == "up" else 0].write_eof()
            hit += 1
        return hit

    async def _set(self, state, ways):
        for way in ways or WAYS:
            self._state[way] = state
        self._changed.set()
        self._changed = asyncio.Event()
        if state == "pass":
            await self._cut(lambda link: link.lost)

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
                link.lost.update(WAYS)
                while await reader.read(1 << 16):
                    pass
                return
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            link.ends.append(back)
            await asyncio.gather(self._carry(link, "up", reader, back), self._carry(link, "down", there, writer))
        except OSError:
            pass  # the server is not there, or the link was cut
        finally:
            link.cut()
            self._links.discard(link)

    def _may_lose_answer(self, link, piece):
        if not self._doom or self._doom[1] not in piece or self._random.random() >= self._doom[0]:
            return
        self.answers_lost += 1
        link.lost.add("down")
        asyncio.get_running_loop().call_later(self._random.uniform(0.3, 0.6), link.cut)

    async def _carry(self, link, way, reader, writer):
        while piece := await reader.read(1 << 16):
            if self._delay[way]:
                await asyncio.sleep(self._delay[way])
            await self._passing(way)
            if way == "up":
                self._may_lose_answer(link, piece)
            if self._state[way] == "swallow":
                link.lost.add(way)
            if way in link.lost or writer.transport.is_closing():
                continue
            writer.write(piece)
            await writer.drain()
        await self._passing(way)
        if way not in link.lost and not writer.transport.is_closing():
            writer.write_eof()
