"""Distributions and intervals of the results of a study, in plain arithmetic.

Chips are what is drawn independently, noise included; seeds of one chip share its pattern, and items its clips. So
every distribution is one over chips, of means within each chip, and its interval is Student's t over the chips. Where
there is one chip, or one proportion, there is nothing to vary over but the trials; then it is Wilson's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LEVEL = 0.95
"""Confidence of all intervals."""

Z = 1.959963984540054
"""Quantile of the normal distribution that leaves (1 - LEVEL) / 2 above."""

PERCENTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True)
class Interval:
    """Where the true value lies with a confidence of 95 %.

    method: how that was worked out, in words.
    """

    low: float
    high: float
    method: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {"low": tidy(self.low), "high": tidy(self.high), "method": self.method}


@dataclass(frozen=True)
class Distribution:
    """Values of n chips.

    sd: with n - 1 in the denominator, None for one value.
    percentiles: percent -> value, linear between neighbours.
    interval: of the mean, None where there is no telling.
    """

    n: int
    mean: float
    sd: float | None
    low: float
    high: float
    percentiles: dict[int, float]
    interval: Interval | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "n": self.n,
            "mean": tidy(self.mean),
            "sd": None if self.sd is None else tidy(self.sd),
            "min": tidy(self.low),
            "max": tidy(self.high),
            "percentiles": {str(p): tidy(v) for p, v in self.percentiles.items()},
            "interval_95": None if self.interval is None else self.interval.as_dict(),
        }


def tidy(value: float) -> float:
    """A value with nine digits: what the order of a sum does to it is beyond them."""
    return float(f"{value:.9g}")


def distribution(values: Sequence[float], bounds: tuple[float, float] | None = None) -> Distribution:
    """The distribution of one value a chip.

    bounds: what cannot be exceeded, such as (0, 1) for shares; the interval ends there.

    Raises ValueError without values.
    """
    if not len(values):
        raise ValueError("no values")
    found = np.asarray(values, np.float64)
    n, mean = len(found), math.fsum(found) / len(found)
    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in found.tolist()) / (n - 1)) if n > 1 else None
    interval = None
    if spread is not None:
        half = t_quantile(n - 1) * spread / math.sqrt(n)
        low, high = (-math.inf, math.inf) if bounds is None else bounds
        interval = Interval(max(low, mean - half), min(high, mean + half), f"Student's t over {n} chips")
    percentiles = dict(zip(PERCENTILES, np.percentile(found, PERCENTILES).tolist(), strict=True))
    return Distribution(n, mean, spread, float(found.min()), float(found.max()), percentiles, interval)


def distribution_table(rows: Mapping[str, Distribution], show: Callable[[float], str], head: str = "") -> str:
    """Distributions as a table, a line each.

    show: a value in words.
    head: what the lines are.
    """
    from scamp_sim.text import table

    def cells(name: str, d: Distribution) -> list[str]:
        interval = "-" if d.interval is None else f"{show(d.interval.low)} .. {show(d.interval.high)}"
        spread = "-" if d.sd is None else show(d.sd)
        p = d.percentiles
        return [name, show(d.mean), interval, spread, *map(show, (d.low, p[5], p[50], p[95], d.high))]

    columns = (head, "mean", "95 % interval", "sd", "min", "5 %", "median", "95 %", "max")
    return table(columns, [cells(name, d) for name, d in rows.items()], "<" + ">" * (len(columns) - 1))


def wilson(share: float, trials: int, what: str = "trials") -> Interval:
    """Wilson's score interval of a proportion, 0 .. 1, of so many independent trials. Raises ValueError for 0."""
    if trials < 1 or not 0 <= share <= 1:
        raise ValueError(f"{share} of {trials}")
    z2 = Z * Z / trials
    middle, half = share + z2 / 2, Z * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials))
    # the ends of all and none are exact; rounding would put them beyond
    low = 0.0 if share == 0 else (middle - half) / (1 + z2)
    high = 1.0 if share == 1 else (middle + half) / (1 + z2)
    return Interval(low, high, f"Wilson over {trials} {what}")


def t_quantile(freedom: int, level: float = LEVEL) -> float:
    """The value that Student's t with so many degrees of freedom stays within, either side, with this probability."""
    low, high = 0.0, 1.0
    while _t_within(high, freedom) < level:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if _t_within(middle, freedom) < level else (low, middle)
    return high


def _t_within(t: float, freedom: int) -> float:
    """P(|T| < t): the finite sums for whole degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(freedom))
    square = math.cos(angle) ** 2
    odd = freedom % 2
    total = term = (math.cos(angle) if freedom > 1 else 0.0) if odd else 1.0
    for k in range(3 if odd else 2, freedom - 1, 2):
        term *= square * (k - 1) / k
        total += term
    return 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total


__all__ = ["Distribution", "Interval", "distribution", "distribution_table", "t_quantile", "tidy", "wilson"]
