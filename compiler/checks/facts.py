"""What one run does that its author may not have meant, as records. `walk` finds them, `traps` puts them into words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from scamp_sim.chip.program import HostCall, Origin, Output, Word
from scamp_sim.compiler.expand.bits import Bit


@dataclass(frozen=True)
class Writer:
    """Who wrote a cell last.

    `own`: the user's statement names the register, so what is in it was meant.
    """

    origin: Origin | None
    text: str
    own: bool
    mine_before: Origin | None = None
    """For a clobber: where the user had written the register before."""
    bit_before: Bit = Bit.UNKNOWN
    """For a clobber: what the user had made of the bit, in all PEs."""


@dataclass(frozen=True)
class Masked:
    """A word writes R12 while R0 is not known to be all ones.

    `mask`: who wrote R0 last.
    """

    code: ClassVar[str] = "W501"
    word: Word
    mask: Writer | None


@dataclass(frozen=True)
class CallMasked:
    """A host call writes R12 while R0 is not known to be all ones."""

    code: ClassVar[str] = "W501"
    call: HostCall
    mask: Writer | None


@dataclass(frozen=True)
class Unwritten:
    """A word reads what nothing has written.

    `own`: the user's call names the register.
    `scratch`: the name under which the text knows it, if the assembler chose it.
    `written_later`: the program writes it somewhere, so that a later run finds it.
    """

    code: ClassVar[str] = "W502"
    word: Word
    source: str
    own: bool
    scratch: str | None
    written_later: bool


@dataclass(frozen=True)
class UnwrittenPlane:
    """A plane that leaves the array, or is drawn into, and that nothing has written."""

    code: ClassVar[str] = "W502"
    step: Output | HostCall
    register: str


@dataclass(frozen=True)
class Overwritten:
    """A word reads what a macro or a host call left in a register on its way."""

    code: ClassVar[str] = "W503"
    word: Word
    source: str
    writer: Writer


@dataclass(frozen=True)
class NeighboursDiffer:
    """A neighbour's NEWS is read after only some PEs had written theirs, under `condition`."""

    code: ClassVar[str] = "W504"
    word: Word
    ports: tuple[str, ...]
    condition: Word


@dataclass(frozen=True)
class MoveGated:
    """A neighbour's NEWS is written under a condition.

    `two_steps`: the next word moves on.
    """

    code: ClassVar[str] = "W504"
    word: Word
    condition: Word
    two_steps: bool


@dataclass(frozen=True)
class LeftRestricted:
    """A condition outlives its kernel.

    `into`: the kernel that then starts to write; None at the end of the program.
    """

    code: ClassVar[str] = "W505"
    condition: Word
    kernel: str
    into: str | None


@dataclass(frozen=True)
class CallRestricted:
    """A host call writes an analog register under a condition.

    `constant`: it loads one.
    """

    code: ClassVar[str] = "W505"
    call: HostCall
    condition: Word
    constant: bool


@dataclass(frozen=True)
class LinkUnset:
    """A blur through a link that nothing has set, or that is 0 everywhere since `writer`."""

    code: ClassVar[str] = "W507"
    word: Word
    link: str
    writer: Writer | None


@dataclass(frozen=True)
class NoBlurset:
    """A blur without a blurset before it in its kernel."""

    code: ClassVar[str] = "W508"
    word: Word
    kernel: str


@dataclass(frozen=True)
class StrayWriteBack:
    """REFRESH_L that does not follow its read half."""

    code: ClassVar[str] = "S304"
    word: Word


@dataclass(frozen=True)
class StrayProp:
    """PROP_0 or PROP_1 that does not follow PROP_R."""

    code: ClassVar[str] = "W509"
    word: Word


@dataclass(frozen=True)
class NoDirections:
    """A word takes directions from R1..R4, and nothing has written them."""

    code: ClassVar[str] = "W510"
    word: Word


@dataclass(frozen=True)
class GatesNothing:
    """A condition that FLAG loses before it was of any use."""

    code: ClassVar[str] = "W514"
    condition: Word


@dataclass(frozen=True)
class NoLongerGated:
    """An analog word after a macro has ended, by `ending`, the condition around its call."""

    code: ClassVar[str] = "W518"
    word: Word
    condition: Word
    ending: Word


Fact = (
    Masked
    | CallMasked
    | Unwritten
    | UnwrittenPlane
    | Overwritten
    | NeighboursDiffer
    | MoveGated
    | LeftRestricted
    | CallRestricted
    | LinkUnset
    | NoBlurset
    | StrayWriteBack
    | StrayProp
    | NoDirections
    | GatesNothing
    | NoLongerGated
)
