"""The assembler from end to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from scamp_sim.chip import isa
from scamp_sim.chip.program import HostCall, Kernel, Launch, Origin, Output, Program, Step, stored_words
from scamp_sim.compiler.checks.check import program_diagnostics
from scamp_sim.compiler.expand.allocate import allocate, assigned
from scamp_sim.compiler.expand.context import Context
from scamp_sim.compiler.expand.expander import Expander
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import CompileError, Diagnostic
from scamp_sim.compiler.front.names import nearest_file
from scamp_sim.compiler.front.parse import parse
from scamp_sim.compiler.front.reporter import Reporter
from scamp_sim.compiler.front.source import Unreadable, read, unify
from scamp_sim.exceptions import ProgramError

TEXT = "<text>"
"""What messages call a text that came from no file."""

DIALECTS = ("scamp", "sdk")
"""Our own language, and the C++ of the SDK."""

SUFFIXES = (".scamp", ".txt", ".cpp", ".cc", ".hpp", ".h", ".c", ".jss", ".kernel")


def assemble(
    source: str | Path, *, params: Mapping[str, Any] | None = None, dialect: str = "scamp", name: str | None = None
) -> Program:
    """Turn kernel source text, or a file of it, into a program.

    `source`: a Path, or a str naming a file (one line without `;`, `(` or `{` that ends like a source file or
    exists), or else the text itself. `dialect`: "scamp", or "sdk" for the C++ of the SDK, of which the kernels and host
    calls count (docs/porting.md). `params`: values of the text's parameters: integers, nested sequences or integer
    arrays of the declared shape. `name`: what the program is called, by default the name of the file.

    Warnings are in `Program.diagnostics`. Raises CompileError with every error found, and ProgramError for a dialect
    that is not known.
    """
    if dialect not in DIALECTS:
        raise ProgramError(
            f"unknown dialect '{dialect}'{isa.did_you_mean(str(dialect), DIALECTS)}; there are 'scamp' and 'sdk'"
        )
    if not isinstance(source, (str, Path)):
        raise ProgramError(f"expected source text or a path, found {type(source).__name__}")
    path = _as_path(source)
    if params is not None and not (isinstance(params, Mapping) and all(isinstance(n, str) for n in params)):
        raise ProgramError(f"params: expected a dict of names and values, found {params!r:.80}")
    if dialect == "sdk":
        from scamp_sim.compiler.sdk.program import assemble_sdk

        return assemble_sdk(str(source) if path is None else path, dict(params or {}), name)
    file = str(path) if path is not None else TEXT
    text = _read(path) if path is not None else unify(str(source).removeprefix("\ufeff"))
    title = name or (path.stem if path is not None else "text")
    reporter = Reporter()
    expander = Expander(reporter, dict(params or {}), title)
    try:
        return _assemble(syntax.Source(file, text), title, expander)
    except RecursionError:
        # what is nested is limited, but the caller may have used up the stack, or macros may pile up deep blocks
        place = expander.statement or Origin(file, 1, 1, 1, 1)
        reporter.error(place, "S404", "this expands to statements nested too deeply", "flatten its macros and blocks")
        reporter.stop()


def _as_path(source: str | Path) -> Path | None:
    if isinstance(source, Path):
        return source
    if not source.strip() or any(c in source for c in "\n;({"):
        return None
    path = Path(source)
    try:
        return path if source.endswith(SUFFIXES) or path.exists() else None
    except (OSError, ValueError):  # too long, or a character that no path holds
        return None


def _read(path: Path) -> str:
    try:
        return read(path)
    except Unreadable as error:
        near = nearest_file(path) if error.code == "S101" else ""
        place = Origin(str(path), error.place, 1, error.place, 1)
        _stop(Diagnostic.at(place, error.code, "error", f"cannot read '{path}': {error}{near}", hint=error.hint))


def _stop(*diagnostics: Diagnostic) -> NoReturn:
    raise CompileError(diagnostics)


def _assemble(source: syntax.Source, title: str, expander: Expander) -> Program:
    reporter = expander.reporter
    tree = parse(source, reporter)
    if tree is None:
        reporter.stop()
    if not tree.items:
        reporter.error(
            source.span(1, 1, 1, 1), "S103", "the text is empty", "a text holds calls such as mov(B, A); or kernels"
        )
        reporter.stop()
    return _assembled(tree, title, expander)


def assemble_tree(tree: syntax.File, title: str, params: Mapping[str, Any] | None = None) -> Program:
    """A program from a syntax tree that no text of ours was read for. Raises CompileError."""
    return _assembled(tree, title, Expander(Reporter(), dict(params or {}), title))


def _assembled(tree: syntax.File, title: str, expander: Expander) -> Program:
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
        {n: Kernel(n, tuple(assigned(e.word, chosen) for e in words), expander.kernel_spans[n],
                   expander.storage.get(n, "static"))
         for n, words in kernels.items()},
        tuple(_settled(step, chosen) for step in expander.steps),
        tuple(replace(i, register=chosen.get(i.register, i.register)) for i in declared.inputs),
        dict(declared.params),
        declared.shape,
    )  # fmt: skip
    _check_empty(program, expander, reporter)
    context = _context(expander, program, chosen)
    for diagnostic in program_diagnostics(program, context):
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
        expander.kernel_spans[largest[0]], "S401",
        f"{what} do not fit the kernel store of {isa.STORE_WORDS:,}; the largest: {names}",
        "a kernel is stored once however often it is launched: put repetition into launches, not into words, or keep "
        "a kernel elsewhere: 'heap kernel NAME'",
    )  # fmt: skip
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
            span = declared.kernels[name].span if name in declared.kernels else expander.kernel_spans[name]
            warn(span, f"kernel '{name}' holds no words", "write calls into it, or delete it")


# --- what the checks want to know -----------------------------------------------------------------------------


def _context(expander: Expander, program: Program, chosen: Mapping[str, str]) -> Context:
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
    return Context(named, _unused(expander, program), frozenset(mentioned - set(chosen)), dict(chosen), declared.state)


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
