"""C++ text -> tokens that know their place."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from scamp_sim.chip.program import Origin


class Text:
    """One C++ file. `name` is what messages call it; `main` tells the user's file from those it includes."""

    def __init__(self, name: str, text: str, main: bool = True) -> None:
        self.name, self.text, self.main = name, text, main

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer(r"\n", self.text))]

    def line(self, offset: int) -> int:
        """Number of the line that holds an offset, from 1."""
        return bisect_right(self._starts, offset)

    def origin(self, start: int, stop: int) -> Origin:
        """The piece between two offsets."""
        line, last = self.line(start), self.line(max(stop, start))
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return Origin(
            self.name,
            line,
            start - self._starts[line - 1] + 1,
            last,
            max(stop, start) - self._starts[last - 1] + 1,
            text,
        )


class Place(NamedTuple):
    """Where something stands: offsets in a file. What a macro made stands where the macro was called."""

    source: Text
    start: int
    stop: int

    @property
    def origin(self) -> Origin:
        return self.source.origin(self.start, self.stop)

    @property
    def line(self) -> int:
        return self.source.line(self.start)

    @property
    def text(self) -> str:
        """The C++ as it is written there, on one line."""
        return " ".join(self.source.text[self.start : self.stop].split())

    def to(self, other: Place) -> Place:
        """From here to there."""
        if other.source is not self.source:
            return self
        return Place(self.source, min(self.start, other.start), max(self.stop, other.stop))


class Token(NamedTuple):
    """A word of the text. `fresh`: the first on its line; `hidden`: macros that it must not be expanded by again."""

    kind: str  # "name", "number", "text", "char", "sign" or "end"
    text: str
    place: Place
    fresh: bool = False
    hidden: frozenset[str] = frozenset()


_PIECE = re.compile(
    r"""
    (?P<space>(?:[ \t\f\v\r\u00a0\u3000\ufeff]|\\[ \t]*\n)+)
    | (?P<line>\n)
    | (?P<comment>//(?:\\\n|[^\n])*|/\*.*?(?:\*/|\Z))
    | (?P<raw>(?:u8|[uUL])?R"(?P<mark>[^\s()\\"]{0,16})\(.*?(?:\)(?P=mark)"|\Z))
    | (?P<text>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*(?:"|(?=\n)|\Z))
    | (?P<char>(?:u8|[uUL])?'(?:\\.|[^'\\\n])*(?:'|(?=\n)|\Z))
    | (?P<number>\.?[0-9](?:'[0-9A-Za-z]|[eEpP][+-]|[0-9A-Za-z_.])*)
    | (?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
    | (?P<sign><<=|>>=|\.\.\.|->\*|::|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\#\#|.)
    """,
    re.VERBOSE | re.DOTALL,
)

MARK = re.compile(r"(?:[A-Za-z]\w*_)?(?P<dynamic>dynamic_)?kernel_(?P<edge>begin|end)", re.IGNORECASE)
"""The calls that delimit a kernel: scamp5_kernel_begin, scamp5_dynamic_kernel_end and the like."""

_COMMENTED_MARK = re.compile(r"(?://+|/\*)\s*(?:\w+\.)?(\w*kernel_(?:begin|end)\w*)\s*\(\s*\)\s*;?\s*(?:\*/)?\s*")


def tokens(source: Text, marks_in_comments: bool = False) -> Iterator[Token]:
    """The tokens of a file, without comments.

    marks_in_comments: a comment that holds nothing but a kernel mark counts as that mark, which is how JSS texts
    delimit kernels.
    """
    fresh = True
    for piece in _PIECE.finditer(source.text):
        kind = piece.lastgroup or "sign"
        if kind == "mark":  # the delimiter of a raw string
            kind = "raw"
        if kind == "space":
            continue
        if kind == "line":
            fresh = True
            continue
        place = Place(source, piece.start(), piece.end())
        if kind == "comment":
            fresh = fresh or "\n" in piece[0]
            mark = _COMMENTED_MARK.fullmatch(piece[0]) if marks_in_comments else None
            if mark:
                yield Token("name", mark[1], place)
                yield from (Token("sign", sign, place) for sign in "();")
            continue
        yield Token("text" if kind == "raw" else kind, piece[0], place, fresh)
        fresh = False


def mark_edge(name: str) -> str:
    """ "begin" or "end" for the name of a kernel mark, else ""."""
    found = MARK.fullmatch(name)
    return found["edge"].lower() if found else ""


def number(text: str) -> int | float | None:
    """The value of a C++ number; None if it is none."""
    digits = re.sub(r"(?<=[0-9a-f])_[a-z_]\w*$", "", text.replace("'", "").lower())  # 100_us
    if digits.startswith("0x") and "." not in digits and "p" not in digits:
        return _whole(digits.rstrip("ul"), 16)
    if digits.startswith("0b"):
        return _whole(digits.rstrip("ul"), 2)
    if re.fullmatch(r"[0-9]+[ulz]*", digits):
        digits = digits.rstrip("ulz")
        return _whole(digits, 8) if digits.startswith("0") and len(digits) > 1 else _whole(digits, 10)
    try:
        value = float(digits.rstrip("fl"))
    except ValueError:
        return None
    return value


def _whole(digits: str, base: int) -> int | None:
    try:
        return int(digits, base) if len(digits) <= 80 else None
    except ValueError:
        return None
