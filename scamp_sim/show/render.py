"""Pictures: image files in, planes and contact sheets out as PNG.

A plane is shown as the chip's readout gives it: analog v as grey clip(round(v + 128), 0, 255), a bit as black or white.
A contact sheet is for the eye: each tile says on which scale it is drawn. Pillow is imported where it is used, so that
importing the package stays cheap.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import PlaneError, ScampError
from scamp_sim.files import folder_aside, refuse_read, remove_aside, unwritable
from scamp_sim.pictures import frame_count as frame_count
from scamp_sim.pictures import grey_of as grey_of
from scamp_sim.pictures import load_image as load_image
from scamp_sim.pictures import open_picture as open_picture
from scamp_sim.reading import read_array, reason

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Grey = npt.NDArray[np.uint8]

READOUT = (-128.0, 127.0)
"""The analog values that the chip's 8-bit readout spans."""

SMALL_SPAN = 24
"""LSB; an analog tile that varies less than this is stretched, or nothing would be seen on it."""

CHIP_RANGE = 150
"""LSB; beyond about this magnitude a register of a chip compresses, which `ideal` arithmetic does not show."""

CAPTION_WIDTH = 256
"""Pixels that a tile has for its captions, however narrow its picture."""

BACKGROUND, FRAME, TITLE, CAPTION = 24, 64, 236, 160
MARGIN, GAP, TITLE_SIZE, CAPTION_SIZE = 20, 16, 17, 13


# --- in -------------------------------------------------------------------------------------------------------


def load_array(path: str | Path) -> npt.NDArray[Any]:
    """The numbers in a .npy file. Raises PlaneError that says what is wrong with the file."""
    array = read_array(path, "array", PlaneError)
    if array.dtype.kind not in "biuf":
        raise PlaneError(f"cannot read {path}: it holds {array.dtype} values; save a plain numeric array")
    return array


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


def light(image: npt.NDArray[Any]) -> Grey:
    """What the photodiodes see, grey 0..255 of any type, as it is drawn."""
    return np.asarray(image if image.dtype == np.uint8 else np.clip(np.rint(image), 0, 255), np.uint8)


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


def common_scale(planes: Iterable[npt.NDArray[Any]], stretch: bool = False) -> tuple[float, float] | None:
    """The scale on which a contact sheet draws analog planes that are to be compared, so that what differs in grey
    differs in value: that of all together. None if none of them is analog."""
    ends = [end for p in planes if p.dtype.kind == "f" for end in (float(p.min()), float(p.max()))]
    return tile_scale(np.array([ends]), stretch) if ends else None


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


def beyond_chip(plane: npt.NDArray[Any]) -> bool:
    """Whether an analog plane holds values that a chip would compress."""
    return plane.dtype.kind == "f" and bool(np.abs(plane).max() > CHIP_RANGE)


# --- contact sheet --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tile:
    """One picture of a contact sheet: a float plane, a bool plane or a uint8 image, and its title.

    scale: (black, white) of a float plane, chosen by `tile_scale` if it is not said.
    """

    title: str
    plane: npt.NDArray[Any]
    scale: tuple[float, float] | None = None


def contact_sheet(tiles: Sequence[Tile], heading: str = "", stretch: bool = False) -> Picture:
    """All tiles on one dark sheet, each with its title, its numbers and the scale it is drawn on."""
    from PIL import Image, ImageDraw, ImageFont

    if not tiles:
        raise ScampError("a contact sheet needs at least one plane")
    title_font, caption_font = ImageFont.load_default(TITLE_SIZE), ImageFont.load_default(CAPTION_SIZE)
    rows, cols = tiles[0].plane.shape
    zoom = max(1, round(256 / max(rows, cols)))
    width, height = cols * zoom, rows * zoom
    cell = max(width, CAPTION_WIDTH)
    # Three or four a row, whichever leaves fewer places empty.
    across = min(len(tiles), min((4, 3), key=lambda n: -len(tiles) % n)) if len(tiles) > 4 else len(tiles)
    down = -(-len(tiles) // across)
    caption = TITLE_SIZE + 2 * CAPTION_SIZE + 16
    top = MARGIN + (TITLE_SIZE + 16 if heading else 0)
    sheet_width = 2 * MARGIN + across * cell + (across - 1) * GAP
    if heading:  # a sheet of one tile is widened for it, within reason
        sheet_width = max(sheet_width, min(round(title_font.getlength(heading)) + 1, 600) + 2 * MARGIN)
    sheet = Image.new("L", (sheet_width, top + down * (height + caption) + (down - 1) * GAP + MARGIN // 2), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    if heading:
        draw.text((MARGIN, MARGIN - 4), _fitting(heading, title_font, sheet_width - 2 * MARGIN), TITLE, title_font)
    for i, tile in enumerate(tiles):
        x, y = MARGIN + i % across * (cell + GAP), top + i // across * (height + caption + GAP)
        given = READOUT if tile.plane.dtype in (np.bool_, np.uint8) else tile.scale
        scale = given or tile_scale(tile.plane, stretch)
        picture = Image.fromarray(grey_levels(tile.plane, scale)).resize((width, height), Image.Resampling.NEAREST)
        draw.rectangle((x - 1, y - 1, x + width, y + height), outline=FRAME)
        sheet.paste(picture, (x, y))
        y += height + 7
        draw.text((x, y), _fitting(tile.title, title_font, cell), TITLE, title_font)
        for line in (summary_text(tile.plane), scale_text(tile.plane, scale)):
            y += CAPTION_SIZE + 5
            draw.text((x, y + 2), _fitting(line, caption_font, cell), CAPTION, caption_font)
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


def check_folder(folder: str | Path, names: Iterable[str] = (), option: str = "--out") -> Path:
    """The folder as a path, if files can be written there (it need not exist yet). Raises ScampError otherwise.

    names: files that are to come, which must not be folders.
    option: where another folder is given.
    """
    if not str(folder):
        raise ScampError(f"the output folder has no name; give one with {option}")
    path = Path(folder)
    existing = path
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise ScampError(f"cannot write to {path}: {existing} is a file; give another folder with {option}")
    why = unwritable(existing)
    if why:
        raise ScampError(f"cannot write to {path}: {why} in {existing}; give another folder with {option}")
    for name in names:
        if (path / name).is_dir():
            raise ScampError(f"cannot write {path / name}: it is a folder; move it, or name another")
        refuse_read(path / name, "picture" if name.endswith(".png") else "result")
    return path


def write_pictures(folder: str | Path, pictures: Mapping[str, Picture]) -> list[Path]:
    """Save pictures as PNG files of the given names, as `write_files` does."""
    return write_files(folder, pictures, {})


def write_files(
    folder: str | Path, pictures: Mapping[str, Picture], texts: Mapping[str, str], small: bool = True
) -> list[Path]:
    """Save pictures as PNG, and texts, under names that may lead into subfolders: all of them, or none if one fails.

    small: search for the smallest PNG, which takes several times as long.

    Files are first written aside and then renamed. Raises ScampError if the folder cannot be written.
    """
    path = check_folder(folder, (*pictures, *texts))
    aside = Path()
    try:
        path.mkdir(parents=True, exist_ok=True)
        aside = folder_aside(path)
        for number, picture in enumerate(pictures.values()):
            how: dict[str, Any] = {"optimize": True} if small else {"compress_level": 1}
            picture.save(aside / str(number), format="PNG", **how)
        for number, text in enumerate(texts.values(), len(pictures)):
            (aside / str(number)).write_text(text, encoding="utf-8")
        for name in (*pictures, *texts):
            (path / name).parent.mkdir(exist_ok=True)
        for number, name in enumerate((*pictures, *texts)):
            os.replace(aside / str(number), path / name)
    except OSError as e:
        raise ScampError(
            f"cannot write files to {path}: {reason(e)}; free some disk space, or choose another folder"
        ) from e
    finally:
        remove_aside(aside)
    return [path / name for name in (*pictures, *texts)]
