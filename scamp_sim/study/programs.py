"""One program on many chips: the mean, the noise and the pattern of each output, and how far they are from ideal.

Planes of each unit are kept in a folder, a file a unit, so that a study resumes where it stopped. A unit is a machine
as a new one, that is given all frames, one after another.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.program import Launch, Program
from scamp_sim.exceptions import ProgramError
from scamp_sim.files import write_arrays
from scamp_sim.machine.machine import Machine
from scamp_sim.reading import read_archive, reason
from scamp_sim.show import results, session
from scamp_sim.show.render import READOUT
from scamp_sim.silicon import ChipProfile
from scamp_sim.silicon.setup import Errors
from scamp_sim.study import chips
from scamp_sim.study.execute import carry_out
from scamp_sim.study.grid import Grid, Unit
from scamp_sim.study.results_store import describe, digest
from scamp_sim.study.statistics import Distribution, distribution, tidy
from scamp_sim.study.version import results_identity

Floats = npt.NDArray[np.float64]
Planes = dict[str, npt.NDArray[Any]]
"""Key of an output, as `key` makes it, -> its plane or other value."""


def key(frame: int, name: str) -> str:
    """The name of an output of one frame, as files have it."""
    return f"{frame + 1:03}-{name}"


@dataclass(frozen=True, eq=False)
class ProgramWork:
    """The work of a study: a program on its images, on chips of one error profile. The fields are those of
    `session.Request`; payloads are (bound inputs, images)."""

    program: Program
    shape: tuple[int, int]
    errors: chips.Kind
    timing: Any
    engine: str

    def bench(self, chip: int) -> Callable[[int, int, Any], Planes]:
        """What measures this chip: one machine, on which patterns are drawn and words prepared once, and which is
        renewed for each seed."""
        machine = self._machine(self.errors, chip)

        def measure(seed: int, item: int, bound: session.Bound) -> Planes:
            machine.renew(seed)
            return self.frames(machine, bound)

        return measure

    @property
    def converts(self) -> bool:
        """Whether analog results have gone through a converter, which ends at its rails."""
        return isinstance(self.errors, ChipProfile) and self.errors["adc_step"] > 0

    def _machine(self, errors: Errors, chip: int = 0) -> Machine:
        return Machine(self.shape, errors, self.timing, self.engine, chip=chip)

    def frames(self, machine: Machine, bound: session.Bound) -> Planes:
        """Every output of every frame."""
        found: Planes = {}
        images: list[Any] = [*bound.images]
        for number, image in enumerate(images if images else [None]):
            given, _ = session.feed(machine, self.program, bound, image)
            run = machine.run(self.program, inputs=given)
            found |= {key(number, name): np.asarray(value) for name, value in run.outputs.items()}
        return found

    def ideal(self, bound: session.Bound) -> Planes:
        """What the program gives without errors."""
        return self.frames(self._machine("ideal"), bound)


# --- the planes of the units --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Folder:
    """Files of planes, one a unit, each written whole or not at all."""

    path: Path

    def file(self, unit: Unit) -> Path:
        """Where the planes of a unit are."""
        return self.path / f"chip-{unit.chip}-seed-{unit.seed}.npz"

    def has(self, unit: Unit) -> bool:
        """Whether the unit is done."""
        return self.file(unit).exists()

    def keep(self, unit: Unit, planes: Planes) -> None:
        """Write the planes of a unit. Raises ProgramError."""
        keep_arrays(self.file(unit), planes)

    def plane(self, unit: Unit, name: str) -> npt.NDArray[Any]:
        """One plane of a unit that is done. Raises ProgramError for a file that is damaged."""
        try:
            return read_archive(self.file(unit), "unit", ProgramError)[name]
        except (KeyError, ProgramError) as e:
            raise ProgramError(f"{self.file(unit)} is damaged ({e}); remove it to run its unit again") from e


def keep_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> Path:
    """Write arrays as .npz, in a folder that is made if need be: all of them, or nothing. Raises ScampError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise ProgramError(f"cannot make the folder {path.parent}: {reason(e)}; choose another folder") from e
    return write_arrays(path, arrays, "results")


def fill(
    work: ProgramWork,
    grid: Grid,
    bound: session.Bound,
    folder: Folder,
    jobs: int | None = None,
    cluster: Any = None,
    advance: Callable[[], None] = lambda: None,
    begin: Callable[[], None] = lambda: None,
) -> int:
    """Carry out the units that the folder lacks; how many these were.

    begin: called before the first file is written.

    Raises ProgramError.
    """
    missing = [unit for unit in grid if not folder.has(unit)]
    for _ in range(len(grid) - len(missing)):
        advance()
    if missing:
        with closing(carry_out(work, missing, lambda item: bound, jobs=jobs, cluster=cluster)) as found:  # type: ignore[type-var]
            for number, (unit, planes) in enumerate(found):
                if not number:
                    begin()
                folder.keep(unit, planes)
                advance()
    return len(missing)


def digests(work: ProgramWork, bound: session.Bound) -> dict[str, str]:
    """What the planes depend on, chips and seeds apart, each as a digest; engine and versions by name."""
    program = work.program
    # storage fixes what launches take, and with it what decays
    kernels = {name: [k.storage, *map(str, k.words)] for name, k in program.kernels.items()}
    steps = [
        ["launch", s.kernel] if isinstance(s, Launch) else [str(getattr(s, part, "")) for part in _STEP]
        for s in program.steps
    ]
    inputs = [[i.name, i.register] for i in program.inputs]
    named = [text for name, plane in bound.extra.items() for text in (name, plane)]
    return {
        "program": digest([json.dumps([kernels, steps, inputs])]),
        "images": digest([str(bound.target), *bound.images, *named]),
        "options": digest([json.dumps([work.shape, describe(work.timing)])]),
        "errors": digest([json.dumps(chips.key(work.errors))]),
        "engine": work.engine,
        **results_identity(),
    }


_STEP = ("name", "register", "args", "result")


# --- what they say ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class PlaneStudy:
    """One output over chips and seeds. Planes are float64, upright; of bits, shares of ones.

    mean: over all.
    temporal_sd: of a PE over seeds, its mean square over chips; None for one seed.
    chip_sd: of a PE over chips, what the noise of the seeds leaves in their means taken off; None for one chip.
        Distributions are over chips: offset, the mean of the difference from the ideal run; rms; worst, the largest
        difference of a PE, over all seeds. Of bits only `differing`, the share that is not as in the ideal run.

    What the chip's converter gives is compared with what an ideal one would: `ideal` ends at the same rails.

    railed: share of readings at the rails, over chips.
    railed_ideal: the same of the ideal run; None where nothing was converted. There, errors cannot show.
    """

    name: str
    ideal: npt.NDArray[Any]
    mean: Floats
    temporal_sd: Floats | None
    chip_sd: Floats | None
    deviations: Mapping[str, Distribution]
    railed: Distribution | None = None
    railed_ideal: float | None = None

    @property
    def bits(self) -> bool:
        """Whether the output is one of bits."""
        return bool(self.ideal.dtype == np.bool_)

    @property
    def deviation(self) -> Floats:
        """The mean, less what the ideal run gives."""
        found: Floats = self.mean - self.ideal
        return found

    def planes(self) -> dict[str, npt.NDArray[Any]]:
        """All its planes, by name."""
        named = {"ideal": self.ideal, "mean": self.mean, "deviation": self.deviation}
        if self.temporal_sd is not None:
            named["temporal_sd"] = self.temporal_sd
        if self.chip_sd is not None:
            named["chip_sd"] = self.chip_sd
        return named

    def as_dict(self) -> dict[str, Any]:
        """Distributions and numbers, ready for JSON."""
        return {
            "kind": "digital" if self.bits else "analog",
            **{name: d.as_dict() for name, d in self.deviations.items()},
            **(
                {}
                if self.railed is None
                else {
                    "at_rails": self.railed.as_dict(),
                    "at_rails_ideal": None if self.railed_ideal is None else tidy(self.railed_ideal),
                }
            ),
            "temporal_sd_rms": None if self.temporal_sd is None else rms(self.temporal_sd),
            "chip_sd_rms": None if self.chip_sd is None else rms(self.chip_sd),
        }


@dataclass(frozen=True)
class ValueStudy:
    """A result that is no plane: over chips, the share of runs that gave what the ideal run gives; of a number, also
    its distribution."""

    name: str
    same: Distribution
    value: Distribution | None

    def as_dict(self) -> dict[str, Any]:
        """Distributions, ready for JSON."""
        value = {} if self.value is None else {"value": self.value.as_dict()}
        return {"kind": "value", "same_as_ideal": self.same.as_dict(), **value}


def rms(plane: Floats) -> float:
    """Root mean square over PEs, with six digits."""
    return float(f"{math.sqrt(float(np.mean(np.square(plane)))):.6g}")


def summarise(work: ProgramWork, grid: Grid, folder: Folder, ideal: Planes) -> Iterator[PlaneStudy | ValueStudy]:
    """Each output of each frame, in the order of the ideal run. Units are taken in the grid's order, so that sums have
    the same rounding whoever did the work."""
    kinds = results.kinds(work.program)
    for name, plane in ideal.items():
        kind = kinds.get(name.partition("-")[2], "")  # "": a register, looked at behind the program's back
        if not kind or results.is_picture(kind):
            yield _plane_study(name, grid, folder, plane, _rails(kind, plane) if work.converts else None)
        else:
            yield _value_study(name, grid, folder, plane)


def _rails(kind: str, plane: npt.NDArray[Any]) -> tuple[float, float] | None:
    """The lowest and the highest value of the converter that a result has gone through; None for none."""
    if kind == "plane" and plane.dtype != np.bool_:
        return READOUT
    return (0.0, 255.0) if kind == "image" and plane.dtype == np.uint8 else None


def _plane_study(
    name: str, grid: Grid, folder: Folder, ideal: npt.NDArray[Any], rails: tuple[float, float] | None
) -> PlaneStudy:
    count, seeds = len(grid.chips), len(grid.seeds)
    if rails is not None:
        ideal = ideal.clip(*rails).astype(ideal.dtype)
    truth = ideal.astype(np.float64)
    sums, squares, noise = (np.zeros(ideal.shape) for _ in range(3))
    found: dict[str, list[float]] = {}
    for chip in grid.chips:
        stack = np.stack([folder.plane(Unit(chip, seed, 0), name) for seed in grid.seeds]).astype(np.float64)
        if rails is not None:
            found.setdefault("railed", []).append(float(((stack <= rails[0]) | (stack >= rails[1])).mean()))
        away = stack - truth
        if ideal.dtype == np.bool_:
            values = {"differing": float(np.abs(away).mean())}
        else:
            values = {
                "offset": float(away.mean()),
                "rms": math.sqrt(float(np.mean(np.square(away)))),
                "worst": float(np.abs(away).max()),
            }
        for what, value in values.items():
            found.setdefault(what, []).append(value)
        # about the ideal plane: means of chips are close to it, so that little is lost in the difference of squares
        mean = away.mean(axis=0)
        sums += mean
        squares += mean * mean
        if seeds > 1:
            noise += stack.var(axis=0, ddof=1)
    noise /= count
    spread = None
    if count > 1:
        variance = (squares - sums * sums / count) / (count - 1)
        spread = np.sqrt(np.maximum(variance - (noise / seeds if seeds > 1 else 0), 0))
    bounds = {"differing": (0.0, 1.0), "rms": (0.0, math.inf), "worst": (0.0, math.inf)}
    railed = found.pop("railed", None)
    return PlaneStudy(
        name,
        ideal,
        truth + sums / count,
        np.sqrt(noise) if seeds > 1 else None,
        spread,
        {what: distribution(values, bounds.get(what)) for what, values in found.items()},
        None if railed is None else distribution(railed, (0.0, 1.0)),
        None if rails is None else float(((truth <= rails[0]) | (truth >= rails[1])).mean()),
    )


def _value_study(name: str, grid: Grid, folder: Folder, ideal: npt.NDArray[Any]) -> ValueStudy:
    same: list[float] = []
    values: list[float] = []
    for chip in grid.chips:
        runs = [folder.plane(Unit(chip, seed, 0), name) for seed in grid.seeds]
        same.append(sum(np.array_equal(run, ideal) for run in runs) / len(runs))
        if ideal.ndim == 0:
            values.append(math.fsum(float(run) for run in runs) / len(runs))
    return ValueStudy(name, distribution(same, (0.0, 1.0)), distribution(values) if values else None)


__all__ = [
    "Folder",
    "PlaneStudy",
    "ProgramWork",
    "ValueStudy",
    "digests",
    "fill",
    "keep_arrays",
    "key",
    "rms",
    "summarise",
]
