"""The chain that ends a program: one sum is carried along a path over the picture, and held values ("statics") are
added at each place it leaves and subtracted at each place it comes to. Found backwards from the goal, by a beam.

One step, two words: NEWS := -(sum + up to 3 statics), through a port; sum := -(NEWS, through a port, + up to 3
statics). Backwards,
with r what is left to be made at place p: r + S1 (at p), then at p', up to two PEs away, r - S2; where the write also
has a dummy destination it halves, takes one static, and r doubles.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators
from __future__ import annotations

import numpy as np

from scamp_sim.compiler.filters.kernel import MOVES
from scamp_sim.compiler.filters.search.closure import COUNT, LOW, PARENT, REACHES
from scamp_sim.compiler.filters.search.compiled import jit

MOST_STEPS = 40
MOST_STATICS = 9

_MOVES = np.array(MOVES, np.int64)
_REACH = np.array([[MOVES[a][0] + MOVES[b][0], MOVES[a][1] + MOVES[b][1]] for a, b in REACHES.tolist()], np.int64)

# columns of a step of the path
STEP_PARENT, STEP_S1, STEP_REACH, STEP_HALF, STEP_S2 = range(5)


@jit
def combinations(statics, width, cells, values, count, box):
    """Every choice of up to four statics as a sparse vector: cells (offset to the centre), values, how many; box: its
    extent west, east, south, north. The last column of a static is its offset, and so is the last value."""
    m = statics.shape[0]
    size = width * width
    middle = size // 2
    total = COUNT[m, 4]
    dense = np.zeros((total, size + 1), np.int64)
    for j in range(total):
        if j:
            dense[j] = dense[PARENT[m, j]] + statics[LOW[m, j]]
        n = 0
        west = east = south = north = 0
        for c in range(size):
            if dense[j, c] != 0:
                cells[j, n], values[j, n] = c - middle, dense[j, c]
                n += 1
                x, y = c % width - width // 2, c // width - width // 2
                west, east = max(west, -x), max(east, x)
                south, north = max(south, -y), max(north, y)
        count[j] = n
        values[j, values.shape[1] - 1] = dense[j, size]
        box[j, 0], box[j, 1], box[j, 2], box[j, 3] = west, east, south, north
    return total


@jit
def prices(m, total, cells, values, count, halving, unit, cost, arrival):
    """What a tap costs, by its weight: about 1 where one visit makes it, more where not. arrival: at the place where
    the sum is, where subtracting is still free. The tables are centred."""
    middle = cost.shape[0] // 2
    for i in range(cost.shape[0]):
        far = abs(i - middle) / (4.0 * unit)
        cost[i] = 1.9 + 0.2 * far
        arrival[i] = 9.0
    top = COUNT[m, 3]
    for a in range(top):
        if count[a] > 1 or (count[a] == 1 and cells[a, 0] != 0):
            continue
        va = values[a, 0] if count[a] else 0
        na = 0
        rest = a
        while rest:
            na += 1
            rest = PARENT[m, rest]
        if abs(va) <= middle:
            arrival[middle - va] = min(arrival[middle - va], 0.02 * na)
        for b in range(top):
            if count[b] > 1 or (count[b] == 1 and cells[b, 0] != 0):
                continue
            v = (values[b, 0] if count[b] else 0) - va
            nb = 0
            rest = b
            while rest:
                nb += 1
                rest = PARENT[m, rest]
            if abs(v) <= middle:
                cost[middle + v] = min(cost[middle + v], 1.0 + 0.02 * (na + nb))
    if halving:
        for _ in range(4):
            for v in range(-(middle // 2), middle // 2 + 1):
                cost[middle + v] = min(cost[middle + v], cost[middle + 2 * v] + 0.12)
    cost[middle] = 0.0
    arrival[middle] = 0.0
    for i in range(cost.shape[0]):
        arrival[i] = min(arrival[i], cost[i])


@jit
def priced(table, v):
    middle = table.shape[0] // 2
    if v > middle or v < -middle:
        return 3.0 + 0.2 * abs(v) / middle
    return table[v + middle]


@jit
def inside(box, j, x, y, radius):
    return x - box[j, 0] >= -radius and x + box[j, 1] <= radius and y - box[j, 2] >= -radius and y + box[j, 3] <= radius


@jit
def offset_price(o, offset, unit):
    if not offset or o == 0:
        return 0.0
    return 0.3 + 0.1 * abs(o) / unit


@jit
def search(goal, statics, width, unit, offset, mode, caps, beam, most_words, branch, path, work):
    """Find a chain to the goal. goal, statics: integers in units of 1/unit on a grid of width x width, row 0 south,
    and the offset behind them. offset: whether that counts. mode: as in `genes`. caps: of any value, the sum of the
    magnitudes of its weights and the magnitude of their sum at most. most_words: give up beyond. branch: choices of S1
    followed from each node. path: (MOST_STEPS, 5), filled from the goal backwards. work: [what was done, as a number of
    looks at a value].

    Returns (words, steps, kind, choice), words 0 if there is none. kind: 0: the last step's S2 is the whole sum; 1, 2:
    before it one word makes the sum from that choice of statics, kind 2: halved.
    """
    halving = mode & 3 != 0
    m = statics.shape[0]
    size = width * width
    radius = width // 2
    middle = size // 2
    room = COUNT[m, 4]
    cells = np.zeros((room, size), np.int64)
    values = np.zeros((room, size + 1), np.int64)
    count = np.zeros(room, np.int64)
    box = np.zeros((room, 4), np.int64)
    total = combinations(statics, width, cells, values, count, box)
    last = size
    cost = np.zeros(32 * unit + 1, np.float64)
    arrival = np.zeros(32 * unit + 1, np.float64)
    prices(m, total, cells, values, count, halving, unit, cost, arrival)
    top3, top2, top1, top4 = COUNT[m, 3], COUNT[m, 2], COUNT[m, 1], COUNT[m, 4]
    most_cells = 0
    for j in range(total):
        most_cells = max(most_cells, count[j])

    rest = np.zeros((beam, size + 1), np.int64)
    place = np.zeros((beam, 2), np.int64)
    next_rest = np.zeros((beam, size + 1), np.int64)
    next_place = np.zeros((beam, 2), np.int64)
    history = np.zeros((MOST_STEPS, beam, 5), np.int64)
    wide = beam * 6
    best_score = np.zeros(wide, np.float64)
    best_move = np.zeros((wide, 5), np.int64)
    one = np.zeros(size + 1, np.int64)
    two = np.zeros(size + 1, np.int64)
    first_score = np.zeros(top3, np.float64)
    rest[0] = goal
    nodes = 1
    hashes = np.zeros(beam, np.int64)
    begun = 0.0
    for level in range(MOST_STEPS):
        if 2 * (level + 1) > most_words:
            return 0, 0, 0, 0
        filled = 0
        worst = 1e18
        for node in range(nodes):
            px, py = place[node, 0], place[node, 1]
            pc = py * width + px + middle
            h = 0.0
            for c in range(size):
                if rest[node, c] != 0:
                    h += priced(cost, rest[node, c])
            o = rest[node, last]
            for j in range(top3):
                if not inside(box, j, px, py, radius):
                    first_score[j] = 1e9
                    continue
                d = 0.0
                for i in range(count[j]):
                    c = pc + cells[j, i]
                    d += priced(cost, rest[node, c] + values[j, i]) - priced(cost, rest[node, c])
                rank = 0
                q = j
                while q:
                    rank += 1
                    q = PARENT[m, q]
                first_score[j] = h + d + offset_price(o + values[j, size], offset, unit) + 0.004 * rank
            for _ in range(min(branch, top3)):
                a = 0
                for j in range(top3):
                    if first_score[j] < first_score[a]:
                        a = j
                if first_score[a] > 1e8:
                    break
                first_score[a] = 2e9
                one[:] = rest[node]
                for i in range(count[a]):
                    one[pc + cells[a, i]] += values[a, i]
                one[last] += values[a, size]
                weight, flat = np.int64(0), np.int64(0)
                for c in range(size):
                    weight += abs(one[c])
                    flat += one[c]
                if weight > caps[0] or abs(flat) > caps[1]:
                    continue
                work[0] += (2 if halving else 1) * (size + 8 * (top1 + top3))
                for doubled in range(2 if halving else 1):
                    live = 0
                    h1 = 0.0
                    for c in range(size):
                        two[c] = 2 * one[c] if doubled else one[c]
                        if two[c] != 0:
                            live += 1
                            h1 += priced(cost, two[c])
                    two[last] = 2 * one[last] if doubled else one[last]
                    o1 = two[last]
                    for reach in range(_REACH.shape[0]):
                        x, y = px + _REACH[reach, 0], py + _REACH[reach, 1]
                        if x < -radius or x > radius or y < -radius or y > radius:
                            continue
                        c2 = y * width + x + middle
                        # the end: all that is left is a sum of held values
                        if live <= 4 * most_cells:
                            for j in range(top2 if doubled else top4):
                                if count[j] > live or not inside(box, j, x, y, radius):
                                    continue
                                same = count[j] == live and not (offset and o1 != values[j, size])
                                if same and count[j] == 0 and live == 0:
                                    same = True
                                for i in range(count[j]):
                                    if not same:
                                        break
                                    if two[c2 + cells[j, i]] != values[j, i]:
                                        same = False
                                if same:
                                    history[level, 0, 0] = node  # not followed further
                                    path[level, 0], path[level, 1] = 0, a
                                    path[level, 2], path[level, 3], path[level, 4] = reach, doubled, j
                                    at = node
                                    for back in range(level - 1, -1, -1):
                                        for k in range(1, 5):
                                            path[back, k] = history[back, at, k]
                                        at = history[back, at, 0]
                                    return 2 * (level + 1), level + 1, 0, j
                        base = h1
                        if two[c2] != 0:
                            base += priced(arrival, two[c2]) - priced(cost, two[c2])
                        for j in range(top1 if doubled else top3):
                            if not inside(box, j, x, y, radius):
                                continue
                            s = base
                            for i in range(count[j]):
                                c = c2 + cells[j, i]
                                old, new = two[c], two[c] - values[j, i]
                                if cells[j, i] == 0:
                                    s += priced(arrival, new) - priced(arrival, old)
                                else:
                                    s += priced(cost, new) - priced(cost, old)
                            rank = 0
                            q = j
                            while q:
                                rank += 1
                                q = PARENT[m, q]
                            s += offset_price(o1 - values[j, size], offset, unit) + 0.004 * rank
                            if filled < wide:
                                k = filled
                                filled += 1
                            elif s < worst:
                                k = 0
                                for i in range(1, wide):
                                    if best_score[i] > best_score[k]:
                                        k = i
                            else:
                                continue
                            best_score[k] = s
                            best_move[k, 0], best_move[k, 1], best_move[k, 2] = node, a, reach
                            best_move[k, 3], best_move[k, 4] = doubled, j
                            if filled == wide:
                                worst = best_score[0]
                                for i in range(1, wide):
                                    worst = max(worst, best_score[i])
        # the best of them, each state once
        order = np.argsort(best_score[:filled])
        kept = 0
        for k in order:
            if kept == beam:
                break
            node, a, reach = best_move[k, 0], best_move[k, 1], best_move[k, 2]
            doubled, j = best_move[k, 3], best_move[k, 4]
            px, py = place[node, 0], place[node, 1]
            pc = py * width + px + middle
            x, y = px + _REACH[reach, 0], py + _REACH[reach, 1]
            c2 = y * width + x + middle
            new = next_rest[kept]
            new[:] = rest[node]
            for i in range(count[a]):
                new[pc + cells[a, i]] += values[a, i]
            new[last] += values[a, size]
            if doubled:
                for c in range(size + 1):
                    new[c] *= 2
            for i in range(count[j]):
                new[c2 + cells[j, i]] -= values[j, i]
            new[last] -= values[j, size]
            code = np.int64(x * 64 + y)
            large = False
            weight, flat = np.int64(0), np.int64(0)
            for c in range(size):
                weight += abs(new[c])
                flat += new[c]
                code = code * np.int64(6364136223846793005) + new[c] + np.int64(1442695040888963407)
                if abs(new[c]) > 64 * unit:
                    large = True
            if offset:
                code = code * np.int64(6364136223846793005) + new[last]
            double = large or weight > caps[0] or abs(flat) > caps[1]
            for i in range(kept):
                if hashes[i] == code:
                    double = True
            if double:
                continue
            hashes[kept] = code
            next_place[kept, 0], next_place[kept, 1] = x, y
            for k2 in range(5):
                history[level, kept, k2] = best_move[k, k2]
            kept += 1
        if kept == 0:
            return 0, 0, 0, 0
        nodes = kept
        for i in range(kept):
            rest[i] = next_rest[i]
            place[i, 0], place[i, 1] = next_place[i, 0], next_place[i, 1]
        # hopeless: at this pace it takes far more steps than are left
        if level == 0:
            begun = best_score[order[0]]
        elif level >= 2:
            pace = (begun - best_score[order[0]]) / level
            if best_score[order[0]] > 1.6 * pace * (most_words // 2 - level):
                return 0, 0, 0, 0
        # one word may make the sum
        if 2 * (level + 1) + 1 <= most_words and mode & 4 == 0:
            for node in range(nodes):
                px, py = place[node, 0], place[node, 1]
                pc = py * width + px + middle
                live = 0
                for c in range(size):
                    if rest[node, c] != 0:
                        live += 1
                if live > 4 * most_cells:
                    continue
                for half in range(1, 3 if mode & 3 == 1 else 2):
                    for j in range(top4 if half == 1 else top2):
                        if count[j] != live or not inside(box, j, px, py, radius):
                            continue
                        if offset and half * rest[node, last] != half * unit - values[j, size]:
                            continue
                        same = True
                        for i in range(count[j]):
                            if half * rest[node, pc + cells[j, i]] != -values[j, i]:
                                same = False
                                break
                        if same:
                            at = node
                            for back in range(level, -1, -1):
                                for k in range(1, 5):
                                    path[back, k] = history[back, at, k]
                                at = history[back, at, 0]
                            return 2 * (level + 1) + 1, level + 1, half, j
    return 0, 0, 0, 0
