"""Where frames come from: one reader for everything that `--image` and `scamp_sim.frames` take.

film = frames("ball.mp4", (256, 256), resize=True)     # a folder, several files, an animation, a video, frame%04d.png
for image in film:                                     # (rows, columns) uint8 or float32, 0 dark to 255 bright
    ...
film.fps, film.sizes, len(list(film))
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import path_of
from scamp_sim.exceptions import OptionError, PlaneError
from scamp_sim.show.frames.camera import is_camera
from scamp_sim.show.frames.decode import ARRAYS, PICTURES, VIDEOS, Length, decoded, length
from scamp_sim.text import plural, short

MOST_FRAMES = 1_000_000
"""Frames of one request."""

FASTEST = 1_000_000.0
"""Frames a second that can be asked for."""

PATTERN = re.compile(r"%(0?)(\d*)d")
"""The number in the name of a sequence, as C's printf writes it."""

READ = (*PICTURES, *ARRAYS)
"""What is read in a folder, where each file is a frame or several."""


class Frames:
    """Frames of one request, decoded when they are iterated; iterating again decodes again.

    files: what they come from, in order.
    shape: (rows, columns) that every frame has, or None: as the first.
    resize: whether frames of other sizes are cropped at the centre to those proportions and scaled.
    fps: frames a second to take of what has a time, and at which results are shown.
    count: how many frames to give; the sources begin again if they hold fewer. None: as many as there are.
    """

    def __init__(
        self,
        files: Sequence[Path],
        shape: tuple[int, int] | None = None,
        resize: bool = False,
        fps: float | None = None,
        count: int | None = None,
    ) -> None:
        self.files = tuple(files)
        self.shape, self.resize, self.count = shape, resize, count
        self._asked = fps
        self._lengths: dict[Path, Length] = {}
        self.sizes: Counter[tuple[int, int]] = Counter()
        """(rows, columns) of the frames that were decoded, before they were cropped and scaled."""
        self.lost: dict[Path, str] = {}
        """What videos say that they hold and did not give, of those that were read to their end."""
        self.passed_over: tuple[str, ...] = ()
        """A line for each folder that holds videos beside its pictures, which are no frames of it."""

    def __repr__(self) -> str:
        shape = f", {self.shape[0]}x{self.shape[1]}" if self.shape else ""
        many = self.expected
        return f"<Frames: {plural(len(self.files), 'file')}{shape}, {'?' if many is None else f'{many:,}'} frames>"

    @property
    def _known(self) -> list[Length]:
        for file in self.files:
            if file not in self._lengths:
                self._lengths[file] = length(file)
        return [self._lengths[file] for file in self.files]

    @property
    def fps(self) -> float | None:
        """Frames a second: what was asked for, else what the first file that has a time says; None if none does."""
        if self._asked is not None:
            return self._asked
        return next((known.fps for known in self._known if known.fps), None)

    @property
    def expected(self) -> int | None:
        """How many frames there will be, or None if a file does not say. Videos may hold a few more or fewer."""
        if self.count is not None:
            return self.count
        found = 0
        for known in self._known:
            if known.frames is None:
                return None
            sampled = self._asked is not None and known.fps is not None and known.frames > 1
            found += max(1, round(known.frames * self._asked / known.fps)) if sampled else known.frames  # type: ignore[operator]
        return found

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        """The frames: (rows, columns), uint8, or float32 where the file holds numbers. Raises PlaneError."""
        for _, frame in self.named():
            yield frame

    def named(self, paths: bool = False) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """(name, frame) of each: FILE, or FILE#NUMBER of a file of several. Raises PlaneError.

        paths: with the folders of the files, as they were given.
        """
        given = 0
        while True:
            before = given
            for file in self.files:
                for name, frame in self._fitted(file):
                    if self.count is not None and given >= self.count:
                        return
                    given += 1
                    if given > MOST_FRAMES:
                        raise PlaneError(f"more than {MOST_FRAMES:,} frames; say how many with --frames")
                    yield str(file) + name[len(file.name) :] if paths else name, frame
            if self.count is None or given >= self.count or given == before:
                return

    def _fitted(self, file: Path) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        shape = self.shape
        for name, frame in _sampled(decoded(file, self._lengths.get(file), self.lost), self._asked):
            size = (int(frame.shape[0]), int(frame.shape[1]))
            self.sizes[size] += 1
            if shape is None:
                shape = self.shape = size
            yield name, frame if size == tuple(shape) else self._scaled(name, file, frame, shape)

    def _scaled(self, name: str, file: Path, frame: npt.NDArray[Any], shape: tuple[int, int]) -> npt.NDArray[Any]:
        rows, columns = frame.shape
        shown = short(str(file), 200) + name[len(file.name) :]
        if not self.resize:
            raise PlaneError(
                f"image {shown}: {rows}x{columns} (rows x columns), but the array is {shape[0]}x{shape[1]}; crop and "
                "scale it with --resize"
            )
        from PIL import Image, ImageOps

        picture = Image.fromarray(frame)
        kind = np.uint8 if frame.dtype == np.uint8 else np.float32
        return np.array(ImageOps.fit(picture, (shape[1], shape[0]), Image.Resampling.BOX), kind)

    def told_lost(self) -> list[str]:
        """A line for each video that did not give all that it says it holds, and for each folder of which videos were
        passed over. Complete when all frames were read."""
        videos = (
            f"video {short(str(file), 200)}: {what}; it is damaged or cut off, so get it again"
            for file, what in self.lost.items()
        )
        return [*self.passed_over, *videos]

    def told(self) -> str:
        """What was cropped and scaled, in one line; empty if nothing was. Complete when all frames have been read."""
        changed = {size: n for size, n in self.sizes.items() if self.shape is not None and size != tuple(self.shape)}
        if not changed or self.shape is None:
            return ""
        rows, columns = self.shape
        several = len(self.sizes) > 1
        listed = ", ".join(
            f"{r}x{c}" + (f" ({plural(n, 'frame')})" if several else "") for (r, c), n in list(changed.items())[:6]
        )
        cropped = any(r * columns != c * rows for r, c in changed)
        how = "cropped at the centre and scaled" if cropped else "scaled"
        return f"pictures of {listed}{' ...' if len(changed) > 6 else ''} are {how} to {rows}x{columns}"


def _sampled(found: Iterable[tuple[str, Any, float | None]], fps: float | None) -> Iterator[tuple[str, Any]]:
    """The frames that are shown at multiples of 1 / fps seconds; all of them if they have no time."""
    if fps is None:
        for name, frame, _ in found:
            yield name, frame
        return
    taken = 0
    held: tuple[str, Any] | None = None
    last = 0.0
    for name, frame, seconds in found:
        if seconds is None:
            yield name, frame
            continue
        while held is not None and taken / fps < seconds - 1e-9:  # what is shown until this one is
            yield held
            taken += 1
        held, last = (name, frame), seconds
    while held is not None and taken / fps <= last + 1e-9:
        yield held
        taken += 1


# --- what a name stands for ---------------------------------------------------------------------------------------


def frames(
    source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    shape: tuple[int, int] | None = None,
    *,
    resize: bool = False,
    fps: float | None = None,
    count: int | None = None,
) -> Frames:
    """The frames of files, for `Machine.run_frames` or a loop of one's own.

    source: a picture, a folder of them, an animation, a video, .npy or .npz of frames, a numbered pattern such as
        frame%04d.png, a camera (camera, or camera:1 of several), or a list of such names.
    shape: (rows, columns) that every frame must have; None takes that of the first.
    resize: crop frames of other sizes at the centre and scale them.
    fps: take so many frames a second of videos and animations; None takes all.
    count: how many frames to give; the sources are repeated if they hold fewer. None gives as many as there are.

    Colour becomes luma. Nothing is decoded before the first frame is asked for. Raises PlaneError or ProgramError that
    names the file and the remedy.
    """
    several = not isinstance(source, (str, os.PathLike))
    given: list[Any] = list(source) if several else [source]  # type: ignore[arg-type]
    if fps is not None and not (isinstance(fps, (int, float)) and 0 < fps <= FASTEST):
        raise OptionError(f"fps: expected frames a second above 0 and at most {FASTEST:,.0f}, got {fps!r:.40}")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_FRAMES):
        raise OptionError(f"frames: expected an integer from 1 to {MOST_FRAMES:,}, got {count!r:.40}")
    if not given:
        raise PlaneError("no frames: the list of files is empty; name at least one")
    files = [file for name in given for file in files_of(name)]
    passed_over = tuple(dict.fromkeys(told for name in given if (told := _passed_over(name))))
    if count is None and any(is_camera(str(file)) for file in files):
        raise OptionError("a camera gives frames without end; say how many with --frames N (count=N)")
    found = Frames(files, shape, resize, None if fps is None else float(fps), count)
    found.passed_over = passed_over
    return found


def files_of(name: str | os.PathLike[str]) -> list[Path]:
    """The files that a name stands for: itself, the pictures of a folder, the numbered files of a pattern. Raises
    PlaneError."""
    path = path_of(name, "image", PlaneError)
    if not str(name):
        raise PlaneError("the name of the image is empty; give a picture, a folder, an animation or a video")
    if is_camera(str(name)):
        return [path]
    if path.is_dir():
        return _folder(path)
    if PATTERN.search(path.name) and not path.exists():
        return _numbered(path)
    return [path]


def natural(path: Path) -> tuple[Any, ...]:
    """Names in the order in which one counts: frame2 before frame10."""
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in re.split(r"(\d+)", path.name.lower()) if p)


def _folder(folder: Path) -> list[Path]:
    try:
        inside = [p for p in folder.iterdir() if not p.name.startswith(".") and p.is_file()]
    except OSError as e:
        raise PlaneError(f"{folder}: cannot be read: {e.strerror}; check its permissions") from None
    found = sorted((p for p in inside if p.suffix.lower() in READ), key=natural)
    if found:
        return found
    films = sorted(p.name for p in inside if p.suffix.lower() in VIDEOS)
    if films:
        raise PlaneError(f"image {folder}: the folder holds no pictures; name the video in it: {folder / films[0]}")
    holds = f"holds no pictures, but {plural(len(inside), 'other file')}" if inside else "holds no pictures itself"
    if not any(folder.iterdir()):
        holds = "is empty"
    raise PlaneError(f"image {folder}: the folder {holds}; give one with pictures ({' '.join(PICTURES[:5])} ...)")


def _passed_over(name: str | os.PathLike[str]) -> str:
    """What is to be said of videos in a folder of pictures; empty for anything else."""
    folder = Path(name)
    if is_camera(str(name)) or not folder.is_dir():
        return ""
    videos = sorted((p for p in folder.iterdir() if p.suffix.lower() in VIDEOS and p.is_file()), key=natural)
    if not videos:
        return ""
    return f"image {folder}: {plural(len(videos), 'video')} in the folder passed over; name each: {videos[0]}"


def _numbered(path: Path) -> list[Path]:
    marks = PATTERN.findall(path.name)
    if len(marks) != 1:
        raise PlaneError(f"image {path}: one number is expected in a pattern, such as frame%04d.png, got {len(marks)}")
    zero, width = marks[0]
    digits = rf"\d{{{int(width)},}}" if zero and width else r"\d+"
    before, after = PATTERN.split(path.name)[0], PATTERN.split(path.name)[-1]
    wanted = re.compile(re.escape(before) + f"({digits})" + re.escape(after))
    folder = path.parent
    inside = list(folder.iterdir()) if folder.is_dir() else []
    found = sorted((int(m[1]), p) for p in inside if (m := wanted.fullmatch(p.name)) and p.is_file())
    if not found:
        example = f"{before}{1:0{int(width or 1)}}{after}"
        raise PlaneError(f"image {path}: no file of this pattern, such as {example}, is in {folder}")
    return [p for _, p in found]


__all__ = ["Frames", "files_of", "frames", "natural"]
