"""Kernels near to the one that is asked for, which may take fewer words: outer products, and weights a little moved."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from scamp_sim.compiler.filters.kernel import Taps, plus, to_rows


def approximations(wanted: Taps, tolerance: Fraction, known: Taps) -> list[Taps]:
    """At most three, none equal to `known`; every weight within the tolerance of the wanted one."""
    found: list[Taps] = []
    for taps in _candidates(wanted):
        near = all(abs(wanted.get(k, Fraction(0)) - taps.get(k, Fraction(0))) <= tolerance for k in {*wanted, *taps})
        if near and taps and taps != known and taps not in found:
            found.append(taps)
        if len(found) == 3:
            break
    return found


def _candidates(wanted: Taps) -> Iterator[Taps]:
    import numpy as np

    rows = np.array([[float(w) for w in row] for row in to_rows(wanted)])
    u, s, v = np.linalg.svd(rows)
    column, line = u[:, 0] * np.sqrt(s[0]), v[0] * np.sqrt(s[0])
    if column.sum() < 0:
        column, line = -column, -line
    height, width = rows.shape
    total = column.sum()
    # the same sum on both sides where there is one
    if abs(total) > 1e-9 and abs(line.sum()) > 1e-9:
        both = np.sqrt(abs(total * line.sum()))
        column, line = column * both / total, line * both / line.sum()
    for d in range(1, 7):
        a, b = np.rint(column * 2**d), np.rint(line * 2**d)
        yield {
            (j - width // 2, height // 2 - i): Fraction(int(a[i] * b[j]), 4**d)
            for i in range(height)
            for j in range(width)
            if a[i] * b[j]
        }
    # the pixel moved so that a product is left
    from scamp_sim.compiler.filters.search.factors import pixels_off

    for c in pixels_off(wanted):
        yield plus(wanted, {(0, 0): c}, Fraction(-1))
