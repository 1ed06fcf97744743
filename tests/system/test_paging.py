"""Lists of runs over HTTP, page by page, while new runs come in."""

import json
from urllib.parse import quote, urlencode

import pytest
from lab import PASSED
from test_web import Web

PLAN = "plan: {name}\nroles: {{ dut: {{ needs: [power] }} }}\nsteps:\n  - power: off\n"


class Runs:
    """A lab in which runs only wait, so that many are quick to make."""

    def __init__(self, lab, folder):
        self.lab, self.web, self.made = lab, Web(lab.web), []
        self.plans = []
        for name in ("even", "odd"):
            self.plans.append(folder / f"{name}.yaml")
            self.plans[-1].write_text(PLAN.format(name=name))

    def add(self, count):
        for _ in range(count):
            number = len(self.made)
            self.made.append(self.lab.submit(self.plans[number % 2], "--project", f"p{number % 3}", "--rev",
                                             f"{number % 5:040x}", "--ref", "main"))

    def page(self, **parameters):
        return self.web.json(f"/api/v1/runs?{urlencode(parameters)}")

    def pages(self, between, **parameters):
        """The runs of each page until the last; between() after each."""
        token, pages = {}, []
        while True:
            page = self.page(**parameters, **token)
            pages.append(page.get("runs", []))
            between()
            if not page.get("nextPageToken"):
                return pages
            token = {"page_token": page["nextPageToken"]}
            assert len(pages) < 100


@pytest.fixture(scope="module")
def runs(tmp_path_factory, shared):
    for board in ("v1", "v2"):
        shared.cli("quarantine", board, "--why", "runs shall wait", check=PASSED)
    runs = Runs(shared, tmp_path_factory.mktemp("paging"))
    runs.add(30)
    return runs


@pytest.mark.parametrize("filters, wanted", [
    ({}, lambda number: True),
    ({"plan": "odd"}, lambda number: number % 2 == 1),
    ({"project": "p1", "status": "queued"}, lambda number: number % 3 == 1),
    ({"rev": f"{2:040x}", "ref": "main"}, lambda number: number % 5 == 2),
    ({"text": "EVE", "profile": "virtual-zephyr"}, lambda number: number % 2 == 0),
    ({"plan": "odd", "project": "p2"}, lambda number: number % 6 == 5),
    ({"project": "another"}, lambda number: False),
], ids=lambda value: "-".join(value) or "all" if isinstance(value, dict) else "")
def test_pages_are_the_list_though_runs_are_added(runs, filters, wanted):
    there = [run for number, run in enumerate(runs.made) if wanted(number)]
    size = 4
    pages = runs.pages(lambda: runs.add(1), page_size=size, **filters)
    assert all(len(page) == size for page in pages[:-1]) and len(pages[-1]) <= size
    seen = [run["id"] for page in pages for run in page]
    assert seen == there[::-1]  # newest first; none twice, none missed, none that is not meant
    for run in (run for page in pages for run in page):
        for name in ("plan", "project", "rev", "ref"):
            assert run[name] == filters.get(name, run[name])


def test_a_page_token_is_any_run_of_here(runs):
    """Addresses of pages are kept in bookmarks: they go on meaning the same."""
    page = runs.page(page_size=3)
    token = page["nextPageToken"]
    second = runs.page(page_size=3, page_token=token)
    runs.add(2)
    assert runs.page(page_size=3, page_token=token) == second
    # Of the first run on there is nothing more.
    assert runs.page(page_token="r1") == {}


@pytest.mark.parametrize("token", ["17", "r", "r0", "r-1", "r1.1", "v1", "R1", "r1 ", "r01", "r99999", "r9" + "9" * 30,
                                   "eyJwYWdlIjozfQ==", "<b>\"'", "x" * 3000])
def test_a_token_from_elsewhere_is_refused(runs, token):
    status, headers, body = runs.web.ask(f"/api/v1/runs?page_size=3&plan=odd&page_token={quote(token)}")
    assert status == 400, body
    assert headers["Content-Type"].startswith("application/json")
    import json
    assert json.loads(body)["error"] == (f"page_token '{token[:64]}' is from no list of runs here: take the one of the last "
                                         "answer, or none for the first page")


@pytest.mark.parametrize("size", ["0", "1001", "-1", "x", "3.5", "99999999999999999999"])
def test_a_page_size_that_makes_no_sense_is_refused(runs, size):
    status, _, body = runs.web.ask(f"/api/v1/runs?page_size={size}")
    assert status == 400 and b"page_size" in body and b"1000" in body, body


def test_the_command_pages_alike(runs):
    page = runs.lab.json("runs", "--plan", "odd", "--limit", "3")
    assert [run["id"] for run in page["runs"]] == [run["id"] for run in runs.page(plan="odd", page_size=3)["runs"]]
