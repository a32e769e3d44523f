"""The intermediate form between source text and array: frozen records, nothing else.

A `Program` is what the microcontroller does, in order: launch a kernel, call a host function, take an output. It has
no data-dependent control, so its steps are a straight line; loops of the source are already unrolled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any

from scamp_sim.chip import isa
from scamp_sim.chip.isa import NATIVE, STORE_WORDS, Clock
from scamp_sim.displays import Shown
from scamp_sim.exceptions import ProgramError
from scamp_sim.text import plural


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in the user's text something came from. Lines and columns count from 1; `end` is one past the last column.

    `text`: the source line.
    `macros`: names of the macros it was expanded from, outermost first.
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


ADDRESSED = ("SELECT", "RECT")
"""Bits that host functions set on their way: two views of the same address lines."""
BITSTACK = "scamp5_output_bitstack_"
BITSTACK_BIT = "scamp5_output_bitstack_bit"
STORAGE = ("static", "dynamic", "heap")


@dataclass(frozen=True)
class Kernel:
    """A recorded list of words that the controller launches as one.

    storage: "static", recorded once into the kernel store; "dynamic", recorded again at every launch, into what the
    static ones leave of the store; "heap", recorded once, but kept in the controller's memory (section 3.6).
    """

    name: str
    words: tuple[Word, ...]
    origin: Origin | None = field(default=None, compare=False)
    storage: str = "static"

    def __post_init__(self) -> None:
        if self.storage not in STORAGE:
            raise ProgramError(
                f"kernel '{self.name}': storage is '{self.storage}'; expected one of {', '.join(STORAGE)}"
            )

    @cached_property
    def highspeed(self) -> bool:
        """Whether it keeps the high-speed property: digital words only (section 3.6)."""
        return isa.highspeed(w.op for w in self.words)

    @cached_property
    def analog(self) -> bool:
        """Whether a launch of it is priced as analog: it holds a word that clears high-speed."""
        return not self.highspeed

    @cached_property
    def classes(self) -> Mapping[Clock, int]:
        """How many words it has of each clock class."""
        return Counter(w.clock for w in self.words)


@dataclass(frozen=True, slots=True)
class Launch:
    """The controller sends one kernel to the array.

    more: the launch does not end here; a debugger carries it out in parts.
    """

    kernel: str
    origin: Origin | None = field(default=None, compare=False)
    more: bool = False


@dataclass(frozen=True, slots=True)
class HostCall:
    """The controller runs one of its routines; `args` are complete (defaults filled in), registers canonical.

    result: the name under which the run gives what the routine gives, if it gives anything.
    """

    name: str
    args: tuple[str | int, ...] = ()
    origin: Origin | None = field(default=None, compare=False)
    result: str = ""

    @property
    def form(self) -> isa.HostFunction:
        """Its row of the table. Raises ProgramError if there is none."""
        form = isa.host_form(self.name, len(self.args))
        if form is None:
            raise ProgramError(f"host function '{self.name}' does not take {len(self.args)} operands")
        return form

    @property
    def words(self) -> int:
        """Instruction words that the routine issues on the chip's array."""
        form = self.form
        if isinstance(form.words, int):
            return form.words
        from scamp_sim.chip.host import words_of

        return len(words_of(self))

    @property
    def takes(self) -> bool:
        """Whether the controller takes a plane from the array in it."""
        form = self.form
        return bool(form.operands) and (bool(form.result) or self.name == BITSTACK_BIT)

    @property
    def reads_out(self) -> bool:
        """Whether it takes a plane, or is one of the calls around those that do."""
        return self.takes or self.name.startswith(BITSTACK)

    @property
    def registers(self) -> tuple[tuple[str, isa.Operand], ...]:
        """The registers that it is given, each with its row of the table."""
        pairs = zip(self.args, self.form.operands, strict=True)
        return tuple((a, o) for a, o in pairs if isinstance(a, str))

    @property
    def reads(self) -> tuple[str, ...]:
        """Registers whose contents it uses, given and implied, such as PIX for a capture."""
        given = tuple(a for a, o in self.registers if o.use in ("reads", "updates"))
        if isinstance(self.form.words, int):
            return given
        from scamp_sim.chip.host import words_of

        found: dict[str, None] = dict.fromkeys(given)
        written: set[str] = {"IN"}
        for word in words_of(self):
            found.update((r, None) for r in sorted(word.reads - written) if r in isa.PLANES and r not in ADDRESSED)
            written |= word.writes
        return tuple(found)

    @property
    def writes(self) -> tuple[str, ...]:
        """Registers that it changes, given and implied."""
        return (*(a for a, o in self.registers if o.use != "reads"), *self.implied)

    @property
    def implied(self) -> tuple[str, ...]:
        """Registers that it changes without being given them; bits only if this very call changes them."""
        if isinstance(self.form.words, int):
            return self.form.writes
        from scamp_sim.chip.host import words_of

        changed = {r for word in words_of(self) for r in word.writes}
        return tuple(r for r in self.form.writes if r in changed or r not in isa.DIGITAL)


@dataclass(frozen=True, slots=True)
class Output:
    """The plane of `register` leaves the chip under `name`: its bits, or its values as the array holds them.

    It costs what `scamp5_output_image` costs, whose result is quantised as the converter does it.
    """

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
class Program(Shown):
    """Assembled kernels and the host program that uses them.

    `params`: the values that the source's parameters took.
    `shape`: (rows, columns) of the only array that it is meant for, None for any.
    `diagnostics`: warnings of the assembler.
    """

    name: str
    kernels: Mapping[str, Kernel]
    steps: tuple[Step, ...]
    inputs: tuple[Input, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    shape: tuple[int, int] | None = None
    diagnostics: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        return f"<Program {self.name}: {plural(len(self.kernels), 'kernel')}, {self.stored_words} words stored>"

    def __post_init__(self) -> None:
        for step in self.steps:
            if isinstance(step, Launch) and step.kernel not in self.kernels:
                raise ProgramError(
                    f"launch of unknown kernel '{step.kernel}'{isa.did_you_mean(step.kernel, self.kernels)}"
                )
        if self.stored_words > STORE_WORDS:
            inside = [k for k in self.kernels.values() if k.storage != "heap"]
            largest = sorted(inside, key=lambda k: -len(k.words))[:3]
            names = ", ".join(f"{k.name} ({len(k.words)})" for k in largest)
            raise ProgramError(
                f"{self.stored_words} stored words do not fit the kernel store of {STORE_WORDS}; largest: {names}"
            )

    @cached_property
    def stored_words(self) -> int:
        """Words in the kernel store: every static kernel once, however often it is launched, and room for the longest
        dynamic one (I: those are recorded into what is left). Kernels on the heap take none."""
        return stored_words((k.storage, len(k.words)) for k in self.kernels.values())

    @cached_property
    def words(self) -> int:
        """Words executed in one run on the array that the program is for, the chip's by default: launched kernels and
        the words issued inside host functions."""
        from scamp_sim.chip.host import CHIP, words_of

        issued = 0
        for step in self.steps:
            if isinstance(step, Launch):
                issued += len(self.kernels[step.kernel].words)
            elif isinstance(step, HostCall):
                words = step.form.words
                issued += words if isinstance(words, int) else len(words_of(step, self.shape or CHIP))
        return issued

    @property
    def launches(self) -> int:
        return sum(isinstance(s, Launch) for s in self.steps)

    @cached_property
    def results(self) -> tuple[str, ...]:
        """Names of what one run gives, in the order in which it leaves the chip."""
        named = (s.name if isinstance(s, Output) else s.result for s in self.steps if not isinstance(s, Launch))
        return tuple(n for n in named if n)

    @cached_property
    def readouts(self) -> tuple[Output | HostCall, ...]:
        """The steps that take a plane or give a result, in the order of the run."""
        return tuple(s for s in self.steps if isinstance(s, Output) or (isinstance(s, HostCall) and s.reads_out))

    @cached_property
    def outputs(self) -> tuple[Output, ...]:
        """The planes that are put out as they are, in the order in which they leave the chip."""
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
                touched.update(r for r in step.writes if r not in isa.ANALOG_INPUTS)
        for kernel in {s.kernel for s in self.steps if isinstance(s, Launch)}:
            for word in self.kernels[kernel].words:
                touched |= word.writes
        return tuple(r for r in (*isa.ANALOG, *isa.DIGITAL) if r in touched and r != "NEWS")

    def listing(self) -> str:
        """Source line, expanded words, clock class and running count, as text."""
        show = import_module("scamp_sim.show.listing")  # a layer above: by name, for those who hold a Program

        return str(show.listing(self))


def stored_words(kernels: Iterable[tuple[str, int]]) -> int:
    """Words of the kernel store that kernels, given as (storage, words), take."""
    sizes: dict[str, list[int]] = {storage: [0] for storage in STORAGE}
    for storage, words in kernels:
        sizes[storage].append(words)
    return sum(sizes["static"]) + max(sizes["dynamic"])


def straight_line(name: str, words: tuple[Word, ...] | list[Word]) -> Program:
    """A program of one kernel that is launched once."""
    return Program(name, {name: Kernel(name, tuple(words))}, (Launch(name),))


__all__ = [
    "STORAGE",
    "HostCall",
    "Input",
    "Kernel",
    "Launch",
    "Origin",
    "Output",
    "Program",
    "Step",
    "Word",
    "cell",
    "stored_words",
    "straight_line",
]
