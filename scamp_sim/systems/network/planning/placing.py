"""Where in its gap a level of a first layer stands on chips: where uniform backgrounds are wrong least often.

Most of a picture is background, and the sums of a padded border, where taps are missing, lie beside those inside: a
level in the middle of the gap between two sums inside can lie on one of the border. What a level does to a dark and to
a bright picture, borders and the pool behind included, is known from emulated chips (`background`), so it is moved to
where that is least. Channels that share a level go together: a constant more would cost more than it saves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from scamp_sim.systems.network.params import Conv, Network, Pool
from scamp_sim.systems.network.planning.background import Background, level_of
from scamp_sim.systems.network.planning.choice import Choice
from scamp_sim.systems.network.planning.levels import Gap, gaps, span
from scamp_sim.systems.network.planning.margins import EXACT, Response

BESIDE = 0.03
"""Share of a map's bits that are no background and have one of the two sums beside a level. On 400 digits that nothing
else was measured on, wrong pooled bits and decisions are about the same from 0.003 to 0.06."""
BETTER = 0.8
"""A level is moved where that leaves at most this share of what it costs."""


def placed(net: Network, choice: Choice, response: Response) -> Choice:
    """The choice with the levels of its first layer moved within their gaps.

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
        spans = [span(every[n], unit, chosen.shift) for n in those]
        first, last = max(low for low, _ in spans), min(high for _, high in spans)
        costs = {level: 0.0} | dict.fromkeys(range(first, last + 1), 0.0)
        for at in costs:
            arrives = level_of(chosen, at)
            sums = arrives - chosen.shift / unit
            costs[at] = sum(_cost(seen, n, layer, pool, arrives, every[n], sums) for n in those)
        best = min(costs, key=lambda at: (round(costs[at], 6), abs(at - level)))
        if costs[best] <= BETTER * costs[level]:
            for n in those:
                levels[n] = best
    moved = replace(chosen, levels=tuple(levels))
    return replace(choice, convs={**choice.convs, layer.name: moved})


def _cost(
    seen: Sequence[Background], n: int, layer: Conv, pool: Pool | None, level: float, gap: Gap, sums: float
) -> float:
    """Shares of wrong bits of channel n with a level: of both backgrounds, and of what has the sums beside it.

    level: as sums arrive, in taps; sums: the same without what is added to all of them.
    """
    found = [background.channel(n, layer, pool, level) for background in seen]
    sigma = max(one.sigma for one in found)
    assert gap.below is not None
    assert gap.above is not None
    beside = _beyond((sums - gap.below) / sigma) + _beyond((gap.above - sums) / sigma)
    return sum(one.wrong for one in found) + BESIDE * beside


def _beyond(x: float) -> float:
    return 0.5 * math.erfc(x / math.sqrt(2))


__all__ = ["BESIDE", "placed"]
