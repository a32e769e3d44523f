"""Pictures as light: any size, grey or colour, 8 or 16 bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import PlaneError
from scamp_sim.systems.base.records import Array, Clip, Frames
from scamp_sim.systems.pixels.curve import Floats
from scamp_sim.systems.pixels.windows import check_range

LUMA = (0.299, 0.587, 0.114)
FULL = {"uint8": 255.0, "uint16": 65535.0}


def light_of(array: npt.NDArray[Any], what: str = "the picture") -> Floats:
    """Light 0..1 of 8- or 16-bit integers, or of floats that are in 0..1 already. Raises PlaneError."""
    if array.dtype == np.bool_:
        return array.astype(np.float64)
    if array.dtype.name in FULL:
        return array.astype(np.float64) / FULL[array.dtype.name]
    if not np.issubdtype(array.dtype, np.floating):
        raise PlaneError(f"{what}: expected uint8, uint16 or light as floats in 0..1, got {array.dtype}")
    check_range(array)
    return array.astype(np.float64)


def colours(light: Floats, count: int) -> tuple[Floats, str]:
    """(light of (..., count) colours, what was done): grey is repeated, colour becomes luma.

    light: (rows, columns) or (rows, columns, C).

    Raises PlaneError.
    """
    if light.ndim == 2:
        light = light[..., None]
    if light.ndim != 3:
        raise PlaneError(f"expected a picture (rows, columns) or (rows, columns, colours), got shape {light.shape}")
    have = light.shape[2]
    if have in (2, 4):  # the last one is transparency
        light, have = light[..., :-1], have - 1
    if have == count:
        return light, ""
    if have == 1:
        return np.repeat(light, count, axis=2), f"grey picture, repeated for {count} colours"
    if have == 3 and count == 1:
        return np.tensordot(light, LUMA, 1)[..., None], "colour picture, luma taken"
    raise PlaneError(f"the picture has {have} colours, the weights take {count}; convert one of them")


def read_light(source: str | Path, count: int, linear: bool = False) -> tuple[Floats, str]:
    """(light (rows, columns, count) in 0..1, what was done) of a picture file or an .npy array.

    count: colours that the weights take.
    linear: undo the gamma of sRGB; by default values count as they are stored.

    Raises PlaneError.
    """
    path = Path(source)
    if path.suffix.lower() == ".npy":
        from scamp_sim.show.render import load_array

        found, note = colours(light_of(load_array(path), str(source)), count)
    else:
        found, note = colours(_picture(path), count)
    if linear:
        found = np.where(found <= 0.04045, found / 12.92, ((found + 0.055) / 1.055) ** 2.4)
    return found, note


def _picture(path: Path) -> Floats:
    from scamp_sim.pictures import decoded, guarded

    upright = decoded(path)
    if upright.mode.startswith("I") or upright.mode == "F":
        deep = np.asarray(upright)
        if deep.min(initial=0) >= 0 and deep.max(initial=0) <= 65535 and upright.mode != "F":
            return np.asarray(deep, np.float64) / 65535.0
        raise PlaneError(f"image {path}: expected 8 or 16 bits a pixel, got mode {upright.mode}; save it as PNG")
    grey = upright.mode in ("1", "L", "LA", "La")
    with guarded(path):
        return np.asarray(upright.convert("L" if grey else "RGB"), np.float64) / 255.0


def clip_of(light: Floats, name: str) -> Clip:
    """A clip of one frame: (1, rows, columns) for one colour, else (1, rows, columns, 3)."""
    return Clip(light[None, ..., 0] if light.shape[2] == 1 else light[None], name)


def resized(light: Floats, rows: int, columns: int) -> Floats:
    """Cropped at the centre to the proportions, and scaled.

    light: (rows, columns, C).
    """
    from PIL import Image, ImageOps

    planes = [
        np.asarray(
            ImageOps.fit(Image.fromarray(light[..., c].astype(np.float32)), (columns, rows), Image.Resampling.BOX),
            np.float64,
        )
        for c in range(light.shape[2])
    ]
    return np.clip(np.stack(planes, axis=-1), 0.0, 1.0)


def frames_light(clip: Array, takes: Frames, channels: int) -> Floats:
    """Light (count, C, rows, columns) of a clip. Raises PlaneError for what `takes` does not describe."""
    array = np.asarray(clip)
    if array.shape != takes.shape:
        raise PlaneError(f"expected a clip of shape {takes.shape} ({takes}), got {array.shape}")
    light = light_of(array, "the clip")
    planes = light[:, None] if takes.colour != "rgb" else np.moveaxis(light, -1, 1)
    if planes.shape[1] != channels:
        raise PlaneError(f"the clip has {planes.shape[1]} colours, the weights take {channels}")
    return planes
