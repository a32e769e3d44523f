"""Small pieces of text that messages and tables share."""

from collections.abc import Sequence


def plural(n: int, noun: str) -> str:
    """'1 word', '2 words'."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def short(text: str, width: int) -> str:
    """The text, cut to `width` characters."""
    return text if len(text) <= width else text[: width - 3] + "..."


def table(head: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> str:
    """Rows as plain text in columns below a line; align: < or > for each."""
    widths = [max(len(str(row[i])) for row in (head, *rows)) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(f"{c:{a}{w}}" for c, a, w in zip(cells, align, widths, strict=True)).rstrip()

    return "\n".join([line(head), "-" * (sum(widths) + 2 * (len(widths) - 1)), *map(line, rows)]) + "\n"
