"""What sums of a first layer are off by on chips of a profile, measured on emulated chips that nobody else uses.

One balanced and one lopsided set of kernels on a drawn picture say how the spread of a sum depends on the sum of its
weights; `Spread` is a fit to that. It takes a second, once for each profile.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from scamp_sim.systems.network.planning.margins import Spread

CHIPS = (4_000_000_011, 4_000_000_012)
"""Serials that are measured."""
AMPLITUDE = 10
TAPS = 5
TOTALS = (-15, -11, -9, -7, -5, -3, -1, 1, 3, 5, 7, 9, 11, 15, 19, -19)
"""Sums of the weights of the sixteen kernels."""


def of_profile(kind: Any) -> Spread:
    """Of chips of a profile, or of an error model. Raises ScampError."""
    return _measured(_Key(kind))


class _Key:
    """A profile as a key of a cache: equal where all its knobs are."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.value = kind.key() if hasattr(kind, "key") else id(kind)

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.value == other.value


def kernels(seed: int = 0) -> np.ndarray:
    """Sixteen kernels of +1 and -1 with the sums `TOTALS`, (16, 5, 5)."""
    rng = np.random.default_rng(seed)
    found = []
    for total in TOTALS:
        flat = np.full(TAPS * TAPS, -1)
        flat[: (TAPS * TAPS + total) // 2] = 1
        found.append(rng.permutation(flat).reshape(TAPS, TAPS))
    return np.stack(found)


@lru_cache(32)
def _measured(key: _Key) -> Spread:
    from scamp_sim.kernels.network.first import Convolution, Look, checked, look
    from scamp_sim.kernels.network.grids import Grid
    from scamp_sim.kernels.network.pieces import assembled
    from scamp_sim.machine.machine import Machine
    from scamp_sim.systems.network.golden import conv_sums
    from scamp_sim.systems.network.params import Conv
    from scamp_sim.systems.network.planning.plan import offset_of

    grid, w = Grid("blocks"), kernels()
    lift = "F" if offset_of(key.kind) else ""
    taps = Convolution(checked(w, grid), grid, 2, True, lift)
    program = assembled("spread", [look(grid, Look(amplitude=AMPLITUDE), lift), taps.piece("taps")])
    rng = np.random.default_rng(1)
    coarse = rng.random((16, 16)) < 0.3
    picture = np.repeat(np.repeat(coarse, 4, 0), 4, 1)
    layer = Conv("taps", w[:, None], np.zeros(16), padding=(2, 2, 2, 2))
    exact = conv_sums(layer, picture[None, None])[0].astype(np.float64)
    near = np.abs(exact) <= 8  # beyond, registers compress
    slopes, errors = [], []
    for chip in CHIPS:
        machine = Machine(errors=key.kind, chip=chip)
        machine.expose(grid.fill(np.asarray(picture * np.uint8(255), np.uint8)))
        machine.run(program, registers=False)
        seen = grid.maps(machine.read(taps.result)).astype(np.float64)
        x, y = exact[near], seen[near]
        slope = float((x * y).sum() / (x * x).sum())
        slopes.append(slope)
        errors.append(
            [float(np.sqrt(np.mean((s[n] - slope * e[n]) ** 2))) for s, e, n in zip(seen, exact, near, strict=True)]
        )
    rms2 = np.mean(np.square(errors), axis=0)
    totals = np.array(TOTALS, float)
    # rms^2 = floor^2 + slope^2 (t - balance)^2 is a parabola in t
    a, b, c = np.polyfit(totals, rms2, 2)
    if a <= 0:
        return Spread(float(np.mean(slopes)) / AMPLITUDE, float(np.sqrt(rms2.mean())), 0.0, 0.0)
    balance = -b / (2 * a)
    floor2 = max(c - a * balance**2, 0.25 * float(rms2.min()))
    return Spread(float(np.mean(slopes)) / AMPLITUDE, float(np.sqrt(floor2)), float(np.sqrt(a)), float(balance))


__all__ = ["CHIPS", "of_profile"]
