"""The units of a study, and how a user names chips and seeds: "1-20", "3", "1,4,7-9"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from scamp_sim.checks import integer
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.text import plural, short

MOST = 100_000
"""Chips, or seeds, that one study may name."""

LARGEST = 2**32 - 1
"""The largest serial, and the largest seed."""


class Unit(NamedTuple):
    """One measurement: the chip's serial, the seed of its noise, the number of the item."""

    chip: int
    seed: int
    item: int


@dataclass(frozen=True)
class Grid:
    """All chips x all seeds x all items.

    chips, seeds: in ascending order, each once.
    """

    chips: tuple[int, ...]
    seeds: tuple[int, ...]
    items: int = 1

    def __iter__(self) -> Iterator[Unit]:
        """Chip by chip, so that what belongs to a chip is made as few times as possible."""
        return (Unit(c, s, i) for c in self.chips for s in self.seeds for i in range(self.items))

    def __len__(self) -> int:
        return len(self.chips) * len(self.seeds) * self.items


def make_grid(chips: Iterable[int], seeds: Iterable[int], items: int = 1) -> Grid:
    """The grid of these serials, seeds and items. Raises ProgramError if one of them is no whole number from 0 up."""
    return Grid(_numbers(chips, "chip"), _numbers(seeds, "seed"), items)


def _numbers(values: Iterable[int], what: str) -> tuple[int, ...]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise ProgramError(f"{what}s: expected integers, such as range(1, 21), got {values!r:.60}")
    found = list(values)
    for value in found:
        integer(what, value, 0, LARGEST)
    if not found:
        raise ProgramError(f"no {what}s; a study needs at least one")
    return tuple(sorted({int(value) for value in found}))


def parse_chips(text: str, option: str = "--chips") -> tuple[int, ...]:
    """Serials as a user writes them: "1-20", "3", "1,4,7-9". Raises ProgramError that names the option and what is
    wrong."""
    return _parse(text, option, "serials are integers from 0, such as 1-20, 3 or 1,4,7-9")


def parse_seeds(text: str, first: int = 0) -> tuple[int, ...]:
    """Seeds as a user writes them: "5" is five seeds from `first` up; "3-7" and "1,2,9" are those. Raises
    ProgramError that names what is wrong."""
    remedy = "write how many, such as 5, or which, such as 3-7 or 1,2,9"
    if not re.fullmatch(r"\s*\d+\s*", text):
        return _parse(text, "--seeds", remedy)
    count = int(text) if len(text) <= 20 else LARGEST
    if not 1 <= count <= MOST:
        raise OptionError(f"--seeds {short(text, 40)}: from 1 to {MOST:,} seeds; {remedy}")
    if first + count - 1 > LARGEST:
        raise OptionError(f"--seed {first} with --seeds {count}: seeds go up to {LARGEST}; start with a smaller one")
    return tuple(range(first, first + count))


def _parse(text: str, option: str, remedy: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,20})\s*(?:-\s*(\d{1,20})\s*)?", part)
        if match is None:
            raise OptionError(f"{option} {short(text, 60)}: '{short(part, 40)}' is not valid; {remedy}")
        low = int(match[1])
        high = low if match[2] is None else int(match[2])
        if high < low:
            raise OptionError(f"{option} {short(text, 60)}: {low}-{high} runs backwards; write {high}-{low}")
        if high > LARGEST:
            raise OptionError(f"{option} {short(text, 60)}: {high} is too large; the largest is {LARGEST}")
        if len(found) + high - low + 1 > MOST:
            raise OptionError(f"{option} {short(text, 60)}: more than {MOST:,}; name fewer")
        found.update(range(low, high + 1))
    return tuple(sorted(found))


def ranges(numbers: Iterable[int]) -> str:
    """Ascending numbers as a user writes them: "1-20", "1,4,7-9"."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][1] + 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def heading(grid: Grid) -> str:
    """'20 chips (1-20) x 5 seeds (0-4)'."""
    return (
        f"{plural(len(grid.chips), 'chip')} ({ranges(grid.chips)}) x {plural(len(grid.seeds), 'seed')} "
        f"({ranges(grid.seeds)})"
    )


__all__ = ["Grid", "Unit", "heading", "make_grid", "parse_chips", "parse_seeds", "ranges"]
