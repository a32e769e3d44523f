"""One HTML page of a comparison: tables, figures, caveats. No scripts, nothing from outside."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from scamp_sim import __version__
from scamp_sim.compare import caveats, figures, sensitivity
from scamp_sim.compare.cells import COLUMNS, cells
from scamp_sim.compare.counts import LETTERS, ON_ARRAY
from scamp_sim.compare.table import DECODER_HEAD, HEADINGS, WIDE, Table
from scamp_sim.compare.task import results as tasks
from scamp_sim.compare.task import robust
from scamp_sim.compare.task.robust import Robustness
from scamp_sim.compare.task.study import Study

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(table: Table, study: Study | None = None, errors: Robustness | None = None) -> str:
    """The whole page.

    study: of a task, with its tables and figures. errors: of the robustness protocol, likewise.
    """
    sections = [
        ("table", "What each takes and sends", "".join(_side(table, on) for on in HEADINGS)),
        ("energy", "Energy of a decision", _energy(table)),
        ("order", "Order under other assumptions", _order(table)),
        ("task", "Accuracy over bits", _task(study)),
        ("robust", "Under growing errors", _robust(errors)),
        ("rows", "Rows", _list([*_left(table), *caveats.notes(table.rows)])),
        ("quoted", "Published, not reproducible offline", _quoted()),
    ]
    shown = [(key, title, body) for key, title, body in sections if body]
    links = "".join(f'<a href="#{key}">{escape(title)}</a>' for key, title, _ in shown)
    # the caveats stand under every table and figure
    below = f'<details class="caveats"><summary>Caveats</summary>{_list(_caveats(table))}</details>'
    body = "".join(f'<section><h2 id="{k}">{escape(title)}</h2>{text}{below}</section>' for k, title, text in shown)
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    letters = "; ".join(f"{k} {v}" for k, v in LETTERS.items())
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>In-sensor encoders side by side</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        f"<header><h1>In-sensor encoders side by side</h1><p>{escape(table.title())}</p></header>\n"
        f"<nav>{links}</nav>\n{body}\n<section><h2>Caveats</h2>{_list(_caveats(table))}</section>\n"
        f"<footer>Written by scamp-sim {escape(__version__)}. Letters behind numbers: {escape(letters)}.</footer>\n"
        "</main>\n</body>\n</html>\n"
    )


def _caveats(table: Table) -> list[str]:
    return caveats.lines(table.rows, table.scene.frames)


def _left(table: Table) -> list[str]:
    return [f"not shown: {r.name} on {r.on}: {r.reason}" for r in table.chosen.left_out]


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""


def grid(head: Sequence[str], rows: Sequence[Sequence[tuple[str, str]]]) -> str:
    """A table that scrolls by itself where the page is narrow. Cells are (text, title)."""
    top = "".join(f"<th>{escape(h)}</th>" for h in head)
    lines = []
    for row in rows:
        found = "".join(
            f'<td title="{escape(title)}">{escape(text)}</td>' if title else f"<td>{escape(text)}</td>"
            for text, title in row
        )
        lines.append(f"<tr>{found}</tr>")
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _side(table: Table, on: str) -> str:
    shown = [row for row in table.rows if row.on == on]
    if not shown:
        return ""
    columns = [c for c in WIDE if on == "scamp5" or c[1] != "energy_array_uj"]
    rows = []
    for row in shown:
        found = cells(row, table.constants)
        line = [(row.name, row.about)]
        for _, name, show in columns:
            cell = found[name]
            line.append((show(cell), cell.formula if cell.value is not None else cell.reason))
        rows.append(line)
    heading = HEADINGS[on]
    said = {c.name: c.about for c in COLUMNS}
    about = "; ".join(f"{head}: {said[name]}" for head, name, _ in columns)
    return (
        f"<h3>{escape(heading[0].upper() + heading[1:])}</h3>{grid(['row', *(h for h, _, _ in columns)], rows)}"
        f'<p class="about">{escape(about)}. Pointing at a number shows its formula.</p>'
    )


def _energy(table: Table) -> str:
    own = [r for r in table.rows if r.on == "circuit" and r.system not in ON_ARRAY]
    array = [r for r in table.rows if r.system in ON_ARRAY]
    parts = []
    for rows, title in ((own, "Own chips: sensor and link"), (array, "SCAMP-5: the whole vision system")):
        if drawn := figures.energy_bars(rows, table.constants):
            parts.append(
                f"<figure>{drawn}<figcaption>{title}, by the set {escape(table.constants.name)}</figcaption></figure>"
            )
    if lines := table.decoders():
        parts.append(grid(DECODER_HEAD, [[(text, "") for text in line] for line in lines]))
    return "".join(parts)


def _order(table: Table) -> str:
    found = table.orders
    if len(found) < 2:
        return ""
    rows = [
        [(f"{n}. {name}", ""), *((str(o.rank(name)), "") for o in found[1:])]
        for n, name in enumerate(found[0].names, 1)
    ]
    return grid(["own chips by energy", *(o.setting for o in found[1:])], rows) + _list(sensitivity.changes(found))


def _quoted() -> str:
    return grid(["row", "number", "what"], [[(r, ""), (v, ""), (w, "")] for r, v, w in caveats.QUOTED])


def _task(study: Study | None) -> str:
    if study is None:
        return ""
    found = tasks.points(study)
    parts = [f"<p>{escape(tasks.title(study))}.</p>"]
    for head in dict.fromkeys(p.item.head for p in found):
        drawn = figures.accuracy(found, head)
        what = "the hands are drawn" if study.task in ("gestures", "shapes") else f"task {study.task}"
        caption = f"{head.capitalize()} head; {what}. {figures.MARKS}"
        parts.append(
            f"<h3>{head.capitalize()} head</h3><figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>"
        )
        rows = [[(text, "") for text in tasks.cells(p)] for p in found if p.item.head == head]
        parts.append(grid(tasks.HEAD, rows))
    return "".join(parts) + _list(tasks.said(study, found))


def _robust(errors: Robustness | None) -> str:
    if errors is None:
        return ""
    caption = (
        "Right answers in % over the scale of a row's own errors. Lines: means over chips; bands: the lowest and the "
        "highest chip."
    )
    rows = [[(text, "") for text in robust.cells(c, found)] for c, found in errors.results.items()]
    fitted = [[(text, "") for text in robust.fitted_cells(c, found)] for c, found in errors.results.items()]
    said = [*robust.sources(), *(f"no part: {why}" for why in errors.left_out.values())]
    return (
        f"<p>{escape(robust.title(errors))}.</p><figure>{figures.robust(errors)}<figcaption>{escape(caption)}"
        f"</figcaption></figure>{grid(robust.HEAD, rows)}<h3>A head fitted to a chip</h3>"
        f"{grid(robust.FITTED_HEAD, fitted)}{_list(said)}"
    )
