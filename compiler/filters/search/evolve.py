"""What to hold before the chain begins: prefixes of a few words, changed at random and kept where the chain that
follows makes the whole program shorter."""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators
from __future__ import annotations

import numpy as np

from scamp_sim.compiler.filters.search import tail
from scamp_sim.compiler.filters.search.closure import COUNT, MASKS
from scamp_sim.compiler.filters.search.compiled import jit
from scamp_sim.compiler.filters.search.genes import (
    MODE,
    MOST_GENES,
    MOST_VALUES,
    PAIRS,
    SINGLE,
    add_up,
    changed,
    develop,
    draw,
)

STATICS = 9
"""Values that the chain may hold: those that were there before the prefix and the newest."""


@jit
def statics_of(start, count, chosen):
    """Which values the chain may hold; how many."""
    n = 0
    for i in range(count):
        if count <= STATICS or i < min(start, 4) or i >= count - (STATICS - min(start, 4)):
            chosen[n] = i
            n += 1
    return n


@jit
def held_at_most(path, steps, kind, choice, m, keep):
    """Registers that the chain takes at most, statics and the sum. keep: bits of values that have to stay."""
    until = np.full(STATICS, -1, np.int64)
    for i in range(m):
        if (keep >> i) & 1:
            until[i] = 2 * steps + 2
    for k in range(steps):
        forward = 2 * (steps - 1 - k)
        for i in range(m):
            if (MASKS[m, path[k, 4]] >> i) & 1:
                until[i] = max(until[i], forward)
            if (MASKS[m, path[k, 1]] >> i) & 1:
                until[i] = max(until[i], forward + 1)
    most = 0
    for k in range(steps):
        forward = 2 * (steps - 1 - k)
        for t in range(2):
            n = 1
            if t == 0:
                n = 1 if path[k, 3] else 0
                if k < steps - 1 or kind:
                    n += 1
            for i in range(m):
                if until[i] >= forward + t:
                    n += 1
            most = max(most, n)
    return most


@jit
def reach_goal(
    goal, values, count, start, width, unit, offset, mode, caps, beam, branch, most_words, chosen, path, result, work
):
    """Make one goal from values. result: (words, steps, kind, choice, statics); kind 3: a value is the goal, 4, 5: one
    word makes it, with so many destinations less 3. Returns whether it was reached."""
    size = width * width
    for i in range(count):
        same = True
        for c in range(size + (1 if offset else 0)):
            if values[i, c] != goal[c]:
                same = False
                break
        if same:
            result[0], result[1], result[2], result[3], result[4] = 0, 0, 3, i, count
            return True
    m = statics_of(start, count, chosen)
    statics = np.zeros((m, size + 1), np.int64)
    for i in range(m):
        statics[i] = values[chosen[i]]
    total = np.zeros(size + 1, np.int64)
    for j in range(1, 1 if mode & PAIRS else COUNT[m, 4]):
        for parts in range(1, 3 if mode & MODE == SINGLE and j < COUNT[m, 2] else 2):
            total[:] = 0
            add_up(statics, MASKS[m, j], total)
            same = True
            for c in range(size):
                if total[c] != -parts * goal[c]:
                    same = False
                    break
            if same and offset and total[size] != parts * (unit - goal[size]):
                same = False
            if same:
                result[0], result[1], result[2], result[3], result[4] = 1, 0, 3 + parts, j, m
                return True
    if most_words < 2:
        return False
    words, steps, kind, choice = tail.search(
        goal, statics, width, unit, offset, mode, caps, beam, most_words, branch, path, work
    )
    result[0], result[1], result[2], result[3], result[4] = words, steps, kind, choice, m
    return words > 0


@jit
def evaluate(
    goals,
    values,
    genes,
    number,
    start,
    width,
    unit,
    offset,
    mode,
    caps,
    beam,
    branch,
    most_words,
    registers,
    keep,
    words_out,
    chosen,
    paths,
    results,
    work,
):
    """Words of the program that begins with the genes and goes on with a chain to each goal; a large number if there is
    none of `most_words`. keep: bits of values that have to stay. chosen, paths, results: of each goal."""
    work[0] += 20 * (number + 1) * values.shape[1]
    count, words = develop(genes, number, values, start, width, unit if offset else 0, mode, caps, words_out)
    if words < 0 or words > most_words:
        return 1000
    k = goals.shape[0]
    for g in range(k):
        if not reach_goal(
            goals[g],
            values,
            count,
            start,
            width,
            unit,
            offset,
            mode,
            caps,
            beam,
            branch,
            most_words - words,
            chosen[g],
            paths[g],
            results[g],
            work,
        ):
            return 1000
        words += results[g, 0]
        if words > most_words:
            return 1000
        if results[g, 2] != 3:
            if count >= MOST_VALUES:
                return 1000
            values[count] = goals[g]
            if not offset and results[g, 0]:
                values[count, width * width] = 0
            count += 1
    # registers: what later chains read has to stay as well
    needed = keep
    for g in range(k - 1, -1, -1):
        kind, m = results[g, 2], results[g, 4]
        if kind == 3:
            needed |= np.int64(1) << results[g, 3]
            continue
        made = np.int64(0)  # the goal's own place among the values
        local = np.int64(0)
        for i in range(m):
            if (needed >> chosen[g, i]) & 1:
                local |= np.int64(1) << i
        elsewhere = 0
        for i in range(MOST_VALUES):
            if (needed >> i) & 1:
                inside = False
                for q in range(m):
                    inside = inside or chosen[g, q] == i
                if not inside:
                    elsewhere += 1
        if kind < 3:
            if held_at_most(paths[g], results[g, 1], kind, results[g, 3], m, local) + elsewhere > registers:
                return 900
            used = np.int64(0)
            for t in range(results[g, 1]):
                used |= MASKS[m, paths[g, t, 4]] | MASKS[m, paths[g, t, 1]]
            if kind:
                used |= MASKS[m, results[g, 3]]
        else:
            used = MASKS[m, results[g, 3]]
        needed |= made
        for i in range(m):
            if (used >> i) & 1:
                needed |= np.int64(1) << chosen[g, i]
    return words


@jit
def improve(
    goals,
    first_values,
    start,
    genes,
    number,
    width,
    unit,
    offset,
    mode,
    caps,
    beam,
    branch,
    registers,
    keep,
    best,
    limit,
    state,
    patience,
    best_genes,
    out,
    others,
    slack,
    work,
):
    """Change the genes until `work` has come to the limit. best: words of the best program so far. best_genes: the
    genes of the best found here. out: [words, number of genes, words of the present genes, their number, iterations
    without gain, the limit of words under which the best was found]. others: room for genes of programs of at most
    `slack` words more than the best; behind the genes of each their number and the limit of words. state: of the random
    numbers; genes and number: the present ones."""
    values = np.zeros((MOST_VALUES + 1, width * width + 1), np.int64)
    words_out = np.zeros((MOST_GENES + 4, 4), np.int64)
    k = goals.shape[0]
    paths = np.zeros((k, tail.MOST_STEPS, 5), np.int64)
    results = np.zeros((k, 5), np.int64)
    chosen = np.zeros((k, STATICS), np.int64)
    trial = np.zeros((MOST_GENES + 4, 4), np.int64)
    present = out[2]
    idle = out[4]
    while work[0] < limit:
        trial[:MOST_GENES] = genes[:MOST_GENES]
        n = changed(trial, number, state, mode)
        values[:start] = first_values[:start]
        allowed = min(present + 2, best + 3)
        words = evaluate(
            goals,
            values,
            trial,
            n,
            start,
            width,
            unit,
            offset,
            mode,
            caps,
            beam,
            branch,
            allowed,
            registers,
            keep,
            words_out,
            chosen,
            paths,
            results,
            work,
        )
        idle += 1
        if others.shape[0] and words < 900 and words <= out[0] + slack:
            code = np.int64(n)
            for g in range(n):
                for c in range(4):
                    code = code * np.int64(6364136223846793005) + trial[g, c] + np.int64(1442695040888963407)
            slot = ((code >> np.int64(20)) & np.int64((1 << 40) - 1)) % others.shape[0]
            others[slot, :MOST_GENES] = trial[:MOST_GENES]
            others[slot, MOST_GENES, 0], others[slot, MOST_GENES, 1] = n, allowed
        gain = present - words
        if gain >= 0 or (gain == -1 and draw(state, 12) == 0) or (gain == -2 and draw(state, 60) == 0):
            genes[:MOST_GENES] = trial[:MOST_GENES]
            number = n
            present = words
        if words < out[0]:
            out[0], out[1], out[5] = words, n, allowed
            best_genes[:MOST_GENES] = trial[:MOST_GENES]
            best = min(best, words)
            idle = 0
        if idle > patience:
            idle = 0
            genes[:MOST_GENES] = best_genes[:MOST_GENES]
            number = out[1]
            present = out[0]
    out[2], out[3], out[4] = present, number, idle
    return number
