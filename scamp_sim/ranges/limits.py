"""Between which values an analog register is to be trusted, and for how long any register is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scamp_sim.exceptions import ProgramError


@dataclass(frozen=True)
class Limits:
    """What the analysis holds a program against.

    linear: an analog register is linear up to this magnitude, and saturates slowly beyond (D 5C-DOC: about 150 LSB).
    converter: lowest and highest value that a readout can tell, in LSB (D APIA: -128..127).
    drift: LSB per second by which a held analog value may move (M BG: at most 75; the rate itself is unknown).
    drift_limit: LSB of drift that are worth a message (R).
    retention: seconds for which a bit is safe without being written or refreshed (D MACD: about 1.5 s).
    far: no register holds more in magnitude; the hard limit of the error model `ideal`, in LSB (R).
    """

    linear: float = 150.0
    converter: tuple[float, float] = (-128.0, 127.0)
    drift: float = 75.0
    drift_limit: float = 1.0
    retention: float = 1.5
    far: float = 8192.0

    def __post_init__(self) -> None:
        for name in ("linear", "drift_limit", "retention", "far"):
            if not getattr(self, name) > 0:
                raise ProgramError(f"limits: {name} is {getattr(self, name)}; it is above 0")
        if not (self.drift >= 0 and math.isfinite(self.drift)):
            raise ProgramError(f"limits: drift is {self.drift} LSB/s; it is 0 or more")
        if not self.converter[0] < self.converter[1]:
            raise ProgramError(f"limits: converter is {self.converter}; the first must be lower")
