"""Words of a filter program over values that are written once, and what they compute, as exact filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from scamp_sim.compiler.filters.kernel import MOVES, UNIT, Offset, Taps, plus, shift, times

PORTS = ("NEWS", "XN", "XE", "XS", "XW")
"""By number of the move that a reading makes; a write makes the same move through the opposite port."""

MOST_SOURCES = (4, 2, 1)
"""Of a word with one, two, three destinations: the documented forms."""

_WRITE_PORTS = ("NEWS", "XS", "XW", "XN", "XE")


@dataclass(frozen=True)
class FilterWord:
    """v := -(sum of the sources) / (number of destinations).

    registers: names of the values written, each written once in a program; news: the move with which NEWS is
    written (0..4, as in MOVES), -1 if it is not; sources: values read; reads: the move with which NEWS is read, -1 if
    it is not.
    """

    registers: tuple[int, ...] = ()
    news: int = -1
    sources: tuple[int, ...] = ()
    reads: int = -1

    @property
    def parts(self) -> int:
        """Number of destinations."""
        return len(self.registers) + (self.news >= 0)

    @property
    def port_written(self) -> str:
        return _WRITE_PORTS[self.news]

    @property
    def port_read(self) -> str:
        return PORTS[self.reads]


@dataclass(frozen=True)
class Value:
    """What a cell holds: a filter of the input; o: the transfer offset that it carries, in units of one transfer; r:
    the same of the mean offset of A..F; reach: how far the furthest way of a value came, (west, east, south, north).
    """

    taps: Taps
    o: Fraction = Fraction(0)
    r: Fraction = Fraction(0)
    reach: tuple[int, int, int, int] = (0, 0, 0, 0)

    def moved(self, move: int) -> Value:
        """As read or written through a port."""
        dx, dy = MOVES[move]
        west, east, south, north = self.reach
        reach = (max(west - dx, 0), max(east + dx, 0), max(south - dy, 0), max(north + dy, 0))
        return Value(shift(self.taps, dx, dy), self.o, self.r, reach)


START = Value(UNIT)


@dataclass(frozen=True)
class Steps:
    """Words that turn value 0, the input, into the outputs. outputs: the names of their values, in the order of the
    kernels."""

    words: tuple[FilterWord, ...]
    outputs: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.words)


def execute(
    words: Iterable[FilterWord], values: dict[int, Value] | None = None, news: Value | None = None
) -> tuple[dict[int, Value], Value | None]:
    """The values of all names, and of NEWS, after the words. values: those before; the input alone by default."""
    values = {0: START} if values is None else dict(values)
    for word in words:
        value, news = step(word, values, news)
        for name in word.registers:
            values[name] = Value(value.taps, value.o, value.r + Fraction(1), value.reach)
        if word.news >= 0:
            news = value.moved(word.news)
    return values, news


def step(word: FilterWord, values: dict[int, Value], news: Value | None) -> tuple[Value, Value | None]:
    """What a word puts on the bus, less the mean offset of A..F, and NEWS as it was. Raises KeyError for what does
    not exist yet."""
    sources = [values[name] for name in word.sources]
    if word.reads >= 0:
        if news is None:
            raise KeyError("NEWS")
        sources.append(news.moved(word.reads))
    total: Taps = {}
    for s in sources:
        total = plus(total, s.taps)
    part = Fraction(-1, word.parts)
    o = Fraction(1) + part * sum((s.o for s in sources), Fraction(0))
    r = part * sum((s.r for s in sources), Fraction(0))
    reach = tuple(max((s.reach[k] for s in sources), default=0) for k in range(4))
    return Value(times(total, part), o, r, (reach[0], reach[1], reach[2], reach[3])), news


def responses(steps: Steps, output: int) -> list[list[tuple[str, Taps]]]:
    """For every word and each of its destinations: (A..F or NEWS, the filter through which an error there comes to the
    output)."""
    registers: dict[int, Taps] = {output: {(0, 0): Fraction(1)}}
    news: Taps = {}
    out: list[list[tuple[str, Taps]]] = []
    for word in reversed(steps.words):
        found: list[tuple[str, Taps]] = []
        carried: Taps = {}
        for name in word.registers:
            h = registers.pop(name, {})
            found.append(("A", h))
            carried = plus(carried, h)
        if word.news >= 0:
            # the error falls into the cell that is written: NEWS as a PE sees its own
            found.append(("NEWS", news))
            carried = plus(carried, moved(news, word.news))
            news = {}
        part = times(carried, Fraction(-1, word.parts))
        for name in word.sources:
            registers[name] = plus(registers.get(name, {}), part)
        if word.reads >= 0:
            news = plus(news, moved(part, word.reads))
        out.append(found)
    return out[::-1]


def moved(taps: Taps, move: int) -> Taps:
    """A filter as a PE sees it from one move away."""
    return shift(taps, *MOVES[move])


def turned(word: FilterWord, turn: Callable[[int, int], Offset]) -> FilterWord:
    """The word with every move turned by a symmetry of the array."""

    def move(number: int) -> int:
        return number if number < 0 else MOVES.index(turn(*MOVES[number]))

    return replace(word, news=move(word.news), reads=move(word.reads))


def live_words(words: Sequence[FilterWord], outputs: Iterable[int]) -> tuple[FilterWord, ...]:
    """The words without those that nothing reads; names that nothing reads stay where they make a half."""
    needed = set(outputs)
    news = False
    kept: list[FilterWord] = []
    for word in reversed(words):
        if not (needed & {*word.registers} or (news and word.news >= 0)):
            continue
        writes_news = word.news >= 0
        kept.append(word)
        news = (news and not writes_news) or word.reads >= 0
        needed |= {*word.sources}
    return tuple(reversed(kept))


def unused(words: Iterable[FilterWord]) -> int:
    """A name that no word gives to a value, as is none of those after it."""
    return 1 + max([0, *(r for w in words for r in w.registers)])


def renamed(words: Iterable[FilterWord], names: dict[int, int], fresh: Iterator[int]) -> list[FilterWord]:
    """The words with other names; those that `names` lacks get fresh ones, and are added to it."""
    out = []
    for w in words:
        sources = tuple(names[s] for s in w.sources)
        for r in w.registers:
            names[r] = next(fresh)
        out.append(FilterWord(tuple(names[r] for r in w.registers), w.news, sources, w.reads))
    return out
