"""The macropixel mapping: the CNN in 64x64 blocks, the recurrent part with 4x4 PEs for each pixel.

The sixteen pooled maps, a value every 4 PEs, already are the 64x64 picture that the recurrent part takes, a pixel
every 4 PEs. So nothing is shrunk and nothing is moved together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import integer
from scamp_sim.chip.program import HostCall, Launch, Program
from scamp_sim.compiler import assemble
from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels import load
from scamp_sim.kernels.depthwise import tile
from scamp_sim.kernels.pixelrnn import layout
from scamp_sim.machine.machine import Machine
from scamp_sim.systems.pixelrnn.encoder import Step, ThreeKinds
from scamp_sim.systems.pixelrnn.golden import SIDE, Bits, Floats
from scamp_sim.systems.pixelrnn.params import Weights

if TYPE_CHECKING:
    from scamp_sim.systems.pixelrnn.calibrate import Calibration

SOURCE = Path(__file__).with_name("macropixel.scamp")

UNIT, LARGEST_UNIT = 5, 20
"""LSB for a tap product. With 5, 25 of them stay within the converter's range, and sums of 50 in halves. With 10 noise
counts half as much; registers compress sums beyond 15, and o is cut off at -25.4 and 25.6."""

CHIP_UNIT, CHIP_GATE_UNIT = 17, 18
"""The same for a chip with errors, in the CNN and in the gates: what a constant, an offset or noise is wrong by then
counts a third or a quarter. Both thresholds lie near 0, where registers do not compress yet; beyond these values what
the compression costs, and the ends of o at -14 and 14, outweigh what is won."""

LARGEST_OFFSET = 40
"""LSB that an analog transfer adds; of the chip it is known to be about 20."""

LARGEST_TRIM = 40
"""LSB that the constant of the grey threshold can be off on purpose; a LSB of grey is eight of them at best."""

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
    """Programs of the macropixel mapping for one set of weights; see `scamp_sim.systems.pixelrnn.encoder.Mapping`.

    front_end: the array scales the picture down and copies it; else PIX sees it sixteen times, small. offset: LSB that
    the chip adds at every analog transfer, 0..40, which the programs then make up for. unit, gate_unit: LSB for a tap
    product in the CNN and in the gates, 1..20, the same in both unless said. trim: with an offset, LSB that the
    constant of the grey threshold is loaded with too many, -40..40. calibration: levels to compare with, and what o is
    put right by, as measured at this offset, these units and this trim; without it what holds free of noise.
    map_level, sum_level: LSB that pooled maps and sums of the forget gate must be above. Raises ProgramError, also for
    thresholds that the converter has no constant for.
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
        calibration: Calibration | None = None,
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
        self.offset, self.unit, self.gate_unit = checked_levels(offset, unit, gate_unit)
        self.trim = checked_trim(trim)
        self.calibration = calibration
        _, theta1 = weights.layer(0)
        self.map_level, self.sum_level = map_level(theta1, self.unit), sum_level(weights.theta_r, self.gate_unit)
        if calibration is not None and not hasattr(calibration, "corrected"):
            raise ProgramError(
                f"calibration is {calibration!r:.40}; calibrate() of scamp_sim.systems.pixelrnn.calibrate gives one"
            )
        if calibration is None:
            check_constant("theta1", theta1, -self.map_level, self.unit, self.offset)
            check_constant(
                "theta_r", weights.theta_r, -self.sum_level - 2 * self.offset, self.gate_unit, self.offset
            )  # fmt: skip
        else:
            calibration.check(
                weights, offset=self.offset, unit=self.unit, gate_unit=self.gate_unit, trim=self.trim,
                front_end=front_end, level=level,
            )  # fmt: skip
            self.map_level, self.sum_level = calibration.map_level, calibration.sum_level

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
            "gates": gates, "unit": self.gate_unit, "map_level": self.map_level, "sum_level": self.sum_level,
            "offset": self.offset, **options,
        }  # fmt: skip
        return assemble(SOURCE, params=params)

    def programs(self, **options: int) -> tuple[Program, ...]:
        """What a frame runs: the front end if there is one, the convolutions, the recurrent part."""
        cnn = self._starting if options.get("start") else self.cnn
        shown = behind_front_end(cnn, self) if self.front_end else (cnn,)
        return (*shown, self.recurrent(**options))

    def _frame(self, **options: int) -> Sequence[Step]:
        return [s for p in self.programs(**options) for s in cut(p, STEPS)]

    def picture(self, frame: npt.NDArray[Any]) -> npt.NDArray[Any]:
        grey = frame.astype(np.uint8) * np.uint8(255) if frame.dtype == np.bool_ else frame
        return layout.Macropixel().fill(grey) if self.front_end else tile(grey)

    def look(self, machine: Machine) -> tuple[Bits, Bits, Bits]:
        b, f, h = (machine.read(register) for register in ("R5", "R6", "R7"))
        return b[::4, ::4], f[1::4, 1::4], h[::4, ::4]

    def output(self, results: Mapping[str, Any]) -> Floats:
        # column after column from the top right; the converter gives 128 - o unit / 2
        samples = results["o"].reshape(SIDE, SIDE).T[:, ::-1]
        o = np.asarray((128 - samples.astype(np.float32)) / (self.gate_unit / 2), np.float32)
        return o if self.calibration is None else self.calibration.corrected(o)


class Levels(Protocol):
    """What the programs of a mapping take from it: grey level, LSB of a tap product, LSB of a transfer, LSB by which
    the constant of the grey level is off on purpose."""

    level: int
    unit: int
    offset: int
    trim: int


def convolutions(kernels: npt.NDArray[Any], levels: Levels, start: int = 0) -> Program:
    """Sixteen convolutions with these kernels, from PIX to C; h stays in F.

    start: there is no h yet. Where an offset is made up for, F then takes the top lines that otherwise stand beside h.
    """
    return load(
        "depthwise16", weights=kernels.tolist(), level=pix_level(levels.level), amplitude=levels.unit,
        offset=levels.offset, trim=levels.trim, keep=int(not (start and levels.offset)), read=0,
    )  # fmt: skip


def behind_front_end(cnn: Program, levels: Levels) -> tuple[Program, Program]:
    """The front end, and the convolutions without a capture of their own."""
    return layout.behind_front_end(cnn, pix_level(levels.level), levels.unit, levels.offset)


def checked_levels(offset: Any, unit: Any, gate_unit: Any = None) -> tuple[int, int, int]:
    """All as integers; gate_unit is unit if it is None. Raises ProgramError that says what there is."""
    gate_unit = unit if gate_unit is None else gate_unit
    ranges = (
        ("offset", offset, 0, LARGEST_OFFSET), ("unit", unit, 1, LARGEST_UNIT),
        ("gate_unit", gate_unit, 1, LARGEST_UNIT),
    )  # fmt: skip
    for name, value, low, high in ranges:
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not (whole and low <= value <= high):
            raise ProgramError(f"{name} is {value!r}; it is a whole number of LSB, {low}..{high}")
    return int(offset), int(unit), int(gate_unit)


def checked_trim(trim: Any) -> int:
    """Raises ProgramError that says what there is."""
    whole = isinstance(trim, (int, np.integer)) and not isinstance(trim, bool)
    if not (whole and -LARGEST_TRIM <= trim <= LARGEST_TRIM):
        raise ProgramError(f"trim is {trim!r}; it is a whole number of LSB, -{LARGEST_TRIM}..{LARGEST_TRIM}")
    return int(trim)


def map_level(theta1: float, unit: int) -> int:
    """LSB between pooled maps above theta1 and the rest, free of noise."""
    return int(unit * pooled_halves(theta1) / 2)


def sum_level(theta_r: float, unit: int) -> int:
    """LSB between sums of the forget gate above theta_r and the rest, free of noise."""
    return unit * halves(theta_r, 2) // 2


def check_constant(name: str, theta: float, constant: int, unit: int, offset: int) -> None:
    """Raises ProgramError if the converter has no such constant to compare with."""
    low, high = DAC
    if not low <= constant <= high:
        given = f"a unit of {unit}" + (f" and an offset of {offset}" if offset else "")
        raise ProgramError(
            f"{name} is {theta:g}: with {given} the constant to compare with is {constant} LSB, and the converter "
            f"gives {low}..{high}; take a smaller unit"
        )


def chip_units(weights: Weights, offset: int) -> tuple[int, int]:
    """(unit, gate_unit) for a chip with errors: CHIP_UNIT and CHIP_GATE_UNIT, or the largest below them whose constants
    the converter has for these thresholds."""
    low, high = DAC

    def fits(constants: Iterable[int]) -> bool:
        return all(low <= c <= high for c in constants)

    thetas = [weights.layer(n)[1] for n in range(weights.layers)]
    units = (u for u in range(CHIP_UNIT, 0, -1) if fits(-map_level(theta, u) for theta in thetas))
    gate_units = (
        u for u in range(CHIP_GATE_UNIT, 0, -1) if fits([-sum_level(weights.theta_r, u) - 2 * offset])
    )  # fmt: skip
    return next(units, 1), next(gate_units, 1)


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
