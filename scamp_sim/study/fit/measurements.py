"""What `scamp-sim fit` reads.

The table: CSV with the columns value, passes, mean_in_minus_out, std_out, in LSB, and psnr_db if it has one (others are
ignored). A row says what became of a plane of `value` after so many passes of diva(A, E, F); mov(F, A); add(A, A, F);
each pass a launch of its own, the plane loaded again for each row and read out once before the first pass.
mean_in_minus_out: mean over the array of input minus output; std_out:
standard deviation over the array. Rows with 0 passes say how even the plane was at the start. Values are whole, as
scamp5_in takes them, and there is one row for each value and number of passes.

The stack: .npy or .npz, (readouts, rows, columns), codes 0..255 of readouts of a plane set to 0. In an .npz the array
is `readouts`, and `valid`, (rows, columns) bool, leaves PEs out.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.planes import check_shape
from scamp_sim.exceptions import OptionError, PlaneError, ProgramError
from scamp_sim.reading import read_archive, read_array, read_text
from scamp_sim.text import short

COLUMNS = ("value", "passes", "mean_in_minus_out", "std_out")
PSNR = "psnr_db"
"""A column that a table may have: of input less output less its mean, 255 being the peak."""
LEAST_VALUES, LEAST_PASSES, LEAST_READOUTS, LEAST_VALID = 2, 3, 8, 64
MOST_PASSES = 256
DIGITS = 3
"""Of a fitted knob."""
LOW, HIGH, TOP_CODE = -128, 127, 255
"""What the converter gives, in LSB and as a code."""
WRAPPED, CAN_WRAP = 1.03, 4.0
"""A mean counts as wrapped if the rms is so many times what the spreads allow, and the mean no more than so many rms:
beyond, no output is above its input."""
LOAD_SLACK = 8
"""LSB that a load may be off the value that was asked for: a row at an end of the converter is not refused for it."""


@dataclass(frozen=True)
class Cell:
    """One row of the table, in LSB.

    mean: of input minus output, None at 0 passes.
    rms: spread of input minus output, None without a PSNR.
    wrapped: the mean as it stands in the file, if differences of unsigned codes had wrapped.
    """

    value: float
    passes: int
    mean: float | None
    std: float
    rms: float | None = None
    wrapped: float | None = None


@dataclass(frozen=True)
class Stack:
    """Flat readouts.

    codes: (readouts, rows, columns) float32, 0..255.
    valid: (rows, columns) bool.
    """

    codes: npt.NDArray[np.float32]
    valid: npt.NDArray[np.bool_]


def load_table(path: str | Path, without: Collection[float] = ()) -> tuple[Cell, ...]:
    """Read the table.

    without: values to leave out, in LSB.

    Raises ProgramError that names the line.
    """
    text = read_text(path, "table", ProgramError)
    reader = csv.DictReader(text.splitlines())
    named = list(reader.fieldnames or ())
    twice = [c for c in COLUMNS if named.count(c) > 1]
    if twice:
        raise ProgramError(f"{path} has two columns '{twice[0]}'; leave one out")
    missing = [c for c in COLUMNS if c not in named]
    if missing:
        raise ProgramError(f"{path} has no column '{missing[0]}'; a table has {', '.join(COLUMNS)}")
    try:
        rows = [(reader.line_num, _cell(f"{path}:{reader.line_num}", row)) for row in reader]
    except csv.Error as e:
        raise ProgramError(f"{path}:{reader.line_num}: {e}; expected rows of numbers") from e
    there = sorted({cell.value for _, cell in rows})
    for value in without:
        if value not in there:
            raise OptionError(
                f"--without {value:g}: {path} has no such value; it has {', '.join(f'{v:g}' for v in there) or 'none'}"
            )
    lines: dict[tuple[float, int], int] = {}
    cells = []
    for line, cell in rows:
        if cell.value in without:
            continue
        first = lines.setdefault((cell.value, cell.passes), line)
        if first != line:
            raise ProgramError(
                f"{path}:{line}: value {cell.value:g} after {cell.passes} passes stands on line {first} already; "
                "leave one out, or give their mean"
            )
        cells.append(cell)
    used = [c for c in cells if c.passes]
    values, passes = {c.value for c in used}, {c.passes for c in used}
    if len(values) < LEAST_VALUES or len(passes) < LEAST_PASSES:
        raise ProgramError(
            f"{path}: {len(values)} values and {len(passes)} numbers of passes are too few to fit; give at least "
            f"{LEAST_VALUES} and {LEAST_PASSES}"
        )
    return corrected(cells)


def psnr_of(rms: float) -> float:
    """dB of a spread in LSB."""
    return 20 * math.log10(TOP_CODE / rms)


def corrected(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """The cells, with means put right that were taken of unsigned differences.

    Where an output is above its input, an unsigned difference of 8 bits is 256 too large, and the mean is too. The PSNR
    gives it away: it is taken about that mean, so its rms exceeds what the spreads of input and output allow, by as
    much as the mean is off: rms^2 = std_in^2 + std_out^2 + (mean - true mean)^2.
    """
    inputs = {c.value: c.std for c in cells if c.passes == 0}
    found = []
    for c in cells:
        if c.passes and c.mean is not None and c.rms is not None and c.value in inputs:
            most = math.hypot(inputs[c.value], c.std)
            if c.rms > WRAPPED * most and 0 < c.mean < CAN_WRAP * c.rms:
                true = c.mean - math.sqrt(c.rms**2 - most**2)
                c = replace(c, mean=true, wrapped=c.mean, rms=most)
        found.append(c)
    return tuple(found)


def wraps(cells: Sequence[Cell]) -> list[str]:
    """What was corrected, with the proof, a line for each cell."""
    inputs = {c.value: c.std for c in cells if c.passes == 0}
    return [
        f"value {c.value:g} after {c.passes} passes: mean {c.wrapped:.2f} is that of unsigned differences, which wrap; "
        f"its PSNR's rms {math.hypot(c.rms or 0, c.wrapped - (c.mean or 0)):.2f} is more than the "
        f"{math.hypot(inputs[c.value], c.std):.2f} that spreads of {inputs[c.value]:.2f} and {c.std:.2f} allow; "
        f"corrected to {c.mean:.2f}"
        for c in cells
        if c.wrapped is not None
    ]


def _cell(place: str, row: dict[str, str | None]) -> Cell:
    """A row of the table; place: its file and line. Raises ProgramError."""
    numbers: dict[str, float | None] = {}
    for column in (*COLUMNS, PSNR):
        text = (row.get(column) or "").strip()
        try:
            numbers[column] = float(text) if text else None
        except ValueError:
            raise ProgramError(f"{place}: {column} is '{short(text, 40)}'; expected a number") from None
        if numbers[column] is not None and not math.isfinite(numbers[column] or 0):
            raise ProgramError(f"{place}: {column} is '{short(text, 40)}'; expected a finite number")
    value, passes, mean, std, psnr = (numbers[c] for c in (*COLUMNS, PSNR))
    if value is None or passes is None or std is None or (mean is None and passes):
        empty = next(c for c in COLUMNS if numbers[c] is None)
        raise ProgramError(f"{place}: {empty} is empty")
    if not LOW <= value <= HIGH or passes != int(passes) or not 0 <= passes <= MOST_PASSES or std < 0:
        raise ProgramError(
            f"{place}: value {value:g}, passes {passes:g}, std_out {std:g}; values are -128..127, passes whole numbers "
            f"from 0 to {MOST_PASSES}, and a standard deviation is not negative"
        )
    if value != int(value):
        raise ProgramError(f"{place}: value is {value:g}; give the whole number that scamp5_in loaded")
    if std > (HIGH - LOW) / 2:
        raise ProgramError(f"{place}: std_out is {std:g}; no plane of readouts, {LOW}..{HIGH} LSB, spreads that much")
    if passes and not LOW - LOAD_SLACK <= value - (mean or 0) <= HIGH + LOAD_SLACK:
        raise ProgramError(
            f"{place}: value {value:g} less mean_in_minus_out {mean:g} leaves {value - (mean or 0):g} LSB; the "
            f"converter gives {LOW}..{HIGH}. The column is in LSB, input minus output"
        )
    rms = TOP_CODE / 10 ** (psnr / 20) if psnr is not None and passes else None
    return Cell(value, int(passes), mean if passes else None, std, rms)


def load_stack(path: str | Path) -> Stack:
    """Read a stack of flat readouts. Raises ProgramError that names the file."""
    if Path(path).suffix == ".npy":
        return make_stack(read_array(path, "stack", ProgramError), None, str(path))
    loaded = read_archive(path, "stack", ProgramError)
    if "readouts" not in loaded:
        raise ProgramError(f"{path} has no array 'readouts'; it holds {', '.join(loaded) or 'nothing'}")
    return make_stack(loaded["readouts"], loaded.get("valid"), str(path))


def make_stack(codes: npt.NDArray[Any], valid: npt.NDArray[Any] | None, name: str = "stack") -> Stack:
    """A checked stack.

    codes: (readouts, rows, columns), real numbers 0..255.
    valid: (rows, columns), True or 1 where a PE counts, None for everywhere.

    Raises ProgramError that begins with `name`.
    """
    for array in (codes, valid):
        if array is not None and (not isinstance(array, np.ndarray) or array.dtype.kind not in "buif"):
            raise ProgramError(f"{name}: holds {getattr(array, 'dtype', type(array))} values; give real numbers")
    if codes.ndim != 3 or codes.dtype.kind == "b":
        raise ProgramError(f"{name}: shape {codes.shape}, {codes.dtype}; expected (readouts, rows, columns) of numbers")
    try:
        shape = check_shape(codes.shape[1:])
    except PlaneError as e:
        raise ProgramError(f"{name}: {e}; give whole readouts, and leave PEs out by `valid` in an .npz") from None
    if len(codes) < LEAST_READOUTS:
        raise ProgramError(
            f"{name}: {len(codes)} readouts are too few to separate noise from pattern; give {LEAST_READOUTS}"
        )
    if valid is not None and valid.shape != shape:
        raise ProgramError(f"{name}: valid is {valid.shape}, but a readout is {shape}")
    if valid is not None and not np.isin(valid, (0, 1)).all():
        raise ProgramError(f"{name}: valid holds {valid[~np.isin(valid, (0, 1))][0]}; it is True or False for each PE")
    mask = np.ones(shape, np.bool_) if valid is None else valid.astype(np.bool_)
    if mask.sum() < LEAST_VALID:
        raise ProgramError(f"{name}: {int(mask.sum())} valid PEs; at least {LEAST_VALID} are needed")
    _check_codes(codes, mask, name)
    return Stack(np.where(mask, codes, 0).astype(np.float32), mask)


def _check_codes(codes: npt.NDArray[Any], mask: npt.NDArray[np.bool_], name: str) -> None:
    """Raises ProgramError unless all codes of valid PEs are finite and what a converter of 8 bits gives."""
    wrong = np.argwhere(~np.isfinite(codes) & mask)
    if len(wrong):
        where = "readout {}, row {}, column {}".format(*wrong[0])
        what = "NaN" if np.isnan(codes[tuple(wrong[0])]) else "infinite"
        raise ProgramError(
            f"{name}: {len(wrong)} values are not finite; the first, {where}, is {what}. Leave such PEs out by `valid` "
            "in an .npz"
        )
    low, high = float(codes[:, mask].min()), float(codes[:, mask].max())
    if low < 0 or high > TOP_CODE:
        signed = low < 0 and low >= LOW and high <= HIGH
        remedy = f"add {-LOW}" if signed else "give the codes of the converter, 8 bits"
        raise ProgramError(f"{name}: codes {low:g}..{high:g}; readouts are 0..{TOP_CODE}, {remedy}")


def rounded(value: float) -> float:
    """The digits of a fitted knob that are kept: more is not determined."""
    return float(f"{value:.{DIGITS}g}")


def last_digit(value: float) -> float:
    """What the last digit of a fitted knob is worth, 0 for 0."""
    return 10.0 ** (math.floor(math.log10(abs(value))) + 1 - DIGITS) if value else 0.0
