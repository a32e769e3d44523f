"""Products of small factors at the fewest words: which factors go together, where halvings lie, and what offset each
leaves behind.

A stage turns a value v into sign * f * v / 2^h, and its offset o into alpha + beta o. What stages leave is told by
factors left, halvings, sign and offset alone, so the shortest series is a shortest path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from heapq import heappop, heappush
from itertools import combinations_with_replacement, count
from operator import mul, sub
from typing import Any

from scamp_sim.compiler.filters.kernel import UNIT, Taps, convolved, norm, shift, times
from scamp_sim.compiler.filters.words import FilterWord, Steps, execute, renamed

MOST_STATES = 4_000

_FREE = 5
"""So many factors are taken in every order; more of them one kind after the other, lest there be too many states."""

_State = tuple[tuple[int, ...], int, int, tuple[int, float], bool]
"""Factors left, halvings left, sign so far, the deepest fraction of the pixel that is held and its offset, whether the
last word has room for another source."""


@dataclass(frozen=True)
class Stage:
    """used: how often it has each factor; alpha, beta: what becomes of an offset, as fractions over small powers of
    two, which floats hold exactly; inner: the deepest fraction of its input that it holds, (halvings, alpha, beta)."""

    used: tuple[int, ...]
    halvings: int
    sign: int
    alpha: float
    beta: float
    inner: tuple[int, float, float]
    steps: Steps

    @property
    def room(self) -> bool:
        """Whether the last word may have another source."""
        last = self.steps.words[-1]
        return last.parts == 1 and len(last.sources) + (last.reads >= 0) < 4


def _stage(used: tuple[int, ...], halvings: int, sign: int, beta: Fraction, steps: Steps) -> Stage:
    values, _ = execute(steps.words)
    some = fractions(steps.words)
    name = max(some, key=lambda n: some[n])
    inner = some[name][0], float(some[name][1]), float(values[name].taps[0, 0])
    return Stage(used, halvings, sign, float(values[steps.outputs[0]].o), float(beta), inner, steps)


def plain_stages(factors: int) -> list[Stage]:
    """A negation, a halving of one word, a halving of two words through NEWS."""
    none = (0,) * factors
    half = Fraction(1, 2)
    through = (FilterWord((1,), 0, (0,)), FilterWord((2,), -1, (), 0))
    return [
        _stage(none, 0, -1, Fraction(-1), Steps((FilterWord((1,), -1, (0,)),), (1,))),
        _stage(none, 1, -1, -half, Steps((FilterWord((1, 2), -1, (0,)),), (1,))),
        _stage(none, 1, 1, half, Steps(through, (2,))),
    ]


def stages_of(factors: Sequence[Taps], variants: Callable[[Taps], Sequence[Steps]], most: int) -> list[Stage]:
    """Stages of one factor and of two, of at most so many halvings. factors: all different. variants: programs for a
    small filter."""
    best: dict[Any, Stage] = {}
    for s in _stages(factors, variants, most):
        kind = s.used, s.halvings, s.sign, s.alpha, s.room, s.inner
        if kind not in best or len(s.steps) < len(best[kind].steps):
            best[kind] = s
    least: dict[tuple[int, ...], int] = {}
    for s in best.values():
        least[s.used] = min(least.get(s.used, 99), len(s.steps))
    return [s for s in best.values() if len(s.steps) <= least[s.used] + 1]


def _stages(factors: Sequence[Taps], variants: Callable[[Taps], Sequence[Steps]], most: int) -> Iterator[Stage]:
    for size in (1, 2):
        for some in combinations_with_replacement(range(len(factors)), size):
            if size == 2 and any(len(factors[k]) > 2 for k in some):
                continue
            used = tuple(some.count(k) for k in range(len(factors)))
            whole = reduce(convolved, (factors[k] for k in some), UNIT)
            weight = sum(whole.values(), Fraction(0))
            top = max((norm(whole).numerator - 1).bit_length(), 0)
            for halvings in range(max(top - 1, 0), min(top, most) + 1):
                for sign in (1, -1) if size == 1 else (1,):
                    share = Fraction(sign, 1 << halvings)
                    for steps in variants(times(whole, share)):
                        yield _stage(used, halvings, sign, share * weight, steps)


def placed(factors: Sequence[Taps], move: tuple[int, int]) -> list[Taps] | None:
    """The factors, each with a tap at the origin, so that their product is moved so far in all."""
    ways = {(0, 0): list[Taps]()}
    for f in factors:
        more: dict[tuple[int, int], list[Taps]] = {}
        for (x, y), some in ways.items():
            for dx, dy in sorted(f, key=lambda p: (len(f) > 2 and p != sorted(f)[len(f) // 2], p)):
                more.setdefault((x - dx, y - dy), [*some, shift(f, -dx, -dy)])
        ways = more
    return ways.get(move)


def series(
    counts: Sequence[int],
    halvings: int,
    sign: int,
    stages: Sequence[Stage],
    more: int,
    offsets: int,
    looks: Callable[[int], None],
    level: bool = False,
    holding: bool = True,
    most: int = MOST_STATES,
) -> Iterator[Steps]:
    """Programs, shortest first, up to `more` words beyond the shortest. offsets: how many are followed from one place;
    looks: told the work that was done; level: only programs that leave no offset; holding: whether programs count as
    different that hold other fractions of the pixel, for what is added behind; most: beginnings that are followed."""
    number = count()
    # no factor takes fewer words than its share of the stage that makes it cheapest
    share = [min((len(s.steps) / sum(s.used) for s in stages if s.used[k]), default=99.0) for k in range(len(counts))]
    ordered = sum(counts) > _FREE
    start: _State = (tuple(counts), halvings, 1, (0, 0.0), False)
    queue: list[tuple[float, int, _State, float, tuple[int, ...]]] = []
    heappush(queue, (sum(map(mul, counts, share)), next(number), start, 0.0, ()))
    done: dict[_State, set[float]] = {}
    least = None
    usable = [[(k, s) for k, s in enumerate(stages) if s.used[i] or not any(s.used)] for i in range(len(counts))]
    every = list(enumerate(stages))
    plain = [(k, s) for k, s in every if not any(s.used)]
    expanded = 0
    while queue and expanded < most:
        words, _, state, o, path = heappop(queue)
        left, depth, signed, held, _ = state
        if least is not None and words > least + more:
            return
        known = done.setdefault(state, set())
        if o in known or len(known) >= offsets:
            continue
        known.add(o)
        expanded += 1
        first = next((i for i, n in enumerate(left) if n), None)
        some = plain if first is None else usable[first] if ordered else every
        looks(100 * len(some))
        if not any(left) and not depth and signed == sign and not (level and o):
            least = words if least is None else least
            yield in_series([stages[k].steps for k in path])
        pixel = holding and left == start[0]
        for k, s in some:
            if s.halvings > depth:
                continue
            rest = tuple(map(sub, left, s.used))
            if min(rest) < 0:
                continue
            kept = max(held, (halvings - depth + s.inner[0], s.inner[1] + s.inner[2] * o)) if pixel else held
            after: _State = (rest, depth - s.halvings, signed * s.sign, kept, s.room and holding)
            there = s.alpha + s.beta * o
            others = done.get(after)
            if others is None or (there not in others and len(others) < offsets):
                total = words + len(s.steps) - sum(map(mul, s.used, share))
                heappush(queue, (total, next(number), after, there, (*path, k)))


def fractions(words: Sequence[FilterWord]) -> dict[int, tuple[int, Fraction]]:
    """The values that are the pixel over 2^k, of either sign: name -> (k, offset)."""
    found = {}
    for name, value in execute(words)[0].items():
        w = value.taps.get((0, 0), Fraction(0))
        if len(value.taps) == 1 and abs(w.numerator) == 1 and not w.denominator & (w.denominator - 1):
            found[name] = w.denominator.bit_length() - 1, value.o
    return found


def in_series(programs: Sequence[Steps]) -> Steps:
    """One program after the other, each on the result of the one before."""
    fresh = count(1)
    words: list[FilterWord] = []
    at = 0
    for p in programs:
        names = {0: at}
        words += renamed(p.words, names, fresh)
        at = names[p.outputs[0]]
    return Steps(tuple(words), (at,))


__all__ = ["Stage", "fractions", "in_series", "placed", "plain_stages", "series", "stages_of"]
