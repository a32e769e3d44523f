"""The machine code of the fast engine: small loops over flat planes, and the walk that calls them.

All analog planes lie one after another in one flat float32 array `f`, all bit planes in one flat uint64 array `b`
with 64 PEs a word, the leftmost in the lowest bit. FLAG also lives as one byte a PE, the form that analog loops want;
`lower` inserts the conversions.

Three habits keep the loops at the speed of the cache. Operands are unsigned offsets into the flat array: a slice would
cost two atomic operations, a signed index a test per element. A destination never overlaps a source (`lower`
renames planes). Each number of sources has its own loop, because a loop over sources inside does not vectorise.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import numpy as np

from scamp_sim.engine import ops
from scamp_sim.engine._jit import jit

BAND = 2048
"""PEs in a band. Three planes of 8 KB fit the first-level cache: measured 2.3 times faster than whole planes."""

ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
ZERO = np.uint64(0)
ONE = np.uint64(1)
TOP = np.uint64(63)

COPIES = np.uint64(0x0101010101010101)
DIAGONAL = np.uint64(0x8040201008040201)
LOW_BITS = np.uint64(0x7F7F7F7F7F7F7F7F)


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


@jit
def shift(f, size, d, n, s0, s1, x, sign, row, column, limit, width, lo, hi):
    """PEs lo..hi take from (row, column) away: a flat move, after which those that looked beyond an edge are put right.

    d, s0, s1, x are offsets of whole planes; x < 0: nothing to subtract.
    """
    step = row * width + column
    first = max(lo, -step)
    last = min(hi, size - step)
    if last > first:
        move(
            f, np.uint64(d + first), n, np.uint64(s0 + first + step), np.uint64(s1 + first + step),
            np.uint64(max(x, 0) + first), x >= 0, sign, limit, np.uint64(last - first),
        )  # fmt: skip
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
                if r < rows - 1 and linked(b, size, 1, i):
                    flux += f[s + i + width] - x
                if r > 0 and linked(b, size, 1, i - width):
                    flux -= x - f[s + i - width]
            if horizontal:
                if c > 0 and linked(b, size, 2, i):
                    flux += f[s + i - 1] - x
                if c < width - 1 and linked(b, size, 2, i + 1):
                    flux -= x - f[s + i + 1]
            f[d + i] = sign * (x + k * flux)


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
    south, west, north, east = (np.uint64(1) * count, np.uint64(2) * count, np.uint64(3) * count, np.uint64(4) * count)
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
    target, scratch = np.uint64(12) * count, np.uint64(ops.SCRATCH) * count
    steps = 0
    while reach < 0 or steps < reach:
        dnews(b, count, scratch, target, outside, words)
        changed = ZERO
        for i in range(count):
            new = b[target + i] | (b[scratch + i] & b[i])
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


@jit
def banded(f, flag, code, i, limit, size, width, slots, lo, hi):
    """Row i of the code, one of the row-by-row operations, on the PEs lo..hi."""
    op = code[i, 0]
    n = code[i, 2]
    d = slots[code[i, 1]]
    s0 = slots[code[i, 3]]
    s1 = slots[code[i, 4]]
    if op == ops.SHIFT_EAST_WEST or op == ops.SHIFT:
        x = slots[code[i, 7]] if code[i, 7] >= 0 else -1
        sign = np.float32(code[i, 8])
        shift(f, size, d, n, s0, s1, x, sign, code[i, 9], code[i, 10], limit, width, lo, hi)
        return
    at = np.uint64(lo)
    count = np.uint64(hi - lo)
    to, a, c = np.uint64(d) + at, np.uint64(s0) + at, np.uint64(s1) + at
    e, g = np.uint64(slots[code[i, 5]]) + at, np.uint64(slots[code[i, 6]]) + at
    x = np.uint64(slots[max(code[i, 7], 0)]) + at
    if op == ops.LINEAR:
        linear(f, to, n, a, c, e, g, np.float32(code[i, 8]) / np.float32(code[i, 9]), limit, count)
    elif op == ops.LINEAR_MASKED:
        scale = np.float32(code[i, 8]) / np.float32(code[i, 9])
        linear_masked(f, flag, to, n, a, c, e, g, x, scale, limit, at, count)
    elif op == ops.SUBTRACT:
        subtract(f, to, n, a, c, x, limit, count)
    elif op == ops.SUBTRACT_MASKED:
        old = np.uint64(slots[code[i, 8]]) + at
        subtract_masked(f, flag, to, a, x, old, limit, at, count)
    else:
        where(f, flag, n, a, c, e, at, count)


@jit
def digital(b, flag, flag_octets, flag_words, code, i, reach, count, width):
    """Row i of the code, one of the operations on bits; `count` words a plane."""
    op = code[i, 0]
    d = np.uint64(code[i, 1]) * count
    s0, s1 = np.uint64(code[i, 3]) * count, np.uint64(code[i, 4]) * count
    ones = ONES if code[i, 8] else ZERO
    words = np.uint64(width // 64)
    if op == ops.BITS_OR:
        s2, s3 = np.uint64(code[i, 5]) * count, np.uint64(code[i, 6]) * count
        bits_or(b, d, code[i, 2], s0, s1, s2, s3, ones, count)
    elif op == ops.BITS_FILL:
        bits_fill(b, d, ones, count)
    elif op == ops.BITS_MERGE:
        bits_merge(b, d, s0, s1, count)
    elif op == ops.BITS_DNEWS:
        dnews(b, count, d, s0, ones, words)
    elif op == ops.BITS_PROP:
        prop(b, count, ones, reach, words)
    elif op == ops.FLAG_PACK:
        flag_pack(b, flag, count)
    elif op == ops.FLAG_UNPACK:
        flag_unpack(flag_octets, flag_words, count)
    else:
        size = np.int64(count) * 64
        rect = op == ops.BITS_RECT
        address(b, size, np.int64(d), rect, code[i, 3], code[i, 4], code[i, 5], code[i, 6], width)


@jit
def whole(f, b, flag, code, i, limit, blur_k, size, width, slots):
    """Row i of the code, one of the analog operations that need whole planes."""
    op = code[i, 0]
    d = slots[code[i, 1]]
    s = slots[code[i, 3]]
    p, q = np.float32(code[i, 8]), np.float32(code[i, 9])
    to, a, count = np.uint64(d), np.uint64(s), np.uint64(size)
    if op == ops.ACCUMULATE:
        c = np.uint64(slots[code[i, 4]])
        e, g = np.uint64(slots[code[i, 5]]), np.uint64(slots[code[i, 6]])
        accumulate(f, to, code[i, 2], a, c, e, g, count)
    elif op == ops.ADD_SHIFTED:
        add_shifted(f, size, d, s, code[i, 9], code[i, 10], width)
    elif op == ops.ADD_SCALED:
        add_scaled(f, to, a, p, count)
    elif op == ops.DIVIDE:
        divide(f, to, a, p, q, count)
    elif op == ops.ZERO_UNFLAGGED:
        zero_unflagged(f, flag, to, count)
    elif op == ops.CLIP:
        clip(f, to, limit, count)
    elif op == ops.FILL:
        fill(f, to, p, count)
    elif op == ops.FILL_MASKED:
        fill_masked(f, flag, to, p, count)
    elif op == ops.BLUR:
        blur(f, b, size, d, s, p, blur_k, code[i, 9], code[i, 10], width)


@jit
def walk(f, b, flag, flag_octets, flag_words, code, runs, params, reach, width, slots, order):
    """Carry out a lowered program.

    runs: [first row, last row + 1, banded?]; params: [limit, k of blur]; slots: register -> offset of its plane in `f`,
    updated by `order`, which says in whose old plane each register ends up. flag_octets, flag_words: the bits of FLAG
    as uint8 and the bytes of FLAG as uint64, views of `b` and `flag`.
    """
    limit = params[0]
    size = flag.size
    count = np.uint64(size // 64)
    band = max(1, BAND // width) * width
    for k in range(runs.shape[0]):
        first, last = runs[k, 0], runs[k, 1]
        if runs[k, 2]:
            for lo in range(0, size, band):
                hi = min(size, lo + band)
                for i in range(first, last):
                    banded(f, flag, code, i, limit, size, width, slots, lo, hi)
        else:
            for i in range(first, last):
                if code[i, 0] >= ops.BITS_FILL:
                    digital(b, flag, flag_octets, flag_words, code, i, reach, count, width)
                elif code[i, 0] <= ops.SHIFT:
                    banded(f, flag, code, i, limit, size, width, slots, 0, size)
                else:
                    whole(f, b, flag, code, i, limit, params[1], size, width, slots)
    before = slots.copy()
    for i in range(slots.size):
        slots[i] = before[order[i]]
