"""What there is to see: the pictures of the command line, one that was dropped on the page, or a scene."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.show.frames.decode import VIDEOS
from scamp_sim.show.frames.source import READ, frames
from scamp_sim.text import short
from scamp_sim.view.records import Wish
from scamp_sim.view.scenes import SCENES, Grey

MOST_FRAMES = 256
"""Frames of one run in the page."""

MOST_UPLOAD = 32 << 20
"""Bytes of a picture that the page may send."""

Taken = tuple[list[tuple[str, Grey]], list[str]]
"""(title, picture) of every frame, and what is to be said of those that are lacking."""


class Pictures:
    """Pictures by the name that the page has for them, cropped and scaled to the array.

    given: pictures, folders, animations and videos of the command line.
    fps: frames a second to take of them.
    count: frames to take of them, from the first one on again; None for all.
    """

    def __init__(self, given: Sequence[str] = (), fps: float | None = None, count: int | None = None) -> None:
        self.given, self.fps, self.count = tuple(given), fps, count
        self.notes: list[str] = []
        """What the user is to know of the pictures that were taken last."""
        self.version = 0
        """Counts the pictures that were dropped."""
        self._own: tuple[str, bytes] | None = None
        self._known: dict[tuple[str, tuple[int, int]], Taken] = {}

    @property
    def names(self) -> list[str]:
        """What the page offers, the default first."""
        own = ["own"] if self._own else []
        return [*(["given"] if self.given else []), *own, *SCENES]

    def drop(self, name: str, data: bytes, shape: tuple[int, int]) -> None:
        """Take the bytes of a picture from the page. Raises PlaneError if they are none."""
        if len(data) > MOST_UPLOAD:
            raise ProgramError(f"the picture has {len(data):,} bytes; the page takes {MOST_UPLOAD:,}")
        before, self._own = self._own, (short(name, 60), data)
        try:
            self._known = {key: value for key, value in self._known.items() if key[0] != "own"}
            self._read("own", shape)
        except Exception:
            self._own = before
            raise
        self.version += 1

    def frames(self, wish: Wish, shape: tuple[int, int]) -> list[tuple[str, Grey]]:
        """(title, picture) of every frame of a wish. Raises ScampError."""
        count = wish.frames
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_FRAMES:
            raise OptionError(f"frames is {count!r:.40}; expected 1..{MOST_FRAMES}")
        self.notes = []
        if wish.picture in SCENES:
            return [(f"{wish.picture} {n + 1}", SCENES[wish.picture](shape, n)) for n in range(count)]
        found, told = self._read(wish.picture, shape)
        self.notes = list(told)
        if len(found) > MOST_FRAMES:
            self.notes += [f"the first {MOST_FRAMES} frames are shown; run takes all"]
            found = found[:MOST_FRAMES]
        return found if len(found) > 1 else found * count

    def _read(self, name: str, shape: tuple[int, int]) -> Taken:
        key = name, shape
        if key not in self._known:
            if name == "given" and self.given:
                self._known[key] = _taken(self.given, shape, self.fps, self.count)
            elif name == "own" and self._own:
                self._known[key] = _decoded(*self._own, shape)
            else:
                raise ProgramError(f"there is no picture '{short(name, 40)}'; there are {', '.join(self.names)}")
        return self._known[key]


def _taken(paths: Sequence[str], shape: tuple[int, int], fps: float | None = None, count: int | None = None) -> Taken:
    """One frame more than the page takes, so that it can say so. Raises ScampError."""
    found = frames(paths, shape, resize=True, fps=fps, count=count)
    taken = list(islice(found.named(), MOST_FRAMES + 1))
    return taken, found.told_lost()


def _decoded(name: str, data: bytes, shape: tuple[int, int]) -> Taken:
    """The frames of a picture, an animation or a video in memory, through the one guarded reader."""
    ending = Path(name).suffix.lower()
    with tempfile.TemporaryDirectory(prefix="scamp-view-") as folder:
        path = Path(folder) / f"picture{ending if ending in (*READ, *VIDEOS) else '.png'}"
        path.write_bytes(data)
        try:
            taken, lost = _taken([str(path)], shape)
            found = [(title.replace(path.name, name), frame) for title, frame in taken]
            return found, [told.replace(str(path), name) for told in lost]
        except ProgramError:
            raise
        except Exception as error:
            said = str(error).replace(str(path), name)
            raise type(error)(said) from None


__all__ = ["MOST_FRAMES", "MOST_UPLOAD", "Pictures"]
