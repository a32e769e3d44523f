"""The tables of docs/compare.md, written by the tool between their marks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from scamp_sim.compare import figures, markdown
from scamp_sim.compare.constants import load_constants
from scamp_sim.compare.counts import Scene
from scamp_sim.compare.rows import MORE_ARRAY, NAMES, chosen
from scamp_sim.compare.table import Table
from scamp_sim.compare.task.robust import Robustness
from scamp_sim.compare.task.study import Study

ARRAY_ROWS = (*(name for name in NAMES if not name.startswith(("sd", "lr", "skip"))), *MORE_ARRAY)


def filled(page: str) -> str:
    """The page with every marked table written again. Raises KeyError for a mark that is not known."""

    def block(match: re.Match[str]) -> str:
        name = match.group(1)
        return f"<!-- {name} -->\n{BLOCKS[name]()}<!-- end -->"

    return re.sub(r"<!-- ([a-z0-9_]+) -->\n.*?<!-- end -->", block, page, flags=re.DOTALL)


def _table(constants: str) -> Table:
    scene = Scene()
    return Table(scene, chosen(scene), load_constants(constants))


def _sides(constants: str) -> str:
    table = _table(constants)
    own, array = markdown.side(table, "circuit"), markdown.side(table, "scamp5")
    return f"Own chips:\n\n{own}\n" + (f"SCAMP-5:\n\n{array}\n" if constants == "common" else "")


def _programs() -> str:
    scene = Scene()
    table = Table(scene, chosen(scene, ARRAY_ROWS, ("scamp5",)), load_constants("common"))
    body = []
    for row in table.rows:
        n = row.amounts
        us, readout = n["host_us"], n["readout_us"]
        array = f"{1.9e-6 * n['pe_words']:,.1f}"
        sent = f"{row.bits_wire / 8:,.0f}"
        ratio = f"{8 * row.sites * row.frames / row.bits:.4g}"
        program = [f"`{row.name}`", row.about, f"{n['words']:,.0f}", str(row.setup_words or ""), array]
        body.append([*program, f"{us:,.0f}", f"{readout:,.0f}", sent, ratio])
    head = ["row, per decision", "program", "words", "set-up", "array uJ", "us", "read-out us", "bytes", "x bits"]
    return markdown.rows(head, body)


def _checks() -> str:
    scene = Scene()
    body = []
    for c in chosen(scene).checks:
        within = "below" if c.bound else f"{c.within:g}" if c.absolute else f"{100 * c.within:g} %"
        body.append([c.row, c.what, f"{c.published:,.6g}", f"{c.ours:,.6g}", within, c.source])
    return markdown.rows(["row", "number", "published", "here", "within", "where"], body)


MEASURED = Path(__file__).with_name("data") / "measured"
"""Results of tasks that were trained, as `--out` keeps them."""


def _studies() -> dict[str, Study]:
    from scamp_sim.compare.task.study import read

    return {p.stem: read(p) for p in sorted(MEASURED.glob("*.json")) if not p.stem.endswith("-robust")}


def _protocols() -> dict[str, Robustness]:
    from scamp_sim.compare.task.robust import read

    return {path.stem: read(path) for path in sorted(MEASURED.glob("*-robust.json"))}


def _tasks() -> str:
    from scamp_sim.compare.task import results

    parts = []
    for name, study in _studies().items():
        text = markdown.task(study).replace("\n### ", "\n#### ")
        about = f"### Measured: {name}\n\n`{results.command(study)}`\n"
        text = text.replace("## Task\n", about, 1)
        for head in _heads(study):
            shown = f"#### {head.capitalize()} head\n\n"
            drawn = f"![Accuracy over bits of a decision, {head} head](images/{_figure(name, head)})"
            text = text.replace(shown, f"{shown}{drawn}\n\n{figures.MARKS}\n\n", 1)
        parts.append(text)
    return "\n".join(parts)


def _heads(study: Study) -> list[str]:
    """Heads of which enough was measured for a figure."""
    from scamp_sim.compare.task import results

    found = [p.item.head for p in results.points(study)]
    return [head for head in dict.fromkeys(found) if found.count(head) > 3]


def _figure(name: str, head: str = "") -> str:
    return f"compare-{name}{'-' * bool(head)}{head}.svg"


def _robust() -> str:
    from scamp_sim.compare.task import robust

    parts = []
    for name, found in _protocols().items():
        text = markdown.robustness(found).partition("\n\n")[2]
        drawn = f"![Right answers over the scale of errors](images/{_figure(name)})\n\n"
        parts.append(f"`{robust.command(found)}`\n\n{text.replace(chr(10) * 2, f'{chr(10) * 2}{drawn}', 1)}")
    return "\n".join(parts)


def drawings() -> dict[str, str]:
    """The figures of the page: name of the file in docs/images -> its text."""
    from scamp_sim.compare.task import results

    found = {}
    for name, study in _studies().items():
        points = results.points(study)
        for head in _heads(study):
            found[_figure(name, head)] = figures.standalone(figures.accuracy(points, head))
    for name, errors in _protocols().items():
        found[_figure(name)] = figures.standalone(figures.robust(errors))
    return found


BLOCKS: Mapping[str, Callable[[], str]] = {
    "common": lambda: _sides("common"),
    "published": lambda: _sides("published"),
    "order": lambda: markdown.order(_table("common")),
    "scamp5": _programs,
    "checks": _checks,
    "task": _tasks,
    "robust": _robust,
    "caveats": lambda: markdown.said(_table("common")) + markdown.left_out(_table("common")),
}
"""Mark -> what is written there."""
