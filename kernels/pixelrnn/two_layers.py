"""The macropixel mapping of the variant with two layers of kernels (902 parameters).

Layer 1 in 64x64 blocks, pooled in place; its 64x64 bits run together to a block in the middle and are copied to all
sixteen; layer 2 in blocks, and the recurrent part as with one layer. The state stays in F through all of it: what lies
between the layers moves bits, and F is no bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy.typing as npt

from scamp_sim.chip.program import Program
from scamp_sim.compiler import assemble
from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.pixelrnn import layout, macropixel
from scamp_sim.kernels.pixelrnn.macropixel import MacropixelMapping, check_constant, cut, pooled_halves
from scamp_sim.kernels.pixelrnn.mapping import Step, ThreeKinds
from scamp_sim.kernels.pixelrnn.options import DEFAULT, MacropixelOptions
from scamp_sim.kernels.pixelrnn.shapes import Bits, Floats, Kernels
from scamp_sim.machine.machine import Machine

BETWEEN = Path(__file__).with_name("layout_next_layer.scamp")

LAYERS = 2

_BLOCKS = {"setup": "masks", "depthwise": "CNN, 25 taps"}
TITLES = (
    dict.fromkeys(("capture", "binarise"), "capture, binarise") | {k: f"layer 1: {t}" for k, t in _BLOCKS.items()},
    {
        "pool_layer": "layer 1: threshold, pool, fill",
        "tile(0)": "run together, copy",
        "tile(1)": "run together, copy",
        "enter": "run together, copy",
    },
    {k: f"layer 2: {t}" for k, t in _BLOCKS.items()},
    macropixel.STEPS | {"pool": "layer 2: threshold, pool, fill"},
)
"""For the programs of a frame without a front end: kernel -> title of the step that it belongs to."""


class TwoLayerMapping(ThreeKinds):
    """Programs for one set of weights with two layers; see `scamp_sim.kernels.pixelrnn.mapping.Mapping`.

    options: as of MacropixelMapping; there is no calibration. All kernels of a frame are more than the kernel store
    holds, so the convolutions are on the heap. Raises ProgramError.
    """

    name = "macropixel"
    input_register = "A"
    own_edges = False

    def __init__(self, weights: Kernels, options: MacropixelOptions = DEFAULT) -> None:
        if weights.layers != LAYERS:
            raise ProgramError(f"this mapping takes two layers of kernels; these weights have {weights.layers}")
        if options.calibration is not None:
            raise ProgramError("a calibration is for weights with one layer of kernels; these have two")
        self.weights = weights
        self.options = options.settled()
        # what follows the convolutions is as with the second layer alone, and so are the limits
        self._behind = MacropixelMapping(weights.alone(1), options)
        _, first = weights.layer(0)
        self.threshold = pooled_halves(first)
        unit, offset = self.options.unit, self.options.offset
        check_constant("theta1", first, -macropixel.map_level(first, unit), unit, offset)

    @property
    def front_end(self) -> bool:
        """Whether the array scales the frames down and copies them."""
        return self.options.front_end

    @property
    def level(self) -> int:
        """Grey above it counts as +1."""
        return self.options.level

    @property
    def calibration(self) -> None:
        """There is none."""
        return None

    def programs(self, **options: int) -> tuple[Program, ...]:
        """What a frame runs: the front end if there is one, layer 1, what lies between, layer 2, the recurrent part."""
        first = self._convolutions(0, options.get("start", 0))
        shown: tuple[Program, ...] = (first,)
        if self.front_end:
            shown = macropixel.behind_front_end(first, self.options)
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
        return macropixel.convolutions(kernels, self.options, start)

    @cached_property
    def between(self) -> Program:
        """From C to A: what layer 2 sees."""
        unit, offset = self.options.unit, self.options.offset
        return assemble(BETWEEN, params={"unit": unit, "offset": offset, "threshold": self.threshold})

    def picture(self, frame: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return self._behind.picture(frame)

    def look(self, machine: Machine) -> tuple[Bits, Bits, Bits]:
        return self._behind.look(machine)

    def output(self, results: Mapping[str, Any]) -> Floats:
        return self._behind.output(results)


__all__ = ["TwoLayerMapping"]
