"""The course of a program: everything that a run does, in order, with the source lines that it is on.

What the listing, the timeline, the report, the debugger and the dumps have in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from scamp_sim.chip import isa
from scamp_sim.chip.program import HostCall, Launch, Origin, Output, Program, Step, Word
from scamp_sim.exceptions import ProgramError

Item = Word | HostCall | Output
Place = tuple[str, int]
"""File, as messages name it, and line."""

_NO_PLACES: frozenset[Place] = frozenset()


def described(item: Item | Step | None) -> str:
    """A word, launch, host call or output as one would write it, with the result that a call gives."""
    if isinstance(item, Launch):
        return f"launch {item.kernel}"
    if isinstance(item, Output):
        return f"output {item.name} = {item.register}"
    if isinstance(item, HostCall):
        taken = f"{item.result} = " if item.result else ""
        return f"{taken}{item.name}({', '.join(map(str, item.args))})"
    return "" if item is None else str(item)


def source_text(origin: Origin | None) -> str:
    """The statement at `origin` as the user wrote it, without the text around it."""
    if origin is None or not origin.text:
        return ""
    if origin.end_line == origin.line:
        return origin.text[origin.column - 1 : origin.end - 1].strip()
    return origin.text[origin.column - 1 :].strip() + " ..."


def same_statement(a: Origin | None, b: Origin | None) -> bool:
    """Whether two words come from one statement of the text."""
    return a is not None and b is not None and (a.file, a.line, a.column) == (b.file, b.line, b.column)


# --- the straight line ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing to do.

    `step`: index into the program's steps.
    `kernel_word`: its number in the launch, from 1.

    places: the source lines that execution is on: that of the item, and, in a kernel, that of the launch.
    arrivals: those of them that it has just come to.
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
        raise ProgramError(f"program '{program.name}' has no source text, so it has no lines to stop at")
    name, number = wanted if isinstance(wanted, tuple) and len(wanted) == 2 else (None, wanted)
    is_line = hasattr(number, "__index__") and not isinstance(number, bool)
    if not is_line or not isinstance(name, (str, PurePath, type(None))):
        raise ProgramError(f"expected a source line as a number or (file, number), got {wanted!r:.80}")
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
        raise ProgramError(f"'{name}' may be {' or '.join(found)}; give a longer part of its path")
    near = isa.did_you_mean(name, files)
    raise ProgramError(f"no words of program '{program.name}' come from '{name}'{near} (files: {', '.join(files)})")
