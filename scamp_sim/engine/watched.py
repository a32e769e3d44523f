"""Who is told before the array changes: results of a run that nobody has looked at yet, and that are still wanted."""

from __future__ import annotations

import weakref
from typing import Protocol


class Reader(Protocol):
    """Something that reads planes when they are asked for."""

    def settle(self) -> None:
        """Read now what has not been read yet."""
        ...


class Watched:
    """An array that tells one reader before it changes. `_watch` is None while nobody waits."""

    _watch: weakref.ref[Reader] | None = None

    def watch(self, reader: Reader) -> None:
        """Tell `reader`, if it still lives then, before the next change."""
        self.changing()
        self._watch = weakref.ref(reader)

    def changing(self) -> None:
        """The array is about to change."""
        if self._watch is not None:
            reader, self._watch = self._watch(), None
            if reader is not None:
                reader.settle()
