"""Drawn pictures of any resolution: scenes with and without a figure, and silhouettes in ten classes.

Everything is a function of a seed and of coordinates in 0..1, so a scene is the same at every resolution, only finer.
"""

from __future__ import annotations

import numpy as np

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.pixels.curve import Floats

SHAPES = ("disc", "square", "triangle", "star", "cross", "ring", "crescent", "arrow", "bars", "hourglass")
FIGURE_HEIGHT = (0.35, 0.75)
"""Height of a figure over that of the picture."""

SUBSAMPLES = 3
"""Samples along each axis of a pixel, which smooth edges."""


def _grid(rows: int, columns: int) -> tuple[Floats, Floats]:
    """(y, x) of sub-pixels; x and y grow by 1 over the shorter side."""
    s = SUBSAMPLES
    scale = min(rows, columns)
    y = (np.arange(rows * s) + 0.5) / (s * scale)
    x = (np.arange(columns * s) + 0.5) / (s * scale)
    return y[:, None], x[None, :]


def _pixels(fine: Floats, rows: int, columns: int) -> Floats:
    """Means of the sub-pixels."""
    s = SUBSAMPLES
    return np.asarray(fine.reshape(rows, s, columns, s, *fine.shape[2:]).mean(axis=(1, 3)))


def scene(seed: int, shape: tuple[int, int], figure: bool) -> Floats:
    """A textured background with a few things in it and, with `figure`, a standing figure: light (rows, columns, 3).

    seed: fixes everything; with and without the figure the background is the same.
    shape: rows and columns.
    """
    rows, columns = shape
    if rows < 1 or columns < 1:
        raise ScampError(f"expected a scene of at least 1x1 pixels, got {rows}x{columns}")
    rng = np.random.default_rng([seed, 1])
    y, x = _grid(rows, columns)
    height, width = rows / min(rows, columns), columns / min(rows, columns)
    light = np.empty((rows * SUBSAMPLES, columns * SUBSAMPLES, 3))
    sky, ground = rng.uniform(0.35, 0.9, 3), rng.uniform(0.15, 0.6, 3)
    horizon = rng.uniform(0.4, 0.7) * height
    blend = 1 / (1 + np.exp(-(y - horizon) * 40))
    texture = np.zeros((rows * SUBSAMPLES, columns * SUBSAMPLES))
    for _ in range(6):
        fy, fx = rng.normal(0, 8, 2)
        texture = texture + 0.02 * np.sin(2 * np.pi * (fy * y + fx * x) + rng.uniform(0, 2 * np.pi))
    for c in range(3):
        light[..., c] = sky[c] * (1 - blend) + ground[c] * blend + texture
    for _ in range(rng.integers(2, 6)):  # things: boxes and discs, no figures
        cy, cx = rng.uniform(0, height), rng.uniform(0, width)
        ry, rx = rng.uniform(0.03, 0.2, 2)
        box = rng.random() < 0.5
        away = np.maximum(abs(y - cy) / ry, abs(x - cx) / rx) if box else np.hypot((y - cy) / ry, (x - cx) / rx)
        light[away < 1] = rng.uniform(0.05, 0.95, 3)
    if figure:
        _figure(light, y, x, np.random.default_rng([seed, 2]), height, width)
    return np.clip(_pixels(light, rows, columns), 0.0, 1.0)


def _figure(light: Floats, y: Floats, x: Floats, rng: np.random.Generator, height: float, width: float) -> None:
    """Head, trunk, arms and legs, of three colours."""
    tall = rng.uniform(*FIGURE_HEIGHT) * height
    top, middle = rng.uniform(0.05, height - tall), rng.uniform(0.2, 0.8) * width
    v, u = (y - top) / tall, (x - middle) / tall
    lean = rng.normal(0, 0.05)
    u = u - lean * v
    skin, shirt, trousers = rng.uniform(0.3, 0.95, 3), rng.uniform(0.05, 0.95, 3), rng.uniform(0.05, 0.6, 3)
    stride, arm = rng.uniform(0.05, 0.16), rng.uniform(0.1, 0.25)
    light[np.hypot(u / 0.075, (v - 0.09) / 0.09) < 1] = skin
    light[(v > 0.18) & (v < 0.55) & (abs(u) < 0.11 - 0.03 * v)] = shirt
    for side in (-1, 1):
        reach = side * (0.09 + arm * (v - 0.2))
        light[(v > 0.2) & (v < 0.52) & (abs(u - reach) < 0.03)] = shirt
        step = side * (0.04 + stride * (v - 0.55))
        light[(v >= 0.55) & (v < 1) & (abs(u - step) < 0.045)] = trousers


def figures(count: int, size: int, seed: int = 0) -> tuple[Floats, np.ndarray]:
    """(light (count, size, size, 3), labels (count,)): half of the scenes have a figure."""
    labels = (np.random.default_rng([seed, 3]).permutation(count) % 2).astype(np.int64)
    pictures = [scene(seed * 1_000_003 + n, (size, size), bool(label)) for n, label in enumerate(labels)]
    return np.stack(pictures), labels


def silhouette(kind: int, seed: int, size: int) -> Floats:
    """One shape of `SHAPES`, turned, stretched and moved by the seed: light (size, size), dark on bright."""
    rng = np.random.default_rng([seed, 4, kind])
    y, x = _grid(size, size)
    v, u = y - 0.5 - rng.normal(0, 0.06), x - 0.5 - rng.normal(0, 0.06)
    angle, scale = rng.normal(0, 0.35), rng.uniform(0.22, 0.36)
    stretch = np.exp(rng.normal(0, 0.15))
    a = (np.cos(angle) * u + np.sin(angle) * v) / scale * stretch
    b = (-np.sin(angle) * u + np.cos(angle) * v) / scale / stretch
    r, phi = np.hypot(a, b), np.arctan2(b, a)
    square = np.maximum(abs(a), abs(b))
    inside = {
        "disc": r < 1,
        "square": square < 0.9,
        "triangle": (b < 0.8) & (abs(a) < (b + 1) * 0.6),
        "star": r < 0.65 + 0.35 * np.cos(5 * phi),
        "cross": (np.minimum(abs(a), abs(b)) < 0.3) & (square < 1),
        "ring": abs(r - 0.75) < 0.25,
        "crescent": (r < 1) & (np.hypot(a - 0.45, b) > 0.8),
        "arrow": ((abs(b) < 0.22) & (a > -1) & (a < 0.3)) | ((a >= 0.2) & (abs(b) < 0.9 * (1 - a)) & (a < 1)),
        "bars": (abs(np.mod(a * 1.5 + 0.5, 1) - 0.5) < 0.27) & (square < 1),
        "hourglass": (abs(a) < abs(b) * 0.9) & (abs(b) < 1),
    }[SHAPES[kind]]
    paper, ink = rng.uniform(0.75, 1.0), rng.uniform(0.0, 0.25)
    return _pixels(np.where(inside, ink, paper), size, size)


def silhouettes(count: int, size: int, seed: int = 0) -> tuple[Floats, np.ndarray]:
    """(light (count, size, size), labels (count,)) of the ten shapes."""
    labels = (np.random.default_rng([seed, 5]).permutation(count) % len(SHAPES)).astype(np.int64)
    pictures = [silhouette(int(label), seed * 1_000_003 + n, size) for n, label in enumerate(labels)]
    return np.stack(pictures), labels
