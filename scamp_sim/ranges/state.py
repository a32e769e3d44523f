"""What an analysis knows of all registers: bits by name, analog values as forms, distinguished by one bit.

A bit is a literal: n for a plane of bits that has a number, -n for its complement; TRUE and FALSE are the same in all
PEs. Two registers with the same literal hold the same bits. A value that was written where FLAG = 1 is split: one form
where the bit that FLAG was is 1, another where it is 0. So a later word under the same condition, or under its
complement, sees what it really finds there.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from scamp_sim.chip import isa
from scamp_sim.ranges.forms import ZERO, Form, Interval, Symbols, hull

TRUE, FALSE = 1, -1


class Split:
    """Form `one` in the PEs where bit number `bit` is 1, form `zero` in the others."""

    __slots__ = ("bit", "joined", "one", "zero")

    def __init__(self, bit: int, one: Form, zero: Form) -> None:
        self.bit, self.one, self.zero = bit, one, zero
        self.joined: Form | None = None


Value = Form | Split


class State:
    """Registers, bits and conditions. `conditions`: bit number -> the form whose being above 0 it says."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.analog: dict[str, Value] = dict.fromkeys((*isa.ANALOG, *isa.ANALOG_INPUTS), ZERO)
        self.conditions: dict[int, Form] = {}
        self._last_bit = TRUE
        self._named: dict[Hashable, int] = {}
        self._joined: dict[Hashable, Form] = {}
        self.bits: dict[str, int] = {r: self.new_bit() for r in (*isa.DIGITAL_SOURCES, isa.LATCH)}
        self.bits["FLAG"] = TRUE

    @property
    def flag(self) -> int:
        return self.bits["FLAG"]

    # --- bits ---

    def new_bit(self, name: Hashable = None) -> int:
        """A plane of bits that nothing is known of; the same one each time that it is asked for by the same name."""
        if name is not None and name in self._named:
            return self._named[name]
        self._last_bit += 1
        if name is not None:
            self._named[name] = self._last_bit
        return self._last_bit

    def any_of(self, registers: Iterable[str]) -> int:
        """The OR of bits."""
        literals = {self.bits[r] for r in registers} - {FALSE}
        if TRUE in literals or any(-x in literals for x in literals):
            return TRUE
        if not literals:
            return FALSE
        return next(iter(literals)) if len(literals) == 1 else self.new_bit(("or", frozenset(literals)))

    def store_bit(self, register: str, literal: int) -> None:
        """Write a bit; R12 only where R0 = 1."""
        gate, old = self.bits["R0"], self.bits[register]
        if register == "R12" and gate != TRUE and literal != old:
            literal = old if gate == FALSE else self.new_bit(("mux", gate, literal, old))
        self.bits[register] = literal

    # --- values ---

    def split(self, literal: int, inside: Form, outside: Form) -> Value:
        """`inside` where the literal is 1, `outside` where it is 0."""
        if literal == TRUE or inside.same(outside):
            return inside
        if literal == FALSE:
            return outside
        return Split(literal, inside, outside) if literal > 0 else Split(-literal, outside, inside)

    def where(self, value: Value, literal: int) -> Form:
        """What a value is in the PEs where the literal is 1."""
        if isinstance(value, Form):
            return value
        if value.bit == abs(literal):
            return value.one if literal > 0 else value.zero
        return self.whole(value)

    def whole(self, value: Value) -> Form:
        """A value as one form; the parts of a split one become a new symbol that may be either."""
        if isinstance(value, Form):
            return value
        if value.joined is None:
            one, zero = (frozenset(f.terms.items()) for f in (value.one, value.zero))
            minus = tuple(frozenset((t, -c) for t, c in f) for f in (one, zero))
            found, turned = self._joined.get((value.bit, one, zero)), self._joined.get((value.bit, *minus))
            if found is None and turned is not None:
                found = self.symbols.combined([(-1.0, turned)])
            if found is None:
                roots = dict.fromkeys((*self.symbols.origins(value.one), *self.symbols.origins(value.zero)))
                found = self.symbols.new(*self.range(value), list(roots)[:6])
            self._joined[value.bit, one, zero] = value.joined = found
        return value.joined

    def range(self, value: Value) -> Interval:
        """All values that a register can have in any PE."""
        if isinstance(value, Form):
            return self.symbols.range(value)
        return hull(self.given(value.one, value.bit), self.given(value.zero, -value.bit))

    def given(self, form: Form, literal: int) -> Interval:
        """The range of a form in the PEs where the literal is 1."""
        return self.symbols.given(form, self.conditions.get(abs(literal)), literal > 0)

    def total(self, registers: Iterable[tuple[float, str]], literal: int = TRUE) -> Value:
        """The sum of multiples of registers' values, in the PEs where the literal is 1."""
        parts = [(factor, self.analog[r]) for factor, r in registers]
        return self.summed(parts, literal)

    def summed(self, parts: list[tuple[float, Value]], literal: int = TRUE) -> Value:
        """The sum of multiples of values, in the PEs where the literal is 1."""
        bit = abs(literal) if abs(literal) != TRUE else next((v.bit for _, v in parts if isinstance(v, Split)), TRUE)
        if bit == TRUE or abs(literal) != TRUE:
            return self.symbols.combined([(c, self.where(v, literal)) for c, v in parts])
        one, zero = (self.symbols.combined([(c, self.where(v, x)) for c, v in parts]) for x in (bit, -bit))
        return self.split(bit, one, zero)
