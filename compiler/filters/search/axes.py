"""One axis, then the other: values along one axis that span the rows of the goals, and from each set of them the exact
search along the other axis.

A program that shifts along one axis first makes values of one row each, and what follows adds them up, moved north and
south: every row of a goal is then a sum of multiples of those values. Few sets of values that a handful of words can
make pass that test, and along a single axis the exact search reaches far.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, count
from typing import Any

import numpy as np

from scamp_sim.compiler.filters.kernel import TURNS, Taps
from scamp_sim.compiler.filters.search import exact
from scamp_sim.compiler.filters.search.closure import MOST
from scamp_sim.compiler.filters.search.exhaust import EAST_WEST, NORTH_SOUTH, Exhaustion, Setting
from scamp_sim.compiler.filters.words import START, FilterWord, Steps, Value, execute, renamed, turned, unused

_ROW_WORDS = 4
"""Words of the first axis at most."""

_MOST_VALUES = 3
"""Values that the second axis begins with at most."""

_MOST_RANK = 2
"""Dimensions of what the rows of the goals span at most: with more, what is left is beyond the exact search."""

_HITS = 24
"""Programs of one length that are looked at, since not every one makes do with the registers."""

_SET = 2_000
"""States that setting up a search costs as much as."""

_ROOM = 20_000
"""States of a level of the first axis."""

_SWAP = 4
"""Number of the symmetry that exchanges the axes; it is its own inverse."""


@dataclass(frozen=True)
class _Set:
    """words: that make the values; values: by name; news: what NEWS holds then. far: how large the multiples of them
    are that the rows take."""

    words: tuple[FilterWord, ...]
    values: dict[int, Value]
    news: Value | None
    far: float


def by_axes(
    goals: Sequence[Taps],
    setting: Setting,
    best: int,
    states: int,
    looks: Callable[[int], None],
    take: Callable[[Steps], bool],
) -> None:
    """Programs of fewer than `best` words that shift along one axis first and along the other then. states: how many
    may be closed; looks: told how many were; take: gets the programs, and says whether one is of use: what follows is
    shorter."""
    swapped = [_turned(g, _SWAP) for g in goals]
    ways = [(list(goals), 0)]
    if not all(g in goals for g in swapped):
        ways.append((swapped, _SWAP))
    sets: list[tuple[float, int, int, _Set]] = []
    for way, (some, _) in enumerate(ways):
        sets += [(len(s.words) + s.far / 2, way, k, s) for k, s in enumerate(_spanning(some, setting, looks))]
    sets.sort(key=lambda item: item[:3])
    share = max(states // 4, 40_000)
    for _, way, _, s in sets:
        longest = best - 1 - len(s.words)
        if longest < 3:
            continue
        if states <= 0:
            return
        some, turn = ways[way]
        run = Exhaustion(
            s.values, [Value(g) for g in some], setting, news=s.news, axes=NORTH_SOUTH, room=share, table=_table(share)
        )
        got = run.run(longest, min(share, states), most=_HITS)
        spent = max(got.states, _SET)
        states -= spent
        looks(spent)
        for more, outputs in got.programs:
            names = {n: n for n in s.values}
            fresh = count(unused(s.words))
            words = (*s.words, *renamed(more, names, fresh))
            if take(Steps(tuple(turned(w, TURNS[turn]) for w in words), tuple(names[o] for o in outputs))):
                best = min(best, len(words))


def _table(states: int) -> int:
    return 1 << max(16, (8 * states).bit_length())


def _turned(taps: Taps, turn: int) -> Taps:
    return {TURNS[turn](x, y): w for (x, y), w in taps.items()}


def rows_of(goals: Sequence[Taps]) -> list[dict[int, Fraction]]:
    """The rows of the goals, each once whatever its factor."""
    found: dict[Any, dict[int, Fraction]] = {}
    for g in goals:
        for y in sorted({y for _, y in g}):
            row = {x: w for (x, at), w in sorted(g.items()) if at == y}
            first = next(iter(row.values()))
            found.setdefault(tuple((x, w / first) for x, w in row.items()), row)
    return list(found.values())


def _vectors(rows: Sequence[dict[int, Fraction]], radius: int) -> Any:
    out = np.zeros((len(rows), 2 * radius + 1))
    for k, row in enumerate(rows):
        for x, w in row.items():
            out[k, x + radius] = float(w)
    return out


def _spanning(goals: Sequence[Taps], setting: Setting, looks: Callable[[int], None]) -> list[_Set]:
    """Sets of a few values along the first axis that span the rows of the goals."""
    rows = rows_of(goals)
    radius = max([_ROW_WORDS, *(abs(x) for row in rows for x in row)])
    wanted = _vectors(rows, radius)
    rank = int(np.linalg.matrix_rank(wanted))
    if rank > _MOST_RANK:
        return []
    search = Exhaustion({0: START}, [Value(g) for g in goals], setting, axes=EAST_WEST, room=_ROOM, table=1 << 18)
    known: dict[int, Value] = {}
    seen: set[tuple[frozenset[int], int]] = set()
    found: list[_Set] = []
    for level in range(_ROW_WORDS + 1):
        if level and not search.grow():
            break
        keys, _, meta = search.levels[level]
        looks(len(keys) // 8)
        places: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
        for s in range(len(keys)):
            if meta[s, exact.MUST]:
                continue
            places_of_values = [*range(meta[s, exact.SIZE])]
            news = [MOST] if meta[s, exact.HAS] else []
            if any(int(keys[s, i]) not in known for i in places_of_values + news):
                values, held = execute(search.words_to(level, s)[0])
                known |= dict(zip(map(int, keys[s]), values.values(), strict=False))
                if held is not None:
                    known[int(keys[s, MOST])] = held
            size = min(len(places_of_values), _MOST_VALUES)
            for some in combinations(places_of_values, size) if size + len(news) >= rank else ():
                key = frozenset(int(keys[s, i]) for i in some), int(keys[s, MOST]) if news else 0
                if key not in seen:
                    seen.add(key)
                    places.setdefault(size + len(news), []).append((s, (*some, *news)))
        for size, some_places in places.items():
            flat = _vectors(
                [{x: w for (x, _), w in known[int(keys[s, i])].taps.items()} for s, some in some_places for i in some],
                radius,
            ).reshape(len(some_places), size, -1)
            shares = wanted @ np.linalg.pinv(flat)
            fits = np.abs(shares @ flat - wanted).max(axis=(1, 2)) < 1e-9
            for k in np.flatnonzero(fits):
                s, some = some_places[k]
                words, names, _ = search.words_to(level, s)
                order = list(names)
                values, held = execute(words)
                far = float(np.log2(1 + np.abs(shares[k]).sum(axis=1)).sum())
                chosen = {order[i]: values[order[i]] for i in some if i != MOST}
                found.append(_Set(tuple(words), chosen, held if MOST in some else None, far))
    return found


__all__ = ["by_axes", "rows_of"]
