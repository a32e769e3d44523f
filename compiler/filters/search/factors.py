"""Kernels as products of small ones, and as products plus a multiple of the pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from scamp_sim.compiler.filters.kernel import PRIME, Taps, convolved, plus, shift

_DIRECTIONS = ((1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2), (3, 0), (0, 3), (4, 0), (0, 4))

# a factor in one direction m: weights of 1, m, m^2 ..., and the order and sign of a root of unity where it vanishes
_SHAPES: tuple[tuple[tuple[int, ...], int], ...] = (
    ((1, 1), 2),
    ((1, -1), 1),
    ((1, 1, 1), 3),
    ((1, -1, 1), 6),
    ((1, 1, 1, 1, 1), 5),
    ((1, 1, 1, 1, 1, 1, 1), 7),
)


def simple_factors() -> Iterator[Taps]:
    for dx, dy in _DIRECTIONS:
        for weights, _ in _SHAPES:
            yield {(k * dx, k * dy): Fraction(w) for k, w in enumerate(weights)}


def divided(g: Taps, f: Taps) -> Taps | None:
    """The h with g = f * h; None if there is none."""
    lead = max(f)
    out: Taps = {}
    rest = dict(g)
    low_x, low_y = min(x for x, _ in g), min(y for _, y in g)
    high_x, high_y = max(x for x, _ in g), max(y for _, y in g)
    box = (
        low_x - min(x for x, _ in f),
        high_x - max(x for x, _ in f),
        low_y - min(y for _, y in f),
        high_y - max(y for _, y in f),
    )
    while rest:
        top = max(rest)
        at = (top[0] - lead[0], top[1] - lead[1])
        if not (box[0] <= at[0] <= box[1] and box[2] <= at[1] <= box[3]):
            return None
        w = rest[top] / f[lead]
        out[at] = w
        rest = plus(rest, shift(f, *at), -w)
    return out


def factored(g: Taps, far: bool = False) -> tuple[list[Taps], Taps]:
    """(simple factors, what is left); their product is g. far: those of far taps first: of six taps in a row (1 + X^3)
    in place of (1 + X)(1 - X + X^2)."""
    found: list[Taps] = []
    every = list(simple_factors())
    for f in reversed(every) if far else every:
        while len(g) > 1:
            h = divided(g, f)
            if h is None:
                break
            found.append(f)
            g = h
    return found, g


def _roots(order: int) -> list[int]:
    """Primitive roots of unity modulo the prime."""
    if (PRIME - 1) % order:
        return []
    for base in range(2, 50):
        z = pow(base, (PRIME - 1) // order, PRIME)
        if all(pow(z, order // q, PRIME) != 1 for q in (2, 3, 5, 7) if order % q == 0):
            return [z]
    return []


def pixels_off(g: Taps) -> list[Fraction]:
    """Multiples c of the pixel for which g - c has a simple factor; 0 is not among them."""
    found: list[Fraction] = []
    for dx, dy in _DIRECTIONS[:4]:
        for _, order in _SHAPES:
            for root in _roots(order) if order > 1 else [1]:
                seen = set()
                for x in (123456789123, 987654321987654):
                    # a point with X^dx Y^dy = root
                    px = root if (dx, dy) == (1, 0) else x
                    if (dx, dy) == (1, 0):
                        py = x
                    elif dy == 1:
                        py = root * pow(px, -dx, PRIME) % PRIME
                    else:
                        py = pow(root, -1, PRIME) * px % PRIME
                    total = 0
                    for (a, b), w in g.items():
                        factor = w.numerator * pow(w.denominator, -1, PRIME)
                        total += factor * pow(px, a % (PRIME - 1), PRIME) * pow(py, b % (PRIME - 1), PRIME)
                    seen.add(total % PRIME)
                if len(seen) == 1:
                    c = _small(seen.pop(), max(w.denominator for w in g.values()))
                    if c is not None and c and c not in found:
                        found.append(c)
    return found


def _small(number: int, denominator: int) -> Fraction | None:
    """The fraction with that denominator that is the number modulo the prime, if its numerator is small."""
    n = number * denominator % PRIME
    n = n - PRIME if n > PRIME // 2 else n
    return Fraction(n, denominator) if abs(n) < 1 << 20 else None


def separated(g: Taps) -> list[Taps]:
    """A row and a column whose product it is; else itself alone. A filter of one tap is none."""
    if len(g) < 2:
        return []
    x, y = min(g)
    row = {(a, 0): w for (a, b), w in g.items() if b == y}
    column = {(0, b): w / g[x, y] for (a, b), w in g.items() if a == x}
    if len(row) < 2 or len(column) < 2 or convolved(row, column) != g:
        return [g]
    return [row, column]


def groups(factors: Sequence[Taps], rest: Taps) -> list[list[Taps]]:
    """Ways to take factors together: those of an axis together, each alone, everything but one together."""
    alone = [*factors, *separated(rest)]
    if not alone:
        return []
    found: list[list[Taps]] = []
    by_axis: dict[tuple[bool, bool], list[Taps]] = {}
    for f in alone:
        by_axis.setdefault((any(x for x, _ in f), any(y for _, y in f)), []).append(f)
    if 1 < len(by_axis) < len(alone):
        found.append([_product(some) for some in by_axis.values()])
    found.append(alone)
    if len(alone) > 2:
        found.append([alone[0], _product(alone[1:])])
        found.append([alone[-1], _product(alone[:-1])])
    return found


def _product(some: Sequence[Taps]) -> Taps:
    total = some[0]
    for f in some[1:]:
        total = convolved(total, f)
    return total
