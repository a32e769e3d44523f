"""The results of a study in a file: a line a unit, written whole or not at all, so that a study resumes where it
stopped, on threads or on a cluster.

The file belongs to what the digests say, not to chips and seeds: more of these can be asked for later.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from scamp_sim.exceptions import ProgramError
from scamp_sim.files import check_file, write_text
from scamp_sim.reading import OTHER_FORM, read_json
from scamp_sim.study.grid import LARGEST, Unit
from scamp_sim.study.version import made_by
from scamp_sim.text import plural, short

PAUSE, SHARE = 0.5, 20
"""Seconds between writes, at least, and how many times as long as a write takes: no more is lost when a run is
killed."""

REMEDY = "choose another file, or remove it"

DIGEST = "sha256 "
SHOWN = 60
"""Longer values are not shown in a message."""

T = TypeVar("T")


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
        head = {
            "format": self._form,
            "made by": made_by(),
            "digests": self._digests,
            "about": self._about,
            "summary": summary,
        }
        rows = ",\n".join("  " + json.dumps({**u._asdict(), **self.results[u]}) for u in sorted(self.results))
        write_text(self.path, f'{json.dumps(head, indent=1)[:-2]},\n "units": [\n{rows}\n ]\n}}\n', "results")
        self._written = time.monotonic()
        self._pause = max(PAUSE, SHARE * (self._written - began))

    def _read(self, items: int, check: Callable[[Mapping[str, Any]], Any]) -> dict[Unit, Mapping[str, Any]]:
        try:
            document = read_json(self.path, "results", again=True)
            self._check_form(document["format"])
            digests = document["digests"]
            found = units_of(document["units"], check)
            other = differing(digests, self._digests)
        except ProgramError:
            raise
        except (OSError, *OTHER_FORM):
            raise ProgramError(f"{self.path}: not the results of a study; {REMEDY}") from None
        if other:
            raise ProgramError(f"{self.path}: results made with {other}; {REMEDY}")
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


def units_of(rows: Any, check: Callable[[Mapping[str, Any]], Any]) -> dict[Unit, Mapping[str, Any]]:
    """The results in the "units" of a file's document, by unit.

    check: raises KeyError, TypeError or ValueError for a result that is none.

    Raises KeyError, TypeError, ValueError or AttributeError for what are no results of units, each there once.
    """
    found: dict[Unit, Mapping[str, Any]] = {}
    for row in rows:
        unit = Unit(*(row.pop(name) for name in Unit._fields))
        if unit in found or not all(type(n) is int and 0 <= n <= LARGEST for n in unit):
            raise KeyError(unit)
        check(row)
        found[unit] = row
    return found


class Kept(Generic[T]):
    """Results by key, in a JSON file if there is a name for one.

    form: what the file holds, such as "pixelrnn table 3, 2".
    stamp: what the results depend on beside the key.
    read: a result out of its JSON; raises ValueError, TypeError or KeyError for what is none.
    patient: results come fast, so that they are written every now and then, and in the end by `write`.

    Raises ScampError: no such file can be there, or it is not of this form, or of another stamp.
    """

    def __init__(
        self,
        path: str | Path | None,
        form: str,
        stamp: Mapping[str, Any],
        read: Callable[[Any], T],
        patient: bool = False,
    ) -> None:
        self._next, self._patient = 0.0, patient
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
        except (OSError, *OTHER_FORM):
            raise ProgramError(f"results {path}: not the results of {form}; {REMEDY}") from None
        check_stamp(f"results {path}", theirs, self.stamp)

    def add(self, key: str, value: T) -> None:
        """Keep a result, and write the file, or do so later."""
        self.found[key] = value
        if not self._patient or time.monotonic() > self._next:
            self.write()

    def write(self) -> None:
        """Write what there is, if there is a name for the file."""
        if self.path is None:
            return
        began = time.monotonic()
        record = {"format": self.form, "study": self.stamp, "found": self.found}
        write_text(self.path, json.dumps(record, indent=None if self._patient else 1) + "\n", "results")
        ended = time.monotonic()
        self._next = ended + max(PAUSE, SHARE * (ended - began))


# --- what results belong to --------------------------------------------------------------------------------------


def differing(theirs: Any, ours: Mapping[str, Any]) -> str:
    """In which settings something that is kept differs from what is asked for, in words: "epochs 1 (here 2), other
    clips"; "" for none. Values that are digests, or long, are not shown."""
    wanted = plain(ours)
    known = theirs if isinstance(theirs, Mapping) else {}
    names = [name for name in {**wanted, **known} if wanted.get(name) != known.get(name)]
    return ", ".join(_difference(name, known.get(name), wanted.get(name)) for name in names)


def check_stamp(what: str, theirs: Any, ours: Mapping[str, Any], remedy: str = REMEDY) -> None:
    """Raises ProgramError that says in which settings `what`, made with `theirs`, differs from what is asked for."""
    found = differing(theirs, ours)
    if found:
        raise ProgramError(f"{what}: made with {found}; {remedy}, or take its settings")


def plain(stamp: Mapping[str, Any]) -> dict[str, Any]:
    """A stamp as it comes back out of JSON."""
    found: dict[str, Any] = json.loads(json.dumps(stamp, default=lambda value: value.item()))
    return found


def stamped(parts: Iterable[Any]) -> str:
    """Arrays and texts as one value of a stamp: their digest, shapes and types included."""
    return DIGEST + digest(parts)


def _difference(name: str, theirs: Any, ours: Any) -> str:
    shown = [_shown(theirs), _shown(ours)]
    return f"other {name}" if None in shown else f"{name} {shown[0]} (here {shown[1]})"


def _shown(value: Any) -> str | None:
    text = str(value)
    if isinstance(value, (dict, list)) or len(text) > SHOWN or re.fullmatch(f"({DIGEST})?[0-9a-f]{{12,}}", text):
        return None
    return "none" if value is None else text


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


__all__ = ["REMEDY", "Kept", "Store", "check_stamp", "describe", "differing", "digest", "plain", "stamped", "units_of"]
