"""What a frame of the spiking sensor costs, and what the published factors say of each other.

The paper that describes this sensor is known here from a summary without tables or constants. Bandwidth follows from
P2M's formula at one bit. Joules here are a consistency study with P2M's prices as stand-ins; none are the paper's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from scamp_sim.exceptions import OptionError, ScampError
from scamp_sim.systems.pixels.config import PHASES, SensorConfig
from scamp_sim.systems.pixels.prices import price

VGG16 = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""(channels, convolutions) of each stage; a 2x2 pool follows each."""

STAND_IN = SensorConfig(224, 224, 3, kernel=4, stride=4, channels=64, bits=1)
"""A sensor that gives the published 12x. Kernel, stride and channels are inferred: the summary names none."""

FACTORS = (13.3, 6.9, 1.23)
"""Published energy factors of sensor, link and back end (ImageNet, VGG16)."""

TOTALS = (2.32, 3.56)
"""Published factors of the whole; the summary names both."""


@dataclass(frozen=True)
class Counts:
    """One frame: phases of a row of windows, compares (one per output), bits that leave. No ramps."""

    phases: int
    compares: int
    bits: int


def counts(config: SensorConfig) -> Counts:
    """Counts of one frame of one time step."""
    return Counts(config.out_rows * config.channels * PHASES, config.values, config.values)


def sensing_ms(config: SensorConfig) -> float:
    """Both phases of every output row and channel at P2M's 40 us, and the compares. Extrapolated."""
    rows = config.out_rows * config.channels
    return rows * (price("p2m.row_read") + price("snn.compare")) * 1e-3


def vgg16_macs(side: int = 224, stride: int = 1, classes: int = 1000) -> tuple[int, int]:
    """(all, first layer) multiply-adds of VGG16.

    stride: of the first layer alone, for its own count.
    """
    total, channels, size = 0, 3, side
    for outputs, convolutions in VGG16:
        for _ in range(convolutions):
            total += 9 * channels * outputs * size**2
            channels = outputs
        size //= 2
    total += channels * size**2 * 4096 + 4096 * 4096 + 4096 * classes
    return total, 9 * 3 * 64 * (side // stride) ** 2


@dataclass(frozen=True)
class Energy:
    """uJ of one frame: sensor, link, first layer outside the sensor, spiking layers behind."""

    sensor: float
    link: float
    first_layer: float
    back_end: float

    @property
    def total(self) -> float:
        return self.sensor + self.link + self.first_layer + self.back_end


def energy(config: SensorConfig, *, link: str = "bit", operations: float = 0.0, rate: float = 1.0) -> Energy:
    """One frame with spikes from the sensor. Stand-in prices: none of it is the paper's.

    link: "bit" (75 pJ) or "value" (900 pJ).
    operations: additions behind the sensor at full activity.
    rate: share of inputs that spike.

    Raises ScampError.
    """
    check_rate(rate)
    return Energy(
        price("snn.e_out") * config.values * 1e-6,
        _link_uj(config.values, 1, link),
        0.0,
        price("e_ac") * rate * operations * 1e-6,
    )


def baseline_energy(config: SensorConfig, *, link: str = "bit", operations: float = 0.0, rate: float = 1.0) -> Energy:
    """The same layer behind an ordinary 12-bit sensor, in multiply-adds."""
    check_rate(rate)
    n = config.inputs
    macs = config.values * config.taps
    return Energy(
        (price("sensor.e_pix") + price("sensor.e_adc")) * n * 1e-6,
        _link_uj(n, int(price("sensor.bits")), link),
        price("e_mac") * macs * 1e-6,
        price("e_ac") * rate * operations * 1e-6,
    )


def _link_uj(values: int, bits: int, link: str) -> float:
    if link not in ("value", "bit"):
        raise ScampError(f"unknown link price {link!r:.40}: expected 'value' or 'bit'")
    return values * (price("e_com") if link == "value" else price("e_bit") * bits) * 1e-6


def check_rate(rate: float) -> None:
    """Raises ScampError unless a firing rate is in 0..1."""
    if not 0 <= rate <= 1:
        raise ScampError(f"expected a firing rate in 0..1, got {rate}")


@dataclass(frozen=True)
class Shares:
    """Shares of sensor, link and back end in the baseline's energy; they add up to 1."""

    sensor: float
    link: float
    back_end: float


def _checked(factors: tuple[float, float, float], total: float) -> None:
    if not all(f > 0 for f in (*factors, total)):
        raise ScampError("expected energy factors above 0")
    if not min(factors) <= total <= max(factors):
        raise ScampError(
            f"no shares give a factor of {total:g} in all: it must lie between the smallest part {min(factors):g} and "
            f"the largest {max(factors):g}"
        )


def shares(total: float, factors: tuple[float, float, float] = FACTORS, *, sensor: float) -> Shares:
    """The shares with 1/total = a/13.3 + b/6.9 + c/1.23 and a given share `sensor` = a.

    factors: of sensor, link, back end; the last two must differ. Raises ScampError where none are admissible.
    """
    _checked(factors, total)
    x, y, z = factors
    if y == z:
        raise ScampError("link and back end have the same factor: their shares cannot be distinguished")
    c = (1 / total - sensor / x - (1 - sensor) / y) / (1 / z - 1 / y)
    return _admissible(Shares(sensor, 1 - sensor - c, c), total)


def shares_by_ratio(total: float, factors: tuple[float, float, float] = FACTORS, *, ratio: float) -> Shares:
    """The shares for a given `ratio` = b/a of link to sensor. Raises ScampError where none are admissible."""
    _checked(factors, total)
    if not ratio >= 0:
        raise ScampError(f"expected a ratio of link to sensor of 0 or more, got {ratio}")
    x, y, z = factors
    front = (1 / x + ratio / y) / (1 + ratio)
    if front == 1 / z:
        raise ScampError("sensor and link together have the factor of the back end: the shares cannot be distinguished")
    c = (1 / total - front) / (1 / z - front)
    return _admissible(Shares((1 - c) / (1 + ratio), ratio * (1 - c) / (1 + ratio), c), total)


def _admissible(found: Shares, total: float) -> Shares:
    if min(found.sensor, found.link, found.back_end) < -1e-12:
        raise OptionError(
            f"no admissible shares for a factor of {total:g}: sensor {found.sensor:.3f}, link {found.link:.3f}, "
            f"back end {found.back_end:.3f}; choose another share or ratio"
        )
    return found


def back_end_range(total: float, factors: tuple[float, float, float] = FACTORS) -> tuple[float, float]:
    """The smallest and the largest share of the back end, whatever sensor and link share of the rest."""
    _checked(factors, total)
    found = []
    x, y, z = factors
    for front in (1 / x, 1 / y):
        if front != 1 / z:
            found.append((1 / total - front) / (1 / z - front))
    return min(found), max(found)


def stand_in_ratio() -> float:
    """Link over sensor of an ordinary sensor at P2M's prices: 900 / (312 + 86.14)."""
    return price("e_com") / (price("sensor.e_pix") + price("sensor.e_adc"))
