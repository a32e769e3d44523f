"""docs/cli.md: every command with its arguments, from the parsers themselves."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from scamp_sim.cli.commands import OWN, Command
from scamp_sim.cli.main import EXIT_CODES, parser_of

HEAD = """\
# The command line

Written by `python tools/regen_docs.py`; do not edit.

| exit code | means |
|---|---|
EXIT_CODES

With `--format json` a command prints one JSON document on stdout, errors included.

What is printed fits the terminal, of 80 columns at least: cells of words are wrapped, the widest column first; columns
that then still stand out follow in a second table below, with the first column again; other lines go on under their
text. Pipes get whole lines, unless `COLUMNS=N` says how wide they are. `NO_COLOR=1` forbids colours, `FORCE_COLOR=1`
wants them in pipes, too.

Completion on the TAB key, with the extra `completion` (shtab, which writes a script once, where argcomplete would start
Python at every key): `scamp-sim completion bash > ~/.local/share/bash-completion/completions/scamp-sim`.
A manual page: `scamp-sim docs --man > ~/.local/share/man/man1/scamp-sim.1`, then `man scamp-sim`.
"""


def page() -> str:
    """The text of docs/cli.md."""
    codes = "\n".join(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())
    lines = [HEAD.replace("EXIT_CODES", codes)]
    for job in dict.fromkeys(c.job for c in OWN):
        lines += [f"## {job[0].upper()}{job[1:]}", ""]
        for command in (c for c in OWN if c.job == job):
            lines += _command(command)
    return "\n".join(lines).rstrip() + "\n"


def _command(command: Command) -> Iterator[str]:
    parser = parser_of(command)
    yield f"### `scamp-sim {command.name}`"
    yield ""
    yield str(parser.description)
    yield ""
    yield from _arguments(parser)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield f"#### `scamp-sim {command.name} {name}`"
                yield ""
                yield str(inner.description or "")
                yield ""
                yield from _arguments(inner)
    if parser.epilog:
        yield "```console"
        yield from (f"$ {line.strip()}" for line in parser.epilog.splitlines()[1:])
        yield "```"
        yield ""


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    rows = [f"| `{_cell(name)}` | {_cell(text)} |" for name, text in named(parser)]
    if rows:
        yield "| argument | meaning |"
        yield "|---|---|"
        yield from rows
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def named(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """(how it is written, what it means) of every argument of a parser."""
    for action in parser._actions:
        yield from _named(action)


def _named(action: argparse.Action) -> list[tuple[str, str]]:
    if isinstance(action, argparse._HelpAction | argparse._SubParsersAction) or action.help == argparse.SUPPRESS:
        return []
    shown = action.metavar or ("|".join(map(str, action.choices)) if action.choices else None)
    value = shown if isinstance(shown, str) else " ".join(shown or ())
    if not action.option_strings:
        name = value or action.dest
        name = f"[{name}]" if action.nargs == "?" else f"{name} ..." if action.nargs == "+" else name
    else:
        takes = action.nargs != 0 and not isinstance(action, argparse.BooleanOptionalAction)
        inner = value or action.dest.upper()
        name = ", ".join(action.option_strings) + ((f" [{inner}]" if action.nargs == "?" else f" {inner}") * takes)
    text = (action.help or "").replace("%%", "%").replace("%(default)s", str(action.default))
    return [(name, text)]


__all__ = ["named", "page"]
