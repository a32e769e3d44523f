"""The controller's part of a network: what it makes of the bits or sums that leave the array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.systems.network.golden import dense_sums, pool_bits, window_counts
from scamp_sim.systems.network.params import Counts, Dense, Layer, Pool

Planes = npt.NDArray[Any]


def finish(summed: Dense | None, outside: Sequence[Layer], value: Planes) -> tuple[Planes, dict[str, Planes]]:
    """The last layer's values, and the stages on the way.

    summed: the dense layer whose sums (classes,) `value` is; None for bits (maps, rows, columns).
    outside: the layers of the controller.
    """
    stages: dict[str, Planes] = {}
    value = np.asarray(value)
    if summed is not None:
        value = scored(summed, value)
    for layer in outside:
        if isinstance(layer, Pool):
            value = pool_bits(layer, value[None])[0]
            stages[f"{layer.name}.bits"] = value
        elif isinstance(layer, Counts):
            value = window_counts(layer, value[None])[0]
            stages[f"{layer.name}.counts"] = value
        elif isinstance(layer, Dense):
            flat = value.reshape(1, -1)
            if flat.dtype == np.bool_:
                flat = np.where(flat, 1, -1).astype(np.int32)
            value = scored(layer, dense_sums(flat, layer.weights)[0])
    return value, stages


def products(outside: Sequence[Layer]) -> int:
    """Multiplications in a frame."""
    return sum(layer.classes * layer.features for layer in outside if isinstance(layer, Dense))


def scored(layer: Dense, sums: Planes) -> Planes:
    """Sums (classes,) with scale, bias and activation."""
    scores = sums * layer.scale + layer.bias
    if layer.activation == "relu":
        return np.asarray(np.maximum(scores, 0))
    if layer.activation == "sign":
        return np.asarray(np.where(scores >= 0, 1, -1))
    return np.asarray(scores, np.float64)


__all__ = ["finish", "products", "scored"]
