"""What there is to see: the pictures of the command line, one that was dropped on the page, or a scene."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scamp_sim.exceptions import ProgramError
from scamp_sim.show import render
from scamp_sim.text import short
from scamp_sim.view.records import Wish
from scamp_sim.view.scenes import SCENES, Grey

MOST_FRAMES = 64
"""Frames of one run in the page."""

MOST_UPLOAD = 32 << 20
"""Bytes of a picture that the page may send."""


class Pictures:
    """Pictures by the name that the page has for them, cropped and scaled to the array.

    given: paths of the command line.
    """

    def __init__(self, given: Sequence[str] = ()) -> None:
        self.given = tuple(given)
        self.version = 0
        """Counts the pictures that were dropped."""
        self._own: tuple[str, bytes] | None = None
        self._known: dict[tuple[str, tuple[int, int]], list[tuple[str, Grey]]] = {}

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
            raise ProgramError(f"frames is {count!r:.40}; expected 1..{MOST_FRAMES}")
        if wish.picture in SCENES:
            return [(f"{wish.picture} {n + 1}", SCENES[wish.picture](shape, n)) for n in range(count)]
        found = self._read(wish.picture, shape)
        return found if len(found) > 1 else found * count

    def _read(self, name: str, shape: tuple[int, int]) -> list[tuple[str, Grey]]:
        key = name, shape
        if key not in self._known:
            if name == "given" and self.given:
                self._known[key] = self._files(shape)
            elif name == "own" and self._own:
                self._known[key] = [(self._own[0], _decoded(*self._own, shape))]
            else:
                raise ProgramError(f"there is no picture '{short(name, 40)}'; there are {', '.join(self.names)}")
        return self._known[key]

    def _files(self, shape: tuple[int, int]) -> list[tuple[str, Grey]]:
        if len(self.given) > MOST_FRAMES:
            raise ProgramError(f"{len(self.given)} pictures are given; the page takes {MOST_FRAMES}")
        return [(Path(path).name, render.load_image(path, shape, resize=True)) for path in self.given]


def _decoded(name: str, data: bytes, shape: tuple[int, int]) -> Grey:
    """The grey of a picture in memory, through the one guarded reader of pictures."""
    with tempfile.TemporaryDirectory(prefix="scamp-view-") as folder:
        path = Path(folder) / "picture"
        path.write_bytes(data)
        os.chmod(path, 0o600)
        try:
            return render.load_image(path, shape, resize=True)
        except ProgramError:
            raise
        except Exception as error:
            said = str(error).replace(str(path), name)
            raise type(error)(said) from None


__all__ = ["MOST_FRAMES", "MOST_UPLOAD", "Pictures"]
