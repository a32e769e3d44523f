"""A study over chips as a plot: how often each chip is right, and how the share of differing bits is spread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scamp_sim.show import plots
from scamp_sim.systems.base.study.chipstudy import ChipStudy

NAMED = 60
"""Chips of which each has its serial below the axis."""


def write(path: str | Path, study: ChipStudy) -> Path:
    """Draw the study to a file, PNG, PDF or SVG by its name. Raises ScampError."""
    return plots.save(path, lambda: _figure(study))


def _figure(study: ChipStudy) -> Any:
    rows = 1 if not study.accuracies else 2
    figure = plots.new_figure(10, 4.2 * rows)
    axes = figure.subplots(rows, 1, squeeze=False)[:, 0]
    if study.accuracies:
        _accuracies(axes[0], study)
    _shares(axes[-1], study)
    return figure


def _accuracies(axes: Any, study: ChipStudy) -> None:
    """A strip for each chip, a dot a seed, the mean and Wilson's interval."""
    found = study.accuracies
    places = range(len(found))
    for place, chip in zip(places, found, strict=True):
        axes.vlines(place, 100 * chip.interval.low, 100 * chip.interval.high, color=plots.GREY, linewidth=1)
        axes.plot([place] * len(chip.seeds), [100 * s for s in chip.seeds], "o", color=plots.ACCENT, ms=3, alpha=0.5)
    axes.plot(places, [100 * chip.share for chip in found], "_", color="black", ms=12)
    for reference in study.references:
        right = study.right(reference)
        if right is not None:
            axes.axhline(100 * right, linestyle=":", color="black", linewidth=1)
            axes.annotate(
                f"{reference} ",
                (1, 100 * right),
                (0, 3),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha="right",
                fontsize=8,
            )
    step = 1 + (len(found) - 1) // NAMED
    axes.set_xticks(list(places)[::step], [str(chip.chip) for chip in found][::step], fontsize=8)
    axes.set_xlabel("chip (bar: mean; dots: seeds; line: 95 % interval over the clips)", fontsize=9)
    axes.set_title("Right class, % of the clips", loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)


def _shares(axes: Any, study: ChipStudy) -> None:
    """A box a stage, a value a chip."""
    reference = study.references[0]
    stages = [stage for stage in study.stages if stage != study.shape.last]
    values = [
        [100 * v for v in study.of_chips(lambda r, s=stage: sum(r.differ[reference][s]) / study.shape.sizes[s])]  # type: ignore[misc]
        for stage in stages
    ]
    axes.boxplot(values, widths=0.5)
    axes.set_xticks(range(1, len(stages) + 1), stages)
    axes.set_title(f"Bits that differ from the {reference} model, % (box: over chips)", loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)


__all__ = ["write"]
