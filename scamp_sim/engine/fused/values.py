"""Rows of a lowered table -> values: who is made from whom, with copies, conversions and dead rows gone.

A row says which plane it overwrites; fused code wants to know which value that plane holds. So a stretch of rows is
carried out once with names instead of numbers. What is left is a list of nodes, each made from earlier ones, and for
every plane that somebody reads later the value that it ends up with.

FLAG is one value here, whatever form the table keeps it in. A copy, a negation and a move are not values of their own
but a way of reading one (`Ref`), so moves of moves become one move.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from scamp_sim.engine import ops

Row = Sequence[int]


class Ref(NamedTuple):
    """How a node reads a value.

    row, column: from how far away, 0 beyond the edge.
    """

    value: int
    negated: bool = False
    row: int = 0
    column: int = 0


class Node(NamedTuple):
    """op: what it is, one of the sets below.
    numbers: constants, numbers of planes.
    """

    op: str
    refs: tuple[Ref, ...] = ()
    numbers: tuple[float, ...] = ()


MEMORY = frozenset(("plane", "bits", "octets"))
"""What a plane holds at the start; numbers: which. `octets` is FLAG as one byte a PE."""
CONSTANT = frozenset(("number", "ones"))
DIGITAL = frozenset(("or", "merge", "neighbour", "neighbours"))
"""Made a row of packed bits at a time; all others a vector of PEs at a time."""
BITS = DIGITAL | {"bits", "octets", "ones", "positive", "mask"}
"""Values of one bit a PE."""

FLAG_OCTETS = ("octets", 0)
Place = tuple[str, int]
"""A plane that lasts: ("plane", number), ("bits", number) or FLAG_OCTETS."""

_ROUNDED = 1 + 2.0**-22
"""How much rounding can add to a product, and more."""
FURTHEST_COLUMN = 8
"""Columns that a value may come from at once; memory before and behind a row is readable that far."""
FURTHEST_BIT = 64
"""Columns of the narrowest array: bits come at once from fewer away."""
_DIRECTIONS = ((1, 0), (0, -1), (-1, 0), (0, 1))
_GATES = (ops.SOUTH, ops.WEST, ops.NORTH, ops.EAST)

_FUSED = frozenset(
    (
        *range(ops.LINEAR, ops.FILL_MASKED + 1),
        ops.CLIP,
        ops.AMPLIFY,
        ops.BITS_FILL,
        ops.BITS_OR,
        ops.BITS_MERGE,
        ops.BITS_DNEWS,
        ops.BITS_MOVE,
        ops.FLAG_PACK,
        ops.FLAG_UNPACK,
        ops.ADD_NOISE,
        ops.WRITE,
        ops.WRITE_PAIR,
    )
)


def fusible(row: Row) -> bool:
    """Whether `Values` knows the operation; the others need whole planes and stay with the walk."""
    op, count = row[ops.OP], row[ops.COUNT]
    if op in (ops.WHERE, ops.BITS_OR) and not count:
        return False
    if op in (ops.SHIFT, ops.SHIFT_EAST_WEST, ops.ADD_SHIFTED) and abs(row[ops.R]) > FURTHEST_COLUMN:
        return False
    return op in _FUSED


def places_read(row: Row) -> Iterable[Place]:
    """The planes whose old contents a row needs, in whichever form."""
    op, count = row[ops.OP], row[ops.COUNT]
    sources = row[ops.SRC : ops.SRC + min(count, 4)]
    if op in (ops.LINEAR_MASKED, ops.SUBTRACT_MASKED, ops.ZERO_UNFLAGGED, ops.FILL_MASKED, ops.FLAG_PACK):
        yield FLAG_OCTETS
    if op >= ops.WRITE:
        yield from (("plane", p) for p in (*sources, row[ops.REST]))
        if row[ops.EXTRA] >= 0:
            yield from (("plane", row[ops.EXTRA]), FLAG_OCTETS)
    elif op < ops.BITS_FILL:
        planes = [*sources]
        if op == ops.AMPLIFY or op == ops.FILL or op == ops.FILL_MASKED:
            planes = planes[:1]
        if row[ops.EXTRA] >= 0 and op <= ops.SHIFT:
            planes.append(row[ops.EXTRA])
        if op == ops.SUBTRACT_MASKED:
            planes.append(row[ops.P])
        if op in ops.CHANGES:
            planes.append(row[ops.DST])
        if op == ops.BLUR:
            yield from (("bits", ops.SOUTH), ("bits", ops.WEST))
        yield from (("plane", p) for p in planes)
    elif op == ops.FLAG_UNPACK:
        yield "bits", ops.FLAG
    elif op in (ops.BITS_OR, ops.BITS_MERGE, ops.BITS_MOVE, ops.BITS_DNEWS):
        yield from (("bits", p) for p in sources)
        if op == ops.BITS_MERGE:
            yield "bits", row[ops.DST]
        if op == ops.BITS_DNEWS:
            yield from (("bits", p) for p in _GATES)
    elif op == ops.BITS_PROP:
        yield from (("bits", p) for p in (ops.R0, ops.R12, *_GATES))


def places_written(row: Row) -> list[Place]:
    """The planes that a row gives new contents in every PE."""
    op, d = row[ops.OP], row[ops.DST]
    if op == ops.WHERE or op == ops.FLAG_UNPACK:
        return [FLAG_OCTETS]
    if op == ops.FLAG_PACK:
        return [("bits", ops.FLAG)]
    if op == ops.BITS_FILL:
        return [("bits", d + k) for k in range(row[ops.COUNT])]
    if op == ops.BITS_PROP:
        return [("bits", ops.R12), ("bits", ops.SCRATCH)]
    return [("bits" if ops.BITS_FILL <= op < ops.WRITE else "plane", d)]


class Values:
    """What a stretch of rows makes.

    limit: of a register.
    """

    def __init__(self, limit: np.float32) -> None:
        self.limit = float(limit)
        self.nodes: list[Node] = []
        self.bounds: list[float] = []
        """Of each node the largest magnitude that an analog value can have; sums that cannot pass the limit need no
        clipping."""
        self.now: dict[Place, Ref] = {}
        """What each plane holds, as far as the stretch has touched it."""
        self._known: dict[Node, int] = {}
        self.drawn: list[int] = []
        """Rows, counted from the first, that draw random numbers; nodes name them by their place here."""
        self._row = -1

    # --- nodes ---

    def node(self, op: str, refs: Iterable[Ref] = (), *numbers: float) -> Ref:
        made = Node(op, tuple(refs), numbers)
        known = self._known.get(made)
        if known is None:
            known = self._known[made] = len(self.nodes)
            self.nodes.append(made)
            self.bounds.append(self._bound(made))
        return Ref(known)

    def _bound(self, node: Node) -> float:
        of = [self.bounds[ref.value] for ref in node.refs]
        if node.op == "plane":
            return self.limit if node.numbers[0] < ops.SPARE else np.inf
        if node.op == "number":
            return abs(node.numbers[0])
        if node.op == "times":
            exact = np.frexp(abs(node.numbers[0]))[0] == 0.5
            return of[0] * abs(node.numbers[0]) * (1 if exact else _ROUNDED)
        if node.op == "plus":
            return of[0] + of[1]
        if node.op == "clip":
            return min(of[0], max(abs(n) for n in node.numbers))
        if node.op == "choose":
            return max(of[1:])
        return of[0] if node.op == "copy" else np.inf

    def held(self, place: Place) -> Ref:
        """What a plane holds now."""
        if place not in self.now:
            ref = self.node(place[0], (), place[1])
            # octets are no packed bits, which is what a row of words reads
            self.now[place] = self.node("mask", (ref,)) if place == FLAG_OCTETS else ref
        return self.now[place]

    def plane(self, number: int) -> Ref:
        return self.held(("plane", number))

    def bits(self, number: int) -> Ref:
        return self.held(("bits", number))

    def number(self, value: float) -> Ref:
        return self.node("number", (), float(np.float32(value)))

    def moved(self, ref: Ref, row: int, column: int) -> Ref:
        """A value as it is read from (row, column) away."""
        if not (row or column):
            return ref
        if self.nodes[ref.value].op in CONSTANT:  # beyond the edge it is 0 all the same
            return self.node("copy", (ref,))._replace(row=row, column=column)
        same_way = ref.row * row >= 0 and ref.column * column >= 0
        if same_way and abs(ref.column + column) <= FURTHEST_COLUMN:
            return ref._replace(row=ref.row + row, column=ref.column + column)
        return self.node("copy", (ref,))._replace(row=row, column=column)  # what left over an edge is gone

    def scaled(self, ref: Ref, factor: np.float32) -> Ref:
        if factor == 1 or factor == -1:
            return ref._replace(negated=ref.negated ^ bool(factor < 0))
        return self.node("times", (ref,), float(factor))

    def divided(self, ref: Ref, divisor: np.float32) -> Ref:
        size = abs(float(divisor))
        if size and np.frexp(size)[0] == 0.5:  # a power of two: its inverse is exact
            return self.scaled(ref, np.float32(1) / divisor)
        return self.node("over", (ref,), float(divisor))

    def total(self, refs: Sequence[Ref]) -> Ref:
        """Sum from left to right."""
        if not refs:
            return self.number(0)
        sum_ = refs[0]
        for ref in refs[1:]:
            sum_ = self.node("plus", (sum_, ref))
        return sum_

    def clipped(self, ref: Ref) -> Ref:
        if self.bounds[ref.value] <= self.limit:
            return ref
        return self.node("clip", (ref,), -self.limit, self.limit)

    def chosen(self, new: Ref, old: Ref) -> Ref:
        """new where FLAG = 1, else old."""
        return new if new == old else self.node("choose", (self.held(FLAG_OCTETS), new, old))

    def inverted(self, ref: Ref, invert: bool) -> Ref:
        return ref._replace(negated=ref.negated ^ invert)

    def neighbour(self, ref: Ref, row: int, column: int, outside: int) -> Ref:
        """Bits from a neighbour, `outside` beyond the edge."""
        inner = self.nodes[ref.value]
        if inner.op == "neighbour" and column and not ref.negated and inner.numbers[2] == outside:
            (before,), (r, c, _) = inner.refs, inner.numbers
            if not r and c * column > 0 and abs(c + column) < FURTHEST_BIT:
                return self.node("neighbour", (before,), 0, c + column, outside)
        return self.node("neighbour", (ref,), row, column, outside)

    # --- rows ---

    def take(self, row: Row) -> None:
        """Carry out one row."""
        self._row += 1
        if row[ops.OP] >= ops.WRITE or row[ops.OP] == ops.ADD_NOISE:
            self._noisy(row)
        elif row[ops.OP] >= ops.BITS_FILL:
            self._digital(row)
        else:
            self._analog(row)

    def _analog(self, row: Row) -> None:
        op, d, n = row[ops.OP], row[ops.DST], row[ops.COUNT]
        p, q, r = row[ops.P], row[ops.Q], row[ops.R]
        if op == ops.WHERE:
            total = self.total([self.plane(s) for s in row[ops.SRC : ops.SRC + min(n, 3)]])
            self.now[FLAG_OCTETS] = self.node("positive", (total,))
        elif op in (ops.LINEAR, ops.LINEAR_MASKED):
            total = self.total([self.plane(s) for s in row[ops.SRC : ops.SRC + n]])
            value = self.scaled(total, np.float32(p) / np.float32(max(q, 1))) if n else total
            value = self.clipped(value) if n > 1 else value
            self._set(d, self.chosen(value, self.plane(row[ops.EXTRA])) if op == ops.LINEAR_MASKED else value)
        elif op == ops.SUBTRACT:
            value = self.total([self.plane(s) for s in row[ops.SRC : ops.SRC + n]])
            self._set(d, self._less(self.clipped(value) if n > 1 else value, row[ops.EXTRA]))
        elif op == ops.SUBTRACT_MASKED:
            self._set(d, self.chosen(self._less(self.plane(row[ops.SRC]), row[ops.EXTRA]), self.plane(p)))
        elif op in (ops.SHIFT, ops.SHIFT_EAST_WEST):
            refs = [self.moved(self.plane(s), q, r) for s in row[ops.SRC : ops.SRC + n]]
            value = self.scaled(self.total(refs), np.float32(p))
            value = self.clipped(value) if n > 1 else value
            self._set(d, self._less(value, row[ops.EXTRA]) if row[ops.EXTRA] >= 0 else value)
        elif op == ops.ACCUMULATE:
            self._set(d, self.total([self.plane(s) for s in row[ops.SRC : ops.SRC + n]]))
        elif op == ops.ADD_SHIFTED:
            self._set(d, self._sum(self.plane(d), self.moved(self.plane(row[ops.SRC]), q, r)))
        elif op == ops.ADD_SCALED:
            self._set(d, self._sum(self.plane(d), self.divided(self.plane(row[ops.SRC]), np.float32(p))))
        elif op == ops.DIVIDE:
            self._set(d, self.scaled(self.divided(self.plane(row[ops.SRC]), np.float32(q)), np.float32(p)))
        elif op == ops.ZERO_UNFLAGGED:
            self._set(d, self.chosen(self.plane(d), self.number(0)))
        elif op == ops.FILL:
            self._set(d, self.number(float(np.float32(p) / np.float32(q) if q else p)))
        elif op == ops.FILL_MASKED:
            self._set(d, self.chosen(self.number(p), self.plane(d)))
        elif op == ops.CLIP:
            self._set(d, self.clipped(self.plane(d)))
        else:  # AMPLIFY
            above = self._sum(self.plane(row[ops.SRC]), self.number(-q)) if q else self.plane(row[ops.SRC])
            grown = self.scaled(above, np.float32(p))
            value = self._sum(grown, self.number(q)) if q else grown
            self._set(d, self.node("clip", (value,), row[ops.SRC + 1], row[ops.SRC + 2]))

    def _set(self, plane: int, ref: Ref) -> None:
        self.now["plane", plane] = ref

    def _less(self, ref: Ref, plane: int) -> Ref:
        other = self.plane(plane)
        return self.clipped(self.node("plus", (ref, other._replace(negated=not other.negated))))

    def _sum(self, a: Ref, b: Ref) -> Ref:
        nothing = self.number(0)
        return b if a == nothing else a if b == nothing else self.node("plus", (a, b))

    def _digital(self, row: Row) -> None:
        op, d, p = row[ops.OP], row[ops.DST], row[ops.P]
        sources = [self.bits(s) for s in row[ops.SRC : ops.SRC + row[ops.COUNT]]] if op != ops.BITS_FILL else []
        if op == ops.BITS_FILL:
            for k in range(row[ops.COUNT]):
                self.now["bits", d + k] = self.inverted(self.node("ones"), not p)
        elif op == ops.BITS_OR:
            refs = tuple(dict.fromkeys(sources))
            self.now["bits", d] = self.inverted(refs[0] if len(refs) == 1 else self.node("or", refs), bool(p))
        elif op == ops.BITS_MERGE:
            self.now["bits", d] = self.node("merge", (*sources, self.bits(d)))
        elif op == ops.BITS_MOVE:
            self.now["bits", d] = self.neighbour(sources[0], *_DIRECTIONS[row[ops.Q]], p)
        elif op == ops.BITS_DNEWS:
            near = [self.neighbour(sources[0], *way, p) for way in _DIRECTIONS]
            self.now["bits", d] = self.node("neighbours", (*near, *(self.bits(g) for g in _GATES)))
        elif op == ops.FLAG_PACK:
            self.now["bits", ops.FLAG] = self.held(FLAG_OCTETS)
        else:  # FLAG_UNPACK
            self.now[FLAG_OCTETS] = self.bits(ops.FLAG)

    def _noisy(self, row: Row) -> None:
        op, d = row[ops.OP], row[ops.DST]
        key = len(self.drawn)
        self.drawn.append(self._row)
        if op == ops.ADD_NOISE:
            self._set(d, self.node("noise", (self.plane(row[ops.SRC]), self.plane(ops.GROUND)), key))
            return
        sources = [self.plane(s) for s in row[ops.SRC : ops.SRC + 2] if s != ops.ZERO]
        total = self.total([self.moved(ref, row[ops.ROW], row[ops.COLUMN]) for ref in sources])
        if op == ops.WRITE_PAIR:
            news = self._cell(self.scaled(total, np.float32(-1)), row, key, 0, 0)
            if row[ops.REST] != ops.ZERO:
                news = self.node("plus", (self.plane(row[ops.REST]), news))
            value = self._cell(news._replace(negated=not news.negated), row, key, 2, 1)
        else:
            if row[ops.REST] != ops.ZERO:
                total = self.node("plus", (total, self.plane(row[ops.REST])))
            factor = np.float32(row[ops.P]) / np.float32(row[ops.Q])
            value = self._cell(self.scaled(total, factor), row, key, 0, row[ops.SECOND])
        self._set(d, value if row[ops.EXTRA] < 0 else self.chosen(value, self.plane(row[ops.EXTRA])))

    def _cell(self, value: Ref, row: Row, key: int, which: int, second: int) -> Ref:
        """What a cell holds that is given a value. which: the pair of planes of gain and offset; second: draw."""
        gain, offset = self.plane(row[ops.GAIN + which]), self.plane(row[ops.OFFSET + which])
        return self.node("cell", (value, gain, offset, self.plane(ops.GROUND)), key, second)

    # --- the end ---

    def results(self, live: Collection[Place]) -> dict[Place, int]:
        """Place -> the value it ends up with, for those that somebody reads later and that do not hold it anyhow."""
        found: dict[Place, int] = {}
        for place, ref in self.now.items():
            if place not in live:
                continue
            node = self.nodes[ref.value]
            if not (ref.negated or ref.row or ref.column):
                if node.op == place[0] and node.numbers == (place[1],):
                    continue
                if place == FLAG_OCTETS and node.op == "mask" and self.nodes[node.refs[0].value].op == "octets":
                    continue
            found[place] = self._plain(ref, place).value
        return found

    def _plain(self, ref: Ref, place: Place) -> Ref:
        """The same as a node that can be stored: not a way of reading one, nor another plane or a constant."""
        node = self.nodes[ref.value]
        analog = place[0] == "plane"
        if ref.negated or ref.row or ref.column or node.op in MEMORY or node.op in CONSTANT:
            return self.node("copy" if analog else "mask" if place == FLAG_OCTETS else "or", (ref,))
        if place == FLAG_OCTETS and node.op in DIGITAL:
            return self.node("mask", (ref,))
        return ref
