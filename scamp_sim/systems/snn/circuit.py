"""The spiking sensor as its circuit: two phases, an analog CDS, one comparator per output with the batch norm in it.

Offsets and noise have no published value; they are 0 unless the user chooses them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.pixels.curve import Floats, Pixel
from scamp_sim.systems.pixels.draws import normal
from scamp_sim.systems.pixels.norm import BatchNorm, per_channel
from scamp_sim.systems.pixels.windows import check_light, check_weights, window_sums
from scamp_sim.systems.snn.golden import Bits, check_v_th

BOLTZMANN = 1.380649e-23


@dataclass(frozen=True, eq=False)
class Comparator:
    """What one compare on V_cds needs, each (O,).

    theta: thresholds in the unit of the sums.
    swapped: the batch norm's scale is negative, the two phases trade places and theta changes sign, so that no
        comparator is inverted.
    constant: the scale is 0; `fires` then holds the output.
    """

    theta: Floats
    swapped: Bits
    constant: Bits
    fires: Bits

    def __call__(self, z: Floats) -> Bits:
        """Spikes of differences z = up - down, (..., O, h, w)."""
        swapped, constant = self.swapped[:, None, None], self.constant[:, None, None]
        v = np.where(swapped, -z, z)
        return np.asarray(np.where(constant, self.fires[:, None, None], v >= self.theta[:, None, None]))


def comparator(
    norm: BatchNorm, v_th: npt.ArrayLike = 1.0, extremum: npt.ArrayLike = 1.0, scale: float = 1.0
) -> Comparator:
    """The batch norm and threshold in one compare: theta = (r E |v_th| - B) / A, for A < 0 on -z with -theta.

    norm: the batch norm.
    v_th, extremum: a number or O of them.
    scale: r.

    Raises ScampError.
    """
    channels = len(norm.gamma)
    r = float(per_channel("scale", scale, 1)[0])
    level = r * per_channel("extremum", extremum, channels) * check_v_th(v_th, channels)
    a, b = norm.scale, norm.shift
    theta = (level - b) / np.where(a == 0, 1.0, np.abs(a))
    return Comparator(theta, a < 0, a == 0, b >= level)


@dataclass(frozen=True)
class Variation:
    """Chosen by the user, in the unit of the sums; none of it is published.

    comparator_offset: sd per channel and column, fixed in a chip.
    cds_noise: sd per output and frame.
    """

    comparator_offset: float = 0.0
    cds_noise: float = 0.0

    def __post_init__(self) -> None:
        for name in ("comparator_offset", "cds_noise"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise ScampError(f"expected {name} as a standard deviation of 0 or more, got {value}")


def ktc_noise(capacitance: float, kelvin: float = 300.0) -> float:
    """Volts of noise that two samples on `capacitance` farad leave in their difference: sqrt(2 k T / C)."""
    if not (capacitance > 0 and kelvin > 0):
        raise ScampError("expected a capacitance and a temperature above 0")
    return float(np.sqrt(2 * BOLTZMANN * kelvin / capacitance))


def sense(
    image: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    stride: int,
    norm: BatchNorm,
    v_th: npt.ArrayLike = 1.0,
    extremum: npt.ArrayLike = 1.0,
    pixel: str | Pixel = "curve",
    variation: Variation = Variation(),
    chip: int = 0,
    measurement: int = 0,
) -> Bits:
    """One frame of one sensor as spikes, bool (O, h, w); arguments as of `snn.front_end` and of `Variation`.

    chip: serial number, fixes the comparators' offsets.
    measurement: fixes the CDS noise.

    Raises ScampError.
    """
    w = check_weights(weights)
    light = np.moveaxis(check_light(image, w.shape[1]), -1, 0)
    up, down = window_sums(light, w, stride, pixel)
    return compare(up - down, comparator(norm, v_th, extremum), variation, chip, measurement)


def compare(z: Floats, fused: Comparator, variation: Variation, chip: int, measurement: int) -> Bits:
    """Spikes of differences z (O, h, w) on one sensor's comparators."""
    if variation.comparator_offset:
        draws = normal("snn comparators", chip, (z.shape[0], 1, z.shape[2]))
        z = z + variation.comparator_offset * draws
    if variation.cds_noise:
        z = z + variation.cds_noise * normal("snn cds", measurement, z.shape)
    return fused(z)


def pooled(spikes: Bits, norm: BatchNorm, size: int = 2) -> Bits:
    """Max-pooling of the batch norm's input, done on spikes: OR of each `size` x `size` block where the scale is above
    0, AND where it is below. Rows and columns that do not fill a block are dropped.

    spikes: (O, h, w).
    """
    o, h, w = spikes.shape
    h, w = h // size, w // size
    cells = spikes[:, : h * size, : w * size].reshape(o, h, size, w, size)
    return np.where((norm.scale >= 0)[:, None, None], cells.any(axis=(2, 4)), cells.all(axis=(2, 4)))
