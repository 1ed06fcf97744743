"""A slice of ./dev bench's `pages`: a folder as after two years, made small, and every address that it times."""

import importlib.util
from pathlib import Path

import pytest

RUNS, EVENTS, CONSOLE_MIB = 400, 20_000, 2


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    spec = importlib.util.spec_from_file_location("bench", Path(__file__).parents[1] / "bench/run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.FILLED = tmp_path_factory.mktemp("filled")
    module.FILL = (RUNS, EVENTS, CONSOLE_MIB)
    return module


def test_every_address_answers(bench, capsys):
    bench.pages()
    lines = capsys.readouterr().out.splitlines()
    assert sum(" median " in line for line in lines) >= 28, lines
    assert lines[-1].startswith(f"assayd, after all of it, and after each {(RUNS - 1) // 5} other runs: ")


def test_the_folder_is_as_a_lab_makes_it(bench):
    bench.fill()
    with bench.Assayd() as assayd:
        api = "/api/v1"
        assert len(assayd.get(f"{api}/now")["boards"]) == 60
        numbers, token = [], ""
        while True:
            page = assayd.get(f"{api}/runs?page_size=150" + (f"&page_token={token}" if token else ""))
            numbers += [int(run["id"][1:]) for run in page["runs"]]
            if not (token := page.get("nextPageToken")):
                break
        assert numbers == list(range(RUNS, 0, -1))
        failed = next(run for run in assayd.get(f"{api}/runs?status=failed")["runs"] if int(run["id"][1:]) < RUNS)
        jobs = assayd.get(f"{api}/runs/{failed['id']}")["jobs"]
        attempt = next(job for job in jobs if job["verdict"] == "VERDICT_FAILED")["attempts"][-1]
        steps = attempt["steps"]
        assert [step["state"] for step in steps] == ["STEP_STATE_PASSED"] * 11 + ["STEP_STATE_FAILED"]
        assert steps[-1]["sentence"] == failed["sentence"]
        long = f"{api}/attempts/r{RUNS}.1.1/console/dut"
        lines = assayd.get(f"{long}/lines?from=-1&count=1")
        found = assayd.get(f"{long}/search?text=retry")
        assert int(lines["total"]) > 20_000
        assert 0.1 < int(found["total"]) / int(lines["total"]) < 0.3, "one line in five"
