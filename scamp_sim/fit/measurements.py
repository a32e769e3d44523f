"""What `scamp-sim fit` reads.

The table: CSV with the columns value, passes, mean_in_minus_out, std_out (others are ignored), in LSB. A row says what
became of a plane of `value` after so many passes of diva(A, E, F); mov(F, A); add(A, A, F); each pass a launch of its
own, the plane read out once before the first. mean_in_minus_out: mean over the array of input minus output; std_out:
standard deviation over the array. Rows with 0 passes say how even the plane was at the start.

The stack: .npy or .npz, (readouts, rows, columns), codes 0..255 of readouts of a plane set to 0. In an .npz the array
is `readouts`, and `valid`, (rows, columns) bool, leaves PEs out.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ProgramError

COLUMNS = ("value", "passes", "mean_in_minus_out", "std_out")
LEAST_VALUES, LEAST_PASSES, LEAST_READOUTS = 2, 3, 8
MOST_PASSES = 256


@dataclass(frozen=True)
class Cell:
    """One row of the table, in LSB. mean: of input minus output, None at 0 passes."""

    value: float
    passes: int
    mean: float | None
    std: float


@dataclass(frozen=True)
class Stack:
    """Flat readouts. codes: (readouts, rows, columns) float32, 0..255; valid: (rows, columns) bool."""

    codes: npt.NDArray[np.float32]
    valid: npt.NDArray[np.bool_]


def load_table(path: str | Path, without: Collection[float] = ()) -> tuple[Cell, ...]:
    """Read the table. without: values to leave out. Raises ProgramError that names the line."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        raise ProgramError(f"cannot read the table {path}: {getattr(e, 'strerror', None) or e}") from e
    reader = csv.DictReader(text.splitlines())
    missing = [c for c in COLUMNS if c not in (reader.fieldnames or ())]
    if missing:
        raise ProgramError(f"{path} has no column '{missing[0]}'; a table has {', '.join(COLUMNS)}")
    cells = []
    for line, row in enumerate(reader, 2):
        cells.append(_cell(f"{path}:{line}", row))
    cells = [c for c in cells if c.value not in without]
    used = [c for c in cells if c.passes]
    values, passes = {c.value for c in used}, {c.passes for c in used}
    if len(values) < LEAST_VALUES or len(passes) < LEAST_PASSES:
        raise ProgramError(
            f"{path}: {len(values)} values and {len(passes)} numbers of passes are too few to fit; give at least "
            f"{LEAST_VALUES} and {LEAST_PASSES}"
        )
    return tuple(cells)


def _cell(place: str, row: dict[str, str | None]) -> Cell:
    numbers: dict[str, float | None] = {}
    for column in COLUMNS:
        text = (row.get(column) or "").strip()
        try:
            numbers[column] = float(text) if text else None
        except ValueError:
            raise ProgramError(f"{place}: {column} is '{text}'; expected a number") from None
        if numbers[column] is not None and not math.isfinite(numbers[column] or 0):
            raise ProgramError(f"{place}: {column} is '{text}'; expected a finite number")
    value, passes, mean, std = (numbers[c] for c in COLUMNS)
    if value is None or passes is None or std is None or (mean is None and passes):
        empty = next(c for c in COLUMNS if numbers[c] is None)
        raise ProgramError(f"{place}: {empty} is empty")
    if not -128 <= value <= 127 or passes != int(passes) or not 0 <= passes <= MOST_PASSES or std < 0:
        raise ProgramError(
            f"{place}: value {value:g}, passes {passes:g}, std_out {std:g}; values are -128..127, passes whole numbers "
            f"from 0 to {MOST_PASSES}, and a standard deviation is not negative"
        )
    return Cell(value, int(passes), mean if passes else None, std)


def load_stack(path: str | Path) -> Stack:
    """Read a stack of flat readouts. Raises ProgramError."""
    try:
        loaded = np.load(Path(path), allow_pickle=False)
    except (OSError, ValueError) as e:
        raise ProgramError(f"cannot read the stack {path}: {getattr(e, 'strerror', None) or e}") from e
    valid = None
    if isinstance(loaded, np.lib.npyio.NpzFile):
        if "readouts" not in loaded:
            raise ProgramError(f"{path} has no array 'readouts'; it holds {', '.join(loaded.files) or 'nothing'}")
        codes, valid = loaded["readouts"], loaded.get("valid")
    else:
        codes = loaded
    return make_stack(codes, valid, str(path))


def make_stack(codes: npt.NDArray[np.generic], valid: npt.NDArray[np.generic] | None, name: str = "stack") -> Stack:
    """A checked stack. Raises ProgramError."""
    if codes.ndim != 3 or not np.issubdtype(codes.dtype, np.number):
        raise ProgramError(f"{name}: shape {codes.shape}, {codes.dtype}; expected (readouts, rows, columns) of numbers")
    if len(codes) < LEAST_READOUTS:
        raise ProgramError(
            f"{name}: {len(codes)} readouts are too few to tell noise from pattern; give {LEAST_READOUTS}"
        )
    mask = np.ones(codes.shape[1:], np.bool_) if valid is None else np.asarray(valid, np.bool_)
    if mask.shape != codes.shape[1:]:
        raise ProgramError(f"{name}: valid is {mask.shape}, but a readout is {codes.shape[1:]}")
    if mask.sum() < 64 or not np.isfinite(codes[:, mask].astype(np.float64)).all():
        raise ProgramError(f"{name}: {int(mask.sum())} valid PEs, all finite numbers? at least 64 are needed")
    return Stack(codes.astype(np.float32), mask)


def rounded(value: float) -> float:
    """Three digits of a fitted knob: more is not determined."""
    return float(f"{value:.3g}")
