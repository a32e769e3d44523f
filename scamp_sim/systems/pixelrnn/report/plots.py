"""The report as a plot: where the time of a frame goes under each mapping, and what leaves the sensor.

matplotlib is imported where it is used; it comes with the extra "demo".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scamp_sim.show.plots import ACCENT, GREY, new_figure, save
from scamp_sim.systems.pixelrnn.report import bandwidth
from scamp_sim.systems.pixelrnn.report.costs import FRONT_END, OTHER, PUBLISHED_US, STAGES, Costs
from scamp_sim.text import short

COLOURS = dict(
    zip(
        (*(stage for stage in STAGES if stage != FRONT_END), OTHER, FRONT_END),
        ("#4e79a7", "#f28e2b", "#76b7b2", "#e15759", "#b07aa1", "#59a14f", "#edc948", "#9c9c9c", "#9c755f"),
        strict=True,
    )
)
"""One for each stage."""

LIGHT = ("#76b7b2", "#edc948", "#f28e2b")
"""Those on which letters are black."""

ROOM = 0.055
"""Share of a bar from which on its number fits in."""


def write(path: str | Path, costs: Costs) -> Path:
    """Draw the report to a file, PNG, PDF or SVG by its name. Raises ScampError."""
    return save(path, lambda: _figure(costs))


def _figure(costs: Costs) -> Any:
    bars = len(costs.mappings)
    figure = new_figure(10, 5.6 + 1.1 * bars)
    times, shares, values = figure.subplots(3, 1, height_ratios=(bars + 0.6, bars + 0.6, 3.4))
    _times(times, costs)
    _shares(shares, costs)
    _values(values)
    handles, labels = shares.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    return figure


def _stacked(axes: Any, costs: Costs, relative: bool) -> None:
    for row, m in enumerate(costs.mappings):
        left, whole = 0.0, 1.0 if relative else m.frame.time_us
        for stage in costs.stages():
            colour = COLOURS[stage]
            us = m.at(stage).us or 0.0
            size = 100 * m.share(m.at(stage)) if relative else us
            axes.barh(row, size, left=left, color=colour, height=0.62, label=stage if row == 0 else None)
            if relative and size / 100 > ROOM:
                ink = "black" if colour in LIGHT else "white"
                axes.text(left + size / 2, row, f"{size:.0f} %", ha="center", va="center", fontsize=8, color=ink)
            left += size
        if not relative:
            axes.annotate(
                f"{whole:,.0f} us, {m.frame.words:,} words",
                (left, row),
                (6, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
            )
    axes.set_yticks(range(len(costs.mappings)), [m.name for m in costs.mappings])
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(left=False)


def _times(axes: Any, costs: Costs) -> None:
    _stacked(axes, costs, relative=False)
    longest = max([PUBLISHED_US, *(m.frame.time_us for m in costs.mappings)])
    axes.axvline(PUBLISHED_US, color="black", linestyle=":", linewidth=1)
    left_out = ", without the front end" if costs.front_end else ""
    axes.annotate(
        f"published: about {PUBLISHED_US:,} us{left_out} ",
        (PUBLISHED_US, 1),
        (-4, -4),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=9,
    )
    axes.set_xlim(0, longest * 1.22)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    weights = f"; weights: {costs.weights}" if costs.weights else ""
    axes.set_title(f"One frame on the chip, modelled, us{short(weights, 80)}", loc="left", fontsize=11)


def _shares(axes: Any, costs: Costs) -> None:
    _stacked(axes, costs, relative=True)
    axes.set_xlim(0, 100)
    axes.set_title("Share of the frame, %", loc="left", fontsize=11)


def _values(axes: Any) -> None:
    names = [m.name for m in bandwidth.MODELS]
    amounts = [m.values for m in bandwidth.MODELS]
    colours = [ACCENT if name == "PixelRNN" else GREY for name in names]
    axes.barh(range(len(names)), amounts, color=colours, height=0.66)
    for row, model in enumerate(bandwidth.MODELS):
        learned = f"; {model.parameters(1):,} or {model.parameters(2):,} parameters" if model.gates else ""
        ratio = "" if model.ratio == 1 else f", 1/{model.ratio:,.0f}"
        axes.annotate(
            f"{model.values:,}{ratio}{learned}",
            (model.values, row),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.set_xscale("log")
    axes.set_xlim(1000, 1e7)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(left=False)
    axes.set_title("Values read from the sensor in 16 frames", loc="left", fontsize=11)


__all__ = ["write"]
