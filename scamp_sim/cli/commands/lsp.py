"""`scamp-sim lsp`: a language server for editors, on standard input and output."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterable
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim import __version__
from scamp_sim.exceptions import ProgramError
from scamp_sim.installation import install_hint

if TYPE_CHECKING:
    from lsprotocol import types

    from scamp_sim.show.editor import Looked

NAME = "lsp"
HELP = (
    "A language server for editors, which starts it and talks to it on standard input and output: messages as you "
    "type, what a name means and what a line costs, names to complete, an outline. Needs pygls (extra lsp); "
    "scamp-sim docs editors says what to tell your editor."
)
EXAMPLES = ("scamp-sim lsp",)

PAUSE = 0.2
"""Seconds without a key before a text is assembled again."""


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lsp`."""
    parser.add_argument("--stdio", action="store_true", help="what it does anyway; some editors say so")


def run(args: argparse.Namespace) -> int:
    """`lsp`: serve until the editor says to end. Raises ProgramError without pygls, or where no editor is."""
    try:
        import pygls.lsp.server  # noqa: F401
    except ImportError:
        raise ProgramError(f"the language server needs pygls: {install_hint('lsp')}") from None
    if sys.stdin is None or sys.stdin.isatty():
        raise ProgramError("an editor starts the language server and talks to it; scamp-sim docs editors says how")
    # a file of its own, since the server closes it at its end; what anything else prints must not come between
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out, redirect_stdout(sys.stderr):
        server().start_io(sys.stdin.buffer, out)
    return 0


def server() -> Any:
    """The language server, not yet started."""
    from lsprotocol import types
    from pygls.lsp.server import LanguageServer
    from pygls.uris import from_fs_path, to_fs_path

    from scamp_sim.show import editor

    ls = LanguageServer("scamp-sim", __version__)
    looked: dict[str, Looked] = {}
    waiting: dict[str, asyncio.TimerHandle] = {}
    shown: dict[str, set[str]] = {}

    def uri_of(file: str, uri: str, path: str) -> str:
        return uri if file in (path, "") else from_fs_path(str(Path(file).resolve())) or uri

    def look(uri: str) -> Looked:
        """The text as it is now, and what is wrong with it told to the editor."""
        text, path = ls.workspace.get_text_document(uri).source, to_fs_path(uri) or uri
        if uri in waiting:
            waiting.pop(uri).cancel()
        if uri not in looked or looked[uri].text != text:
            looked[uri] = editor.look(text, Path(path))
            by_file: dict[str, list[types.Diagnostic]] = {uri: []}
            for d in looked[uri].diagnostics:
                place = types.Range(_position(ls, uri, d.line, d.column), _position(ls, uri, d.end_line, d.end))
                by_file.setdefault(uri_of(d.file, uri, path), []).append(_diagnostic(d, place))
            for other in {*by_file, *shown.get(uri, ())}:
                ls.text_document_publish_diagnostics(
                    types.PublishDiagnosticsParams(uri=other, diagnostics=by_file.get(other, []))
                )
            shown[uri] = set(by_file)
        return looked[uri]

    @ls.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        look(params.text_document.uri)

    @ls.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        if uri in waiting:
            waiting[uri].cancel()
        waiting[uri] = asyncio.get_running_loop().call_later(PAUSE, look, uri)

    @ls.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        for uri in tuple(looked):  # another text may include what was saved
            if uri in ls.workspace.text_documents:
                looked.pop(uri)
                look(uri)

    @ls.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        if uri in waiting:
            waiting.pop(uri).cancel()
        looked.pop(uri, None)
        for other in shown.pop(uri, {uri}):
            ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=other, diagnostics=[]))

    @ls.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params: types.HoverParams) -> types.Hover | None:
        uri = params.text_document.uri
        found = editor.meaning(look(uri), params.position.line + 1, _column(ls, uri, params.position))
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, found)) if found else None

    @ls.feature(types.TEXT_DOCUMENT_COMPLETION)
    def completion(params: types.CompletionParams) -> list[types.CompletionItem]:
        kinds = {
            "keyword": types.CompletionItemKind.Keyword,
            "register": types.CompletionItemKind.Variable,
            "direction": types.CompletionItemKind.EnumMember,
            "const": types.CompletionItemKind.Constant,
            "param": types.CompletionItemKind.Constant,
        }
        return [
            types.CompletionItem(
                label=n.name,
                kind=kinds.get(n.kind, types.CompletionItemKind.Function),
                detail=n.shown,
                documentation=n.doc or None,
            )
            for n in editor.offers(look(params.text_document.uri))
        ]

    @ls.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def outline(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        uri = params.text_document.uri
        kinds = {"kernel": types.SymbolKind.Function, "macro": types.SymbolKind.Method}
        found = []
        for n in look(uri).declared:
            line = types.Range(types.Position(n.line - 1, 0), types.Position(n.line, 0))
            found.append(
                types.DocumentSymbol(n.name, kinds.get(n.kind, types.SymbolKind.Variable), line, line, n.shown)
            )
        return found

    @ls.feature(types.TEXT_DOCUMENT_DEFINITION)
    def definition(params: types.DefinitionParams) -> types.Location | None:
        uri = params.text_document.uri
        now = look(uri)
        name = editor.word_at(now.text, params.position.line + 1, _column(ls, uri, params.position))
        line = next((n.line for n in now.declared if n.name == name), 0)
        return types.Location(uri, types.Range(types.Position(line - 1, 0), types.Position(line, 0))) if line else None

    @ls.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    def hints(params: types.InlayHintParams) -> list[types.InlayHint]:
        now = look(params.text_document.uri)
        lines: Iterable[tuple[int, Any]] = sorted(now.costs.items())
        uri, first, last = params.text_document.uri, params.range.start.line, params.range.end.line
        return [
            types.InlayHint(_position(ls, uri, n, 1 << 30), editor.cost_text(cost), padding_left=True)
            for n, cost in lines
            if first <= n - 1 <= last
        ]

    return ls


def _diagnostic(d: Any, place: types.Range) -> types.Diagnostic:
    from lsprotocol import types

    severity = types.DiagnosticSeverity.Error if d.severity == "error" else types.DiagnosticSeverity.Warning
    text = "\n".join([d.message, *(f"hint: {d.hint}" for _ in [0] if d.hint), *d.notes])
    return types.Diagnostic(place, text, severity, d.code, source="scamp-sim")


def _position(ls: Any, uri: str, line: int, column: int) -> types.Position:
    """A place of ours as the editor counts it: from 0, most of them in units of UTF-16."""
    from lsprotocol import types

    document = ls.workspace.get_text_document(uri)
    lines = document.lines or [""]
    at = min(max(line - 1, 0), len(lines) - 1)
    within = min(max(column - 1, 0), len(lines[at].rstrip("\r\n")))
    place: types.Position = document.position_codec.position_to_client_units(lines, types.Position(at, within))
    return place


def _column(ls: Any, uri: str, position: types.Position) -> int:
    """The column of a place in an editor, from 1."""
    document = ls.workspace.get_text_document(uri)
    lines = document.lines or [""]
    return int(document.position_codec.position_from_client_units(lines, position).character) + 1
