"""The drawings of the report: bars of HTML, the timeline as SVG. Text from the user's program is escaped here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape

from scamp_sim.chip.isa import STORE_WORDS, Clock
from scamp_sim.chip.program import Kernel, Program
from scamp_sim.costs.timeline import TRACKS, Span
from scamp_sim.costs.timing import Timing
from scamp_sim.show.report.annotate import Annotation

CLASSES = ("analog", "digital", "dnews", "prop")
"""Clock classes with a colour of their own."""

WIDTH, LEFT, RIGHT = 1000, 84, 8
"""The drawing of the timeline, in its own units."""

NARROW = 360
"""Its width on narrow pages, where the wide one would be read through a slit."""

ROW, GAP, TOP = 26, 10, 22
SMALLEST, FEW = 0.6, 2.0
"""Spans narrower than this are drawn together with their neighbours; and on narrow pages."""

LETTER = 7.1
"""About the width of a letter."""

CROWDED_OUT = 0.5
"""From this share of the run on, readouts are drawn shorter than they are, so that the rest can be seen."""

READOUT_WIDTH = 0.22
"""Part of the drawing that readouts then take."""


def us(value: float) -> str:
    """A time as the report writes it: enough digits, no more."""
    return f"{value:,.0f}" if value >= 10_000 else f"{value:,.1f}"


def percent(share: float) -> str:
    """A share as the report writes it; what is there, but little, is not 0."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return f"{100 * share:.1f} %"


# --- where the time goes ----------------------------------------------------------------------------------------


def time_parts(annotation: Annotation, timing: Timing) -> list[tuple[str, str, float]]:
    """(name, CSS class, us) of everything that takes time in a run; together they are the run."""
    program, cost = annotation.program, annotation.profile
    launched = {k.name: k.launches for k in cost.kernels}
    classes: dict[Clock, float] = {}
    for kernel in program.kernels.values():
        for clock, count in kernel.classes.items():
            spent = launched[kernel.name] * count * timing.word_us(clock, kernel.highspeed)
            classes[clock] = classes.get(clock, 0.0) + spent
    parts = []
    for clock in Clock:
        if clock in classes:
            name = clock.name.lower()
            parts.append((f"{name} words", f"c-{name}" if name in CLASSES else "c-other", classes[clock]))
    for name, css in (("launches", "c-launches"), ("host calls", "c-calls"), ("readout", "c-readout")):
        parts.append((name, css, cost.time_breakdown[name]))
    return [p for p in parts if p[2] > 0]


def stack(parts: Sequence[tuple[str, str, float]]) -> str:
    """Parts as one bar with a legend below it."""
    total = sum(spent for _, _, spent in parts)
    bars = "".join(
        f'<i class="{css}" style="flex-grow:{max(spent / total, 1e-6):.6f}" title="{escape(name)}: {us(spent)} us"></i>'
        for name, css, spent in parts
    )
    keys = "".join(
        f'<li><i class="key {css}"></i>{escape(name)} <b>{us(spent)} &micro;s</b> <span>{percent(spent / total)}</span>'
        "</li>"
        for name, css, spent in parts
    )
    return f'<div class="stack" aria-hidden="true">{bars}</div><ul class="legend">{keys}</ul>'


# --- the kernel store -------------------------------------------------------------------------------------------


def store_colours(program: Program) -> dict[str, str]:
    """Kernel -> CSS class of its part of the store."""
    static = [k.name for k in program.kernels.values() if k.storage == "static"]
    colours = {name: f"s{i % 5}" for i, name in enumerate(static)}
    return {k.name: colours.get(k.name, f"s-{k.storage}") for k in program.kernels.values()}


def store_strip(program: Program) -> str:
    """The words of the kernel store, in the order in which kernels are recorded; dynamic ones share what is left."""
    colours = store_colours(program)
    dynamic = max((k for k in program.kernels.values() if k.storage == "dynamic"), key=_length, default=None)
    inside = [(k, k.name) for k in program.kernels.values() if k.storage == "static"]
    if dynamic is not None:
        inside.append((dynamic, "dynamic"))
    parts = []
    for kernel, label in inside:
        words = _length(kernel)
        room = 1100 * words / STORE_WORDS
        text = escape(label) if len(label) * 7.2 < room - 6 else ""
        parts.append(
            f'<i class="{colours[kernel.name]}" style="flex:0 1 {100 * words / STORE_WORDS:.4f}%" '
            f'title="{escape(label)}: {words} words">{text}</i>'
        )
    return f'<div class="strip" aria-hidden="true">{"".join(parts)}</div>'


def _length(kernel: Kernel) -> int:
    return len(kernel.words)


# --- the timeline -----------------------------------------------------------------------------------------------


def timeline_svg(spans: Sequence[Span], width: int = WIDTH) -> tuple[str, bool]:
    """The timeline, and whether its readouts are drawn shorter than they are."""
    end = max((s.end_us for s in spans), default=0.0)
    if not end:
        return "", False
    place, cut = _axis(spans, end, width)
    height = TOP + len(TRACKS) * (ROW + GAP) + ROW + 6
    out = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Timeline of one run">']
    bottom = height - 6
    for at, middle, label in _ticks(spans, end, place, cut, width):
        out.append(f'<line class="grid" x1="{at:.1f}" y1="{TOP - 4}" x2="{at:.1f}" y2="{bottom}"/>')
        out.append(f'<text class="soft" x="{middle:.1f}" y="12" text-anchor="middle">{label}</text>')
    y = TOP
    rows = {"controller": y, "array": y + ROW + GAP, "readout": y + 3 * ROW + 2 * GAP + 2}
    for track, top in rows.items():
        out.append(f'<text x="0" y="{top + 17}">{track}</text>')
    for category, top in (
        ("recording", rows["controller"]),
        ("launch", rows["controller"]),
        ("host call", rows["controller"]),
        ("kernel", rows["array"]),
        ("words", rows["array"]),
        ("statement", rows["array"] + ROW + 2),
        ("readout", rows["readout"]),
    ):
        few = width <= NARROW
        out += _rects([s for s in spans if s.category == category], category, top, place, few)
    return "".join([*out, "</svg>"]), cut


def _axis(spans: Sequence[Span], end: float, width: int) -> tuple[Callable[[float], float], bool]:
    """Time in us -> place in the drawing; and whether readouts are squeezed."""
    slow = [s for s in spans if s.category == "readout" and s.us > 0]
    reading = sum(s.us for s in slow)
    wide = width - LEFT - RIGHT
    if reading < CROWDED_OUT * end or reading >= end * (1 - 1e-9):
        return lambda t: LEFT + wide * t / end, False
    # Piecewise straight: all that is no readout has one scale, all readouts another.
    squeeze = READOUT_WIDTH / (1 - READOUT_WIDTH) * (end - reading) / reading
    corners = [(0.0, 0.0)]
    for s in slow:
        t, x = corners[-1]
        x += s.start_us - t
        corners += [(s.start_us, x), (s.end_us, x + s.us * squeeze)]
    corners.append((max(end, corners[-1][0]), corners[-1][1] + max(0.0, end - corners[-1][0])))
    scale = wide / corners[-1][1]
    number = 0

    def place(t: float) -> float:
        nonlocal number
        if t < corners[number][0]:  # nearly always asked for in order
            number = 0
        while number + 2 < len(corners) and corners[number + 1][0] < t:
            number += 1
        (t0, x0), (t1, x1) = corners[number], corners[number + 1]
        return LEFT + scale * (x0 + (x1 - x0) * ((t - t0) / (t1 - t0) if t1 > t0 else 0.0))

    return place, True


def _ticks(
    spans: Sequence[Span], end: float, place: Callable[[float], float], cut: bool, width: int
) -> Iterator[tuple[float, float, str]]:
    """Place of the line, place of the label, label: round times with room for their labels.

    There are none inside readouts that are squeezed.
    """
    hidden = [(s.start_us, s.end_us) for s in spans if cut and s.category == "readout" and s.us > 0]
    shown = end - sum(b - a for a, b in hidden)
    raw = shown / (8 if width > NARROW else 3)
    step = 10 ** math.floor(math.log10(raw))
    step *= next(m for m in (1, 2, 5, 10) if m * step >= raw)
    last = -100.0
    times = [0.0]
    start = 0.0
    for a, b in [*hidden, (end, end)]:
        first = math.ceil(start / step)
        times += [n * step for n in range(first, min(math.floor(a / step), first + 40) + 1)]
        start = b
    if hidden:
        times.append(end)
    for t in sorted(set(times)):
        x = place(t)
        label = f"{t:,.10g}" if t == round(t, 6) and t < 1000 else us(t)
        label += " &micro;s" if not t else ""
        half = len(label.replace("&micro;", "u")) * LETTER / 2
        x_text = min(x, width - half)
        if x_text - last > 2 * half + 10:
            yield x, x_text, label
            last = x_text


def _rects(
    spans: Iterable[Span], category: str, top: float, place: Callable[[float], float], few: bool = False
) -> Iterator[str]:
    """few: draw what is narrow together, and say nothing under the mouse, which narrow pages seldom have."""
    css = "f-" + category.replace(" ", "-")
    height = ROW - 6 if category == "statement" else ROW
    for together in _merged(spans, place, FEW if few else SMALLEST):
        first, last = together[0], together[-1]
        x0, x1 = place(first.start_us), place(last.end_us)
        width = max(x1 - x0, SMALLEST)
        taken = sum(s.us for s in together)
        title = first.name if len(together) == 1 else f"{len(together)} x {category}"
        line = first.args.get("line")
        about = f"{title}: {us(taken)} us" + (f", line {line}" if line and len(together) == 1 else "")
        box = f'<rect class="{css}" x="{x0:.2f}" y="{top}" width="{width:.2f}" height="{height}"'
        yield f"{box}/>" if few else f"{box}><title>{escape(about)}</title></rect>"
        label = first.name.removeprefix("launch ") if category != "readout" else f"{first.name}  {us(taken)} \u00b5s"
        room = int((width - 8) / LETTER)
        if len(together) == 1 and category != "launch" and room >= min(len(label), 4):
            shown = label if len(label) <= room else label[: room - 1] + "\u2026"
            yield (f'<text x="{x0 + 4:.2f}" y="{top + height / 2 + 4}" pointer-events="none">{escape(shown)}</text>')


def _merged(spans: Iterable[Span], place: Callable[[float], float], smallest: float) -> Iterator[list[Span]]:
    """Spans, those that are too narrow to be seen together with what follows them closely."""
    group: list[Span] = []
    for s in spans:
        x0, x1 = place(s.start_us), place(s.end_us)
        small = x1 - x0 < smallest
        if group and small and x0 - place(group[-1].end_us) < smallest:
            group.append(s)
            continue
        if group:
            yield group
        group = []
        if small:
            group = [s]
        else:
            yield [s]
    if group:
        yield group
