"""What the kit measures: series of shots, each a plane that is loaded, treated, and read out.

A series is carried out three times with the same words: on the owner's chip, as C++ (`sources`); on an emulated chip
that plays the owner's, from the same C++ (`play`); and in a fit, on simulated chips (`simulate`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scamp_sim.exceptions import ProgramError

REPEATS, FEWEST_REPEATS, MOST_REPEATS = 20, 3, 1000
"""Repetitions of every shot: by default, at least, to tell noise from pattern, and at most."""

FLAT_FACTOR = 5
"""Flat planes are read so many times more often than other shots."""


LEFT = 64
"""Columns that must be left to count where a plane moves."""


@dataclass(frozen=True)
class Shot:
    """One way of taking a plane.

    value: LSB that are loaded.
    passes: launches of the kernel.
    wait: ms before them.
    """

    value: int
    passes: int
    wait: int


@dataclass(frozen=True)
class Series:
    """A program of the kit.

    title: what it measures.
    kernel: SDK text of one pass.
    register: what is read at the end.
    before: "load" takes a picture of A right after loading; "mirror" takes the whole shot with the negative value
        first; "" takes none.
    setup: host calls ahead of everything.
    reload: what is loaded at the end in place of a pass.
    flat: read more often, without a load.
    lit: an even scene is looked at.
    travel: places that the plane moves along its rows; so many columns at either edge do not count.
    statistics: those that a fit uses, of `simulate.quantities`.
    """

    name: str
    title: str
    kernel: str
    values: tuple[int, ...]
    passes: tuple[int, ...] = (1,)
    waits: tuple[int, ...] = (0,)
    register: str = "A"
    before: str = "load"
    setup: tuple[str, ...] = ()
    reload: str = ""
    loads: bool = True
    flat: bool = False
    lit: bool = False
    travel: int = 0
    statistics: tuple[str, ...] = ("mean", "fixed", "temporal")

    def shots(self) -> Iterator[Shot]:
        """Every shot of one repetition, in the order in which the chip takes them."""
        for value in self.values:
            for passes in self.passes:
                for wait in self.waits:
                    yield Shot(value, passes, wait)

    def pictures(self, repeats: int) -> int:
        """Pictures that the chip gives for so many repetitions."""
        return self.rounds(repeats) * len([*self.shots()]) * (2 if self.before else 1)

    @property
    def columns(self) -> int:
        """Columns that an array needs so that some are left that count."""
        return 2 * self.travel + LEFT if self.travel else 1

    def rounds(self, repeats: int) -> int:
        """Repetitions of this series."""
        return repeats * (FLAT_FACTOR if self.flat else 1)


BARS = ("scamp5_load_rect(R5, {half_row}, 0, {last_row}, {half_column});", "NOT(R6, R5);")

# fmt: off
SERIES: dict[str, Series] = {
    s.name: s
    for s in (
        Series("flat", "planes of zero: pattern and noise of the readout", "res(A);", (0,), before="", loads=False,
               flat=True),
        Series("moves", "there and back, no word with several destinations: errors of single writes",
               "mov(B, A); mov(A, B);", (-100, 0, 100), (1, 8, 32)),
        Series("shifts", "one place on and back: errors of single writes through a neighbour",
               "movx(B, A, east); movx(A, B, west);", (-100, 100), (1, 8)),
        Series("march", "up to 64 places one way: errors of single writes from PE to PE",
               "movx(B, A, east); movx(A, B, east);", (-100, 100), (8, 32), travel=64),
        Series("halve", "halve, copy, add: words with several destinations",
               "diva(A, E, F); mov(F, A); add(A, A, F);", (-100, 0, 50, 100), (1, 4, 16)),
        Series("split", "one word with two destinations: how unequal its parts are", "divq(B, A);", (-100, 100),
               register="B"),
        Series("transfer", "one word: the offset of a transfer", "bus(B, A);", (-60, 0, 60), register="B"),
        Series("waits", "nothing but time: drift", "", (0, 100), (0,), (0, 20, 100, 500)),
        Series("comparator", "a level against zero: the comparator", "where(A); MOV(R5, FLAG); all();",
               (-6, -4, -2, -1, 0, 1, 2, 4, 6), register="R5", before="", statistics=("ones",)),
        Series("registers", "the same value read from two registers: pattern of the cells", "", (60,), (0,),
               register="B", reload="B", statistics=("fixed", "temporal")),
        Series("bars", "strong signals in half of a row: what the other half shows of them",
               "WHERE(R6); res(A); all();", (100,), before="mirror", setup=BARS, statistics=("shadow",)),
        Series("light", "an evenly lit scene, again and again: noise of the photodiodes", "get_image(A);", (0,),
               before="", loads=False, flat=True, lit=True, statistics=("temporal",)),
    )
}
# fmt: on
"""Name -> series, in the order of the protocol."""


def fitting(shape: tuple[int, int]) -> tuple[str, ...]:
    """Names of the series that an array of `shape` is wide enough for."""
    return tuple(name for name, series in SERIES.items() if series.columns <= shape[1])


STOPWATCH = "stopwatch"
"""The program that takes times, not pictures."""

TIMED = {
    "launch": (1000, "an empty kernel, 1,000 launches"),
    "call": (1000, "scamp5_load_pattern, 1,000 calls"),
    "constant": (1000, "scamp5_in, 1,000 calls"),
    "record": (200, "a kernel of 40 words that is recorded at every launch, 200 launches"),
}
"""What the stopwatch times: name -> (how often, what)."""


def check_repeats(repeats: int) -> int:
    """Raises ProgramError."""
    if isinstance(repeats, bool) or not isinstance(repeats, int) or not FEWEST_REPEATS <= repeats <= MOST_REPEATS:
        raise ProgramError(
            f"repeats must be an integer from {FEWEST_REPEATS} to {MOST_REPEATS}, got {repeats!r:.40}; noise and "
            "pattern cannot be separated with fewer"
        )
    return repeats
