"""Two encodings of one clip, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scamp_sim.exceptions import PlaneError
from scamp_sim.systems.base.records import Array, Encoded, Stage
from scamp_sim.text import table


@dataclass(frozen=True)
class StageDifference:
    """How far one stage is from its reference.

    values: in the stage.
    differ: values that differ by more than `Stage.within`.
    per_frame: the same along the first axis of a stage with several planes, else one count.
    largest, rms: of the differences.
    """

    stage: str
    kind: str
    values: int
    differ: int
    per_frame: tuple[int, ...]
    largest: float
    rms: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {**vars(self), "per_frame": list(self.per_frame)}


def compare_stages(stages: Sequence[Stage], ours: Encoded, reference: Encoded) -> tuple[StageDifference, ...]:
    """The differences of all stages that both show, in the order of `stages`. Raises PlaneError for other shapes."""
    a, b = ours.planes(stages), reference.planes(stages)
    shown = [stage for stage in stages if stage.name in a and stage.name in b]
    return tuple(_difference(stage, np.asarray(a[stage.name]), np.asarray(b[stage.name])) for stage in shown)


def _difference(stage: Stage, a: Array, b: Array) -> StageDifference:
    if a.shape != b.shape:
        raise PlaneError(f"stage {stage.name}: expected shape {b.shape} of the reference, got {a.shape}")
    away = np.abs(a.astype(np.float64) - b.astype(np.float64))
    wrong = ~(away <= stage.within)  # not a number differs
    axes = tuple(range(1, wrong.ndim))
    counts = wrong.sum(axis=axes) if wrong.ndim > 2 else np.array([wrong.sum()])
    largest = float(away.max(initial=0.0))
    rms = float(np.sqrt(np.mean(np.square(away)))) if away.size else 0.0
    per_frame = tuple(int(n) for n in counts)
    return StageDifference(stage.name, stage.kind, wrong.size, int(wrong.sum()), per_frame, largest, rms)


def in_words(differences: Sequence[StageDifference]) -> str:
    """One line: which stages differ, and by how much."""
    if not differences:
        return "nothing to compare"
    wrong = [f"{d.differ:,} of {d.values:,} in {d.stage}" for d in differences if d.differ]
    if wrong:
        return f"differs from the golden model: {', '.join(wrong)}"
    names = [d.stage for d in differences]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{listed} {'equals' if len(names) == 1 else 'equal'} the golden model"


def difference_table(differences: Sequence[StageDifference]) -> str:
    """A row a stage."""
    rows = [(d.stage, d.kind, f"{d.differ:,} of {d.values:,}", _number(d.largest), _number(d.rms)) for d in differences]
    return table(("stage", "kind", "differ", "largest", "rms"), rows, "<<>>>")


def _number(value: float) -> str:
    return f"{value:.4g}"


__all__ = ["StageDifference", "compare_stages", "difference_table", "in_words"]
