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
    from scamp_sim.chip.program import Program, Step, Word

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
    def statements(self) -> int:
        """Of the text that it is, launches included."""
        return sum(len(part.lines) + len(part.calls) + len(part.after) + bool(part.lines) for part in self.parts)


def bus(*registers: str) -> str:
    """The word that adds registers up: bus(TO, FROM, ...)."""
    return f"bus({', '.join(registers)})"


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
    """The same program without the assembler, and so without its checks: for comparing many programs. It has the same
    words and calls. Raises ScampError."""
    from scamp_sim.chip.program import Kernel, Launch, Program

    heap = _heap(pieces)
    kernels: dict[str, Kernel] = {}
    steps: list[Step] = []
    for p in pieces:
        for n, part in enumerate(p.parts):
            steps += [step for call in part.calls for step in _called(call)]
            if part.lines:
                name = f"{p.name}{n}"
                words = tuple(word for line in part.lines for word in native(line))
                kernels[name] = Kernel(name, words, storage="heap" if p.name in heap else "static")
                steps.append(Launch(name))
            steps += [step for call in part.after for step in _called(call)]
    return Program(title, kernels, tuple(steps), shape=(ARRAY, ARRAY))


@lru_cache(4096)
def _called(call: str) -> tuple[Step, ...]:
    """A statement of the host program. There are few different ones."""
    from scamp_sim.compiler import assemble

    return assemble(f"array {ARRAY}, {ARRAY};\nprogram {{\n{call};\n}}\n", name="call").steps


DESTINATIONS = {"bus": 1, "bus2": 2, "where": 0, "all": 0, "WHERE": 0, "SET": 4, "CLR": 4}
"""How many operands of a word are written; one of the others that have any."""

MACROS: dict[tuple[str, int], tuple[str, ...]] = {
    ("get_image", 1): ("bus(NEWS, PIX)", "rpix()", "rpix()", "nop()", "bus(0, NEWS, PIX)"),
    ("get_image", 2): ("bus(NEWS, PIX)", "bus(1, PIX)", "rpix()", "rpix()", "nop()", "bus(0, 1, NEWS, PIX)"),
    ("diva", 3): ("bus2(1, 2, 0)", "bus(NEWS, 1, 0)", "bus(0, NEWS, 2)", "bus2(1, 2, 0)", "bus(0, 1)"),
    ("PROP0", 0): ("PROP_R()", "PROP_0()"),
    ("NOT", 1): ("NOT_R(0)", "REFRESH_L(0)"),
    ("OR", 2): ("OR_R(0, 1)", "REFRESH_L(0)"),
    ("NOR", 2): ("NOR_R(0, 1)", "REFRESH_L(0)"),
}
"""The macros that pieces use, as the prelude has them; a number stands for an operand."""


@lru_cache(1 << 14)
def native(line: str) -> tuple[Word, ...]:
    """The words of one statement of a piece."""
    from scamp_sim.chip.program import Word

    name, _, rest = line.partition("(")
    rest = rest.removesuffix(")")
    if "{" in rest:
        to, of = (tuple(part.strip("{}, ").split(", ")) for part in rest.split("}, {"))
        return (Word(name, to, of),)
    operands = tuple(rest.split(", ")) if rest else ()
    macro = MACROS.get((name, len(operands)))
    if macro is not None:
        given = [line.partition("(") for line in macro]
        texts = [f"{head}({', '.join(_filled(tail, operands))})" for head, _, tail in given]
        return tuple(word for text in texts for word in _plain(text))
    return _plain(line)


def _filled(tail: str, operands: tuple[str, ...]) -> list[str]:
    parts = [part for part in tail.removesuffix(")").split(", ") if part]
    return [operands[int(part)] if part.isdecimal() else part for part in parts]


def _plain(line: str) -> tuple[Word, ...]:
    from scamp_sim.chip.program import Word

    name, _, rest = line.partition("(")
    operands = tuple(part for part in rest.removesuffix(")").split(", ") if part)
    written = 0 if name.endswith("_R") else DESTINATIONS.get(name, 1)
    return (Word(name, operands[:written], operands[written:]),)


def _heap(pieces: Sequence[Piece]) -> list[str]:
    """Names of the pieces that the kernel store has no room for."""
    sizes = {p.name: _words(p) for p in pieces}
    heap: list[str] = []
    while sum(w for name, w in sizes.items() if name not in heap) > STORE:
        heap.append(max((n for n in sizes if n not in heap), key=lambda n: sizes[n]))
    return heap


def _words(p: Piece) -> int:
    return sum(words_of(line) for part in p.parts for line in part.lines)


def words_of(line: str) -> int:
    """Words of one statement."""
    return len(native(line))


__all__ = ["ARRAY", "STORE", "Part", "Piece", "assembled", "bus", "compose", "drafted", "piece", "words_of"]
