"""Machine code of the fast engine for analog planes: small loops over flat arrays.

All analog planes lie one after another in one flat float32 array `f`; operands are offsets into it. FLAG comes as one
byte a PE. Three habits keep the loops at the speed of the cache. Offsets are unsigned: a slice would cost two atomic
operations, a signed index a test per element. A destination never overlaps a source (`lower` renames planes). Each
number of sources has its own loop, because a loop over sources inside does not vectorise.

Sums are clipped to the limit of a register; a single source is within it already.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

from functools import partial

import numpy as np

from scamp_sim.engine import ops
from scamp_sim.engine._jit import jit
from scamp_sim.engine.bits import linked


@jit
def linear(f, d, n, s0, s1, s2, s3, scale, limit, count):
    """d := clip(scale * sum of n sources)."""
    if n == 0:
        for i in range(count):
            f[d + i] = np.float32(0)
    elif n == 1:
        for i in range(count):
            f[d + i] = scale * f[s0 + i]  # |scale| <= 1: within the limit because the source is
    elif n == 2:
        for i in range(count):
            f[d + i] = min(max(scale * (f[s0 + i] + f[s1 + i]), -limit), limit)
    elif n == 3:
        for i in range(count):
            f[d + i] = min(max(scale * (f[s0 + i] + f[s1 + i] + f[s2 + i]), -limit), limit)
    else:
        for i in range(count):
            f[d + i] = min(max(scale * (f[s0 + i] + f[s1 + i] + f[s2 + i] + f[s3 + i]), -limit), limit)


@jit
def linear_masked(f, flag, d, n, s0, s1, s2, s3, old, scale, limit, lo, count):
    """The same where FLAG = 1, else old."""
    if n == 0:
        for i in range(count):
            f[d + i] = np.float32(0) if flag[lo + i] else f[old + i]
    elif n == 1:
        for i in range(count):
            f[d + i] = scale * f[s0 + i] if flag[lo + i] else f[old + i]
    elif n == 2:
        for i in range(count):
            v = min(max(scale * (f[s0 + i] + f[s1 + i]), -limit), limit)
            f[d + i] = v if flag[lo + i] else f[old + i]
    elif n == 3:
        for i in range(count):
            v = min(max(scale * (f[s0 + i] + f[s1 + i] + f[s2 + i]), -limit), limit)
            f[d + i] = v if flag[lo + i] else f[old + i]
    else:
        for i in range(count):
            v = min(max(scale * (f[s0 + i] + f[s1 + i] + f[s2 + i] + f[s3 + i]), -limit), limit)
            f[d + i] = v if flag[lo + i] else f[old + i]


@jit
def subtract(f, d, n, s0, s1, x, limit, count):
    if n == 1:
        for i in range(count):
            f[d + i] = min(max(f[s0 + i] - f[x + i], -limit), limit)
    else:
        for i in range(count):
            v = min(max(f[s0 + i] + f[s1 + i], -limit), limit)
            f[d + i] = min(max(v - f[x + i], -limit), limit)


@jit
def subtract_masked(f, flag, d, s, x, old, limit, lo, count):
    for i in range(count):
        v = min(max(f[s + i] - f[x + i], -limit), limit)
        f[d + i] = v if flag[lo + i] else f[old + i]


@jit
def where(f, flag, n, s0, s1, s2, lo, count):
    """FLAG := sum > 0, in bytes."""
    if n == 1:
        for i in range(count):
            flag[lo + i] = f[s0 + i] > 0
    elif n == 2:
        for i in range(count):
            flag[lo + i] = (f[s0 + i] + f[s1 + i]) > 0
    else:
        for i in range(count):
            flag[lo + i] = (f[s0 + i] + f[s1 + i] + f[s2 + i]) > 0


@jit
def move(f, d, n, s0, s1, x, subtracting, sign, limit, count):
    """d := clip(sign * sum of one or two sources), then minus x; the offsets already hold the way."""
    if not subtracting:
        if n == 1:
            for i in range(count):
                f[d + i] = sign * f[s0 + i]
        else:
            for i in range(count):
                f[d + i] = min(max(sign * (f[s0 + i] + f[s1 + i]), -limit), limit)
    elif n == 1:
        for i in range(count):
            f[d + i] = min(max(sign * f[s0 + i] - f[x + i], -limit), limit)
    else:
        for i in range(count):
            v = min(max(sign * (f[s0 + i] + f[s1 + i]), -limit), limit)
            f[d + i] = min(max(v - f[x + i], -limit), limit)


@partial(jit, counted=False)
def shift(f, size, d, n, s0, s1, x, sign, row, column, limit, width, lo, hi):
    """PEs lo..hi take from (row, column) away: a flat move, after which those that looked beyond an edge are corrected.

    d, s0, s1, x are offsets of whole planes; x < 0: nothing to subtract.
    """
    step = row * width + column
    first = max(lo, -step)
    last = min(hi, size - step)
    if last > first:
        move(
            f,
            np.uint64(d + first),
            n,
            np.uint64(s0 + first + step),
            np.uint64(s1 + first + step),
            np.uint64(max(x, 0) + first),
            x >= 0,
            sign,
            limit,
            np.uint64(last - first),
        )
    rows = size // width
    if row != 0:
        for r in range(lo // width, hi // width):
            if r + row < 0 or r + row >= rows:
                beyond(f, d, x, r * width, (r + 1) * width)
    if column < 0:
        for r in range(lo // width, hi // width):
            beyond(f, d, x, r * width, r * width - column)
    elif column > 0:
        for r in range(lo // width, hi // width):
            beyond(f, d, x, (r + 1) * width - column, (r + 1) * width)


@jit
def beyond(f, d, x, lo, hi):
    """What comes from outside the array is 0 (Q10)."""
    for i in range(lo, hi):
        f[d + i] = np.float32(0) if x < 0 else -f[x + i]


@jit
def accumulate(f, d, n, s0, s1, s2, s3, count):
    """d := sum of n sources, not clipped."""
    if n == 0:
        for i in range(count):
            f[d + i] = np.float32(0)
    elif n == 1:
        for i in range(count):
            f[d + i] = f[s0 + i]
    elif n == 2:
        for i in range(count):
            f[d + i] = f[s0 + i] + f[s1 + i]
    elif n == 3:
        for i in range(count):
            f[d + i] = f[s0 + i] + f[s1 + i] + f[s2 + i]
    else:
        for i in range(count):
            f[d + i] = f[s0 + i] + f[s1 + i] + f[s2 + i] + f[s3 + i]


@jit
def add_shifted(f, size, d, s, row, column, width):
    rows = size // width
    first = max(0, -column)
    count = np.uint64(width - abs(column))
    for r in range(max(0, -row), min(rows, rows - row)):
        to = np.uint64(d + r * width + first)
        source = np.uint64(s + (r + row) * width + column + first)
        for i in range(count):
            f[to + i] += f[source + i]


@jit
def add_scaled(f, d, s, divisor, count):
    for i in range(count):
        f[d + i] += f[s + i] / divisor


@jit
def divide(f, d, s, sign, divisor, count):
    for i in range(count):
        f[d + i] = sign * (f[s + i] / divisor)


@jit
def clip(f, d, limit, count):
    for i in range(count):
        f[d + i] = min(max(f[d + i], -limit), limit)


@jit
def zero_unflagged(f, flag, d, count):
    for i in range(count):
        f[d + i] = f[d + i] if flag[i] else np.float32(0)


@jit
def fill(f, d, value, count):
    for i in range(count):
        f[d + i] = value


@jit
def amplify(f, d, s, factor, black, low, high, count):
    """d := factor * (source - black) + black, within low..high, rounded as the reference engine rounds it."""
    for i in range(count):
        f[d + i] = min(max(factor * (f[s + i] - black) + black, low), high)


@jit
def drift(f, start, rate, seconds, top):
    """`silicon.decay.drifted`, in place.

    start: where the plane begins.
    """
    d, count = np.uint64(start), np.uint64(rate.size)
    for i in range(count):
        f[d + i] = min(max(f[d + i] + rate[i] * seconds, -top), top)


@jit
def fill_masked(f, flag, d, value, count):
    for i in range(count):
        f[d + i] = value if flag[i] else f[d + i]


@jit
def blur(f, b, size, d, s, sign, k, vertical, horizontal, width):
    """One resistive-grid step; R1 links a PE to its south neighbour, R2 to its west neighbour (Q8)."""
    rows = size // width
    for r in range(rows):
        for c in range(width):
            i = r * width + c
            x = f[s + i]
            flux = np.float32(0)
            if vertical:
                if r < rows - 1 and linked(b, size, ops.SOUTH, i):
                    flux += f[s + i + width] - x
                if r > 0 and linked(b, size, ops.SOUTH, i - width):
                    flux -= x - f[s + i - width]
            if horizontal:
                if c > 0 and linked(b, size, ops.WEST, i):
                    flux += f[s + i - 1] - x
                if c < width - 1 and linked(b, size, ops.WEST, i + 1):
                    flux -= x - f[s + i + 1]
            f[d + i] = sign * (x + k * flux)
