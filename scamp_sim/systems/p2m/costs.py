"""What a frame of the P2M sensor costs: counts from the configuration, times prices with their sources."""

from __future__ import annotations

from dataclasses import dataclass

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.p2m.networks import Accelerator, Layer, compute_ms, madds, mobilenet_v2
from scamp_sim.systems.pixels.config import PHASES, SensorConfig
from scamp_sim.systems.pixels.prices import price

LINKS = ("value", "bit")
"""How the link is charged: per value whatever its depth, as the paper has it, or per bit."""


@dataclass(frozen=True)
class Counts:
    """What one frame needs.

    phases: exposures of a row of windows to one sign of one channel.
    ramps: conversions, two for each result.
    results: values that leave.
    bits: of them.
    cycles: of the counter, all columns at once.
    """

    phases: int
    ramps: int
    results: int
    bits: int
    cycles: int


def counts(config: SensorConfig) -> Counts:
    """Counts of one frame. Columns convert in parallel, channels and phases one after the other."""
    phases = config.out_rows * config.channels * PHASES
    return Counts(phases, config.values * PHASES, config.values, config.output_bits, phases * 2**config.bits)


def baseline_counts(config: SensorConfig) -> Counts:
    """The same of the ordinary sensor that takes the same picture: 12 bit, two samples for each site (CDS)."""
    bits = int(price("sensor.bits"))
    sites = int(config.inputs * config.mosaic)
    samples = config.sensor_rows * PHASES
    return Counts(samples, sites * PHASES, config.inputs, sites * bits, samples * 2**bits)


@dataclass(frozen=True)
class Times:
    """ms of one frame: exposing and reading (`sensing`), ramps (`conversion`), layers behind (`compute`)."""

    sensing: float
    conversion: float
    compute: float

    @property
    def sensor(self) -> float:
        return self.sensing + self.conversion

    @property
    def sequential(self) -> float:
        """One after the other (P2M, Eq. 8)."""
        return self.sensor + self.compute

    @property
    def conservative(self) -> float:
        """Sensor and accelerator at once: the slower of the two."""
        return max(self.sensor, self.compute)

    @property
    def frames_per_second(self) -> float:
        """Of the sensor alone."""
        return 1e3 / self.sensor


@dataclass(frozen=True)
class Energy:
    """uJ of one frame."""

    sensing: float
    conversion: float
    link: float
    back_end: float

    @property
    def sensor(self) -> float:
        return self.sensing + self.conversion

    @property
    def total(self) -> float:
        return self.sensor + self.link + self.back_end


def conversion_pj(bits: int) -> float:
    """pJ of one result. Published are 41.9 at 8 bit (two ramps) and 86.14 at 12 bit of the ordinary sensor; between and
    beyond, a geometric line through both (assumed)."""
    low, high = price("p2m.e_adc"), price("sensor.e_adc")
    return float(low * (high / low) ** ((bits - 8) / 4))


def conversion_cycles_ms(cycles: int) -> float:
    """ms that the counter takes for so many cycles."""
    return cycles / price("clock") * 1e-3


def network(config: SensorConfig) -> list[Layer]:
    """MobileNetV2 behind a sensor of this configuration."""
    c = config
    name = f"in-pixel {c.kernel}x{c.kernel}"
    first = Layer(name, c.kernel, c.colours, c.channels, c.out_rows, c.out_columns, in_pixel=True)
    return mobilenet_v2(c.rows, first)


def times(config: SensorConfig, soc: Accelerator | None = None) -> Times:
    """Delay of the sensor and of MobileNetV2 behind it."""
    soc = soc or Accelerator()
    back = sum(soc.ms(layer) for layer in network(config) if not layer.in_pixel)
    rows = config.out_rows * config.channels
    return Times(rows * price("p2m.row_read") * 1e-3, conversion_cycles_ms(counts(config).cycles), back)


def baseline_times(config: SensorConfig) -> Times:
    """The same of the ordinary sensor with the paper's baseline network, which takes square pictures."""
    sensing = config.sensor_rows * price("sensor.row_read") * 1e-3
    back = compute_ms(config.rows, "baseline") if _square(config) else 0.0
    return Times(sensing, conversion_cycles_ms(baseline_counts(config).cycles), back)


def energy(config: SensorConfig, *, link: str = "value", macs: float | None = None) -> Energy:
    """Energy of one frame (P2M, Eqs. 4 to 6).

    link: "value" (900 pJ whatever the depth, as published) or "bit" (75 pJ).
    macs: multiply-adds behind the sensor; by default those of MobileNetV2, the in-pixel layer included, which is the
        reading that gives the published ratio.

    Raises ScampError.
    """
    n = config.values
    back = madds(network(config)) if macs is None else macs
    return Energy(
        price("p2m.e_pix") * n * 1e-6,
        conversion_pj(config.bits) * n * 1e-6,
        link_uj(n, config.output_bits, link),
        price("e_mac") * back * 1e-6,
    )


def baseline_energy(config: SensorConfig, *, link: str = "value", macs: float | None = None) -> Energy:
    """The same of the ordinary sensor.

    macs: by default those of the paper's baseline for square pictures, else 0.
    """
    n = config.inputs
    if macs is None:
        macs = madds(mobilenet_v2(config.rows, "baseline")) if _square(config) else 0
    return Energy(
        price("sensor.e_pix") * n * 1e-6,
        price("sensor.e_adc") * n * 1e-6,
        link_uj(n, n * int(price("sensor.bits")), link),
        price("e_mac") * macs * 1e-6,
    )


def link_uj(values: int, bits: int, link: str) -> float:
    """uJ to send so many values of so many bits in all. Raises ScampError."""
    if link not in LINKS:
        raise ScampError(f"unknown link price {link!r:.40}: expected 'value' or 'bit'")
    return (price("e_com") * values if link == "value" else price("e_bit") * bits) * 1e-6


def _square(config: SensorConfig) -> bool:
    return config.rows == config.columns and config.colours == 3
