"""The parser of every command: whole names of options, the nearest one to what is none, and numbers that are some."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

from scamp_sim.limits import number, whole


class Parser(argparse.ArgumentParser):
    """Takes options by their whole names, since an abbreviation may mean another one in the next version, and names
    the nearest one to what is none. `type=int` and `type=float` take numbers that fit into 64 bits: no option has a
    meaning for nan, for infinity or for an integer of 30 digits. Parsers of subcommands are of this kind, too."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **options})
        self.register("type", int, whole)
        self.register("type", float, number)

    def error(self, message: str) -> NoReturn:
        """The message on stderr, then what the command takes, in a line; exit code 2."""
        from scamp_sim.chip.isa import nearest

        unknown = re.search(r"unrecognized arguments: (--?[A-Za-z][\w-]*)", message)
        if unknown:
            known = sorted({name for name in _options(self) if name.startswith("--")})
            starting = [name for name in known if name.startswith(unknown[1])]
            # without the dashes, which all of them share and which would make everything near
            near = starting[0][2:] if starting else nearest(unknown[1].lstrip("-"), [name[2:] for name in known])
            elsewhere = [name for name, parser in _actions(self) if unknown[1] in _options(parser)]
            if elsewhere:
                message += f"; {unknown[1]} belongs to {', '.join(elsewhere)}"
            elif near:
                message += f"; did you mean '--{near}'?"
        print(f"{self.prog}: error: {message}", file=sys.stderr)
        print(f"{self._short_usage()}\n{self.prog} --help shows the options", file=sys.stderr)
        raise SystemExit(2)

    def _short_usage(self) -> str:
        """The usage without the options, which would bury the message."""
        formatter = self._get_formatter()
        formatter.add_usage(None, [a for a in self._actions if not a.option_strings], [])
        return formatter.format_help().strip().replace(self.prog, f"{self.prog} [options]", 1)


def _actions(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The subcommands of a parser, by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The options of a parser and of its subcommands."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _options(below)


__all__ = ["Parser"]
