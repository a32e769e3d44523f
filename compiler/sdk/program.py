"""A text without C++ functions as a program: kernels and host calls, as kernel compilers and simulators print them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from scamp_sim.chip import isa
from scamp_sim.chip.program import Origin, Program
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import CompileError, Diagnostic
from scamp_sim.compiler.front.source import Unreadable, source_bytes
from scamp_sim.compiler.program import assemble_tree
from scamp_sim.compiler.sdk.blocks import Block, arranged, blocks_of, decoded, extract_from, unified
from scamp_sim.compiler.sdk.calls import parts, statements
from scamp_sim.compiler.sdk.names import free_name
from scamp_sim.compiler.sdk.source import Text
from scamp_sim.reading import nearest_file

_HOST = re.compile(r"(?:(?:[\w:*&<>]+\s+)*(\w+)\s*=\s*)?(?:\w+\s*(?:\.|->|::)\s*)*(\w+)\s*\((.*)\)$", re.DOTALL)
_LOOKED_FOR = "kernels between scamp5_kernel_begin and scamp5_kernel_end, and calls of instructions and host functions"
_RUN = "C++ is built and run: scamp-sim run, or scamp_sim.compiler.native.LiveProgram; scamp-sim import lists kernels"


def assemble_sdk(source: str | Path, params: Mapping[str, Any], name: str | None = None) -> Program:
    """The program of a text, or of a file if `source` is a Path: its kernels and host calls, in order.

    Raises CompileError for anything in it that is no plain call, since what C++ does is known by running it.
    """
    text, blocks = _read(source)
    title = name or (Path(text.name).stem if isinstance(source, Path) else "text")
    if params:
        _stop(text, "S208", f"the text has no parameter '{next(iter(params))}'", _RUN)
    if text.functions:
        _stop(text, "S601", "this text holds functions of C++, and a text does not tell which of them run", _RUN)
    errors = [d for b in blocks for d in b.diagnostics if d.severity == "error"]
    steps: list[tuple[int, syntax.Item]] = []
    for block in blocks:
        steps.append((block.span.line, syntax.Call(block.span, block.name, ())))
    for start, end in statements(text.code, 0, len(text.code)):
        span = text.origin(start, end)
        if any(_within(span, b.span) for b in blocks):
            continue
        step, error = _host_call(text.code[start:end].strip(), span, [str(s) for _, s in steps])
        if error is not None:
            errors.append(error)
        elif step is not None:
            steps.append((span.line, step))
    if errors:
        raise CompileError(tuple(sorted(errors, key=lambda d: (d.file, d.line, d.column))))
    return _assembled(text, blocks, [s for _, s in sorted(steps, key=lambda s: s[0])], title)


def listed(path: Path) -> Program:
    """The kernels of a file, each launched once in the order of the text, for listings. Raises CompileError."""
    text, blocks = _read(path)
    errors = [d for b in blocks for d in b.diagnostics if d.severity == "error"]
    if errors:
        raise CompileError(tuple(errors))
    steps: list[syntax.Item] = [syntax.Call(b.span, b.name, ()) for b in blocks]
    return _assembled(text, blocks, steps, path.stem)


def _read(source: str | Path) -> tuple[Text, list[Block]]:
    if isinstance(source, str):
        text = Text("<text>", unified(source))
        return arranged(text), blocks_of(text)
    place = Origin(str(source), 1, 1, 1, 1)
    try:
        data = source_bytes(source)
    except Unreadable as error:
        message = f"cannot read '{source}': {error}{nearest_file(source)}"
        raise CompileError((Diagnostic.at(place, error.code, "error", message, hint=error.hint),)) from None
    if b"\0" in data[:8192] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = f"cannot read '{source}': it is not text"
        raise CompileError((Diagnostic.at(place, "S102", "error", message, hint="give a source file"),))
    return arranged(Text(str(source), unified(decoded(data)))), extract_from(source)


def _within(span: Origin, kernel: Origin) -> bool:
    """Whether a statement belongs to a kernel; others may stand behind it, on the line of its end mark."""
    behind = span.line == kernel.end_line and span.column >= kernel.end > 2  # of preprocessed lines no end is known
    return kernel.line <= span.line <= kernel.end_line and not behind


def _stop(text: Text, code: str, message: str, hint: str) -> None:
    raise CompileError((Diagnostic.at(text.origin(0, 1), code, "error", message, hint=hint),))


def _host_call(statement: str, span: Origin, before: list[str]) -> tuple[syntax.Item | None, Diagnostic | None]:
    """A host call of a text, None of what declares only; or what is wrong with it."""
    match = _HOST.match(statement)
    name = match[2] if match else ""
    if match is None or name not in isa.HOST:
        if re.match(r"(?:using|typedef|static|const|constexpr|u?int\d*(?:_t)?|areg_t|dreg_t|extern)\b", statement):
            return None, None
        if name.startswith("vs_"):
            return None, None
        what = f"'{' '.join(statement.split())[:60]}' is not an instruction or host function"
        return None, Diagnostic.at(span, "S602", "error", what, hint=_RUN)
    args: list[syntax.Expression] = []
    label = match[1] or ""
    for given in (a.strip() for a in parts(match[3]) if a.strip()):
        if re.fullmatch(r"-?\s*(?:0[xX][0-9a-fA-F]{1,16}|\d{1,19})", given):
            value = int(given.replace(" ", ""), 0)
            number = syntax.Number(span, abs(value))
            args.append(syntax.Unary(span, "-", number) if value < 0 else number)
        elif re.fullmatch(r"(?:SCAMP5_PE::)?\w{1,200}", given):
            args.append(syntax.Name(span, given.removeprefix("SCAMP5_PE::")))
        else:
            what = f"operand '{given[:40]}' of {name} is C++ that a text does not tell"
            return None, Diagnostic.at(span, "S605", "error", what, hint=_RUN)
    form = isa.HOST[name][0]
    if 0 <= form.buffer < len(args) and isinstance(args[form.buffer], syntax.Name):
        buffer = args.pop(form.buffer)
        label = label or getattr(buffer, "name", "")
        if form.operands and form.operands[-1].name == "each" and label != "NULL":
            args.append(syntax.Number(span, 1))
    gives = bool(form.result)
    if not gives:
        return syntax.Call(span, name, tuple(args)), None
    stem = free_name(label or name.removeprefix("scamp5_"), "result")
    taken = sum(f"'{stem}'" in b or f"'{stem}_" in b for b in before)
    return syntax.OutputDecl(
        span, stem if not taken else f"{stem}_{taken + 1}", syntax.Function(span, name, tuple(args))
    ), None


def _assembled(text: Text, blocks: list[Block], steps: list[syntax.Item], title: str) -> Program:
    if not steps:
        what = "nothing in this text is for the array" if text.text.strip() else "the text is empty"
        _stop(text, "S601", what, f"looked for {_LOOKED_FOR}")
    source = syntax.Source(text.name, text.text)
    kernels = [b.declared for b in blocks if b.declared is not None]
    items: tuple[syntax.Item, ...] = (*kernels, syntax.ProgramDecl(text.origin(0, 1), tuple(steps)))
    program = assemble_tree(syntax.File(source, items), title)
    assumed = tuple(d for b in blocks for d in b.diagnostics if d.code.startswith("W6"))
    return replace(program, diagnostics=(*assumed, *program.diagnostics))
