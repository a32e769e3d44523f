"""The intermediate form between source text and array: frozen records, nothing else.

A `Program` is what the microcontroller does, in order: launch a kernel, call a host function, take an output. It has
no data-dependent control, so its steps are a straight line; loops of the source are already unrolled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from scamp_sim import isa
from scamp_sim.exceptions import ProgramError
from scamp_sim.isa import NATIVE, STORE_WORDS, Clock


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in the user's text something came from. Lines and columns count from 1; `end` is one past the last column.

    `text`: the source line. `macros`: names of the macros it was expanded from, outermost first.
    """

    file: str
    line: int
    column: int
    end_line: int
    end: int
    text: str = ""
    macros: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """One instruction control word: a native mnemonic, its destinations and its sources, canonical register names."""

    op: str
    dst: tuple[str, ...] = ()
    src: tuple[str, ...] = ()
    origin: Origin | None = field(default=None, compare=False)

    @property
    def row(self) -> isa.Native:
        return NATIVE[self.op]

    @property
    def clock(self) -> Clock:
        return NATIVE[self.op].clock

    @property
    def reads(self) -> frozenset[str]:
        """Registers read, named and implied; a port counts as NEWS."""
        return frozenset(cell(r) for r in (*self.src, *self.row.reads))

    @property
    def writes(self) -> frozenset[str]:
        """Registers written, named and implied; a port counts as NEWS."""
        return frozenset(cell(r) for r in (*self.dst, *self.row.writes))

    def __str__(self) -> str:
        row = self.row
        plain = (row.dst is None or len(self.dst) <= row.dst.most) and (
            row.src is None or len(self.src) <= row.src.most
        )
        if plain:
            return f"{self.op}({', '.join((*self.dst, *self.src))})"
        return f"{self.op}({{{', '.join(self.dst)}}}, {{{', '.join(self.src)}}})"


def cell(register: str) -> str:
    """The storage behind an operand: the ports all show NEWS cells."""
    return "NEWS" if register in isa.PORTS else register


@dataclass(frozen=True)
class Kernel:
    """A recorded list of words that the controller launches as one."""

    name: str
    words: tuple[Word, ...]
    origin: Origin | None = field(default=None, compare=False)

    @cached_property
    def highspeed(self) -> bool:
        """Whether it keeps the high-speed property: digital words only (section 3.6)."""
        return isa.highspeed(w.op for w in self.words)

    @cached_property
    def analog(self) -> bool:
        """Whether a launch of it is priced as analog: it holds a word that clears high-speed."""
        return not self.highspeed


@dataclass(frozen=True, slots=True)
class Launch:
    """The controller sends one kernel to the array."""

    kernel: str
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class HostCall:
    """The controller runs one of its routines; `args` are complete (defaults filled in), registers canonical."""

    name: str
    args: tuple[str | int, ...] = ()
    origin: Origin | None = field(default=None, compare=False)

    @property
    def words(self) -> int:
        """Instruction words that the routine issues."""
        form = isa.host_form(self.name, len(self.args))
        if form is None:
            raise ProgramError(f"host function '{self.name}' does not take {len(self.args)} operands")
        return form.words


@dataclass(frozen=True, slots=True)
class Output:
    """The plane of `register` leaves the chip under `name`."""

    name: str
    register: str
    origin: Origin | None = field(default=None, compare=False)


Step = Launch | HostCall | Output


@dataclass(frozen=True, slots=True)
class Input:
    """A plane that the caller gives by name. PIX takes an image 0..255, analog registers -128..127, bits bool."""

    name: str
    register: str
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, eq=False)
class Program:
    """Assembled kernels and the host program that uses them.

    `params`: the values that the source's parameters took. `shape`: (rows, columns) of the only array that it is meant
    for, None for any. `diagnostics`: warnings of the assembler.
    """

    name: str
    kernels: Mapping[str, Kernel]
    steps: tuple[Step, ...]
    inputs: tuple[Input, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    shape: tuple[int, int] | None = None
    diagnostics: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        for step in self.steps:
            if isinstance(step, Launch) and step.kernel not in self.kernels:
                raise ProgramError(
                    f"launch of unknown kernel '{step.kernel}'{isa.did_you_mean(step.kernel, self.kernels)}"
                )
        if self.stored_words > STORE_WORDS:
            largest = sorted(self.kernels.values(), key=lambda k: -len(k.words))[:3]
            names = ", ".join(f"{k.name} ({len(k.words)})" for k in largest)
            raise ProgramError(
                f"{self.stored_words} stored words do not fit the kernel store of {STORE_WORDS}; largest: {names}"
            )

    @cached_property
    def stored_words(self) -> int:
        """Words in the kernel store: every kernel once, however often it is launched."""
        return sum(len(k.words) for k in self.kernels.values())

    @cached_property
    def words(self) -> int:
        """Words executed in one run: launched kernels and the words issued inside host functions."""
        return sum(
            len(self.kernels[s.kernel].words) if isinstance(s, Launch) else s.words
            for s in self.steps
            if not isinstance(s, Output)
        )

    @property
    def launches(self) -> int:
        return sum(isinstance(s, Launch) for s in self.steps)

    @cached_property
    def outputs(self) -> tuple[Output, ...]:
        """Declared outputs, in the order in which they leave the chip."""
        return tuple(s for s in self.steps if isinstance(s, Output))

    def kernel_words(self) -> Iterator[Word]:
        """The words of all launches in order of execution; those of host functions are not among them."""
        for step in self.steps:
            if isinstance(step, Launch):
                yield from self.kernels[step.kernel].words

    @cached_property
    def written(self) -> tuple[str, ...]:
        """Readable registers that the program writes, in table order; NEWS, temporaries and FLAG left out."""
        touched: set[str] = set()
        for step in self.steps:
            if isinstance(step, HostCall):
                touched.update(a for a in step.args if isinstance(a, str))
        for kernel in {s.kernel for s in self.steps if isinstance(s, Launch)}:
            for word in self.kernels[kernel].words:
                touched |= word.writes
        return tuple(r for r in (*isa.ANALOG, *isa.DIGITAL) if r in touched and r != "NEWS")

    def listing(self) -> str:
        """Source line, expanded words, clock class and running count, as text."""
        from scamp_sim.listing import listing

        return listing(self)


def straight_line(name: str, words: tuple[Word, ...] | list[Word]) -> Program:
    """A program of one kernel that is launched once."""
    return Program(name, {name: Kernel(name, tuple(words))}, (Launch(name),))


__all__ = [
    "HostCall", "Input", "Kernel", "Launch", "Origin", "Output", "Program", "Step", "Word", "cell", "straight_line",
]  # fmt: skip
