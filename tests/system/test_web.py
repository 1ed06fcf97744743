"""assayd over HTTP, with real runs: what a page reads, and a live stream across assayd's death."""

import http.client
import json
import os
import signal
import threading
from urllib.parse import urlsplit

import lab as harness


class Web:
    """A client of one address; every wait ends."""

    def __init__(self, address):
        self.host = urlsplit(address).netloc

    def ask(self, path, headers=(), method="GET"):
        connection = http.client.HTTPConnection(self.host, timeout=20)
        try:
            connection.request(method, path, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def json(self, path):
        status, _, body = self.ask(path)
        assert status == 200, f"{path}: {status} {body!r}"
        return json.loads(body)

    def live(self, path, last=None):
        """(name, id, data) of each event until the stream ends, however it does."""
        connection = http.client.HTTPConnection(self.host, timeout=40)
        connection.request("GET", path, headers={"Last-Event-ID": last} if last else {})
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream"), answer.read()
        try:
            fields = {}
            while line := answer.readline():
                line = line.decode().rstrip("\n")
                if line.startswith(":"):
                    continue
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif fields:
                    yield fields["event"], fields.get("id"), json.loads(fields["data"])
                    fields = {}
        except (ConnectionError, http.client.HTTPException):
            pass
        finally:
            connection.close()


class Reader:
    """What a page keeps of a run: console lines by number, and its cursor."""

    def __init__(self):
        self.lines, self.cursor, self.names, self.run, self.again = {}, None, [], None, 0

    def take(self, event):
        name, cursor, data = event
        self.cursor = cursor or self.cursor
        self.names.append(name)
        if name == "run":
            self.run = data["run"]
        if name == "lines":
            console = self.lines.setdefault((data["attempt"], data["role"]), {})
            for number, line in enumerate(data.get("lines", []), int(data.get("from", 0))):
                known = console.get(number)
                self.again += known is not None and not known.get("open", False)
                console[number] = line


def all_lines(web, attempt, role="dut"):
    found, total = {}, 1
    while len(found) < total:
        page = web.json(f"/api/v1/attempts/{attempt}/console/{role}/lines?from={len(found)}&count=2000")
        total = int(page.get("total", 0))
        for number, line in enumerate(page.get("lines", []), int(page.get("from", 0))):
            found[number] = line
    return found


def test_run_is_read_and_its_console_downloaded(lab, firmware):
    web = Web(lab.web)
    run = lab.submit("ota-revert", base=firmware.base, update=firmware.v2)
    reader = Reader()
    for event in web.live(f"/api/v1/live/runs/{run}"):
        reader.take(event)
    assert (reader.names[0], reader.names[-1]) == ("run", "end")
    assert "timeline" in reader.names
    assert reader.run["state"] == "RUN_STATE_ENDED"
    assert reader.again == 0

    shown = web.json(f"/api/v1/runs/{run}")
    assert (shown["verdict"], shown["id"]) == ("VERDICT_PASSED", run)
    attempt = f"{run}.1.1"
    lines = all_lines(web, attempt)
    assert lines and reader.lines == {(attempt, "dut"): lines}

    console = f"/api/v1/attempts/{attempt}/console/dut"
    status, headers, whole = web.ask(console)
    assert status == 200 and len(whole) == int(headers["Content-Length"]) > 1000
    assert headers["Content-Disposition"] == f'attachment; filename="{attempt}-dut.log"'
    pieces = []
    for first in range(0, len(whole), 700):
        last = min(first + 699, len(whole) - 1)
        status, headers, piece = web.ask(console, {"Range": f"bytes={first}-{last}"})
        assert (status, headers["Content-Range"]) == (206, f"bytes {first}-{last}/{len(whole)}")
        pieces.append(piece)
    assert b"".join(pieces) == whole

    artifact = next(one for one in shown["artifacts"] if one["name"] == "update")
    status, headers, content = web.ask(f"/api/v1/artifacts/{artifact['sha256']}/bytes")
    assert (status, content, headers["ETag"]) == (200, firmware.v2.read_bytes(), f'"{artifact["sha256"]}"')

    # One that comes late is told the same, and that it is over.
    late = Reader()
    for event in web.live(f"/api/v1/live/runs/{run}"):
        late.take(event)
    assert late.names[-1] == "end"
    newest = dict(list(lines.items())[-200:])
    assert all(late.lines[attempt, "dut"][number] == line for number, line in newest.items())


def test_live_stream_goes_on_where_a_killed_assayd_left_it(lab, firmware):
    web = Web(lab.web)
    run = lab.submit("ota-revert", base=firmware.base, update=firmware.v2)
    reader, some, ended = Reader(), threading.Event(), threading.Event()

    def follow():
        for event in web.live(f"/api/v1/live/runs/{run}"):
            reader.take(event)
            if sum(len(lines) for lines in reader.lines.values()) >= 5:
                some.set()
        ended.set()

    threading.Thread(target=follow, daemon=True).start()
    assert some.wait(40), reader.names
    [assayd] = lab.processes("bin/assayd")
    os.kill(assayd, signal.SIGKILL)
    assert ended.wait(20)
    assert "end" not in reader.names, "the run was over before assayd was killed"
    lab.up.expect(r"^assay: assayd is back: ready ")
    cursor, before = reader.cursor, len(reader.names)
    assert cursor.startswith(f"{run}.1.1/dut=")
    for event in web.live(f"/api/v1/live/runs/{run}", cursor):
        reader.take(event)
    assert (reader.names[before], reader.names[-1]) == ("run", "end")
    assert reader.again == 0, "a line was told twice"
    assert reader.run["state"] == "RUN_STATE_ENDED"
    attempts = [one["id"] for job in web.json(f"/api/v1/runs/{run}")["jobs"] for one in job["attempts"]]
    assert reader.lines == {(attempt, "dut"): all_lines(web, attempt) for attempt in attempts}


def test_boards_are_live(lab):
    web, seen, quiet = Web(lab.web), [], threading.Event()

    def follow():
        for name, _, data in web.live("/api/v1/live/now"):
            seen.append((name, data["boards"][0]["state"]))
            if seen[-1][1] == "quarantined":
                return quiet.set()

    threading.Thread(target=follow, daemon=True).start()
    harness.eventually(lambda: seen)
    lab.cli("quarantine", "v1", "--why", "smells burnt", check=0)
    assert quiet.wait(20), seen
    assert seen[0] == ("overview", "idle") and seen[-1] == ("overview", "quarantined")
    assert web.json("/api/v1/now")["alerts"][0]["subject"] == "v1"


def test_port_that_is_taken_is_told(lab):
    taken = urlsplit(lab.web).netloc
    second = lab.program("assayd", "--state", lab.folder / "second", "--listen", "127.0.0.1:0", "--web", taken)
    assert second.process.wait(20) == 2
    second.expect(rf"^assayd: cannot listen on {taken}: Address already in use; is another assayd running\? "
                  r"--web takes another port, or 'off'$")
