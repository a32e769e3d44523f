"""Thresholds as levels on the array: which LSB a sum must be above, how far the nearest sums are, what may be merged.

Sums are integers, in taps. Between the largest sum that is below a threshold and the smallest that is not, every level
gives the same bits; thresholds whose gaps overlap share a level, which saves a constant each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.network.bits import ALWAYS, HIGHEST, NEVER, Level
from scamp_sim.systems.network.params import Conv, Network, Pool

REACH = 110
"""LSB that a threshold may lie from 0: beyond 150 registers compress, from 127 on there is no constant."""
MIDDLE, LEAN = 0.5, 0.65
"""Shares of a gap: its middle, and away from a background at its lower end."""
LARGEST_AMPLITUDE = 17
"""LSB of a tap: larger ones compress more than they drown of what a chip adds."""


@dataclass(frozen=True)
class Gap:
    """Between which sums a channel's threshold lies, in taps of what the array adds up.

    below, above: the largest attainable sum under it and the smallest at or over it; None for a constant channel, whose
    bit is `constant`.
    """

    below: int | None
    above: int | None
    constant: Level = NEVER

    @property
    def middle(self) -> float:
        """In taps."""
        assert self.below is not None
        assert self.above is not None
        return (self.below + self.above) / 2


def values_of(layer: Conv) -> tuple[int, int]:
    """What dark and bright count as, so that what lies outside of the picture may be 0: -1 and 1 padded with 0; 0 and 1
    padded with -1; -1 and 0 padded with +1."""
    if not any(layer.padding) or layer.pad_value == 0:
        return -1, 1
    return (0, 1) if layer.pad_value < 0 else (-1, 0)


def gaps(layer: Conv, *, borders: bool = True) -> tuple[Gap, ...]:
    """The gap of each channel, in the sums that the array makes with `values_of`.

    borders: whether sums with taps missing count. Without them all sums of a kernel are even, or all odd, so that gaps
    are twice as wide: what noise leaves of a bit is decided there, and few of a map's bits are at its border.
    """
    dark, bright = values_of(layer)
    found = []
    weights = layer.weights.astype(np.int64)
    for n in range(layer.channels):
        w, t, total = weights[n], int(layer.threshold[n]), int(weights[n].sum())
        if (dark, bright) == (0, 1):
            t = -(-(t + total) // 2)
        elif (dark, bright) == (-1, 0):
            t = -(-(t - total) // 2)
        size = np.abs(w)
        low = (
            int(-size.sum()) if dark and bright else int(np.minimum(w, 0).sum() if bright else -np.maximum(w, 0).sum())
        )
        high = (
            int(size.sum()) if dark and bright else int(np.maximum(w, 0).sum() if bright else -np.minimum(w, 0).sum())
        )
        if t <= low:
            found.append(Gap(None, None, ALWAYS))
        elif t > high:
            found.append(Gap(None, None, NEVER))
        else:
            step = 2 if dark and bright and (not borders or _one_parity(layer, size)) else 1
            above = t + (t - low) % step
            found.append(Gap(above - step, above))
    return tuple(found)


def _one_parity(layer: Conv, size: np.ndarray) -> bool:
    """Whether all sums of a kernel are even or all odd, at the border too."""
    if not any(layer.padding):
        return True
    # a window at the border lacks rows and columns: the others must lack an even sum of magnitudes
    rows, columns = size.sum(axis=(0, 2)), size.sum(axis=(0, 1))
    top, left, bottom, right = layer.padding
    k = layer.kernel
    outer = [*rows[:top], *rows[k - bottom :], *columns[:left], *columns[k - right :]]
    corners = size.sum(axis=0)
    return not any(v % 2 for v in outer) and not any(corners.ravel() % 2)


def largest(found: Sequence[Gap]) -> float:
    """The largest distance of a threshold from 0, in taps; 0 if all channels are constant."""
    return max((abs(g.middle) for g in found if g.below is not None), default=0.0)


def amplitude_for(found: Sequence[Gap], most: int = LARGEST_AMPLITUDE, gain: float = 1.0) -> int:
    """LSB of a tap as it is loaded: the most by which no threshold lies beyond `REACH`. Raises ProgramError."""
    far, most = largest(found), min(math.floor(most / gain), REACH)
    chosen = min(most, math.floor(REACH / (far * gain))) if far else most
    if chosen < 1:
        raise ProgramError(
            f"a threshold lies {far:g} taps from 0, and the converter's constants end at {HIGHEST} LSB: less than 1 "
            "LSB a tap is left; bound the thresholds in training"
        )
    return chosen


def leans(layer: Conv, found: Sequence[Gap], pool: Pool) -> tuple[float, ...]:
    """Where in its gap the level of each channel of a first layer is to stand under noise, as a share of the gap.

    In the middle, but for channels whose uniform background has the nearest sum on the side that a pool does not hide:
    a window of n such sums is wrong if one of them is, and most windows of a picture are background.
    """
    shares = np.full(layer.channels, MIDDLE)
    dark, bright = values_of(layer)
    for n, g in enumerate(found):
        sums = {value * int(layer.total[n]) for value in (dark, bright)}
        ands = pool.every is not None and bool(pool.every[n])
        if (g.above if ands else g.below) in sums:
            shares[n] = 1 - LEAN if ands else LEAN
    return tuple(float(share) for share in shares)


def levels(
    found: Sequence[Gap], unit: float, shift: float = 0.0, *, merge: bool = True, lean: Sequence[float] = ()
) -> tuple[Level, ...]:
    """LSB that each channel's sum must be above, with as few different ones as give the same bits.

    unit: LSB of a tap. shift: LSB that is added to every sum. merge: False for a level in each gap, however many
    constants that takes. lean: where in its gap each of these is, by default in the middle; channels with one gap share
    a level, which is where the one stands that leans most.

    Raises ProgramError if some gap holds no whole LSB.
    """
    asked: dict[tuple[int, int], int] = {}
    for g in found:
        if g.below is not None and g.above is not None:
            asked[_whole(g.below, g.above, unit, shift)] = 0
    if merge:
        spans = sorted(asked, key=lambda s: s[1])
        while spans:
            end = spans[0][1]
            group = [s for s in spans if s[0] <= end]
            level = (max(s[0] for s in group) + min(s[1] for s in group)) // 2
            asked.update(dict.fromkeys(group, level))
            spans = [s for s in spans if s[0] > end]
    else:
        wanted: dict[tuple[int, int], tuple[float, float]] = {}
        for g, share in zip(found, lean or [MIDDLE] * len(found), strict=True):
            if g.below is not None and g.above is not None:
                whole = _whole(g.below, g.above, unit, shift)
                at = (g.below + share * (g.above - g.below)) * unit + shift
                wanted[whole] = max(wanted.get(whole, (share, at)), (share, at), key=lambda s: abs(s[0] - MIDDLE))
        asked = {(low, high): min(max(round(at), low), high) for (low, high), (_, at) in wanted.items()}
    return tuple(
        g.constant if g.below is None or g.above is None else asked[_whole(g.below, g.above, unit, shift)]
        for g in found
    )


def span(gap: Gap, unit: float, shift: float = 0.0) -> tuple[int, int]:
    """The first and the last LSB that a level in a gap may be. Raises ProgramError if there is none, or no gap."""
    if gap.below is None or gap.above is None:
        raise ProgramError("a constant channel has no level")
    return _whole(gap.below, gap.above, unit, shift)


def _whole(below: int, above: int, unit: float, shift: float) -> tuple[int, int]:
    """The first and the last whole LSB at or above the sum below and under the sum above."""
    low, high = math.ceil(below * unit + shift), math.ceil(above * unit + shift) - 1
    if low > high:
        raise ProgramError(f"{unit:g} LSB a tap: no whole LSB lies between sums of {below} and {above} taps")
    return low, high


def margins(found: Sequence[Gap], chosen: Sequence[Level], unit: float) -> tuple[float, ...]:
    """How many taps the nearest sum lies from the level of each channel; infinite for constant ones."""
    out = []
    for g, level in zip(found, chosen, strict=True):
        if g.below is None or g.above is None or not isinstance(level, int):
            out.append(math.inf)
        else:
            out.append(min(level / unit - g.below, g.above - level / unit))
    return tuple(out)


def merged(net: Network, most: int) -> tuple[Network, tuple[str, ...]]:
    """The network with at most so many different thresholds a layer, each the median of those that it stands for, and
    what that changed, a line a layer. Raises ProgramError."""
    if most < 1:
        raise ProgramError(f"levels: expected at least 1, got {most}")
    layers, notes = [], []
    for layer in net.layers:
        if not isinstance(layer, Conv) or len(layer.levels) <= most:
            layers.append(layer)
            continue
        kept = layer.constant == 0
        threshold = layer.threshold.copy()
        threshold[kept] = _medians(threshold[kept], most)
        moved = np.abs(threshold - layer.threshold)
        notes.append(
            f"{layer.name}: {len(layer.levels)} thresholds became {len(np.unique(threshold[kept]))}; "
            f"{int((moved > 0).sum())} channels moved, by {moved.max()} taps at most"
        )
        layers.append(replace(layer, threshold=threshold))
    return replace(net, layers=tuple(layers)), tuple(notes)


def _medians(values: np.ndarray, groups: int) -> np.ndarray:
    """The values, each replaced by the median of its group: the split of the sorted ones that moves least in all."""
    order = np.argsort(values, kind="stable")
    v = values[order].astype(np.int64)
    n = len(v)

    def cost(a: int, b: int) -> int:
        return int(np.abs(v[a:b] - v[(a + b - 1) // 2]).sum())

    best: list[list[tuple[int, tuple[int, ...]]]] = [[(0, ()) if not b else (1 << 40, ()) for b in range(n + 1)]]
    for _ in range(groups):
        row = []
        for b in range(n + 1):
            row.append(min((best[-1][a][0] + cost(a, b), (*best[-1][a][1], a)) for a in range(b + 1) if a < b or not b))
        best.append([(0, ()) if not b else found for b, found in enumerate(row)])
    _, starts = min((row[n] for row in best[1:]), key=lambda found: found[0])
    out = values.copy()
    for a, b in zip(starts, (*starts[1:], n), strict=True):
        out[order[a:b]] = v[(a + b - 1) // 2]
    return out


__all__ = ["Gap", "amplitude_for", "gaps", "largest", "leans", "levels", "margins", "merged", "span", "values_of"]
