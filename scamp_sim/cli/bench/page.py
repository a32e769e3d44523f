"""The documented table, this machine's beside it, and the page of the documentation that is made of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from scamp_sim.cli.bench.rows import LIMITS, TITLES, Row

DOCUMENTED = Path(__file__).with_name("documented.json")

_INTRODUCTION = """\
# How fast the simulator is

All figures are processor time of one thread, the least of many rounds, on an array of 256x256. Beside each stands the
same in `numpy.add(a, b, out=c)` of two planes, taken in the same run at the best of several places in memory (at others
it takes up to a half longer): ratios carry over from machine to machine far better than times do. The limit is what
the processor could do at best; each table says which. This page is made by

```sh
scamp-sim bench             # measures this machine, beside the figures here; --only GROUP for a part
scamp-sim bench --format json
python tools/write_performance.py
```
"""

_CLOSING = """\
## How

A program starts on **the walk**: one pass over its table of operations, row by row of the table, in bands of PEs that
stay in the first-level cache. What runs often is **fused**: the table becomes values, values become stages, stages
become LLVM's intermediate language, and LLVM makes machine code of it that goes down the rows of the array once.
Values stay in registers, rows that are needed again in a small workspace, FLAG is a mask of the vector unit. Fused code
and walk give the same planes, bit for bit; random programs hold them together.

Code is made in the background, once the walk has spent on a program what making its code is expected to take; a program
that runs once makes nothing. It is kept in the user's own cache folder (`~/.cache/scamp-sim/fused`, or below
`NUMBA_CACHE_DIR`), under a digest of the table, the generator and the processor; what is damaged there is made again.
`SCAMP_SIM_FUSE=0` leaves everything to the walk, `SCAMP_SIM_FUSE=now` makes code before the first run. Floods,
resistive grids and address patterns stay with the walk.

With errors every write of an analog cell has a gain, an offset, a draw of its own and a compression. The code is the
same for all chips of a profile; parameters, planes and keys of draws come from a table. A vector of PEs in which one is
beyond the linear range is carried out again, with compression.

Results of a run are copied when somebody looks at them, or when the array is about to change while the run is still
held; `machine.run` in a loop that drops its result copies nothing.

The first run after an installation compiles the walk, in about ten seconds; figures do not count that.
What a program costs on the chip is another matter: [costs](costs.md).
"""


@cache
def documented() -> dict[str, Any]:
    """What the documentation says: {about, rows}."""
    found: dict[str, Any] = json.loads(DOCUMENTED.read_text(encoding="utf-8"))
    return found


def document(rows: Sequence[Row], about: Mapping[str, str]) -> dict[str, Any]:
    """A table as plain values, as it is kept."""
    kept = []
    for row in rows:
        plain = row.as_dict()
        kept.append({name: _short(value) if isinstance(value, float) else value for name, value in plain.items()})
    return {"about": dict(about), "rows": kept}


def rows_of(found: Mapping[str, Any]) -> list[Row]:
    """The rows of a kept table."""
    return [Row(**row) for row in found["rows"]]


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def number(value: float) -> str:
    """Three digits."""
    if not value:
        return "-"
    return f"{_short(value):,.0f}" if value >= 100 else f"{_short(value):g}"


def markdown(found: Mapping[str, Any]) -> str:
    """The page."""
    about = found["about"]
    lines = [
        _INTRODUCTION,
        f"Measured on one core of an {about['processor']}, Python {about['python']}, NumPy {about['numpy']}, numba "
        f"{about['numba']}. `numpy.add` took {about['add']} us there, a plane in the first-level cache "
        f"{about['near']} us to read or write.\n",
    ]
    rows = rows_of(found)
    for group, title in TITLES.items():
        mine = [row for row in rows if row.group == group]
        if not mine:
            continue
        limit = LIMITS.get(group)
        lines.append(f"## {title}\n")
        if limit:
            lines.append(f"Limit: {limit}.\n")
        lines += ["| what | us | x `numpy.add` | limit, us |", "|---|---|---|---|"]
        lines += [f"| {r.name} | {number(r.us)} | {number(r.adds)} | {number(r.limit)} |" for r in mine]
        lines.append("")
    return "\n".join([*lines, _CLOSING])


def text(rows: Sequence[Row], about: Mapping[str, str], known: Mapping[str, Any]) -> str:
    """This machine's table beside the documented one, for the terminal."""
    there = {(row.group, row.name): row for row in rows_of(known)}
    lines = [f"{about['processor']}; numpy.add {about['add']} us", ""]
    if about.get("trouble"):
        lines.insert(1, f"no fused code: {about['trouble']}")
    for group, title in TITLES.items():
        mine = [row for row in rows if row.group == group]
        if not mine:
            continue
        lines += [title.replace("`", ""), f"{'':44}{'us':>9}{'x add':>8}{'limit us':>10}{'documented x add':>18}"]
        for row in mine:
            other = there.get((row.group, row.name))
            beside = number(other.adds) if other else "-"
            name = row.name.replace("`", "")
            lines.append(f"{name:44}{number(row.us):>9}{number(row.adds):>8}{number(row.limit):>10}{beside:>18}")
        lines.append("")
    return "\n".join(lines)


__all__ = ["DOCUMENTED", "document", "documented", "markdown", "number", "rows_of", "text"]
