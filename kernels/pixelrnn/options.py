"""What a user may choose of each mapping, one frozen record a mapping; and the calibration that belongs to it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from scamp_sim.checks import integer
from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.pixelrnn.shapes import INPUT_LEVEL, Floats, Kernels
from scamp_sim.silicon import ChipProfile

UNIT, LARGEST_UNIT = 5, 20
"""LSB for a tap product. With 5, 25 of them stay within the converter's range, and sums of 50 in halves. With 10 noise
counts half as much; registers compress sums beyond 15, and o is cut off at -25.4 and 25.6."""

LARGEST_OFFSET = 40
"""LSB that an analog transfer adds; of the chip it is known to be about 20."""

LARGEST_TRIM = 40
"""LSB that the constant of the grey threshold can be off on purpose; a LSB of grey is eight of them at best."""

RANGES = {
    "offset": (0, LARGEST_OFFSET),
    "unit": (1, LARGEST_UNIT),
    "gate_unit": (1, LARGEST_UNIT),
    "trim": (-LARGEST_TRIM, LARGEST_TRIM),
}
"""Option -> lowest and highest value, in LSB."""

LEVELS = (-127, 128)
"""Levels to compare with: the converter has their negatives as constants."""

MEASURED = ("offset", "unit", "gate_unit", "trim", "front_end", "level")
"""Options that a calibration is measured with, and that a mapping must share."""

GATES = ("w_f", "u_f", "w_o", "u_o")


@dataclass(frozen=True)
class MacropixelOptions:
    """Options of the macropixel mapping.

    front_end: the array scales the picture down and copies it; else PIX sees it sixteen times, small.
    version: "raw" for programs as for an array without noise, with the chip's offset alone made up for.
    offset: LSB that the chip adds at every analog transfer, 0..40, which the programs then make up for.
    unit: LSB for a tap product in the CNN, 1..20.
    gate_unit: the same in the gates, by default `unit`.
    trim: with an offset, LSB that the constant of the grey threshold is loaded with too many, -40..40.
    calibrate: whether levels are measured on other chips of the profile.
    calibration: levels to compare with, and what o is corrected by, as measured with these options.
    level: grey above it counts as +1; the array resolves about every other level.

    None leaves a choice to the errors of the chip, see `scamp_sim.systems.pixelrnn.chip_defaults`. Raises ProgramError.
    """

    front_end: bool = False
    version: Literal["raw"] | None = None
    offset: int | None = None
    unit: int | None = None
    gate_unit: int | None = None
    trim: int | None = None
    calibrate: bool | None = None
    calibration: Calibration | None = None
    level: int = INPUT_LEVEL

    def __post_init__(self) -> None:
        _take_flag(self, "front_end")
        if self.calibrate is not None:
            _take_flag(self, "calibrate")
        if self.version not in (None, "raw"):
            raise ProgramError(f"the mapping 'macropixel' has no version {self.version!r:.40}; it is 'raw' or none")
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is None:
                continue
            object.__setattr__(self, name, integer(name, value, low, high, "LSB"))
        object.__setattr__(self, "level", integer("level", self.level))
        if self.calibration is not None and not isinstance(self.calibration, Calibration):
            raise ProgramError(
                f"calibration is {self.calibration!r:.40}; calibrate() of scamp_sim.systems.pixelrnn.calibrate gives "
                "one"
            )

    @property
    def given(self) -> bool:
        """Whether anything is chosen of what a chip's errors decide on otherwise."""
        return any(v is not None for v in (self.offset, self.unit, self.gate_unit, self.trim, self.calibration))

    def settled(self) -> Settled:
        """The same with nothing left open: what an array without errors takes."""
        unit = UNIT if self.unit is None else self.unit
        gate_unit = unit if self.gate_unit is None else self.gate_unit
        return Settled(self.front_end, self.offset or 0, unit, gate_unit, self.trim or 0, self.level, self.calibration)


@dataclass(frozen=True)
class Settled:
    """Options of the macropixel mapping with nothing left open; fields as of `MacropixelOptions`."""

    front_end: bool
    offset: int
    unit: int
    gate_unit: int
    trim: int
    level: int
    calibration: Calibration | None = None

    def alone(self) -> Settled:
        """Without the calibration: what one is measured with."""
        return replace(self, calibration=None)


@dataclass(frozen=True)
class BlockOptions:
    """Options of the block mapping.

    version: "published", or "lean", which saves words.
    front_end: the array scales the picture down and copies it; else PIX sees it sixteen times, small, as it did when
        the published figures were taken.
    level: grey above it counts as +1.

    Raises ProgramError.
    """

    version: str = "published"
    front_end: bool = False
    level: int = INPUT_LEVEL

    def __post_init__(self) -> None:
        _take_flag(self, "front_end")
        object.__setattr__(self, "level", integer("level", self.level))
        if not isinstance(self.version, str):
            raise ProgramError(f"unknown version '{self.version!s:.40}'; expected a string such as 'lean'")


def _take_flag(options: Any, name: str) -> None:
    """Make one of NumPy's bools a bool. Raises ProgramError for what is neither."""
    value = getattr(options, name)
    if not isinstance(value, (bool, np.bool_)):
        raise ProgramError(f"{name} must be True or False, got {value!r:.40}")
    object.__setattr__(options, name, bool(value))


@dataclass(frozen=True)
class Calibration:
    """What sums arrive as on a kind of chip, and the levels that follow.

    map_level, sum_level: LSB that pooled maps and sums of the forget gate must be above.
    o_gain, o_offset: what o is divided by after the offset, in units of one tap product, is taken off.
    map_gain, sum_gain: the share of a unit at which a sum of 1 more arrives, near the thresholds.
    map_offset, sum_offset: LSB at which a sum of 0 does.
    profile: the name of the kind of chip.
    measured: the options of the mapping that was measured.
    made_for, made_on: digests of its weights and of the profile; those left empty are not checked.
    """

    map_level: int
    sum_level: int
    o_gain: float
    o_offset: float
    map_gain: float
    map_offset: float
    sum_gain: float
    sum_offset: float
    profile: str
    measured: Settled
    made_for: str = ""
    made_on: str = ""

    def __post_init__(self) -> None:
        for name in ("map_level", "sum_level"):
            level = integer(name, getattr(self, name), None)
            if not LEVELS[0] <= level <= LEVELS[1]:
                raise ProgramError(f"{name} is {level} LSB; the converter has {LEVELS[0]}..{LEVELS[1]}")
        if not (np.isfinite([self.o_gain, self.o_offset]).all() and self.o_gain > 0):
            raise ProgramError(f"o_gain is {self.o_gain!r}, o_offset {self.o_offset!r}; give numbers, the gain above 0")

    def check(self, weights: Kernels, options: Settled) -> None:
        """Raises ProgramError if it was measured for other weights, or with other options."""
        for name in MEASURED:
            ours, theirs = getattr(self.measured, name), getattr(options, name)
            if ours != theirs:
                raise ProgramError(f"the calibration was measured with {name}={ours}; the mapping has {theirs}")
        if self.made_for not in ("", digest_of(weights)):
            raise ProgramError("the calibration was measured with other weights; calibrate() again with these")

    def check_profile(self, profile: ChipProfile) -> None:
        """Raises ProgramError if it was measured on another kind of chip."""
        if self.made_on not in ("", short_digest(profile.key())):
            raise ProgramError(
                f"the calibration was measured on chips of '{self.profile}' as it was then, not of '{profile.name}' as "
                "it is; calibrate() again"
            )

    def corrected(self, o: Floats) -> Floats:
        """o (64, 64) in units of one tap product, as measured -> as the golden model has it, but for noise."""
        return np.asarray((o - np.float32(self.o_offset)) / np.float32(self.o_gain), np.float32)


def short_digest(what: Any) -> str:
    """Sixteen hexadecimal digits that distinguish values by their `repr`."""
    return hashlib.sha256(repr(what).encode()).hexdigest()[:16]


def digest_of(weights: Kernels) -> str:
    """What distinguishes weights as far as the sums go."""
    gates = [getattr(weights, gate).tobytes() for gate in ("cnn", *GATES)]
    return short_digest((gates, tuple(np.atleast_1d(weights.theta1)), weights.theta_r))


DEFAULT, PUBLISHED = MacropixelOptions(), BlockOptions()
"""What the mappings take where nothing is chosen."""

__all__ = [
    "DEFAULT",
    "LARGEST_OFFSET",
    "LARGEST_TRIM",
    "LARGEST_UNIT",
    "LEVELS",
    "MEASURED",
    "PUBLISHED",
    "RANGES",
    "UNIT",
    "BlockOptions",
    "Calibration",
    "MacropixelOptions",
    "Settled",
    "digest_of",
    "short_digest",
]
