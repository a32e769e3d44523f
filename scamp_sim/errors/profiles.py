"""Chip profiles: values for the knobs, as data files. `scamp5` is the typical chip; a user's own file names what
differs.

A file is JSON: {"name": ..., "about": ..., "base": "scamp5" (default "ideal"), "shape": [256, 256] (optional), "knobs":
{"write_noise": 0.2, ...}}.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scamp_sim import isa
from scamp_sim.errors.knobs import KNOBS
from scamp_sim.exceptions import ProgramError

DATA = Path(__file__).parent.parent / "data" / "chips"


@dataclass(frozen=True)
class ChipProfile:
    """A kind of chip. knobs: a value for every row of `KNOBS`. shape: the array that it was measured on, if it matters.

    Raises ProgramError for a value that is out of range.
    """

    name: str
    about: str
    knobs: Mapping[str, float]
    shape: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name, value in self.knobs.items():
            _check(self.name, name, value)
        whole = {k.name: float(self.knobs.get(k.name, k.ideal)) for k in KNOBS.values()}
        if whole["saturation"] < whole["linear_range"]:
            raise ProgramError(
                f"profile '{self.name}': saturation is {whole['saturation']:g} LSB, below the linear_range of "
                f"{whole['linear_range']:g} LSB; a register saturates beyond its linear range"
            )
        object.__setattr__(self, "knobs", whole)

    def __getitem__(self, name: str) -> float:
        return self.knobs[name]

    @property
    def ideal(self) -> bool:
        """Whether every knob is off."""
        return all(self.knobs[k.name] == k.ideal for k in KNOBS.values() if k.name != "bit_lifetime")

    def changed(self, **knobs: float) -> ChipProfile:
        """The same chip with other values of some knobs. Raises ProgramError."""
        return replace(self, knobs={**self.knobs, **knobs})

    def key(self) -> tuple[tuple[str, float], ...]:
        """What tells two profiles apart."""
        return tuple(sorted(self.knobs.items()))


def _check(profile: str, name: str, value: Any) -> None:
    if name not in KNOBS:
        near = isa.did_you_mean(name, KNOBS)
        raise ProgramError(f"profile '{profile}': unknown knob '{name}'{near or '; `scamp-sim chips` lists them'}")
    knob = KNOBS[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ProgramError(f"profile '{profile}': {name} is {value!r:.40}; give a number ({knob.unit})")
    if not knob.low <= value <= knob.high:
        what = " (a spread is never negative)" if value < 0 and "rms" in knob.unit else ""
        raise ProgramError(
            f"profile '{profile}': {name} is {value:g} {knob.unit}; it is {knob.low:g} to {knob.high:g}{what}"
        )
    if knob.whole and value != int(value):
        raise ProgramError(f"profile '{profile}': {name} is {value:g}; give a whole number")


def profile_names() -> tuple[str, ...]:
    """The profiles that come with the simulator."""
    return tuple(sorted(p.stem for p in DATA.glob("*.json")))


def load_profile(source: str | Path) -> ChipProfile:
    """A profile by name, or from a file (*.json). Raises ProgramError that says what is wrong with it."""
    name = str(source)
    if name in profile_names():
        return _read(DATA / f"{name}.json", ())
    path = Path(name)
    if path.suffix == ".json" or path.is_file():
        return _read(path, ())
    near = isa.did_you_mean(name, profile_names())
    tail = f"{near} Known" if near else "; known"
    raise ProgramError(f"unknown chip profile '{name}'{tail}: {', '.join(profile_names())}; or give a file NAME.json")


_FIELDS = ("name", "about", "base", "shape", "knobs", "fit")


def _read(path: Path, seen: tuple[Path, ...]) -> ChipProfile:
    if path in seen:
        raise ProgramError(f"{path}: the profile is its own base")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise ProgramError(f"cannot read the chip profile {path}: {e.strerror or e}") from e
    except (UnicodeDecodeError, json.JSONDecodeError) as e:
        raise ProgramError(f"{path} is not a chip profile: {e}") from e
    if not isinstance(document, dict) or not isinstance(document.get("knobs"), dict):
        raise ProgramError(f'{path} is not a chip profile: expected {{"name": ..., "knobs": {{...}}}}')
    for field in document:
        if field not in _FIELDS:
            raise ProgramError(f"{path}: unknown entry '{field}'{isa.did_you_mean(field, _FIELDS)}")
    base = document.get("base", "ideal")
    if not isinstance(base, str):
        raise ProgramError(f"{path}: base is {base!r:.40}; give the name of a profile or of a file")
    known = {k.name: k.ideal for k in KNOBS.values()}
    if path.stem != "ideal":
        below = DATA / f"{base}.json" if base in profile_names() else path.parent / base
        known = dict(_read(below, (*seen, path)).knobs)
    return ChipProfile(
        str(document.get("name", path.stem)), str(document.get("about", "")), {**known, **document["knobs"]},
        _shape(path, document.get("shape")),
    )  # fmt: skip


def _shape(path: Path, shape: Any) -> tuple[int, int] | None:
    if shape is None:
        return None
    if not isinstance(shape, list) or len(shape) != 2 or not all(type(n) is int and n > 0 for n in shape):
        raise ProgramError(f"{path}: shape is {shape!r:.40}; give [rows, columns]")
    return shape[0], shape[1]


__all__ = ["ChipProfile", "load_profile", "profile_names"]
