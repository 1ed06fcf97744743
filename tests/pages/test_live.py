"""Pages that change under one's eyes, also across the death of assayd; and without a mouse."""

import os
import re
import signal

from lab import PASSED, Firmware, eventually


def shown_lines(page):
    """{number: text} of the console lines in view."""
    rows = page.locator(".console .row:not(.mark)").all_inner_texts()
    found = (re.match(r"(\d+)\s*[\d.]*\s*(?:\+[\d.]+)?\s*(.*)$", row.replace("\n", " ")) for row in rows)
    return {int(match[1]): match[2].strip() for match in found if match}


def test_now_and_runs_follow_a_run(scripted, open_page):
    lab, board = scripted
    now, runs = open_page(lab.web), open_page(f"{lab.web}/runs")
    now.get_by_text("Nothing runs").wait_for()
    run = lab.submit(board.plan, "--rev", "1a2b3c4")
    now.get_by_role("link", name=run).first.wait_for()  # it is not loaded again
    runs.get_by_role("button", name=re.compile("new run")).click()  # rows do not jump under one's eyes
    runs.get_by_role("link", name=run).first.wait_for()
    lab.await_board(board.board, "leased")
    board.say("it is over\r\n")
    lab.cli("watch", run, check=PASSED)
    for page in (now, runs):
        page.get_by_role("main").locator(".badge.passed").first.wait_for()


def test_console_is_live_and_survives_assayd(scripted, open_page):
    lab, board = scripted
    run = lab.submit(board.plan)
    lab.await_board(board.board, "leased")
    # A lost connection is what this test is about.
    page = open_page(f"{lab.web}/runs/{run}", allow=[r"ERR_|Failed to load resource|EventSource|incomplete"])
    for number in range(1, 4):
        board.say(f"line {number}\r\n")
        page.get_by_text(f"line {number}", exact=True).wait_for()

    (assayd,) = [pid for pid, line in lab.processes("assayd").items() if " up " not in line]
    os.kill(assayd, signal.SIGKILL)
    for number in range(4, 8):
        board.say(f"line {number}\r\n")
    page.get_by_text("line 7", exact=True).wait_for(timeout=30_000)
    eventually(lambda: shown_lines(page) == {n: f"line {n}" for n in range(1, 8)}, shows=lambda: str(shown_lines(page)))

    board.say("it is over\r\n")
    lab.cli("watch", run, check=PASSED)
    page.get_by_text("complete", exact=True).wait_for()
    assert page.get_by_role("heading", level=1).inner_text().startswith("script passed")


def test_keyboard_alone_goes_from_runs_to_a_console_line(shared, open_page):
    run = shared.run("smoke", base=Firmware.base, check=PASSED).stdout.split()[1]
    page = open_page(f"{shared.web}/runs")
    page.get_by_role("link", name=run).first.wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs/{run}")
    page.get_by_role("region", name=re.compile("^Console of")).wait_for()
    for _ in range(80):  # Tab goes everywhere in the end
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "lines":
            break
    assert page.evaluate("document.activeElement.className") == "lines"
    page.keyboard.press("/")
    page.keyboard.type("Booting MCUboot")
    page.get_by_role("status").filter(has_text=re.compile(r"^\d+ lines?$")).wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**#dut-L*")
    assert "Booting MCUboot" in page.locator(".console .row.chosen").inner_text()
