"""The server of the live page: on this machine alone, with a token, and with nothing of the disk but what it is for.

Every path begins with a token of 192 random bits, so that no other page and no other user of the machine can ask. It
answers on 127.0.0.1 only, to the names of this machine only, and to pages of its own only. Its own files are a fixed
list. A policy forbids the page everything from elsewhere, scripts that are not ours, and text that becomes markup.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from scamp_sim.exceptions import OptionError, ProgramError, ScampError
from scamp_sim.text import short
from scamp_sim.view import exports
from scamp_sim.view.pictures import MOST_UPLOAD
from scamp_sim.view.session import Session, StaleError
from scamp_sim.view.wishes import wish_of

ADDRESS = "127.0.0.1"
NAMES = ("127.0.0.1", "localhost")
MOST_BODY = 8 << 20
"""Bytes of a request, pictures apart."""

SECONDS = 30
"""That a connection may be silent in the middle of a request."""

PAGE = Path(__file__).parent / "page"
FILES: Mapping[str, str] = {
    "": "index.html",
    **{
        name: name
        for name in (
            *("view.css", "icon.svg", "app.js", "away.js", "camera.js", "draw.js", "keys.js", "panels.js", "planes.js"),
            *("pointing.js", "source.js", "wire.js"),
        )
    },
}
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}

Answer = tuple[int, str, bytes, str]
"""Status, type, body, name of the file that it is downloaded as."""


class Server(ThreadingHTTPServer):
    """Serves one session. `url`: where the page is, token included.

    port: 0 for any that is free. Raises ProgramError for one that is taken, or may not be taken.
    """

    daemon_threads = True
    allow_reuse_address = os.name != "nt"

    def __init__(self, session: Session, port: int = 0, token: str | None = None) -> None:
        self.session = session
        self.over = False
        """Whether it is being shut down; connections that are open get no answer then."""
        self.token = token or secrets.token_urlsafe(24)
        if not 0 <= port <= 65535:
            raise OptionError(f"--port is {port}; expected 0..65535, 0 for any that is free")
        try:
            super().__init__((ADDRESS, port), Handler)
        except OSError as error:
            raise ProgramError(
                f"port {port} of this machine cannot be used: {error.strerror or error}; choose another with --port, "
                "or leave it out for one that is free"
            ) from None

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}/{self.token}/"

    @property
    def hosts(self) -> frozenset[str]:
        """What a request of ours calls this machine."""
        return frozenset(f"{name}:{self.port}" for name in NAMES)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that was closed in the middle of an answer is nothing to tell."""
        if os.environ.get("SCAMP_SIM_DEBUG"):
            traceback.print_exc()

    def shutdown(self) -> None:
        self.over = True
        super().shutdown()

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until it is shut down; Ctrl-C is heard meanwhile."""
        while self._thread.is_alive():
            self._thread.join(0.2)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "scamp-sim"
    sys_version = ""
    timeout = SECONDS
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def do_GET(self) -> None:
        self._answer(ASKED, None)

    def do_POST(self) -> None:
        self._answer(POSTED, self.headers.get("Content-Length"))

    def _answer(self, table: Mapping[str, Callable[[Session, Any], Answer]], length: str | None) -> None:
        if self.server.over:
            self.close_connection = True
            return
        try:
            status, kind, body, name = self._result(table, length)
        except Refused as refused:
            self.close_connection = True
            status, kind, body, name = refused.status, "text/plain", str(refused).encode(), ""
        except StaleError as error:
            status, kind, body, name = _json({"error": str(error), "stale": True}, HTTPStatus.CONFLICT)
        except ScampError as error:
            status, kind, body, name = _json({"error": str(error)}, HTTPStatus.BAD_REQUEST)
        except MemoryError:
            status, kind, body, name = _json({"error": "not enough memory; take fewer frames"}, HTTPStatus.BAD_REQUEST)
        except Exception as error:
            if os.environ.get("SCAMP_SIM_DEBUG"):
                traceback.print_exc(file=sys.stderr)
            said = f"internal: {type(error).__name__}: {short(str(error), 200)}. This is a bug: please report it"
            status, kind, body, name = _json({"error": said}, HTTPStatus.INTERNAL_SERVER_ERROR)
        self._send(status, kind, body, name)

    def _result(self, table: Mapping[str, Callable[[Session, Any], Answer]], length: str | None) -> Answer:
        self._check_caller()
        parts = urlsplit(self.path)
        _, _, rest = parts.path.lstrip("/").partition("/")
        if self.command == "GET" and rest in FILES:
            file = PAGE / FILES[rest]
            return HTTPStatus.OK, TYPES[file.suffix], file.read_bytes(), ""
        if rest not in table:
            raise Refused(HTTPStatus.NOT_FOUND, "there is nothing here")
        if self.command == "GET":
            asked = {key: values[-1] for key, values in parse_qs(parts.query).items()}
            return table[rest](self.server.session, asked)
        return table[rest](self.server.session, self._body(rest, length))

    def _check_caller(self) -> None:
        """Whether the request names us, comes from a page of ours or from a person, and knows the token."""
        if self.headers.get("Host", "") not in self.server.hosts:
            raise Refused(HTTPStatus.FORBIDDEN, "this page is for this machine only")
        origin = self.headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in self.server.hosts}:
            raise Refused(HTTPStatus.FORBIDDEN, "requests of other pages are refused")
        if self.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            raise Refused(HTTPStatus.FORBIDDEN, "requests of other pages are refused")
        token = urlsplit(self.path).path.lstrip("/").partition("/")[0]
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.server.token.encode()):
            raise Refused(HTTPStatus.FORBIDDEN, "the address lacks the token; take the one that scamp-sim view printed")

    def _body(self, rest: str, length: str | None) -> Any:
        picture = rest == "picture"
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip()
        if kind != ("application/octet-stream" if picture else "application/json"):
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected JSON, or the bytes of a picture")
        if length is None or not (length.isascii() and length.isdecimal()):
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "the length of the request is missing")
        if int(length[:20]) > (MOST_UPLOAD if picture else MOST_BODY):
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too large")
        data = self.rfile.read(int(length))
        if len(data) != int(length):
            raise Refused(HTTPStatus.BAD_REQUEST, "the request ends early")
        if picture:
            return unquote(self.headers.get("X-Name", "picture")), data
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            raise ProgramError("the request is not JSON") from None
        if not isinstance(document, dict):
            raise ProgramError("the request: expected an object of JSON")
        return document

    def _send(self, status: int, kind: str, body: bytes, name: str) -> None:
        try:
            self.send_response(status)
            text = kind.startswith("text/") or kind in ("application/json", "image/svg+xml")
            self.send_header("Content-Type", f"{kind}; charset=utf-8" if text else kind)
            self.send_header("Content-Length", str(len(body)))
            for header, value in HEADERS.items():
                self.send_header(header, value)
            if name:
                plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
                self.send_header(
                    "Content-Disposition", f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
                )
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
        except (TimeoutError, ConnectionError, ValueError):  # the page was closed
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal belongs to the user."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library refuses by itself, in one line of text."""
        self.close_connection = True
        self._send(code, "text/plain", (message or "refused").encode("utf-8", "replace"), "")


class Refused(Exception):
    """A request that is not ours."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


def _json(document: Any, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return status, "application/json", json.dumps(document, separators=(",", ":"), default=str).encode(), ""


# --- what is asked ------------------------------------------------------------------------------------------------


def _about(session: Session, asked: Any) -> Answer:
    return _json(session.about())


def _stamp(session: Session, asked: Any) -> Answer:
    return _json({"stamp": session.subject.stamp(), "around": session.subject.around()})


def _run(session: Session, document: Any) -> Answer:
    return _json(session.run(wish_of(document)))


def _look(session: Session, document: Any) -> Answer:
    """A header of JSON behind its length, 4 bytes, filled up to 8, then the planes."""
    have = document.get("have", {})
    if not isinstance(have, dict):
        raise ProgramError("have: expected an object")
    said, planes = session.look(str(document.get("revision", "")), document.get("to"), have)
    head = json.dumps(said, separators=(",", ":")).encode()
    head += b" " * (-(len(head) + 4) % 8)
    return HTTPStatus.OK, "application/octet-stream", struct.pack("<I", len(head)) + head + b"".join(planes), ""


def _costs(session: Session, document: Any) -> Answer:
    return _json(session.costs(str(document.get("revision", "")), document.get("frame")))


def _save(session: Session, document: Any) -> Answer:
    text, stamp = document.get("text"), document.get("stamp")
    if not isinstance(text, str) or not isinstance(stamp, str):
        raise ProgramError("expected text and stamp")
    with session.lock:
        return _json({"stamp": session.subject.save(text, stamp)})


def _picture(session: Session, given: tuple[str, bytes]) -> Answer:
    name, data = given
    with session.lock:
        session.pictures.drop(name, data, session.size or (256, 256))
    return _json({"pictures": session.pictures.names})


def _sheet(session: Session, asked: Mapping[str, str]) -> Answer:
    body = exports.sheet(session, asked.get("revision", ""), _number(asked, "n"))
    return HTTPStatus.OK, "image/png", body, f"{_stem(session)}.png"


def _animation(session: Session, asked: Mapping[str, str]) -> Answer:
    scale = None
    if "low" in asked or "high" in asked:
        try:
            scale = float(asked.get("low", "nan")), float(asked.get("high", "nan"))
        except ValueError:
            scale = (float("nan"), 0.0)
        if not (abs(scale[0]) < 1e6 and abs(scale[1]) < 1e6 and scale[0] < scale[1]):
            raise ProgramError("low and high: expected numbers, the first below the second")
    plane, step = asked.get("plane", ""), asked.get("step", "word")
    body = exports.animation(session, asked.get("revision", ""), plane, step, scale, _number(asked, "zoom", 1))
    return HTTPStatus.OK, "image/gif", body, f"{_stem(session)}.gif"


def _sdk(session: Session, asked: Mapping[str, str]) -> Answer:
    body = exports.sdk(session, asked.get("revision", "")).encode("utf-8", "backslashreplace")
    return HTTPStatus.OK, "text/plain", body, f"{_stem(session)}.cpp"


def _state(session: Session, asked: Mapping[str, str]) -> Answer:
    body = exports.state(session, asked.get("revision", ""), _number(asked, "n")).encode("utf-8", "backslashreplace")
    return HTTPStatus.OK, "application/octet-stream", body, f"{_stem(session)}.html"


def _number(asked: Mapping[str, str], name: str, default: int = 0) -> int:
    text = asked.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        raise ProgramError(f"{name} is {text!r:.40}; expected a number")
    return int(text)


def _stem(session: Session) -> str:
    return Path(session.subject.title).stem or "scamp"


ASKED: Mapping[str, Callable[[Session, Any], Answer]] = {
    "stamp": _stamp,
    "about": _about,
    "sheet.png": _sheet,
    "animation.gif": _animation,
    "program.cpp": _sdk,
    "state.html": _state,
}
POSTED: Mapping[str, Callable[[Session, Any], Answer]] = {
    "run": _run,
    "look": _look,
    "costs": _costs,
    "save": _save,
    "picture": _picture,
}


__all__ = ["ADDRESS", "Server"]
