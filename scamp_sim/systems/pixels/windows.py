"""Windows of a strided convolution without padding, and the sums that their pixels put on the column line."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import integer
from scamp_sim.exceptions import PlaneError, ScampError
from scamp_sim.systems.pixels.curve import Floats, Pixel, PolynomialPixel, pixel_of

CDS = ("two-phase", "signed")


class Sums(NamedTuple):
    """Analog sums (..., O, h, w): of the positive and of the negative weights; in signed mode `up` holds all."""

    up: Floats
    down: Floats


def out_size(size: int, kernel: int, stride: int, padding: int = 0) -> int:
    """Windows along an axis of `size` pixels (P2M, Eq. 3). Raises ScampError where not one fits."""
    if kernel > size + 2 * padding:
        raise ScampError(
            f"a {kernel}x{kernel} kernel does not fit a picture {size} pixels wide or high; use a picture of at least "
            f"{kernel}x{kernel} pixels or a smaller kernel"
        )
    return (size - kernel + 2 * padding) // stride + 1


def check_integer(name: str, value: object, low: int, high: int) -> int:
    """`value` as an int in low..high. Raises ScampError that names it."""
    return integer(name, value, low, high)


def check_weights(weights: npt.ArrayLike) -> Floats:
    """Weights as float64 (O, C, k, k). Raises ScampError for other shapes and for values that are not finite."""
    try:
        array = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ScampError("expected weights as an array of numbers (channels out, channels in, k, k)") from None
    if array.ndim != 4 or 0 in array.shape or array.shape[2] != array.shape[3]:
        raise ScampError(f"expected weights of shape (channels out, channels in, k, k), got {array.shape}")
    if not np.all(np.isfinite(array)):
        o, c, i, j = np.argwhere(~np.isfinite(array))[0]
        raise ScampError(f"weight [{o}][{c}][{i}][{j}] is {array[o, c, i, j]}; weights must be finite")
    return array


def check_light(image: npt.ArrayLike, channels: int) -> Floats:
    """A picture as float64 (H, W, C), 0 dark and 1 bright; (H, W) counts as one channel.

    Raises PlaneError for integers, other shapes or channels, and light that is not finite or not in 0..1.
    """
    array = np.asarray(image)
    if not np.issubdtype(array.dtype, np.floating):
        raise PlaneError(f"expected light as floats in 0..1, got {array.dtype}; divide 8-bit pictures by 255")
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3:
        raise PlaneError(f"expected a picture of shape (rows, columns, channels), got {array.shape}")
    if array.shape[2] != channels:
        raise PlaneError(
            f"the picture has {array.shape[2]} colour channel(s), the weights take {channels}; "
            "convert the picture or use weights of its depth"
        )
    check_range(array)
    return array.astype(np.float64)


def check_range(array: npt.NDArray[np.floating]) -> None:
    """Raises PlaneError unless every value is finite and in 0..1."""
    if array.size == 0:
        raise PlaneError(f"the picture is empty: its shape is {array.shape}")
    # NaN fails both comparisons.
    if not (array.min() >= 0 and array.max() <= 1):
        bad = array[~((array >= 0) & (array <= 1))].ravel()[0]
        raise PlaneError(
            f"light of {bad:g}: expected finite values in 0..1 (0 dark, 1 bright); scale the picture first"
        )


def window_sums(light: npt.ArrayLike, weights: Floats, stride: int, pixel: str | Pixel, cds: str = "two-phase") -> Sums:
    """What the column lines carry (P2M, section 3.3).

    light: (..., C, H, W) float in 0..1.
    weights: (O, C, k, k).
    stride: pixels between windows.
    pixel: "ideal", "curve" or f(w, light).
    cds: "two-phase": positive weights f(w, I) in `up`, negative ones f(-w, I) in `down`, and nothing of a weight 0;
        "signed": f(w, I) of every weight in `up`.

    Taps are added in the order of (channel, row, column) and pictures do not mix, so a picture has the same bits alone
    and in a batch, on any number of threads. Raises ScampError.
    """
    if cds not in CDS:
        raise ScampError(f"unknown CDS mode {cds!r:.40}: expected 'two-phase' or 'signed'")
    stride = check_integer("stride", stride, 1, 1 << 16)
    x = np.asarray(light, dtype=np.float64)
    out, channels, k, _ = weights.shape
    rows, columns = out_size(x.shape[-2], k, stride), out_size(x.shape[-1], k, stride)
    f = pixel_of(pixel)
    sums = np.zeros((2, out, *x.shape[:-3], rows, columns))

    def tap(plane: Floats, c: int, i: int, j: int) -> Floats:
        cut = plane[..., c, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
        return np.ascontiguousarray(cut)

    affine = isinstance(f, PolynomialPixel)
    if isinstance(f, PolynomialPixel):
        g, h = f.g(x), f.h(x)
    term = np.empty(sums.shape[2:])
    for c, i, j in np.ndindex(channels, k, k):
        if affine:
            g_tap, h_tap = tap(g, c, i, j), tap(h, c, i, j)
        else:
            x_tap = tap(x, c, i, j)
        for o in range(out):
            w = weights[o, c, i, j]
            if cds == "two-phase" and w == 0:
                continue
            width = w if cds == "signed" else abs(w)
            if affine:
                np.multiply(h_tap, width, out=term)
                np.add(term, g_tap, out=term)
            else:
                term[...] = checked_output(called(f, width, x_tap), term.shape)
            sums[int(cds == "two-phase" and w < 0), o] += term
    up, down = np.moveaxis(sums, 1, -3)
    return Sums(np.ascontiguousarray(up), np.ascontiguousarray(down))


def called(f: Pixel, width: float, light: Floats) -> object:
    """What a user's pixel function gives. Raises ScampError where it cannot be called so."""
    try:
        return f(np.float64(width), light)
    except ScampError:
        raise
    except Exception as e:
        raise ScampError(
            f"the pixel function failed on a width and an array of light: {e}; write it with NumPy functions, or wrap "
            "it in numpy.vectorize"
        ) from e


def checked_output(values: object, shape: tuple[int, ...]) -> Floats:
    """What a pixel function returned. Raises ScampError unless it fits `shape` and is finite."""
    try:
        array = np.broadcast_to(np.asarray(values, dtype=np.float64), shape)
    except (TypeError, ValueError, OverflowError):
        raise ScampError(f"the pixel function must return numbers of the shape of its arguments, {shape}") from None
    if not np.all(np.isfinite(array)):
        raise ScampError("the pixel function returned a value that is not finite")
    return array
