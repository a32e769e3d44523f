"""What the kernels of the library shall compute, in plain NumPy and float64.

Beyond the edge of a plane everything is 0 here. Where a kernel loses what it moves over the edge of the array, the test
compares the inner part only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float64]
Bits = npt.NDArray[np.bool_]

BINOMIAL = {1: [1, 2, 1], 2: [1, 4, 6, 4, 1], 3: [1, 6, 15, 20, 15, 6, 1]}
RING = (
    (-3, 0),
    (-3, 1),
    (-2, 2),
    (-1, 3),
    (0, 3),
    (1, 3),
    (2, 2),
    (3, 1),
    (3, 0),
    (3, -1),
    (2, -2),
    (1, -3),
    (0, -3),
    (-1, -3),
    (-2, -2),
    (-3, -1),
)
"""Rows down, columns right of the centre; clockwise from the north."""


def grey(image: npt.NDArray[np.uint8]) -> Plane:
    """What get_image leaves in a register."""
    return image.astype(np.float64) * 127 / 255


def at(plane: npt.NDArray[Any], down: int, right: int, outside: float = 0) -> npt.NDArray[Any]:
    """The plane whose pixel (y, x) is pixel (y + down, x + right) of the given one."""
    rows, columns = plane.shape
    far = max(abs(down), abs(right))
    padded = np.pad(plane, far, constant_values=outside)
    return padded[far + down : far + down + rows, far + right : far + right + columns]


def roberts(plane: Plane) -> Plane:
    """The larger of the two diagonal differences of 2x2 pixels."""
    falling, rising = at(plane, 1, 1) - plane, at(plane, 0, 1) - at(plane, 1, 0)
    return np.maximum(np.abs(falling), np.abs(rising))


def correlate(plane: npt.NDArray[Any], weights: npt.ArrayLike) -> Plane:
    """Sum of weights[i][j] * plane(y + i - h, x + j - w), odd windows centred on the pixel."""
    window = np.asarray(weights, np.float64)
    h, w = window.shape[0] // 2, window.shape[1] // 2
    total = np.zeros(plane.shape)
    for i, j in np.ndindex(window.shape):
        total += window[i, j] * at(plane, i - h, j - w)
    return total


SOBEL_X = np.outer([1, 2, 1], [-1, 0, 1])
PREWITT_X = np.outer([1, 1, 1], [-1, 0, 1])
LAPLACE = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])


def sobel(plane: Plane) -> tuple[Plane, Plane]:
    """East minus west, south minus north."""
    return correlate(plane, SOBEL_X), correlate(plane, SOBEL_X.T)


def gauss(plane: Plane, radius: int) -> Plane:
    line = np.array(BINOMIAL[radius]) / 4**radius
    return correlate(plane, np.outer(line, line))


def local_contrast(plane: Plane) -> Plane:
    """The pixel minus the mean of the 5x5 pixels around it."""
    return plane - correlate(plane, np.ones((5, 5)) / 25)


def dilate(bits: Bits, iterations: int, square: bool, outside: bool = False) -> Bits:
    """Growth by a 3x3 square or by the four neighbours, over and over."""
    near = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if square or i == 0 or j == 0]
    for _ in range(iterations):
        bits = np.logical_or.reduce([at(bits, i, j, outside) for i, j in near])
    return bits


def erode(bits: Bits, iterations: int, square: bool) -> Bits:
    """A pixel stays if all of its neighbourhood is set; beyond the edge counts as set."""
    near = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if square or i == 0 or j == 0]
    for _ in range(iterations):
        bits = np.logical_and.reduce([at(bits, i, j, True) for i, j in near])
    return bits


def corners(plane: Plane, level: float, arc: int) -> Bits:
    """FAST: `arc` ring pixels in a row all above centre + level, or all below centre - level."""
    found = np.zeros(plane.shape, bool)
    for sign in (1, -1):
        beyond = [sign * (at(plane, i, j) - plane) > level for i, j in RING]
        for start in range(16):
            found |= np.logical_and.reduce([beyond[(start + k) % 16] for k in range(arc)])
    inside = np.zeros(plane.shape, bool)
    inside[3:-3, 3:-3] = True
    return found & inside


def depthwise(plane: Plane, weights: npt.NDArray[np.int64]) -> Plane:
    """Kernel r + 4 c in block row r, block column c of a 4x4 grid of 64x64 blocks, zeros around each block."""
    out = np.empty(plane.shape)
    for r, c in np.ndindex(4, 4):
        block = np.s_[64 * r : 64 * r + 64, 64 * c : 64 * c + 64]
        out[block] = correlate(plane[block], weights[r + 4 * c])
    return out


def random_image(shape: tuple[int, int], seed: int = 1) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def scene(shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Bars, discs, a checkerboard, a ramp and a bright frame at the very edge: something for every kernel to find."""
    rows, columns = np.indices(shape)
    picture = (columns * 160 // shape[1] + 20).astype(np.int64)
    picture[(rows // 5 + columns // 5) % 2 == 0] += 40
    for y, x, radius, value in ((20, 20, 9, 250), (40, 48, 6, 0), (30, 5, 4, 255), (12, 50, 2, 255)):
        picture[(rows - y) ** 2 + (columns - x) ** 2 <= radius**2] = value
    picture[shape[0] // 2 : shape[0] // 2 + 3] = 230
    picture[:, shape[1] // 3 : shape[1] // 3 + 2] = 5
    picture[0] = picture[-1] = 255
    picture[:, 0] = picture[:, -1] = 255
    picture[shape[0] - 20 :, shape[1] - 24 : shape[1] - 8] = 90  # flat
    return picture.clip(0, 255).astype(np.uint8)


def inner(plane: npt.NDArray[Any], border: int) -> npt.NDArray[Any]:
    """The plane without its outermost `border` rows and columns."""
    return plane[border:-border, border:-border] if border else plane
