"""Figures: published against recomputed, sweeps of a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from scamp_sim.show import plots
from scamp_sim.systems.base.published import PublishedRow

COLOURS = {"recomputed": "#1b6ca8", "inferred": "#d08c1d", "assumed": "#a33b3b", "published": "#777777"}
DPI = 120


def against_paper(rows: Sequence[PublishedRow], path: Path, title: str) -> None:
    """Recomputed over published for every row that has both, as bars."""
    from matplotlib.figure import Figure

    both = [row for row in rows if row.difference is not None]
    figure = Figure(figsize=(8, 0.28 * len(both) + 1.4), layout="constrained")
    axes = figure.subplots()
    values = [100 * (row.difference or 0.0) for row in both]
    axes.barh([row.id for row in both], values, color=[COLOURS[row.kind] for row in both])
    for kind in dict.fromkeys(row.kind for row in both):
        axes.barh([], [], color=COLOURS[kind], label=kind)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.invert_yaxis()
    axes.set_xlabel("recomputed against published, %")
    axes.set_title(title)
    axes.legend(title="recomputed value is", loc="best", fontsize=8)
    plots.save(path, lambda: figure, DPI)


def sweep(rows: Sequence[PublishedRow], path: Path, title: str) -> None:
    """Each quantity of a sweep over its configurations."""
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(row.what.partition(":")[0] for row in rows))
    figure = Figure(figsize=(9, 1.9 * len(names)), layout="constrained")
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(panels, names, strict=True):
        chosen = [row for row in rows if row.what.partition(":")[0] == name]
        labels = [row.id.removeprefix(f"{name}_").replace("_", " ") for row in chosen]
        axes.plot(labels, [float(row.recomputed or 0.0) for row in chosen], marker="o", color=COLOURS[chosen[0].kind])
        axes.set_ylabel(f"{name}, {chosen[0].unit}\n({chosen[0].kind})", fontsize=8)
        axes.grid(alpha=0.3)
    panels[-1].tick_params(axis="x", rotation=60, labelsize=7)
    panels[0].set_title(f"{title}: configurations (k kernel, s stride, c channels, b bits, i side)")
    plots.save(path, lambda: figure, DPI)


def codes(rows: Sequence[Mapping[str, float]], accuracy: float, path: Path, data: str) -> None:
    """Accuracy over the depth of codes, both phases converted and one conversion of the output. data: what it is."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    bits = [row["bits"] for row in rows]
    for key, label in (("phases", "both phases converted (circuit)"), ("output", "one conversion of the output")):
        axes.plot(bits, [100 * row[key] for row in rows], marker="o", label=label)
    axes.axhline(100 * accuracy, color="black", linewidth=0.8, linestyle=":", label="floating point")
    axes.set_xlabel("bits")
    axes.set_ylabel("test accuracy, %")
    axes.set_title(f"P2M on {data}", fontsize=9)
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    plots.save(path, lambda: figure, DPI)
