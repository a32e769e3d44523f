"""Products without the compiled search: factors of two taps by words that are known, all else by chains."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from scamp_sim.compiler.filters.kernel import Taps, plus
from scamp_sim.compiler.filters.search.compose import Parts, chained, staged, with_pixels
from scamp_sim.compiler.filters.search.factors import factored, pixels_off, separated
from scamp_sim.compiler.filters.search.first import REACH, first_program
from scamp_sim.compiler.filters.words import FilterWord, Steps, execute

_EXPANDED = 400
"""Beginnings of a series that are followed."""

_FEW = 3
"""Products to which a multiple of the pixel is added."""

_KINDS = ("none", "single", "macro")


class Quick(Parts):
    """Short programs for small filters, from tables and chains."""

    most_expanded = _EXPANDED

    def variants(self, goal: Taps) -> tuple[Steps, ...]:
        key = tuple(sorted(goal.items()))
        if key not in self.families:
            self.families[key] = tuple(self._variants(goal))
        return self.families[key]

    def _variants(self, goal: Taps) -> Iterator[Steps]:
        kept: set[Any] = set()
        some = [*_of_two_taps(goal)] if len(goal) == 2 else []
        if len(goal) > 2:
            chains = [first_program([goal], _KINDS[self.mode], pairs) for pairs in (False, True)]
            some += [steps for steps in chains if steps is not None]
        for steps in sorted(some, key=len):
            value = execute(steps.words)[0][steps.outputs[0]]
            kind = value.o, steps.words[-1].parts
            if value.taps == goal and kind not in kept:
                kept.add(kind)
                yield steps

    def _find(self, goal: Taps) -> Steps | None:
        best = first_program([goal], _KINDS[self.mode], self.offset)
        for steps in _products(goal, self):
            value = execute(steps.words)[0][steps.outputs[0]]
            if value.taps == goal and not (self.offset and value.o) and (best is None or len(steps) < len(best)):
                best = steps
        return best


def _products(goal: Taps, parts: Quick, last: bool = True) -> Iterator[Steps]:
    """Of simple factors alone. last: as in `staged`."""
    for far in (True, False):
        factors, rest = factored(goal, far)
        if len(rest) == 1 and len(factors) > 1:
            yield from staged(factors, rest, parts, 1, last)


def quick_products(goal: Taps, level: bool, halving: bool) -> Iterator[Steps]:
    """Programs for the products that the kernel is, or is but for a multiple of the pixel, at once; not all answer the
    task. halving: whether words may have two destinations."""
    parts = Quick(level, 1 if halving else 0)
    found = False
    for steps in _products(goal, parts) if halving else ():
        found = True
        yield steps
    axes = separated(goal)
    if len(axes) > 1:
        some = chained(goal, axes, parts)
        if some is not None:
            yield some
            return
    for c in pixels_off(goal)[:2] if halving and not found else ():
        part = plus(goal, {(0, 0): c}, Fraction(-1))
        if len(part) < 2:
            continue
        whole = sorted(_products(part, parts, False), key=len)[:_FEW]
        axes = separated(part)
        some = chained(part, axes, parts) if len(axes) > 1 else None
        for steps in [*whole, some] if some is not None else whole:
            yield from with_pixels(steps, c, level)


def _of_two_taps(goal: Taps) -> Iterator[Steps]:
    """Words that make sums and differences, or half of them, with a neighbour; not all make the goal."""
    for place in goal:
        for (write, read), then in _ways(place):
            more: tuple[FilterWord, ...] = ()
            last = read
            if then is not None:  # on to a neighbour further away
                more = (FilterWord((8,), -1, (), read), FilterWord((), then[0], (8,)))
                last = then[1]
            difference = (FilterWord((), write, (0,)), *more, FilterWord((9,), -1, (0,), last))
            half = (FilterWord((1,), write, (0,)), *more, FilterWord((9,), -1, (1,), last))
            total = (FilterWord((1,), -1, (0,)), FilterWord((), write, (0,)), *more, FilterWord((9,), -1, (1,), last))
            there = (FilterWord((), write, (0,)), *more, FilterWord((7,), -1, (), last))
            level = (*there, FilterWord((), 0, (0, 7)), FilterWord((9,), -1, (), 0))
            halved = (*there, FilterWord((6,), 0, (0, 7)), FilterWord((9,), -1, (), 0))
            for words in (difference, half, total, level, halved):
                yield Steps(words, (9,))
                yield Steps((*words, FilterWord((10,), -1, (9,))), (10,))


def _ways(place: tuple[int, int]) -> Iterator[tuple[tuple[int, int], tuple[int, int] | None]]:
    """Moves of a write and a reading that see the PE at that place, and of two more where one pair does not reach
    it."""
    if place in REACH:
        yield REACH[place], None
        return
    x, y = place
    half = (x - x // 2, y - y // 2)
    rest = (x - half[0], y - half[1])
    if half in REACH and rest in REACH:
        yield REACH[half], REACH[rest]


__all__ = ["quick_products"]
