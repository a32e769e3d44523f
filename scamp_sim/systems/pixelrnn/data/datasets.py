"""Recorded clips for those who have them: the Cambridge hand gestures and the lips of Tulips1.

data = cambridge("Cambridge_Hand_Gestures")     # data.clips (n, 16, 64, 64) uint8, data.labels (n,)

Neither set comes with this project. Both are folders of numbered pictures; what is looked for is said at each function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import array_of, integer, path_of
from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.systems.pixelrnn.data.gestures import CLASSES as GESTURES
from scamp_sim.systems.pixelrnn.golden import FRAMES, SIDE

SETS = (1, 2, 3, 4, 5)
DIGITS = ("one", "two", "three", "four")
FITS = ("crop", "squash")
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".gif", ".tif", ".tiff")

Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Clips:
    """Recorded clips.

    clips: (n, 16, size, size) uint8.
    labels: (n,) int64, places in `classes`.
    names: where each came from, relative to the folder.
    """

    clips: Frames
    labels: npt.NDArray[np.int64]
    names: tuple[str, ...]
    classes: tuple[str, ...]


def cambridge(
    folder: str | Path, *, size: int = SIDE, sets: Iterable[int] = SETS, fit: str = "crop", frames: int = FRAMES
) -> Clips:
    """The Cambridge hand gestures: 9 classes, 5 sets (lightings), 20 clips of each; 900 clips.

    Layout looked for: FOLDER/Set1 .. Set5 / 0000 .. 0008 (class) / any folder (clip) / numbered pictures. A set may lie
    in one more folder of its own name, as it does when its archive was unpacked into it; sets that are missing are left
    out. The order of classes is that of `gestures.CLASSES`.

    fit: see `resample`. The output of 900 clips of 64x64 takes 59 MB, of 256x256 944 MB.

    Raises PlaneError if nothing is found or a picture cannot be read.
    """
    root = _folder(folder)
    if isinstance(sets, str) or not isinstance(sets, Iterable):
        raise ProgramError(f"sets is {sets!r:.40}; give the numbers of the sets, such as (1, 2)")
    found: list[tuple[Path, int]] = []
    for number in sets:
        home = root / f"Set{number}"
        # Unpacking Set1.zip into Set1 gives Set1/Set1.
        home = home / home.name if (home / home.name).is_dir() else home
        for label in range(len(GESTURES)):
            found += [(clip, label) for clip in _ordered(home / f"{label:04d}", Path.is_dir) if _pictures(clip)]
    if not found:
        raise PlaneError(
            f"no gesture clips in {root}; looked for Set1 .. Set5 / 0000 .. 0008 / clip folder / numbered pictures; "
            f"there is {_contents(root)}"
        )
    groups = [(clip.relative_to(root).as_posix(), _pictures(clip), label) for clip, label in found]
    return _load(groups, GESTURES, frames, size, fit)


def tulips(
    folder: str | Path,
    *,
    size: int = SIDE,
    fit: str = "crop",
    frames: int = FRAMES,
    label: Callable[[str], int] | None = None,
) -> Clips:
    """The lips of Tulips1: 12 speakers say one, two, three, four; classes 0 .. 3.

    Layouts looked for: a folder for each utterance, at any depth, with numbered pictures in it; or numbered pictures of
    several utterances in one folder, whose names differ in what stands before the number of the frame
    (anna_1_2.007.pgm: utterance anna_1_2, frame 7). How the digit is written is not the same in all copies, so: the
    number word or the first digit 1..4 in the last part of the utterance's name is taken (anna12 is a "one", as is
    anna/one/2), or what label(name) returns, 0..3, for the name relative to the folder without the frame number.
    Raises PlaneError if nothing is found, a digit cannot be told, or a picture cannot be read.
    """
    root = _folder(folder)
    if label is not None and not callable(label):
        raise ProgramError(f"label is {label!r:.40}; give a function of an utterance's name that returns 0..3")
    utterances: dict[str, list[Path]] = {}
    for place in [root, *_folders_below(root)]:
        pictures = _pictures(place)
        stems = {p: _before_number(p.stem) for p in pictures}
        # One sequence fills a folder of its own; several, or one in the topmost folder, differ in their names.
        several = len(set(stems.values())) > 1 or place == root
        for picture in pictures:
            name = place.relative_to(root) / stems[picture] if several else place.relative_to(root)
            utterances.setdefault(name.as_posix(), []).append(picture)
    if not utterances:
        raise PlaneError(
            f"no utterances in {root}; looked for folders of numbered pictures ({', '.join(PICTURES)}), or numbered "
            f"pictures whose names begin with the utterance; there is {_contents(root)}"
        )
    groups = [(name, files, _digit(name, label)) for name, files in utterances.items()]
    return _load(groups, DIGITS, frames, size, fit)


def resample(clip: Any, size: int = SIDE, frames: int = FRAMES, fit: str = "crop") -> Frames:
    """A clip of any length and size as (frames, size, size) uint8.

    clip: (n, rows, columns), or a sequence of pictures, uint8 grey. Of n frames `frames` are picked at even distances,
        the first and the last among them; of fewer, some are picked twice. Each is scaled by area.
    fit: "crop" keeps proportions and the middle of a picture that is not square, "squash" keeps all of it. Which of the
        two the authors used is not known.

    Raises PlaneError.
    """
    from PIL import Image, ImageOps

    _check_target(size, frames, fit)
    if isinstance(clip, str) or not isinstance(clip, Iterable):
        raise PlaneError(f"the clip is {clip!r:.40}; give an array (n, rows, columns), or a sequence of pictures")
    pictures = [array_of(p, f"frame {k}") for k, p in enumerate(clip)]
    if not pictures:
        raise PlaneError("the clip has no frames")
    out = np.empty((frames, size, size), np.uint8)
    for i, k in enumerate(picked(len(pictures), frames)):
        picture = pictures[k]
        if picture.ndim != 2 or picture.dtype != np.uint8 or not picture.size:
            raise PlaneError(
                f"frame {k} has shape {picture.shape} and type {picture.dtype}; frames are (rows, columns), uint8"
            )
        image = Image.fromarray(picture)
        area = Image.Resampling.BOX
        scaled = ImageOps.fit(image, (size, size), area) if fit == "crop" else image.resize((size, size), area)
        out[i] = np.asarray(scaled)
    return out


def picked(available: int, wanted: int = FRAMES) -> npt.NDArray[np.int64]:
    """Which frames `resample` picks: `wanted` numbers from 0 to available - 1 at even distances, rounded.

    Raises ProgramError unless both are 1 or more.
    """
    integer("available", available, low=1)
    integer("wanted", wanted, low=1)
    # Halves upwards, so that the choice does not depend on whether a number is even.
    return np.floor(np.linspace(0, available - 1, wanted) + 0.5).astype(np.int64)


# --- folders ----------------------------------------------------------------------------------------------------


def _folder(folder: str | Path) -> Path:
    root = path_of(folder, "data set", PlaneError)
    if not root.is_dir():
        raise PlaneError(f"{root} is {'a file' if root.exists() else 'not there'}; give the folder of the data set")
    return root


def _folders_below(folder: Path) -> list[Path]:
    below = []
    for inner in _ordered(folder, Path.is_dir):
        below += [inner, *_folders_below(inner)]
    return below


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Numbers by their value: frame 2 before frame 10, with or without zeros in front."""
    return [(0, int(s), "") if s.isdecimal() else (1, 0, s) for s in re.split(r"(\d+)", path.name) if s]


def _ordered(folder: Path, wanted: Callable[[Path], bool]) -> list[Path]:
    # Archives made on a Mac hold hidden doubles of every file.
    hidden = (".", "__MACOSX")
    inside = [p for p in folder.iterdir() if not p.name.startswith(hidden)] if folder.is_dir() else []
    return sorted((p for p in inside if wanted(p)), key=_natural)


def _pictures(folder: Path) -> list[Path]:
    """Pictures with a number in their name, in the order of the numbers."""
    return _ordered(folder, lambda p: p.suffix.lower() in PICTURES and bool(re.search(r"\d", p.stem)) and p.is_file())


def _contents(folder: Path) -> str:
    names = [p.name + "/" * p.is_dir() for p in _ordered(folder, lambda p: True)]
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more if names else "nothing"


def _before_number(stem: str) -> str:
    """What stands before the last number of a name, without the sign between them."""
    return re.sub(r"[\s._-]*\d+\D*$", "", stem)


def _digit(name: str, label: Callable[[str], int] | None) -> int:
    if label is not None:
        value = label(name)
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 0 <= value < len(DIGITS):
            raise PlaneError(f"label({name!r}) must be 0 to {len(DIGITS) - 1}, got {value!r}")
        return int(value)
    # From the end: what is nearest to the frames says most. "one/2" is the second time of one: words go before digits.
    parts = list(reversed(name.split("/")))
    for part in parts:
        words = [w for w in re.split(r"[^a-z]+", part.lower()) if w in DIGITS]
        if words:
            return DIGITS.index(words[0])
    for part in parts:
        digit = re.search(r"\d", part)
        if digit:
            if digit[0] in "1234":
                return int(digit[0]) - 1
            break
    raise PlaneError(
        f"which digit utterance '{name}' is cannot be told from its name; looked for {', '.join(DIGITS)} or a first "
        "digit 1..4 in its last part; give label=, a function of the name that returns 0..3"
    )


def _check_target(size: int, frames: int, fit: str) -> None:
    for name, value in (("size", size), ("frames", frames)):
        integer(name, value, low=1)
    if fit not in FITS:
        raise ProgramError(f"fit must be 'crop' (keep proportions) or 'squash' (keep everything), got {fit!r}")


def _load(
    groups: Sequence[tuple[str, list[Path], int]], classes: tuple[str, ...], frames: int, size: int, fit: str
) -> Clips:
    """Only the frames that are picked are read: clips are several times as long."""
    from scamp_sim.pictures import load_image

    _check_target(size, frames, fit)
    clips = np.empty((len(groups), frames, size, size), np.uint8)
    for i, (_, files, _) in enumerate(groups):
        clips[i] = resample([load_image(files[k]) for k in picked(len(files), frames)], size, frames, fit)
    labels = np.array([label for _, _, label in groups], np.int64)
    return Clips(clips, labels, tuple(name for name, _, _ in groups), classes)


__all__ = ["DIGITS", "FITS", "GESTURES", "SETS", "Clips", "cambridge", "picked", "resample", "tulips"]
