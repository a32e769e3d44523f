"""Several kernels with a common factor: the factor first, then from it what is left of each, together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import count

from scamp_sim.compiler.filters.kernel import UNIT, Taps, convolved, shift
from scamp_sim.compiler.filters.search.exhaust import Exhaustion, Setting
from scamp_sim.compiler.filters.search.factors import divided, simple_factors
from scamp_sim.compiler.filters.words import START, Steps, Value, execute, renamed, unused

_FACTOR, _REST = 6, 7
"""Words of a factor and of what is left at most."""

_HALVED = 6


def common(goals: Sequence[Taps]) -> tuple[Taps, list[Taps]]:
    """(product of the simple factors that all have, what is left of each)."""
    found: list[Taps] = []
    rest = list(goals)
    for f in simple_factors():
        while all(len(g) > 1 for g in rest):
            left = [divided(g, f) for g in rest]
            if any(h is None for h in left):
                break
            rest = [h for h in left if h is not None]
            found.append(f)
    return reduce(convolved, found, dict(UNIT)), rest


def shared(
    goals: Sequence[Taps], level: bool, halving: bool, states: int, looks: Callable[[int], None]
) -> Iterator[Steps]:
    """Programs for all kernels that begin with their common factor. level: only those that leave no offset; halving:
    whether words with two destinations are taken."""
    factor, rest = common(goals)
    if len(factor) < 2:
        return
    balanced = all(sum(g.values()) == 0 for g in rest)  # the offset of the factor passes none of them
    setting = Setting(halving, False)
    for x, y in sorted(factor)[:4]:
        first = Exhaustion({0: START}, [Value(shift(factor, -x, -y))], setting, room=20_000, table=1 << 18)
        begun = first.run(_FACTOR, states // 8, most=24)
        looks(begun.states)
        ways = {execute(words)[0][out[0]].o: (words, out[0]) for words, out in begun.programs}
        if balanced or not level:
            ways = dict([min(ways.items(), key=lambda item: abs(item[0]))]) if ways else {}
        goal = [Value(shift(g, x, y)) for g in rest]
        halves = halving and any(w.denominator > 1 for g in rest for w in g.values())
        for o, (words, out) in ways.items():
            start = Value(UNIT, o if level else START.o)
            then = Exhaustion({0: start}, goal, Setting(halves, level), room=60_000, table=1 << 22)
            got = then.run(_HALVED if halves else _REST, states, most=12)
            looks(got.states)
            states -= got.states
            for more, outputs in got.programs:
                names = {0: out}
                words_of_rest = renamed(more, names, count(unused(words)))
                yield Steps((*words, *words_of_rest), tuple(names[n] for n in outputs))
            if states <= 0:
                return


__all__ = ["common", "shared"]
