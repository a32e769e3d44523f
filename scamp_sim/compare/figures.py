"""The figures of a comparison as SVG text for pages, in the colours of the page, and accuracy as a picture."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from scamp_sim.compare import prices
from scamp_sim.compare.constants import Constants
from scamp_sim.compare.counts import Counts

if TYPE_CHECKING:
    from scamp_sim.compare.task.results import Point
    from scamp_sim.compare.task.robust import Robustness

PARTS = ("sensing", "conversion", "compute", "link", "vision system")
"""Parts of energies with a colour of their own."""

WIDTH, LEFT, RIGHT, ROW = 720, 96, 86, 22


def energy_bars(rows: Sequence[Counts], constants: Constants) -> str:
    """A stacked bar a row: parts of the energy of a decision, on a scale that starts at 0. Rows whose scope is the
    whole vision system are thousands of times as long and belong into a drawing of their own."""
    found: list[tuple[str, list[tuple[str, float]]]] = []
    for row in rows:
        priced = [p for p in prices.parts(row, constants, "energy") if p.name != prices.ARRAY]
        if priced and prices.energy(row, constants).value is not None:
            name = f"{row.name}, own" if row.system == "released" else row.name
            found.append((name, [(p.name, p.value) for p in priced]))
    if not found:
        return ""
    most = max(sum(v for _, v in parts) for _, parts in found)
    scale = (WIDTH - LEFT - RIGHT) / most
    height = ROW * len(found) + 30
    lines = [_open(WIDTH, height, "energy of a decision by part")]
    for n, (name, parts) in enumerate(found):
        y, x = 6 + ROW * n, float(LEFT)
        lines.append(f'<text class="label" x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>')
        for part, value in parts:
            kind = PARTS.index(part) if part in PARTS else len(PARTS)
            width = value * scale
            lines.append(
                f'<rect class="part{kind}" x="{x:.2f}" y="{y}" width="{width:.2f}" height="{ROW - 6}">'
                f"<title>{escape(name)}: {escape(part)} {_uj(value)}</title></rect>"
            )
            x += width
        total = _uj(sum(v for _, v in parts))
        lines.append(f'<text class="value" x="{x + 6:.2f}" y="{y + 13}">{total}</text>')
    y = height - 8
    x = float(LEFT)
    seen = [p for p in PARTS if any(p == part for _, parts in found for part, _ in parts)]
    for part in seen:
        lines.append(f'<rect class="part{PARTS.index(part)}" x="{x:.1f}" y="{y - 9}" width="10" height="10"/>')
        lines.append(f'<text class="label" x="{x + 14:.1f}" y="{y}">{escape(part)}</text>')
        x += 30 + 7 * len(part)
    return "".join([*lines, "</svg>\n"])


def _uj(value: float) -> str:
    from scamp_sim.compare.table import joules

    return joules(value)


def _open(width: int, height: int, label: str) -> str:
    return (
        f'<svg class="figure" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}" '
        'xmlns="http://www.w3.org/2000/svg">'
    )


class Scatter:
    """A drawing over a logarithmic axis of bits, with shares of 0 to 100 % upwards."""

    WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 52, 12, 12, 44
    KEY, KEYS = 22, 7
    """Height of a line of names, and how many there are in one."""
    ASIDE = 9.0

    def __init__(self, low: float, high: float, label: str, names: Sequence[str], floor: float = 0.0) -> None:
        self.low, self.high, self.floor = math.log10(low), math.log10(high), floor
        self.there: dict[float, int] = {}
        keys = -(-len(names) // self.KEYS)
        self.lines = [_open(self.WIDTH, self.HEIGHT + keys * self.KEY, label)]
        self._axes()
        step = (self.WIDTH - self.LEFT - self.RIGHT) / self.KEYS
        for n, name in enumerate(names):
            x, y = self.LEFT + n % self.KEYS * step, self.HEIGHT + n // self.KEYS * self.KEY
            self.lines.append(f'<g transform="translate({x:.1f} {y})">{_key(n)}</g>')
            self.lines.append(f'<text class="label" x="{x + 18:.1f}" y="{y + 11}">{escape(name)}</text>')

    def x(self, bits: float) -> float:
        """Of so many bits."""
        share = (math.log10(bits) - self.low) / (self.high - self.low)
        return self.LEFT + share * (self.WIDTH - self.LEFT - self.RIGHT)

    def y(self, share: float) -> float:
        """Of a share 0..1."""
        part = (share - self.floor) / (1 - self.floor)
        return self.HEIGHT - self.BOTTOM - part * (self.HEIGHT - self.TOP - self.BOTTOM)

    def _axes(self) -> None:
        bottom = self.HEIGHT - self.BOTTOM
        for n in range(math.ceil(self.low), math.floor(self.high) + 1):
            x = self.x(10.0**n)
            self.lines.append(f'<line class="grid" x1="{x:.1f}" y1="{self.TOP}" x2="{x:.1f}" y2="{bottom}"/>')
            self.lines.append(
                f'<text class="label" x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{_thousands(n)}</text>'
            )
        for percent in range(round(100 * self.floor), 101, 20):
            y = self.y(percent / 100)
            right = self.WIDTH - self.RIGHT
            self.lines.append(f'<line class="grid" x1="{self.LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
            self.lines.append(
                f'<text class="label" x="{self.LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{percent} %</text>'
            )
        middle = (self.LEFT + self.WIDTH - self.RIGHT) / 2
        self.lines.append(
            f'<text class="label" x="{middle}" y="{self.HEIGHT - 8}" text-anchor="middle">bits a decision</text>'
        )

    def line(self, kind: int, points: Sequence[tuple[float, float, float]]) -> None:
        """Joins points (bits, share, how far aside they stand)."""
        path = " ".join(f"{self.x(b) + aside:.1f},{self.y(s):.1f}" for b, s, aside in points)
        self.lines.append(f'<polyline class="line series{kind}" points="{path}"/>')

    def aside(self, bits: float) -> float:
        """By how much the next mark at so many bits stands aside: those of equal bits would hide each other."""
        n = self.there.get(bits, 0)
        self.there[bits] = n + 1
        return self.ASIDE * ((n + 1) // 2) * (1 if n % 2 else -1)

    def bar(self, kind: int, bits: float, low: float, high: float, aside: float) -> None:
        """An interval."""
        x = self.x(bits) + aside
        self.lines.append(
            f'<line class="bar series{kind}" x1="{x:.1f}" y1="{self.y(low):.1f}" x2="{x:.1f}" y2="{self.y(high):.1f}"/>'
        )

    def mark(self, kind: int, bits: float, share: float, title: str, aside: float, *, filled: bool) -> None:
        """A marker: its shape stands for a row, filled for SCAMP-5, hollow for an own chip."""
        x, y, r = self.x(bits) + aside, self.y(share), 5.0
        state = "filled" if filled else "hollow"
        shapes = (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}"',
            f'<rect x="{x - r:.1f}" y="{y - r:.1f}" width="{2 * r}" height="{2 * r}"',
            f'<polygon points="{x:.1f},{y - r - 1:.1f} {x + r + 1:.1f},{y + r:.1f} {x - r - 1:.1f},{y + r:.1f}"',
            f'<polygon points="{x:.1f},{y - r - 2:.1f} {x + r + 2:.1f},{y:.1f} {x:.1f},{y + r + 2:.1f} '
            f'{x - r - 2:.1f},{y:.1f}"',
            f'<polygon points="{x:.1f},{y + r + 1:.1f} {x + r + 1:.1f},{y - r:.1f} {x - r - 1:.1f},{y - r:.1f}"',
        )
        self.lines.append(
            f'{shapes[kind % SHAPES]} class="mark series{kind} {state}"><title>{escape(title)}</title></{_tag(kind)}>'
        )

    def svg(self) -> str:
        """The drawing."""
        return "".join([*self.lines, "</svg>\n"])


SHAPES = 5
"""Of marks; with six colours no two of thirty rows look alike."""


def _tag(kind: int) -> str:
    return ("circle", "rect", "polygon", "polygon", "polygon")[kind % SHAPES]


def _thousands(power: int) -> str:
    return f"{10**power:,}" if power < 6 else f"{10 ** (power - 6):,} M"


MARKS = (
    "Hollow: bits of the own chip. Filled: bits on the wire of SCAMP-5, for rows whose program gives the same codes. "
    "Bars: 95 %. Rows of equal bits stand side by side."
)


def accuracy(found: Sequence[Point], head: str) -> str:
    """Accuracy over bits of a decision for one head. found: of a study."""
    shown = [p for p in found if p.item.head == head]
    if not shown:
        return ""
    bits = [b for p in shown for b in (p.bits, p.bits_wire * p.on_array) if b]
    names = list(dict.fromkeys(p.item.row for p in shown))
    drawing = Scatter(min(bits) / 2, max(bits) * 2, f"accuracy over bits of a decision, {head} head", names)
    for n, name in enumerate(names):
        own = sorted((p for p in shown if p.item.row == name), key=lambda p: p.bits)
        aside = [drawing.aside(p.bits) for p in own]
        if len(own) > 1:
            drawing.line(n, [(p.bits, p.accuracy, x) for p, x in zip(own, aside, strict=True)])
        for p, x in zip(own, aside, strict=True):
            said = (
                f"{name}, {p.item.frames} frame(s): {100 * p.accuracy:.1f} % ({100 * p.low:.1f} .. {100 * p.high:.1f})"
            )
            drawing.bar(n, p.bits, p.low, p.high, x)
            drawing.mark(n, p.bits, p.accuracy, f"{said}, own chip", x, filled=False)
            if p.on_array:
                x = x if p.bits_wire == p.bits else drawing.aside(p.bits_wire)
                drawing.mark(n, p.bits_wire, p.accuracy, f"{said}, on the wire of SCAMP-5", x, filled=True)
    return drawing.svg()


PANEL, GAP, PER_LINE = 168, 12, 4


def robust(found: Robustness) -> str:
    """A panel a row: right answers over the scale of its own errors, trained without (dashed) and with them, and what
    lies between the lowest and the highest chip."""
    from scamp_sim.compare.task.robust import SCALES, Case, mean

    names = list(dict.fromkeys(c.row for c in found.results))
    if not names:
        return ""
    lines_high = -(-len(names) // PER_LINE)
    height, width = lines_high * 150 + 36, PER_LINE * (PANEL + GAP)
    drawn = [_open(width, height, "right answers over the scale of errors")]
    places = [n / (len(SCALES) - 1) for n in range(len(SCALES))]
    for n, name in enumerate(names):
        left, top = (n % PER_LINE) * (PANEL + GAP) + 30, (n // PER_LINE) * 150 + 22
        inner, tall = PANEL - 34, 92

        def at(place: float, share: float, left: float = left, top: float = top) -> str:
            return f"{left + place * (PANEL - 34):.1f},{top + (1 - share) * 92:.1f}"

        drawn.append(f'<text x="{left}" y="{top - 8}">{escape(name)}</text>')
        for share in (0.0, 0.5, 1.0):
            y = top + (1 - share) * tall
            drawn.append(f'<line class="grid" x1="{left}" y1="{y:.1f}" x2="{left + inner}" y2="{y:.1f}"/>')
            drawn.append(
                f'<text class="label" x="{left - 4}" y="{y + 4:.1f}" text-anchor="end">{100 * share:.0f}</text>'
            )
        for place, scale in zip(places, SCALES, strict=True):
            drawn.append(
                f'<text class="label" x="{left + place * inner:.1f}" y="{top + tall + 16}" text-anchor="middle">'
                f"{scale:g}</text>"
            )
        for noisy in (False, True):
            case = found.results.get(Case(name, noisy))
            if case is None:
                continue
            shares = case.shares
            kind = "series0" if noisy else "series1"
            low = [at(p, min(shares[s])) for p, s in zip(places, SCALES, strict=True)]
            high = [at(p, max(shares[s])) for p, s in zip(places, SCALES, strict=True)]
            drawn.append(f'<polygon class="band {kind}" points="{" ".join([*low, *reversed(high)])}"/>')
            path = " ".join(at(p, mean(shares[s])) for p, s in zip(places, SCALES, strict=True))
            drawn.append(f'<polyline class="curve {kind}{"" if noisy else " dashed"}" points="{path}"/>')
    for n, (kind, what) in enumerate((("series0", "trained with errors"), ("series1 dashed", "trained without"))):
        x, y = 26 + 190 * n, height - 12
        drawn.append(f'<line class="curve {kind}" x1="{x}" y1="{y - 4}" x2="{x + 28}" y2="{y - 4}"/>')
        drawn.append(f'<text class="label" x="{x + 36}" y="{y}">{what}</text>')
    return "".join([*drawn, "</svg>\n"])


def standalone(drawn: str) -> str:
    """A figure as a file of its own, in the colours of the page, light or dark as the reader's."""
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    width, height = re.findall(r'viewBox="0 0 (\d+) (\d+)"', drawn)[0]
    back = f'<rect class="paper" width="{width}" height="{height}"/>'
    head, close, rest = drawn.partition(">")
    return f"{head}{close}<style>{style}</style>{back}{rest}"


def _key(n: int) -> str:
    shapes = (
        '<circle cx="7" cy="7" r="5"',
        '<rect x="2" y="2" width="10" height="10"',
        '<polygon points="7,1 13,12 1,12"',
        '<polygon points="7,0 14,7 7,14 0,7"',
        '<polygon points="7,13 13,2 1,2"',
    )
    return f'{shapes[n % SHAPES]} class="mark series{n} hollow"/>'
