"""Syntax tree -> kernels and steps: the whole of one text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scamp_sim.chip.program import Launch, Origin, Step
from scamp_sim.compiler.expand.context import BEGIN, END, Context, Emitted, Place, Scratch
from scamp_sim.compiler.expand.declare import Declarations
from scamp_sim.compiler.expand.evaluate import Evaluator
from scamp_sim.compiler.expand.launch import Launcher
from scamp_sim.compiler.expand.values import Scope
from scamp_sim.compiler.expand.words import Words
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.reporter import Reporter


class Expander:
    """Expands one text. After `run`: `kernels`, `steps`, `scratch` and what `declared` found in the declarations."""

    def __init__(self, reporter: Reporter, params: dict[str, Any] | None = None, name: str = "kernel") -> None:
        self.reporter = reporter
        self.name = name
        self.context = Context(reporter)
        evaluate = Evaluator(self.context)
        self.declared = Declarations(self.context, evaluate, params or {})
        self.words = Words(self.context, evaluate, self.declared)
        self.launcher = Launcher(self.context, self.declared, self.words)

    @property
    def steps(self) -> list[Step]:
        """The steps of the run so far."""
        return self.launcher.steps

    @property
    def kernels(self) -> dict[str, list[Emitted]]:
        """The words of each kernel, by the name under which it is stored."""
        return self.words.kernels

    @property
    def kernel_spans(self) -> dict[str, Origin]:
        """Where each kernel stands in the text."""
        return self.words.spans

    @property
    def storage(self) -> dict[str, str]:
        """How kernels are stored, where the text says so."""
        return self.launcher.storage

    @property
    def scratch(self) -> dict[str, Scratch]:
        """The registers that are still to be chosen."""
        return self.context.scratch

    def run(self, file: syntax.File) -> None:
        """Expand everything. Errors are in the reporter afterwards."""
        declared = self.declared
        declared.load(file)
        kernels, top = self.context.kernels, self.context.scope
        if declared.bare:
            self._bare(declared.bare, top)
        elif declared.program is not None:
            self.words.statements.block(declared.program.body, top, Place.PROGRAM, self.launcher.actions)
        elif len(kernels) == 1:
            self._only_kernel(next(iter(kernels.values())))
        elif kernels:
            spans = [k.span for k in kernels.values()]
            message = f"the source has {len(spans)} kernels ({', '.join(kernels)}) and no program that launches them"
            hint = f"add: program {{ {' '.join(f'{n}();' for n in kernels)} }}"
            self.reporter.error(spans[1], "S110", message, hint)
        elif not self.reporter.failed:
            hint = "a file of macros and constants alone is for 'include'"
            message = "nothing to run: expected calls, a kernel or a program"
            self.reporter.error(file.source.span(1, 1, 1, 1), "S111", message, hint)
        for output in declared.outputs:
            self.words.statements.guarded(output, top, Place.PROGRAM, self.launcher.actions)
        self._unlaunched()

    def _only_kernel(self, kernel: syntax.KernelDecl) -> None:
        if kernel.formals:
            message = f"kernel '{kernel.name}' has parameters and is never launched"
            hint = f"add: program {{ {kernel.name}({', '.join('0' for _ in kernel.formals)}); }}"
            self.reporter.error(kernel.span, "S110", message, hint)
            return
        self.launcher.launch(kernel, (), kernel.span)

    def _unlaunched(self) -> None:
        """Expand kernels that nothing launches too, for their errors; what they store is dropped."""
        scratch = self.context.scratch
        for kernel in self.context.kernels.values():
            launched = any(k == kernel.name or k.startswith(f"{kernel.name}(") for k in self.kernels)
            if not launched and not kernel.formals:
                known = set(scratch)
                self.words.record(kernel.name, kernel.body, Scope(self.context.scope), kernel.span)
                del self.kernels[kernel.name]
                for name in set(scratch) - known:
                    del scratch[name]

    def _bare(self, items: Sequence[syntax.Item], scope: Scope) -> None:
        """A text without kernel blocks: one kernel, or what lies between kernel marks."""
        marks = [i for i, item in enumerate(items) if isinstance(item, syntax.Call) and item.name in (BEGIN, END)]
        if not marks:
            self.words.record(self.name, items, scope, items[0].span)
            self.launcher.step(Launch(self.name, items[0].span))
            return
        several = sum(items[i].name == BEGIN for i in marks) > 1  # type: ignore[union-attr]
        inside: list[syntax.Item] | None = None
        begin = items[marks[0]].span
        count = 0
        for item in items:
            if isinstance(item, syntax.Call) and item.name == BEGIN:
                if inside is not None:
                    self.reporter.error(item.span, "S109", "the previous kernel has not ended", f"add {END}(); before")
                inside, begin = [], item.span
            elif isinstance(item, syntax.Call) and item.name == END:
                if inside is None:
                    self.reporter.error(item.span, "S109", "no kernel to end here", f"add {BEGIN}(); before")
                    continue
                count += 1
                name = f"{self.name}_{count}" if several else self.name
                self.words.record(name, inside, scope, begin)
                self.launcher.step(Launch(name, begin))
                inside = None
            elif inside is None:
                self.words.statements.guarded(item, scope, Place.BETWEEN, self.launcher.actions)
            else:
                inside.append(item)
        if inside is not None:
            self.reporter.error(begin, "S109", "this kernel does not end", f"add {END}(); after its last word")
