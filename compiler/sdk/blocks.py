"""The kernels of a C++ text, each by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from scamp_sim.chip.program import Origin, Program
from scamp_sim.compiler.expand.values import Dirs, Reg
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import CompileError, Diagnostic
from scamp_sim.compiler.sdk import tree
from scamp_sim.compiler.sdk.calls import Caller
from scamp_sim.compiler.sdk.evaluate import Exhausted, Problem
from scamp_sim.compiler.sdk.execute import Jump
from scamp_sim.compiler.sdk.lexer import Place, Text
from scamp_sim.compiler.sdk.names import kernel_name
from scamp_sim.compiler.sdk.operands import register_kind, settle
from scamp_sim.compiler.sdk.preprocess import Preprocessor, TooMuch, decoded, holds_marks
from scamp_sim.compiler.sdk.scope import Cell, Closure, KernelValue, Pointer, Recording, Scope, Unknown, Value, show
from scamp_sim.compiler.sdk.statements import read
from scamp_sim.compiler.sdk.stubs import gui
from scamp_sim.compiler.sdk.survey import Survey
from scamp_sim.compiler.sdk.unparse import text as unparsed

MOST_LOOKED = 120_000
"""Statements followed from one function while kernels are looked for."""


@dataclass(frozen=True)
class Block:
    """A kernel that stands in a C++ text.

    kind: "static", "dynamic", "lambda" or "dynamic lambda". span: from its begin mark to its end mark. program: the
    kernel launched once, None unless `ok`. diagnostics: why it is not ok, and warnings. text: the kernel in our own
    language, of the same words. placeholders: what was assumed of variables and conditions, by name.
    """

    name: str
    kind: str
    line: int
    span: Origin
    ok: bool
    diagnostics: tuple[Diagnostic, ...] = ()
    program: Program | None = None
    text: str = ""
    placeholders: Mapping[str, str] = field(default_factory=dict)


def extract_kernels(text: str, *, file: str = "<text>") -> list[Block]:
    """Every kernel of a C++ text, in order of the text; what is wrong with one is in its `diagnostics`.

    `file`: what messages call the text. If it is the path of a file, what it includes from beside it is read too.
    Raises CompileError for a text that expands beyond all bounds.
    """
    source = Text(file, text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    try:
        found = _reading(source, second=False, known=set(), names=set())
    except (TooMuch, RecursionError) as error:
        raise CompileError((too_much(error, source),)) from None
    return sorted(found, key=lambda b: (b.line, b.span.column))


def extract_from(path: Path) -> list[Block]:
    """As `extract_kernels`, of a file. Raises OSError, and CompileError."""
    return extract_kernels(decoded(path.read_bytes()), file=str(path))


def too_much(error: TooMuch | RecursionError, source: Text) -> Diagnostic:
    """The message about a text that grows or nests beyond all use."""
    if isinstance(error, TooMuch):
        return Diagnostic.at(error.place.origin, "S403", "error", error.what, hint="are there macros that double?")
    return Diagnostic.at(source.origin(0, 0), "S404", "error", "C++ nested too deeply", hint="flatten its blocks")


def statements_of(source: Text, second: bool = False) -> tuple[tuple[tree.Statement, ...], Preprocessor]:
    """The statements of a text. Of one without kernel marks, marks in comments count. Raises TooMuch."""
    pre = Preprocessor(second)
    words = pre.run(source)
    if not holds_marks(words):
        again = Preprocessor(second, marks_in_comments=True)
        marked = again.run(source)
        if holds_marks(marked):
            pre, words = again, marked
    return read(words), pre


def _reading(source: Text, second: bool, known: set[int], names: set[str]) -> list[Block]:
    statements, pre = statements_of(source, second)
    looker = Looker(Survey(statements), known, names)
    looker.look(statements)
    for macro in pre.defined:
        # a macro that nobody calls here may hold kernels all the same
        if macro.place.source.main and macro.name not in pre.used and holds_marks(macro.body):
            looker.title = macro.name
            looker.leftover(read(pre.expand_body(macro)))
    found = looker.blocks
    if pre.unsure and not second:
        found = found + _reading(source, True, known, names)
    return found


class Looker(Caller):
    """Looks through a text: every kernel is met once, with what its variables hold when it is met first."""

    looking = True

    def __init__(self, survey: Survey, known: set[int], names: set[str]) -> None:
        super().__init__(survey, {})
        self.known = known
        self.blocks: list[Block] = []
        self.names = names
        self.title = ""
        self.open: tuple[Recording, Place, Place] | None = None
        self.implicit = not survey.kernels and not survey.objects
        self._seen: set[int] = set()
        self._entered: set[int] = set()

    # --- the whole text ----------------------------------------------------------------------------------------

    def look(self, statements: Sequence[tree.Statement]) -> None:
        """Go through the text: its top level, main, the functions that nobody calls, then the rest."""
        self._guarded(lambda: self.body(statements, self.globals))
        names = list(self.functions)
        roots = [n for n in names if n not in self.survey.calls]
        for name in [*(["main"] if "main" in names else []), *roots, *names]:
            for function in self.functions[name]:
                if id(function) not in self._entered and self.survey.matters(function.body):
                    self._enter_alone(function)
        if self.implicit and not self.blocks:
            for functions in self.functions.values():
                for function in functions:
                    self._enter_alone(function)
        for kernel in self.survey.kernels:
            if id(kernel) not in self._seen:
                self._guarded(partial(self.kernel, kernel, self.globals))

    def leftover(self, statements: Sequence[tree.Statement]) -> None:
        """Kernels of statements that stand nowhere."""
        self._guarded(lambda: self.body(statements, Scope(self.globals)))

    def _enter_alone(self, function: tree.Function) -> None:
        self._guarded(lambda: self.invoke(Closure(function, self.globals), None, self.globals))

    def _guarded(self, action: Callable[[], object]) -> None:
        self.limit = self.steps + MOST_LOOKED
        with suppress(Exhausted, Jump, Problem):
            action()
        self.close()
        self.limit = self.steps + MOST_LOOKED

    def warn(self, diagnostic: Diagnostic) -> None:
        pass  # about the host program: the kernels are what counts here

    def enter(self, closure: Closure) -> bool:
        if self.recording is not None:
            return True
        node = closure.node
        if not (self.survey.matters(node.body) or self.implicit):
            return True
        if id(node) in self._entered:
            return False
        self._entered.add(id(node))
        if isinstance(node, tree.Function):
            self.title = node.name
        return True

    def invoke(self, closure: Closure, node: tree.Call | None, scope: Scope) -> Value:
        title = self.title
        if self.recording is None:
            self.close()
        try:
            return super().invoke(closure, node, scope)
        finally:
            if self.recording is None:
                self.close()
            self.title = title

    # --- kernels -----------------------------------------------------------------------------------------------

    def kernel(self, node: tree.Kernel, scope: Scope) -> None:
        self.close()
        if id(node) in self._seen:
            return
        self._seen.add(id(node))
        if not node.place.source.main or node.place.start in self.known:
            return
        recording = self.record(node.body, scope, node.place)
        if node.problem:
            hint = "begin and end marks stand in one block of braces"
            recording.errors.append(Diagnostic.at(node.place.origin, "S603", "error", node.problem, hint=hint))
        kind = "dynamic" if node.dynamic else "static"
        self._add(recording, node.place, node.place.to(node.end), kind, self.title, node.dynamic)

    def meet(self, kernel: KernelValue) -> None:
        node = kernel.closure.node
        if id(node) in self._seen or self.recording is not None:
            return
        self._seen.add(id(node))
        self._entered.add(id(node))
        if self._has_marks(node) or not node.place.source.main or node.place.start in self.known:
            return
        scope = Scope(kernel.closure.scope)
        self._bind(node, None, scope, scope)
        recording = self.record(node.body.body, scope, node.place)
        dynamic = kernel.storage == "dynamic"
        kind = "dynamic lambda" if dynamic else "lambda"
        self._add(recording, node.place, node.body.place, kind, kernel.name or self.title, dynamic)

    def _has_marks(self, node: tree.Function | tree.Lambda) -> bool:
        found = [s for s in node.body.body if isinstance(s, tree.Kernel)]
        if found:
            self.body(node.body.body, Scope(self.globals))
        return bool(found)

    def launch(self, kernel: KernelValue, place: Place) -> None:
        self.meet(kernel)

    def bare(self, node: tree.Call, name: str, scope: Scope) -> None:
        """In a text without kernel marks, calls of the array that follow one another are a kernel."""
        if not self.implicit:
            return
        recording, first, last = self.open or (Recording(), node.place, node.place)
        if last.source is not node.place.source or node.place.start < first.start:
            self.close()
            recording, first = Recording(), node.place
        self.open = recording, first, node.place
        self.record_one(recording, node, name, scope)

    def close(self) -> None:
        """End the kernel that calls without marks make."""
        if self.open is None:
            return
        recording, first, last = self.open
        self.open = None
        if first.start not in self.known and first.source.main:
            self._add(recording, first, first.to(last), "static", self.title, False)

    def _add(self, recording: Recording, place: Place, span: Place, kind: str, title: str, dynamic: bool) -> None:
        self.known.add(place.start)
        settle(recording)
        name = kernel_name(title, self.names)
        self.names.add(name)
        self.blocks.append(made_block(recording, name, kind, place, span, "dynamic" if dynamic else "static"))

    # --- values ------------------------------------------------------------------------------------------------

    def read(self, cell: Cell, place: Place) -> Value:
        value = cell.value
        known = isinstance(value, (int, float, Reg, Dirs))
        if self.recording is not None and known and not cell.const and cell.role != "local":
            self.recording.placeholders.setdefault(cell.name, show(value))
        return value

    def host_call(self, node: tree.Call, name: str, scope: Scope) -> Value:
        self.close()
        for arg in node.args:
            self._look_into(self.value(arg, scope))
        return Unknown(node.place.text, "int", node.place)

    def library(self, name: str, node: tree.Call, args: list[Value]) -> Value:
        for value in args:
            self._look_into(value)
        return gui(name, node, args, {})

    def _look_into(self, value: Value) -> None:
        """A function that is handed on will be called by somebody."""
        if isinstance(value, Pointer):
            value = value.cell.value
        if isinstance(value, Closure) and self.recording is None and self.survey.matters(value.node.body):
            self._guarded_inside(value)

    def _guarded_inside(self, closure: Closure) -> None:
        with suppress(Jump, Problem):
            self.invoke(closure, None, closure.scope)

    def unknown_operand(self, value: Unknown, wanted: Sequence[str], node: tree.Expression) -> syntax.Expression:
        span = node.place.origin
        assert self.recording is not None
        kind = register_kind(value, wanted)
        if kind:
            self.recording.unknown.setdefault(value.name, (kind, node.place))
            return syntax.Name(span, f"?{value.name}")
        assumed = "north" if value.kind == "dir" or set(wanted) & {"dir", "dirs"} else "1"
        self.recording.placeholders[value.name] = assumed
        self.recording.warn(
            Diagnostic.at(
                span, "W601", "warning", f"'{value.name}' is not known in this text: {assumed} stands for it",
                hint="give it a value in the text",
            )
        )  # fmt: skip
        return syntax.Name(span, assumed) if assumed == "north" else syntax.Number(span, 1)


def made_block(recording: Recording, name: str, kind: str, place: Place, span: Place, storage: str) -> Block:
    """A recorded kernel with its program, if it has one."""
    from scamp_sim.compiler.program import assemble_tree

    origin = span.origin
    doc = f"From {place.source.name}, line {place.line}."
    if recording.placeholders:
        assumed = ", ".join(f"{' '.join(n.split())} = {v}" for n, v in recording.placeholders.items())
        doc += f" Assumed: {assumed}."
    decl = syntax.KernelDecl(place.origin, name, (), tuple(recording.calls), doc, storage)
    written = unparsed([decl])
    source = syntax.Source(place.source.name, place.source.text)
    errors, program = list(recording.errors), None
    try:
        program = assemble_tree(syntax.File(source, (decl,)), name)
    except CompileError as error:
        errors += [d for d in error.diagnostics if d.severity == "error"]
    if errors or program is None:
        errors.sort(key=lambda d: (d.file, d.line, d.column))
        found = (*errors, *recording.warnings)
        return Block(name, kind, place.line, origin, False, found, None, written, recording.placeholders)
    found = (*recording.warnings, *program.diagnostics)
    return Block(name, kind, place.line, origin, True, found, program, written, recording.placeholders)
