"""A program as text: what each statement became, word by word, and what has been spent up to there.

The text depends on the program and the price table alone, so golden files can hold it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scamp_sim.chip.host import CHIP
from scamp_sim.chip.isa import STORE_WORDS
from scamp_sim.chip.program import Kernel, Launch, Origin, Program, Step
from scamp_sim.chip.trace import described, same_statement, source_text
from scamp_sim.costs.profile import StepCost, tidy, traits
from scamp_sim.costs.timing import Timing, load_timing, profile, step_cost
from scamp_sim.text import paint, plural, short

SOURCE_WIDTH = 44
"""Columns of the source text; longer statements are cut with three dots."""


def listing(
    program: Program,
    timing: Timing | None = None,
    shape: tuple[int, int] = CHIP,
    width: int | None = None,
    colour: bool = False,
) -> str:
    """Source line, expanded words, clock class and running count of every kernel, then the steps of the host program.

    Each statement is shown once, at its first word; a line number that repeats means that a loop or a macro made more
    words from it. Times are in us at the prices of `timing` (default: scamp5d) on an array of `shape`, unless the
    program says for which one it is.

    width: columns of the terminal: source text is cut further to fit, to a dozen characters at least.
    colour: with the codes of a terminal: words by clock class, costs faint.
    """
    timing = timing or load_timing()
    shape = program.shape or shape
    cost = profile(program, timing, shape)
    lines = [
        f"program {program.name}: {plural(len(program.kernels), 'kernel')}, "
        f"{program.stored_words} of {STORE_WORDS} words stored, {cost.words} executed, {cost.time_us:.1f} us "
        f"({timing.name})"
    ]
    lines += [f"  param {name} = {short(repr(value), 60)}" for name, value in program.params.items()]
    lines += [f"  input {i.name} -> {i.register}" for i in program.inputs]
    for kernel in program.kernels.values():
        lines += ["", *_kernel(kernel, timing, width, colour)]
    lines += ["", *_host(program, timing, shape, width, colour)]
    return "\n".join(lines) + "\n"


def as_dict(program: Program, timing: Timing | None = None, shape: tuple[int, int] = CHIP) -> dict[str, Any]:
    """The same facts ready for JSON: kernels with their words, and steps with running words and us."""
    timing, shape = timing or load_timing(), program.shape or shape
    kernels = [
        {
            "name": kernel.name,
            "highspeed": kernel.highspeed,
            "storage": kernel.storage,
            "words": [
                {
                    "text": str(w),
                    "clock": w.clock.name.lower(),
                    "file": w.origin.file if w.origin else None,
                    "line": w.origin.line if w.origin else None,
                    "source": source_text(w.origin),
                    "macros": list(w.origin.macros) if w.origin else [],
                }
                for w in kernel.words
            ],
        }
        for kernel in program.kernels.values()
    ]
    steps = [
        {
            "text": text,
            "line": step.origin.line if step.origin else None,
            "words": words,
            "us": tidy(us),
            "bytes": out,
        }
        for step, text, words, us, out in _running(program, timing, shape)
    ]
    return {"program": program.name, "params": program.params, "kernels": kernels, "steps": steps}


def _kernel(kernel: Kernel, timing: Timing, width: int | None, colour: bool) -> Iterator[str]:
    head = f"kernel {kernel.name}: {plural(len(kernel.words), 'word')}{traits(kernel.storage, kernel.highspeed)}"
    yield paint(head, "bold", colour)
    wide = max((len(str(w)) for w in kernel.words), default=11)
    sources = [source_text(w.origin) for w in kernel.words]
    text_wide = min(SOURCE_WIDTH, max(6, *map(len, sources))) if sources else 6
    if width is not None:
        text_wide = max(min(text_wide, width - wide - len(f"{'':6} {'':5}    {'':7} {'':6}") - 2), LEAST_SOURCE)
    title = f"{'word':>6} {'line':>5}  {'source':{text_wide}}  {'native word':{wide}}  {'class':7} {'us':>6}"
    yield paint(title, "faint", colour)
    last: Origin | None = None
    us = 0.0
    for number, (word, source) in enumerate(zip(kernel.words, sources, strict=True), 1):
        new = number == 1 or not same_statement(word.origin, last)
        shown = short(source, text_wide) if new else ""
        line = str(word.origin.line) if new and word.origin else ""
        us += timing.word_us(word.clock, kernel.highspeed)
        clock = word.clock.name.lower()
        native = paint(f"{word!s:{wide}}", clock, colour)
        cost = paint(f"{clock:7} {us:6.1f}", "faint", colour)
        yield f"{number:6} {line:>5}  {shown:{text_wide}}  {native}  {cost}"
        last = word.origin


LEAST_SOURCE = 12
"""Columns of the source text on the narrowest terminal."""


def _host(program: Program, timing: Timing, shape: tuple[int, int], width: int | None, colour: bool) -> Iterator[str]:
    yield paint(f"host program: {plural(len(program.steps), 'step')}", "bold", colour)
    rows = list(_running(program, timing, shape))
    wide = max((len(text) for _, text, *_ in rows), default=4)
    if width is not None:
        wide = min(wide, width - len(f"{'':6} {'':5}    {'':7} {'':9} {'':9}"))
    title = f"{'step':>6} {'line':>5}  {'':{wide}}  {'words':>7} {'us so far':>9} {'bytes out':>9}".rstrip()
    yield paint(title, "faint", colour)
    for count, (step, text, words, us, out) in enumerate(rows, 1):
        line = str(step.origin.line) if step.origin else ""
        sent = f"{out:,}" if out else ""
        yield f"{count:6} {line:>5}  {short(text, wide):{wide}}  {words:7} {us:9.1f} {sent:>9}".rstrip()


def _running(program: Program, timing: Timing, shape: tuple[int, int]) -> Iterator[tuple[Step, str, int, float, int]]:
    """Every step with its text, the words and us spent when it is done, and the bytes that leave in it."""
    words, us = 0, 0.0
    launches: dict[str, StepCost] = {}
    for step in program.steps:
        if isinstance(step, Launch):
            cost = launches.get(step.kernel) or step_cost(step, program, timing, shape)
            launches[step.kernel] = cost
        else:
            cost = step_cost(step, program, timing, shape)
        words, us = words + cost.words, us + cost.us
        yield step, described(step), words, us, cost.volume.bytes if cost.volume else 0
