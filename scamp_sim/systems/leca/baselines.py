"""What LeCA is compared with: CNV, SD and LR in full; CS, MS and AGT are quoted only (Sec. 5.1, 6.1).

Both work on RGB values, so that the paper's ratio and the one by photosites differ by the same 4/3 as LeCA's. The
paper leaves rounding and up-sampling open: half to even, bilinear with half-pixel centres.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.leca import inputs
from scamp_sim.systems.leca.inputs import TERNARY, Floats

SD_CELLS = {4: (2, 2), 6: (2, 3), 8: (2, 4)}
"""Compression ratio -> rows and columns of RGB pixels that SD averages (Sec. 6.1)."""


def conventional(rgb: Any) -> Floats:
    """CNV: 8-bit samples of values 0..1. Raises ScampError."""
    return np.asarray(np.rint(_unit(rgb) * 255) / 255)


def lr_levels(bits: float) -> int:
    """Levels of a low-resolution sample: 2^bits, 3 for ternary. Raises ScampError."""
    if bits == TERNARY:
        return 3
    return int(2 ** inputs.integer("bits", int(bits) if float(bits).is_integer() else bits, 1, 8))


def low_resolution(rgb: Any, bits: float) -> Floats:
    """LR: every value as one of a few uniform levels i / (L - 1), half to even.

    Args:
        rgb: values 0..1, any shape.
        bits: 1.5 (ternary), or 1..8.

    Returns:
        The decoded values, 0..1.

    Raises:
        ScampError: values outside 0..1, bits out of range.
    """
    top = lr_levels(bits) - 1
    return np.asarray(np.rint(_unit(rgb) * top) / top)


def lr_ratio(bits: float) -> float:
    """Compression of LR: 8 over its bits."""
    lr_levels(bits)
    return 8 / bits


def subsample(rgb: Any, cell: tuple[int, int]) -> Floats:
    """SD: means over cells of rows x columns for each colour, 8 bits, then bilinear to the size that came in.

    Args:
        rgb: (H, W, C) values 0..1; cells at the edge average what is there.
        cell: rows, columns.

    Returns:
        (H, W, C), 0..1.

    Raises:
        ScampError: another shape, values outside 0..1.
    """
    picture = _unit(rgb)
    if picture.ndim != 3:
        raise ScampError(f"rgb: expected shape (H, W, C), got {picture.shape}")
    means = np.rint(cell_means(picture, cell) * 255) / 255
    return bilinear(means, picture.shape[:2], cell)


def cell_means(picture: Floats, cell: tuple[int, int]) -> Floats:
    """Means over cells, (ceil(H / rows), ceil(W / columns), C)."""
    rows, columns = (inputs.integer("cell", side, 1) for side in cell)
    down = np.arange(0, picture.shape[0], rows)
    across = np.arange(0, picture.shape[1], columns)
    sums = np.add.reduceat(np.add.reduceat(picture, down, axis=0), across, axis=1)
    heights = np.diff([*down, picture.shape[0]])
    widths = np.diff([*across, picture.shape[1]])
    return np.asarray(sums / (heights[:, None] * widths)[..., None])


def bilinear(values: Floats, shape: tuple[int, int], cell: tuple[int, int]) -> Floats:
    """Bilinear between the centres of cells (align_corners=False), constant beyond the outermost ones."""

    def places(size: int, pitch: int, count: int) -> tuple[Any, Any, Floats]:
        at = np.clip((np.arange(size) + 0.5) / pitch - 0.5, 0, count - 1)
        low = np.minimum(at.astype(np.int64), max(count - 2, 0))
        return low, np.minimum(low + 1, count - 1), at - low

    r0, r1, fr = places(shape[0], cell[0], values.shape[0])
    c0, c1, fc = places(shape[1], cell[1], values.shape[1])
    fr, fc = fr[:, None, None], fc[None, :, None]
    top = values[r0][:, c0] * (1 - fc) + values[r0][:, c1] * fc
    bottom = values[r1][:, c0] * (1 - fc) + values[r1][:, c1] * fc
    return np.asarray(top * (1 - fr) + bottom * fr)


def sd_values(height: int, width: int, cell: tuple[int, int]) -> int:
    """Values that SD converts and sends for an RGB picture."""
    return math.ceil(height / cell[0]) * math.ceil(width / cell[1]) * 3


def sd_ratio(cell: tuple[int, int]) -> float:
    """Compression of SD by the paper's count: values that one mean stands for."""
    return float(cell[0] * cell[1])


def _unit(values: Any) -> Floats:
    array = inputs.finite("rgb", values)
    if array.size and (array.min() < 0 or array.max() > 1):
        raise ScampError(
            f"rgb: expected values 0..1, got {array.min():g}..{array.max():g}; divide 8-bit pictures by 255"
        )
    return array
