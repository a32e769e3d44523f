"""Small data sets by name: digits, silhouettes, drawn shapes, scenes with and without a figure.

Visual Wake Words, CIFAR10 and ImageNet, which the papers use, are not among them: accuracies here say which choices
help, and are no substitute for published ones.
"""

from __future__ import annotations

import gzip
import pickletools
import zipfile
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ScampError
from scamp_sim.reading import DAMAGE, check_packed, checked_path, is_there, reason
from scamp_sim.systems.pixels.curve import Floats
from scamp_sim.text import short

WHEEL = "animal_mnist-*.whl"
ANIMALS = (
    "animal_mnist/data/Animal_MNIST/animal_data_version_3.gz",
    "animal_mnist/data/Animal_MNIST/animal_label_version_3.gz",
)
MOST_BYTES = 1 << 28


@dataclass(frozen=True, eq=False)
class Pictures:
    """light: (n, C, size, size) float32 in 0..1.
    labels: (n,).
    classes: names.
    source: what it is, for plots.
    """

    light: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    source: str

    def split(self, test: int) -> tuple[Pictures, Pictures]:
        """(training, test): the last `test` pictures are for the test."""
        if not 1 <= test < len(self.labels):
            raise ScampError(f"{self.source}: {len(self.labels)} pictures cannot give {test} for the test")
        at = len(self.labels) - test
        one, two = (
            Pictures(self.light[part], self.labels[part], self.classes, self.source)
            for part in (slice(None, at), slice(at, None))
        )
        return one, two


MOST_VALUES = 1 << 28
"""Pixels of all pictures of a set: 2 GiB while they are drawn."""


def load(name: str, size: int = 40, count: int | None = None, seed: int = 0) -> Pictures:
    """A data set.

    name: "digits" (scikit-learn's 1,797 handwritten digits), "animals:FILE" (10,000 silhouettes of the wheel of
        animal-mnist 0.4, which is read without unpickling), "shapes" (ten drawn silhouettes) or "figures" (drawn scenes
        with and without a figure, in colour).
    size: rows and columns.
    count: how many, in an order that the seed fixes.

    Raises ScampError.
    """
    head, _, tail = name.partition(":")
    if not 4 <= size <= 1024:
        raise ScampError(f"expected pictures of 4..1024 pixels a side, got {size}")
    if count is not None and count < 1:
        raise ScampError(f"expected at least one picture, got {count}")
    if (count or 0) * size**2 > MOST_VALUES:
        raise ScampError(
            f"{count:,} pictures of {size}x{size} would fill the memory; at most {MOST_VALUES // size**2:,} are taken"
        )
    if head == "digits" and not tail:
        return _chosen(*_digits(), size, count, seed, "digits of scikit-learn")
    if head == "animals":
        light, labels = animals(tail)
        names = tuple(f"animal {n}" for n in range(int(labels.max()) + 1))
        return _chosen(light, labels, names, size, count, seed, "silhouettes of animal-mnist 0.4")
    if head in ("shapes", "figures") and not tail:
        from scamp_sim.systems.pixels.data import scenes

        if head == "shapes":
            light, labels = scenes.silhouettes(count or 4000, size, seed)
            return Pictures(light[:, None].astype(np.float32), labels, scenes.SHAPES, "drawn shapes")
        light, labels = scenes.figures(count or 1000, size, seed)
        planes = np.moveaxis(light, -1, 1).astype(np.float32)
        return Pictures(planes, labels, ("no figure", "figure"), "drawn scenes")
    raise ScampError(f"unknown data '{short(name, 60)}': expected digits, animals:WHEEL, shapes or figures")


def _digits() -> tuple[Floats, npt.NDArray[np.int64], tuple[str, ...]]:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ScampError("the digits come with scikit-learn: pip install scikit-learn, or take --data shapes") from None
    found: Any = load_digits()
    return 1 - found.images / 16.0, found.target.astype(np.int64), tuple("0123456789")


def _chosen(
    light: Floats,
    labels: npt.NDArray[np.int64],
    names: tuple[str, ...],
    size: int,
    count: int | None,
    seed: int,
    source: str,
) -> Pictures:
    """In an order fixed by the seed, scaled. light: (n, rows, columns) in 0..1."""
    from PIL import Image

    order = np.random.default_rng([seed, 6]).permutation(len(labels))[:count]
    if count is not None and count > len(labels):
        raise ScampError(f"{source}: {count} pictures asked for, there are {len(labels)}")
    kind = Image.Resampling.BILINEAR if size > light.shape[1] else Image.Resampling.BOX
    scaled = [
        np.asarray(Image.fromarray(light[n].astype(np.float32)).resize((size, size), kind), np.float32) for n in order
    ]
    planes = np.clip(np.stack(scaled), 0, 1)[:, None]
    return Pictures(planes, labels[order], names, source)


def animals(file: str) -> tuple[Floats, npt.NDArray[np.int64]]:
    """(light (10000, 28, 28), labels) out of the wheel of animal-mnist 0.4. Raises ScampError.

    file: the wheel, as `pip download animal-mnist==0.4 --no-deps` leaves it, or a folder that holds it.
    """
    path = Path(file)
    if path.is_dir():
        found = sorted(path.glob(WHEEL))
        if not found:
            raise ScampError(f"{path} holds no {WHEEL}; pip download animal-mnist==0.4 --no-deps puts one there")
        path = found[-1]
    if not is_there(path):
        raise ScampError(
            f"animals:{short(file, 80)}: no such file; pip download animal-mnist==0.4 --no-deps gives the wheel"
        )
    check_packed(checked_path(path, "animals", limit=MOST_BYTES), f"animals:{short(file, 80)}", limit=MOST_BYTES)
    try:
        with zipfile.ZipFile(path) as wheel:
            packed = [_unzipped(wheel.read(name)) for name in ANIMALS]
    except DAMAGE as e:
        raise ScampError(f"animals:{short(file, 80)}: not a wheel of animal-mnist 0.4 ({reason(e)})") from None
    where = f"animals:{short(file, 80)}"
    light, labels = (plain_array(part, f"{where}: {name}") for part, name in zip(packed, ANIMALS, strict=True))
    if light.ndim != 3 or light.dtype != np.uint8 or labels.shape != light.shape[:1]:
        raise ScampError(f"{path}: expected pictures (n, rows, columns) of uint8 and as many labels")
    return light / 255.0, labels.astype(np.int64)


def _unzipped(data: bytes) -> bytes:
    import io

    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise ValueError("a data file unpacks to more than 256 MiB")
    return found


INTEGERS = {"BININT", "BININT1", "BININT2"}
HARMLESS = {
    "PROTO",
    "FRAME",
    "MEMOIZE",
    "BINPUT",
    "BINGET",
    "MARK",
    "TUPLE",
    "TUPLE1",
    "TUPLE2",
    "TUPLE3",
    "REDUCE",
    "BUILD",
    "STOP",
    "NONE",
    "NEWTRUE",
    "NEWFALSE",
    "SHORT_BINUNICODE",
    "BINUNICODE",
    "SHORT_BINBYTES",
    "BINBYTES",
    "BINBYTES8",
    "STACK_GLOBAL",
    *INTEGERS,
}
WORDS = {"numpy.core.multiarray", "numpy._core.multiarray", "_reconstruct", "numpy", "ndarray", "dtype", "|", "<"}
TYPES: dict[str, np.dtype[Any]] = {name: np.dtype(f"<{name}") for name in ("u1", "i4", "i8", "f4", "f8")}


def plain_array(data: bytes, what: str) -> npt.NDArray[Any]:
    """The one array that a pickle holds, read off its opcodes: nothing is unpickled, nothing can run.

    data: the pickle.
    what: for messages.

    Raises ScampError for a pickle with anything else in it.
    """
    shape: list[int] = []
    kind, payload, building = "", b"", None
    try:
        for opcode, found, _ in pickletools.genops(data):
            name, arg = opcode.name, cast("Any", found)
            if name not in HARMLESS:
                raise ScampError(f"{what}: holds more than a plain array ({name}); pickled data is refused")
            if "UNICODE" in name:
                if arg in TYPES:
                    kind = str(arg)
                elif arg not in WORDS:
                    raise ScampError(f"{what}: names '{short(str(arg), 40)}'; pickled data is refused")
            elif "BYTES" in name and len(arg) > len(payload):
                payload = bytes(arg)
            # The array's state is (version, shape, type, order, bytes), behind the first call.
            if name == "REDUCE" and building is None:
                building = True
            elif building and name in INTEGERS:
                shape.append(int(arg))
            elif building and name.startswith("TUPLE"):
                building = False
    except ScampError:
        raise
    except Exception as e:
        raise ScampError(f"{what}: not a pickled array ({short(str(e), 60)})") from None
    dtype = TYPES.get(kind)
    if dtype is None or len(shape) < 2 or prod(shape[1:]) * dtype.itemsize != len(payload):
        raise ScampError(f"{what}: not one plain array; pickled data is refused")
    return np.frombuffer(payload, dtype).reshape(shape[1:])
