"""The reference engine: one plain NumPy function per native word, to be checked against the fact sheet by eye.

Slow on purpose. The fast engine must agree with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from scamp_sim.chip import host, isa
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.planes import Bits, Floats
from scamp_sim.chip.program import Program, Word
from scamp_sim.engine.state import EngineState
from scamp_sim.engine.watched import Watched
from scamp_sim.silicon.decay import drifted
from scamp_sim.silicon.draws import completes, shares
from scamp_sim.silicon.model import ErrorModel

Scalar = TypeVar("Scalar", np.float32, np.bool_)


class ReferenceEngine(Watched):
    """State and behaviour of the array; planes are upright arrays of `shape`, float32 or bool."""

    def __init__(self, shape: tuple[int, int], errors: ErrorModel, options: ArrayOptions) -> None:
        self.shape = shape
        self.errors = errors
        self.options = options
        self.analog = {r: np.zeros(shape, np.float32) for r in (*isa.ANALOG, *isa.ANALOG_INPUTS)}
        self.bits = {r: np.zeros(shape, np.bool_) for r in (*isa.DIGITAL_SOURCES, isa.LATCH)}
        self.analog["PIX"][:] = options.pix_reset
        self.bits["FLAG"][:] = True
        self.word = 0  # number of the next word, counted from the first one that this array ever carried out
        self.quiet = False  # whether IN is at its top
        for r in isa.DIGITAL:
            self.write(r, self.bits[r])  # stuck cells are so from the start

    def read(self, register: str) -> Floats | Bits:
        planes: dict[str, Floats] | dict[str, Bits] = self.analog if register in self.analog else self.bits
        return planes[register].copy()

    def write(self, register: str, plane: Floats | Bits) -> None:
        self.changing()
        if register in self.analog:
            self.analog[register] = plane.astype(np.float32)
        else:
            self.bits[register] = self.with_stuck(register, plane.astype(np.bool_))

    def masks_nothing(self) -> bool:
        """Whether FLAG is 1 in all PEs."""
        return bool(self.bits["FLAG"].all())

    def drift(self, register: str, rate: Floats, seconds: np.float32, top: np.float32) -> None:
        """Let an analog register move at `rate` LSB per second."""
        self.write(register, drifted(self.analog[register], rate, seconds, top))

    def restart(self, errors: ErrorModel) -> None:
        """Begin another measurement: the errors of the same chip, words counted from 0."""
        self.errors = errors
        self.word = 0

    def save(self) -> EngineState:
        """A copy of the whole state."""
        analog = {name: plane.copy() for name, plane in self.analog.items()}
        bits = {name: plane.copy() for name, plane in self.bits.items()}
        return EngineState(analog, bits, False, self.word, self.quiet)

    def restore(self, state: EngineState) -> None:
        """Be again as when this engine gave the state."""
        self.changing()
        self.analog = {name: plane.copy() for name, plane in state.analog.items()}
        self.bits = {name: plane.copy() for name, plane in state.bits.items()}
        self.word, self.quiet = state.word, state.quiet

    def run(self, program: Program, lazily: bool = False) -> Sequence[Floats | Bits | str]:
        """Carry out the program's steps. Returns the planes of its outputs and readouts, in order; lazily or not is
        one here."""
        self.changing()
        outputs: list[Floats | Bits] = []
        for action in host.execution(program, self.shape, self.options, self.errors.disturbs, self.quiet):
            if isinstance(action, host.Take):
                outputs.append(self.read(action.register))
            else:
                self.act(action)
        return outputs

    def act(self, action: host.Action) -> None:
        if isinstance(action, Word):
            EFFECTS[action.op](self, action)
        elif isinstance(action, host.SetIn):
            self.analog["IN"] = self.errors.loaded(action.value, self.shape, self.word)
            self.quiet = action.quiet
        elif isinstance(action, host.Amplify):
            value = (self.analog[action.register] - np.float32(action.black)) * np.float32(action.factor)
            value = np.clip(value + np.float32(action.black), np.float32(action.low), np.float32(action.high))
            self.store(action.register, value)
        elif isinstance(action, host.Disturb):
            for register in isa.ANALOG:
                self.analog[register] = self.errors.disturbed(self.analog[register], register, self.word)
        elif isinstance(action, host.SetAddress):
            self.bits["SELECT"] = host.address_mask(action, self.shape)
            self.bits["RECT"] = self.bits["SELECT"].copy()
        self.word += isinstance(action, host.NUMBERED)

    # --- parts that several words share ---

    def shifted(self, plane: Floats, row: int, column: int) -> Floats:
        """What each PE finds at the neighbour (row, column) away; 0 beyond the edge (Q10)."""
        return _shifted(plane, row, column, np.float32(0))

    def total(self, sources: tuple[str, ...]) -> Floats:
        """The sum that a bus sees: own cells in table order, then neighbours' NEWS. Named twice counts once."""
        total = np.zeros(self.shape, np.float32)
        for register in (*isa.ANALOG, *isa.ANALOG_INPUTS):
            if register in sources:
                value = self.analog[register]
                total = total + (self.errors.seen(value, self.word) if register == "PIX" else value)
        ports = [isa.PORT_DIRECTION[p] for p in isa.PORTS if p in sources]
        if ports:
            neighbours = np.zeros(self.shape, np.float32)
            for d in ports:
                neighbours = neighbours + self.shifted(self.analog["NEWS"], d.row, d.column)
            # A NEWS cell that several buses read shares its current among them (Q7).
            if self.options.port_mix == "mean":
                neighbours = neighbours / np.float32(len(ports))
            total = total + neighbours
        return total

    def store(self, register: str, value: Floats, split: tuple[int, int] = (0, 1), second: bool = False) -> None:
        """Write an analog cell where FLAG = 1, errors included; the i-th of n destinations of one word.

        second: the word takes on what the one before left in NEWS.
        """
        if second:
            value = self.errors.completed(value, register, self.word)
        else:
            value = self.errors.written(value, register, self.word, split)
        self.analog[register] = np.where(self.bits["FLAG"], value, self.analog[register])

    def store_bits(self, register: str, value: Bits) -> None:
        """Write a bit in all PEs; R12 only where R0 = 1 (D MACD)."""
        where = self.bits["R0"] if register == "R12" else np.ones(self.shape, np.bool_)
        self.bits[register] = self.with_stuck(register, np.where(where, value, self.bits[register]))

    def with_stuck(self, register: str, value: Bits) -> Bits:
        """A bit plane as its cells hold it: some never change."""
        stuck = self.errors.stuck(register)
        return value if stuck is None else np.where(stuck[0], stuck[1], value)

    def any_of(self, sources: tuple[str, ...]) -> Bits:
        value = np.zeros(self.shape, np.bool_)
        for s in sources:
            value |= self.bits[s]
        return value

    def neighbours(self, plane: Bits, outside: bool) -> Bits:
        """OR over the directions that R1..R4 of the receiving PE allow."""
        taken = np.zeros(self.shape, np.bool_)
        for d in isa.DIRECTIONS.values():
            taken |= self.bits[d.gate] & _shifted(plane, d.row, d.column, np.bool_(outside))
        return taken


def _shifted(plane: npt.NDArray[Scalar], row: int, column: int, outside: Scalar) -> npt.NDArray[Scalar]:
    rows, columns = plane.shape
    padded = np.pad(plane, 1, constant_values=outside)
    return padded[1 + row : 1 + row + rows, 1 + column : 1 + column + columns]


def _bus(m: ReferenceEngine, w: Word) -> None:
    destinations = dict.fromkeys(w.dst)
    _drive(m, destinations, -(m.total(w.src) / np.float32(len(destinations))), completes(w))


def _drive(m: ReferenceEngine, destinations: Collection[str], value: Floats, second: bool = False) -> None:
    """Every PE's bus carries `value`; its destinations take it."""
    ports = [isa.PORT_DIRECTION[p] for p in isa.PORTS if p in destinations]
    split = shares(destinations)
    # A PE with FLAG = 0 drives nothing; the cell that is driven is written only if its own FLAG is 1 (Q4).
    driven = np.where(m.bits["FLAG"], value, np.float32(0))
    news = np.zeros(m.shape, np.float32)
    for d in ports:
        news = news + m.shifted(driven, -d.row, -d.column)
    if "NEWS" in destinations:
        news = news + value
    for register in isa.ANALOG:
        if register in destinations and register != "NEWS":
            m.store(register, value, split[register], second)
    if ports or "NEWS" in destinations:
        m.store("NEWS", news, split["NEWS"])


def _where(m: ReferenceEngine, w: Word) -> None:
    m.bits["FLAG"] = m.errors.compared(m.total(w.src)) > 0


def _all(m: ReferenceEngine, w: Word) -> None:
    m.bits["FLAG"] = np.ones(m.shape, np.bool_)


def _rpix(m: ReferenceEngine, w: Word) -> None:
    gate = m.bits["FLAG"] if m.options.flag_gates_rpix else np.ones(m.shape, np.bool_)
    m.analog["PIX"] = np.where(gate, np.float32(m.options.pix_reset), m.analog["PIX"])


def _nothing(m: ReferenceEngine, w: Word) -> None:
    """nop, blurset and PROP_R change no register."""


def _blur(horizontal: bool, vertical: bool) -> Callable[[ReferenceEngine, Word], None]:
    def effect(m: ReferenceEngine, w: Word) -> None:
        x = m.total(w.src)
        rows = m.shape[0]
        flux = np.zeros(m.shape, np.float32)
        if vertical:  # R1 of a PE links it to its south neighbour (Q8)
            link = m.bits["R1"][: rows - 1]
            down = np.where(link, x[1:] - x[:-1], np.float32(0))
            flux[:-1] += down
            flux[1:] -= down
        if horizontal:  # R2 of a PE links it to its west neighbour (Q8)
            link = m.bits["R2"][:, 1:]
            left = np.where(link, x[:, :-1] - x[:, 1:], np.float32(0))
            flux[:, 1:] += left
            flux[:, :-1] -= left
        _drive(m, w.dst, -(x + np.float32(m.options.blur_k) * flux))

    return effect


def _where_bits(m: ReferenceEngine, w: Word) -> None:
    m.bits["FLAG"] = m.any_of(w.src)


def _constant(value: bool) -> Callable[[ReferenceEngine, Word], None]:
    def effect(m: ReferenceEngine, w: Word) -> None:
        # R12 first: a word that also sets R0 gates it by the R0 from before.
        for register in sorted(w.dst, key=lambda r: r != "R12"):
            m.store_bits(register, np.full(m.shape, value))

    return effect


def _combine(invert: bool) -> Callable[[ReferenceEngine, Word], None]:
    def effect(m: ReferenceEngine, w: Word) -> None:
        value = m.any_of(w.src) ^ invert
        for register in sorted(w.dst, key=lambda r: r != "R12"):
            m.store_bits(register, value)

    return effect


def _latch(invert: bool) -> Callable[[ReferenceEngine, Word], None]:
    def effect(m: ReferenceEngine, w: Word) -> None:
        m.bits[isa.LATCH] = m.any_of(w.src) ^ invert

    return effect


def _write_back(m: ReferenceEngine, w: Word) -> None:
    m.store_bits(w.dst[0], m.bits[isa.LATCH])


def _dnews(outside: bool) -> Callable[[ReferenceEngine, Word], None]:
    def effect(m: ReferenceEngine, w: Word) -> None:
        m.store_bits(w.dst[0], m.neighbours(m.bits[w.src[0]], outside))

    return effect


def _prop(outside: bool) -> Callable[[ReferenceEngine, Word], None]:
    def effect(m: ReferenceEngine, w: Word) -> None:
        reach = m.options.prop_reach
        steps = 0
        while reach is None or steps < reach:  # Q9
            before = m.bits["R12"]
            m.store_bits("R12", before | m.neighbours(before, outside))
            steps += 1
            if np.array_equal(before, m.bits["R12"]):
                break

    return effect


EFFECTS: dict[str, Callable[[ReferenceEngine, Word], None]] = {
    "bus": _bus,
    "bus2": _bus,
    "bus3": _bus,
    "where": _where,
    "all": _all,
    "rpix": _rpix,
    "nop": _nothing,
    "blur": _blur(True, True),
    "blurh": _blur(True, False),
    "blurv": _blur(False, True),
    "blurset": _nothing,
    "WHERE": _where_bits,
    "SET": _constant(True),
    "CLR": _constant(False),
    "MOV": _combine(False),
    "OR": _combine(False),
    "NOT": _combine(True),
    "NOR": _combine(True),
    "DNEWS0": _dnews(False),
    "DNEWS1": _dnews(True),
    "PROP_R": _nothing,
    "PROP_0": _prop(False),
    "PROP_1": _prop(True),
    "REFRESH_R": _latch(False),
    "NOT_R": _latch(True),
    "OR_R": _latch(False),
    "NOR_R": _latch(True),
    "REFRESH_L": _write_back,
}
"""Native word -> what it does. A test checks that it covers the table in `scamp_sim.chip.isa`."""
