"""Measurements of the kit, as a fit compares them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from scamp_sim.silicon.profiles import ChipProfile
from scamp_sim.study.fit.parameters import Row
from scamp_sim.study.kit.plan import LEFT, SERIES
from scamp_sim.study.kit.simulate import Quantity, simulated

SHAPE, REPEATS = (64, 64), 3
"""Of the simulated chips."""

CHIPS = 2
"""Simulated chips that a prediction is a mean of, at least."""

ALIKE = 0.01
"""Share of pattern and noise together by which their parts may be confused: draws of one PE for different words are not
quite independent."""

SKIPPED = {("flat", "mean"), ("flat", "fixed")}
"""What the parts of flat readouts say better."""


class KitSource:
    """Numbers that the kit's reader took from pictures.

    shape: of the measured array.
    """

    def __init__(self, found: Sequence[Quantity], shape: tuple[int, int]) -> None:
        self.found = tuple(q for q in found if (q.series, q.statistic) not in SKIPPED)
        self.shape = shape
        self._series = [s for s in SERIES.values() if any(q.series == s.name for q in self.found)]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(s.name for s in self._series)

    @cached_property
    def measured(self) -> Row:
        return np.array([q.measured for q in self.found])

    @cached_property
    def errors(self) -> Row:
        """Errors of the measurement, and what so few simulated PEs leave open. Repetitions of one shot are too few to
        tell how means scatter; those of a whole series are not."""
        variances = {(*q.key[:4], q.statistic): max(q.measured, 0.05) for q in self.found}
        means: dict[str, list[float]] = {}
        for q in self.found:
            if q.statistic == "mean":
                means.setdefault(q.series, []).append(q.error**2)
        found = []
        for q in self.found:
            own = q.error
            if q.statistic == "mean":
                own = max(own, float(np.mean(means[q.series])) ** 0.5)
            fixed, temporal = (variances.get((*q.key[:4], name), 0.5) for name in ("fixed", "temporal"))
            found.append(np.hypot(own, _chance(q, fixed, temporal)))
        return np.array(found)

    def predict(self, profile: ChipProfile, serial: int) -> Row:
        quiet = profile.changed(readout_common=0)  # what all PEs share averages out in the numbers that count
        found = {q.key: q.measured for q in simulated(quiet, self._series, REPEATS, serial, serial, SHAPE, self.shape)}
        return np.array([found[q.key] for q in self.found])


def _chance(quantity: Quantity, fixed: float, temporal: float) -> float:
    """What so few simulated PEs leave open of a number; fixed, temporal: variances of its pattern and noise."""
    pes = CHIPS * SHAPE[0] * (LEFT if SERIES[quantity.series].travel else SHAPE[1])
    both = fixed + temporal / REPEATS
    match quantity.statistic:
        case "mean":
            return float((both / pes) ** 0.5)
        case "fixed":
            return float((2 / pes) ** 0.5 * both) + ALIKE * (fixed + temporal)
        case "temporal":
            return float((2 / pes / (REPEATS - 1)) ** 0.5 * temporal) + ALIKE * (fixed + temporal)
        case "ones":
            return float(0.5 / pes**0.5)
    return 0.02


__all__ = ["KitSource"]
