"""What `scamp-sim view` is pointed at, and what it makes of a wish of the page; texts of kernels among it."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scamp_sim import kernels
from scamp_sim.chip import isa
from scamp_sim.chip.program import Origin, Program
from scamp_sim.chip.trace import lines_with_words
from scamp_sim.compiler import assemble
from scamp_sim.compiler.assembler import TEXT
from scamp_sim.compiler.front.diagnostics import CompileError, Diagnostic
from scamp_sim.compiler.front.source import CPP, MOST_SOURCE, Unreadable, read, unify
from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.files import write_text
from scamp_sim.machine.calls import check_program
from scamp_sim.machine.feeding import from_grey, input_register
from scamp_sim.machine.travel import Course
from scamp_sim.reading import files_read, note_read, read_bytes, tracking
from scamp_sim.show import render
from scamp_sim.text import short
from scamp_sim.view.records import Script, Text, Wish, label
from scamp_sim.view.scenes import Grey
from scamp_sim.view.scripts import frames_of, kernel_events
from scamp_sim.view.sliders import declared, kept, sliders_of

MOST_TEXT = 1 << 20
"""Characters of a text that the page may send."""


class Subject(ABC):
    """What is viewed."""

    kind: str
    title: str
    editable = False
    savable = False
    path: Path | None = None

    @abstractmethod
    def script(self, wish: Wish, images: Sequence[tuple[str, Grey]], shape: tuple[int, int]) -> Script:
        """The run that the page asks for.

        images: what there is to see. Raises ScampError, CompileError with diagnostics among them.
        """

    @abstractmethod
    def texts(self, wish: Wish, programs: Sequence[Program]) -> tuple[Text, ...]:
        """The source texts to show; the main one first."""

    def shape(self, wish: Wish) -> tuple[int, int] | None:
        """The array that the subject is for, None for any."""
        return None

    def refuse_unknown(self, params: Mapping[str, Any]) -> None:  # noqa: B027
        """Raise ProgramError for a parameter that there is not, of somebody who names parameters one by one."""

    def stamp(self) -> str:
        """What changes when the file on the disk does; "" if it is not there any more."""
        if self.path is None:
            return "none"
        try:
            return hashlib.sha256(read_bytes(self.path, "program", limit=MOST_SOURCE)).hexdigest()[:16]
        except ScampError:
            return ""

    def around(self) -> str:
        """What changes when a file does that the text includes."""
        return ""

    def save(self, text: str, stamp: str) -> str:
        """Write the text to the file, if that is still what it was; its new stamp. Raises ScampError."""
        raise ProgramError(f"{self.title} cannot be written from the page; save the text under a name of its own")


class KernelText(Subject):
    """A text in the project's language, or plain calls of the SDK's C++; a file, or a kernel of the library."""

    kind = "kernel"
    editable = True

    def __init__(self, path: Path, title: str, inputs: Mapping[str, str], library: bool = False) -> None:
        self.path, self.title, self.inputs = path, title, inputs
        self._planes: dict[tuple[str, str, tuple[int, int]], Any] = {}
        self.savable = not library
        self.dialect = "sdk" if path.suffix.lower() in CPP else "scamp"
        self._assembled: tuple[tuple[str, str, str], Program] | None = None
        self._included: tuple[str, ...] = ()

    def text(self, wish: Wish) -> str:
        """The text that counts. Raises ScampError."""
        if wish.text is not None:
            if len(wish.text) > MOST_TEXT:
                raise ProgramError(f"the text has {len(wish.text):,} characters; the page takes {MOST_TEXT:,}")
            return unify(wish.text)
        assert self.path is not None
        try:
            return read(self.path)
        except Unreadable as error:
            place = Origin(str(self.path), error.place, 1, error.place, 1)
            what = f"cannot read '{short(self.path.name, 80)}': {error}"
            raise CompileError((Diagnostic.at(place, error.code, "error", what, hint=error.hint),)) from None

    def program(self, wish: Wish) -> Program:
        text = self.text(wish)
        key = text, repr(sorted(wish.params.items()))
        if self._assembled is None or self._assembled[0] != (*key, self.around()):
            try:
                with tracking():
                    try:
                        program = self._assemble(text, wish.params)
                    finally:
                        self._included = files_read()
            finally:
                for file in self._included:
                    note_read(file)  # for the command, too
            self._assembled = (*key, self.around()), program
        return self._assembled[1]

    def around(self) -> str:
        return stamp_of(self._included)

    def _assemble(self, text: str, params: Mapping[str, Any]) -> Program:
        name = self.title.removesuffix(".scamp")
        if self.dialect == "sdk":
            return assemble(text, dialect="sdk", name=name)
        assert self.path is not None
        within = [self.path.parent, Path(kernels.path("edges")).parent]
        try:
            return assemble(text, params=params, placeholders=True, file=self.path, within=within, name=name)
        except CompileError as error:
            gone = [d for d in error.diagnostics if d.code == "S208" and "has no param" in d.message]
            if not gone or not params:
                raise
            # a parameter that was taken out of the text is no reason to refuse it
            left = kept(params, declared(text, self.path))
            if left == dict(params):
                raise
            return assemble(text, params=left, placeholders=True, file=self.path, within=within, name=name)

    def refuse_unknown(self, params: Mapping[str, Any]) -> None:
        try:
            known = self.program(Wish()).params
        except CompileError:  # the page shows it
            return
        for name in params:
            if name not in known:
                near = isa.did_you_mean(name, tuple(known))
                declared = f"it declares {', '.join(known)}" if known else "it declares none"
                raise ProgramError(f"{self.title} has no parameter '{short(name, 60)}'{near}; {declared}")

    def shape(self, wish: Wish) -> tuple[int, int] | None:
        return self.program(wish).shape

    def script(self, wish: Wish, images: Sequence[tuple[str, Grey]], shape: tuple[int, int]) -> Script:
        program = self.program(wish)
        check_program(program, shape)
        extra = {name: self._input(program, name, path, shape) for name, path in self.inputs.items()}
        events, titles, notes = kernel_events(program, images, extra, shape)
        course = Course(events)
        each = len(events) // max(len(titles), 1)
        starts = list(range(0, len(events), max(each, 1)))
        sliders = () if self.dialect == "sdk" else sliders_of(program, self.text(wish), str(self.path))
        return Script(
            program.name,
            course,
            frames_of(course, starts, titles),
            sliders,
            program.diagnostics,
            tuple(notes),
            shape,
        )

    def _input(self, program: Program, name: str, path: str, shape: tuple[int, int]) -> Any:
        """The plane of `--input NAME=PATH`. Raises ScampError."""
        register = input_register(program, name)
        key = path, register, shape
        if key not in self._planes:
            if path.lower().endswith(".npy"):
                self._planes[key] = render.load_array(path)
            else:
                self._planes[key] = from_grey(render.load_image(path, shape, resize=True), register)
        return self._planes[key]

    def texts(self, wish: Wish, programs: Sequence[Program]) -> tuple[Text, ...]:
        assert self.path is not None
        name = str(self.path)
        if self.dialect == "sdk":
            name = label(programs[0], TEXT) if programs else TEXT
        try:
            main = Text(name, self.path.name, self.text(wish), editable=True)
        except ScampError:
            main = Text(name, self.path.name, "", editable=True)
        return main, *others(programs, name, self.path.parent)

    def save(self, text: str, stamp: str) -> str:
        if not self.savable or self.path is None:
            return super().save(text, stamp)
        if len(text) > MOST_TEXT:
            raise ProgramError(f"the text has {len(text):,} characters; the page takes {MOST_TEXT:,}")
        now = self.stamp()
        if now and now != stamp:
            raise ProgramError(f"{self.path.name} has changed on the disk; load it, or download this text instead")
        write_text(self.path, text, "text")
        return self.stamp()


def stamp_of(files: Iterable[str | Path]) -> str:
    """What changes when one of the files does, comes or goes."""
    seen = []
    for file in sorted(map(str, files)):
        try:
            status = os.stat(file)
            seen.append((file, status.st_mtime_ns, status.st_size))
        except (OSError, ValueError):
            seen.append((file, 0, 0))
    return hashlib.sha256(repr(seen).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def known_lines(program: Program, file: str) -> str:
    """What a program knows of the text that it came from: the lines that words come from, the others empty."""
    origins = [s.origin for s in program.steps] + [w.origin for k in program.kernels.values() for w in k.words]
    lines = {o.line: o.text for o in origins if o is not None and o.file == file}
    return "\n".join(lines.get(n, "") for n in range(1, max(lines, default=0) + 1))


def others(programs: Sequence[Program], main: str, folder: Path) -> list[Text]:
    """The other files that words come from: those beside the main one or in the library, nothing from elsewhere."""
    allowed = [folder.resolve(), Path(kernels.path("edges")).parent.resolve()]
    found: dict[str, Text] = {}
    for program in programs:
        for name in lines_with_words(program):
            shown = label(program, name)
            if shown in found or shown == main:
                continue
            if name == TEXT:
                found[shown] = Text(shown, f"{program.name}, generated", known_lines(program, name))
                continue
            path = Path(name)
            try:
                inside = any(path.resolve().is_relative_to(a) for a in allowed)
                if inside:
                    found[name] = Text(name, path.name, read(path))
            except (OSError, ValueError, Unreadable):
                continue
    return list(found.values())


__all__ = ["KernelText", "Subject", "others", "stamp_of"]
