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
from scamp_sim.engine.lower_bits import BitRows
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


class Lowering(BitRows):
    """Emits the rows of one segment."""

    def __init__(self, flag_ones: bool, options: ArrayOptions, exact: bool) -> None:
        super().__init__(flag_ones)
        self.options = options
        self.exact = exact
        self.plane = list(range(ops.ANALOG_PLANES))  # register or temporary -> plane

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


def ordered(sources: Sequence[str]) -> list[str]:
    """Sources inside the PE, each once, in table order: the order in which both engines add."""
    return [r for r in (*isa.ANALOG, *isa.ANALOG_INPUTS) if r in sources]


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
