"""Reading pictures that users give: the one guarded reader of picture files, of a single picture and of many frames.

What a file claims is looked at before anything is decoded. Pillow is imported where it is used, so that importing the
package stays cheap.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import PlaneError, ScampError
from scamp_sim.reading import DAMAGE, checked_path, reason
from scamp_sim.text import short

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MOST_PIXELS = 100_000_000
"""Pixels of a picture that are decoded: 10,000 x 10,000, 400 MB in colour with transparency."""

DENSEST = 20_000
"""Pixels that a byte of a file can stand for. Deflate packs a thousandfold, of eight pixels a byte; a file that claims
more than this is damaged, and nothing is allocated for it."""

STRIP = 1 << 21
"""Pixels that are converted at a time, so that copies do not double the memory."""

MOST_PICTURE = 1 << 30
"""Bytes of the file of a picture."""

MOST_FRAME = 25_000_000
"""Pixels of a frame of an animation: libraries keep several copies of it."""

MOST_FRAMES = 1 << 30
"""Pixels of all frames of an animation."""


def load_image(path: str | Path, shape: tuple[int, int] | None = None, resize: bool = False) -> npt.NDArray[np.uint8]:
    """The picture in a file as (rows, columns) uint8 grey, upright, 0 dark to 255 bright.

    shape: the (rows, columns) it must have.
    resize: crop the centre to those proportions and scale it. Colour becomes luma, 16-bit grey keeps its upper 8 bits.

    Raises PlaneError that names the file and the remedy.
    """
    return np.array(fitted(open_picture(path), path, shape, resize), np.uint8)


def fitted(picture: Picture, path: str | Path, shape: tuple[int, int] | None, resize: bool) -> Picture:
    """A picture as `load_image` brings it to a shape. Raises PlaneError that names the file and the remedy."""
    from PIL import Image, ImageOps

    if shape is None or (picture.height, picture.width) == tuple(shape):
        return picture
    if not resize:
        raise PlaneError(
            f"image {short(str(path), 200)}: {picture.height}x{picture.width} (rows x columns), but the array is "
            f"{shape[0]}x{shape[1]}; crop and scale it with --resize"
        )
    return ImageOps.fit(picture, (shape[1], shape[0]), Image.Resampling.BOX)


def open_picture(path: str | Path, what: str = "image", colour: bool = False) -> Picture:
    """The picture in a file, upright as its EXIF orientation says.

    what: what it is, for messages.
    colour: as RGB, not as 8-bit grey.

    Raises PlaneError that names the file and the remedy.
    """
    picture = decoded(path, what)
    with guarded(path, what):
        return _rgb(picture, path) if colour else grey_of(picture, path)


def decoded(path: str | Path, what: str = "image", error: type[ScampError] = PlaneError) -> Picture:
    """The first picture in a file as it is stored, upright as its EXIF orientation says. Raises `error`."""
    from PIL import ImageOps

    with _opened(path, what, error) as opened:
        opened.load()
        return ImageOps.exif_transpose(opened)


def frame_count(path: str | Path) -> int:
    """How many frames an animation or a file of several pages holds; 1 for other pictures, and if it cannot be told."""
    from PIL import Image

    checked_path(path, "image", PlaneError, MOST_PICTURE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as opened:
                # A camera's MPO holds other views of the same shot, which nobody would call frames.
                return 1 if opened.format == "MPO" else int(getattr(opened, "n_frames", 1))
    except (*DAMAGE, Image.DecompressionBombError):
        return 1


def frames_of(path: str | Path, what: str = "image", count: int | None = None) -> Iterator[tuple[Picture, float]]:
    """Every frame of an animation, or page of a file, as 8-bit grey, and the milliseconds that it is shown, 0 where the
    file does not say.

    count: what `frame_count` gave for it, if somebody has asked already.

    Raises PlaneError that names the file and the remedy.
    """
    from PIL import Image

    checked_path(path, what, PlaneError, MOST_PICTURE)
    left = _densest(path, MOST_FRAMES)
    with guarded(path, what):
        opened = Image.open(path)
    with opened:
        for number in range(frame_count(path) if count is None else count):
            with guarded(path, what):
                opened.seek(number)
                if opened.width * opened.height > MOST_FRAME:
                    raise PlaneError(
                        f"{what} {short(str(path), 200)}: frames of {opened.height}x{opened.width} pixels; at most "
                        f"{MOST_FRAME:,} are read, so scale them down first"
                    )
                left -= opened.width * opened.height
                if left < 0:
                    raise PlaneError(
                        f"{what} {short(str(path), 200)}: too many pixels in all frames; give fewer, or smaller ones"
                    )
                opened.load()
                grey, shown = grey_of(opened, path), float(opened.info.get("duration") or 0)
            yield grey, shown


def shown_for(path: str | Path) -> float:
    """The milliseconds that a frame of an animation is shown, in the mean of its first dozen, since formats round them;
    0 where the file does not say."""
    from PIL import Image

    try:
        with guarded(path), Image.open(path) as opened:
            found: list[float] = []
            for number in range(1, 13):  # some formats say how long a frame is shown with the frame that follows
                try:
                    opened.seek(number)
                except EOFError:
                    break
                _check_size(opened, path, "image", PlaneError, _densest(path, MOST_FRAME))
                opened.load()
                found.append(max(0.0, float(opened.info.get("duration") or 0)))
            return sum(found) / len(found) if found else 0.0
    except PlaneError:
        return 0.0


UNKNOWN = "not a picture that can be read"
"""What is said of a file of no format that Pillow knows."""


@contextmanager
def guarded(path: str | Path, what: str = "image", error: type[ScampError] = PlaneError) -> Iterator[None]:
    """What Pillow raises inside, for files that are damaged, as `error` that names the file and the remedy.

    Its warnings are left out: sizes are looked at here.
    """
    from PIL import Image, UnidentifiedImageError

    shown = short(str(path), 200)
    try:
        with warnings.catch_warnings(), _unheard(path):
            warnings.simplefilter("ignore")
            yield
    except ScampError:
        raise
    except UnidentifiedImageError:
        raise error(f"{what} {shown}: {UNKNOWN}; give PNG, JPEG or another common format") from None
    except Image.DecompressionBombError:  # Pillow counts before anybody can ask it how many there are
        most = f"at most {MOST_PIXELS:,} are read, so scale it down first"
        raise error(f"{what} {shown}: too many pixels; {most}") from None
    except DAMAGE as e:
        # Pillow raises OSError without a word of the system for files that end early
        why = "it is damaged or cut off" if isinstance(e, OSError) and not e.strerror else reason(e)
        raise error(f"{what} {shown}: cannot be read: {why}; save it again as PNG or JPEG") from e


TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How TIFF and BigTIFF begin, in both orders of bytes."""

_unhearing = threading.Lock()
_unheard_by: list[Any] = [0, None]
"""How many readers of TIFF are at work, and the handler of errors that libtiff had before the first."""


@contextmanager
def _unheard(path: str | Path) -> Iterator[None]:
    """Without libtiff's own lines on standard error, several for a damaged file, which say no more than ours.

    It takes a handler for them, and Pillow leaves its own in place. Where its symbol cannot be found (on Windows it is
    part of Pillow) nothing changes.
    """
    begins = b""
    with suppress(OSError, ValueError), open(path, "rb") as file:
        begins = file.read(4)
    handler = _handler_of_tiff() if begins in TIFF else None
    if handler is None:
        yield
        return
    with _unhearing:
        if not _unheard_by[0]:
            _unheard_by[1] = handler(None)
        _unheard_by[0] += 1
    try:
        yield
    finally:
        with _unhearing:
            _unheard_by[0] -= 1
            if not _unheard_by[0]:
                handler(_unheard_by[1])


@cache
def _handler_of_tiff() -> Callable[[int | None], int | None] | None:
    """TIFFSetErrorHandler of the libtiff that Pillow uses, which gives the handler from before; None without one."""
    import ctypes

    try:
        from PIL import _imaging

        function = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler  # looked for in what it is linked with, too
    except (ImportError, OSError, AttributeError):
        return None
    function.restype, function.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)
    found: Callable[[int | None], int | None] = function
    return found


@contextmanager
def _opened(path: str | Path, what: str, error: type[ScampError]) -> Iterator[Picture]:
    from PIL import Image

    checked_path(path, what, error, MOST_PICTURE)
    with guarded(path, what, error), Image.open(path) as opened:
        _check_size(opened, path, what, error, _densest(path, MOST_PIXELS))
        yield opened


def _densest(path: str | Path, most: int) -> int:
    """The most pixels that a file of this size can hold, and `most` at most."""
    return min(most, DENSEST * max(1000, os.path.getsize(path)))


def _check_size(opened: Picture, path: str | Path, what: str, error: type[ScampError], most: int) -> None:
    if opened.width * opened.height > most:
        size = f"{what} {short(str(path), 200)}: {opened.height}x{opened.width} pixels"
        if opened.width * opened.height <= MOST_PIXELS:
            raise error(f"{size} in {os.path.getsize(path):,} bytes: it is damaged; save it again")
        raise error(f"{size}; at most {MOST_PIXELS:,} are read, so scale it down first")


# --- depths -----------------------------------------------------------------------------------------------------


def _rgb(picture: Picture, path: str | Path) -> Picture:
    """A picture of any depth as RGB of 8 bits, transparent parts black. Pillow would cut 16 bits off at 255."""
    if picture.mode.startswith(("I", "F")):
        return grey_of(picture, path).convert("RGB")
    return _in_strips(picture, "RGB", lambda strip: _opaque(strip).convert("RGB"))


def grey_of(picture: Picture, path: str | Path) -> Picture:
    """A picture of any depth as grey of 8 bits, transparent parts black. Raises PlaneError that names the file."""
    if not picture.mode.startswith(("I", "F")):
        return _in_strips(picture, "L", lambda strip: _opaque(strip).convert("L"))
    strips = [np.asarray(strip) for _, strip in _strips(picture)]
    low, high = (float(f([f(s) for s in strips])) for f in (np.min, np.max))
    shown = short(str(path), 200)
    if picture.mode.startswith("F") and 0 < high <= 1:
        raise PlaneError(f"cannot read {shown}: its values are 0 to {high:g}; save it with grey 0..255")
    if not (low >= 0 and high <= 65535):  # or there is a NaN
        raise PlaneError(f"image {shown}: values outside 0 .. 65535; save it as 8-bit grey")
    upper = picture.mode.startswith("I;16") or high > 255
    return _in_strips(picture, "L", lambda strip: _upper(strip, upper))


def _upper(strip: Picture, upper: bool) -> Picture:
    from PIL import Image

    values: npt.NDArray[Any] = np.asarray(strip)
    return Image.fromarray((values // 256 if upper else values).astype(np.uint8))


def _strips(picture: Picture) -> Iterator[tuple[int, Picture]]:
    """The picture in strips of rows, from the top, each with its first row."""
    rows = max(1, STRIP // max(1, picture.width))
    if rows >= picture.height:
        yield 0, picture
        return
    for top in range(0, picture.height, rows):
        yield top, picture.crop((0, top, picture.width, min(top + rows, picture.height)))


def _in_strips(picture: Picture, mode: str, convert: Callable[[Picture], Picture]) -> Picture:
    """A picture of another mode."""
    from PIL import Image

    if picture.mode == mode and "transparency" not in picture.info:
        return picture.copy()
    found = Image.new(mode, picture.size)
    for top, strip in _strips(picture):
        found.paste(convert(strip), (0, top))
    return found


def _opaque(picture: Picture) -> Picture:
    """Transparent parts have arbitrary colours; black is what a dark scene would give."""
    from PIL import Image

    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, (0, 0, 0, 255)), layer)
    return picture


__all__ = [
    "decoded",
    "fitted",
    "frame_count",
    "frames_of",
    "grey_of",
    "guarded",
    "load_image",
    "open_picture",
    "shown_for",
]
