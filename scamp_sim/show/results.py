"""Results of a run in words and numbers: planes and pictures, event lists, samples, sums."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from scamp_sim.chip.program import Output, Program
from scamp_sim.show import render
from scamp_sim.text import plural

SHOWN = 8
"""Elements of a list that one line shows."""


def kinds(program: Program) -> dict[str, str]:
    """Name -> kind of each result: "plane" for those of `output x = B`, else what the host function gives."""
    named = {}
    for step in program.readouts:
        if isinstance(step, Output):
            named[step.name] = "plane"
        elif step.result:
            named[step.result] = step.form.result
    return named


def is_picture(kind: str) -> bool:
    """Whether results of this kind are upright planes."""
    return kind in ("plane", "image", "bit stack")


def drawable(value: Any, bits: int = 0) -> Any:
    """A picture as it is drawn: the levels of a stack of so many bits are spread over 0..255."""
    return (value.astype(np.uint32) * 255 // ((1 << bits) - 1)).astype(np.uint8) if bits else value


def text(kind: str, value: Any) -> str:
    """One result in one line."""
    if is_picture(kind):
        return render.summary_text(value)
    if kind == "events":
        found = events(value)
        shown = " ".join(f"({c}, {r})" for c, r in found[:SHOWN])
        more = " ..." if len(found) > SHOWN else ""
        head = f"{plural(len(found), 'event')} in {plural(len(value), 'slot')}"
        return f"{head}, chip column and row: {shown}{more}" if len(found) else head
    if kind == "bounding box":
        r0, c0, r1, c1 = (int(v) for v in value)
        return "empty" if r1 < r0 else f"rows {r0}..{r1}, chip columns {c0}..{c1}"
    if isinstance(value, np.ndarray):
        shown = " ".join(str(int(v)) for v in value[:SHOWN])
        return f"{plural(value.size, 'value')}: {shown}{' ...' if value.size > SHOWN else ''}"
    return str(value)


def record(kind: str, value: Any) -> dict[str, Any]:
    """One result as plain values, ready for JSON."""
    if is_picture(kind):
        return render.plane_summary(value)
    if kind == "events":
        return {"kind": kind, "slots": len(value), "events": [[int(a), int(b)] for a, b in events(value)]}
    plain = value.astype(int).tolist() if isinstance(value, np.ndarray) else int(value)
    return {"kind": kind, "value": plain}


def events(slots: Any) -> Any:
    """The slots of an event list without the unused ones at its end, which are (0, 0).

    An event at row 0, column 0 looks like an unused slot, to the microcontroller as well.
    """
    used = np.flatnonzero(np.asarray(slots).any(axis=1))
    return slots[: used[-1] + 1] if used.size else slots[:0]


def values(outputs: Mapping[str, Any], named: Mapping[str, str]) -> dict[str, Any]:
    """The results that are no pictures, ready for JSON."""
    return {n: record(named[n], v) for n, v in outputs.items() if n in named and not is_picture(named[n])}


def as_json(values: Mapping[str, Any]) -> str:
    """Results as one JSON object, a line each."""
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in values.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"
