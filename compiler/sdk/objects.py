"""Declarations: what C++ variables and objects hold at first."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace

from scamp_sim.compiler.expand.values import Dirs, Reg
from scamp_sim.compiler.sdk import tree
from scamp_sim.compiler.sdk.evaluate import Evaluator
from scamp_sim.compiler.sdk.scope import (
    READ_OUT,
    Array,
    Cell,
    Closure,
    Handle,
    KernelValue,
    Pointer,
    Scope,
    Struct,
    Unknown,
    Value,
    kind_of,
)
from scamp_sim.compiler.sdk.survey import Survey

MOST_ELEMENTS = 70_000
"""Elements of one array: a byte for each PE."""


class Declarer(Evaluator):
    """Enters variables, objects of the text's own classes and kernel objects into scopes."""

    members = False
    """Whether what is declared belongs to a class."""

    def __init__(self, survey: Survey, given: Mapping[str, int]) -> None:
        super().__init__(given)
        self.survey = survey
        self.functions = {n: f for n, f in survey.functions.items() if survey.is_own(n)}

    @abstractmethod
    def construct(self, made: Struct, variable: tree.Variable, scope: Scope) -> None:
        """Carry out the constructor of an object."""

    def role(self) -> str:
        if self.recording is not None:
            return "local"
        return "member" if self.members else "host"

    def declare(self, variable: tree.Variable, scope: Scope) -> None:
        """Enter a variable with its value."""
        kind = kind_of(variable.type, self.survey.aliases)
        if kind == "kernel" and not variable.dims:
            self._kernel_variable(variable, scope)
            return
        if variable.static and variable.name in scope.cells:
            return
        outer, self.reads = self.reads, []
        value = self._initial(variable, kind, scope)
        sources, self.reads = tuple(dict.fromkeys(self.reads)), outer
        if isinstance(value, KernelValue):
            self._kernel_variable(variable, scope)
            return
        if variable.type in ("auto", "") and not kind:
            kind = "int" if isinstance(value, int) else kind
        const = variable.const and not isinstance(value, Unknown)
        if variable.reference and isinstance(variable.value, tree.Name):
            cell = scope.find(variable.value.name)
            if cell is not None:
                scope.cells[variable.name] = cell
                return
        cell = Cell(variable.name, value, kind, const, self.role(), variable.place, 0, value, sources)
        if isinstance(value, Struct) and variable.value is None:
            self.construct(value, variable, scope)
        if (
            kind == "int"
            and not const
            and cell.role in ("host", "member")
            and variable.name in self.given
            and not variable.dims
        ):
            cell.value = self.given[variable.name]
        scope.declare(cell)

    def _initial(self, variable: tree.Variable, kind: str, scope: Scope) -> Value:
        node = variable.value
        if node is None and variable.direct:
            values = [self.value(v, scope) for v in variable.direct]
            value: Value = values[0] if len(values) == 1 and kind else None
        elif node is None:
            value = self._default(variable, kind, scope)
        else:
            value = self.value(node, scope)
        fields = self._fields(variable.type)
        if fields is not None:
            names = node.names if isinstance(node, tree.List) else ()
            made = self._objects(value, fields, names, scope)
            if variable.const:
                _fix(made)
            return made
        if isinstance(value, Array) and not variable.dims and kind and len(value.items) == 1:
            value = value.items[0]
        if isinstance(value, Array):
            sizes = [self.value(d, scope) if d is not None else None for d in variable.dims]
            numbers = [s for s in sizes if isinstance(s, int)]
            if len(numbers) == len(sizes) and numbers:
                value = _padded(value, numbers, 0 if kind in ("int", "float") else None)
        if kind == "int" and isinstance(value, float):
            value = int(value)
        if isinstance(value, Handle) and kind == "int":
            value = value.value
        if isinstance(value, Unknown):
            return Unknown(variable.name, value.kind if value.kind == READ_OUT else kind or value.kind, variable.place)
        if value is None:
            return Unknown(variable.name, kind, variable.place)
        return value

    def _fields(self, type_: str) -> tuple[tree.Variable, ...] | None:
        """The members of a class of the text."""
        for _ in range(8):
            if type_ in self.survey.classes:
                return self.survey.classes[type_]
            if type_ not in self.survey.aliases:
                return None
            type_ = self.survey.aliases[type_]
        return None

    def _objects(self, value: Value, fields: tuple[tree.Variable, ...], names: Sequence[str], scope: Scope) -> Value:
        """An object of a class from the list that initialises it, or an array of them."""
        given = value.items if isinstance(value, Array) else []
        if given and all(isinstance(v, Array) for v in given) and not any(f.dims for f in fields):
            return Array([self._objects(v, fields, (), scope) for v in given])
        if isinstance(value, (Struct, Closure, KernelValue, Pointer)):
            return value
        by_name = {n: v for n, v in zip(names, given, strict=False) if n}
        cells: dict[str, Cell] = {}
        outer, self.members = self.members, True
        for i, field in enumerate(fields[:64]):
            kind = kind_of(field.type, self.survey.aliases)
            inner = self._fields(field.type)
            found = by_name.get(field.name) if by_name else given[i] if i < len(given) else None
            if found is None:
                found = self._initial(field, kind, self.globals) if inner is not fields else None
            elif inner is not None and inner is not fields:
                found = self._objects(found, inner, (), scope)
            if kind == "int" and field.name in self.given and self.recording is None and not field.dims:
                found = self.given[field.name]
            role = self.role()
            cells[field.name] = Cell(field.name, found, kind, field.const, role, field.place, 0, found)
        self.members = outer
        return Struct(cells)

    def _default(self, variable: tree.Variable, kind: str, scope: Scope) -> Value:
        """What a variable without an initialiser holds."""
        sizes = [self.value(d, scope) for d in variable.dims if d is not None]
        numbers = [s for s in sizes if isinstance(s, int)]
        if variable.dims and len(numbers) == len(variable.dims):
            empty: Value = 0 if kind in ("int", "float") else Unknown(variable.name, kind, variable.place)
            return _filled(numbers, empty)
        if kind in ("int", "float") and scope is self.globals and not variable.dims and not self.members:
            return 0  # as C++ has it for what lives as long as the program
        return Unknown(variable.name, kind, variable.place)

    def _kernel_variable(self, variable: tree.Variable, scope: Scope) -> None:
        """A kernel object. It is recorded where it is launched."""
        sources = [variable.value] if variable.value is not None else list(variable.direct or ())
        closure: Value = None
        for source in sources:
            made = self.value(source, scope)
            if isinstance(made, Array) and made.items:
                made = made.items[0]
            closure = made if isinstance(made, (Closure, KernelValue)) else closure
        storage = "dynamic" if "dynamic" in variable.type else "static"
        value: Value = Unknown(variable.name, "kernel", variable.place)
        if isinstance(closure, Closure):
            value = KernelValue(closure, variable.name, storage)
            self.meet(value)
        elif isinstance(closure, KernelValue):
            value = closure if closure.name else replace(closure, name=variable.name)
            self.meet(value)
        scope.declare(Cell(variable.name, value, "kernel", variable.const, self.role(), variable.place))

    def unpack(self, variable: tree.Variable, value: Value, role: str, scope: Scope) -> None:
        """Enter the variable of a loop, or the several names that it is taken apart into."""
        kind = kind_of(variable.type, self.survey.aliases)
        if not variable.parts:
            scope.declare(Cell(variable.name, value, kind, False, role, variable.place))
            return
        found: list[Value] = []
        if isinstance(value, Struct):
            found += [c.value for c in value.cells.values()]
        elif isinstance(value, Array):
            found += value.items
        for i, name in enumerate(variable.parts):
            part = found[i] if i < len(found) else Unknown(name, "", variable.place)
            scope.declare(Cell(name, part, "", False, role, variable.place))

    def meet(self, kernel: KernelValue) -> None:
        """A kernel object is made."""

    def _enum(self, item: tree.Enum, scope: Scope) -> None:
        after: Value = 0
        for name, node in item.items:
            value = after if node is None else self.value(node, scope)
            if not isinstance(value, (int, Reg, Dirs)):
                value = Unknown(name, "int", item.place)
            target = self.globals if self.recording is None else scope
            target.declare(Cell(name, value, "int", True, "host", item.place))
            after = value + 1 if isinstance(value, int) else value


def _fix(value: Value) -> None:
    """Make the members of constant objects constant."""
    if isinstance(value, Array):
        for item in value.items:
            _fix(item)
    elif isinstance(value, Struct):
        for cell in value.cells.values():
            cell.const = True
            _fix(cell.value)


def _filled(sizes: Sequence[int], empty: Value) -> Value:
    if not sizes:
        return empty
    total = 1
    for size in sizes:
        total *= max(size, 0)
    if total > MOST_ELEMENTS:
        return None
    return Array([_filled(sizes[1:], empty) for _ in range(sizes[0])])


def _padded(value: Array, sizes: Sequence[int], empty: Value) -> Array:
    """An initialiser list as the array that it fills: flat lists are folded, and what is missing is added."""
    size, rest = sizes[0], sizes[1:]
    items = list(value.items)
    if rest and items and not any(isinstance(i, Array) for i in items):
        stride = 1
        for n in rest:
            stride *= max(n, 1)
        items = [Array(items[i : i + stride]) for i in range(0, len(items), stride)]
    items = [_padded(i, rest, empty) if rest and isinstance(i, Array) else i for i in items]
    if empty is not None and len(items) < size <= MOST_ELEMENTS:
        items += [_filled(rest, empty) for _ in range(size - len(items))]
    return Array(items)
