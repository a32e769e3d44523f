"""Integers in floating-point weights, and which sums a kernel can give."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scamp_sim.systems.network.params import BITS, Padding
from scamp_sim.systems.network.reading.steps import Array

WITHIN = 1e-4
"""How far a quotient may be from an integer; float32 after batch norm is within about 1e-6. Weights that were float16
are within 2^-10 of the quotient."""

LARGEST = 2 ** (BITS - 1) - 1

TIE = 1e-9
"""Thresholds this near to an integer (relative to it) count as that integer."""


@dataclass(frozen=True)
class Found:
    """weights = scale x integers, or why not.

    integers: int8, of the weights' shape; None where there is no such scale.
    worst: distance to the nearest multiple, in units of the smallest weight.
    """

    integers: npt.NDArray[np.int8] | None
    scale: float
    worst: float = 0.0


def multiples(weights: Array) -> Found:
    """The smallest integers that the weights of one channel are multiples of one scale with, at most 7 bits."""
    size = np.abs(weights)
    largest = float(size.max(initial=0.0))
    if largest == 0:
        return Found(np.zeros(weights.shape, np.int8), 0.0)
    # What float32 leaves of a zero is no smallest weight.
    nonzero = size[size > largest * 1e-6]
    least = float(nonzero.min())
    worst, within = 0.0, WITHIN
    with np.errstate(over="ignore"):
        if np.all(weights == weights.astype(np.float16)):
            within = max(WITHIN, 2**-10 * min(largest / least, LARGEST))
    for parts in range(1, int(LARGEST * least / largest + WITHIN) + 1):
        by = parts / least  # beyond floats for weights that are hardly more than none
        quotient = weights * by if math.isfinite(by) else weights / least * parts
        whole = np.rint(quotient)
        away = float(np.abs(quotient - whole).max())
        worst = away if parts == 1 else worst
        if away <= within:
            # The mean over all weights is better than any single one of them.
            scale = float(np.abs(weights).sum() / np.abs(whole).sum())
            return Found(whole.astype(np.int8), scale)
    quotient = weights / least
    return Found(None, least, float(np.abs(quotient - np.rint(quotient)).max()))


def parities(weights: npt.NDArray[np.int8], padding: Padding, pad_value: int) -> frozenset[int]:
    """Whether sums of a kernel (in, k, k) can be even (0), odd (1) or both: zeros outside take taps away at borders."""
    taps = np.abs(weights.astype(np.int64)).sum(axis=0)
    if pad_value or not any(padding):
        return frozenset({int(taps.sum()) % 2})
    top, left, bottom, right = padding
    rows, columns = taps.shape
    found = set()
    for first in range(min(top, rows - 1) + 1):
        for last in range(min(bottom, rows - 1) + 1):
            for begin in range(min(left, columns - 1) + 1):
                for end in range(min(right, columns - 1) + 1):
                    found.add(int(taps[first : rows - last, begin : columns - end].sum()) % 2)
    return frozenset(found)


def at_least(level: float, strict: bool) -> tuple[int, bool, bool]:
    """The smallest integer that is >= level (> level if strict), whether the level is an integer within `TIE`, and
    whether it is so only by rounding."""
    nearest = round(level)
    tie = abs(level - nearest) <= TIE * max(1.0, abs(level))
    if tie:
        return nearest + int(strict), True, level != nearest
    return int(np.ceil(level)), False, False


__all__ = ["LARGEST", "TIE", "WITHIN", "Found", "at_least", "multiples", "parities"]
