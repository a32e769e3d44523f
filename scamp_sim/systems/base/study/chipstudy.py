"""What a study of a system over chips found, in distributions: accuracy, and how much of each stage differs.

A value for each chip is the mean over its seeds and clips; distributions are over chips.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from scamp_sim.study.grid import Grid, Unit, ranges
from scamp_sim.study.statistics import Distribution, Interval, distribution, distribution_table, tidy, wilson
from scamp_sim.systems.base.study.results import ARRAY, MODELS, Record, Shape, percent
from scamp_sim.text import table

SHARES = (0.0, 1.0)
LISTED = 40
"""Chips that the text names one by one."""


@dataclass(frozen=True)
class Accuracy:
    """How often one chip is right.

    share: over all seeds and clips.
    interval: Wilson's over the clips, since seeds measure the same clips again.
    seeds: share for each seed.
    """

    chip: int
    share: float
    interval: Interval
    seeds: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "chip": self.chip,
            "share": tidy(self.share),
            "interval_95": self.interval.as_dict(),
            "seeds": [tidy(s) for s in self.seeds],
        }


@dataclass(frozen=True)
class ChipStudy:
    """The results of a study.

    about: what was run, in words.
    shape: what a record consists of.
    ran: how many units were not in the file already.
    """

    about: Mapping[str, Any]
    grid: Grid
    outcomes: Mapping[Unit, Record]
    shape: Shape
    ran: int = 0

    @cached_property
    def references(self) -> tuple[str, ...]:
        """What the chips were compared with."""
        return tuple(self._first.differ)

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """Stages that could be looked at."""
        return tuple(self._first.differ[self.references[0]])

    @property
    def _first(self) -> Record:
        return next(iter(self.outcomes.values()))

    def of_chips(self, value: Callable[[Record], float]) -> list[float]:
        """Chip by chip, the mean of a value over seeds and clips."""
        grid = self.grid
        each = len(grid.seeds) * grid.items
        return [
            math.fsum(value(self.outcomes[Unit(c, s, i)]) for s in grid.seeds for i in range(grid.items)) / each
            for c in grid.chips
        ]

    def differing(self, reference: str, stage: str) -> Distribution:
        """Over chips, the share of a stage's values that differ."""
        size = self.shape.sizes[stage]
        return distribution(self.of_chips(lambda r: sum(r.differ[reference][stage]) / size), SHARES)

    def rms(self, reference: str) -> Distribution:
        """Over chips, the rms difference of the codes, in their unit."""
        return distribution(self.of_chips(lambda r: r.rms[reference]), (0.0, math.inf))

    def agreement(self, reference: str) -> Distribution | None:
        """Over chips, the share of clips of which chip and reference say the same class; None without a decoder."""
        if any(reference not in r.classes for r in self.outcomes.values()):
            return None
        return self._of_clips(self.of_chips(lambda r: r.classes[ARRAY] == r.classes[reference]))

    def _of_clips(self, shares: Sequence[float]) -> Distribution:
        """Over chips; of one chip, with Wilson's interval over its clips."""
        found, items = distribution(shares, SHARES), self.grid.items
        if found.interval is not None:
            return found
        return replace(found, interval=wilson(min(1.0, found.mean), items, _noun(items)))

    @cached_property
    def accuracies(self) -> tuple[Accuracy, ...]:
        """Of each chip; none without labels or decoder."""
        if any(r.label is None or ARRAY not in r.classes for r in self.outcomes.values()):
            return ()
        items = self.grid.items

        def share(chip: int, seed: int) -> float:
            right = [self.outcomes[Unit(chip, seed, i)] for i in range(items)]
            return sum(r.classes[ARRAY] == r.label for r in right) / items

        found = []
        for chip in self.grid.chips:
            seeds = tuple(share(chip, seed) for seed in self.grid.seeds)
            mean = min(1.0, math.fsum(seeds) / len(seeds))
            found.append(Accuracy(chip, mean, wilson(mean, items, _noun(items)), seeds))
        return tuple(found)

    @property
    def accuracy(self) -> Distribution | None:
        """Over chips; None without labels or decoder. The interval of one chip is Wilson's."""
        return self._of_clips([a.share for a in self.accuracies]) if self.accuracies else None

    @property
    def seed_spread(self) -> float | None:
        """sd of the accuracy between seeds of one chip, over all chips; None for one seed."""
        if len(self.grid.seeds) < 2 or not self.accuracies:
            return None
        spreads = [distribution(a.seeds).sd or 0.0 for a in self.accuracies]
        return math.sqrt(math.fsum(s * s for s in spreads) / len(spreads))

    def right(self, reference: str) -> float | None:
        """Share of the clips of which a reference says the right class."""
        chip, seed = self.grid.chips[0], self.grid.seeds[0]
        rows = [self.outcomes[Unit(chip, seed, i)] for i in range(self.grid.items)]
        if any(r.label is None or reference not in r.classes for r in rows):
            return None
        return sum(r.classes[reference] == r.label for r in rows) / len(rows)

    @property
    def classes(self) -> Counter[int]:
        """How often each class was said, over all units."""
        return Counter(r.classes[ARRAY] for r in self.outcomes.values() if ARRAY in r.classes)

    # --- for people and programs ------------------------------------------------------------------------------

    def summary(self) -> dict[str, Any]:
        """The study in numbers, ready for JSON."""
        grid, accuracy, spread = self.grid, self.accuracy, self.seed_spread
        references: dict[str, Any] = {}
        for r in self.references:
            same, right = self.agreement(r), self.right(r)
            references[r] = {
                "differing": {s: self.differing(r, s).as_dict() for s in self.stages},
                f"rms_{self.shape.last}": self.rms(r).as_dict(),
                "same_class": None if same is None else same.as_dict(),
                "accuracy": None
                if right is None
                else {"share": tidy(right), "interval_95": wilson(right, grid.items, _noun(grid.items)).as_dict()},
            }
        return {
            "chips": ranges(grid.chips),
            "seeds": ranges(grid.seeds),
            "clips": grid.items,
            "units": len(grid),
            "accuracy": None if accuracy is None else accuracy.as_dict(),
            "accuracy_sd_between_seeds": None if spread is None else tidy(spread),
            "accuracy_of_chips": [a.as_dict() for a in self.accuracies],
            "classes_said": {str(n): count for n, count in sorted(self.classes.items())},
            "references": references,
        }

    def as_dict(self) -> dict[str, Any]:
        """What was run, and the summary."""
        return {**self.about, **self.summary()}

    def text(self) -> str:
        """The study as tables."""
        blocks, last = [], self.shape.last
        clips = {} if self.accuracy is None else {"right class": self.accuracy}
        for r in self.references:
            same = self.agreement(r)
            if same is not None:
                clips[f"same class as {r}"] = same
        if clips:
            block = distribution_table(clips, percent, "share of the clips")
            if self.seed_spread is not None:
                block += f"right class, sd between seeds of one chip: {percent(self.seed_spread)}\n"
            for r in self.references:
                right = self.right(r)
                if right is not None:
                    w = wilson(right, self.grid.items, _noun(self.grid.items))
                    block += f"{r} is right for {percent(right)} ({percent(w.low)} .. {percent(w.high)}, {w.method})\n"
            blocks.append(block)
        if len(self.accuracies) > 1:
            blocks.append(self._chips())
        for r in self.references:
            block = f"chips against the {MODELS.get(r, r)}\n"
            bits = [s for s in self.stages if s != last]  # with any error at all, all analog codes differ
            block += distribution_table({s: self.differing(r, s) for s in bits}, percent, "share that differs")
            rms = distribution_table({last: self.rms(r)}, lambda v: f"{v:.3f}", f"rms difference, {self.shape.unit}")
            blocks += [block, rms]
        blocks.append(f"intervals of means: {self.method}\n")
        return "\n".join(blocks)

    @property
    def method(self) -> str:
        """How the intervals of means are worked out."""
        if len(self.grid.chips) > 1:
            return f"Student's t over {len(self.grid.chips)} chips, for these clips"
        return f"Wilson over {self.grid.items} {_noun(self.grid.items)}, of shares of clips; others need several chips"

    def _chips(self) -> str:
        shown: Sequence[Accuracy] = self.accuracies
        note = ""
        if len(shown) > LISTED:
            shown = sorted(sorted(shown, key=lambda a: (a.share, a.chip))[:LISTED], key=lambda a: a.chip)
            note = f", the {LISTED} that are right least often"
        rows = [
            (
                str(a.chip),
                percent(a.share),
                f"{percent(a.interval.low)} .. {percent(a.interval.high)}",
                percent(min(a.seeds)),
                percent(max(a.seeds)),
            )
            for a in shown
        ]
        head = ("chip", "right", "95 % interval", "worst seed", "best seed")
        method = self.accuracies[0].interval.method
        return f"chip by chip{note} (interval: {method})\n" + table(head, rows, ">>>>>")


def _noun(items: int) -> str:
    return "clip" if items == 1 else "clips"


__all__ = ["Accuracy", "ChipStudy"]
