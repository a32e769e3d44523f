"""The table as Markdown, for a paper or a page: every row, the order under other assumptions, and the caveats."""

from __future__ import annotations

from collections.abc import Sequence

from scamp_sim.compare import caveats, sensitivity
from scamp_sim.compare.cells import cells
from scamp_sim.compare.table import DECODER_HEAD, HEADINGS, WIDE, Table
from scamp_sim.compare.task.robust import Robustness
from scamp_sim.compare.task.study import Study


def rows(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table, the first column to the left, the others to the right."""
    rule = "|".join(["---", *["---:"] * (len(head) - 1)])
    lines = [f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {' | '.join(row)} |" for row in body)]
    return "\n".join(lines) + "\n"


def side(table: Table, on: str) -> str:
    """The rows of one side; "" without any."""
    shown = [row for row in table.rows if row.on == on]
    columns = [c for c in WIDE if on == "scamp5" or c[1] != "energy_array_uj"]
    body = []
    for row in shown:
        found = cells(row, table.constants)
        body.append([f"`{row.name}`", *(show(found[name]) for _, name, show in columns)])
    return rows(["row", *(head for head, _, _ in columns)], body) if body else ""


def order(table: Table) -> str:
    """The order by energy under other assumptions; "" where there is none."""
    found = table.orders
    if len(found) < 2:
        return ""
    names = found[0].names
    body = [[f"{n}. `{name}`", *(str(o.rank(name)) for o in found[1:])] for n, name in enumerate(names, 1)]
    lines = "".join(f"- {line}\n" for line in sensitivity.changes(found))
    return rows(["by energy", *(o.setting for o in found[1:])], body) + "\n" + lines


def left_out(table: Table) -> str:
    """Rows that are not shown, and what single rows say of themselves."""
    lines = [f"not shown: `{r.name}` on {r.on}: {r.reason}" for r in table.chosen.left_out]
    return "".join(f"- {line}\n" for line in (*lines, *caveats.notes(table.rows)))


def said(table: Table) -> str:
    """The caveats."""
    return "".join(f"- {line}\n" for line in caveats.lines(table.rows, table.scene.frames))


def text(table: Table, more: str = "") -> str:
    """All of it. more: what a task found, with its own headings."""
    parts = [f"# In-sensor encoders side by side\n\n{table.title()}"]
    for on, heading in HEADINGS.items():
        shown = side(table, on)
        if shown:
            parts.append(f"## {heading[0].upper()}{heading[1:]}\n\n{shown}")
    if lines := table.decoders():
        parts.append(f"## Energy with the decoder of the paper\n\n{rows(DECODER_HEAD, lines)}")
    if found := order(table):
        parts.append(f"## Order by energy, own chips\n\n{found}")
    if more:
        parts.append(more)
    if found := left_out(table):
        parts.append(f"## Rows\n\n{found}")
    parts.append(f"## Caveats\n\n{said(table)}")
    return "\n".join(parts)


def task(study: Study) -> str:
    """What a task found: a table a head, the checks, and what takes no part."""
    from scamp_sim.compare.task import results

    found = results.points(study)
    parts = [f"## Task\n\n{results.title(study)}.\n"]
    for head in dict.fromkeys(p.item.head for p in found):
        body = [list(results.cells(p)) for p in found if p.item.head == head]
        parts.append(f"### {head.capitalize()} head\n\n{rows(results.HEAD, body)}")
    return "\n".join([*parts, "".join(f"- {line}\n" for line in results.said(study, found))])


def robustness(errors: Robustness) -> str:
    """What the robustness protocol found."""
    from scamp_sim.compare.task import robust

    body = [list(robust.cells(c, found)) for c, found in errors.results.items()]
    said = [*robust.sources(), *(f"no part: {why}" for why in errors.left_out.values())]
    listed = "".join(f"- {line}\n" for line in said)
    fitted = rows(robust.FITTED_HEAD, [list(robust.fitted_cells(c, found)) for c, found in errors.results.items()])
    head = f"## Under growing errors\n\n{robust.title(errors)}.\n"
    return f"{head}\n{rows(robust.HEAD, body)}\n{fitted}\n{listed}"
