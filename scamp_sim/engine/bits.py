"""Machine code of the fast engine for bit planes.

All bit planes lie one after another in one flat uint64 array `b`, 64 PEs a word, the leftmost in the lowest bit, rows
one after another; operands are offsets into it, `count` is the words of a plane. FLAG also lives as one byte a PE, the
form that analog loops want.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import numpy as np

from scamp_sim.engine import ops
from scamp_sim.engine._jit import jit

ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
ZERO = np.uint64(0)
ONE = np.uint64(1)
TOP = np.uint64(63)

COPIES = np.uint64(0x0101010101010101)
DIAGONAL = np.uint64(0x8040201008040201)
GATHER = np.uint64(0x0102040810204080)
LOW_BITS = np.uint64(0x7F7F7F7F7F7F7F7F)


@jit
def linked(b, size, register, i):
    return (b[(register * size + i) >> 6] >> np.uint64(i & 63)) & ONE != ZERO


@jit
def bits_or(b, d, n, s0, s1, s2, s3, flip, count):
    if n == 1:
        for i in range(count):
            b[d + i] = b[s0 + i] ^ flip
    elif n == 2:
        for i in range(count):
            b[d + i] = (b[s0 + i] | b[s1 + i]) ^ flip
    elif n == 3:
        for i in range(count):
            b[d + i] = (b[s0 + i] | b[s1 + i] | b[s2 + i]) ^ flip
    else:
        for i in range(count):
            b[d + i] = (b[s0 + i] | b[s1 + i] | b[s2 + i] | b[s3 + i]) ^ flip


@jit
def bits_fill(b, d, value, count):
    for i in range(count):
        b[d + i] = value


@jit
def bits_merge(b, d, s, gate, count):
    for i in range(count):
        b[d + i] = (b[s + i] & b[gate + i]) | (b[d + i] & ~b[gate + i])


@jit
def from_west(x, before, left, outside):
    return (((x << ONE) | (before >> TOP)) & ~left) | (outside & left)


@jit
def from_east(x, after, right, outside):
    return (((x >> ONE) | (after << TOP)) & ~right) | (outside & right)


@jit
def dnews(b, count, d, s, outside, words):
    """Four shifted copies of the source, each gated by the receiving PE's bit.

    One flat loop over the inner rows (slices here: so many offsets into one array would not vectorise), another over
    the two edge rows. The edge columns, bit planes of their own, get `outside`.
    """
    one = np.uint64(1)
    lo, hi = words, count - words
    south, west = np.uint64(ops.SOUTH) * count, np.uint64(ops.WEST) * count
    north, east = np.uint64(ops.NORTH) * count, np.uint64(ops.EAST) * count
    left, right = np.uint64(ops.LEFT) * count, np.uint64(ops.RIGHT) * count
    out, x = b[d + lo : d + hi], b[s + lo : s + hi]
    before, after = b[s + lo - one : s + hi - one], b[s + lo + one : s + hi + one]
    above, below = b[s : s + hi - lo], b[s + lo + words : s + hi + words]
    take_south, take_west = b[south + lo : south + hi], b[west + lo : west + hi]
    take_north, take_east = b[north + lo : north + hi], b[east + lo : east + hi]
    edge_left, edge_right = b[left + lo : left + hi], b[right + lo : right + hi]
    for i in range(out.size):
        taken = from_west(x[i], before[i], edge_left[i], outside) & take_west[i]
        taken |= from_east(x[i], after[i], edge_right[i], outside) & take_east[i]
        out[i] = taken | (take_north[i] & above[i]) | (take_south[i] & below[i])
    for start in (np.uint64(0), count - words):
        for i in range(start, start + words):
            before_i = b[s + i - one] if i > start else ZERO
            after_i = b[s + i + one] if i + one < start + words else ZERO
            above_i = b[s + i - words] if start > ZERO else outside
            below_i = b[s + i + words] if start == ZERO else outside
            taken = from_west(b[s + i], before_i, b[left + i], outside) & b[west + i]
            taken |= from_east(b[s + i], after_i, b[right + i], outside) & b[east + i]
            b[d + i] = taken | (b[north + i] & above_i) | (b[south + i] & below_i)


@jit
def spread_rows(b, count, d, s, lo, hi, free, outside, words):
    """One step of a flood for the words lo..hi, none of them in the first or last row: d := s or what it takes in R0.

    Slices, because so many offsets into one array would not vectorise.

    `free`: R1..R4 are all ones.
    """
    one = np.uint64(1)
    out, x = b[d + lo : d + hi], b[s + lo : s + hi]
    before, after = b[s + lo - one : s + hi - one], b[s + lo + one : s + hi + one]
    above, below = b[s + lo - words : s + hi - words], b[s + lo + words : s + hi + words]
    mask = b[np.uint64(ops.R0) * count + lo : np.uint64(ops.R0) * count + hi]
    left, right = np.uint64(ops.LEFT) * count, np.uint64(ops.RIGHT) * count
    edge_left, edge_right = b[left + lo : left + hi], b[right + lo : right + hi]
    if free:
        for i in range(out.size):
            taken = from_west(x[i], before[i], edge_left[i], outside) | above[i] | below[i]
            taken |= from_east(x[i], after[i], edge_right[i], outside)
            out[i] = x[i] | (taken & mask[i])
        return
    south, west = np.uint64(ops.SOUTH) * count, np.uint64(ops.WEST) * count
    north, east = np.uint64(ops.NORTH) * count, np.uint64(ops.EAST) * count
    take_south, take_west = b[south + lo : south + hi], b[west + lo : west + hi]
    take_north, take_east = b[north + lo : north + hi], b[east + lo : east + hi]
    for i in range(out.size):
        taken = from_west(x[i], before[i], edge_left[i], outside) & take_west[i]
        taken |= from_east(x[i], after[i], edge_right[i], outside) & take_east[i]
        out[i] = x[i] | ((taken | (take_north[i] & above[i]) | (take_south[i] & below[i])) & mask[i])


@jit
def spread_edge(b, count, d, s, start, outside, words):
    """The same for the words of the first or the last row, which begins at `start`."""
    one, mask = np.uint64(1), np.uint64(ops.R0) * count
    south, west = np.uint64(ops.SOUTH) * count, np.uint64(ops.WEST) * count
    north, east = np.uint64(ops.NORTH) * count, np.uint64(ops.EAST) * count
    left, right = np.uint64(ops.LEFT) * count, np.uint64(ops.RIGHT) * count
    for i in range(start, start + words):
        before = b[s + i - one] if i > start else ZERO
        after = b[s + i + one] if i + one < start + words else ZERO
        above = b[s + i - words] if start > ZERO else outside
        below = b[s + i + words] if start == ZERO else outside
        taken = from_west(b[s + i], before, b[left + i], outside) & b[west + i]
        taken |= from_east(b[s + i], after, b[right + i], outside) & b[east + i]
        taken |= (b[north + i] & above) | (b[south + i] & below)
        b[d + i] = b[s + i] | (taken & b[mask + i])


@jit
def same_row(b, s, d, row, words):
    for i in range(row * words, row * words + words):  # noqa: SIM110  (numba has no generators inside all)
        if b[s + i] != b[d + i]:
            return False
    return True


@jit
def prop(b, count, free, outside, reach, words):
    """R12 takes from its neighbours inside R0, one PE a step, until nothing changes or `reach` steps are done.

    Steps go to and fro between R12 and a scratch plane, and only through the rows at and next to those that the step
    before has changed: all others are the same in both.
    """
    target, scratch = np.uint64(ops.R12) * count, np.uint64(ops.SCRATCH) * count
    rows = count // words
    one, end = np.uint64(1), rows - np.uint64(1)
    for i in range(count):
        b[scratch + i] = b[target + i]
    s, d = target, scratch
    first, last = ZERO, end
    steps = 0
    while reach < 0 or steps < reach:
        lo, hi = max(first, one), min(last, end - one)
        if lo <= hi:
            spread_rows(b, count, d, s, lo * words, (hi + one) * words, free, outside, words)
        if first == ZERO:
            spread_edge(b, count, d, s, ZERO, outside, words)
        if last == end:
            spread_edge(b, count, d, s, end * words, outside, words)
        while first < last and same_row(b, s, d, first, words):
            first += one
        while last > first and same_row(b, s, d, last, words):
            last -= one
        still = same_row(b, s, d, first, words)
        s, d = d, s
        steps += 1
        if still:
            break
        first = first - one if first > ZERO else ZERO
        last = min(last + one, end)
    if s != target:
        for i in range(count):
            b[target + i] = b[scratch + i]


@jit
def matches(x, first, second, rect):
    return first <= x <= second if rect else (x & ~second) == (first & ~second)


@jit
def address(b, size, d, rect, r0, c0, r1, c1, width):
    """Address match of the chip's latches. Chip columns count from the right."""
    words = width // 64
    pattern = np.zeros(words, np.uint64)
    for j in range(width):
        if matches(width - 1 - j, c0, c1, rect):
            pattern[j >> 6] |= ONE << np.uint64(j & 63)
    for row in range(size // width):
        hit = matches(row, r0, r1, rect)
        for w in range(words):
            b[d + row * words + w] = pattern[w] if hit else ZERO


@jit
def move(b, count, d, s, direction, outside, words):
    """d := the neighbour of the source in one direction, 0 south, 1 west, 2 north, 3 east; the planes are not one."""
    one = np.uint64(1)
    if direction == 0 or direction == 2:
        inner, edge = (ZERO, count - words) if direction == 0 else (words, ZERO)
        n = count - words
        out, x = b[d + inner : d + inner + n], b[s + words - inner : s + words - inner + n]
        for i in range(n):
            out[i] = x[i]
        for i in range(words):
            b[d + edge + i] = outside
    elif direction == 1:
        x, before, out = b[s + one : s + count], b[s : s + count - one], b[d + one : d + count]
        left = b[np.uint64(ops.LEFT) * count + one : np.uint64(ops.LEFT) * count + count]
        for i in range(out.size):
            out[i] = from_west(x[i], before[i], left[i], outside)
        b[d] = from_west(b[s], ZERO, ONE, outside)
    else:
        last = count - one
        x, after, out = b[s : s + last], b[s + one : s + count], b[d : d + last]
        right = b[np.uint64(ops.RIGHT) * count : np.uint64(ops.RIGHT) * count + last]
        for i in range(out.size):
            out[i] = from_east(x[i], after[i], right[i], outside)
        b[d + last] = from_east(b[s + last], ZERO, ONE << TOP, outside)


@jit
def flag_pack(flag_octets, flag_words, count):
    """Eight bytes of 0 or 1 become an octet: the multiplication moves each to its own bit of the highest byte."""
    for i in range(count * np.uint64(8)):
        flag_octets[i] = np.uint8((flag_words[i] * GATHER) >> np.uint64(56))


@jit
def flag_unpack(flag_octets, flag_words, count):
    """Each octet of FLAG bits becomes eight bytes of 0 or 1: copy it eight times, keep one bit of each, make that 1."""
    for i in range(count * np.uint64(8)):
        kept = (np.uint64(flag_octets[i]) * COPIES) & DIAGONAL
        flag_words[i] = (((kept & LOW_BITS) + LOW_BITS | kept) >> np.uint64(7)) & COPIES
