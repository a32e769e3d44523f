"""A row of the user's own: an encoder or a chip as one JSON file, with counts and, if they are its own, prices.

    {"format": "scamp-sim row 1", "name": "mine", "about": "4x4 means of two kinds, 2 bits", "letter": "A",
     "window": [4, 4], "values_per_window": 2, "bits": 2,
     "per_site": {"readouts": 1, "macs": 2}, "per_value": {"conversions": 1}, "per_row": {"rows": 1},
     "constants": [{"name": "mine.row", "part": "row read-out", "per": "rows", "value": 3.0, "unit": "us/row",
                    "letter": "A", "source": "a 65 nm column"}]}

Activities are those of `counts.ACTIVITIES`; amounts are for one frame, and the constants hold for this row alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scamp_sim.checks import finite, integer
from scamp_sim.compare.constants import Constant, parsed
from scamp_sim.compare.counts import LETTERS, TERNARY, Counts, Said, Scene, known_activity
from scamp_sim.exceptions import ProgramError
from scamp_sim.reading import read_json
from scamp_sim.text import short

FORMAT = "scamp-sim row 1"
KEYS = (
    "format",
    "name",
    "about",
    "letter",
    "window",
    "values_per_window",
    "bits",
    "frames",
    "constants",
    "ratio_paper",
)
PER = ("per_site", "per_window", "per_value", "per_row", "per_frame")


@dataclass(frozen=True)
class Brought:
    """A row of the user's own; called with a scene it gives its counts."""

    name: str
    about: str
    letter: str
    window: tuple[int, int]
    values_per_window: int
    bits: float
    frames: int | None
    per: Mapping[str, Mapping[str, float]]
    constants: tuple[Constant, ...]
    ratio_paper: Said

    def __call__(self, scene: Scene) -> Counts:
        """Counts of one decision. Raises ProgramError for a window that is larger than the scene."""
        rows, columns = self.window
        windows = (scene.side // rows) * (scene.side // columns)
        if not windows:
            raise ProgramError(
                f"row {self.name}: no window of {rows}x{columns} fits {scene.side}x{scene.side} photosites"
            )
        frames = self.frames or scene.frames
        values = windows * self.values_per_window
        each = dict(zip(PER, (scene.sites, windows, values, scene.side, 1), strict=True))
        activity: dict[str, float] = {}
        for kind, amounts in self.per.items():
            for name, amount in amounts.items():
                activity[name] = activity.get(name, 0.0) + amount * each[kind] * frames
        return Counts(
            self.name,
            self.name,
            "circuit",
            self.about,
            scene.sites,
            frames,
            self.window,
            values * frames,
            self.bits,
            values * (1.6 if self.bits == TERNARY else self.bits) * frames,
            self.ratio_paper,
            activity,
            letter=self.letter,
        )


def load_row(path: str | Path) -> Brought:
    """A row from a file. Raises ScampError: no such file, keys that are missing or unknown, constants without a unit or
    source, activities that are not counted."""
    where = f"row {short(str(path), 120)}"
    document = read_json(path, "row", ProgramError)
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise ProgramError(f'{where}: expected an object with "format": "{FORMAT}"')
    if unknown := sorted(set(document) - {*KEYS, *PER}):
        listed = ", ".join((*KEYS, *PER))
        raise ProgramError(f"{where}: unknown key '{short(str(unknown[0]), 60)}'; expected {listed}")
    for key in ("name", "window", "values_per_window", "bits"):
        if key not in document:
            raise ProgramError(f"{where}: has no {key}; every row needs one")
    name = str(document["name"])
    if not name.isidentifier() or len(name) > 30:
        raise ProgramError(f"{where}: the name '{short(name, 40)}': expected letters, digits and _, at most 30")
    letter = str(document.get("letter", "A"))
    if letter not in LETTERS:
        raise ProgramError(f"{where}: the letter '{short(letter, 20)}': expected one of {', '.join(LETTERS)}")
    frames = document.get("frames")
    return Brought(
        name,
        short(str(document.get("about", "")), 200),
        letter,
        _window(document["window"], where),
        integer(f"{where}: values_per_window", document["values_per_window"], 1, 1 << 20),
        _positive(f"{where}: bits", document["bits"]),
        None if frames is None else integer(f"{where}: frames", frames, 1, 1024),
        {kind: _amounts(document.get(kind, {}), f"{where}: {kind}") for kind in PER},
        _constants(document.get("constants", []), name, where),
        _ratio(document.get("ratio_paper"), where),
    )


def _window(value: Any, where: str) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise ProgramError(f"{where}: expected a window as [rows, columns] of photosites, got {value!r:.60}")
    rows, columns = (integer(f"{where}: window", side, 1, 4096) for side in value)
    return rows, columns


def _positive(name: str, value: object) -> float:
    number = finite(name, value)
    if number <= 0:
        raise ProgramError(f"{name} must be above 0, got {number:g}")
    return number


def _amounts(value: Any, where: str) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise ProgramError(f"{where}: expected an object of activities and amounts, got {value!r:.60}")
    return {known_activity(key, where): _positive(f"{where}: {key}", amount) for key, amount in value.items()}


def _constants(value: Any, name: str, where: str) -> tuple[Constant, ...]:
    if not isinstance(value, list):
        raise ProgramError(f"{where}: expected constants to be a list of objects")
    found = [replace(parsed(row, f"{where}, constant {n}"), rows=(name,)) for n, row in enumerate(value, 1)]
    names = [c.name for c in found]
    if twice := next((name for n, name in enumerate(names) if name in names[:n]), None):
        raise ProgramError(f"{where}: the constant '{short(twice, 60)}' is given twice; keep one")
    return tuple(found)


def _ratio(value: Any, where: str) -> Said:
    if value is None:
        return Said(None, reason="the file gives no ratio of its own")
    if not isinstance(value, Mapping) or set(value) != {"value", "formula"}:
        raise ProgramError(f'{where}: expected ratio_paper as {{"value": ..., "formula": ...}}, got {value!r:.60}')
    return Said(_positive(f"{where}: ratio_paper", value["value"]), "A", str(value["formula"]))


__all__ = ["FORMAT", "Brought", "load_row"]
