"""The parser of every command: whole names of options, the nearest one to what is none, and numbers that are some."""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from scamp_sim.text import short

HIGHEST = 2**63 - 1
"""Of the integers of options: what arrays can count."""


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
        from scamp_sim.chip.isa import did_you_mean

        unknown = re.search(r"unrecognized arguments: (--?[A-Za-z][\w-]*)", message)
        if unknown:
            known = sorted({name for name in _options(self) if name.startswith("--")})
            starting = [name for name in known if name.startswith(unknown[1])]
            message += f"; did you mean '{starting[0]}'?" if starting else did_you_mean(unknown[1], known)
        print(f"{self.prog}: error: {message}", file=sys.stderr)
        print(f"{self._short_usage()}\n{self.prog} --help shows the options", file=sys.stderr)
        raise SystemExit(2)

    def _short_usage(self) -> str:
        """The usage without the options, which would bury the message."""
        formatter = self._get_formatter()
        formatter.add_usage(None, [a for a in self._actions if not a.option_strings], [])
        return formatter.format_help().strip().replace(self.prog, f"{self.prog} [options]", 1)


def whole(text: str) -> int:
    """An integer of an option. Raises ArgumentTypeError, as argparse wants it."""
    return whole_in(-HIGHEST, HIGHEST)(text)


def number(text: str) -> float:
    """A number of an option. Raises ArgumentTypeError, as argparse wants it."""
    return number_in()(text)


def whole_in(low: int, high: int = HIGHEST) -> Callable[[str], int]:
    """What reads an integer of an option within limits, both included."""

    def read(text: str) -> int:
        try:
            found = int(text)
        except ValueError:  # more than 4300 digits, too
            found = None
        if found is None or not low <= found <= high:
            limits = "" if low == -HIGHEST else f" of at least {low}" if high == HIGHEST else f" in {low}..{high}"
            big = " of 63 bits" if found is not None and abs(found) > HIGHEST and high == HIGHEST else ""
            raise argparse.ArgumentTypeError(f"expected an integer{limits}{big}, got '{short(text, 80)}'")
        return found

    return read


def number_in(
    low: float = -math.inf, high: float = math.inf, above: float | None = None, below: float | None = None
) -> Callable[[str], float]:
    """What reads a finite number of an option within limits: low and high are included, above and below are not."""
    bounds = ((low, "of at least"), (high, "of at most"), (above, "above"), (below, "below"))
    limits = " and ".join(
        f"{word} {bound:,.10g}" for bound, word in bounds if bound is not None and math.isfinite(bound)
    )

    def read(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        fits = low <= found <= high and (above is None or found > above) and (below is None or found < below)
        if not (math.isfinite(found) and fits):
            raise argparse.ArgumentTypeError(
                f"expected a finite number{f' {limits}' if limits else ''}, got '{short(text, 80)}'"
            )
        return found

    return read


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The options of a parser and of its subcommands."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _options(below)


__all__ = ["Parser", "number", "number_in", "whole", "whole_in"]
