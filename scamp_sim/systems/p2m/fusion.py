"""Where the batch norm behind the layer goes: into ramps, widths or the next layer, and what that costs.

The paper embeds the scale in the widths and the shift in the counter's preset (section 4.2). That is exact for a pixel
that multiplies. The released curve has a part g(light) that does not grow with the width, so scaled widths give another
sum. A ramp of its own slope for each channel, or the scale left to the next layer, are exact for any pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.p2m.adc import Integers, check_bits
from scamp_sim.systems.p2m.golden import check_full_scale
from scamp_sim.systems.pixels.curve import Floats, Pixel
from scamp_sim.systems.pixels.norm import BatchNorm
from scamp_sim.systems.pixels.windows import Sums, check_weights, window_sums

WAYS = ("ramp", "widths", "digital")


def full_scale_of(sums: Sums, bits: int) -> float:
    """max * 2^bits / (2^bits - 1): full scale by which the largest sum of a calibration batch gets the code 2^bits - 1.

    With the plain maximum ceil would need the code 2^bits for it, one more than there is. 1 where every sum is 0.
    """
    largest = max(float(np.max(np.abs(s), initial=0.0)) for s in sums)
    return largest * 2**bits / (2**bits - 1) if largest > 0 else 1.0


@dataclass(frozen=True, eq=False)
class Fused:
    """Arguments of `front_end` that hold a batch norm.

    weights: (O, C, k, k); channels of negative scale are negated, which swaps their phases.
    full_scale: (O,).
    preset: (O,) counts.
    unit: (O,) what one count stands for behind the batch norm.
    way: see `fuse`.
    """

    weights: Floats
    full_scale: Floats
    preset: Integers
    unit: Floats
    way: str


def fuse(
    weights: npt.ArrayLike, norm: BatchNorm, way: str, *, sums: Sums, bits: int = 8, full_scale: float | None = None
) -> Fused:
    """Where scale A and shift B of a batch norm go.

    weights: (O, C, k, k).
    norm: the batch norm.
    way: "ramp": lsb_o = lsb / |A_o|, exact for any pixel. "widths": A theta as widths, as the paper says, exact for the
        ideal pixel only. "digital": A stays in the next layer, which takes counts of unit lsb |A_o|.
    sums: of a calibration batch, in the two phases of these weights (for "widths": of A theta).
    bits: of the converter.
    full_scale: of the batch norm's output for "ramp", else of the sums; from `sums` if None.

    A_o = 0: the channel's weights become 0, so that its count is the preset. Raises ScampError.
    """
    if way not in WAYS:
        raise ScampError(f"unknown fusion {way!r:.40}: expected 'ramp', 'widths' or 'digital'")
    theta = check_weights(weights)
    bits = check_bits(bits)
    size = np.abs(norm.scale)
    channels = len(size)
    signed = theta * np.sign(norm.scale)[:, None, None, None]
    if way == "ramp":
        scaled = Sums(*(s * size[:, None, None] for s in sums))
        full = _given(full_scale, full_scale_of(scaled, bits))
        lsb = full / 2**bits
        # A channel of scale 0 has no weights left: any ramp will do.
        each = full / np.where(size > 0, size, 1.0)
        return Fused(signed, each, _counts(norm.shift / lsb), np.full(channels, lsb), way)
    full = _given(full_scale, full_scale_of(sums, bits))
    lsb = full / 2**bits
    if way == "widths":
        widths = theta * norm.scale[:, None, None, None]
        return Fused(widths, np.full(channels, full), _counts(norm.shift / lsb), np.full(channels, lsb), way)
    unit = lsb * np.where(size > 0, size, 1.0)
    return Fused(signed, np.full(channels, full), _counts(norm.shift / unit), unit, way)


def _given(full_scale: float | None, default: float) -> float:
    return default if full_scale is None else float(check_full_scale(full_scale, 1)[0])


def _counts(values: Floats) -> Integers:
    if np.any(np.abs(values) >= 2**53):
        o = int(np.argmax(np.abs(values)))
        raise ScampError(
            f"the shift of channel {o} is {values[o]:.3g} counts; no counter holds it: check the batch norm"
        )
    return np.rint(values).astype(np.int64)


def naive_fusion_error(
    light: npt.ArrayLike, weights: npt.ArrayLike, norm: BatchNorm, *, stride: int, pixel: str | Pixel
) -> Floats:
    """A z(theta) - z(A theta), (..., O, h, w): what widths A theta are off by, in two phases.

    light: (..., C, H, W).

    For A > 0 and a pixel g + w h it is (A - 1) sum sign(theta) g(light).
    """
    theta = check_weights(weights)
    scale = norm.scale[:, None, None, None]
    up, down = window_sums(light, theta, stride, pixel)
    fused_up, fused_down = window_sums(light, theta * scale, stride, pixel)
    return scale[..., 0] * (up - down) - (fused_up - fused_down)
