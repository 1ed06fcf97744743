"""The matrix by keyboard: arrows among its cells, two of them chosen, their comparison."""

import re

import pytest
from browse import good
from conftest import DESKTOP, PHONE
from lab import PASSED, PRODUCT_FAILED, Firmware
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def runs(shared):
    """(plan, revision): its run. The newer revision breaks ota-confirm."""
    ids = {}
    for plan, rev, update, status in (("ota-confirm", "0ld0ld0", Firmware.v2, PASSED),
                                      ("ota-revert", "0ld0ld0", Firmware.v2, PASSED),
                                      ("ota-confirm", "badbad0", Firmware.v2_hang, PRODUCT_FAILED)):
        done = shared.run(plan, "--project", "door", "--rev", rev, base=Firmware.base, update=update, check=status)
        ids[plan, rev] = done.stdout.split()[1]
    return ids


def test_keys_go_from_cell_to_comparison(shared, runs, open_page):
    page = open_page(f"{shared.web}/matrix?project=door")
    focused = page.locator(".cell:focus")
    page.locator(".cell").first.focus()  # the newest build's
    expect(focused).to_have_attribute("data-run", runs["ota-confirm", "badbad0"])
    page.keyboard.press("Shift+Enter")
    page.wait_for_url(f"**chosen={runs['ota-confirm', 'badbad0']}")
    expect(focused).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowRight")
    expect(focused).to_have_attribute("data-run", runs["ota-confirm", "0ld0ld0"])
    page.keyboard.press("ArrowDown")
    expect(focused).to_have_attribute("data-run", runs["ota-revert", "0ld0ld0"])
    page.keyboard.press("ArrowLeft")  # nothing ran there
    expect(focused).to_have_attribute("data-run", runs["ota-revert", "0ld0ld0"])
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+Enter")
    older, newer = runs["ota-confirm", "0ld0ld0"], runs["ota-confirm", "badbad0"]
    comparison = page.get_by_role("link", name=f"Compare {older} with {newer}")
    comparison.wait_for()
    page.reload()  # the choice is in the address
    comparison.click()
    page.wait_for_url("**/compare?*")
    page.get_by_role("heading", name=re.compile("Compare")).wait_for()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_first_bad_build_is_marked(shared, runs, open_page, size):
    page = open_page(f"{shared.web}/matrix?project=door", size=size)
    marked = page.locator("td.first-bad .cell")
    expect(marked).to_have_count(1)
    expect(marked).to_have_attribute("data-run", runs["ota-confirm", "badbad0"])
    assert "the first bad build" in marked.inner_text()
    marked.click(modifiers=["Shift"])
    page.get_by_role("status").filter(has_text=runs["ota-confirm", "badbad0"]).wait_for()
    good(page, f"matrix-chosen-{'phone' if size is PHONE else 'desktop'}")


def test_spreadsheet_has_the_counts(shared, runs, open_page):
    page = open_page(f"{shared.web}/matrix?project=door")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").or_(page.get_by_role("link", name="CSV")).first.click()
    rows = download.value.path().read_text().splitlines()
    assert "door badbad0 failed" in rows[0], rows
    assert any(row.startswith("ota-confirm,failed,passed,0,1,0,1,0,0") for row in rows), rows
