"""Each page over real runs, on a desk and on a phone, light and dark: nothing serious for axe, no
sideways scrolling, nothing on the console. The pictures stay in build/screenshots."""

import re

import pytest
from browse import good
from conftest import DESKTOP, PHONE
from lab import PASSED, PRODUCT_FAILED, Firmware
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def runs(shared):
    """Real runs on two virtual boards, among them the one of an image that hangs at its start."""
    ids = {}
    for name, plan, update, rev, status in (
            ("first", "ota-confirm", Firmware.v2, "1a2b3c4", PASSED),
            ("revert", "ota-revert", Firmware.v2, "1a2b3c4", PASSED),
            ("red", "ota-confirm", Firmware.v2_hang, "5d6e7f8", PRODUCT_FAILED),
            ("forged", "ota-revert-forged", Firmware.v2, "5d6e7f8", PRODUCT_FAILED)):
        done = shared.run(plan, "--project", "gateway", "--ref", "main", "--rev", rev, base=Firmware.base,
                          update=update, check=status)
        ids[name] = done.stdout.split()[1]
    gone = shared.submit("smoke", "--project", "gateway", "--ref", "main", "--rev", "9a9a9a9", "--board", "v1",
                         base=Firmware.base)
    shared.cli("cancel", gone)
    shared.cli("watch", gone, check=None)
    return ids


ADDRESSES = {
    "now": "/",
    "runs": "/runs",
    "runs-failed": "/runs?status=failed",
    "runs-none": "/runs?text=nothing-has-this",
    "run-red": "/runs/{red}",
    "run-passed": "/runs/{first}",
    "run-forged": "/runs/{forged}",
    "matrix": "/matrix?project=gateway",
    "matrix-boards": "/matrix?project=gateway&rows=board",
    "compare": "/compare?a={first}&b={red}",
    "plans": "/plans",
    "plan": "/plans/ota-confirm",
    "boards": "/boards",
    "board": "/boards/v1",
    "no-run": "/runs/r999",
    "no-page": "/nothing",
}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", ADDRESSES)
def test_page(shared, runs, open_page, name, size):
    allow = [r"status of 404"] if name == "no-run" else []
    page = open_page(shared.web + ADDRESSES[name].format(**runs), size=size, allow=allow)
    expect(page.get_by_text(re.compile("^Loading"))).to_have_count(0)
    page.get_by_role("heading").first.wait_for()
    good(page, f"{name}-{'phone' if size is PHONE else 'desktop'}")
    page.emulate_media(color_scheme="dark")
    good(page, f"{name}-{'phone' if size is PHONE else 'desktop'}-dark")


def test_red_run_says_why(shared, runs, open_page):
    page = open_page(f"{shared.web}/runs/{runs['red']}")
    page.get_by_text("app.ready was not seen").first.wait_for()
    run = shared.show(runs["red"])
    assert run["sentence"] in page.inner_text("main")
    # The step that shows it is open, with the console lines that are its evidence.
    failed = next(step for step in run["jobs"][0]["attempts"][-1]["steps"] if step.get("state") == "STEP_STATE_FAILED")
    assert failed["place"] in page.inner_text("main")
    assert failed["console"][-1] in page.inner_text("main")


def test_forged_run_shows_each_channel(shared, runs, open_page):
    page = open_page(f"{shared.web}/runs/{runs['forged']}")
    page.get_by_text("disagrees").first.wait_for()
    for channel in ("console", "smp", "flash"):
        assert page.get_by_role("row").filter(has_text=channel).filter(has_text="disagrees").count() >= 1, channel


def test_step_shows_its_lines(shared, runs, open_page):
    """A range of lines is an address: it can be shared, and grows with Shift."""
    page = open_page(f"{shared.web}/runs/{runs['red']}")
    page.get_by_role("button", name="Show in the console").first.click()
    page.wait_for_url("**#dut-L*")
    first, last = map(int, re.fullmatch(r"#dut-L(\d+)-L(\d+)", page.evaluate("location.hash")).groups())
    assert first < last
    chosen = page.locator(".console .row.chosen .no")
    expect(chosen.first).to_have_text(str(first))
    page.reload()
    expect(chosen.first).to_have_text(str(first))
    page.get_by_role("link", name=f"Line {first}", exact=True).click()
    expect(chosen).to_have_text([str(first)])
    page.get_by_role("link", name=f"Line {first + 2}", exact=True).click(modifiers=["Shift"])
    expect(chosen).to_have_text([str(n) for n in range(first, first + 3)])
