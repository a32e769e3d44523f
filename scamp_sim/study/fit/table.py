"""The halve-copy-add table: what a profile predicts for it, by running the passes, and the profile that fits it
best."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.program import Program
from scamp_sim.costs.timing import load_timing, profile
from scamp_sim.exceptions import ProgramError
from scamp_sim.installation import install_hint
from scamp_sim.machine.machine import Machine
from scamp_sim.ranges.limits import MOST_DRIFT
from scamp_sim.silicon.knobs import KNOBS
from scamp_sim.silicon.profiles import ChipProfile
from scamp_sim.study.fit.measurements import Cell, rounded

MEAN_TOLERANCE = 3.0
"""LSB."""
STD_TOLERANCE, STD_SHARE = 1.0, 0.15
"""LSB, or a share of the measured one, whichever is more."""

STEPS = {
    "gain_loss": 0.005, "register_offset": 0.5, "gain_spread": 0.002, "gain_pivot": 30.0, "offset_spread": 0.1,
    "write_noise": 0.2, "load_spread": 1.0, "load_spread_relative": 0.02, "analog_drift": 60.0,
    "analog_drift_spread": 60.0,
}  # fmt: skip
"""Knob that the table determines -> a typical size, by which it is scaled. Split mismatch is not among them: `diva`
cancels it to first order."""

POWERS = (1, 2, 4, 8, 16)
"""Deviations count by the square of this power, round after round, so that in the end the worst cells decide."""

SHAPE = (128, 128)

Row = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Predicted:
    """A cell of the table with what a profile gives for it, in LSB."""

    cell: Cell
    mean: float
    std: float

    @property
    def mean_off(self) -> float:
        """Deviation of the mean, in tolerances."""
        return 0.0 if self.cell.mean is None else (self.mean - self.cell.mean) / MEAN_TOLERANCE

    @property
    def std_off(self) -> float:
        return (self.std - self.cell.std) / max(STD_TOLERANCE, STD_SHARE * self.cell.std)

    @property
    def holds(self) -> bool:
        return abs(self.mean_off) <= 1 and abs(self.std_off) <= 1


@lru_cache(256)
def _assembled(text: str) -> Program:
    from scamp_sim.compiler import assemble

    return assemble(text)


PASS = "kernel halve_copy_add { diva(A, E, F); mov(F, A); add(A, A, F); } program { halve_copy_add(); }"


@lru_cache(1)
def _readout_seconds() -> float:
    """Modelled time of the readout of a whole chip, during which the value waits."""
    program = _assembled("program { output before = A; }")
    return profile(program, load_timing()).time_us * 1e-6


def predict(
    chip_profile: ChipProfile, cells: Sequence[Cell], chips: Iterable[int] = (1,), shape: tuple[int, int] = SHAPE
) -> list[Predicted]:
    """What a profile gives for each cell, mean over chips. The plane is looked at behind the readout, whose pattern a
    measurement removes. shape: of the simulated array, whatever array the profile is for."""
    chip_profile = replace(chip_profile, shape=None)
    found: dict[tuple[float, int], list[tuple[float, float]]] = {}
    wanted: dict[float, list[int]] = {}
    for c in cells:
        wanted.setdefault(c.value, []).append(c.passes)
    for chip in chips:
        machine = Machine(shape, errors=chip_profile, chip=chip, seed=chip)
        for value, passes in wanted.items():
            machine.run(_assembled(f"program {{ scamp5_in(A, {int(value)}); }}"), registers=False)
            plane = machine.read("A")
            start, done = float(plane.mean()), 0
            machine.wait(_readout_seconds())
            for count in sorted({*passes}):
                for _ in range(count - done):
                    machine.run(_assembled(PASS), registers=False)
                done = count
                if count:
                    plane = np.clip(machine.read("A"), -128, 127)
                found.setdefault((value, count), []).append((start - float(plane.mean()), float(plane.std())))
    mean = {key: np.mean(pairs, axis=0) for key, pairs in found.items()}
    return [Predicted(c, float(mean[c.value, c.passes][0]), float(mean[c.value, c.passes][1])) for c in cells]


def free(fixed: Collection[str]) -> tuple[str, ...]:
    """The knobs that are fitted when some are kept. Raises ProgramError if there are none."""
    unknown = [n for n in fixed if n not in STEPS]
    if unknown:
        raise ProgramError(f"--fixed {unknown[0]}: the table determines {', '.join(STEPS)}")
    names = tuple(n for n in STEPS if n not in fixed)
    if not names:
        raise ProgramError("--fixed covers every knob that the table determines; leave at least one to fit")
    return names


def scaled(names: Sequence[str]) -> tuple[Row, Row, Row]:
    """(typical size, lowest, highest) of knobs; the limits in typical sizes."""
    scale = np.array([STEPS[n] for n in names])
    limits = [(-MOST_DRIFT, MOST_DRIFT) if n == "analog_drift" else (KNOBS[n].low, KNOBS[n].high) for n in names]
    return scale, *(np.array(limits).T / scale)


def fit(
    start: ChipProfile, cells: Sequence[Cell], chips: Sequence[int] = (1, 2), fixed: Collection[str] = (),
    advance: Callable[[float], None] = lambda cost: None,
) -> ChipProfile:  # fmt: skip
    """The profile whose predictions deviate least, in tolerances, worst cells counting most.

    advance: called with the cost of every trial. Needs SciPy. Raises ProgramError if it is missing, or if nothing is
    left to fit.
    """
    try:
        from scipy.optimize import least_squares
    except ImportError as e:
        raise ProgramError(f"fitting needs SciPy; install it with: {install_hint('fit')}") from e
    names = free(fixed)
    scale, low, high = scaled(names)

    def residuals(x: npt.NDArray[np.float64], power: int) -> npt.NDArray[np.float64]:
        tried = start.changed(**dict(zip(names, (x * scale).tolist(), strict=True)))
        off = np.array([d for p in predict(tried, cells, chips) for d in (p.mean_off, p.std_off)])
        advance(float(np.abs(off).max()))
        return np.asarray(off * np.abs(off) ** (power - 1))

    x = np.clip(np.array([start[n] for n in names]) / scale, low + 1e-6, high - 1e-6)
    for power in POWERS:
        x = least_squares(
            residuals, x, bounds=(low, high), diff_step=0.02, x_scale=0.3, max_nfev=20, kwargs={"power": power}
        ).x
    return start.changed(**{n: rounded(v) for n, v in zip(names, (x * scale).tolist(), strict=True)})
