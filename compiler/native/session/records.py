"""What a live run gives: frozen records, ready to be shown and to be written as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from scamp_sim.chip.program import Origin, Program
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.costs.profile import Profile

MISSING = "error"
"""Severity of a note that something of the program was not carried out."""


@dataclass(frozen=True)
class LineCost:
    """What one source line did in a frame: launches, words, modelled time, bytes that left the chip."""

    file: str
    line: int
    text: str
    launches: int
    words: int
    us: float
    bytes: int


@dataclass(frozen=True)
class KernelUse:
    """A kernel that the program recorded.

    `launches`: in the whole run.
    """

    name: str
    file: str
    line: int
    words: int
    storage: str
    launches: int


@dataclass(frozen=True)
class Item:
    """A slider, switch or button of the program's window.

    `used`: whether the run pressed or set it.
    """

    kind: str
    label: str
    low: int
    high: int
    first: int
    used: bool


@dataclass(frozen=True)
class LiveFrame:
    """One frame, or what ran before the first one (`number` 0).

    image: name of the picture that the array saw.
    pictures: what went to displays, by label; a label that was drawn to several times has its later pictures as
        `label-2` ...: uint8 0..255, bool, or arrays of (column, row).
    texts: what the program posted.
    posted: channel and numbers of vs_post_int32 and its like.
    profile: what it cost.
    lines: the same by source line.
    stored: most words in the kernel store.
    """

    number: int
    image: str
    pictures: Mapping[str, Any]
    texts: tuple[str, ...]
    posted: tuple[tuple[int, tuple[float, ...]], ...]
    profile: Profile
    lines: tuple[LineCost, ...]
    stored: int
    program: Program = field(repr=False, compare=False)
    planes: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Registers after the frame, where they were asked for."""


@dataclass(frozen=True)
class LiveRun:
    """What a program did.

    `setup`: before its first frame.
    `notes`: everything that is to be known, errors among them for what was not carried out.
    `unreached`: kernels of the text that no launch has reached.
    """

    program: str
    setup: LiveFrame
    frames: tuple[LiveFrame, ...]
    kernels: tuple[KernelUse, ...]
    items: tuple[Item, ...]
    notes: tuple[Diagnostic, ...]
    unreached: tuple[Origin, ...]
    printed: str
    ended: str
    calls_without_effect: Mapping[str, int]

    @property
    def whole(self) -> bool:
        """Whether everything that the program did was carried out."""
        return not any(n.severity == MISSING for n in self.notes)

    @property
    def unpressed(self) -> tuple[str, ...]:
        """Buttons that the run did not press."""
        return tuple(i.label for i in self.items if i.kind == "button" and not i.used)

    @cached_property
    def shown(self) -> tuple[LiveFrame, ...]:
        """The frames, or, of a program that has none, all that it did."""
        return self.frames or (self.setup,)

    def __repr__(self) -> str:
        last = self.shown[-1]
        return (
            f"LiveRun({self.program}: {len(self.frames)} frames, {last.profile.words:,} words and "
            f"{last.profile.time_us:,.0f} us in the last)"
        )
