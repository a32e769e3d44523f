"""The table of docs/filters.md: classic filters, beside what other tools have published."""

from __future__ import annotations

from typing import Any

from scamp_sim.compiler.filters.classic import CLASSICS, found

_HEAD = """| filter | any | bound | offset | rms | zero | bound | rms | bright | rms | AUKE | Cain |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""


def _offset(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{v:g}" for v in value.values())
    return f"{value:g}"


def rows() -> str:
    """The table in Markdown."""
    lines = []
    for c in CLASSICS:
        by = found().get(c.name, {})
        if "any" not in by or "zero" not in by:
            continue
        a, z, b = by["any"], by["zero"], by.get("bright")
        bright = (b["words"], f"{b['rms']:.2f}") if b else ("-", "-")
        cells = (
            f"{c.about}, over {c.scale}" if c.scale > 1 else c.about,
            *(a["words"], _bound(a), _offset(a["offset"]), f"{a['rms']:.2f}"),
            *(z["words"], _bound(z), f"{z['rms']:.2f}"),
            *bright,
            *(c.auke or "-", c.cain or "-"),
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return _HEAD + "\n".join(lines) + "\n"


def _bound(entry: dict[str, Any]) -> str:
    return f"{entry['lower_bound']}{' =' if entry['optimal'] else ''}"
