"""Rows that do not learn: codes of frames as their chips give them, as bytes with the value of the highest code.

Frames are (n, T, 256, 256) grey bytes on photosites; codes (n, maps, rows, columns).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from scamp_sim.compare.circuit import LR, SD
from scamp_sim.compare.task.data import Bytes
from scamp_sim.exceptions import ProgramError
from scamp_sim.systems.leca.baselines import cell_means

CHANGE = 12 / 127
"""A change of light above it gives 1, as the library's frame difference has it."""

Floats = npt.NDArray[np.float32]


def colours(frames: Bytes) -> Floats:
    """RGB values 0..1 of a mosaic, the two greens averaged: (n, T, 3, 128, 128)."""
    light = frames.astype(np.float32) / 255
    green = (light[..., 0::2, 1::2] + light[..., 1::2, 0::2]) / 2
    return np.stack([light[..., 0::2, 0::2], green, light[..., 1::2, 1::2]], axis=2)


def _joined(codes: npt.NDArray[np.generic]) -> Bytes:
    """Frames and colours as maps."""
    n, _, _, rows, columns = codes.shape
    return np.asarray(codes.reshape(n, -1, rows, columns), np.uint8)


def raw(frames: Bytes) -> Bytes:
    """Every photosite at 8 bits."""
    return frames


def subsampled(frames: Bytes, cell: tuple[int, int]) -> Bytes:
    """Means over cells of RGB pixels at 8 bits."""
    n, t = frames.shape[:2]
    found = []
    for clip in frames:
        rgb = colours(clip[None])[0].reshape(t * 3, 128, 128)
        means = cell_means(np.moveaxis(rgb, 0, -1).astype(np.float64), cell)
        found.append(np.rint(255 * np.moveaxis(means, -1, 0)))
    stacked = np.stack(found)
    return np.asarray(stacked.reshape(n, t * 3, *stacked.shape[2:]), np.uint8)


def low_resolution(frames: Bytes, bits: int) -> Bytes:
    """RGB values with few bits."""
    return _joined(np.rint(colours(frames) * (2**bits - 1)))


def difference(frames: Bytes) -> Bytes:
    """Bits where a frame differs from the last one."""
    light = frames.astype(np.int16)
    return np.asarray(np.abs(np.diff(light, axis=1)) > 255 * CHANGE, np.uint8)


def encoder(row: str) -> tuple[Callable[[Bytes], Bytes], int]:
    """(frames -> codes, value of the highest code) of a row that does not learn. Raises ProgramError."""
    if row == "raw":
        return raw, 255
    if row in SD:
        return lambda frames: subsampled(frames, SD[row]), 255
    if row in LR:
        return lambda frames: low_resolution(frames, LR[row]), 2 ** LR[row] - 1
    if row == "difference":
        return difference, 1
    raise ProgramError(f"row {row} learns its codes")


def in_parts(encode: Callable[[Bytes], Bytes], frames: Bytes, size: int = 32) -> Bytes:
    """Codes of many clips, some at a time."""
    return np.concatenate([encode(np.asarray(frames[at : at + size])) for at in range(0, len(frames), size)])
