#!/usr/bin/env python3
"""How live the pages are; prints samples as JSON. Started by run.py in the environment of the tests.

usage: live.py pixels|readers

  pixels   a line is written into the board's serial line -> the frame that shows it, in Chromium
  readers  200 connections on one run whose console says 10 lines a second: what assayd takes
"""

import json
import os
import selectors
import socket
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/system"), str(ROOT / "tests/pages")]
from lab import Lab  # noqa: E402
from script_board import ScriptBoard  # noqa: E402

LINES, READERS, SECONDS = 200, 200, 10


def watched(use):
    """A run on a board that says what we write; use(lab, board, run), then it ends."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        board = ScriptBoard(Path(folder))
        lab = Lab(boards=0, extra=["--lab", board.lab_file]).start()
        try:
            run = lab.submit(board.plan)
            lab.await_board(board.board, "leased")
            board.say("hello\r\n")
            result = use(lab, board, run)
            board.say("it is over\r\n")
            lab.cli("watch", run)
            lab.stop()
        finally:
            lab.clean_up()
            board.close()
    return result


def pixels(lab, board, run):
    from playwright.sync_api import sync_playwright
    # Resolves in the frame after the one that has the text: then it has been painted.
    seen = """token => new Promise(done => {
        const look = () => document.querySelector('main').textContent.includes(token)
        const painted = () => requestAnimationFrame(() => setTimeout(() => done(Date.now()), 0))
        if (look()) return painted()
        const watch = new MutationObserver(() => { if (look()) { watch.disconnect(); painted() } })
        watch.observe(document.querySelector('main'), { subtree: true, childList: true, characterData: true })
    })"""
    times = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("ASSAY_CHROMIUM", "/usr/bin/chromium"),
                                             args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1600})
        page.goto(f"{lab.web}/runs/{run}")
        page.get_by_text("hello").first.wait_for()
        for number in range(LINES):
            token = f"token-{number:05}-end"
            page.evaluate("([f, t]) => { window.waiting = eval(f)(t) }", [f"({seen})", token])
            began = time.time()
            board.say(f"{token}\r\n")
            times.append(page.evaluate("window.waiting") - 1e3 * began)
        browser.close()
    return times


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def readers(lab, board, run):
    (pid,) = [pid for pid, line in lab.processes("assayd").items() if " up " not in line]
    address = urlsplit(lab.web)
    waiting, got = selectors.DefaultSelector(), {}
    for _ in range(READERS):
        one = socket.create_connection((address.hostname, address.port))
        one.sendall(f"GET /api/v1/live/runs/{run} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        one.setblocking(False)
        waiting.register(one, selectors.EVENT_READ)
        got[one] = b""

    def drain(until):
        while (left := until - time.monotonic()) > 0:
            for key, _ in waiting.select(left):
                got[key.fileobj] += key.fileobj.recv(1 << 20)

    drain(time.monotonic() + 2)
    said = 10 * SECONDS
    before, began = cpu_seconds(pid), time.monotonic()
    for number in range(said):
        board.say(f"line-{number:05}-end and some words so that it is a usual length\r\n")
        drain(began + (number + 1) / 10)
    drain(time.monotonic() + 1)
    share = (cpu_seconds(pid) - before) / (time.monotonic() - began)
    whole = sum(all(f"line-{n:05}-end".encode() in text for n in range(said)) for text in got.values())
    memory = next(int(line.split()[1]) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
                  if line.startswith("VmRSS"))
    for one in got:
        one.close()
    return {"readers": READERS, "complete": whole, "share_of_a_core": share, "memory_kib": memory}


if __name__ == "__main__":
    print(json.dumps(watched({"pixels": pixels, "readers": readers}[sys.argv[1]])))
