"""Inputs of systems from files, and the sheet of pictures that every system can draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.reading import is_folder, read_archive
from scamp_sim.systems.base.records import Array, Clip, ClipSet, Encoded, Frames, Stage
from scamp_sim.text import short
from scamp_sim.training.labels import whole

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif")
MOST_TILES = 32


def read_picture(source: str | Path, takes: Frames) -> Clip:
    """One clip of the frames that an encoder takes, from a picture or an .npy array.

    A picture is cropped to the aspect of the frame, scaled and repeated `takes.count` times. An array must have the
    shape of a clip, or of one frame. Raises ScampError.
    """
    from scamp_sim.show.render import load_array, load_image

    path = Path(source)
    if path.suffix.lower() == ".npy":
        return Clip(_fitting(load_array(path), takes, str(source)), path.stem)
    if takes.colour == "grey":
        frame: Array = load_image(path, (takes.rows, takes.columns), resize=True)
    else:
        frame = _colour(path, takes)
    return Clip(np.stack([frame] * takes.count), path.stem)


def _fitting(array: Array, takes: Frames, what: str) -> Array:
    if array.shape == takes.shape:
        return array
    if array.shape == takes.shape[1:]:
        return np.stack([array] * takes.count)
    raise PlaneError(f"{what}: expected an array of shape {takes.shape} ({takes}), got {array.shape}")


def _colour(path: Path, takes: Frames) -> Array:
    from PIL import Image, ImageOps

    from scamp_sim.pictures import open_picture

    upright = open_picture(path, "picture", colour=True)
    rgb = np.asarray(ImageOps.fit(upright, (takes.columns, takes.rows), Image.Resampling.BOX))
    return rgb if takes.colour == "rgb" else bayer(rgb)


def bayer(rgb: Array) -> Array:
    """A mosaic of the same number of sites, RGGB: rows red green, then green blue."""
    mosaic = rgb[..., 1].copy()
    mosaic[0::2, 0::2], mosaic[1::2, 1::2] = rgb[0::2, 0::2, 0], rgb[1::2, 1::2, 2]
    return mosaic


def read_set(source: str | Path, takes: Frames) -> ClipSet:
    """Many clips: an .npz with `input` (n, *clip shape) and perhaps `labels`, or a folder of pictures. Raises
    ScampError."""
    path = Path(source)
    if is_folder(path):
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in (*PICTURES, ".npy"))
        if not files:
            raise ProgramError(f"folder {source} holds no pictures ({', '.join(PICTURES)}) and no .npy arrays")
        clips = [read_picture(file, takes) for file in files]
        return ClipSet(np.stack([c.array for c in clips]), tuple(c.name for c in clips), str(source))
    if path.suffix.lower() != ".npz":
        raise ProgramError(f"clips {short(str(source), 80)}: expected a folder of pictures, FILE.npz or example:N")
    found = read_archive(path, "clips", ProgramError)
    if "input" not in found:
        raise ProgramError(f"clips {source}: expected an array 'input', found {', '.join(found) or 'none'}")
    array, labels = found["input"], found.get("labels")
    if array.shape[1:] != takes.shape or not len(array):
        raise PlaneError(f"clips {source}: expected 'input' of shape (n, {str(takes.shape)[1:]}, got {array.shape}")
    given = None if labels is None else whole(labels, len(array), f"clips {source}: the labels")
    names = tuple(f"{path.stem}:{n}" for n in range(len(array)))
    return ClipSet(array, names, str(source), given)


def examples(example: Callable[[int], Array], count: str, seed: int) -> ClipSet:
    """Examples of a system, with seeds from `seed` on. Raises ProgramError."""
    if not count.isdecimal() or not 1 <= int(count) <= 10_000:
        raise ProgramError(f"example:{short(count, 20)}: expected a number of clips in 1..10000")
    seeds = range(seed, seed + int(count))
    return ClipSet(np.stack([example(s) for s in seeds]), tuple(f"example {s}" for s in seeds), f"example:{count}")


def stage_sheet(title: str, stages: Sequence[Stage], clip: Clip, encoded: Encoded, under: str = "") -> Picture:
    """Input, stages and codes of a clip as one contact sheet, the first planes of each.

    under: what the title says of errors, behind the name of the clip.
    """
    from scamp_sim.show.render import Tile, contact_sheet

    tiles = [Tile(f"input {i}" if n > 1 else "input", plane) for i, plane, n in planes_of(clip.array)]
    for name, array in encoded.planes(stages).items():
        tiles += [Tile(f"{name} {i}" if n > 1 else name, plane) for i, plane, n in planes_of(array)]
    return contact_sheet(tiles[:MOST_TILES], f"{title}: {clip.name}{under}", stretch=True)


def planes_of(array: Array) -> list[tuple[int, Array, int]]:
    """The planes (rows, columns) of an array, at most 16, each with its number and how many there are."""
    values: Any = np.asarray(array)
    if values.ndim == 4 and values.shape[-1] == 3:  # rgb frames
        values = values.mean(axis=-1)
    values = np.atleast_2d(values)
    planes = values.reshape(-1, *values.shape[-2:])
    return [(i, planes[i], len(planes)) for i in range(min(len(planes), 16))]


__all__ = ["bayer", "examples", "planes_of", "read_picture", "read_set", "stage_sheet"]
