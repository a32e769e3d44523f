"""PixelRNN on the array: the encoder, frame by frame, under either mapping.

encoder = Encoder(Weights.load("weights.npz"), mapping="macropixel")
result = encoder.run(clip)          # .o leaves the chip; .b, .f, .h are looked at behind the scenes
result.profile.readout_ratio        # 256: 4,096 values for 16 frames
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from collections.abc import Mapping as Map
from copy import copy
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import array_of, integer
from scamp_sim.chip import isa
from scamp_sim.chip.program import Program
from scamp_sim.costs.profile import Profile
from scamp_sim.costs.timing import combine, profile
from scamp_sim.exceptions import OptionError, ProgramError, ScampWarning
from scamp_sim.kernels.pixelrnn.mapping import Mapping
from scamp_sim.kernels.pixelrnn.options import BlockOptions, MacropixelOptions
from scamp_sim.machine.machine import Machine
from scamp_sim.silicon.setup import Errors
from scamp_sim.study import chips as kinds
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.golden import FRAMES, SIDE, Bits, Floats
from scamp_sim.systems.pixelrnn.params import Weights, check_weights
from scamp_sim.text import plural

MAPPINGS = 32
"""Mappings that are kept with their programs: assembling one takes longer than a clip."""
SENSOR = 256
"""Rows and columns of a full frame."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """What the array made of a clip; the fields of `golden.Result`, and what it cost.

    x, b, f, h: (16, 64, 64) bool, one row a frame, `h[t]` after frame t.
    o: (64, 64) float32.
    profile: of the whole clip.
    frame_profile: of a frame that is neither the first nor the last.
    """

    x: Bits
    b: Bits
    f: Bits
    h: Bits
    o: Floats
    profile: Profile
    frame_profile: Profile


class Encoder:
    """The encoder on a simulated chip.

    mapping: "macropixel" (own, 4x4 PEs a pixel for the recurrent part) or "blocks" (as published, in 64x64 blocks).
    errors, chip, seed, engine, timing: of the machine.
    level: grey above it counts as +1; the array resolves about every other level, 116 among them.
    options: of the mapping.
        front_end=True: the array also scales the frames down and copies them.
        version: "lean" for "blocks"; "raw" for "macropixel" chooses the offset alone: programs as for an array without
            noise, 5 LSB a tap.
        offset, unit, gate_unit, trim, calibration: for "macropixel". If none is given, they are chosen for the errors
            of the chip: its offset, units that suit it, and a trim and levels that are measured on other chips of its
            profile (see `scamp_sim.systems.pixelrnn.calibrate`). With two layers of kernels there is no calibration,
            only offset, units and trim.
        calibrate: False leaves the levels as they are free of noise; True measures them for an offset and units that
            are given.

    Raises ProgramError.
    """

    def __init__(
        self,
        weights: Weights,
        mapping: str = "macropixel",
        errors: Errors = "ideal",
        chip: int = 0,
        seed: int = 0,
        *,
        engine: str = "fast",
        timing: str = "scamp5d",
        level: int = golden.INPUT_LEVEL,
        **options: Any,
    ) -> None:
        integer("level", level)
        check_weights(weights)
        self._make(weights, mapping_options(*split(mapping, options), level), errors, chip, seed, engine, timing)

    @classmethod
    def of(
        cls,
        weights: Weights,
        options: MacropixelOptions | BlockOptions,
        errors: Errors = "ideal",
        chip: int = 0,
        seed: int = 0,
        *,
        engine: str = "fast",
        timing: str = "scamp5d",
    ) -> Encoder:
        """The encoder under the mapping that the options belong to. Other arguments as above. Raises ProgramError."""
        made = cls.__new__(cls)
        made._make(check_weights(weights), options, errors, chip, seed, engine, timing)
        return made

    def on_chip(self, errors: Errors, chip: int, engine: str = "fast") -> Encoder:
        """The same network on another chip of the same errors: programs and calibration are shared."""
        made = copy(self)
        made.chip = integer("chip", chip)
        made.machine = Machine(errors=errors, chip=chip, engine=engine, timing=self.machine.timing)
        return made

    def _make(
        self,
        weights: Weights,
        options: MacropixelOptions | BlockOptions,
        errors: Errors,
        chip: int,
        seed: int,
        engine: str,
        timing: str,
    ) -> None:
        self.weights = weights
        self.chip = integer("chip", chip)
        self.machine = Machine(errors=errors, chip=chip, seed=seed, engine=engine, timing=timing)
        if isinstance(options, MacropixelOptions):
            from scamp_sim.systems.pixelrnn.calibrate import CalibrationFailed
            from scamp_sim.systems.pixelrnn.chip_defaults import for_chip

            try:
                options = for_chip(weights, self.machine.errors, options)
            except CalibrationFailed as e:  # by the name that the user gave, with the knobs that were changed
                raise CalibrationFailed(kinds.named(errors), e.o_gain) from None
        self.mapping = mapping_of(weights, options)

    @property
    def level(self) -> int:
        """Grey above it counts as +1."""
        return self.mapping.level

    def run(self, clip: npt.ArrayLike) -> Encoded:
        """Encode one clip: (16, 64, 64), uint8 grey, or bool (binarised already).

        With the option front_end, which scales on the array, also (16, 256, 256). Raises PlaneError.
        """
        x, machine = self.bits(clip), self.machine
        planes = np.empty((3, FRAMES, SIDE, SIDE), bool)
        spent: dict[int, tuple[Profile, int]] = {}
        results: dict[str, Any] = {}
        for t, picture in enumerate(self.pictures(clip)):
            machine.expose(picture)
            for step in self.mapping.steps(t):
                run = machine.run(step.program, step.inputs, registers=False)
                cost = run.profile
                spent[id(cost)] = (cost, spent.get(id(cost), (cost, 0))[1] + 1)
                results.update(run.outputs)
            planes[:, t] = self.mapping.look(machine)
        b, f, h = planes
        return Encoded(x, b, f, h, self.mapping.output(results), self._cost(spent.values(), FRAMES), self.frame_profile)

    def bits(self, clip: npt.ArrayLike) -> Bits:
        """The bits (16, 64, 64) that the array is to make of a clip, scaled where that is its part.

        Raises PlaneError.
        """
        frames = self._checked(clip)
        large = frames.shape[1] == SENSOR
        return scaled_bits(frames, self.level) if large else golden.binarise(frames, self.level)

    def pictures(self, clip: npt.ArrayLike) -> list[npt.NDArray[Any]]:
        """What PIX is to see, frame by frame: (256, 256), uint8 or bool. Raises PlaneError."""
        frames = self._checked(clip)
        return list(frames) if frames.shape[1] == SENSOR else [self.mapping.picture(frame) for frame in frames]

    def _checked(self, clip: npt.ArrayLike) -> npt.NDArray[Any]:
        array = array_of(clip, "the clip")
        return golden.checked(array, SENSOR if self.front_end and array.shape[1:] == (SENSOR, SENSOR) else SIDE)

    @property
    def front_end(self) -> bool:
        """Whether the array scales the frames down and copies them."""
        return self.mapping.front_end

    @cached_property
    def frame_profile(self) -> Profile:
        """What a frame costs that is neither the first nor the last."""
        parts = [(profile(s.program, self.machine.timing, self.machine.shape), 1) for s in self.mapping.steps(1)]
        return self._cost(parts, 1)

    @property
    def programs(self) -> tuple[Program, ...]:
        """Every program that a clip runs, once."""
        return tuple(dict.fromkeys(s.program for t in (0, 1, FRAMES - 1) for s in self.mapping.steps(t)))

    def _cost(self, parts: Iterable[tuple[Profile, int]], frames: int) -> Profile:
        """The cost of so many frames, each of which is several programs but one run to a user."""
        name = f"pixelrnn, {self.mapping.name}, {plural(frames, 'frame')}"
        return replace(combine(parts, name), runs=frames)


def scaled_bits(frames: npt.NDArray[Any], level: int) -> Bits:
    """What the front end makes of full frames, (16, 256, 256) -> (16, 64, 64): means of 4x4 PEs above the level."""
    from scamp_sim.kernels.pixelrnn.layout import downsampled
    from scamp_sim.kernels.pixelrnn.macropixel import pix_level

    if golden.looks_binary(frames, level):
        warnings.warn(golden.LOOKS_BINARY, ScampWarning, stacklevel=2)
    grey = frames * np.float32(255 if frames.dtype == np.bool_ else 1)
    return np.stack([downsampled(frame * (127 / 255)) > pix_level(level) for frame in grey])


OPTIONS: Map[str, type[MacropixelOptions] | type[BlockOptions]] = {
    "macropixel": MacropixelOptions,
    "blocks": BlockOptions,
}
"""Mapping -> its record of options."""


def split(mapping: str, options: Map[str, Any]) -> tuple[str, dict[str, Any]]:
    """ "NAME" or "NAME:VERSION" -> (NAME, a copy of the options, with the version if there is one)."""
    name, colon, version = str(mapping).partition(":")
    return name, {**options, "version": version} if colon else dict(options)


def mapping_options(name: str, options: Map[str, Any], level: int) -> MacropixelOptions | BlockOptions:
    """The options of a mapping as its record. Raises ProgramError for a mapping or an option that there is not."""
    if name not in OPTIONS:
        known = tuple(OPTIONS)
        raise OptionError(f"unknown mapping '{name}'{isa.did_you_mean(name, known)}; there are {', '.join(known)}")
    known = tuple(f.name for f in fields(OPTIONS[name]) if f.name != "level")
    for option in options:
        if option not in known:
            raise ProgramError(f"the mapping '{name}' has no option '{option}'; it takes {', '.join(known)}")
    return OPTIONS[name](level=level, **options)


@lru_cache(MAPPINGS)
def mapping_of(weights: Weights, options: MacropixelOptions | BlockOptions) -> Mapping:
    """The mapping of these weights that the options belong to; all chips share it. Raises ProgramError."""
    if isinstance(options, BlockOptions):
        from scamp_sim.kernels.pixelrnn.blocks import BlockMapping

        return BlockMapping(weights, options)
    if weights.layers == 2:
        from scamp_sim.kernels.pixelrnn.two_layers import TwoLayerMapping

        return TwoLayerMapping(weights, options)
    from scamp_sim.kernels.pixelrnn.macropixel import MacropixelMapping

    return MacropixelMapping(weights, options)


def make_mapping(weights: Weights, name: str, level: int, options: Map[str, Any]) -> Mapping:
    """The named mapping of these weights; "blocks:lean" is the lean version of "blocks". Raises ProgramError."""
    return mapping_of(weights, mapping_options(*split(name, options), level))
