"""Numbers on a command line, read within limits: what is none is an error of the line, whatever the files hold."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

from scamp_sim.text import short

HIGHEST = 2**63 - 1
"""Of the integers of options: what arrays can count."""

MANY = 1_000_000
"""Of pictures that are drawn or read: more would fill the memory."""


MOST_EPOCHS = 10_000
"""Passes over the data of a training: more would not end."""

MOST_BATCH = 65_536
"""Examples of a step."""


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


__all__ = ["HIGHEST", "MANY", "MOST_BATCH", "MOST_EPOCHS", "number", "number_in", "whole", "whole_in"]
