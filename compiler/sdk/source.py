"""A text of kernels as signs: comments out, marks found, functions and lambdas located. No C++ is understood here."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from scamp_sim.chip.program import Origin
from scamp_sim.compiler.front.cpp import SKIPPED

_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
MARK = re.compile(r"\bscamp5_(dynamic_)?kernel_(begin|end)\b(?!\s*\(\s*\w)\s*(?:\(\s*\))?\s*;?")
_COMMENT_MARK = re.compile(r"//[ \t]*(scamp5_(?:dynamic_)?kernel_(?:begin|end)[ \t]*\([ \t]*\)[ \t]*;?)[^\n]*")
_FUNCTION = re.compile(
    r"\b([A-Za-z_]\w*)\s*\(([^;{}()]*(?:\([^()]*\)[^;{}()]*)*)\)\s*(?:(?:const|noexcept|override)\s*)*\{"
)
_LAMBDA = re.compile(r"\[[^\[\]{};]*\]\s*(?:\([^(){};]*\)\s*)?(?:mutable\s*)?(?:->\s*[\w:]+\s*)?\{")
_NOT_FUNCTIONS = ("if", "for", "while", "switch", "catch", "return", "sizeof", "do", "else")


@dataclass(frozen=True)
class Mark:
    """A begin or end mark.

    `start`, `end`: where it stands.
    """

    kind: str  # "begin" or "end"
    dynamic: bool
    start: int
    end: int


@dataclass(frozen=True)
class Function:
    """A function with a body.

    `operands`: its parameters as they stand.
    start, end: its body, without the braces.
    """

    name: str
    operands: str
    start: int
    end: int


MOST_READ = 800_000
"""Characters of statements that are read beside ten times the text itself."""


@dataclass(eq=False)
class Text:
    """A text of kernels.

    `lines`: the user's line of each line, where the text was preprocessed.
    `left`: characters that may still be read: those of loops and functions count as often as one goes through them.
    """

    name: str
    text: str
    lines: tuple[tuple[str, int], ...] = field(default=(), repr=False)
    left: int = field(default=0, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.left = MOST_READ + 10 * len(self.text)

    @cached_property
    def code(self) -> str:
        """The text with blanks for comments, texts in quotes and directives; as long as the text, line for line.
        Marks in comments, as simulators print them, count where there are no others."""
        text = self.text
        if not MARK.search(_blanked(text)):
            text = _COMMENT_MARK.sub(lambda m: " " * (m.start(1) - m.start()) + m[1] + " " * (m.end() - m.end(1)), text)
        return _blanked(text)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer("\n", self.text))]

    @cached_property
    def _cut(self) -> dict[int, str]:
        """Lines that messages have quoted: one may be as long as the text, and hold thousands of kernels."""
        return {}

    def _line(self, number: int) -> str:
        line = self._cut.get(number)
        if line is None:
            stop = self.text.find("\n", self._starts[number])
            line = self._cut[number] = self.text[self._starts[number] : len(self.text) if stop < 0 else stop]
        return line

    def origin(self, start: int, end: int) -> Origin:
        """A piece of the text as messages name it."""
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, max(start, end - 1)) - 1
        line = self._line(first)
        column = start - self._starts[first] + 1
        if self.lines:
            file, number = self.lines[min(first, len(self.lines) - 1)]
            until = max(number, self.lines[min(last, len(self.lines) - 1)][1])
            return Origin(file, number, column, until, column + max(1, end - start) if until == number else 2, line)
        return Origin(self.name, first + 1, column, last + 1, end - self._starts[last] + 1, line)

    @cached_property
    def marks(self) -> list[Mark]:
        """Begin and end marks in order."""
        return [Mark(m[2], bool(m[1]), m.start(), m.end()) for m in MARK.finditer(self.code)]

    @cached_property
    def functions(self) -> list[Function]:
        """Functions that have a body, outermost first."""
        found = []
        for match in _FUNCTION.finditer(self.code):
            if match[1] not in _NOT_FUNCTIONS:
                end = closing(self.code, match.end() - 1)
                found.append(Function(match[1], match[2], match.end(), end))
        return found

    @cached_property
    def lambdas(self) -> list[Function]:
        """Lambdas, named after what stands before them: `scamp5_kernel name([] {`."""
        found = []
        for match in _LAMBDA.finditer(self.code):
            before = self.code[max(0, match.start() - 200) : match.start()]
            line = before[max(before.rfind(";"), before.rfind("}"), before.rfind("\n")) + 1 :]
            end = closing(self.code, match.end() - 1)
            found.append(Function(line.strip(), "", match.end(), end))
        return found

    def around(self, at: int) -> Function | None:
        """The innermost function that a place stands in."""
        functions = self.functions
        for n in range(bisect_right(functions, at, key=lambda f: f.start) - 1, -1, -1):
            if at < functions[n].end:
                return functions[n]
        return None


def _blanked(text: str) -> str:
    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match[0])

    return _DIRECTIVE.sub(blank, SKIPPED.sub(blank, text))


def closing(code: str, opening: int) -> int:
    """Where the brace that opens at `opening` closes; the end of the text if it does not."""
    return _closings(code).get(opening, len(code))


@lru_cache(maxsize=4)
def _closings(code: str) -> dict[int, int]:
    """Where each brace that opens is closed: once for a text, or every level would be gone through again."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for match in re.finditer(r"[{}]", code):
        if match[0] == "{":
            opened.append(match.start())
        elif opened:
            found[opened.pop()] = match.start()
    return found
