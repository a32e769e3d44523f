"""The host program: launches, host calls and outputs become the steps of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scamp_sim.chip import isa
from scamp_sim.chip.operand_checks import faults
from scamp_sim.chip.program import HostCall, Launch, Origin, Output, Step
from scamp_sim.compiler.expand.context import BEGIN, END, Context, Place
from scamp_sim.compiler.expand.declare import Declarations
from scamp_sim.compiler.expand.resolve import Mismatch, count, explain, host_mismatch, native_named
from scamp_sim.compiler.expand.statements import Actions
from scamp_sim.compiler.expand.values import Dirs, Reg, Scope, Value, describe, show
from scamp_sim.compiler.expand.words import Words
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.names import unsupported
from scamp_sim.compiler.front.quoting import statement
from scamp_sim.compiler.front.reporter import Failed

MOST_STEPS = 20_000
"""Launches, host calls and outputs of one run."""

MOST_EXECUTED = 200_000
"""Words that one run executes: 20 ms of the chip's time."""


class Launcher:
    """Collects `steps`, and has each kernel that is launched expanded. `storage`: how kernels are kept, if said."""

    def __init__(self, context: Context, declared: Declarations, words: Words) -> None:
        self.context = context
        self.declared = declared
        self.words = words
        self.actions = Actions(self._command, self._output)
        self.steps: list[Step] = []
        self.storage: dict[str, str] = {}
        self.executed = 0
        self.drawing = isa.DRAWING
        self.stack: int | None = None
        self._outputs: dict[str, Origin] = {}

    def step(self, step: Step) -> None:
        """Add a step to the run."""
        self.steps.append(step)
        if isinstance(step, Launch):
            self.executed += len(self.words.kernels[step.kernel])
        elif isinstance(step, HostCall) and not any(a in self.context.scratch for a in step.args):
            self.executed += step.words
        assert step.origin is not None
        if len(self.steps) > MOST_STEPS or self.executed > MOST_EXECUTED:
            what = (
                f"has more than {MOST_STEPS:,} steps"
                if len(self.steps) > MOST_STEPS
                else f"executes more than {MOST_EXECUTED:,} words"
            )
            self.context.stop(
                step.origin, "S403", f"the program {what}", "a program is one run: repeat the run in Python"
            )

    def _output(self, item: syntax.OutputDecl, scope: Scope) -> None:
        """Take a result, a plane or what a host function gives; a run has one of each name."""
        node = item.register
        name = self._named(item.name, item.indices, scope)
        if isinstance(node, syntax.Function) and node.name in isa.HOST:
            self._claim(item, name)
            self._host_call(syntax.Call(node.span, node.name, node.args), scope, name)
            return
        register = self.declared.register(node, scope, "an output")
        self._claim(item, name)
        self.step(Output(name, register.name, item.span))

    def _named(self, stem: str, indices: Sequence[syntax.Expression], scope: Scope) -> str:
        """The name of a result: `edges[north][2]` is edges_north_2, a name for files and for C++ too."""
        parts = [stem]
        for node in indices:
            value = self.words.evaluate.value(node, scope)
            if isinstance(value, tuple) or (isinstance(value, Dirs) and not value.single):
                self.context.fail(
                    node.span,
                    "S206",
                    f"an index of an output: expected an integer, a direction or a register, got {describe(value)}",
                    "use the variable of the loop",
                )
            if isinstance(value, Reg) and value.scratch:
                self.context.fail(
                    node.span,
                    "S206",
                    "an index of an output: a scratch register has no name yet",
                    "use an integer, or the name of a register",
                )
            parts.append(show(value).replace("-", "m"))
        return "_".join(parts)

    def _claim(self, item: syntax.OutputDecl, name: str) -> None:
        """Enter an output's name, once."""
        first = self._outputs.get(name)
        if first is not None and first != item.span:
            self.context.fail(
                item.span,
                "S205",
                f"output '{name}' is already declared at line {first.line}",
                "choose another name: a run has one result of each name",
            )
        if first is not None:
            self.context.fail(
                item.span,
                "S205",
                f"output '{name}' at line {first.line} is taken in every round of its loop",
                "a run has one result of each name: take it after the loop, or give it "
                f"{'the variable of each loop' if item.indices else 'the variable of the loop'} as an index, "
                f"such as {item.name}[i]{'[j]' * bool(item.indices)}",
            )
        self._outputs[name] = item.span

    def _command(self, item: syntax.Call, scope: Scope, place: Place) -> None:
        """A call in the host program: a launch or a host function."""
        name = item.name
        if self.context.is_broken(name):
            raise Failed
        kernel = self.context.kernels.get(name)
        if name in (BEGIN, END):
            self.words.not_in_a_kernel(item)
        elif kernel is None and name not in isa.HOST:
            self._no_command(item, place)
        if kernel is not None:
            self._launch_call(kernel, self.words.operands(item, scope), item)
        else:
            self._host_call(item, scope)

    def _no_command(self, item: syntax.Call, place: Place) -> None:
        fail = self.context.fail
        if native_named(item.name) is not None or item.name in self.context.macros:
            home = f"between {BEGIN}(); and {END}();" if place is Place.BETWEEN else "into a kernel, and launch that"
            fail(
                item.span,
                "S210",
                f"'{item.name}' is an array instruction; the host program can only launch kernels",
                f"put it {home}",
            )
        absent = unsupported(item.name)
        if absent:
            fail(item.span, "S211", *absent)
        near = isa.did_you_mean(item.name, [*self.context.kernels, *isa.HOST])
        hint = "" if near else "a program launches kernels of this source and calls host functions"
        fail(item.span, "S211", f"unknown kernel or host function '{item.name}'{near}", hint)

    def _launch_call(self, kernel: syntax.KernelDecl, args: Sequence[Value], item: syntax.Call) -> None:
        fail = self.context.fail
        if len(args) != len(kernel.formals):
            fail(
                item.span,
                "S202",
                f"kernel '{kernel.name}' does not take {count(len(args))}",
                f"write {kernel.name}({', '.join(kernel.formals)})",
            )
        for index, value in enumerate(args):
            if not isinstance(value, (int, Dirs)):
                fail(
                    item.span,
                    "S203",
                    f"operand {index + 1} of kernel '{kernel.name}': expected an integer or directions, "
                    f"got {describe(value)}",
                    "kernels take integers and directions; macros take registers",
                )
        self.launch(kernel, args, item.span)

    def launch(self, kernel: syntax.KernelDecl, args: Sequence[Value], span: Origin) -> None:
        """Launch a kernel, recording it first if it is new."""
        name = f"{kernel.name}({','.join(map(show, args))})" if kernel.formals else kernel.name
        if name not in self.words.kernels:
            scope = Scope(self.context.scope)
            scope.names.update(zip(kernel.formals, args, strict=True))
            self.words.record(name, kernel.body, scope, kernel.span)
            self.storage[name] = kernel.storage
        self.step(Launch(name, span))

    def _host_call(self, item: syntax.Call, scope: Scope, result: str = "") -> None:
        """A host function. `result`: the name under which a statement asks for what it gives."""
        fail, forms = self.context.fail, isa.HOST[item.name]
        item, buffer = self._without_buffer(item, scope)
        args = self.words.operands(item, scope)
        tried = isa.host_forms(item.name, len(args))
        written = " or ".join(f.signature for f in forms)
        if not tried:
            code, message = explain(item.name, len(args), [Mismatch() for _ in forms])
            fail(item.span, code, message, f"write {written}")
        mismatches = [host_mismatch(form, args) for form in tried]
        if None not in mismatches:
            code, message = explain(item.name, len(args), [m for m in mismatches if m is not None])
            fail(item.span, code, message, f"write {written}")
        form = tried[mismatches.index(None)]
        values: list[str | int] = [a.name if isinstance(a, Reg) else a for a in args]  # type: ignore[misc]
        values += [self.drawing if d == isa.DRAWING else d for _, _, d, _ in form.operands[len(args) :]]  # type: ignore[misc]
        if buffer and form.operands and form.operands[-1].name == "each":
            values[-1] = 1
        if result and not form.result:
            fail(item.span, "S213", f"{item.name} returns no result", "call it as a statement, without 'output'")
        if result and buffer and buffer != result:
            fail(item.span, "S205", f"the result has two names, '{result}' and '{buffer}'", "leave one of them out")
        call = HostCall(item.name, tuple(values), item.span)
        refused = next((f for f in faults(call) if f.is_error and f.code != "S313"), None)
        if refused is not None:
            fail(item.span, refused.code, f"'{statement(item.span, item.name)}': {refused.message}", refused.hint)
        name = self._result(form, result, buffer, item.span)
        self._follow(item, tuple(values))
        self.step(replace(call, result=name))

    def _without_buffer(self, item: syntax.Call, scope: Scope) -> tuple[syntax.Call, str]:
        """The call without the operand that takes its result in the SDK, and that operand's name."""
        place = max(f.buffer for f in isa.HOST[item.name])
        if not 0 <= place < len(item.args):
            return item, ""
        node = item.args[place]
        indices: tuple[syntax.Expression, ...] = ()
        while isinstance(node, syntax.Index):
            indices = (node.index, *indices)
            node = node.base
        if not isinstance(node, syntax.Name) or scope.find(node.name) is not None or node.name in isa.ALIASES:
            return item, ""
        if node.name in isa.ALL_REGISTERS or self.context.is_broken(node.name):
            return item, ""
        name = self._named(node.name, indices, scope)
        return replace(item, args=(*item.args[:place], *item.args[place + 1 :])), name

    def _result(self, form: isa.HostFunction, asked: str, buffer: str, span: Origin) -> str:
        """The name of a result: what the statement says, else its buffer's, else the function's, numbered."""
        if asked or not form.result:
            return asked
        stem = buffer or form.name.removeprefix("scamp5_")
        name, n = stem, 1
        while name in self._outputs:
            n += 1
            name = f"{stem}_{n}"
        self._outputs[name] = span
        return name

    def _follow(self, item: syntax.Call, values: tuple[str | int, ...]) -> None:
        """Calls that come in groups: drawing, and pictures of several planes."""
        fail = self.context.fail
        match item.name:
            case "scamp5_draw_begin":
                self.drawing = str(values[0])
            case "scamp5_draw_end":
                self.drawing = isa.DRAWING
            case "scamp5_output_bitstack_begin":
                self.stack = int(values[0])
            case "scamp5_output_bitstack_bit" | "scamp5_output_bitstack_end" if self.stack is None:
                fail(item.span, "S313", f"{item.name} needs scamp5_output_bitstack_begin before it", "add it")
            case "scamp5_output_bitstack_bit":
                assert self.stack is not None
                self.stack -= 1
            case "scamp5_output_bitstack_end":
                missing, self.stack = self.stack or 0, None
                if missing:
                    what = f"{missing} more" if missing > 0 else f"{-missing} fewer"
                    fail(
                        item.span,
                        "S313",
                        f"the picture needs {what} scamp5_output_bitstack_bit",
                        "scamp5_output_bitstack_begin(n) says how many planes there are",
                    )
