"""Fixtures of the tests with real programs: `lab` (one board), `make_lab` (any), `shared` (one lab a file), `firmware`. A failed test's folder is kept."""

import re

import pytest
from lab import BIN, Firmware, Lab


def pytest_configure():
    if not (BIN / "assay").exists():
        pytest.exit(f"{BIN / 'assay'} is not there: type ./dev test", 2)
    if not Firmware.base.exists():
        pytest.exit(f"{Firmware.base} is not there: type ./dev test", 2)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        item.assay_failed = True


@pytest.fixture
def firmware():
    return Firmware


@pytest.fixture
def make_lab(request):
    """make_lab(boards=4, ...) starts a lab; each is ended with Ctrl-C and must leave nothing."""
    labs = []

    def make(*, start=True, **options):
        lab = Lab(**options)
        labs.append(lab)
        return lab.start() if start else lab

    yield make

    failure = None
    for number, lab in enumerate(labs):
        try:
            if lab.up and lab.up.process.poll() is None:
                lab.stop()
        except BaseException as error:  # the other labs must end too
            failure = failure or error
        failed = failure is not None or getattr(request.node, "assay_failed", False)
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", request.node.name) + (f"-{number}" if number else "")
        lab.clean_up(keep_as=f"{request.node.path.stem}/{name}" if failed else None)
    if failure:
        raise failure


@pytest.fixture
def lab(make_lab):
    return make_lab(boards=1)


@pytest.fixture(scope="module")
def shared():
    """One lab for the tests that leave it as it was: two boards."""
    lab = Lab(boards=2).start()
    yield lab
    try:
        lab.stop()
    finally:
        lab.clean_up()
