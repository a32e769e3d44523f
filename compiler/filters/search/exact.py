"""One level of the exact search: every state that one more word leads to, and whether two words close it."""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators
from __future__ import annotations

import numpy as np

from scamp_sim.compiler.filters.kernel import MOVES, TURNS
from scamp_sim.compiler.filters.search.closure import (
    COUNT,
    LOW,
    MASKS,
    MOST,
    PARENT,
    both_in_two,
    one_word,
    shifted,
    tabulate,
    two_words,
)
from scamp_sim.compiler.filters.search.compiled import jit
from scamp_sim.compiler.filters.search.field import add, half, sub

# kinds of words: what they write
REGISTER, NEWS, COPIES, SPLIT = 0, 1, 2, 3

# columns of a state's integers; TURNS_LEFT: symmetries that leave goals and state alone, as bits; DEPTHS: five bits for
# each value and for NEWS, the halvings that its weights may have seen
SIZE, HAS, MUST, TURNS_LEFT, PARENT_STATE, CODE, DEPTHS = range(7)

_KEPT = np.array([sum(1 << t for t, turn in enumerate(TURNS) if turn(*move) == move) for move in MOVES], np.int64)
"""Symmetries, as bits, that leave a move alone."""


def _one_of_each() -> np.ndarray:
    found = np.zeros(1 << len(TURNS), np.int64)
    for bits in range(1 << len(TURNS)):
        covered: set[tuple[int, int]] = set()
        for k, move in enumerate(MOVES):
            if move not in covered:
                found[bits] |= 1 << k
            covered |= {move, *(turn(*move) for t, turn in enumerate(TURNS) if (bits >> t) & 1)}
    return found


_ONE_OF_EACH = _one_of_each()
"""Moves, as bits, of which a state needs only these: one of each class that its symmetries do not tell apart."""


@jit
def depth_of(depths, i):
    return (depths >> (5 * i)) & 31


@jit
def mixed(k):
    k = k * np.int64(-7046029254386353131)
    k ^= (k >> 29) & np.int64((1 << 35) - 1)
    k = k * np.int64(-4658895280553007687)
    k ^= (k >> 32) & np.int64((1 << 32) - 1)
    return k


@jit
def seen(visited, key):
    """Whether the table of states has the key; it has it afterwards. A full table takes everything for new."""
    mask = np.int64(visited.shape[0] - 1)
    i = key & mask
    for _ in range(64):
        if visited[i] == 0:
            visited[i] = key
            return False
        if visited[i] == key:
            return True
        i = (i + 1) & mask
    return False


@jit
def code_of(kind, read, write, mask):
    """A word as a number. read: 0 none, 1.. the move of the reading plus one."""
    return kind | (read << 2) | (write << 5) | (mask << 8)


@jit
def closes(
    m,
    keys,
    okeys,
    has,
    news,
    newso,
    needs,
    goals,
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
    """1, 2: that many words reach all goals; 0: none; 3: the state has them."""
    missing = 0
    first = second = -1
    for g in range(goals.shape[0]):
        there = False
        for i in range(m):
            if keys[i] == goals[g]:
                there = True
        if not there:
            missing += 1
            if missing == 1:
                first = g
            else:
                second = g
    if missing == 0:
        return 3
    if missing > 2:
        return 0
    tabulate(m, keys, has, news, newso, moves, axes, sums, table, stamps, flags, stamp)
    if missing == 1:
        if one_word(needs[first], halving, table, stamps, flags, stamp):
            return 1
        if two_words(
            needs[first],
            omega,
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
            return 2
        return 0
    if both_in_two(needs[first], goals[first], needs[second], halving, table, stamps, flags, stamp):
        return 2
    if both_in_two(needs[second], goals[second], needs[first], halving, table, stamps, flags, stamp):
        return 2
    return 0


@jit
def expand(
    begin,
    end,
    keys,
    okeys,
    meta,
    out_keys,
    out_okeys,
    out_meta,
    out_count,
    hits,
    hit_count,
    visited,
    needs,
    goals,
    moves,
    factors,
    omega,
    halving,
    zeros,
    axes,
    later,
    need,
    table,
    stamps,
    flags,
    counter,
):
    """Children of the states begin..end. They are stored as long as there is room in out_keys; each new one is closed
    if two more words may do. axes: bits of the moves allowed. need: halvings that the goals' weights have seen; later:
    words that any program has after these two; children without room for the halvings that they lack are dropped.
    counter: [stamp, states closed, children not stored]. Ends early when `hits` is full.

    The last columns of keys and okeys hold NEWS. Returns (states stored, hits, the state to go on with).
    """
    sums = np.zeros(600, np.int64)
    osums = np.zeros(600, np.int64)
    csums = np.zeros(600, np.int64)
    work = np.zeros((factors.shape[0], MOST + 1), np.int64)
    ck = np.zeros(MOST + 1, np.int64)
    co = np.zeros(MOST + 1, np.int64)
    room = out_keys.shape[0]
    for s in range(begin, end):
        if hit_count >= hits.shape[0]:
            return out_count, hit_count, s
        m = meta[s, SIZE]
        has, must, turns, depths = meta[s, HAS], meta[s, MUST], meta[s, TURNS_LEFT], meta[s, DEPTHS]
        allowed = axes & _ONE_OF_EACH[turns]
        deepest = depth_of(depths, MOST) if has else np.int64(0)
        for i in range(m):
            deepest = max(deepest, depth_of(depths, i))
        news, newso = keys[s, MOST], okeys[s, MOST]
        base = np.int64(0)
        for i in range(m):
            base += mixed(keys[s, i])
        sums[0] = 0
        osums[0] = 0
        for j in range(1, COUNT[m, 4]):
            sums[j] = add(sums[PARENT[m, j]], keys[s, LOW[m, j]])
            osums[j] = add(osums[PARENT[m, j]], okeys[s, LOW[m, j]])
        for kind in range(4 if halving else 2):
            size = m + 1 if kind == 0 or kind == 3 else (m if kind == 1 else m + 2)
            if size > MOST:
                continue
            if (kind == 1 or kind == 3) and must:
                continue
            most = 4 if kind < 2 else 2
            for read in range(6 if has and (kind == 0 or kind == 2) else 1):
                if must and read == 0:
                    continue
                if read > 1 and not (allowed >> (read - 1)) & 1:
                    continue
                q = np.int64(0)
                qo = np.int64(0)
                if read > 0:
                    qo = newso
                    q = news if read == 1 else shifted(news, newso, moves[read - 1])
                first = 1 if read == 0 and not zeros else 0
                for j in range(first, COUNT[m, most - (1 if read else 0)]):
                    total, ototal = add(q, sums[j]), add(qo, osums[j])
                    if kind >= 2:
                        total, ototal = half(total), half(ototal)
                    v, vo = sub(omega, total), sub(omega, ototal)
                    if v == vo and not zeros:
                        continue
                    d = depth_of(depths, MOST) if read else np.int64(0)
                    for i in range(m):
                        if (MASKS[m, j] >> i) & 1:
                            d = max(d, depth_of(depths, i))
                    if kind >= 2:
                        d = min(d + 1, np.int64(31))
                    after = max(deepest, d)
                    for write in range(5 if kind == 1 or kind == 3 else 1):
                        if write > 0 and not (allowed >> write) & 1:
                            continue
                        h = base
                        cn, cno, chas, cmust = news, newso, has, np.int64(0)
                        if kind == 1 or kind == 3:
                            cn = v if write == 0 else shifted(v, vo, moves[write])
                            cno = vo
                            chas = np.int64(1)
                            cmust = np.int64(1) if kind == 1 else np.int64(0)
                        if kind != 1:
                            h += mixed(v)
                        if kind == 2:
                            h += mixed(v)
                        if chas:
                            h ^= mixed(cn + np.int64(12345)) * np.int64(3)
                        if cmust:
                            h ^= np.int64(0x5DEECE66D)
                        if h == 0:
                            h = np.int64(1)
                        if after < need - 2 - later or seen(visited, h):
                            continue
                        cturns = turns & _KEPT[write if kind == 1 or kind == 3 else max(read - 1, 0)]
                        cdepths = depths
                        if kind == 1 or kind == 3:
                            cdepths = (cdepths & ~(np.int64(31) << (5 * MOST))) | (d << (5 * MOST))
                        if kind != 1:
                            cdepths |= d << (5 * m)
                        if kind == 2:
                            cdepths |= d << (5 * (m + 1))
                        for i in range(m):
                            ck[i], co[i] = keys[s, i], okeys[s, i]
                        if kind != 1:
                            ck[m], co[m] = v, vo
                        if kind == 2:
                            ck[m + 1], co[m + 1] = v, vo
                        ck[MOST], co[MOST] = cn, cno
                        code = code_of(np.int64(kind), np.int64(read), np.int64(write), MASKS[m, j])
                        if after >= need - 2:
                            counter[0] += 1
                            counter[1] += 1
                            stamp = counter[0]
                            if (
                                closes(
                                    size,
                                    ck,
                                    co,
                                    chas,
                                    cn,
                                    cno,
                                    needs,
                                    goals,
                                    moves,
                                    factors,
                                    axes,
                                    omega,
                                    halving,
                                    csums,
                                    work,
                                    table,
                                    stamps,
                                    flags,
                                    stamp,
                                )
                                and hit_count < hits.shape[0]
                            ):
                                hits[hit_count, 0], hits[hit_count, 1] = s, code
                                hit_count += 1
                        if out_count < room:
                            for i in range(size):
                                out_keys[out_count, i], out_okeys[out_count, i] = ck[i], co[i]
                            out_keys[out_count, MOST], out_okeys[out_count, MOST] = cn, cno
                            out_meta[out_count, SIZE], out_meta[out_count, HAS] = size, chas
                            out_meta[out_count, MUST], out_meta[out_count, TURNS_LEFT] = cmust, cturns
                            out_meta[out_count, PARENT_STATE], out_meta[out_count, CODE] = s, code
                            out_meta[out_count, DEPTHS] = cdepths
                            out_count += 1
                        else:
                            counter[2] += 1
    return out_count, hit_count, end
