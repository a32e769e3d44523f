"""Processing in pixel in memory: the layer as equations, with every choice in which circuit and code differ.

Datta et al., "A Processing-in-Pixel-in-Memory Paradigm for Resource-Constrained TinyML Applications", Scientific
Reports 12:14396 (2022), sections 3.3 and 4; the pixel curve, the signed mode and the authors' quantiser are those of
the training code that they released.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.p2m.adc import Integers, authors_quantise, check_bits, code, rounding_of, signed_code
from scamp_sim.systems.pixels.curve import RELEASED, Floats, Pixel
from scamp_sim.systems.pixels.norm import BatchNorm, per_channel
from scamp_sim.systems.pixels.windows import Sums, check_light, check_weights, window_sums


def curve(w: npt.ArrayLike, light: npt.ArrayLike) -> Floats:
    """Output of the released pixel curve, cubic in light and linear in width.

    w: widths.
    light: 0 dark .. 1 bright. Both broadcast. Returns float64.
    """
    return np.asarray(RELEASED(w, light), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Conversion:
    """What a frame gives, each (O, h, w).

    up, down: float64 sums of the two phases; in signed mode `up` holds all and `down` zeros.
    count: the counter, preset included.
    y: count clipped to 0..2**bits - 1, what leaves the sensor.
    """

    up: Floats
    down: Floats
    count: Integers
    y: Integers


def convert(
    sums: Sums,
    *,
    cds: str = "two-phase",
    bits: int = 8,
    full_scale: npt.ArrayLike,
    preset: npt.ArrayLike = 0,
    rounding: str = "ceil",
) -> Conversion:
    """Ramps and counter on sums (..., O, h, w); arguments as of `front_end`."""
    bits = check_bits(bits)
    rounding_of(rounding)
    channels = sums.up.shape[-3]
    lsb = (check_full_scale(full_scale, channels) / 2**bits)[:, None, None]
    start = check_preset(preset, channels)[:, None, None]
    if cds == "signed":
        count = start + signed_code(sums.up, lsb, bits, rounding)
    else:
        count = start + code(sums.up, lsb, bits, rounding) - code(sums.down, lsb, bits, rounding)
    return Conversion(sums.up, sums.down, count, np.clip(count, 0, 2**bits - 1))


def front_end(
    image: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    stride: int,
    pixel: str | Pixel = "curve",
    cds: str = "two-phase",
    bits: int = 8,
    full_scale: npt.ArrayLike,
    preset: npt.ArrayLike = 0,
    rounding: str = "ceil",
) -> Conversion:
    """One frame through pixels, column lines, converter, counter and shifted ReLU.

    image: (H, W, C) float in 0..1, 0 dark.
    weights: (O, C, k, k), correlated without padding; window (u, v) starts at pixel (stride u, stride v), what is left
        at the bottom and on the right does not count.
    pixel: "ideal" (w * light), "curve" (as released) or a function f(w, light).
    cds: "two-phase" as in the circuit: positive and negative weights are converted one after the other, up and down.
        "signed" as in the released code: signed weights in one pass, and a bipolar conversion.
    bits: of the converter, 1..32.
    full_scale: the sum that 2**bits steps of the ramp reach, a number or O of them.
    preset: counts that the counter starts from, an integer or O of them: the shift of a batch norm.
    rounding: "ceil", "floor" or "round" (halves to even) of sum / (full_scale / 2**bits).

    A channel whose batch norm has a negative scale takes its weights negated: the two phases then swap.
    Returns a `Conversion`. Raises ScampError (PlaneError for the picture).
    """
    w = check_weights(weights)
    x = check_light(image, w.shape[1])
    sums = window_sums(np.moveaxis(x, -1, 0), w, stride, pixel, cds)
    return convert(sums, cds=cds, bits=bits, full_scale=full_scale, preset=preset, rounding=rounding)


def ideal_layer(image: npt.ArrayLike, weights: npt.ArrayLike, *, stride: int, norm: BatchNorm | None = None) -> Floats:
    """max(0, A z + B) of the plain product (P2M, Eq. 1), float64 (O, h, w).

    norm: none means A = 1, B = 0.
    """
    w = check_weights(weights)
    x = check_light(image, w.shape[1])
    z = window_sums(np.moveaxis(x, -1, 0), w, stride, "ideal", "signed").up
    return np.maximum(0.0, z if norm is None else norm(z))


def authors_layer(
    image: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    stride: int,
    norm: BatchNorm,
    pixel: str | Pixel = "curve",
    out_bits: int = 8,
    weight_bits: int = 6,
) -> Floats:
    """The layer as the released training code has it: quantised weights, the signed sum of the curve, one quantisation
    of the whole tensor, and batch norm and ReLU in floating point. Float64 (O, h, w)."""
    w = authors_quantise(check_weights(weights), weight_bits)
    x = check_light(image, w.shape[1])
    z = window_sums(np.moveaxis(x, -1, 0), w, stride, pixel, "signed").up
    return np.maximum(0.0, norm(authors_quantise(z, out_bits)))


def quantise_weights(weights: npt.ArrayLike, bits: int) -> Floats:
    """Widths on a grid of 2^bits - 1 steps per sign of the layer's largest; the paper gives no rule for its 8 bits."""
    return authors_quantise(check_weights(weights), bits)


def check_full_scale(full_scale: npt.ArrayLike, channels: int) -> Floats:
    """Full scale as float64 (channels,). Raises ScampError unless finite and above 0."""
    values = per_channel("full_scale", full_scale, channels)
    if np.any(values <= 0):
        raise ScampError(f"expected full_scale above 0, got {values.min():g}")
    return values


def check_preset(preset: npt.ArrayLike, channels: int) -> Integers:
    """The preset as int64 (channels,). Raises ScampError unless integers."""
    values = per_channel("preset", preset, channels)
    if np.any(values != np.rint(values)) or np.any(np.abs(values) >= 2**53):
        raise ScampError("expected preset in whole counts; round(B / lsb) gives the code of a shift B")
    return values.astype(np.int64)
