"""Weights and pictures for `depthwise16`: sixteen 5x5 kernels in a 4x4 grid of 64x64 blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import PlaneError, ProgramError

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program

KERNELS, SIZE = 16, 5
GRID, BLOCK = 4, 64


def depthwise16(weights: npt.ArrayLike, *, level: int = -1, amplitude: int = 5, offset: int = 0) -> Program:
    """The program for sixteen kernels.

    weights: (16, 5, 5) or (16, 1, 5, 5), each +1 or -1, in the orientation of a correlation: row 0 on top, column 0 on
        the left. Block row r, block column c computes kernel r + 4 c.
    level: -1 for grey pictures; else pixels above it count as +amplitude and the others as -amplitude.
    offset: LSB that the chip adds at every analog transfer.

    Raises ProgramError.
    """
    from scamp_sim.kernels import load

    return load("depthwise16", weights=checked(weights).tolist(), level=level, amplitude=amplitude, offset=offset)


def checked(weights: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """The weights as integers (16, 5, 5). Raises ProgramError that names the first one that is neither +1 nor -1."""
    array = np.asarray(weights)
    if array.shape == (KERNELS, 1, SIZE, SIZE):  # one input channel, as training frameworks store it
        array = array[:, 0]
    if array.shape != (KERNELS, SIZE, SIZE):
        raise ProgramError(f"weights have shape {array.shape}; sixteen 5x5 kernels are (16, 5, 5)")
    if array.dtype == bool:
        raise ProgramError("weights are boolean; give +1 and -1, for example np.where(bits, 1, -1)")
    if not np.issubdtype(array.dtype, np.number):
        raise ProgramError(f"weights are of type {array.dtype}; give numbers, each +1 or -1")
    wrong = np.argwhere(np.abs(array) != 1)
    if np.iscomplexobj(array) or len(wrong):
        k, i, j = wrong[0] if len(wrong) else (0, 0, 0)
        value = array[k, i, j]
        raise ProgramError(f"weight [{k}][{i}][{j}] is {value:g}; this chip program knows only +1 and -1")
    return array.astype(np.int64)


def tile(image: Any) -> npt.NDArray[Any]:
    """A 64x64 picture sixteen times, as the 256x256 picture in which every kernel sees the same. Raises PlaneError."""
    array = np.asarray(image)
    if array.shape != (BLOCK, BLOCK):
        raise PlaneError(f"the picture must have shape ({BLOCK}, {BLOCK}), got {array.shape}")
    return np.tile(array, (GRID, GRID))


def blocks(plane: Any) -> npt.NDArray[Any]:
    """A 256x256 result as (16, 64, 64), in the order of the kernels. Raises PlaneError."""
    array = np.asarray(plane)
    side = GRID * BLOCK
    if array.shape != (side, side):
        raise PlaneError(f"the plane must have shape ({side}, {side}), got {array.shape}")
    # Block row r, block column c holds kernel r + 4 c: columns of blocks come first.
    return array.reshape(GRID, BLOCK, GRID, BLOCK).transpose(2, 0, 1, 3).reshape(KERNELS, BLOCK, BLOCK)


__all__ = ["blocks", "checked", "depthwise16", "tile"]
