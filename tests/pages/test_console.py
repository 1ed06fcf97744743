"""The console of a run under a real scroll bar: keys, long lines, and two million of them."""

import json
import re
from urllib.parse import parse_qs, urlparse

import pytest
from browse import good, shot
from conftest import DESKTOP, PHONE
from lab import PASSED, PRODUCT_FAILED, Firmware
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def red(shared):
    return shared.run("ota-confirm", base=Firmware.base, update=Firmware.v2_hang, check=PRODUCT_FAILED).stdout.split()[1]


@pytest.fixture(scope="module")
def green(shared):
    return shared.run("smoke", base=Firmware.base, check=PASSED).stdout.split()[1]


def region(page):
    return page.get_by_role("region", name=re.compile("^Console of"))


def chosen(page):
    return [int(n) for n in page.locator(".console .row.chosen .no").all_inner_texts()]


def in_view(page):
    """{row's number: (its top, its end)} of the lines that are wholly within the box, px from its top; once what was
    asked for is drawn."""
    rows = page.evaluate("""async () => {
        const frame = () => new Promise(requestAnimationFrame)
        await frame()
        await frame()
        const box = document.querySelector('.console .lines')
        const at = box.getBoundingClientRect().top + box.clientTop
        return [...box.querySelectorAll('.row:not(.mark)')].map(row => {
            const { top, bottom } = row.getBoundingClientRect()
            return [row.querySelector('.no').textContent, top - at, bottom - at]
        }).filter(([, top, bottom]) => top >= -1 && bottom <= box.clientHeight + 1)
    }""")
    return {int(number): (top, end) for number, top, end in rows}


def say(page, total, text):
    """The page's console has `total` lines from now on; assayd's own tests are elsewhere."""
    def answer(route):
        query = parse_qs(urlparse(route.request.url).query)
        first, count = int(query["from"][0]), int(query.get("count", ["200"])[0])
        first = max(0, total + first) if first < 0 else first
        lines = [{"text": text(n), "at": f"{n / 1000:.3f}s"} for n in range(first, min(total, first + count))]
        route.fulfill(content_type="application/json", body=json.dumps(
            {"from": str(first), "lines": lines, "total": str(total), "bytes": str(total * 50), "ended": True}))
    page.route("**/console/*/lines?*", answer)


def test_step_moves_the_console(shared, red, open_page):
    page = open_page(f"{shared.web}/runs/{red}")
    region(page).wait_for()
    page.locator(".step-failed .step-head").click()
    expect(page.locator(".console .row.chosen").first).to_be_visible()
    assert page.evaluate("location.hash") == "" and "step=" in page.evaluate("location.search")
    assert chosen(page)[0] in in_view(page), "its first line is in view"
    # The page itself stays where it is; so does the address when it is opened again.
    before = chosen(page)[0]
    page.reload()
    expect(page.locator(".console .row.chosen").first).to_be_visible()
    assert chosen(page)[0] == before and before in in_view(page)
    page.locator(".strip .task").nth(3).dispatch_event("click")
    expect(page).to_have_url(re.compile("step=3$"))
    expect(page.locator(".console .row.chosen").first).to_be_visible()
    assert min(in_view(page)) < before


def test_keys(shared, red, open_page):
    page = open_page(f"{shared.web}/runs/{red}")
    region(page).wait_for()
    search = page.get_by_role("searchbox", name="Search in the console")
    page.keyboard.press("/")  # from anywhere
    expect(search).to_be_focused()
    page.keyboard.type("n/Nf")  # no key of ours while one types
    expect(search).to_have_value("n/Nf")
    search.fill("boot")
    page.get_by_role("status").filter(has_text=re.compile(r"^\d+ lines?$")).wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"#dut-L\d+$"))
    first = chosen(page)
    page.keyboard.press("ArrowDown")
    expect(region(page)).to_be_focused()
    page.keyboard.press("n")
    expect(page.locator(".console .row.chosen .no")).not_to_have_text([str(first[0])])
    page.keyboard.press("Shift+N")
    expect(page.locator(".console .row.chosen .no")).to_have_text([str(first[0])])

    said = page.locator(".console p[role=status]")
    page.keyboard.press("Home")
    expect(said).to_have_text(re.compile(r"^line 1, \d+\.\d{3} s: "))
    page.keyboard.press("ArrowDown")
    expect(said).to_have_text(re.compile("^line 2, "))
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(said).to_have_text(re.compile("^3 lines chosen; line 4, "))
    page.keyboard.press("Shift+ArrowUp")
    assert chosen(page) == [2, 3]
    page.keyboard.press("Enter")
    page.wait_for_url("**#dut-L2-L3")
    page.keyboard.press("End")
    expect(said).to_have_text(re.compile(f"^line {max(in_view(page))}, "))
    page.keyboard.press("PageUp")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"#dut-L\d+$"))
    assert chosen(page)[0] in in_view(page)

    page.get_by_label("single keys everywhere").uncheck()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("/")
    expect(search).not_to_be_focused()


def test_strip_by_keyboard(shared, red, open_page):
    page = open_page(f"{shared.web}/runs/{red}")
    region(page).wait_for()
    page.locator(".strip").focus()
    page.keyboard.press("ArrowRight")
    focused = page.locator(".strip .task:focus")
    expect(focused).to_have_attribute("aria-label", re.compile("^step 1 .*: passed after "))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(focused).to_have_attribute("aria-label", re.compile("^step 2 "))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("step=1$"))
    expect(focused).to_have_attribute("aria-pressed", "true")
    assert page.locator(".strip [tabindex='0']").count() == 1
    good(page, "strip-keyboard")


def long_or_short(n):
    return f"line {n + 1} " + "x" * (700 if n % 7 == 3 else 5)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("total", [12, 3000])
def test_wrapped_lines_do_not_overlap(shared, green, open_page, total, size):
    page = open_page("about:blank", size=size)
    say(page, total, long_or_short)
    page.goto(f"{shared.web}/runs/{green}")
    page.get_by_text("line 1 x", exact=False).first.wait_for()
    box = region(page)
    box.evaluate(f"box => box.scrollTop = {total * 20 // 3}")
    page.wait_for_function("""total => {
        const lines = document.querySelector('.console .lines')
        const last = Math.max(...[...lines.querySelectorAll('.row .no')].map(number => +number.textContent))
        return (total < 100 || last > 900) && !lines.textContent.includes('…')
    }""", arg=total)
    before = in_view(page)
    assert total < 100 or min(before) > 900
    page.get_by_role("button", name="Wrap").click()
    expect(page.locator(".lines.wraps")).to_be_visible()
    assert set(before) & set(in_view(page)), "what was looked at is still there"
    good(page, f"console-wrapped-{total}-{'phone' if size is PHONE else 'desktop'}")

    # To the end by the wheel: every line comes by, none jumps up, none lies over another.
    box.evaluate("box => box.scrollTop = 0")
    box.hover()
    seen, old = set(), {}
    steps = 0
    while total not in seen and steps < 200 and (total < 100 or steps < 60):
        now = in_view(page)
        ends = [at for at in sorted(now.values())]
        assert all(one[1] <= other[0] + 1 for one, other in zip(ends, ends[1:])), "rows overlap"
        assert all(now[n][0] <= old[n][0] + 1 for n in set(now) & set(old)), "a row went against the wheel"
        seen |= set(now)
        old = now
        page.mouse.wheel(0, 30)
        page.wait_for_timeout(30)
        steps += 1
    if total < 100:
        assert total in seen
    box.focus()
    page.keyboard.press("End")
    expect(page.locator(".console .row.cursor .no")).to_have_text(str(total))
    page.wait_for_function("() => !document.querySelector('.console .lines').textContent.includes('…')")
    box.evaluate("box => box.scrollTop = box.scrollHeight")
    page.wait_for_function(f"""() => {{
        const box = document.querySelector('.console .lines').getBoundingClientRect()
        const last = [...document.querySelectorAll('.console .row:not(.mark)')].at(-1)
        return last.querySelector('.no').textContent === '{total}' && last.getBoundingClientRect().bottom <= box.bottom + 1
    }}""")
    # Up line by line: the cursor is always in view, a long line's beginning at least.
    for _ in range(12):
        page.keyboard.press("ArrowUp")
        top = page.evaluate("""() => document.querySelector('.console .row.cursor').getBoundingClientRect().top -
                                     document.querySelector('.console .lines').getBoundingClientRect().top""")
        assert -1 <= top


def test_two_million_lines(shared, green, open_page):
    total = 2_000_000
    page = open_page("about:blank")
    say(page, total, lambda n: f"line {n + 1}")
    page.goto(f"{shared.web}/runs/{green}")
    page.get_by_text("line 1", exact=True).wait_for()
    assert page.evaluate("document.querySelector('.console .height').offsetHeight") <= 8_000_000
    box = region(page)
    box.focus()
    page.keyboard.press("End")
    page.get_by_text("line 2000000", exact=True).wait_for()
    assert max(in_view(page)) == total
    page.keyboard.press("PageUp")
    page.keyboard.press("PageUp")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"#dut-L19999\d\d$"))

    page.goto(f"{shared.web}/runs/{green}#dut-L1234567")
    page.get_by_text("line 1234567", exact=True).wait_for()
    assert 1234567 in in_view(page)
    # The wheel moves by lines, not by the thousands that a pixel of the scroll bar is; lines stand on their own.
    box.hover()
    before = in_view(page)
    page.mouse.wheel(0, 100)
    page.wait_for_function(f"""() => {{
        const box = document.querySelector('.console .lines').getBoundingClientRect()
        const row = [...document.querySelectorAll('.console .row')].find(row => row.querySelector('.no')?.textContent === '1234567')
        return row && Math.abs(row.getBoundingClientRect().top - box.top - ({before[1234567][0]} - 100)) < 3
    }}""")
    tops = sorted(in_view(page).values())
    assert all(abs(one[1] - other[0]) < 1 for one, other in zip(tops, tops[1:]))


def test_print(shared, red, open_page, tmp_path):
    page = open_page(f"{shared.web}/runs/{red}", color_scheme="dark")
    region(page).wait_for()
    page.emulate_media(media="print", color_scheme="dark")
    paper = page.locator(".on-paper pre")
    expect(paper).to_contain_text("Jumping to the first image slot")
    last = shared.show(red)["jobs"][0]["attempts"][-1]["steps"]
    assert page.locator(".evidence").count() == len(last)
    assert page.locator("button:visible:not(.step-head)").count() == 0 and page.locator("input:visible").count() == 0
    expect(page.get_by_role("heading", name="Environment")).to_be_visible()
    for place in ("h1", ".on-paper pre"):
        assert page.locator(place).evaluate("e => getComputedStyle(e).color") == "rgb(0, 0, 0)", place
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(path=tmp_path / "run.pdf").startswith(b"%PDF")
    shot(page, "run-print")
