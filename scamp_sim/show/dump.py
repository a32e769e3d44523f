"""The planes that a program has touched, as pictures, each time that execution leaves a source line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from scamp_sim.chip import isa
from scamp_sim.chip.program import Program
from scamp_sim.chip.trace import Moment, Place, main_file, moments, resolve_line, touched
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.show import render

if TYPE_CHECKING:
    from scamp_sim.machine.machine import Machine, Run

MOST_DUMPS = 100
"""Folders for one line; later arrivals at it are passed."""

SHEET = "contact-sheet.png"
SHOWN = (*isa.ANALOG, "PIX", *isa.DIGITAL, "FLAG")


def parse_line(program: Program, text: str) -> Place:
    """The place that `--dump-after` names: LINE of the main file, or FILE:LINE. Raises ProgramError."""
    file, colon, number = text.rpartition(":")
    if not number.strip().isdecimal():
        raise OptionError(f"--dump-after {text[:80]}: write a line number, or FILE:LINE")
    try:
        return resolve_line(program, (file, int(number)) if colon else int(number))
    except ProgramError as e:
        raise OptionError(f"--dump-after {text[:80]}: {e}") from None


def walk(
    machine: Machine,
    program: Program,
    inputs: Mapping[str, Any] | None,
    see: Callable[[Moment, Moment | None, set[str]], None],
) -> Run:
    """Run a program word by word. `see` is called after each with what was done, what comes, and the planes that are
    touched by then, inputs included; the machine stands there."""
    machine.load(program, inputs)
    planes = {i.register for i in program.inputs}
    for done, coming in _pairs(program):
        machine.step()
        planes |= touched(done.item)
        see(done, coming, planes)
    assert machine.finished is not None
    return machine.finished


def _pairs(program: Program) -> Iterator[tuple[Moment, Moment | None]]:
    """Every moment, with the one after it."""
    ahead = moments(program)
    next(ahead, None)
    return zip_longest(moments(program), ahead)


def left(done: Moment, coming: Moment | None, place: Place) -> bool:
    """Whether execution leaves a line between two moments; to come to it again is to have left it."""
    return place in done.places and (coming is None or place not in coming.places or place in coming.arrivals)


def run_with_dumps(
    machine: Machine,
    program: Program,
    inputs: Mapping[str, Any],
    places: Sequence[Place],
    out: str | Path,
    prefix: str = "",
    stretch: bool = False,
) -> tuple[Run, list[Path]]:
    """Run a program, and write what it has touched each time that execution leaves one of `places`.

    Pictures and a contact sheet go to OUT/PREFIXafter-line-LINE, with -1, -2 ... if there are several, at most 100.
    Returns what the run gave, and the folders. Raises ScampError.
    """
    visits = _visits(program, places)
    seen: Counter[Place] = Counter()
    folders: list[Path] = []

    def see(done: Moment, coming: Moment | None, planes: set[str]) -> None:
        for place in places:
            if left(done, coming, place) and seen[place] < MOST_DUMPS:
                seen[place] += 1
                folder = Path(out) / f"{prefix}{_name(program, place, seen[place], visits[place])}"
                shown = {name: machine.read(name) for name in SHOWN if name in planes}
                times = f", time {seen[place]} of {visits[place]}" if visits[place] > 1 else ""
                heading = f"{program.name}: after line {place[1]}{times}"
                sheet = render.contact_sheet([render.Tile(n, p) for n, p in shown.items()], heading, stretch)
                pictures = {f"{n}.png": render.picture_of(p, stretch) for n, p in shown.items()}
                render.write_pictures(folder, {**pictures, SHEET: sheet})
                folders.append(folder)

    return walk(machine, program, inputs, see), folders


def _visits(program: Program, places: Sequence[Place]) -> Counter[Place]:
    """How many times a run leaves each line; data cannot change that."""
    visits: Counter[Place] = Counter()
    for done, coming in _pairs(program):
        visits.update(p for p in places if left(done, coming, p))
    return visits


def _name(program: Program, place: Place, number: int, of: int) -> str:
    file, line = place
    path = PurePath(file).with_suffix("")
    inside = (
        "" if file == main_file(program) else "-".join([*(p for p in path.parts if p not in ("..", path.anchor)), ""])
    )
    wide = len(str(min(of, MOST_DUMPS)))
    return f"after-{inside}line-{line}" + (f"-{number:0{wide}}" if of > 1 else "")
