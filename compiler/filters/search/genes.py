"""Programs as genes, one a word, and the values that they make; how genes change at random. Every random choice comes
from the seed."""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators
from __future__ import annotations

import numpy as np

from scamp_sim.compiler.filters.kernel import MOVES
from scamp_sim.compiler.filters.search.compiled import jit

MOST_GENES = 40
MOST_VALUES = 48
NEAR = 14
"""Sources of a gene are the newest values by bits 0..13, counted back, and the first four by the bits behind."""

# columns of a gene, which is one word: what it writes, sources as bits, moves of its NEWS accesses (READ -1: none)
KIND, SOURCES, WRITE, READ = range(4)

# kinds, as those of the exact search: a register, NEWS, two halves, a half in a register and in NEWS
REGISTER, NEWS, COPIES, SPLIT = range(4)

# what may be used: no halving, halving in one word, halving whose result leaves through NEWS; words in pairs only
NONE, SINGLE, MACRO = 0, 1, 2
MODE, PAIRS = 3, 4

NEVER = 1 << 40
"""A weight that no goal has."""

_MOVES = np.array(MOVES, np.int64)


@jit
def draw(state, below):
    s = state[0]
    s ^= s << np.int64(13)
    s ^= (s >> np.int64(7)) & np.int64((1 << 57) - 1)
    s ^= s << np.int64(17)
    state[0] = s
    return ((s >> np.int64(11)) & np.int64((1 << 40) - 1)) % below


@jit
def limited(bits, count, most):
    """The values that bits stand for, at most so many, as a mask."""
    out = np.int64(0)
    taken = 0
    for i in range(NEAR + 4):
        if (bits >> i) & 1 and taken < most:
            at = count - 1 - i if i < NEAR else i - NEAR
            if 0 <= at < count and not (out >> at) & 1:
                out |= np.int64(1) << at
                taken += 1
    return out


@jit
def add_up(values, mask, out):
    for i in range(values.shape[0]):
        if (mask >> i) & 1:
            for c in range(out.shape[0]):
                out[c] += values[i, c]


@jit
def moved(vector, out, move, width):
    """A vector as seen through a port; False if it leaves the grid."""
    dx, dy = _MOVES[move, 0], _MOVES[move, 1]
    size = width * width
    out[:] = 0
    out[size] = vector[size]
    for c in range(size):
        if vector[c] != 0:
            x, y = c % width + dx, c // width + dy
            if x < 0 or x >= width or y < 0 or y >= width:
                return False
            out[y * width + x] = vector[c]
    return True


@jit
def finish(total, halve, lift, caps, out):
    """out := -(total) or its half, with the offset of one transfer. False if that is no integer, or beyond the caps."""
    size = out.shape[0] - 1
    weight = np.int64(0)
    flat = np.int64(0)
    for c in range(size + 1):
        v = total[c]
        if halve:
            if v & 1:
                return False
            v >>= 1
        out[c] = -v
        if c < size:
            weight += abs(v)
            flat += v
    out[size] += lift
    return weight <= caps[0] and abs(flat) <= caps[1]


@jit
def develop(genes, number, values, count, width, lift, mode, caps, words_out):
    """Carry out the genes on the values; lift: the offset that a transfer adds. caps: as of `tail.search`. words_out:
    (registers, move of the write, mask, move of the reading) of each word. Returns (values, words), words -1 where a
    gene is impossible."""
    size = width * width
    total = np.zeros(size + 1, np.int64)
    bus = np.zeros(size + 1, np.int64)
    news = np.zeros(size + 1, np.int64)
    has = False
    q = np.zeros(size + 1, np.int64)
    for g in range(number):
        kind, read = genes[g, KIND], genes[g, READ]
        halve = kind in (COPIES, SPLIT)
        if mode & PAIRS:
            if g % 2 == 0 and kind != NEWS and kind != SPLIT:
                return count, -1
            if g % 2 == 1 and (kind != REGISTER or read < 0):
                return count, -1
        if kind in (NEWS, SPLIT):
            read = np.int64(-1)
        most = 2 if halve else 4
        if read >= 0:
            most -= 1
            if not has or not moved(news, q, read, width):
                return count, -1
            total[:] = q
        else:
            total[:] = 0
        mask = limited(genes[g, SOURCES], count, most)
        if mask == 0 and read < 0:
            return count, -1
        add_up(values[:count], mask, total)
        if not finish(total, halve, lift, caps, bus):
            return count, -1
        made = 0 if kind == NEWS else (2 if kind == COPIES else 1)
        if count + made > MOST_VALUES:
            return count, -1
        for _ in range(made):
            values[count] = bus
            if kind == SPLIT and mode & MODE == MACRO:
                values[count, 0] = NEVER  # the macro overwrites this half
            count += 1
        words_out[g, 0], words_out[g, 1], words_out[g, 2], words_out[g, 3] = made, -1, mask, read
        if kind in (NEWS, SPLIT):
            words_out[g, 1] = genes[g, WRITE]
            has = True
            if not moved(bus, news, genes[g, WRITE], width):
                return count, -1
    if mode & PAIRS and number % 2:
        return count, -1
    return count, number


@jit
def source_bit(state):
    """A source at random: one of the eight newest, or one of the first."""
    r = draw(state, 10)
    if r >= 8:
        r = NEAR if r == 8 else NEAR + draw(state, 4)
    return np.int64(1) << np.int64(r)


@jit
def random_gene(gene, state, kind):
    gene[KIND] = kind
    gene[SOURCES] = np.int64(1) << draw(state, 4)
    if draw(state, 4) == 0:
        gene[SOURCES] = np.int64(1) << NEAR
    while draw(state, 2):
        gene[SOURCES] |= source_bit(state)
    gene[WRITE] = draw(state, 5)
    gene[READ] = -1


@jit
def make_reading(gene, state, halving):
    """A word that takes NEWS to a register."""
    random_gene(gene, state, COPIES if halving and draw(state, 8) == 0 else REGISTER)
    if draw(state, 2):
        gene[SOURCES] = 0
    gene[READ] = draw(state, 5)


@jit
def inserted(genes, n, at, how_many):
    for g in range(n - 1, at - 1, -1):
        genes[g + how_many] = genes[g]


@jit
def changed(trial, n, state, mode):
    """Change n genes at random; their number afterwards."""
    halving = mode & MODE == SINGLE
    macro = mode & MODE == MACRO
    changes = 1
    while draw(state, 3) == 0:
        changes += 1
    for _ in range(changes):
        what = draw(state, 16)
        at = draw(state, n + 1)
        if n == 0 or what < 5:
            if n + 3 > MOST_GENES:
                continue
            which = draw(state, 6)
            if mode & PAIRS:
                at -= at % 2
                which = 3 + draw(state, 2) if macro else 3
            if which < 3 or not (halving or macro):
                if mode & PAIRS:
                    which = 2
                if which == 0:
                    inserted(trial, n, at, 1)
                    random_gene(trial[at], state, COPIES if halving else REGISTER)
                    n += 1
                elif which == 1:
                    inserted(trial, n, at, 1)
                    random_gene(trial[at], state, REGISTER)
                    n += 1
                else:
                    inserted(trial, n, at, 2)
                    random_gene(trial[at], state, NEWS)
                    make_reading(trial[at + 1], state, halving)
                    n += 2
            elif which < 5:
                inserted(trial, n, at, 2)
                random_gene(trial[at], state, NEWS if which == 3 else SPLIT)
                make_reading(trial[at + 1], state, halving)
                n += 2
            else:
                inserted(trial, n, at, 1)
                make_reading(trial[at], state, halving)
                n += 1
            continue
        at = draw(state, n)
        if what < 8:
            length = 1 + draw(state, 3) if what == 7 else 1
            if mode & PAIRS:
                at, length = at - at % 2, 2
            length = min(length, n - at)
            for g in range(at, n - length):
                trial[g] = trial[g + length]
            n -= length
        elif what == 8:  # the chain makes the rest
            n = at
        elif what == 9:  # the same words again, the other way
            length = min(1 + draw(state, 4), n - at)
            if n + length > MOST_GENES:
                continue
            inserted(trial, n, at, length)
            turn = draw(state, 4)
            for g in range(at + length, at + 2 * length):
                for column in (WRITE, READ):
                    if trial[g, column] > 0:
                        trial[g, column] = (trial[g, column] - 1 + turn) % 4 + 1
            n += length
        elif what < 12:
            if trial[at, READ] >= 0:
                trial[at, READ] = draw(state, 5)
            else:
                trial[at, WRITE] = draw(state, 5)
        elif what == 12 and (halving or (macro and trial[at, KIND] & 1)):
            trial[at, KIND] ^= 2
        else:
            trial[at, SOURCES] ^= source_bit(state)
            if draw(state, 2):
                trial[at, SOURCES] ^= source_bit(state)
    return n
