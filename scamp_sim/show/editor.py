"""What an editor wants to know of a kernel text: messages, costs of its lines, the meaning of a name, names to offer.

No protocol here: lines and columns count from 1, as in diagnostics; a text may be wrong or half written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from scamp_sim.chip import isa
from scamp_sim.chip.host import CHIP
from scamp_sim.chip.program import Program
from scamp_sim.compiler import CompileError, assemble
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import Diagnostic, arranged
from scamp_sim.compiler.front.parse import parse
from scamp_sim.compiler.front.reporter import Reporter
from scamp_sim.compiler.front.source import unify
from scamp_sim.compiler.front.syntax_errors import KEYWORDS
from scamp_sim.costs.prices import Timing, load_timing
from scamp_sim.show.isa_docs import Entry, entries, find
from scamp_sim.show.report.annotate import LineCost, annotate
from scamp_sim.text import plural

NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True)
class Named:
    """A name that a text declares, or that every text has. `line`: where it is declared, 0 for the latter.

    kind: "kernel", "macro", "param", "const", "input", "output", "register", "instruction", "host function",
        "direction" or "keyword".
    shown: how it is written: a signature, a declaration.
    """

    name: str
    kind: str
    shown: str
    doc: str = ""
    line: int = 0


@dataclass(frozen=True)
class Looked:
    """A text as an editor shows it.

    diagnostics: in order of place; of included files too.
    declared: what the text declares, in order.
    costs: line -> what it costs in one run; nothing if the text does not assemble.
    """

    text: str
    diagnostics: tuple[Diagnostic, ...]
    declared: tuple[Named, ...]
    costs: Mapping[int, LineCost]


def look(text: str, path: Path) -> Looked:
    """Assemble a text that stands for the file `path`; parameters without a default get a value that is allowed."""
    declared = tuple(_declared(text))
    try:
        program = assemble(text, file=path, placeholders=True)
    except CompileError as error:
        return Looked(text, tuple(arranged(error.diagnostics)), declared, {})
    return Looked(text, tuple(arranged(program.diagnostics)), declared, _costs(program, path))


@cache
def _timing() -> Timing:
    return load_timing()


def _costs(program: Program, path: Path) -> Mapping[int, LineCost]:
    lines = annotate(program, _timing(), program.shape or CHIP).lines
    return {line: cost for (file, line), cost in lines.items() if file == str(path)}


# --- names ----------------------------------------------------------------------------------------------------


def _declared(text: str) -> Iterator[Named]:
    """The names that a text declares, if it can be read as far as a tree; those of included files are not known."""
    source = syntax.Source("", unify(text))
    tree = parse(source, Reporter())
    for item in tree.items if tree else ():
        match item:
            case syntax.KernelDecl():
                operands = f"({', '.join(item.formals)})" if item.formals else "()"
                yield Named(item.name, "kernel", f"kernel {item.name}{operands}", item.doc, item.span.line)
            case syntax.MacroDecl():
                yield Named(item.name, "macro", f"macro {item.signature}", item.doc, item.span.line)
            case syntax.Param() | syntax.Const() | syntax.InputDecl() | syntax.OutputDecl() | syntax.Registers():
                kind = _KINDS[type(item)]
                shown = source.line(item.span.line).split("//")[0].strip()
                yield Named(item.name, kind, shown, source.doc_above(item.span.line), item.span.line)
            case _:
                pass


_KINDS = {
    syntax.Param: "param",
    syntax.Const: "const",
    syntax.InputDecl: "input",
    syntax.OutputDecl: "output",
    syntax.Registers: "register",
}


@cache
def _everywhere() -> tuple[Named, ...]:
    """The names that every text has: instructions, host functions, registers, directions, keywords."""
    found: dict[str, Named] = {}
    for entry in entries():
        kind = "host function" if entry.kind == "host" else "instruction"
        found.setdefault(entry.name, Named(entry.name, kind, entry.signature, entry.effect))
    for register in (*isa.ANALOG, *isa.ANALOG_INPUTS, *isa.DIGITAL, *isa.SPECIAL_BITS):
        found.setdefault(register, Named(register, "register", register))
    for direction in isa.DIRECTIONS:
        found.setdefault(direction, Named(direction, "direction", direction))
    for word in sorted(KEYWORDS):
        found.setdefault(word, Named(word, "keyword", word))
    return tuple(found.values())


def offers(looked: Looked) -> tuple[Named, ...]:
    """Names that can stand in a text: its own first."""
    own = {n.name: n for n in looked.declared}
    return (*own.values(), *(n for n in _everywhere() if n.name not in own))


def word_at(text: str, line: int, column: int) -> str:
    """The name that a place is in, or right behind; "" if it is in a comment or in none."""
    lines = text.split("\n")
    if not 0 < line <= len(lines):
        return ""
    code = lines[line - 1].split("//")[0]
    return next((m[0] for m in NAME.finditer(code) if m.start() < column <= m.end() + 1), "")


# --- what a name means, what a line costs -----------------------------------------------------------------------


def meaning(looked: Looked, line: int, column: int) -> str:
    """What the name at a place is, and what its line costs, as Markdown; "" if there is nothing to say."""
    name = word_at(looked.text, line, column)
    if not name:
        return ""
    own = next((n for n in looked.declared if n.name == name), None)
    found = [_own(own)] if own else [_entry(e) for e in find(name)]
    canonical = isa.ALIASES.get(name, name)
    if not found and canonical in isa.ALL_REGISTERS:
        kind = "analog register" if canonical in (*isa.ANALOG, *isa.ANALOG_INPUTS) else "bit"
        same = f", the same as `{canonical}`" if canonical != name else ""
        found.append(f"`{name}`: {kind} of every PE{same}")
    if line in looked.costs and found:
        found.append(f"This line, in one run: {cost_text(looked.costs[line])}")
    return "\n\n---\n\n".join(found)


def _own(own: Named) -> str:
    return "\n\n".join([f"```scamp\n{own.shown}\n```", *([own.doc] if own.doc else [])])


def _entry(entry: Entry) -> str:
    words = plural(entry.words, "word") if isinstance(entry.words, int) else "words by its operands"
    facts = [words, *([entry.clock] if entry.clock else [])]
    if entry.clobbers:
        facts.append(f"also changes {' '.join(entry.clobbers)}")
    parts = [f"```scamp\n{entry.signature}\n```", entry.effect, "; ".join(facts)]
    if entry.expansion:
        parts.append("`" + "`; `".join(entry.expansion) + "`")
    parts += [*entry.requires, *([entry.notes] if entry.notes else [])]
    return "\n\n".join(parts)


def cost_text(cost: LineCost) -> str:
    """What a line costs in a few words: "4 words, 0.4 us"."""
    words = [plural(cost.words, "word")] if cost.words else []
    return ", ".join([*words, *cost.parts(), f"{cost.us:,.1f} us"])


__all__ = ["Looked", "Named", "cost_text", "look", "meaning", "offers", "word_at"]
