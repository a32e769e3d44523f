"""What encoders are compared with, as programs of the array: raw frames, block means, few bits, differences.

raw(); subsampled(2); low_bits(2); change(first=False)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program

_FOLDER = Path(__file__).parent


def _load(name: str, **params: int) -> Program:
    from scamp_sim.compiler import assemble

    return assemble(_FOLDER / f"{name}.scamp", params=params)


def raw() -> Program:
    """A raw frame of 8 bits."""
    return _load("raw")


def subsampled(columns: int) -> Program:
    """Means of each colour over cells of 2 rows and 2 or 4 columns of RGB pixels. Raises ProgramError."""
    return _load("subsample", columns=columns)


def low_bits(bits: int, *, setup: bool = True, frame: bool = True) -> Program:
    """RGB values of 1 or 2 bits. setup: with what is loaded once. frame: with the frame. Raises ProgramError."""
    return _load("low_bits", bits=bits, setup=int(setup), frame=int(frame))


def change(*, first: bool = False, level: int = 12) -> Program:
    """A plane of what has changed since the last frame; the first frame is kept only. Raises ProgramError."""
    return _load("change", first=int(first), level=level)


__all__ = ["change", "low_bits", "raw", "subsampled"]
