"""The P2M sensor as its circuit: two phases, ramps and an up/down counter, on transistors that differ.

The paper gives no number for mismatch or noise. The spreads here are the user's choice and 0 unless chosen; what they
give is a sensitivity study, not a published figure.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.p2m.adc import check_bits, code, rounding_of
from scamp_sim.systems.p2m.golden import Conversion, check_full_scale, check_preset, convert
from scamp_sim.systems.pixels.curve import RELEASED, WIDEST, Floats, Pixel, not_monotonic, pixel_of
from scamp_sim.systems.pixels.draws import normal
from scamp_sim.systems.pixels.windows import Sums, check_light, check_weights, out_size, window_sums


@dataclass(frozen=True)
class Variation:
    """How the sensor's parts differ, chosen by the user: none of it is published.

    width_spread: relative sd of each weight transistor's width.
    read_noise: sd added by every pixel at every read, in the unit of the pixel's output.
    comparator_offset: sd per column, in LSB; both phases have it, so the difference is free of it, clipping apart.
    ramp_gain: relative sd of the ramp's slope per column.

    Raises ScampError for values that are not finite or negative.
    """

    width_spread: float = 0.0
    read_noise: float = 0.0
    comparator_offset: float = 0.0
    ramp_gain: float = 0.0

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if not (np.isfinite(value) and value >= 0):
                raise ScampError(f"expected {f.name} as a standard deviation of 0 or more, got {value}")

    @property
    def none(self) -> bool:
        return not any(getattr(self, f.name) for f in fields(self))


def sense(
    image: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    stride: int,
    pixel: str | Pixel = "curve",
    bits: int = 8,
    full_scale: npt.ArrayLike,
    preset: npt.ArrayLike = 0,
    rounding: str = "ceil",
    variation: Variation = Variation(),
    chip: int = 0,
    measurement: int = 0,
) -> Conversion:
    """One frame of one sensor; without variation it is `front_end` in two phases.

    variation: how parts differ.
    chip: serial number, fixes transistors, comparators and ramps.
    measurement: fixes the noise of this frame. Other arguments as of `front_end`.

    Raises ScampError.
    """
    w = check_weights(weights)
    light = np.moveaxis(check_light(image, w.shape[1]), -1, 0)
    return sense_sums(
        light,
        w,
        stride=stride,
        pixel=pixel,
        bits=bits,
        full_scale=full_scale,
        preset=preset,
        rounding=rounding,
        variation=variation,
        chip=chip,
        measurement=measurement,
    )


def sense_sums(
    light: Floats,
    w: Floats,
    *,
    stride: int,
    pixel: str | Pixel,
    cds: str = "two-phase",
    bits: int,
    full_scale: npt.ArrayLike,
    preset: npt.ArrayLike = 0,
    rounding: str = "ceil",
    variation: Variation = Variation(),
    chip: int = 0,
    measurement: int = 0,
) -> Conversion:
    """`sense` for checked light (C, rows, columns) and weights; "signed" only without variation."""
    if variation.none:
        sums = window_sums(light, w, stride, pixel, cds)
        return convert(sums, cds=cds, bits=bits, full_scale=full_scale, preset=preset, rounding=rounding)
    bits = check_bits(bits)
    rounding_of(rounding)
    if variation.width_spread:
        sums = varied_sums(light, w, stride, pixel, variation.width_spread, chip)
    else:
        sums = window_sums(light, w, stride, pixel)
    up, down = sums
    if variation.read_noise:
        taps = [np.sum(side, axis=(1, 2, 3))[:, None, None] for side in (w > 0, w < 0)]
        noise = normal("p2m read noise", measurement, (2, *up.shape))
        up, down = (s + variation.read_noise * np.sqrt(n) * d for s, n, d in zip((up, down), taps, noise, strict=True))
    columns = up.shape[-1]
    lsb = (check_full_scale(full_scale, len(w)) / 2**bits)[:, None, None]
    own = lsb * (1 + variation.ramp_gain * normal("p2m ramps", chip, (columns,)))
    own = np.maximum(own, 1e-3 * lsb)
    late = variation.comparator_offset * normal("p2m comparators", chip, (columns,)) * lsb
    count = check_preset(preset, len(w))[:, None, None] + (
        code(up + late, own, bits, rounding) - code(down + late, own, bits, rounding)
    )
    return Conversion(up, down, count, np.clip(count, 0, 2**bits - 1))


def varied_sums(light: Floats, weights: Floats, stride: int, pixel: str | Pixel, spread: float, chip: int) -> Sums:
    """`window_sums` in two phases where every transistor has a width of its own.

    A pixel has one transistor per channel and per place that it takes in a window, so tap (c, i, j) of window (u, v) is
    one transistor of the chip. A width does not fall below 0.
    """
    f = pixel_of(pixel)
    out, channels, k, _ = weights.shape
    rows, columns = (out_size(n, k, stride) for n in light.shape[-2:])
    sums = np.zeros((2, out, rows, columns))
    for o in range(out):
        draws = normal(f"p2m widths {o}", chip, (channels, k, k, rows, columns))
        for c, i, j in np.ndindex(channels, k, k):
            w = weights[o, c, i, j]
            if w == 0:
                continue
            x = light[c, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
            width = np.maximum(0.0, abs(w) * (1 + spread * draws[c, i, j]))
            sums[int(w < 0), o] += f(width, x)
    return Sums(sums[0], sums[1])


def width_warnings(weights: npt.ArrayLike, pixel: str | Pixel) -> list[str]:
    """What a designer should know of these widths: beyond the fitted range, or where the curve is not monotonic."""
    widest = float(np.max(np.abs(check_weights(weights)), initial=0.0))
    found = []
    if pixel in ("curve", RELEASED) and widest > WIDEST:
        found.append(
            f"the largest width is {widest:.3g}; the released curve was fitted for an unpublished range, and the "
            f"authors' code never goes beyond {WIDEST:g}"
        )
    where = not_monotonic(pixel_of(pixel), widest) if widest else None
    if where:
        found.append(f"{where}; codes do not order such pixels by their light")
    return found


def width_sets(kernel: int, stride: int) -> int:
    """Weight transistors that a pixel needs per channel: one per place that it takes in overlapping windows."""
    return int(-(-kernel // stride)) ** 2
