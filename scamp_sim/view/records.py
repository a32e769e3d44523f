"""What the parts of the live page hand to one another: frozen records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scamp_sim.chip.program import Program
from scamp_sim.compiler.assembler import TEXT
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.machine.travel import Course


def label(program: Program, file: str) -> str:
    """What the page calls a file that words of a program come from: texts that came from no file have the name of
    their program, as several programs of a network have each their own."""
    return f"{file} of {program.name}" if file == TEXT else file


@dataclass(frozen=True)
class Wish:
    """What the page asks to have run.

    text: the main text as it stands in the page; None for what is on the disk.
    params: name of a parameter, slider or option -> value.
    errors: a chip profile, "ideal" for none beside the ideal array.
    picture: name of a scene, "given" for the pictures of the command line, "own" for the one dropped on the page.
    frames: how many, where pictures do not decide.
    """

    text: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    errors: str = "ideal"
    chip: int = 0
    seed: int = 0
    picture: str = "scene"
    frames: int = 1


@dataclass(frozen=True)
class Slider:
    """A value that the page may change.

    low, high: of a number, both ends allowed; None where they are not known.
    choices: the values that it takes, if they are a list.
    shape: of a table; () for a number.
    """

    name: str
    value: Any
    low: int | None = None
    high: int | None = None
    choices: tuple[Any, ...] = ()
    shape: tuple[int, ...] = ()
    about: str = ""


@dataclass(frozen=True)
class Frame:
    """One picture's part of a run: moments start + 1 .. end of the course are done in it.

    parts: the programs that it runs, in order, each once with how often.
    """

    title: str
    start: int
    end: int
    parts: tuple[tuple[Program, int], ...]


@dataclass(frozen=True)
class Script:
    """A run that can be travelled through.

    notes: what the user is to know.
    """

    title: str
    course: Course
    frames: tuple[Frame, ...]
    sliders: tuple[Slider, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    notes: tuple[str, ...] = ()
    shape: tuple[int, int] = (256, 256)


@dataclass(frozen=True)
class Text:
    """A source text of the page.

    name: as origins of words have it. title: as the page shows it.
    editable: whether what the user writes there is assembled.
    """

    name: str
    title: str
    text: str
    editable: bool = False


__all__ = ["Frame", "Script", "Slider", "Text", "Wish", "label"]
