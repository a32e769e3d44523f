"""Parts of a program solved anew: from what stands before a few of its words, the exact search for what is read behind
them.

The end of a program may be solved for goals that the program itself misses: one that leaves an offset often needs only
its last words changed to leave none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count

from scamp_sim.compiler.filters.kernel import Taps
from scamp_sim.compiler.filters.search.closure import COUNT, MOST
from scamp_sim.compiler.filters.search.exhaust import Exhaustion, Setting
from scamp_sim.compiler.filters.words import FilterWord, Steps, Value, execute, renamed, unused

_WORDS = 6
"""Words that are looked for anew at most."""

_HELD = MOST - 3
"""Values that a part begins with at most."""

_SHARE = 12
"""A part gets no more than this part of the states."""

_HITS = 4
"""Programs of one length that are looked at, since not every one makes do with the registers."""

Looks = Callable[[int], None]


def ends_anew(
    steps: Steps,
    goals: Sequence[Taps],
    setting: Setting,
    best: int,
    states: int,
    looks: Looks,
    take: Callable[[Steps], bool],
) -> None:
    """Programs of fewer than `best` words that begin as the program does. states: how many may be closed; looks: told
    how many were; take: gets the programs, and says whether one is of use: what follows is shorter."""
    share = states // _SHARE
    for at in range(len(steps.words), max(len(steps.words) - _WORDS, 0), -1):
        more = min(best - 1 - at, len(steps.words) + 1 - at, _WORDS)
        if more < 1:
            continue
        head, rest = steps.words[:at], steps.words[at:]
        values, news = execute(head)
        held = _few(values, rest)
        price = _price(held)
        some = min(share, states) // price
        run = Exhaustion(held, [Value(g) for g in goals], setting, news=news, room=max(some, 4_000), table=_table(some))
        got = run.run(more, some, most=_HITS)
        states -= price * got.states
        looks(price * got.states)
        for words, outputs in got.programs:
            if len(words) > more:
                continue  # two words are always tried
            names = {n: n for n in held}
            again = renamed(words, names, count(unused(head)))
            if take(Steps((*head, *again), tuple(names[o] for o in outputs))):
                best = min(best, at + len(again))
        if states <= 0:
            return


def middles_anew(steps: Steps, setting: Setting, states: int, looks: Looks) -> Iterator[Steps]:
    """Programs with the same results, each shorter than the one before: words in its middle give way to fewer."""
    share = states // _SHARE
    gained = True
    while gained and states > 0:
        gained = False
        for width in range(3, _WORDS):
            for at in range(len(steps.words) - width + 1):
                shorter, spent = _shorter(steps, at, width, setting, min(share, states))
                states -= spent
                looks(spent)
                if shorter is not None:
                    steps, gained = shorter, True
                    yield steps
                    break
                if states <= 0:
                    return
            if gained:
                break


def _shorter(steps: Steps, at: int, width: int, setting: Setting, states: int) -> tuple[Steps | None, int]:
    """The program with fewer words in place of `width` from number `at` on, and the states that this took."""
    head, part, rest = steps.words[:at], steps.words[at : at + width], steps.words[at + width :]
    if next((w.reads >= 0 for w in rest if w.reads >= 0 or w.news >= 0), False):
        return None, 0  # what NEWS holds is read behind the part
    read = {*steps.outputs, *(s for w in rest for s in w.sources)}
    wanted = sorted({r for w in part for r in w.registers} & read)
    if not 0 < len(wanted) < width:
        return None, 0
    values, news = execute(head)
    after, _ = execute(part, values, news)
    held = _few(values, [*part, *rest])
    goals = [after[n] for n in wanted]
    if len({tuple(sorted(g.taps.items())) for g in goals}) < len(goals):
        return None, 0  # copies, which the search does not tell apart
    price = _price(held)
    states //= price
    run = Exhaustion(held, goals, setting, news=news, room=max(states, 4_000), table=_table(states))
    got = run.run(width - 1, states, most=1)
    for words, outputs in got.programs[:1]:
        names = {n: n for n in values}
        fresh = count(unused(steps.words))
        again = renamed(words, names, fresh)
        names |= {old: names[o] for old, o in zip(wanted, outputs, strict=True)}
        behind = renamed(rest, names, fresh)
        return Steps((*head, *again, *behind), tuple(names[o] for o in steps.outputs)), price * got.states
    return None, price * got.states


def _few(values: dict[int, Value], rest: Sequence[FilterWord]) -> dict[int, Value]:
    """The values that are read later, and the newest besides."""
    read = {s for w in rest for s in w.sources}
    order = sorted(values, key=lambda n: (n in read, n), reverse=True)[:_HELD]
    return {n: values[n] for n in sorted(order)}


def _price(held: dict[int, Value]) -> int:
    """What a state costs, where a state of a search from the input alone costs 1."""
    return max(int(COUNT[min(len(held) + 2, MOST), 3] // COUNT[4, 3]), 1)


def _table(states: int) -> int:
    return 1 << max(14, (8 * states).bit_length())


__all__ = ["ends_anew", "middles_anew"]
