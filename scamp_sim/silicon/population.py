"""What a profile leaves open: ranges from which each serial draws, and lines on which knobs follow others.

A measurement often fixes a combination of knobs and not each of them. So a profile may give a knob a range instead of a
value, and tie another to it by a line, along which the evidence is equally good. A chip of such a population draws the
first and computes the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon import draws
from scamp_sim.silicon.knobs import KNOBS

Range = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """knob = constant + sum of slope * other knob.

    slopes: other knob -> slope.
    """

    constant: float
    slopes: Mapping[str, float]

    def at(self, knobs: Mapping[str, float]) -> float:
        """The knob's value where the others have these."""
        return self.constant + sum(slope * knobs[name] for name, slope in self.slopes.items())

    def bounds(self, knobs: Mapping[str, float], ranges: Mapping[str, Range]) -> Range:
        """Lowest and highest value for others within their ranges."""
        ends = [
            sorted((slope * ranges.get(name, (knobs[name],) * 2)[0], slope * ranges.get(name, (knobs[name],) * 2)[1]))
            for name, slope in self.slopes.items()
        ]
        return self.constant + sum(e[0] for e in ends), self.constant + sum(e[1] for e in ends)

    @property
    def text(self) -> str:
        """The line as a formula, '0.0452 - 6.27 gain_loss'."""
        terms = "".join(f" {'-' if slope < 0 else '+'} {abs(slope):g} {name}" for name, slope in self.slopes.items())
        return f"{self.constant:g}{terms}"


@dataclass(frozen=True)
class Evidence:
    """Why a knob of a profile has its value.

    kind: one of `KINDS`.
    to: the measurement or document.
    plausible: what agrees with it equally well, None if nothing is said.
    """

    kind: str
    to: str
    plausible: Range | None = None


KINDS = {
    "fitted": "a measurement determines it",
    "tied": "a measurement determines it together with others: it lies on a line",
    "bounded": "measurements only bound it: any value of the range agrees with them",
    "given": "documented by the vendor",
    "assumed": "no measurement and no document",
}
"""Kind of evidence -> what it means."""


def parse_ranges(profile: str, given: Any) -> dict[str, Range]:
    """The entry `ranges` of a profile file, {knob: [low, high]}, checked. Raises ProgramError."""
    found = {}
    for name, ends in _object(profile, "ranges", given).items():
        knob = KNOBS[_known(profile, "ranges", name)]
        if not isinstance(ends, list | tuple) or len(ends) != 2 or not all(_number(e) for e in ends):
            raise ProgramError(f"profile '{profile}': the range of {name} is {ends!r:.60}; give [low, high]")
        low, high = float(ends[0]), float(ends[1])
        if low > high:
            raise ProgramError(
                f"profile '{profile}': the range of {name} is inverted, {low:g} .. {high:g}; give the lower end first"
            )
        if low == high:
            raise ProgramError(
                f"profile '{profile}': the range of {name} is empty, {low:g} .. {high:g}; give the knob this value "
                "under 'knobs' instead"
            )
        if not (knob.low <= low and high <= knob.high):
            raise ProgramError(
                f"profile '{profile}': the range of {name} is {low:g} .. {knob.shown(high)}; the knob takes "
                f"{knob.low:g} .. {knob.shown(knob.high)}"
            )
        found[name] = (low, high)
    return found


def parse_lines(profile: str, given: Any) -> dict[str, Line]:
    """The entry `lines` of a profile file, {knob: {"constant": c, other knob: slope, ...}}. Raises ProgramError."""
    found = {}
    for name, terms in _object(profile, "lines", given).items():
        _known(profile, "lines", name)
        terms = dict(_object(profile, f"lines: {name}", terms))
        constant = terms.pop("constant", 0.0)
        for other, slope in {"constant": constant, **terms}.items():
            if not _number(slope):
                raise ProgramError(f"profile '{profile}': lines: {name}: {other} is {slope!r:.40}; give a number")
        if not terms:
            raise ProgramError(f"profile '{profile}': the line of {name} follows no other knob; give it a slope")
        for other in terms:
            _known(profile, f"lines: {name}", other)
        found[name] = Line(float(constant), MappingProxyType({other: float(s) for other, s in terms.items()}))
    for name, line in found.items():
        chained = next((other for other in line.slopes if other in found), None)
        if chained is not None:
            raise ProgramError(
                f"profile '{profile}': the line of {name} follows {chained}, which follows a line itself; give slopes "
                "on knobs that stand for themselves"
            )
    return found


def parse_evidence(profile: str, given: Any) -> dict[str, Evidence]:
    """The entry `evidence` of a profile file, {knob: [kind, what, [low, high]]}, the last optional. Raises
    ProgramError."""
    found = {}
    for name, pair in _object(profile, "evidence", given).items():
        _known(profile, "evidence", name)
        whole = isinstance(pair, list) and len(pair) in (2, 3)
        if not whole or not all(isinstance(text, str) for text in pair[:2]) or pair[0] not in KINDS:
            raise ProgramError(
                f"profile '{profile}': the evidence of {name} is {pair!r:.60}; give [kind, text] or [kind, text, "
                f"[low, high]], with a kind of {', '.join(KINDS)}"
            )
        plausible = parse_ranges(profile, {name: pair[2]})[name] if len(pair) == 3 else None
        found[name] = Evidence(pair[0], pair[1], plausible)
    return found


def _object(profile: str, entry: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ProgramError(f"profile '{profile}': {entry} is {given!r:.40}; give an object, {{knob: ...}}")
    return given


def _known(profile: str, entry: str, name: str) -> str:
    if name not in KNOBS:
        raise ProgramError(
            f"profile '{profile}': {entry}: unknown knob '{name:.60}'; `scamp-sim chips scamp5` lists them"
        )
    return name


def _number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and abs(value) < 1e300


def drawn(
    knobs: Mapping[str, float], ranges: Mapping[str, Range], lines: Mapping[str, Line], serial: int
) -> dict[str, float]:
    """The knobs of chip `serial`: each open one uniform over its range, from a generator of its own, so that a further
    range leaves the others as they are; then those on lines."""
    found = dict(knobs)
    for name, (low, high) in ranges.items():
        value = low + (high - low) * float(draws.generator(serial, f"knob {name}").random())
        found[name] = round(value) if KNOBS[name].whole else value
    for name, line in lines.items():
        found[name] = line.at(found)
    return found
