"""What the cost model says about every published figure, and whether that holds."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scamp_sim.costs.prices import CONSTANT, Timing
from scamp_sim.study.anchors import ANCHORS, Anchor
from scamp_sim.text import plural

TOLERANCE = 0.15
"""Share by which a prediction may differ from what was published."""

WIDTH = 100


@dataclass(frozen=True)
class Finding:
    """One anchor, judged.

    predicted: None if nothing can be said.
    verdict: the difference, or how a bound fares.
    """

    anchor: Anchor
    predicted: float | None
    holds: bool
    verdict: str
    remark: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        a = self.anchor
        return {
            "id": a.id,
            "what": a.what,
            "sense": a.sense,
            "published": a.value,
            "unit": a.unit,
            "source": a.source,
            "kind": a.kind,
            "fitted": a.fitted,
            "predicted": self.predicted,
            "holds": self.holds,
            "verdict": self.verdict,
            "remark": self.remark,
        }


def calibrate(timing: Timing, anchors: Iterable[Anchor] = ANCHORS) -> list[Finding]:
    """Every anchor with what the model says about it at the prices of `timing`."""
    return [judge(anchor, timing) for anchor in anchors]


def judge(anchor: Anchor, timing: Timing) -> Finding:
    """One anchor: predicted, compared, explained."""
    if anchor.predict is None:
        return Finding(anchor, None, False, "not predicted", f"{anchor.note}; {_room(anchor, timing)}")
    try:
        predicted = anchor.predict(timing)
    except KeyError as e:
        return Finding(anchor, None, False, "not predicted", f"the price table has no row {e.args[0]}")
    difference = predicted / anchor.value - 1
    if anchor.sense == "about":
        return Finding(anchor, predicted, abs(difference) <= TOLERANCE, f"{100 * difference:+.1f} %", anchor.note)
    holds = difference <= 0 if anchor.sense == "at most" else difference >= 0
    return Finding(anchor, predicted, holds, "inside" if holds else f"outside, {100 * difference:+.1f} %", anchor.note)


def _room(anchor: Anchor, timing: Timing) -> str:
    """What the published rate of a program that nobody can see leaves room for."""
    constant = timing.constant_us if CONSTANT in timing.rows else timing["call"]
    kernel = timing["launch.analog"] + 20 * timing["word"]
    if not kernel:
        return "at these prices a kernel costs nothing"
    launches = int(max(0.0, anchor.value - constant) / kernel)
    return f"its rate leaves room for a constant and {plural(launches, 'kernel')} of 20 words"


def summary(findings: Sequence[Finding]) -> str:
    """How many anchors confirm the prices: the independent ones that hold. The others are counted by kind."""
    independent = [f for f in findings if f.anchor.kind == "independent"]
    holding = [f.anchor.id for f in independent if f.holds]
    parts = [f"{len(holding)} of {plural(len(independent), 'independent anchor')} hold{_named(holding)}"]
    missed = [f.anchor.id for f in independent if f.predicted is not None and not f.holds]
    if missed:
        parts.append(f"{len(missed)} {'do' if len(missed) > 1 else 'does'} not{_named(missed)}")
    others = [f for f in findings if f.anchor.kind not in ("independent", "open")]
    if others:
        each = ", ".join(
            f"{sum(f.anchor.kind == kind for f in others)} {name}"
            for kind, name in (("price", "prices"), ("fit", "in the fit"), ("sum", "sums of these"), ("set", "set"))
            if any(f.anchor.kind == kind for f in others)
        )
        parts.append(f"{len(others)} confirm nothing ({each})")
        off = [f.anchor.id for f in others if f.predicted is not None and not f.holds]
        if off:
            parts.append(f"{len(off)} of these not met{_named(off)}")
    unknown = sum(f.predicted is None for f in findings)
    if unknown:
        parts.append(f"{unknown} cannot be predicted")
    return ", ".join(parts)


def _named(ids: Sequence[str]) -> str:
    return f" ({', '.join(ids)})" if ids else ""


def text(findings: Sequence[Finding], timing: Timing) -> str:
    """A line for each anchor; below all of them why those that do not hold are off."""
    rows = [(*c[:4], "" if f.anchor.kind == "open" else c[4], c[5]) for f, c in ((f, _cells(f)) for f in findings)]
    widths = [max(len(head), *(len(r[i]) for r in rows)) for i, head in enumerate(HEAD[:SHOWN])]
    lines = [f"calibration of {timing.name} against published figures", _line(HEAD[:SHOWN], widths)]
    lines.append("-" * len(_line(HEAD[:SHOWN], widths)))
    for row in rows:
        lines.append(_line(row, widths))
    lines.append("")
    for finding in findings:
        if not finding.holds:
            lines += textwrap.wrap(f"{finding.anchor.id}: {finding.remark}", WIDTH, subsequent_indent="  ")
    lines += textwrap.wrap(summary(findings), WIDTH)
    return "\n".join(line.rstrip() for line in lines) + "\n"


HEAD = ("id", "what", "published", "predicted", "difference", "kind", "source", "prediction")
SHOWN = 6
"""Columns that the terminal has room for."""


def markdown(findings: Sequence[Finding]) -> str:
    """The same as a table for the documents, with the sources."""
    lines = [f"| {' | '.join(HEAD)} |", "|" + "---|" * len(HEAD)]
    for f in findings:
        mark = f.verdict if f.holds or f.predicted is None else f"**{f.verdict}**"
        cells = (*_cells(f)[:4], mark, f.anchor.kind, f.anchor.source, f.remark)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"{summary(findings)}."]) + "\n"


def _cells(finding: Finding) -> tuple[str, ...]:
    a = finding.anchor
    sign = {"about": "", "at most": "< ", "at least": "> "}[a.sense]
    predicted = "" if finding.predicted is None else _amount(finding.predicted, a.unit)
    return a.id, a.what, sign + _amount(a.value, a.unit), predicted, finding.verdict, a.kind


def _amount(value: float, unit: str) -> str:
    digits = 2 if value < 10 and unit not in ("words", "PEs") else 1 if value < 100 and value % 1 else 0
    return f"{value:,.{digits}f} {unit}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    left = f"{cells[0]:{widths[0]}}  {cells[1]:{widths[1]}}"
    right = f"{cells[2]:>{widths[2]}}  {cells[3]:>{widths[3]}}  {cells[4]:>{widths[4]}}"
    return f"{left}  {right}  {cells[5]}"
