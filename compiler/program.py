"""Syntax tree -> `Program`: expanded, its scratch registers chosen, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from scamp_sim.chip import isa
from scamp_sim.chip.program import HostCall, Kernel, Launch, Origin, Output, Program, Step, stored_words
from scamp_sim.compiler.checks.check import program_diagnostics
from scamp_sim.compiler.checks.source_facts import SourceFacts
from scamp_sim.compiler.expand.allocate import allocate, assigned
from scamp_sim.compiler.expand.expander import Expander
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.front.reporter import Reporter


def assemble_tree(tree: syntax.File, title: str, params: Mapping[str, Any] | None = None) -> Program:
    """A program from a syntax tree that no text of ours was read for. Raises CompileError."""
    return assembled(tree, title, Expander(Reporter(), dict(params or {}), title))


def assembled(tree: syntax.File, title: str, expander: Expander) -> Program:
    """The program of a syntax tree; `expander` is a new one. Raises CompileError with every error found."""
    reporter = expander.reporter
    expander.run(tree)
    reporter.check()
    declared = expander.declared
    launched = {s.kernel for s in expander.steps if isinstance(s, Launch)}
    kernels = {n: words for n, words in expander.kernels.items() if n in launched}
    chosen = {}
    if expander.scratch:
        chosen = allocate(expander.scratch, kernels, expander.steps, declared.inputs, declared.aliased, reporter)
        reporter.check()
    _check_store(kernels, expander, reporter)
    program = Program(
        title,
        {
            n: Kernel(
                n,
                tuple(assigned(e.word, chosen) for e in words),
                expander.kernel_spans[n],
                expander.storage.get(n, "static"),
            )
            for n, words in kernels.items()
        },
        tuple(_settled(step, chosen) for step in expander.steps),
        tuple(replace(i, register=chosen.get(i.register, i.register)) for i in declared.inputs),
        dict(declared.params),
        declared.shape,
    )
    _check_empty(program, expander, reporter)
    facts = _source_facts(expander, program, chosen)
    for diagnostic in program_diagnostics(program, facts):
        reporter.add(diagnostic)
    reporter.check()
    return replace(program, diagnostics=reporter.ordered())


def _settled(step: Step, chosen: Mapping[str, str]) -> Step:
    """The step with scratch names replaced."""
    if isinstance(step, Output):
        return replace(step, register=chosen.get(step.register, step.register))
    if isinstance(step, HostCall):
        args = tuple(chosen.get(a, a) if isinstance(a, str) else a for a in step.args)
        return replace(step, args=args)
    return step


def _check_store(kernels: Mapping[str, Any], expander: Expander, reporter: Reporter) -> None:
    stored = {n: len(words) for n, words in kernels.items() if expander.storage.get(n) != "heap"}
    total = stored_words((expander.storage.get(n, "static"), length) for n, length in stored.items())
    if total <= isa.STORE_WORDS:
        return
    largest = sorted(stored, key=lambda n: -stored[n])[:3]
    names = ", ".join(f"{n} with {len(kernels[n]):,}" for n in largest)
    what = f"{total:,} words in {len(stored)} kernels" if len(stored) > 1 else f"{total:,} words"
    reporter.error(
        expander.kernel_spans[largest[0]],
        "S401",
        f"{what} do not fit into the kernel store of {isa.STORE_WORDS:,}; the largest: {names}",
        "a kernel is stored once however often it is launched: put repetition into launches, not into words, or keep "
        "a kernel elsewhere: 'heap kernel NAME'",
    )
    reporter.stop()


def _check_empty(program: Program, expander: Expander, reporter: Reporter) -> None:
    """Warn about kernels and programs that do nothing; of a kernel with parameters, some forms may be empty."""

    def warn(span: Origin, message: str, hint: str) -> None:
        reporter.add(Diagnostic.at(span, "W517", "warning", message, hint=hint))

    declared = expander.declared
    if declared.program is not None and not program.steps:
        warn(declared.program.span, "the program does nothing", "launch a kernel in it, as in name();")
    filled = {n.partition("(")[0] for n, kernel in program.kernels.items() if kernel.words}
    for name in dict.fromkeys(n.partition("(")[0] for n in program.kernels):
        if name not in filled:
            span = (
                expander.context.kernels[name].span if name in expander.context.kernels else expander.kernel_spans[name]
            )
            warn(span, f"kernel '{name}' is empty", "write calls into it, or delete it")


# --- what the checks want to know -----------------------------------------------------------------------------


def _source_facts(expander: Expander, program: Program, chosen: Mapping[str, str]) -> SourceFacts:
    declared = expander.declared
    named = {
        (kernel, index): frozenset(chosen.get(r, r) for r in emitted.named)
        for kernel in program.kernels
        for index, emitted in enumerate(expander.kernels[kernel])
    }
    mentioned = {r for k in program.kernels for e in expander.kernels[k] for r in e.mine}
    mentioned |= set(declared.aliased) | {i.register for i in declared.inputs}
    for step in expander.steps:
        if isinstance(step, Output):
            mentioned.add(step.register)
        elif isinstance(step, HostCall):
            mentioned.update(a for a in step.args if isinstance(a, str))
    return SourceFacts(
        named, _unused(expander, program), frozenset(mentioned - set(chosen)), dict(chosen), declared.state
    )


def _unused(expander: Expander, program: Program) -> tuple[tuple[str, str, Origin], ...]:
    """Declarations of the main text that nothing refers to; included files are libraries, where that is normal."""
    declared = expander.declared
    used = {name for file in declared.files for name in syntax.names_used(file.items)}
    found = [d for d in _declarations(declared.files[0].items) if d[1] not in used]
    if declared.program is None:
        found = [d for d in found if d[0] != "kernel"]
    read = {r for word in program.kernel_words() for r in word.reads} | {o.register for o in program.outputs}
    read |= {a for s in program.steps if isinstance(s, HostCall) for a in s.reads}
    found += [("input", i.name, i.origin) for i in program.inputs if i.register not in read and i.origin]
    return tuple(found)


def _declarations(items: tuple[syntax.Item, ...]) -> list[tuple[str, str, Origin]]:
    found: list[tuple[str, str, Origin]] = []
    waiting = [*reversed(items)]
    while waiting:
        item = waiting.pop()
        match item:
            case syntax.MacroDecl():
                found.append(("macro", item.name, item.span))
                waiting += reversed(item.body)
            case syntax.KernelDecl():
                found.append(("kernel", item.name, item.span))
                waiting += reversed(item.body)
            case syntax.Const():
                found.append(("const", item.name, item.span))
            case syntax.Param():
                found.append(("param", item.name, item.span))
            case syntax.Registers():
                found.append((item.kind, item.name, item.span))
            case syntax.ProgramDecl() | syntax.For():
                waiting += reversed(item.body)
            case syntax.If():
                waiting += reversed(item.then + item.otherwise)
            case _:
                pass
    return found
