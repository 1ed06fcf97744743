"""The one-file report, opened from disk with no network."""

import re

from browse import good
from conftest import DESKTOP, PHONE
from lab import PASSED, PRODUCT_FAILED, WRONG_INPUT, Firmware


def test_report_opens_from_disk(shared, open_page, tmp_path):
    first = shared.run("ota-confirm", base=Firmware.base, update=Firmware.v2, check=PASSED).stdout.split()[1]
    run = shared.run("ota-confirm", base=Firmware.base, update=Firmware.v2_hang, check=PRODUCT_FAILED).stdout.split()[1]
    file = tmp_path / "report.html"
    shared.cli("report", run, "--html", file, check=PASSED)
    for size, name in ((DESKTOP, "desktop"), (PHONE, "phone")):
        page = open_page(file.as_uri(), size=size, offline=True)
        page.get_by_text("app.ready was not seen").first.wait_for()
        page.get_by_text("Booting MCUboot").first.wait_for()
        # What was not tried any more has its words, too.
        page.locator(".step-text", has_text="assert that update runs, confirmed").first.wait_for()
        assert f"differs from {first}" in page.inner_text("body").replace("\n", " ")
        page.get_by_role("searchbox", name="Search in the console").fill("Jumping to")
        page.get_by_text("lines").first.wait_for()
        good(page, f"static-{name}")
    # Another address of the same file, as a link in a mail would be.
    page = open_page(f"{file.as_uri()}#dut-L5", offline=True)
    page.locator(".console .row.chosen").wait_for()


def test_report_of_a_large_console_says_what_was_cut(scripted, open_page, tmp_path):
    lab, board = scripted
    run = lab.submit(board.plan)
    lab.await_board(board.board, "leased")
    lines = 20_000
    board.say("".join(f"line {number} {'x' * 60}\r\n" for number in range(1, lines)))
    board.say("it is over\r\n")
    lab.cli("watch", run, check=PASSED)
    whole, cut = tmp_path / "whole.html", tmp_path / "cut.html"
    lab.cli("report", run, "--html", whole, check=PASSED)
    lab.cli("report", run, "--html", cut, "--max-size", "1", check=PASSED)
    assert whole.stat().st_size > 2 << 20
    assert 1_000_000 < cut.stat().st_size <= 1 << 20

    def line_of(file, number):
        page = open_page(f"{file.as_uri()}#dut-L{number}", offline=True)
        return page, page.locator(".console .row.chosen").inner_text()

    page, text = line_of(whole, lines // 2)
    assert f"line {lines // 2} xxx" in text
    assert page.locator(".left-out").count() == 0

    for size, name in ((DESKTOP, "desktop"), (PHONE, "phone")):
        page = open_page(cut.as_uri(), size=size, offline=True)
        left_out = page.get_by_role("region", name="Not in this file")
        found = re.fullmatch(rf"Not everything is in this file:\s+(\d+) of {lines} lines of dut's console in {run}\.1\.1",
                             left_out.inner_text())
        assert found and 0 < int(found[1]) < lines, left_out.inner_text()
        page.get_by_text(f"{int(found[1]):,} of {lines:,} lines are not in this file").wait_for()
        good(page, f"static-cut-{name}")
    # Its beginning and its end are there.
    assert "⋯" in line_of(cut, lines // 2)[1]
    assert "it is over" in line_of(cut, lines)[1]
    page, text = line_of(cut, 1)
    assert "line 1 xxx" in text
    # A search finds what is there, and no more.
    page.get_by_role("searchbox", name="Search in the console").fill("line 1 x")
    page.get_by_text(re.compile(r"\b1 line\b")).first.wait_for()


def test_report_size_out_of_range(shared, tmp_path):
    done = shared.cli("report", "r1", "--html", tmp_path / "r.html", "--max-size", "0", check=WRONG_INPUT)
    assert done.stderr.strip() == "assay report: --max-size 0: 1 to 500 MiB"


def test_report_without_pages_says_what_to_type(shared, tmp_path):
    run = shared.run("smoke", base=Firmware.base, check=PASSED).stdout.split()[1]
    shared.environment["ASSAY_PAGES"] = str(tmp_path)
    try:
        done = shared.cli("report", run, "--html", tmp_path / "r.html")
    finally:
        del shared.environment["ASSAY_PAGES"]
    assert done.returncode != 0
    assert done.stderr.strip() == f"assay: {tmp_path}/report.html: not there; type: ./dev build"
