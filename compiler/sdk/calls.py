"""Calls: of the text's own functions, of words and macros in kernels, of the library and the host."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from compiler import prelude, syntax
from compiler.diagnostics import Diagnostic
from compiler.resolve import native_named
from compiler.sdk import tree
from compiler.sdk.evaluate import FUNCTIONS, Problem, converted, register_named
from compiler.sdk.execute import Executor, Jump
from compiler.sdk.expressions import BUILTIN
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
from compiler.sdk.stubs import SIDEWAYS, is_stub
from compiler.sdk.survey import called, is_launch, is_operation
from compiler.values import Dirs, Reg
from scamp_sim import isa
from scamp_sim.program import Origin

MOST_DEEP = 30
"""Functions of the text that call each other."""

_TYPES = BUILTIN | {"areg_t", "dreg_t", "news_t"}
_ANALOG = ("areg", "asrc", "acell")
_DIGITAL = ("dreg", "dsrc")
_POOLS = {"areg": isa.ANALOG[:6], "dreg": (*(f"R{i}" for i in range(5, 12)), "R1", "R2", "R3", "R4")}


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
            if isinstance(base, (KernelValue, Array, Handle)):
                return self._method(base, name, node, scope)
            if isinstance(base, Struct) and name in self.functions:
                inside = Scope(self.globals)
                inside.cells.update(base.cells)
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
        if name in _TYPES and len(node.args) == 1:  # int(x)
            return converted(self.value(node.args[0], scope), name)
        if "kernel" in name and name not in isa.HOST and node.args:  # scamp5_kernel([] { ... })
            made = [self.value(a, scope) for a in node.args]
            kernels = [v for v in made if isinstance(v, (Closure, KernelValue))]
            if kernels:
                return kernels[0]
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

    def array_call(self, node: tree.Call, name: str, scope: Scope) -> syntax.Call:
        """A call in a kernel, its operands worked out. Raises Problem."""
        count = len(node.args)
        args = [self.operand(arg, wanted_kinds(name, i, count), scope) for i, arg in enumerate(node.args)]
        return syntax.Call(node.place.origin, name, tuple(args))

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
                way = SIDEWAYS.get(value.name) if set(wanted) & {"dir", "dirs"} else None
                if way is not None:
                    return syntax.Name(span, way)
                return self.unknown_operand(value, wanted, node)
            case _:
                hint = "operands are registers, directions and integers"
                raise Problem("S605", node.place, f"'{node.place.text:.60}' cannot be an operand", hint)


def _spelling(node: tree.Expression, value: Reg) -> str:
    """The register as the user wrote it, if it is written out."""
    if isinstance(node, tree.Name) and register_named(node.name) == value:
        return node.name
    return value.name


def number(value: int, span: Origin) -> syntax.Expression:
    """An integer as an expression of our language."""
    found = syntax.Number(span, abs(value))
    return syntax.Unary(span, "-", found) if value < 0 else found


def wanted_kinds(name: str, position: int, count: int) -> tuple[str, ...]:
    """The operand classes that a word, macro or host function takes at a position."""
    found: dict[str, None] = {}
    row = native_named(name)
    if row is not None:
        slot = row.dst if row.dst is not None and position < row.dst.most else row.src
        if slot is not None:
            found[slot.kind] = None
    for macro in prelude.declarations().get(name, ()):
        if macro.required <= count <= len(macro.formals) and position < len(macro.formals):
            found[macro.formals[position].kind] = None
    for form in isa.HOST.get(name, ()):
        if position < len(form.operands):
            found[form.operands[position].kind] = None
    return tuple(found)


def register_kind(value: Unknown, wanted: Sequence[str]) -> str:
    """Whether an unknown operand stands for a register, and of which kind: areg, dreg or ""."""
    analog = any(k in _ANALOG or k == "plane" for k in wanted)
    digital = any(k in _DIGITAL or k == "plane" for k in wanted)
    if value.kind in ("areg", "dreg"):
        return value.kind
    if value.kind in ("int", "float", "dir"):
        return ""
    return "areg" if analog else "dreg" if digital else ""


def settle(recording: Recording) -> None:
    """Choose registers for the names that stand for unknown ones, none that the kernel uses otherwise."""
    used = {isa.ALIASES.get(n, n) for call in recording.calls for n in syntax.names_used(call.args)}
    chosen: dict[str, str] = {}
    for name, (kind, place) in recording.unknown.items():
        free = [r for r in _POOLS[kind] if r not in used]
        if not free:
            message = f"no {'analog' if kind == 'areg' else 'digital'} register is left to stand for '{name}'"
            recording.errors.append(
                Diagnostic.at(place.origin, "S605", "error", message, hint="give the variable a value in the text")
            )
            return
        chosen[f"?{name}"] = free[0]
        used.add(free[0])
        recording.placeholders[name] = free[0]
        message = f"'{name}' is not known in this text: register {free[0]} stands for it"
        hint = "its declaration, in the text or in a file beside it, settles it"
        recording.warn(Diagnostic.at(place.origin, "W601", "warning", message, hint=hint))
    if chosen:
        recording.calls = [replace(c, args=tuple(_filled_in(a, chosen) for a in c.args)) for c in recording.calls]


def _filled_in(node: syntax.Expression, chosen: dict[str, str]) -> syntax.Expression:
    if isinstance(node, syntax.Name):
        return replace(node, name=chosen.get(node.name, node.name))
    if isinstance(node, syntax.ListOf):
        return replace(node, items=tuple(_filled_in(i, chosen) for i in node.items))  # type: ignore[arg-type]
    return node


__all__ = ["Caller", "Problem", "number", "register_kind", "settle", "wanted_kinds"]
