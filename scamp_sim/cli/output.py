"""What commands print: errors, warnings, JSON documents, the cost table."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scamp_sim.costs.timing import Profile


def report(error: Exception, style: str = "text") -> None:
    """Show an error on stderr: diagnostics with their source lines, anything else in one line.

    style: with "json", the same goes to stdout as one document.
    """
    from scamp_sim.compiler.front.diagnostics import CompileError, render

    if isinstance(error, CompileError):
        print(render(error.diagnostics, color=coloured(sys.stderr)), end="", file=sys.stderr)
    else:
        print(f"scamp-sim: error: {error}", file=sys.stderr)
    if style == "json":
        if isinstance(error, CompileError):
            print_json({"ok": False, "diagnostics": as_json(error.diagnostics)})
        else:
            print_json({"ok": False, "error": {"type": type(error).__name__, "message": str(error)}})


def warn(diagnostics: Iterable[Any]) -> None:
    """Show the assembler's warnings on stderr."""
    from scamp_sim.compiler.front.diagnostics import render

    print(render(diagnostics, color=coloured(sys.stderr)), end="", file=sys.stderr)


SCHEMAS: dict[str, int] = {}
"""Command -> number of its JSON document, where it is not 1. docs/promises.md says when it is raised."""

_command: ContextVar[str] = ContextVar("command", default="")


def begin(command: str) -> None:
    """Say which command prints from here on; its documents carry the number of their schema."""
    _command.set(command)


def schema(command: str) -> int:
    """The number of the JSON document of a command."""
    return SCHEMAS.get(command, 1)


def print_json(document: Any) -> None:
    """One JSON document on stdout, with its schema number if it is an object; tables of numbers become lists."""
    if isinstance(document, dict):
        document = {"schema": schema(_command.get()), **document}
    print(json.dumps(document, indent=2, ensure_ascii=False, default=plain))


def print_profile(profile: Profile) -> None:
    """The cost table: drawn with rich on a terminal, plain text elsewhere."""
    if not sys.stdout.isatty():
        print(profile.text(), end="")
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=profile.title,
        caption=f"prices (range): {profile.note}" if profile.note else None,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("item", style="bold")
    table.add_column("amount")
    table.add_column("us", justify="right")
    for section in profile.sections():
        for item, amount, us in section:
            table.add_row(item, amount, us, style="green" if item == "total" else None)
        table.add_section()
    Console().print(table)


def as_json(diagnostics: Iterable[Any]) -> Any:
    """Diagnostics as the JSON documents hold them."""
    from scamp_sim.compiler.front.diagnostics import to_json

    return json.loads(to_json(diagnostics))


def plain(value: Any) -> Any:
    """What `json` cannot write, as something that it can: tables as lists."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "items"):
        return dict(value)
    return str(value)


def coloured(stream: Any) -> bool:
    """Whether what goes to this stream may have colours: NO_COLOR says no, then FORCE_COLOR yes, then a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR", "")
    return bool(stream.isatty()) if forced in ("", "0") else True
