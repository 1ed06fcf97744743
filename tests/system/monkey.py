"""What is done to the processes of a chaos run and to what connects them."""

import heapq
import itertools
import os
import random
import signal
import time
from collections import Counter

LEASE = 30  # seconds, scheduler/types.hpp
DECK = (["kill assayd"] * 3 + ["kill agent"] * 3 + ["stop agent"] * 2 + ["sleep agent"] * 2 +
        ["stop assayd", "kill host", "cut", "half-close up", "half-close down", "hold", "swallow", "one-way up",
         "one-way down", "delay", "long"])
# Each for longer than a lease.
LONG = ["long stop agent", "long hold", "long sleep agent", "long stop assayd", "long one-way down", "long swallow",
        "long one-way up"]


class Monkey:
    """Draws faults from a shuffled deck, so that every kind comes up, and mends each when its time is over."""

    def __init__(self, lab, faults, seed, say):
        self.lab, self.faults, self.random, self.say = lab, faults, random.Random(seed), say
        self.mends, self.number, self.done = [], itertools.count(), Counter()
        self.long = itertools.cycle(LONG)
        self.start = time.monotonic()
        self.busy, self.marks = set(), {}  # proxies that have a fault now: one at a time each

    def cards(self):
        while True:
            deck = DECK[:]
            self.random.shuffle(deck)
            # What lasts longer than a lease begins early: the others go on beside it.
            deck.insert(self.random.randrange(4), deck.pop(deck.index("long")))
            yield from deck

    def run(self):
        for card in itertools.islice(self.cards(), self.faults):
            self.wait(self.random.uniform(0.1, 1.7))
            for member in (self.lab.assayd, *self.lab.agents):
                member.look()
            self.act(next(self.long) if card == "long" else card)
        while self.mends:
            self.wait(max(0.0, self.mends[0][0] - time.monotonic()))

    def wait(self, seconds):
        """For the next fault: the pause is part of the scenario. What is due meanwhile is mended."""
        until = time.monotonic() + seconds
        while self.mends and self.mends[0][0] <= until:
            due, _, mend = heapq.heappop(self.mends)
            time.sleep(max(0.0, due - time.monotonic()))
            mend()
        time.sleep(max(0.0, until - time.monotonic()))

    def later(self, seconds, mend):
        heapq.heappush(self.mends, (time.monotonic() + seconds, next(self.number), mend))

    def act(self, card):
        long = card.startswith("long ")
        if card.endswith("assayd") and self.lab.assayd.reserved:
            card, long = "kill agent", False
        what = card.removeprefix("long ")
        number = self.victim()
        seconds = self.random.uniform(LEASE + 1, LEASE + 8) if long else self.random.uniform(0.2, 6)
        member = self.lab.assayd if what.endswith("assayd") else self.lab.agents[number]
        if long and member.stopped:
            member.go_on()
        if long and self.lab.proxies[number] in self.busy:
            self.busy.discard(self.lab.proxies[number])
            self.lab.proxies[number].heal()
        note = self.fault(what, member, self.lab.proxies[number], number, seconds)
        if long:
            member.reserved = True
            self.later(seconds + 1, lambda: setattr(member, "reserved", False))
        self.done[card] += 1
        where = "" if card.endswith("assayd") else f" a{number + 1}"
        self.say(f"{time.monotonic() - self.start:6.1f} s  {card}{where}: {note}")

    def victim(self):
        """The number of an agent, one that uses a board just now where there is one."""
        free = [number for number, agent in enumerate(self.lab.agents) if not agent.reserved]
        busy = [number for number in free if self.lab.is_busy(number)]
        chosen = self.random.random()  # once, whatever the boards do: the seed's later choices stay
        return (busy or free)[int(chosen * len(busy or free))]

    def fault(self, what, member, proxy, number, seconds):
        verb = what.split()[0]
        if verb == "kill" and what != "kill host":
            return self.kill(member)
        if what == "kill host":
            hosts = self.lab.lab.processes(f"assay-host a{number + 1}b")
            if not hosts:
                return "there is none"
            pid = self.random.choice(sorted(hosts))
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                return "it has just ended"
            return hosts[pid]
        if verb in ("stop", "sleep"):
            return self.stop(member, seconds, verb == "sleep")
        if verb == "cut":
            return f"{proxy.cut()} connections"
        if verb == "half-close":
            return f"{proxy.half_close(what.split()[1])} connections"
        if proxy in self.busy:
            return f"{proxy.cut()} connections, as it has a fault already"
        mark = (proxy, next(self.number))
        self.busy.add(proxy)
        self.marks[proxy] = mark
        ways = [what.split()[1]] if verb == "one-way" else []
        how = verb if verb != "one-way" else self.random.choice(["hold", "swallow"])
        if how == "delay":
            proxy.delay(self.random.uniform(0.01, 0.3))
        else:
            getattr(proxy, how)(*ways)

        def mend():
            if self.marks[proxy] == mark:  # no later fault
                self.busy.discard(proxy)
                proxy.heal()

        self.later(seconds, mend)
        return f"{how} for {seconds:.1f} s"

    def kill(self, member):
        if not member.runs:
            return "it is down already"
        member.kill()
        away = self.random.choice([0.0, 0.0, self.random.uniform(0.1, 3)])

        def mend():
            if not member.runs:
                member.start()

        self.later(away, mend)
        return f"away for {away:.1f} s"

    def stop(self, member, seconds, with_all):
        if not member.runs or member.stopped:
            return "it does not run"
        member.stop(with_all)
        program = member.program

        def mend():
            if member.program is program:  # not killed meanwhile
                member.go_on()

        self.later(seconds, mend)
        return f"for {seconds:.1f} s"
