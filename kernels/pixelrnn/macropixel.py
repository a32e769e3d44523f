"""The macropixel mapping: the CNN in 64x64 blocks, the recurrent part with 4x4 PEs for each pixel.

The sixteen pooled maps, a value every 4 PEs, already are the 64x64 picture that the recurrent part takes, a pixel
every 4 PEs. So nothing is shrunk and nothing is moved together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import integer
from scamp_sim.chip.program import HostCall, Launch, Program
from scamp_sim.compiler import assemble
from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels import load
from scamp_sim.kernels.depthwise import tile
from scamp_sim.kernels.pixelrnn import layout
from scamp_sim.kernels.pixelrnn.mapping import Step, ThreeKinds, check_kernels
from scamp_sim.kernels.pixelrnn.options import DEFAULT, Calibration, MacropixelOptions, Settled
from scamp_sim.kernels.pixelrnn.shapes import SIDE, Bits, Floats, Kernels
from scamp_sim.machine.machine import Machine

SOURCE = Path(__file__).with_name("macropixel.scamp")

CHIP_UNIT, CHIP_GATE_UNIT = 17, 18
"""The same for a chip with errors, in the CNN and in the gates: what a constant, an offset or noise is wrong by then
counts a third or a quarter. Both thresholds lie near 0, where registers do not compress yet; beyond these values what
the compression costs, and the ends of o at -14 and 14, outweigh what is won."""

LARGEST = 25
"""Tap products that the DAC's range stands for with a unit of 5: a threshold cannot lie further out."""

CONSTANTS = (-128, 127)
"""Constants that the converter has."""

STEPS = {
    "capture": "capture, binarise",
    "binarise": "capture, binarise",
    "setup": "masks",
    "depthwise": "CNN, 25 taps",
    "pool": "threshold, pool, fill",
    "place": "place x and h",
    "convolve": "gates, 25 taps",
    "update": "sign, update h",
    "store": "sign, update h",
    **dict.fromkeys(("look", "pair(0)", "pair(1)", "tile(0)", "tile(1)", "enter"), "front end"),
}
"""Kernel -> title of the step that it belongs to."""


class MacropixelMapping(ThreeKinds):
    """Programs of the macropixel mapping for one set of weights; see `scamp_sim.kernels.pixelrnn.mapping.Mapping`.

    weights: with one layer of kernels.
    options: what they leave open is as an array without errors takes it. map_level, sum_level: LSB that pooled maps and
        sums of the forget gate must be above.

    Raises ProgramError, also for thresholds that the converter has no constant for.
    """

    name = "macropixel"
    input_register = "A"
    own_edges = False

    def __init__(self, weights: Kernels, options: MacropixelOptions = DEFAULT) -> None:
        check_kernels(weights, 1, self.name)
        if not -LARGEST <= weights.theta_r < LARGEST:
            raise ProgramError(
                f"theta_r is {weights.theta_r:g}; the converter's range holds thresholds from -{LARGEST} to below "
                f"{LARGEST}"
            )
        self.weights = weights
        self.options = options.settled()
        _, theta1 = weights.layer(0)
        o, found = self.options, self.options.calibration
        self.map_level, self.sum_level = map_level(theta1, o.unit), sum_level(weights.theta_r, o.gate_unit)
        if found is None:
            check_constant("theta1", theta1, -self.map_level, o.unit, o.offset)
            check_constant("theta_r", weights.theta_r, -self.sum_level - 2 * o.offset, o.gate_unit, o.offset)
        else:
            found.check(weights, o)
            self.map_level, self.sum_level = found.map_level, found.sum_level

    @property
    def front_end(self) -> bool:
        """Whether the array scales the frames down and copies them."""
        return self.options.front_end

    @property
    def level(self) -> int:
        """Grey above it counts as +1."""
        return self.options.level

    @property
    def calibration(self) -> Calibration | None:
        """What o is corrected by, if it is."""
        return self.options.calibration

    @cached_property
    def cnn(self) -> Program:
        """The sixteen convolutions, from PIX to C."""
        kernels, _ = self.weights.layer(0)
        return convolutions(kernels, self.options)

    @cached_property
    def _starting(self) -> Program:
        """The same in a frame that sets the state."""
        kernels, _ = self.weights.layer(0)
        return convolutions(kernels, self.options, start=1) if self.options.offset else self.cnn

    def recurrent(self, **options: int) -> Program:
        """Everything behind them."""
        w = self.weights
        gates = [[w.w_f.tolist(), w.u_f.tolist()], [w.w_o.tolist(), w.u_o.tolist()]]
        params = {
            "gates": gates,
            "unit": self.options.gate_unit,
            "map_level": self.map_level,
            "sum_level": self.sum_level,
            "offset": self.options.offset,
            **options,
        }
        return assemble(SOURCE, params=params)

    def programs(self, **options: int) -> tuple[Program, ...]:
        """What a frame runs: the front end if there is one, the convolutions, the recurrent part."""
        cnn = self._starting if options.get("start") else self.cnn
        shown = behind_front_end(cnn, self.options) if self.front_end else (cnn,)
        return (*shown, self.recurrent(**options))

    def _frame(self, **options: int) -> Sequence[Step]:
        return [s for p in self.programs(**options) for s in cut(p, STEPS)]

    def picture(self, frame: npt.NDArray[Any]) -> npt.NDArray[Any]:
        grey = frame.astype(np.uint8) * np.uint8(255) if frame.dtype == np.bool_ else frame
        return layout.Macropixel().fill(grey) if self.front_end else tile(grey)

    def look(self, machine: Machine) -> tuple[Bits, Bits, Bits]:
        b, f, h = (machine.read(register) for register in ("R5", "R6", "R7"))
        return b[::4, ::4], f[1::4, 1::4], h[::4, ::4]

    def compared(self, kernel: str, machine: Machine) -> npt.NDArray[np.float32]:
        """What the comparator of a kernel saw, LSB, read after its launch.

        kernel: "pool", the largest of sixteen sums less its level, (256, 256); or "update", the sum of the forget gate
        less its level, (64, 64).
        """
        if kernel == "pool":
            return np.asarray(machine.read("C") + machine.read("IN"), np.float32)
        if kernel != "update":
            raise KeyError(kernel)
        return np.asarray(machine.read("NEWS") + machine.read("E") + machine.read("IN"), np.float32)[1::4, 1::4]

    def output(self, results: Mapping[str, Any]) -> Floats:
        # column after column from the top right; the converter gives 128 - o unit / 2
        samples = results["o"].reshape(SIDE, SIDE).T[:, ::-1]
        o = np.asarray((128 - samples.astype(np.float32)) / (self.options.gate_unit / 2), np.float32)
        return o if self.calibration is None else self.calibration.corrected(o)


def convolutions(kernels: npt.NDArray[Any], options: Settled, start: int = 0) -> Program:
    """Sixteen convolutions with these kernels, from PIX to C; h stays in F.

    start: there is no h yet. Where an offset is made up for, F then takes the top lines that otherwise stand beside h.
    """
    return load(
        "depthwise16",
        weights=kernels.tolist(),
        level=pix_level(options.level),
        amplitude=options.unit,
        offset=options.offset,
        trim=options.trim,
        keep=int(not (start and options.offset)),
        read=0,
    )


def behind_front_end(cnn: Program, options: Settled) -> tuple[Program, Program]:
    """The front end, and the convolutions without a capture of their own."""
    return layout.behind_front_end(cnn, pix_level(options.level), options.unit, options.offset)


def map_level(theta1: float, unit: int) -> int:
    """LSB between pooled maps above theta1 and the rest, free of noise."""
    return int(unit * pooled_halves(theta1) / 2)


def sum_level(theta_r: float, unit: int) -> int:
    """LSB between sums of the forget gate above theta_r and the rest, free of noise."""
    return unit * halves(theta_r, 2) // 2


def check_constant(name: str, theta: float, constant: int, unit: int, offset: int) -> None:
    """Raises ProgramError if the converter has no such constant to compare with."""
    low, high = CONSTANTS
    if not low <= constant <= high:
        given = f"a unit of {unit}" + (f" and an offset of {offset}" if offset else "")
        raise ProgramError(
            f"{name} is {theta:g}: with {given} the constant to compare with is {constant} LSB, and the converter "
            f"gives {low}..{high}; take a smaller unit"
        )


def chip_units(weights: Kernels, offset: int) -> tuple[int, int]:
    """(unit, gate_unit) for a chip with errors: CHIP_UNIT and CHIP_GATE_UNIT, or the largest below them whose constants
    the converter has for these thresholds."""
    low, high = CONSTANTS

    def fits(constants: Iterable[int]) -> bool:
        return all(low <= c <= high for c in constants)

    thetas = [weights.layer(n)[1] for n in range(weights.layers)]
    units = (u for u in range(CHIP_UNIT, 0, -1) if fits(-map_level(theta, u) for theta in thetas))
    gate_units = (u for u in range(CHIP_GATE_UNIT, 0, -1) if fits([-sum_level(weights.theta_r, u) - 2 * offset]))
    return next(units, 1), next(gate_units, 1)


def grey_compared(captured: npt.NDArray[Any], machine: Machine) -> npt.NDArray[np.float32]:
    """What the comparator of the kernel "binarise" saw, LSB, after its launch: grey, the constant and a third term.

    captured: register A after the kernel "capture". The third term is the offset of the transfer that an empty sum is;
    it is made again in C by a transfer of nothing.
    """
    compared = captured + machine.read("E")
    machine.run(_transfer_of_nothing(), registers=False)
    return np.asarray(compared + machine.read("C"), np.float32)


@cache
def _transfer_of_nothing() -> Program:
    return assemble("bus(C);")


def launches(programs: Iterable[Program]) -> list[tuple[str, Program]]:
    """Every launch of some programs with the name of its kernel."""
    return [(s.title, s.program) for p in programs for s in cut(p, {name: name for name in p.kernels})]


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
