"""The halve-copy-add table: what a profile predicts for it, by repeating the experiment as it was made.

For every value, every number of passes and every repetition the value is loaded, read out, put through the passes,
and read out again; both readouts go through pattern, noise and converter, and differences are signed (C, the published
program). mean: of input less output. std: spread over the array of one output picture, nothing subtracted. rms: spread
of input less output, from the table's PSNR.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scamp_sim.silicon.profiles import ChipProfile
from scamp_sim.study.fit.measurements import Cell, psnr_of
from scamp_sim.study.fit.parameters import Row
from scamp_sim.study.kit.plan import SERIES, Shot
from scamp_sim.study.kit.simulate import Bench

MEAN_TOLERANCE = 3.0
"""LSB."""
STD_TOLERANCE, STD_SHARE = 1.0, 0.15
"""LSB, or a share of the measured one, whichever is more."""

SHAPE = (64, 64)
"""Of the simulated chips that a fit predicts with."""

MEASURED_SHAPE = (256, 256)
"""The array of the table, whose readouts take their time."""

TRUST = 0.33
"""Share of the tolerances that counts as the error of a row in the fit."""


@dataclass(frozen=True)
class Predicted:
    """A cell of the table with what a profile gives for it, in LSB."""

    cell: Cell
    mean: float
    std: float
    rms: float

    @property
    def mean_off(self) -> float:
        """Deviation of the mean, in tolerances."""
        return 0.0 if self.cell.mean is None else (self.mean - self.cell.mean) / MEAN_TOLERANCE

    @property
    def std_off(self) -> float:
        """Deviation of the spread, in tolerances."""
        return (self.std - self.cell.std) / max(STD_TOLERANCE, STD_SHARE * self.cell.std)

    @property
    def psnr_off(self) -> float | None:
        """Deviation of the PSNR in dB, None if the table has none."""
        return None if self.cell.rms is None or not self.rms else psnr_of(self.rms) - psnr_of(self.cell.rms)

    @property
    def holds(self) -> bool:
        return abs(self.mean_off) <= 1 and abs(self.std_off) <= 1


def predict(
    profile: ChipProfile,
    cells: Sequence[Cell],
    chips: Iterable[int] = (1,),
    shape: tuple[int, int] = SHAPE,
    repeats: int = 1,
) -> list[Predicted]:
    """What a profile gives for each cell, mean over chips and repetitions.

    shape: of the simulated array.
    """
    halve = SERIES["halve"]
    found = np.zeros((len(cells), 3))
    serials = tuple(chips)
    for chip in serials:
        bench = Bench(profile, chip, chip, shape, MEASURED_SHAPE)
        for n, cell in enumerate(cells):
            for _ in range(repeats):
                before, after = bench.shot(halve, Shot(int(cell.value), cell.passes, 0))
                assert before is not None
                lost = before - after
                picture = before if cell.passes == 0 else after  # a row of 0 passes is that of the input picture
                found[n] += lost.mean(), picture.std(), lost.std()
    found /= len(serials) * repeats
    return [Predicted(c, *row) for c, row in zip(cells, found.tolist(), strict=True)]


class TableSource:
    """A table, as a fit compares it."""

    names = ("table",)

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = tuple(cells)

    @cached_property
    def measured(self) -> Row:
        return np.array([n for c in self.cells for n in _numbers(c, c.mean, c.std, c.rms)])

    @cached_property
    def errors(self) -> Row:
        std = [max(STD_TOLERANCE, STD_SHARE * c.std) * TRUST for c in self.cells]
        rms = [max(STD_TOLERANCE, STD_SHARE * (c.rms or 0)) * TRUST for c in self.cells]
        rows = zip(self.cells, std, rms, strict=True)
        return np.array([n for c, s, r in rows for n in _numbers(c, MEAN_TOLERANCE * TRUST, s, r)])

    def predict(self, profile: ChipProfile, serial: int) -> Row:
        return np.array(
            [n for p in predict(profile, self.cells, (serial,)) for n in _numbers(p.cell, p.mean, p.std, p.rms)]
        )


def _numbers(cell: Cell, mean: float | None, std: float, rms: float | None) -> list[float]:
    """What of a cell counts: the mean and the spread of the difference where it has passes and the table has them."""
    found = [std]
    if cell.passes and mean is not None:
        found.append(mean)
    if cell.passes and cell.rms is not None and rms is not None:
        found.append(rms)
    return found


__all__ = ["MEAN_TOLERANCE", "STD_SHARE", "STD_TOLERANCE", "Predicted", "TableSource", "predict"]
