"""Planes: upright arrays as users see them, packed words as the fast engine holds them.

Row 0 is the top, column 0 the left; east is to the right. A packed bit plane has 64 PEs a word, the leftmost in the
lowest bit, rows one after another.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import PlaneError

Floats = npt.NDArray[np.float32]
Bits = npt.NDArray[np.bool_]
Packed = npt.NDArray[np.uint64]

WORD = 64
LARGEST = 1024
GREY_TO_PIX = 127.0 / 255.0
"""LSB of PIX per grey level: full white lifts PIX from its reset level by 127 (D KIM: half-range image 0..127)."""


def check_shape(shape: Any) -> tuple[int, int]:
    """(rows, columns) of an array, each a multiple of 64 up to 1024. Raises PlaneError."""
    try:
        rows, columns = (int(n) for n in shape)
        whole = (rows, columns) == tuple(shape)
    except (TypeError, ValueError, OverflowError):
        raise PlaneError(f"array shape {shape!r:.60} is not a pair (rows, columns) of integers") from None
    for n in (rows, columns):
        if not whole or n % WORD or not WORD <= n <= LARGEST:
            raise PlaneError(f"array shape {tuple(shape)}: rows and columns are multiples of {WORD} up to {LARGEST}")
    return rows, columns


MOST = float(np.finfo(np.float32).max)
"""LSB that a float32 holds; far more than any register."""


def _plain(plane: Any, shape: tuple[int, int], name: str) -> npt.NDArray[Any]:
    try:
        array = np.asarray(plane)
    except ValueError:
        raise PlaneError(f"{name}: not an array of shape {shape}") from None
    if array.dtype.kind not in "biuf":
        raise PlaneError(f"{name}: holds {array.dtype} values; expected numbers")
    if array.ndim == 0:
        array = np.broadcast_to(array, shape)
    if array.shape != shape:
        raise PlaneError(f"{name}: shape {array.shape}, but the array of processing elements is {shape}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        row, column = np.argwhere(~np.isfinite(array))[0]
        raise PlaneError(f"{name}: {array[row, column]} at row {row}, column {column}; every value must be finite")
    if array.dtype.kind == "f" and array.dtype.itemsize > 4 and (beyond := np.abs(array) > MOST).any():
        row, column = np.argwhere(beyond)[0]
        raise PlaneError(
            f"{name}: {array[row, column]:g} at row {row}, column {column}; no plane holds more than 3.4e38"
        )
    return array


def analog_plane(plane: Any, shape: tuple[int, int], name: str = "plane") -> Floats:
    """A checked float32 copy of an analog plane (or one number for all PEs). Raises PlaneError on NaN, inf, shape."""
    return np.array(_plain(plane, shape, name), np.float32)


def bit_plane(plane: Any, shape: tuple[int, int], name: str = "plane") -> Bits:
    """A checked bool copy of a bit plane; numbers must be 0 or 1. Raises PlaneError."""
    array = _plain(plane, shape, name)
    if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
        raise PlaneError(f"{name}: a bit plane holds 0 and 1 only; compare with a threshold first")
    return array.astype(np.bool_)


def image_plane(image: Any, shape: tuple[int, int], resize: bool = False, name: str = "image") -> Floats:
    """An image (rows, columns), 0 dark to 255 bright, as float32 of the array's shape.

    resize: crop the centre to the array's proportions and scale it. Raises PlaneError.
    """
    array = np.asarray(image)
    if array.dtype.kind in "US" and not array.ndim:
        raise PlaneError(
            f"{name}: {image!r:.60} is a string; load a picture with scamp_sim.show.render.load_image(path, shape)"
        )
    if array.ndim != 2 or not array.size:
        colour = array.ndim == 3 and array.shape[2] in (3, 4)
        how = ", such as scamp_sim.show.render.load_image(path, shape) makes of a colour file" if colour else ""
        raise PlaneError(f"{name}: shape {array.shape}; give a grey image (rows, columns){how}")
    if array.shape != shape:
        if not resize:
            raise PlaneError(
                f"{name}: {array.shape[0]}x{array.shape[1]}, but the array is {shape[0]}x{shape[1]}; "
                "expose(image, resize=True) crops and scales it"
            )
        array = _fit(_plain(array, array.shape, name).astype(np.float32), shape)
    if array.dtype == np.uint8:
        return array.astype(np.float32)  # nothing can be wrong with its values
    plane = analog_plane(array, shape, name)
    if array.dtype == np.bool_:
        plane *= 255
    if array.dtype.kind == "f" and 0 < plane.max() <= 1:
        raise PlaneError(f"{name}: values 0 to {plane.max():g}; an image is 0 dark to 255 bright: multiply it by 255")
    if plane.min() < 0 or plane.max() > 255:
        raise PlaneError(f"{name}: values {plane.min():g} to {plane.max():g}; an image is 0 dark to 255 bright")
    return plane


def _fit(image: Floats, shape: tuple[int, int]) -> Floats:
    """Centre crop to the proportions of `shape`, then scale with Pillow's area-correct filter."""
    from PIL import Image, ImageOps

    picture = Image.fromarray(image, mode=None)
    return np.asarray(ImageOps.fit(picture, (shape[1], shape[0]), Image.Resampling.BOX), np.float32)


CACHE_LINE = 64
"""Bytes in a cache line; unaligned planes cost a third more."""


def aligned(count: int, dtype: npt.DTypeLike, zeros: int | None = None) -> npt.NDArray[Any]:
    """An array that starts on a cache line.

    zeros: its first elements that are 0, by default all; memory behind them is not touched.
    """
    kind = np.dtype(dtype)
    raw = np.empty(count * kind.itemsize + CACHE_LINE, np.uint8)
    start = -raw.ctypes.data % CACHE_LINE
    found = raw[start : start + count * kind.itemsize].view(kind)
    found[:zeros] = 0
    return found


def pack(bits: Bits) -> Packed:
    """(rows, columns) bool -> (rows * columns / 64,) uint64."""
    return np.packbits(bits.reshape(-1), bitorder="little").view("<u8").astype(np.uint64, copy=False)


def unpack(words: Packed, shape: tuple[int, int]) -> Bits:
    """(rows * columns / 64,) uint64 -> (rows, columns) bool."""
    octets = np.ascontiguousarray(words, "<u8").view(np.uint8)
    return np.unpackbits(octets, bitorder="little").astype(np.bool_).reshape(shape)
