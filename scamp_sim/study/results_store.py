"""The results of a study in a file: a line a unit, written whole or not at all, so that a study resumes where it
stopped, on threads or on a cluster.

The file belongs to what the digests say, not to chips and seeds: more of these can be asked for later.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scamp_sim.exceptions import ProgramError
from scamp_sim.files import check_file, write_text
from scamp_sim.reading import read_json
from scamp_sim.study.grid import LARGEST, Unit
from scamp_sim.text import plural, short

PAUSE, SHARE = 0.5, 20
"""Seconds between writes, at least, and how many times as long as a write takes: no more is lost when a run is
killed."""

REMEDY = "choose another file, or remove it"

TOLD = 20
"""Characters of a value that a message tells; digests are longer."""


class Store:
    """Results of units, each a document of plain values, and the file that keeps them.

    digests: name of what the results depend on -> digest.
    check: raises KeyError, TypeError or ValueError for a result that is none.

    Raises ProgramError: not such a file, or one that belongs to something else.
    """

    def __init__(
        self,
        path: str | Path,
        form: str,
        about: Mapping[str, Any],
        digests: Mapping[str, str],
        items: int,
        check: Callable[[Mapping[str, Any]], Any],
    ) -> None:
        self.path = check_file(path, "results")
        self._form, self._about, self._digests = form, about, digests
        self._written, self._pause = time.monotonic(), PAUSE
        self.results: dict[Unit, Mapping[str, Any]] = self._read(items, check) if self.path.exists() else {}

    def add(self, unit: Unit, result: Mapping[str, Any]) -> None:
        """Keep a result; every now and then, write them."""
        self.results[unit] = result
        if time.monotonic() - self._written > self._pause:
            self.write()

    def write(self, summary: Mapping[str, Any] | None = None) -> None:
        """Write what there is, the same text for the same results.

        summary: of a study that is done.
        """
        began = time.monotonic()
        head = {"format": self._form, "digests": self._digests, "about": self._about, "summary": summary}
        rows = ",\n".join("  " + json.dumps({**u._asdict(), **self.results[u]}) for u in sorted(self.results))
        write_text(self.path, f'{json.dumps(head, indent=1)[:-2]},\n "units": [\n{rows}\n ]\n}}\n', "results")
        self._written = time.monotonic()
        self._pause = max(PAUSE, SHARE * (self._written - began))

    def _read(self, items: int, check: Callable[[Mapping[str, Any]], Any]) -> dict[Unit, Mapping[str, Any]]:
        try:
            document = read_json(self.path, "results", again=True)
            self._check_form(document["format"])
            digests = document["digests"]
            found: dict[Unit, Mapping[str, Any]] = {}
            for row in document["units"]:
                unit = Unit(*(row.pop(name) for name in Unit._fields))
                if unit in found or not all(type(n) is int and 0 <= n <= LARGEST for n in unit):
                    raise KeyError(unit)
                check(row)
                found[unit] = row
            other = others(digests, self._digests)
        except ProgramError:
            raise
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise ProgramError(f"{self.path}: not the results of a study; {REMEDY}") from None
        if other:
            raise ProgramError(f"{self.path} holds the results of other {other}; {REMEDY}")
        if any(unit.item >= items for unit in found):
            raise ProgramError(f"{self.path} holds the results of more than {plural(items, 'item')}; {REMEDY}")
        return found

    def _check_form(self, form: str) -> None:
        """Raises ProgramError that says what the file holds, or that it is of another version."""
        if form == self._form:
            return
        theirs, ours = form.rpartition(", ")[0] or form, self._form.rpartition(", ")[0]
        if theirs == ours:
            raise ProgramError(f"{self.path}: results of another version ({form}); {REMEDY}")
        raise ProgramError(f"{self.path} holds a {short(theirs, 60)}, not a {ours}; {REMEDY}")


# --- digests ------------------------------------------------------------------------------------------------------


def others(theirs: Mapping[str, Any], ours: Mapping[str, str]) -> str:
    """What is other in a file than here, in words: 'weights and engine (fast there, reference here)'; "" for nothing.

    Values that are no digests are short, such as versions, and are told.
    """
    found = []
    for name, here in ours.items():
        there = theirs.get(name)
        if there != here:
            told = there is not None and max(len(str(there)), len(here)) <= TOLD
            found.append(f"{name} ({there} there, {here} here)" if told else name)
    return " and ".join(found)


def digest(parts: Iterable[Any]) -> str:
    """SHA-256 of arrays and texts, each with its shape and type."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            total.update(part.encode() + b"\0")
        else:
            array = np.ascontiguousarray(part)
            total.update(f"{array.shape} {array.dtype.newbyteorder('<')}".encode())
            total.update(array.tobytes())
    return total.hexdigest()


def describe(value: Any) -> Any:
    """Anything as plain values for a digest: data classes by their fields, arrays by their digest."""
    if is_dataclass(value) and not isinstance(value, type):
        fields = asdict(value)
        return {"type": type(value).__qualname__, **{name: describe(v) for name, v in fields.items()}}
    if isinstance(value, Mapping):
        return {str(k): describe(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [describe(v) for v in value]
    if isinstance(value, np.ndarray):
        return digest([value])
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)


__all__ = ["REMEDY", "Store", "describe", "digest", "others"]
