"""A network's own first layer on a uniform picture, on emulated chips that nobody else uses.

Kernels of one sum differ in what a chip makes of a background: moves and taps are wrong in patterns of their own, large
sums are compressed, and at the border taps are missing. So the layer itself is run, dark and bright, and what its
channels will have wrong follows from the sums that are seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from scamp_sim.kernels.network.bits import Level
from scamp_sim.systems.network.golden import forward
from scamp_sim.systems.network.params import Conv, Network, Pool
from scamp_sim.systems.network.planning.built import Built
from scamp_sim.systems.network.planning.choice import Choice, ConvChoice
from scamp_sim.systems.network.planning.levels import values_of

SMALLEST = 0.05
"""Taps; a spread below it says that few PEs were looked at."""
ENOUGH = 32
"""Sums from which on their own spread is taken, not that of the background."""

Floats = npt.NDArray[np.float64]
_Pieces: TypeAlias = "tuple[float, dict[float, tuple[npt.NDArray[np.bool_], float, float]]]"


@dataclass(frozen=True)
class Seen:
    """One channel on one uniform picture, in taps: distance of the level from the background's mean sum, the spread of
    these sums, and the share of bits that are wrong, behind the pool that follows.

    border: whether most of the bits that will be wrong are those of a padded border, where taps are missing; `nearest`
    are distance and spread of the sums there that most of them have.
    """

    distance: float
    sigma: float
    wrong: float
    border: bool = False
    nearest: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Background:
    """exact: (channels, rows, columns), what the array is to add up. sums: (chips, channels, rows, columns), what it
    adds up; both in taps. kept: what is known of channels."""

    name: str
    exact: Floats
    sums: Floats
    kept: dict[int, _Pieces] = field(init=False, repr=False, default_factory=dict)

    def channel(self, n: int, layer: Conv, pool: Pool | None, level: float) -> Seen:
        """Channel n with a level in taps."""
        exact = self.exact[n]
        most, pieces = self._pieces(n)
        (mean, sigma), golden = pieces[most][1:], exact > _middle(layer, n)
        on = np.empty_like(exact)
        missed, worst = {}, (0.0, 0.0)
        for value, (there, middle, spread) in pieces.items():  # at the border, fewer taps
            share = on[there] = _normal((middle - level) / spread)
            missed[value] = float(np.where(golden[there], 1 - share, share).sum())
            if value != most and missed[value] >= max(wrong for v, wrong in missed.items() if v != most):
                worst = level - middle, spread
        border = missed[most] < sum(missed.values()) / 2
        if pool is not None:
            ands = pool.every is not None and bool(pool.every[n])
            on, golden = _pooled(on, golden, pool, ands)
        return Seen(level - mean, sigma, float(np.where(golden, 1 - on, on).mean()), border, worst)

    def _pieces(self, n: int) -> _Pieces:
        """The sum that most of channel n has, and for each sum: where it is, its mean and its spread on chips."""
        if n not in self.kept:
            exact, sums = self.exact[n], self.sums[:, n]
            values, counts = np.unique(exact, return_counts=True)
            most = float(values[counts.argmax()])
            sigma = max(float(sums[:, exact == most].std()), SMALLEST)
            pieces = {}
            for value in values:
                there = exact == value
                these = sums[:, there]
                spread = max(float(these.std()), SMALLEST) if these.size >= ENOUGH else sigma
                pieces[float(value)] = there, float(these.mean()), spread
            self.kept[n] = most, pieces
        return self.kept[n]


def look_at(net: Network, choice: Choice, errors: Any, chips: Sequence[int]) -> tuple[Background, ...]:
    """A dark and a bright picture through the first layer of a choice; none where its sums cannot be looked at."""
    from scamp_sim.machine.machine import Machine

    built, layer = Built(net, choice), net.layers[0]
    assert isinstance(layer, Conv)
    stage = next((s for s in built.stages if s.name == f"{layer.name}.sums"), None)
    if stage is None:
        return ()
    names = [segment.layer for segment in built.segments]
    first = built.segments[: len(names) - names[::-1].index(layer.name)]
    size = net.input.rows, net.input.columns
    seen: dict[str, list[Floats]] = {"dark": [], "bright": []}
    for chip in chips:
        machine = Machine(errors=errors, chip=chip)
        for number, (name, found) in enumerate(seen.items()):
            machine.renew(number)
            machine.expose(built.picture(np.full(size, name == "bright")))
            for n, segment in enumerate(first):
                machine.run(segment.program, dict(built.planes) if n == 0 and built.planes else None, registers=False)
            found.append(_as_added(layer, stage.take(machine)))
    key = f"{layer.name}.sums"
    out = []
    for name, found in seen.items():
        exact = forward(net, np.full((1, *size), name == "bright"), keep=[key]).stages[key][0]
        out.append(Background(name, _as_added(layer, exact), np.stack(found)))
    return tuple(out)


def level_of(chosen: ConvChoice, level: Level) -> float:
    """A level of a first layer in taps."""
    assert isinstance(level, int)
    return (level + 0.5) / (chosen.gain * chosen.amplitude)


def _as_added(layer: Conv, sums: Any) -> Floats:
    """Sums of +-1 as the array adds them up, where bits may count as 0 and 1."""
    dark, bright = values_of(layer)
    found = np.asarray(sums, np.float64)
    if dark and bright:
        return found
    total = layer.total.astype(np.float64)[:, None, None]
    return np.asarray((found + (total if bright else -total)) / 2)


def _middle(layer: Conv, n: int) -> float:
    """Where golden's bit changes, in sums as the array adds them up."""
    dark, bright = values_of(layer)
    at = float(layer.threshold[n]) - 0.5
    if dark and bright:
        return at
    total = float(layer.total[n])
    return (at + (total if bright else -total)) / 2


def _pooled(on: Floats, golden: npt.NDArray[Any], pool: Pool, ands: bool) -> tuple[Floats, npt.NDArray[Any]]:
    """The chance that a window's bit is on, and what it is to be."""
    view = np.lib.stride_tricks.sliding_window_view
    at = (slice(None, None, pool.stride),) * 2
    chance = view(on, (pool.size, pool.size))[at]
    bits = view(golden, (pool.size, pool.size))[at]
    if ands:
        return np.asarray(chance.prod(axis=(2, 3))), np.asarray(bits.all(axis=(2, 3)))
    return np.asarray(1 - (1 - chance).prod(axis=(2, 3))), np.asarray(bits.any(axis=(2, 3)))


def _normal(x: float) -> float:
    import math

    return 0.5 * math.erfc(-x / math.sqrt(2))


__all__ = ["Background", "Seen", "level_of", "look_at"]
