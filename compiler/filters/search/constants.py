"""Offsets that a program leaves, taken away by constants: a word without a source holds the offset of one transfer, and
where a word has room for a further source, that comes to the result with the sign and weight of the word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, count, islice

from scamp_sim.compiler.filters.words import MOST_SOURCES, FilterWord, Steps, execute, renamed, responses, unused

_MOST_PLACES = 3
"""Words that take a constant."""

_EACH = 4
"""Programs from each set of constants."""

Vector = tuple[Fraction, ...]


_MOST_LOOKS = 6_000
"""Choices of places that are looked at: all of them for programs of some twenty words, a part for those of a hundred,
which would take seconds."""


@dataclass(frozen=True)
class _Kit:
    """Constants that a few words make. makers: those words, with names from 0 on; held: offset of each name."""

    makers: tuple[FilterWord, ...]
    held: tuple[Fraction, ...]


def _kits(halving: bool) -> list[_Kit]:
    one, half = Fraction(1), Fraction(1, 2)
    alone = FilterWord((0,), -1, ())
    if not halving:
        more = FilterWord((1,), -1, ())
        return [
            _Kit((alone,), (one,)),
            _Kit((alone, more), (one, one)),
            _Kit((alone, more, FilterWord((2,), -1, (0, 1))), (one, one, -one)),
        ]
    two = FilterWord((0, 1), -1, ())
    halves = FilterWord((2, 3), -1, (0,))
    return [
        _Kit((alone,), (one,)),
        _Kit((two,), (one, one)),
        _Kit((two, FilterWord((2,), -1, (0, 1))), (one, one, -one)),
        _Kit((two, halves), (one, one, half, half)),
        _Kit((two, halves, FilterWord((4, 5), -1, (2,))), (one, one, half, half, half + half / 2, half + half / 2)),
        _Kit((two, halves, FilterWord((4, 5), -1, (0, 2))), (one, one, half, half, half / 2, half / 2)),
    ]


def levelled(steps: Steps, halving: bool, longest: int) -> Iterator[Steps]:
    """Programs of at most so many words that begin as one does which leaves an offset, and leave none. halving: whether
    constants may be halved."""
    values, _ = execute(steps.words)
    left = tuple(values[o].o for o in steps.outputs)
    if not any(left):
        yield steps
        return
    effects = _effects(steps)
    target = tuple(-o for o in left)
    for kit in _kits(halving):
        if len(steps) + len(kit.makers) > longest:
            continue
        some = _solutions(_contributions(steps, effects, kit), target)
        yield from (_with(steps, kit, taken) for taken in islice(some, _EACH))


def _effects(steps: Steps) -> list[Vector]:
    """What a constant of 1 as a further source of each word adds to the outputs."""
    # a constant is the same in all PEs: moves do nothing to it
    still = [replace(w, news=min(w.news, 0), reads=min(w.reads, 0)) for w in steps.words]
    columns = [responses(Steps(tuple(still), steps.outputs), output) for output in steps.outputs]
    return [
        tuple(-sum((w for _, h in places for w in h.values()), Fraction(0)) / word.parts for places in at)
        for word, *at in zip(still, *columns, strict=True)
    ]


Contribution = tuple[int, tuple[int, ...], Vector]
"""Number of the word, constants that it takes, what they add to the outputs."""


def _contributions(steps: Steps, effects: Sequence[Vector], kit: _Kit) -> list[Contribution]:
    out = []
    for i, (word, effect) in enumerate(zip(steps.words, effects, strict=True)):
        room = MOST_SOURCES[word.parts - 1] - len(word.sources) - (word.reads >= 0)
        if not any(effect):
            continue
        sums: set[Fraction] = {Fraction(0)}
        for size in range(1, room + 1):
            for names in combinations(range(len(kit.held)), size):
                amount = sum((kit.held[n] for n in names), Fraction(0))
                if amount not in sums:
                    sums.add(amount)
                    out.append((i, names, tuple(amount * e for e in effect)))
    return out


def _solutions(some: Sequence[Contribution], target: Vector) -> Iterator[tuple[Contribution, ...]]:
    """Contributions of different words that sum to the target, those of fewest words first."""
    by_sum: dict[Vector, list[Contribution]] = {}
    for c in some:
        by_sum.setdefault(c[2], []).append(c)
    for others in range(_MOST_PLACES):
        for chosen in islice(combinations(some, others), _MOST_LOOKS):
            rest = tuple(t - sum((c[2][k] for c in chosen), Fraction(0)) for k, t in enumerate(target))
            last = chosen[-1][0] if chosen else -1
            if any(a[0] == b[0] for a, b in combinations(chosen, 2)):
                continue
            for c in by_sum.get(rest, ()):
                if c[0] > last:
                    yield (*chosen, c)


def _with(steps: Steps, kit: _Kit, taken: Sequence[Contribution]) -> Steps:
    names: dict[int, int] = {}
    makers = renamed(kit.makers, names, count(unused(steps.words)))
    words = list(steps.words)
    for i, some, _ in taken:
        words[i] = replace(words[i], sources=(*words[i].sources, *(names[n] for n in some)))
    first = min(i for i, _, _ in taken)
    return Steps((*words[:first], *makers, *words[first:]), steps.outputs)


__all__ = ["levelled"]
