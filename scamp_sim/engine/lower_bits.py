"""Rows of a segment under way, and those of digital words: bits, FLAG in its two forms, addresses."""

from __future__ import annotations

from collections.abc import Sequence

from scamp_sim.chip import host
from scamp_sim.chip.program import Word
from scamp_sim.engine import ops

_GATES = (ops.SOUTH, ops.WEST, ops.NORTH, ops.EAST)


class BitRows:
    """What has been emitted, and what is known of the bits so far."""

    def __init__(self, flag_ones: bool) -> None:
        self.rows: list[list[int]] = []
        self.ones = flag_ones
        self.bits_valid = not flag_ones  # FLAG bits say the truth
        self.bytes_valid = False
        self.r0_ones = False  # known to be all ones: R12 is then written like any other bit
        self.gates: dict[int, int] = {}  # direction bits that are known to be the same in all PEs

    def emit(
        self,
        op: int,
        d: int,
        sources: Sequence[int] = (),
        extra: int = -1,
        p: int = 0,
        q: int = 0,
        r: int = 0,
        count: int | None = None,
    ) -> None:
        padded = [*sources, 0, 0, 0, 0][:4]
        row = [op, d, len(sources) if count is None else count, *padded, extra, p, q, r]
        self.rows.append([*row, *[0] * (ops.WIDTH - len(row))])

    def need_bytes(self) -> None:
        if not self.bytes_valid:
            self.need_bits()
            self.emit(ops.FLAG_UNPACK, 0)
            self.bytes_valid = True

    def need_bits(self) -> None:
        if not self.bits_valid:
            if self.ones:
                self.emit(ops.BITS_FILL, ops.FLAG, p=1, count=1)
            else:
                self.emit(ops.FLAG_PACK, 0)
            self.bits_valid = True

    def digital(self, w: Word) -> None:
        sources = [ops.BIT_INDEX[s] for s in dict.fromkeys(w.src)]
        if ops.FLAG in sources:
            self.need_bits()
        inverted = int(w.op in ("NOT", "NOR", "NOT_R", "NOR_R"))
        if w.op == "WHERE":
            self.emit(ops.BITS_OR, ops.FLAG, sources)
            self.ones, self.bytes_valid, self.bits_valid = False, False, True
        elif w.op in ("SET", "CLR"):
            targets = _bit_targets(w.dst)
            if targets[-1] - targets[0] + 1 == len(targets) and not {ops.R0, ops.R12} & {*targets}:
                self.fill_bits(targets, int(w.op == "SET"))  # one stretch of planes
            else:
                for d in targets:
                    self.store_bits(d, ops.BITS_FILL, (), int(w.op == "SET"))
                    if d in _GATES:
                        self.gates[d] = int(w.op == "SET")
            self.r0_ones |= w.op == "SET" and "R0" in w.dst
        elif w.op in ("MOV", "OR", "NOT", "NOR"):
            while len(sources) > 4:  # a row reads four planes at most
                joined, sources = sources[:4], sources[4:]
                self.emit(ops.BITS_OR, ops.SCRATCH, joined)
                sources.insert(0, ops.SCRATCH)
            if len(w.dst) > 1 and set(w.dst) & set(w.src):
                self.emit(ops.BITS_OR, ops.SCRATCH, sources, p=inverted)
                sources, inverted = [ops.SCRATCH], 0
            for d in _bit_targets(w.dst):
                self.store_bits(d, ops.BITS_OR, sources, inverted)
        elif w.op in ("REFRESH_R", "NOT_R", "OR_R", "NOR_R"):
            self.emit(ops.BITS_OR, ops.LATCH, sources, p=inverted)
        elif w.op == "REFRESH_L":
            self.store_bits(ops.BIT_INDEX[w.dst[0]], ops.BITS_OR, [ops.LATCH], 0)
        elif w.op in ("DNEWS0", "DNEWS1"):
            d = ops.BIT_INDEX[w.dst[0]]
            outside = int(w.op == "DNEWS1")
            open_gates = [i for i, gate in enumerate(_GATES) if self.gates.get(gate) == 1]
            one_way = len(self.gates) == len(_GATES) and len(open_gates) == 1
            op, q = (ops.BITS_MOVE, open_gates[0]) if one_way else (ops.BITS_DNEWS, 0)
            if d in sources:  # it would read what it has just written
                self.emit(op, ops.SCRATCH, sources, p=outside, q=q)
                self.store_bits(d, ops.BITS_OR, (ops.SCRATCH,), 0)
            else:
                self.store_bits(d, op, sources, outside, q)
        elif w.op in ("PROP_0", "PROP_1"):
            free = all(self.gates.get(gate) == 1 for gate in _GATES)
            self.emit(ops.BITS_PROP, ops.R12, p=int(w.op == "PROP_1"), q=int(free))
        else:
            raise NotImplementedError(w.op)

    def fill_bits(self, targets: Sequence[int], value: int) -> None:
        """Planes side by side := value."""
        last = self.rows[-1] if self.rows else None
        if (
            last is not None
            and last[ops.OP] == ops.BITS_FILL
            and (last[ops.DST], last[ops.COUNT])
            == (
                targets[0],
                len(targets),
            )
        ):
            self.rows.pop()  # overwritten at once
        self.emit(ops.BITS_FILL, targets[0], p=value, count=len(targets))
        self.gates.update((d, value) for d in targets if d in _GATES)

    def store_bits(self, d: int, op: int, sources: Sequence[int], p: int, q: int = 0) -> None:
        """d := the operation's result; R12 only where R0 = 1."""
        self.gates.pop(d, None)
        if d == ops.R0:
            self.r0_ones = False
        count = 1 if op == ops.BITS_FILL else None
        if d == ops.R12 and not self.r0_ones:
            self.emit(op, ops.SCRATCH2, sources, p=p, q=q, count=count)
            self.emit(ops.BITS_MERGE, ops.R12, (ops.SCRATCH2, ops.R0))
        else:
            self.emit(op, d, sources, p=p, q=q, count=count)

    def address(self, a: host.SetAddress) -> None:
        op = ops.BITS_PATTERN if a.kind == "pattern" else ops.BITS_RECT
        self.emit(op, ops.SELECT, (a.r, a.c, a.r1, a.c1))
        self.emit(ops.BITS_OR, ops.RECT, (ops.SELECT,))


def _bit_targets(registers: Sequence[str]) -> list[int]:
    """R12 first: it must see the R0 from before the word."""
    return sorted({ops.BIT_INDEX[r] for r in registers}, key=lambda d: (d != ops.R12, d))
