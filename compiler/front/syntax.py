"""The syntax tree: frozen records, each with the piece of source text (`span`) that it came from."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property

from scamp_sim.chip.program import Origin


@dataclass(frozen=True)
class Source:
    """One text. `name` is what messages call it, `prelude` tells our own macros from the user's text."""

    name: str
    text: str
    prelude: bool = False

    @cached_property
    def _starts(self) -> array[int]:
        """Where lines begin: a list of the lines would take twenty times the text, if these are short."""
        starts = array("q", [0])
        starts.extend(mark.end() for mark in re.finditer("\n", self.text))
        return starts

    def line(self, number: int) -> str:
        """A line by its number from 1, without its end; "" beyond the text."""
        if not 0 < number <= len(self._starts):
            return ""
        start = self._starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end]

    def span(self, line: int, column: int, end_line: int, end: int) -> Origin:
        """A piece of this text; line and columns count from 1."""
        return Origin(self.name, line, column, end_line, end, self.line(line))

    def span_at(self, start: int, stop: int) -> Origin:
        """The piece between two offsets."""
        line, column = self._place(start)
        end_line, end = self._place(max(stop, start))
        return self.span(line, column, end_line, end)

    def _place(self, offset: int) -> tuple[int, int]:
        before = self.text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    def doc_above(self, line: int) -> str:
        """The run of `///` lines that ends right above a line, without the slashes."""
        first = line - 1
        while first > 0 and self.line(first).lstrip().startswith("///"):
            first -= 1
        above = (self.line(number) for number in range(first + 1, line))
        return "\n".join(text.strip().removeprefix("///").strip() for text in above)


# --- expressions ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    span: Origin
    value: int


@dataclass(frozen=True, slots=True)
class Name:
    span: Origin
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    span: Origin
    base: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Function:
    span: Origin
    name: str
    args: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    span: Origin
    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    span: Origin
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Ternary:
    span: Origin
    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Range:
    """`start..stop step s`; whether `stop` belongs to it depends on where it stands."""

    span: Origin
    start: Expression
    stop: Expression
    step: Expression | None


@dataclass(frozen=True, slots=True)
class Generator:
    span: Origin
    name: str
    iterable: Iterable
    condition: Expression | None
    item: Element


@dataclass(frozen=True, slots=True)
class ListOf:
    span: Origin
    items: tuple[Element, ...]


Expression = Number | Name | Index | Function | Unary | Binary | Ternary | ListOf
Element = Expression | Generator
Iterable = Expression | Range


# --- declarations and statements ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Include:
    span: Origin
    path: str


@dataclass(frozen=True, slots=True)
class Const:
    span: Origin
    name: str
    dims: tuple[Expression, ...]
    value: Expression


@dataclass(frozen=True, slots=True)
class Param:
    span: Origin
    name: str
    dims: tuple[Expression, ...]
    default: Expression | None
    allowed: Iterable | None


@dataclass(frozen=True, slots=True)
class InputDecl:
    span: Origin
    name: str
    target: Expression


@dataclass(frozen=True, slots=True)
class OutputDecl:
    """A result. `indices`: what tells the results of a loop apart, as in `output edges[d] = B;`."""

    span: Origin
    name: str
    register: Expression
    indices: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class ArrayDecl:
    """The size of array that the text is written for."""

    span: Origin
    rows: Expression
    columns: Expression


@dataclass(frozen=True, slots=True)
class StateDecl:
    """A register that a run finds as the last one left it."""

    span: Origin
    register: Expression


@dataclass(frozen=True, slots=True)
class Registers:
    """`areg` or `dreg`: another name for registers if there is a value, else scratch."""

    span: Origin
    kind: str
    name: str
    size: Expression | None
    value: Expression | None


@dataclass(frozen=True, slots=True)
class KernelDecl:
    span: Origin
    name: str
    formals: tuple[str, ...]
    body: tuple[Item, ...]
    doc: str
    storage: str = "static"


@dataclass(frozen=True, slots=True)
class ProgramDecl:
    span: Origin
    body: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Formal:
    span: Origin
    name: str
    kind: str
    default: Expression | None


@dataclass(frozen=True, slots=True)
class MacroDecl:
    span: Origin
    name: str
    formals: tuple[Formal, ...]
    body: tuple[Item, ...]
    doc: str
    prelude: bool

    @property
    def required(self) -> int:
        """Operands without a default."""
        return sum(f.default is None for f in self.formals)

    @property
    def signature(self) -> str:
        """The call as a user writes it."""
        return f"{self.name}({', '.join(_formal(f) for f in self.formals)})"


def _formal(formal: Formal) -> str:
    if formal.default is None:
        return formal.name
    return f"{formal.name}={formal.default.value}" if isinstance(formal.default, Number) else f"[{formal.name}]"


@dataclass(frozen=True, slots=True)
class Require:
    span: Origin
    condition: Expression
    message: str


@dataclass(frozen=True, slots=True)
class Call:
    span: Origin
    name: str
    args: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class For:
    span: Origin
    name: str
    iterable: Iterable
    body: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class If:
    span: Origin
    condition: Expression
    then: tuple[Item, ...]
    otherwise: tuple[Item, ...]


Item = (
    Include
    | Const
    | Param
    | InputDecl
    | OutputDecl
    | StateDecl
    | ArrayDecl
    | Registers
    | KernelDecl
    | ProgramDecl
    | MacroDecl
    | Require
    | Call
    | For
    | If
)


@dataclass(frozen=True, slots=True)
class File:
    source: Source
    items: tuple[Item, ...]


def names_used(node: object) -> Iterator[str]:
    """Every name that the tree below `node` refers to; names that it declares are not among them."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting += part
        elif is_dataclass(part) and not isinstance(part, (Origin, Source)):
            if isinstance(part, (Name, Call, Function)):
                yield part.name
            waiting += [getattr(part, f.name) for f in fields(part) if f.name not in ("span", "name")]
