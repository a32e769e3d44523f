"""How far measurements determine what was fitted to them: a spread for each knob, and knobs that they cannot tell
apart."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from scamp_sim.silicon.knobs import KNOBS
from scamp_sim.silicon.profiles import ChipProfile
from scamp_sim.study.fit.flat import Parts
from scamp_sim.study.fit.measurements import Cell, Stack, last_digit
from scamp_sim.study.fit.table import Row, free, predict, scaled

STEP = 0.1
"""Of a knob's typical size: how far it is moved to see what it does."""

ALIKE = 0.9
"""Correlation from which two knobs count as not told apart."""

OTHER_CHIPS = tuple(range(21, 29))
"""Serials of chips whose differences count as chance."""


@dataclass(frozen=True)
class Spread:
    """knobs: knob -> standard error in its unit; infinite for one that the measurements leave open. alike: (knob, knob,
    correlation) of pairs of which only a combination is determined."""

    knobs: dict[str, float] = field(default_factory=dict)
    alike: tuple[tuple[str, str, float], ...] = ()


def spread_of_table(
    profile: ChipProfile, cells: Sequence[Cell], chips: Sequence[int] = (1, 2), fixed: Collection[str] = ()
) -> Spread:
    """How far a table determines the knobs of the profile that was fitted to it.

    What the fit leaves of the rows counts as their error, each row's on its own; to it comes by how much chips of one
    profile differ, and the rounding of the knobs. Raises ProgramError if `fixed` leaves no knob.
    """
    names = free(fixed)
    scale, low, high = scaled(names)

    def deviations(x: Row, chips: Sequence[int] = chips) -> Row:
        tried = profile.changed(**dict(zip(names, (x * scale).tolist(), strict=True)))
        # rows with 0 passes have no mean
        pairs = [(p.std_off,) if p.cell.mean is None else (p.mean_off, p.std_off) for p in predict(tried, cells, chips)]
        return np.array([d for pair in pairs for d in pair])

    x = np.clip(np.array([profile[n] for n in names]) / scale, low, high)
    left = deviations(x)
    slopes = np.empty((len(left), len(names)))
    for i, unit in enumerate(np.eye(len(names))):
        down, up = np.clip(x - STEP * unit, low, high), np.clip(x + STEP * unit, low, high)
        slopes[:, i] = (deviations(up) - deviations(down)) / (up[i] - down[i])
    spare = len(left) - len(names)
    if spare < 1:
        return Spread(dict.fromkeys(names, math.inf))
    error = math.sqrt(float(left @ left) / spare)
    _, sizes, directions = np.linalg.svd(slopes, full_matrices=False)
    # a direction that moves nothing is left open: its spread is far beyond any knob's range, and not a division by 0
    inverse = directions / np.maximum(sizes, 1e-6 * max(sizes[0], 1e-12))[:, None]
    covariance = inverse.T @ inverse
    alone = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(alone, alone)
    others = np.array([deviations(x, (chip,)) for chip in OTHER_CHIPS])
    chance = (others @ slopes @ covariance.T).std(axis=0, ddof=1)
    found = {}
    for n, size in zip(names, np.hypot(error * alone, chance) * scale, strict=True):
        found[n] = math.hypot(size, last_digit(profile[n]) / 12**0.5)
        if found[n] > KNOBS[n].high - KNOBS[n].low:
            found[n] = math.inf
    pairs = [(i, j) for i in range(len(names)) for j in range(i) if abs(correlation[i, j]) >= ALIKE]
    return Spread(found, tuple((names[j], names[i], float(correlation[i, j])) for i, j in pairs))


def spread_of_stack(profile: ChipProfile, stack: Stack, measured: Parts) -> Spread:
    """How far a stack determines the knobs of the readout: it holds so many rows, columns, PEs and readouts, no more.

    profile: the one that was fitted. measured: the parts of the stack.
    """
    pes, per_pe = float(stack.valid.sum()), float(len(stack.codes))
    rows, columns = float(stack.valid.any(axis=1).sum()), float(stack.valid.any(axis=0).sum())

    def of(knob: str, variance: float, count: float) -> float:
        """Of a knob that is a root of a difference of variances; upwards, since the knob may be 0."""
        doubt = variance * math.sqrt(2 / max(count - 1, 1))
        return math.sqrt(profile[knob] ** 2 + doubt) - profile[knob]

    pixel = measured.pixel**2 + measured.temporal**2 / per_pe
    row, column = (part**2 + pixel * n / pes for part, n in ((measured.row, rows), (measured.column, columns)))
    mean = math.sqrt(row / rows + column / columns + pixel / pes)
    return Spread(
        {
            "readout_offset": mean,
            "readout_dome": mean,
            "readout_row": of("readout_row", row, rows),
            "readout_column": of("readout_column", column, columns),
            "readout_pixel": of("readout_pixel", pixel, pes),
            "adc_noise": of("adc_noise", measured.temporal**2, pes * (per_pe - 1)),
        }
    )
