"""The columns of the table: what each cell is, with unit, source and formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scamp_sim.compare import prices
from scamp_sim.compare.constants import Constants
from scamp_sim.compare.counts import Counts, Said


@dataclass(frozen=True)
class Column:
    """One column: its name in JSON, unit, what it is, and what fills it."""

    name: str
    unit: str
    about: str
    fill: Callable[[Counts, Constants], Said]


def _counted(text: str, value: Callable[[Counts], float]) -> Callable[[Counts, Constants], Said]:
    return lambda n, _: Said(value(n), n.letter, text)


def _sites(n: Counts, _: Constants) -> Said:
    return Said(n.sites, "C", "photosites of a frame; Bayer sites count singly")


def _window(n: Counts, _: Constants) -> Said:
    rows, columns = n.window
    side = rows if rows == columns else (rows * columns) ** 0.5
    shown = f"{rows} x {columns} photosites (rows x columns) give one value"
    return Said(side, n.letter, shown if rows == columns else f"root of {rows} x {columns}: {shown}")


def _ratio(n: Counts, sent: float, text: str) -> Said:
    return Said(8 * n.sites * n.frames / sent, n.letter, text) if sent else Said(None, reason="nothing is sent")


COLUMNS: tuple[Column, ...] = (
    Column("sites", "photosites", "photosites exposed, S", _sites),
    Column("frames", "frames", "frames of a decision, F", _counted("frames of a decision", lambda n: n.frames)),
    Column("window_sites", "photosites", "photosites along a side of the window of one value", _window),
    Column("values", "values", "values sent, V", _counted("values of a decision", lambda n: n.values)),
    Column(
        "bits",
        "bits",
        "payload, V b",
        lambda n, _: Said(n.bits, n.letter, f"{n.values:,} values x {n.value_bits:g} bits"),
    ),
    Column(
        "bits_wire",
        "bits",
        "with packing losses, headers left out",
        _counted("whole planes or samples, headers left out", lambda n: n.bits_wire),
    ),
    Column(
        "ratio_values",
        "1",
        "S F / V",
        lambda n, _: Said(n.sites * n.frames / n.values, n.letter, f"{n.sites:,} x {n.frames} / {n.values:,}"),
    ),
    Column(
        "ratio_bits",
        "1",
        "8 S F / (V b), the one to compare rows by",
        lambda n, _: _ratio(n, n.bits, f"8 x {n.sites:,} x {n.frames} / {n.bits:,.10g}"),
    ),
    Column(
        "ratio_bits_wire",
        "1",
        "the same with packing losses",
        lambda n, _: _ratio(n, n.bits_wire, f"8 x {n.sites:,} x {n.frames} / {n.bits_wire:,.10g}"),
    ),
    Column("ratio_paper", "1", "by the formula of the row's own paper", lambda n, _: n.ratio_paper),
    Column("time_us", "us", "of a decision; exposure and link left out", prices.time),
    Column("energy_uj", "uJ", "of a decision, by the row's own scope", prices.energy),
    Column("energy_array_uj", "uJ", "of the array alone", prices.array_energy),
    Column("energy_decoder_uj", "uJ", "of the published decoder, off the sensor", prices.decoder_energy),
)
"""All columns, in order. Names stay."""


def cells(counts: Counts, constants: Constants) -> dict[str, Said]:
    """Column -> its cell, of one row."""
    return {c.name: c.fill(counts, constants) for c in COLUMNS}


def document(counts: Counts, constants: Constants) -> dict[str, Any]:
    """One row, ready for JSON."""
    units = {c.name: c.unit for c in COLUMNS}
    found: dict[str, Any] = {}
    for name, cell in cells(counts, constants).items():
        entry: dict[str, Any] = {
            "value": cell.value,
            "unit": units[name],
            "source": cell.letter if cell.value is not None else None,
            "formula": cell.formula if cell.value is not None else None,
        }
        if cell.value is None:
            entry["reason"] = cell.reason
        found[name] = entry
    return {
        "name": counts.name,
        "on": counts.on,
        "about": counts.about,
        "cells": found,
        "energy_parts": _parts(counts, constants, "energy"),
        "time_parts": _parts(counts, constants, "time"),
        "counts": counts.amounts,
        "notes": list(counts.notes),
        **({"steps": [dict(vars(s)) for s in counts.steps], "setup_words": counts.setup_words} if counts.steps else {}),
    }


def _parts(counts: Counts, constants: Constants, quantity: str) -> list[Mapping[str, Any]]:
    unit = "uJ" if quantity == "energy" else "us"
    return [
        {"part": p.name, "value": p.value, "unit": unit, "source": p.letter, "formula": p.formula}
        for p in prices.parts(counts, constants, quantity)
    ]
