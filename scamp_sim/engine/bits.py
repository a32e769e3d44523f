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
def prop(b, count, outside, reach, words):
    """R12 takes from its neighbours inside R0, one PE a step, until nothing changes or `reach` steps are done."""
    target, scratch, mask = np.uint64(ops.R12) * count, np.uint64(ops.SCRATCH) * count, np.uint64(ops.R0) * count
    steps = 0
    while reach < 0 or steps < reach:
        dnews(b, count, scratch, target, outside, words)
        changed = ZERO
        for i in range(count):
            new = b[target + i] | (b[scratch + i] & b[mask + i])
            changed |= new ^ b[target + i]
            b[target + i] = new
        steps += 1
        if changed == ZERO:
            break


@jit
def address(b, size, d, rect, r0, c0, r1, c1, width):
    """Address match of the chip's latches. Chip columns count from the right."""
    words = width // 64
    for row in range(size // width):
        hit = (r0 <= row <= r1) if rect else ((row & ~r1) == (r0 & ~r1))
        for w in range(words):
            value = ZERO
            if hit:
                for j in range(64):
                    c = width - 1 - (w * 64 + j)
                    if (c0 <= c <= c1) if rect else ((c & ~c1) == (c0 & ~c1)):
                        value |= ONE << np.uint64(j)
            b[d + row * words + w] = value


@jit
def flag_pack(b, flag, count):
    out = np.uint64(ops.FLAG) * count
    for i in range(count):
        value = ZERO
        for j in range(np.uint64(64)):
            value |= np.uint64(flag[np.uint64(64) * i + j]) << j
        b[out + i] = value


@jit
def flag_unpack(flag_octets, flag_words, count):
    """Each octet of FLAG bits becomes eight bytes of 0 or 1: copy it eight times, keep one bit of each, make that 1."""
    for i in range(count * np.uint64(8)):
        kept = (np.uint64(flag_octets[i]) * COPIES) & DIAGONAL
        flag_words[i] = (((kept & LOW_BITS) + LOW_BITS | kept) >> np.uint64(7)) & COPIES
