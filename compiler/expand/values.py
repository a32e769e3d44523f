"""What an expression can be worth while the text is assembled: integers, registers, directions, lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from scamp_sim.chip import isa


@dataclass(frozen=True, slots=True)
class Reg:
    """A register operand. Two are equal if they are the same register.

    `scratch`: "" for a register of the chip; else the operand class of one that is still to be chosen, whose `name`
        then stands for it.
    `user`: whether the user's own text named it.
    `tags`: the macro parameter it came through, for each macro that is being expanded, outermost first; None where it
        did not come through one.
    """

    name: str
    scratch: str = field(default="", compare=False)
    user: bool = field(default=False, compare=False)
    tags: tuple[str | None, ...] = field(default=(), compare=False)

    def tag(self, depth: int) -> str | None:
        return self.tags[depth] if depth < len(self.tags) else None

    def bound(self, depth: int, name: str) -> Reg:
        """This operand as the parameter `name` of the macro at `depth`."""
        tags = (*self.tags[:depth], *[None] * (depth - len(self.tags)), name)
        return Reg(self.name, self.scratch, self.user, tags)


@dataclass(frozen=True, slots=True)
class Dirs:
    """One direction, or a set of them, in order of mention."""

    names: tuple[str, ...]

    @property
    def single(self) -> bool:
        return len(self.names) == 1


@dataclass(frozen=True, slots=True)
class AnyDirs(Dirs):
    """A direction that is not known yet: it stands for a parameter when the words of a macro are shown."""


Value = int | Reg | Dirs | tuple["Value", ...]


class Scope:
    """Names that are visible at one place, inner before outer.

    `prelude`: whether the place is in the prelude.
    """

    def __init__(self, parent: Scope | None = None, prelude: bool = False) -> None:
        self.parent = parent
        self.prelude = prelude
        self.names: dict[str, Value] = {}

    def find(self, name: str) -> Value | None:
        """What a name stands for here, or None."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def visible(self) -> Iterator[str]:
        """Every name that can be seen from here."""
        scope: Scope | None = self
        while scope is not None:
            yield from scope.names
            scope = scope.parent


REGISTER_KINDS = ("areg", "asrc", "dreg", "dsrc")
KINDS = (*REGISTER_KINDS, "dir", "dirs", "int", "table")
"""Operand classes that a macro parameter can have."""

_SCRATCH_FITS = {
    "areg": ("areg", "asrc", "acell", "plane"),
    "asrc": ("asrc",),
    "dreg": ("dreg", "dsrc", "plane"),
    "dsrc": ("dsrc",),
    "": (),
}

_EXPECTED = {
    "areg": "an analog register (A-F, NEWS, XN XE XS XW)",
    "asrc": "an analog source (A-F, NEWS, XN XE XS XW, PIX, IN)",
    "dreg": "a digital register (R0-R12)",
    "dsrc": "a digital source (R0-R12, FLAG, SELECT, RECT)",
    "acell": "an analog register of the PE (A-F, NEWS, PIX, IN)",
    "plane": "a register of the PE (A-F, NEWS, PIX, IN, R0-R12, FLAG, SELECT, RECT)",
    "row": "an integer, a chip row",
    "column": "an integer, a chip column",
    "address": "an integer, an address or mask",
    "dir": "a direction (north, east, south, west)",
    "dirs": "directions (such as north|east)",
    "int": "an integer",
    "table": "a table or list",
}


def fits(kind: str, value: Value) -> bool:
    """Whether a value is of an operand class."""
    if isinstance(value, Reg):
        if value.scratch:
            return kind in _SCRATCH_FITS[value.scratch]
        return value.name in isa.OPERAND_KINDS.get(kind, ())
    if isinstance(value, Dirs):
        return kind == "dirs" or (kind == "dir" and value.single)
    if isinstance(value, int):
        return kind in isa.INTEGER_KINDS
    return kind == "table"


def expected(kind: str) -> str:
    """An operand class in words."""
    return _EXPECTED[kind]


def describe(value: Value) -> str:
    """A value in words: "R5, a digital register"."""
    if isinstance(value, Reg):
        return f"{value.name}, {_register(value)}"
    if isinstance(value, Dirs):
        return f"{show(value)}, a direction" if value.single else f"{show(value)}, a set of directions"
    if isinstance(value, int):
        return f"the number {value}"
    return f"{show(value)}, a list"


def _register(value: Reg) -> str:
    if value.scratch:
        return "an analog scratch register" if value.scratch[0] == "a" else "a digital scratch register"
    if value.name in isa.PORTS:
        return "the NEWS of a neighbour"
    if value.name in isa.ANALOG:
        return "an analog register"
    if value.name in isa.ANALOG_INPUTS:
        return "an analog input that can only be read"
    if value.name in isa.SPECIAL_BITS:
        return "a bit that can only be read"
    return "a digital register"


def show(value: Value) -> str:
    """A value as a user would write it, long lists shortened."""
    if isinstance(value, Reg):
        return value.name
    if isinstance(value, Dirs):
        return "|".join(value.names)
    if isinstance(value, int):
        return str(value)
    shown = [show(v) for v in value[:4]] + ["..."] * (len(value) > 4)
    return "{" + ", ".join(shown) + "}"


def registers_in(value: Value) -> list[Reg]:
    """The registers of a value, those in lists too."""
    if isinstance(value, Reg):
        return [value]
    if isinstance(value, tuple):
        return [r for v in value for r in registers_in(v)]
    return []


def flat(values: list[Value]) -> list[Value]:
    """Operands with lists replaced by their elements."""
    return [e for v in values for e in (flat(list(v)) if isinstance(v, tuple) else [v])]
