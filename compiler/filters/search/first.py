"""A program for every kernel at once, in plain Python: fractions of the input, and one sum carried from tap to tap.

Two words a step: NEWS := -(sum + values added at the old place), sum := -(NEWS + values subtracted at the new one),
up to two PEs further. The order of the taps is found by dynamic programming for few of them, and by the nearest tap
next otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise

from scamp_sim.compiler.filters.kernel import MOVES, UNIT, Offset, Taps, depth
from scamp_sim.compiler.filters.words import FilterWord, Steps, execute, live_words, unused

_EXACT_TAPS = 10
_FEW_VISITS = 49
"""Up to here an order of visits is looked for thoroughly, which takes the fourth power of their number."""

REACH: dict[Offset, tuple[int, int]] = {}
"""Displacement -> moves of a write to NEWS and of a reading that make it together."""
for _a, (_ax, _ay) in enumerate(MOVES):
    for _b, (_bx, _by) in enumerate(MOVES):
        REACH.setdefault((_ax + _bx, _ay + _by), (_a, _b))


def first_program(goals: Sequence[Taps], halving: str, pairs: bool) -> Steps | None:
    """Chains one after the other over shared fractions. pairs: whether words come in pairs that cancel the offset of
    a transfer. None where halving is "none" and a weight is no integer."""
    words: list[FilterWord] = []
    most = max(max(depth(g) for g in goals), 0)
    if most and halving == "none":
        return None
    held = _fractions(words, most, halving, pairs)
    outputs: list[int] = []
    fresh = unused(words)
    for k, goal in enumerate(goals):
        if goal == UNIT or goal in goals[:k]:
            outputs.append(0 if goal == UNIT else outputs[goals.index(goal)])
            continue
        made = _chain(goal, held, fresh, pairs)
        if made is None:
            return None
        words += made
        outputs.append(made[-1].registers[0])
        fresh = unused(words)
    steps = Steps(live_words(words, outputs), tuple(outputs))
    values, _ = execute(steps.words)
    if any(values[o].taps != g for o, g in zip(outputs, goals, strict=True)):
        return None
    return steps


def _fractions(words: list[FilterWord], most: int, halving: str, pairs: bool) -> list[tuple[int, Fraction]]:
    """Words that hold 1, and positive or negative halves of it; (value, weight) of each."""
    held = [(0, Fraction(1))]
    source, fresh = 0, 1
    for k in range(1, most + 1):
        if halving == "single" and not pairs:
            words.append(FilterWord((fresh, fresh + 1), -1, (source,)))
            held.append((fresh, Fraction((-1) ** k, 2**k)))
            source, fresh = fresh, fresh + 2
        elif halving == "exact":
            words += exact_half(source, fresh)
            held.append((fresh + 5, Fraction(1, 2**k)))
            source, fresh = fresh + 5, fresh + 6
        else:
            words.append(FilterWord((fresh,), 0, (source,)))
            words.append(FilterWord((fresh + 1,), -1, (), 0))
            held.append((fresh + 1, Fraction(1, 2**k)))
            source, fresh = fresh + 1, fresh + 2
    return held


def exact_half(source: int, fresh: int) -> list[FilterWord]:
    """Half of a value, free of split mismatch to first order, in five words; it is value fresh + 5 (macro div)."""
    return [
        FilterWord((fresh, fresh + 1), -1, (source,)),
        FilterWord((), 0, (source, fresh + 1)),
        FilterWord((fresh + 2,), -1, (fresh,), 0),
        FilterWord((fresh + 3, fresh + 4), -1, (fresh + 2,)),
        FilterWord((fresh + 5,), -1, (fresh + 4,)),
    ]


@cache
def _ways(
    held: tuple[tuple[int, Fraction], ...],
) -> dict[tuple[Fraction, bool], tuple[tuple[int, ...], tuple[int, ...]]]:
    """Weight -> (values added when the sum leaves, values subtracted when it comes), the fewest; with False: none
    when it leaves."""
    found: dict[tuple[Fraction, bool], tuple[tuple[int, ...], tuple[int, ...]]] = {}
    sums = [
        (tuple(n for n, _ in some), sum((w for _, w in some), Fraction(0)))
        for size in range(4)
        for some in combinations(held, size)
    ]
    for plus, p in sums:
        for minus, m in sums:
            for key in ((p - m, True), (p - m, False)):
                if plus and not key[1]:
                    continue
                if key not in found or len(plus) + len(minus) < sum(map(len, found[key])):
                    found[key] = plus, minus
    return found


def _chain(goal: Taps, held: list[tuple[int, Fraction]], fresh: int, pairs: bool) -> list[FilterWord] | None:
    ways = _ways(tuple(held))
    # weights that one visit cannot make take several
    visits: list[tuple[Offset, Fraction]] = []
    for place, weight in sorted(goal.items()):
        rest = weight
        for _ in range(64):
            if (rest, True) in ways:
                visits.append((place, rest))
                rest = Fraction(0)
                break
            part = min((w for w, _ in ways if w), key=lambda w: abs(rest - w))
            visits.append((place, part))
            rest -= part
        if rest:
            return None
    order = _ordered(visits, ways)
    places = [visits[k][0] for k in order]
    weights = [visits[k][1] for k in order]
    return _words(places, weights, ways, fresh, pairs)


def _hops(a: Offset, b: Offset) -> int:
    return max(1, (abs(a[0] - b[0]) + abs(a[1] - b[1]) + 1) // 2)


def _ordered(
    visits: list[tuple[Offset, Fraction]], ways: dict[tuple[Fraction, bool], tuple[tuple[int, ...], tuple[int, ...]]]
) -> list[int]:
    """An order of the visits with few steps: the first may be made by additions alone, the last ends at the centre."""
    n = len(visits)
    start = [0 if not ways[w, True][1] else 1 for _, w in visits]
    finish = [_hops(p, (0, 0)) if p != (0, 0) or (w, False) not in ways else 0 for p, w in visits]
    hops = [[_hops(visits[a][0], visits[b][0]) for b in range(n)] for a in range(n)]
    if n <= _EXACT_TAPS:
        best: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {(1 << k, k): (start[k], (k,)) for k in range(n)}
        for _ in range(n - 1):
            longer: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {}
            for (done, at), (cost, order) in best.items():
                for k in range(n):
                    if not (done >> k) & 1:
                        key, total = (done | 1 << k, k), cost + hops[at][k]
                        if key not in longer or total < longer[key][0]:
                            longer[key] = total, (*order, k)
            best = longer
        return list(min(best.items(), key=lambda item: (item[1][0] + finish[item[0][1]], item[1][1]))[1][1])
    return _improved(n, start, finish, hops)


def _improved(n: int, start: list[int], finish: list[int], hops: list[list[int]]) -> list[int]:
    """Nearest next from every start, then segments turned round and moved while that helps; of many visits from a few
    starts, and over short distances."""
    few = n <= _FEW_VISITS
    starts, reach, rounds = (range(n), n, 6) if few else (range(0, n, -(-n // 8)), 12, 2)

    def length(order: list[int]) -> int:
        return start[order[0]] + sum(hops[a][b] for a, b in pairwise(order)) + finish[order[-1]]

    least, best = 1 << 30, list(range(n))
    for begin in starts:
        left = [k for k in range(n) if k != begin]
        order = [begin]
        while left:  # lonely taps first: what is hard to reach later
            at = order[-1]
            nxt = min(left, key=lambda k: (hops[at][k], sum(hops[k][o] == 1 for o in left) if few else 0, k))
            left.remove(nxt)
            order.append(nxt)
        if length(order) < least:
            least, best = length(order), order
    for _ in range(rounds):
        gained = False
        for i in range(n):
            for j in range(i + 2, min(n, i + reach) + 1):
                turned = best[:i] + best[i:j][::-1] + best[j:]
                if length(turned) < least:
                    least, best, gained = length(turned), turned, True
                if j - i <= 3:
                    rest = best[:i] + best[j:]
                    for k in range(max(0, i - reach), min(len(rest), i + reach) + 1):
                        moved = rest[:k] + best[i:j] + rest[k:]
                        if length(moved) < least:
                            least, best, gained = length(moved), moved, True
                            break
        if not gained:
            break
    return best


def _words(
    places: list[Offset],
    weights: list[Fraction],
    ways: dict[tuple[Fraction, bool], tuple[tuple[int, ...], tuple[int, ...]]],
    fresh: int,
    pairs: bool,
) -> list[FilterWord]:
    out: list[FilterWord] = []
    carried: tuple[int, ...] = ()
    first = ways[weights[0], True]
    if first[1]:  # something is subtracted at the first place: the sum begins there
        if pairs:
            out.append(FilterWord((), 0))
        out.append(FilterWord((fresh,), -1, first[1], 0 if pairs else -1))
        carried, fresh = (fresh,), fresh + 1
    leaving = first[0]
    at = places[0]
    stops = [(p, ways[w, True]) for p, w in zip(places[1:], weights[1:], strict=True)]
    if stops and stops[-1][0] == (0, 0) and (weights[-1], False) in ways:
        stops[-1] = ((0, 0), ways[weights[-1], False])
    elif not stops and at == (0, 0) and (weights[0], False) in ways:
        alone = FilterWord((fresh,), -1, ways[weights[0], False][1], 0 if pairs else -1)
        return [FilterWord((), 0), alone] if pairs else [alone]
    else:
        stops.append(((0, 0), ((), ())))
    for place, (plus, minus) in stops:
        for k, there in enumerate(_way(at, place)):
            final = there == place
            # the sum is read where it was: seen from the new place, the old one lies at old - new
            dx, dy = at[0] - there[0], at[1] - there[1]
            write, read = REACH[dx, dy]
            out.append(FilterWord((), write, carried + (leaving if k == 0 else ())))
            out.append(FilterWord((fresh,), -1, minus if final else (), read))
            carried, fresh, at = (fresh,), fresh + 1, there
        leaving = plus
    return out


def _way(a: Offset, b: Offset) -> list[Offset]:
    """Stops from a to b, at most two PEs apart."""
    out = []
    x, y = a
    while True:
        left = 2
        while left and (x, y) != b:
            if x != b[0]:
                x += 1 if b[0] > x else -1
            else:
                y += 1 if b[1] > y else -1
            left -= 1
        out.append((x, y))
        if (x, y) == b:
            return out


def thrifty_program(goals: Sequence[Taps], pairs: bool, balanced: bool = False) -> Steps:
    """As the first, with one register for the input, one for the sum, one to halve: bit by bit from the lowest, the sum
    halved in between. balanced: signs alternate, by which a flat picture leaves sums small."""
    words: list[FilterWord] = []
    outputs: list[int] = []
    for k, goal in enumerate(goals):
        if goal == UNIT or goal in goals[:k]:
            outputs.append(0 if goal == UNIT else outputs[goals.index(goal)])
            continue
        made = _bit_by_bit(goal, unused(words), pairs, balanced)
        words += made
        outputs.append(made[-1].registers[0])
    return Steps(live_words(words, outputs), tuple(outputs))


def _digits(weight: Fraction, most: int) -> list[int]:
    """Signed binary digits of weight 2^most, the lowest first."""
    n = int(weight * 2**most)
    out = []
    while n:
        digit = 0
        if n & 1:
            digit = 2 - (n & 3)
            n -= digit
        out.append(digit)
        n >>= 1
    return out


def _bit_by_bit(goal: Taps, fresh: int, pairs: bool, balanced: bool) -> list[FilterWord]:
    most = max(depth(goal), 0)
    digits = {place: _digits(w, most) for place, w in goal.items()}
    levels: list[list[tuple[Offset, int]]] = []
    for level in range(most + 1):
        top = level == most
        taps = []
        for place, d in sorted(digits.items()):
            value = sum(v << k for k, v in enumerate(d[level:])) if top else (d[level] if level < len(d) else 0)
            taps += [(place, 1 if value > 0 else -1)] * abs(value)
        levels.append(_near(taps, balanced))
    out: list[FilterWord] = []
    carried: tuple[int, ...] = ()
    at: Offset = (0, 0)
    started = False
    leaving: tuple[int, ...] = ()

    def go(place: Offset, minus: bool, halve: bool = False) -> None:
        nonlocal carried, fresh, at, leaving
        for there in _way(at, place):
            write, read = REACH[at[0] - there[0], at[1] - there[1]]
            dummy = (fresh,) if halve else ()
            fresh += halve
            out.append(FilterWord(dummy, write, carried + leaving))
            out.append(FilterWord((fresh,), -1, (0,) if minus and there == place else (), read))
            carried, leaving, at, halve = (fresh,), (), there, False
            fresh += 1

    for level, taps in enumerate(levels):
        for place, sign in taps:
            if not started:
                started, at = True, place
                if sign > 0:
                    leaving = (0,)
                elif pairs:
                    out.append(FilterWord((), 0))
                    out.append(FilterWord((fresh,), -1, (0,), 0))
                    carried, fresh = (fresh,), fresh + 1
                else:
                    out.append(FilterWord((fresh,), -1, (0,)))
                    carried, fresh = (fresh,), fresh + 1
            else:
                if leaving and place == at and sign > 0:
                    go(place, False)
                elif place != at or sign < 0 or leaving:
                    go(place, sign < 0)
                if sign > 0:
                    leaving = (0,)
        if level < most and started:
            if leaving and carried:
                go(at, False)
            go(at, False, True)
    if at != (0, 0) or leaving or not out:
        go((0, 0), False)
    return out


def _near(taps: list[tuple[Offset, int]], balanced: bool) -> list[tuple[Offset, int]]:
    """The taps in an order in which the next one is near; balanced: and of the sign that the sum does not have."""
    left, out = list(taps), []
    total = 0
    at: Offset | None = None
    while left:
        here = at or left[0][0]
        signed = total if balanced else 0
        nxt = left[0] if at is None else min(left, key=lambda t: (t[1] * signed > 0, _hops(here, t[0]), -t[1], t))
        left.remove(nxt)
        total += nxt[1]
        out.append(nxt)
        at = nxt[0]
    return out


__all__ = ["REACH", "exact_half", "first_program", "thrifty_program"]
