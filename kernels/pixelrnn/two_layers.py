"""The macropixel mapping of the variant with two layers of kernels (902 parameters).

Layer 1 in 64x64 blocks, pooled in place; its 64x64 bits run together to a block in the middle and are copied to all
sixteen; layer 2 in blocks, and the recurrent part as with one layer. The state stays in F through all of it: what lies
between the layers moves bits, and F is no bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy.typing as npt

from scamp_sim.chip.program import Program
from scamp_sim.compiler import assemble
from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.pixelrnn import layout, macropixel
from scamp_sim.kernels.pixelrnn.macropixel import UNIT, MacropixelMapping, check_constant, cut, pooled_halves
from scamp_sim.machine.machine import Machine
from scamp_sim.systems.pixelrnn.encoder import Step, ThreeKinds
from scamp_sim.systems.pixelrnn.golden import Bits, Floats
from scamp_sim.systems.pixelrnn.params import Weights

BETWEEN = Path(__file__).with_name("layout_next_layer.scamp")

LAYERS = 2

_BLOCKS = {"setup": "masks", "depthwise": "CNN, 25 taps"}
TITLES = (
    dict.fromkeys(("capture", "binarise"), "capture, binarise") | {k: f"layer 1: {t}" for k, t in _BLOCKS.items()},
    {"pool_layer": "layer 1: threshold, pool, fill", "tile(0)": "run together, copy", "tile(1)": "run together, copy",
     "enter": "run together, copy"},
    {k: f"layer 2: {t}" for k, t in _BLOCKS.items()},
    macropixel.STEPS | {"pool": "layer 2: threshold, pool, fill"},
)  # fmt: skip
"""For the programs of a frame without a front end: kernel -> title of the step that it belongs to."""


class TwoLayerMapping(ThreeKinds):
    """Programs for one set of weights with two layers; see `scamp_sim.systems.pixelrnn.encoder.Mapping`.

    front_end, offset, unit, gate_unit, trim: as for MacropixelMapping; there is no calibration. All kernels of a frame
    are more than the kernel store holds, so the convolutions are on the heap.
    """

    name = "macropixel"

    def __init__(
        self,
        weights: Weights,
        level: int,
        *,
        front_end: bool = False,
        offset: int = 0,
        unit: int = UNIT,
        gate_unit: int | None = None,
        trim: int = 0,
    ) -> None:
        if weights.layers != LAYERS:
            raise ProgramError(f"this mapping takes two layers of kernels; these weights have {weights.layers}")
        self.weights = weights
        self.level = level
        self.front_end = front_end
        self._behind = self._recurrent_part(offset, unit, gate_unit)
        self.offset, self.unit = self._behind.offset, self._behind.unit
        self.trim = macropixel.checked_trim(trim)
        _, first = weights.layer(0)
        self.threshold = pooled_halves(first)
        check_constant("theta1", first, -macropixel.map_level(first, self.unit), self.unit, self.offset)

    def programs(self, **options: int) -> tuple[Program, ...]:
        """What a frame runs: the front end if there is one, layer 1, what lies between, layer 2, the recurrent part."""
        first = self._convolutions(0, options.get("start", 0))
        shown: tuple[Program, ...] = (first,)
        if self.front_end:
            shown = macropixel.behind_front_end(first, self)
        second = layout.behind(self._convolutions(1), "binarise")
        return (
            *map(layout.on_the_heap, shown),
            self.between,
            layout.on_the_heap(second),
            self._behind.recurrent(**options),
        )

    def _frame(self, **options: int) -> Sequence[Step]:
        programs = self.programs(**options)
        titles = TITLES if len(programs) == len(TITLES) else (macropixel.STEPS, *TITLES)
        return [step for program, named in zip(programs, titles, strict=True) for step in cut(program, named)]

    def _convolutions(self, number: int, start: int = 0) -> Program:
        """Layer 0 or 1, from PIX to C."""
        kernels, _ = self.weights.layer(number)
        return macropixel.convolutions(kernels, self, start)

    @cached_property
    def between(self) -> Program:
        """From C to A: what layer 2 sees."""
        return assemble(BETWEEN, params={"unit": self.unit, "offset": self.offset, "threshold": self.threshold})

    def _recurrent_part(self, offset: int, unit: int, gate_unit: int | None) -> MacropixelMapping:
        """The mapping of the second layer alone: what follows the convolutions is the same, and so are the limits."""
        kernels, theta1 = self.weights.layer(1)
        one = replace(self.weights, cnn=kernels, theta1=(theta1,))
        return MacropixelMapping(
            one, self.level, front_end=self.front_end, offset=offset, unit=unit, gate_unit=gate_unit
        )  # fmt: skip

    def picture(self, frame: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return self._behind.picture(frame)

    def look(self, machine: Machine) -> tuple[Bits, Bits, Bits]:
        return self._behind.look(machine)

    def output(self, results: Mapping[str, Any]) -> Floats:
        return self._behind.output(results)


__all__ = ["TwoLayerMapping"]
