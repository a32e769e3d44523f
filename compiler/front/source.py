"""Reading source files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scamp_sim.chip.isa import nearest
from scamp_sim.exceptions import ScampError
from scamp_sim.reading import read_bytes
from scamp_sim.text import short

CPP_SOURCES = (".cpp", ".cc", ".cxx", ".c++", ".cp")
"""Files of C++ that are compiled by themselves, and may be whole programs."""

CPP = (*CPP_SOURCES, ".hpp", ".hxx", ".hh", ".h", ".ino")
"""Files that are taken as C++ for the SDK."""

PROGRAMS = (".scamp", *CPP)
"""Endings of files that may be meant by a name that is none."""

MOST_NEAR = 1000
"""Files of a folder that are looked at for a near name."""

MOST_SOURCE = 16 << 20
"""Bytes of a source file."""


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
        raise Unreadable("S101", what, remedy or "check the path") from None


def read(path: Path) -> str:
    """The text of a file, with plain line ends. Raises Unreadable."""
    data = source_bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
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


def near_file(path: Path, endings: Sequence[str] = PROGRAMS) -> str:
    """A tail for a message: the program in the same folder whose name is nearest, or nothing. An ending that all of
    them have says nothing.

    endings: of programs that would do.
    """
    try:
        inside = [p.name for p in path.parent.iterdir() if p.suffix.lower() in endings][:MOST_NEAR]
    except (OSError, ValueError):
        return ""
    stems: dict[str, str] = {}
    for name in sorted(inside, key=lambda n: (not n.startswith(f"{path.name}."), n)):
        stems.setdefault(Path(name).stem, name)
    near = nearest(path.stem, stems)
    return f"; did you mean '{stems[near]}'?" if near else ""
