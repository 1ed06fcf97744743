"""A computer that stood still while it waited for a board does not blame the product."""

import time

import pytest
from chaos_lab import ChaosLab
from lab import PASSED


@pytest.fixture
def chaos_lab(request):
    lab = ChaosLab(agents=1, boards=1)
    try:
        yield lab.start()
    finally:
        failed = getattr(request.node, "assay_failed", False)
        lab.close(f"{request.node.path.stem}/{request.node.name}" if failed else None)


@pytest.mark.parametrize("all_of_it", [False, True], ids=["agent", "agent and hosts"])
def test_stopped_past_the_end_of_a_wait(chaos_lab, all_of_it):
    lab = chaos_lab
    image = lab.folder / "image.txt"
    image.write_text("result good t1\n")
    # The board speaks at once: in some tries it has spoken before the agent stood still.
    for _ in range(8):
        client = lab.lab.program("assay", "run", lab.plans["good"], "--param", "token=t1", "--artifact", f"image={image}")
        run = client.expect(r"^run (r\d+)")[1]
        client.expect(r"✓ power on")
        lab.agents[0].stop(all_of_it)
        time.sleep(4)  # the plan gives the board 3
        lab.agents[0].go_on()
        assert client.process.wait(60) == PASSED, "\n".join(client.lines)
        first, *more = lab.lab.show(run)["jobs"][0]["attempts"]
        if more:
            break
        assert first["verdict"] == "VERDICT_PASSED"
    assert first["verdict"] == "VERDICT_LAB_ERROR", first["sentence"]
    assert more[0]["verdict"] == "VERDICT_PASSED"
