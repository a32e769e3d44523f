"""Follows C++ statements: what is known is carried out, what is not is assumed and said.

Kernels are recorded call by call, their loops unrolled. The host program is followed in one of two ways: looked
through, where every branch is entered so that every kernel is met once, or run, where what counts is what one pass
does.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from compiler.diagnostics import Diagnostic
from compiler.expand import MOST_WORDS
from compiler.sdk import tree
from compiler.sdk.evaluate import Evaluator, Exhausted, Problem
from compiler.sdk.lexer import Place
from compiler.sdk.scope import (
    Array,
    Cell,
    Closure,
    Handle,
    KernelValue,
    Pointer,
    Recording,
    Scope,
    Struct,
    Unknown,
    Value,
    kind_of,
)
from compiler.sdk.survey import Survey
from compiler.values import Dirs, Reg
from scamp_sim import isa

MOST_IN_KERNEL = 40_000
"""Statements followed for one kernel; loops over tables that are all zero take some."""

MOST_ERRORS = 20
"""Errors of one kernel, after which the rest is noise."""

MOST_ROUNDS = 20_000
"""Rounds of one loop of the host program."""


class Jump(Exception):
    """`break`, `continue` or `return` on its way."""

    def __init__(self, kind: str, value: Value = None) -> None:
        super().__init__(kind)
        self.kind, self.value = kind, value


class Executor(Evaluator):
    """Statements. `looking`: every branch of the host program is entered."""

    looking = False
    members = False
    """Whether what is declared belongs to a class."""

    def __init__(self, survey: Survey, given: Mapping[str, int]) -> None:
        super().__init__(given)
        self.survey = survey
        self.functions = {n: f for n, f in survey.functions.items() if survey.is_own(n)}

    @abstractmethod
    def kernel(self, node: tree.Kernel, scope: Scope) -> None:
        """Kernel marks with what stands between them, in the host program."""

    @abstractmethod
    def construct(self, made: Struct, variable: tree.Variable, scope: Scope) -> None:
        """Carry out the constructor of an object."""

    @abstractmethod
    def warn(self, diagnostic: Diagnostic) -> None:
        """A message about the host program."""

    # --- sequences ---------------------------------------------------------------------------------------------

    def body(self, items: Sequence[tree.Statement], scope: Scope) -> None:
        for item in items:
            self.step(item.place)
            try:
                self.execute(item, scope)
            except Problem as problem:
                if self.recording is None:
                    self.warn(_as_warning(problem))
                else:
                    self.recording.errors.append(problem.diagnostic())
                    if len(self.recording.errors) >= MOST_ERRORS:
                        raise Jump("return") from None
            if self.recording is not None and len(self.recording.calls) > MOST_WORDS:
                raise Exhausted(item.place)

    def record(self, items: Sequence[tree.Statement], scope: Scope, place: Place) -> Recording:
        """Write down what a kernel holds."""
        recording = Recording()
        self.recording = recording
        limit, self.limit = self.limit, self.steps + MOST_IN_KERNEL
        try:
            self.body(items, Scope(scope))
        except Exhausted as end:
            message = f"this kernel goes on for more than {MOST_IN_KERNEL:,} statements, or {MOST_WORDS:,} calls"
            hint = f"the kernel store holds {isa.STORE_WORDS:,} words"
            recording.errors.append(Diagnostic.at(end.place.origin, "S403", "error", message, hint=hint))
            recording.calls.clear()
        except Jump:
            pass  # a return ends the recording
        finally:
            self.recording = None
            self.limit = limit
        return recording

    def assume(self, place: Place, what: str) -> None:
        text = place.text if len(place.text) <= 60 else place.text[:57] + "..."
        diagnostic = Diagnostic.at(
            place.origin, "W602", "warning", f"what '{text}' is worth is not known here: taken as {what}",
            hint="give its variables values in the text to have it otherwise",
        )  # fmt: skip
        if self.recording is not None:
            self.recording.placeholders[text] = what
            self.recording.warn(diagnostic)
        elif not self.looking:
            self.warn(diagnostic)

    # --- statements --------------------------------------------------------------------------------------------

    def execute(self, item: tree.Statement, scope: Scope) -> None:
        """Carry out one statement. Raises Problem, Jump and Exhausted."""
        match item:
            case tree.Evaluate():
                self.evaluate(item, scope)
            case tree.Declare():
                for variable in item.variables:
                    self.declare(variable, scope)
            case tree.Block():
                self.body(item.body, Scope(scope))
            case tree.If():
                self._if(item, scope)
            case tree.For():
                self._for(item, scope)
            case tree.Each():
                self._each(item, scope)
            case tree.While():
                self._while(item, scope)
            case tree.Switch():
                self._switch(item, scope)
            case tree.Jump():
                raise Jump(item.kind, None if item.value is None else self.value(item.value, scope))
            case tree.Enum():
                self._enum(item, scope)
            case tree.Group():
                outer, self.members = self.members, item.members
                self.body(item.body, self.globals)
                self.members = outer
            case tree.Kernel():
                if self.recording is not None:
                    self.fail(
                        "S603", item.place, "a kernel begins inside a kernel",
                        "kernels do not nest: end the outer one first, or leave the inner marks out",
                    )  # fmt: skip
                self.kernel(item, scope)
            case tree.Unread():
                self._unread(item)
            case tree.StrayEnd():
                if not self.looking:
                    hint = "add scamp5_kernel_begin(); before its first word, or delete it"
                    what = "no kernel has begun here; left out"
                    self.warn(Diagnostic.at(item.place.origin, "W605", "warning", what, hint=hint))
            case _:
                pass

    def evaluate(self, item: tree.Evaluate, scope: Scope) -> None:
        """An expression for its effects."""
        value = self.value(item.value, scope)
        bare = isinstance(item.value, tree.Name) and isinstance(value, Unknown)
        if bare and self.recording is not None:
            self.fail(
                "S602", item.place, f"'{item.place.text:.60}' is not defined in this text",
                "put its definition into the text, or the file that has it beside it",
            )  # fmt: skip

    def _unread(self, item: tree.Unread) -> None:
        if self.recording is not None:
            self.fail("S606", item.place, f"C++ that cannot be read: {item.reason}", "write the calls out")
        if item.names:
            message = f"C++ that cannot be read is left out: {item.reason}"
            hint = "write it in a plainer way, or leave it out if it is not for the array"
            notes = (f"it names {', '.join(item.names[:4])}",)
            self.warn(Diagnostic.at(item.place.origin, "W605", "warning", message, hint=hint, notes=notes))

    # --- declarations ------------------------------------------------------------------------------------------

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
            return Unknown(variable.name, kind or value.kind, variable.place)
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
            value = closure
        scope.declare(Cell(variable.name, value, "kernel", variable.const, self.role(), variable.place))

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

    # --- branches ----------------------------------------------------------------------------------------------

    def condition(self, node: tree.Expression, scope: Scope) -> bool | None:
        return self.truth(self.value(node, scope))

    def _if(self, item: tree.If, scope: Scope) -> None:
        found = self.condition(item.condition, scope)
        if self.recording is not None:
            if found is None:
                self.assume(item.condition.place, "true")
            chosen = item.otherwise if found is False else item.then
            if chosen is not None:
                self.body((chosen,), Scope(scope))
        elif self.looking:
            chosen, other = (item.otherwise, item.then) if found is False else (item.then, item.otherwise)
            self._look(chosen, scope, keep=found is not None or not _leaves(chosen))
            self._look(other, scope, keep=False)
        elif found is not None:
            chosen = item.then if found else item.otherwise
            if chosen is not None:
                self.body((chosen,), Scope(scope))
        elif self.survey.matters(item.then) or self.survey.matters(item.otherwise):
            if _leaves(item.then) and item.otherwise is None:
                self.assume(item.condition.place, "false")
                return
            self.assume(item.condition.place, "true")
            self.body((item.then,), Scope(scope))
        elif not _leaves(item.then):
            self.body((item.then,), Scope(scope))

    def _look(self, item: tree.Statement | None, scope: Scope, keep: bool) -> None:
        """Enter a branch of the host program; unless `keep`, what it assigns is taken back."""
        if item is None or not (keep or self.survey.matters(item)):
            return
        outer, self.undo = self.undo, [] if not keep else self.undo
        try:
            self.body((item,), Scope(scope))
        except Jump:
            pass
        finally:
            if not keep:
                for back in reversed(self.undo or []):
                    back()
            self.undo = outer

    def _switch(self, item: tree.Switch, scope: Scope) -> None:
        value = self.value(item.value, scope)
        if isinstance(value, Handle):
            value = value.value
        inner = Scope(scope)
        start = self._case(item, value, inner)
        if self.looking and self.recording is None:
            cases = [i for i, s in enumerate(item.body) if isinstance(s, tree.Case)]
            for first in sorted(cases, key=lambda i: i != start):
                self._look(tree.Block(item.place, _until_break(item.body[first:])), inner, keep=first == start)
            return
        if isinstance(value, Unknown) or value is None:
            if not self.survey.matters(item) and self.recording is None:
                return
            start = next((i for i, s in enumerate(item.body) if isinstance(s, tree.Case)), None)
            if start is not None:
                case = item.body[start]
                assert isinstance(case, tree.Case)
                self.assume(item.value.place, "the default" if case.value is None else case.value.place.text)
                if self.recording is not None and case.value is not None:
                    self.assign(item.value, self.value(case.value, inner), scope)
        if start is None:
            return
        try:
            self.body(item.body[start:], inner)
        except Jump as jump:
            if jump.kind != "break":
                raise

    def _case(self, item: tree.Switch, value: Value, scope: Scope) -> int | None:
        """The number of the statement at which a switch begins."""
        default = None
        for i, part in enumerate(item.body):
            if isinstance(part, tree.Case):
                if part.value is None:
                    default = i
                    continue
                label = self.value(part.value, scope)
                same = (
                    set(label.names) == set(value.names)
                    if (isinstance(label, Dirs) and isinstance(value, Dirs))
                    else label == value and not isinstance(value, Unknown)
                )
                if same:
                    return i
        return default

    # --- loops -------------------------------------------------------------------------------------------------

    def _once(self, body: tree.Statement) -> bool:
        """Whether a loop is gone round but once: where kernels are only looked for."""
        return self.looking and self.recording is None and self.survey.matters(body)

    def _round(self, body: tree.Statement, scope: Scope) -> bool:
        """One round; False if it leaves the loop."""
        try:
            self.body((body,), Scope(scope))
        except Jump as jump:
            if jump.kind == "return" and not (self.looking and self.recording is None):
                raise
            return jump.kind == "continue"
        return True

    def _for(self, item: tree.For, scope: Scope) -> None:
        inner = Scope(scope)
        if item.first is not None:
            self.execute(item.first, inner)
            for cell in inner.cells.values():
                cell.role = "loop" if cell.role == "host" else cell.role
        rounds = 0
        while True:
            found = True if item.condition is None else self.condition(item.condition, inner)
            if found is False:
                self._skipped(item.body, inner, rounds)
                return
            self._count(rounds, item.place)
            rounds += 1
            endless = self.recording is None and (item.condition is None or self.survey.is_frame_loop(item.body))
            if found is None and not endless and (self.recording is not None or self.survey.matters(item.body)):
                assert item.condition is not None
                self.assume(item.condition.place, "true for one round")
            if not self._round(item.body, inner) or found is None or endless or self._once(item.body):
                return
            if item.step is not None:
                self.value(item.step, inner)

    def _skipped(self, body: tree.Statement, scope: Scope, rounds: int) -> None:
        """A loop without rounds may hold kernels all the same."""
        if not rounds and self.looking and self.recording is None:
            self._look(body, scope, keep=False)

    def _count(self, rounds: int, place: Place) -> None:
        self.step(place)
        if rounds > MOST_ROUNDS and self.recording is None:
            raise Exhausted(place)

    def _while(self, item: tree.While, scope: Scope) -> None:
        rounds = 0
        if item.after and not self._round(item.body, scope):
            return
        literal = isinstance(item.condition, (tree.Number, tree.Name))
        while True:
            found = self.condition(item.condition, scope)
            if found is False or (item.after and found is None):
                if not item.after:
                    self._skipped(item.body, scope, rounds)
                return
            # the frame loop: one pass of it is what a program is
            endless = self.recording is None and ((bool(found) and literal) or self.survey.is_frame_loop(item.body))
            if item.after and (endless or self._once(item.body)):
                return
            self._count(rounds, item.place)
            rounds += 1
            if found is None and not literal and self.recording is not None:
                self.assume(item.condition.place, "true for one round")
            if not self._round(item.body, scope) or found is None or endless or self._once(item.body):
                return

    def _each(self, item: tree.Each, scope: Scope) -> None:
        values = self.value(item.values, scope)
        kind = kind_of(item.variable.type, self.survey.aliases)
        found = values.items if isinstance(values, Array) else None
        if found is None:
            found = [Unknown(item.variable.name, kind, item.variable.place)]
            if self.recording is not None:
                self.assume(item.values.place, "a list of one")
        for value in found:
            self.step(item.place)
            inner = Scope(scope)
            role = "loop" if self.recording is None else "local"
            inner.declare(Cell(item.variable.name, value, kind, False, role, item.variable.place))
            if not self._round(item.body, inner) or self._once(item.body):
                return

    # --- limits ------------------------------------------------------------------------------------------------

    limit = 10**9

    def step(self, place: Place) -> None:
        super().step(place)
        if self.steps > self.limit:
            raise Exhausted(place)


def _as_warning(problem: Problem) -> Diagnostic:
    return Diagnostic.at(problem.place.origin, "W603", "warning", f"left out: {problem.message}", hint=problem.hint)


def _leaves(item: tree.Statement | None) -> bool:
    """Whether a branch ends in break, continue or return."""
    while isinstance(item, tree.Block):
        item = item.body[-1] if item.body else None
    return isinstance(item, tree.Jump)


def _until_break(items: Sequence[tree.Statement]) -> tuple[tree.Statement, ...]:
    for i, item in enumerate(items):
        if isinstance(item, tree.Jump) and item.kind == "break":
            return tuple(items[:i])
    return tuple(items)


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
    if total > 70_000:
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
    if empty is not None and len(items) < size <= 70_000:
        items += [_filled(rest, empty) for _ in range(size - len(items))]
    return Array(items)


__all__ = ["Executor", "Jump", "Pointer"]
