"""Where in its gap a level of a first layer stands on chips: where uniform backgrounds are wrong least often.

Most of a picture is background, and the sums of a padded border, where taps are missing, lie beside those inside: a
level in the middle of the gap between two sums inside can lie on one of the border. What a level does to a dark and to
a bright picture, borders and the pool behind included, is known from emulated chips (`background`), so it is moved to
where that is least. Channels that share a level go together, since every constant has its price, unless some of them
would be flagged that way alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from scamp_sim.systems.network.params import Conv, Network, Pool
from scamp_sim.systems.network.planning.background import Background, level_of
from scamp_sim.systems.network.planning.choice import Choice
from scamp_sim.systems.network.planning.levels import Gap, gaps, span
from scamp_sim.systems.network.planning.margins import EXACT, FLAGGED, Response

BESIDE = 0.03
"""Share of a map's bits that are no background and have one of the two sums beside a level. On 400 digits that nothing
else was measured on, wrong pooled bits and decisions are about the same from 0.003 to 0.06."""
BETTER = 0.8
"""A level is moved where that leaves at most this share of what it costs."""


def placed(net: Network, choice: Choice, response: Response, split: bool = True) -> Choice:
    """The choice with the levels of its first layer moved within their gaps.

    split: whether channels that would be flagged where the others of their level are right get one of their own.

    Unchanged without errors, and where the sums of the layout cannot be looked at.
    """
    layer = net.layers[0]
    if response is EXACT or not isinstance(layer, Conv) or layer.name not in choice.convs:
        return choice
    seen = response.backgrounds(net, choice)
    if not seen:
        return choice
    behind = net.layers[1] if choice.array > 1 else None
    pool = behind if isinstance(behind, Pool) else None
    chosen = choice.convs[layer.name]
    every, levels = gaps(layer, borders=False), list(chosen.levels)
    unit = chosen.gain * chosen.amplitude

    for level in {value for value in levels if isinstance(value, int)}:
        those = [n for n, value in enumerate(chosen.levels) if value == level]
        costs: dict[int, dict[int, _Cost]] = {}
        for n in those:
            low, high = span(every[n], unit, chosen.shift)
            costs[n] = {}
            for at in {level, *range(low, high + 1)}:
                arrives = level_of(chosen, at)
                costs[n][at] = _cost(seen, n, layer, pool, arrives, every[n], arrives - chosen.shift / unit)
        for part in _parts(those, level, costs, split):
            for n in part:
                levels[n] = _best(part, level, costs)
    moved = replace(chosen, levels=tuple(levels))
    return replace(choice, convs={**choice.convs, layer.name: moved})


class _Cost(NamedTuple):
    """Of a channel with a level: shares of wrong bits of both backgrounds, the larger of the two, and of all bits."""

    wrong: float
    whole: float


def _best(part: Sequence[int], asked: int, costs: Mapping[int, Mapping[int, _Cost]]) -> int:
    """The level that costs channels least, the one that was asked for unless another is better."""
    allowed = set.intersection(*(set(costs[n]) for n in part))
    whole = {at: sum(costs[n][at].whole for n in part) for at in allowed}
    best = min(whole, key=lambda at: (round(whole[at], 6), abs(at - asked)))
    return best if whole[best] <= BETTER * whole[asked] else asked


def _parts(
    those: Sequence[int], asked: int, costs: Mapping[int, Mapping[int, _Cost]], split: bool
) -> Sequence[Sequence[int]]:
    """Channels of one level, in two parts where that leaves fewer of them flagged."""

    def flagged(parts: Sequence[Sequence[int]]) -> int:
        return sum(costs[n][_best(part, asked, costs)].wrong > FLAGGED for part in parts for n in part)

    together = (those,)
    if not split or len(those) < 2 or not flagged(together):
        return together
    ordered = sorted(those, key=lambda n: _best([n], asked, costs))
    return min([together, *((ordered[:cut], ordered[cut:]) for cut in range(1, len(ordered)))], key=flagged)


def _cost(
    seen: Sequence[Background], n: int, layer: Conv, pool: Pool | None, level: float, gap: Gap, sums: float
) -> _Cost:
    """What channel n with a level costs.

    level: as sums arrive, in taps; sums: the same without what is added to all of them.
    """
    found = [background.channel(n, layer, pool, level) for background in seen]
    sigma = max(one.sigma for one in found)
    assert gap.below is not None
    assert gap.above is not None
    beside = _beyond((sums - gap.below) / sigma) + _beyond((gap.above - sums) / sigma)
    return _Cost(max(one.wrong for one in found), sum(one.wrong for one in found) + BESIDE * beside)


def _beyond(x: float) -> float:
    return 0.5 * math.erfc(x / math.sqrt(2))


__all__ = ["BESIDE", "placed"]
