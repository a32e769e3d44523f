"""A stack of flat readouts: how much of it is dome, rows, columns, pixels and noise, and a profile that has as much."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.program import HostCall, Program
from scamp_sim.machine.machine import Machine
from scamp_sim.silicon.fixed import waves
from scamp_sim.silicon.profiles import ChipProfile
from scamp_sim.study.fit.measurements import Stack, make_stack, rounded
from scamp_sim.study.fit.parameters import SURE

BLACK = 128
"""Code of 0 LSB."""

KNOBS_OF_FLAT = (
    "readout_offset",
    "readout_dome",
    "readout_row",
    "readout_column",
    "readout_pixel",
    "readout_common",
    "adc_noise",
)
"""Knobs that flat readouts determine."""


@dataclass(frozen=True)
class Parts:
    """What a stack is made of, in LSB: mean, standard deviations over the array of the parts of its fixed pattern,
    of the whole pattern, of the noise of one PE from readout to readout, and of the part of it that all PEs share."""

    offset: float
    dome: float
    row: float
    column: float
    pixel: float
    fixed: float
    temporal: float
    common: float = 0.0

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def parts_of(stack: Stack) -> Parts:
    """Take a stack apart: a smooth surface first, then rows and columns, what is left is of pixels."""
    codes, valid = stack.codes.astype(np.float64) - BLACK, stack.valid
    count = len(codes)
    mean = codes.mean(axis=0)
    noise = codes.var(axis=0, ddof=1)
    temporal2 = float(noise[valid].mean())
    basis = _waves(mean.shape)
    weights, *_ = np.linalg.lstsq(basis[:, valid].T, mean[valid], rcond=None)
    smooth = np.tensordot(weights, basis, 1)
    left = np.where(valid, mean - smooth, np.nan)
    row, column = _lines(left, 1), _lines(left, 0)
    pixels = left - np.nan_to_num(row)[:, None] - np.nan_to_num(column)[None, :]
    pixel2 = float(np.nanvar(pixels)) - temporal2 / count  # what averaging leaves of the noise

    def lines(found: npt.NDArray[np.float64], axis: int) -> float:
        share = pixel2 / max(1.0, float(valid.sum(axis=axis).mean()))  # and what it leaves of the pixels
        return _root(float(np.nanvar(found)) - share)

    return Parts(
        offset=float(mean[valid].mean()),
        dome=float(smooth[valid].std()),
        row=lines(row, 1),
        column=lines(column, 0),
        pixel=_root(pixel2),
        fixed=_root(float(mean[valid].var()) - temporal2 / count),
        temporal=_root(temporal2),
        common=_root(float(codes[:, valid].mean(axis=1).var(ddof=1)) - temporal2 / float(valid.sum())),
    )


def _root(variance: float) -> float:
    return float(max(variance, 0.0) ** 0.5)


def _lines(plane: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
    """Means along an axis; NaN for lines without a valid PE."""
    there = np.isfinite(plane)
    count = there.sum(axis=axis)
    total = np.where(there, plane, 0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _waves(shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    y, x = (waves(n) for n in shape)
    return np.asarray(np.einsum("ai,bj->abij", y, x).reshape(-1, *shape))


def simulated(
    profile: ChipProfile, shape: tuple[int, int], valid: npt.NDArray[np.bool_], readouts: int, chip: int, seed: int = 0
) -> Stack:
    """A stack as the simulator gives it: a plane is set to 0 and read out, again and again.

    shape: of the simulated array, whatever array the profile is for.
    """
    from scamp_sim.compiler import assemble

    machine = Machine(shape, errors=replace(profile, shape=None), chip=chip, seed=seed)
    clear = assemble("res(A);")
    picture = Program("flat", {}, (HostCall("scamp5_output_image", ("A",), result="flat"),))
    codes = []
    for _ in range(readouts):
        machine.run(clear, registers=False)
        codes.append(machine.run(picture).outputs["flat"])
    return make_stack(np.stack(codes), valid)


MOST_READOUTS = 24
"""Readouts that are simulated: their number is no part of what is compared."""


def predict(profile: ChipProfile, stack: Stack, chips: Iterable[int] = (1, 2, 3)) -> Parts:
    """The parts that a profile gives, root mean square over chips."""
    rows, columns = stack.valid.shape
    count = min(len(stack.codes), MOST_READOUTS)
    found = [
        list(parts_of(simulated(profile, (rows, columns), stack.valid, count, chip)).as_dict().values())
        for chip in chips
    ]
    values = np.array(found)
    return Parts(float(values[:, 0].mean()), *np.sqrt((values[:, 1:] ** 2).mean(axis=0)).tolist())


def fit(start: ChipProfile, stack: Stack, measured: Parts | None = None) -> ChipProfile:
    """The profile whose readouts have the parts of the stack.

    measured: the parts, if they are known already.

    What registers and converter add without the knobs of the readout is predicted and taken off. Deterministic.
    """
    measured = parts_of(stack) if measured is None else measured
    bare = start.changed(**dict.fromkeys(KNOBS_OF_FLAT, 0.0))
    below = predict(bare, stack)
    return start.changed(
        readout_offset=rounded(measured.offset - below.offset),
        readout_dome=rounded(_root(measured.dome**2 - below.dome**2)),
        readout_row=rounded(_root(measured.row**2 - below.row**2)),
        readout_column=rounded(_root(measured.column**2 - below.column**2)),
        readout_pixel=rounded(_root(measured.pixel**2 - below.pixel**2)),
        readout_common=rounded(measured.common),
        adc_noise=rounded(_root(measured.temporal**2 - measured.common**2 - max(below.temporal**2, 1 / 12))),
    )


def errors_of(profile: ChipProfile, stack: Stack, measured: Parts) -> dict[str, float]:
    """How far a stack determines the knobs of the readout, at 95 %: it holds so many rows, columns, PEs and readouts,
    no more.

    profile: the one that was fitted.
    measured: the parts of the stack.
    """
    pes, per_pe = float(stack.valid.sum()), float(len(stack.codes))
    rows, columns = float(stack.valid.any(axis=1).sum()), float(stack.valid.any(axis=0).sum())

    def of(knob: str, variance: float, count: float) -> float:
        """Of a knob that is a root of a difference of variances; either way, since the knob may be 0."""
        doubt = SURE * variance * math.sqrt(2 / max(count - 1, 1))
        knob2 = profile[knob] ** 2
        return max(math.sqrt(knob2 + doubt) - profile[knob], profile[knob] - _root(knob2 - doubt))

    pixel = measured.pixel**2 + measured.temporal**2 / per_pe
    row, column = (part**2 + pixel * n / pes for part, n in ((measured.row, rows), (measured.column, columns)))
    mean = SURE * math.sqrt(row / rows + column / columns + pixel / pes + measured.common**2 / per_pe)
    found = {
        "readout_offset": mean,
        "readout_dome": mean,
        "readout_row": of("readout_row", row, rows),
        "readout_column": of("readout_column", column, columns),
        "readout_pixel": of("readout_pixel", pixel, pes),
        "readout_common": of("readout_common", measured.common**2 + measured.temporal**2 / pes, per_pe),
        "adc_noise": of("adc_noise", measured.temporal**2, pes * (per_pe - 1)),
    }
    return {k: v + (0.02 * profile[k] if k != "readout_offset" else 0.02) for k, v in found.items()}
