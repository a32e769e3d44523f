"""Errors of the array as noise of the sums, for training. Imports no torch."""

from __future__ import annotations

import numpy as np

from scamp_sim.silicon.setup import Errors
from scamp_sim.systems.pixels.array import ArrayLayer, ArrayOptions
from scamp_sim.systems.pixels.curve import Floats
from scamp_sim.systems.pixels.params import LayerParams


def array_noise(
    params: LayerParams,
    errors: Errors = "scamp5",
    options: ArrayOptions | None = None,
    chips: tuple[int, ...] = (1, 2),
) -> Floats:
    """sd (O,) of the sums on macropixels, in the unit of the layer's own sums: what an affine fit of each channel to
    the exact sums leaves, mean over chips and two drawn pictures.

    params: grey, stride = kernel = 2, 4 or 8. errors, chips: of the array. Raises ScampError.
    """
    from scamp_sim.kernels import p2m
    from scamp_sim.machine.machine import Machine
    from scamp_sim.systems.pixels.data.scenes import scene

    def no_constants(gain: float, steps: Floats, sums: Floats) -> Floats:
        return np.zeros(len(steps))

    layer = ArrayLayer(params, options or ArrayOptions(), no_constants)
    program = p2m.frame(layer.tiles, activation=False)
    left = []
    for chip in chips:
        machine = Machine(errors=errors, chip=chip)
        for seed in (0, 1):
            light = scene(seed, (256, 256), figure=True).mean(axis=2)
            machine.renew(seed)
            machine.run(program, inputs={"picture": 255.0 * light})
            got = layer.tiles.layout.gather(machine.read("D")).astype(np.float64)
            exact = layer.tiles.sums(light)
            left.append([_residual(a.ravel(), b.ravel()) for a, b in zip(exact, got, strict=True)])
    return np.mean(left, axis=0) * layer.per_lsb


def _residual(exact: Floats, got: Floats) -> float:
    """sd of what an affine fit of `got` to `exact` leaves, referred to `exact`."""
    if np.ptp(exact) == 0:
        return float(got.std())
    slope, offset = np.polyfit(exact, got, 1)
    return float((got - slope * exact - offset).std() / max(abs(slope), 1e-6))
