"""The last two words of a program without enumerating them: what the word before the last must have summed is looked up
in a table of all sums that a state offers."""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators
from __future__ import annotations

import numpy as np

from scamp_sim.compiler.filters.kernel import MOVES
from scamp_sim.compiler.filters.search.compiled import jit
from scamp_sim.compiler.filters.search.field import add, half, mul, sub

MOST = 11
"""Values that a state holds at most."""

SLOTS = 1 << 12

BLOOM = 1 << 8
"""Words of 64 bits that say in one look that a number is not in the table."""

# what a sum is made of, as flags of its entry: registers only and any number, at most two; with a NEWS reading or not
REGISTERS, REGISTERS2, ANY, ANY2, ANY3 = 1, 2, 4, 8, 16


def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    masks = np.zeros((MOST + 1, 600), np.int64)
    parent = np.zeros((MOST + 1, 600), np.int64)
    low = np.zeros((MOST + 1, 600), np.int64)
    count = np.zeros((MOST + 1, 5), np.int64)
    for m in range(MOST + 1):
        chosen = sorted((k for k in range(1 << m) if k.bit_count() <= 4), key=lambda k: (k.bit_count(), k))
        where = {k: j for j, k in enumerate(chosen)}
        for j, k in enumerate(chosen):
            masks[m, j] = k
            if k:
                parent[m, j], low[m, j] = where[k & (k - 1)], (k & -k).bit_length() - 1
        for p in range(5):
            count[m, p] = sum(k.bit_count() <= p for k in chosen)
    return masks, parent, low, count


MASKS, PARENT, LOW, COUNT = _tables()
"""Choices of up to four of m values: their bits, the same without the lowest, the lowest, how many have up to p."""


def _reaches() -> np.ndarray:
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for a, (ax, ay) in enumerate(MOVES):
        for b, (bx, by) in enumerate(MOVES):
            found.setdefault((ax + bx, ay + by), (a, b))
    return np.array(sorted(found.values()), np.int64)


REACHES = _reaches()
"""The 13 displacements of one NEWS transaction, each as (move of the write, move of the read)."""

REACH_MOVES = (1 << REACHES[:, 0]) | (1 << REACHES[:, 1])
"""The moves of each, as bits."""


@jit
def shifted(key, okey, factor):
    return add(mul(sub(key, okey), factor), okey)


@jit
def _put(table, stamps, flags, stamp, key, flag):
    # numbers are random: their lowest bits serve as a hash
    bit = (key >> 13) & np.int64(BLOOM * 64 - 1)
    flags[SLOTS + (bit >> 6)] |= np.int64(1) << (bit & 63)
    i = key & np.int64(SLOTS - 1)
    while stamps[i] == stamp:
        if table[i] == key:
            flags[i] |= flag
            return
        i = (i + 1) & np.int64(SLOTS - 1)
    stamps[i], table[i], flags[i] = stamp, key, flag


@jit
def _get(table, stamps, flags, stamp, key):
    bit = (key >> 13) & np.int64(BLOOM * 64 - 1)
    if not (flags[SLOTS + (bit >> 6)] >> (bit & 63)) & 1:
        return np.int64(0)
    i = key & np.int64(SLOTS - 1)
    while stamps[i] == stamp:
        if table[i] == key:
            return flags[i]
        i = (i + 1) & np.int64(SLOTS - 1)
    return np.int64(0)


@jit
def tabulate(m, keys, has, news, newso, moves, axes, sums, table, stamps, flags, stamp):
    """Put every sum of up to four values of the state into the table. axes: bits of the moves allowed."""
    flags[SLOTS:] = 0
    sums[0] = 0
    for j in range(COUNT[m, 4]):
        if j:
            sums[j] = add(sums[PARENT[m, j]], keys[LOW[m, j]])
        flag = REGISTERS | ANY
        if j < COUNT[m, 2]:
            flag |= REGISTERS2 | ANY2
        if j < COUNT[m, 3]:
            flag |= ANY3
        _put(table, stamps, flags, stamp, sums[j], flag)
    if has:
        for k in range(5):
            if not (axes >> k) & 1:
                continue
            q = news if k == 0 else shifted(news, newso, moves[k])
            for j in range(COUNT[m, 3]):
                flag = ANY
                if j < COUNT[m, 1]:
                    flag |= ANY2
                if j < COUNT[m, 2]:
                    flag |= ANY3
                _put(table, stamps, flags, stamp, add(q, sums[j]), flag)


@jit
def one_word(need, halving, table, stamps, flags, stamp):
    """Whether one word gives the goal; need: 1 - goal."""
    if _get(table, stamps, flags, stamp, need) & ANY:
        return True
    return halving and _get(table, stamps, flags, stamp, add(need, need)) & ANY2 != 0


@jit
def both_in_two(need1, goal1, need2, halving, table, stamps, flags, stamp):
    """Whether one word gives one goal and another word, which may read it, the other."""
    if not one_word(need1, halving, table, stamps, flags, stamp):
        return False
    if one_word(need2, halving, table, stamps, flags, stamp):
        return True
    return _get(table, stamps, flags, stamp, sub(need2, goal1)) & ANY3 != 0


@jit
def two_words(
    need,
    needo,
    m,
    keys,
    okeys,
    has,
    news,
    newso,
    moves,
    factors,
    axes,
    omega,
    halving,
    sums,
    work,
    table,
    stamps,
    flags,
    stamp,
):
    """Whether two words give the goal. need, needo: 1 - goal, and what of it is offset. factors: of the
    displacements."""
    for r in range(REACHES.shape[0]):
        if REACH_MOVES[r] & ~axes:
            continue
        for i in range(m):
            work[r, i] = shifted(keys[i], okeys[i], factors[r])
    for n2 in range(1, 3 if halving else 2):
        nd = need if n2 == 1 else add(need, need)
        ndo = needo if n2 == 1 else add(needo, needo)
        most = 3 if n2 == 1 else 1
        # the value in between stands in a register
        base = sub(omega, nd)
        base2 = add(omega, base)
        for k in range(-1, 5 if has else 0):
            if k > 0 and not (axes >> k) & 1:
                continue
            q = np.int64(0)
            if k == 0:
                q = news
            elif k > 0:
                q = shifted(news, newso, moves[k])
            top = most if k < 0 else most - 1
            for j in range(COUNT[m, top]):
                s = sums[j] if k < 0 else add(q, sums[j])
                t = add(base, s)
                if _get(table, stamps, flags, stamp, t) & ANY:
                    return True
                if halving:
                    if _get(table, stamps, flags, stamp, add(t, t)) & ANY2:
                        return True
                    fits = top > 0 and j < COUNT[m, top - 1]
                    if fits and _get(table, stamps, flags, stamp, add(base2, s)) & ANY2:
                        return True
        # it stands in NEWS
        for r in range(REACHES.shape[0]):
            if REACH_MOVES[r] & ~axes:
                continue
            there = sub(omega, shifted(nd, ndo, factors[r]))
            for j in range(COUNT[m, most]):
                t = there
                rest = j
                while rest:
                    t = add(t, work[r, LOW[m, rest]])
                    rest = PARENT[m, rest]
                if _get(table, stamps, flags, stamp, t) & REGISTERS:
                    return True
                if halving and _get(table, stamps, flags, stamp, add(t, t)) & REGISTERS2:
                    return True
    # half of it stands in a register, half in NEWS, and the last word takes both
    if halving:
        rest0 = sub(sub(need, omega), omega)
        for j in range(COUNT[m, 2]):
            here = add(rest0, half(sums[j]))
            other = PARENT[m, j]
            for r in range(REACHES.shape[0]):
                if REACH_MOVES[r] & ~axes:
                    continue
                moved = np.int64(0)
                if j:
                    moved = work[r, LOW[m, j]]
                    if other:
                        moved = add(moved, work[r, LOW[m, other]])
                rest = add(here, half(moved))  # need less both halves
                if _get(table, stamps, flags, stamp, rest) & REGISTERS2:
                    return True
                if add(rest, need) == 0:
                    return True
    return False
