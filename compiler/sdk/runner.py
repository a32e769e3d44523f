"""Follows one pass of a C++ text, and notes what it does to the array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from scamp_sim.chip import isa
from scamp_sim.chip.program import Origin
from scamp_sim.compiler.expand.launch import MOST_STEPS
from scamp_sim.compiler.expand.values import Reg
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.sdk import tree
from scamp_sim.compiler.sdk.blocks import made_block
from scamp_sim.compiler.sdk.calls import Caller
from scamp_sim.compiler.sdk.evaluate import Exhausted, Problem
from scamp_sim.compiler.sdk.execute import Jump
from scamp_sim.compiler.sdk.lexer import Place
from scamp_sim.compiler.sdk.names import free_name, kernel_name
from scamp_sim.compiler.sdk.operands import number, wanted_kinds
from scamp_sim.compiler.sdk.scope import (
    READ_OUT,
    Array,
    Cell,
    Closure,
    KernelValue,
    Pointer,
    Recording,
    Scope,
    Unknown,
    Value,
)
from scamp_sim.compiler.sdk.stubs import gui, is_callback, is_stub
from scamp_sim.compiler.sdk.survey import Survey, called
from scamp_sim.compiler.sdk.symbolic import symbolic
from scamp_sim.compiler.sdk.unparse import expression

MOST_FOLLOWED = 100_000
"""Statements of one pass."""


class Runner(Caller):
    """Follows one pass of a text. Afterwards: `params`, `kernels`, `made` (the steps) and `warnings`."""

    def __init__(self, survey: Survey, given: dict[str, int]) -> None:
        super().__init__(survey, given)
        self.given: dict[str, int] = given
        self.params: dict[str, syntax.Param] = {}
        self.kernels: dict[str, syntax.KernelDecl] = {}
        self.made: list[syntax.Item] = []
        self.warnings: list[Diagnostic] = []
        self.title = ""
        self.implicit = not survey.kernels and not survey.objects
        self.open: tuple[Recording, Place, Place] | None = None
        self._recorded: dict[int, str | None] = {}
        self._contents: dict[tuple[object, ...], str | None] = {}
        self._cells: dict[Cell, str | None] = {}
        self._judging = 0
        self._said: set[str] = set()
        self._wanted = ""
        """The variable that takes what the next host call gives."""
        self._results: dict[str, int] = {}

    def follow(self, statements: Sequence[tree.Statement]) -> None:
        """Set up, and go once through the frame loop."""
        self._guarded(lambda: self.body(statements, self.globals))
        if "main" in self.functions:
            self._alone(self.functions["main"][0])
        elif not self.made:
            # no main and nothing at the top level: the functions that nobody here calls, one after the other
            for name, functions in self.functions.items():
                if name not in self.survey.calls:
                    for function in functions:
                        if self.survey.matters(function.body) or self.implicit:
                            self._alone(function)
        self.close()

    def _alone(self, function: tree.Function) -> None:
        self._guarded(lambda: self.invoke(Closure(function, self.globals), None, self.globals))

    def _guarded(self, action: Callable[[], object]) -> None:
        self.limit = self.steps + MOST_FOLLOWED
        try:
            action()
        except Jump:
            pass
        except Problem as problem:
            self.warn(problem.diagnostic("warning"))
        except Exhausted as end:
            message = "the host program goes on for too long: what follows is left out"
            self.warn(Diagnostic.at(end.place.origin, "W603", "warning", message, hint="shorten its loops"))
        self.limit = self.steps + MOST_FOLLOWED

    def step(self, place: Place) -> None:
        super().step(place)
        if len(self.made) > MOST_STEPS:
            raise Exhausted(place)

    def warn(self, diagnostic: Diagnostic) -> None:
        if diagnostic not in self.warnings:
            self.warnings.append(diagnostic)

    def invoke(self, closure: Closure, node: tree.Call | None, scope: Scope) -> Value:
        title = self.title
        if isinstance(closure.node, tree.Function) and self.recording is None:
            self.title = closure.node.name
        try:
            return super().invoke(closure, node, scope)
        finally:
            self.title = title

    # --- kernels -----------------------------------------------------------------------------------------------

    def kernel(self, node: tree.Kernel, scope: Scope) -> None:
        self.close()
        recording = self.record(node.body, scope, node.place)
        if node.problem:
            hint = "begin and end marks stand in one block of braces"
            recording.errors.append(Diagnostic.at(node.place.origin, "S603", "error", node.problem, hint=hint))
        storage = "dynamic" if node.dynamic else "static"
        self._launched(id(node), recording, node.place, node.place, self.title, storage)

    def launch(self, kernel: KernelValue, place: Place) -> None:
        self.close()
        node = kernel.closure.node
        inside = [s for s in node.body.body if isinstance(s, tree.Kernel)]
        if inside:  # a function that holds kernels of its own
            self.invoke(kernel.closure, None, kernel.closure.scope)
            return
        scope = Scope(kernel.closure.scope)
        self._bind(node, None, scope, scope)
        recording = self.record(node.body.body, scope, node.place)
        self._launched(id(node), recording, node.place, place, kernel.name or self.title, kernel.storage)

    def _launched(self, key: int, recording: Recording, place: Place, at: Place, title: str, storage: str) -> None:
        """A kernel that has been recorded is launched. A static one keeps the words of its first launch."""
        content = (storage, *((c.name, *map(expression, c.args)) for c in recording.calls))
        full = (key, *content)
        first = self._recorded.get(key)
        if storage == "static" and key in self._recorded:
            if full not in self._contents and first is not None and not recording.errors:
                message = "other operands than at the first launch, but a static kernel keeps the words of that"
                hint = "for operands that change: scamp5_dynamic_kernel_begin()"
                self.warn(Diagnostic.at(place.origin, "W606", "warning", message, hint=hint))
            name = first
        elif full in self._contents:
            name = self._contents[full]
        else:
            name = self._stored(recording, place, title, storage)
            self._contents[full] = name
            self._recorded[key] = name
        if name is not None:
            self.made.append(syntax.Call(at.origin, name, ()))

    def _stored(self, recording: Recording, place: Place, title: str, storage: str) -> str | None:
        """Keep a kernel under a name of its own; None, and a warning, if it does not assemble."""
        name = kernel_name(title, {*self.kernels, *self.params})
        block = made_block(
            replace(recording, calls=[_resolved(c, self) for c in recording.calls]), name, "", place, place, storage
        )
        errors = [d for d in block.diagnostics if d.severity == "error"]
        for warning in recording.warnings:
            self.warn(warning)
        if errors:
            first = errors[0]
            origin = Origin(first.file, first.line, first.column, first.end_line, first.end, first.text)
            notes = tuple(f"line {d.line}: {d.message}" for d in errors[1:4])
            message = f"the kernel of line {place.line} is left out: {first.message}"
            self.warn(Diagnostic.at(origin, "W604", "warning", message, hint=first.hint, notes=notes))
            return None
        doc = f"From {Path(place.source.name).name}, line {place.line}."
        self.kernels[name] = syntax.KernelDecl(place.origin, name, (), tuple(recording.calls), doc, storage)
        return name

    def bare(self, node: tree.Call, name: str, scope: Scope) -> None:
        """In a text without kernel marks, calls of the array that follow one another are a kernel."""
        if not self.implicit:
            message = f"'{name}' is left out: it stands outside of the kernels"
            hint = "put it between scamp5_kernel_begin(); and scamp5_kernel_end();"
            self.warn(Diagnostic.at(node.place.origin, "W603", "warning", message, hint=hint))
            return
        recording, first, _ = self.open or (Recording(), node.place, node.place)
        self.open = recording, first, node.place
        self.record_one(recording, node, name, scope)

    def close(self) -> None:
        """End the kernel that calls without marks make."""
        if self.open is None:
            return
        recording, first, last = self.open
        self.open = None
        self._launched(-len(self.made) - 1, recording, first, first.to(last), self.title, "static")

    # --- the host ----------------------------------------------------------------------------------------------

    def host_call(self, node: tree.Call, name: str, scope: Scope) -> Value:
        self.close()
        forms = isa.HOST[name]
        # what the chip gives is known at run time alone: it makes no parameter
        result = Unknown(node.place.text, READ_OUT if any(f.result for f in forms) else "int", node.place)
        wanted, self._wanted = self._wanted if any(f.result for f in forms) else "", ""
        buffer = max(f.buffer for f in forms)
        args: list[syntax.Expression] = []
        position = 0
        try:
            for i, arg in enumerate(node.args):
                memory = buffer_name(arg) if i == buffer else None
                if memory:
                    wanted = ""
                    self._fill(memory, scope, node)
                    args.append(syntax.Name(arg.place.origin, free_name(memory, "out")))
                if memory is None:
                    args.append(self.operand(arg, wanted_kinds(name, position, len(node.args)), scope))
                    position += 1
        except Problem as problem:
            message = f"'{name}' is left out: {problem.message}"
            self.warn(Diagnostic.at(problem.place.origin, "W603", "warning", message, hint=problem.hint))
            return result
        span = node.place.origin
        if not wanted:
            self.made.append(syntax.Call(span, name, tuple(args)))
            return result
        self._results[wanted] = times = self._results.get(wanted, 0) + 1
        own = free_name(wanted, "out") + (f"_{times}" if times > 1 else "")
        self.made.append(syntax.OutputDecl(span, own, syntax.Function(span, name, tuple(args))))
        return result

    def _fill(self, memory: str, scope: Scope, node: tree.Call) -> None:
        """What stands in the memory that a readout writes is known at run time alone."""
        cell = scope.find(memory)
        value = cell.value if cell is not None else None
        if isinstance(value, Pointer):
            value = value.cell.value
        waiting = [value] if isinstance(value, Array) else []
        while waiting:
            array = waiting.pop()
            for i, item in enumerate(array.items):
                if isinstance(item, Array):
                    waiting.append(item)
                else:
                    self._put(array, i, Unknown(f"{memory}[{i}]", READ_OUT, node.place))

    def declare(self, variable: tree.Variable, scope: Scope) -> None:
        self._wanted = variable.name if _gives(variable.value) else ""
        super().declare(variable, scope)

    def evaluate(self, item: tree.Evaluate, scope: Scope) -> None:
        node = item.value
        self._wanted = ""
        if isinstance(node, tree.Assign) and isinstance(node.target, tree.Name) and _gives(node.value):
            self._wanted = node.target.name
        super().evaluate(item, scope)

    def library(self, name: str, node: tree.Call, args: list[Value]) -> Value:
        if name.startswith(("scamp5_", "scamp7_", "vs_scamp5")) and not is_stub(name) and name not in self._said:
            self._said.add(name)
            near = isa.did_you_mean(name, isa.HOST)
            message = f"'{name}' is left out: there is no such host function{near}"
            hint = "" if near else "'scamp-sim isa' lists the host functions there are"
            self.warn(Diagnostic.at(node.place.origin, "W603", "warning", message, hint=hint))
        elif (name == "icw" or any(isinstance(a, Reg) for a in args)) and not is_stub(name) and name not in self._said:
            self._said.add(name)
            message = f"'{name}' is left out: this text does not define it, and it may work on the array"
            hint = "put its definition into the text, or the file that has it beside it"
            self.warn(Diagnostic.at(node.place.origin, "W603", "warning", message, hint=hint))
        if not is_callback(name):
            for value in args:
                value = value.cell.value if isinstance(value, Pointer) else value
                if isinstance(value, Closure) and self.survey.matters(value.node.body):
                    message = f"the function given to '{called(node)}' is not followed; it works on the array"
                    hint = "call it by its name, or write its body where it is called"
                    self.warn(Diagnostic.at(node.place.origin, "W605", "warning", message, hint=hint))
        return gui(name, node, args, self.given)

    # --- values ------------------------------------------------------------------------------------------------

    def read(self, cell: Cell, place: Place) -> Value:
        if isinstance(cell.value, Unknown) and self._can_be_given(cell) and cell.name in self.given:
            cell.value = self.given[cell.name]
        if self._judging or self.recording is not None:
            self.param(cell)
        return cell.value

    def condition(self, node: tree.Expression, scope: Scope) -> bool | None:
        self._judging += 1
        try:
            return super().condition(node, scope)
        finally:
            self._judging -= 1

    @staticmethod
    def _can_be_given(cell: Cell) -> bool:
        known = cell.role == "host" or (cell.role == "member" and isinstance(cell.default, int))
        return cell.kind == "int" and known and not cell.const

    def param(self, cell: Cell) -> str | None:
        """The name of the parameter that a variable is; it is declared where it has not been. None if it is none.

        A variable that was worked out from others is none, but they are.
        """
        if cell in self._cells and (not cell.writes or isinstance(cell.value, Unknown)):
            return self._cells[cell]
        sources = [s for s in cell.sources if s is not cell]
        if cell.role not in ("host", "member") or (sources and not isinstance(cell.value, Unknown)):
            kept, cell.sources = cell.sources, ()  # what depends on itself ends here
            names = [self.param(s) for s in sources]
            cell.sources = kept
            same = len(sources) == 1 and sources[0].value == cell.value and cell.writes == 0
            return names[0] if same else None
        if not self._can_be_given(cell) or (cell.writes and not isinstance(cell.value, Unknown)):
            return None
        if not isinstance(cell.value, int) and (self._judging or not isinstance(cell.value, Unknown)):
            return None
        if isinstance(cell.value, Unknown) and cell.value.kind == READ_OUT and cell.name not in self.given:
            return None
        name = free_name(cell.name, "value")
        if name in self.params or name in self.kernels:
            return None  # another variable of that name is a parameter already
        assert cell.place is not None
        origin = cell.place.origin
        default = number(cell.default, origin) if isinstance(cell.default, int) else None
        self.params[name] = syntax.Param(origin, name, (), default, None)
        self._cells[cell] = name
        return name

    def number_operand(self, value: int, node: tree.Expression, scope: Scope) -> syntax.Expression:
        return symbolic(node, lambda n: self.cell_of(n, scope), self.param) or super().number_operand(
            value, node, scope
        )

    def unknown_operand(self, value: Unknown, wanted: Sequence[str], node: tree.Expression) -> syntax.Expression:
        what = node.place.text
        hint = "give it a value in the text"
        scope = self._scope_of
        if value.kind == "int" and scope is not None:
            found = symbolic(node, lambda n: self.cell_of(n, scope), self.param)
            if found is not None:
                return found
        raise Problem("S605", node.place, f"the text does not tell what '{what:.60}' is", hint)

    _scope_of: Scope | None = None

    def operand(self, node: tree.Expression, wanted: Sequence[str], scope: Scope) -> syntax.Expression:
        outer, self._scope_of = self._scope_of, scope
        try:
            return super().operand(node, wanted, scope)
        finally:
            self._scope_of = outer


def _resolved(call: syntax.Call, runner: Runner) -> syntax.Call:
    """The call with numbers for the parameters, so that its kernel can be looked at by itself."""
    return replace(call, args=tuple(_number_for(a, runner) for a in call.args))


def _number_for(node: syntax.Expression, runner: Runner) -> syntax.Expression:
    names = set(syntax.names_used(node))
    if names & set(runner.params):
        return syntax.Number(node.span, 1)
    return node


def _gives(node: tree.Expression | None) -> bool:
    """Whether an expression is a host call, or what one gives as another type."""
    while isinstance(node, tree.Cast):
        node = node.operand
    return isinstance(node, tree.Call) and called(node) in isa.HOST


def buffer_name(node: tree.Expression) -> str | None:
    """The name of the memory or display that an operand stands for; "" for NULL, None if it is no such thing."""
    while True:
        match node:
            case tree.Number() if node.value == 0:
                return ""
            case tree.Name():
                return "" if node.name in ("NULL", "nullptr") else node.name
            case tree.Member():
                return node.name
            case tree.Unary() if node.operator in ("&", "*"):
                node = node.operand
            case tree.Index():
                node = node.base
            case tree.Binary():
                node = node.left
            case tree.Cast():
                node = node.operand
            case tree.Call() if isinstance(node.callee, tree.Member):
                node = node.callee.base  # buffer.data()
            case _:
                return None


__all__ = ["Runner", "buffer_name"]
