"""Declarations: constants, parameters, aliases, scratch, kernels, macros and the files they come from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from scamp_sim.chip import isa
from scamp_sim.chip.program import Input, Origin
from scamp_sim.compiler.expand.context import BEGIN, END, Context
from scamp_sim.compiler.expand.evaluate import LARGEST, MOST_BITS, Evaluator
from scamp_sim.compiler.expand.resolve import native_named
from scamp_sim.compiler.expand.values import KINDS, Reg, Scope, Value, describe, expected, fits, show
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.names import unsupported
from scamp_sim.compiler.front.parse import parse
from scamp_sim.compiler.front.reporter import Failed
from scamp_sim.compiler.front.source import Unreadable, read
from scamp_sim.compiler.front.syntax_errors import KEYWORDS
from scamp_sim.reading import nearest_file
from scamp_sim.text import short

MOST_SCRATCH = 1000


class Declarations:
    """What the text declares. `load` fills it; statements inside kernels and macros declare through it too."""

    def __init__(self, context: Context, evaluate: Evaluator, params: Mapping[str, Any]) -> None:
        self.context = context
        self.evaluate = evaluate
        self.given = params
        self.placeholders = False
        self.within: tuple[Path, ...] | None = None
        self.scope = context.scope
        self.program: syntax.ProgramDecl | None = None
        self.bare: list[syntax.Item] = []
        self.inputs: list[Input] = []
        self.outputs: list[syntax.OutputDecl] = []
        self.params: dict[str, Value] = {}
        self.asked: dict[str, None] = {}
        self.aliased: dict[str, Origin] = {}
        self.state: dict[str, Origin] = {}
        self.shape: tuple[int, int] | None = None
        self.files: list[syntax.File] = []
        self._own: dict[str, Origin] = {}
        self._open: list[Path] = []
        self._seen: set[Path] = set()

    # --- files -------------------------------------------------------------------------------------------------

    def load(self, file: syntax.File) -> None:
        """Take in the user's text and what it includes."""
        path = Path(file.source.name)
        if file.source.name != "<text>":
            self._seen.add(path.resolve())
            self._open.append(path)
        self._load(file, main=True)
        report = self.context.reporter
        for name in self.given:
            if name not in self.asked:
                near = isa.did_you_mean(name, self.asked)
                hint = f"it declares {', '.join(self.asked)}" if self.asked else "it declares no params"
                if name in self._own:
                    hint = f"'{name}' is declared, but not as a param: only params can be given"
                report.error(file.source.span(1, 1, 1, 1), "S208", f"the source has no param '{name}'{near}", hint)
        known = set(self.context.callable_names())
        routines = tuple(
            i for i in file.items if isinstance(i, syntax.MacroDecl) or (isinstance(i, syntax.KernelDecl) and i.formals)
        )
        for call in _calls(routines):
            # nothing else looks into macros and kernels that are never expanded
            if call.name not in known and call.name not in (BEGIN, END) and call.name not in self.context.broken:
                near = isa.did_you_mean(call.name, known)
                hint = "" if near else "'scamp-sim isa' lists all instructions"
                message, hint = unsupported(call.name) or (f"unknown instruction '{call.name}'{near}", hint)
                report.error(call.span, "S201", message, hint)

    def _load(self, file: syntax.File, main: bool) -> None:
        self.files.append(file)
        for item in file.items:
            if isinstance(item, (syntax.MacroDecl, syntax.KernelDecl)):
                self._try(self._routine, item)
        for item in file.items:
            self._try(lambda item: self._item(item, file, main), item)
        if main and self.bare and (self.context.kernels or self.program):
            self.context.reporter.error(
                self.bare[0].span,
                "S109",
                "a call outside any kernel",
                "in a source with kernel blocks, words go in a kernel, and launches and host calls in program { ... }",
            )
            self.bare.clear()

    def _try(self, action: Callable[[Any], None], item: syntax.Item) -> None:
        try:
            action(item)
        except Failed:
            self.give_up(item)

    def give_up(self, item: syntax.Item) -> None:
        """After an error: what the item would have declared must not be called unknown as well."""
        if isinstance(item, (syntax.Const, syntax.Param, syntax.Registers, syntax.MacroDecl, syntax.KernelDecl)):
            self.context.broken.add(item.name)

    def _item(self, item: syntax.Item, file: syntax.File, main: bool) -> None:
        match item:
            case syntax.Include():
                self._include(item, file)
            case syntax.Const():
                self.constant(item, self.scope)
            case syntax.Param():
                self._param(item)
            case syntax.ArrayDecl():
                self._array(item)
            case syntax.StateDecl():
                self._state(item)
            case syntax.InputDecl():
                self._input(item)
            case syntax.Registers():
                self.registers(item, self.scope)
            case syntax.KernelDecl() | syntax.MacroDecl():
                pass
            case _ if not main:
                self._fail(
                    item.span, "S109", "an included file may hold declarations only", "put this into the main file"
                )
            case syntax.OutputDecl():
                self.outputs.append(item)
            case syntax.ProgramDecl():
                if self.program is not None:
                    self._fail(
                        item.span,
                        "S205",
                        f"a program is already declared at line {self.program.span.line}",
                        "a source has one program: merge them",
                    )
                self.program = item
            case _:
                self.bare.append(item)

    def _include(self, item: syntax.Include, file: syntax.File) -> None:
        base = Path() if file.source.name == "<text>" else Path(file.source.name).parent
        path = base / item.path
        try:
            key = path.resolve()
        except (OSError, ValueError):  # a name that no file can have
            self._fail(
                item.span, "S108", f"cannot include {item.path[:60]!r}: not the name of a file", "check the name"
            )
        if self.within is not None and not any(key.is_relative_to(folder) for folder in self.within):
            shown = short(item.path, 80)
            self._fail(
                item.span,
                "S108",
                f"cannot include '{shown}': it lies outside the folder of this text",
                "copy it beside the text, and include it from there",
            )
        if key in [p.resolve() for p in self._open]:
            chain = " > ".join([*(p.name for p in self._open), path.name])
            self._fail(item.span, "S108", f"'{item.path}' includes itself: {chain}", "remove one of these includes")
        if key in self._seen:
            return
        self._seen.add(key)
        try:
            text = read(path)
        except Unreadable as error:
            near, shown = nearest_file(path), short(item.path, 80)
            self._fail(item.span, "S108", f"cannot include '{shown}': {short(error.reason, 160)}{near}", error.hint)
        tree = parse(syntax.Source(str(path), text), self.context.reporter)
        if tree is None:
            raise Failed
        self._open.append(path)
        self._load(tree, main=False)
        self._open.pop()

    # --- names -------------------------------------------------------------------------------------------------

    def _fail(self, span: Origin, code: str, message: str, hint: str = "") -> NoReturn:
        self.context.fail(span, code, message, hint)

    def free(self, name: str, span: Origin, macro: bool = False) -> None:
        """Give up if a name means something else already; macros may share the names of macros."""
        meaning = ""
        if name in isa.ALL_REGISTERS or name in isa.ALIASES:
            meaning = "a register"
        elif name in isa.DIRECTIONS:
            meaning = "a direction"
        elif native_named(name) is not None:
            meaning = "an instruction"
        elif name in isa.HOST or name in (BEGIN, END):
            meaning = "a host function"
        elif name in KEYWORDS:
            meaning = "a keyword"
        elif name in self.context.macros and not macro:
            meaning = "a macro"
        if meaning:
            self._fail(span, "S205", f"the name '{name}' is taken: it is {meaning}", "choose another name")

    def _declare(self, name: str, span: Origin, scope: Scope, value: Value) -> None:
        self.free(name, span)
        if scope is self.scope:
            self._once(name, span)
        elif name in scope.names:
            self._fail(span, "S205", f"'{name}' is already declared", "choose another name")
        scope.names[name] = value

    def _once(self, name: str, span: Origin) -> None:
        if name in self._own:
            other = self._own[name]
            where = f"at line {other.line}" if other.file == span.file else f"in {other.file}, line {other.line}"
            self._fail(span, "S205", f"'{name}' is already declared {where}", "choose another name")
        self._own[name] = span

    def _routine(self, item: syntax.MacroDecl | syntax.KernelDecl) -> None:
        if isinstance(item, syntax.KernelDecl):
            self.free(item.name, item.span)
            self._once(item.name, item.span)
            for name in item.formals:
                self.free(name, item.span)
            self._distinct(item.formals, item.span)
            self.context.kernels[item.name] = item
            return
        self.free(item.name, item.span, macro=True)
        for formal in item.formals:
            self.free(formal.name, formal.span)
            if formal.kind not in KINDS:
                near = isa.did_you_mean(formal.kind, KINDS)
                self._fail(
                    formal.span, "S203", f"unknown operand kind '{formal.kind}'{near}", f"there are {', '.join(KINDS)}"
                )
        self._distinct([f.name for f in item.formals], item.span)
        late = [f for a, f in zip(item.formals, item.formals[1:], strict=False) if a.default and not f.default]
        if late:
            self._fail(
                late[0].span,
                "S203",
                f"'{late[0].name}' has no default, but the operand before it has",
                "operands with defaults come last",
            )
        kinds = [f.kind for f in item.formals]
        for other in self.context.macros.get(item.name, ()):
            if [f.kind for f in other.formals] == kinds:
                where = (
                    "is already a built-in macro" if other.prelude else f"is already declared at line {other.span.line}"
                )
                self._fail(
                    item.span,
                    "S205",
                    f"{item.signature} with operands of these kinds {where}",
                    "choose another name; macros share one only if number or kinds of operands differ",
                )
        self.context.macros[item.name] = (*self.context.macros.get(item.name, ()), item)

    def _distinct(self, names: Iterable[str], span: Origin) -> None:
        seen: set[str] = set()
        for name in names:
            if name in seen:
                self._fail(span, "S205", f"two parameters are called '{name}'", "choose another name for one")
            seen.add(name)

    # --- values ------------------------------------------------------------------------------------------------

    def register(self, node: syntax.Expression, scope: Scope, what: str) -> Reg:
        """The register that an expression names."""
        value = self.evaluate.value(node, scope)
        if not isinstance(value, Reg):
            self._fail(node.span, "S203", f"{what} must be a register, got {describe(value)}")
        return value

    def constant(self, item: syntax.Const, scope: Scope) -> None:
        value = self.evaluate.value(item.value, scope)
        dims = self._dims(item.dims, scope)
        problem = misshapen(value, dims) if dims else None
        if problem:
            self._fail(
                item.value.span,
                "S215",
                f"'{item.name}' is declared as {_shape(item.name, dims)}: {problem}",
                "make the declaration and the value agree",
            )
        self._declare(item.name, item.span, scope, value)

    def _dims(self, nodes: tuple[syntax.Expression, ...], scope: Scope) -> tuple[int, ...]:
        dims = tuple(self.evaluate.integer(d, scope) for d in nodes)
        for node, size in zip(nodes, dims, strict=True):
            if size < 1:
                self._fail(node.span, "S215", f"a table cannot have {size} elements", "a size is 1 or more")
        return dims

    def _input(self, item: syntax.InputDecl) -> None:
        register = self.register(item.target, self.scope, "the target of an input")
        if register.name in isa.PORTS or register.name in (*isa.SPECIAL_BITS, "IN"):
            self._fail(
                item.target.span,
                "S203",
                f"an input cannot go to {describe(register)}",
                "inputs go to PIX, A-F, NEWS or R0-R12",
            )
        for other in self.inputs:
            if other.name == item.name:
                self._fail(item.span, "S205", f"input '{item.name}' is already declared", "choose another name")
            if other.register == register.name:
                self._fail(
                    item.span,
                    "S205",
                    f"input '{other.name}' already goes to {register.name}",
                    "choose another register",
                )
        self.inputs.append(Input(item.name, register.name, item.span))

    def _array(self, item: syntax.ArrayDecl) -> None:
        rows, columns = (self.evaluate.integer(n, self.scope) for n in (item.rows, item.columns))
        for size, node in ((rows, item.rows), (columns, item.columns)):
            if size % 64 or not 64 <= size <= 1024:
                self._fail(
                    node.span, "S206", f"rows and columns of an array must be multiples of 64 up to 1024, got {size}"
                )
        if self.shape not in (None, (rows, columns)):
            self._fail(item.span, "S205", "the array has already been declared with another size")
        self.shape = (rows, columns)

    def _state(self, item: syntax.StateDecl) -> None:
        register = self.register(item.register, self.scope, "state")
        if register.scratch or register.name not in (*isa.ANALOG, *isa.DIGITAL):
            self._fail(
                item.span,
                "S203",
                f"{describe(register)}, cannot hold state between runs",
                "name one of A-F, NEWS or R0-R12",
            )
        self.state.setdefault(register.name, item.span)
        self.aliased.setdefault(register.name, item.span)

    def registers(self, item: syntax.Registers, scope: Scope) -> None:
        """An alias, or scratch: one register or several."""
        size = None if item.size is None else self._dims((item.size,), scope)[0]
        value: Value
        if item.value is None:
            if size is not None and size > MOST_SCRATCH:
                assert item.size is not None
                self._fail(
                    item.size.span, "S402", f"{size} scratch registers: the chip has 6 analog and 13 digital ones"
                )
            # free the name before the allocator hears of it
            self.free(item.name, item.span)
            fresh = self.context.fresh
            if size is None:
                value = fresh(item.name, item.kind, item.span)
            else:
                value = tuple(fresh(f"{item.name}[{i}]", item.kind, item.span) for i in range(size))
            self._declare(item.name, item.span, scope, value)
            return
        value = self.evaluate.value(item.value, scope)
        problem = misshapen(value, (size,)) if size is not None else None
        if problem:
            assert size is not None
            self._fail(
                item.value.span,
                "S215",
                f"'{item.name}' is declared as {_shape(item.name, (size,))}: {problem}",
                "make the declaration and the list of registers agree",
            )
        for register in value if isinstance(value, tuple) else (value,):
            source = {"areg": "asrc", "dreg": "dsrc"}[item.kind]
            if not fits(source, register):
                self._fail(
                    item.value.span,
                    "S203",
                    f"{item.kind} '{item.name}': expected {expected(source)}, got {describe(register)}",
                )
            if isinstance(register, Reg) and not register.scratch and scope is self.scope:
                self.aliased.setdefault(register.name, item.span)
        self._declare(item.name, item.span, scope, value)

    # --- parameters --------------------------------------------------------------------------------------------

    def _param(self, item: syntax.Param) -> None:
        self.asked[item.name] = None
        dims = self._dims(item.dims, self.scope)
        shape = _shape(item.name, dims)
        if item.name in self.given:
            try:
                value = plain(self.given[item.name])
            except ValueError as error:
                self._fail(item.span, "S208", f"param '{item.name}': {error}", f"it is declared as {shape}")
            origin = "the given value"
        elif item.default is not None:
            value = self.evaluate.value(item.default, self.scope)
            origin = "its default"
        elif self.placeholders:
            value = self._placeholder(item, dims)
            origin = "the placeholder"
        else:
            self._fail(
                item.span,
                "S208",
                f"param '{item.name}' has no default, and no value was given",
                f"give one: params={{'{item.name}': ...}}, or --set {item.name}=... on the command line",
            )
        problem = misshapen(value, dims)
        if not problem and item.allowed is not None:
            problem = self._not_allowed(item.allowed, value)
        if problem:
            hint = f"it is declared as {shape}" if dims else "give it one of the allowed values"
            self._fail(item.span, "S208", f"param '{item.name}': {origin} is not allowed: {problem}", hint)
        self._declare(item.name, item.span, self.scope, value)
        self.params[item.name] = value

    def _placeholder(self, item: syntax.Param, dims: Sequence[int]) -> Value:
        """A value that the declaration allows: the one nearest to 1 of a range, the first of a list, else 1."""
        value: Value = 1
        if isinstance(item.allowed, syntax.Range):
            low = self.evaluate.integer(item.allowed.start, self.scope)
            high = self.evaluate.integer(item.allowed.stop, self.scope)
            value = low if item.allowed.step is not None else min(max(1, low), high)
        elif item.allowed is not None:
            choice = self.evaluate.value(item.allowed, self.scope)
            value = choice[0] if isinstance(choice, tuple) and choice else choice
        for size in reversed(dims):
            value = (value,) * size
        return value

    def _not_allowed(self, allowed: syntax.Iterable, value: Value) -> str:
        evaluate = self.evaluate
        inside: Any
        if isinstance(allowed, syntax.Range):
            low, high = evaluate.integer(allowed.start, self.scope), evaluate.integer(allowed.stop, self.scope)
            step = 1 if allowed.step is None else evaluate.integer(allowed.step, self.scope)
            if low > high:
                self._fail(
                    allowed.span,
                    "S208",
                    f"the range {low}..{high} holds no value",
                    f"both ends are allowed; write {high}..{low}",
                )
            inside = range(low, high + 1, max(step, 1))
            text = f"{low}..{high}" + (f" step {step}" if step > 1 else "")
        else:
            choice = evaluate.value(allowed, self.scope)
            inside = choice if isinstance(choice, tuple) else (choice,)
            text = show(choice)
        for place, number in _elements(value):
            if number not in inside:
                where = f" at {place}" if place else ""
                return f"{show(number)}{where} is not in {text}"
        return ""


def _elements(value: Value, place: str = "") -> Iterator[tuple[str, Value]]:
    if isinstance(value, tuple):
        for number, part in enumerate(value):
            yield from _elements(part, f"{place}[{number}]")
    else:
        yield place, value


def _shape(name: str, dims: tuple[int, ...]) -> str:
    return name + "".join(f"[{d}]" for d in dims)


def misshapen(value: Value, dims: tuple[int, ...], place: str = "") -> str:
    """What is wrong with the shape of a table, or ""."""
    where = f"{place}: " if place else ""
    if not dims:
        return f"{where}expected a number, got {describe(value)}" if isinstance(value, tuple) else ""
    if not isinstance(value, tuple):
        return f"{where}expected {dims[0]} elements, got {describe(value)}"
    if len(value) != dims[0]:
        return f"{where}expected {dims[0]} element{'s' * (dims[0] != 1)}, got {len(value)}"
    for number, part in enumerate(value):
        problem = misshapen(part, dims[1:], f"{place}[{number}]")
        if problem:
            return problem
    return ""


def plain(value: Any, place: str = "") -> Value:
    """A caller's value as integers and nested tuples. Raises ValueError for anything else."""
    where = f" at {place}" if place else ""
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        value = value.tolist()  # NumPy arrays and scalars, without importing NumPy
    if isinstance(value, bool):
        raise ValueError(f"expected an integer{where}, got {value}; write {int(value)}")
    if isinstance(value, int):
        if value.bit_length() > 2 * MOST_BITS:
            raise ValueError(f"the integer{where} has {value.bit_length()} bits; {LARGEST}")
        return value
    if isinstance(value, float):
        if math.isfinite(value) and value == int(value):
            return int(value)
        raise ValueError(f"expected an integer{where}, got {value}")
    if isinstance(value, (list, tuple)):
        return tuple(plain(part, f"{place}[{number}]") for number, part in enumerate(value))
    raise ValueError(f"expected an integer or a table of integers{where}, got {type(value).__name__} {value!r}")


def _calls(node: object) -> Iterator[syntax.Call]:
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, tuple):
            waiting += reversed(item)
        elif isinstance(item, (syntax.MacroDecl, syntax.KernelDecl, syntax.For)):
            waiting.append(item.body)
        elif isinstance(item, syntax.If):
            waiting += [item.otherwise, item.then]
        elif isinstance(item, syntax.Call):
            yield item
