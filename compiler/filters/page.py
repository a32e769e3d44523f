"""The table of docs/filters.md: classic filters, beside what other tools have published."""

from __future__ import annotations

from typing import Any

from scamp_sim.compiler.filters.classic import CLASSICS, as_dicts

_HEAD = """| filter | any | bound | offset | rms | zero | rms | AUKE | Cain |
|---|---|---|---|---|---|---|---|---|
"""


def _offset(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{v:g}" for v in value.values())
    return f"{value:g}"


def rows() -> str:
    """The table in Markdown."""
    by: dict[str, dict[str, dict[str, Any]]] = {}
    for line in as_dicts():
        by.setdefault(line["name"], {})[line["offset_mode"]] = line
    lines = []
    for c in CLASSICS:
        a, z = by.get(c.name, {}).get("any"), by.get(c.name, {}).get("zero")
        if a is None or z is None:
            continue
        bound = f"{a['lower_bound']}{' =' if a['optimal'] else ''}"
        what = f"{c.about}, over {c.scale}" if c.scale > 1 else c.about
        lines.append(
            f"| {what} | {a['words']} | {bound} | {_offset(a['offset'])} | "
            f"{a['rms']:.2f} | {z['words']} | {z['rms']:.2f} | {c.auke or '-'} | {c.cain or '-'} |"
        )
    return _HEAD + "\n".join(lines) + "\n"
