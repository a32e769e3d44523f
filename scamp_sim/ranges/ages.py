"""How long a register has to hold a value: the time from a write to each read, in the modelled time of the run."""

from __future__ import annotations

from dataclasses import dataclass

from scamp_sim.chip import isa
from scamp_sim.chip.program import HostCall, Output, Word
from scamp_sim.ranges.state import FALSE, TRUE

Item = Word | HostCall | Output

HELD = frozenset((*isa.ANALOG, *isa.DIGITAL))
"""Registers whose contents fade; PIX is meant to change, IN is driven."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something happened, in us of the run, and what it was; no item: the caller's input, before the run."""

    us: float
    item: Item | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """A value that was held from `written` to `read`.

    written: None if it was there before the run began.
    """

    written: Stamp | None
    read: Stamp

    @property
    def us(self) -> float:
        return self.read.us - (self.written.us if self.written is not None else 0.0)


class Ages:
    """When each register was last written, in all PEs or under a mask, and the longest waits so far.

    given: registers that the caller fills before the run.
    """

    def __init__(self, given: frozenset[str]) -> None:
        self.whole: dict[str, Stamp] = {r: Stamp(0.0) for r in given & HELD}
        self.longest: dict[str, Wait] = {}
        self.carried: dict[str, Wait] = {}  # the last read of what was there before the run
        self._parts: dict[str, dict[int, Stamp]] = {}

    def write(self, register: str, us: float, item: Item, mask: int = TRUE) -> None:
        """A write in the PEs where the literal `mask` is 1."""
        if register not in HELD or mask == FALSE:
            return
        stamp = Stamp(us, item)
        if mask == TRUE:
            self.whole[register] = stamp
            self._parts.pop(register, None)
            return
        parts = self._parts.setdefault(register, {})
        parts[mask] = stamp
        if -mask in parts:  # both halves: since the older of the two every PE has been written
            self.whole[register] = min(parts[mask], parts[-mask], key=lambda s: s.us)

    def read(self, register: str, us: float, item: Item, mask: int = TRUE) -> None:
        """A read in the PEs where the literal `mask` is 1."""
        if register not in HELD or mask == FALSE:
            return
        whole = self.whole.get(register)
        written = self._parts[register].get(mask, whole) if register in self._parts else whole
        wait = Wait(written, Stamp(us, item))
        if written is None:
            self.carried[register] = wait
        elif register not in self.longest or wait.us > self.longest[register].us:
            self.longest[register] = wait

    def partly(self, register: str) -> bool:
        """Whether a register has been written under masks that do not make up all PEs."""
        return register in self._parts
