"""C++ programs for the SDK: built, run once on an array without errors, and what they did there becomes the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scamp_sim.chip.program import HostCall, Program, Step
from scamp_sim.compiler.front.source import CPP, MOST_SOURCE
from scamp_sim.compiler.native import LiveProgram
from scamp_sim.compiler.native.session.records import LiveRun
from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.machine.machine import Machine
from scamp_sim.machine.tape import Event, Ran, recording
from scamp_sim.machine.travel import Course
from scamp_sim.reading import read_bytes
from scamp_sim.view.records import Frame, Script, Slider, Text, Wish
from scamp_sim.view.scenes import Grey
from scamp_sim.view.scripts import frames_of
from scamp_sim.view.subjects import Subject, others, stamp_of

BRANCHES = "C++ decides its branches by what it reads: they are as the run without errors decided them"


def _text(path: Path) -> str:
    return read_bytes(path, "program", limit=MOST_SOURCE).decode("utf-8", errors="replace")


class LiveSubject(Subject):
    """A C++ program with a main. The page shows its text, and never sends one to be built."""

    kind = "cpp"

    def __init__(self, path: Path) -> None:
        self.path, self.title = path, path.name
        self._built: tuple[tuple[str, str], LiveProgram] | None = None

    def script(self, wish: Wish, images: Sequence[tuple[str, Grey]], shape: tuple[int, int]) -> Script:
        if wish.text is not None:
            raise ProgramError("the text of a C++ program is built from the disk; change the file there")
        program = self._program()
        machine = Machine(shape)
        settings = {name: int(value) for name, value in wish.params.items() if isinstance(value, (int, bool))}
        with recording() as tape:
            run = program.run(machine, list(images), set=settings)
        events = labelled(tape.events, run)
        course = Course(events)
        sliders = tuple(
            Slider(
                i.label,
                settings.get(i.label, i.first),
                i.low,
                i.high,
                choices=(0, 1) if i.kind == "switch" else (),
                about=i.kind,
            )
            for i in run.items
            if i.kind != "button"
        )
        notes = [BRANCHES] if wish.errors != "ideal" else []
        if run.printed:
            notes.append(f"printed: {run.printed.strip()[:400]}")
        notes += [f"frame {f.number}: {text.strip()[:200]}" for f in run.frames[:20] for text in f.texts[:5]]
        return Script(program.name, course, _frames(course, events, run), sliders, run.notes, tuple(notes), shape=shape)

    def _program(self) -> LiveProgram:
        assert self.path is not None
        stamp = self.stamp(), self.around()
        if self._built is None or self._built[0] != stamp:
            self._built = stamp, LiveProgram.build(self.path)
        return self._built[1]

    def around(self) -> str:
        """The other texts in C++ of its folder: those that are built with it, and headers."""
        assert self.path is not None
        try:
            return stamp_of(p for p in self.path.parent.iterdir() if p.suffix.lower() in CPP and p != self.path)
        except OSError:
            return ""

    def texts(self, wish: Wish, programs: Sequence[Program]) -> tuple[Text, ...]:
        assert self.path is not None
        found = others(programs, "", self.path.parent)
        main = [t for t in found if Path(t.name).resolve() == self.path.resolve()]
        if not main:
            try:
                text = _text(self.path)
            except ScampError:
                text = ""
            main = [Text(str(self.path), self.path.name, text)]
        return *main, *(t for t in found if t not in main)


def labelled(events: Sequence[Event], run: LiveRun) -> list[Event]:
    """The events of a run, its results under the labels of the displays that they went to."""
    steps = [step for f in ((run.setup, *run.frames) if run.frames else run.shown) for step in f.program.steps]
    made: dict[tuple[Program, tuple[Step, ...]], Program] = {}
    found: list[Event] = []
    done = 0
    for event in events:
        if isinstance(event, Ran):
            program = event.program
            same = zip(program.steps, steps[done : done + len(program.steps)], strict=False)
            named = tuple(_renamed(step, told) for step, told in same)
            done += len(program.steps)
            key = program, named if len(named) == len(program.steps) else program.steps
            if key not in made:
                made[key] = replace(program, name=run.program, steps=key[1])
            event = replace(event, program=made[key])
        found.append(event)
    return found


def _renamed(step: Step, told: Step) -> Step:
    """A step of the run with the result's name that the program gives it."""
    if not isinstance(step, HostCall) or not isinstance(told, HostCall) or not step.result:
        return step
    return replace(step, result=told.result) if (step.name, step.args) == (told.name, told.args) else step


def _frames(course: Course, events: Sequence[Event], run: LiveRun) -> tuple[Frame, ...]:
    """The frames of the program, found by the steps that each has."""
    counts = [len(f.program.steps) for f in run.frames]
    before = len(run.setup.program.steps) if run.frames else 0
    starts: list[int] = []
    done, wanted = 0, before
    for number, event in enumerate(events):
        if len(starts) < len(counts) and done >= wanted:
            starts.append(number)
            wanted += counts[len(starts) - 1]
        done += len(event.program.steps) if isinstance(event, Ran) else 0
    if not starts:
        return frames_of(course, [0], [run.program])
    titles = [f"frame {f.number}" + (f", {f.image}" if f.image else "") for f in run.frames[: len(starts)]]
    return frames_of(course, starts, titles)


__all__ = ["LiveSubject"]
