"""What a validation found: a record for each clip, and the study of all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scamp_sim.study.grid import Unit
from scamp_sim.study.statistics import tidy, wilson
from scamp_sim.text import table

ARRAY, GOLDEN, OWN = "array", "golden", "own golden"
"""Who classified a clip: the realisation under study; the golden model; the golden model with the edges and ties of a
mapping."""

MODELS = {
    GOLDEN: "golden model (G)",
    OWN: "golden model with the edges and ties of this mapping (H)",
}


@dataclass(frozen=True)
class Shape:
    """What the records of a system consist of.

    sizes: stage -> values of one clip, in the order of the stages. last: the stage that is the codes. unit: of the
    codes. frames: of one clip.
    """

    sizes: Mapping[str, int]
    last: str
    unit: str
    frames: int


@dataclass(frozen=True)
class Record:
    """What validation found for one clip.

    differ: reference -> stage -> values that differ, a count a frame, or one in all of a stage that is one plane.
    largest: reference -> largest difference of the codes, in their unit. classes: who -> class that the decoder sees,
    empty without one. rms: reference -> root mean square of the difference of the codes, in the same unit.
    """

    clip: int
    name: str
    label: int | None
    differ: Mapping[str, Mapping[str, Sequence[int]]]
    largest: Mapping[str, float]
    classes: Mapping[str, int]
    rms: Mapping[str, float]


@dataclass(frozen=True)
class Study:
    """The results of a validation. about: what was run, in words. records: in the order of the clips. shape: what they
    consist of. ran: how many of them were not in the file already."""

    about: Mapping[str, Any]
    records: tuple[Record, ...]
    shape: Shape
    ran: int = 0

    @property
    def references(self) -> tuple[str, ...]:
        """What the array was compared with."""
        return tuple(self.records[0].differ) if self.records else ()

    @property
    def stages(self) -> tuple[str, ...]:
        """Stages that could be looked at."""
        return tuple(self.records[0].differ[self.references[0]]) if self.records else ()

    def differing(self, reference: str, stage: str) -> int:
        """Values of a stage that differ, over all clips."""
        return sum(sum(r.differ[reference][stage]) for r in self.records)

    def compared(self, stage: str) -> int:
        """Values of a stage that were compared with each reference."""
        return len(self.records) * self.shape.sizes[stage]

    def share(self, reference: str, stage: str) -> float:
        """The share of them that differ, 0 .. 1."""
        return self.differing(reference, stage) / self.compared(stage) if self.records else 0.0

    def worst(self, reference: str, stage: str) -> Record:
        """The clip with the most values that differ; the first of equals."""
        return max(self.records, key=lambda r: sum(r.differ[reference][stage]))

    def largest(self, reference: str) -> float:
        """The largest difference of the codes, in their unit."""
        return max((r.largest[reference] for r in self.records), default=0.0)

    def rms(self, reference: str) -> float:
        """The rms difference of the codes, in their unit: the mean over the clips."""
        return math.fsum(r.rms[reference] for r in self.records) / len(self.records) if self.records else 0.0

    def right(self, who: str) -> int | None:
        """Clips that were classified as labelled; None without labels or decoder."""
        if not self.records or any(r.label is None or who not in r.classes for r in self.records):
            return None
        return sum(r.classes[who] == r.label for r in self.records)

    def agreed(self, reference: str) -> int | None:
        """Clips of which array and reference say the same class; None without a decoder."""
        if not self.records or any(reference not in r.classes for r in self.records):
            return None
        return sum(r.classes[ARRAY] == r.classes[reference] for r in self.records)

    def summary(self) -> dict[str, Any]:
        """The study in numbers, ready for JSON."""
        count = len(self.records)
        stages = {
            reference: {
                stage: {
                    "differ": self.differing(reference, stage),
                    "of": self.compared(stage),
                    "share": self.share(reference, stage),
                    "worst_clip": self.worst(reference, stage).name if self.differing(reference, stage) else None,
                }
                for stage in self.stages
            }
            for reference in self.references
        }
        accuracy = {
            who: {
                "right": right,
                "of": count,
                "share": right / count,
                "interval_95": wilson(right / count, count, "clips").as_dict(),
            }
            for who in (ARRAY, *self.references)
            if (right := self.right(who)) is not None
        }
        agreement = {
            r: {"same": n, "of": count, "interval_95": wilson(n / count, count, "clips").as_dict()}
            for r in self.references
            if (n := self.agreed(r)) is not None
        }
        return {
            "clips": count,
            "frames": count * self.shape.frames,
            "equal": all(not s["differ"] for stage in stages.values() for s in stage.values()),
            "stages": stages,
            f"rms_{self.shape.last}": {r: tidy(self.rms(r)) for r in self.references},
            f"largest_{self.shape.last}": {r: self.largest(r) for r in self.references},
            "accuracy": accuracy,
            "same_class": agreement,
        }

    def as_dict(self) -> dict[str, Any]:
        """What was run, and the summary."""
        return {**self.about, **self.summary()}

    def text(self) -> str:
        """The study as a table."""
        lines, last = [], self.shape.last
        for reference in self.references:
            # any error at all makes other analog codes, so that their number says nothing: how far they are off does
            analog = {last} if self.differing(reference, last) and self.largest(reference) else set()
            rows = [
                (
                    stage,
                    f"rms {self.rms(reference):.3g}" if stage in analog else f"{self.differing(reference, stage):,}",
                    f"{self.compared(stage):,}",
                    "-" if stage in analog else percent(self.share(reference, stage)),
                    self.worst(reference, stage).name if self.differing(reference, stage) else "-",
                )
                for stage in self.stages
            ]
            lines += [
                f"array against the {MODELS.get(reference, reference)}",
                table(("stage", "differ", "of", "share", "worst clip"), rows, "<>>><"),
            ]
            if analog:
                lines[-1] += (
                    f"{last}: rms difference {self.rms(reference):.3f} {self.shape.unit}, "
                    f"largest {self.largest(reference):g}\n"
                )
        count = len(self.records)
        found = [
            f"{who} {right} of {count} ({percent(right / count)}, {_interval(right, count)})"
            for who in (ARRAY, *self.references)
            if (right := self.right(who)) is not None
        ]
        if found:
            lines.append("right class: " + ", ".join(found))
        lines += [
            f"array and {r} say the same class: {n} of {count} ({percent(n / count)}, {_interval(n, count)})"
            for r in self.references
            if (n := self.agreed(r)) is not None
        ]
        return "\n".join(lines).rstrip("\n") + "\n"


def _interval(right: int, count: int) -> str:
    found = wilson(right / count, count, "clips")
    return f"95 % interval {100 * found.low:.0f} .. {100 * found.high:.0f} %"


def percent(share: float) -> str:
    """A share for the tables; what is there, but little, is not 0."""
    return "< 0.01 %" if 0 < share < 0.0001 else f"{100 * share:.2f} %"


def record(row: Mapping[str, Any], unit: Unit = Unit(0, 0, 0)) -> Record:  # noqa: B008
    """A result out of a file or off a worker. Raises KeyError or TypeError for what is none."""
    found = Record(clip=unit.item, **row)
    if not all(type(n) is int for stages in found.differ.values() for counts in stages.values() for n in counts):
        raise TypeError("differ")
    return found


__all__ = ["ARRAY", "GOLDEN", "MODELS", "OWN", "Record", "Shape", "Study", "percent", "record"]
