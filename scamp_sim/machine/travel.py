"""Time travel: a machine at any moment of a run, forwards and backwards, in bounded memory.

A run is a list of events (`scamp_sim.machine.tape`). Its moments count from 0, before anything: an event is one, a
program one for being loaded with its inputs and one for each word, host call and output. To go back, the machine is set
to a snapshot before the moment and goes on from there. Snapshots lie `stride` moments apart; when they take more memory
than they may, every other one is dropped and the stride doubles. Noise is drawn by the number of a word, so what is
replayed has the same bits.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from scamp_sim.chip.program import Program
from scamp_sim.chip.trace import Moment, moments
from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.machine.machine import Machine
from scamp_sim.machine.snapshot import Snapshot
from scamp_sim.machine.tape import Event, Ran, play

BUDGET = 128 << 20
"""Bytes of all snapshots of one journey, 48 of an array of 256x256 that changes everywhere."""

STRIDE = 16
"""Moments between snapshots of a short run, as long as there is room for all."""

MANY = 128
"""Snapshots that a longer run begins with at most."""

MOST_MOMENTS = 1_000_000
"""Moments of one run."""


class AbandonedError(ScampError):
    """Somebody does not want the answer any more."""


class Course:
    """What a run does, moment by moment; machines are no part of it. Raises ProgramError for a run that is too long."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = tuple(events)
        self._moments: dict[Program, tuple[Moment, ...]] = {}
        self.starts: list[int] = []
        """Moment before each event; the first is 0."""
        at = 0
        for event in self.events:
            self.starts.append(at)
            at += 1 + (len(self.moments_of(event.program)) if isinstance(event, Ran) else 0)
            if at > MOST_MOMENTS:
                raise ProgramError(f"the run has more than {MOST_MOMENTS:,} words; give it fewer frames")
        self.length = at

    def moments_of(self, program: Program) -> tuple[Moment, ...]:
        """What a program does, in order."""
        if program not in self._moments:
            found = []
            for moment in moments(program):
                found.append(moment)
                if len(found) > MOST_MOMENTS:
                    raise ProgramError(f"{program.name} has more than {MOST_MOMENTS:,} words in one run")
            self._moments[program] = tuple(found)
        return self._moments[program]

    def event_at(self, moment: int) -> tuple[int, int]:
        """(number of the event that was last done, or begun, at a moment, how many of its moments are done). (-1, 0)
        before anything."""
        if moment <= 0:
            return -1, 0
        number = bisect_right(self.starts, moment - 1) - 1
        return number, moment - self.starts[number]

    def done_at(self, moment: int) -> Moment | None:
        """The word, host call or output that was last done; None where that was an event, or nothing."""
        number, inside = self.event_at(moment)
        event = self.events[number] if number >= 0 else None
        if not isinstance(event, Ran) or inside < 2:
            return None
        return self.moments_of(event.program)[inside - 2]

    @cached_property
    def programs(self) -> tuple[Program, ...]:
        """The programs that are run, each once."""
        return tuple(dict.fromkeys(e.program for e in self.events if isinstance(e, Ran)))


class Travel:
    """A machine on its way through a course.

    machine: stands where the course begins; nobody else may use it meanwhile.
    budget: bytes that snapshots may take; the first one, and the way to it, is always there.
    abandoned: asked now and then; if it says so, `go` raises AbandonedError and stands where it has got to.
    """

    def __init__(
        self,
        machine: Machine,
        course: Course,
        budget: int = BUDGET,
        stride: int | None = None,
        abandoned: Callable[[], bool] = lambda: False,
    ) -> None:
        self.machine, self.course, self.budget = machine, course, budget
        self.stride = stride or max(STRIDE, 1 << (course.length // MANY).bit_length())
        self.abandoned = abandoned
        self.at = 0
        self.steps = 0
        """Moments carried out so far, replays included."""
        self._snapshots: dict[int, Snapshot] = {0: machine.snapshot()}
        self.bytes = _bytes(self._snapshots.values())
        """Memory that the snapshots take, planes that several share counted once."""

    @property
    def snapshots(self) -> tuple[int, ...]:
        """The moments that there are snapshots of."""
        return tuple(sorted(self._snapshots))

    def go(self, moment: int) -> None:
        """Have the machine stand after so many moments, 0 for the beginning.

        Raises ProgramError outside the course, AbandonedError, and whatever the run itself raises there.
        """
        if not 0 <= moment <= self.course.length:
            raise ProgramError(f"moment {moment}: expected 0..{self.course.length}")
        near = max(at for at in self._snapshots if at <= moment)
        if moment < self.at or near > self.at:
            self.machine.restore(self._snapshots[near])
            self.at = near
        while self.at < moment:
            if self.abandoned():
                raise AbandonedError("the run was given up")
            self._advance(min(moment, self.at - self.at % self.stride + self.stride))
            if self.at % self.stride == 0 and self.at not in self._snapshots:
                self._keep()

    def _advance(self, to: int) -> None:
        """Go on, at most to the end of the event that comes next or is being carried out."""
        number, inside = self.course.event_at(self.at)
        if number < 0 or inside == self._length(number):
            number, inside = number + 1, 0
        event = self.course.events[number]
        if inside == 0:
            try:
                if isinstance(event, Ran):
                    self.machine.load(event.program, event.inputs)
                else:
                    play(self.machine, event)
            except ScampError:
                self._back()
                raise
            self._count(1)
            inside = 1
        count = min(to - self.at, self._length(number) - inside)
        if count > 0:
            try:
                self.machine.step(count)
            except ScampError:
                self._back()
                raise
            self._count(count)

    def _back(self) -> None:
        """After something failed half way: stand at the last snapshot."""
        near = max(at for at in self._snapshots if at <= self.at)
        self.machine.restore(self._snapshots[near])
        self.at = near

    def _count(self, done: int) -> None:
        self.at += done
        self.steps += done

    def _length(self, number: int) -> int:
        event = self.course.events[number]
        return 1 + (len(self.course.moments_of(event.program)) if isinstance(event, Ran) else 0)

    def _keep(self) -> None:
        before = max(at for at in self._snapshots if at < self.at)
        there = self._snapshots[before]
        made = self._snapshots[self.at] = self.machine.snapshot().sharing(there)
        known = {id(plane) for plane in there.engine.planes()}
        self.bytes += sum(p.nbytes for p in made.engine.planes() if id(p) not in known)
        while self.bytes > self.budget and len(self._snapshots) > 2:
            self.stride *= 2
            self._snapshots = {at: s for at, s in self._snapshots.items() if at % self.stride == 0}
            self.bytes = _bytes(self._snapshots.values())


def _bytes(snapshots: Iterable[Snapshot]) -> int:
    return sum({id(plane): plane.nbytes for s in snapshots for plane in s.engine.planes()}.values())


__all__ = ["BUDGET", "MOST_MOMENTS", "STRIDE", "AbandonedError", "Course", "Travel"]
