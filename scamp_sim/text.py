"""Small pieces of text that messages and tables share."""

import textwrap
from collections.abc import Sequence

_PAINT = {"bold": "1", "faint": "2", "analog": "36", "digital": "35", "hot": "1;31", "warm": "33"}


def paint(text: str, style: str, colour: bool) -> str:
    """A text in the colour of a style, as terminals understand it."""
    return f"\x1b[{_PAINT[style]}m{text}\x1b[0m" if colour and style in _PAINT else text


def plural(n: int, noun: str) -> str:
    """'1 word', '2 words'."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def short(text: str, width: int) -> str:
    """The text, cut to `width` characters."""
    return text if len(text) <= width else text[: width - 3] + "..."


def labelled(label: str, text: str) -> str:
    """A text behind a label of up to 8 characters, in lines of at most 80."""
    pad = " " * 9
    return textwrap.fill(
        text, 80, initial_indent=f"{label:<9}", subsequent_indent=pad, break_on_hyphens=False, break_long_words=False
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], align: str, rules: Sequence[int] = ()) -> str:
    """Rows as plain text in columns.

    align: < or > for each.
    rules: numbers of rows that a line goes before.
    """
    widths = [max(len(str(row[i])) for row in (head, *rows)) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(f"{c:{a}{w}}" for c, a, w in zip(cells, align, widths, strict=True)).rstrip()

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    lines = [line(head), rule]
    for i, row in enumerate(rows):
        lines += ([rule] if i in rules else []) + [line(row)]
    return "\n".join(lines) + "\n"
