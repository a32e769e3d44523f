"""What a study keeps in a file, so that it resumes where it stopped; and in which settings two differ, in words.

A *stamp* is what results depend on, name -> plain value; digests in it begin with DIGEST.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from scamp_sim.exceptions import ProgramError
from scamp_sim.files import check_file, write_text
from scamp_sim.reading import read_json
from scamp_sim.study.results_store import digest

DIGEST = "sha256 "
SHOWN = 60
"""Longer values are not shown in a message."""

T = TypeVar("T")


class Kept(Generic[T]):
    """Results by key, in a JSON file if there is a name for one.

    form: what the file holds, such as "pixelrnn table 3, 2".
    stamp: what the results depend on beside the key.
    read: a result out of its JSON; raises ValueError, TypeError or KeyError for what is none.

    Raises ScampError: no such file can be there, or it is not of this form, or of another stamp.
    """

    def __init__(self, path: str | Path | None, form: str, stamp: Mapping[str, Any], read: Callable[[Any], T]) -> None:
        self.path, self.form, self.stamp = path, form, plain(stamp)
        self.found: dict[str, T] = {}
        if path is None:
            return
        target = check_file(path, "results")
        if not target.exists():
            return
        try:
            record = read_json(target, "results", again=True)
            if record["format"] != form:
                raise ValueError
            theirs = record["study"]
            self.found = {str(key): read(value) for key, value in record["found"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            raise ProgramError(
                f"results {path}: not the results of {form}; choose another file, or delete it"
            ) from None
        check_stamp(f"results {path}", theirs, self.stamp)

    def add(self, key: str, value: T) -> None:
        """Keep a result, and write the file."""
        self.found[key] = value
        if self.path is not None:
            record = {"format": self.form, "study": self.stamp, "found": self.found}
            write_text(self.path, json.dumps(record, indent=1) + "\n", "results")


def plain(stamp: Mapping[str, Any]) -> dict[str, Any]:
    """A stamp as it comes back out of JSON."""
    found: dict[str, Any] = json.loads(json.dumps(stamp, default=lambda value: value.item()))
    return found


def stamped(parts: Iterable[Any]) -> str:
    """Arrays and texts as one value of a stamp: their digest, shapes and types included."""
    return DIGEST + digest(parts)


def check_stamp(what: str, theirs: Any, ours: Mapping[str, Any], remedy: str = "choose another file") -> None:
    """Raises ProgramError that says in which settings `what`, made with `theirs`, differs from what is asked for."""
    wanted = plain(ours)
    known = theirs if isinstance(theirs, dict) else {}
    names = [name for name in {**wanted, **known} if wanted.get(name) != known.get(name)]
    if names:
        differ = ", ".join(_difference(name, known.get(name), wanted.get(name)) for name in names)
        raise ProgramError(f"{what}: made with {differ}; {remedy}, or take its settings")


def _difference(name: str, theirs: Any, ours: Any) -> str:
    shown = [_shown(theirs), _shown(ours)]
    return f"other {name}" if None in shown else f"{name} {shown[0]} (here {shown[1]})"


def _shown(value: Any) -> str | None:
    if isinstance(value, (dict, list)) or str(value).startswith(DIGEST) or len(str(value)) > SHOWN:
        return None
    return "none" if value is None else str(value)


__all__ = ["Kept", "check_stamp", "plain", "stamped"]
