"""The in-sensor spiking front end as equations: fused comparator, Hoyer spikes, leaky integrate and fire.

Datta et al., "In-Sensor & Neuromorphic Computing are all you need for Energy Efficient Computer Vision", arXiv
2212.10881 (2022); the Hoyer spike layer and the membrane are those of the training code of the same group.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.pixels.curve import Floats, Pixel
from scamp_sim.systems.pixels.norm import BatchNorm, per_channel
from scamp_sim.systems.pixels.windows import check_light, check_weights, window_sums

Bits = npt.NDArray[np.bool_]

RESETS = ("subtract", "zero", "none")
KEEP = 0.9
"""Share of the running extremum that a batch keeps (training code of the group)."""


def front_end(
    image: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    stride: int,
    gamma: npt.ArrayLike,
    beta: npt.ArrayLike,
    mean: npt.ArrayLike,
    var: npt.ArrayLike,
    eps: float = 1e-5,
    v_th: npt.ArrayLike = 1.0,
    extremum: npt.ArrayLike = 1.0,
    pixel: str | Pixel = "ideal",
) -> Bits:
    """One frame as spikes, bool (O, h, w): 1 where BN(up - down) / |v_th| >= extremum.

    image: (H, W, C) float in 0..1, 0 dark.
    weights: (O, C, k, k), correlated without padding.
    gamma, beta, mean, var: batch norm, each a number or O of them; gamma 0 makes a channel constant.
    v_th: learned clip threshold, not 0.
    extremum: Hoyer extremum. Each a number or O of them.
    pixel: "ideal", "curve" or f(w, light), in two phases: positive weights minus negative ones.

    Raises ScampError (PlaneError for the picture).
    """
    w = check_weights(weights)
    x = check_light(image, w.shape[1])
    norm = BatchNorm.of(w.shape[0], gamma, beta, mean, var, eps)
    up, down = window_sums(np.moveaxis(x, -1, 0), w, stride, pixel, "two-phase")
    return spikes(norm(up - down), v_th, extremum)


def spikes(n: Floats, v_th: npt.ArrayLike = 1.0, extremum: npt.ArrayLike = 1.0) -> Bits:
    """1 where n / |v_th| >= extremum, for batch-norm outputs n (..., O, h, w)."""
    channels = n.shape[-3]
    scale = check_v_th(v_th, channels)[:, None, None]
    level = per_channel("extremum", extremum, channels)[:, None, None]
    return np.asarray(n / scale >= level)


def hoyer(x: npt.ArrayLike) -> tuple[Bits, float]:
    """(spikes, extremum) of one channel.

    x: any shape, already divided by |v_th|. With c = clip(x, 0, 1) the extremum is sum c^2 / sum c, and 1 where every c
    is 0; spikes are x >= extremum. Raises ScampError for values that are not finite.
    """
    array = np.asarray(x, dtype=np.float64)
    if not np.all(np.isfinite(array)):
        raise ScampError("hoyer: x holds a value that is not finite")
    extremum = hoyer_extremum(array)
    return np.asarray(array >= extremum), extremum


def hoyer_extremum(x: Floats) -> float:
    """sum c^2 / sum c with c = clip(x, 0, 1); 1 where every c is 0."""
    c = np.clip(x, 0.0, 1.0)
    # A power of two brings the largest to about 1, so that squares of tiny values do not vanish.
    largest = float(c.max(initial=0.0))
    if largest == 0:
        return 1.0
    scale = 2.0 ** np.floor(np.log2(largest))
    c = c / scale
    return float(scale * (np.sum(c * c) / np.sum(c)))


def hoyer_extrema(x: Floats, mode: str = "cw") -> Floats:
    """Extrema (O,) of a batch (N, O, h, w): per channel ("cw"), one over all ("sum") or 1 ("fixed")."""
    channels = x.shape[1]
    if mode == "cw":
        return np.array([hoyer_extremum(x[:, o]) for o in range(channels)])
    if mode == "sum":
        return np.full(channels, hoyer_extremum(x))
    if mode == "fixed":
        return np.ones(channels)
    raise ScampError(f"unknown Hoyer mode {mode!r:.40}: expected 'cw', 'sum' or 'fixed'")


def hoyer_loss(n: Floats, v_th: float = 1.0) -> float:
    """The regulariser H = (sum c)^2 / sum c^2 with c = clip(n, 0, |v_th|); 0 where every c is 0."""
    c = np.clip(np.asarray(n, np.float64), 0.0, abs(v_th))
    squares = float(np.sum(c * c))
    return float(np.sum(c)) ** 2 / squares if squares else 0.0


def running_extremum(before: Floats, batch: Floats) -> Floats:
    """The extremum that inference uses, after one more training batch: 0.9 before + 0.1 batch. It starts at 0."""
    return KEEP * before + (1 - KEEP) * batch


def lif(inputs: npt.ArrayLike, *, leak: float, threshold: float, reset: str) -> Bits:
    """Leaky integrate and fire over several time steps: bool spikes (T, ...).

    inputs: (T, ...). Membranes start at 0; U = leak U + input; spikes where U >= threshold.
    leak: finite.
    threshold: finite.
    reset: "subtract": a spike takes the threshold off; "zero": it sets U to 0; "none": it leaves U.

    Raises ScampError.
    """
    x = np.asarray(inputs, dtype=np.float64)
    if x.ndim < 1 or not np.all(np.isfinite(x)):
        raise ScampError("lif: expected finite inputs of shape (time steps, ...)")
    if not isinstance(reset, str) or reset not in RESETS:
        raise ScampError(f"unknown reset {reset!r:.40}: expected 'subtract', 'zero' or 'none'")
    return membrane(x, _number("leak", leak), np.float64(_number("threshold", threshold)), reset)


def membrane(x: Floats, leak: float, threshold: npt.ArrayLike, reset: str, strict: bool = False) -> Bits:
    """Spikes of checked inputs (T, ...).

    threshold: broadcasts to one step.
    strict: spikes are above it, not at it.
    """
    level = np.asarray(threshold, dtype=np.float64)
    u = np.zeros(x.shape[1:])
    fired = np.zeros(x.shape, dtype=bool)
    for t in range(len(x)):
        u = leak * u + x[t]
        fired[t] = u > level if strict else u >= level
        if reset == "subtract":
            u = np.where(fired[t], u - level, u)
        elif reset == "zero":
            u = np.where(fired[t], 0.0, u)
    return fired


def _number(name: str, value: float) -> float:
    if not isinstance(value, int | float | np.integer | np.floating) or not np.isfinite(value):
        raise ScampError(f"lif: expected {name} as a finite number, got {value!r:.40}")
    return float(value)


def check_v_th(v_th: npt.ArrayLike, channels: int) -> Floats:
    """|v_th| as float64 (channels,). Raises ScampError where it is 0."""
    values = np.abs(per_channel("v_th", v_th, channels))
    if np.any(values == 0):
        raise ScampError("v_th is 0: nothing can be divided by it; expected a threshold other than 0")
    return values
