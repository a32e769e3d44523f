"""Which register holds what in which step of a frame, and how much is free: found from the programs that run.

A register is *used* in a step if a word of it names the register, and *held* if it carries something through that is
read later, in this frame or the next. What is neither is free. That is worked out word by word; only what a register
means is written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from scamp_sim.chip import isa
from scamp_sim.chip.host import words_of
from scamp_sim.chip.program import HostCall, Launch, Output, Program, Word

ANALOG = tuple(r for r in isa.ANALOG if r != "NEWS")
BITS = isa.DIGITAL
PES = 16
"""PEs of a macropixel."""

PAPER = {
    "analog registers": 6,
    "bytes each": 1,
    "for weights": 2,
    "for computing": 2,
    "left": 2,
    "bits": 13,
    "bytes per macropixel": 32,
    "equivalent bytes per PE": 8,
}
"""The budget that the paper states: 6 analog registers as a byte each, of which 2 are left; 16 PEs make 32 bytes. The
13 bits are no part of that; with them a PE has 7.6 bytes."""

LOGIC = "walls of floods; logic"
MEANING: Mapping[str, Mapping[str, str]] = {
    "macropixel": {
        "A": "frame as +-5; x and h as +-5 in the gates; o of the last frame",
        "B": "frame, moved along rows; x and h likewise",
        "C": "running sum, in turns with D",
        "D": "running sum, in turns with C",
        "E": "constants; frame, moved along columns; x and h likewise",
        "F": "h from frame to frame, +-40; +-100 on lines of blocks during the CNN",
        "R0": "gate of R12; logic",
        "R1": LOGIC,
        "R2": LOGIC,
        "R3": LOGIC,
        "R4": LOGIC,
        "R5": "masks; x, the input of the recurrent part",
        "R6": "masks; f",
        "R7": "masks; h",
        "R8": "masks: block columns; rows of o",
        "R9": "masks: western lines; columns of h",
        "R10": "masks; logic",
        "R11": "masks; logic; slot of f",
        "R12": "eastern lines; floods",
    },
    "blocks": {
        "A": "kernels of the gates, +-120",
        "B": "kernels of the CNN, +-120",
        "C": "running sum",
        "D": "h from frame to frame, +-80",
        "E": "scratch",
        "F": "scratch; constants",
        "R0": "gate of R12; logic",
        "R1": "directions of moves; logic",
        "R2": "directions of moves; logic",
        "R3": "directions of moves; logic",
        "R4": "directions of moves; logic",
        "R5": "frame; x",
        "R6": "h",
        "R7": "x beside h, twice",
        "R8": "frame, or x and h, on their walk",
        "R9": "weights as bits; f",
        "R10": "mask of blocks; walls",
        "R11": "weight of this tap, spread over its block",
        "R12": "floods; logic",
    },
}
"""What registers mean, by mapping; with two layers as in the macropixel mapping."""
BETWEEN = {
    **dict.fromkeys(("R5", "R6", "R7", "R8", "R9"), "address bits between the layers"),
    **dict.fromkeys(("R10", "R11"), "bits on their way between the layers"),
}
"""What comes on top of it with two layers."""


@dataclass(frozen=True)
class Phase:
    """One step of a frame.

    used: registers that its words name.
    held: carried through untouched.
    analog, bits: so many registers of each kind hold something that is still needed, at the word where that are most.
    """

    title: str
    used: frozenset[str]
    held: frozenset[str]
    analog: int
    bits: int

    def free(self, of: Sequence[str]) -> tuple[str, ...]:
        return tuple(r for r in of if r not in self.used and r not in self.held)

    @property
    def free_bytes(self) -> float:
        """Bytes that are free in a macropixel: an analog register counts as one in every PE."""
        return PES * (len(self.free(ANALOG)) + len(self.free(BITS)) / 8)


@dataclass(frozen=True)
class Account:
    """The registers of one mapping.

    state: what outlives a frame.
    """

    name: str
    phases: tuple[Phase, ...]
    state: tuple[str, ...]

    @property
    def touched(self) -> frozenset[str]:
        return frozenset().union(*(p.used for p in self.phases))

    def always_free(self, of: Sequence[str]) -> tuple[str, ...]:
        return tuple(r for r in of if all(r in p.free(of) for p in self.phases))


# --- from programs ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Access:
    phase: int
    reads: frozenset[str]
    writes: frozenset[str]
    settles: frozenset[str]  # written in every PE, so that nothing of the old contents is left


def account(name: str, steps: Iterable[tuple[str, Program]]) -> Account:
    """The account of a frame that consists of these steps, which repeats for ever."""
    titles: list[str] = []
    trail: list[_Access] = []
    flag_is_one, r0_is_one = True, False
    for title, program in steps:
        if title not in titles:
            titles.append(title)
        phase = titles.index(title)
        for item in _words(program):
            if not isinstance(item, Word):
                trail.append(_Access(phase, item, frozenset(), frozenset()))
                continue
            gate = item.row.gate
            settled = item.writes if gate is not isa.Gate.FLAG or flag_is_one else frozenset()
            if not r0_is_one or item.row.clock is isa.Clock.PROP:
                settled -= {"R12"}
            trail.append(_Access(phase, item.reads, item.writes, settled))
            if "FLAG" in item.writes:
                flag_is_one = item.op == "all"
            if "R0" in item.writes:
                r0_is_one = item.op == "SET"
    live = _live(trail)
    used = [frozenset().union(*(a.reads | a.writes for a in trail if a.phase == p)) for p in range(len(titles))]
    entering = {p: live[n] for n, p in reversed(list(enumerate(a.phase for a in trail)))}

    def most(phase: int, of: Sequence[str]) -> int:
        return max(len(live[n].intersection(of)) for n, a in enumerate(trail) if a.phase == phase)

    phases = tuple(
        Phase(t, used[p], entering[p] - used[p], most(p, ANALOG), most(p, BITS)) for p, t in enumerate(titles)
    )
    return Account(name, phases, tuple(r for r in (*ANALOG, *BITS) if r in live[0]))


def _words(program: Program) -> Iterable[Word | frozenset[str]]:
    """The words of a run in order, those of host calls included; what a readout takes as a set."""
    for step in program.steps:
        if isinstance(step, Launch):
            yield from program.kernels[step.kernel].words
        elif isinstance(step, HostCall):
            yield frozenset(step.reads)
            yield from words_of(step)
        elif isinstance(step, Output):
            yield frozenset((step.register,))


def _live(trail: Sequence[_Access]) -> list[frozenset[str]]:
    """For each access the registers whose contents are read there or later, before they are overwritten everywhere."""
    live: list[frozenset[str]] = [frozenset()] * len(trail)
    after: frozenset[str] = frozenset()
    for _ in range(2):  # what is live at the start of a frame is live at the end of the one before
        for n in range(len(trail) - 1, -1, -1):
            after = (after - trail[n].settles) | trail[n].reads
            live[n] = after
    return live


# --- the mappings of this package -------------------------------------------------------------------------------


@cache
def accounts() -> tuple[Account, ...]:
    """One for each mapping. Which weights are taken does not matter: they change how many words run, not on what."""
    from scamp_sim.kernels.pixelrnn.blocks import BlockMapping
    from scamp_sim.kernels.pixelrnn.macropixel import MacropixelMapping
    from scamp_sim.kernels.pixelrnn.mapping import Mapping as Placed
    from scamp_sim.kernels.pixelrnn.two_layers import TwoLayerMapping
    from scamp_sim.systems.pixelrnn.params import Weights

    one, two = Weights.random(1), Weights.random(1, layers=2)
    mappings: dict[str, Placed] = {
        "macropixel": MacropixelMapping(one),
        "two layers": TwoLayerMapping(two),
        "blocks": BlockMapping(one),
    }
    # the last frame of a clip: it does what the others do, and reads
    return tuple(account(name, ((s.title, s.program) for s in m.steps(15))) for name, m in mappings.items())


def meaning(mapping: str, register: str) -> str:
    if mapping != "two layers":
        return MEANING[mapping].get(register, "")
    return "; ".join(m for m in (MEANING["macropixel"].get(register), BETWEEN.get(register)) if m)


def memory_report() -> dict[str, Any]:
    """The account of every mapping as plain numbers, lists and dicts, and the budget of the paper."""
    found: dict[str, Any] = {}
    for a in accounts():
        found[a.name] = {
            "state": list(a.state),
            "registers": {r: meaning(a.name, r) for r in (*ANALOG, *BITS) if r in a.touched},
            "phases": [
                {
                    "title": p.title,
                    "used": [r for r in (*ANALOG, *BITS) if r in p.used],
                    "held": [r for r in (*ANALOG, *BITS) if r in p.held],
                    "needed_at_once": {"analog": p.analog, "bits": p.bits},
                    "free": [*p.free(ANALOG), *p.free(BITS)],
                    "free_bytes_per_macropixel": p.free_bytes,
                }
                for p in a.phases
            ],
            "free_in_every_phase": [*a.always_free(ANALOG), *a.always_free(BITS)],
            "least_free_bytes_per_macropixel": min(p.free_bytes for p in a.phases),
        }
    bytes_per_pe = len(ANALOG) + len(BITS) / 8
    here = {"bytes_per_pe": bytes_per_pe, "bytes_per_macropixel": PES * bytes_per_pe}
    return {"paper": dict(PAPER), "array": here, "mappings": found}


def memory_text() -> str:
    """The same as a page of text."""
    total = len(ANALOG) + len(BITS) / 8
    lines = [
        f"memory of a PE: {len(ANALOG)} analog registers, a byte each, and {len(BITS)} bits: {total:.1f} bytes",
        f"of a macropixel, {PES} PEs: {PES * total:.0f} bytes, {PES * len(ANALOG)} of them analog",
        "the paper's budget: 2 registers for weights, 2 for computing, 2 left: 32 bytes a macropixel",
    ]
    analog, bits = len(_marks(None, ANALOG)), len(_marks(None, BITS))
    for a in accounts():
        lines += ["", f"{a.name}: from frame to frame {', '.join(a.state)}", ""]
        width = max(len(p.title) for p in a.phases)
        lines.append(f"  {'step':{width}}  {'analog':{analog}}  {'bits':{bits}}  needed  free")
        for p in a.phases:
            registers = f"{_marks(p, ANALOG)}  {_marks(p, BITS)}"
            lines.append(f"  {p.title:{width}}  {registers}  {f'{p.analog}+{p.bits}':>6}  {p.free_bytes:4.0f}")
        lines.append("")
        lines += [f"  {r:4} {meaning(a.name, r)}" for r in (*ANALOG, *BITS) if r in a.touched]
    lines += [
        "",
        "a letter or number: used in the step, bits being R0 to R12; -: carried through; .: free",
        "needed: registers, analog + bits, that hold something still needed, at the word where that are most",
        "free: bytes of a macropixel in registers that are free throughout the step",
    ]
    return "\n".join(lines) + "\n"


def _marks(phase: Phase | None, of: Sequence[str]) -> str:
    cells = []
    for r in of:
        mark = r.removeprefix("R")
        unused = phase is not None and r not in phase.used
        cells.append(("-" if phase and r in phase.held else "." if unused else mark).rjust(len(mark)))
    return " ".join(cells)


__all__ = ["MEANING", "PAPER", "Account", "Phase", "account", "accounts", "meaning", "memory_report", "memory_text"]
