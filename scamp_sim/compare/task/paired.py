"""Rows against raw frames, clip by clip: which of them differ by more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.compare.task.settings import CLIP, ITEMS, Item
from scamp_sim.compare.task.study import Study
from scamp_sim.study.grid import Unit
from scamp_sim.study.statistics import distribution


@dataclass(frozen=True)
class Against:
    """Share of right answers of a row, less that of raw frames on the same clips.

    low, high: the wider of Student's t over the test clips and over the seeds, 95 %.
    """

    item: Item
    raw_frames: int
    difference: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether it is more than chance."""
        return self.low > 0 or self.high < 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            **self.item.as_dict(),
            "raw_frames": self.raw_frames,
            "difference": self.difference,
            "interval_95": [self.low, self.high],
            "clear": self.clear,
        }


def against_raw(study: Study) -> tuple[Against, ...]:
    """Every training against raw frames of the same head and as many frames. PixelRNN's 16 are compared with the most
    that raw frames have; rows before a frozen backbone with that backbone on raw frames."""
    done = {ITEMS[n]: _right(study, n) for n in study.items}
    found = []
    for item, right in done.items():
        head = "small" if item.head == "frozen" else item.head
        raw = [i for i in done if (i.row, i.head) == ("raw", head) and item.frames in (i.frames, CLIP)]
        if item.row == "raw" or not raw:
            continue
        reference = max(raw, key=lambda i: i.frames)
        both = [s for s in right if s in done[reference]]  # a study that is under way has not all of them
        if both:
            away = np.stack([right[s] - done[reference][s] for s in both])
            found.append(_against(item, reference.frames, away))
    return tuple(found)


def _right(study: Study, number: int) -> dict[int, npt.NDArray[np.float64]]:
    """Seed -> (clips,), 1 where the answer is right."""
    units = {s: study.results.get(Unit(0, s, number)) for s in study.seeds}
    return {
        s: np.unpackbits(np.frombuffer(bytes.fromhex(r["clips"]), np.uint8))[: r["of"]].astype(np.float64)
        for s, r in units.items()
        if r is not None
    }


def _against(item: Item, raw_frames: int, away: npt.NDArray[np.float64]) -> Against:
    low, high = 1.0, -1.0
    for mean in (away.mean(axis=0), away.mean(axis=1)):
        interval = distribution(mean.tolist(), (-1.0, 1.0)).interval
        if interval is not None:
            low, high = min(low, interval.low), max(high, interval.high)
    return Against(item, raw_frames, float(away.mean()), low, high)


def lines(found: Sequence[Against]) -> list[str]:
    """A sentence for each head and number of frames: rows that are clearly below or above raw frames, and the rest."""
    said = []
    for head, frames in dict.fromkeys((a.item.head, a.raw_frames) for a in found):
        own = [a for a in found if (a.item.head, a.raw_frames) == (head, frames)]
        kinds = {
            "below": [a for a in own if a.high < 0],
            "above": [a for a in own if a.low > 0],
            "not clearly different": [a for a in own if not a.clear],
        }
        shown = (f"{what} {', '.join(map(_shown, there))}" for what, there in kinds.items() if there)
        said.append(f"{head} head, {frames} frame(s), in points from raw frames: {'; '.join(shown)}")
    return said


def _shown(a: Against) -> str:
    return f"{a.item.row} {100 * a.difference:+.1f} ({100 * a.low:+.1f} .. {100 * a.high:+.1f})"
