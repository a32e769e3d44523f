"""Statements one after the other: loops unrolled, branches chosen. What a call does is for the caller to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from scamp_sim.chip import isa
from scamp_sim.compiler.expand.context import Context, Place
from scamp_sim.compiler.expand.declare import Declarations
from scamp_sim.compiler.expand.evaluate import Evaluator
from scamp_sim.compiler.expand.values import Reg, Scope, Value, show
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.reporter import Failed

LOOPS_IN_KERNEL = f"loops are unrolled: the kernel store holds {isa.STORE_WORDS:,} words"
LOOPS_IN_PROGRAM = "loops of the program are unrolled into its steps: repeat the run in Python"

_HOMES = {
    syntax.Include: ("'include'", "at the top level"),
    syntax.Param: ("'param'", "at the top level"),
    syntax.InputDecl: ("'input'", "at the top level"),
    syntax.StateDecl: ("'state'", "at the top level"),
    syntax.ArrayDecl: ("'array'", "at the top level"),
    syntax.OutputDecl: ("'output'", "at the top level or in the program"),
    syntax.Registers: ("a register declaration", "at the top level, in a kernel or in a macro"),
    syntax.KernelDecl: ("'kernel'", "at the top level"),
    syntax.ProgramDecl: ("'program'", "at the top level"),
    syntax.MacroDecl: ("'macro'", "at the top level"),
}
"""What a message calls a statement, and where it can stand."""


@dataclass(frozen=True)
class Actions:
    """What calls do where the statements stand, and outputs if they can stand there."""

    call: Callable[[syntax.Call, Scope, Place], None]
    output: Callable[[syntax.OutputDecl, Scope], None] | None = None


class Statements:
    """Walks along blocks of statements."""

    def __init__(self, context: Context, evaluate: Evaluator, declared: Declarations) -> None:
        self.context = context
        self.evaluate = evaluate
        self.declared = declared

    def block(self, items: Sequence[syntax.Item], scope: Scope, place: Place, actions: Actions) -> None:
        """Statements one after the other; an error in one does not hide those of the next."""
        for item in items:
            if self.context.frames:
                self._statement(item, scope, place, actions)
            else:
                self.guarded(item, scope, place, actions)

    def guarded(self, item: syntax.Item, scope: Scope, place: Place, actions: Actions) -> None:
        """One statement, whose failure is reported and over."""
        try:
            self._statement(item, scope, place, actions)
        except Failed:
            self.context.frames.clear()
            self.declared.give_up(item)

    def _statement(self, item: syntax.Item, scope: Scope, place: Place, actions: Actions) -> None:
        match item:
            case syntax.Call():
                actions.call(item, scope, place)
            case syntax.For():
                self.declared.free(item.name, item.span)
                hint = LOOPS_IN_KERNEL if place.holds_words else LOOPS_IN_PROGRAM
                for value in self.evaluate.each(item.iterable, scope, hint):
                    inner = Scope(scope, scope.prelude)
                    inner.names[item.name] = value
                    self.block(item.body, inner, place, actions)
            case syntax.If():
                self.block(self._chosen(item, scope), Scope(scope, scope.prelude), place, actions)
            case syntax.Const():
                self.declared.constant(item, scope)
            case syntax.Require():
                self._require(item, scope)
            case syntax.Registers() if place.holds_words:
                self.declared.registers(item, scope)
            case syntax.OutputDecl() if actions.output is not None:
                actions.output(item, scope)
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

    def _misplaced(self, item: syntax.Item, place: Place) -> NoReturn:
        what, home = _HOMES[type(item)]
        # a text without kernel blocks: what is not at its top level is in a loop or an 'if'
        where = "loop or an 'if'" if self.declared.bare else place.title
        self.context.fail(item.span, "S109", f"{what} is not allowed in a {where}", f"it belongs {home}")

    def _require(self, item: syntax.Require, scope: Scope) -> None:
        if self.evaluate.integer(item.condition, scope):
            return
        frames, hint = self.context.frames, "change what the condition compares, or remove it"
        if not frames:
            self.context.fail(item.span, "S310", f"require failed: {item.message}", hint)
        macro = frames[-1].macro
        notes = [f"expanded from {' > '.join(f.macro.name for f in frames)}"] if len(frames) > 1 else []
        bound = {f.name: scope.find(f.name) for f in macro.formals}
        culprits = _culprits(bound, set(syntax.names_used(item.condition)))
        if macro.prelude:
            message = f"{macro.name} cannot take these operands: {culprits}"
            self.context.fail_statement("S310", message, item.message, notes)
        notes = [culprits, *notes, f"required by macro {macro.name} at {item.span.file}:{item.span.line}"]
        self.context.fail_statement("S310", item.message, "", [n for n in notes if n])


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
