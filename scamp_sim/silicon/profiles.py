"""Chip profiles: values for the knobs, as data files. `imperial` and `stanford` are measured chips, `scamp5` is the
population that they belong to; a user's own file names what differs.

A file is JSON: {"name": ..., "about": ..., "base": "scamp5" (default "ideal"), "shape": [256, 256] (optional), "knobs":
{"write_noise": 0.2, ...}, "ranges": {"analog_drift": [-60, 30], ...} (optional), "lines": {"split_loss": {"constant":
0.0452, "gain_loss": -6.27}} (optional), "evidence": {"write_noise": ["fitted", "what to"], ...} (optional)}. A base is
a profile by name, or a file beside this one. A knob that a file gives a value is no longer drawn, nor on a line. The
name, by default that of the file, is one of its own: a built-in one would say in reports what is not so.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from scamp_sim.chip import isa
from scamp_sim.chip.planes import check_shape
from scamp_sim.exceptions import OptionError, PlaneError, ProgramError
from scamp_sim.reading import read_json
from scamp_sim.silicon import population
from scamp_sim.silicon.knobs import KNOBS
from scamp_sim.silicon.population import Evidence, Line, Range
from scamp_sim.text import short

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class ChipProfile:
    """A kind of chip.

    knobs: a value for every row of `KNOBS`.
    shape: the array that it was measured on, if it matters.
    ranges: what each serial draws for itself, uniform between the ends; the knob's value is then the typical one.
    lines: knobs that follow others.
    evidence: why a knob has its value.
    chosen, base: the knobs that a user has set, in a file or by hand, and the profile without them; no part of what the
        chip is.
    population: of a profile that `drawn` has made, the one that it was drawn from.

    Raises ProgramError for a value that is out of range.
    """

    name: str
    about: str
    knobs: Mapping[str, float]
    shape: tuple[int, int] | None = None
    chosen: frozenset[str] = field(default=frozenset(), compare=False)
    base: ChipProfile | None = field(default=None, compare=False, repr=False)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)
    evidence: Mapping[str, Evidence] = field(default_factory=dict, compare=False, repr=False)
    population: ChipProfile | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.knobs, Mapping):
            raise ProgramError(f"profile '{self.name}': knobs is {self.knobs!r:.40}; give {{name: value}}")
        for name, value in self.knobs.items():
            _check(self.name, name, value)
        whole = {k.name: float(self.knobs.get(k.name, k.ideal)) for k in KNOBS.values()}
        object.__setattr__(self, "ranges", population.parse_ranges(self.name, self.ranges))
        for name, line in self.lines.items():
            whole[name] = line.at(whole)
            for value in line.bounds(whole, self.ranges):
                _check(self.name, name, value)
        object.__setattr__(self, "knobs", whole)
        saturation, linear = self.range("saturation")[0], self.range("linear_range")[1]
        if saturation < linear:
            raise ProgramError(
                f"profile '{self.name}': saturation is {saturation:g} LSB, below the linear_range of {linear:g} LSB; "
                "a register saturates beyond its linear range"
            )

    def __getitem__(self, name: str) -> float:
        return self.knobs[name]

    @property
    def ideal(self) -> bool:
        """Whether every knob is off."""
        return not self.ranges and all(
            self.knobs[k.name] == k.ideal for k in KNOBS.values() if k.name != "bit_lifetime"
        )

    def range(self, name: str) -> Range:
        """Lowest and highest value that a chip of this kind may have of a knob."""
        if name in self.lines:
            return self.lines[name].bounds(self.knobs, self.ranges)
        return self.ranges.get(name, (self.knobs[name], self.knobs[name]))

    def drawn(self, serial: int) -> ChipProfile:
        """The profile of one chip of this kind, in which nothing is open any more."""
        if not self.ranges:
            return self
        knobs = population.drawn(self.knobs, self.ranges, self.lines, serial)
        return replace(self, knobs=knobs, ranges={}, lines={}, population=self)

    def changed(self, **knobs: float) -> ChipProfile:
        """The same kind of chip with other values of some knobs, which are the same for all serials then. Raises
        ProgramError."""
        base = self.base if self.chosen else self
        return replace(
            self,
            knobs={**self.knobs, **knobs},
            chosen=self.chosen | knobs.keys(),
            base=base,
            ranges=_without(self.ranges, knobs),
            lines=_without(self.lines, knobs),
            evidence=_without(self.evidence, knobs),
            population=None if self.population is None else self.population.changed(**knobs),
        )

    def key(self) -> tuple[Any, ...]:
        """What distinguishes two profiles."""
        lines = ((name, line.constant, *sorted(line.slopes.items())) for name, line in sorted(self.lines.items()))
        return (*sorted(self.knobs.items()), *sorted(self.ranges.items()), *lines)


def _without(entries: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: entry for name, entry in entries.items() if name not in {*names}}


def _check(profile: str, name: str, value: Any) -> None:
    if name not in KNOBS:
        near = isa.did_you_mean(name, KNOBS)
        raise ProgramError(
            f"profile '{profile}': unknown knob '{name}'{near or '; `scamp-sim chips scamp5` lists them'}"
        )
    knob = KNOBS[name]
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or value != value:
        raise ProgramError(
            f"profile '{profile}': {name} is {value!r:.40}; give a number{knob.measure and f' ({knob.measure})'}"
        )
    if not knob.low <= value <= knob.high:
        if isinstance(value, int):
            value = max(min(value, 10**300), -(10**300))  # JSON has integers beyond what can be written as a float
        given = f"{'negative and ' * (value < 0)}infinite" if abs(value) == math.inf else knob.shown(value)
        what = " (a spread is never negative)" if value < 0 and "rms" in knob.unit else ""
        raise ProgramError(
            f"profile '{profile}': {name} is {given}; it is {knob.low:g} to {knob.shown(knob.high)}{what}"
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
    if path.suffix == ".json" or os.path.isfile(name):
        return _read(path, ())
    raise _unknown(name)


def _unknown(name: str) -> OptionError:
    near = isa.did_you_mean(name, profile_names())
    tail = f"{near} Known" if near else "; known"
    return OptionError(
        f"unknown chip profile '{short(name, 80)}'{tail}: {', '.join(profile_names())}; or give a file NAME.json"
    )


_FIELDS = ("name", "about", "base", "shape", "knobs", "ranges", "lines", "evidence")


def check_name(name: object, where: str) -> str:
    """The name of a user's profile.

    where: what gives it, for the message.

    Raises ProgramError.
    """
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise ProgramError(f"{where}: name is {name!r:.40}; give some text, on one line")
    if name in profile_names():
        raise ProgramError(f"{where}: name is '{name}', as of a built-in profile; give one of its own")
    return name


def _read(path: Path, seen: tuple[Path, ...]) -> ChipProfile:
    where = Path(os.path.realpath(path))
    if where in seen:
        raise ProgramError(f"{path}: the profile is its own base; a base is another profile")
    document = read_json(path, "chip profile", ProgramError)
    if not isinstance(document, dict):
        raise _no_profile(path, "no object")
    for entry in document:
        if entry not in _FIELDS:
            near = isa.did_you_mean(entry, _FIELDS) or f"; known: {', '.join(_FIELDS)}"
            raise ProgramError(f"{path}: unknown entry '{short(entry, 80)}'{near}")
    if not isinstance(document.get("knobs"), dict):
        raise _no_profile(path, "knobs is not an object" if "knobs" in document else "no entry 'knobs'")
    about = document.get("about", "")
    if not isinstance(about, str):
        raise ProgramError(f"{path}: about is {about!r:.40}; give some text")
    built_in = where.parent == Path(os.path.realpath(DATA))
    name = path.stem if built_in else check_name(document.get("name", path.stem), str(path))
    base = document.get("base", "ideal")
    if not isinstance(base, str):
        raise ProgramError(f"{path}: base is {base!r:.40}; give the name of a profile or of a file")
    below: ChipProfile | None = None
    known: Mapping[str, float] = {}
    chosen: frozenset[str] = frozenset()
    shape = _shape(path, document.get("shape"))
    if not built_in or path.stem != "ideal":
        below = _read(_base(path, base), (*seen, where))
        known, chosen, shape = below.knobs, below.chosen, shape or below.shape
    try:
        ranges = population.parse_ranges(name, document.get("ranges", {}))
        lines = population.parse_lines(name, document.get("lines", {}))
        evidence = population.parse_evidence(name, document.get("evidence", {}))
    except ProgramError as e:
        raise ProgramError(f"{path}: {e}") from None
    twice = next((k for k in (*document["knobs"], *ranges) if k in lines), None)
    if twice is not None:
        raise ProgramError(f"{path}: {twice} follows a line and has a value or a range of its own; leave one out")
    if not built_in:
        chosen = chosen | document["knobs"].keys() | ranges.keys() | lines.keys()
    knobs = {**known, **{k: sum(ends) / 2 for k, ends in ranges.items()}, **document["knobs"]}
    if below is not None:
        own = {*document["knobs"], *ranges, *lines}
        ranges = {**_without(below.ranges, own), **ranges}
        lines = {**_without(below.lines, own), **lines}
        evidence = {**_without(below.evidence, own), **evidence}
    try:
        return ChipProfile(name, about, knobs, shape, chosen, below, ranges, lines, evidence)
    except ProgramError as e:
        raise ProgramError(f"{path}: {e}") from None


def _no_profile(path: Path, what: str) -> ProgramError:
    return ProgramError(f'{path} is not a chip profile: {what}; expected {{"name": ..., "knobs": {{...}}}}')


def _base(path: Path, base: str) -> Path:
    """The file of the profile that another one is based on. Raises ProgramError."""
    if base in profile_names():
        return DATA / f"{base}.json"
    below = path.parent / base
    if below.suffix != ".json" and not os.path.isfile(below):
        raise ProgramError(f"{path}: base: {_unknown(base)}")
    return below


def _shape(path: Path, shape: Any) -> tuple[int, int] | None:
    if shape is None:
        return None
    if not isinstance(shape, list) or len(shape) != 2 or not all(type(n) is int for n in shape):
        raise ProgramError(f"{path}: shape is {shape!r:.40}; give [rows, columns]")
    try:
        return check_shape(shape)
    except PlaneError as e:
        raise ProgramError(f"{path}: {short(str(e), 200)}") from None


__all__ = ["ChipProfile", "check_name", "load_profile", "profile_names"]
