"""Programs that are known already: those of the classic filters, mirrored and turned as the kernels at hand are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import permutations

from scamp_sim.compiler.filters.classic import CLASSICS, found
from scamp_sim.compiler.filters.kernel import TURNS, Offset, Taps
from scamp_sim.compiler.filters.parse_back import steps_of
from scamp_sim.compiler.filters.words import Steps, turned


def known(goals: Sequence[Taps]) -> Iterator[Steps]:
    """Programs for these kernels in this order, if they are those of a classic filter but for a symmetry of the
    array."""
    for name, turn, order in _matches(goals):
        for steps in _programs(name):
            words = tuple(turned(w, TURNS[turn]) for w in steps.words)
            yield Steps(words, tuple(steps.outputs[k] for k in order))


def _matches(goals: Sequence[Taps]) -> Iterator[tuple[str, int, tuple[int, ...]]]:
    """(classic filter, symmetry, number of its kernel for each goal)"""
    wanted = sorted(len(g) for g in goals)
    for c in CLASSICS:
        if sorted(map(len, c.goals)) != wanted:
            continue
        for k, turn in enumerate(TURNS):
            images = [{turn(x, y): w for (x, y), w in g.items()} for g in c.goals]
            for order in permutations(range(len(images))):
                if all(_same(images[o], g) for o, g in zip(order, goals, strict=True)):
                    yield c.name, k, order
                    return  # another symmetry gives the same words


def _same(a: Mapping[Offset, Fraction], b: Mapping[Offset, Fraction]) -> bool:
    return dict(a) == dict(b)


@cache
def _programs(name: str) -> tuple[Steps, ...]:
    return tuple(map(steps_of, dict.fromkeys(entry["text"] for entry in found().get(name, {}).values())))


__all__ = ["known"]
