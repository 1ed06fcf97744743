"""What a board holds already is not flashed again, and only that."""

import json
import re
import urllib.request

from lab import PASSED, Firmware

UPDATE = {"base": Firmware.base, "update": Firmware.v2}
THERE = re.compile(r"already there \(SHA-256 [0-9a-f]{12}\.\.\., read back in [\d.]+ m?s\); not flashed again")


def flashes(lab, output):
    """The flash steps of a run's only attempt, as `assay show --json` has them."""
    (attempt,) = lab.show(re.match(r"run (r\d+)", output)[1])["jobs"][0]["attempts"]
    return [step for step in attempt["steps"] if step["text"].startswith("flash ")]


def cycles(lab, board):
    with urllib.request.urlopen(f"{lab.web}/api/v1/boards/{board}/history") as answer:
        return int(json.load(answer).get("flashCycles", 0))


def test_the_same_image_is_written_once(lab, tmp_path):
    done = [lab.run("smoke", check=PASSED, base=Firmware.base) for _ in range(2)]
    first, second = (flashes(lab, one.stdout)[0] for one in done)
    assert first["state"] == second["state"] == "STEP_STATE_PASSED"
    assert not first.get("sentence")
    assert THERE.fullmatch(second["sentence"]), second
    (finding,) = second["findings"]
    assert (finding["channel"], finding["says"]) == ("flash", "SAYS_AGREES")
    assert re.fullmatch(r"SHA-256 [0-9a-f]{64} of 262144 bytes at 0x0", finding["observed"])
    assert THERE.search(lab.cli("show", re.match(r"run (r\d+)", done[1].stdout)[1]).stdout)
    assert cycles(lab, "v1") == 1

    plan = tmp_path / "again.yaml"
    plan.write_text("plan: again\nroles: { dut: { needs: [power, flash] } }\nartifacts: { base: {} }\n"
                    "steps:\n  - flash: { image: base, again: true }\n  - flash: base\n")
    written, found = flashes(lab, lab.run(plan, check=PASSED, base=Firmware.base).stdout)
    assert not written.get("sentence") and THERE.fullmatch(found["sentence"])
    assert cycles(lab, "v1") == 2


def test_what_an_update_left_is_never_taken_for_the_base(lab):
    """The whole chip counts: the update, the old program in the other slot, and the flags of the swap."""
    for plan in ("ota-confirm", "ota-revert", "ota-confirm"):
        for flash in flashes(lab, lab.run(plan, check=PASSED, **UPDATE).stdout):
            assert not flash.get("sentence"), (plan, flash)
    assert cycles(lab, "v1") == 6  # with the updates


def test_a_running_program_is_started_anew(lab, tmp_path):
    """As flashing does, and behind the console's cursor."""
    plan = tmp_path / "running.yaml"
    plan.write_text("plan: running\nroles: { dut: { needs: [power, flash, console] } }\nartifacts: { base: {} }\n"
                    "never: [app.fault]\nsteps:\n  - flash: base\n  - power: on\n"
                    "  - expect: { seen: app.ready, within: 20s }\n"
                    "  - repeat: { times: 3, steps: [ flash: base, expect: { seen: boot.start, within: 20s },\n"
                    "                                 expect: { seen: app.ready, within: 20s },\n"
                    "                                 assert: { running: base } ] }\n")
    first, *others = flashes(lab, lab.run(plan, check=PASSED, base=Firmware.base).stdout)
    assert not first.get("sentence")
    assert all(THERE.fullmatch(one["sentence"]) for one in others), others
    assert cycles(lab, "v1") == 1
