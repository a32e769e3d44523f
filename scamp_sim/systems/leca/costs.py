"""What a frame costs on LeCA's own chip: counts from the configuration, and prices that each name their source.

Source letters: P published, C computed from published figures, A assumed or calibrated. Sections are the paper's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from scamp_sim.systems.leca import inputs
from scamp_sim.systems.leca.golden import compression_ratio
from scamp_sim.systems.leca.inputs import TAPS, TERNARY

PER_PASS = 4
"""Kernels whose o-buffers a PE has; more read the same rows again (Sec. 4.2)."""
PARTS = ("pixel", "pe", "adc", "link")


@dataclass(frozen=True)
class Price:
    """One constant: its value in joules or microseconds, the letter of its source, and what the source says."""

    value: float
    unit: str
    letter: str
    source: str


PRICES: Mapping[str, Price] = {
    "pixel": Price(12.1e-12, "J per photosite and read-out", "P", "Sec. 4.3"),
    "mac": Price(0.135e-12, "J per multiply-accumulate", "A", "C V^2 of the whole sampling array at 1 V: a bound"),
    "adc_8": Price(36e-12, "J per conversion of 8 bits", "A", "calibrated: closes the ratios of Sec. 6.3"),
    "adc_3": Price(7.1e-12, "J per conversion of 3 bits", "A", "calibrated: 36 pJ x 2 / 10.1 (Sec. 6.3)"),
    "link": Price(12.5e-12, "J per bit", "A", "100 pJ a byte, a usual figure for a serial camera link"),
    "row": Price(5.0, "us per row read-out", "C", "both frame rates of Sec. 6.2 follow from it"),
    "load": Price(0.030, "us from a row into the i-buffers", "P", "Sec. 4.2"),
    "macs": Price(0.250, "us for 16 multiply-accumulates", "P", "Sec. 4.2: 100 cycles at 400 MHz"),
    "convert": Price(0.200, "us for the codes of 4 rows", "P", "Sec. 4.2"),
}
"""Every constant of the chip model."""


def conversion_joules(bits: float) -> float:
    """Energy of one conversion: 7.1 pJ x 2^(bits - 3) up to 4 bits, 36 pJ at 8, log-linear between (all assumed but
    for the two anchors)."""
    width = inputs.resolution(bits)
    three, eight = PRICES["adc_3"].value, PRICES["adc_8"].value
    if width <= 4:
        return float(three * 2 ** (width - 3))
    four = 2 * three
    return float(four * (eight / four) ** ((width - 4) / 4))


@dataclass(frozen=True)
class Counts:
    """What happens in one frame, before any price.

    sites: photosites of the mosaic.
    passes: read-outs of each row.
    conversions: codes.
    bits: payload of the codes, 1.5 for a ternary one.
    bits_wire: as packed on the link, 5 ternary codes in a byte.
    """

    sites: int
    channels: int
    code_bits: float
    passes: int = field(init=False)
    readouts: int = field(init=False)
    macs: int = field(init=False)
    conversions: float = field(init=False)
    bits: float = field(init=False)
    bits_wire: float = field(init=False)

    def __post_init__(self) -> None:
        passes = math.ceil(self.channels / PER_PASS)
        conversions = self.sites / TAPS * self.channels
        counted = {
            "passes": passes,
            "readouts": self.sites * passes,
            "macs": self.sites * self.channels,
            "conversions": conversions,
            "bits": conversions * self.code_bits,
            "bits_wire": conversions * (1.6 if self.code_bits == TERNARY else self.code_bits),
        }
        for name, value in counted.items():
            object.__setattr__(self, name, value)

    @property
    def ratio_rgb(self) -> float:
        """Eq. 1: against the RGB picture at 8 bits."""
        return compression_ratio(self.channels, self.code_bits)

    @property
    def ratio_bits(self) -> float:
        """Against the mosaic at 8 bits, 4/3 of Eq. 1: the mosaic has 4 values for 3 of RGB; payload bits."""
        return self.sites * 8 / self.bits

    @property
    def ratio_wire(self) -> float:
        """The same by bits on the wire."""
        return self.sites * 8 / self.bits_wire


def counts(sites: int, channels: int, bits: float) -> Counts:
    """Counts of one frame. Raises ScampError."""
    return Counts(
        inputs.integer("sites", sites, TAPS), inputs.integer("channels", channels, 1), inputs.resolution(bits)
    )


def energy(sites: int, channels: int, bits: float) -> dict[str, float]:
    """Energy of one frame by part, J; controllers, weight traffic and the decoder are not in the published split.

    Args:
        sites: photosites of the mosaic.
        channels: kernels; more than 4 read every row again.
        bits: of a code, 1.5 or 2..8.

    Returns:
        `pixel`, `pe`, `adc`, `link`.

    Raises:
        ScampError: values out of range.
    """
    n = counts(sites, channels, bits)
    return {
        "pixel": PRICES["pixel"].value * n.readouts,
        "pe": PRICES["mac"].value * n.macs,
        "adc": conversion_joules(bits) * n.conversions,
        "link": PRICES["link"].value * n.bits,
    }


def conventional_energy(sites: int) -> dict[str, float]:
    """Energy of one frame of the conventional sensor CNV, J: 8-bit samples of every photosite (Sec. 5.1).

    Raises:
        ScampError: sites below 1.
    """
    n = inputs.integer("sites", sites, 1)
    return {
        "pixel": PRICES["pixel"].value * n,
        "pe": 0.0,
        "adc": PRICES["adc_8"].value * n,
        "link": PRICES["link"].value * 8 * n,
    }


def frame_us(rows: int, channels: int, row_us: float = PRICES["row"].value) -> float:
    """Time of one frame, us: row read-outs, i-buffers, multiply-accumulates, conversions (Sec. 4.2, Fig. 6b).

    Args:
        rows: photosite rows; the last group of four may be incomplete.
        channels: kernels; more than 4 read every row again.
        row_us: read-out of one row, us.

    Raises:
        ScampError: values out of range.
    """
    groups = math.ceil(inputs.integer("rows", rows, 1) / PER_PASS)
    passes = math.ceil(inputs.integer("channels", channels, 1) / PER_PASS)
    row = float(inputs.positive("row_us", row_us))
    four = 4 * (row + PRICES["load"].value + PRICES["macs"].value) + PRICES["convert"].value
    return groups * passes * four


def time_parts(rows: int, channels: int) -> dict[str, float]:
    """The same by part, us."""
    groups = math.ceil(rows / PER_PASS) * math.ceil(channels / PER_PASS)
    return {
        "row read-out": groups * 4 * PRICES["row"].value,
        "multiply-accumulate": groups * 4 * (PRICES["load"].value + PRICES["macs"].value),
        "conversion": groups * PRICES["convert"].value,
    }


def decoder_parameters(channels: int, layers: int = 15, filters: int = 64) -> int:
    """Weights of the decoder: transposed convolution, DnCNN without biases, 2 numbers per filter of a batch norm
    (Table 2, Sec. 3.2). Raises ScampError."""
    n = inputs.integer("channels", channels, 1)
    m = inputs.integer("layers", layers, 0)
    f = inputs.integer("filters", filters, 1)
    return n * 3 * 4 + 9 * 3 * f + m * (9 * f * f + 2 * f) + 9 * f * 3


def decoder_macs(side: int, channels: int, layers: int = 15, filters: int = 64) -> int:
    """Multiply-accumulates of the decoder for an RGB picture of side x side. Raises ScampError."""
    n = inputs.integer("channels", channels, 1)
    m = inputs.integer("layers", layers, 0)
    f = inputs.integer("filters", filters, 1)
    pixels = inputs.integer("side", side, 2) ** 2
    return pixels * (n * 3 + 9 * (3 * f + m * f * f + f * 3))


def area_overhead_percent() -> float:
    """The PE array over pixels and converters (Sec. 6.3): encoder 1.1 mm2, of which converters 0.85; pixels of 5 um."""
    pixels = (448 * 5e-3) ** 2
    return 100 * (1.1 - 0.85) / (pixels + 0.85)
