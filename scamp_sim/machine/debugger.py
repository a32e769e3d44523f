"""Carrying out a program word by word: where execution stands, and breakpoints on source lines.

A `Stepper` carries out the moments of a program's course one at a time, each as a program of its own, on the engine
that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from scamp_sim.checks import integer
from scamp_sim.chip.program import HostCall, Kernel, Launch, Output, Program, Word
from scamp_sim.chip.trace import Item, Moment, described, moments, resolve_line
from scamp_sim.exceptions import ProgramError

KEPT = 4096
"""One-word programs that are remembered; a program seldom has a hundred different words."""


@dataclass(frozen=True)
class Position:
    """Where execution stands: between what was just done and what comes next.

    step: number of the step of the host program that `done` belongs to, from 1; 0 before the first.
    kernel: the kernel of `done`, empty outside of kernels.
    word: words carried out in this run, those of host routines included.
    kernel_word: the same in this launch of the kernel.
    done, next: a word, host call or output, None at the two ends of the program.
    file, line, source: of `next`, where a debugger points; empty, 0 and empty at the end, and for a program without
        source text.
    results: what `done` put out, by name.
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


# --- stepping ---------------------------------------------------------------------------------------------------


@lru_cache(KEPT)
def single(item: Item, more: bool = False) -> Program:
    """The program that does one thing.

    more: words of the same launch follow.
    """
    if not isinstance(item, Word):
        return Program("step", {}, (item,))
    return Program("word", {"word": Kernel("word", (item,))}, (Launch("word", more=more),))


@dataclass(frozen=True, eq=False)
class StepperState:
    """Where a stepper stood: moments done, whether its breakpoint was told of, what had been put out."""

    done: int
    told: bool
    outputs: Mapping[str, Any]
    position: Position


class Stepper:
    """A program on its way. `outputs`: what it has put out so far. `position`: where it stands.

    execute: carries out a program on the array and gives the planes that it takes.
    results: what readouts give, from their planes.
    breakpoints: source lines, as `resolve_line` takes them.
    settled: told how many steps of the program are over each time that one is.

    Raises ProgramError for a line without words.
    """

    def __init__(
        self,
        program: Program,
        execute: Callable[[Program], Iterable[Any]],
        results: Callable[[Sequence[Output | HostCall], Iterator[Any]], Mapping[str, Any]],
        breakpoints: Iterable[Any] = (),
        issued: Callable[[HostCall], int] = lambda call: call.words,
        settled: Callable[[int], None] = lambda steps: None,
    ) -> None:
        if isinstance(breakpoints, (int, str)) or not isinstance(breakpoints, Iterable):
            raise ProgramError(f"breakpoints are a list of source lines; write breakpoints=[{breakpoints}]")
        self.program = program
        self.breakpoints = frozenset(resolve_line(program, b) for b in breakpoints)
        self.outputs: dict[str, Any] = {}
        self._execute, self._results, self._issued, self._settled = execute, results, issued, settled
        self._course = moments(program)
        self._known: list[Moment] = []  # of the course, as far as it was asked for
        self._done = 0
        self._next = self._moment(0)
        self._told = False  # whether the caller knows that the breakpoint before `_next` was reached
        self.position = self._position(None, {}, 0)

    @property
    def ended(self) -> bool:
        return self._next is None

    def step(self, count: int = 1) -> Position | None:
        """Carry out the next `count` items, fewer at the end; None if there was nothing left. Passes breakpoints."""
        integer("count", count, 1)
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
        coming = self._moment(self._done + 1)
        more = coming is not None and coming.step == moment.step
        planes = self._execute(single(moment.item, more))
        given: Mapping[str, Any] = {}
        if isinstance(moment.item, Output) or (isinstance(moment.item, HostCall) and moment.item.reads_out):
            given = self._results((moment.item,), iter(planes))
        self.outputs.update(given)
        item = moment.item
        issued = self._issued(item) if isinstance(item, HostCall) else int(isinstance(item, Word))
        if not more:
            self._settled(len(self.program.steps) if coming is None else coming.step)
        self._next, self._told, self._done = coming, False, self._done + 1
        self.position = self._position(moment, given, self.position.word + issued)

    def save(self) -> StepperState:
        """Where execution stands, to be gone back to with `restore`."""
        return StepperState(self._done, self._told, dict(self.outputs), self.position)

    def restore(self, state: StepperState) -> None:
        """Stand where this stepper stood; what the array held then is for the caller to bring back."""
        self._done, self._told, self.outputs, self.position = (
            state.done,
            state.told,
            dict(state.outputs),
            state.position,
        )
        self._next = self._moment(state.done)

    def _moment(self, number: int) -> Moment | None:
        """One moment of the course, from 0; None after the last."""
        while len(self._known) <= number:
            coming = next(self._course, None)
            if coming is None:
                return None
            self._known.append(coming)
        return self._known[number]

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
