"""Batch norm as a scale and a shift per channel (P2M, Eq. 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.pixels.curve import Floats


def per_channel(name: str, value: npt.ArrayLike, channels: int) -> Floats:
    """`value`, a number or one per channel, as float64 (channels,). Raises ScampError."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ScampError(f"expected '{name}' as a number or {channels} of them") from None
    if array.ndim == 0:
        array = np.full(channels, array)
    if array.shape != (channels,):
        raise ScampError(
            f"expected '{name}' as a number or {channels} of them (one a channel), got shape {array.shape}"
        )
    if not np.all(np.isfinite(array)):
        o = int(np.argwhere(~np.isfinite(array))[0, 0])
        raise ScampError(f"'{name}' of channel {o} is {array[o]}; batch norms and thresholds must be finite")
    return array


@dataclass(frozen=True, eq=False)
class BatchNorm:
    """gamma, beta, running mean and variance, each (O,), and eps. Raises ScampError for values that are not finite or
    a variance + eps that is not above 0."""

    gamma: Floats
    beta: Floats
    mean: Floats
    var: Floats
    eps: float = 1e-5

    @classmethod
    def of(
        cls,
        channels: int,
        gamma: npt.ArrayLike = 1.0,
        beta: npt.ArrayLike = 0.0,
        mean: npt.ArrayLike = 0.0,
        var: npt.ArrayLike = 1.0,
        eps: float = 1e-5,
    ) -> BatchNorm:
        """From numbers or sequences; a number holds for every channel."""
        g, b = per_channel("gamma", gamma, channels), per_channel("beta", beta, channels)
        m, v = per_channel("mean", mean, channels), per_channel("var", var, channels)
        epsilon = float(per_channel("eps", eps, 1)[0])
        if np.any(v < 0) or np.any(v + epsilon <= 0):
            o = int(np.argmin(v))
            raise ScampError(f"'var' of channel {o} is {v[o]:g} and eps {epsilon:g}: expected var >= 0, var + eps > 0")
        return cls(g, b, m, v, eps=epsilon)

    @property
    def scale(self) -> Floats:
        """A = gamma / sqrt(var + eps)."""
        return self.gamma / np.sqrt(self.var + self.eps)

    @property
    def shift(self) -> Floats:
        """B = beta - A mean."""
        return self.beta - self.scale * self.mean

    def __call__(self, z: Floats) -> Floats:
        """A z + B for sums (..., O, h, w)."""
        return self.scale[:, None, None] * z + self.shift[:, None, None]
