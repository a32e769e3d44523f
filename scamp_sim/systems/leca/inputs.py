"""Checks of what a user gives to the LeCA model; every message names the culprit and the remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ScampError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

TAPS = 16
"""Photosites of a 4x4 kernel (Sec. 4.1)."""
FULL = 15
"""Largest magnitude of a weight of a sign and 4 bits (Sec. 4.3)."""
TERNARY = 1.5
"""Bits of the ternary mode of the converter, as the paper counts them (Sec. 4.3)."""
MOST_BITS = 8
KINDS = ("midtread", "midrise")


def finite(name: str, value: Any) -> Floats:
    """An array of finite float64. Raises ScampError."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ScampError(f"{name}: expected numbers, got {value!r:.60}") from None
    if not np.isfinite(array).all():
        raise ScampError(f"{name}: expected finite numbers, got {_culprit(array)}; remove NaN and infinite values")
    return array


def _culprit(array: Floats) -> str:
    if array.ndim == 0:
        return f"{array}"
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    return f"{array[place]} at {list(place)}"


def positive(name: str, value: Any) -> Floats:
    """A finite number or array above 0. Raises ScampError."""
    array = finite(name, value)
    if not (array > 0).all():
        raise ScampError(f"{name}: expected a value above 0, got {array.min():g}")
    return array


def integer(name: str, value: Any, low: int, high: int | None = None) -> int:
    """A whole number in low..high. Raises ScampError."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise ScampError(f"{name}: expected an integer, got {value!r:.40}")
    if value < low or (high is not None and value > high):
        expected = f"at least {low}" if high is None else f"an integer in {low}..{high}"
        raise ScampError(f"{name}: expected {expected}, got {value}")
    return int(value)


def resolution(value: Any, *, kind: str | None = None) -> float:
    """Bits of a code: 1.5 (ternary) or 2..8 (Sec. 4.3). Raises ScampError."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ScampError(f"bits: expected 1.5 or an integer in 2..{MOST_BITS}, got {value!r:.40}")
    if value != TERNARY and not (value == int_or_none(value) and 2 <= value <= MOST_BITS):
        raise ScampError(f"bits: expected 1.5 (ternary) or an integer in 2..{MOST_BITS}, got {value:g}")
    if kind is not None and kind not in KINDS:
        raise ScampError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r:.40}")
    return float(value)


def int_or_none(value: Any) -> int | None:
    """The value as an integer where it is finite."""
    return int(value) if np.isfinite(value) else None


def magnitudes(value: Any) -> Integers:
    """Integers 0..15. Raises ScampError."""
    array = whole_numbers("magnitude", value)
    if array.size and (array.min() < 0 or array.max() > FULL):
        worst = array.max() if array.max() > FULL else array.min()
        raise ScampError(f"magnitude: expected integers in 0..{FULL} (a sign and 4 bits), got {worst}")
    return array


def signs(value: Any) -> Integers:
    """Integers +1 or -1; the sign of a zero weight is +1. Raises ScampError."""
    array = whole_numbers("sign", value)
    if not (np.abs(array) == 1).all():
        wrong = array[np.abs(array) != 1].flat[0]
        raise ScampError(f"sign: expected +1 or -1, got {wrong}; the sign of a zero weight is +1")
    return array


def whole_numbers(name: str, value: Any) -> Integers:
    """An array of whole numbers, whatever type holds them. Raises ScampError."""
    array = finite(name, value)
    if not (array == np.rint(array)).all():
        raise ScampError(f"{name}: expected integers, got {array[array != np.rint(array)].flat[0]:g}")
    return array.astype(np.int64)


def weights(magnitude: Any, sign: Any) -> tuple[Integers, Integers]:
    """Magnitudes and signs of one shape. Raises ScampError."""
    m, s = magnitudes(magnitude), signs(sign)
    if m.shape != s.shape:
        raise ScampError(f"sign: expected the shape of the magnitudes {m.shape}, got {s.shape}")
    return m, s


def per_tap(name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array with its taps in raster order on the last axis: (..., 16), or (..., 4, 4). Raises ScampError."""
    if array.ndim and array.shape[-1] == TAPS:
        return array
    if array.ndim >= 2 and array.shape[-2:] == (4, 4):
        return array.reshape(*array.shape[:-2], TAPS)
    raise ScampError(f"{name}: expected {TAPS} taps, shape (..., 16) or (..., 4, 4), got shape {array.shape}")
