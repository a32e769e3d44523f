"""The texts that a program comes from, read again for those who show them."""

from __future__ import annotations

from pathlib import Path

from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import CompileError
from scamp_sim.compiler.front.parse import parse
from scamp_sim.compiler.front.reporter import Reporter
from scamp_sim.compiler.front.source import Unreadable, read, unify
from scamp_sim.show.report.annotate import Annotation, SourceText, sources_of


def gather_sources(annotation: Annotation, text: str | None = None) -> list[SourceText]:
    """The main file of a program, then the files that it includes, with their macros.

    `text`: the main file's, if it comes from no file. Files that cannot be read any more are left to what the program
        knows of them.
    """
    known = {s.name: s for s in sources_of(annotation)}
    found: dict[str, SourceText] = {}
    waiting = list(known)
    while waiting:
        name = waiting.pop(0)
        if name in found:
            continue
        try:
            # there is one program that comes from no file, and its main text is the first that is known
            content = unify(text.removeprefix("\ufeff")) if text is not None and not found else read(Path(name))
        except Unreadable:
            if name in known:
                found[name] = known[name]
            continue
        includes, macros = _declared(name, content)
        lines = content.split("\n")
        found[name] = SourceText(name, tuple(lines[:-1] if not lines[-1] else lines), macros)
        waiting = [*includes, *waiting]
    return list(found.values())


def _declared(name: str, text: str) -> tuple[list[str], dict[int, str]]:
    """The files that a text includes, and line -> name of its macros. None of either for a text in another language."""
    try:
        tree = parse(syntax.Source(name, text), Reporter())
    except (CompileError, RecursionError):
        tree = None
    items = tree.items if tree is not None else ()
    base = Path() if name == "<text>" else Path(name).parent
    includes = [str(base / item.path) for item in items if isinstance(item, syntax.Include)]
    return includes, {item.span.line: item.name for item in items if isinstance(item, syntax.MacroDecl)}
