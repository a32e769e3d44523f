"""Rows that set a number of a paper beside the same number recomputed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any, Literal

from scamp_sim.text import table

Kind = Literal["published", "recomputed", "inferred", "assumed", "quoted", "measured"]
"""How `recomputed` came about. recomputed: by the paper's formula from its constants. inferred: with constants that the
paper does not print. assumed: with a constant chosen here. quoted: not recomputed, only repeated. measured: by running
the model here. published: both numbers stand in the paper."""

KINDS: tuple[str, ...] = ("published", "recomputed", "inferred", "assumed", "quoted", "measured")

Value = float | int | str | None


@dataclass(frozen=True)
class PublishedRow:
    """One number of a paper.

    id: short name, unique in its system.
    what: the number in words.
    published: as printed, None where the paper prints none.
    recomputed: here, None where it cannot be.
    unit: of both.
    kind: see `Kind`.
    why: what explains the difference, or what was assumed.
    source: section, table or equation.
    within: largest relative difference at which the two count as equal; None where equality is not claimed.
    """

    id: str
    what: str
    published: Value
    recomputed: Value
    unit: str = ""
    kind: Kind = "recomputed"
    why: str = ""
    source: str = ""
    within: float | None = None

    @property
    def difference(self) -> float | None:
        """Relative difference of the two numbers; None unless both are numbers and the published one is not 0."""
        if isinstance(self.published, (int, float)) and isinstance(self.recomputed, (int, float)) and self.published:
            return float(self.recomputed / self.published - 1)
        return None

    @property
    def holds(self) -> bool | None:
        """Whether the two agree as claimed; None where nothing is claimed."""
        if self.within is None or not isinstance(self.published, (int, float)):
            return None
        if not isinstance(self.recomputed, (int, float)):
            return False
        slack = 1e-12 * abs(self.published)
        return isclose(self.published, self.recomputed, rel_tol=0, abs_tol=self.within * abs(self.published) + slack)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        names = ("id", "what", "published", "recomputed", "unit", "kind", "why", "source", "within")
        return {**{name: getattr(self, name) for name in names}, "difference": self.difference}


@dataclass(frozen=True)
class Anchor:
    """A published number with the function that recomputes it; fields as of `PublishedRow`.

    ours: takes no argument; called when the row is wanted.
    """

    id: str
    what: str
    published: Value
    ours: Callable[[], Value]
    unit: str = ""
    kind: Kind = "recomputed"
    why: str = ""
    source: str = ""
    within: float | None = None

    def row(self) -> PublishedRow:
        """The row, recomputed."""
        values = {name: value for name, value in vars(self).items() if name != "ours"}
        return PublishedRow(**values, recomputed=self.ours())


def document(rows: Iterable[PublishedRow]) -> dict[str, Any]:
    """`{"rows": [...]}`, ready for JSON."""
    return {"rows": [row.as_dict() for row in rows]}


def text(rows: Sequence[PublishedRow]) -> str:
    """A table: id, published, recomputed, difference, kind; below it what explains the differences."""
    cells = [
        (r.id, shown(r.published), shown(r.recomputed), r.unit, _percent(r.difference), r.kind, r.what) for r in rows
    ]
    head = ("id", "published", "recomputed", "unit", "difference", "kind", "what")
    lines = [table(head, cells, "<>><><<")]
    lines += [f"{r.id}: {r.why}{f' ({r.source})' if r.source else ''}\n" for r in rows if r.why]
    return "".join(lines)


def shown(value: Value) -> str:
    """A value in a table: "-" for none, four significant digits for a number that is not whole."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:,.4g}"


def _percent(difference: float | None) -> str:
    return "" if difference is None else f"{100 * difference:+.1f} %"


__all__ = ["KINDS", "Anchor", "Kind", "PublishedRow", "Value", "document", "shown", "text"]
