"""What the assembler tells the user: records with a code, a place and a remedy, and how they are shown."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from html import escape
from typing import Any

from scamp_sim.chip.program import Origin
from scamp_sim.exceptions import ScampError


@dataclass(frozen=True)
class Diagnostic:
    """One message.

    `line`, `column`: its start, from 1.
    `end`: one past its last column, on `end_line`.
    """

    code: str
    severity: str  # "error" or "warning"
    message: str
    file: str
    line: int
    column: int
    end_line: int
    end: int
    hint: str = ""
    text: str = ""
    """The source line at `line`."""
    notes: tuple[str, ...] = ()
    """Further facts: the expansion a word came from, who holds which register."""

    @classmethod
    def at(cls, origin: Origin, code: str, severity: str, message: str, **more: Any) -> Diagnostic:
        """A diagnostic about a piece of source text."""
        return cls(
            code,
            severity,
            message,
            origin.file,
            origin.line,
            origin.column,
            origin.end_line,
            origin.end,
            text=origin.text,
            **more,
        )


class CompileError(ScampError):
    """Source text that has no defined meaning on the chip. `diagnostics` holds every message, warnings included."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.diagnostics = diagnostics
        super().__init__("\n".join(f"{d.file}:{d.line}:{d.column}: {d.severity}: {d.message}" for d in diagnostics))

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: the messages with their source lines."""
        return render(self.diagnostics, color=True).rstrip().split("\n")

    def _repr_html_(self) -> str:
        return f"<pre>{escape(render(self.diagnostics))}</pre>"


# --- order and repetition -------------------------------------------------------------------------------------


def arranged(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The messages by place, errors first; what an unrolled loop says again at one place is said once."""
    counts: dict[tuple[str, ...], int] = {}
    firsts: dict[tuple[str, ...], Diagnostic] = {}
    for d in diagnostics:
        key = (d.code, d.file, str(d.line), str(d.column), d.message)
        counts[key] = counts.get(key, 0) + 1
        firsts.setdefault(key, d)
    merged = [
        d if counts[key] == 1 else replace(d, notes=(*d.notes, f"said {counts[key]} times: here in a loop or macro"))
        for key, d in firsts.items()
    ]
    return sorted(merged, key=lambda d: (d.file, d.line, d.column, d.severity != "error", d.code, d.message))


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """The closing line: `2 errors, 1 warning`; empty if there is nothing to count."""
    severities = [d.severity for d in diagnostics]
    counts = [(severities.count(s), s) for s in ("error", "warning")]
    return ", ".join(f"{n} {s}{'s' * (n != 1)}" for n, s in counts if n)


# --- text -----------------------------------------------------------------------------------------------------

_TAB = 4
_WINDOW = 100
"""Columns of source text shown of a long line."""
_COLOURS = {"error": "1;31", "warning": "1;35", "bold": "1", "gutter": "34", "hint": "36"}


def render(diagnostics: Iterable[Diagnostic], color: bool = False) -> str:
    """The messages as a terminal shows them: place, source line, carets, notes, hint; a count at the end.

    No messages give an empty string, otherwise the text ends with a newline.
    """
    found = arranged(diagnostics)
    if not found:
        return ""
    return "\n\n".join([*(_block(d, color) for d in found), _paint(summary(found), "bold", color)]) + "\n"


def to_json(diagnostics: Iterable[Diagnostic]) -> str:
    """The messages as a JSON list for editors: the same order and merging as `render`."""
    keys = ("code", "severity", "message", "file", "line", "column", "end_line", "end", "hint", "notes")
    return json.dumps([{k: asdict(d)[k] for k in keys} for d in arranged(diagnostics)], indent=2, ensure_ascii=False)


def _block(d: Diagnostic, color: bool) -> str:
    place = _paint(f"{d.file}:{d.line}:{d.column}:", "bold", color)
    lines = [f"{place} {_paint(f'{d.severity}[{d.code}]:', d.severity, color)} {d.message}"]
    number = str(d.line)
    if d.text.strip():
        shown, start, width = excerpt(d.text, d.column, d.end if d.end_line == d.line else None)
        gutter = _paint(f"{number} |", "gutter", color)
        empty = _paint(f"{' ' * len(number)} |", "gutter", color)
        lines.append(f"{gutter} {shown}")
        lines.append(f"{empty} {' ' * start}{_paint('^' * width, d.severity, color)}")
    indent = " " * (len(number) + 1)
    lines += [f"{indent}= note: {_hang(note, len(indent) + 8)}" for note in d.notes]
    if d.hint:
        lines.append(f"{indent}= {_paint('hint:', 'hint', color)} {_hang(d.hint, len(indent) + 8)}")
    return "\n".join(lines)


def excerpt(text: str, column: int, end: int | None) -> tuple[str, int, int]:
    """A source line fit for one terminal row, and where the carets go: (text, first cell, number of cells).

    `column`, `end` count characters from 1 as in `Diagnostic`; None for `end` means to the end of the line. Tabs
    become spaces, wide characters count two cells, long lines are cut to a window around the span.
    """
    text = text.rstrip("\r\n")
    cells: list[tuple[str, int]] = []
    position = 0
    edges = [0]  # screen cell at which each character starts
    for char in text:
        if char == "\t":
            width = _TAB - position % _TAB
            cells.append((" " * width, width))
        else:
            width = _width(char)
            # a control character would move the cursor and break the carets
            cells.append((char if char.isprintable() else "\N{REPLACEMENT CHARACTER}", width))
        position += width
        edges.append(position)
    first = min(max(column - 1, 0), len(text))
    stop = len(text.rstrip()) if end is None else min(end - 1, len(text))
    stop = max(stop, first)
    left, right = 0, len(text)
    if edges[-1] > _WINDOW:
        left, right = _window(edges, first, stop)
    shown = "".join(c for c, _ in cells[left:right])
    lead, tail = "..." * (left > 0), "..." * (right < len(text))
    start = edges[first] - edges[left] + len(lead)
    width = max(edges[min(stop, right)] - edges[first], 1)
    return f"{lead}{shown}{tail}", start, width


def _window(edges: list[int], first: int, stop: int) -> tuple[int, int]:
    """Character range of about `_WINDOW` cells that shows the start of the span and as much else as fits."""
    span = min(edges[stop] - edges[first], _WINDOW)
    begin = min(max(edges[first] - (_WINDOW - span) // 2, 0), edges[-1] - _WINDOW)
    if edges[stop] <= _WINDOW:
        begin = 0  # indentation tells where in the program the line belongs
    left = next(i for i, e in enumerate(edges) if e >= begin)
    right = max(i for i, e in enumerate(edges) if e <= edges[left] + _WINDOW)
    return min(left, first), max(right, min(first + 1, len(edges) - 1))


def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _hang(text: str, indent: int) -> str:
    """Further lines of a note stand under its first."""
    return text.replace("\n", "\n" + " " * indent)


def _paint(text: str, style: str, color: bool) -> str:
    return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if color else text
