"""The board on somebody's desk, as a whole lab: scripts and a serial line are all that Assay has."""

import json
import re
import stat
import time

import junitparser
import pytest
from desk_board import DeskBoard
from lab import LAB_ERROR, PASSED, PRODUCT_FAILED, Firmware, eventually

UPDATE = {"base": Firmware.base, "update": Firmware.v2}


def device(driver, **keys):
    """A device of a lab file: JSON is YAML."""
    return json.dumps({"driver": driver, **{key: value for key, value in keys.items() if value is not None}})


@pytest.fixture
def desk(request, tmp_path):
    board = DeskBoard(tmp_path / "desk", usb=getattr(request, "param", None) == "usb")
    yield board
    board.close()


@pytest.fixture
def attach(desk, make_lab, tmp_path):  # in this order: the lab ends before its board
    """attach() starts a lab that has the board; its devices may be others."""

    def make(reads=False, **others):
        devices = {
            "power": device("command", on=desk.words("on"), off=desk.words("off")),
            "flash": device("command", write=desk.words("write", "{file}", "{address}"),
                            read=desk.words("read", "{address}", "{size}", "{file}") if reads else None),
            "console": device("serial", path=str(desk.serial), baud=115200)}
        file = tmp_path / "lab.yaml"
        file.write_text("lab: desk\nboards:\n  - id: desk-1\n    profile: desk-zephyr\n    devices:\n" + "".join(
            f"      {name}: {text}\n" for name, text in {**devices, **others}.items()))
        return make_lab(boards=0, extra=["--lab", file])

    return make


@pytest.fixture
def script(tmp_path):
    """script("echo hello") is a program of that name."""

    def make(body, name="script"):
        file = tmp_path / name
        file.write_text("#!/bin/sh\n" + body + "\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return str(file)

    return make


def shown(lab, output):
    """A run as `assay show --json` has it, and its last attempt's steps by id."""
    run = lab.show(re.match(r"run (r\d+)", output)[1])
    return run, {step["id"]: step for step in run["jobs"][0]["attempts"][-1]["steps"] if step["id"]}


def says(step):
    return {finding["channel"]: finding["says"] for finding in step["findings"]}


def test_updates_over_scripts_and_a_serial_line(attach, desk):
    lab = attach()
    assert lab.json("board", "desk-1")["abilities"] == ["console", "flash", "ota.smp", "power"]

    run, steps = shown(lab, lab.run("ota-confirm", check=PASSED, **UPDATE).stdout)
    for step in ("confirmed", "survives-reset", "survives-power-cut"):
        assert says(steps[step]) == {"console": "SAYS_AGREES", "smp": "SAYS_AGREES", "flash": "SAYS_CANNOT_TELL"}
    flash = next(one for one in steps["confirmed"]["findings"] if one["channel"] == "flash")
    assert flash["observed"] == "this flasher cannot read back"  # and the report says so
    assert re.search(r"^ +flash +cannot tell +this flasher cannot read back ", lab.cli("show", run["id"]).stdout, re.M)
    # Switched on for the plan and by its power cut, and left switched off.
    edges = [call[0] for call in desk.calls if call[0] != "write"]
    assert edges.count("on") == 2 and edges[-1] == "off"
    assert desk.script("status").strip() == "off"

    run, steps = shown(lab, lab.run("ota-revert", check=PASSED, **UPDATE).stdout)
    assert says(steps["rolled-back"]) == {"console": "SAYS_AGREES", "smp": "SAYS_AGREES", "flash": "SAYS_CANNOT_TELL"}
    assert steps["stays[3]"]["state"] == "STEP_STATE_PASSED"


def test_a_flasher_that_reads_is_a_third_channel(attach, desk):
    lab = attach(reads=True,
                 power=device("command", on=desk.words("on"), off=desk.words("off"), status=desk.words("status")))
    assert "flash.read" in lab.json("board", "desk-1")["abilities"]
    done = lab.run("ota-revert-forged", check=PRODUCT_FAILED, **UPDATE)
    run, steps = shown(lab, done.stdout)
    assert says(steps["rolled-back"]) == dict.fromkeys(("console", "smp", "flash"), "SAYS_DISAGREES")
    assert run["verdict"] == "VERDICT_FAILED"
    assert "console, power and flash are healthy, so this is the product's failure" in run["sentence"]


def test_a_flasher_that_fails_is_the_labs_error_in_its_own_words(attach, script, tmp_path):
    flasher = script("echo 'Connecting ...'\necho 'Error: no target voltage, is the board plugged in?' >&2\nexit 3")
    lab = attach(flash=device("command", write=[flasher, "{file}"]))
    junit = tmp_path / "assay.xml"
    done = lab.run("smoke", "--junit", junit, base=Firmware.base, check=LAB_ERROR)
    run, _ = shown(lab, done.stdout)
    assert run["verdict"] == "VERDICT_LAB_ERROR"
    assert run["sentence"].startswith("flashing base to desk-1: ")
    assert run["sentence"].endswith(
        ": exit status 3: Connecting ... | Error: no target voltage, is the board plugged in?"), run["sentence"]
    case, = next(iter(junitparser.JUnitXml.fromfile(str(junit))))
    (error,) = case.result
    assert isinstance(error, junitparser.Error) and error.message == run["sentence"]


def test_a_power_script_that_hangs_is_killed_at_its_deadline(attach, script, desk):
    # With a child in a session of its own: it must not stay behind either.
    relay = script(f'[ "$1" = off ] && exec {" ".join(desk.words("off"))}\nsetsid sleep 300 &\nwait', "relay")
    lab = attach(power=device("command", on=[relay, "on"], off=[relay, "off"], timeout="1s"))
    begin = time.monotonic()
    done = lab.run("smoke", base=Firmware.base, check=LAB_ERROR)
    assert time.monotonic() - begin < 60
    run, _ = shown(lab, done.stdout)
    assert run["sentence"] == f"power cycling desk-1: '{relay} on': did not end in time and was killed"
    assert lab.processes("sleep 300") == {}
    assert desk.script("status").strip() == "off"


SILENT = """\
plan: p
roles: { dut: { needs: [power, flash, console] } }
artifacts: { base: {} }
steps:
  - flash: base
  - power: cycle
  - expect: { seen: "hello", within: 100ms }
"""


@pytest.mark.parametrize("status, exit_status, why", [
    (None, LAB_ERROR, ", and nothing shows that desk-1 has power: its console was silent since the power cycle, its "
                      "switch cannot be read back (add status: to its power in the lab file) and its flash cannot be read; "
                      "this says nothing about the product"),
    ("status", PRODUCT_FAILED, "; console, power and flash are healthy, so this is the product's failure")])
def test_a_lab_of_which_nothing_is_known_blames_no_product(attach, desk, script, tmp_path, status, exit_status, why):
    """Programs that succeed and a port that opens show nothing; a switch that can be read does."""
    plan, state = tmp_path / "p.yaml", tmp_path / "state"
    plan.write_text(SILENT)
    relay = script(f'if [ "$1" = status ]; then cat {state}; else echo "$1" >{state}; fi', "relay")
    lab = attach(power=device("command", on=[relay, "on"], off=[relay, "off"], status=status and [relay, status]),
                 flash=device("command", write=["true", "{file}"]))  # and nobody is behind the serial line
    done = lab.cli("run", plan, "--artifact", f"base={Firmware.base}", check=exit_status)
    run, _ = shown(lab, done.stdout)
    assert run["sentence"] == ("after the power cycle the console said nothing but hello was not seen within 200 ms" + why)


def test_a_serial_line_that_is_not_there_until_it_is_plugged_in(attach, desk, tmp_path):
    path, plan = tmp_path / "no-such-port", tmp_path / "p.yaml"
    # A port may come with the power, so that its absence before says nothing.
    plan.write_text("plan: p\nroles: { dut: { needs: [power, flash, console] } }\nartifacts: { base: {} }\nsteps:\n"
                    "  - flash: base\n  - power: cycle\n  - expect: { seen: app.ready, within: 1s }\n")
    lab = attach(console=device("serial", path=str(path), baud=115200))
    running = lab.program("assay", "run", plan, "--artifact", f"base={Firmware.base}")
    running.expect("^" + re.escape(
        f"r1.1.1 lab-error: power cycling desk-1: {path}: No such file or directory (it was waited for ") +
        r"\d+\.\d s\)", within=60)
    why = f"console does not work: {path}: No such file or directory"
    assert lab.await_board("desk-1", "quarantined", 30)["reason"].startswith(why)
    assert why in lab.cli("why", "r1", check=PASSED).stdout
    path.symlink_to(desk.serial)
    assert running.process.wait(30) == PASSED
    assert [one["verdict"] for one in lab.show("r1")["jobs"][0]["attempts"]] == ["VERDICT_LAB_ERROR", "VERDICT_PASSED"]


@pytest.mark.parametrize("desk", ["usb"], indirect=True)
def test_a_serial_port_that_goes_and_comes_with_the_power(attach, desk):
    """Built-in USB. Between runs the board is off, so that there is no port then: that is no fault."""
    lab = attach()
    assert not desk.serial.exists()
    lab.run("ota-confirm", check=PASSED, **UPDATE)  # with a power cut in it
    assert not desk.serial.exists()

    desk.cable = False
    run = lab.submit("smoke", base=Firmware.base)
    lost = f"power cycling desk-1: {desk.serial}: No such file or directory (it was waited for 1"  # 0.0 s, or a little more
    assert lab.await_board("desk-1", "quarantined", 60)["reason"].startswith(f"console does not work: {desk.serial}: No such file")
    desk.cable = True  # found out with the board switched on
    eventually(lambda: lab.show(run)["jobs"][0]["attempts"][-1].get("verdict") == "VERDICT_PASSED", 60)
    first, second = lab.show(run)["jobs"][0]["attempts"]
    assert first["verdict"] == "VERDICT_LAB_ERROR" and first["sentence"].startswith(lost)
    assert second["verdict"] == "VERDICT_PASSED"


def test_a_relay_that_is_not_there(attach):
    """A board that cannot be switched off is given to nobody, and everybody is told why."""
    lab = attach(power=device("command", on=["/no/such/relay", "on"], off=["/no/such/relay", "off"]))
    why = "it cannot be switched off: /no/such/relay: No such file or directory"
    run = lab.submit("smoke", base=Firmware.base)
    assert lab.json("board", "desk-1")["state"] == "quarantined" and lab.json("board", "desk-1")["reason"] == why
    assert why in lab.cli("why", run, check=PASSED).stdout
    lab.cli("cancel", run, check=PASSED)


@pytest.mark.parametrize("name", ["my image.hex", "it's \"v1\" $(touch hacked) `id`; rm -rf *.hex", "{address}{size}.hex",
                                  "--help.hex", "ünïcode.hex"])
def test_a_files_name_is_one_argument(attach, desk, tmp_path, name):
    """It reaches the flasher as the user gave it: tools go by the extension, and no shell reads it."""
    lab = attach()
    image = tmp_path / name
    image.write_bytes(Firmware.base.read_bytes())
    lab.cli("flash", "desk-1", image, check=PASSED)
    (call,) = [call for call in desk.calls if call[0] == "write"]
    assert call[1].endswith("/" + name) and call[2:] == ["0x0"]
    assert desk.flash == Firmware.base_bin.read_bytes()
    assert not list(tmp_path.rglob("hacked")) and not list(lab.folder.rglob("hacked"))
