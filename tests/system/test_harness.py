"""The harness itself: what it promises about a lab's end can fail. The `assay` here is a stand-in."""

import os
import signal
import stat

import lab as harness
import pytest

LEAVES_A_PROCESS = """#!/bin/sh
setsid sh -c 'echo "ready grpc=127.0.0.1:1 web=http://127.0.0.1:2"; exec sleep 300 >/dev/null 2>&1' &
trap 'exit 0' INT
while :; do sleep 300 & wait $!; done
"""
ENDS_AT_ONCE = "#!/bin/sh\necho 'assay: no such board type'\nexit 2\n"


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    def make(script):
        program = tmp_path / "assay"
        program.write_text(script)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(harness, "BIN", tmp_path)
        return harness.Lab(boards=0)

    return make


def test_process_in_its_own_session_is_found(stand_in):
    lab = stand_in(LEAVES_A_PROCESS)
    try:
        lab.start()
        assert lab.grpc == "127.0.0.1:1"
        left = [pid for pid, line in lab.processes("sleep 300").items() if os.getsid(pid) == pid]
        assert len(left) == 1, lab.processes()
        with pytest.raises(AssertionError, match="assay up left processes: .*sleep 300"):
            lab.stop()
    finally:
        lab.clean_up()
    assert lab.processes() == {}
    assert not lab.folder.exists()


def test_program_that_ends_before_it_is_ready(stand_in):
    lab = stand_in(ENDS_AT_ONCE)
    try:
        with pytest.raises(AssertionError, match="(?s)it ended and said:\nassay: no such board type"):
            lab.start()
    finally:
        lab.clean_up()


def test_folder_of_a_failed_test_is_kept(stand_in, tmp_path, monkeypatch):
    monkeypatch.setattr(harness, "FAILED", tmp_path / "failed")
    lab = stand_in(LEAVES_A_PROCESS).start()
    os.kill(lab.up.pid, signal.SIGKILL)
    lab.up.process.wait()
    lab.clean_up(keep_as="test_x/test_y")
    assert "ready grpc=" in (tmp_path / "failed/test_x/test_y/assay.log").read_text()
    assert lab.processes() == {}
