"""The macropixel mapping: the CNN in 64x64 blocks, the recurrent part with 4x4 PEs for each pixel.

The sixteen pooled maps, a value every 4 PEs, already are the 64x64 picture that the recurrent part takes, a pixel
every 4 PEs. So nothing is shrunk and nothing is moved together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

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

UNIT = 5
"""LSB for a tap product: 25 of them stay within the converter's range, sums of 50 in halves."""

LARGEST = 25
"""Tap products that the DAC's range stands for: a threshold cannot lie further out."""

STEPS = {
    "capture": "capture, binarise", "binarise": "capture, binarise", "setup": "masks", "depthwise": "CNN, 25 taps",
    "pool": "threshold, pool, fill", "place": "place x and h", "convolve": "gates, 25 taps",
    "update": "sign, update h", "store": "sign, update h",
    **dict.fromkeys(("look", "pair(0)", "pair(1)", "tile(0)", "tile(1)", "enter"), "front end"),
}  # fmt: skip
"""Kernel -> title of the step that it belongs to."""


class MacropixelMapping(ThreeKinds):
    """Programs of the macropixel mapping for one set of weights; see `kernels.pixelrnn.encoder.Mapping`.

    front_end: the array scales the picture down and copies it; else PIX sees it sixteen times, small.
    """

    name = "macropixel"

    def __init__(self, weights: Weights, level: int, *, front_end: bool = False) -> None:
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

    @cached_property
    def cnn(self) -> Program:
        """The sixteen convolutions, from PIX to C."""
        kernels, _ = self.weights.layer(0)
        return load(
            "depthwise16", weights=kernels.tolist(), level=pix_level(self.level), amplitude=UNIT, keep=1, read=0
        )

    def recurrent(self, **options: int) -> Program:
        """Everything behind them."""
        w = self.weights
        gates = [[w.w_f.tolist(), w.u_f.tolist()], [w.w_o.tolist(), w.u_o.tolist()]]
        _, theta1 = w.layer(0)
        params = {
            "gates": gates, "unit": UNIT, "threshold": pooled_halves(theta1), "forget": halves(w.theta_r, 2), **options,
        }  # fmt: skip
        return assemble(SOURCE, params=params)

    def _frame(self, **options: int) -> Sequence[Step]:
        cnn = layout.behind_front_end(self.cnn, pix_level(self.level), UNIT) if self.front_end else (self.cnn,)
        return [s for p in (*cnn, self.recurrent(**options)) for s in cut(p, STEPS)]

    def picture(self, frame: npt.NDArray[Any]) -> npt.NDArray[Any]:
        grey = frame.astype(np.uint8) * np.uint8(255) if frame.dtype == np.bool_ else frame
        return layout.Macropixel().fill(grey) if self.front_end else tile(grey)

    def look(self, machine: Machine) -> tuple[Bits, Bits, Bits]:
        b, f, h = (machine.read(register) for register in ("R5", "R6", "R7"))
        return b[::4, ::4], f[1::4, 1::4], h[::4, ::4]

    def output(self, results: Mapping[str, Any]) -> Floats:
        # column after column from the top right; the converter gives 128 - o UNIT / 2
        samples = results["o"].reshape(SIDE, SIDE).T[:, ::-1]
        return np.asarray((128 - samples.astype(np.float32)) / (UNIT / 2), np.float32)


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
