"""The parser of every command: whole names of options, and the nearest one to what is none."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """Takes options by their whole names, since an abbreviation may mean another one in the next version, and names
    the nearest one to what is none. Parsers of subcommands are of this kind, too."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """As argparse does: usage and message on stderr, exit code 2."""
        from scamp_sim.chip.isa import did_you_mean

        unknown = re.search(r"unrecognized arguments: (--[\w-]+)", message)
        if unknown:
            known = sorted({name for name in _options(self) if name.startswith("--")})
            starting = [name for name in known if name.startswith(unknown[1])]
            message += f"; did you mean '{starting[0]}'?" if starting else did_you_mean(unknown[1], known)
        super().error(message)


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The options of a parser and of its subcommands."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _options(below)


__all__ = ["Parser"]
