"""The pages in a real Chromium over a real lab. Fixtures: those of tests/system, `browser`, `open_page`.

A page that a test opens must say nothing on its console and break no rule of its policy. The
screenshots of a failed test lie beside its logs, those of SHOTS (see shot()) always.
"""

import os
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "system"))
sys.path.insert(0, str(Path(__file__).parent))
from fixtures import *  # noqa: E402, F403
from lab import FAILED  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from script_board import ScriptBoard  # noqa: E402

CHROMIUM = os.environ.get("ASSAY_CHROMIUM", "/usr/bin/chromium")
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}


@pytest.fixture(scope="session")
def browser():
    if not Path(CHROMIUM).exists():
        pytest.exit(f"{CHROMIUM} is not there: type ./dev test", 2)
    with sync_playwright() as playwright:
        # Without its own sandbox it runs as root, too; it sees nothing but our own pages.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def scripted(make_lab, tmp_path):
    """A lab whose one board says what the test wants: (lab, ScriptBoard)."""
    board = ScriptBoard(tmp_path)
    lab = make_lab(boards=0, extra=["--lab", board.lab_file])
    yield lab, board
    lab.stop()
    board.close()


@pytest.fixture
def open_page(request, browser):
    """open_page(address, size=DESKTOP, ...) shows a page; allow: regular expressions over console texts."""
    contexts, pages, complaints = [], [], []

    def show(address, size=DESKTOP, allow=(), **options):
        context = browser.new_context(viewport=size, timezone_id="UTC", locale="en-GB", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)

        def heard(kind, text):
            if not any(re.search(pattern, text) for pattern in allow):
                complaints.append(f"{address}: {kind}: {text}")

        page.on("console", lambda said: said.type in ("error", "warning") and heard(said.type, said.text))
        page.on("pageerror", lambda error: heard("exception", str(error)))
        page.goto(address)
        pages.append(page)
        return page

    yield show
    if getattr(request.node, "assay_failed", False):
        folder = FAILED / request.node.path.stem
        folder.mkdir(parents=True, exist_ok=True)
        for number, page in enumerate(pages):
            name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{request.node.name}-{number}")
            page.screenshot(path=folder / f"{name}.png", full_page=True)
            (folder / f"{name}.html").write_text(page.content())
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)
