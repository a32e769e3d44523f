"""The kernels of a text, each by itself: between marks, as lambdas, or as bare calls that a kernel compiler printed."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from scamp_sim.chip import isa
from scamp_sim.chip.program import Origin, Program
from scamp_sim.compiler.expand import prelude
from scamp_sim.compiler.expand.resolve import native_named
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import CompileError, Diagnostic
from scamp_sim.compiler.front.source import MOST_SOURCE
from scamp_sim.compiler.sdk import helpers
from scamp_sim.compiler.sdk.calls import MOST_DEEP, Reading, parts, read, settle, statements
from scamp_sim.compiler.sdk.names import kernel_name
from scamp_sim.compiler.sdk.source import Function, Mark, Text
from scamp_sim.compiler.sdk.unparse import text as unparsed
from scamp_sim.exceptions import ProgramError
from scamp_sim.reading import read_bytes

_REGISTER_TYPES = r"(?:areg_t|dreg_t|aref_t|dref_t|AREG|DREG|ASRC|DSRC|auto|int|char|bool|news_t|dir_t|u?int\d+_t)"
_CONSTANT = re.compile(
    rf"(?:^|[;{{}}])\s*(?:(?:static|inline|const|constexpr)\s+)*{_REGISTER_TYPES}\s*(?:&\s*)?(\w+\s*=[^;{{}}()]+)(?=;)"
)
_TABLE = re.compile(rf"\bconst(?:expr)?\s+{_REGISTER_TYPES}\s+(\w+)\s*\[[^\]]*\]\s*=\s*\{{([^{{}}]*)\}}")
_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+(-?\w+)[ \t]*(?://[^\n]*|/\*.*?\*/[ \t]*)?$", re.MULTILINE)
_DECLARED = re.compile(rf"\b{_REGISTER_TYPES}\s*(?:const\b\s*)?(?:&\s*)?([A-Za-z_]\w*)\b")
_ARROW = re.compile(r"^\s*(\w+)\s*=\s*(\w+)\s*\(([^()]*)\)\s*;?\s*(?://.*)?$")


@dataclass(frozen=True)
class Block:
    """A kernel that stands in a text.

    kind: "static", "dynamic", "lambda" or "dynamic lambda".
    span: from its begin mark to its end mark.
    program: the kernel launched once, None unless `ok`.
    diagnostics: why it is not ok, and warnings.
    text: the kernel in our own language, of the same words.
    placeholders: what was assumed of names, by name.
    """

    name: str
    kind: str
    line: int
    span: Origin
    ok: bool
    diagnostics: tuple[Diagnostic, ...] = ()
    program: Program | None = None
    text: str = ""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    declared: syntax.KernelDecl | None = field(default=None, repr=False, compare=False)


def extract_kernels(text: str, *, file: str = "<text>") -> list[Block]:
    """Every kernel of a text, in order of the text; what is wrong with one is in its `diagnostics`.

    Plain calls are read, with registers and numbers that the text names; loops between two numbers are unrolled. What
    needs C++ to be understood makes the block fail.

    `file`: what messages call the text.
    """
    return blocks_of(Text(file, unified(text)))


def extract_from(path: Path) -> list[Block]:
    """As `extract_kernels`, of a file. With a C++ compiler here, what its preprocessor makes of the file is read, so
    that macros and branches are those of a build; nothing is run. Raises ProgramError."""
    raw = Text(str(path), unified(decoded(read_bytes(path, "program", ProgramError, MOST_SOURCE))))
    found = blocks_of(raw)
    if not any(not b.ok or b.placeholders for b in found):
        return found
    better = (
        {(b.span.file, b.line): b for b in blocks_of(expanded) if b.ok} if (expanded := _preprocessed(path)) else {}
    )
    chosen = []
    for block in found:
        other = better.get((block.span.file, block.line))
        known = other is not None and len(other.placeholders) <= len(block.placeholders)
        chosen.append(other if other is not None and known else block)
    return chosen


def _preprocessed(path: Path) -> Text | None:
    """What a C++ compiler's preprocessor makes of a file, None where there is none, or where it cannot."""
    from scamp_sim.compiler.native.toolchain.build import preprocessed

    lines = preprocessed(path)
    return None if lines is None else Text(str(path), "\n".join(t for t, _ in lines), tuple(p for _, p in lines))


def unified(text: str) -> str:
    """A text with our ends of lines."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def decoded(data: bytes) -> str:
    """A file of unknown encoding as text: what is no UTF-8 is Latin-1."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def blocks_of(text: Text) -> list[Block]:
    """The kernels of a text that has been read."""
    names: Counter[str] = Counter()
    found: list[Block] = []
    if text.marks:
        found = _marked(text, names)
    found += _lambdas(text, names)
    if not found:
        found = bare_blocks(arranged(text), names)
    return sorted(found, key=lambda b: (b.line, b.span.column))


def arranged(text: Text) -> Text:
    """A text of lines `X = op(Y)`, as AUKE prints it, with calls in their place: `op(X, Y);`."""
    lines = text.text.split("\n")
    told = [line for line in lines if line.split("//")[0].strip()]
    matches = [_ARROW.match(line) for line in told]
    if not told or not all(m and m[2] not in isa.HOST for m in matches):
        return text
    rewritten = [
        f"{m[2]}({', '.join([m[1], *(p for p in [m[3].strip()] if p)])});" if (m := _ARROW.match(line)) else line
        for line in lines
    ]
    return Text(text.name, "\n".join(rewritten), tuple((text.name, n) for n in range(1, len(lines) + 1)))


# --- between marks --------------------------------------------------------------------------------------------


def _marked(text: Text, names: Counter[str]) -> list[Block]:
    found = []
    waiting: Mark | None = None
    for mark in text.marks:
        if mark.kind == "begin":
            if waiting is not None:
                found.append(_unpaired(text, waiting, "this kernel does not end", names))
            waiting = mark
        elif waiting is not None:
            title = around.name if (around := text.around(waiting.start)) else "block"
            reading = _reading(text, waiting.start)
            read(reading, waiting.end, mark.start)
            if waiting.dynamic != mark.dynamic:
                span = text.origin(mark.start, mark.end)
                reading.error(span, "S603", "the marks of this kernel are of two kinds", "begin and end it alike")
            kind = "dynamic" if waiting.dynamic else "static"
            found.append(_block(reading, title, kind, waiting.start, mark.end, names))
            waiting = None
        else:
            found.append(_unpaired(text, mark, "there is no kernel to end here", names))
    if waiting is not None:
        found.append(_unpaired(text, waiting, "this kernel does not end", names))
    return found


def _unpaired(text: Text, mark: Mark, what: str, names: Counter[str]) -> Block:
    reading = _reading(text, mark.start)
    reading.error(text.origin(mark.start, mark.end), "S603", what, "begin and end marks stand in one block of braces")
    return _block(reading, "block", "dynamic" if mark.dynamic else "static", mark.start, mark.end, names)


def _lambdas(text: Text, names: Counter[str]) -> list[Block]:
    """Lambdas that hold instructions and no marks: kernels as objects, or launched at once."""
    found: list[Block] = []
    marks = [m.start for m in text.marks]
    levels = _levels(text.lambdas)
    for body, inside in zip(text.lambdas, levels, strict=True):
        if bisect_left(marks, body.start) < bisect_left(marks, body.end):
            continue
        if inside > MOST_DEEP:  # every level would be read with all that are inside
            if not found:
                reading = _reading(text, body.start)
                place = text.origin(body.start - 1, body.start)
                reading.error(place, "S603", "lambdas are nested too deeply", f"at most {MOST_DEEP} are read")
                found.append(_block(reading, "block", "lambda", body.start - 1, body.start, names))
            continue
        if not _holds_calls(text, body):
            continue
        around = text.around(body.start)
        named = re.search(r"\b(\w+)\s*(?:\[\s*(\w+)\s*\])?\s*[.({=\w\s>-]*[({]?\s*$", body.name)
        stem = named[1] if named and named[1] not in ("scamp5_launch_kernel", "auto") else ""
        declared = re.search(r"scamp5_(?:dynamic_)?kernel\s*\*?\s+(\w+)", body.name)
        declared = declared or re.search(r"\bauto\s+(\w+)\s*=", body.name)
        owner = re.search(r"\b(\w+)\s*(?:\.|->)\s*constructor", body.name)
        title = (declared or owner or [None, stem or (around.name if around else "block")])[1]
        reading = _reading(text, body.start)
        read(reading, body.start, body.end)
        dynamic = "scamp5_dynamic_kernel" in body.name
        kind = "dynamic lambda" if dynamic else "lambda"
        found.append(_block(reading, str(title), kind, body.start, body.end, names))
    return found


def _levels(bodies: Sequence[Function]) -> list[int]:
    """How many levels of others lie inside each; they are in the order in which they begin."""
    levels = [0] * len(bodies)
    around: list[int] = []
    for n, body in enumerate(bodies):
        while around and bodies[around[-1]].end <= body.start:
            inner = around.pop()
            if around:
                levels[around[-1]] = max(levels[around[-1]], levels[inner] + 1)
        around.append(n)
    while around:
        inner = around.pop()
        if around:
            levels[around[-1]] = max(levels[around[-1]], levels[inner] + 1)
    return levels


def _holds_calls(text: Text, body: Function) -> bool:
    called = [
        re.match(r"(?:[\w:]+::)?(\w+)\s*\(", text.code[first:last])
        for first, last in statements(text.code, body.start, body.end)
    ]
    return any(m and is_instruction(m[1]) for m in called)


def is_instruction(name: str) -> bool:
    """Whether a name is a word or macro of the chip, or one of the helpers that stand for some."""
    known = native_named(name) is not None or name in prelude.declarations()
    return known or name == "_transform" or any(name == n for n, _ in helpers.HELPERS)


# --- bare calls -----------------------------------------------------------------------------------------------


def bare_blocks(text: Text, names: Counter[str]) -> list[Block]:
    """Calls without marks that follow one another, as kernel compilers print them: each run of them is a kernel."""
    found: list[Block] = []
    inside = [(f.start, f.end) for f in text.functions] or [(0, len(text.code))]
    for start, end in inside:
        run: list[tuple[int, int]] = []
        every = list(statements(text.code, start, end))
        for first, last in every:
            if _is_host(text.code[first:last]):
                found += _run(text, run, names)
                run = []
            else:
                run.append((first, last))
        found += _run(text, run, names)
    return found


def _is_host(statement: str) -> bool:
    match = re.match(r"(?:[\w\s*&:<>]*=\s*)?(?:\w+\s*(?:\.|->|::)\s*)*(\w+)\s*\(", statement)
    return match is not None and (match[1] in isa.HOST or match[1].startswith("vs_"))


def _run(text: Text, run: list[tuple[int, int]], names: Counter[str]) -> list[Block]:
    """One kernel of statements, if there is an instruction among them."""
    called = [re.match(r"(?:\w+\s*(?:\.|->|::)\s*)*(\w+)\s*\(", text.code[first:last]) for first, last in run]
    if not any(m and is_instruction(m[1]) for m in called):
        return []
    around = text.around(run[0][0])
    reading = _reading(text, run[0][0])
    read(reading, run[0][0], run[-1][1])
    return [_block(reading, around.name if around else "block", "static", run[0][0], run[-1][1], names)]


# --- names and blocks -----------------------------------------------------------------------------------------


def _reading(text: Text, at: int) -> Reading:
    """What the names of the text stand for at a place: constants of the file, and of the function around."""
    known, concealed = _of_file(text)
    values, hidden = dict(known), set(concealed)
    around = text.around(at)
    if around is not None:
        for match in _DECLARED.finditer(around.operands):
            values.pop(match[1], None)
            hidden.add(match[1])
        for match in _CONSTANT.finditer(text.code, around.start - 1, at):
            _declare(match[1], values, hidden)
    for name in [n for n in values if not _settled(n, values)]:
        values.pop(name)
    return Reading(text, {n: _settled(n, values) or v for n, v in values.items()}, frozenset(hidden))


@lru_cache(maxsize=4)
def _of_file(text: Text) -> tuple[Mapping[str, str], frozenset[str]]:
    """(names with what the file says of them, names that it gives another meaning): once for all kernels of a text."""
    values: dict[str, str] = {}
    hidden: set[str] = set()
    for name, value in _DEFINE.findall(text.text):
        values[name] = value
    for match in _TABLE.finditer(text.code):
        for number, entry in enumerate(parts(match[2])):
            values[f"{match[1]}[{number}]"] = entry.strip().removeprefix("SCAMP5_PE::")
    for match in _CONSTANT.finditer(_outside(text)):
        _declare(match[1], values, hidden)
    return values, frozenset(hidden)


def _declare(declared: str, values: dict[str, str], hidden: set[str]) -> None:
    for one in parts(declared):
        name, equals, value = (p.strip() for p in one.partition("="))
        if not equals:
            continue
        clean = value.removeprefix("SCAMP5_PE::").strip()
        if name in values and values[name] != clean:
            values.pop(name)  # it changes
            hidden.add(name)
        elif name not in hidden and re.fullmatch(r"-?\w+", clean):
            values[name] = clean
        else:
            hidden.add(name)


def _settled(name: str, values: Mapping[str, str]) -> str | None:
    """What a name stands for in the end: a register, a direction, a number; None for anything else."""
    seen: set[str] = set()
    while name in values and name not in seen:
        seen.add(name)
        name = values[name]
    known = name in isa.ALL_REGISTERS or name in isa.ALIASES or name in isa.DIRECTIONS
    return name if known or re.fullmatch(r"-?(?:0[xX][0-9a-fA-F]{1,16}|\d{1,19})", name) else None


def _outside(text: Text) -> str:
    """What stands at the level of the file."""
    kept, depth = [], 0
    for sign in text.code:
        depth += sign == "{"
        kept.append(sign if depth == 0 else " ")
        depth -= sign == "}" and depth > 0
    return "".join(kept)


def _block(reading: Reading, title: str, kind: str, start: int, end: int, names: Counter[str]) -> Block:
    from scamp_sim.compiler.program import assemble_tree

    settle(reading)
    name = kernel_name(title, names)
    span = reading.text.origin(start, end)
    line = span.line
    doc = f"From {Path(span.file).name}, line {line}."
    if reading.placeholders:
        assumed = ", ".join(f"{' '.join(n.split())} = {v}" for n, v in reading.placeholders.items())
        doc += f" Assumed: {assumed}."
    storage = "dynamic" if "dynamic" in kind else "static"
    declared = syntax.KernelDecl(reading.text.origin(start, start + 1), name, (), tuple(reading.calls), doc, storage)
    errors, warnings = ([d for d in reading.said if (d.severity == "error") == e] for e in (True, False))
    program = None
    if not errors:
        try:
            source = syntax.Source(reading.text.name, reading.text.text)
            program = assemble_tree(syntax.File(source, (declared,)), name)
        except CompileError as error:
            errors += [d for d in error.diagnostics if d.severity == "error"]
    written = unparsed([declared])
    if program is None:
        found = (*errors, *warnings)
        return Block(name, kind, line, span, False, found, None, written, reading.placeholders, declared)
    found = (*warnings, *program.diagnostics)
    return Block(name, kind, line, span, True, found, program, written, reading.placeholders, declared)
