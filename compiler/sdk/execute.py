"""Follows C++ statements: what is known is carried out, what is not is assumed and said.

Kernels are recorded call by call, their loops unrolled. The host program is followed in one of two ways: looked
through, where every branch is entered so that every kernel is met once, or run, where what counts is what one pass
does.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from scamp_sim.chip import isa
from scamp_sim.compiler.expand.values import Dirs
from scamp_sim.compiler.expand.words import MOST_WORDS
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.sdk import tree
from scamp_sim.compiler.sdk.evaluate import MOST_STEPS, Exhausted, Problem
from scamp_sim.compiler.sdk.lexer import Place
from scamp_sim.compiler.sdk.objects import Declarer
from scamp_sim.compiler.sdk.scope import (
    READ_OUT,
    Array,
    Handle,
    Pointer,
    Recording,
    Scope,
    Unknown,
    Value,
    kind_of,
)
from scamp_sim.compiler.sdk.survey import leaves, until_break

MOST_IN_KERNEL = 40_000
"""Statements followed for one kernel; loops over tables that are all zero take some."""

MOST_ERRORS = 20
"""Errors of one kernel, after which the rest is noise."""

MOST_ASIDE = 10_000
"""Statements followed in one loop of the host program without kernels or host calls."""

MOST_ROUNDS = 20_000
"""Rounds of one loop of the host program."""


class Jump(Exception):
    """`break`, `continue` or `return` on its way."""

    def __init__(self, kind: str, value: Value = None) -> None:
        super().__init__(kind)
        self.kind, self.value = kind, value


class Executor(Declarer):
    """Statements. `looking`: every branch of the host program is entered."""

    looking = False

    @abstractmethod
    def kernel(self, node: tree.Kernel, scope: Scope) -> None:
        """Kernel marks with what stands between them, in the host program."""

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
            case tree.For() | tree.Each() | tree.While():
                self._loop(item, scope)
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
            self._look(chosen, scope, keep=found is not None or not leaves(chosen))
            self._look(other, scope, keep=False)
        elif found is not None:
            chosen = item.then if found else item.otherwise
            if chosen is not None:
                self.body((chosen,), Scope(scope))
        elif self.survey.matters(item.then) or self.survey.matters(item.otherwise):
            if leaves(item.then) and item.otherwise is None:
                self.assume(item.condition.place, "false")
                return
            self.assume(item.condition.place, "true")
            self.body((item.then,), Scope(scope))
        elif not leaves(item.then):
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
                self._look(tree.Block(item.place, until_break(item.body[first:])), inner, keep=first == start)
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

    def _loop(self, item: tree.For | tree.Each | tree.While, scope: Scope) -> None:
        """A loop. One of the host program that only computes is given up after a while, and so is what it assigns."""
        limit = self.limit
        aside = self.recording is None and not self.survey.matters(item)
        if aside:
            self.limit = min(limit, self.steps + (1 if id(item) in self.survey.long else MOST_ASIDE))
        try:
            match item:
                case tree.For():
                    self._for(item, scope)
                case tree.Each():
                    self._each(item, scope)
                case tree.While():
                    self._while(item, scope)
        except Exhausted:
            if not aside or self.steps > min(limit, MOST_STEPS):
                raise
            self.survey.long.add(id(item))
            for name in self.survey.assigned(item):
                cell = scope.find(name)
                if cell is not None and not cell.const:
                    kind = cell.kind if self.looking or cell.kind in ("areg", "dreg") else READ_OUT
                    self.write(cell, Unknown(name, kind, item.place))
        finally:
            self.limit = limit

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
            if found is None and item.after and not self._is_frames(item) and self.survey.matters(item.body):
                self.assume(item.condition.place, "false after one round")
            if found is False or (item.after and found is None):
                if not item.after:
                    self._skipped(item.body, scope, rounds)
                return
            # the frame loop: one pass of it is what a program is
            endless = self.recording is None and ((bool(found) and literal) or self._is_frames(item))
            if item.after and (endless or self._once(item.body)):
                return
            self._count(rounds, item.place)
            rounds += 1
            works = self.recording is not None or self.survey.matters(item.body)
            if found is None and works and not endless and not (literal and self.looking):
                self.assume(item.condition.place, "true for one round")
            if not self._round(item.body, scope) or found is None or endless or self._once(item.body):
                return

    def _is_frames(self, item: tree.While) -> bool:
        return self.survey.is_frame_loop(item.body) or self.survey.is_frame_loop(item.condition)

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
            self.unpack(item.variable, value, "loop" if self.recording is None else "local", inner)
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


__all__ = ["Executor", "Jump", "Pointer"]
