"""Levels of the macropixel mapping for a kind of chip, as measured on chips that are not the one in use.

options = MacropixelOptions(offset=20, unit=14, gate_unit=18)
calibration = calibrate(weights, "scamp5", options)
mapping = MacropixelMapping(weights, replace(options, calibration=calibration))

Every write loses a little, registers compress large values, and the largest of sixteen sums with errors lies above the
largest without. So what a sum arrives as is measured: emulated chips of the profile run the compiled kernels on drawn
gestures, and for the threshold of the grey on plain pictures. What is found holds for all chips of the profile; a
chip's own pattern is not corrected.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import integer
from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels import load
from scamp_sim.kernels.pixelrnn.options import (
    LARGEST_TRIM,
    LEVELS,
    Calibration,
    MacropixelOptions,
    digest_of,
    short_digest,
)
from scamp_sim.machine.machine import Machine
from scamp_sim.silicon import ChipErrors, ChipProfile, ErrorModel
from scamp_sim.silicon.setup import HIGHEST_SERIAL, Errors, parse_profile
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.data import gestures
from scamp_sim.systems.pixelrnn.golden import FRAMES, SIDE, WINDOW
from scamp_sim.systems.pixelrnn.params import Weights, check_weights

if TYPE_CHECKING:
    from scamp_sim.kernels.pixelrnn.macropixel import MacropixelMapping

Plane = npt.NDArray[Any]

CHIPS = (HIGHEST_SERIAL, HIGHEST_SERIAL - 1)
"""Serials of the chips that are measured; nobody is likely to have another use for them."""

CLIPS = 1
"""Clips that each of them sees: thousands of sums lie next to a threshold, and levels move by 1 LSB at most."""

ENOUGH = 200
"""Sums of one value, below which their median is not counted on."""

NEAR = 8
"""Units from a threshold within which gain and offset of sums are measured."""

WITHIN = 0.6
"""Share of the converter's range within which o is held against the golden model: beyond it values are cut off."""

LEAST_GAIN = 0.2
"""Share of a unit by which o must still move: below it what is measured is noise."""


class CalibrationFailed(ProgramError):
    """Errors are larger than what was to be measured.

    o_gain: what was found of o.
    """

    def __init__(self, errors: str, o_gain: float) -> None:
        super().__init__(
            f"calibration failed: with profile {errors} the gain of o is {o_gain} (at least {LEAST_GAIN} is needed); "
            "use a profile with smaller errors, or calibrate=False"
        )
        self.o_gain = o_gain


def grey_trim(errors: Errors, level: int, offset: int, *, chips: Sequence[int] = CHIPS, seed: int = 0) -> int:
    """LSB to add to the constant that grey is compared with, so that on chips of a profile half of all PEs see a grey
    in the middle between `level` and the next as above. 0 if the comparison is one without a trim. The other arguments
    are those of `calibrate`. Raises ProgramError.
    """
    from scamp_sim.kernels.pixelrnn.macropixel import grey_compared, launches, pix_level

    profile = profile_of(errors)
    key = profile.key(), level, offset, tuple(chips), seed
    if key not in _TRIMS:
        program, trimmed = (
            load(
                "depthwise16",
                weights=np.ones((16, 5, 5), int).tolist(),
                level=pix_level(level),
                offset=offset,
                trim=trim,
                keep=1,
                read=0,
            )
            for trim in (0, LARGEST_TRIM)
        )
        if trimmed.steps == program.steps:
            _TRIMS[key] = 0
            return 0
        steps = launches((program,))
        steps = steps[: [kernel for kernel, _ in steps].index("binarise") + 1]
        halvings = sum(w.op == "bus2" and "E" in w.src for w in program.kernels["binarise"].words) // 2
        seen = []
        for chip in chips:
            machine = Machine(errors=profile, chip=chip, seed=seed)
            for grey in (level, level + 1):
                machine.expose(np.full((256, 256), grey, np.uint8))
                for kernel, step in steps:
                    machine.run(step, registers=False)
                    if kernel == "capture":
                        captured = machine.read("A").copy()
                seen.append(float(np.mean(grey_compared(captured, machine))))
        _TRIMS[key] = int(np.clip(-round(float(np.mean(seen)) * 2**halvings), -LARGEST_TRIM, LARGEST_TRIM))
    return _TRIMS[key]


_TRIMS: dict[tuple[Any, ...], int] = {}


def calibrate(
    weights: Weights,
    errors: Errors,
    options: MacropixelOptions,
    *,
    chips: Sequence[int] = CHIPS,
    clips: int = CLIPS,
    seed: int = 0,
) -> Calibration:
    """Measure emulated chips of a profile: one or two seconds for two chips.

    errors: the profile, as a Machine takes it.
    options: of the mapping that is measured.
    chips: serials to measure, whatever chip is used later.
    seed: of the noise and of the synthetic gestures. The same arguments give the same result, which is kept while the
        process runs.

    Raises ProgramError.

    Both levels lie where half of the sums pass whose golden value is the threshold, between whole values by
    interpolation: the network was trained with noise, and expects sums at a threshold to fall either way. A level that
    separates all sums as the golden model does stays.
    """
    check_weights(weights)
    if weights.layers != 1:
        raise ProgramError("a calibration is for weights with one layer of kernels; these have two")
    profile = profile_of(errors)
    integer("clips", clips, low=1)
    integer("seed", seed)
    serials = tuple(integer("chips", c) for c in chips)
    if not serials:
        raise ProgramError("chips is empty; give the serial of one at least")
    measured = options.settled().alone()
    key = (profile.key(), digest_of(weights), measured, serials, clips, seed)
    if key not in _KNOWN:
        _KNOWN[key] = _Bench(weights, profile, options, serials, clips, seed).calibration()
    return _KNOWN[key]


_KNOWN: dict[tuple[Any, ...], Calibration] = {}


def profile_of(errors: Errors) -> ChipProfile:
    """The profile of errors as a Machine takes them. Raises ProgramError."""
    if isinstance(errors, ChipProfile):
        return errors
    if isinstance(errors, ChipErrors):
        return errors.population
    if isinstance(errors, ErrorModel):
        raise ProgramError(f"the error model '{errors.name}' has no profile, of which other chips could be measured")
    return parse_profile(errors)


@dataclass(frozen=True)
class _Bench:
    """Chips of a profile, and what they are shown."""

    weights: Weights
    profile: ChipProfile
    options: MacropixelOptions
    chips: tuple[int, ...]
    clips: int
    seed: int

    def calibration(self) -> Calibration:
        from scamp_sim.kernels.pixelrnn.macropixel import MacropixelMapping

        measured = self.options.settled().alone()
        plain = MacropixelMapping(self.weights, replace(self.options, calibration=None))
        map_gain, map_offset, map_level = self._maps(plain)
        found = Calibration(
            map_level=map_level,
            sum_level=plain.sum_level,
            o_gain=1.0,
            o_offset=0.0,
            map_gain=map_gain,
            map_offset=map_offset,
            sum_gain=1.0,
            sum_offset=0.0,
            profile=self.profile.name,
            measured=measured,
            made_for=digest_of(self.weights),
            made_on=short_digest(self.profile.key()),
        )
        sums, outputs = self._gates(MacropixelMapping(self.weights, replace(self.options, calibration=found)))
        gate_unit = measured.gate_unit
        sum_gain, sum_offset = _line(*sums, NEAR)
        o_gain, o_offset = _line(*outputs, WITHIN * 256 / gate_unit)
        if o_gain < LEAST_GAIN:
            raise CalibrationFailed(self.profile.name, o_gain)
        return replace(
            found,
            sum_level=_level(sums[0], sums[1] * gate_unit, self.weights.theta_r, plain.sum_level),
            sum_gain=sum_gain,
            sum_offset=round(sum_offset * gate_unit, 2),
            o_gain=o_gain,
            o_offset=o_offset,
        )

    def _chips(self) -> Iterator[tuple[Machine, npt.NDArray[np.uint8]]]:
        """Each chip with each of its clips (16, 64, 64)."""
        classes = len(gestures.CLASSES)
        for n, chip in enumerate(self.chips):
            machine = Machine(errors=self.profile, chip=chip, seed=self.seed)
            for k in range(n * self.clips, (n + 1) * self.clips):
                # classes far apart, so that the clips differ in place and in direction
                yield machine, gestures.clip(k * 4 % classes, seed=self.seed + k)[0]

    def _maps(self, mapping: MacropixelMapping) -> tuple[float, float, int]:
        """(gain, LSB for a sum of 0, level in LSB) of the pooled maps."""
        from scamp_sim.kernels.pixelrnn.macropixel import launches

        frame_of = launches(mapping.programs(start=1))
        steps = frame_of[: [kernel for kernel, _ in frame_of].index("pool") + 1]
        kernels, theta1 = self.weights.layer(0)
        pairs = []
        for machine, clip in self._chips():
            sums = golden.convolve(golden.binarise(clip, mapping.level), kernels)
            for frame, wanted in zip(clip, _largest(sums), strict=True):
                machine.expose(mapping.picture(frame))
                for _, program in steps:
                    machine.run(program, registers=False)
                # the errors of the level are in the largest of sixteen, too
                seen = mapping.compared("pool", machine) + mapping.map_level
                pairs.append((golden.tile(wanted), _largest(seen)))
        expected, got = (np.stack(side).astype(float).ravel() for side in zip(*pairs, strict=True))
        gain, base = _line(expected, got / mapping.options.unit, NEAR, theta1)
        level = _level(expected, got, theta1, mapping.map_level) if theta1 >= 0 else mapping.map_level
        return gain, round(base * mapping.options.unit, 2), level

    def _gates(self, mapping: MacropixelMapping) -> tuple[tuple[Plane, Plane], tuple[Plane, Plane]]:
        """(expected, measured) of the forget sum and of o, in units; expected of the chip's own b and h."""
        from scamp_sim.kernels.pixelrnn.macropixel import launches

        shown = [launches(mapping.programs(start=start, read=1)) for start in (0, 1)]
        expected: list[Plane] = []
        measured: list[list[Plane]] = []
        for machine, clip in self._chips():
            state = np.ones((SIDE, SIDE), bool)
            for t in range(FRAMES):
                machine.expose(mapping.picture(clip[t]))
                results: dict[str, Any] = {}
                f_sum: Plane = np.empty(0)
                for kernel, program in shown[int(t == 0)]:
                    results |= machine.run(program, registers=False).outputs
                    if kernel == "update":
                        f_sum = mapping.compared(kernel, machine) + mapping.sum_level
                b, _, h = mapping.look(machine)
                expected.append(golden.sums(golden.gates(b, state, self.weights)))
                measured.append([f_sum / mapping.options.gate_unit, mapping.output(results)])
                state = h
        wanted: Plane = np.stack(expected)
        got: Plane = np.array(measured)
        return (wanted[:, 0], got[:, 0]), (wanted[:, 1], got[:, 1])


def _largest(sums: Plane) -> Plane:
    """The largest of every 4x4, without the ReLU: (..., rows, columns) -> (..., rows / 4, columns / 4)."""
    *front, rows, columns = sums.shape
    windows = sums.reshape(*front, rows // WINDOW, WINDOW, columns // WINDOW, WINDOW)
    return np.asarray(windows.max((-3, -1)))


def _level(expected: Plane, got: Plane, theta: float, ideal: int) -> int:
    """LSB above which half of the measured sums lie whose golden value is theta.

    expected: golden sums in units; got: the same as measured, LSB. Between the values that there are it interpolates.
    ideal: the level free of noise, which stays if all that is measured is on the right side of it, and where no sums
    lie on either side of theta.
    """
    values = [v for v in np.unique(expected) if np.sum(expected == v) >= ENOUGH]
    if np.array_equal(got > ideal, expected > theta) or not values or not values[0] <= theta <= values[-1]:
        return ideal
    medians = [np.median(got[expected == v]) for v in values]
    return int(np.clip(round(float(np.interp(theta, values, medians))), *LEVELS))


def _line(expected: Plane, got: Plane, near: float, around: float = 0) -> tuple[float, float]:
    """(gain, offset) of the straight line through what was measured where `around` was expected, or `near` to it.

    Rounded to what noise leaves. (1, 0) if there is too little to tell.
    """
    chosen = np.abs(expected - around) <= near
    if np.unique(expected[chosen]).size < 2:
        return 1.0, 0.0
    gain, offset = np.polyfit(expected[chosen].astype(float), got[chosen].astype(float), 1)
    return round(float(gain), 3), round(float(offset), 3) + 0.0


__all__ = ["CHIPS", "Calibration", "CalibrationFailed", "calibrate", "grey_trim", "profile_of"]
