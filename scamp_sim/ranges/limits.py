"""Between which values an analog register is to be trusted, and for how long any register is."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache

from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon.profiles import ChipProfile, load_profile


@lru_cache(1)
def _population() -> ChipProfile:
    """The kind of chip whose limits hold where no other is named."""
    return load_profile("scamp5")


def _linear() -> float:
    """LSB up to which every chip of the population is linear."""
    return _population().range("linear_range")[0]


def _drift() -> float:
    """LSB/s by which a cell of any chip of the population may drift."""
    return drift_of(_population())


def drift_of(profile: ChipProfile) -> float:
    """LSB per second by which a cell may drift: the most that the profile leaves open for the mean of its cells, and
    one standard deviation on top. The rate of a chip is not known; `scamp-sim measure` would tell."""
    return max(map(abs, profile.range("analog_drift"))) + profile.range("analog_drift_spread")[1]


@dataclass(frozen=True)
class Limits:
    """What the analysis holds a program against. Raises ProgramError for limits that are none.

    linear: an analog register is linear up to this magnitude, in LSB, and saturates slowly beyond; that of `scamp5`.
    converter: lowest and highest value that a readout can tell, in LSB (D APIA: -128..127).
    drift: LSB per second by which a held analog value may move; what the range of `scamp5` leaves open.
    drift_limit: LSB of drift that are worth a message (R).
    retention: seconds for which a bit is safe without being written or refreshed (D MACD: about 1.5 s).
    far: no register holds more in magnitude; the hard limit of the error model `ideal`, in LSB (R).
    """

    linear: float = field(default_factory=_linear)
    converter: tuple[float, float] = (-128.0, 127.0)
    drift: float = field(default_factory=_drift)
    drift_limit: float = 1.0
    retention: float = 1.5
    far: float = 8192.0

    def __post_init__(self) -> None:
        for name in ("linear", "drift_limit", "retention", "far"):
            if not getattr(self, name) > 0:
                raise ProgramError(f"limits: {name} must be greater than 0, got {getattr(self, name)}")
        if not (self.drift >= 0 and math.isfinite(self.drift)):
            raise ProgramError(f"limits: drift must be at least 0 LSB/s, got {self.drift}")
        if not self.converter[0] < self.converter[1]:
            raise ProgramError(f"limits: converter must be (lower, upper), got {self.converter}")


def limits_of(profile: ChipProfile) -> Limits:
    """The limits of a kind of chip: the least of its linear range, and the most of its drift, see `drift_of`. Bits last
    as long as `bit_retention` says; where that is off, as long as of any chip."""
    limits = Limits(linear=profile.range("linear_range")[0], drift=drift_of(profile))
    return replace(limits, retention=profile["bit_retention"]) if profile["bit_retention"] else limits
