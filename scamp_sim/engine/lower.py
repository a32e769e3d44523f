"""Program -> table of operations for the fast engine. All decisions are made here, once; the walk only obeys.

Five things happen on the way:

* Two-word macros whose NEWS nobody reads afterwards become one operation.
* A write that would overlap one of its sources goes to the spare plane, and register and spare change places.
* FLAG is tracked. While it is known to be all ones no mask is applied; its byte and bit forms are converted on demand.
* Copies, halves and their sums are taken from the original; operations whose result nobody reads are left out.
* Runs of row-by-row operations are marked, so that they can be carried out band by band in the first-level cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from scamp_sim.chip import host, isa
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.program import Program, Word
from scamp_sim.engine import ops
from scamp_sim.engine.passes import Ints, forwarded, runs_of, without_dead_rows


@dataclass(frozen=True, eq=False)
class Segment:
    """A stretch of a program up to its next outputs."""

    code: Ints
    runs: Ints
    order: Ints
    flag_ones: bool
    outputs: tuple[str, ...]
    words: int = 0  # numbered actions up to its end
    noisy: bool = False  # of a chip with errors


def lower(
    program: Program,
    flag_ones: bool,
    options: ArrayOptions,
    exact: bool = True,
    shape: tuple[int, int] = host.CHIP,
) -> tuple[Segment, ...]:
    """Lower a program for a machine of `shape` whose FLAG is all ones at the start, or is not.

    exact: analog arithmetic has no errors, so two words may become one operation. A model with errors needs every
    word by itself.
    """
    return segments(
        host.execution(program, shape, options), flag_ones, lambda ones, number: Lowering(ones, options, exact)
    )


def segments(
    actions: Iterable[host.Action], flag_ones: bool, make: Callable[[bool, int], Lowering]
) -> tuple[Segment, ...]:
    """Cut at outputs.

    make: gives what lowers a segment that starts with this FLAG and this number of a word.
    """
    found: list[Segment] = []
    pending: list[host.Action] = []
    taken: list[str] = []

    def close() -> None:
        number = found[-1].words if found else 0
        ones = found[-1].flag_ones if found else flag_ones
        found.append(make(ones, number).segment(pending, tuple(taken)))

    for action in actions:
        if isinstance(action, host.Take):
            taken.append(action.register)
            continue
        if taken:
            close()
            pending, taken = [], []
        pending.append(action)
    close()
    return tuple(found)


_PORTS = frozenset(isa.PORTS)
_GATES = (ops.SOUTH, ops.WEST, ops.NORTH, ops.EAST)
_NEWS_CELL = _PORTS | {"NEWS"}


_HORIZON = 64
"""How many words ahead to look for the next use of NEWS. Macros overwrite it within a few."""


def news_dies(actions: Sequence[host.Action], start: int) -> bool:
    """Whether no word from `start` on sees the NEWS that stands there now."""
    covered = True  # a write now would reach every PE that the last one reached
    shielded = False  # NEWS was written under the FLAG of now, so masked readers see the new value
    for action in actions[start : start + _HORIZON]:
        if not isinstance(action, Word):
            continue
        if "NEWS" in action.reads:
            inside_pe = action.op.startswith("bus") and not _PORTS.intersection((*action.src, *action.dst))
            if not (shielded and inside_pe):
                return False
        if "NEWS" in action.writes:
            if covered:
                return True
            shielded = not _PORTS.intersection(action.dst)
        if action.op in ("where", "WHERE"):
            covered = shielded = False
        elif action.op == "all":
            covered, shielded = True, False
    return False


class Lowering:
    """Emits the rows of one segment."""

    def __init__(self, flag_ones: bool, options: ArrayOptions, exact: bool) -> None:
        self.options = options
        self.exact = exact
        self.rows: list[list[int]] = []
        self.plane = list(range(ops.ANALOG_PLANES))  # register or temporary -> plane
        self.ones = flag_ones
        self.bits_valid = not flag_ones  # FLAG bits say the truth
        self.bytes_valid = False
        self.r0_ones = False  # known to be all ones: R12 is then written like any other bit
        self.gates: dict[int, int] = {}  # direction bits that are known to be the same in all PEs

    def segment(self, actions: Sequence[host.Action], outputs: tuple[str, ...]) -> Segment:
        i = 0
        while i < len(actions):
            action = actions[i]
            if isinstance(action, Word):
                if self.exact and self.pair(actions, i):
                    i += 1
                else:
                    self.word(action)
            else:
                self.outside(action)
            i += 1
        if not self.ones:
            self.need_bits()
        rows = without_dead_rows(forwarded(self.rows), self.plane) if self.exact else self.rows
        code = np.array(rows, np.int64).reshape(-1, ops.WIDTH)
        return Segment(code, runs_of(code), np.array(self.plane, np.int64), self.ones, outputs)

    def outside(self, action: host.Action) -> None:
        """What the controller does between words."""
        if isinstance(action, host.SetIn):
            self.fill_in(action.value)
        elif isinstance(action, host.Amplify):
            a = action
            source = self.analog(a.register)
            self.emit(ops.AMPLIFY, ops.DRIVE, (source, a.low, a.high), count=1, p=a.factor, q=a.black)
            self.linear(a.register, [ops.DRIVE], 1)
        elif isinstance(action, host.SetAddress):
            self.address(action)

    # --- emitting ---

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

    def fill_in(self, value: float) -> None:
        """IN := value. Codes of the converter give fractions of an LSB, which a row holds as numerator and divisor."""
        p, q = value.as_integer_ratio()
        if q > 1:
            p, q = round(value * host.DAC_CODES), host.DAC_CODES
        self.emit(ops.FILL, self.analog("IN"), p=p, q=q)

    def analog(self, register: str) -> int:
        return self.plane[ops.ANALOG_INDEX[register]]

    def source(self, register: str) -> int:
        """The plane that a word reads when it reads a register."""
        return self.analog(register)

    def fresh(self, register: str) -> tuple[int, int]:
        """(spare plane to write, old plane); from here on the register lives in the former."""
        index = ops.ANALOG_INDEX[register]
        old, new = self.plane[index], self.plane[ops.SPARE]
        self.plane[index], self.plane[ops.SPARE] = new, old
        return new, old

    def target(self, register: str, sources: Sequence[int]) -> int:
        """A plane for an unmasked write of `register` that does not overlap the sources."""
        plane = self.analog(register)
        return self.fresh(register)[0] if plane in sources else plane

    def linear(self, register: str, sources: Sequence[int], p: int, q: int = 1) -> None:
        """register := p/q * sum of at most four planes, where FLAG = 1."""
        if self.ones:
            self.emit(ops.LINEAR, self.target(register, sources), sources, p=p, q=q)
        else:
            self.need_bytes()
            new, old = self.fresh(register)
            self.emit(ops.LINEAR_MASKED, new, sources, extra=old, p=p, q=q)

    def subtract(self, register: str, sources: Sequence[int], extra: int) -> None:
        """register := one plane (or, with FLAG all ones, two) - extra, where FLAG = 1."""
        if self.ones:
            self.emit(ops.SUBTRACT, self.target(register, (*sources, extra)), sources, extra=extra)
        else:
            self.need_bytes()
            new, old = self.fresh(register)
            self.emit(ops.SUBTRACT_MASKED, new, sources, extra=extra, p=old)

    def shift(self, register: str, sources: Sequence[int], sign: int, row: int, column: int, extra: int = -1) -> None:
        """register := sign * (one or two planes, from that far away) - extra; FLAG is all ones."""
        op = ops.SHIFT if row else ops.SHIFT_EAST_WEST
        self.emit(op, self.target(register, (*sources, extra)), sources, extra=extra, p=sign, q=row, r=column)

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

    # --- two words at once ---

    def pair(self, actions: Sequence[host.Action], i: int) -> bool:
        """Emit words i and i + 1 as one operation if they pass a value through NEWS that dies with them."""
        if i + 1 >= len(actions):
            return False
        first, second = actions[i], actions[i + 1]
        if not (isinstance(first, Word) and isinstance(second, Word) and second.op == "bus" and len(second.dst) == 1):
            return False
        y = second.dst[0]
        through = [s for s in second.src if s in _NEWS_CELL]
        rest = [s for s in second.src if s not in _NEWS_CELL]
        inner = ordered(first.src)
        if y in _NEWS_CELL or len(through) != 1 or len(rest) > 1 or _NEWS_CELL & set(inner) or len(inner) > 4:
            return False
        if first.op == "bus2" and set(first.dst) == {y, "NEWS"} and y not in inner and second.src == ("NEWS",):
            if not news_dies(actions, i + 2):
                return False
            self.linear(y, [self.analog(s) for s in inner], 1, 2)
            return True
        if first.op != "bus" or len(first.dst) != 1 or first.dst[0] not in _NEWS_CELL:
            return False
        row, column, moves = way(first.dst[0], through[0])
        if moves and not (self.ones and 1 <= len(inner) <= 2):
            return False
        if moves == 2 and row == column == 0:  # there and back: edges would lose their value on the way
            return False
        if not moves and rest and len(inner) > (2 if self.ones else 1):
            return False
        if not news_dies(actions, i + 2):
            return False
        planes = [self.analog(s) for s in inner]
        extra = self.analog(rest[0]) if rest else -1
        if moves:
            self.shift(y, planes, 1, row, column, extra)
        elif not rest:
            self.linear(y, planes, 1)
        elif not inner:
            self.linear(y, [extra], -1)
        else:
            self.subtract(y, planes, extra)
        return True

    # --- one word ---

    def word(self, w: Word) -> None:
        op = w.op
        if op in ("bus", "bus2", "bus3"):
            self.bus(tuple(dict.fromkeys(w.dst)), w.src)
        elif op == "where":
            if any(s in isa.PORTS for s in w.src):
                self.total(w.src)
                self.compare([ops.SUM])
            else:
                self.compare([self.source(s) for s in ordered(w.src)])
            self.ones, self.bytes_valid, self.bits_valid = False, True, False
        elif op == "all":
            self.ones, self.bytes_valid, self.bits_valid = True, False, False
        elif op == "rpix":
            if self.options.flag_gates_rpix and not self.ones:
                self.need_bytes()
                self.emit(ops.FILL_MASKED, self.analog("PIX"), p=self.options.pix_reset)
            else:
                self.emit(ops.FILL, self.analog("PIX"), p=self.options.pix_reset)
        elif op in ("blur", "blurh", "blurv"):
            self.total(w.src)
            self.emit(ops.BLUR, ops.DRIVE, (ops.SUM,), p=-1, q=int(op != "blurh"), r=int(op != "blurv"))
            self.drive(w.dst)
        elif op not in ("nop", "blurset", "PROP_R"):
            self.digital(w)

    def compare(self, sources: Sequence[int]) -> None:
        """FLAG := sum of at most three planes > 0."""
        self.emit(ops.WHERE, 0, sources)

    def bus(self, dst: tuple[str, ...], src: tuple[str, ...]) -> None:
        inner = ordered(src)
        ports = [p for p in isa.PORTS if p in src]
        plain = not any(d in isa.PORTS for d in dst)
        planes = [self.source(s) for s in inner]
        if (
            plain
            and not ports
            and len(inner) <= 4
            and len(dst) in (1, 2, 4)
            and (len(dst) == 1 or not {*dst} & {*inner})
        ):
            for d in dst:
                self.linear(d, planes, -1, len(dst))
        elif self.ones and len(dst) == 1 and plain and len(ports) == 1 and not inner:
            row, column, _ = way("NEWS", ports[0])
            self.shift(dst[0], [self.analog("NEWS")], -1, row, column)
        elif self.ones and len(dst) == 1 and not plain and not ports and 1 <= len(inner) <= 2:
            row, column, _ = way(dst[0], "NEWS")
            self.shift("NEWS", planes, -1, row, column)
        elif self.ones and len(dst) == 1 and plain and len(ports) == 1 and len(inner) == 1:
            row, column, _ = way("NEWS", ports[0])
            self.shift(dst[0], [self.analog("NEWS")], -1, row, column, planes[0])
        else:
            self.total(src)
            self.emit(ops.DIVIDE, ops.DRIVE, (ops.SUM,), p=-1, q=len(dst))
            self.drive(dst)

    def total(self, src: tuple[str, ...]) -> None:
        """SUM := what the bus sees, in the reference engine's order of summation."""
        planes = [self.source(s) for s in ordered(src)]
        self.emit(ops.ACCUMULATE, ops.SUM, planes[:4])
        for plane in planes[4:]:
            self.emit(ops.ADD_SHIFTED, ops.SUM, (plane,))
        ports = [isa.PORT_DIRECTION[p] for p in isa.PORTS if p in src]
        if ports:
            self.emit(ops.ACCUMULATE, ops.PORTS)
            for d in ports:
                self.emit(ops.ADD_SHIFTED, ops.PORTS, (self.analog("NEWS"),), q=d.row, r=d.column)
            shared = len(ports) if self.options.port_mix == "mean" else 1
            self.emit(ops.ADD_SCALED, ops.SUM, (ops.PORTS,), p=shared)

    def clip(self, plane: int) -> None:
        """What is about to be written, as a register holds it."""
        self.emit(ops.CLIP, plane)

    def drive(self, dst: tuple[str, ...]) -> None:
        """Destinations take DRIVE; neighbours get nothing from PEs with FLAG = 0 (Q4)."""
        ports = [isa.PORT_DIRECTION[p] for p in isa.PORTS if p in dst]
        own = [r for r in isa.ANALOG if r in dst and not (r == "NEWS" and ports)]
        if own:
            self.emit(ops.ACCUMULATE, ops.SUM, (ops.DRIVE,))
            self.clip(ops.SUM)
            for register in own:
                self.linear(register, [ops.SUM], 1)
        if ports:
            self.emit(ops.ACCUMULATE, ops.SUM, (ops.DRIVE,))
            if not self.ones:
                self.need_bytes()
                self.emit(ops.ZERO_UNFLAGGED, ops.SUM)
            self.emit(ops.ACCUMULATE, ops.PORTS)
            for d in ports:
                self.emit(ops.ADD_SHIFTED, ops.PORTS, (ops.SUM,), q=-d.row, r=-d.column)
            if "NEWS" in dst:
                self.emit(ops.ADD_SHIFTED, ops.PORTS, (ops.DRIVE,))
            self.clip(ops.PORTS)
            self.linear("NEWS", [ops.PORTS], 1)

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


def ordered(sources: Sequence[str]) -> list[str]:
    """Sources inside the PE, each once, in table order: the order in which both engines add."""
    return [r for r in (*isa.ANALOG, *isa.ANALOG_INPUTS) if r in sources]


def _bit_targets(registers: Sequence[str]) -> list[int]:
    """R12 first: it must see the R0 from before the word."""
    return sorted({ops.BIT_INDEX[r] for r in registers}, key=lambda d: (d != ops.R12, d))


def way(written: str, read: str) -> tuple[int, int, int]:
    """(row, column) from which a value comes that is put on cell `written` and taken from cell `read`; moves made."""
    row = column = moves = 0
    if written in isa.PORTS:
        d = isa.PORT_DIRECTION[written]
        row, column, moves = row - d.row, column - d.column, moves + 1
    if read in isa.PORTS:
        d = isa.PORT_DIRECTION[read]
        row, column, moves = row + d.row, column + d.column, moves + 1
    return row, column, moves
