"""Programs for products: the shortest programs of the factors one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import reduce
from itertools import chain, islice, product
from math import gcd
from typing import Any

from scamp_sim.compiler.filters.kernel import BACK, TURNS, Taps, norm, plus, shift, times
from scamp_sim.compiler.filters.search.factors import factored, groups, pixels_off
from scamp_sim.compiler.filters.search.first import first_program
from scamp_sim.compiler.filters.search.series import (
    MOST_STATES,
    fractions,
    in_series,
    placed,
    plain_stages,
    series,
    stages_of,
)
from scamp_sim.compiler.filters.words import START, FilterWord, Steps, Value, execute, turned, unused

_EAST_WEST, _NORTH_SOUTH, _ALL = 0b10101, 0b01011, 0b11111

_SINGLE = 1
"""The mode of `genes` in which any word may halve; this module is loaded without the compiled search."""

SMALL_WORK = 60_000_000

_STATES = 150_000
"""States of the exact search for a factor."""

_BEST = 30

_NESTED = 3
"""Factors of factors are products themselves, so deep."""

_FEW = 6
"""Programs that are followed where several fractions are added."""

_DIGITS = 4
"""Fractions of the pixel that are added to a product at most."""


class Parts:
    """Short programs for small filters, each found once. offset: whether they leave none; mode: as in `genes`;
    where the work that is allowed is spent, chains have to do."""

    most_expanded = MOST_STATES

    def __init__(self, offset: bool, mode: int) -> None:
        self.offset, self.mode = offset, mode
        self.most_work = 1 << 62
        self.known: dict[tuple[tuple[tuple[int, int], Fraction], ...], Steps | None] = {}
        self.work = 0
        self.nested = 0
        self.families: dict[tuple[tuple[tuple[int, int], Fraction], ...], tuple[Steps, ...]] = {}

    def more(self, work: int) -> None:
        """Allow so much work from here on."""
        self.most_work = self.work + work

    @property
    def over(self) -> bool:
        """Whether the work is spent."""
        return self.work > self.most_work

    def looked(self, work: int) -> None:
        self.work += work

    def variants(self, goal: Taps) -> tuple[Steps, ...]:
        """The shortest programs, one for each offset that they leave, and one that leaves none."""
        from scamp_sim.compiler.filters.search.exhaust import Exhaustion, Setting

        images = [{turn(x, y): w for (x, y), w in goal.items()} for turn in TURNS]
        keys = [tuple(sorted(g.items())) for g in images]
        turn = min(range(len(keys)), key=lambda k: keys[k])
        key = keys[turn]
        if key not in self.families:
            some: dict[Any, Steps] = {}
            for level, longest in ((False, 5), (True, 4)):
                setting = Setting(self.mode & 3 != 0, level)
                goals = [Value(images[turn])]
                search = Exhaustion({0: START}, goals, setting, axes=_axes(images[turn]), room=20_000, table=1 << 16)
                got = search.run(longest, _STATES // 4, most=48)
                self.work += 600 * got.states
                for words, outputs in got.programs:
                    kept = (execute(words)[0][outputs[0]].o, words[-1].parts, max(fractions(words).values()))
                    some.setdefault(kept, Steps(words, outputs))
            self.families[key] = tuple(some.values())
        back = TURNS[BACK[turn]]
        return tuple(Steps(tuple(turned(w, back) for w in s.words), s.outputs) for s in self.families[key])

    def program(self, goal: Taps) -> Steps | None:
        """A short program; of kernels that are mirrored or turned the same, turned."""
        images = [{turn(x, y): w for (x, y), w in goal.items()} for turn in TURNS]
        keys = [tuple(sorted(g.items())) for g in images]
        turn = min(range(len(keys)), key=lambda k: keys[k])
        key = keys[turn]
        if key in self.known:
            steps = self.known[key]
        else:
            steps = self._find(images[turn])
            if not self.over:
                self.known[key] = steps
        if steps is None:
            return None
        back = TURNS[BACK[turn]]
        return Steps(tuple(turned(w, back) for w in steps.words), steps.outputs)

    def _find(self, goal: Taps) -> Steps | None:
        from scamp_sim.compiler.filters.search.exhaust import Exhaustion, Setting
        from scamp_sim.compiler.filters.search.prefixes import Evolution

        axes = _axes(goal)
        longest = 7 if axes != _ALL else 5
        search = Exhaustion(
            {0: START}, [Value(goal)], Setting(self.mode & 3 != 0, self.offset), axes=axes, room=20_000, table=1 << 18
        )
        found = search.run(longest, _STATES, most=1)
        self.work += (300 if axes != _ALL else 600) * found.states
        if found.programs and self.mode & 3 != 2 and not self.mode & 4:
            words, outputs = found.programs[0]
            return Steps(words, outputs)
        best: Steps | None = first_program([goal], ("none", "single", "macro")[self.mode & 3], self.offset)
        least = len(best) if best is not None else 60
        self.nested += 1
        product = False
        for steps in composed(goal, self) if self.nested < _NESTED and not self.over else ():
            value = execute(steps.words)[0][steps.outputs[0]]
            if value.taps == goal and not (self.offset and value.o):
                product = True
                if len(steps) < least:
                    best, least = steps, len(steps)
        self.nested -= 1
        for seed in range(0 if product else 2):
            if self.over:
                break
            evolution = Evolution([Value(goal)], {0: START}, self.offset, self.mode, seed=seed)
            evolution.run(SMALL_WORK, least)
            self.work += SMALL_WORK
            found_here = evolution.program()
            if found_here is not None and len(found_here) < least:
                best, least = found_here, len(found_here)
        return best


def _axes(goal: Taps) -> int:
    """Directions along which the taps lie."""
    if not any(y for _, y in goal):
        return _EAST_WEST
    return _ALL if any(x for x, _ in goal) else _NORTH_SOUTH


def composed(goal: Taps, parts: Parts) -> Iterable[Steps]:
    """Programs for products that are the goal, or the goal but for a multiple of the pixel, which is added then."""
    for c in (Fraction(0), *pixels_off(goal)[:6]):
        part = plus(goal, {(0, 0): c}, Fraction(-1)) if c else goal
        if not part or parts.over:
            continue
        ways = [factored(part, far=True), factored(part)]
        if sorted(map(len, ways[0][0])) == sorted(map(len, ways[1][0])):
            del ways[0]
        for factors, rest in ways:
            if parts.mode == _SINGLE and len(rest) == 1 and len(factors) > 1:
                some: Iterable[Steps] = staged(factors, rest, parts, 4 if c and parts.offset else 2, not c)
                if c:
                    some = chain.from_iterable(with_pixels(steps, c, parts.offset) for steps in some)
                yield from islice(some, 2 * _BEST) if not c else sorted(some, key=len)[:_BEST]
        for factors, rest in ways:
            for group in groups(factors, rest):
                if len(group) < 2 or parts.over:
                    continue
                whole = chained(part, group, parts)
                if whole is None:
                    continue
                if c:
                    yield from with_pixels(whole, c, parts.offset)
                yield whole


def staged(factors: Sequence[Taps], rest: Taps, parts: Parts, more: int, last: bool) -> Iterable[Steps]:
    """Products of the factors times a power of a half, stage by stage. more: words beyond the shortest; last: whether
    nothing is added behind, so that no offset may be left where none is wanted."""
    ((place, w),) = rest.items()
    if abs(w.numerator) != 1 or w.denominator & (w.denominator - 1):
        return
    halvings = w.denominator.bit_length() - 1
    put = placed(factors, place)
    if put is None:
        return
    different: list[Taps] = []
    for f in put:
        if f not in different:
            different.append(f)
    counts = [put.count(f) for f in different]
    stages = [*plain_stages(len(different)), *stages_of(different, parts.variants, halvings)]
    what = counts, halvings, w.numerator, stages, more
    if parts.offset and last:
        level = series(*what, 16, parts.looked, True, False, parts.most_expanded)
        yield from sorted(level, key=len)[:_BEST]
    # those that leave an offset are near one that leaves none
    followed = 6 if parts.offset else 1
    yield from series(*what, followed, parts.looked, False, not last, parts.most_expanded)


def digits(c: Fraction) -> list[Fraction]:
    """c as a sum of few fractions 1/2^k of either sign, the largest first; none if it takes too many."""
    if c.denominator & (c.denominator - 1):
        return []
    whole, rest = round(c), c - round(c)
    found = [Fraction(1 if whole > 0 else -1)] * min(abs(whole), _DIGITS + 1)
    n, unit = rest.numerator, Fraction(1, rest.denominator)
    small: list[Fraction] = []
    while n:
        if n & 1:
            digit = 2 - (n & 3)
            small.append(digit * unit)
            n -= digit
        n >>= 1
        unit *= 2
    found += small[::-1]
    return found if len(found) <= _DIGITS else []


def with_pixels(steps: Steps, c: Fraction, level: bool) -> Iterable[Steps]:
    """Programs with c times the input added to the result, fraction by fraction."""
    some = [steps]
    parts = digits(c)
    for k, part in enumerate(parts):
        last = k == len(parts) - 1
        more = chain.from_iterable(with_pixel(s, part, level and last) for s in some)
        some = sorted(dict.fromkeys(more), key=len)
        if not last:
            some = some[:_FEW]
    yield from some if parts else ()


def with_pixel(steps: Steps, c: Fraction, level: bool) -> Iterable[Steps]:
    """Programs with c times the input added to the result, where c is one or a power of a half of either sign: from the
    input, or from a fraction of it that the program holds, by halvings of one word or of two. level: only those that
    leave no offset."""
    if abs(c.numerator) != 1 or c.denominator & (c.denominator - 1):
        return
    depth = c.denominator.bit_length() - 1
    body, last = list(steps.words[:-1]), steps.words[-1]
    out = steps.outputs[0]
    after, _ = execute(steps.words)
    o = after[out].o
    held = {k: (name, after[name].o) for name, (k, _) in fractions(body).items() if k <= depth}
    for start in sorted(held, reverse=True)[:2]:
        name, first = held[start]
        # the words of two go through NEWS: not where something waits there
        place = next((k for k in range(len(body)) if _known(body[:k], name) and not _open([*body, last], k)), -1)
        if place < 0:
            continue
        sign = 1 if after[name].taps[0, 0] > 0 else -1
        best: dict[tuple[int, Fraction], tuple[int, ...]] = {}
        halvings: list[tuple[int, ...]] = [(1, 2) if level else (1,)] * (depth - start)
        for pattern in product(*halvings, (0, 1)):
            s, there = sign, first
            for step in pattern:  # 1: halved, or negated at the end; 2: halved through NEWS
                s, there = (-s, 1 - there / 2) if step == 1 else (s, there / 2 if step else there)
            if pattern[-1]:
                there = 2 * there - 1  # not halved: 1 - o
            if (s, there) not in best or sum(pattern) < sum(best[s, there]):
                best[s, there] = pattern
        for (s, there), pattern in best.items():
            # subtracted by the last word, subtracted or added on a way through NEWS
            fits = last.parts == 1 and len(last.sources) + (last.reads >= 0) < 4 and s * c < 0
            if level and o - there * (1 if s * c < 0 else -1):
                continue
            words, at = _halved(pattern, name, unused(steps.words))
            whole = [*body[:place], *words, *body[place:]]
            fresh = unused([*whole, last])
            if fits:
                yield Steps((*whole, FilterWord(last.registers, last.news, (*last.sources, at), last.reads)), (out,))
            added, taken = ((at,), ()) if s * c > 0 else ((), (at,))
            through = [FilterWord((), 0, (out, *added)), FilterWord((fresh,), -1, taken, 0)]
            yield Steps((*whole, last, *through), (fresh,))


def _halved(pattern: Sequence[int], name: int, fresh: int) -> tuple[list[FilterWord], int]:
    """Words that halve a value as the pattern says, and negate it at last if its last number is 1."""
    words: list[FilterWord] = []
    for k, kind in enumerate(pattern):
        if not kind:
            continue
        if kind == 2:
            words += [FilterWord((fresh + 1,), 0, (name,)), FilterWord((fresh,), -1, (), 0)]
        else:
            words.append(FilterWord((fresh,) if k == len(pattern) - 1 else (fresh, fresh + 1), -1, (name,)))
        name, fresh = fresh, fresh + 2
    return words, name


def _known(words: Sequence[FilterWord], name: int) -> bool:
    return name == 0 or any(name in w.registers for w in words)


def _open(words: Sequence[FilterWord], k: int) -> bool:
    """Whether NEWS holds something before word k that is read from there on."""
    for w in words[k:]:
        if w.reads >= 0:
            return True
        if w.news >= 0:
            return False
    return False


def _content(f: Taps) -> Fraction:
    top = reduce(gcd, (abs(w.numerator) for w in f.values()))
    bottom = reduce(lambda a, b: a * b // gcd(a, b), (w.denominator for w in f.values()))
    return Fraction(top, bottom)


def _centred(f: Taps) -> Taps:
    xs, ys = [x for x, _ in f], [y for _, y in f]
    return shift(f, -((min(xs) + max(xs)) // 2), -((min(ys) + max(ys)) // 2))


def chained(goal: Taps, group: Sequence[Taps], parts: Parts) -> Steps | None:
    """A program for each factor, one after the other; halvings go to the first that have room for them."""
    primitive = [_centred(times(f, 1 / _content(f))) for f in group]
    # the factor that is missing: a number, and a shift
    total = primitive[0]
    for f in primitive[1:]:
        total = _times(total, f)
    top, other = max(goal), max(total)
    scale = goal[top] / total[other]
    dx, dy = top[0] - other[0], top[1] - other[1]
    if scale.denominator & (scale.denominator - 1):
        return None
    halvings = scale.denominator.bit_length() - 1
    shares = []
    for f in primitive:
        share = min(halvings, max(0, (norm(f).numerator - 1).bit_length()))
        shares.append(share)
        halvings -= share
    shares[0] += halvings
    scaled = [times(f, Fraction(1, 2**s)) for f, s in zip(primitive, shares, strict=True)]
    scaled[0] = times(scaled[0], Fraction(scale.numerator))
    for k in range(len(scaled)):
        xs, ys = [x for x, _ in scaled[k]], [y for _, y in scaled[k]]
        mx = (1 if dx > 0 else -1) if dx and (max(xs) - min(xs)) % 2 else 0
        my = (1 if dy > 0 else -1) if dy and (max(ys) - min(ys)) % 2 else 0
        if k == len(scaled) - 1:
            mx, my = dx, dy
        scaled[k] = shift(scaled[k], mx, my)
        dx, dy = dx - mx, dy - my
    best: list[Steps] | None = None
    choices = [[(s, parts.program(times(f, Fraction(s)))) for s in (1, -1)] for f in scaled]
    for some in product(*choices):
        if reduce(lambda a, b: a * b, (s for s, _ in some)) < 0 or any(p is None for _, p in some):
            continue
        programs = [p for _, p in some if p is not None]
        if best is None or sum(map(len, programs)) < sum(map(len, best)):
            best = programs
    return None if best is None else in_series(best)


def _times(a: Taps, b: Taps) -> Taps:
    out: Taps = {}
    for (x, y), w in b.items():
        out = plus(out, shift(a, x, y), w)
    return out
