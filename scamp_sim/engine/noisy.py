"""Machine code of the fast engine for cells with errors: gain, offset, noise and compression of every analog write.

A write is one loop over a band of PEs, two words that pass a value through NEWS are another; either exists with and
without FLAG, and with and without compression. The loop without compression keeps the largest magnitude that it has
written; only a band that goes beyond the linear range is carried out again, by the loop with it. A destination never
overlaps a source, so a band can be repeated.

Sums are made in the order of `errors.chip`, so that both engines round alike.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import numpy as np

from scamp_sim.engine import ops
from scamp_sim.engine._jit import jit
from scamp_sim.engine.walk import banded, digital, resolve, shifted, whole
from scamp_sim.errors.draws import PURPOSES

BAND = 1024
"""PEs in a band: nine planes of 4 KB. Measured a fifth faster than 2,048."""

_HALF = np.uint32(0xFFFF)
_SHIFT = np.uint32(16)
_BYTES = np.uint32(0x00FF00FF)
_BYTE = np.uint32(8)
_ONE = np.uint32(0xFF)
_ALL = np.uint32(0xFFFFFFFF)
_MEAN = np.int32(255)
_SIGNLESS = np.int32(0x7FFFFFFF)


@jit
def bent(v, linear, reach):
    """`errors.chip.compressed`, for one value."""
    m = abs(v)
    e = min(max(m - linear, np.float32(0)), reach)
    return np.copysign(min(m, linear) + e - e * e / (np.float32(2) * reach), v)


def _single(masked, bending):
    @jit
    def write(f, u, flag, lo, d, s0, s1, old, g, o, addend, factor, first, scale, sd, linear, reach, count):
        """Returns the bits of the largest magnitude written."""
        largest = np.int32(0)
        for i in range(count):
            h = np.uint32(np.uint32(u[lo + i] ^ addend) * factor)
            h = np.uint32(np.uint32((h & first) ^ np.uint32(h >> _SHIFT)) & _HALF)
            z = np.int32(np.int32(h & _ONE) + np.int32(h >> _BYTE) - _MEAN)  # int64 would be slower by half
            v = scale * (f[s0 + i] + f[s1 + i])
            v = v * f[g + i] + f[o + i] + sd * np.float32(z)
            if bending:
                v = bent(v, linear, reach)
            else:
                largest = max(largest, np.int32(np.float32(v).view(np.int32) & _SIGNLESS))
            if masked:
                f[d + i] = v if flag[lo + i] else f[old + i]
            else:
                f[d + i] = v
        return largest

    return write


def _pair(masked, bending):
    @jit
    def write(f, u, flag, lo, d, s0, s1, old, rest, g, o, g2, o2, addend, factor, sd, linear, reach, count):
        """NEWS := -(s0 + s1), then d := -(NEWS + rest). Returns the bits of the largest magnitude of either."""
        first, second = np.int32(0), np.int32(0)
        for i in range(count):
            h = np.uint32(np.uint32(u[lo + i] ^ addend) * factor)
            h = np.uint32(h ^ (h >> _SHIFT))
            t = np.uint32((h & _BYTES) + ((h >> _BYTE) & _BYTES))
            v = -(f[s0 + i] + f[s1 + i])
            v = v * f[g + i] + f[o + i] + sd * np.float32(np.int32(np.int32(t & _HALF) - _MEAN))
            if bending:
                v = bent(v, linear, reach)
            else:
                first = max(first, np.int32(np.float32(v).view(np.int32) & _SIGNLESS))
            v = -(f[rest + i] + v)
            v = v * f[g2 + i] + f[o2 + i] + sd * np.float32(np.int32(np.int32(t >> _SHIFT) - _MEAN))
            if bending:
                v = bent(v, linear, reach)
            else:
                second = max(second, np.int32(np.float32(v).view(np.int32) & _SIGNLESS))
            if masked:
                f[d + i] = v if flag[lo + i] else f[old + i]
            else:
                f[d + i] = v
        return max(first, second)

    return write


_write, _write_masked = _single(False, False), _single(True, False)
_write_bent, _write_masked_bent = _single(False, True), _single(True, True)
_pair_plain, _pair_masked = _pair(False, False), _pair(True, False)
_pair_bent, _pair_masked_bent = _pair(False, True), _pair(True, True)


@jit
def stretch(
    f, u, flag, single, masked, at, d, s0, s1, old, rest, g, o, g2, o2, addend, factor, first, scale, params, count
):
    """Carry out one write on `count` PEs from `at` on; all other operands are offsets of what lies there."""
    linear, reach, sd = params[1], params[2], params[3]
    limit = np.float32(linear).view(np.int32)
    if single and masked:
        if (
            _write_masked(f, u, flag, at, d, s0, s1, old, g, o, addend, factor, first, scale, sd, linear, reach, count)
            > limit
        ):
            _write_masked_bent(
                f, u, flag, at, d, s0, s1, old, g, o, addend, factor, first, scale, sd, linear, reach, count
            )
    elif single:
        if _write(f, u, flag, at, d, s0, s1, old, g, o, addend, factor, first, scale, sd, linear, reach, count) > limit:
            _write_bent(f, u, flag, at, d, s0, s1, old, g, o, addend, factor, first, scale, sd, linear, reach, count)
    elif masked:
        if (
            _pair_masked(f, u, flag, at, d, s0, s1, old, rest, g, o, g2, o2, addend, factor, sd, linear, reach, count)
            > limit
        ):
            _pair_masked_bent(
                f, u, flag, at, d, s0, s1, old, rest, g, o, g2, o2, addend, factor, sd, linear, reach, count
            )
    elif (
        _pair_plain(f, u, flag, at, d, s0, s1, old, rest, g, o, g2, o2, addend, factor, sd, linear, reach, count)
        > limit
    ):
        _pair_bent(f, u, flag, at, d, s0, s1, old, rest, g, o, g2, o2, addend, factor, sd, linear, reach, count)


@jit
def mixed(x):
    """`errors.draws.mixed`."""
    x = np.uint64(x + np.uint64(0x9E3779B97F4A7C15))
    x = np.uint64((x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9))
    x = np.uint64((x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB))
    return np.uint64(x ^ (x >> np.uint64(31)))


@jit
def draw_keys(code, seed, base, keys):
    """Addend and factor of the draws of every row."""
    start = mixed(np.uint64(seed))
    for i in range(code.shape[0]):
        number = np.uint64(base + code[i, ops.NUMBER]) * np.uint64(PURPOSES) + np.uint64(code[i, ops.PURPOSE])
        k = mixed(start ^ number)
        keys[i, 0] = np.uint32(k & np.uint64(0xFFFFFFFF))
        keys[i, 1] = np.uint32((k >> np.uint64(32)) | np.uint64(1))


@jit
def place(code, slots, where):
    """Where the operands of each write lie: d, s0, s1, old, rest, gain and offset of the first and of the second
    word."""
    for i in range(code.shape[0]):
        if code[i, ops.OP] >= ops.WRITE:
            where[i, 0] = slots[code[i, ops.DST]]
            where[i, 1] = slots[code[i, ops.SRC]]
            where[i, 2] = slots[code[i, ops.SRC + 1]]
            where[i, 3] = slots[max(code[i, ops.EXTRA], 0)]
            where[i, 4] = slots[code[i, ops.REST]]
            for k in range(4):
                where[i, 5 + k] = slots[code[i, ops.GAIN + k]]


@jit
def part(f, u, flag, code, i, w, keys, params, lo, hi, step, empty):
    """One write on the PEs lo..hi, its sources coming from `step` PEs on.

    empty: offset of a plane of zeros to take instead, or -1: what comes from outside the array is 0 (Q10).
    """
    s0 = empty if empty >= 0 else w[i, 1] + step
    s1 = empty if empty >= 0 else w[i, 2] + step
    scale = np.float32(code[i, ops.P]) / np.float32(code[i, ops.Q])
    stretch(
        f, u, flag, code[i, ops.OP] != ops.WRITE_PAIR, code[i, ops.EXTRA] >= 0, np.uint64(lo), np.uint64(w[i, 0] + lo),
        np.uint64(s0 + lo), np.uint64(s1 + lo), np.uint64(w[i, 3] + lo), np.uint64(w[i, 4] + lo),
        np.uint64(w[i, 5] + lo), np.uint64(w[i, 6] + lo), np.uint64(w[i, 7] + lo), np.uint64(w[i, 8] + lo),
        keys[i, 0], keys[i, 1], np.uint32(0) if code[i, ops.SECOND] else _ALL, scale, params, np.uint64(hi - lo),
    )  # fmt: skip


@jit
def moved(f, u, flag, code, i, w, keys, params, lo, hi, zeros, size, width):
    """One write from a neighbour on the PEs lo..hi: a flat move, then those that looked beyond an edge are put
    right."""
    row, column = code[i, ops.ROW], code[i, ops.COLUMN]
    step = row * width + column
    first, last = max(lo, -step), min(hi, size - step)
    if last > first:
        part(f, u, flag, code, i, w, keys, params, first, last, step, -1)
    rows = size // width
    for r in range(lo // width, hi // width):
        if r + row < 0 or r + row >= rows:
            part(f, u, flag, code, i, w, keys, params, r * width, (r + 1) * width, 0, zeros)
        elif column < 0:
            part(f, u, flag, code, i, w, keys, params, r * width, r * width - column, 0, zeros)
        elif column > 0:
            part(f, u, flag, code, i, w, keys, params, (r + 1) * width - column, (r + 1) * width, 0, zeros)


@jit
def add_noise(f, u, d, s, addend, factor, sd, count):
    """d := s + noise."""
    for i in range(count):
        h = np.uint32(np.uint32(u[i] ^ addend) * factor)
        h = np.uint32(h ^ (h >> _SHIFT))
        t = np.uint32((h & _BYTES) + ((h >> _BYTE) & _BYTES))
        z = np.int32(np.int32(t & _HALF) - _MEAN)
        f[d + i] = f[s + i] + sd * np.float32(z)


@jit
def walk_noisy(f, u, b, flag, flag_octets, flag_words, code, runs, params, reach, width, slots, order, seed, base):
    """As `walk.walk`, with errors.

    u: the ground of the draws; params: [limit, linear range, how far
    compression reaches beyond it, LSB of a draw, k of blur]; base: number of the
    program's first word.
    """
    limit = params[0]
    size = flag.size
    count = np.uint64(size // 64)
    band = max(1, BAND // width) * width
    offsets = np.empty((code.shape[0], 7), np.uint64)
    factors = np.empty(code.shape[0], np.float32)
    resolve(code, slots, offsets, factors)
    where = np.zeros((code.shape[0], 9), np.int64)
    place(code, slots, where)
    keys = np.empty((code.shape[0], 2), np.uint32)
    draw_keys(code, seed, base, keys)
    zeros = slots[ops.ZERO]
    for k in range(runs.shape[0]):
        first, last = runs[k, 0], runs[k, 1]
        if runs[k, 2]:
            for lo in range(0, size, band):
                hi = min(size, lo + band)
                for i in range(first, last):
                    if code[i, ops.OP] == ops.SHIFT_EAST_WEST:
                        shifted(f, code, i, offsets, limit, size, width, lo, hi)
                    elif code[i, ops.OP] < ops.WRITE:
                        banded(f, flag, code, i, offsets, factors[i], limit, np.uint64(lo), np.uint64(hi - lo))
                    elif code[i, ops.COLUMN] == 0:
                        part(f, u, flag, code, i, where, keys, params, lo, hi, 0, -1)
                    else:
                        moved(f, u, flag, code, i, where, keys, params, lo, hi, zeros, size, width)
        else:
            for i in range(first, last):
                op = code[i, ops.OP]
                if op >= ops.WRITE:
                    for lo in range(0, size, band):
                        moved(f, u, flag, code, i, where, keys, params, lo, min(size, lo + band), zeros, size, width)
                elif op == ops.ADD_NOISE:
                    to, source = np.uint64(slots[code[i, ops.DST]]), np.uint64(slots[code[i, ops.SRC]])
                    sd = np.int32(code[i, ops.P]).view(np.float32)
                    add_noise(f, u, to, source, keys[i, 0], keys[i, 1], sd, np.uint64(size))
                elif op >= ops.BITS_FILL:
                    digital(b, flag, flag_octets, flag_words, code, np.uint64(i), reach, count, width)
                else:
                    whole(f, b, flag, code, np.uint64(i), limit, params[4], size, width, slots)
    before = slots.copy()
    for i in range(order.size):
        slots[i] = before[order[i]]
