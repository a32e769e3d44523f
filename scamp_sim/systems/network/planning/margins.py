"""How near thresholds lie to a uniform background, in units of what a chip adds: known before anything runs.

On a uniform dark background a first layer's sum is -sum(W), on a bright one +sum(W). Maximum over windows makes an OR
of n noisy comparisons: a background just under the threshold then turns the whole map on. With d the distance of the
level from the sum of a background and sigma what a chip's sums are off by, both in taps, a window of n bits is wrong
with

    1 - Phi(d / sigma)^n    where the background is to be off
    (1 - Phi(d / sigma))^n  where it is to be on; an OR hides single bits

Both come from emulated chips of the profile that nobody else uses: from the layer itself on a dark and a bright picture
(`background`), which knows its borders and its compression, or where a layout has no sums to look at, from a fit to
other kernels (`Spread`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from scamp_sim.systems.network.params import Conv, Network, Pool
from scamp_sim.systems.network.planning.choice import Choice
from scamp_sim.systems.network.planning.levels import gaps, values_of

if TYPE_CHECKING:
    from scamp_sim.systems.network.planning.background import Background

FLAGGED = 0.05
"""Share of wrong bits of a background from which a channel is flagged."""


@dataclass(frozen=True)
class Margin:
    """One channel.

    distance: of the level from the nearer background's sum, in taps; infinite for a constant channel. background:
    "dark" or "bright". sigma: of the sum on a chip, in taps; 0 without errors. wrong: predicted share of wrong bits of
    that background, behind the pool that follows. border: distance and sigma are those of its padded border, where most
    of the wrong bits of a flagged channel are.
    """

    layer: str
    channel: int
    threshold: int
    distance: float
    background: str
    sigma: float
    wrong: float
    border: bool = False

    @property
    def flagged(self) -> bool:
        return self.wrong > FLAGGED

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; what is infinite is None."""
        d = None if math.isinf(self.distance) else self.distance
        return {**vars(self), "distance": d, "flagged": self.flagged}


@dataclass(frozen=True)
class Spread:
    """What sums of a first layer are off by on chips of a profile: sqrt(floor^2 + (slope (sum(W) - balance))^2) LSB,
    where a tap arrives as `gain` of itself."""

    gain: float
    floor: float
    slope: float
    balance: float
    shift: float = 0.0
    """LSB that is added to a sum of 0."""

    def sigma(self, total: float, amplitude: float) -> float:
        """In taps."""
        lsb = math.hypot(self.floor, self.slope * (total - self.balance))
        return lsb / (self.gain * amplitude)


NONE = Spread(1.0, 0.0, 0.0, 0.0)


class Response(Protocol):
    """What chips of a profile make of sums."""

    def first(self, kind: str, rows: int, taps: int, amplitude: int, spacing: int = 1) -> Spread:
        """Of a layer over one map a slot, at LSB a tap as they are loaded."""
        ...

    def joined(self, rows: int, taps: int, amplitude: int, spacing: int, doublings: int) -> Spread:
        """Of a layer over all maps; sigma and gain are of what is compared, at the full LSB of a tap there."""
        ...

    def backgrounds(self, net: Network, choice: Choice) -> tuple[Background, ...]:
        """The first layer on uniform pictures; none where its sums cannot be looked at."""
        ...


class Exact:
    """An array without errors."""

    def first(self, kind: str, rows: int, taps: int, amplitude: int, spacing: int = 1) -> Spread:
        """Exact."""
        return NONE

    def joined(self, rows: int, taps: int, amplitude: int, spacing: int, doublings: int) -> Spread:
        """Exact."""
        return NONE

    def backgrounds(self, net: Network, choice: Choice) -> tuple[Background, ...]:
        """None are wrong."""
        return ()


EXACT = Exact()


def _first(response: Response, choice: Choice, layer: Conv) -> Spread:
    kind, amplitude = "blocks" if choice.layout == "blocks" else "macropixels", choice.convs[layer.name].amplitude
    return response.first(kind, choice.rows, layer.kernel, amplitude)


def margins(net: Network, choice: Choice, response: Response) -> tuple[Margin, ...]:
    """Every channel of every convolution on the array. Those of later layers have no background: their distance is that
    of the nearest attainable sum."""
    from scamp_sim.systems.network.planning.background import level_of

    found: list[Margin] = []
    for n, layer in enumerate(net.layers[: choice.array]):
        if not isinstance(layer, Conv):
            continue
        window = 1
        for later in net.layers[n + 1 : choice.array]:
            if not isinstance(later, Pool):
                break
            window *= later.size**2
        chosen = choice.convs[layer.name]
        joins = 2 * (choice.rows.bit_length() - 1)
        joined = choice.layout == "windows" if n == 0 else not layer.depthwise
        unit = chosen.gain * chosen.amplitude * (2.0 ** (chosen.doublings - joins) if joined else 1.0)
        looked = response.backgrounds(net, choice) if n == 0 else ()
        spread = NONE  # behind the first layer there is no background to be wrong about
        if n == 0 and not looked:
            spread = _first(response, choice, layer)
            if joined:
                spread = response.joined(choice.rows, 1, chosen.amplitude, 1, chosen.doublings)
        dark, bright = values_of(layer)
        behind = net.layers[n + 1] if n + 1 < choice.array else None
        pool = behind if isinstance(behind, Pool) else None
        for channel, (gap, level) in enumerate(zip(gaps(layer, borders=response is EXACT), chosen.levels, strict=True)):
            threshold = int(layer.threshold[channel])
            if gap.below is None or gap.above is None or not isinstance(level, int):
                found.append(Margin(layer.name, channel, threshold, math.inf, "", 0.0, 0.0))
                continue
            total = float(layer.weights[channel].astype(int).sum())
            at = (level - chosen.shift) / unit
            if n:
                d = min(at - gap.below, gap.above - at)
                found.append(Margin(layer.name, channel, threshold, d, "", 0.0, 0.0))
                continue
            if looked:
                at = level_of(chosen, level)
                those = [(b.name, b.channel(channel, layer, pool, at)) for b in looked]
                name, worst = max(those, key=lambda t: (t[1].wrong, -abs(t[1].distance)))
                border = worst.border and worst.wrong > FLAGGED
                d, sigma = worst.nearest if border else (worst.distance, worst.sigma)
                found.append(Margin(layer.name, channel, threshold, d, name, sigma, worst.wrong, border))
                continue
            sigma = spread.sigma(total, unit / chosen.gain)
            sides = [(name, at - value * total) for name, value in (("dark", dark), ("bright", bright))]
            rated = [(_wrong(d, sigma, window), -abs(d), name, d) for name, d in sides]
            wrong, _, name, d = max(rated)
            found.append(Margin(layer.name, channel, threshold, d, name, sigma, wrong))
    return tuple(found)


def _wrong(distance: float, sigma: float, window: int) -> float:
    """The share of pooled bits of a background that come out wrong."""
    if sigma <= 0:
        return 0.0
    below = 0.5 * math.erfc(-distance / (sigma * math.sqrt(2)))  # Phi: a sum stays under its level
    return 1 - below**window if distance > 0 else below**window


__all__ = ["EXACT", "FLAGGED", "NONE", "Exact", "Margin", "Response", "Spread", "margins"]
