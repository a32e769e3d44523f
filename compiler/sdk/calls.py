"""Calls: of the text's own functions, of words and macros in kernels, of the library and the host."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from scamp_sim.chip import isa
from scamp_sim.compiler.expand import prelude
from scamp_sim.compiler.expand.values import Dirs, Reg
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.sdk import tree
from scamp_sim.compiler.sdk.evaluate import Problem
from scamp_sim.compiler.sdk.execute import Executor, Jump
from scamp_sim.compiler.sdk.expressions import BUILTIN
from scamp_sim.compiler.sdk.helpers import HELPERS, reading
from scamp_sim.compiler.sdk.lexer import Place
from scamp_sim.compiler.sdk.library import FUNCTIONS, converted, register_named
from scamp_sim.compiler.sdk.operands import number, wanted_kinds
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
    Unknown,
    Value,
    kind_of,
)
from scamp_sim.compiler.sdk.stubs import is_stub
from scamp_sim.compiler.sdk.survey import called, is_kernel_type, is_launch, is_operation

MOST_DEEP = 30
"""Functions of the text that call each other."""

_TYPES = BUILTIN | {"areg_t", "dreg_t", "news_t"}


class Caller(Executor):
    """Calls. What the host program does with a kernel or a host function is left to the classes below."""

    deep = 0

    @abstractmethod
    def host_call(self, node: tree.Call, name: str, scope: Scope) -> Value:
        """A call of a host function outside of kernels."""

    @abstractmethod
    def launch(self, kernel: KernelValue, place: Place) -> None:
        """A kernel object is launched."""

    @abstractmethod
    def bare(self, node: tree.Call, name: str, scope: Scope) -> None:
        """A word or macro outside of kernels."""

    @abstractmethod
    def unknown_operand(self, value: Unknown, wanted: Sequence[str], node: tree.Expression) -> syntax.Expression:
        """What stands for an operand that the text does not tell. Raises Problem."""

    def enter(self, closure: Closure) -> bool:
        """Whether the body of a function is to be followed now."""
        return True

    def number_operand(self, value: int, node: tree.Expression, scope: Scope) -> syntax.Expression:
        """An integer operand."""
        return number(value, node.place.origin)

    # --- choosing ----------------------------------------------------------------------------------------------

    def call(self, node: tree.Call, scope: Scope) -> Value:
        name = called(node)
        if isinstance(node.callee, tree.Member):
            base = self.value(node.callee.base, scope)
            base = base.cell.value if isinstance(base, Pointer) else base
            if isinstance(base, KernelValue) or (isinstance(base, Unknown) and base.kind == "kernel"):
                body = next((v for v in (self.value(a, scope) for a in node.args) if isinstance(v, Closure)), None)
                if body is not None and self.recording is None:
                    return self._filled(node.callee.base, base, body, scope)
            if isinstance(base, (KernelValue, Array, Handle)):
                return self._method(base, name, node, scope)
            if isinstance(base, Struct) and name in self.functions:
                inside = Scope(self.globals)
                inside.cells.update(base.cells)
                inside.declare(Cell("this", Pointer(Cell("this", base)), "", True, "local", node.place))
                return self.invoke(Closure(self._overload(name, len(node.args)), inside), node, scope)
        cell = scope.find(name) if name else None
        target: Value = cell.value if cell is not None else None
        if not name:
            target = self.value(node.callee, scope)
        if isinstance(target, KernelValue):
            self._launch(target, node.place)
            return None
        if isinstance(target, Closure):
            return self.invoke(target, node, scope)
        if name in self.functions and not isinstance(target, (int, Reg)):
            return self.invoke(Closure(self._overload(name, len(node.args)), self.globals), node, scope)
        if is_launch(name):
            return self._launch_call(node, scope)
        if name == "new" and len(node.args) == 1:
            return self.value(node.args[0], scope)
        if name == "swap" and len(node.args) == 2:
            first, second = (self.value(a, scope) for a in node.args)
            self.assign(node.args[0], second, scope)
            self.assign(node.args[1], first, scope)
            return None
        if name in _TYPES and len(node.args) == 1:  # int(x)
            return converted(self.value(node.args[0], scope), name)
        if is_kernel_type(name):  # scamp5_kernel([] { ... })
            made = [v for v in (self.value(a, scope) for a in node.args) if isinstance(v, Closure)]
            return KernelValue(made[0], "", "dynamic" if "dynamic" in name else "static") if made else None
        if name in FUNCTIONS and not (is_operation(name) and self._is_word(node, scope)):
            return self._computed(name, node, scope)
        if is_operation(name):
            return self._operation(name, node, scope)
        if name == "icw" and self.recording is not None:
            self.fail(
                "S604", node.place, "a raw instruction word cannot be imported",
                "write the words or macros that it stands for",
            )  # fmt: skip
        if name in isa.HOST:
            if self.recording is not None:
                return self._operation(name, node, scope)
            return self.host_call(node, name, scope)
        return self._other(name, node, scope)

    def _is_word(self, node: tree.Call, scope: Scope) -> bool:
        """Whether `abs(...)` is the instruction and not the function of C: outside of kernels it names registers."""
        values = [self.value(a, scope) for a in node.args]
        if any(isinstance(v, Reg) for v in values):
            return True
        return self.recording is not None and len(values) != 1

    def _overload(self, name: str, given: int) -> tree.Function:
        found = self.functions[name]
        for function in found:
            least = sum(f.default is None for f in function.formals)
            if least <= given <= len(function.formals):
                return function
        return found[0]

    def _other(self, name: str, node: tree.Call, scope: Scope) -> Value:
        """A function that neither the text nor the assembler knows."""
        if self.recording is not None and (name, len(node.args)) in HELPERS:
            return self._helper(name, node, scope)
        if self.recording is not None and not is_stub(name):
            near = isa.did_you_mean(name, [*isa.NATIVE, *prelude.declarations()])
            what = f"'{name or node.place.text:.60}' is not defined in this text, and is no instruction{near}"
            self.fail(
                "S602",
                node.place,
                what,
                "" if near else "put its definition into the text, or the file that has it beside it",
            )
        args = [self.value(a, scope) for a in node.args]
        return self.library(name, node, args)

    def _helper(self, name: str, node: tree.Call, scope: Scope) -> Value:
        """A helper that the text uses and does not define, as it is usually meant."""
        assert self.recording is not None
        taken = reading(name, len(node.args))
        self.recording.placeholders[name] = taken
        message = f"'{name}' is not defined in this text: taken as {taken}"
        hint = "put its definition into the text, or the file that has it beside it, to have it otherwise"
        self.recording.warn(Diagnostic.at(node.place.origin, "W607", "warning", message, hint=hint))
        for op, operands in HELPERS[(name, len(node.args))]:
            args = tuple(node.args[o] if isinstance(o, int) else tree.Name(node.place, o) for o in operands)
            self._operation(op, replace(node, callee=tree.Name(node.place, op), args=args), scope)
        return None

    @abstractmethod
    def library(self, name: str, node: tree.Call, args: list[Value]) -> Value:
        """A function of the SDK or C++ that does nothing to the array."""

    def _computed(self, name: str, node: tree.Call, scope: Scope) -> Value:
        values = [self.value(a, scope) for a in node.args]
        numbers = [v for v in values if isinstance(v, (int, float))]
        if len(numbers) == len(values):
            try:
                return FUNCTIONS[name](*numbers)
            except (ValueError, TypeError, OverflowError, ZeroDivisionError):
                pass
        return Unknown(node.place.text, "int", node.place)

    def _filled(self, node: tree.Expression, old: KernelValue | Unknown, body: Closure, scope: Scope) -> Value:
        """A kernel object that is given its body after it was declared, or another one."""
        cell = self.cell_of(node, scope)
        storage = old.storage if isinstance(old, KernelValue) else "static"
        made = KernelValue(body, cell.name if cell is not None else "", storage)
        self.meet(made)
        if cell is not None:
            self.write(cell, made)
        return made

    def _method(self, base: Value, name: str, node: tree.Call, scope: Scope) -> Value:
        """A method of an object that is followed."""
        args = [self.value(a, scope) for a in node.args]
        if isinstance(base, KernelValue):
            if "launch" in name or name in ("run", "execute", "operator"):
                self._launch(base, node.place)
            elif "heap" in name and isinstance(node.callee, tree.Member) and isinstance(node.callee.base, tree.Name):
                cell = scope.find(node.callee.base.name)
                if cell is not None and (not args or args[0]):
                    cell.value = replace(base, storage="heap")
            return None
        if isinstance(base, Handle):
            return base.value
        assert isinstance(base, Array)
        if name in ("size", "length"):
            return len(base.items)
        if name in ("begin", "data", "end"):
            return base
        if name in ("front", "back") and base.items:
            return base.items[0 if name == "front" else -1]
        if name == "at" and args and isinstance(args[0], int) and 0 <= args[0] < len(base.items):
            return base.items[args[0]]
        if name in ("push_back", "emplace_back") and args and len(base.items) < 70_000:
            base.items.append(args[0])
            if self.undo is not None:
                self.undo.append(lambda: base.items.__delitem__(-1))
            return None
        return Unknown(node.place.text, "", node.place)

    # --- functions of the text ---------------------------------------------------------------------------------

    def invoke(self, closure: Closure, node: tree.Call | None, scope: Scope) -> Value:
        """Follow a function; without `node`, with operands that nobody tells."""
        function = closure.node
        place = node.place if node is not None else function.place
        if self.deep >= MOST_DEEP:
            self.fail("S404", place, f"functions call one another more than {MOST_DEEP} deep", "unroll them with 'for'")
        inner = Scope(closure.scope)
        self._bind(function, node, scope, inner)
        if not self.enter(closure):
            return Unknown(place.text, "", place)
        self.deep += 1
        try:
            self.body(function.body.body, inner)
        except Jump as jump:
            return jump.value
        finally:
            self.deep -= 1
        return None

    def _bind(self, function: tree.Function | tree.Lambda, node: tree.Call | None, scope: Scope, inner: Scope) -> None:
        args = node.args if node is not None else ()
        if isinstance(function, tree.Function):
            given = node.template if node is not None else ()
            for i, name in enumerate(function.template):
                value = self.value(given[i], scope) if i < len(given) else Unknown(name, "", function.place)
                inner.declare(Cell(name, value, "", False, "formal", function.place))
        role = "formal" if self.recording is None else "local"
        for i, formal in enumerate(function.formals):
            if not formal.name:
                continue
            kind = kind_of(formal.type, self.survey.aliases)
            arg = args[i] if i < len(args) else None
            if formal.reference and isinstance(arg, tree.Name):
                shared = scope.find(arg.name)
                if shared is not None:
                    inner.cells[formal.name] = shared
                    continue
            sources: tuple[Cell, ...] = ()
            if arg is not None:
                value, sources = self.traced(arg, scope)
            elif formal.default is not None:
                value = self.value(formal.default, inner)
            else:
                value = Unknown(formal.name, kind, formal.place)
            if isinstance(value, Unknown) and kind and not value.kind:
                value = Unknown(value.name, kind, value.place)
            if kind == "int" and isinstance(value, float):
                value = int(value)
            inner.declare(Cell(formal.name, value, kind, False, role, formal.place, 0, value, sources))

    def construct(self, made: Struct, variable: tree.Variable, scope: Scope) -> None:
        args = variable.direct or ()
        candidates = [f for f in self.survey.functions.get(variable.type, ()) if len(f.formals) >= len(args)]
        candidates = [f for f in candidates if sum(v.default is None for v in f.formals) <= len(args)]
        if not candidates:
            return
        function = candidates[0]
        inner = Scope(self.globals)
        inner.cells.update(made.cells)
        call = tree.Call(variable.place, tree.Name(variable.place, variable.type), args)
        self._bind(function, call, scope, inner)
        for name, values in function.members:
            if name in made.cells and len(values) == 1:
                made.cells[name].value = self.value(values[0], inner)
        if not self.survey.matters(function.body) and self.deep < MOST_DEEP:
            with suppress(Jump):
                self.body(function.body.body, inner)

    # --- launches ----------------------------------------------------------------------------------------------

    def _launch_call(self, node: tree.Call, scope: Scope) -> Value:
        """scamp5_launch_kernel(k) and its like."""
        values = [self.value(a, scope) for a in node.args]
        for value, arg in zip(values, node.args, strict=True):
            if isinstance(value, Pointer):
                value = value.cell.value
            if isinstance(value, Closure):
                name = arg.name if isinstance(arg, tree.Name) else ""
                value = KernelValue(value, name, "dynamic" if "dynamic" in called(node) else "static")
            if isinstance(value, KernelValue):
                self._launch(value, node.place)
                return None
        if not self.looking:
            message = f"'{called(node)}' is left out: its kernel is not in this text"
            hint = "put the kernel into the text, or the file that has it beside it"
            self.warn(Diagnostic.at(node.place.origin, "W603", "warning", message, hint=hint))
        return None

    def _launch(self, kernel: KernelValue, place: Place) -> None:
        if self.recording is not None:
            self.fail(
                "S603", place, f"kernel '{kernel.name}' is launched inside a kernel",
                "a kernel holds array instructions only: launch it before or after",
            )  # fmt: skip
        self.launch(kernel, place)

    # --- words and macros --------------------------------------------------------------------------------------

    def _operation(self, name: str, node: tree.Call, scope: Scope) -> Value:
        if self.recording is None:
            self.bare(node, name, scope)
            return Unknown(node.place.text, "", node.place)
        self.recording.calls.append(self.array_call(node, name, scope))
        return None

    def record_one(self, recording: Recording, node: tree.Call, name: str, scope: Scope) -> None:
        """Write down one call of the array that stands outside of kernel marks."""
        self.recording = recording
        try:
            recording.calls.append(self.array_call(node, name, scope))
        except Problem as problem:
            recording.errors.append(problem.diagnostic())
        finally:
            self.recording = None

    def array_call(self, node: tree.Call, name: str, scope: Scope) -> syntax.Call:
        """A call in a kernel, its operands worked out. Raises Problem."""
        count = len(node.args)
        args = [self._operand_of(arg, wanted_kinds(name, i, count), scope) for i, arg in enumerate(node.args)]
        return syntax.Call(node.place.origin, name, tuple(args))

    def _operand_of(self, node: tree.Expression, wanted: Sequence[str], scope: Scope) -> syntax.Expression:
        """An operand in a kernel. What an unknown function gives is unknown, but is no reason to give up."""
        if isinstance(node, tree.Call) and self._is_foreign(node, scope):
            return self.written(Unknown(node.place.text, "", node.place), node, wanted, scope)
        return self.operand(node, wanted, scope)

    def _is_foreign(self, node: tree.Call, scope: Scope) -> bool:
        """Whether a call is of a function that neither the text nor anybody else tells."""
        name = called(node)
        if not name or scope.find(name) is not None or name in self.functions or name in isa.HOST:
            return False
        if isinstance(node.callee, tree.Member):
            return isinstance(self.value(node.callee.base, scope), Unknown)
        return not (name in FUNCTIONS or name in _TYPES or is_operation(name))

    def operand(self, node: tree.Expression, wanted: Sequence[str], scope: Scope) -> syntax.Expression:
        """The operand of a word, macro or host function as our language writes it. Raises Problem."""
        return self.written(self.value(node, scope), node, wanted, scope)

    def written(self, value: Value, node: tree.Expression, wanted: Sequence[str], scope: Scope) -> syntax.Expression:
        span = node.place.origin
        match value:
            case Reg():
                if value.name in isa.PORT_DIRECTION and wanted and set(wanted) <= {"dir", "dirs"}:
                    return syntax.Name(span, isa.PORT_DIRECTION[value.name].name)
                return syntax.Name(span, _spelling(node, value))
            case Dirs():
                found: syntax.Expression = syntax.Name(span, value.names[0])
                for name in value.names[1:]:
                    found = syntax.Binary(span, "|", found, syntax.Name(span, name))
                return found
            case int():
                return self.number_operand(value, node, scope)
            case float():
                return self.number_operand(int(value), node, scope)
            case Handle():
                return self.written(value.value, node, wanted, scope)
            case Pointer():
                return self.written(value.cell.value, node, wanted, scope)
            case Array():
                return syntax.ListOf(span, tuple(self.written(v, node, wanted, scope) for v in value.items))
            case Unknown():
                return self.unknown_operand(value, wanted, node)
            case _:
                hint = "operands are registers, directions and integers"
                raise Problem("S605", node.place, f"'{node.place.text:.60}' cannot be an operand", hint)


def _spelling(node: tree.Expression, value: Reg) -> str:
    """The register as the user wrote it, if it is written out."""
    if isinstance(node, tree.Name) and register_named(node.name) == value:
        return node.name
    return value.name
