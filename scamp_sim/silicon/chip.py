"""One chip under one measurement: the three families of errors put together, as the engines and the machine ask for
them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from scamp_sim.chip import isa
from scamp_sim.chip.planes import Bits, Floats
from scamp_sim.silicon.draws import measurement
from scamp_sim.silicon.fixed import FixedErrors
from scamp_sim.silicon.model import ErrorModel
from scamp_sim.silicon.profiles import ChipProfile
from scamp_sim.silicon.temporal import TemporalErrors


@dataclass(frozen=True)
class ChipErrors(ErrorModel):
    """Errors of chip `serial` of a profile, on an array of `shape`.

    seed: of its noise, which no two chips share.

    profile: of a population it becomes the one that the serial has drawn, and `population` keeps what was given.
    """

    profile: ChipProfile = field(kw_only=True)
    serial: int = field(default=0, kw_only=True)
    seed: int = field(default=0, kw_only=True)
    shape: tuple[int, int] = field(default=(256, 256), kw_only=True)
    fixed: FixedErrors = field(init=False, repr=False, compare=False)
    temporal: TemporalErrors = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "profile", self.profile.drawn(self.serial))
        object.__setattr__(self, "fixed", FixedErrors(self.profile, self.serial, self.shape))
        object.__setattr__(
            self, "temporal", TemporalErrors(self.profile, measurement(self.serial, self.seed), self.shape)
        )

    def reseeded(self, seed: int) -> ChipErrors:
        """The same chip in another measurement."""
        other = replace(self, seed=seed)
        object.__setattr__(other, "fixed", self.fixed)  # its planes are drawn already
        return other

    @property
    def population(self) -> ChipProfile:
        """The kind of chip that others of its kind are of: the profile before this serial was drawn from it."""
        return self.profile.population or self.profile

    @property
    def exact(self) -> bool:
        return False

    @property
    def decays(self) -> bool:
        p = self.profile
        return bool(p["analog_drift"] or p["analog_drift_spread"] or p["bit_retention"])

    @property
    def disturbs(self) -> bool:
        return self.profile["digital_end_noise"] > 0

    @cached_property
    def knee(self) -> tuple[np.float32, np.float32]:
        """(linear range, how far beyond it values are compressed) in LSB; the parabola's slope is 1 at the first and
        0 at the end. Never quite 0, by which the engines divide."""
        linear, top = self.profile["linear_range"], self.profile["saturation"]
        return np.float32(linear), np.float32(max(2 * (top - linear), 1e-6))

    def parameters(self) -> npt.NDArray[np.float32]:
        return np.array([self.limit, *self.knee, self.temporal.write_scale], np.float32)

    def written(self, value: Floats, register: str, word: int, split: tuple[int, int] = (0, 1)) -> Floats:
        return self._cell(value, register, split, self.temporal.write(word, split[0]))

    def completed(self, value: Floats, register: str, word: int) -> Floats:
        return self._cell(value, register, (0, 1), self.temporal.completed(word))

    def _cell(self, value: Floats, register: str, split: tuple[int, int], noise: Floats) -> Floats:
        """The same sums in the same order as `engine.noisy`, so that both round alike."""
        return compressed(
            value * self.fixed.gain(register, split) + self.fixed.offset(register, split) + noise, *self.knee
        )

    def seen(self, pix: Floats, word: int) -> Floats:
        return pix + self.temporal.pix_read(word) if self.profile["pix_read"] else pix

    def loaded(self, value: float, shape: tuple[int, int], word: int) -> Floats:
        return np.float32(value) + self.temporal.load(value, word)

    def compared(self, total: Floats) -> Floats:
        return total if self.fixed.comparator is None else total + self.fixed.comparator

    def disturbed(self, value: Floats, register: str, word: int) -> Floats:
        return value + self.temporal.disturbance(word, isa.ANALOG.index(register))

    def stuck(self, register: str) -> tuple[Bits, Bits] | None:
        return self.fixed.stuck.get(register)

    def exposed(self, pix: Floats, number: int, black: float) -> Floats:
        """PIX after an exposure, noise included."""
        return self.temporal.exposure(pix, number, black)

    def converted(self, plane: Floats, number: int) -> Floats:
        """An analog plane as the converter gives it, pattern, noise and quantisation included."""
        seen = plane + self.fixed.readout
        if self.profile["readout_smear"]:
            seen = seen + np.float32(self.profile["readout_smear"]) * plane.mean(
                axis=1, keepdims=True, dtype=np.float32
            )
        return self.temporal.converted(seen, number)


def compressed(value: Floats, linear: np.float32, reach: np.float32) -> Floats:
    """Magnitudes up to `linear` as they are, then on a parabola that is level at `linear + reach`, where linear +
    reach/2 is reached (R: the curve of the chip is not published)."""
    magnitude = np.abs(value)
    excess = np.clip(magnitude - linear, np.float32(0), reach)
    return np.copysign(np.minimum(magnitude, linear) + excess - excess * excess / (np.float32(2) * reach), value)
