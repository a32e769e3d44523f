"""A C++ text as a program: what one pass through it does to the array, as a straight line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from scamp_sim.chip import isa
from scamp_sim.chip.program import Origin, Program
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import CompileError, Diagnostic
from scamp_sim.compiler.front.names import nearest_file
from scamp_sim.compiler.sdk.blocks import statements_of, too_much
from scamp_sim.compiler.sdk.lexer import Text
from scamp_sim.compiler.sdk.preprocess import TooMuch, decoded
from scamp_sim.compiler.sdk.runner import Runner
from scamp_sim.compiler.sdk.survey import Survey
from scamp_sim.compiler.sdk.unparse import text as unparsed

_LOOKED_FOR = "kernels between scamp5_kernel_begin and scamp5_kernel_end, kernel objects, and calls of host functions"


def assemble_sdk(source: str | Path, params: Mapping[str, Any], name: str | None = None) -> Program:
    """The program of a C++ text, or of a file if `source` is a Path.

    Raises CompileError if nothing in it is for the array, if a parameter without a value is used, or if what is there
    does not fit the chip.
    """
    return import_program(source, params, name)[0]


def import_program(
    source: str | Path, params: Mapping[str, Any] | None = None, name: str | None = None
) -> tuple[Program, str]:
    """As `assemble_sdk`, with the program as text of our language. Raises CompileError."""
    text = _text(source)
    title = name or (Path(text.name).stem if isinstance(source, Path) else "text")
    given = dict(params or {})
    try:
        statements, _ = statements_of(text)
        runner = Runner(Survey(statements), _plain(given))
        runner.follow(statements)
        if not runner.made and not runner.params:
            _nothing(text, runner)
        return _assembled(runner, text, title, given)
    except (TooMuch, RecursionError) as error:
        raise CompileError((too_much(error, text),)) from None


def _text(source: str | Path) -> Text:
    if isinstance(source, str):
        return Text("<text>", source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    place = Origin(str(source), 1, 1, 1, 1)
    try:
        data = source.read_bytes()
    except OSError as error:
        message = f"cannot read '{source}': {error.strerror or error}{nearest_file(source)}"
        raise CompileError((Diagnostic.at(place, "S101", "error", message, hint="check the path"),)) from None
    if is_binary(data):
        message = f"cannot read '{source}': it is no text"
        raise CompileError((Diagnostic.at(place, "S102", "error", message, hint="give a C++ source file"),))
    return Text(str(source), decoded(data))


def is_binary(data: bytes) -> bool:
    """Whether the contents of a file are no text in any encoding."""
    return b"\0" in data[:8192] and not data.startswith((b"\xff\xfe", b"\xfe\xff"))


def _plain(params: Mapping[str, Any]) -> dict[str, int]:
    """The integers among the parameters given; what is wrong with the others, their declarations say."""
    found: dict[str, int] = {}
    for name, value in params.items():
        if hasattr(value, "tolist"):
            value = value.tolist()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1:
            found[name] = int(value)
    return found


def _nothing(text: Text, runner: Runner) -> NoReturn:
    what = "nothing in this text is for the array" if text.text.strip() else "the text is empty"
    if runner.warnings:
        what = "nothing in this text for the array can be used"
    error = Diagnostic.at(text.origin(0, 0), "S601", "error", what, hint=f"looked for {_LOOKED_FOR}")
    raise CompileError((error, *runner.warnings))


def _assembled(runner: Runner, text: Text, title: str, params: Mapping[str, Any]) -> tuple[Program, str]:
    """The program, without the host calls that the assembler refuses, and its text."""
    from scamp_sim.compiler.program import assemble_tree

    source = syntax.Source(text.name, text.text)
    head: list[syntax.Item] = [*runner.params.values(), *runner.kernels.values()]
    steps, warnings = runner.made, list(runner.warnings)
    while True:
        items: tuple[syntax.Item, ...] = (*head, syntax.ProgramDecl(text.origin(0, 0), tuple(steps)))
        try:
            program = assemble_tree(syntax.File(source, items), title, params)
            break
        except CompileError as error:
            kept, said = _without(steps, error.diagnostics)
            warnings += said
            if not said or not kept:
                raise CompileError((*error.diagnostics, *warnings)) from None
            steps = kept
    found = [*warnings, *(d for d in program.diagnostics if d.code != "W513")]
    found.sort(key=lambda d: (d.file, d.line, d.column))
    used = set(syntax.names_used(items))
    settled = "".join(f"// {n} = {program.params[n]}\n" for n in runner.params if n not in used)
    shown = [i for i in items if not isinstance(i, syntax.Param) or i.name in used]
    written = f"// {title}: one pass of {Path(text.name).name}\n{settled}\n{unparsed(shown)}"
    return replace(program, diagnostics=tuple(found)), written


def _without(
    steps: Sequence[syntax.Item], diagnostics: Sequence[Diagnostic]
) -> tuple[list[syntax.Item], list[Diagnostic]]:
    """The steps without the host calls that errors are about, and what is said of them instead."""
    errors = {(d.line, d.column): d for d in diagnostics if d.severity == "error"}
    kept: list[syntax.Item] = []
    said: dict[tuple[int, int], Diagnostic] = {}
    for step in steps:
        call = step.register if isinstance(step, syntax.OutputDecl) else step
        at = None
        if isinstance(call, (syntax.Call, syntax.Function)) and call.name in isa.HOST:
            places = [(n.span.line, n.span.column) for n in (step, call, *call.args)]
            at = next((p for p in places if p in errors), None)
        if at is None:
            kept.append(step)
            continue
        error = errors[at]
        notes = (f"in a kernel file this is {error.code}",)
        message = f"left out: {error.message}"
        said[at] = Diagnostic.at(step.span, "W603", "warning", message, hint=error.hint, notes=notes)
    return kept, list(said.values())
