"""The decoder of PixelRNN: what turns the plane that leaves the sensor into scores. It runs off the sensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import array_of, finite
from scamp_sim.exceptions import PlaneError, ProgramError

SIDE = 64
EPSILON = 1e-5
"""What batch normalisation adds to the variance (PyTorch's default, and the authors')."""


@dataclass(frozen=True, eq=False)
class Decoder:
    """sign and gain, batch norm over one channel, tanh, a scalar off, then 4096 -> n linear.

    sign: +1 or -1, learned.
    gain, bias, mean, variance: the batch norm.
    offset: what is subtracted after tanh.
    matrix: (n, 4096) float32, over the plane row by row from the top.
    intercept: (n,) float32.

    Raises ProgramError for wrong shapes and for numbers that are not finite. Source: public code of the authors, facts
    only; with their weights it gives their accuracies.
    """

    sign: int
    gain: float
    bias: float
    mean: float
    variance: float
    offset: float
    matrix: npt.NDArray[np.float32]
    intercept: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        sign = finite("the decoder's first factor", self.sign)
        if sign not in (1, -1):
            raise ProgramError(f"the decoder's first factor must be a learned sign, +1 or -1, got {sign:g}")
        for name in ("gain", "bias", "mean", "variance", "offset"):
            finite(f"the decoder's {name}", getattr(self, name))
        if self.variance < 0:
            raise ProgramError(f"the decoder's variance must be at least 0, got {self.variance:g}")
        matrix, intercept = _numbers("matrix", self.matrix), _numbers("intercept", self.intercept)
        if matrix.ndim != 2 or matrix.shape[1] != SIDE * SIDE or not len(matrix):
            raise ProgramError(
                f"the decoder's matrix must have shape (classes, {SIDE * SIDE}), one weight for each of the "
                f"{SIDE}x{SIDE} values of the output, got {matrix.shape}"
            )
        if intercept.shape != (len(matrix),):
            raise ProgramError(
                f"the decoder's intercept has shape {intercept.shape}; its matrix has {len(matrix)} classes, so it is "
                f"({len(matrix)},)"
            )
        if not (np.isfinite(matrix).all() and np.isfinite(intercept).all()):
            raise ProgramError("the decoder's matrix or intercept holds NaN or infinity")
        for array in (matrix, intercept):
            array.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "intercept", intercept)

    @property
    def classes(self) -> int:
        """How many classes it distinguishes."""
        return len(self.matrix)

    def scores(self, o: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """One score a class, (n,), for an output plane (64, 64) in units of one tap product; (..., n) for many planes.

        A reading of the chip at 10 LSB a unit is divided by 10 first. Raises PlaneError.
        """
        plane = _plane(o)
        z = self.gain * (self.sign * plane - self.mean) / np.sqrt(self.variance + EPSILON) + self.bias
        z = np.tanh(z) - self.offset
        scores: npt.NDArray[np.float64] = z.reshape(*plane.shape[:-2], -1) @ self.matrix.T.astype(float)
        return scores + self.intercept

    def classify(self, o: npt.ArrayLike) -> Any:
        """The class with the highest score: an int for one plane, an array for many. Raises PlaneError."""
        best = self.scores(o).argmax(axis=-1)
        return int(best) if best.ndim == 0 else best


def _numbers(name: str, values: Any) -> npt.NDArray[np.float32]:
    """A copy as float32. Raises ProgramError."""
    array = array_of(values, f"the decoder's {name}", ProgramError)
    if array.dtype.kind not in "fiu":
        raise ProgramError(f"the decoder's {name} is of type {array.dtype}; give numbers")
    return array.astype(np.float32)


def _plane(o: npt.ArrayLike) -> npt.NDArray[np.float64]:
    array = array_of(o, "the output")
    if array.shape[-2:] != (SIDE, SIDE):
        raise PlaneError(f"the output has shape {array.shape}; the decoder takes ({SIDE}, {SIDE}), or many of them")
    if array.dtype == bool or not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise PlaneError(f"the output is of type {array.dtype}; the decoder takes numbers, in units of one tap product")
    return array.astype(np.float64)


__all__ = ["EPSILON", "SIDE", "Decoder"]
