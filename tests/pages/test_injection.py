"""What a device, a commit or a file name says stays text: in the pages, in the static file, in the terminal."""

import re

import pytest
from lab import PASSED, Firmware
from script_board import PLAN, ScriptBoard

MARK = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>"
CONSOLE = [
    f"console {MARK}",
    "</script><script>window.hacked=1</script>",
    "<!-- --><svg onload=window.hacked=1>",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[2J\x1b[1;1H after an escape",
    "bell\x07 null\x00 back\x08 vertical\x0b del\x7f c1\u009b31m",
    "bidi \u202egnp.exe\u202c \u2066x\u2069 separators \u2028 \u2029",
    "javascript:window.hacked=1 &lt;b&gt; &amp; \"'`${window.hacked=1}",
]


@pytest.fixture
def hostile(make_lab, tmp_path):
    board = ScriptBoard(tmp_path)
    lab = make_lab(boards=0, extra=["--lab", board.lab_file])
    plan = tmp_path / "script.yaml"
    plan.write_text(PLAN.format(name="script").replace("The test says", f"'{MARK}': the test says")
                    .replace("about: ", "about: >-\n  ") + "artifacts: { firmware: {} }\n")
    file = tmp_path / f"{MARK.replace('/', '|')}\x1b[31m.hex"
    file.write_bytes(Firmware.base.read_bytes())
    run = lab.submit(plan, "--project", f"p {MARK}", "--ref", "\x1b[31m" + MARK, "--rev", MARK, firmware=file)
    lab.await_board(board.board, "leased")
    # Whatever comes before the power is on belongs to nobody; the console is open from then on.
    for line in CONSOLE:
        board.say(line + "\r\n")
    board.say(b"\xff\xfe not UTF-8 \xc3\r\n")
    board.say("it is over\r\n")
    lab.cli("watch", run, check=PASSED)
    yield lab, run
    lab.stop()
    board.close()


def untouched(page):
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img, main script, main iframe, main svg[onload]").count() == 0


def test_hostile_words_stay_text(hostile, open_page, tmp_path):
    lab, run = hostile
    for address in ("/", "/runs", f"/runs/{run}", "/matrix", f"/compare?a={run}&b={run}", "/plans", "/plans/script",
                    "/boards", "/boards/script-1"):
        page = open_page(lab.web + address)
        page.get_by_role("heading").first.wait_for()
        if address == "/runs":
            page.get_by_text("<img src=x").first.wait_for()
        if address.startswith("/runs/"):
            page.get_by_text("console <img src=x onerror").first.wait_for()
        untouched(page)
        page.context.close()

    file = tmp_path / "report.html"
    lab.cli("report", run, "--html", file, check=PASSED)
    page = open_page(file.as_uri())
    page.get_by_text("console <img src=x onerror").first.wait_for()
    untouched(page)
    text = file.read_text()
    assert text.count("</script>") == 2 and MARK not in text, "the data cannot end the element they are in"


def test_terminal_gets_no_control_character(hostile):
    lab, run = hostile
    for words in (("runs",), ("show", run), ("log", run), ("boards",), ("why", run)):
        said = lab.cli(*words)
        for text in (said.stdout, said.stderr):
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]", text.replace("\r\n", "\n")), f"{words}: {text!r}"


def test_csv_and_json_of_a_hostile_run(hostile, open_page):
    lab, run = hostile
    page = open_page(f"{lab.web}/runs")
    page.get_by_text("<img src=x").first.wait_for()
    with page.expect_download() as waited:
        page.get_by_role("button", name="CSV").first.click()
    text = open(waited.value.path(), newline="").read()
    assert run in text and "<img src=x" in text
