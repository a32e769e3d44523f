"""C++ expressions -> values. What the text does not tell stays unknown, and says so."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NoReturn

from scamp_sim.chip import isa
from scamp_sim.compiler.expand.values import Dirs, Reg
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.sdk import tree
from scamp_sim.compiler.sdk.constant import apply, negated
from scamp_sim.compiler.sdk.lexer import Place
from scamp_sim.compiler.sdk.library import CONSTANTS, SIDEWAYS, converted, register_named, scalars
from scamp_sim.compiler.sdk.scope import (
    Array,
    Cell,
    Closure,
    Handle,
    KernelValue,
    Pointer,
    Recording,
    Scope,
    Struct,
    Undo,
    Unknown,
    Value,
)

MOST_STEPS = 300_000
"""Statements and calls that are followed in one text."""

MOST_ELEMENTS = 70_000
"""Elements of one array: a byte for each PE."""


class Exhausted(Exception):
    """The text runs on beyond all use."""

    def __init__(self, place: Place) -> None:
        super().__init__("too long")
        self.place = place


class Problem(Exception):
    """An expression or statement that cannot be made sense of."""

    def __init__(self, code: str, place: Place, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.place, self.message, self.hint = code, place, message, hint

    def diagnostic(self, severity: str = "error") -> Diagnostic:
        return Diagnostic.at(self.place.origin, self.code, severity, self.message, hint=self.hint)


class Evaluator(ABC):
    """Values of expressions. `recording`: the kernel that is being written down, if one is."""

    def __init__(self, given: Mapping[str, int]) -> None:
        self.globals = Scope()
        self.functions: dict[str, list[tree.Function]] = {}
        self.recording: Recording | None = None
        self.given = given
        self.steps = 0
        self.reads: list[Cell] = []
        """Variables that the expression at hand names."""
        self.undo: list[Undo] | None = None
        """What takes back the assignments of a branch that is only looked into."""

    @abstractmethod
    def call(self, node: tree.Call, scope: Scope) -> Value:
        """The value of a call, after its effects."""

    @abstractmethod
    def read(self, cell: Cell, place: Place) -> Value:
        """The value of a variable that an expression names."""

    def step(self, place: Place) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Exhausted(place)

    def fail(self, code: str, place: Place, message: str, hint: str = "") -> NoReturn:
        raise Problem(code, place, message, hint)

    # --- assignments -------------------------------------------------------------------------------------------

    def write(self, cell: Cell, value: Value) -> None:
        if self.undo is not None:
            old, writes = cell.value, cell.writes

            def back() -> None:
                cell.value, cell.writes = old, writes

            self.undo.append(back)
        if cell.kind == "int" and isinstance(value, float):
            value = int(value)
        cell.value = value
        cell.writes += 1

    def _put(self, array: Array, index: int, value: Value) -> None:
        old = array.items[index]
        if self.undo is not None:
            self.undo.append(lambda: array.items.__setitem__(index, old))
        array.items[index] = value

    def assign(self, target: tree.Expression, value: Value, scope: Scope) -> None:
        """Store a value where an expression points; places that are not followed are passed over."""
        match target:
            case tree.Name():
                cell = scope.find(target.name)
                if cell is not None:
                    self.write(cell, value)
            case tree.Member():
                cell = self.cell_of(target, scope)
                if cell is not None:
                    self.write(cell, value)
            case tree.Index():
                base = self.value(target.base, scope)
                index = self.value(target.index, scope)
                if isinstance(base, Array) and isinstance(index, int) and 0 <= index < len(base.items):
                    self._put(base, index, value)
            case tree.Unary() if target.operator == "*":
                pointer = self.value(target.operand, scope)
                if isinstance(pointer, Pointer):
                    self.write(pointer.cell, value)
            case _:
                pass

    # --- values ------------------------------------------------------------------------------------------------

    def value(self, node: tree.Expression, scope: Scope) -> Value:
        """The value of an expression. Raises Problem for what has none, and Exhausted."""
        match node:
            case tree.Number():
                return node.value
            case tree.String():
                return node.text
            case tree.Name():
                return self._name(node, scope)
            case tree.Member():
                return self._member(node, scope)
            case tree.Call():
                self.step(node.place)
                return self.call(node, scope)
            case tree.Index():
                return self._index(node, scope)
            case tree.Unary():
                return self._unary(node, scope)
            case tree.Binary():
                return self._binary(node, scope)
            case tree.Ternary():
                return self._ternary(node, scope)
            case tree.Assign():
                value, sources = self.traced(node.value, scope)
                if node.operator:
                    value = self._applied(node.operator, self.value(node.target, scope), value, node)
                self.assign(node.target, value, scope)
                if isinstance(node.target, tree.Name):
                    cell = scope.find(node.target.name)
                    if cell is not None:
                        cell.sources = (*cell.sources, *sources) if node.operator else sources
                return value
            case tree.Cast():
                return self._cast(node, scope)
            case tree.List():
                return Array([self.value(item, scope) for item in node.items])
            case tree.Size():
                return Unknown(node.place.text, "int", node.place)
            case tree.Lambda():
                return Closure(node, scope)
            case tree.Comma():
                values = [self.value(item, scope) for item in node.items]
                return values[-1]

    def traced(self, node: tree.Expression, scope: Scope) -> tuple[Value, tuple[Cell, ...]]:
        """The value of an expression, and the variables that it was worked out from."""
        outer, self.reads = self.reads, []
        try:
            return self.value(node, scope), tuple(dict.fromkeys(self.reads))
        finally:
            self.reads = outer + self.reads[:100]

    def _name(self, node: tree.Name, scope: Scope) -> Value:
        cell = scope.find(node.name)
        register = register_named(node.name)
        if cell is not None:
            if not cell.const:
                self.reads.append(cell)
            value = self.read(cell, node.place)
            # a header or a simulator may declare the registers themselves
            if register is not None and isinstance(value, Unknown) and cell.kind in ("", "areg", "dreg", "dir"):
                return register
            return value
        if register is not None:
            return register
        if node.name in CONSTANTS:
            return CONSTANTS[node.name]
        if node.name in self.functions:
            return Closure(self.functions[node.name][0], self.globals)
        if node.name in SIDEWAYS and self.recording is not None:
            self.recording.placeholders[node.name] = SIDEWAYS[node.name]
            return Dirs((SIDEWAYS[node.name],))
        return Unknown(node.name, "", node.place)

    def cell_of(self, node: tree.Expression, scope: Scope) -> Cell | None:
        """The variable that a name or a member is, if it is followed."""
        if isinstance(node, tree.Name):
            return scope.find(node.name)
        if not isinstance(node, tree.Member):
            return None
        base = self.value(node.base, scope)
        if isinstance(base, Pointer):
            base = base.cell.value
        if isinstance(base, Struct):
            return base.cells.get(node.name)
        return self.globals.find(node.name)

    def _member(self, node: tree.Member, scope: Scope) -> Value:
        cell = self.cell_of(node, scope)
        if cell is None:
            base = self.value(node.base, scope)
            if isinstance(base, Array) and len(base.items) == 2 and node.name in ("first", "second"):
                return base.items[node.name == "second"]
            return Unknown(node.place.text, "", node.place)
        if not cell.const:
            self.reads.append(cell)
        value = self.read(cell, node.place)
        own = isinstance(node.base, tree.Name) and node.base.name == "this"
        if isinstance(value, Unknown) and not own and cell is self.globals.find(node.name):
            return Unknown(node.place.text, value.kind, node.place)  # of another object than the one at hand
        return value

    def _index(self, node: tree.Index, scope: Scope) -> Value:
        base, index = self.value(node.base, scope), self.value(node.index, scope)
        if isinstance(base, Array) and isinstance(index, int):
            if 0 <= index < len(base.items):
                return base.items[index]
            if self.recording is not None:
                last = f"it has {len(base.items)} elements, 0 to {len(base.items) - 1}" if base.items else "it is empty"
                self.fail("S207", node.index.place, f"index {index} is out of range: {last}")
        kind = ""
        if isinstance(base, Array) and base.items:
            first = base.items[0]
            kind = (
                "int"
                if isinstance(first, int)
                else ("areg" if first.name in isa.ANALOG else "dreg")
                if isinstance(first, Reg)
                else ""
            )
        elif isinstance(base, Unknown):
            kind = base.kind
        return Unknown(node.place.text, kind, node.place)

    def _unary(self, node: tree.Unary, scope: Scope) -> Value:
        sign = node.operator
        if sign == "&":
            if isinstance(node.operand, (tree.Name, tree.Member)):
                cell = self.cell_of(node.operand, scope)
                if cell is not None and not isinstance(cell.value, (Reg, Dirs, Array, KernelValue, Closure)):
                    return Pointer(cell)
            return self.value(node.operand, scope)
        value = self.value(node.operand, scope)
        if sign == "*":
            return self.read(value.cell, node.place) if isinstance(value, Pointer) else value
        if sign in ("++", "--", "p++", "p--"):
            after = self._applied(sign[-1], value, 1, node)
            self.assign(node.operand, after, scope)
            return value if sign[0] == "p" else after
        if isinstance(value, (int, float)):
            return negated(sign, value)
        if sign == "!" and isinstance(value, (Array, Closure, KernelValue, str)):
            return 0
        if sign == "+" and isinstance(value, Closure):
            return value
        return Unknown(node.place.text, "int", node.place)

    def _binary(self, node: tree.Binary, scope: Scope) -> Value:
        sizes = self._ratio(node, scope)
        if sizes is not None:
            return sizes
        left = self.value(node.left, scope)
        if node.operator in ("&&", "||") and isinstance(left, (int, float)) and bool(left) == (node.operator == "||"):
            return int(bool(left))
        right = self.value(node.right, scope)
        if node.operator in ("&&", "||") and isinstance(left, Unknown) and isinstance(right, (int, float)):
            if bool(right) == (node.operator == "||"):
                return int(bool(right))
            return left
        return self._applied(node.operator, left, right, node)

    def _ratio(self, node: tree.Binary, scope: Scope) -> int | None:
        """sizeof(t) / sizeof(t[0])."""
        if node.operator != "/" or not isinstance(node.left, tree.Size) or not isinstance(node.right, tree.Size):
            return None
        if node.left.operand is None:
            return None
        whole = self.value(node.left.operand, scope)
        part = 1 if node.right.operand is None else self.value(node.right.operand, scope)
        if not isinstance(whole, Array):
            return None
        return len(whole.items) if isinstance(node.right.operand, tree.Index) else scalars(whole) // scalars(part)

    def _applied(self, sign: str, left: Value, right: Value, node: tree.Expression) -> Value:
        if isinstance(left, (int, float)) and isinstance(right, (int, float)):
            result = apply(sign, left, right)
            if result is None and self.recording is not None:
                self.fail("S206", node.place, f"'{sign}' has no result here", "the numbers are in its way")
            return Unknown(node.place.text, "int", node.place) if result is None else result
        if sign == "|" and isinstance(left, Dirs) and isinstance(right, Dirs):
            return Dirs(tuple(dict.fromkeys((*left.names, *right.names))))
        if sign == "|" and isinstance(left, (Dirs, int)) and isinstance(right, (Dirs, int)):
            return left if isinstance(left, Dirs) else right  # 0 | north
        if sign in ("==", "!=") and not isinstance(left, Unknown) and not isinstance(right, Unknown):
            same = (
                set(left.names) == set(right.names)
                if isinstance(left, Dirs) and isinstance(right, Dirs)
                else (left == right)
            )
            return int(same == (sign == "=="))
        kind = (
            "dir"
            if any(isinstance(v, Dirs) or (isinstance(v, Unknown) and v.kind == "dir") for v in (left, right))
            else ("int")
        )
        return Unknown(node.place.text, kind, node.place)

    def _ternary(self, node: tree.Ternary, scope: Scope) -> Value:
        condition = self.truth(self.value(node.condition, scope))
        if condition is None:
            self.assume(node.condition.place, "true")
        return self.value(node.otherwise if condition is False else node.then, scope)

    def truth(self, value: Value) -> bool | None:
        """What a condition is worth; None if that is not known."""
        if isinstance(value, Unknown) or value is None:
            return None
        if isinstance(value, (int, float)):
            return bool(value)
        return self.truth(value.value) if isinstance(value, Handle) else True

    @abstractmethod
    def assume(self, place: Place, what: str) -> None:
        """Note that a condition was taken as something."""

    def _cast(self, node: tree.Cast, scope: Scope) -> Value:
        value = self.value(node.operand, scope)
        if isinstance(value, Array) and len(value.items) == 1:
            value = value.items[0]
        return converted(value, node.type)
