"""Bits that are the same in all PEs: what a digital word makes of all-ones and all-zeros planes."""

from __future__ import annotations

import enum
from collections.abc import Mapping, MutableMapping

from scamp_sim.chip.isa import LATCH, NATIVE
from scamp_sim.chip.program import Word

READ_HALVES = tuple(op for op, row in NATIVE.items() if LATCH in row.writes)
"""Words that leave their result on the bit bus."""


class Bit(enum.Enum):
    """What is known about a bit of all PEs at once."""

    ONES = 1
    ZEROS = 0
    UNKNOWN = None


_INVERSE = {Bit.ONES: Bit.ZEROS, Bit.ZEROS: Bit.ONES, Bit.UNKNOWN: Bit.UNKNOWN}


def value(word: Word, bits: Mapping[str, Bit], flag: Bit) -> Bit:
    """What a digital word writes, if it is the same in all PEs. `bits` may hold LATCH; what it lacks is unknown."""
    if word.op in ("SET", "CLR"):
        return Bit.ONES if word.op == "SET" else Bit.ZEROS
    if word.op == "REFRESH_L":
        return bits.get(LATCH, Bit.UNKNOWN)
    either = any_of(word, bits, flag)
    if word.op in ("MOV", "OR", "REFRESH_R", "OR_R"):
        return either
    if word.op in ("NOT", "NOR", "NOT_R", "NOR_R"):
        return _INVERSE[either]
    return Bit.UNKNOWN


def any_of(word: Word, bits: Mapping[str, Bit], flag: Bit) -> Bit:
    """The OR of the sources."""
    known = [flag if r == "FLAG" else bits.get(r, Bit.UNKNOWN) for r in word.src]
    if Bit.ONES in known:
        return Bit.ONES
    return Bit.ZEROS if known and all(k is Bit.ZEROS for k in known) else Bit.UNKNOWN


def follow(word: Word, bits: MutableMapping[str, Bit], flag: Bit) -> Bit:
    """Bring `bits` up to date with a word; returns what is known about FLAG after it."""
    result = value(word, bits, flag)
    after = flag
    if "FLAG" in word.row.writes:
        after = Bit.ONES if word.op == "all" else any_of(word, bits, flag)
    masked = bits.get("R0") is not Bit.ONES
    for name in word.row.writes:
        bits[name] = result if name == LATCH else Bit.UNKNOWN
    for name in word.dst if word.row.dst is not None and word.row.dst.kind == "dreg" else ():
        bits[name] = Bit.UNKNOWN if name == "R12" and masked else result
    return after
