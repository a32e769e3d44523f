"""All measurements of a chip, fitted together, and what came of it in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from scamp_sim.exceptions import OptionError
from scamp_sim.silicon.knobs import KNOBS
from scamp_sim.silicon.population import Evidence
from scamp_sim.silicon.profiles import ChipProfile
from scamp_sim.study.fit import flat, joint, table
from scamp_sim.study.fit.flat import KNOBS_OF_FLAT, Parts
from scamp_sim.study.fit.kit_source import KitSource
from scamp_sim.study.fit.measurements import Cell, Stack
from scamp_sim.study.fit.parameters import PARAMETERS, plausible
from scamp_sim.study.fit.table import Predicted, TableSource
from scamp_sim.study.kit.reader import Measurement

FRESH_CHIPS = (11, 12, 13)
"""Serials that predictions are shown for; no fit uses them."""

FAR, MOST_FAR = 3.0, 0.1
"""A number is off by more than so many of its errors; a profile is poor if more than this share of them is."""

PARTS_OFF = 0.3
"""LSB, and share, by which a part of flat readouts may be off."""


@dataclass(frozen=True)
class Outcome:
    """What a fit found.

    predicted: of the table.
    parts: of the flat readouts, measured and predicted.
    far: numbers of the kit that are off by more than FAR errors, worst first, with how far.
    """

    fitted: joint.Fitted
    predicted: tuple[Predicted, ...] = ()
    parts: tuple[Parts, Parts] | None = None
    far: tuple[tuple[str, float], ...] = ()
    count: int = 0

    @property
    def rows_off(self) -> int:
        """Rows of the table beyond the tolerances."""
        return sum(not p.holds for p in self.predicted)

    @property
    def parts_off(self) -> tuple[str, ...]:
        """Parts of the flat readouts that the profile does not give."""
        if self.parts is None:
            return ()
        measured, found = (p.as_dict() for p in self.parts)
        names = ("offset", "fixed", "temporal", "common")
        return tuple(n for n in names if abs(measured[n] - found[n]) > PARTS_OFF * max(1.0, abs(measured[n])))

    @property
    def poor(self) -> bool:
        """Whether the profile does not describe what was measured."""
        rows = len(self.predicted)
        return (
            self.rows_off > MOST_FAR * rows or len(self.far) > max(1.0, MOST_FAR * self.count) or bool(self.parts_off)
        )

    @property
    def verdict(self) -> str:
        """How far off the profile is, in a line."""
        said = []
        if self.predicted:
            off = [abs(p.psnr_off) for p in self.predicted if p.psnr_off is not None and p.cell.passes >= 4]
            psnr = f", PSNR {np.mean(off):.2f} dB off on average from 4 passes on" if off else ""
            said.append(f"{self.rows_off} of {len(self.predicted)} rows of the table beyond the tolerance{psnr}")
        if self.count:
            said.append(f"{len(self.far)} of {self.count} numbers of the kit off by more than {FAR:g} errors")
        if self.parts is not None:
            off_parts = ", ".join(self.parts_off)
            said.append(f"flat readouts: {off_parts} off" if off_parts else "flat readouts described")
        return "; ".join(said)


def run(
    start: ChipProfile,
    cells: Sequence[Cell] = (),
    stack: Stack | None = None,
    kit: Measurement | None = None,
    serials: Sequence[int] = (1, 2),
    fixed: Sequence[str] = (),
    advance: Callable[[float], None] = lambda cost: None,
    results: str | Path | None = None,
) -> Outcome:
    """Fit a profile to a table, flat readouts and what the kit measured, or to some of them.

    start: where to begin, and stay where nothing is measured.
    results: a file that keeps what simulated chips gave; the same fit goes on from there, to the same profile.

    Raises ProgramError.
    """
    measured: Parts | None = None
    if stack is None and kit is not None and kit.flat is not None:
        stack, measured = kit.stack(), kit.flat
    elif stack is not None:
        measured = flat.parts_of(stack)
    profile = start if stack is None else flat.fit(_pinned(start), stack, measured)
    sources: list[joint.Source] = []
    if cells:
        sources.append(TableSource(cells))
    if kit is not None:
        sources.append(KitSource(kit.found, kit.shape))
    fitted = joint.Fitted(profile)
    if sources:
        fitted = joint.fit(profile, sources, serials, fixed, advance, results)
    errors = dict(fitted.errors)
    profile = fitted.profile
    parts = None
    if stack is not None and measured is not None:
        profile = flat.fit(profile, stack, measured)
        errors |= flat.errors_of(profile, stack, measured)
        parts = measured, flat.predict(profile, stack, FRESH_CHIPS)
    predicted = tuple(table.predict(profile, cells, FRESH_CHIPS, (128, 128))) if cells else ()
    fitted = replace(fitted, profile=_described(start, profile, errors, fitted.open), errors=errors)
    return Outcome(fitted, predicted, parts, *_far(kit, fitted))


def _pinned(start: ChipProfile) -> ChipProfile:
    """A profile in which nothing is open: the typical chip."""
    return start.changed(**{k: start[k] for k in {*start.ranges, *start.lines}})


def _far(kit: Measurement | None, fitted: joint.Fitted) -> tuple[tuple[tuple[str, float], ...], int]:
    if kit is None:
        return (), 0
    found = KitSource(kit.found, kit.shape).found
    deviations = fitted.deviations[-len(found) :]
    off = [(q.text, d) for q, d in zip(found, deviations, strict=True) if abs(d) > FAR]
    return tuple(sorted(off, key=lambda pair: -abs(pair[1]))), len(found)


def _described(
    start: ChipProfile, profile: ChipProfile, errors: dict[str, float], unknown: Sequence[str]
) -> ChipProfile:
    """The profile with the evidence of each knob; what was left open keeps the range that the start has for it."""
    ranges = {k: start.ranges[k] for k in start.ranges if k in unknown or k not in errors}
    evidence = {}
    for k, error in errors.items():
        low, high = plausible(profile, k, error)
        ends = (low, high) if low < high else None
        evidence[k] = Evidence("bounded" if k in unknown else "fitted", "measurements of this chip", ends)
    evidence |= {k: e for k, e in start.evidence.items() if k not in evidence}
    return replace(profile, ranges=ranges, evidence=evidence, population=None)


def advice(fitted: joint.Fitted) -> list[str]:
    """What the measurements leave open, and what would settle it, a line each."""
    lines = []
    for one, other, correlation in fitted.alike:
        by = PARAMETERS[one].by
        lines.append(f"{one} and {other} are not separated (correlation {correlation:.3f}); measure: {by}")
    named = {k for pair in fitted.alike for k in pair[:2]}
    for k in fitted.open:
        if k not in named:
            lines.append(f"{k} is not determined; measure: {PARAMETERS[k].by}")
    known = {*fitted.errors, *KNOBS_OF_FLAT}
    missing = [p for p in PARAMETERS.values() if p.knob not in known and p.knob in KNOBS]
    for by in dict.fromkeys(p.by for p in missing):
        knobs = ", ".join(p.knob for p in missing if p.by == by)
        lines.append(f"{knobs}: nothing was measured; measure: {by}")
    return lines


def check_sources(cells: Sequence[Cell], stack: Stack | None, kit: Measurement | None) -> None:
    """Raises ProgramError if there is nothing to fit to."""
    if not cells and stack is None and kit is None:
        raise OptionError(
            "nothing to fit to; give --table FILE.csv, --flat FILE.npz, --measured FILE.json, or several of them"
        )
