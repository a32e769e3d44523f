"""A plan as a table, and margins of channels as one, alone or beside what was seen."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scamp_sim.systems.network.params import Conv, Counts, Dense, Pool
from scamp_sim.systems.network.planning.margins import Margin
from scamp_sim.systems.network.planning.segments import INPUT, READOUT
from scamp_sim.text import table

if TYPE_CHECKING:
    from scamp_sim.systems.network.planning.plan import Plan

WHAT = 27
"""Columns of the table for what a layer is."""


def rows(plan: Plan) -> tuple[Mapping[str, Any], ...]:
    """A row a layer: name, where, words, us, margin (the smallest, in taps)."""
    spent: dict[str, list[float]] = {}
    for p in plan.cost().parts:
        layer = p.name.partition(",")[0]
        have = spent.setdefault(layer, [0, 0.0, 0])
        have[0] += p.words
        have[1] += p.us or 0.0
        have[2] += p.bytes
    nearest: dict[str, float] = {}
    for m in plan.margins():
        nearest[m.layer] = min(nearest.get(m.layer, math.inf), abs(m.distance))
    names = [INPUT, *(layer.name for layer in plan.net.layers)]
    if READOUT in spent:
        names.insert(1 + plan.choice.array, READOUT)
    out = []
    for name in names:
        words, us, size = spent.get(name, (0, 0.0, 0))
        margin = nearest.get(name)
        out.append(
            {
                "name": name,
                "what": _what(plan, name),
                "where": _where(plan, name),
                "words": int(words),
                "us": round(us, 4),
                "bytes": int(size),
                "margin": None if margin is None or math.isinf(margin) else round(margin, 4),
            }
        )
    return tuple(out)


def _what(plan: Plan, name: str) -> str:
    if name == INPUT:
        own = plan.net.input
        return f"{own.rows}x{own.columns} bits, grey > {own.above}"
    if name == READOUT:
        return {"values": "bits as values", "rows": "bits as rows", "events": "bits as events"}[plan.choice.read]
    layer = plan.net.layer(name)
    if isinstance(layer, Conv):
        most = int(np.abs(layer.weights).max(initial=0))
        kind = {0: "0", 1: "ternary" if (layer.weights == 0).any() else "+-1"}.get(most, f"+-{most}")
        stride = f"/{layer.stride}" if layer.stride > 1 else ""
        count = len({v for v in _levels(plan, name) if isinstance(v, int)})
        levels = f", {count} level{'s' * (count != 1)}" if name in plan.choice.convs else ""
        own_ = "each " if layer.depthwise else f"{layer.inputs}-" if layer.inputs > 1 else ""
        return f"conv {own_}{layer.channels}@{layer.kernel}x{layer.kernel}{stride} {kind}{levels}"
    if isinstance(layer, Pool):
        kind = "max" if layer.every is None or not layer.every.any() else "max or min"
        return f"{kind} {layer.size}x{layer.size}"
    if isinstance(layer, Counts):
        return f"counts {layer.size}x{layer.size} stride {layer.stride}"
    return f"dense {layer.features}-{layer.classes}" + (" +-1" if layer.binary else "")


def _levels(plan: Plan, name: str) -> tuple[Any, ...]:
    return plan.choice.convs[name].levels if name in plan.choice.convs else ()


def _where(plan: Plan, name: str) -> str:
    c = plan.choice
    if name == INPUT:
        return {"blocks": f"{c.rows}x{c.rows} blocks", "serial": "whole array"}.get(c.layout, c.layout)
    if name == READOUT:
        return "converter" if c.read == "values" else "digital readout"
    number = next(n for n, layer in enumerate(plan.net.layers) if layer.name == name)
    if number >= c.array:
        return "controller"
    layer = plan.net.layers[number]
    if isinstance(layer, Pool):
        return "flood" if c.layout == "blocks" else "moves of bits"
    if isinstance(layer, Dense):
        return "array, sums" if c.sums == "sparse" else f"array, {c.sums} sums"
    return c.layout


def text(plan: Plan) -> str:
    """The plan as a table of at most 80 columns."""
    cells = []
    for n, r in enumerate(plan.rows):
        margin = "" if r["margin"] is None else f"{r['margin']:.2g}"
        size = f"{r['bytes']:,}" if r["bytes"] else ""
        label = "" if r["name"] == INPUT else str(n)
        what = r["what"] if len(r["what"]) <= WHAT else r["what"].removeprefix("conv ")
        what = what if len(what) <= WHAT else what.replace("ternary", "-1..1")
        what = what if len(what) <= WHAT else what[: WHAT - 1] + "~"
        cells.append(
            (label, what, r["where"], f"{r['words']:,}" if r["words"] else "", f"{r['us']:,.1f}", size, margin)
        )
    cost = plan.cost()
    us = cost.us or 0.0
    total = ("", "total", "", f"{cost.words:,}", f"{us:,.1f}", f"{cost.readout_bytes:,}", "")
    head = ("", "layer", "where", "words", "us", "bytes", "margin")
    lines = [table(head, [*cells, total], "<<<>>>>", rules=(len(cells),)).rstrip("\n")]
    lines.append(
        f"{1e6 / us if us else 0:,.0f} frames/s, store {plan.built.program.stored_words} of 1,024 words, "
        f"{cost.uj or 0:,.0f} uJ array; margin in taps"
    )
    for a in plan.alternatives[:4]:
        lines.append(f"not chosen: {a.what}: {a.words - cost.words:+,} words, {a.us - us:+,.0f} us")
    lines += [f"note: {n}" for n in (*_why_not(plan), *plan.notes)]
    lines += [f"warning: {w}" for w in plan.warnings()]
    return "\n".join(_wrapped(line) if not line.startswith(" ") and "\n" not in line else line for line in lines) + "\n"


def _why_not(plan: Plan) -> tuple[str, ...]:
    """Why the first layer of the controller is not on the array, in the layouts that were looked at."""
    if not plan.built.outside:
        return ()
    name = plan.built.outside[0].name
    return tuple(why for why in plan.refused if why.startswith(f"{name}: "))


def _wrapped(line: str) -> str:
    return textwrap.fill(line, 80, subsequent_indent="  ")


def margin_table(found: Sequence[Margin], seen: Mapping[tuple[str, int], float] | None = None) -> str:
    """A row a channel: threshold, distance from the nearer background, sigma, predicted share of wrong bits of it.

    seen: by layer and channel, the share of bits that differed.
    """
    rows = []
    for m in found:
        where = f"{m.background} border" if m.border else m.background or "a sum"
        near = "constant" if math.isinf(m.distance) else f"{m.distance:.2g} from {where}"
        row = [m.layer, str(m.channel), str(m.threshold), near, f"{m.sigma:.2g}" if m.sigma else "", ""]
        if m.sigma:
            row[-1] = f"{100 * m.wrong:.1f} %" + (" !" if m.flagged else "")
        if seen is not None:
            share = seen.get((m.layer, m.channel))
            row.append("" if share is None else f"{100 * share:.1f} %")
        rows.append(tuple(row))
    head = ("layer", "channel", "threshold", "taps", "sigma", "predicted", *(["seen"] if seen is not None else []))
    return table(head, rows, "<>>>>>" + (">" if seen is not None else ""))


__all__ = ["margin_table", "rows", "text"]
