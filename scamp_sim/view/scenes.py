"""Pictures for a program that nobody has given one: the same on every machine, with edges, greys and motion."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]

PERIOD = 16
"""Frames after which the moving scene is where it began."""


def scene(shape: tuple[int, int], frame: int = 0) -> Grey:
    """A moving scene, (rows, columns) uint8: a slope of grey, a disk that goes round, bars, a bright square, dots.

    frame: from 0.
    """
    rows, columns = shape
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64)
    y, x = y / rows, x / columns
    grey = 40 + 70 * x + 30 * y
    angle = 2 * np.pi * (frame % PERIOD) / PERIOD
    disk = (x - 0.5 - 0.26 * np.cos(angle)) ** 2 + (y - 0.42 - 0.2 * np.sin(angle)) ** 2
    grey = np.where(disk < 0.12**2, 225, grey)
    grey = np.where(disk < 0.05**2, 20, grey)
    bars = (y > 0.76) & (y < 0.94) & (x > 0.06) & (x < 0.52)
    grey = np.where(bars & (np.floor(x * 44 + frame / 4) % 2 == 0), 15, np.where(bars, 200, grey))
    square = (np.abs(x - 0.8) < 0.1) & (np.abs(y - 0.82) < 0.09)
    grey = np.where(square, 245, grey)
    dots = (x > 0.06) & (x < 0.34) & (y > 0.08) & (y < 0.26)
    on = ((np.floor(x * 64) * 7 + np.floor(y * 64) * 13) % 5 < 2) & (np.floor(y * 64) % 3 > 0)
    return np.asarray(np.where(dots & on, 10, grey), np.uint8)


def ramp(shape: tuple[int, int], frame: int = 0) -> Grey:
    """Grey 0 at the left to 255 at the right."""
    return np.broadcast_to(np.linspace(0, 255, shape[1]).round().astype(np.uint8), shape).copy()


def checkers(shape: tuple[int, int], frame: int = 0) -> Grey:
    """Squares of 16x16 in two greys, which move one to the right from frame to frame."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    return np.where(((x - frame) // 16 + y // 16) % 2 == 0, 60, 190).astype(np.uint8)


def dark(shape: tuple[int, int], frame: int = 0) -> Grey:
    """Grey 0 everywhere."""
    return np.zeros(shape, np.uint8)


def bright(shape: tuple[int, int], frame: int = 0) -> Grey:
    """Grey 255 everywhere."""
    return np.full(shape, 255, np.uint8)


SCENES: Mapping[str, Callable[[tuple[int, int], int], Grey]] = {
    "scene": scene,
    "ramp": ramp,
    "checkers": checkers,
    "dark": dark,
    "bright": bright,
}
"""Name -> picture of a shape and a frame."""


__all__ = ["PERIOD", "SCENES", "scene"]
