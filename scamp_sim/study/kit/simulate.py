"""The shots of the kit on simulated chips, and what is taken from planes, simulated or measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.program import Program
from scamp_sim.compiler import assemble
from scamp_sim.costs.timing import load_timing, profile
from scamp_sim.machine.machine import Machine
from scamp_sim.silicon.profiles import ChipProfile
from scamp_sim.study.kit.plan import Series, Shot
from scamp_sim.study.kit.sources import setup_lines

Planes = npt.NDArray[np.float64]

GREY = 128
"""What an evenly lit scene shows."""

RIM = 2
"""PEs at each edge that do not count: what is moved out of the array does not come back."""


@dataclass(frozen=True)
class Quantity:
    """A number that the planes of one shot give.

    error: its standard error, from so many PEs and repetitions.
    """

    series: str
    value: int
    passes: int
    wait: int
    statistic: str
    measured: float
    error: float

    @property
    def key(self) -> tuple[str, int, int, int, str]:
        return self.series, self.value, self.passes, self.wait, self.statistic

    @property
    def text(self) -> str:
        """What it is, for a message."""
        wait = f" after {self.wait} ms" if self.wait else ""
        times = f", {self.passes} passes" if self.passes > 1 else ""
        return f"{self.series} {self.value}{times}{wait}: {self.statistic}"


def quantities(series: Series, shot: Shot, before: Planes | None, after: Planes) -> list[Quantity]:
    """What the planes (repetitions, rows, columns) of one shot give, in LSB or LSB squared.

    mean: over PEs and repetitions, after less before. fixed: variance over PEs of what repeats, without the share of
    noise that averaging leaves. temporal: variance of one PE from repetition to repetition, without what all PEs share.
    ones: share of PEs that are 1. shadow: after less before where a row is weak beside a strong half, less the same of
    rows without a strong half. Signed numbers throughout.
    """
    side = RIM + series.travel
    before = None if before is None else before[:, RIM:-RIM, side:-side]
    after = after[:, RIM:-RIM, side:-side]
    repeats, rows, columns = after.shape
    pes = rows * columns
    found: dict[str, tuple[float, float]] = {}
    if series.statistics == ("ones",):
        share = after.mean(axis=(1, 2))
        found["ones"] = float(share.mean()), float(np.hypot(share.std(ddof=1) / repeats**0.5, 0.5 / pes**0.5))
    else:
        d = after if before is None else after - before
        each = d.mean(axis=(1, 2))
        mean = d.mean(axis=0)
        temporal = float((d - each[:, None, None]).var(axis=0, ddof=1).mean())
        fixed = float(mean.var()) - temporal / repeats
        found["mean"] = (
            float(each.mean()),
            float(np.sqrt(max(fixed, 0) / pes + temporal / (pes * repeats) + each.var(ddof=1) / repeats)),
        )
        found["fixed"] = fixed, (max(fixed, 0.0) + temporal / repeats) * (2 / pes) ** 0.5 + 1e-3
        found["temporal"] = temporal, temporal * (2 / (pes * (repeats - 1))) ** 0.5 + 1e-3
        weak, strong = d[:, rows // 2 :, : columns // 2], d[:, : rows // 2, : columns // 2]
        shadow = weak.mean(axis=(1, 2)) - strong.mean(axis=(1, 2))
        found["shadow"] = float(shadow.mean()), float(shadow.std(ddof=1) / repeats**0.5) + 0.01
    at = (series.name, shot.value, shot.passes, shot.wait)
    return [Quantity(*at, name, *found[name]) for name in series.statistics]


@lru_cache(512)
def _assembled(text: str) -> Program:
    return assemble(text)


@lru_cache(64)
def readout_seconds(rows: int, columns: int) -> float:
    """Modelled time of the readout of a whole plane, during which values wait."""
    program = _assembled("program { output o = scamp5_output_image(A); }")
    return profile(program, load_timing(), (rows, columns)).time_us * 1e-6


class Bench:
    """A simulated chip that takes the shots of the kit.

    shape: of the simulated array.
    of: of the array that was measured, whose readouts take their time.
    """

    def __init__(
        self, chip: ChipProfile, serial: int, seed: int, shape: tuple[int, int], of: tuple[int, int] = (256, 256)
    ) -> None:
        self.machine = Machine(shape, errors=replace(chip, shape=None), chip=serial, seed=seed)
        self.shape = shape
        self.longer = readout_seconds(*of) - readout_seconds(*shape)

    def picture(self, register: str) -> Planes:
        """A plane as it leaves the chip: LSB, or 0 and 1."""
        result = self.machine.run(_assembled(f"program {{ output o = scamp5_output_image({register}); }}")).outputs["o"]
        if self.longer > 0:
            self.machine.wait(self.longer)
        plane = np.asarray(result, np.float64)
        return plane if np.asarray(result).dtype == np.bool_ else plane - 128

    def run(self, text: str) -> None:
        self.machine.run(_assembled(text), registers=False)

    def load(self, register: str, value: int) -> None:
        self.run(f"program {{ scamp5_in({register}, {value}); }}")

    def shot(self, series: Series, shot: Shot) -> tuple[Planes | None, Planes]:
        """One repetition of one shot: (before, after), LSB."""
        before = None
        if series.before == "mirror":
            self.load("A", -shot.value)
            self._act(series, shot)
            before = self.picture(series.register)
        if series.lit:
            self.machine.expose(np.full(self.shape, GREY, np.uint8))
        if series.loads:
            self.load("A", shot.value)
        if series.before == "load":
            before = self.picture("A")
        self._act(series, shot)
        if series.reload:
            self.load(series.reload, shot.value)
        return before, self.picture(series.register)

    def _act(self, series: Series, shot: Shot) -> None:
        if shot.wait:
            self.machine.wait(shot.wait * 1e-3)
        if series.kernel and shot.passes:
            self.run(f"kernel pass {{ {series.kernel} }} program {{ for n in 0..{shot.passes} {{ pass(); }} }}")

    def take(self, series: Series, repeats: int) -> Iterator[tuple[Shot, Planes | None, Planes]]:
        """All planes of a series, shot by shot, in the order in which a chip takes them."""
        for line in setup_lines(series, self.shape):
            self.run(f"program {{ {line} }}" if line.startswith("scamp5_") else line)
        shots = [*series.shots()]
        taken: list[list[Any]] = [[] for _ in shots]
        for _ in range(repeats):
            for n, shot in enumerate(shots):
                taken[n].append(self.shot(series, shot))
        for shot, pairs in zip(shots, taken, strict=True):
            before = None if pairs[0][0] is None else np.stack([b for b, _ in pairs])
            yield shot, before, np.stack([a for _, a in pairs])


def simulated(
    chip: ChipProfile,
    series: Sequence[Series],
    repeats: int,
    serial: int,
    seed: int = 0,
    shape: tuple[int, int] = (256, 256),
    of: tuple[int, int] | None = None,
) -> list[Quantity]:
    """What a chip of a profile gives for some series.

    shape: of the simulated array; wider where a series moves planes by more.
    of: the array whose readout times count, by default `shape`.
    """
    found = []
    for s in series:
        bench = Bench(chip, serial, seed, (shape[0], max(shape[1], s.columns)), of or shape)
        for shot, before, after in bench.take(s, repeats):
            found += quantities(s, shot, before, after)
    return found
