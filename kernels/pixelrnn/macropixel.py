"""The macropixel mapping: the CNN in 64x64 blocks, the recurrent part with 4x4 PEs for each pixel.

The sixteen pooled maps, a value every 4 PEs, already are the 64x64 picture that the recurrent part takes, a pixel
every 4 PEs. So nothing is shrunk and nothing is moved together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from compiler import assemble
from kernels import load
from kernels.depthwise import tile
from kernels.pixelrnn import layout
from kernels.pixelrnn.checks import integer
from kernels.pixelrnn.encoder import Step, ThreeKinds
from kernels.pixelrnn.golden import SIDE, Bits, Floats
from kernels.pixelrnn.weights import Weights
from scamp_sim.exceptions import ProgramError
from scamp_sim.machine import Machine
from scamp_sim.program import HostCall, Launch, Program

SOURCE = Path(__file__).with_name("macropixel.scamp")

UNIT, LARGEST_UNIT = 5, 20
"""LSB for a tap product. With 5, 25 of them stay within the converter's range, and sums of 50 in halves. With 10 noise
counts half as much; registers compress sums beyond 15, and o is cut off at -25.4 and 25.6."""

LARGEST_OFFSET = 40
"""LSB that an analog transfer adds; of the chip it is known to be about 20."""

LARGEST = 25
"""Tap products that the DAC's range stands for with a unit of 5: a threshold cannot lie further out."""

DAC = (-128, 127)
"""Constants that there are."""

STEPS = {
    "capture": "capture, binarise", "binarise": "capture, binarise", "setup": "masks", "depthwise": "CNN, 25 taps",
    "pool": "threshold, pool, fill", "place": "place x and h", "convolve": "gates, 25 taps",
    "update": "sign, update h", "store": "sign, update h",
    **dict.fromkeys(("look", "pair(0)", "pair(1)", "tile(0)", "tile(1)", "enter"), "front end"),
}  # fmt: skip
"""Kernel -> title of the step that it belongs to."""


class MacropixelMapping(ThreeKinds):
    """Programs of the macropixel mapping for one set of weights; see `kernels.pixelrnn.encoder.Mapping`.

    front_end: the array scales the picture down and copies it; else PIX sees it sixteen times, small. offset: LSB that
    the chip adds at every analog transfer, 0..40, which the programs then make up for. unit: LSB for a tap product,
    1..10. Raises ProgramError, also for thresholds that the converter has no constant for.
    """

    name = "macropixel"

    def __init__(
        self, weights: Weights, level: int, *, front_end: bool = False, offset: int = 0, unit: int = UNIT
    ) -> None:
        if weights.layers != 1:
            raise ProgramError(
                f"the macropixel mapping takes one layer of kernels; these weights have {weights.layers}"
            )
        if not -LARGEST <= weights.theta_r < LARGEST:
            raise ProgramError(
                f"theta_r is {weights.theta_r:g}; the converter's range holds thresholds from -{LARGEST} to below "
                f"{LARGEST}"
            )
        self.weights = weights
        self.level = level
        self.front_end = front_end
        self.offset, self.unit = checked_levels(offset, unit)
        self.calibration: dict[str, int] = {}
        _, theta1 = weights.layer(0)
        self.threshold, self.forget = pooled_halves(theta1), halves(weights.theta_r, 2)
        check_constant("theta1", theta1, -self.unit * self.threshold / 2, self)
        check_constant("theta_r", weights.theta_r, -self.unit * self.forget / 2 - 2 * self.offset, self)

    @cached_property
    def cnn(self) -> Program:
        """The sixteen convolutions, from PIX to C."""
        kernels, _ = self.weights.layer(0)
        return convolutions(kernels, self)

    @cached_property
    def _starting(self) -> Program:
        """The same in a frame that sets the state."""
        kernels, _ = self.weights.layer(0)
        return convolutions(kernels, self, start=1) if self.offset else self.cnn

    def recurrent(self, **options: int) -> Program:
        """Everything behind them."""
        w = self.weights
        gates = [[w.w_f.tolist(), w.u_f.tolist()], [w.w_o.tolist(), w.u_o.tolist()]]
        params = {
            "gates": gates, "unit": getattr(self, "gate_unit", self.unit), "maps_unit": self.unit, "offset": self.offset, "threshold": self.threshold,
            "forget": self.forget, **self.calibration, **options,
        }  # fmt: skip
        return assemble(SOURCE, params=params)

    def _frame(self, **options: int) -> Sequence[Step]:
        cnn = self._starting if options.get("start") else self.cnn
        shown = behind_front_end(cnn, self) if self.front_end else (cnn,)
        return [s for p in (*shown, self.recurrent(**options)) for s in cut(p, STEPS)]

    def picture(self, frame: npt.NDArray[Any]) -> npt.NDArray[Any]:
        grey = frame.astype(np.uint8) * np.uint8(255) if frame.dtype == np.bool_ else frame
        return layout.Macropixel().fill(grey) if self.front_end else tile(grey)

    def look(self, machine: Machine) -> tuple[Bits, Bits, Bits]:
        b, f, h = (machine.read(register) for register in ("R5", "R6", "R7"))
        return b[::4, ::4], f[1::4, 1::4], h[::4, ::4]

    def output(self, results: Mapping[str, Any]) -> Floats:
        # column after column from the top right; the converter gives 128 - o unit / 2
        samples = results["o"].reshape(SIDE, SIDE).T[:, ::-1]
        return np.asarray((128 - samples.astype(np.float32)) / (getattr(self, "gate_unit", self.unit) / 2), np.float32)


class Levels(Protocol):
    """What the programs of a mapping take from it: grey level, LSB of a tap product, LSB of a transfer."""

    level: int
    unit: int
    offset: int


def convolutions(kernels: npt.NDArray[Any], levels: Levels, start: int = 0) -> Program:
    """Sixteen convolutions with these kernels, from PIX to C; h stays in F.

    start: there is no h yet. Where an offset is made up for, F then takes the top lines that otherwise stand beside h.
    """
    return load(
        "depthwise16", weights=kernels.tolist(), level=pix_level(levels.level), amplitude=levels.unit,
        offset=levels.offset, level_shift=getattr(levels, "level_shift", 0), keep=int(not (start and levels.offset)), read=0,
    )  # fmt: skip


def behind_front_end(cnn: Program, levels: Levels) -> tuple[Program, Program]:
    """The front end, and the convolutions without a capture of their own."""
    return layout.behind_front_end(cnn, pix_level(levels.level), levels.unit, levels.offset)


def checked_levels(offset: Any, unit: Any) -> tuple[int, int]:
    """Both as integers. Raises ProgramError that says what there is."""
    ranges = (("offset", offset, 0, LARGEST_OFFSET), ("unit", unit, 1, LARGEST_UNIT))
    for name, value, low, high in ranges:
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not (whole and low <= value <= high):
            raise ProgramError(f"{name} is {value!r}; it is a whole number of LSB, {low}..{high}")
    return int(offset), int(unit)


def check_constant(name: str, theta: float, constant: float, levels: Levels) -> None:
    """Raises ProgramError if the converter has no such constant to compare with."""
    low, high = DAC
    if not low <= int(constant) <= high:
        given = f"a unit of {levels.unit}" + (f" and an offset of {levels.offset}" if levels.offset else "")
        raise ProgramError(
            f"{name} is {theta:g}: with {given} the constant to compare with is {int(constant)} LSB, and the converter "
            f"gives {low}..{high}; take a smaller unit"
        )


def pix_level(level: int) -> int:
    """The threshold of depthwise16 that tells grey above `level` from the rest: PIX takes 0..255 as 0..127.

    Thresholds are whole LSB and greys lie half an LSB apart, so every other level has none. Raises ProgramError that
    names the nearest levels that have one.
    """
    level = integer("level", level)
    if not _separable(level):
        near = [n for n in (*range(level - 1, -1, -1), *range(level + 1, 255)) if _separable(n)]
        below, above = (
            max((n for n in near if n < level), default=None),
            min((n for n in near if n > level), default=None),
        )
        named = " or ".join(str(n) for n in (below, above) if n is not None)
        raise ProgramError(
            f"level {level}: the array cannot tell grey {level} from grey {level + 1}; take {named}, or give the clip "
            "as bits"
        )
    return math.ceil(level * 127 / 255)


def _separable(level: int) -> bool:
    """Whether a whole number of LSB lies between grey `level` and the next, or on the former."""
    return 0 <= level < 255 and math.ceil(level * 127 / 255) < (level + 1) * 127 / 255


def pooled_halves(theta: float) -> int:
    """The same for pooled maps. They are never below 0, and never above 25: beyond that every sum passes, or none."""
    return -51 if theta < 0 else halves(min(theta, LARGEST), 1)


def halves(theta: float, spacing: int) -> int:
    """Twice a level that separates sums above theta from the rest, in the middle between lattice points.

    spacing: 1 for sums that can be any integer, 2 for even ones.
    """
    return 2 * spacing * math.floor(theta / spacing) + spacing


def cut(program: Program, titles: Mapping[str, str]) -> list[Step]:
    """A program as steps: each launch with the host calls before it, neighbours of one title together.

    What follows the last launch stays with it. All parts share the kernels of the whole.
    """
    parts: list[tuple[str, list[Any]]] = []
    waiting: list[Any] = []
    for step in program.steps:
        if isinstance(step, HostCall):
            waiting.append(step)
            continue
        title = titles[step.kernel] if isinstance(step, Launch) else parts[-1][0]
        if not parts or parts[-1][0] != title:
            parts.append((title, []))
        parts[-1][1].extend([*waiting, step])
        waiting = []
    parts[-1][1].extend(waiting)
    return [Step(title, Program(title, program.kernels, tuple(steps), shape=program.shape)) for title, steps in parts]
