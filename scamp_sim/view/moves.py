"""Moments of a run: where one leads to, by line, and which planes there are to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scamp_sim.chip.program import Launch, Output, Program
from scamp_sim.chip.trace import touched
from scamp_sim.exceptions import ProgramError
from scamp_sim.machine.tape import Ran
from scamp_sim.show.dump import SHOWN
from scamp_sim.view.records import Script, label


def registers_of(programs: Sequence[Program]) -> tuple[str, ...]:
    """The planes that programs read or write, in the order of the table."""
    found: set[str] = set()
    for program in programs:
        for step in program.steps:
            if not isinstance(step, Launch):
                found |= touched(step)
        for kernel in program.kernels.values():
            for word in set(kernel.words):
                found |= touched(word)
        found |= {i.register for i in program.inputs}
    return tuple(r for r in SHOWN if r in found)


def outputs_of(programs: Sequence[Program]) -> dict[str, str]:
    """Name of each picture that programs put out -> the register that it comes from."""
    found = {}
    for program in programs:
        for step in program.readouts:
            if isinstance(step, Output):
                found[step.name] = step.register
            elif step.result and step.args:
                found[step.result] = str(step.args[0])
    return found


def find(script: Script, move: Mapping[str, Any]) -> int:
    """The moment that a move leads to: before the next line ("line"), the one before ("back"), or after the words of a
    line next come to ("at"). Where there is none, the end of the run, or its beginning. Raises ProgramError."""
    course, start, how = script.course, move.get("from"), move.get("move")
    if isinstance(start, bool) or not isinstance(start, int) or how not in ("line", "back", "at"):
        raise ProgramError(f"move is {dict(move)!r:.80}; expected from and move: line, back or at")
    start = max(0, min(start, course.length))
    if how == "at":
        return _find_line(script, start, move.get("at"))
    step = 1 if how == "line" else -1
    moment = start + step
    while 0 < moment < course.length:
        coming = course.done_at(moment + 1)
        if coming is None or coming.arrivals:
            return moment
        moment += step
    return max(0, min(moment, course.length))


def _find_line(script: Script, start: int, at: Any) -> int:
    if not isinstance(at, (list, tuple)) or len(at) != 2:
        raise ProgramError(f"at is {at!r:.60}; expected a file and a line")
    course, place = script.course, (at[0], at[1])
    for first, last in ((start + 1, course.length), (1, start)):
        hit = 0
        for moment in range(first, last + 1):
            done = course.done_at(moment)
            if done is None:
                continue
            event = course.events[course.event_at(moment)[0]]
            if isinstance(event, Ran) and any((label(event.program, f), n) == place for f, n in done.places):
                hit = moment
            elif hit:
                return hit
        if hit:
            return hit
    raise ProgramError(f"line {at[1]!r:.20} does nothing in this run")


__all__ = ["find", "outputs_of", "registers_of"]
