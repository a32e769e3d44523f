"""What a task found: accuracy over bits of a decision, intervals, and whether it ranks anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scamp_sim.compare import rows as table_rows
from scamp_sim.compare.counts import Scene
from scamp_sim.compare.task import paired
from scamp_sim.compare.task.settings import (
    CATALOGUE,
    CLIP,
    HEADS,
    ITEMS,
    SAME_ON_ARRAY,
    SIDE,
    TRAINED,
    Item,
    chosen,
    seeds_option,
)
from scamp_sim.compare.task.study import Study
from scamp_sim.study.statistics import distribution, wilson

LR = "lr_1"
"""One-bit samples: where they are as good as everything, a task says nothing of encoders."""


PHOTOGRAPH = 192
"""Photosites along a side of the mosaic of a photograph's crop."""


@dataclass(frozen=True)
class Point:
    """Accuracy of one training over its seeds, 0..1, and the bits of a decision.

    low, high: the wider of Wilson's interval over the test clips and Student's t over the seeds.
    """

    item: Item
    bits: float
    bits_wire: float
    accuracy: float
    low: float
    high: float
    each: tuple[float, ...]
    clips: int
    weights: int

    @property
    def on_array(self) -> bool:
        """Whether the row's SCAMP-5 program gives the codes that were trained on, so that its bits on the wire belong
        to this accuracy."""
        return self.bits_wire > 0 and self.item.row in SAME_ON_ARRAY

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            **self.item.as_dict(),
            "bits": self.bits,
            "bits_wire_scamp5": self.bits_wire,
            "accuracy_holds_on_scamp5": self.on_array,
            "accuracy": self.accuracy,
            "interval_95": [self.low, self.high],
            "seeds": list(self.each),
            "test_clips": self.clips,
            "weights": self.weights,
        }


def points(study: Study) -> tuple[Point, ...]:
    """A point for each training that is done, in the order of rows, heads, frames."""
    found = []
    for number in sorted(study.items, key=lambda n: (ITEMS[n].head, n)):
        results = study.of(number)
        if results:
            found.append(_point(ITEMS[number], results, PHOTOGRAPH if study.task == "photographs" else SIDE))
    return tuple(found)


def _point(item: Item, results: Sequence[Mapping[str, Any]], side: int) -> Point:
    each = tuple(r["right"] / r["of"] for r in results)
    mean = sum(each) / len(each)
    clips = int(results[0]["of"])
    low, high = (w := wilson(mean, clips, "test clips")).low, w.high
    spread = distribution(each, (0.0, 1.0)).interval
    if spread is not None:
        low, high = min(low, spread.low), max(high, spread.high)
    bits, wire = bits_of(item, side)
    return Point(item, bits, wire, mean, low, high, each, clips, int(results[0]["weights"]))


def bits_of(item: Item, side: int = SIDE) -> tuple[float, float]:
    """Payload bits of a decision on the row's own chip, and on the wire of SCAMP-5 (0 where it has no such row)."""
    from scamp_sim.compare import kept
    from scamp_sim.exceptions import ScampError

    scene = Scene(side, item.frames)
    own = table_rows.CIRCUIT[item.row](scene).bits
    try:
        array = kept.built(item.row, scene).counts(scene).bits_wire
    except ScampError:
        array = 0.0
    return own, array


@dataclass(frozen=True)
class Ranking:
    """Whether a head at so many frames ranks encoders.

    best: the learned row with the highest accuracy. ranks: whether one-bit samples are clearly below it.
    """

    head: str
    frames: int
    best: Point
    low_bits: Point
    ranks: bool

    def __str__(self) -> str:
        shown = f"{100 * self.low_bits.accuracy:.1f} % of {LR} against {100 * self.best.accuracy:.1f} % of "
        shown += self.best.item.row
        where = f"{self.head} head, {self.frames} frame(s)"
        if self.ranks:
            return f"{where}: {shown}: ranks rows"
        return f"{where}: {shown}: one bit is as good within the intervals, so this does not rank rows"


def rankings(found: Sequence[Point]) -> tuple[Ranking, ...]:
    """The check of every head and number of frames: one-bit samples against the best learned row, which PixelRNN's 16
    frames take part in."""
    made = []
    for head, frames in sorted({(p.item.head, p.item.frames) for p in found if p.item.row == LR}):
        low = next(p for p in found if (p.item.row, p.item.head, p.item.frames) == (LR, head, frames))
        learned = [
            p
            for p in found
            if p.item.row in TRAINED and p.item.head == head and p.item.frames in (frames, CLIP if frames > 1 else 0)
        ]
        if learned:
            best = max(learned, key=lambda p: p.accuracy)
            made.append(Ranking(head, frames, best, low, low.high < best.accuracy and best.low > low.accuracy))
    return tuple(made)


def as_dict(study: Study) -> dict[str, Any]:
    """The task, ready for JSON."""
    found = points(study)
    return {
        "name": study.task,
        "budget": study.budget.as_dict(),
        "seeds": list(study.seeds),
        "points": [p.as_dict() for p in found],
        "checks": [
            {"head": r.head, "frames": r.frames, "ranks": r.ranks, "best": r.best.item.row, "said": str(r)}
            for r in rankings(found)
        ],
        "against_raw": [a.as_dict() for a in paired.against_raw(study)],
        "left_out": dict(study.left_out),
    }


def cells(p: Point) -> tuple[str, ...]:
    """A line of the table of a task."""
    share = f"{100 * p.accuracy:.1f}"
    return (
        p.item.row,
        str(p.item.frames),
        f"{p.bits:,.0f}",
        share,
        f"{100 * p.low:.1f} .. {100 * p.high:.1f}",
        f"{100 * min(p.each):.1f} .. {100 * max(p.each):.1f}",
        f"{p.weights:,}",
    )


HEAD = ("row", "T", "bits a decision", "right %", "95 % interval", "seeds", "weights")


def said(study: Study, found: Sequence[Point]) -> list[str]:
    """What stands under the tables of a task: the checks, whose accuracy it is, and what takes no part."""
    other = [r for r in dict.fromkeys(p.item.row for p in found) if r not in SAME_ON_ARRAY]
    lines = [*(str(r) for r in rankings(found)), *paired.lines(paired.against_raw(study))]
    if other and study.task != "photographs":
        lines.append(
            f"accuracy is that of the own chips' codes; on SCAMP-5 {', '.join(other)} have no program or one with "
            "other weights, whose accuracy is not measured"
        )
    return [*lines, *(f"no part: {reason}" for reason in study.left_out.values())]


def command(study: Study) -> str:
    """What gives this study again."""
    items = [ITEMS[n] for n in study.items]
    frames = sorted({i.frames for i in items if i.row != "pixelrnn"}) or [1]
    heads = [h for h in HEADS if any(i.head == h for i in items)]
    parts = [f"scamp-sim compare --task {study.task} --heads {','.join(heads)} --frames {','.join(map(str, frames))}"]
    parts += study.budget.options()
    if set(study.items) != set(chosen(study.task, None, frames, heads)[0]):
        there = {i.row for i in items}
        parts.append(f"--rows {','.join(r for r in CATALOGUE if r in there)}")
    return " ".join([*parts, *seeds_option(study.seeds)])


def title(study: Study) -> str:
    """What was done, in a line or two."""
    b = study.budget
    scenes = {"gestures": "drawn hands, 9 classes", "shapes": "drawn hands, 3 shapes", "digits": "MNIST-5k, 10 classes"}
    what = scenes.get(study.task, "photographs")
    return (
        f"task {study.task} ({what}), {b.light} light: {b.train} for training and {b.test} for the test of each class, "
        f"{b.epochs} epochs, {len(study.seeds)} seeds"
    )


def text(study: Study, width: int = 80) -> str:
    """Tables by head, the checks, and what takes no part."""
    from scamp_sim.compare.table import wrapped
    from scamp_sim.text import table

    found = points(study)
    parts = [wrapped([title(study)], width, "")]
    for head in dict.fromkeys(p.item.head for p in found):
        shown = [cells(p) for p in found if p.item.head == head]
        parts.append(f"{head} head\n" + table(HEAD, shown, "<" + ">" * (len(HEAD) - 1)))
    parts.append(wrapped(said(study, found), width))
    return "\n".join(parts)
