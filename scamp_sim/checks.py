"""Checks of what callers pass: integers, numbers, paths, arrays. Each raises a ScampError."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import PlaneError, ProgramError


def integer(name: str, value: object, low: int | None = 0, high: int | None = None, unit: str = "") -> int:
    """The value as int, if it is an integer within its limits; a bool is not.

    name: of the value, for the message.
    low, high: the limits, both included; None for none.
    unit: of the value, for the message.

    Raises ProgramError.
    """
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if whole and (low is None or value >= low) and (high is None or value <= high):  # type: ignore[operator]
        return int(value)  # type: ignore[call-overload, no-any-return]
    of = f" {unit}" if unit else ""
    limits = "" if low is None else f" of at least {low}{of}" if high is None else f" in {low}..{high}{of}"
    raise ProgramError(f"{name} must be an integer{limits}, got {value!r:.60}")


def finite(name: str, value: object) -> float:
    """The value as float, if it is one finite number. Raises ProgramError."""
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        array = np.empty(0)
    if array.size != 1 or array.dtype == bool or not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise ProgramError(f"{name} must be one number, got {value!r:.60}")
    number = float(array.reshape(()))
    if not np.isfinite(number):
        raise ProgramError(f"{name} must be a finite number, got {number}")
    return number


def path_of(value: object, what: str, error: type[PlaneError] | type[ProgramError] = ProgramError) -> Path:
    """The value as a path, if it can be one. Raises `error`."""
    if not isinstance(value, (str, Path)):
        raise error(f"{what}: {value!r:.40} is not a path; expected a str or a Path")
    path = Path(value)
    try:
        path.exists()
    except PermissionError:  # a folder that may not be looked into; what reads the file says so
        return path
    except (OSError, ValueError) as e:  # too long; older versions of Python: a null character
        raise error(f"{what} {str(value)!r:.40}: not a possible path ({getattr(e, 'strerror', None) or e})") from None
    return path


def array_of(value: Any, what: str, error: type[PlaneError] | type[ProgramError] = PlaneError) -> npt.NDArray[Any]:
    """What NumPy makes of the value. Raises `error` if that is no array at all, such as rows of several lengths."""
    try:
        return np.asarray(value)
    except (ValueError, TypeError):
        raise error(f"{what}: no array can be made of rows or planes of several sizes") from None


__all__ = ["array_of", "finite", "integer", "path_of"]
