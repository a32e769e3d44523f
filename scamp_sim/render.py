"""Pictures: image files in, planes and contact sheets out as PNG.

A plane is shown as the chip's readout gives it: analog v as grey clip(round(v + 128), 0, 255), a bit as black or white.
A contact sheet is for the eye: each tile says on which scale it is drawn. Pillow is imported where it is used, so that
importing the package stays cheap.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import PlaneError, ScampError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Grey = npt.NDArray[np.uint8]

READOUT = (-128.0, 127.0)
"""The analog values that the chip's 8-bit readout spans."""

SMALL_SPAN = 24
"""LSB; an analog tile that varies less than this is stretched, or nothing would be seen on it."""

BACKGROUND, FRAME, TITLE, CAPTION = 24, 64, 236, 160
MARGIN, GAP, TITLE_SIZE, CAPTION_SIZE = 20, 16, 17, 13


# --- in -------------------------------------------------------------------------------------------------------


def load_image(path: str | Path, shape: tuple[int, int] | None = None, resize: bool = False) -> Grey:
    """The picture in a file as (rows, columns) uint8 grey, upright, 0 dark to 255 bright.

    shape: the (rows, columns) it must have. resize: crop the centre to those proportions and scale it. Colour becomes
    luma, 16-bit grey keeps its upper 8 bits. Raises PlaneError that names the file and the remedy.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as opened:
            opened.load()
            picture = _grey(ImageOps.exif_transpose(opened), path)
    except PlaneError:
        raise
    except FileNotFoundError:
        raise PlaneError(f"image {path}: no such file") from None
    except IsADirectoryError:
        raise PlaneError(f"image {path}: is a folder, not a picture") from None
    except PermissionError:
        raise PlaneError(f"image {path}: no permission to read it") from None
    except UnidentifiedImageError:
        raise PlaneError(
            f"image {path}: not a picture that can be read; give PNG, JPEG or another common format"
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as e:
        raise PlaneError(f"image {path}: cannot be read: {e}") from e
    if shape is not None and (picture.height, picture.width) != tuple(shape):
        if not resize:
            raise PlaneError(
                f"image {path}: {picture.height}x{picture.width} (rows x columns), but the array is "
                f"{shape[0]}x{shape[1]}; crop and scale it with --resize"
            )
        picture = ImageOps.fit(picture, (shape[1], shape[0]), Image.Resampling.BOX)
    return np.array(picture, np.uint8)


def _grey(picture: Picture, path: str | Path) -> Picture:
    from PIL import Image

    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture, np.float64)
        if not np.isfinite(values).all() or values.min() < 0 or values.max() > 65535:
            raise PlaneError(f"image {path}: values outside 0 .. 65535; save it as 8-bit grey")
        if picture.mode.startswith("I;16") or values.max() > 255:
            values = values // 256
        return Image.fromarray(values.astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        # Transparent parts have arbitrary colours; black is what a dark scene would give.
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, (0, 0, 0, 255)), layer)
    return picture.convert("L")


# --- planes to grey -------------------------------------------------------------------------------------------


def grey_levels(plane: npt.NDArray[Any], scale: tuple[float, float] = READOUT) -> Grey:
    """A plane as uint8 grey of the same shape: `scale` (dark, bright) spans 0..255, values beyond it are clipped.

    The default scale is the chip's readout. Bits become 0 and 255, uint8 images stay as they are.
    """
    if plane.dtype == np.uint8:
        return plane
    if plane.dtype == np.bool_:
        return plane.astype(np.uint8) * np.uint8(255)
    low, high = scale
    if scale == READOUT:
        levels = np.asarray(plane, np.float64) + 128
    else:
        levels = (np.asarray(plane, np.float64) - low) * (255 / (high - low) if high > low else 0)
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def tile_scale(plane: npt.NDArray[Any], stretch: bool = False) -> tuple[float, float]:
    """The scale on which a contact sheet draws an analog plane.

    -128..127, or the half of it that holds the plane, so that magnitudes use the whole range of grey. A plane that
    spans fewer than 24 LSB is stretched from its minimum to its maximum, and so is every plane with `stretch`.
    """
    low, high = float(plane.min()), float(plane.max())
    if high > low and (stretch or high - low < SMALL_SPAN):
        return low, high
    if low >= 0:
        return 0.0, READOUT[1]
    return (READOUT[0], 0.0) if high <= 0 else READOUT


def plane_summary(plane: npt.NDArray[Any]) -> dict[str, Any]:
    """What can be said of a plane in numbers: kind, then min, max, mean or the count of ones."""
    if plane.dtype == np.bool_:
        return {"kind": "digital", "ones": int(plane.sum()), "of": int(plane.size)}
    kind = "image" if plane.dtype == np.uint8 else "analog"
    low, high, mean = float(plane.min()), float(plane.max()), float(plane.mean(dtype=np.float64))
    return {"kind": kind, "min": round(low, 3), "max": round(high, 3), "mean": round(mean, 3)}


def summary_text(plane: npt.NDArray[Any]) -> str:
    """`plane_summary` in one line."""
    s = plane_summary(plane)
    if s["kind"] == "digital":
        return f"{s['ones']:,} of {s['of']:,} set ({100 * s['ones'] / s['of']:.1f} %)"
    return f"{s['min']:.4g} .. {s['max']:.4g}, mean {s['mean']:.4g}"


# --- contact sheet --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tile:
    """One picture of a contact sheet: a float plane, a bool plane or a uint8 image, and its title."""

    title: str
    plane: npt.NDArray[Any]


def contact_sheet(tiles: Sequence[Tile], heading: str = "", stretch: bool = False) -> Picture:
    """All tiles on one dark sheet, each with its title, its numbers and the scale it is drawn on."""
    from PIL import Image, ImageDraw, ImageFont

    if not tiles:
        raise ScampError("a contact sheet needs at least one plane")
    title_font, caption_font = ImageFont.load_default(TITLE_SIZE), ImageFont.load_default(CAPTION_SIZE)
    rows, cols = tiles[0].plane.shape
    zoom = max(1, round(256 / max(rows, cols)))
    width, height = cols * zoom, rows * zoom
    # Three or four a row, whichever leaves fewer places empty.
    across = min(len(tiles), min((4, 3), key=lambda n: -len(tiles) % n)) if len(tiles) > 4 else len(tiles)
    down = -(-len(tiles) // across)
    caption = TITLE_SIZE + 2 * CAPTION_SIZE + 16
    top = MARGIN + (TITLE_SIZE + 16 if heading else 0)
    sheet_width = 2 * MARGIN + across * width + (across - 1) * GAP
    sheet = Image.new("L", (sheet_width, top + down * (height + caption) + (down - 1) * GAP + MARGIN // 2), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    if heading:
        draw.text((MARGIN, MARGIN - 4), _fitting(heading, title_font, sheet_width - 2 * MARGIN), TITLE, title_font)
    for i, tile in enumerate(tiles):
        x, y = MARGIN + i % across * (width + GAP), top + i // across * (height + caption + GAP)
        scale = READOUT if tile.plane.dtype in (np.bool_, np.uint8) else tile_scale(tile.plane, stretch)
        picture = Image.fromarray(grey_levels(tile.plane, scale)).resize((width, height), Image.Resampling.NEAREST)
        draw.rectangle((x - 1, y - 1, x + width, y + height), outline=FRAME)
        sheet.paste(picture, (x, y))
        y += height + 7
        draw.text((x, y), _fitting(tile.title, title_font, width), TITLE, title_font)
        for line in (summary_text(tile.plane), scale_text(tile.plane, scale)):
            y += CAPTION_SIZE + 5
            draw.text((x, y + 2), _fitting(line, caption_font, width), CAPTION, caption_font)
    return sheet


def scale_text(plane: npt.NDArray[Any], scale: tuple[float, float]) -> str:
    """Which values are black and white in a picture of this plane."""
    if plane.dtype == np.bool_:
        return "white = 1"
    if plane.dtype == np.uint8:
        return "black 0, white 255"
    clipped = ", clipped" if plane.min() < scale[0] or plane.max() > scale[1] else ""
    return f"black {scale[0]:.4g}, white {scale[1]:.4g}{clipped}"


def _fitting(text: str, font: Any, width: int) -> str:
    while len(text) > 4 and font.getlength(text) > width:
        text = text[:-4] + "..."
    return text


# --- out ------------------------------------------------------------------------------------------------------


def picture_of(plane: npt.NDArray[Any], stretch: bool = False) -> Picture:
    """The picture of one plane, a pixel a PE, on the readout scale or stretched from minimum to maximum."""
    from PIL import Image

    analog = plane.dtype not in (np.bool_, np.uint8)
    return Image.fromarray(grey_levels(plane, tile_scale(plane, True) if stretch and analog else READOUT))


def check_folder(folder: str | Path) -> Path:
    """The folder as a path, if files can be written there (it need not exist yet). Raises ScampError otherwise."""
    path = Path(folder)
    existing = path
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise ScampError(f"cannot write to {path}: {existing} is a file; give another folder with --out")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ScampError(f"cannot write to {path}: no permission in {existing}; give another folder with --out")
    return path


def write_pictures(folder: str | Path, pictures: Mapping[str, Picture]) -> list[Path]:
    """Save pictures as PNG files of the given names: all of them, or none if anything fails.

    Files are first written aside and then renamed. Raises ScampError if the folder cannot be written.
    """
    path = check_folder(folder)
    aside: str | None = None
    try:
        path.mkdir(parents=True, exist_ok=True)
        aside = tempfile.mkdtemp(prefix=".scamp-", dir=path)
        for name, picture in pictures.items():
            picture.save(Path(aside) / name, format="PNG", optimize=True)
        for name in pictures:
            os.replace(Path(aside) / name, path / name)
    except OSError as e:
        raise ScampError(f"cannot write pictures to {path}: {e.strerror or e}") from e
    finally:
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)
    return [path / name for name in pictures]
