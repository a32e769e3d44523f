"""The state of one expansion, handed to everything that takes part in it, and the records that come out of it."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

from scamp_sim.chip import isa
from scamp_sim.chip.program import Origin, Word
from scamp_sim.compiler.expand.prelude import declarations
from scamp_sim.compiler.expand.resolve import native_named
from scamp_sim.compiler.expand.values import Reg, Scope
from scamp_sim.compiler.front import syntax
from scamp_sim.compiler.front.reporter import Failed, Reporter

BEGIN, END = "scamp5_kernel_begin", "scamp5_kernel_end"
"""Kernel marks in texts without kernel blocks."""


class Place(enum.Enum):
    """Where a statement stands, which decides what it may be."""

    KERNEL = "kernel"
    MACRO = "macro"
    PROGRAM = "program"
    BETWEEN = "between"
    """Outside of the kernel marks, in a text without kernel blocks."""

    @property
    def holds_words(self) -> bool:
        """Whether calls here are array instructions; elsewhere they are launches and host calls."""
        return self in (Place.KERNEL, Place.MACRO)

    @property
    def title(self) -> str:
        """What a message calls it."""
        return "program" if self is Place.BETWEEN else self.value


@dataclass(frozen=True, slots=True)
class Emitted:
    """A word with what the checks and the allocator ask about it.

    `named`: registers that the user's call statement named.
    `mine`: registers of this very word that the user's text named, be it in the statement, in an alias or in a macro of
        their own.
    """

    word: Word
    named: frozenset[str]
    mine: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scratch:
    """A register that the allocator is to choose.

    `kernel`: the kernel that it lives in, or None: the whole run.
    """

    name: str
    kind: str
    span: Origin
    kernel: str | None


@dataclass
class Frame:
    """A macro that is being expanded.

    `writes`: cell -> the names under which the words so far wrote it.
    """

    macro: syntax.MacroDecl
    call: Origin
    writes: dict[str, set[str]] = field(default_factory=dict)


@dataclass
class Context:
    """What is declared and where the expansion stands.

    `statement`: the user's outermost call, to which words and messages refer.
    `frames`: the macros that are being expanded, outermost first.
    `kernel`: the kernel that is being expanded.
    `broken`: names whose declaration failed.
    """

    reporter: Reporter
    scope: Scope = field(default_factory=Scope)
    macros: dict[str, tuple[syntax.MacroDecl, ...]] = field(default_factory=lambda: dict(declarations()))
    kernels: dict[str, syntax.KernelDecl] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    frames: list[Frame] = field(default_factory=list)
    statement: Origin | None = None
    kernel: str | None = None
    scratch: dict[str, Scratch] = field(default_factory=dict)
    _origins: dict[tuple[str, ...], Origin] = field(default_factory=dict)

    # --- giving up ---------------------------------------------------------------------------------------------

    def fail(self, span: Origin, code: str, message: str, hint: str = "", notes: Sequence[str] = ()) -> NoReturn:
        """Report at `span` and raise Failed; what goes wrong inside the prelude is shown at the user's statement."""
        if self.frames:
            if self.frames[-1].macro.prelude and self.statement is not None:
                span = self.statement
            else:
                notes = (*notes, *self._chain())
        self.reporter.fail(span, code, message, hint, notes)

    def fail_statement(self, code: str, message: str, hint: str = "", notes: Sequence[str] = ()) -> NoReturn:
        """Report at the user's outermost call and raise Failed."""
        assert self.statement is not None
        self.reporter.fail(self.statement, code, message, hint, notes)

    def stop(self, span: Origin, code: str, message: str, hint: str = "") -> NoReturn:
        """Report and end the run: going on would only take long."""
        try:
            self.fail(span, code, message, hint)
        except Failed:
            self.reporter.stop()

    def _chain(self) -> list[str]:
        chain = [f"in macro {f.macro.name}, called at {f.call.file}:{f.call.line}" for f in reversed(self.frames)]
        return chain if len(chain) <= 8 else [*chain[:4], f"in {len(chain) - 6} more macros", *chain[-2:]]

    # --- names -------------------------------------------------------------------------------------------------

    def is_broken(self, name: str) -> bool:
        """Whether a name's declaration has failed, and been reported."""
        return name in self.broken

    def other_meaning(self, name: str) -> str:
        """What a name is, if it is something other than a value."""
        if native_named(name) is not None:
            return "an instruction"
        if name in self.macros:
            return "a macro"
        if name in self.kernels:
            return "a kernel"
        if name in isa.HOST or name in (BEGIN, END):
            return "a host function"
        return ""

    def callable_names(self) -> Iterator[str]:
        """Every name that can be called somewhere."""
        yield from isa.NATIVE
        yield from isa.MNEMONIC_ALIASES
        yield from self.macros
        yield from self.kernels
        yield from isa.HOST

    # --- words -------------------------------------------------------------------------------------------------

    def begin_statement(self, span: Origin) -> None:
        """The words from here on come from the user's call at `span`."""
        self.statement = span
        self._origins.clear()

    def origin(self) -> Origin:
        """The user's statement with the chain of macros that leads to the next word."""
        chain = tuple(f.macro.name for f in self.frames)
        if chain not in self._origins:
            assert self.statement is not None
            self._origins[chain] = replace(self.statement, macros=chain)
        return self._origins[chain]

    def fresh(self, label: str, kind: str, span: Origin) -> Reg:
        """A new scratch register; its name is its label, numbered if another one has that."""
        name, number = label, 1
        while name in self.scratch:
            number += 1
            name = f"{label}#{number}"
        self.scratch[name] = Scratch(name, kind, span, self.kernel)
        return Reg(name, scratch=kind, user=True)
