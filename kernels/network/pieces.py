"""Stages as pieces of program text, and the one program that they become.

A piece is a list of parts; a part is a kernel with the host calls that come before it. A program of several stages is
composed of pieces, so that it has one profile, one kernel store and one check of hazards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program

ARRAY = 256
STORE = 1024
"""Words of the kernel store; what does not fit is kept in the controller's memory."""
LARGEST = 3000
"""Words of one kernel; the assembler takes 4,096."""


@dataclass(frozen=True)
class Part:
    """A kernel and what the controller does before its launch.

    lines: statements of the kernel, one a line; none for host calls alone.
    calls: statements of the host program before the launch.
    after: statements behind it, such as a readout.
    """

    lines: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Piece:
    """A stage of a network as text.

    name: an identifier, the prefix of its kernels.
    parts: in their order.
    inputs: declarations, such as "weights -> F".
    states: registers that keep what an earlier run left.
    """

    name: str
    parts: tuple[Part, ...]
    inputs: tuple[str, ...] = ()
    states: tuple[str, ...] = ()

    @property
    def text_words(self) -> int:
        """Statements of its kernels. Macros count as one, so this is a lower bound of words."""
        return sum(len(p.lines) for p in self.parts)


def piece(name: str, parts: Iterable[Part], **more: tuple[str, ...]) -> Piece:
    """A piece of these parts; parts without words join the calls of the next one."""
    found: list[Part] = []
    waiting: list[str] = []
    for part in parts:
        if not part.lines and not part.after:
            waiting += part.calls
            continue
        found.append(replace(part, calls=(*waiting, *part.calls)))
        waiting = []
    if waiting:
        found.append(Part(calls=tuple(waiting)))
    return Piece(name, tuple(found), **more)


def compose(title: str, pieces: Sequence[Piece], *, heap: Sequence[str] = ()) -> str:
    """The text of one program.

    title: its first line.
    heap: names of pieces whose kernels are kept in the controller's memory.
    """
    kernels: list[str] = []
    steps: list[str] = []
    inputs = [d for p in pieces for d in p.inputs]
    states = list(dict.fromkeys(s for p in pieces for s in p.states))
    for p in pieces:
        where = "heap kernel" if p.name in heap else "kernel"
        steps.append(f"    // {p.name}")
        for n, part in enumerate(p.parts):
            steps += [f"    {call};" for call in part.calls]
            if part.lines:
                name = f"{p.name}{n}"
                body = "\n".join(f"    {line};" for line in part.lines)
                kernels.append(f"{where} {name} {{\n{body}\n}}\n")
                steps.append(f"    {name}();")
            steps += [f"    {call};" for call in part.after]
    declared = "".join(f"input {d};\n" for d in inputs) + "".join(f"state {s};\n" for s in states)
    body = "\n".join(kernels)
    return f"/// {title}\n\narray {ARRAY}, {ARRAY};\n{declared}\n{body}\nprogram {{\n" + "\n".join(steps) + "\n}\n"


def assembled(title: str, pieces: Sequence[Piece]) -> Program:
    """The program of these pieces, checked as one. Those that the kernel store has no room for, the longest first, are
    kept in the controller's memory.

    Raises ScampError.
    """
    from scamp_sim.compiler import assemble

    return assemble(compose(title, pieces, heap=_heap(pieces)), name=title)


def drafted(title: str, pieces: Sequence[Piece]) -> Program:
    """The same program put together from pieces that were assembled one by one and are remembered: for comparing many
    programs that share pieces. Nothing is checked across pieces. Raises ScampError."""
    from scamp_sim.chip.program import Program

    heap = _heap(pieces)
    programs = [_alone(compose(p.name, [p], heap=[p.name] if p.name in heap else [])) for p in pieces]
    return Program(
        title,
        {name: kernel for one in programs for name, kernel in one.kernels.items()},
        tuple(step for one in programs for step in one.steps),
        tuple(given for one in programs for given in one.inputs),
        shape=(ARRAY, ARRAY),
    )


@lru_cache(512)
def _alone(text: str) -> Program:
    from scamp_sim.compiler import assemble

    return assemble(text)


def _heap(pieces: Sequence[Piece]) -> list[str]:
    """Names of the pieces that the kernel store has no room for."""
    sizes = {p.name: _words(p) for p in pieces}
    heap: list[str] = []
    while sum(w for name, w in sizes.items() if name not in heap) > STORE:
        heap.append(max((n for n in sizes if n not in heap), key=lambda n: sizes[n]))
    return heap


MACROS = {"diva": 5, "PROP0": 2, "DNEWS": 3, "get_image": 6, "mov": 2}
"""Words of the macros that pieces use, in-place operations on bits apart."""


def _words(p: Piece) -> int:
    return sum(words_of(line) for part in p.parts for line in part.lines)


def words_of(line: str) -> int:
    """Words of one statement."""
    name, _, rest = line.partition("(")
    if name in ("NOT", "OR", "NOR") and "{" not in rest:
        given = rest.count(",") + 1
        if given == (1 if name == "NOT" else 2):
            return 2
    if name == "get_image":
        return 5 if "," not in rest else 6
    return MACROS.get(name, 1)


__all__ = ["ARRAY", "STORE", "Part", "Piece", "assembled", "compose", "drafted", "piece", "words_of"]
