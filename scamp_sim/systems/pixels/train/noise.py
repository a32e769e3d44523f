"""Errors of the array as noise of the sums, for training. Imports no torch."""

from __future__ import annotations

import numpy as np

from scamp_sim.silicon.setup import Errors
from scamp_sim.systems.pixels.array import ArrayLayer, ArrayOptions
from scamp_sim.systems.pixels.calibration import response
from scamp_sim.systems.pixels.curve import Floats
from scamp_sim.systems.pixels.params import LayerParams


def array_noise(
    params: LayerParams,
    errors: Errors = "scamp5",
    options: ArrayOptions | None = None,
) -> Floats:
    """sd (O,) of the sums on macropixels, in the unit of the layer's own sums: what an affine fit of each channel to
    the exact sums leaves, over three chips and two drawn pictures.

    params: grey, stride = kernel = 2, 4 or 8.
    errors: of the array.

    Raises ScampError.
    """

    def no_constants(gain: float, steps: Floats, sums: Floats) -> Floats:
        return np.zeros(len(steps))

    layer = ArrayLayer(params, options or ArrayOptions(), no_constants)
    return response(layer.tiles, errors).noise * layer.per_lsb
