"""The block mapping, as published: CNN and recurrent part in 64x64 blocks, weights in register planes.

Weights lie in two analog planes, tap by tap in a cell that repeats every 8 PEs of a block. A tap selects its places in
all cells, and a flood spreads what is there over the block. Sixteen maps are pooled and shrunk to one block; the
recurrent part takes four blocks, x beside h, for f above those for o.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip import isa
from scamp_sim.chip.program import Input, Launch, Program
from scamp_sim.compiler import assemble
from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.depthwise import tile
from scamp_sim.kernels.pixelrnn import layout
from scamp_sim.kernels.pixelrnn.macropixel import LARGEST, halves, pix_level, pooled_halves
from scamp_sim.kernels.pixelrnn.mapping import Step, ThreeKinds, check_kernels
from scamp_sim.kernels.pixelrnn.options import PUBLISHED, BlockOptions
from scamp_sim.kernels.pixelrnn.shapes import SIDE, Bits, Floats, Kernels
from scamp_sim.machine.machine import Machine

HIGHEST = 120
"""LSB that a constant is loaded with at most."""

FOLDER = Path(__file__).parent

GRID, CELL, WEIGHT = 4, 8, 120
"""Blocks along an axis; PEs from one copy of a weight to the next; LSB that stand for a weight of 1."""

TOP = 3
"""Row of a cell, counted from the top, that holds the top row of a kernel; its left column is the cell's left one."""

FRONT_END, SEEN = "front end", "unpack kernels, masks"
"""With a front end: its step, and what is left of the first one."""

TITLES = (
    "binarise, unpack kernels, masks",
    "CNN, 25 taps",
    "ReLU",
    "max-pool, fill",
    "threshold, centre",
    "shrink 256 to 64",
    "move into a block",
    "place x and h",
    "unpack gate kernels",
    "gates, 25 taps",
    "align by 64, add",
    "sign, update h",
)
"""The steps of a frame, in the order of the published program."""


@dataclass(frozen=True)
class Layout:
    """What a version of the mapping consists of.

    source: its file.
    x: block (row, column) of x; h is one to the right, o below h.
    b: the register of x.
    starts: the kernel that begins each step, with the step's title.
    unit: LSB for a sum of 1.
    o: LSB of the readout for an output of 1.
    seen: the kernel that begins a frame behind a front end.
    keep: what the front end is to keep, see `layout.front_end`.
    """

    source: Path
    x: tuple[int, int]
    b: str
    starts: Sequence[tuple[str, str]]
    unit: int
    o: float
    seen: str
    keep: int


LAYOUTS = {
    "published": Layout(
        FOLDER / "blocks_published.scamp",
        (1, 1),
        "R7",
        (
            ("capture", TITLES[0]),
            ("seeds", TITLES[1]),
            ("relu", TITLES[2]),
            ("compare_east", TITLES[3]),
            ("sign", TITLES[4]),
            ("slide_columns", TITLES[5]),
            ("start_x", TITLES[6]),
            ("snap", TITLES[7]),
            ("unpack_gates", TITLES[8]),
            ("seeds", TITLES[9]),
            ("keep_sums", TITLES[10]),
            ("update", TITLES[11]),
        ),
        10,
        10,
        "unpack_cnn",
        1,
    ),
    "lean": Layout(
        FOLDER / "blocks_lean.scamp",
        (0, 0),
        "R5",
        (
            ("capture", TITLES[0]),
            ("tap", TITLES[1]),
            ("pool", "threshold, pool"),
            ("gather", TITLES[5]),
            ("place", TITLES[7]),
            ("unpack", TITLES[8]),
            ("tap", TITLES[9]),
            ("align", TITLES[10]),
            ("update", TITLES[11]),
        ),
        5,
        2.5,
        "capture",
        2,  # the state is in R6
    ),
}


class BlockMapping(ThreeKinds):
    """Programs of the block mapping for one set of weights; see `scamp_sim.kernels.pixelrnn.mapping.Mapping`.

    weights: with one layer of kernels. Raises ProgramError, also for thresholds that the version does not hold.
    """

    name = "blocks"
    input_register = "R5"
    calibration = None

    def __init__(self, weights: Kernels, options: BlockOptions = PUBLISHED) -> None:
        check_kernels(weights, 1, "block")
        version = options.version
        if not isinstance(version, str) or version not in LAYOUTS:
            raise ProgramError(
                f"unknown version '{version}'{isa.did_you_mean(version, LAYOUTS)}; there are {', '.join(LAYOUTS)}"
            )
        self.weights = weights
        self.options = options
        self.version = version
        self.front_end, self.level = options.front_end, options.level
        self.own_edges = version == "published"
        self.layout = LAYOUTS[version]
        most = LARGEST if version == "lean" else HIGHEST / self.layout.unit
        # pooled maps are 0 to 25: beyond that the lean version needs no threshold of its own
        checked = {"theta_r": weights.theta_r} | ({} if version == "lean" else {"theta1": weights.theta1[0]})
        for name, theta in checked.items():
            if abs(theta) > most:
                raise ProgramError(
                    f"{name} is {theta:g}; the {version} block mapping holds thresholds of -{most:g}..{most:g}, "
                    f"{self.layout.unit} LSB to the unit"
                )

    def program(self, **options: int) -> Program:
        """A frame in one program, but for the front end.

        options: start, read, as its file says.
        """
        unit = self.layout.unit
        _, theta1 = self.weights.layer(0)
        threshold, forget = round(unit * theta1), round(unit * self.weights.theta_r)
        if self.version == "lean":  # between two sums; those for f are even. The released program rounds to whole LSB
            threshold, forget = unit * pooled_halves(theta1) // 2, unit * halves(self.weights.theta_r, 2) // 2
        params = {
            "level": pix_level(self.level),
            "unit": unit,
            "threshold": threshold,
            "forget": forget,
            "seen": int(self.front_end),
        }
        return assemble(self.layout.source, params=params | options)

    def _frame(self, **options: int) -> Sequence[Step]:
        starts = [(self.layout.seen, SEEN), *self.layout.starts[1:]] if self.front_end else self.layout.starts
        first, *others = cut(self.program(**options), starts)
        if "start" in options:  # the host gives the weights with the first frame, at no cost to the array
            program = replace(first.program, inputs=(Input("gates", "A"), Input("cnn", "B")))
            first = Step(first.title, program, weight_planes(self.weights, self.layout.x))
        return [*self._shown, first, *others]

    @cached_property
    def _shown(self) -> Sequence[Step]:
        """The front end, if there is one: it leaves weights and state where they are."""
        if not self.front_end:
            return ()
        program = layout.front_end(pix_level(self.level), keep=self.layout.keep)
        # its two longest kernels and those of a frame are more than the kernel store holds
        return (Step(FRONT_END, layout.on_the_heap(program, ("tile(0)", "tile(1)"))),)

    def picture(self, frame: npt.NDArray[Any]) -> npt.NDArray[Any]:
        grey = frame.astype(np.uint8) * np.uint8(255) if frame.dtype == np.bool_ else frame
        return layout.Macropixel().fill(grey) if self.front_end else tile(grey)

    def look(self, machine: Machine) -> tuple[Bits, Bits, Bits]:
        row, column = self.layout.x
        x, f, h = (machine.read(register) for register in (self.layout.b, "R9", "R6"))
        return block(x, row, column), block(f, row, column + 1), block(h, row, column + 1)

    def output(self, results: Mapping[str, Any]) -> Floats:
        samples = results["o"].reshape(SIDE, SIDE).T[:, ::-1]  # column after column from the top right
        return np.asarray((samples.astype(np.float32) - 128) / self.layout.o, np.float32)


def block(plane: npt.NDArray[Any], row: int, column: int) -> npt.NDArray[Any]:
    return plane[SIDE * row : SIDE * (row + 1), SIDE * column : SIDE * (column + 1)]


def weight_planes(weights: Kernels, x: tuple[int, int]) -> dict[str, npt.NDArray[np.float32]]:
    """The planes of the gate kernels and of the CNN kernels, 256x256, in LSB."""
    kernels, _ = weights.layer(0)
    gates = {(0, 0): weights.w_f, (0, 1): weights.u_f, (1, 0): weights.w_o, (1, 1): weights.u_o}
    return {
        "gates": _plane({(x[0] + r, x[1] + c): kernel for (r, c), kernel in gates.items()}),
        "cnn": _plane({(k % GRID, k // GRID): kernel for k, kernel in enumerate(kernels)}),
    }


def _plane(kernels: Mapping[tuple[int, int], npt.NDArray[np.int8]]) -> npt.NDArray[np.float32]:
    plane = np.zeros((GRID * SIDE, GRID * SIDE), np.float32)
    for (row, column), kernel in kernels.items():
        cell = np.zeros((CELL, CELL))
        cell[TOP:, : kernel.shape[1]] = WEIGHT * kernel
        block(plane, row, column)[:] = np.tile(cell, (SIDE // CELL, SIDE // CELL))
    return plane


def cut(program: Program, starts: Sequence[tuple[str, str]]) -> list[Step]:
    """A program as steps.

    starts: kernel and title; a step begins with the first launch of its kernel after the step before, and with the host
        calls ahead of that. All parts share the kernels of the whole.
    """
    parts: list[tuple[str, list[Any]]] = []
    waiting: list[Any] = []
    for step in program.steps:
        if not isinstance(step, Launch):
            waiting.append(step)
            continue
        if len(parts) < len(starts) and step.kernel.partition("(")[0] == starts[len(parts)][0]:
            parts.append((starts[len(parts)][1], []))
        parts[-1][1].extend([*waiting, step])
        waiting = []
    parts[-1][1].extend(waiting)
    return [Step(title, Program(title, program.kernels, tuple(steps), shape=program.shape)) for title, steps in parts]


__all__ = ["LAYOUTS", "TITLES", "BlockMapping", "weight_planes"]
