"""The report on one program: a page that needs nothing but a browser, no network and no scripts.

Everything that comes from the user's text, names and file names goes through `html.escape`, and a policy in the page
forbids scripts and everything from outside.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy.typing as npt

from scamp_sim import __version__
from scamp_sim.chip.isa import STORE_WORDS
from scamp_sim.costs.profile import Profile
from scamp_sim.costs.timeline import MOST_STATEMENTS, Span
from scamp_sim.costs.timing import Timing
from scamp_sim.show import render
from scamp_sim.show.report.annotate import Annotation, SourceText, sources_of
from scamp_sim.show.report.charts import (
    NARROW,
    percent,
    stack,
    store_colours,
    store_strip,
    time_parts,
    timeline_svg,
    us,
)
from scamp_sim.show.report.source import source_section
from scamp_sim.text import plural

MOST_PICTURES = 2_000_000
"""Bytes of pictures in a page; planes after that are named only."""

MOST_READOUTS = 60
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@dataclass(frozen=True)
class Shot:
    """Planes at one moment of a run: (name, upright plane).

    scales: name -> (black, white) of an analog plane that is compared with another; others have their own.
    """

    title: str
    planes: tuple[tuple[str, npt.NDArray[Any]], ...]
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def page(
    annotation: Annotation,
    spans: Sequence[Span],
    timing: Timing,
    sources: Sequence[SourceText] = (),
    shots: Sequence[Shot] = (),
    about_shots: str = "The registers that each kernel writes, when it ends.",
    title: str = "cost of one run",
) -> str:
    """The whole page.

    sources: texts of the program's files, else what the program knows of them.
    about_shots: what the planes are of.
    title: what the browser shows behind the name of the program.
    """
    texts = list(sources) or sources_of(annotation)
    parts = [
        ("time", "Where the time goes", _time(annotation, timing)),
        ("timeline", "Timeline", _timeline(spans)),
        ("kernels", "Kernel store", _kernels(annotation)),
        ("source", "Source", source_section(annotation, texts)),
        ("planes", "Planes", _shots(shots, about_shots)),
        ("readouts", "Readouts", _readouts(annotation.profile)),
        ("prices", "Prices", _prices(timing)),
    ]
    shown = [(key, title, body) for key, title, body in parts if body]
    links = "".join(f'<a href="#{key}">{title}</a>' for key, title, _ in shown)
    sections = "".join(
        f'<section class="at-{key}"><h2 id="{key}">{title}</h2>{body}</section>' for key, title, body in shown
    )
    style = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(annotation.program.name)} - {escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{_head(annotation, texts)}<nav>{links}</nav>\n{_tiles(annotation.profile)}{sections}"
        f"<footer>Written by scamp-sim {escape(__version__)}. Words, launches and bytes are counted; times are counts "
        f"times the prices of {escape(timing.name)}.</footer>\n</main>\n</body>\n</html>\n"
    )


# --- head -------------------------------------------------------------------------------------------------------


def _head(annotation: Annotation, texts: Sequence[SourceText]) -> str:
    cost = annotation.profile
    rows, columns = cost.shape
    read = cost.time_breakdown["readout"]
    part = f", {us(read)} &micro;s of that for the readout" if read else ""
    launches = "1 launch" if cost.launches == 1 else f"{cost.launches:,} launches"
    summary = (
        f"{plural(cost.words, 'word')} in {launches} on {rows}&times;{columns} processing elements: one run takes "
        f"{us(cost.time_us)} &micro;s{part}."
    )
    first = texts[0].lines[0] if texts and texts[0].lines else ""
    about = f'<p class="about">{escape(first.removeprefix("///").strip())}</p>' if first.startswith("///") else ""
    params = ", ".join(f"{n} = {_short_value(v)}" for n, v in annotation.program.params.items())
    given = f'<p class="about">With {escape(params)}.</p>' if params else ""
    return f'<h1>{escape(annotation.program.name)}</h1><p class="lead">{summary}</p>{about}{given}\n'


def _short_value(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _tiles(cost: Profile) -> str:
    raw = cost.readout_ratio
    if raw is None:
        ratio = "nothing leaves the array"
    elif raw >= 1:
        ratio = f"1/{raw:,.0f} of a raw frame" if raw >= 10 or raw == int(raw) else f"1/{raw:.1f} of a raw frame"
        ratio = "as much as a raw frame" if raw == 1 else ratio
    else:
        ratio = f"{1 / raw:.3g} raw frames"
    without = f"{1e6 / cost.compute_us:,.0f} without readout" if cost.compute_us and cost.readouts else "runs a second"
    frames = f"{1e6 / cost.time_us:,.0f}" if cost.time_us else "-"
    energy, unit = (cost.energy_uj / 1000, "mJ") if cost.energy_uj >= 1000 else (cost.energy_uj, "&micro;J")
    system = f"{cost.system_energy_uj / 1000:,.2f} mJ in the whole system"
    tiles = [
        ("Time", us(cost.time_us), "&micro;s", f"{us(cost.compute_us)} without readout"),
        ("Frames per second", frames, "", without),
        ("Words", f"{cost.words:,}", "", f"{cost.host_words:,} of them in host calls"),
        (
            "Launches",
            f"{cost.launches:,}",
            "",
            f"{plural(sum(cost.host_calls[n] for n in cost.call_times), 'host call')}",
        ),
        ("Bytes out", f"{cost.readout_bytes:,}", "", ratio),
        ("Energy in the array", f"{energy:,.2f}", unit, system),
    ]
    return (
        '<dl class="tiles">'
        + "".join(
            f'<div class="tile"><dt>{name}</dt><dd class="big">{value}{f" <small>{unit}</small>" if unit else ""}</dd>'
            f'<dd class="sub">{sub}</dd></div>'
            for name, value, unit, sub in tiles
        )
        + "</dl>\n"
    )


def _time(annotation: Annotation, timing: Timing) -> str:
    parts = time_parts(annotation, timing)
    if not parts:
        return ""
    rest = [p for p in parts if p[0] != "readout"]
    body = stack(parts)
    if rest and len(rest) < len(parts) and sum(p[2] for p in rest) < 0.5 * annotation.profile.time_us:
        total = us(sum(p[2] for p in rest))
        body += f'<div class="sub-bar"><p class="note">Without the readout, {total} &micro;s:</p>{stack(rest)}</div>'
    note = "Host calls and readouts include the words that their routines issue."
    return f'<p class="note">{note}</p>{body}'


# --- the rest ---------------------------------------------------------------------------------------------------


def _timeline(spans: Sequence[Span]) -> str:
    svg, cut = timeline_svg(spans)
    narrow, _ = timeline_svg(spans, NARROW)
    if not svg:
        return ""
    note = "Controller, array and readout do not overlap."
    if cut:
        note += " Readouts are drawn much shorter than they are; their times are written in them."
    if any("statements" in s.args for s in spans):
        note += f" Statements are left out after the first {MOST_STATEMENTS:,}."
    return (
        f'<p class="note">{note}</p><div class="panel chart wide">{svg}</div>'
        f'<div class="panel chart narrow">{narrow}</div>'
    )


def _kernels(annotation: Annotation) -> str:
    program, cost = annotation.program, annotation.profile
    if not program.kernels:
        return ""
    colours = store_colours(program)
    rows = [
        (
            f'<i class="key {colours[k.name]}"></i><code>{escape(k.name)}</code>',
            f"{k.words:,}",
            f"{k.storage}{' <span class=tag>high-speed</span>' if k.highspeed else ''}",
            f"{k.launches:,}",
            f"{k.total_words:,}",
            us(k.time_us),
        )
        for k in cost.kernels
    ]
    used = program.stored_words
    note = f"{used:,} of {STORE_WORDS:,} words, {percent(used / STORE_WORDS)}. "
    storages = {k.storage for k in program.kernels.values()}
    if "dynamic" in storages:
        note += "Dynamic kernels share what the others leave, and are recorded again at every launch. "
    if "heap" in storages:
        note += "Kernels on the heap take no space in the store."
    return (
        f'<p class="note">{note}</p>{store_strip(program)}<div class="scale"><span>0</span><span>256</span>'
        f"<span>512</span><span>768</span><span>{STORE_WORDS:,}</span></div>"
        + _table(
            ("kernel", "#words", "storage", "#launches", "#words carried out", "#&micro;s, launches included"), rows
        )
    )


def _shots(shots: Sequence[Shot], about: str) -> str:
    if not shots:
        return ""
    out, used, left_out = [], 0, 0
    for number, shot in enumerate(shots):
        figures = []
        for name, plane in shot.planes:
            scale = shot.scales.get(name) or _scale(plane)
            picture = _png(plane, scale)
            if used + len(picture) > MOST_PICTURES:
                left_out += 1
                continue
            used += len(picture)
            figures.append(_figure(f"{number}", name, plane, picture, scale))
        if figures:
            out.append(f'<h3>{escape(shot.title)}</h3><div class="shots">{"".join(figures)}</div>')
    note = f"{escape(about)} Click on a picture to enlarge it."
    if left_out:
        note += f" {plural(left_out, 'plane')} left out, to keep the page small."
    return f'<p class="note">{note}</p>{"".join(out)}'


def _png(plane: npt.NDArray[Any], scale: tuple[float, float]) -> str:
    from PIL import Image

    picture = Image.fromarray(render.grey_levels(plane, scale))
    if plane.dtype == bool:
        picture = picture.convert("1")
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")


def _scale(plane: npt.NDArray[Any]) -> tuple[float, float]:
    return render.READOUT if plane.dtype.kind in "bu" else render.tile_scale(plane)


def _figure(group: str, name: str, plane: npt.NDArray[Any], picture: str, scale: tuple[float, float]) -> str:
    about = f"{render.summary_text(plane)}<br>{render.scale_text(plane, scale)}"
    rows, columns = plane.shape
    return (
        f'<figure><label><input type="checkbox" aria-label="enlarge {escape(name)}"><img alt="plane {escape(name)}" '
        f'width="{columns}" height="{rows}" src="data:image/png;base64,{picture}"></label>'
        f"<figcaption><b>{escape(name)}</b><br>{about}</figcaption></figure>"
    )


def _readouts(cost: Profile) -> str:
    if not cost.readouts:
        return ""
    rows = [
        (
            escape(r.name),
            f"<code>{escape(r.function)}</code>",
            escape(r.kind),
            f"<code>{escape(r.register)}</code>",
            f"{r.elements:,}",
            f"{r.bits}",
            f"{r.bytes:,}",
            f"{r.bytes_with_headers:,}",
            us(r.time_us),
        )
        for r in cost.readouts[:MOST_READOUTS]
    ]
    more = len(cost.readouts) - MOST_READOUTS
    note = f"{plural(more, 'more readout')} not shown. " if more > 0 else ""
    note += f"A raw frame of this array has {cost.raw_frame_bytes:,} bytes."
    head = ("name", "function", "what", "register", "#elements", "#bits", "#bytes", "#with headers", "#&micro;s")
    return f'<p class="note">{note}</p>{_table(head, rows)}'


def _prices(timing: Timing) -> str:
    rows = [
        (f"<code>{escape(p.name)}</code>", f"{p.value:g}", escape(p.unit), escape(p.uncertainty), escape(p.source))
        for p in timing.rows.values()
    ]
    about = f'<p class="note">{escape(timing.name)}: {escape(timing.about)}</p>'
    return about + _table(("price", "#value", "unit", "~uncertainty", "~source"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells of markup. On narrow pages each row stands as a list, its cells behind their heads, which
    report.css has, since a label a cell would be most of the page.

    head: what stands above each column, behind # for numbers, behind ~ for long texts.
    """
    names = [name.lstrip("#~") for name in head]
    css = [{"#": ' class="num"', "~": ' class="wide"'}.get(name[0], "") for name in head]
    top = "".join(f"<th{c if 'num' in c else ''}>{name}</th>" for name, c in zip(names, css, strict=True))
    cells = [f"<td{c}>" for c in css]
    below = "".join(
        "".join(["<tr>", *(f"{cell}{value}</td>" for cell, value in zip(cells, row, strict=True)), "</tr>"])
        for row in rows
    )
    return (
        f'<div class="panel table of-{names[0]}"><table><thead><tr>{top}</tr></thead><tbody>{below}</tbody></table>'
        "</div>"
    )
