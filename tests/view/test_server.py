"""The server of the live page, over sockets: who may ask, what is answered, what is refused."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim import ProgramError
from scamp_sim.view import server as module
from scamp_sim.view.server import FILES, PAGE, POLICY, Server
from tests.processes import heeding
from tests.view.programs import EDGES, HOSTILE, long_text, session, written


class Client:
    """Requests as the page makes them, and as others would."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: Any = None,
        headers: dict[str, str] | None = None,
        token: str | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        link = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        given = {} if headers is None else dict(headers)
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        target = f"/{self.server.token if token is None else token}/{path}"
        link.request(method, target, body, given)
        answer = link.getresponse()
        data = answer.read()
        link.close()
        return answer.status, dict(answer.getheaders()), data

    def tell(self, path: str, document: Any) -> Any:
        status, _, data = self.ask(path, "POST", document)
        assert status == 200, data
        return json.loads(data)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Client]:
    server = Server(session(written(tmp_path)))
    server.start()
    yield Client(server)
    server.shutdown()
    server.server_close()


def head(data: bytes) -> tuple[dict[str, Any], bytes]:
    (length,) = struct.unpack_from("<I", data)
    return json.loads(data[4 : 4 + length]), data[4 + length :]


def test_the_page_and_its_files(served: Client) -> None:
    for name, file in FILES.items():
        status, headers, data = served.ask(name)
        assert status == 200, name
        assert data == (PAGE / file).read_bytes()
        assert headers["Content-Security-Policy"] == POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
    assert {p.name for p in PAGE.iterdir()} == set(FILES.values())


def test_the_page_names_nothing_from_elsewhere() -> None:
    for file in PAGE.iterdir():
        text = file.read_text(encoding="utf-8")
        found = set(re.findall(r"https?://[\w./-]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not found, file
        assert "innerHTML" not in text
        assert "eval(" not in text
        assert " style=" not in text
        assert not re.search(r"\son\w+=", text)


def test_a_run_a_look_and_its_planes(served: Client) -> None:
    about = json.loads(served.ask("about")[2])
    assert (about["title"], about["kind"], about["savable"]) == ("mine.scamp", "kernel", True)
    found = served.tell("run", {**about["first"], "errors": "scamp5", "chip": 7})
    status, _, data = served.ask("look", "POST", {"revision": found["revision"], "to": found["length"], "have": {}})
    assert status == 200
    said, planes = head(data)
    assert (4 + len(data) - len(planes) - 4) % 8 == 0
    rows = {row["name"]: row for row in said["planes"]}
    edges = rows["ideal/>edges"]
    plane = np.frombuffer(planes, edges["type"], edges["bytes"], edges["offset"])
    assert 0 < plane.sum() < plane.size
    assert rows["chip/A"]["type"] == "float32"
    costs = served.tell("costs", {"revision": found["revision"], "frame": 0})
    assert costs["words"] == found["account"]["words"]


def test_who_lacks_the_token_learns_nothing(served: Client) -> None:
    for token in ("", "x", served.server.token[:-1], served.server.token + "x", "..", "%2e%2e", "%c3%a9"):
        for path, method in (("", "GET"), ("about", "GET"), ("app.js", "GET"), ("run", "POST")):
            status, _, data = served.ask(path, method, {} if method == "POST" else None, token=token)
            assert status in (403, 404), (token, path)
            assert EDGES.encode()[:40] not in data


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "example.com"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1.example.com"},
        {"Host": ""},
        {"Origin": "http://example.com"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_pages_and_other_names_are_refused(served: Client, headers: dict[str, str]) -> None:
    for path, method in (("about", "GET"), ("run", "POST"), ("state.html", "GET")):
        status, _, data = served.ask(path, method, {} if method == "POST" else None, headers)
        assert status == 403, (headers, path)
        assert b"refused" in data or b"this machine" in data


def test_it_listens_on_this_machine_alone(served: Client) -> None:
    assert served.server.server_address[0] == "127.0.0.1"
    own = {f[4][0] for f in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for address in own:
        if str(address).startswith("127."):
            continue
        with socket.socket() as link:
            link.settimeout(2)
            assert link.connect_ex((address, served.server.port)) != 0


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/server.py",
        "../server.py",
        "./app.js",
        "app.js/",
        "//etc/passwd",
        "view.py",
        "mine.scamp",
        "%00",
        "a" * 5000,
        "run",
    ],
)
def test_no_other_file_is_given(served: Client, path: str) -> None:
    status, _, data = served.ask(path)
    assert status == 404
    assert data == b"there is nothing here"


def test_methods_sizes_and_types(served: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
        assert served.ask("run", method)[0] in (501, 405)
    assert served.ask("run", "POST", b"{}", {"Content-Type": "text/plain"})[0] == 415
    assert served.ask("run", "POST", b"text=1", {"Content-Type": "application/x-www-form-urlencoded"})[0] == 415
    monkeypatch.setattr(module, "MOST_BODY", 1000)
    assert served.ask("run", "POST", {"text": "x" * 2000})[0] == 413
    for body in (b"", b"[]", b"nonsense", b'"x"', b"[" * 900, b"\xff\xfe"):
        status, _, data = served.ask("run", "POST", body, {"Content-Type": "application/json"})
        assert status == 400, body
        assert b"Traceback" not in data
    for document in ({"revision": 3}, {"revision": "x", "to": 1}, {"have": 3}, {"to": None}):
        assert served.ask("look", "POST", document)[0] in (400, 409)
    assert served.ask("costs", "POST", {"revision": "x"})[0] == 409
    assert served.ask("save", "POST", {"text": 3})[0] == 400


def test_raw_nonsense_ends_in_a_refusal_or_a_closed_line(served: Client) -> None:
    begin = f"POST /{served.server.token}/run HTTP/1.1\r\nHost: 127.0.0.1:{served.server.port}\r\n".encode()
    begin += b"Content-Type: application/json\r\n"
    for raw in (
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        begin + b"Content-Length: -1\r\n\r\n",
        begin + b"Content-Length: 99\r\n\r\n{}",
        begin + b"\r\n",
        b"GET /" + b"x" * 70000 + b" HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", served.server.port), timeout=10) as link:
            link.sendall(raw)
            link.shutdown(socket.SHUT_WR)
            data = b""
            while piece := link.recv(65536):
                data += piece
        assert b"Traceback" not in data
        assert b" 200 " not in data
    assert served.ask("about")[0] == 200


def test_a_page_that_is_closed_in_the_middle_harms_nobody(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    server = Server(session(written(tmp_path, long_text(70, 3))))
    server.start()
    client = Client(server)
    found = client.tell("run", {"errors": "scamp5"})
    body = json.dumps({"revision": found["revision"], "to": found["length"], "have": {}})
    request = (
        f"POST /{server.token}/look HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    for cut in (len(request), len(request) - 10, 30):
        link = socket.create_connection(("127.0.0.1", server.port))
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        link.sendall(request[:cut])
        link.close()  # with a reset, as a page that is gone
    while head(client.ask("look", "POST", json.loads(body))[2])[0].get("pending"):
        pass
    server.shutdown()
    server.server_close()
    assert capfd.readouterr().err == ""


def test_two_pages_at_a_time(served: Client) -> None:
    failures: list[BaseException] = []

    def page(chip: int) -> None:
        try:
            for n in range(1, 12):
                while True:
                    found = served.tell("run", {"errors": "scamp5", "chip": chip})
                    status, _, data = served.ask("look", "POST", {"revision": found["revision"], "to": n})
                    if status == 200:
                        break
                    assert status == 409  # the other page has run another chip meanwhile
                assert head(data)[0]["n"] == n
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=page, args=(chip,)) for chip in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_a_port_that_is_taken_is_named(served: Client, tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=rf"port {served.server.port} .* --port"):
        Server(session(tmp_path / "mine.scamp"), served.server.port)
    with pytest.raises(ProgramError, match=r"0\.\.65535"):
        Server(session(tmp_path / "mine.scamp"), 70000)


def test_saving_and_a_file_that_changes(served: Client, tmp_path: Path) -> None:
    stamp = json.loads(served.ask("stamp")[2])["stamp"]
    text = EDGES.replace("level = 12", "level = 21")
    new = served.tell("save", {"text": text, "stamp": stamp})["stamp"]
    assert (tmp_path / "mine.scamp").read_text() == text
    (tmp_path / "mine.scamp").write_text(EDGES)
    changed = json.loads(served.ask("stamp")[2])["stamp"]
    assert changed == stamp != new
    status, _, data = served.ask("save", "POST", {"text": text, "stamp": new})
    assert status == 400
    assert b"changed on the disk" in data
    (tmp_path / "mine.scamp").unlink()
    assert json.loads(served.ask("stamp")[2])["stamp"] == ""


def test_a_picture_of_the_page(served: Client) -> None:
    file = io.BytesIO()
    Image.fromarray(np.tile(np.arange(100, dtype=np.uint8), (80, 1))).save(file, "PNG")
    headers = {"Content-Type": "application/octet-stream", "X-Name": "%3Cimg%20onerror%3D1%3E.png"}
    status, _, data = served.ask("picture", "POST", file.getvalue(), headers)
    assert status == 200
    assert json.loads(data)["pictures"][0] == "own"
    found = served.tell("run", {"picture": "own"})
    assert found["frames"][0]["title"] == "<img onerror=1>.png"
    first = found["revision"]
    for bad in (
        b"",
        b"not a picture",
        file.getvalue()[:60],
        b"\x89PNG\r\n\x1a\n" + b"\0" * 200,
        b"GIF89a" + b"\xff" * 50,
    ):
        status, _, data = served.ask("picture", "POST", bad, headers)
        assert status == 400, bad
        assert b"scamp-view-" not in data
        assert b"Traceback" not in data
    assert served.tell("run", {"picture": "own"})["revision"] == first
    file = io.BytesIO()
    Image.new("L", (64, 64), 200).save(file, "PNG")
    assert served.ask("picture", "POST", file.getvalue(), headers)[0] == 200
    assert served.tell("run", {"picture": "own"})["revision"] != first


def test_exports(served: Client, tmp_path: Path) -> None:
    found = served.tell("run", {"errors": "scamp5", "chip": 7, "frames": 3})
    query = f"?revision={found['revision']}&n={found['frames'][0]['end']}"
    status, headers, data = served.ask(f"sheet.png{query}")
    assert status == 200
    assert headers["Content-Disposition"].startswith('attachment; filename="mine.png"')
    sheet = Image.open(io.BytesIO(data))
    assert sheet.format == "PNG"
    status, _, data = served.ask(f"animation.gif{query}&plane=ideal/%3Eedges&step=frame")
    film: Any = Image.open(io.BytesIO(data))
    assert (film.format, film.n_frames, film.size) == ("GIF", 3, (64, 64))
    status, _, data = served.ask(f"animation.gif{query}&plane=difference/A&step=word&zoom=2&low=-3&high=3")
    film = Image.open(io.BytesIO(data))
    assert film.size == (128, 128)
    assert film.n_frames > 3
    status, _, data = served.ask(f"program.cpp{query}")
    text = data.decode()
    assert "scamp5_kernel_begin();" in text
    assert "vs_gui_add_slider" in text
    status, _, data = served.ask(f"state.html{query}")
    page = data.decode()
    assert page.startswith("<!doctype html>")
    assert "chip minus ideal" in page
    assert "chip 7 of scamp5" in page
    assert "<script" not in page
    for what, says in (
        (f"animation.gif{query}&plane=nonsense&step=word", "no plane"),
        (f"animation.gif{query}&plane=ideal/A&step=day", "word or frame"),
        (f"animation.gif{query}&plane=ideal/A&zoom=900", "1..4"),
        (f"animation.gif{query}&plane=ideal/A&low=nan&high=3", "expected numbers"),
        (f"sheet.png?revision={found['revision']}&n=99999999", "expected 0.."),
        (f"sheet.png?revision={found['revision']}&n=x", "expected a number"),
        ("state.html?revision=old&n=1", "run it again"),
    ):
        status, _, data = served.ask(what)
        assert status in (400, 409)
        assert says in json.loads(data)["error"]


def test_hostile_names_and_texts(tmp_path: Path) -> None:
    name = "\"; x='<b>\u202e\u00e9\n.scamp"
    server = Server(session(written(tmp_path, HOSTILE, name)))
    server.start()
    client = Client(server)
    found = client.tell("run", {})
    assert found["ok"]
    query = f"?revision={found['revision']}&n=3"
    for what in ("sheet.png", "state.html", "program.cpp"):
        status, headers, data = client.ask(f"{what}{query}")
        assert status == 200, data
        given = headers["Content-Disposition"]
        assert re.fullmatch(r"attachment; filename=\"[\w.-]+\"; filename\*=UTF-8''[\w.%~-]+", given), given
    page = client.ask(f"state.html{query}")[2].decode()
    assert "<script" not in page
    assert "<img src=x" not in page
    server.shutdown()
    server.server_close()


# --- the command -------------------------------------------------------------------------------------------------


def started(*args: str, cwd: Path) -> tuple[subprocess.Popen[str], str]:
    """The command under way, and the address that it prints."""
    command = [sys.executable, "-m", "scamp_sim", "view", *args, "--no-browser"]
    process = heeding(command, cwd=cwd, env=os.environ)
    assert process.stdout is not None
    said = ""
    until = time.monotonic() + 60
    while "http://" not in said and time.monotonic() < until and process.poll() is None:
        said += process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", said)
    assert found, (said, process.stderr.read() if process.poll() is not None and process.stderr else "")
    return process, found[0]


def test_the_command_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    import signal
    import urllib.request

    written(tmp_path)
    process, url = started("mine.scamp", "--size", "64x64", "--set", "level=40", cwd=tmp_path)
    with urllib.request.urlopen(f"{url}about") as answer:
        about = json.loads(answer.read())
    assert about["first"]["params"] == {"level": 40}
    # as the page does; an interrupt in the middle of the first run, which imports, ends with 130 as any command's
    wish = urllib.request.Request(
        f"{url}run", json.dumps(about["first"]).encode(), {"Content-Type": "application/json"}
    )
    for _ in range(2):
        with urllib.request.urlopen(wish) as answer:
            assert json.loads(answer.read())["ok"]
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert "stopped" in errors


def test_a_state_without_a_server_and_what_the_command_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from scamp_sim.cli.main import main

    monkeypatch.chdir(tmp_path)
    written(tmp_path)
    assert main(["view", "mine.scamp", "--size", "64x64", "--errors", "scamp5", "--save", "state.html"]) == 0
    page = (tmp_path / "state.html").read_text(encoding="utf-8")
    assert "ideal array, after" in page
    capsys.readouterr()
    for code, line, says in (
        (1, "view none.scamp --save x.html", "no such file"),
        (1, "view mine.scamp --save mine.scamp", "has read that file"),
        (1, "view mine.scamp --save nowhere/x.html", "does not exist"),
        (2, "view mine.scamp --errors nonsense --save x.html", "nonsense"),
        (2, "view mine.scamp --set level=900 --save x.html", "900"),
        (2, "view mine.scamp --set nonsense=9 --save x.html", "nonsense"),
        (1, "view mine.scamp --image none.png --save x.html", "none.png"),
        (2, "view mine.scamp --frames 257 --save x.html", "1..256"),
        (2, "view mine.scamp --size 65x64 --save x.html", "64"),
        (2, "view snn --image a.png --image b.png --save x.html", "one clip"),
        (2, "view mine.scamp --on scamp5 --save x.html", "networks"),
    ):
        assert main([*line.split(), "--no-browser"]) == code, line
        error = capsys.readouterr().err
        assert says in error, (line, error)
        assert "Traceback" not in error
    assert not (tmp_path / "x.html").exists()
