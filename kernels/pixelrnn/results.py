"""What a validation found: a record for each clip, the study of all of them, and the file that keeps them.

A file belongs to weights, clips and options, told apart by digests; it is written whole or not at all.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernels.pixelrnn.checks import path_of
from kernels.pixelrnn.golden import FRAMES, SIDE
from scamp_sim.exceptions import ProgramError

STAGES = ("x", "b", "f", "h", "o")
"""The binarised frame, the input of the recurrent part, the forget gate, the state, the output."""

FORMAT = "pixelrnn validation, 1"
WRITE_EVERY = 0.5
"""Seconds between writes of the results: no more is lost when a run is killed."""

PLANE_VALUES = SIDE * SIDE
ARRAY, GOLDEN, OWN = "array", "golden", "own golden"
"""Who classified a clip: the array; the golden model; the golden model with the mapping's own edges and ties."""

MODELS = {
    GOLDEN: "golden model (G)",
    OWN: "golden model with the edges and ties of this mapping (H)",
}


@dataclass(frozen=True)
class Record:
    """What validation found for one clip.

    differ: reference -> stage -> values that differ, one count a frame (of o one in all). largest: reference -> largest
    difference of o. classes: who -> class that the decoder sees, empty without one.
    """

    clip: int
    name: str
    label: int | None
    differ: Mapping[str, Mapping[str, Sequence[int]]]
    largest: Mapping[str, float]
    classes: Mapping[str, int]


@dataclass(frozen=True)
class Study:
    """The results of a validation. about: what was run, in words. records: in the order of the clips. ran: how many of
    them were not in the file already."""

    about: Mapping[str, Any]
    records: tuple[Record, ...]
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
        return len(self.records) * PLANE_VALUES * (1 if stage == "o" else FRAMES)

    def share(self, reference: str, stage: str) -> float:
        """The share of them that differ, 0 .. 1."""
        return self.differing(reference, stage) / self.compared(stage) if self.records else 0.0

    def worst(self, reference: str, stage: str) -> Record:
        """The clip with the most values that differ; the first of equals."""
        return max(self.records, key=lambda r: sum(r.differ[reference][stage]))

    def largest(self, reference: str) -> float:
        """The largest difference of o, in units of one tap product."""
        return max((r.largest[reference] for r in self.records), default=0.0)

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
            who: {"right": right, "of": count, "share": right / count}
            for who in (ARRAY, *self.references)
            if (right := self.right(who)) is not None
        }
        agreement = {r: {"same": n, "of": count} for r in self.references if (n := self.agreed(r)) is not None}
        return {
            "clips": count,
            "frames": count * FRAMES,
            "equal": all(not s["differ"] for stage in stages.values() for s in stage.values()),
            "stages": stages,
            "largest_o": {r: self.largest(r) for r in self.references},
            "accuracy": accuracy,
            "same_class": agreement,
        }

    def as_dict(self) -> dict[str, Any]:
        """What was run, and the summary."""
        return {**self.about, **self.summary()}

    def text(self) -> str:
        """The study as a table."""
        from kernels.pixelrnn.report import table

        lines = []
        for reference in self.references:
            rows = [
                (
                    stage,
                    f"{self.differing(reference, stage):,}",
                    f"{self.compared(stage):,}",
                    percent(self.share(reference, stage)),
                    self.worst(reference, stage).name if self.differing(reference, stage) else "-",
                )
                for stage in self.stages
            ]
            lines += [
                f"array against the {MODELS[reference]}",
                table(("stage", "differ", "of", "share", "worst clip"), rows, "<>>><"),
            ]
            if self.largest(reference):
                lines[-1] += f"largest difference of o: {self.largest(reference):g}\n"
        count = len(self.records)
        found = [
            f"{who} {right} of {count} ({percent(right / count)})"
            for who in (ARRAY, *self.references)
            if (right := self.right(who)) is not None
        ]
        if found:
            lines.append("right class: " + ", ".join(found))
        lines += [
            f"array and {r} say the same class: {n} of {count}"
            for r in self.references
            if (n := self.agreed(r)) is not None
        ]
        return "\n".join(lines).rstrip("\n") + "\n"


def percent(share: float) -> str:
    """A share for the tables; what is there, but little, is not 0."""
    return "< 0.01 %" if 0 < share < 0.0001 else f"{100 * share:.2f} %"


# --- the file of the results ------------------------------------------------------------------------------------


class Results:
    """The records of a validation in a file, written whole or not at all. Raises ProgramError: not such a file, or
    one that belongs to something else."""

    def __init__(self, path: str | Path, about: Mapping[str, Any], digests: Mapping[str, str], clips: int) -> None:
        from scamp_sim.files import check_file

        path_of(path, "results")
        self.path = check_file(path, "results")
        self._about, self._digests = about, digests
        self._written = time.monotonic()
        self.records: dict[int, Record] = {}
        if self.path.exists():
            self.records = {r.clip: r for r in self._read(clips)}

    def add(self, record: Record) -> None:
        """Keep a record; every now and then, write them."""
        self.records[record.clip] = record
        if time.monotonic() - self._written > WRITE_EVERY:
            self.write()

    def write(self) -> None:
        """Write what there is, a line a clip, the same text for the same results."""
        from scamp_sim.files import write_text

        records = tuple(self.records[n] for n in sorted(self.records))
        head = {"format": FORMAT, "digests": self._digests, "about": self._about}
        text = json.dumps({**head, "summary": Study(self._about, records).summary()}, indent=1)
        rows = ",\n".join("  " + json.dumps(vars(r)) for r in records)
        write_text(self.path, f'{text[:-2]},\n "clips": [\n{rows}\n ]\n}}\n', "results")
        self._written = time.monotonic()

    def _read(self, clips: int) -> list[Record]:
        remedy = "name another file, or remove it"
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
            if document["format"] != FORMAT:
                raise ProgramError(f"{self.path}: results of another version ({document['format']}); {remedy}")
            digests = document["digests"]
            other = [name for name, digest in self._digests.items() if digests.get(name) != digest]
            records = [Record(**row) for row in document["clips"]]
            numbers = [r.clip for r in records]
            if len(set(numbers)) != len(numbers):
                raise KeyError("clips")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
            if isinstance(e, ProgramError):
                raise
            raise ProgramError(f"{self.path}: not the results of a validation; {remedy}") from None
        if other or any(not 0 <= n < clips for n in numbers):
            what = " and ".join(other) or "clips"
            raise ProgramError(f"{self.path} holds the results of other {what}; {remedy}")
        return records


__all__ = ["ARRAY", "GOLDEN", "MODELS", "OWN", "STAGES", "Record", "Results", "Study", "percent"]
