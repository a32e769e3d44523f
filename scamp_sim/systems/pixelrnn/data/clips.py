"""Clips from wherever a user has them: one to run, or many to validate with.

one = read_clip("hand.gif")            # .array (16, 64, 64), .name, .label or None
many = read_clips("gestures.npz")      # .input (n, 16, 64, 64), .labels (n,) or None, .names, .classes

Arrays are taken as they are and must fit; what is a video or a folder of pictures is brought to 16 frames of 64x64, or
of 256x256 for an array that scales them itself (front_end=True).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import path_of
from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.reading import is_folder, is_there, read_archive
from scamp_sim.show.frames.decode import VIDEOS
from scamp_sim.show.frames.source import frames
from scamp_sim.systems.base.records import Clip, ClipSet
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.data import datasets, gestures
from scamp_sim.systems.pixelrnn.encoder import SENSOR
from scamp_sim.systems.pixelrnn.golden import FRAMES, SIDE
from scamp_sim.text import plural, short

SYNTHETIC = "synthetic"
"""The name of synthetic gestures among sources of many clips."""

MOST_SYNTHETIC = 2_000
"""Synthetic clips of each class at 64x64, which take 1.2 GB in all."""

_OLD_NAME = "made-up"
"""The name that they had before; still read."""

ANIMATIONS = (".gif", ".webp", ".png", ".apng", ".tif", ".tiff")
"""Endings of what is a file even where there is none of that name."""


MOST_KEPT = 1 << 28
"""Bytes of the scaled frames of a video: 65,536 frames of 64x64."""


# --- one clip ---------------------------------------------------------------------------------------------------


def read_clip(source: str, seed: int = 0, *, front_end: bool = False) -> Clip:
    """A clip by its name: a gesture ("spread/leftward", "spread/leftward:SEED"), FILE.npy, FILE.npz:INDEX, a video, a
    folder of pictures.

    A file or folder goes before a gesture of the same name.

    seed: of the drawing, unless the name has one.
    front_end: the array scales the frames itself: arrays may be 256x256, and all else is brought to that.

    Raises ScampError.
    """
    side = SENSOR if front_end else SIDE
    path = path_of(source, "clip", PlaneError)
    source = str(source)
    if not source:
        raise PlaneError("the name of the clip is empty; give a gesture, a .npy array, a video or a folder of pictures")
    if is_folder(path):
        pictures = datasets._pictures(path)
        if not pictures:
            raise PlaneError(f"clip {source}: no numbered pictures in it; there is {datasets._contents(path)}")
        _enough(len(pictures), source)
        return Clip(_from_pictures(pictures, side), path.name)
    archive, _, index = source.rpartition(":") if not is_there(path) and ".npz:" in source else (source, "", "0")
    suffix = Path(archive).suffix.lower()
    if suffix == ".npz":
        return _from_archive(archive, index, side)
    if suffix == ".npy":
        from scamp_sim.show.render import load_array

        return Clip(_checked(load_array(path), f"clip {source}", side), path.stem)
    if is_there(path) or suffix in (*ANIMATIONS, *VIDEOS):
        return Clip(_from_video(path, side), path.stem)
    name, colon, drawing = source.partition(":")
    if name not in gestures.CLASSES:
        raise PlaneError(f"clip {source}: no such file or folder, and no gesture{_near(name)}")
    if colon:
        if not (drawing.isascii() and drawing.isdecimal() and len(drawing) < 20):
            raise PlaneError(f"clip {short(source, 80)}: write {name}:SEED, such as {name}:3")
        seed = int(drawing)
    array, label = gestures.clip(name, seed, side)
    return Clip(array, f"{name}, drawn with seed {seed}", label)


def _near(name: str) -> str:
    from scamp_sim.chip.isa import did_you_mean

    return did_you_mean(name, gestures.CLASSES) or "; gestures are " + ", ".join(gestures.CLASSES)


def _from_archive(source: str, index: str, side: int) -> Clip:
    found = _read_archive(Path(source), side)
    if not index.isdecimal() or int(index) >= len(found):
        raise PlaneError(f"clip {source}:{index}: it holds clips 0 to {len(found) - 1}")
    n = int(index)
    return Clip(found.input[n], found.names[n], None if found.labels is None else int(found.labels[n]))


def _from_pictures(files: Sequence[Path], side: int) -> npt.NDArray[np.uint8]:
    from scamp_sim.pictures import load_image

    return datasets.resample([load_image(files[k]) for k in datasets.picked(len(files))], side)


def _from_video(path: Path, side: int) -> npt.NDArray[np.uint8]:
    """16 frames of a video. Every frame is scaled when it is read: a minute of video fits the memory that way."""
    if not is_there(path):
        raise PlaneError(f"clip {path}: no such file")
    try:
        found: list[npt.NDArray[np.uint8]] = []
        for frame in frames(path):
            if (len(found) + 1) * side * side > MOST_KEPT:
                raise PlaneError(f"more than {MOST_KEPT // side**2:,} frames")
            found.append(_scaled(frame, side))
    except PlaneError as e:
        raise PlaneError(
            f"clip {path}: neither an array, a video nor an animation that can be read ({e}); give .npy, GIF, WebP, "
            f"APNG, a video ({' '.join(VIDEOS[:4])}), or a folder of numbered pictures"
        ) from None
    _enough(len(found), str(path))
    return datasets.resample([found[k] for k in datasets.picked(len(found))], side)


def _scaled(frame: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    scaled: npt.NDArray[np.uint8] = datasets.resample([frame], side, 1)[0]
    return scaled


def _enough(frames: int, source: str) -> None:
    if frames < FRAMES:
        raise PlaneError(
            f"clip {source}: it has {plural(frames, 'frame')}; the network takes {FRAMES}: give a folder of "
            f"{FRAMES} pictures, an animation or a .npy array"
        )


def _checked(array: npt.NDArray[Any], what: str, side: int) -> npt.NDArray[Any]:
    # what is small already goes through the front end too
    side = SIDE if array.shape[1:] == (SIDE, SIDE) else side
    try:
        return golden.checked(array, side)
    except PlaneError as e:
        raise PlaneError(f"{what}: {e}") from None


# --- many clips -------------------------------------------------------------------------------------------------


def read_clips(source: str, *, front_end: bool = False) -> ClipSet:
    """Clips by their name: FILE.npz with `input` (n, 16, 64, 64) and perhaps `label` and `name`; the folder of the
    Cambridge gestures (Set1 ..) or of Tulips1; "synthetic[:CLIPS_PER_CLASS[:SEED]]", by default 2 and 0.

    front_end: the array scales the frames itself: `input` may be (n, 16, 256, 256), and all else is brought to that, a
    megabyte a clip. Raises ScampError.
    """
    side = SENSOR if front_end else SIDE
    path = path_of(source, "clips", PlaneError)
    source = str(source)
    if source.partition(":")[0] in (SYNTHETIC, _OLD_NAME):
        return _synthetic(source, side)
    if is_folder(path):
        recorded = any((path / f"Set{n}").is_dir() for n in datasets.SETS)
        data = datasets.cambridge(path, size=side) if recorded else datasets.tulips(path, size=side)
        return ClipSet(data.clips, data.names, source, data.labels, data.classes)
    if path.suffix.lower() == ".npz":
        return _read_archive(path, side)
    what = "is neither .npz nor a folder" if is_there(path) else "no such file or folder"
    raise PlaneError(
        f"clips {source or '(no name)'}: {what}; give FILE.npz, the folder of a data set, or {SYNTHETIC}[:N[:SEED]]"
    )


def _synthetic(source: str, side: int) -> ClipSet:
    numbers = source.split(":")[1:]
    if len(numbers) > 2 or not all(n.isdecimal() for n in numbers):
        raise PlaneError(f"clips {source}: write {SYNTHETIC}:CLIPS_PER_CLASS:SEED, such as {SYNTHETIC}:5:1")
    count, seed = (int(n) for n in [*numbers, *("2", "0")[len(numbers) :]])
    most = MOST_SYNTHETIC * SIDE**2 // side**2
    if not 1 <= count <= most:
        raise PlaneError(f"clips {short(source, 60)}: expected 1 to {most:,} clips of each class, got {count:,}")
    clips, labels = gestures.dataset(count, seed, side)
    names = tuple(f"{gestures.CLASSES[label]}:{n // len(gestures.CLASSES)}" for n, label in enumerate(labels))
    return ClipSet(clips, names, source, labels, gestures.CLASSES)


def _read_archive(path: Path, side: int) -> ClipSet:
    what = f"clips {path}"
    archive = read_archive(path, "clips", PlaneError)
    if "input" not in archive:
        there = short(", ".join(archive) or "nothing", 200)
        raise PlaneError(f"{what}: it has no array 'input' (n, {FRAMES}, {SIDE}, {SIDE}); there is {there}")
    found = {key: archive[key] for key in ("input", "label", "name") if key in archive}
    clips = found["input"]
    if clips.ndim != 4 or not len(clips):
        raise PlaneError(f"{what}: 'input' must have shape (clips, {FRAMES}, {SIDE}, {SIDE}), got {clips.shape}")
    _checked(clips[0], what, side)
    labels = _labels(found["label"], len(clips), what) if "label" in found else None
    names = _names(found.get("name"), len(clips))
    return ClipSet(clips, names, str(path), labels)


def _labels(labels: npt.NDArray[Any], count: int, what: str) -> npt.NDArray[np.int64]:
    if labels.shape != (count,):
        raise PlaneError(f"{what}: 'label' has shape {labels.shape}, but there are {count} clips; it is ({count},)")
    if labels.dtype.kind not in "iu":
        raise PlaneError(f"{what}: 'label' holds {labels.dtype} values; it is to be whole numbers from 0 up")
    if labels.size and labels.min() < 0:
        raise PlaneError(f"{what}: 'label' holds {labels.min()}; it is to be whole numbers from 0 up")
    if labels.size and labels.max() > np.iinfo(np.int64).max:
        raise PlaneError(f"{what}: 'label' holds {labels.max()}, which no number of classes reaches; give 0, 1, 2 ...")
    return labels.astype(np.int64)


def _names(names: npt.NDArray[Any] | None, count: int) -> tuple[str, ...]:
    if names is None or names.shape != (count,):
        return tuple(str(n) for n in range(count))
    return tuple(str(n) for n in names)


def class_name(classes: Sequence[str], label: int) -> str:
    """A class by its name, or by its number if it has none."""
    return classes[label] if label < len(classes) else f"class {label}"


def check_labels(labels: Iterable[int] | None, classes: int, what: str = "the labels go up to") -> None:
    """Raises ProgramError if a label is beyond the classes of the decoder."""
    highest = max(labels, default=0) if labels is not None else 0
    if highest >= classes:
        raise ProgramError(
            f"{what} {highest}, but the decoder of these weights has {classes} classes, 0 to "
            f"{classes - 1}; they do not belong together"
        )


__all__ = [
    "SYNTHETIC",
    "Clip",
    "ClipSet",
    "check_labels",
    "class_name",
    "read_clip",
    "read_clips",
]
