"""What C++ variables hold while a text is followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from scamp_sim.compiler.expand.values import Dirs, Reg
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.sdk import tree
from scamp_sim.compiler.sdk.expressions import BUILTIN
from scamp_sim.compiler.sdk.lexer import Place


@dataclass(frozen=True)
class Unknown:
    """A value that the text does not tell. `name`: what the text calls it; `kind`: as that of a variable."""

    name: str
    kind: str = ""
    place: Place | None = None


READ_OUT = "read out"
"""Kind of a value that the chip gives at run time."""


@dataclass(eq=False)
class Array:
    items: list[Value]


@dataclass(eq=False)
class Struct:
    """An object of a class of the text, with its members."""

    cells: dict[str, Cell]


@dataclass(frozen=True, eq=False)
class Closure:
    """A function or a lambda with the names that it sees."""

    node: tree.Function | tree.Lambda
    scope: Scope


@dataclass(frozen=True, eq=False)
class KernelValue:
    """A kernel object: `storage` as in our language."""

    closure: Closure
    name: str
    storage: str


@dataclass(frozen=True)
class Handle:
    """What a slider or switch of the GUI is read through. `value`: where it stands."""

    value: Value


@dataclass(frozen=True)
class Pointer:
    """`&variable`."""

    cell: Cell


@dataclass(eq=False)
class Cell:
    """A variable. `kind`: areg, dreg, dir, int, float, kernel, or "" for any other type.

    `role`: "host" for one of the host program, "member" for one of a class, "formal" for a parameter of a function,
    "local" inside a kernel, "loop" for the counter of a loop. `writes`: assignments after its declaration.
    """

    name: str
    value: Value
    kind: str = ""
    const: bool = False
    role: str = "host"
    place: Place | None = None
    writes: int = 0
    default: Value = None
    """What the text gives it before anyone else does."""
    sources: tuple[Cell, ...] = ()
    """Variables that its value was worked out from."""


Value = int | float | str | Reg | Dirs | Array | Struct | Closure | KernelValue | Handle | Pointer | Unknown | None


class Scope:
    """Names that are visible at one place, inner before outer."""

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.cells: dict[str, Cell] = {}

    def find(self, name: str) -> Cell | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.cells:
                return scope.cells[name]
            scope = scope.parent
        return None

    def declare(self, cell: Cell) -> Cell:
        self.cells[cell.name] = cell
        return cell


@dataclass
class Recording:
    """A kernel that is being written down: its calls, what is wrong with it, and what had to be assumed.

    `unknown`: names that stand for registers until `settle` of the calls module chooses some, with their kind.
    """

    calls: list[syntax.Call] = field(default_factory=list)
    errors: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    placeholders: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, tuple[str, Place]] = field(default_factory=dict)

    def warn(self, diagnostic: Diagnostic) -> None:
        """Note something once."""
        if diagnostic not in self.warnings:
            self.warnings.append(diagnostic)


_INTEGERS = BUILTIN - {"float", "double", "void", "auto"}


def kind_of(type_: str, aliases: dict[str, str]) -> str:
    """The kind of a variable of a type, by its name."""
    name = type_
    for _ in range(8):
        if name not in aliases or aliases[name] == name:
            break
        name = aliases[name]
    lower = name.lower().removesuffix("_t").removesuffix("_type")
    if lower in ("areg", "dreg"):
        return lower
    if lower in ("news", "news_dir", "direction", "dir"):
        return "dir"
    if lower in ("areg_or_dreg", "reg", "register"):
        return ""
    if "kernel" in lower:
        return "kernel"
    words = set(name.split())
    if words & {"float", "double"}:
        return "float"
    return "int" if words and words <= _INTEGERS else ""


def show(value: Value) -> str:
    """A value as a user would write it, for what was assumed."""
    if isinstance(value, Reg):
        return value.name
    if isinstance(value, Dirs):
        return "|".join(value.names)
    if isinstance(value, Array):
        shown = [show(v) for v in value.items[:4]] + ["..."] * (len(value.items) > 4)
        return "{" + ", ".join(shown) + "}"
    if isinstance(value, Struct):
        return "{" + ", ".join(f"{n} = {show(c.value)}" for n, c in list(value.cells.items())[:4]) + "}"
    if isinstance(value, Unknown):
        return value.name
    return f"{value:g}" if isinstance(value, float) else str(value)


Undo = Callable[[], None]
