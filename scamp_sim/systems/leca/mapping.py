"""From float kernels to circuit weights: what a network trained without the circuit has to go through (Sec. 3.4)."""

from __future__ import annotations

from typing import Any

import numpy as np

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.leca import inputs
from scamp_sim.systems.leca.golden import effective_weights
from scamp_sim.systems.leca.inputs import FULL, TAPS, Floats, Integers

GAINS = np.geomspace(0.005, 2.0, 200)
"""Gains that are tried, in units of 1 / largest weight."""


def inverse(kernel: Any, ratio: float = 1.0) -> tuple[Integers, Integers, float]:
    """Circuit weights whose effective weights come nearest to a float kernel.

    For each gain of a fixed grid the inputs are taken from the last to the first: what later inputs of the same sign
    will leave of an input is then known, so its share is what is wanted over that, as the nearest magnitude (ties to
    even). The gain with the smallest error is kept, then set by least squares.

    Args:
        kernel: 16 floats, shape (16,) or (4, 4).
        ratio: C_out over the whole sampling array.

    Returns:
        magnitude, sign (shape of the kernel) and gain: effective_weights(magnitude, sign) ~ gain x kernel. A kernel of
        zeros gives zeros and gain 1; the sign of a zero weight is +1.

    Raises:
        ScampError: another shape, values that are not finite.
    """
    w = inputs.finite("kernel", kernel)
    shape = w.shape
    w = inputs.per_tap("kernel", w)
    if w.ndim != 1:
        raise ScampError(f"kernel: expected one kernel of {TAPS} taps, got shape {shape}")
    ratio = float(inputs.positive("ratio", ratio))
    sign = np.where(w < 0, -1, 1).astype(np.int64)
    largest = np.abs(w).max()
    if largest == 0:
        return np.zeros(shape, np.int64), sign.reshape(shape), 1.0
    tried = at_gains(w / largest, sign, GAINS, ratio)
    effective = effective_weights(tried, np.broadcast_to(sign, tried.shape), ratio)
    errors = np.linalg.norm(effective / GAINS[:, None] - w / largest, axis=1)
    best = int(errors.argmin())
    return tried[best].reshape(shape), sign.reshape(shape), fitted_gain(effective[best], w)


def at_gains(w: Floats, sign: Integers, gains: Floats, ratio: float) -> Integers:
    """Magnitudes (gains, 16) whose effective weights are about gain x w, for each gain."""
    tried = np.zeros((len(gains), TAPS), np.int64)
    kept = {1: np.ones(len(gains)), -1: np.ones(len(gains))}
    for k in reversed(range(TAPS)):
        share = np.minimum(gains * abs(w[k]) / kept[int(sign[k])], 1 - 1e-12)
        tried[:, k] = np.minimum(np.rint(FULL * ratio * share / (1 - share)), FULL)
        kept[int(sign[k])] *= 1 - tried[:, k] / (FULL * ratio + tried[:, k])
    return tried


def naive(kernel: Any) -> tuple[Integers, Integers]:
    """Magnitudes in proportion to the weights, as if the multiplier were linear: round(15 |W| / max |W|)."""
    w = inputs.finite("kernel", kernel)
    largest = np.abs(w).max()
    m = np.rint(FULL * np.abs(w) / largest) if largest else np.zeros(w.shape)
    return m.astype(np.int64), np.where(w < 0, -1, 1).astype(np.int64)


def fitted_gain(effective: Floats, kernel: Floats) -> float:
    """The gain g with the smallest |effective / g - kernel|; 1 where the two have nothing in common."""
    common = float((effective * kernel).sum())
    return float((effective * effective).sum()) / common if common > 0 else 1.0


def relative_error(effective: Any, kernel: Any) -> float:
    """min over g of |g x effective - kernel| / |kernel|, the error of a mapping whatever its gain."""
    e, w = inputs.finite("effective", effective).ravel(), inputs.finite("kernel", kernel).ravel()
    size = float(e @ e)
    gain = float(e @ w) / size if size else 0.0
    return float(np.linalg.norm(gain * e - w) / np.linalg.norm(w))
