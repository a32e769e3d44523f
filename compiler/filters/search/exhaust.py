"""Exhaustive search from a set of values: the shortest words to the goals, or the proof that so many are not enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from scamp_sim.compiler.filters.kernel import MOVES, PRIME, TURNS, Offset, Taps, depth
from scamp_sim.compiler.filters.search import exact
from scamp_sim.compiler.filters.search.closure import BLOOM, MOST, SLOTS
from scamp_sim.compiler.filters.search.field import Point
from scamp_sim.compiler.filters.words import FilterWord, Value

ALL_DIRECTIONS = 0b11111

EAST_WEST, NORTH_SOUTH = 0b10101, 0b01011


@dataclass(frozen=True)
class Setting:
    """halving: whether words with two destinations are taken. offset: whether goals are met with offset 0. constants:
    whether values that hold nothing but an offset are made then; without them nothing is proven."""

    halving: bool = True
    offset: bool = False
    constants: bool = True


@dataclass
class Found:
    """programs: words, each the shortest, with the names of the goals' values. length: theirs, 0 if none was found.
    exhausted: all programs up to that length were tried. states: how many."""

    programs: list[tuple[tuple[FilterWord, ...], tuple[int, ...]]] = field(default_factory=list)
    length: int = 0
    exhausted: int = 0
    states: int = 0


_NEVER = 1 << 20
"""More halvings than any program has."""


class Numbers:
    """Values as numbers at one point, with the offset in it or not."""

    def __init__(self, point: Point, offset: bool) -> None:
        self.point, self.offset = point, offset
        self.omega = point.kappa if offset else 0

    def pair(self, value: Value) -> tuple[int, int]:
        """(key, what of it is offset)."""
        o = self.point.constant(value.o) if self.offset else 0
        return (self.point.value(value.taps) + o) % PRIME, o

    def shifted(self, pair: tuple[int, int], move: int) -> tuple[int, int]:
        key, o = pair
        return ((key - o) * int(self.point.moves[move]) + o) % PRIME, o

    def word(self, sources: Sequence[tuple[int, int]], parts: int) -> tuple[int, int]:
        inverse = pow(parts, -1, PRIME)
        return tuple((self.omega - inverse * sum(s[k] for s in sources)) % PRIME for k in (0, 1))  # type: ignore[return-value]


def _last_words(
    numbers: Numbers,
    values: dict[int, tuple[int, int]],
    news: tuple[int, int] | None,
    goals: Sequence[int],
    halving: bool,
    words: int,
    fresh: int,
) -> list[list[FilterWord]]:
    """All ways in which so many words, 1 or 2, reach the goals (keys): what the compiled search has found to exist."""
    missing = [g for g in goals if g not in {v[0] for v in values.values()}]
    if not missing:
        return [[]]
    if len(missing) > words:
        return []
    return (
        _one(numbers, values, news, missing[0], halving, fresh)
        if words == 1
        else _two(numbers, values, news, missing, halving, fresh)
    )


def _sums(values: dict[int, tuple[int, int]], most: int) -> list[tuple[tuple[int, ...], int]]:
    return [
        (names, sum(values[n][0] for n in names) % PRIME)
        for size in range(most + 1)
        for names in combinations(values, size)
    ]


def _one(
    numbers: Numbers,
    values: dict[int, tuple[int, int]],
    news: tuple[int, int] | None,
    goal: int,
    halving: bool,
    fresh: int,
) -> list[list[FilterWord]]:
    found = []
    reads = [(-1, 0)] + ([(k, numbers.shifted(news, k)[0]) for k in range(5)] if news else [])
    for parts in (1, 2) if halving else (1,):
        most = 4 if parts == 1 else 2
        need = parts * (numbers.omega - goal) % PRIME
        for names, total in _sums(values, most):
            for read, q in reads:
                if len(names) + (read >= 0) <= most and (total + q) % PRIME == need:
                    found.append([FilterWord(tuple(range(fresh, fresh + parts)), -1, names, read)])
    return found


def _two(
    numbers: Numbers,
    values: dict[int, tuple[int, int]],
    news: tuple[int, int] | None,
    missing: Sequence[int],
    halving: bool,
    fresh: int,
) -> list[list[FilterWord]]:
    """The first word is enumerated; whether the second exists is looked up."""
    found: list[list[FilterWord]] = []
    sums4 = _sums(values, 4)
    known: set[int] = {t for _, t in sums4}
    known2: set[int] = {t for names, t in sums4 if len(names) <= 2}
    reads = [(-1, (0, 0))] + ([(k, numbers.shifted(news, k)) for k in range(5)] if news else [])
    for _read, (q0, _o) in reads[1:]:
        known |= {(q0 + t) % PRIME for names, t in sums4 if len(names) <= 3}
        known2 |= {(q0 + t) % PRIME for names, t in sums4 if len(names) <= 1}

    def last_word(extra: list[int], goal: int) -> bool:
        """Whether the goal may be a word over what is known and the sum of some of the extra values."""
        for e in extra:
            if (numbers.omega - goal - e) % PRIME in known or (
                halving and (2 * (numbers.omega - goal) - e) % PRIME in known2
            ):
                return True
        return False

    for kind in range(4 if halving else 2):
        parts = 1 if kind < 2 else 2
        most = 4 if parts == 1 else 2
        for read, q in reads if kind in (exact.REGISTER, exact.COPIES) else reads[:1]:
            for names, _total in sums4:
                if len(names) + (read >= 0) > most:
                    continue
                pair = numbers.word([values[n] for n in names] + ([q] if read >= 0 else []), parts)
                for write in range(5) if kind in (exact.NEWS, exact.SPLIT) else (-1,):
                    now = dict(values)
                    registers: tuple[int, ...] = ()
                    if kind != exact.NEWS:
                        registers = (fresh, fresh + 1) if kind == exact.COPIES else (fresh,)
                        now |= dict.fromkeys(registers, pair)
                    there = numbers.shifted(pair, write) if write >= 0 else news
                    left = [g for g in missing if g not in {v[0] for v in now.values()}]
                    if len(left) > 1:
                        continue
                    if left:
                        extra = [pair[0], 2 * pair[0] % PRIME] if registers else []
                        if write >= 0:
                            moved = [numbers.shifted(pair, write)]
                            moved = [numbers.shifted(moved[0], k) for k in range(5)]
                            extra += [m[0] for m in moved]
                            if registers:
                                extra += [(m[0] + pair[0]) % PRIME for m in moved]
                        if not last_word([*extra, 0], left[0]):
                            continue
                        word = FilterWord(registers, write, names, read)
                        for tail in _one(numbers, now, there, left[0], halving, fresh + 2):
                            found.append([word, *tail])
                    elif registers:
                        found.append([FilterWord(registers, write, names, read)])
    return found


def _word(code: int, values: Sequence[int], fresh: int) -> tuple[FilterWord, list[int]]:
    """The word behind a code of the compiled search; the names of the registers that it adds."""
    kind, read, write, mask = code & 3, (code >> 2) & 7, (code >> 5) & 7, code >> 8
    names = tuple(values[i] for i in range(MOST) if (mask >> i) & 1)
    made = {exact.REGISTER: 1, exact.NEWS: 0, exact.COPIES: 2, exact.SPLIT: 1}[kind]
    registers = tuple(range(fresh, fresh + made))
    news = write if kind in (exact.NEWS, exact.SPLIT) else -1
    return FilterWord(registers, news, names, read - 1), list(registers)


def _depth(value: Value) -> int:
    return min(max(depth(value.taps), 0), 31)


def _symmetries(known: Sequence[Taps], goals: Sequence[Taps], axes: int) -> int:
    """Bits of the symmetries that leave alone each filter that is known, the goals as a set, and the moves that are
    allowed among themselves."""

    def turned(f: Taps, t: int) -> frozenset[tuple[Offset, Fraction]]:
        return frozenset((TURNS[t](x, y), w) for (x, y), w in f.items())

    moves = {move for k, move in enumerate(MOVES) if (axes >> k) & 1}
    bits = 0
    for t, turn in enumerate(TURNS):
        if (
            {turn(*move) for move in moves} == moves
            and all(turned(f, t) == turned(f, 0) for f in known)
            and {turned(g, t) for g in goals} == {turned(g, 0) for g in goals}
        ):
            bits |= 1 << t
    return bits


class Exhaustion:
    """Breadth-first search from given values. The states of each level are kept for as long as there is room."""

    def __init__(
        self,
        start: dict[int, Value],
        goals: Sequence[Value],
        setting: Setting,
        point: Point | None = None,
        news: Value | None = None,
        axes: int = ALL_DIRECTIONS,
        room: int = 60_000,
        table: int = 1 << 20,
    ) -> None:
        self.numbers = Numbers(point or Point(), setting.offset)
        self.setting, self.axes = setting, axes
        self.names = list(start)
        self.start = {n: self.numbers.pair(v) for n, v in start.items()}
        self.news = self.numbers.pair(news) if news is not None else None
        pairs = [self.numbers.pair(g) for g in goals]
        self.goals = np.array([p[0] for p in pairs], np.int64)
        omega = self.numbers.omega
        self.needs = np.array([(omega - p[0]) % PRIME for p in pairs], np.int64)
        self.room = room
        self.visited = np.zeros(table, np.int64)
        self.fresh_name = max(start, default=-1) + 1
        keys, okeys, meta = self._arrays(1)
        for i, pair in enumerate(self.start.values()):
            keys[0, i], okeys[0, i] = pair
        if self.news is not None:
            keys[0, MOST], okeys[0, MOST] = self.news
        meta[0, exact.SIZE], meta[0, exact.HAS] = len(self.start), self.news is not None
        known = [v.taps for v in [*start.values()] + ([news] if news is not None else [])]
        meta[0, exact.TURNS_LEFT] = _symmetries(known, [g.taps for g in goals], axes)
        meta[0, exact.PARENT_STATE] = -1
        for i, v in enumerate(start.values()):
            meta[0, exact.DEPTHS] |= _depth(v) << (5 * i)
        if news is not None:
            meta[0, exact.DEPTHS] |= _depth(news) << (5 * MOST)
        self.need = max(map(_depth, goals))
        self.levels: list[tuple[Any, Any, Any]] = [(keys, okeys, meta)]
        self.table = np.zeros(SLOTS, np.int64)
        self.stamps = np.zeros(SLOTS, np.int64)
        self.flags = np.zeros(SLOTS + BLOOM, np.int64)
        self.counter = np.zeros(3, np.int64)

    @staticmethod
    def _arrays(count: int) -> tuple[Any, Any, Any]:
        return (
            np.zeros((count, MOST + 1), np.int64),
            np.zeros((count, MOST + 1), np.int64),
            np.zeros((count, 7), np.int64),
        )

    def words_to(
        self, level: int, state: int
    ) -> tuple[list[FilterWord], dict[int, tuple[int, int]], tuple[int, int] | None]:
        """The words to a state, its values by name, and NEWS."""
        codes = []
        while level:
            meta = self.levels[level][2]
            codes.append(int(meta[state, exact.CODE]))
            state = int(meta[state, exact.PARENT_STATE])
            level -= 1
        return self._replay(codes[::-1])

    def _replay(
        self, codes: Sequence[int]
    ) -> tuple[list[FilterWord], dict[int, tuple[int, int]], tuple[int, int] | None]:
        values, news = dict(self.start), self.news
        order = list(self.names)
        fresh = self.fresh_name
        words = []
        for code in codes:
            word, made = _word(code, order, fresh)
            fresh += len(made)
            order += made
            q = [self.numbers.shifted(news, word.reads)] if word.reads >= 0 and news else []
            pair = self.numbers.word([values[n] for n in word.sources] + q, word.parts)
            values |= dict.fromkeys(made, pair)
            if word.news >= 0:
                news = self.numbers.shifted(pair, word.news)
            words.append(word)
        return words, values, news

    def run(self, longest: int, states: int, most: int = 64, tick: Callable[[int, int], None] | None = None) -> Found:
        """Search programs of 1, 2, ... `longest` words, until some are found or so many states were closed. most:
        programs wanted of the shortest length."""
        found = Found()
        first = self._close_start()
        if first is not None:
            return first
        found.exhausted = 2
        for length in range(3, longest + 1):
            count, at = len(self.levels[-1][0]), 0
            last = length == longest
            room = 0 if last else self.room
            out = self._arrays(room) if room else self._arrays(0)
            hits = np.zeros((most, 2), np.int64)
            stored = hit_count = 0
            begun = int(self.counter[1])
            full = False
            while at < count:
                # about as many children as are left of the budget: the first few tell how many a state has
                each = (int(self.counter[1]) - begun) // at + 1 if at else max(states, 1)
                block = max(4, 4096 // (4 ** min(length - 3, 5)) * 4) if at else 4
                block = min(at + min(block, max((states - int(self.counter[1])) // each, 0) + 1), count)
                stored, hit_count, at = self._expand(at, block, out, stored, hits, hit_count, longest - length)
                found.states = int(self.counter[1])
                if tick is not None:
                    tick(length, found.states)
                full = hit_count >= len(hits)
                if full or (found.states >= states and at < count):
                    break
            if hit_count:
                found.length = length
                for k in range(hit_count):
                    words, values, news = self.words_to(len(self.levels) - 1, int(hits[k, 0]))
                    codes = [*self._codes(len(self.levels) - 1, int(hits[k, 0])), int(hits[k, 1])]
                    words, values, news = self._replay(codes)
                    self._finish(found, words, values, news)
                return found
            if at < count:
                return found
            found.exhausted = length
            if self.counter[2] or not stored:
                return found  # the next level would not be whole
            self.levels.append(tuple(a[:stored] for a in out))
        return found

    def _expand(
        self, at: int, end: int, out: tuple[Any, Any, Any], stored: int, hits: Any, hit_count: int, later: int
    ) -> Any:
        return exact.expand(
            at,
            end,
            *self.levels[-1],
            *out,
            stored,
            hits,
            hit_count,
            self.visited,
            self.needs,
            self.goals,
            self.numbers.point.moves,
            self.numbers.point.factors,
            self.numbers.omega,
            self.setting.halving,
            self.setting.offset and self.setting.constants,
            self.axes,
            later,
            self.need,
            self.table,
            self.stamps,
            self.flags,
            self.counter,
        )

    def grow(self) -> bool:
        """Another level of states, not held against the goals; whether it is whole. The search cannot `run` then."""
        out = self._arrays(self.room)
        need, self.need = self.need, _NEVER
        stored, _, _ = self._expand(0, len(self.levels[-1][0]), out, 0, np.zeros((1, 2), np.int64), 0, _NEVER)
        self.need = need
        if self.counter[2] or not stored:
            return False
        self.levels.append(tuple(a[:stored] for a in out))
        return True

    def _codes(self, level: int, state: int) -> list[int]:
        codes = []
        while level:
            meta = self.levels[level][2]
            codes.append(int(meta[state, exact.CODE]))
            state = int(meta[state, exact.PARENT_STATE])
            level -= 1
        return codes[::-1]

    def _finish(
        self, found: Found, words: list[FilterWord], values: dict[int, tuple[int, int]], news: tuple[int, int] | None
    ) -> None:
        goals = [int(g) for g in self.goals]
        fresh = max(values) + 1
        for tail in _last_words(self.numbers, values, news, goals, self.setting.halving, 2, fresh) or []:
            program = (*words, *tail)
            _, after, _ = self._after(program)
            names = {v[0]: n for n, v in after.items()}
            if all(g in names for g in goals):
                found.programs.append((program, tuple(names[g] for g in goals)))

    def _after(self, words: Sequence[FilterWord]) -> tuple[None, dict[int, tuple[int, int]], tuple[int, int] | None]:
        values, news = dict(self.start), self.news
        for word in words:
            q = [self.numbers.shifted(news, word.reads)] if word.reads >= 0 and news else []
            pair = self.numbers.word([values[n] for n in word.sources] + q, word.parts)
            values |= dict.fromkeys(word.registers, pair)
            if word.news >= 0:
                news = self.numbers.shifted(pair, word.news)
        return None, values, news

    def _close_start(self) -> Found | None:
        """Programs of up to two words."""
        goals = [int(g) for g in self.goals]
        if all(g in {v[0] for v in self.start.values()} for g in goals):
            names = {v[0]: n for n, v in self.start.items()}
            return Found([((), tuple(names[g] for g in goals))], 0, 0, 0)
        for length in (1, 2):
            found = Found(length=length, exhausted=length)
            for tail in _last_words(
                self.numbers, self.start, self.news, goals, self.setting.halving, length, self.fresh_name
            ):
                _, after, _ = self._after(tail)
                names = {v[0]: n for n, v in after.items()}
                if len(tail) == length and all(g in names for g in goals):
                    found.programs.append((tuple(tail), tuple(names[g] for g in goals)))
            if found.programs:
                return found
        return None
