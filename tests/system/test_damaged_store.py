"""assayd's state folder when it is damaged, too new, taken, or partly lost: told, never touched, never mixed up."""

import os
import sqlite3

import pytest
from lab import PASSED, PRODUCT_FAILED

REMEDY = "restore it from a backup, or move it away to start empty"
SCHEMA = 3  # orchestrator/store/migrations.cpp


@pytest.fixture
def stopped(make_lab, firmware):
    """A stopped lab with runs in it."""
    lab = make_lab(boards=1)
    lab.run("smoke", base=firmware.base, check=PASSED)
    lab.run("ota-revert-forged", base=firmware.base, update=firmware.v2, check=PRODUCT_FAILED)
    lab.stop()
    return lab


def database(lab):
    return lab.state / "assayd/assay.db"


def files(lab):
    """All that assayd keeps, but for the note of who holds the folder."""
    folder = lab.state / "assayd"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and path.name != "lock"}


def refusal(lab):
    """What assayd says when it does not start; it leaves all files as they were."""
    before = files(lab)
    assayd = lab.program("assayd", "--state", lab.state / "assayd", "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0")
    status = assayd.process.wait(20)
    assayd._reader.join(5)
    assert status == 2, assayd.lines
    after = files(lab)
    assert after.keys() == before.keys()
    assert [name for name in before if after[name] != before[name]] == []
    return "\n".join(assayd.lines)


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1:]


def test_damaged_database_is_refused_with_the_place_and_left_alone(stopped):
    file = database(stopped)
    good = file.read_bytes()
    size, page = len(good), 4096
    assert not list(file.parent.glob("assay.db-*")), "a stopped assayd has written its log back"
    middle = size // page // 2 * page
    cases = {
        "no database": (os.urandom(2) + b"\0" * (size - 2), "byte 0: not an SQLite database"),
        "half": (good[:middle], f"byte {middle}: the file ends, but its header tells of {size} bytes"),
        "within the header": (good[:50], "byte 50: the file ends within its header"),
        "a magic byte": (flip(good, 3), "byte 0: not an SQLite database"),
        "its format": (flip(good, 18), "byte 18: damaged (file format 66, not 1 or 2)"),
        "its size": (flip(good, 30), f"byte {size}: the file ends, but its header tells of {size + 0x4000 * page} bytes"),
        "its first page": (flip(good, 100), "damaged (database disk image is malformed)"),
        "another page": (good[:middle] + b"\x5a" * 64 + good[middle + 64:],
                         f"byte {middle}: damaged (*** in database main *** Page {middle // page + 1}: btreeInitPage() "
                         "returns error code 11)"),
    }
    for name, (data, words) in cases.items():
        file.write_bytes(data)
        assert refusal(stopped) == f"assayd: {file}: {words}; {REMEDY}", name
    file.write_bytes(good)
    stopped.start()
    assert [run["verdict"] for run in stopped.json("runs")["runs"]] == ["VERDICT_FAILED", "VERDICT_PASSED"]


def test_database_of_a_newer_schema_is_refused_with_both_versions(stopped):
    file = database(stopped)
    with sqlite3.connect(file) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
        db.execute(f"PRAGMA user_version = {SCHEMA + 6}")
    db.close()
    assert refusal(stopped) == (f"assayd: {file}: its schema {SCHEMA + 6} is newer than this program's {SCHEMA}; use the "
                                "version of Assay that wrote it, or a later one")


def test_assay_up_passes_on_what_assayd_says(stopped):
    file = database(stopped)
    file.write_bytes(file.read_bytes()[:50])
    up = stopped.cli("up", "--state", stopped.state, "--boards", 1, "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0", check=2)
    assert up.stderr == ("assay: assayd ended before it was ready (exit status 2); it said:\n"
                         f"  assayd: {file}: byte 50: the file ends within its header; {REMEDY}\n")
    assert stopped.processes() == {}


def test_second_assayd_on_the_folder_is_refused_and_disturbs_nothing(lab, firmware):
    folder = lab.state / "assayd"
    (holder,) = lab.processes("bin/assayd")
    second = lab.program("assayd", "--state", folder, "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0")
    assert second.process.wait(20) == 2
    second._reader.join(5)
    assert second.lines == [f"assayd: {folder}: in use by assayd (process {holder}); end that one or choose another folder"]
    lab.run("smoke", base=firmware.base, check=PASSED)
    assert list(lab.processes("bin/assayd")) == [holder]


def test_lost_database_never_gives_a_new_run_the_verdict_of_an_old_one(stopped, firmware):
    """As the remedy says: moved away, to start empty. The events of r1 and r2 are still there."""
    os.rename(database(stopped), stopped.folder / "away.db")
    stopped.start()
    assert stopped.json("runs")["runs"] == []
    done = stopped.run("ota-revert-forged", base=firmware.base, update=firmware.v2, check=PRODUCT_FAILED)
    assert done.stdout.startswith("run r3 ota-revert-forged\n")
    assert stopped.run("smoke", base=firmware.base, check=PASSED).stdout.startswith("run r4 smoke\n")
