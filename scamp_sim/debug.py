"""Carrying out a program word by word: where execution stands, breakpoints on source lines, what a line has touched.

A program is a straight line of things to do: words, host calls, outputs. `moments` lists them with their places in the
source; a `Stepper` carries them out one at a time, each as a program of its own, on the engine that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePath
from typing import Any

from scamp_sim import isa
from scamp_sim.exceptions import ProgramError
from scamp_sim.program import HostCall, Launch, Origin, Output, Program, Word, straight_line

Item = Word | HostCall | Output
Place = tuple[str, int]
"""File, as messages name it, and line."""

KEPT = 4096
"""One-word programs that are remembered; a program seldom has a hundred different words."""

_NO_PLACES: frozenset[Place] = frozenset()


@dataclass(frozen=True)
class Position:
    """Where execution stands: between what was just done and what comes next.

    step: number of the step of the host program that `done` belongs to, from 1; 0 before the first. kernel: the kernel
    of `done`, empty outside of kernels. word: words carried out in this run, those of host routines included.
    kernel_word: the same in this launch of the kernel. done, next: a word, host call or output, None at the two ends
    of the program. file, line, source: of `next`, where a debugger points; empty, 0 and empty at the end, and for a
    program without source text. results: what `done` put out, by name.
    """

    step: int
    kernel: str
    word: int
    kernel_word: int
    done: Item | None
    next: Item | None
    file: str
    line: int
    source: str
    results: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def done_line(self) -> int:
        """The source line of what was just done, 0 if there is none."""
        return self.done.origin.line if self.done is not None and self.done.origin is not None else 0

    def __str__(self) -> str:
        where = f" of {self.kernel} ({self.kernel_word} in this launch)" if self.kernel else ""
        did = f"word {self.word}{where}: {described(self.done)}" if self.done else "nothing done yet"
        if self.next is None:
            return f"{did}; the program has ended"
        line = f"{self.file}:{self.line}: {self.source.strip()}" if self.line else "no source line"
        return f"{did}; next {described(self.next)}  [{line}]"


def described(item: Item | None) -> str:
    """A word, host call or output as one would write it."""
    if isinstance(item, Output):
        return f"output {item.name} = {item.register}"
    if isinstance(item, HostCall):
        return f"{item.name}({', '.join(map(str, item.args))})"
    return "" if item is None else str(item)


# --- the straight line ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing to do. `step`: index into the program's steps. `kernel_word`: its number in the launch, from 1.

    places: the source lines that execution is on: that of the item, and, in a kernel, that of the launch. arrivals:
    those of them that it has just come to.
    """

    item: Item
    step: int
    kernel: str
    kernel_word: int
    places: frozenset[Place]
    arrivals: frozenset[Place]


def moments(program: Program) -> Iterator[Moment]:
    """Everything that a run of the program does, in order. A kernel without words does nothing."""
    here: Place | None = None
    for index, step in enumerate(program.steps):
        if not isinstance(step, Launch):
            own = _places(step.origin)
            yield Moment(step, index, "", 0, own, own)
            here = None
            continue
        words = program.kernels[step.kernel].words
        # The anonymous kernel of bare calls is launched by its own first line, which then means that line alone.
        launched = _places(step.origin) - {p for w in words for p in _places(w.origin)}
        seen: Seen = {}
        here = None
        for number, word in enumerate(words, 1):
            own = _places(word.origin)
            place = next(iter(own), None)
            arrived = place != here or comes_again(seen, word.origin)
            if arrived:
                here, seen = place, {}
                comes_again(seen, word.origin)
            arrivals = (own if arrived else _NO_PLACES) | (launched if number == 1 else _NO_PLACES)
            yield Moment(word, index, step.kernel, number, own | launched, arrivals)


Seen = dict[tuple[int, int, tuple[str, ...]], Origin]


def comes_again(seen: Seen, origin: Origin | None) -> bool:
    """Whether a word begins another round of a loop, given the origins `seen` in this round; it is noted there.

    The assembler makes an origin for each time that a statement is expanded, so the same place in a statement, reached
    through the same macros, with another origin is the statement over again.
    """
    return origin is not None and seen.setdefault((origin.line, origin.column, origin.macros), origin) is not origin


def _places(origin: Origin | None) -> frozenset[Place]:
    return _NO_PLACES if origin is None else frozenset({(origin.file, origin.line)})


def touched(item: Item) -> set[str]:
    """The planes that something reads or writes: analog registers, PIX, bits and FLAG."""
    if isinstance(item, Output):
        found = {item.register}
    elif isinstance(item, HostCall):
        found = {*item.reads, *item.writes}
    else:
        found = {*item.reads, *item.writes}
    return found & {*isa.ANALOG, "PIX", *isa.DIGITAL, "FLAG"}


# --- source lines -----------------------------------------------------------------------------------------------


def lines_with_words(program: Program) -> dict[str, list[int]]:
    """File -> the lines on which execution can be, in ascending order. The main file comes first."""
    found: dict[str, set[int]] = {}
    for step in program.steps:
        for file, line in _places(step.origin):
            found.setdefault(file, set()).add(line)
    for kernel in program.kernels.values():
        for word in kernel.words:
            for file, line in _places(word.origin):
                found.setdefault(file, set()).add(line)
    return {file: sorted(lines) for file, lines in found.items()}


def main_file(program: Program) -> str:
    """The file that holds the host program, as messages name it; empty for a program without source text."""
    return next(iter(lines_with_words(program)), "")


def resolve_line(program: Program, wanted: Any) -> Place:
    """The place that a line number of the main file, or (file, line), means. A file may be named by its last parts.

    Raises ProgramError that names the lines, or the files, that there are.
    """
    lines = lines_with_words(program)
    if not lines:
        raise ProgramError(f"program '{program.name}' comes from no source text, so it has no lines to stop at")
    name, number = wanted if isinstance(wanted, tuple) and len(wanted) == 2 else (None, wanted)
    is_line = hasattr(number, "__index__") and not isinstance(number, bool)
    if not is_line or not isinstance(name, (str, PurePath, type(None))):
        raise ProgramError(f"a source line is a number, or (file, number); found {wanted!r:.80}")
    file = next(iter(lines)) if name is None else _file(program, str(name), list(lines))
    line = int(number)
    if line in lines[file]:
        return file, line
    before = [n for n in lines[file] if n < line][-1:]
    after = [n for n in lines[file] if n > line][:1]
    near = " and ".join(map(str, before + after))
    raise ProgramError(
        f"line {line} of {file} holds no words; the nearest that {'do: ' if before and after else 'does: '}{near} (the "
        "words of a macro belong to the line that calls it)"
    )


def _file(program: Program, name: str, files: Sequence[str]) -> str:
    if name in files:
        return name
    parts = PurePath(name).parts
    found = [f for f in files if parts and PurePath(f).parts[-len(parts) :] == parts]
    if len(found) == 1:
        return found[0]
    if found:
        raise ProgramError(f"'{name}' may be {' or '.join(found)}; give more of its path")
    near = isa.did_you_mean(name, files)
    raise ProgramError(f"no words of program '{program.name}' come from '{name}'{near} (files: {', '.join(files)})")


# --- stepping ---------------------------------------------------------------------------------------------------


@lru_cache(KEPT)
def single(item: Item) -> Program:
    """The program that does one thing."""
    return straight_line("word", (item,)) if isinstance(item, Word) else Program("step", {}, (item,))


class Stepper:
    """A program on its way. `outputs`: what it has put out so far. `position`: where it stands.

    execute: carries out a program on the array and gives the planes that it takes. results: what readouts give, from
    their planes. breakpoints: source lines, as `resolve_line` takes them. Raises ProgramError for a line without
    words.
    """

    def __init__(
        self,
        program: Program,
        execute: Callable[[Program], Iterable[Any]],
        results: Callable[[Sequence[Output | HostCall], Iterator[Any]], Mapping[str, Any]],
        breakpoints: Iterable[Any] = (),
        issued: Callable[[HostCall], int] = lambda call: call.words,
    ) -> None:
        if isinstance(breakpoints, (int, str)) or not isinstance(breakpoints, Iterable):
            raise ProgramError(f"breakpoints are a list of source lines; write breakpoints=[{breakpoints}]")
        self.program = program
        self.breakpoints = frozenset(resolve_line(program, b) for b in breakpoints)
        self.outputs: dict[str, Any] = {}
        self._execute, self._results, self._issued = execute, results, issued
        self._moments = moments(program)
        self._next = next(self._moments, None)
        self._told = False  # whether the caller knows that the breakpoint before `_next` was reached
        self.position = self._position(None, {}, 0)

    @property
    def ended(self) -> bool:
        return self._next is None

    def step(self, count: int = 1) -> Position | None:
        """Carry out the next `count` items, fewer at the end; None if there was nothing left. Passes breakpoints."""
        if isinstance(count, bool) or not hasattr(count, "__index__") or count < 1:
            raise ProgramError(f"step takes a number of words from 1 on, not {count!r:.80}")
        if self.ended:
            return None
        for _ in range(count):
            if not self.ended:
                self._advance()
        self._told = True
        return self.position

    def resume(self) -> Position | None:
        """Carry on to the next breakpoint; None if the program has ended instead."""
        while not self._at_breakpoint():
            if self.ended:
                return None
            self._advance()
        self._told = True
        return self.position

    def _at_breakpoint(self) -> bool:
        return self._next is not None and not self._told and bool(self._next.arrivals & self.breakpoints)

    def _advance(self) -> None:
        moment = self._next
        assert moment is not None
        planes = self._execute(single(moment.item))
        given: Mapping[str, Any] = {}
        if isinstance(moment.item, Output) or (isinstance(moment.item, HostCall) and moment.item.reads_out):
            given = self._results((moment.item,), iter(planes))
        self.outputs.update(given)
        item = moment.item
        issued = self._issued(item) if isinstance(item, HostCall) else int(isinstance(item, Word))
        self._next, self._told = next(self._moments, None), False
        self.position = self._position(moment, given, self.position.word + issued)

    def _position(self, moment: Moment | None, given: Mapping[str, Any], words: int) -> Position:
        coming = None if self._next is None else self._next.item
        origin = coming.origin if coming is not None else None
        return Position(
            step=0 if moment is None else moment.step + 1,
            kernel="" if moment is None else moment.kernel,
            word=words,
            kernel_word=0 if moment is None else moment.kernel_word,
            done=None if moment is None else moment.item,
            next=coming,
            file="" if origin is None else origin.file,
            line=0 if origin is None else origin.line,
            source="" if origin is None else origin.text,
            results=given,
        )
