"""Reading source files."""

from __future__ import annotations

from pathlib import Path


class Unreadable(Exception):
    """A file that cannot be read as text. `place`: line of the culprit, if it has one."""

    def __init__(self, code: str, reason: str, hint: str = "", place: int = 1) -> None:
        super().__init__(reason)
        self.code, self.reason, self.hint, self.place = code, reason, hint, place


def read(path: Path) -> str:
    """The text of a file, with plain line ends. Raises Unreadable."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise Unreadable("S101", "no such file", "check the path") from None
    except IsADirectoryError:
        raise Unreadable("S101", "it is a directory", "name a file in it") from None
    except OSError as error:
        raise Unreadable("S101", error.strerror or str(error)) from None
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
