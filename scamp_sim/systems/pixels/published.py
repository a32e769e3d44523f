"""Rows that hold a published number against a recomputed one, as text, as a document and as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.pixels.prices import KINDS


@dataclass(frozen=True)
class Row:
    """One figure.

    id: short name. what: in words, with the place in the paper. published: as printed, None where the paper has none.
    recomputed: by this project, None where that needs data that cannot be had. unit: "1" for ratios.
    kind: where `recomputed` comes from, one of `KINDS`; "published" where it is only stored. why: rule, caveat.
    """

    id: str
    what: str
    published: float | None
    recomputed: float | None
    unit: str
    kind: str
    why: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ScampError(f"row {self.id}: expected a kind of {', '.join(KINDS)}, got {self.kind!r}")

    @property
    def difference(self) -> float | None:
        """Recomputed over published, less 1; None where one of them is missing."""
        if self.published is None or self.recomputed is None or self.published == 0:
            return None
        return self.recomputed / self.published - 1

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "id": self.id,
            "what": self.what,
            "published": self.published,
            "recomputed": self.recomputed,
            "difference": self.difference,
            "unit": self.unit,
            "kind": self.kind,
            "why": self.why,
        }


def number(value: float | None, unit: str = "1") -> str:
    """A number as the tables show it: four digits, MAdds whole."""
    if value is None:
        return "-"
    if unit == "MAdds":
        return f"{value:,.0f}" if value < 1e7 else f"{value / 1e9:.6g}e9"
    return f"{value:.4g}" if abs(value) < 1e5 else f"{value:,.0f}"


def table(rows: Sequence[Row], *, width: int = 118) -> str:
    """The rows as text: id, published, recomputed, difference, kind, and what and why below."""
    import textwrap

    lines = [f"{'id':26} {'published':>12} {'recomputed':>14} {'unit':8} {'difference':>10}  kind"]
    for row in rows:
        d = row.difference
        lines.append(
            f"{row.id:26} {number(row.published, row.unit):>12} {number(row.recomputed, row.unit):>14} "
            f"{'' if row.unit == '1' else row.unit:8} {'-' if d is None else f'{100 * d:+.1f} %':>10}  {row.kind}"
        )
        lines += textwrap.wrap(f"{row.what}. {row.why}".strip(), width, initial_indent="    ", subsequent_indent="    ")
    return "\n".join(lines) + "\n"


def plot(rows: Sequence[Row], path: Path, title: str) -> None:
    """Recomputed over published for every row that has both, as a bar chart. Needs matplotlib."""
    from matplotlib.figure import Figure

    both = [row for row in rows if row.difference is not None]
    figure = Figure(figsize=(8, 0.28 * len(both) + 1.4), layout="constrained")
    axes = figure.subplots()
    values = [100 * (row.difference or 0.0) for row in both]
    colours = {"recomputed": "#1b6ca8", "inferred": "#d08c1d", "assumed": "#a33b3b", "published": "#777777"}
    axes.barh([row.id for row in both], values, color=[colours[row.kind] for row in both])
    for kind in dict.fromkeys(row.kind for row in both):
        axes.barh([], [], color=colours[kind], label=kind)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.invert_yaxis()
    axes.set_xlabel("recomputed against published, %")
    axes.set_title(title)
    axes.legend(title="recomputed value is", loc="best", fontsize=8)
    figure.savefig(path, dpi=120)
