"""From what is viewed to a run that can be travelled through: kernel texts, C++ programs, networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scamp_sim.chip import isa
from scamp_sim.chip.program import Program
from scamp_sim.exceptions import ProgramError
from scamp_sim.machine.feeding import from_grey, image_target, read_first
from scamp_sim.machine.tape import Event, Exposed, Ran, Renewed, Reseeded, Waited, Wrote
from scamp_sim.machine.travel import Course
from scamp_sim.view.records import Frame
from scamp_sim.view.scenes import Grey, scene


def kernel_events(
    program: Program, images: Sequence[tuple[str, Grey]], extra: Mapping[str, Any], shape: tuple[int, int]
) -> tuple[list[Event], list[str], list[str]]:
    """A program on every picture, state kept; (events, title of each frame, notes). Raises ProgramError.

    extra: input or register -> plane that every frame is given. Inputs that nobody gives get a test picture.
    """
    target = _target(program, extra)
    given: dict[str, Any] = dict(extra)
    declared = {i.name: i.register for i in program.inputs}
    notes = []
    for number, (name, register) in enumerate(declared.items()):
        if name not in given and name != target:
            given[name] = from_grey(scene(shape, number + 1), register)
            notes.append(f"input '{name}': a test picture; --input {name}=PATH gives another")
    if not declared:
        first = [r for r in read_first(program) if r not in given and r != target]
        if first:
            notes.append(f"{', '.join(first)} read before anything is written there; --input {first[0]}=PATH gives it")
    events: list[Event] = []
    titles = []
    for title, image in images:
        planes = dict(given)
        if target:
            planes[target] = from_grey(image, declared.get(target, target))
        for name in [n for n in planes if n not in declared]:
            plane = planes.pop(name)
            events.append(Exposed(plane) if name == "PIX" else Wrote(isa.register(name), plane))
        events.append(Ran(program, planes or None))
        titles.append(title)
    return events, titles, notes


def _target(program: Program, extra: Mapping[str, Any]) -> str:
    """The input or register that pictures go to, as `run --image` chooses; the first one where that cannot tell, ""
    where everything is given."""
    try:
        return image_target(program, dict.fromkeys(extra, ""))
    except ProgramError:
        if program.inputs:
            return next((i.name for i in program.inputs if i.name not in extra), "")
        return next((r for r in read_first(program) if r not in extra), "")


def frames_of(course: Course, starts: Sequence[int], titles: Sequence[str]) -> tuple[Frame, ...]:
    """The frames of a course, which begin at these events.

    What comes before the first belongs to it.
    """
    found = []
    ends = [*starts[1:], len(course.events)]
    for number, (first, end, title) in enumerate(zip(starts, ends, titles, strict=True)):
        begin = 0 if number == 0 else first
        parts: dict[Program, int] = {}
        for event in course.events[begin:end]:
            if isinstance(event, Ran):
                parts[event.program] = parts.get(event.program, 0) + 1
        at = course.starts[begin] if begin < len(course.starts) else course.length
        stop = course.starts[end] if end < len(course.starts) else course.length
        found.append(Frame(title, at, stop, tuple(parts.items())))
    return tuple(found)


def described(event: Event) -> str:
    """An event in words."""
    match event:
        case Renewed():
            return "power-up"
        case Reseeded():
            return f"measurement {event.seed}"
        case Exposed():
            return "PIX sees a picture"
        case Wrote():
            return f"{event.register} is set from outside"
        case Waited():
            return f"{event.seconds * 1e3:,.3g} ms go by"
        case Ran():
            given = ", ".join(
                f"{i.name} to {i.register}" for i in event.program.inputs if i.name in (event.inputs or {})
            )
            return f"{event.program.name} is loaded" + (f", {given}" if given else "")


__all__ = ["described", "frames_of", "kernel_events"]
