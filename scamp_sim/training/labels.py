"""Labels of clips: how many classes there are, and what is wrong with them, before anything is as large as they."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ProgramError

MOST = 1000
"""Classes; a decoder has 4,097 numbers for each."""


def whole(labels: npt.ArrayLike, clips: int, what: str = "the labels") -> npt.NDArray[np.int64]:
    """Labels (clips,) as int64.

    what: where they come from, for messages.

    Raises ProgramError unless they are whole numbers from 0 up, one a clip.
    """
    known = np.asarray(labels)
    if known.shape != (clips,) or known.dtype.kind not in "iu":
        raise ProgramError(
            f"{what} are {known.dtype} of shape {known.shape}; they are whole numbers, ({clips},), one a clip"
        )
    if clips and known.min() < 0:
        raise ProgramError(f"{what}: a label is {known.min()}; labels go from 0 up")
    if clips and known.max() > np.iinfo(np.int64).max:
        raise ProgramError(f"{what}: a label is {known.max()}, which no number of classes reaches; give 0, 1, 2 ...")
    return known.astype(np.int64)


def count(labels: npt.NDArray[np.int64], what: str = "the labels") -> int:
    """How many classes labels (n,) tell apart. Raises ProgramError if there is a gap between 0 and the highest, or more
    than MOST classes."""
    there = np.unique(labels)
    gaps = np.flatnonzero(there != np.arange(len(there)))
    if len(gaps):
        raise ProgramError(
            f"{what}: no clip has label {gaps[0]}, but one has {there[-1]}; number the classes 0, 1, 2 without gaps"
        )
    if len(there) > MOST:
        raise ProgramError(f"{what}: they name {len(there):,} classes; at most {MOST:,} are supported")
    return len(there)


def within(labels: npt.NDArray[np.int64], classes: int, what: str = "the labels", known: str = "the decoder") -> None:
    """Raises ProgramError if a label is beyond the classes that `known` has."""
    highest = int(labels.max(initial=0))
    if highest >= classes:
        has = "class 0 alone" if classes == 1 else f"classes 0 to {classes - 1}"
        raise ProgramError(f"{what}: a label is {highest}, but {known} has {has}; they do not belong together")


__all__ = ["MOST", "count", "whole", "within"]
