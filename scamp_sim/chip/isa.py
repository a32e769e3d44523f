"""The instruction set of SCAMP-5 as one table.

Everything that knows an instruction by name reads it here: the assembler, the checks, both engines, the
listing, the cost model, the `isa` command, the generated docs page and half of the tests. Adding a native word means
adding one row to `NATIVE` and one function per engine.

Each fact carries a source: a status letter (D documented by the vendor, M measured on hardware, P published,
I inferred, R recommended modelling choice, U unknown) and a key of `SOURCES`. "Qn" is the n-th open question of
the fact sheet; the answer taken here is the recommended one unless the text says otherwise.
"""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable
from dataclasses import dataclass

from scamp_sim.chip.routines import DRAWING, HOST, MOST_EVENTS, HostFunction, Operand, host_form, host_forms
from scamp_sim.exceptions import RegisterError

SOURCES = {
    "ICW": "SCAMP-5 SDK, instruction control word header",
    "KAPI": "SCAMP-5 SDK, kernel API header",
    "MACA": "SCAMP-5 SDK, analog kernel macros",
    "MACD": "SCAMP-5 SDK, digital kernel macros",
    "APIA": "SCAMP-5 SDK, analog host API",
    "APID": "SCAMP-5 SDK, digital host API",
    "OUT": "SCAMP-5 SDK, output API",
    "VS": "SCAMP-5 SDK, vision system headers",
    "KIM": "SCAMP-5 Kernel Instructions and Macros, rev 1.0.1",
    "5C-DOC": "SCAMP-5c manual",
    "5C-SRC": "SCAMP-5c scripts",
    "LB-TUT": "Bose, Scamp5 tutorial examples",
    "LB-MNIST": "Bose, MNIST AREG CNN example",
    "SAND": "Bose/Carey, sandcastle_sum",
    "KUR": "Kuramoto lattice program with notes measured on silicon",
    "VLSI13": "Carey et al., VLSI 2013",
    "EX-SDK": "SCAMP-5 SDK, examples",
    "BG": "Guillard, CNNs on focal-plane sensor-processors: timings and noise measured on a chip",
    "ANET": "Wong et al., AnalogNet, 2020",
    "ECCV20": "Bose et al., Fully embedding fast convolutional networks on pixel processor arrays, ECCV 2020",
    "BMVC20": "Liu et al., strided binary networks on a pixel processor array, BMVC 2020",
    "CVPRW22": "Liu and Lu, heat maps on a pixel processor array, CVPR workshops 2022",
    "DIP25": "Bose et al., Descriptor-In-Pixel, CVPR 2025",
    "BITVO": "Murai et al., BIT-VO, 2020 and 2023",
    "PixelRNN": "So et al., PixelRNN, CVPR 2024",
}


# --- registers ------------------------------------------------------------------------------------------------

ANALOG = ("A", "B", "C", "D", "E", "F", "NEWS")
"""Analog cells that a PE can write in itself (D ICW; P VLSI13 counts seven)."""

PORTS = ("XN", "XE", "XS", "XW")
"""The NEWS cell of a neighbour: a view, not storage. As source it is read; as destination it is driven (D ICW)."""

ANALOG_INPUTS = ("PIX", "IN")
"""Read-only analog sources: the photodiode integrator and the global DAC value (D ICW, VS)."""

DIGITAL = tuple(f"R{i}" for i in range(13))
"""Bits that a PE can write (D ICW)."""

SPECIAL_BITS = ("FLAG", "SELECT", "RECT")
"""Bits that words can only read: activity flag and the two address-match views (D ICW, APID)."""

LATCH = "LATCH"
"""The bit bus between the read half and the write-back half of a two-phase word. Not visible to programs."""

ALIASES = {
    "RF": "R0",
    "RS": "R1",
    "RW": "R2",
    "RN": "R3",
    "RE": "R4",
    "RP": "R12",
    **{f"S{i}": f"R{i + 5}" for i in range(7)},
    "NORTH": "XN",
    "EAST": "XE",
    "SOUTH": "XS",
    "WEST": "XW",
}
"""Other spellings that the SDK and its users accept (D ICW, SIMH, 5C-DOC)."""

ANALOG_SOURCES = ANALOG + PORTS + ANALOG_INPUTS
DIGITAL_SOURCES = DIGITAL + SPECIAL_BITS
PLANES = ANALOG + ANALOG_INPUTS + DIGITAL + SPECIAL_BITS
"""Every plane that `Machine.read` can show."""


@dataclass(frozen=True)
class Direction:
    """A compass direction in the upright picture: row 0 on top, column 0 on the left, east to the right.

    `row`, `column`: step to the neighbour that lies there.
    `port`: its NEWS cell.
    `gate`: the bit that lets DNEWS and PROP take from it (D MACD: R1 south, R2 west, R3 north, R4 east).
    """

    name: str
    row: int
    column: int
    port: str
    gate: str
    opposite: str


DIRECTIONS = {
    d.name: d
    for d in (
        Direction("north", -1, 0, "XN", "R3", "south"),
        Direction("east", 0, 1, "XE", "R4", "west"),
        Direction("south", 1, 0, "XS", "R1", "north"),
        Direction("west", 0, -1, "XW", "R2", "east"),
    )
}
PORT_DIRECTION = {d.port: d for d in DIRECTIONS.values()}

OPERAND_KINDS = {
    "areg": ANALOG + PORTS,
    "asrc": ANALOG_SOURCES,
    "dreg": DIGITAL,
    "dsrc": DIGITAL_SOURCES,
    "acell": ANALOG + ANALOG_INPUTS,
    "plane": ANALOG + ANALOG_INPUTS + DIGITAL_SOURCES,
}
"""Operand class -> registers it admits (section 1.4 of the fact sheet; D KAPI/ICW). The last two are what a readout
takes: a cell of the PE itself."""

INTEGER_KINDS = ("int", "row", "column", "address")
"""Operand classes of host functions that are integers."""


def register(name: str) -> str:
    """The canonical spelling of a register name.

    Raises RegisterError with the nearest known name.
    """
    canonical = ALIASES.get(name, name) if isinstance(name, str) else ""
    if canonical in ALL_REGISTERS:
        return canonical
    if not isinstance(name, str):
        raise RegisterError(f"a register is named by a text such as 'A' or 'R5', not by {name!r}")
    raise RegisterError(f"unknown register '{name}'{did_you_mean(name, [*ALL_REGISTERS, *ALIASES])}")


ALL_REGISTERS = frozenset(ANALOG + PORTS + ANALOG_INPUTS + DIGITAL + SPECIAL_BITS)


def did_you_mean(name: object, candidates: Iterable[str]) -> str:
    """A tail for an error message: the nearest known name, or nothing. Case slips count as near."""
    near = nearest(name, candidates) if isinstance(name, str) else None
    return f"; did you mean '{near}'?" if near else ""


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The nearest known name, if one is near. Case slips count as near."""
    known = sorted(set(candidates))
    folded = [c for c in known if c.lower() == name.lower()]
    if folded:
        return folded[0]
    # without what all host functions begin with, which would make every one of them near
    stems = {c.removeprefix(HOST_PREFIX): c for c in reversed(known)}
    near = difflib.get_close_matches(name.removeprefix(HOST_PREFIX), stems, n=1, cutoff=0.6)
    return stems[near[0]] if near else None


HOST_PREFIX = "scamp5_"
"""How the names of host functions begin."""


# --- native words ---------------------------------------------------------------------------------------------


class Clock(enum.IntEnum):
    """Clock class of a word: which programmable waveform drives it (D ICW; durations unpublished, Q2: 100 ns each)."""

    ANALOG = 0
    DIGITAL = 1
    DNEWS = 2
    PROP = 3
    AER = 4
    DOUT = 5
    FAST = 6


class Gate(enum.Enum):
    """What lets a word write in a PE."""

    NONE = "writes in every PE"
    FLAG = "writes where FLAG = 1"
    R0 = "writes in every PE, whatever FLAG is; R12 only where R0 = 1"


@dataclass(frozen=True)
class Slot:
    """How many operands of which class a word takes in one place."""

    kind: str
    least: int
    most: int


@dataclass(frozen=True)
class Native:
    """One row of the instruction set: a single instruction control word.

    `dst`, `src`: operands as written, destinations first.
    `lists`: also accepts `{destinations}, {sources}` with any counts.
    `reads`, `writes`: registers touched without being named.
    `highspeed`: a kernel that holds the word stays eligible for high-speed execution (section 3.6).
    """

    name: str
    clock: Clock
    gate: Gate
    effect: str
    source: str
    dst: Slot | None = None
    src: Slot | None = None
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    highspeed: bool = False
    lists: bool = False
    notes: str = ""

    @property
    def signature(self) -> str:
        """The call as a user writes it, optional operands in brackets."""
        parts = []
        for prefix, slot in (("y", self.dst), ("x", self.src)):
            if slot is None:
                continue
            names = [f"{prefix}{i}" if slot.most > 1 else prefix for i in range(slot.most)]
            parts += names[: slot.least] + [f"[{n}]" for n in names[slot.least :]]
        return f"{self.name}({', '.join(parts)})"


def _analog(name: str, dst: Slot | None, src: Slot | None, effect: str, source: str, **more: object) -> Native:
    return Native(name, Clock.ANALOG, Gate.FLAG, effect, source, dst, src, **more)  # type: ignore[arg-type]


def _digital(name: str, dst: Slot | None, src: Slot | None, effect: str, source: str, **more: object) -> Native:
    clock = more.pop("clock", Clock.DIGITAL)
    more.setdefault("highspeed", True)
    return Native(name, clock, Gate.R0, effect, source, dst, src, **more)  # type: ignore[arg-type]


def _slot(kind: str, least: int, most: int | None = None) -> Slot:
    return Slot(kind, least, least if most is None else most)


_BUS_NOTE = (
    "Every destination takes minus the sum of the sources over the number of destinations. A source named twice is "
    "selected once, a cell that is both source and destination is a hazard: both are errors. XN/XE/XS/XW as source "
    "read a neighbour's NEWS, 0 beyond the edge (Q10); two or more of them in one word share their current, so their "
    "mean counts (Q7). As destination they drive a neighbour's NEWS, gated by the FLAG of the cell that is written; a "
    "PE with FLAG = 0 contributes 0 (Q4)."
)
_DNEWS_READS = tuple(sorted(d.gate for d in DIRECTIONS.values()))

# fmt: off
NATIVE: dict[str, Native] = {
    row.name: row
    for row in (
        # analog (section 2.1)
        _analog("bus", _slot("areg", 1), _slot("asrc", 0, 4), "y := -(sum of sources); no source: y := 0",
                "D KAPI", lists=True, notes=_BUS_NOTE),
        _analog("bus2", _slot("areg", 2), _slot("asrc", 0, 2), "y0, y1 := -(sum of sources)/2", "D KAPI",
                notes=_BUS_NOTE),
        _analog("bus3", _slot("areg", 3), _slot("asrc", 1), "y0, y1, y2 := -x/3", "D KAPI", notes=_BUS_NOTE),
        Native("where", Clock.ANALOG, Gate.NONE, "FLAG := (sum of sources) > 0, strictly, in all PEs",
               "D KAPI; all PEs D 5C-SRC (Q6)", src=_slot("asrc", 1, 3), writes=("FLAG",),
               notes="The sum is not inverted. Zero gives FLAG = 0."),
        Native("all", Clock.ANALOG, Gate.NONE, "FLAG := 1 in all PEs", "D KAPI", writes=("FLAG",), highspeed=True,
               notes="ALL is the same word."),
        Native("rpix", Clock.ANALOG, Gate.NONE, "PIX := reset level (-127)", "D KAPI", writes=("PIX",),
               notes="FLAG does not gate it (Q5)."),
        Native("nop", Clock.ANALOG, Gate.NONE, "idle slot", "D KAPI"),
        _analog("blur", _slot("areg", 1), _slot("asrc", 1),
                "y := -(one resistive-grid step of x), along both axes", "D name; I sign; R step (Q8)",
                reads=("R1", "R2"),
                notes="y(p) = -(x(p) + k * sum over linked neighbours q of (x(q) - x(p))), k = 0.1. R1 of a PE links "
                      "it to its south neighbour, R2 to its west neighbour; edges let nothing through."),
        _analog("blurh", _slot("areg", 1), _slot("asrc", 1), "as blur, horizontal links only",
                "D name; I sign; R step (Q8)", reads=("R2",)),
        _analog("blurv", _slot("areg", 1), _slot("asrc", 1), "as blur, vertical links only",
                "D name; I sign; R step (Q8)", reads=("R1",)),
        Native("blurset", Clock.DIGITAL, Gate.NONE, "pre-charges the read bus for a blur sequence; no register changes",
               "D ICW", reads=("R1", "R2"), highspeed=True),
        # digital (section 2.2)
        Native("WHERE", Clock.DIGITAL, Gate.NONE, "FLAG := OR of sources, in all PEs", "D KAPI",
               src=_slot("dsrc", 1, 3), writes=("FLAG",), highspeed=True),
        _digital("SET", _slot("dreg", 1, 4), None, "y := 1", "D KAPI"),
        _digital("CLR", _slot("dreg", 1, 4), None, "y := 0", "D KAPI; ignores FLAG: M KUR"),
        _digital("MOV", _slot("dreg", 1), _slot("dsrc", 1), "y := x", "D KAPI", lists=True),
        _digital("OR", _slot("dreg", 1), _slot("dsrc", 2, 4), "y := OR of sources", "D KAPI"),
        _digital("NOT", _slot("dreg", 1), _slot("dsrc", 1), "y := not x", "D KAPI", lists=True),
        _digital("NOR", _slot("dreg", 1), _slot("dsrc", 2, 4), "y := not (OR of sources)", "D KAPI"),
        _digital("DNEWS0", _slot("dreg", 1), _slot("dsrc", 1),
                 "y := (R1 and x_south) or (R2 and x_west) or (R3 and x_north) or (R4 and x_east); outside reads 0",
                 "D KAPI, MACD", clock=Clock.DNEWS, reads=_DNEWS_READS,
                 notes="R1..R4 are those of the receiving PE (D SAND), so each PE can take from its own directions."),
        _digital("DNEWS1", _slot("dreg", 1), _slot("dsrc", 1), "as DNEWS0; outside reads 1", "D KAPI, MACD",
                 clock=Clock.DNEWS, reads=_DNEWS_READS),
        Native("PROP_R", Clock.ANALOG, Gate.NONE, "reads R12 onto the bus before PROP_0 or PROP_1; no register changes",
               "D ICW", reads=("R12",)),
        Native("PROP_0", Clock.PROP, Gate.R0,
               "R12 spreads through PEs with R0 = 1, taking from the directions R1..R4 allow; outside is 0",
               "D KIM, MACD; I reach (Q9)", reads=("R0", "R12", *_DNEWS_READS), writes=("R12",),
               notes="One word reaches 64 PEs along a 4-connected path (Q9). A PE with R0 = 0 keeps its bit; if that "
                     "bit is 1 its neighbours can take it (R: R0 gates the write, not the read)."),
        Native("PROP_1", Clock.PROP, Gate.R0, "as PROP_0; outside is 1", "D KIM, MACD; I reach (Q9)",
               reads=("R0", "R12", *_DNEWS_READS), writes=("R12",)),
        _digital("REFRESH_R", None, _slot("dreg", 1), "read half of REFRESH: bit bus := x", "D ICW", writes=(LATCH,)),
        _digital("NOT_R", None, _slot("dreg", 1), "read half of in-place NOT: bit bus := not x",
                 "D MACD (two phases); name ours", writes=(LATCH,)),
        _digital("OR_R", None, _slot("dsrc", 2), "read half of in-place OR: bit bus := x0 or x1",
                 "D MACD (two phases); name ours", writes=(LATCH,)),
        _digital("NOR_R", None, _slot("dsrc", 2), "read half of in-place NOR: bit bus := not (x0 or x1)",
                 "D MACD (two phases); name ours", writes=(LATCH,)),
        _digital("REFRESH_L", _slot("dreg", 1), None, "write-back half: y := bit bus", "D ICW", reads=(LATCH,),
                 notes="Only valid directly after the read half."),
    )
}
# fmt: on

MNEMONIC_ALIASES = {"ALL": "all"}
"""Other spellings of native words."""

STORE_WORDS = 1024
"""Instruction words that the controller can hold for all static kernels together (D KAPI; M)."""


def highspeed(ops: Iterable[str]) -> bool:
    """Whether a kernel of these native words stays eligible for high-speed execution (D KAPI/MACD)."""
    return all(NATIVE[op].highspeed for op in ops)


# fmt: off
__all__ = [
    "ALIASES", "ALL_REGISTERS", "ANALOG", "ANALOG_INPUTS", "ANALOG_SOURCES", "DIGITAL", "DIGITAL_SOURCES", "DIRECTIONS",
    "DRAWING", "HOST", "INTEGER_KINDS", "LATCH", "MNEMONIC_ALIASES", "MOST_EVENTS", "NATIVE", "OPERAND_KINDS", "PLANES",
    "PORTS", "PORT_DIRECTION", "SOURCES", "SPECIAL_BITS", "STORE_WORDS", "Clock", "Direction", "Gate", "HostFunction",
    "Native", "Operand", "Slot", "did_you_mean", "highspeed", "host_form", "host_forms", "nearest",
    "register",
]
# fmt: on
