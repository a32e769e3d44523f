"""Programs for products: the shortest programs of the factors one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import reduce
from itertools import count, product
from math import gcd

from scamp_sim.compiler.filters.kernel import Taps, norm, plus, shift, times
from scamp_sim.compiler.filters.search.exhaust import ALL_DIRECTIONS, Exhaustion, Setting
from scamp_sim.compiler.filters.search.factors import factored, groups, pixels_off
from scamp_sim.compiler.filters.search.first import first_program
from scamp_sim.compiler.filters.search.prefixes import Evolution
from scamp_sim.compiler.filters.words import START, FilterWord, Steps, Value, execute, renamed

_EAST_WEST, _NORTH_SOUTH = 0b10101, 0b01011

SMALL_WORK = 60_000_000


class Parts:
    """Short programs for small filters, each found once."""

    def __init__(self, offset: bool, mode: int, most_states: int = 150_000) -> None:
        self.offset, self.mode, self.states = offset, mode, most_states
        self.known: dict[tuple[tuple[tuple[int, int], Fraction], ...], Steps | None] = {}
        self.work = 0

    def program(self, goal: Taps) -> Steps | None:
        key = tuple(sorted(goal.items()))
        if key not in self.known:
            self.known[key] = self._find(goal)
        return self.known[key]

    def _find(self, goal: Taps) -> Steps | None:
        axes = ALL_DIRECTIONS
        if not any(y for _, y in goal):
            axes = _EAST_WEST
        elif not any(x for x, _ in goal):
            axes = _NORTH_SOUTH
        longest = 7 if axes != ALL_DIRECTIONS else 5
        search = Exhaustion(
            {0: START}, [Value(goal)], Setting(self.mode & 3 != 0, self.offset), axes=axes, room=20_000, table=1 << 18
        )
        found = search.run(longest, self.states, most=1)
        self.work += 600 * found.states
        if found.programs and self.mode & 3 != 2 and not self.mode & 4:
            words, outputs = found.programs[0]
            return Steps(words, outputs)
        best: Steps | None = first_program([goal], ("none", "single", "macro")[self.mode & 3], self.offset)
        least = len(best) if best is not None else 60
        for seed in range(2):
            evolution = Evolution([Value(goal)], {0: START}, self.offset, self.mode, seed=seed)
            evolution.run(SMALL_WORK, least)
            self.work += SMALL_WORK
            steps = evolution.program()
            if steps is not None and (best is None or len(steps) < len(best)):
                best, least = steps, len(steps)
        return best


def composed(goal: Taps, parts: Parts) -> Iterable[Steps]:
    """Programs for products that are the goal, or the goal but for a multiple of the pixel, which is added then."""
    for c in (Fraction(0), *pixels_off(goal)[:6]):
        part = plus(goal, {(0, 0): c}, Fraction(-1)) if c else goal
        if not part:
            continue
        factors, rest = factored(part)
        for group in groups(factors, rest):
            if len(group) < 2:
                continue
            steps = _chained(part, group, parts)
            if steps is None:
                continue
            if not c:
                yield steps
            else:
                yield from with_pixel(steps, c)
                yield steps


def with_pixel(steps: Steps, c: Fraction) -> Iterable[Steps]:
    """Programs with c times the input added to the result, where c is one or a power of a half of either sign: from the
    input, or from a fraction of it that the program holds, by halvings of one word or of two."""
    if abs(c.numerator) != 1 or c.denominator & (c.denominator - 1):
        return
    d = c.denominator.bit_length() - 1
    body, out = list(steps.words[:-1]), steps.outputs[0]
    last = steps.words[-1]
    values, _ = execute(body)
    depths: dict[int, tuple[int, int]] = {}
    for name, value in values.items():
        if set(value.taps) == {(0, 0)}:
            w = value.taps[0, 0]
            k = w.denominator.bit_length() - 1
            if abs(w.numerator) == 1 and k <= d and (k not in depths or not value.o):
                depths[k] = name, w.numerator
    for start in sorted(depths, reverse=True)[:2]:
        for single in (True, False):
            at, sign = depths[start]
            fresh = 1 + max([0, *(r for w in steps.words for r in w.registers)])
            words: list[FilterWord] = []
            for _ in range(d - start):
                if single:
                    words.append(FilterWord((fresh, fresh + 1), -1, (at,)))
                    sign = -sign
                else:
                    words += [FilterWord((fresh + 1,), 0, (at,)), FilterWord((fresh,), -1, (), 0)]
                at, fresh = fresh, fresh + 2
            fits = last.parts == 1 and len(last.sources) + (last.reads >= 0) < 4 and at not in last.sources
            # the words of two go through NEWS: not where something waits there
            begin = depths[start][0]
            place = next((k for k in range(len(body)) if _known(body[:k], begin) and not _open([*body, last], k)), -1)
            if place < 0:
                continue
            whole = [*body[:place], *words, *body[place:]]
            if fits and sign * c < 0:  # the last word subtracts it
                yield Steps((*whole, FilterWord(last.registers, last.news, (*last.sources, at), last.reads)), (out,))
            added, taken = ((at,), ()) if sign * c > 0 else ((), (at,))
            more = [FilterWord((), 0, (out, *added)), FilterWord((fresh,), -1, taken, 0)]
            yield Steps((*whole, last, *more), (fresh,))


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


def _chained(goal: Taps, group: Sequence[Taps], parts: Parts) -> Steps | None:
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


def in_series(programs: Sequence[Steps]) -> Steps:
    """One program after the other, each on the result of the one before."""
    fresh = count(1)
    words: list[FilterWord] = []
    at = 0
    for p in programs:
        names = {0: at}
        words += renamed(p.words, names, fresh)
        at = names[p.outputs[0]]
    return Steps(tuple(words), (at,))
