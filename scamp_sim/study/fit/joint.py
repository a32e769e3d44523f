"""The fit: the profile whose simulated measurements come closest to those that were taken.

All measurements are fitted at once, each number in units of its error. A robust loss keeps one bad row from deciding.
What the measurements leave open stays where the base profile has it, because every knob is held there by how far it may
plausibly be off; its error then tells that nothing was learned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon.profiles import ChipProfile
from scamp_sim.study.fit.kept import Predictions
from scamp_sim.study.fit.measurements import rounded
from scamp_sim.study.fit.parameters import Parameter, Row, error_of, free, is_determined, limits, scaled, unscaled

ALIKE = 0.9
"""Correlation from which two knobs count as not separated."""

STEP = 0.1
"""Of a width: how far a knob is moved to see what it does."""

ROUNDS, MOST_STEP = 15, 1.0
"""Steps of the fit at most; how far one may go, in widths."""

ENOUGH = 0.01
"""Widths below which a step ends the fit."""

OTHER_CHIPS = (21, 22, 23, 24, 25, 26)
"""Serials of simulated chips whose differences count as chance."""


class Source(Protocol):
    """Measurements of one kind. name: as in `parameters.FELT_BY`; `measured` and `errors` belong to the numbers that
    `predict` gives."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def measured(self) -> Row: ...
    @property
    def errors(self) -> Row: ...
    def predict(self, profile: ChipProfile, serial: int) -> Row: ...


@dataclass(frozen=True)
class Fitted:
    """What a fit found.

    errors: knob -> error at 95 %.
    open: knobs that the measurements do not determine.
    alike: (knob, knob, correlation) of which only a combination is determined.
    deviations: of every number, in its errors.
    """

    profile: ChipProfile
    errors: Mapping[str, float] = field(default_factory=dict)
    open: tuple[str, ...] = ()
    alike: tuple[tuple[str, str, float], ...] = ()
    deviations: tuple[float, ...] = ()

    @property
    def determined(self) -> tuple[str, ...]:
        return tuple(k for k in self.errors if k not in self.open)


def fit(
    start: ChipProfile,
    sources: Sequence[Source],
    serials: Sequence[int] = (1, 2),
    fixed: Sequence[str] = (),
    advance: Callable[[float], None] = lambda cost: None,
    results: str | Path | None = None,
) -> Fitted:
    """The profile whose predictions deviate least.

    start: where knobs begin, and stay if nothing is known of them.
    serials: simulated chips to predict with.
    fixed: knobs that are kept.
    advance: called with the root mean square deviation after every step.
    results: a file that keeps what simulated chips gave; the same fit goes on from there, to the same profile.

    Raises ProgramError.
    """
    if not sources:
        raise ProgramError("nothing to fit to; give measurements")
    parameters = free([n for s in sources for n in s.names], fixed)
    start = start.changed(**{k: start[k] for k in {*start.ranges, *start.lines}})
    measured = np.concatenate([s.measured for s in sources])
    errors = np.concatenate([s.errors for s in sources])
    low, high = limits(parameters)
    home = np.clip(scaled(parameters, start.knobs), low, high)
    kept = Predictions(results, start, sources, parameters)

    def predict(x: Row, chips: Sequence[int] = serials) -> Row:
        def of_chip(chip: int) -> Row:
            profile = start.changed(**unscaled(parameters, x))
            return np.concatenate([s.predict(profile, chip) for s in sources])

        each = [kept.of(x, c, partial(of_chip, c)) for c in chips]
        return np.asarray(np.mean(each, axis=0), np.float64)

    def slopes(x: Row, here: Row) -> Row:
        found = np.empty((len(measured), len(x)))
        for i in range(len(x)):
            step = STEP if x[i] + STEP <= high[i] else -STEP
            moved = x.copy()
            moved[i] += step
            found[:, i] = (predict(moved) - here) / step
        return found

    x, here = home, predict(home)
    best = _cost(here, measured, errors, x - home)
    hold = 1e-3
    jacobian = slopes(x, here)
    for _ in range(ROUNDS):
        weight = _weights((here - measured) / errors)
        a = jacobian * (weight / errors)[:, None]
        b = (measured - here) / errors * weight
        normal, pull = a.T @ a + np.eye(len(x)), a.T @ b - (x - home)
        while True:
            step = np.linalg.solve(normal + hold * np.diag(np.diag(normal)), pull)
            step *= min(1.0, MOST_STEP / max(np.abs(step).max(), 1e-12))
            tried = np.clip(x + step, low, high)
            there = predict(tried)
            cost = _cost(there, measured, errors, tried - home)
            if cost < best or hold > 1e3:
                break
            hold *= 10
        moved = float(np.abs(tried - x).max())
        if cost >= best:
            break
        x, here, best, hold = tried, there, cost, max(hold / 10, 1e-6)
        advance(float(np.sqrt(np.mean(((here - measured) / errors) ** 2))))
        if moved < ENOUGH:
            break
        jacobian = slopes(x, here)
    z = (here - measured) / errors
    found = _result(start, parameters, x, z, jacobian / errors[:, None], predict, errors, len(serials))
    kept.write()
    return found


def _weights(z: Row) -> Row:
    """Roots of the weights of the soft absolute loss: 1 for small deviations, falling from about two errors on."""
    return np.asarray((1 + (z / 2) ** 2) ** -0.25)


def _cost(here: Row, measured: Row, errors: Row, away: Row) -> float:
    z = (here - measured) / errors
    return float((8 * (np.sqrt(1 + (z / 2) ** 2) - 1)).sum() + (away**2).sum())


def _result(
    start: ChipProfile,
    parameters: Sequence[Parameter],
    x: Row,
    z: Row,
    slopes: Row,
    predict: Callable[[Row, Sequence[int]], Row],
    errors: Row,
    chips: int,
) -> Fitted:
    """Errors from the curvature, from what the fit leaves, and from how much simulated chips differ."""
    weight = _weights(z)
    a = slopes * weight[:, None]
    covariance = np.linalg.inv(a.T @ a + np.eye(len(x)))
    spare = max(len(z) - len(x), 1)
    left = max(1.0, float(((weight * z) ** 2).sum()) / spare)
    others = np.array([predict(x, (chip,)) for chip in OTHER_CHIPS]) / errors * weight
    chance = covariance @ a.T @ (others - others.mean(axis=0)).T
    variance = np.diag(covariance) * left + chance.var(axis=1, ddof=1) / chips
    sd = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(sd, sd)
    found, unknown = {}, []
    for p, value, v in zip(parameters, x.tolist(), variance.tolist(), strict=True):
        found[p.knob] = error_of(p, value, min(v, 1.0) ** 0.5)
        if not is_determined(p, found[p.knob]):
            unknown.append(p.knob)
    pairs = [(i, j) for i in range(len(x)) for j in range(i) if abs(correlation[i, j]) >= ALIKE]
    alike = tuple((parameters[j].knob, parameters[i].knob, float(correlation[i, j])) for i, j in pairs)
    knobs = {k: rounded(v) for k, v in unscaled(parameters, x).items()}
    return Fitted(start.changed(**knobs), found, tuple(unknown), alike, tuple(z.tolist()))
