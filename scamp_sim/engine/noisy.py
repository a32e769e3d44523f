"""Machine code of the fast engine for cells with errors: gain, offset, noise and compression of every analog write.

A write is one loop over a band of PEs, two words that pass a value through NEWS are another. Each exists with and
without FLAG; without FLAG also without the second source and without what the second word adds, because planes of
zeros cost as much as others. Loops leave compression out and keep the largest magnitude that they have met; a band that
goes beyond the linear range is carried out again, by a loop with compression, and the next band of the same write
begins with that loop. A destination never overlaps a source, so a band can be repeated.

Sums are made in the order of `errors.chip`, so that both engines round alike.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

from functools import partial

import numpy as np

from scamp_sim.engine import ops
from scamp_sim.engine._jit import jit
from scamp_sim.engine.walk import banded, digital, resolve, shifted, whole
from scamp_sim.silicon.draws import PURPOSES

BAND = 768
"""PEs in a band: the first-level cache holds ten planes of 3 KB. Two words need seven, and a call costs 30 ns."""

_SHIFT = np.uint32(16)
_TOP = np.uint32(0xFFFF0000)
_BYTES = np.uint32(0x00FF00FF)
_BYTE = np.uint32(8)
_HALF = np.uint32(0xFFFF)
_MEAN = np.int32(510)
_SIGNLESS = np.int32(0x7FFFFFFF)

# The table of writes: a cache line of ENTRY numbers, uint32, for each row of the code, behind one that holds for all.
# It has all that a loop needs, because numba passes an array as seven arguments, which took longer than the loop.
GROUND, LINEAR, REACH, SD = (np.uint64(n) for n in range(4))
"""Of all: where the ground of the draws begins; bits of three parameters."""
KIND, LIMIT, DST, SRC, SRC2, OLD, REST, GAIN, OFFSET, GAIN2, OFFSET2, ADDEND, FACTOR, SCALE, BENT = (
    np.uint64(n) for n in range(15)
)
"""Of one: what it is, 0 if no write; bits of the magnitude up to which nothing is compressed; where planes begin; the
key of its draws; bits of a factor; whether its last band was compressed."""
ENTRY = np.uint64(16)

WRITE, PAIR, TWO, ADDS, MASKED, SECOND, MOVED, STILL = (np.uint32(1 << n) for n in range(8))
"""What KIND is made of: a write; of two words, from a second source, something that the second word adds, FLAG; with
the second draw of a hash; from a neighbour, and the second source from the PE itself."""

NO_FLAG = np.uint64(0)
"""What loops that do not look at FLAG are given for it: an array would be seven arguments more."""


@jit
def _number(bits):
    return np.uint32(bits).view(np.float32)


@jit
def _plane(t, r, name, lo):
    return np.uint64(t[r + name]) + lo


@jit
def bent(v, linear, reach):
    """`errors.chip.compressed`, for one value."""
    m = abs(v)
    e = min(max(m - linear, np.float32(0)), reach)
    return np.copysign(min(m, linear) + e - e * e / (np.float32(2) * reach), v)


@jit
def other(h):
    """The second draw of a hash: its lower half, mixed with the upper."""
    return np.uint32(np.uint32(h << _SHIFT) ^ np.uint32(h & _TOP))


def _single(masked, bending, two):
    @jit
    def write(f, flag, t, r, step, lo, count):
        """Returns the bits of the largest magnitude before compression."""
        d, s0, s1 = _plane(t, r, DST, lo), _plane(t, r, SRC, lo + step), _plane(t, r, SRC2, lo + step)
        old, g, o = _plane(t, r, OLD, lo), _plane(t, r, GAIN, lo), _plane(t, r, OFFSET, lo)
        u, addend, factor = _plane(t, GROUND, np.uint64(0), lo), t[r + ADDEND], t[r + FACTOR]
        linear, reach, sd = _number(t[LINEAR]), _number(t[REACH]), _number(t[SD])
        scale, second = _number(t[r + SCALE]), t[r + KIND] & SECOND != 0
        largest = np.int32(0)
        for i in range(count):
            h = np.uint32(np.uint32(np.float32(f[u + i]).view(np.uint32) ^ addend) * factor)
            if second:
                h = other(h)
            v = scale * (f[s0 + i] + f[s1 + i]) if two else scale * f[s0 + i]
            v = v * f[g + i] + f[o + i] + sd * np.float32(np.int32(h))
            largest = max(largest, np.int32(np.float32(v).view(np.int32) & _SIGNLESS))
            if bending:
                v = bent(v, linear, reach)
            if masked:
                f[d + i] = v if flag[lo + i] else f[old + i]
            else:
                f[d + i] = v
        return largest

    return write


def _pair(masked, bending, two, adds):
    checked = bending or masked or adds

    @jit
    def write(f, flag, t, r, step, lo, count):
        """NEWS := -(s0 + s1), then d := -(NEWS + rest). Returns the bits of the largest magnitude of either before
        compression, or only of d where nothing is added."""
        d, s0, s1 = _plane(t, r, DST, lo), _plane(t, r, SRC, lo + step), _plane(t, r, SRC2, lo + step)
        old, g, o = _plane(t, r, OLD, lo), _plane(t, r, GAIN, lo), _plane(t, r, OFFSET, lo)
        rest, g2, o2 = _plane(t, r, REST, lo), _plane(t, r, GAIN2, lo), _plane(t, r, OFFSET2, lo)
        u, addend, factor = _plane(t, GROUND, np.uint64(0), lo), t[r + ADDEND], t[r + FACTOR]
        linear, reach, sd = _number(t[LINEAR]), _number(t[REACH]), _number(t[SD])
        first, second = np.int32(0), np.int32(0)
        for i in range(count):
            h = np.uint32(np.uint32(np.float32(f[u + i]).view(np.uint32) ^ addend) * factor)
            v = -(f[s0 + i] + f[s1 + i]) if two else -f[s0 + i]
            v = v * f[g + i] + f[o + i] + sd * np.float32(np.int32(h))
            if checked:
                first = max(first, np.int32(np.float32(v).view(np.int32) & _SIGNLESS))
            if bending:
                v = bent(v, linear, reach)
            v = -(f[rest + i] + v) if adds else -v
            v = v * f[g2 + i] + f[o2 + i] + sd * np.float32(np.int32(other(h)))
            second = max(second, np.int32(np.float32(v).view(np.int32) & _SIGNLESS))
            if bending:
                v = bent(v, linear, reach)
            if masked:
                f[d + i] = v if flag[lo + i] else f[old + i]
            else:
                f[d + i] = v
        return max(first, second)

    return write


_one, _two = _single(False, False, False), _single(False, False, True)
_masked, _bent, _masked_bent = _single(True, False, True), _single(False, True, True), _single(True, True, True)
_pair_one, _pair_two = _pair(False, False, False, False), _pair(False, False, True, False)
_pair_one_adds, _pair_two_adds = _pair(False, False, False, True), _pair(False, False, True, True)
_pair_masked = _pair(True, False, True, True)
_pair_bent, _pair_masked_bent = _pair(False, True, True, True), _pair(True, True, True, True)


@partial(jit, counted=False)
def bending(f, flag, t, r, step, lo, count):
    """Carry out the write of entry `r` with compression, and note whether it needed any."""
    kind = t[r + KIND]
    if kind & PAIR and kind & MASKED:
        largest = _pair_masked_bent(f, flag, t, r, step, lo, count)
    elif kind & PAIR:
        largest = _pair_bent(f, NO_FLAG, t, r, step, lo, count)
    elif kind & MASKED:
        largest = _masked_bent(f, flag, t, r, step, lo, count)
    else:
        largest = _bent(f, NO_FLAG, t, r, step, lo, count)
    t[r + BENT] = largest > np.int32(t[LINEAR])


@partial(jit, inline="always", counted=False)
def write(f, flag, t, r, step, lo, count):
    """Carry out the write of the table's entry `r` on `count` PEs from `lo` on, its sources `step` PEs away."""
    kind = t[r + KIND] & (PAIR | TWO | ADDS | MASKED)
    if t[r + BENT]:
        largest = np.int32(_SIGNLESS)
    elif kind == PAIR:
        largest = _pair_one(f, NO_FLAG, t, r, step, lo, count)
    elif kind == PAIR | TWO:
        largest = _pair_two(f, NO_FLAG, t, r, step, lo, count)
    elif kind == PAIR | ADDS:
        largest = _pair_one_adds(f, NO_FLAG, t, r, step, lo, count)
    elif kind == PAIR | TWO | ADDS:
        largest = _pair_two_adds(f, NO_FLAG, t, r, step, lo, count)
    elif kind & PAIR:
        largest = _pair_masked(f, flag, t, r, step, lo, count)
    elif kind & MASKED:
        largest = _masked(f, flag, t, r, step, lo, count)
    elif kind & TWO:
        largest = _two(f, NO_FLAG, t, r, step, lo, count)
    else:
        largest = _one(f, NO_FLAG, t, r, step, lo, count)
    if largest > np.int32(t[r + LIMIT]):
        bending(f, flag, t, r, step, lo, count)


@jit
def write_empty(f, flag, t, r, lo, apart, count):
    """The same for `count` PEs, each `apart` from the one before, whose sources are outside the array: 0 (Q10)."""
    still = t[r + KIND] & STILL != 0
    linear, reach, sd = _number(t[LINEAR]), _number(t[REACH]), _number(t[SD])
    for n in range(count):
        i = np.uint64(lo) + np.uint64(n) * apart
        ground = np.float32(f[_plane(t, GROUND, np.uint64(0), i)]).view(np.uint32)
        h = np.uint32(np.uint32(ground ^ t[r + ADDEND]) * t[r + FACTOR])
        if t[r + KIND] & SECOND:
            h = other(h)
        own = -f[_plane(t, r, REST, i)] if still else np.float32(0)
        v = own * f[_plane(t, r, GAIN, i)] + f[_plane(t, r, OFFSET, i)] + sd * np.float32(np.int32(h))
        v = bent(v, linear, reach)
        if t[r + KIND] & PAIR:
            v = -(f[_plane(t, r, REST, i)] + v)
            v = v * f[_plane(t, r, GAIN2, i)] + f[_plane(t, r, OFFSET2, i)] + sd * np.float32(np.int32(other(h)))
            v = bent(v, linear, reach)
        if t[r + KIND] & MASKED and not flag[i]:
            v = f[_plane(t, r, OLD, i)]
        f[_plane(t, r, DST, i)] = v


@jit
def mixed(x):
    """`errors.draws.mixed`."""
    x = np.uint64(x + np.uint64(0x9E3779B97F4A7C15))
    x = np.uint64((x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9))
    x = np.uint64((x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB))
    return np.uint64(x ^ (x >> np.uint64(31)))


@jit
def draw_key(code, i, start, base):
    """(addend, factor) of the draws of row i.

    start: the seed, mixed.
    """
    number = np.uint64(base + code[i, ops.NUMBER]) * np.uint64(PURPOSES) + np.uint64(code[i, ops.PURPOSE])
    k = mixed(start ^ number)
    return np.uint32(k & np.uint64(0xFFFFFFFF)), np.uint32((k >> np.uint64(32)) | np.uint64(1))


@jit
def bits_of(number):
    return np.float32(number).view(np.uint32)


@jit
def entries(code, slots, params, seed, base, width):
    """The table of writes, uint32."""
    t = np.zeros(np.uint64(code.shape[0] + 1) * ENTRY, np.uint32)
    t[GROUND] = slots[ops.GROUND]
    t[LINEAR], t[REACH], t[SD] = bits_of(params[1]), bits_of(params[2]), bits_of(params[3])
    start = mixed(np.uint64(seed))
    for i in range(code.shape[0]):
        if code[i, ops.OP] < ops.WRITE:
            continue
        r = np.uint64(i + 1) * ENTRY
        kind = WRITE
        if code[i, ops.OP] == ops.WRITE_PAIR:
            kind |= PAIR
        else:
            t[r + SCALE] = bits_of(np.float32(code[i, ops.P]) / np.float32(code[i, ops.Q]))
        if code[i, ops.SRC + 1] != ops.ZERO:
            kind |= TWO
        still = kind & PAIR == 0 and code[i, ops.REST] != ops.ZERO
        if still:
            kind |= STILL | TWO
        elif code[i, ops.REST] != ops.ZERO:
            kind |= ADDS
        if code[i, ops.EXTRA] >= 0:
            kind |= MASKED
        if code[i, ops.SECOND]:
            kind |= SECOND
        if code[i, ops.ROW] or code[i, ops.COLUMN]:
            kind |= MOVED
        t[r + KIND] = kind
        t[r + LIMIT] = code[i, ops.P] if kind & (PAIR | ADDS | MASKED) == PAIR else t[LINEAR]
        t[r + DST], t[r + SRC], t[r + SRC2] = (
            slots[code[i, ops.DST]],
            slots[code[i, ops.SRC]],
            slots[code[i, ops.SRC + 1]],
        )
        t[r + OLD], t[r + REST] = slots[max(code[i, ops.EXTRA], 0)], slots[code[i, ops.REST]]
        if still:  # the loop will add the way of the first source to both
            t[r + SRC2] = slots[code[i, ops.REST]] - (code[i, ops.ROW] * width + code[i, ops.COLUMN])
        t[r + GAIN], t[r + OFFSET] = slots[code[i, ops.GAIN]], slots[code[i, ops.OFFSET]]
        t[r + GAIN2], t[r + OFFSET2] = slots[code[i, ops.GAIN + 2]], slots[code[i, ops.OFFSET + 2]]
        t[r + ADDEND], t[r + FACTOR] = draw_key(code, i, start, base)
    return t


@partial(jit, counted=False)
def moved(f, flag, code, i, t, lo, hi, size, width):
    """One write from a neighbour on the rows lo..hi, in PEs: a flat move, then those that looked beyond an edge are put
    right."""
    row, column = code[i, ops.ROW], code[i, ops.COLUMN]
    step = row * width + column
    first, last = max(lo, -step), min(hi, size - step)
    r = np.uint64(i + 1) * ENTRY
    if last > first:
        write(f, flag, t, r, np.uint64(step), np.uint64(first), np.uint64(last - first))
    if row:
        top, bottom = max(lo, size - row * width), min(hi, -row * width)
        for begin, end in ((lo, bottom), (top, hi)):
            if end > begin:
                write_empty(f, flag, t, r, begin, np.uint64(1), end - begin)
    for c in range(width - column, width) if column > 0 else range(-column):
        write_empty(f, flag, t, r, lo + c, np.uint64(width), (hi - lo) // width)


@jit
def _four_bytes(bits):
    """The sum of the four bytes of a hash, mixed once more, about 0."""
    h = np.uint32(bits ^ (bits >> _SHIFT))
    t = np.uint32((h & _BYTES) + ((h >> _BYTE) & _BYTES))
    return np.float32(np.int32(np.int32(t & _HALF) + np.int32(t >> _SHIFT) - _MEAN))


@jit
def add_noise(f, u, d, s, addend, factor, sd, count):
    """d := s + noise. In place it is a loop of its own: what might overlap would not vectorise."""
    if d == s:
        for i in range(count):
            h = np.uint32(np.uint32(np.float32(f[u + i]).view(np.uint32) ^ addend) * factor)
            f[d + i] += sd * _four_bytes(h)
    else:
        for i in range(count):
            h = np.uint32(np.uint32(np.float32(f[u + i]).view(np.uint32) ^ addend) * factor)
            f[d + i] = f[s + i] + sd * _four_bytes(h)


@partial(jit, counted=False)
def bands(f, flag, code, table, offsets, factors, first, last, limit, size, width, band):
    """Rows first..last of the code, band by band."""
    for lo in range(0, size, band):
        hi = min(size, lo + band)
        for i in range(first, last):
            r = np.uint64(i + 1) * ENTRY
            if table[r + KIND] & (WRITE | MOVED) == WRITE:
                write(f, flag, table, r, np.uint64(0), np.uint64(lo), np.uint64(hi - lo))
            elif table[r + KIND]:
                moved(f, flag, code, i, table, lo, hi, size, width)
            elif code[i, ops.OP] == ops.SHIFT_EAST_WEST:
                shifted(f, code, i, offsets, limit, size, width, lo, hi)
            else:
                banded(f, flag, code, i, offsets, factors[i], limit, np.uint64(lo), np.uint64(hi - lo))


@jit
def walk_noisy(f, b, flag, flag_octets, flag_words, code, runs, params, reach, width, slots, order, seed, base):
    """As `walk.walk`, with errors.

    params: [limit, linear range, how far compression reaches beyond it, LSB of a draw, k of blur].
    base: number of the program's first word.
    """
    limit = params[0]
    size = flag.size
    count = np.uint64(size // 64)
    band = max(1, BAND // width) * width
    offsets = np.empty((code.shape[0], 7), np.uint64)
    factors = np.empty(code.shape[0], np.float32)
    resolve(code, slots, offsets, factors)
    table = entries(code, slots, params, seed, base, width)
    start = mixed(np.uint64(seed))
    for k in range(runs.shape[0]):
        first, last = runs[k, 0], runs[k, 1]
        if runs[k, 2]:
            bands(f, flag, code, table, offsets, factors, first, last, limit, size, width, band)
        else:
            for i in range(first, last):
                op = code[i, ops.OP]
                if op >= ops.WRITE:
                    moved(f, flag, code, i, table, 0, size, size, width)
                elif op == ops.ADD_NOISE:
                    to, source = np.uint64(slots[code[i, ops.DST]]), np.uint64(slots[code[i, ops.SRC]])
                    sd = np.int32(code[i, ops.P]).view(np.float32)
                    addend, factor = draw_key(code, i, start, base)
                    add_noise(f, np.uint64(slots[ops.GROUND]), to, source, addend, factor, sd, np.uint64(size))
                elif op >= ops.BITS_FILL:
                    digital(b, flag, flag_octets, flag_words, code, np.uint64(i), reach, count, width)
                else:
                    whole(f, b, flag, code, np.uint64(i), limit, params[4], size, width, slots)
    before = slots.copy()
    for i in range(order.size):
        slots[i] = before[order[i]]


@jit
def fill_keys(table, code, rows, seed, base):
    """The keys of the draws of some rows of the code, in a table of four numbers a row behind four others."""
    start = mixed(np.uint64(seed))
    for n in range(rows.size):
        table[4 * n + 4], table[4 * n + 5] = draw_key(code, rows[n], start, base)
