"""Analog planes as linear forms: what a register holds, as a sum of named planes of known ranges.

A plane of values is the sum of terms `coefficient * plane`. The named planes, the symbols, are pictures, constants, and
whatever was joined or blurred from others; of each only its range is known. So `x - x` is 0 and the two halves of a
value add up to it, which plain intervals cannot see.

A term may come from a neighbour: it is the symbol `(row, column)` away. Beyond the edge of the array there is 0, and
what has travelled out and back is gone. Hence each term also knows its box: the smallest rectangle around the PE that
holds all places where it has been. The term is 0 in those PEs whose box sticks out of the array.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

Interval = tuple[float, float]
"""Lowest and highest value, both included, in LSB."""

Term = tuple[int, int, int, int, int, int, int]
"""Symbol; (row, column) of where it stands, seen from the PE; its box: first and last row, first and last column."""

MOST_TERMS = 96
"""A form with more becomes a symbol of its own: its range stays, its relation to others is given up."""

MOST_PLACES = 600
"""Kinds of places near the edges that are distinguished; beyond that they are bounded all at once."""

NEGLIGIBLE = 1e-9
"""A coefficient that is smaller is what rounding left of 0."""


class Form:
    """A plane as a sum of terms. Never changed once it is made; `range` is filled in when it is first asked for."""

    __slots__ = ("range", "terms")

    def __init__(self, terms: Mapping[Term, float]) -> None:
        self.terms = terms
        self.range: Interval | None = None

    def same(self, other: Form) -> bool:
        return self is other or self.terms == other.terms


ZERO = Form({})


class Symbols:
    """The named planes of one analysis, on an array of `shape` PEs.

    roots: of each symbol, what of the program it comes from: inputs and constants, in words.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self.ranges: list[Interval] = []
        self.roots: list[tuple[str, ...]] = []
        self._moved: dict[tuple[Term, int, int], Term] = {}

    def new(self, low: float, high: float, roots: Iterable[str] = ()) -> Form:
        """A plane of which nothing but the range is known; 0 if it can be nothing else."""
        if low == high == 0:
            return ZERO
        self.ranges.append((low, high))
        self.roots.append(tuple(roots))
        return Form({(len(self.ranges) - 1, 0, 0, 0, 0, 0, 0): 1.0})

    def combined(self, parts: Sequence[tuple[float, Form]]) -> Form:
        """The sum of multiples of forms."""
        terms: dict[Term, float] = {}
        for factor, form in parts:
            for term, coefficient in form.terms.items():
                terms[term] = terms.get(term, 0.0) + factor * coefficient
        if len(parts) > 1:
            terms = {t: c for t, c in terms.items() if abs(c) > NEGLIGIBLE}
        if not terms:
            return ZERO
        form = Form(terms)
        return form if len(terms) <= MOST_TERMS else self.new(*self.range(form), self.origins(form))

    def shifted(self, form: Form, row: int, column: int) -> Form:
        """What each PE finds (row, column) away; 0 beyond the edge (Q10)."""
        terms: dict[Term, float] = {}
        for term, c in form.terms.items():
            moved = self._move(term, row, column)
            terms[moved] = terms.get(moved, 0.0) + c  # different boxes may become one
        return Form({t: c for t, c in terms.items() if abs(c) > NEGLIGIBLE}) if terms else form

    def _move(self, term: Term, row: int, column: int) -> Term:
        key = (term, row, column)
        if key not in self._moved:
            s, dr, dc, top, bottom, left, right = term
            low, high = self.ranges[s]
            uniform = low == high  # the same everywhere: only the box tells terms apart
            self._moved[key] = (
                s,
                0 if uniform else dr + row,
                0 if uniform else dc + column,
                min(top + row, 0),
                max(bottom + row, 0),
                min(left + column, 0),
                max(right + column, 0),
            )
        return self._moved[key]

    # --- ranges ---

    def range(self, form: Form) -> Interval:
        """The values that a form can take in any PE, if its symbols take theirs independently."""
        if form.range is None:
            form.range = self._range(form.terms)
        return form.range

    def _range(self, terms: Mapping[Term, float]) -> Interval:
        low = high = 0.0
        boxed = False
        ranges = self.ranges
        for term, c in terms.items():
            a, b = ranges[term[0]]
            low, high = (low + c * a, high + c * b) if c > 0 else (low + c * b, high + c * a)
            boxed = boxed or term[3:] != (0, 0, 0, 0)
        return self._near_edges(terms) if boxed else (low, high)

    def _near_edges(self, terms: Mapping[Term, float]) -> Interval:
        boxes: dict[tuple[int, ...], dict[tuple[int, ...], float]] = {}
        inside: dict[tuple[int, ...], float] = {}
        for term, c in terms.items():
            boxes.setdefault(term[3:], {})[term[:3]] = c
            inside[term[:3]] = inside.get(term[:3], 0.0) + c
        interior = self._plain(inside)
        low = high = 0.0
        for box, parts in boxes.items():
            a, b = self._plain(parts)
            if any(box):  # all of it is there, or nothing
                a, b = min(a, 0.0), max(b, 0.0)
            low, high = low + a, high + b
        if interior == (low, high):
            return interior
        return self._by_place(boxes, tuple(inside)) or (low, high)

    def _plain(self, parts: Mapping[tuple[int, ...], float]) -> Interval:
        low = high = 0.0
        for plane, c in parts.items():
            a, b = self.ranges[plane[0]]
            low, high = (low + c * a, high + c * b) if c > 0 else (low + c * b, high + c * a)
        return low, high

    def _by_place(
        self, boxes: Mapping[tuple[int, ...], Mapping[tuple[int, ...], float]], planes: Sequence[tuple[int, ...]]
    ) -> Interval | None:
        """Exact: one bound for each kind of PE, distinguished by which boxes stick out of the array there."""
        edges = np.array(list(boxes))
        rows = _changes(edges[:, 0], edges[:, 1], self.shape[0])
        columns = _changes(edges[:, 2], edges[:, 3], self.shape[1])
        if len(rows) * len(columns) > MOST_PLACES:
            return None
        fits_rows = (rows[:, None] + edges[:, 0] >= 0) & (rows[:, None] + edges[:, 1] < self.shape[0])
        fits_columns = (columns[:, None] + edges[:, 2] >= 0) & (columns[:, None] + edges[:, 3] < self.shape[1])
        fits = (fits_rows[:, None] & fits_columns[None]).reshape(-1, len(edges)).astype(float)
        place = {plane: i for i, plane in enumerate(planes)}
        matrix = np.zeros((len(boxes), len(planes)))
        for i, parts in enumerate(boxes.values()):
            for plane, c in parts.items():
                matrix[i, place[plane]] = c
        total = fits @ matrix
        total[abs(total) < NEGLIGIBLE] = 0
        low, high = np.array([self.ranges[p[0]] for p in planes]).T
        up, down = np.maximum(total, 0), np.minimum(total, 0)
        return float((up @ low + down @ high).min()), float((up @ high + down @ low).max())

    def given(self, form: Form, condition: Form | None, positive: bool) -> Interval:
        """The range of `form` in those PEs where `condition` is above 0, or, with positive = False, is not."""
        low, high = self.range(form)
        if condition is None or not form.terms:
            return low, high
        g_low, g_high = self.range(condition)
        g_low, g_high = (max(g_low, 0.0), max(g_high, 0.0)) if positive else (min(g_low, 0.0), min(g_high, 0.0))
        factors = {round(form.terms[t] / c, 9) for t, c in condition.terms.items() if t in form.terms}
        for factor in sorted(factors, key=abs)[-3:]:
            # form = factor * condition + rest, and the condition is known to be on one side of 0
            a, b = self.range(self.combined([(1.0, form), (-factor, condition)]))
            c, d = (factor * g_low, factor * g_high) if factor > 0 else (factor * g_high, factor * g_low)
            low, high = max(low, a + c), min(high, b + d)
        return (low, high) if low <= high else self.range(form)  # no such PE, or one by rounding

    # --- where it comes from ---

    def origins(self, form: Form, most: int = 6) -> tuple[str, ...]:
        """What of the program a form comes from, the largest contribution first."""
        weight: dict[str, float] = {}
        for term, c in form.terms.items():
            low, high = self.ranges[term[0]]
            for root in self.roots[term[0]]:
                weight[root] = weight.get(root, 0.0) + abs(c) * max(abs(low), abs(high))
        return tuple(sorted(weight, key=lambda r: -weight[r])[:most])


def _changes(
    first: np.typing.NDArray[np.int_], last: np.typing.NDArray[np.int_], size: int
) -> np.typing.NDArray[np.int_]:
    """Addresses along one axis at which a box begins to fit into the array or ceases to; one for each stretch."""
    found = np.unique(np.concatenate([[0], -first, size - last]))
    return found[(found >= 0) & (found < size)]


def hull(a: Interval, b: Interval) -> Interval:
    return min(a[0], b[0]), max(a[1], b[1])


def magnitude(interval: Interval) -> float:
    return max(abs(interval[0]), abs(interval[1]))
