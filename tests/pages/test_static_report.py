"""The one-file report, opened from disk with no network."""

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
        assert f"differs from {first}" in page.inner_text("body").replace("\n", " ")
        page.get_by_role("searchbox", name="Search in the console").fill("Jumping to")
        page.get_by_text("lines").first.wait_for()
        good(page, f"static-{name}")
    # Another address of the same file, as a link in a mail would be.
    page = open_page(f"{file.as_uri()}#dut-L5", offline=True)
    page.locator(".console .row.chosen").wait_for()


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
