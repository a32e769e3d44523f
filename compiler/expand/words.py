"""Kernel bodies -> words: calls resolved, macros expanded. Scratch registers keep their own names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from scamp_sim.chip import isa
from scamp_sim.chip.program import Origin, Word, cell
from scamp_sim.compiler.expand.context import BEGIN, END, Context, Emitted, Frame, Place
from scamp_sim.compiler.expand.declare import Declarations
from scamp_sim.compiler.expand.evaluate import Evaluator
from scamp_sim.compiler.expand.hazards import word_hazards
from scamp_sim.compiler.expand.resolve import Mismatch, explain, macro_mismatch, native_named, native_operands
from scamp_sim.compiler.expand.statements import Actions, Statements
from scamp_sim.compiler.expand.values import Reg, Scope, Value, describe, expected, fits, flat, registers_in
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.front.names import unsupported
from scamp_sim.compiler.front.reporter import Failed

MOST_WORDS = 4 * isa.STORE_WORDS
"""Words of one kernel: beyond that the rest is not worth expanding, it cannot fit."""

MOST_TOTAL = 16 * isa.STORE_WORDS
"""Words of all kernels of one text."""

MOST_CALLS = 50_000
"""Macro calls of one text: each costs time, even if no word comes out of it."""

MOST_MACROS = 64
"""Macros inside each other."""


class Words:
    """Expands kernel bodies. `kernels`: what each became, by the name under which it is stored."""

    def __init__(self, context: Context, evaluate: Evaluator, declared: Declarations) -> None:
        self.context = context
        self.evaluate = evaluate
        self.declared = declared
        self.statements = Statements(context, evaluate, declared)
        self.kernels: dict[str, list[Emitted]] = {}
        self.spans: dict[str, Origin] = {}
        self.total = 0
        self.calls = 0
        self._actions = Actions(self._call)
        self._into: list[Emitted] = []
        self._named: frozenset[str] = frozenset()

    def record(self, name: str, items: Sequence[syntax.Item], scope: Scope, span: Origin) -> None:
        """Expand the body of a kernel into `kernels[name]`."""
        self._into = self.kernels[name] = []
        self.spans[name] = span
        self.context.kernel = name
        self.statements.block(items, Scope(scope), Place.KERNEL, self._actions)
        self.context.kernel = None

    def macro_alone(self, macro: syntax.MacroDecl, args: Sequence[Value]) -> list[Emitted]:
        """The words of one macro call by itself. Raises CompileError if it has none."""
        self._into, self._named = [], frozenset()
        self.context.kernel = macro.name
        self.context.begin_statement(macro.span)
        try:
            self._expand(macro, args, macro.span)
        except Failed:
            self.context.reporter.stop()
        finally:
            self.context.kernel = None
        return self._into

    # --- calls -------------------------------------------------------------------------------------------------

    def _call(self, item: syntax.Call, scope: Scope, place: Place) -> None:
        """A call in a kernel or a macro: a word, or a macro."""
        context = self.context
        if not context.frames:
            context.begin_statement(item.span)
        row = native_named(item.name)
        macros = context.macros.get(item.name, ())
        if row is None and not macros and not context.other_meaning(item.name):
            self.not_in_a_kernel(item)  # the name first: who does not know it cannot tell what its operands should be
        args = self.operands(item, scope)
        if row is None and not macros:
            self.not_in_a_kernel(item)
        if not context.frames:
            self._named = frozenset(r.name for a in args for r in registers_in(a))
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
        context.fail(item.span, code, message, self._call_hint(item.name, args, tried))

    def operands(self, item: syntax.Call, scope: Scope) -> list[Value]:
        """The values of a call's operands."""
        macros = self.context.macros.get(item.name, ())
        args = []
        for number, node in enumerate(item.args):
            kinds = {m.formals[number].kind for m in macros if number < len(m.formals)}
            args.append(self.evaluate.operand(node, scope, direction=bool(kinds & {"dir", "dirs"})))
        return args

    def _call_hint(self, name: str, args: Sequence[Value], tried: Sequence[tuple[str, Mismatch]]) -> str:
        """The forms that were meant, or the word of the same name for the other kind of registers."""
        sibling = name.lower() if name.isupper() else name.upper()
        row = native_named(sibling)
        domain = "bits" if sibling.isupper() else "analog registers"
        if row is not None and not isinstance(native_operands(row, args), Mismatch):
            return f"for {domain} use {row.signature}"
        for macro in self.context.macros.get(sibling, ()):
            if macro_mismatch(macro, args) is None:
                return f"for {domain} use {macro.signature}"
        wanted = [s for s, m in tried if m.index] or [s for s, _ in tried]
        return f"write {' or '.join(wanted)}"

    def not_in_a_kernel(self, item: syntax.Call) -> NoReturn:
        """Report a call of something that a kernel cannot hold."""
        name, fail = item.name, self.context.fail
        if self.context.is_broken(name):
            raise Failed
        if name in (BEGIN, END):
            hint = "it marks kernels in sources without kernel blocks, at the top level"
            fail(item.span, "S109", f"{name} is not allowed here", hint)
        if name in self.context.kernels:
            hint = "launch it in program { ... }, or make it a macro"
            fail(item.span, "S209", f"'{name}' is a kernel, and kernels cannot launch kernels", hint)
        if name in isa.HOST:
            home = f"before {BEGIN}(); or after {END}();" if self.declared.bare else "in program { ... }"
            message = f"'{name}' is a host function; a kernel holds array instructions only"
            fail(item.span, "S209", message, f"the microcontroller calls it: write it {home}")
        absent = unsupported(name)
        if absent:
            fail(item.span, "S201", *absent)
        near = isa.did_you_mean(name, self.context.callable_names())
        hint = "" if near else "'scamp-sim isa' lists all instructions"
        fail(item.span, "S201", f"unknown instruction '{name}'{near}", hint)

    # --- macros ------------------------------------------------------------------------------------------------

    def _expand(self, macro: syntax.MacroDecl, args: Sequence[Value], call: Origin) -> None:
        self._check_limits(macro, call)
        context = self.context
        depth = len(context.frames)
        scope = Scope(context.scope, macro.prelude)
        for number, formal in enumerate(macro.formals):
            if number < len(args):
                value = args[number]
            else:
                assert formal.default is not None
                value = self.evaluate.value(formal.default, scope)
                if not fits(formal.kind, value):
                    wanted = f"expected {expected(formal.kind)}"
                    message = f"the default of '{formal.name}': {wanted}, got {describe(value)}"
                    context.fail(formal.span, "S203", message)
            scope.names[formal.name] = value.bound(depth, formal.name) if isinstance(value, Reg) else value
        context.frames.append(Frame(macro, call))
        self.statements.block(macro.body, Scope(scope, macro.prelude), Place.MACRO, self._actions)
        context.frames.pop()

    def _check_limits(self, macro: syntax.MacroDecl, call: Origin) -> None:
        context, chain = self.context, [f.macro.name for f in self.context.frames]
        if any(f.macro is macro for f in context.frames):
            names = " > ".join([*chain[chain.index(macro.name) :], macro.name])
            context.fail(call, "S212", f"macro '{macro.name}' calls itself: {names}", "unroll it with 'for'")
        self.calls += 1
        place = context.statement or call
        if self.calls > MOST_CALLS:
            hint = f"macros are expanded: this statement alone may stand for thousands of calls of '{macro.name}'"
            context.stop(place, "S403", f"the source makes more than {MOST_CALLS:,} macro calls", hint)
        if len(chain) >= MOST_MACROS:
            context.fail(place, "S404", f"macros call one another more than {MOST_MACROS} deep", "flatten them")

    # --- words -------------------------------------------------------------------------------------------------

    def _emit(self, row: isa.Native, dst: Sequence[Reg], src: Sequence[Reg]) -> None:
        self.total += 1
        if self.total > MOST_TOTAL or len(self._into) >= MOST_WORDS:
            self._too_many_words()
        word = Word(row.name, tuple(r.name for r in dst), tuple(r.name for r in src), self.context.origin())
        for diagnostic in word_hazards(word):
            self.context.reporter.add(diagnostic)
            if diagnostic.severity == "error":
                raise Failed
        self._watch(word, dst, src)
        mine = frozenset(r.name for r in (*dst, *src) if r.user and not r.scratch)
        self._into.append(Emitted(word, self._named, mine))

    def _too_many_words(self) -> NoReturn:
        statement = self.context.statement
        assert statement is not None
        hint = (
            f"the kernel store holds {isa.STORE_WORDS:,}, and a kernel is stored once however often it is launched: "
            "put repetition into the program, as launches"
        )
        if len(self._into) >= MOST_WORDS:
            what = f"kernel '{self.context.kernel}' expands to more than {MOST_WORDS:,} words"
            self.context.stop(statement, "S401", what, hint)
        what = f"the kernels of this source expand to more than {MOST_TOTAL:,} words"
        self.context.stop(statement, "S403", what, hint)

    def _watch(self, word: Word, dst: Sequence[Reg], src: Sequence[Reg]) -> None:
        """Hazard: an operand is read after the same macro wrote its register under another name."""
        frames = self.context.frames
        # what a macro of the prelude cannot take is an error, so it comes first; a macro of the text may mean it
        for depth, frame in sorted(enumerate(frames), key=lambda f: not f[1].macro.prelude):
            for register in src:
                own = register.tag(depth)
                if own is None:
                    continue
                others = frame.writes.get(_cell(register.name), set()) - {own}
                if others:
                    self._overwritten(depth, own, min(others), register.name, word)
        for depth, frame in enumerate(frames):
            for register in dst:
                frame.writes.setdefault(_cell(register.name), set()).add(register.tag(depth) or "")
            for name in word.row.writes:
                frame.writes.setdefault(name, set()).add("")

    def _overwritten(self, depth: int, own: str, other: str, register: str, word: Word) -> None:
        context = self.context
        macro = context.frames[depth].macro
        who = f"its operand {other}, which is {register} too" if other else f"{register} as its own temporary"
        notes = [f"the word {word} of its expansion reads it too late"]
        if depth:
            notes.append("expanded from " + " > ".join(f.macro.name for f in context.frames[: depth + 1]))
        message = f"{macro.name} overwrites {register}, its operand {own}, before it has read it: it writes {who}"
        hint = f"use another register for {own}" + (f" or {other}" if other else "")
        if macro.prelude:
            context.fail_statement("S311", message, hint, notes)
        assert context.statement is not None
        warning = Diagnostic.at(context.statement, "W519", "warning", message, hint=hint, notes=tuple(notes))
        context.reporter.add(warning)


def _cell(register: str) -> str:
    return "NEWS" if register.startswith("port(") else cell(register)
