"""What commands print, fit to the terminal that it is printed on.

A table keeps its columns while they fit. If they do not, cells of words are wrapped, the widest column first, down to a
dozen characters; columns that then still stand out follow in a second table, below, with the first column again. Other
lines are wrapped between words, and go on under the text that stands beside their label. Nothing is cut off.

The terminal's width counts, 80 at least; COLUMNS=N says it where there is no terminal. Without either nothing is
changed, so that other programs get whole lines. Documents (JSON, Markdown, C++) and source lines are never changed.

Names of files and comments are other people's text. What in it would act on a terminal - move the cursor, clear the
screen, set its title, turn the direction of writing - is shown and not sent.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO

LEAST = 80
"""Columns that a terminal is taken to have at least."""

NARROWEST = 12
"""Characters to which a column of words is narrowed."""

_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
_RULE = re.compile(r"\s*-{8,}\s*$")
_GUTTER = re.compile(r"\s*\d* \| ")
"""In front of source text, and of the carets below it."""

_GAP = re.compile(r" {2,}")
_TOKEN = re.compile(r"\S+\s*")


_ACTING = re.compile(
    r"\x1b\[(?:0|1|2|4|3\d|1;3\d)m|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""Colours, which are ours, and characters that act."""


def harmless(text: str) -> str:
    """The text with what would act on a terminal written out, as in \\x1b; colours stay."""

    def shown(found: re.Match[str]) -> str:
        code = ord(found[0][0])
        return found[0] if len(found[0]) > 1 else f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"

    return _ACTING.sub(shown, text)


def columns(stream: Any) -> int | None:
    """Columns of what a stream goes to; None if it is no terminal and COLUMNS is not set."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked):
        return max(LEAST, int(asked))
    if stream is not None and stream.isatty():
        return max(LEAST, shutil.get_terminal_size((LEAST, 24)).columns)
    return None


# --- text ---------------------------------------------------------------------------------------------------------


def visible(text: str) -> int:
    """Characters that a line takes on the screen."""
    return len(_ESCAPE.sub("", text))


def fit(text: str, width: int) -> str:
    """A text, no line of it wider than `width`, but for words that are longer than it and for source lines."""
    if all(len(line) <= width for line in text.split("\n")):
        return text
    lines = text.split("\n")
    out: list[str] = []
    block: list[str] = []
    for line in lines:
        if line.strip():
            block.append(line)
            continue
        out += _block(block, width)
        out.append(line)
        block = []
    return "\n".join([*out, *_block(block, width)])


def _block(lines: list[str], width: int) -> list[str]:
    """Lines without an empty one between them: perhaps a table with a rule, and what stands before and behind it."""
    rule = next((n for n, line in enumerate(lines) if n and _RULE.match(line)), None)
    if rule is None or all(visible(line) <= width for line in lines) or any("\x1b" in line for line in lines):
        return [part for line in lines for part in wrap(line, width)]
    start, end = rule - 1, len(lines)
    wanted = len(_GAP.split(lines[start].strip()))
    while end > rule + 1:
        edges = _edges(lines[start:end])
        if len(edges) >= wanted:
            break
        end -= 1
    if end <= rule + 1:
        return [part for line in lines for part in wrap(line, width)]
    before = [part for line in lines[:start] for part in wrap(line, width)]
    table, after = _table(lines[start:end], edges, width), _block(lines[end:], width)
    return [*before, *table, *([""] if after and "" in table else []), *after]


def _edges(lines: list[str]) -> list[tuple[int, int]]:
    """Where the columns of a table begin and end: between them two characters or more are blank in every line."""
    rows = [line for line in lines if not _RULE.match(line)]
    wide = max(map(len, rows))
    filled = [any(len(row) > i and row[i] != " " for row in rows) for i in range(wide)]
    edges: list[tuple[int, int]] = []
    i = 0
    while i < wide:
        if not filled[i]:
            i += 1
            continue
        j = i
        while j < wide and (filled[j] or (j + 1 < wide and filled[j + 1])):
            j += 1
        edges.append((i, j))
        i = j
    return edges


def _table(lines: list[str], edges: list[tuple[int, int]], width: int) -> list[str]:
    indent = edges[0][0]
    rows = [None if _RULE.match(line) else [line[a:b].rstrip() for a, b in edges] for line in lines]
    cells = [row for row in rows if row is not None]
    right = [_aligned_right([row[k] for row in cells[1:]], b - a) for k, (a, b) in enumerate(edges)]
    texts = [[cell.strip() for cell in row] for row in cells]
    wide = [max(len(row[k]) for row in texts) for k in range(len(edges))]
    least = [_least([row[k] for row in texts], wide[k]) for k in range(len(edges))]
    out: list[str] = []
    for part in _parts(least, width - indent):
        widths = _narrowed([wide[k] for k in part], [least[k] for k in part], width - indent)
        if out:
            out.append("")
        total = sum(widths) + 2 * (len(part) - 1)
        for row in rows:
            if row is None:
                out.append(" " * indent + "-" * total)
                continue
            wrapped = [_cell(row[k].strip(), w) for k, w in zip(part, widths, strict=True)]
            for n in range(max(map(len, wrapped))):
                shown = [(c[n] if n < len(c) else "") for c in wrapped]
                line = "  ".join(
                    f"{s:>{w}}" if right[k] else f"{s:<{w}}" for k, s, w in zip(part, shown, widths, strict=True)
                )
                out.append((" " * indent + line).rstrip())
    return out


def _aligned_right(cells: list[str], wide: int) -> bool:
    """Whether a column ends at one place and begins at several."""
    there = [cell for cell in cells if cell.strip()]
    return bool(there) and all(len(c) == wide for c in there) and any(c[0] == " " for c in there)


def _least(cells: list[str], wide: int) -> int:
    longest = max((len(word) for cell in cells for word in cell.split()), default=0)
    return min(wide, max(longest, NARROWEST if any(" " in c for c in cells) else 0))


def _parts(least: list[int], width: int) -> list[list[int]]:
    """Columns of each table: as many as fit, then the others with the first again."""
    parts = [[0]]
    for k in range(1, len(least)):
        if sum(least[i] + 2 for i in parts[-1]) + least[k] > width and len(parts[-1]) > 1:
            parts.append([0])
        parts[-1].append(k)
    return parts


def _narrowed(wide: list[int], least: list[int], width: int) -> list[int]:
    widths = list(wide)
    while sum(widths) + 2 * (len(widths) - 1) > width:
        slack = [(w, k) for k, w in enumerate(widths) if w > least[k]]
        if not slack:
            break
        widths[max(slack)[1]] -= 1
    return widths


def _cell(text: str, width: int) -> list[str]:
    return list(_words(text, width, width)) or [""]


def _words(text: str, first: int, others: int) -> Iterator[str]:
    """A text in lines of at most so many characters, between words; longer words are cut."""
    line, room = "", first
    for token in _TOKEN.findall(text):
        word = token.rstrip()
        while visible(line) + visible(word) > room:
            if line.strip():
                yield line.rstrip()
                line, room = "", others
                continue
            if "\x1b" in word:
                break
            yield word[:room]
            word, token, room = word[room:], token[room:], others
        line += token
    if line.strip():
        yield line.rstrip()


def wrap(line: str, width: int) -> list[str]:
    """A line in several of at most `width`, the further ones under its text, or a little in from its margin."""
    if visible(line) <= width or _GUTTER.match(_ESCAPE.sub("", line)):
        return [line]
    margin = len(line) - len(line.lstrip())
    gaps = [m.end() for m in _GAP.finditer(line) if margin < m.end() <= width * 0.62] if "\x1b" not in line else []
    hanging = gaps[-1] if gaps else margin + 2
    body = line[margin:]
    parts = list(_words(body, width - margin, width - hanging))
    return [" " * margin + parts[0], *(" " * hanging + part for part in parts[1:])]


# --- streams ------------------------------------------------------------------------------------------------------


class Fitted:
    """A stream whose text is fit to a width, by blocks of lines, or write by write for messages.

    raw: the stream itself, for what moves the cursor on purpose: bars of progress.
    """

    def __init__(self, stream: TextIO, width: int, blocks: bool) -> None:
        self.raw: TextIO = stream
        self._stream, self._width, self._blocks = stream, width, blocks
        self._waiting = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """As of any stream; with `blocks` what follows the last empty line waits for the end of its block."""
        if not self._blocks:
            self._put(text)
            return len(text)
        self._waiting += text
        end = self._waiting.rfind("\n\n")
        if end >= 0:
            self._put(self._waiting[: end + 2])
            self._waiting = self._waiting[end + 2 :]
        return len(text)

    def _put(self, text: str) -> None:
        self._stream.write(fit(harmless(text), self._width))

    def flush(self) -> None:
        """Write what waits, too."""
        if self._waiting:
            waiting, self._waiting = self._waiting, ""
            self._put(waiting)
        self._stream.flush()


@contextmanager
def fitted(stdout: bool = True) -> Iterator[None]:
    """Inside, stdout and stderr are fit to what they are printed on.

    stdout: whether it holds text for people; documents are left as they are.
    """
    out, err = columns(sys.stdout), columns(sys.stderr)
    with ExitStack() as entered:
        if stdout and out:
            _redirected(entered, redirect_stdout, Fitted(sys.stdout, out, True))
        if err:
            _redirected(entered, redirect_stderr, Fitted(sys.stderr, err, False))
        yield


def _redirected(entered: ExitStack, redirect: Callable[[Any], AbstractContextManager[Any]], stream: Fitted) -> None:
    """Until the stack is left, when what waits is written, to the stream that was there before."""
    entered.callback(stream.flush)
    entered.enter_context(redirect(stream))


__all__ = ["LEAST", "Fitted", "columns", "fit", "fitted", "harmless", "wrap"]
