"""Filters as numbers: a Laurent polynomial in X (east) and Y (north) evaluated at a random point modulo 2^61 - 1.

A sum of filters is a sum of numbers, a shift a product with X, Y or an inverse, a half a product with 1/2. Equal
numbers are
equal filters but for an error of no practical size, provided that the point is random; every program found is
checked with fractions besides. A second component o, the transfer offset that a value carries in units of one
transfer, rides along as key = value + KAPPA o; a shift leaves o alone.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators
from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from scamp_sim.compiler.filters.kernel import MOVES, PRIME
from scamp_sim.compiler.filters.search.compiled import jit

_P = np.int64(PRIME)
_LOW31 = np.int64((1 << 31) - 1)
_LOW30 = np.int64((1 << 30) - 1)


@jit
def add(a, b):
    s = a + b
    if s >= _P:
        s -= _P
    return s


@jit
def sub(a, b):
    s = a - b
    if s < 0:
        s += _P
    return s


@jit
def half(a):
    if a & 1:
        return (a + _P) >> 1
    return a >> 1


@jit
def mul(a, b):
    a1, a0 = a >> 31, a & _LOW31
    b1, b0 = b >> 31, b & _LOW31
    mid = a1 * b0 + a0 * b1
    low = a0 * b0
    s = ((a1 * b1) << 1) + (mid >> 30) + ((mid & _LOW30) << 31) + (low >> 61) + (low & _P)
    s = (s & _P) + (s >> 61)
    if s >= _P:
        s -= _P
    return s


class Point:
    """A random point. number: 0 for the first proof, 1 for its repetition."""

    def __init__(self, number: int = 0) -> None:
        rng = np.random.Generator(np.random.PCG64(20161 + number))
        self.x, self.y, self.kappa = (int(v) for v in rng.integers(1 << 40, PRIME - 1, size=3))
        powers = []
        for dx, dy in MOVES:
            powers.append(self.power(dx, dy))
        self.moves = np.array(powers, np.int64)
        places = sorted({(a + c, b + d): None for a, b in MOVES for c, d in MOVES})
        self.factors = np.array([self.power(*place) for place in places], np.int64)

    def power(self, dx: int, dy: int) -> int:
        return pow(self.x, dx % (PRIME - 1), PRIME) * pow(self.y, dy % (PRIME - 1), PRIME) % PRIME

    def value(self, taps: Mapping[tuple[int, int], Fraction]) -> int:
        """The number of a filter."""
        total = 0
        for (dx, dy), w in taps.items():
            total += w.numerator * pow(w.denominator, -1, PRIME) % PRIME * self.power(dx, dy)
        return total % PRIME

    def constant(self, o: Fraction) -> int:
        """The number of an offset."""
        return o.numerator * pow(o.denominator, -1, PRIME) % PRIME * self.kappa % PRIME
