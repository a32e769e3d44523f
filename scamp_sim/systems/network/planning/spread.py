"""What chips of a profile make of sums, measured on emulated chips that nobody else uses.

Kernels whose weights add up to different sums, on a drawn picture, say what a tap arrives as, what is added to a sum of
0, and how the rest of the error depends on the sum of the weights; `Spread` is a fit to that. It takes a part of a
second, once for each profile and form of a layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scamp_sim.systems.network.planning.margins import Spread

if TYPE_CHECKING:
    from scamp_sim.systems.network.params import Network
    from scamp_sim.systems.network.planning.background import Background
    from scamp_sim.systems.network.planning.choice import Choice

CHIPS = (4_000_000_011, 4_000_000_012)
"""Serials that are measured."""
NEAR = 8
"""Taps of 25 from 0 within which sums count."""
UNCOMPRESSED = 110
"""LSB from 0 within which they do."""

Floats = npt.NDArray[np.float64]


class Measured:
    """A profile, or an error model, as `Response`."""

    def __init__(self, kind: Any) -> None:
        self.key = _Key(kind)
        self._looked: list[tuple[Network, tuple[object, ...], tuple[Background, ...]]] = []

    def first(self, kind: str, rows: int, taps: int, amplitude: int, spacing: int = 1) -> Spread:
        """Of a layer over one map a slot."""
        return _first(self.key, kind, rows, min(taps, 7), amplitude, spacing)

    def joined(self, rows: int, taps: int, amplitude: int, spacing: int, doublings: int) -> Spread:
        """Of a layer over all maps."""
        return _joined(self.key, rows, min(taps, 5), amplitude, spacing, doublings)

    def backgrounds(self, net: Network, choice: Choice) -> tuple[Background, ...]:
        """The first layer on uniform pictures; levels, which come behind its sums, make no difference to them."""
        from scamp_sim.systems.network.planning.background import look_at

        form = (choice.layout, choice.rows, choice.offset, *(c.amplitude for c in choice.convs.values()))
        for known, its, found in self._looked:
            if known is net and its == form:
                return found
        found = look_at(net, choice, self.key.kind, CHIPS)
        self._looked = [*self._looked[-3:], (net, form, found)]
        return found


class _Key:
    """A profile as a key of a cache: equal where all its knobs are."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.value = kind.key() if hasattr(kind, "key") else id(kind)

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.value == other.value

    @property
    def offset(self) -> int:
        """LSB that a transfer adds, as programs make up for it."""
        from scamp_sim.systems.network.planning.profiles import offset_of

        return offset_of(self.kind)


def kernels(count: int, taps: int, seed: int = 0) -> npt.NDArray[np.int64]:
    """Kernels of +1 and -1 whose weights add up to what is spread from -0.7 to 0.7 of the taps, (count, taps, taps)."""
    rng, size = np.random.default_rng(seed), taps * taps
    found = []
    for share in np.linspace(-0.7, 0.7, count) if count > 1 else [0.0]:
        flat = np.full(size, -1)
        flat[: round((share + 1) / 2 * size)] = 1
        found.append(rng.permutation(flat).reshape(taps, taps))
    return np.stack(found)


def picture(side: int) -> npt.NDArray[np.bool_]:
    """Blobs of 4x4 pixels."""
    coarse = np.random.default_rng(1).random((-(-side // 4), -(-side // 4))) < 0.3
    return np.asarray(np.kron(coarse, np.ones((4, 4)))[:side, :side] > 0)


@lru_cache(128)
def _first(key: _Key, kind: str, rows: int, taps: int, amplitude: int, spacing: int) -> Spread:
    from scamp_sim.kernels.network.first import Convolution, Look, checked, look
    from scamp_sim.kernels.network.grids import Grid
    from scamp_sim.kernels.network.pieces import drafted

    grid = Grid(kind, rows)
    w, pad = kernels(grid.slots, taps), taps // 2
    lift = "F" if key.offset else ""
    size = (grid.side, grid.side)
    layer = Convolution(checked(w, grid), grid, pad, True, lift, size, spacing)
    program = drafted("spread", [look(grid, Look(amplitude=amplitude, size=size), lift), layer.piece("taps")])
    shown = picture(grid.side)
    exact = _exact(shown, w, pad, spacing)
    seen = _seen(key, program, grid.fill(np.asarray(shown * np.uint8(255), np.uint8)), layer.result)
    near = min(NEAR * taps / 5, UNCOMPRESSED / amplitude)
    return _fitted(exact, [np.asarray(grid.maps(s), np.float64) for s in seen], w.sum(axis=(1, 2)), amplitude, near)


@lru_cache(128)
def _joined(key: _Key, rows: int, taps: int, amplitude: int, spacing: int, doublings: int) -> Spread:
    from scamp_sim.kernels.network.channels import Channels
    from scamp_sim.kernels.network.first import Look, look
    from scamp_sim.kernels.network.grids import Grid
    from scamp_sim.kernels.network.pieces import Part, Piece, drafted

    grid = Grid("macropixels", rows)
    lift, pad = ("F" if key.offset else ""), taps // 2
    size = (grid.side, grid.side)
    w = np.random.default_rng(2).choice([-1, 1], (1, grid.slots, taps, taps))
    layer = Channels(w, [0], grid, pad, True, lift, size, spacing, doublings)
    *pieces, last = layer.pieces("taps")
    # without the compare, which comes last
    kept = last.parts[-1]
    cut = next(n for n, line in enumerate(kept.lines) if line.startswith("where("))
    last = Piece(last.name, (*last.parts[:-1], Part(kept.lines[:cut], kept.calls)))
    program = drafted("spread", [look(grid, Look(amplitude=amplitude, size=size), lift), *pieces, last])
    # each slot has a picture of its own, or all taps of a pixel would be one
    shown = np.random.default_rng(3).random((grid.slots, grid.side, grid.side)) < 0.5
    exact = sum(_exact(shown[n], w[:, n], pad, spacing) for n in range(grid.slots))
    plane = grid.plane(np.asarray(shown * np.uint8(255), np.uint8))
    seen = _seen(key, program, plane, "B")
    unit = layer.unit(amplitude)
    near = max(4.0, 60.0 / unit)
    maps = [np.asarray(grid.maps(s)[:1], np.float64) for s in seen]
    return _fitted(np.asarray(exact), maps, np.array([w.sum()]), unit, near)


def _exact(shown: npt.NDArray[np.bool_], w: npt.NDArray[np.int64], pad: int, spacing: int) -> Floats:
    """Sums (K, side, side) in taps, with zeros around."""
    values = np.pad(np.where(shown, 1.0, -1.0), pad * spacing)
    side, taps = len(shown), w.shape[1]
    found = np.zeros((len(w), side, side))
    for i in range(taps):
        for j in range(taps):
            seen = values[i * spacing : i * spacing + side, j * spacing : j * spacing + side]
            found += w[:, i, j, None, None] * seen
    return found


def _seen(key: _Key, program: Any, plane: Any, register: str) -> list[Any]:
    from scamp_sim.machine.machine import Machine

    found = []
    for chip in CHIPS:
        machine = Machine(errors=key.kind, chip=chip)
        machine.expose(plane)
        machine.run(program, registers=False)
        found.append(machine.read(register).astype(np.float64))
    return found


def _fitted(exact: Floats, seen: Sequence[Floats], totals: Any, unit: float, near: float) -> Spread:
    """Gain, shift, and what is left by the sum of the weights."""
    inside = np.abs(exact) <= near
    x = np.concatenate([exact[inside] for _ in seen])
    y = np.concatenate([s[inside] for s in seen])
    slope, shift = (float(v) for v in np.polyfit(x, y, 1)) if np.ptp(x) else (unit, float(y.mean()))
    left = []
    for k in range(len(exact)):
        away = [s[k][inside[k]] - slope * exact[k][inside[k]] - shift for s in seen]
        left.append(float(np.mean(np.square(np.concatenate(away)))) if inside[k].any() else np.nan)
    square, known = np.array(left), np.isfinite(left)
    mean = float(np.sqrt(np.nanmean(square)))
    gain = slope / unit
    if len(np.unique(np.asarray(totals)[known])) < 4:  # no curve: kernels of 1x1 add up to 1 or -1
        return Spread(gain, mean, 0.0, 0.0, shift)
    curve, line, floor = np.polyfit(np.asarray(totals, float)[known], square[known], 2)
    if curve <= 0:
        return Spread(gain, mean, 0.0, 0.0, shift)
    balance = -line / (2 * curve)
    least = max(float(floor - curve * balance**2), float(np.nanmin(square)) / 4)
    return Spread(gain, float(np.sqrt(least)), float(np.sqrt(curve)), float(balance), shift)


__all__ = ["CHIPS", "Measured"]
