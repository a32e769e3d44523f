"""Between which values an analog register is to be trusted, and for how long any register is."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache

from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon.profiles import ChipProfile, load_profile

MOST_DRIFT = 75.0
"""LSB/s: what a wait of one readout leaves open (M BG); the rate itself is unknown."""


@lru_cache(1)
def _typical() -> float:
    """The linear range of a typical chip, in LSB."""
    return load_profile("scamp5")["linear_range"]


@dataclass(frozen=True)
class Limits:
    """What the analysis holds a program against. Raises ProgramError for limits that are none.

    linear: an analog register is linear up to this magnitude, in LSB, and saturates slowly beyond; that of `scamp5`.
    converter: lowest and highest value that a readout can tell, in LSB (D APIA: -128..127).
    drift: LSB per second by which a held analog value may move.
    drift_limit: LSB of drift that are worth a message (R).
    retention: seconds for which a bit is safe without being written or refreshed (D MACD: about 1.5 s).
    far: no register holds more in magnitude; the hard limit of the error model `ideal`, in LSB (R).
    """

    linear: float = field(default_factory=_typical)
    converter: tuple[float, float] = (-128.0, 127.0)
    drift: float = MOST_DRIFT
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
    """The limits of a kind of chip: its linear range, and its drift, mean and one standard deviation of its cells. Bits
    last as long as `bit_retention` says; where that is off, as long as of any chip."""
    drift = abs(profile["analog_drift"]) + profile["analog_drift_spread"]
    limits = Limits(linear=profile["linear_range"], drift=drift)
    return replace(limits, retention=profile["bit_retention"]) if profile["bit_retention"] else limits
