"""How much noise a chip adds to the sums of a network, measured on emulated chips in taps, by what their bits say.

A bit of a chip is +1 with the probability Phi((d + offset) / sd), where d is how far the exact sum is above the middle
of its threshold. Both numbers of a channel come from many sites of a few pictures. Only bits are needed, so that it
holds for every layout; the exact sums of a later layer are those of the bits that the chip itself gave before it.

sd depends on a kernel through the sum of its weights: what NEWS is wrong by in a PE enters each tap with its sign
(facts of the sums on emulated chips: about sqrt(6.6^2 + (sum - 2)^2) LSB at 5x5). `law` fits that to the channels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon.setup import Errors
from scamp_sim.systems.network.golden import conv_sums
from scamp_sim.systems.network.params import Conv, Network, Pool

Float64 = npt.NDArray[np.float64]

MEASURED_ON = (101, 102, 103)
"""Serials of the chips that noise is measured on unless others are asked for; none to validate on."""

NEAR = 8.0
"""Taps from the threshold within which sums count: what lies further is compressed, and decides nothing."""

SMALLEST, LARGEST = 0.05, 20.0
"""Bounds of an sd, in taps."""


@dataclass(frozen=True, eq=False)
class StageNoise:
    """Noise of the sums of one layer, in taps: sd^2 = floor^2 + slope^2 (total - centre)^2, and a mean of
    shift + tilt x total, where total is the sum of a kernel's weights.

    seen: (out,) sd of each channel as it was measured; nan for constant channels.
    means: (out,) mean of each channel, likewise.
    """

    layer: str
    floor: float
    slope: float
    centre: float
    seen: Float64
    shift: float = 0.0
    tilt: float = 0.0
    means: Float64 | None = None

    def sd(self, total: npt.ArrayLike) -> Float64:
        """sd of kernels whose weights add up to `total`."""
        away = np.asarray(total, np.float64) - self.centre
        return np.asarray(np.sqrt(self.floor**2 + (self.slope * away) ** 2))

    def mean(self, total: npt.ArrayLike) -> Float64:
        """Mean error of kernels whose weights add up to `total`."""
        return np.asarray(self.shift + self.tilt * np.asarray(total, np.float64))

    def text(self) -> str:
        """The law in words."""
        found = f"sd {self.floor:.2f} taps"
        if self.slope:
            found += f" at a sum of weights of {self.centre:.0f}, {self.slope:.2f} more a tap far from it"
        return f"{found}; mean {self.shift:+.2f} {self.tilt:+.3f} x sum"

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        seen = [None if not np.isfinite(value) else float(value) for value in self.seen]
        law = {"floor": self.floor, "slope": self.slope, "centre": self.centre, "shift": self.shift, "tilt": self.tilt}
        return {"layer": self.layer, **law, "seen": seen, "unit": "taps"}


def measure(
    net: Network,
    pictures: npt.NDArray[Any],
    errors: Errors,
    *,
    chips: Sequence[int] = MEASURED_ON,
    limit: float | None = None,
    plan: Mapping[str, Any] | None = None,
) -> dict[str, StageNoise]:
    """The noise of each convolution, by its name.

    pictures: (n, rows, columns), as `Input.bits` takes them; a dozen will do.
    errors: a chip profile.
    chips: serials to measure on.
    limit: thresholds are cut to +-limit first, since they decide the amplitude of a tap, as training will.
    plan: options of `network.plan`.

    Raises ScampError, as for a network that no plan fits.
    """
    from scamp_sim.systems.network.planning.plan import plan as planned

    used = net if limit is None else limited(net, limit)
    made = planned(used, chip=errors, **(plan or {}))
    bits = used.input.bits(pictures)
    sums: dict[str, list[Any]] = {}
    seen: dict[str, list[Any]] = {}
    for chip in chips:
        encoder = made.build(errors=errors, chip=chip)
        names = [f"{layer.name}.bits" for layer in used.layers if isinstance(layer, (Conv, Pool))]
        for number, picture in enumerate(bits):
            stages = encoder.run(picture, measurement=number, keep=names).stages
            before: Any = picture[None]
            for layer in used.layers:
                found = stages.get(f"{layer.name}.bits")
                if found is None:
                    break
                if isinstance(layer, Conv):
                    sums.setdefault(layer.name, []).append(conv_sums(layer, np.asarray(before, bool)[None])[0])
                    seen.setdefault(layer.name, []).append(np.asarray(found, bool))
                before = found
    found_all = {}
    for layer in used.convs:
        if layer.name in sums:
            found_all[layer.name] = law(layer, np.stack(sums[layer.name]), np.stack(seen[layer.name]))
    if not found_all:
        raise ProgramError("the plan of this network shows no bits of its convolutions; measure it in another layout")
    return found_all


def limited(net: Network, limit: float) -> Network:
    """The network with thresholds within +-limit; constant channels stay."""
    layers = []
    for layer in net.layers:
        if isinstance(layer, Conv):
            cut = np.where(layer.constant == 0, np.clip(layer.threshold, -limit, limit), layer.threshold)
            layer = replace(layer, threshold=np.rint(cut))
        layers.append(layer)
    return replace(net, layers=tuple(layers))


def law(layer: Conv, sums: npt.NDArray[Any], bits: npt.NDArray[np.bool_]) -> StageNoise:
    """The noise of a layer from exact sums and a chip's bits, each (n, out, rows, columns)."""
    seen, means = np.full((2, layer.channels), np.nan)
    for k in np.flatnonzero(layer.constant == 0):
        away = sums[:, k].ravel() - (float(layer.threshold[k]) - 0.5)
        near = np.abs(away) <= NEAR
        if near.sum() >= 100:
            seen[k], means[k] = spread(away[near], bits[:, k].ravel()[near])
    known = np.isfinite(seen)
    if not known.any():
        raise ProgramError(f"{layer.name}: no sums near a threshold in these pictures; give others, or more")
    total = layer.total[known].astype(np.float64)
    square = seen[known] ** 2
    floor, slope, centre = math.sqrt(float(square.mean())), 0.0, 0.0
    shift, tilt = float(means[known].mean()), 0.0
    if len(np.unique(total)) >= 4:
        tilt, shift = (float(value) for value in np.polyfit(total, means[known], 1))
        curve, line, _ = np.polyfit(total, square, 2)
        if curve > 0:  # else no channel is far enough from the middle to say
            centre = float(np.clip(-line / (2 * curve), total.min(), total.max()))
            least = float(np.mean(square - curve * (total - centre) ** 2))
            floor, slope = math.sqrt(max(least, float(np.median(square)) / 4)), math.sqrt(curve)
    return StageNoise(layer.name, floor, slope, centre, seen, shift, tilt, means)


def spread(away: npt.NDArray[Any], bits: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The sd and the offset for which bits are likeliest.

    away: (n,) distance of the exact sums from the middle of the threshold, in taps.
    bits: (n,).
    """
    places, at = np.unique(away, return_inverse=True)
    ones = np.bincount(at, bits, len(places)).astype(np.float64)
    count = np.bincount(at, minlength=len(places)).astype(np.float64)

    def unlikely(sd: float, offset: float) -> float:
        p = np.array([0.5 * math.erfc(-(d + offset) / (sd * math.sqrt(2))) for d in places])
        p = np.clip(p, 1e-4, 1 - 1e-4)  # a few sites are wrong for other reasons, and must not decide
        return float(-(ones * np.log(p) + (count - ones) * np.log(1 - p)).sum())

    # A coarse grid, then finer ones around its best point: the likelihood has one peak.
    low, high, left, right = math.log(SMALLEST), math.log(LARGEST), -4.0, 4.0
    sd, offset = 1.0, 0.0
    for _ in range(5):
        grid = [
            (unlikely(math.exp(s), o), s, o) for s in np.linspace(low, high, 9) for o in np.linspace(left, right, 9)
        ]
        _, best, offset = min(grid)
        sd = math.exp(best)
        width, span = (high - low) / 4, (right - left) / 4
        low, high, left, right = best - width, best + width, offset - span, offset + span
    return float(np.clip(sd, SMALLEST, LARGEST)), float(offset)


__all__ = ["MEASURED_ON", "StageNoise", "law", "limited", "measure", "spread"]
