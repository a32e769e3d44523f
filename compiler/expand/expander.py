"""Syntax tree -> words: loops unrolled, calls resolved, macros expanded. Scratch registers keep their own names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from scamp_sim.chip import isa
from scamp_sim.chip.program import Launch, Origin, Step, Word, cell
from scamp_sim.compiler.checks.check import word_hazards
from scamp_sim.compiler.expand.declare import Declarations
from scamp_sim.compiler.expand.evaluate import Evaluator, Scope
from scamp_sim.compiler.expand.launch import BEGIN, END, Launcher
from scamp_sim.compiler.expand.resolve import Mismatch, explain, macro_mismatch, native_named, native_operands
from scamp_sim.compiler.expand.values import Reg, Value, describe, expected, fits, flat, registers_in, show
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.front.names import unsupported
from scamp_sim.compiler.front.reporter import Failed, Reporter

MOST_WORDS = 4 * isa.STORE_WORDS
"""Words of one kernel: beyond that the rest is not worth expanding, it cannot fit."""

MOST_TOTAL = 16 * isa.STORE_WORDS
"""Words of all kernels of one text."""

MOST_CALLS = 50_000
"""Macro calls of one text: each costs time, even if no word comes out of it."""

MOST_MACROS = 64
"""Macros inside each other."""

LOOPS_IN_KERNEL = f"loops are unrolled: the kernel store holds {isa.STORE_WORDS:,} words"
LOOPS_IN_PROGRAM = "loops of the program are unrolled into its steps: repeat the run in Python"


@dataclass(frozen=True, slots=True)
class Emitted:
    """A word with what the checks and the allocator ask about it.

    `named`: registers that the user's call statement named. `mine`: registers of this very word that the user's text
    named, be it in the statement, in an alias or in a macro of their own.
    """

    word: Word
    named: frozenset[str]
    mine: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scratch:
    """A register that the allocator is to choose. `kernel`: the kernel that it lives in, or None: the whole run."""

    name: str
    kind: str
    span: Origin
    kernel: str | None


@dataclass
class Frame:
    """A macro that is being expanded. `writes`: cell -> the names under which the words so far wrote it."""

    macro: syntax.MacroDecl
    call: Origin
    writes: dict[str, set[str]] = field(default_factory=dict)


class Expander:
    """Expands one text. After `run`: `kernels`, `steps`, `scratch` and what `declared` found in the declarations."""

    def __init__(self, reporter: Reporter, params: dict[str, Any] | None = None, name: str = "kernel") -> None:
        self.reporter = reporter
        self.name = name
        self.evaluate = Evaluator(self)
        self.declared = Declarations(self, params or {})
        self.kernels: dict[str, list[Emitted]] = {}
        self.kernel_spans: dict[str, Origin] = {}
        self.storage: dict[str, str] = {}
        self.launcher = Launcher(self)
        self.scratch: dict[str, Scratch] = {}
        self.frames: list[Frame] = []
        self.statement: Origin | None = None
        self.named: frozenset[str] = frozenset()
        self.kernel: str | None = None
        self.words: list[Emitted] = []
        self.total = 0
        self.calls = 0
        self._origins: dict[tuple[str, ...], Origin] = {}

    @property
    def steps(self) -> list[Step]:
        """The steps of the run so far."""
        return self.launcher.steps

    # --- giving up ---------------------------------------------------------------------------------------------

    def fail(self, span: Origin, code: str, message: str, hint: str = "", notes: Sequence[str] = ()) -> NoReturn:
        """Report at `span`; what goes wrong inside the prelude is shown at the user's own statement."""
        if self.frames:
            if self.frames[-1].macro.prelude and self.statement is not None:
                span = self.statement
            else:
                notes = (*notes, *self._chain())
        self.reporter.fail(span, code, message, hint, notes)

    def stop(self, span: Origin, code: str, message: str, hint: str = "") -> NoReturn:
        """Report and end the run: going on would only take long."""
        try:
            self.fail(span, code, message, hint)
        except Failed:
            self.reporter.stop()

    def _fail_statement(self, code: str, message: str, hint: str = "", notes: Sequence[str] = ()) -> NoReturn:
        """Report at the user's outermost call."""
        assert self.statement is not None
        self.reporter.fail(self.statement, code, message, hint, notes)

    def _chain(self) -> list[str]:
        chain = [f"in macro {f.macro.name}, called at {f.call.file}:{f.call.line}" for f in reversed(self.frames)]
        return chain if len(chain) <= 8 else [*chain[:4], f"in {len(chain) - 6} more macros", *chain[-2:]]

    def is_broken(self, name: str) -> bool:
        """Whether a name's declaration has failed, and been reported."""
        return name in self.declared.broken

    def other_meaning(self, name: str) -> str:
        """What a name is, if it is something other than a value."""
        if native_named(name) is not None:
            return "an instruction"
        if name in self.declared.macros:
            return "a macro"
        if name in self.declared.kernels:
            return "a kernel"
        if name in isa.HOST or name in (BEGIN, END):
            return "a host function"
        return ""

    # --- the whole text ----------------------------------------------------------------------------------------

    def run(self, file: syntax.File) -> None:
        """Expand everything. Errors are in the reporter afterwards."""
        declared = self.declared
        declared.load(file)
        top = declared.scope
        if declared.bare:
            self._bare(declared.bare, top)
        elif declared.program is not None:
            self.block(declared.program.body, top, "program")
        elif len(declared.kernels) == 1:
            self._only_kernel(next(iter(declared.kernels.values())))
        elif declared.kernels:
            spans = [k.span for k in declared.kernels.values()]
            names = ", ".join(declared.kernels)
            self.reporter.error(
                spans[1], "S110", f"there are {len(spans)} kernels ({names}) and nothing says when they run",
                f"add: program {{ {' '.join(f'{n}();' for n in declared.kernels)} }}",
            )  # fmt: skip
        elif not self.reporter.failed:
            self.reporter.error(
                file.source.span(1, 1, 1, 1), "S110", "there is nothing to run: no calls, no kernel, no program",
                "texts of macros and constants alone are for 'include'",
            )  # fmt: skip
        for output in declared.outputs:
            self._guarded(output, top, "program")
        self._unlaunched()

    def _only_kernel(self, kernel: syntax.KernelDecl) -> None:
        if kernel.formals:
            self.reporter.error(
                kernel.span, "S110", f"kernel '{kernel.name}' has parameters, and nothing launches it",
                f"add: program {{ {kernel.name}({', '.join('0' for _ in kernel.formals)}); }}",
            )  # fmt: skip
            return
        self.launcher.launch(kernel, (), kernel.span)

    def _unlaunched(self) -> None:
        """Expand kernels that nothing launches too, for their errors; what they store is dropped."""
        for kernel in self.declared.kernels.values():
            launched = any(k == kernel.name or k.startswith(f"{kernel.name}(") for k in self.kernels)
            if not launched and not kernel.formals:
                known = set(self.scratch)
                self.record(kernel.name, kernel.body, Scope(self.declared.scope), kernel.span)
                del self.kernels[kernel.name]
                self.scratch = {n: s for n, s in self.scratch.items() if n in known}

    def _bare(self, items: Sequence[syntax.Item], scope: Scope) -> None:
        marks = [i for i, item in enumerate(items) if isinstance(item, syntax.Call) and item.name in (BEGIN, END)]
        if not marks:
            self.record(self.name, items, scope, items[0].span)
            self.launcher.step(Launch(self.name, items[0].span))
            return
        several = sum(items[i].name == BEGIN for i in marks) > 1  # type: ignore[union-attr]
        inside: list[syntax.Item] | None = None
        begin = items[marks[0]].span
        count = 0
        for item in items:
            if isinstance(item, syntax.Call) and item.name == BEGIN:
                if inside is not None:
                    self.reporter.error(item.span, "S109", "the kernel before has not ended", f"add {END}(); before")
                inside, begin = [], item.span
            elif isinstance(item, syntax.Call) and item.name == END:
                if inside is None:
                    self.reporter.error(item.span, "S109", "there is no kernel to end here", f"add {BEGIN}(); before")
                    continue
                count += 1
                name = f"{self.name}_{count}" if several else self.name
                self.record(name, inside, scope, begin)
                self.launcher.step(Launch(name, begin))
                inside = None
            elif inside is None:
                self._guarded(item, scope, "between")
            else:
                inside.append(item)
        if inside is not None:
            self.reporter.error(begin, "S109", "this kernel does not end", f"add {END}(); after its last word")

    # --- statements --------------------------------------------------------------------------------------------

    def block(self, items: Sequence[syntax.Item], scope: Scope, place: str) -> None:
        """Statements one after the other; an error in one does not hide those of the next."""
        for item in items:
            if self.frames:
                self._statement(item, scope, place)
            else:
                self._guarded(item, scope, place)

    def _guarded(self, item: syntax.Item, scope: Scope, place: str) -> None:
        try:
            self._statement(item, scope, place)
        except Failed:
            self.frames.clear()
            self.declared.give_up(item)

    def _statement(self, item: syntax.Item, scope: Scope, place: str) -> None:
        match item:
            case syntax.Call():
                if place in ("kernel", "macro"):
                    self._call(item, scope)
                else:
                    self.launcher.command(item, scope, place)
            case syntax.For():
                self.declared.free(item.name, item.span)
                hint = LOOPS_IN_PROGRAM if place in ("program", "between") else LOOPS_IN_KERNEL
                for value in self.evaluate.each(item.iterable, scope, hint):
                    inner = Scope(scope, scope.prelude)
                    inner.names[item.name] = value
                    self.block(item.body, inner, place)
            case syntax.If():
                self.block(self._chosen(item, scope), Scope(scope, scope.prelude), place)
            case syntax.Const():
                self.declared.constant(item, scope)
            case syntax.Require():
                self._require(item, scope)
            case syntax.Registers() if place in ("kernel", "macro"):
                self.declared.registers(item, scope)
            case syntax.OutputDecl() if place in ("program", "between"):
                self.launcher.output(item, scope)
            case _:
                self._misplaced(item, place)

    def _chosen(self, item: syntax.If, scope: Scope) -> Sequence[syntax.Item]:
        """The branch to take. An else-if chain is walked along, so it can be long."""
        while not self.evaluate.integer(item.condition, scope):
            rest = item.otherwise
            if len(rest) != 1 or not isinstance(rest[0], syntax.If):
                return rest
            item = rest[0]
        return item.then

    def _misplaced(self, item: syntax.Item, place: str) -> NoReturn:
        what, home = {
            syntax.Include: ("'include'", "the top level"),
            syntax.Param: ("'param'", "the top level"),
            syntax.InputDecl: ("'input'", "the top level"),
            syntax.StateDecl: ("'state'", "the top level"),
            syntax.ArrayDecl: ("'array'", "the top level"),
            syntax.OutputDecl: ("'output'", "the top level or in the program"),
            syntax.Registers: ("a register declaration", "the top level, a kernel or a macro"),
            syntax.KernelDecl: ("'kernel'", "the top level"),
            syntax.ProgramDecl: ("'program'", "the top level"),
            syntax.MacroDecl: ("'macro'", "the top level"),
        }[type(item)]
        where = {"between": "program"}.get(place, place)
        if self.declared.bare:  # a text without kernel blocks: what is not at its top level is in a loop or an 'if'
            where = "loop or an 'if'"
        self.fail(item.span, "S109", f"{what} cannot stand in a {where}", f"its place is {home}")

    def _require(self, item: syntax.Require, scope: Scope) -> None:
        if self.evaluate.integer(item.condition, scope):
            return
        if not self.frames:
            self.fail(
                item.span, "S310", f"require failed: {item.message}", "change what the condition compares, or remove it"
            )
        macro = self.frames[-1].macro
        notes = [f"expanded from {' > '.join(f.macro.name for f in self.frames)}"] if len(self.frames) > 1 else []
        bound = {f.name: scope.find(f.name) for f in macro.formals}
        culprits = _culprits(bound, set(syntax.names_used(item.condition)))
        if macro.prelude:
            self._fail_statement("S310", f"{macro.name} cannot take these operands: {culprits}", item.message, notes)
        notes = [culprits, *notes, f"required by macro {macro.name} at {item.span.file}:{item.span.line}"]
        self._fail_statement("S310", item.message, "", [n for n in notes if n])

    # --- kernels -----------------------------------------------------------------------------------------------

    def record(self, name: str, items: Sequence[syntax.Item], scope: Scope, span: Origin) -> None:
        """Expand the body of a kernel into `kernels[name]`."""
        self.words = self.kernels[name] = []
        self.kernel_spans[name] = span
        self.kernel = name
        self.block(items, Scope(scope), "kernel")
        self.kernel = None

    def expansion(self, macro: syntax.MacroDecl, args: Sequence[Value]) -> list[Emitted]:
        """The words of one macro call by itself. Raises CompileError if it has none."""
        self.words = []
        self.kernel = macro.name
        self.statement = macro.span
        try:
            self._expand(macro, args, macro.span)
        except Failed:
            self.reporter.stop()
        return self.words

    def _call(self, item: syntax.Call, scope: Scope) -> None:
        if not self.frames:
            self.statement = item.span
            self._origins.clear()
        row = native_named(item.name)
        macros = self.declared.macros.get(item.name, ())
        if row is None and not macros and not self.other_meaning(item.name):
            self.not_in_a_kernel(item)  # the name first: who does not know it cannot tell what its operands should be
        args = self.operands(item, scope)
        if row is None and not macros:
            self.not_in_a_kernel(item)
        if not self.frames:
            self.named = frozenset(r.name for a in args for r in registers_in(a))
        tried: list[tuple[str, Mismatch]] = []
        if row is not None:
            operands = native_operands(row, args)
            if not isinstance(operands, Mismatch):
                self._emit(row, operands.dst, operands.src)
                return
            tried.append((row.signature, operands))
        for macro in macros:
            mismatch = macro_mismatch(macro, args)
            if mismatch is None:
                self._expand(macro, args, item.span)
                return
            tried.append((macro.signature, mismatch))
        code, message = explain(item.name, len(flat(args) if row else args), [m for _, m in tried])
        self.fail(item.span, code, message, self._call_hint(item.name, args, tried))

    def operands(self, item: syntax.Call, scope: Scope) -> list[Value]:
        """The values of a call's operands."""
        args = []
        for number, node in enumerate(item.args):
            kinds = {m.formals[number].kind for m in self.declared.macros.get(item.name, ()) if number < len(m.formals)}
            self.evaluate.direction = node if kinds & {"dir", "dirs"} else None
            args.append(self.evaluate.value(node, scope))
        return args

    def _call_hint(self, name: str, args: Sequence[Value], tried: Sequence[tuple[str, Mismatch]]) -> str:
        """The forms that were meant, or the word of the same name for the other kind of registers."""
        sibling = name.lower() if name.isupper() else name.upper()
        row = native_named(sibling)
        forms = self.declared.macros.get(sibling, ())
        if row is not None and not isinstance(native_operands(row, args), Mismatch):
            return f"for {self._domain(sibling)} there is {row.signature}"
        for macro in forms:
            if macro_mismatch(macro, args) is None:
                return f"for {self._domain(sibling)} there is {macro.signature}"
        wanted = [s for s, m in tried if m.index] or [s for s, _ in tried]
        return f"write {' or '.join(wanted)}"

    @staticmethod
    def _domain(name: str) -> str:
        return "bits" if name.isupper() else "analog registers"

    def not_in_a_kernel(self, item: syntax.Call) -> NoReturn:
        name = item.name
        if self.is_broken(name):
            raise Failed
        if name in (BEGIN, END):
            self.fail(
                item.span, "S109", f"{name} cannot stand here",
                "it marks kernels in texts without kernel blocks, at the top level",
            )  # fmt: skip
        if name in self.declared.kernels:
            self.fail(
                item.span, "S209", f"'{name}' is a kernel, and kernels cannot launch kernels",
                "launch it in program { ... }, or make it a macro",
            )  # fmt: skip
        if name in isa.HOST:
            home = f"before {BEGIN}(); or after {END}();" if self.declared.bare else "in program { ... }"
            self.fail(
                item.span, "S209", f"'{name}' is a host function; a kernel holds array instructions only",
                f"the microcontroller calls it: write it {home}",
            )  # fmt: skip
        absent = unsupported(name)
        if absent:
            self.fail(item.span, "S201", *absent)
        near = isa.did_you_mean(name, self.declared.callable_names())
        hint = "" if near else "'scamp-sim isa' lists what there is"
        self.fail(item.span, "S201", f"unknown instruction '{name}'{near}", hint)

    def _expand(self, macro: syntax.MacroDecl, args: Sequence[Value], call: Origin) -> None:
        if any(f.macro is macro for f in self.frames):
            chain = [f.macro.name for f in self.frames]
            names = " > ".join([*chain[chain.index(macro.name) :], macro.name])
            self.fail(call, "S212", f"macro '{macro.name}' calls itself: {names}", "unroll it with 'for'")
        self.calls += 1
        if self.calls > MOST_CALLS:
            self.stop(
                self.statement or call, "S403", f"the text makes more than {MOST_CALLS:,} macro calls",
                f"macros are expanded: this statement alone may stand for thousands of calls of '{macro.name}'",
            )  # fmt: skip
        depth = len(self.frames)
        if depth >= MOST_MACROS:
            self.fail(
                self.statement or call, "S404", f"macros call one another more than {MOST_MACROS} deep", "flatten them"
            )
        scope = Scope(self.declared.scope, macro.prelude)
        for number, formal in enumerate(macro.formals):
            if number < len(args):
                value = args[number]
            else:
                assert formal.default is not None
                value = self.evaluate.value(formal.default, scope)
                if not fits(formal.kind, value):
                    self.fail(
                        formal.span, "S203", f"the default of '{formal.name}' is {describe(value)}; "
                        f"expected {expected(formal.kind)}",
                    )  # fmt: skip
            scope.names[formal.name] = value.bound(depth, formal.name) if isinstance(value, Reg) else value
        self.frames.append(Frame(macro, call))
        self.block(macro.body, Scope(scope, macro.prelude), "macro")
        self.frames.pop()

    def _emit(self, row: isa.Native, dst: Sequence[Reg], src: Sequence[Reg]) -> None:
        self.total += 1
        if self.total > MOST_TOTAL or len(self.words) >= MOST_WORDS:
            self._too_many_words()
        word = Word(row.name, tuple(r.name for r in dst), tuple(r.name for r in src), self._origin())
        for diagnostic in word_hazards(word):
            self.reporter.add(diagnostic)
            if diagnostic.severity == "error":
                raise Failed
        self._watch(word, dst, src)
        mine = frozenset(r.name for r in (*dst, *src) if r.user and not r.scratch)
        self.words.append(Emitted(word, self.named, mine))

    def _too_many_words(self) -> NoReturn:
        assert self.statement is not None
        hint = (
            f"the kernel store holds {isa.STORE_WORDS:,}, and a kernel is stored once however often it is launched: "
            "put repetition into the program, as launches"
        )
        if len(self.words) >= MOST_WORDS:
            what = f"kernel '{self.kernel}' expands to more than {MOST_WORDS:,} words"
            self.stop(self.statement, "S401", what, hint)
        what = f"the kernels of this text expand to more than {MOST_TOTAL:,} words"
        self.stop(self.statement, "S403", what, hint)

    def _origin(self) -> Origin:
        """The user's statement with the chain of macros that leads to the word."""
        chain = tuple(f.macro.name for f in self.frames)
        if chain not in self._origins:
            assert self.statement is not None
            self._origins[chain] = replace(self.statement, macros=chain)
        return self._origins[chain]

    def _watch(self, word: Word, dst: Sequence[Reg], src: Sequence[Reg]) -> None:
        """Hazard: an operand is read after the same macro wrote its register under another name."""
        # what a macro of the prelude cannot take is an error, so it comes first; a macro of the text may mean it
        for depth, frame in sorted(enumerate(self.frames), key=lambda f: not f[1].macro.prelude):
            for register in src:
                own = register.tag(depth)
                if own is None:
                    continue
                others = frame.writes.get(_cell(register.name), set()) - {own}
                if others:
                    self._overwritten(depth, own, min(others), register.name, word)
        for depth, frame in enumerate(self.frames):
            for register in dst:
                frame.writes.setdefault(_cell(register.name), set()).add(register.tag(depth) or "")
            for name in word.row.writes:
                frame.writes.setdefault(name, set()).add("")

    def _overwritten(self, depth: int, own: str, other: str, register: str, word: Word) -> None:
        macro = self.frames[depth].macro
        who = f"its operand {other}, which is {register} too" if other else f"{register} as its own temporary"
        notes = [f"the word {word} of its expansion reads it too late"]
        if depth:
            notes.append("expanded from " + " > ".join(f.macro.name for f in self.frames[: depth + 1]))
        message = f"{macro.name} overwrites {register}, its operand {own}, before it has read it: it writes {who}"
        hint = f"use another register for {own}" + (f" or {other}" if other else "")
        if macro.prelude:
            self._fail_statement("S311", message, hint, notes)
        assert self.statement is not None
        self.reporter.add(Diagnostic.at(self.statement, "W519", "warning", message, hint=hint, notes=tuple(notes)))

    # --- scratch -----------------------------------------------------------------------------------------------

    def fresh(self, label: str, kind: str, span: Origin) -> Reg:
        """A new scratch register; its name is its label, numbered if another one has that."""
        name, number = label, 1
        while name in self.scratch:
            number += 1
            name = f"{label}#{number}"
        self.scratch[name] = Scratch(name, kind, span, self.kernel)
        return Reg(name, scratch=kind, user=True)


def _culprits(bound: Mapping[str, Value | None], names: set[str]) -> str:
    """Which operands a requirement is about: those that coincide, else those that are what its condition names."""
    registers: dict[str, list[str]] = {}
    for name, value in bound.items():
        if isinstance(value, Reg):
            registers.setdefault(value.name, []).append(name)
    found = [
        f"{' and '.join(n)} are {'both' if len(n) == 2 else 'all'} {r}" for r, n in registers.items() if len(n) > 1
    ]
    found = found or [f"{n[0]} is {r}" for r, n in registers.items() if r in names]
    return ", ".join(found or [f"{n} is {show(v)}" for n, v in bound.items() if n in names and v is not None])


def _cell(register: str) -> str:
    return "NEWS" if register.startswith("port(") else cell(register)
