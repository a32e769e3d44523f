"""What a live run is asked for: pictures, settings of the window, frames, limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scamp_sim.chip import isa
from scamp_sim.exceptions import OptionError, ProgramError

MOST_FRAMES = 1_000_000


@dataclass(frozen=True)
class Wishes:
    """What a run is asked for, checked."""

    images: tuple[tuple[str, Any], ...]
    set: Mapping[str, int]
    press: tuple[tuple[str, int], ...]
    frames: int
    files: tuple[str | Path, ...]
    timeout: float
    planes: tuple[str, ...]

    @staticmethod
    def of(
        images: Iterable[Any],
        set: Mapping[str, int] | None,
        press: Iterable[str],
        frames: int | None,
        files: Sequence[str | Path],
        timeout: float,
        planes: Sequence[str],
    ) -> Wishes:
        """Raises ProgramError for what cannot be meant."""
        pairs = enumerate(_pictures(images), 1)
        named = [(str(i[0]), i[1]) if isinstance(i, tuple) else (f"image {n}", i) for n, i in pairs]
        count = max(1, len(named)) if frames is None else frames
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_FRAMES:
            raise ProgramError(f"frames: expected an integer from 1 to {MOST_FRAMES:,}, got {count!r:.40}")
        if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout <= 86400:
            raise ProgramError(f"timeout: expected seconds from 0 to 86400, got {timeout!r:.40}")
        wanted: dict[str, int] = {}
        for label, value in (set or {}).items():
            if isinstance(value, bool):
                value = int(value)
            if not hasattr(value, "__index__") or not -(2**31) <= int(value) < 2**31:
                raise ProgramError(f"set {label}: expected a 32-bit integer, got {value!r:.40}")
            wanted[str(label)] = int(value)
        return Wishes(
            tuple(named),
            wanted,
            tuple(map(_press, press)),
            count,
            tuple(files),
            float(timeout),
            tuple(isa.register(p) for p in planes),
        )


def _pictures(images: Iterable[Any]) -> Iterable[Any]:
    if isinstance(images, np.ndarray) and images.ndim == 2:
        return [images]
    return images


def _press(text: str) -> tuple[str, int]:
    label, at, frame = str(text).rpartition("@")
    if not at or not frame.isdecimal() or not label or int(frame) < 1:
        raise OptionError(f"press '{text}': write LABEL@FRAME, such as 'record@3'; frames count from 1")
    return label, int(frame)


def plain(label: str) -> str:
    """A label as users write it: without case, and without the colon and blanks at its end."""
    return label.strip().rstrip(":").strip().casefold()
