"""The front door: source text, or a file of it, in our language or in C++ -> `Program`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from scamp_sim.chip import isa
from scamp_sim.chip.program import Origin, Program
from scamp_sim.compiler.expand.expander import Expander
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.diagnostics import CompileError, Diagnostic
from scamp_sim.compiler.front.parse import parse
from scamp_sim.compiler.front.reporter import Reporter
from scamp_sim.compiler.front.source import Unreadable, read, unify
from scamp_sim.compiler.program import assembled
from scamp_sim.exceptions import ProgramError
from scamp_sim.reading import nearest_file

TEXT = "<text>"
"""What messages call a text that came from no file."""

DIALECTS = ("scamp", "sdk")
"""Our own language, and the C++ of the SDK."""

SUFFIXES = (".scamp", ".txt", ".cpp", ".cc", ".hpp", ".h", ".c", ".jss", ".kernel")


def assemble(
    source: str | Path,
    *,
    params: Mapping[str, Any] | None = None,
    dialect: str = "scamp",
    name: str | None = None,
    placeholders: bool = False,
    file: str | Path | None = None,
    within: Sequence[str | Path] | None = None,
) -> Program:
    """Turn kernel source text, or a file of it, into a program.

    `source`: a Path, or a str naming a file (one line without `;`, `(` or `{` that ends like a source file or exists),
        or else the text itself.
    `dialect`: "scamp", or "sdk" for the C++ of the SDK, of which the kernels and host calls count (docs/porting.md).
    `params`: values of the text's parameters: integers, nested sequences or integer arrays of the declared shape.
    `name`: what the program is called, by default the name of the file.
    `placeholders`: give parameters that have neither a value nor a default one that is allowed, so that the text can
        be checked; `Program.params` tells which.
    `file`: the file that a text is meant for, as in an editor: messages name it, and what it includes lies beside it.
        `source` is then a text whatever it looks like.
    `within`: folders; nothing outside them is included. By default anything is.

    Warnings are in `Program.diagnostics`. Raises CompileError with every error found, and ProgramError for a dialect
    that is not known.
    """
    if dialect not in DIALECTS:
        raise ProgramError(
            f"unknown dialect '{dialect}'{isa.did_you_mean(str(dialect), DIALECTS)}; there are 'scamp' and 'sdk'"
        )
    if not isinstance(source, (str, Path)):
        raise ProgramError(f"expected source text or a path, found {type(source).__name__}")
    path = None if file is not None and isinstance(source, str) else _as_path(source)
    if params is not None and not (isinstance(params, Mapping) and all(isinstance(n, str) for n in params)):
        raise ProgramError(f"params: expected a dict of names and values, found {params!r:.80}")
    if dialect == "sdk":
        from scamp_sim.compiler.sdk.program import assemble_sdk

        return assemble_sdk(str(source) if path is None else path, dict(params or {}), name)
    shown = str(path) if path is not None else TEXT if file is None else str(file)
    text = _read(path) if path is not None else unify(str(source).removeprefix("\ufeff"))
    title = name or ("text" if shown == TEXT else Path(shown).stem)
    reporter = Reporter()
    expander = Expander(reporter, dict(params or {}), title)
    expander.declared.placeholders = placeholders
    expander.declared.within = None if within is None else tuple(Path(folder).resolve() for folder in within)
    try:
        return _assemble(syntax.Source(shown, text), title, expander)
    except RecursionError:
        # what is nested is limited, but the caller may have used up the stack, or macros may pile up deep blocks
        place = expander.context.statement or Origin(shown, 1, 1, 1, 1)
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
            source.span(1, 1, 1, 1), "S103", "the source is empty", "a source holds calls such as mov(B, A); or kernels"
        )
        reporter.stop()
    return assembled(tree, title, expander)
