"""Reading source files."""

from __future__ import annotations

from pathlib import Path

from scamp_sim.exceptions import ScampError
from scamp_sim.reading import read_bytes
from scamp_sim.text import short

CPP_SOURCES = (".cpp", ".cc", ".cxx", ".c++", ".cp")
"""Files of C++ that are compiled by themselves, and may be whole programs."""

CPP = (*CPP_SOURCES, ".hpp", ".hxx", ".hh", ".h", ".ino")
"""Files that are taken as C++ for the SDK."""

PROGRAMS = (".scamp", *CPP)
"""Endings of files that may be meant by a name that is none."""

MOST_SOURCE = 16 << 20
"""Bytes of a source file."""

KINDS = (
    (0, b"\x89PNG", "it is a PNG picture"),
    (0, b"\xff\xd8\xff", "it is a JPEG picture"),
    (0, b"GIF8", "it is a GIF picture"),
    (0, b"RIFF", "it is a picture or a video"),
    (4, b"ftyp", "it is a video"),
    (0, b"\x93NUMPY", "it is an array of NumPy"),
    (0, b"PK", "it is a file of arrays, or a ZIP archive"),
    (0, b"\x7fELF", "it is a compiled program"),
    (0, b"%PDF", "it is a PDF document"),
)
"""(offset, bytes there, what it is) of files that are named in place of a source."""


class Unreadable(Exception):
    """A file that cannot be read as text.

    `place`: line of the culprit, if it has one.
    """

    def __init__(self, code: str, reason: str, hint: str = "", place: int = 1) -> None:
        super().__init__(reason)
        self.code, self.reason, self.hint, self.place = code, reason, hint, place


def source_bytes(path: Path) -> bytes:
    """The bytes of a source file. Raises Unreadable."""
    try:
        return read_bytes(path, "", limit=MOST_SOURCE)
    except ScampError as error:
        said = str(error).removeprefix(f" {short(str(path), 200)}: ")
        what, _, remedy = said.partition("; ")
        remedy = "" if remedy.startswith("did you mean") else remedy  # callers say it, in their message
        raise Unreadable("S101", what, remedy or "check the path") from None


def read(path: Path) -> str:
    """The text of a file, with plain line ends. Raises Unreadable."""
    data = source_bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        kind = next((kind for at, begin, kind in KINDS if data.startswith(begin, at)), "")
        if kind:
            hint = f"a run takes it with --image {short(str(path), 80)}" if "picture" in kind else "name a source file"
            raise Unreadable("S102", f"{kind}, no program", hint) from None
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(
            "S102",
            f"not UTF-8: byte {data[error.start]:#04x} at offset {error.start}, line {line}",
            "save the file as UTF-8",
            line,
        ) from None
    return unify(text)


def unify(text: str) -> str:
    """Line ends of all systems as one."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
