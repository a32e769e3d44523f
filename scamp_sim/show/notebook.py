"""Machines, runs, programs and costs as notebooks show them: HTML without scripts, all text escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from functools import singledispatch
from html import escape
from typing import Any

import numpy as np

from scamp_sim.chip import isa
from scamp_sim.chip.program import Program
from scamp_sim.chip.readout import stack_bits
from scamp_sim.costs.timing import Profile
from scamp_sim.machine.machine import Machine, Run
from scamp_sim.show import render, results
from scamp_sim.show.listing import listing

MOST_LISTED = 400
"""Lines of a listing that a notebook shows."""

_BAR = {"words": "#4c78a8", "launches": "#72b7b2", "host calls": "#f58518", "readout": "#e45756"}
_PRE = "max-height:28em;overflow:auto;line-height:1.25;white-space:pre"


@singledispatch
def html(thing: Any) -> str:
    """A machine, a run, a program or a profile as HTML."""
    return f"<pre>{escape(repr(thing))}</pre>"


def png(machine: Machine) -> bytes:
    """What a machine holds as one picture, PNG."""
    return _png(sheet(machine))


# --- machines -----------------------------------------------------------------------------------------------------


def sheet(machine: Machine) -> Any:
    """The contact sheet of every register that holds something; looking costs no backdoor read."""
    seen, tiles = machine.backdoor_reads, []
    try:
        for name in ("PIX", *isa.ANALOG, *isa.DIGITAL, "FLAG"):
            plane = machine.read(name)
            if name == "FLAG" and plane.all():
                continue
            if plane.any() or name == "FLAG":
                tiles.append(render.Tile(name, plane))
    finally:
        machine.backdoor_reads = seen
    tiles = tiles or [render.Tile("A (every register is 0)", np.zeros(machine.shape, np.float32))]
    return render.contact_sheet(tiles, repr(machine).strip("<>"))


@html.register
def _machine(machine: Machine) -> str:
    return _img(sheet(machine), repr(machine))


# --- runs ---------------------------------------------------------------------------------------------------------


@html.register
def _run(run: Run) -> str:
    kinds = results.kinds(run.program) or dict.fromkeys(run.outputs, "plane")
    bits = stack_bits(run.program)
    tiles, rows = [], []
    for name, value in run.outputs.items():
        rows.append((name, results.text(kinds[name], value)))
        if results.is_picture(kinds[name]):
            tiles.append(render.Tile(name, results.drawable(value, bits.get(name, 0))))
    picture = _img(render.contact_sheet(tiles), f"outputs of {run.profile.program}") if tiles else ""
    return f"{picture}{_table(('output', ''), rows)}{html(run.profile)}"


# --- costs --------------------------------------------------------------------------------------------------------


@html.register
def _profile(profile: Profile) -> str:
    whole = sum(profile.time_breakdown.values())
    bars = "".join(
        f'<span title="{escape(name)}: {us:,.1f} us" style="display:inline-block;height:12px;'
        f'width:{100 * us / whole:.2f}%;background:{_BAR.get(name, "#888")}"></span>'
        for name, us in profile.time_breakdown.items()
        if whole and us > 0
    )
    named = " ".join(
        f'<span style="color:{_BAR.get(name, "#888")}">&#9632;</span> {escape(name)} {100 * us / whole:.1f} %'
        for name, us in profile.time_breakdown.items()
        if whole and us > 0
    )
    rows = [row for section in profile.sections() for row in section]
    note = f"<small>prices (range): {escape(profile.note)}</small>" if profile.note else ""
    return (
        f"<b>{escape(profile.title)}</b>"
        f'<div style="width:36em;max-width:100%;margin:4px 0"><div style="font-size:0">{bars}</div></div>'
        f"<small>{named}</small>"
        f"{_table(('item', 'amount', 'us'), rows)}{note}"
    )


# --- programs -----------------------------------------------------------------------------------------------------


@html.register
def _program(program: Program) -> str:
    lines = listing(program).splitlines()
    more = f"\n... {len(lines) - MOST_LISTED:,} more lines: scamp-sim list" if len(lines) > MOST_LISTED else ""
    return f'<pre style="{_PRE}">{escape(chr(10).join(lines[:MOST_LISTED]) + more)}</pre>'


# --- pieces -------------------------------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        aligned = [
            f'<{tag} style="text-align:{"right" if len(cells) == 3 and n == 2 else "left"}">{escape(str(c))}</{tag}>'
            for n, c in enumerate(cells)
        ]
        return f"<tr>{''.join(aligned)}</tr>"

    return f"<table>{line(head, 'th')}{''.join(line(row, 'td') for row in rows)}</table>"


def _png(picture: Any) -> bytes:
    held = io.BytesIO()
    picture.save(held, "PNG")
    return held.getvalue()


def _img(picture: Any, about: str) -> str:
    data = base64.b64encode(_png(picture)).decode()
    return f'<img alt="{escape(about)}" style="max-width:100%" src="data:image/png;base64,{data}">'


__all__ = ["html", "png", "sheet"]
