"""The single-slope converter of a column: ramp, comparator, up/down counter with a preset (P2M, section 3.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.pixels.curve import Floats
from scamp_sim.systems.pixels.windows import check_integer

Integers = npt.NDArray[np.int64]

ROUNDINGS: dict[str, Callable[[Any], Any]] = {"ceil": np.ceil, "floor": np.floor, "round": np.rint}
"""ceil: clock edges until the ramp has crossed the voltage. round: to the nearest, halves to even."""

MOST_BITS = 32
CLOCK_HZ = 2e9
"""Counter clock (P2M, section 3.3)."""


def rounding_of(name: str) -> Callable[[Any], Any]:
    """The function of a rounding's name. Raises ScampError."""
    if not isinstance(name, str) or name not in ROUNDINGS:
        raise ScampError(f"unknown rounding {name!r:.40}: expected 'ceil', 'floor' or 'round'")
    return ROUNDINGS[name]


def check_bits(bits: object) -> int:
    """Bits of the converter, 1..32. Raises ScampError."""
    return check_integer("bits", bits, 1, MOST_BITS)


def code(v: Floats, lsb: Floats, bits: int, rounding: str = "ceil") -> Integers:
    """The count of one ramp: min(2^bits - 1, R(v / lsb)), and 0 for v <= 0.

    v, lsb: float64 that broadcast.
    """
    q = np.clip(rounding_of(rounding)(v / lsb), 0, 2**bits - 1)
    return np.asarray(q).astype(np.int64)


def signed_code(v: Floats, lsb: Floats, bits: int, rounding: str = "ceil") -> Integers:
    """The count of a bipolar ramp: R(v / lsb), clipped at +-(2^bits - 1)."""
    end = 2**bits - 1
    return np.asarray(np.clip(rounding_of(rounding)(v / lsb), -end, end)).astype(np.int64)


def conversion_cycles(bits: int) -> int:
    """Clock cycles of one ramp: all 2^bits of them, whatever the voltage."""
    return int(2 ** check_bits(bits))


def authors_quantise(t: npt.ArrayLike, bits: int) -> Floats:
    """The quantiser of the authors' released training code: 2^bits - 1 steps per sign, full scale the largest
    magnitude in the tensor. A tensor of zeros stays."""
    array = np.asarray(t, dtype=np.float64)
    largest = float(np.max(np.abs(array), initial=0.0))
    if largest == 0:
        return np.zeros_like(array)
    steps = 2 ** check_bits(bits) - 1
    return np.asarray(largest * np.rint(steps * array / largest) / steps)
