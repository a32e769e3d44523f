"""`scamp-sim completion`: a script that completes commands, options and files in a shell."""

from __future__ import annotations

import argparse
from typing import Any

from scamp_sim.exceptions import ProgramError
from scamp_sim.installation import install_hint

NAME = "completion"
HELP = (
    "Print a script that completes commands, options and their values on the TAB key. It is made once: a shell that "
    "has read it starts no Python for it. Needs shtab (extra completion)."
)
EXAMPLES = (
    "scamp-sim completion bash > ~/.local/share/bash-completion/completions/scamp-sim",
    "scamp-sim completion zsh > ~/.zfunc/_scamp-sim",
)

SHELLS = ("bash", "zsh", "tcsh")

FILES = ("file", "files", "more", "image", "out", "video", "trace", "html", "include", "table", "path")
"""Arguments that are files or folders."""


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `completion`."""
    parser.add_argument("shell", choices=SHELLS, help=", ".join(SHELLS))


def run(args: argparse.Namespace) -> int:
    """`completion`: the script of a shell. Raises ProgramError if shtab is missing."""
    try:
        import shtab
    except ImportError:
        raise ProgramError(f"completion needs shtab: {install_hint('completion')}") from None
    print(shtab.complete(whole_parser(), args.shell))
    return 0


def whole_parser() -> argparse.ArgumentParser:
    """One parser of all commands, as it stands for scamp-sim."""
    from scamp_sim.cli.commands import commands
    from scamp_sim.cli.main import parser_of
    from scamp_sim.cli.parsing import Parser

    whole = Parser(prog="scamp-sim")
    whole.add_argument("--version", action="version", version="", help="the version")
    below: Any = whole.add_subparsers()
    for command in commands().values():
        parser = parser_of(command)
        below.add_parser(command.name, parents=[parser], add_help=False, help=command.about.replace("'", ""))
    _mark_files(whole)
    return whole


def _mark_files(parser: argparse.ArgumentParser) -> None:
    import shtab

    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in dict.fromkeys(action.choices.values()):
                _mark_files(one)
        elif action.dest in FILES and not action.choices:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
