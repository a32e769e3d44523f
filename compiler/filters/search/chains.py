"""From values as fractions to the integers of the chain search, and from its path to words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scamp_sim.compiler.filters.kernel import Taps, depth
from scamp_sim.compiler.filters.search.closure import MASKS, REACHES
from scamp_sim.compiler.filters.words import FilterWord, Value, execute


def radius_of(filters: Sequence[Taps], more: int = 1) -> int:
    """Of a grid that holds the filters with some room."""
    return max((max(abs(x), abs(y)) for f in filters for x, y in f), default=0) + more


def on_grid(value: Value, radius: int, unit: int, offset: bool = True) -> Any:
    """A value as integers in units of 1/unit, row 0 south, its offset behind them."""
    width = 2 * radius + 1
    out = np.zeros(width * width + 1, np.int64)
    for (x, y), w in value.taps.items():
        out[(y + radius) * width + x + radius] = int(w * unit)
    out[-1] = int(value.o * unit) if offset else 0
    return out


def unit_for(values: Sequence[Value]) -> int:
    """The power of two that makes integers of all."""
    return int(2 ** max([depth(v.taps) for v in values] + [v.o.denominator.bit_length() - 1 for v in values] + [0]))


def decode(path: Any, steps: int, kind: int, choice: int, names: Sequence[int], fresh: int) -> tuple[FilterWord, ...]:
    """The words of a path, which is in the order from the goal back."""

    def chosen(j: int) -> tuple[int, ...]:
        mask = int(MASKS[len(names), j])
        return tuple(n for i, n in enumerate(names) if (mask >> i) & 1)

    out: list[FilterWord] = []
    carried: tuple[int, ...] = ()
    if kind:
        out.append(FilterWord(tuple(range(fresh, fresh + kind)), -1, chosen(choice)))
        carried = (fresh,)
        fresh += kind
    for k in range(steps - 1, -1, -1):
        _, s1, reach, halved, s2 = (int(v) for v in path[k])
        write, read = (int(v) for v in REACHES[reach])
        dummy: tuple[int, ...] = ()
        if halved:
            dummy = (fresh,)
            fresh += 1
        out.append(FilterWord(dummy, write, carried + chosen(s2)))
        out.append(FilterWord((fresh,), -1, chosen(s1), read))
        carried = (fresh,)
        fresh += 1
    return tuple(out)


def fractions_of(d: int) -> tuple[list[FilterWord], dict[int, Value]]:
    """1, -1/2, 1/4 ... of the input, one word each."""
    words = [FilterWord((2 * k + 1, 2 * k + 2), -1, (max(2 * k - 1, 0),)) for k in range(d)]
    values, _ = execute(words)
    return words, {n: v for n, v in values.items() if n % 2 or n == 0}
