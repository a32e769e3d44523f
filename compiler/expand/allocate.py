"""Choosing registers for scratch names, by liveness over the whole run.

A run is a straight line of words, host calls and outputs, so a place in it is a number. Every register and every
scratch name occupies closed intervals of places; two that overlap cannot share. Closed, because a word must not read
and write the same cell. A kernel is stored once, so its scratch keeps one register over all launches.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scamp_sim.chip import isa
from scamp_sim.chip.program import HostCall, Input, Launch, Origin, Output, Step, Word
from scamp_sim.compiler.expand.bits import Bit, follow
from scamp_sim.compiler.expand.context import Emitted, Scratch
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.front.reporter import Reporter

CHOICE = {
    "areg": ("F", "E", "D", "C", "B", "A"),
    "dreg": ("R11", "R10", "R9", "R8", "R7", "R6", "R5", "R4", "R3", "R2", "R1", "R0"),
}
"""Order of preference. NEWS and R12 are left out: nearly everything overwrites NEWS, and R0 gates R12."""

START = -1
"""The place before the first step, where inputs arrive."""


@dataclass(order=True, frozen=True, slots=True)
class Span:
    """Places from `first` to `last`, both included, and who holds the register there."""

    first: int
    last: int
    holder: str = field(compare=False)


@dataclass
class _Trace:
    """Accesses to one register, in order, boiled down to the places where its content matters."""

    spans: list[Span] = field(default_factory=list)
    since: int = START
    writer: str = "what was in it before the run"
    mentioned: int | None = None

    def read(self, place: int) -> None:
        """Its content matters from the last complete write up to here."""
        if self.spans and self.spans[-1].first == self.since:
            self.spans[-1] = Span(self.since, place, self.spans[-1].holder)
        else:
            self.spans.append(Span(self.since, place, self.writer))

    def write(self, place: int, whole: bool, writer: str) -> None:
        """A write that does not reach every PE leaves the old content alive, so it matters up to here."""
        if whole:
            self.since, self.writer = place, writer
        else:
            self.read(place)
        self.spans.append(Span(place, place, writer))


@dataclass
class _Mask:
    """What is known about FLAG along the run. `current`: the place that restricted it, or None: 1 everywhere."""

    current: int | None = None
    bits: dict[str, Bit] = field(default_factory=dict)
    flag: Bit = Bit.ONES

    def follow(self, place: int, step: Step, emitted: Emitted | None) -> None:
        if emitted is not None:
            self.flag = follow(emitted.word, self.bits, self.flag)
            if "FLAG" in emitted.word.row.writes:
                self.current = None if self.flag is Bit.ONES else place
            return
        for register in _writes(step, None):
            self.bits[register] = Bit.UNKNOWN
        if isinstance(step, HostCall) and "FLAG" in step.form.writes:
            self.current, self.flag = None, Bit.ONES


def allocate(
    scratch: Mapping[str, Scratch],
    kernels: Mapping[str, Sequence[Emitted]],
    steps: Sequence[Step],
    inputs: Sequence[Input],
    aliased: Mapping[str, Origin],
    reporter: Reporter,
) -> dict[str, str]:
    """Scratch name -> register. What cannot be placed, and what is read before it is written, is reported."""
    used = _used(scratch, kernels, steps, inputs)
    _read_before_written(used, kernels, steps, inputs, reporter)
    _partly_written(used, kernels, steps, inputs, reporter)
    wanted = _wanted(used, kernels, steps, inputs)
    taken = _taken(kernels, steps, inputs, aliased, set(scratch))
    if reporter.failed:
        return {}
    by_start = sorted(used, key=lambda n: (wanted[n][0].first, n))
    by_length = sorted(used, key=lambda n: (wanted[n][0].first - wanted[n][-1].last, n))
    chosen = _colour(by_start, used, wanted, taken)
    if isinstance(chosen, str):
        longest_first = _colour(by_length, used, wanted, taken)
        if isinstance(longest_first, str):
            _report_full(chosen, by_start, used, wanted, taken, reporter)
            return {}
        chosen = longest_first
    return chosen


def _walk(
    kernels: Mapping[str, Sequence[Emitted]], steps: Sequence[Step]
) -> Iterator[tuple[int, Step, Emitted | None]]:
    """Place, step and word (for launches) of everything that happens."""
    place = 0
    for step in steps:
        if isinstance(step, Launch):
            for emitted in kernels[step.kernel]:
                yield place, step, emitted
                place += 1
        else:
            yield place, step, None
            place += 1


def _reads(step: Step, emitted: Emitted | None) -> Iterable[str]:
    if emitted is not None:
        # R12 takes a write only where R0 is set, so such a word reads R0
        return (*emitted.word.reads, "R0") if "R12" in emitted.word.writes else emitted.word.reads
    if isinstance(step, Output):
        return (step.register,)
    return step.reads if isinstance(step, HostCall) else ()


def _writes(step: Step, emitted: Emitted | None) -> Iterable[str]:
    if emitted is not None:
        return emitted.word.writes
    return step.writes if isinstance(step, HostCall) else ()


# --- scratch names --------------------------------------------------------------------------------------------


def _used(
    scratch: Mapping[str, Scratch],
    kernels: Mapping[str, Sequence[Emitted]],
    steps: Sequence[Step],
    inputs: Sequence[Input],
) -> dict[str, Scratch]:
    """Scratch that a word, a host call, an input or an output names."""
    seen = {i.register for i in inputs}
    for words in kernels.values():
        for emitted in words:
            seen.update(emitted.word.dst, emitted.word.src)
    for step in steps:
        if isinstance(step, Output):
            seen.add(step.register)
        elif isinstance(step, HostCall):
            seen.update(a for a in step.args if isinstance(a, str))
    return {name: s for name, s in scratch.items() if name in seen}


def _read_before_written(
    used: Mapping[str, Scratch],
    kernels: Mapping[str, Sequence[Emitted]],
    steps: Sequence[Step],
    inputs: Sequence[Input],
    reporter: Reporter,
) -> None:
    def complain(name: str, origin: Origin | None) -> None:
        kept = "when its kernel starts it holds nothing" if used[name].kernel else "nothing has written it by then"
        reporter.error(
            origin or used[name].span,
            "S214",
            f"scratch '{_label(name)}' is read before it is written: {kept}",
            "write it first, or declare it at the top level to keep it between kernels"
            if used[name].kernel
            else "write it first",
        )

    for words in kernels.values():
        written: set[str] = set()
        for each in words:
            for name in each.word.src:
                if name in used and used[name].kernel is not None and name not in written:
                    written.add(name)  # one message is enough
                    complain(name, each.word.origin)
            written.update(each.word.dst)
    written = {i.register for i in inputs}
    for _, step, emitted in _walk(kernels, steps):
        for name in _reads(step, emitted):
            if name in used and used[name].kernel is None and name not in written:
                written.add(name)
                complain(name, step.origin if emitted is None else emitted.word.origin)
        written.update(n for n in _writes(step, emitted) if n in used)


def _partly_written(
    used: Mapping[str, Scratch],
    kernels: Mapping[str, Sequence[Emitted]],
    steps: Sequence[Step],
    inputs: Sequence[Input],
    reporter: Reporter,
) -> None:
    """Warn about analog scratch that one condition has written and that all PEs read.

    Two conditions may be each other's complement, so what they wrote together counts as written.
    """
    mask = _Mask()
    written: dict[str, set[int | None]] = {i.register: {None} for i in inputs}
    launch: Step | None = None
    for place, step, emitted in _walk(kernels, steps):
        if step is not launch:
            launch = step
            for name in [n for n in written if n in used and used[n].kernel is not None]:
                del written[name]
        gated = emitted is not None and emitted.word.row.gate is isa.Gate.FLAG
        for name in _reads(step, emitted):
            masks = written.get(name, set())
            if name not in used or used[name].kind != "areg" or len(masks) != 1 or None in masks:
                continue
            if mask.current is not None and gated:
                continue
            masks.add(None)  # one message is enough
            _report_partly(name, step, emitted, used, reporter)
        for name in _writes(step, emitted):
            if name in used:
                written.setdefault(name, set()).add(mask.current)
        mask.follow(place, step, emitted)


def _report_partly(
    name: str, step: Step, emitted: Emitted | None, used: Mapping[str, Scratch], reporter: Reporter
) -> None:
    origin = (emitted.word.origin if emitted is not None else step.origin) or used[name].span
    reporter.add(
        Diagnostic.at(
            origin,
            "W502",
            "warning",
            f"scratch '{_label(name)}' is read in all PEs, but it was written only where a condition held",
            hint="write it everywhere first, as in res(t), or read it under the same condition",
        )
    )


def _wanted(
    used: Mapping[str, Scratch],
    kernels: Mapping[str, Sequence[Emitted]],
    steps: Sequence[Step],
    inputs: Sequence[Input],
) -> dict[str, list[Span]]:
    """Where each scratch name needs its register: once per launch, or from first to last access over the run."""
    local: dict[str, dict[str, tuple[int, int]]] = {}
    for kernel, words in kernels.items():
        found: dict[str, tuple[int, int]] = {}
        for number, emitted in enumerate(words):
            for name in (*emitted.word.dst, *emitted.word.src):
                if name in used and used[name].kernel is not None:
                    found[name] = (found.get(name, (number, 0))[0], number)
        local[kernel] = found
    whole: dict[str, tuple[int, int]] = {i.register: (START, START) for i in inputs if i.register in used}
    wanted: dict[str, list[Span]] = {}
    place = 0
    for step in steps:
        if isinstance(step, Launch):
            for name, (first, last) in local[step.kernel].items():
                wanted.setdefault(name, []).append(Span(place + first, place + last, _who(used[name])))
            for number, emitted in enumerate(kernels[step.kernel]):
                _extend(whole, used, (*emitted.word.dst, *emitted.word.src), place + number)
            place += len(kernels[step.kernel])
        else:
            _extend(whole, used, (*_reads(step, None), *_writes(step, None)), place)
            place += 1
    wanted.update({name: [Span(first, last, _who(used[name]))] for name, (first, last) in whole.items()})
    return wanted


def _extend(whole: dict[str, tuple[int, int]], used: Mapping[str, Scratch], names: Iterable[str], place: int) -> None:
    for name in names:
        if name in used and used[name].kernel is None:
            whole[name] = (whole.get(name, (place, 0))[0], place)


def _who(scratch: Scratch) -> str:
    return f"scratch '{_label(scratch.name)}' (line {scratch.span.line})"


def _label(name: str) -> str:
    return name.split("#")[0]


# --- registers that the text and its macros use ---------------------------------------------------------------


def _taken(
    kernels: Mapping[str, Sequence[Emitted]],
    steps: Sequence[Step],
    inputs: Sequence[Input],
    aliased: Mapping[str, Origin],
    names: set[str],
) -> dict[str, list[Span]]:
    """Where each register of the chip is not free."""
    traces = {r: _Trace() for kind in CHOICE.values() for r in kind}
    for item in inputs:
        if item.register in traces:
            traces[item.register].mentioned = START
            traces[item.register].write(START, True, f"input '{item.name}'")
    mask = _Mask()
    place = START
    for place, step, emitted in _walk(kernels, steps):
        whole = mask.current is None
        for register in _reads(step, emitted):
            if register in traces:
                traces[register].read(place)
        for register in _writes(step, emitted):
            if register in traces:
                traces[register].write(place, whole or register not in isa.ANALOG, _cause(step, emitted))
        for register in emitted.mine if emitted else _operands(step):
            if register in traces and traces[register].mentioned is None:
                traces[register].mentioned = place
        mask.follow(place, step, emitted)
    for register, span in aliased.items():
        # a name that no word of the run uses may be meant for someone outside of it
        if register in traces and traces[register].mentioned is None:
            traces[register].mentioned = START
            traces[register].writer = f"your text (line {span.line})"
    taken = {}
    for register, trace in traces.items():
        spans = trace.spans
        if trace.mentioned is not None:
            spans = [s for s in spans if s.first < trace.mentioned]
            spans = [*spans, Span(trace.mentioned, place + 1, f"your text{_line(kernels, steps, trace.mentioned)}")]
        taken[register] = sorted(spans)
    return taken


def _operands(step: Step) -> Iterable[str]:
    if isinstance(step, Output):
        return (step.register,)
    return [r for r, _ in step.registers] if isinstance(step, HostCall) else ()


def _cause(step: Step, emitted: Emitted | None) -> str:
    origin = emitted.word.origin if emitted else step.origin
    line = f" (line {origin.line})" if origin else ""
    if emitted is not None and origin is not None and origin.macros:
        return f"a temporary of {origin.macros[-1]}{line}"
    return f"your text{line}"


def _line(kernels: Mapping[str, Sequence[Emitted]], steps: Sequence[Step], mentioned: int) -> str:
    for place, step, emitted in _walk(kernels, steps):
        if place == mentioned:
            origin = emitted.word.origin if emitted else step.origin
            return f" (line {origin.line})" if origin else ""
    return ""


# --- colouring ------------------------------------------------------------------------------------------------


def _colour(
    order: Sequence[str],
    used: Mapping[str, Scratch],
    wanted: Mapping[str, list[Span]],
    taken: Mapping[str, list[Span]],
) -> dict[str, str] | str:
    """A register for every name, first fit; or the name that found none."""
    held = {register: list(spans) for register, spans in taken.items()}
    chosen: dict[str, str] = {}
    for name in order:
        for register in CHOICE[used[name].kind]:
            if _clash(held[register], wanted[name]) is None:
                chosen[name] = register
                for span in wanted[name]:
                    insort(held[register], span)
                break
        else:
            return name
    return chosen


def _clash(held: Sequence[Span], wanted: Sequence[Span]) -> Span | None:
    """The first holder that overlaps. Both are sorted by start; wanted spans do not overlap each other."""
    starts = [w.first for w in wanted]
    for span in held:
        # of the wanted spans that begin before the held one ends, only the last can reach into it first
        index = bisect_right(starts, span.last) - 1
        if index >= 0 and wanted[index].last >= span.first:
            return span
    return None


def _report_full(
    failed: str,
    order: Sequence[str],
    used: Mapping[str, Scratch],
    wanted: Mapping[str, list[Span]],
    taken: Mapping[str, list[Span]],
    reporter: Reporter,
) -> None:
    held = {register: list(spans) for register, spans in taken.items()}
    for name in order[: order.index(failed)]:
        for register in CHOICE[used[name].kind]:
            if _clash(held[register], wanted[name]) is None:
                for span in wanted[name]:
                    insort(held[register], span)
                break
    kind = used[failed].kind
    word = "analog" if kind == "areg" else "digital"
    notes = []
    for register in reversed(CHOICE[kind]):
        clash = _clash(held[register], wanted[failed])
        if clash is not None:
            notes.append(f"{register} is held by {clash.holder}")
    notes.append(
        "NEWS is the temporary of the analog macros" if kind == "areg" else "R12 is never chosen: R0 gates its writes"
    )
    reporter.error(
        used[failed].span,
        "S402",
        f"no {word} register is left for scratch '{_label(failed)}'",
        "reuse a scratch register, or split the work between kernels",
        notes,
    )


def assigned(word: Word, chosen: Mapping[str, str]) -> Word:
    """The word with scratch names replaced."""
    if not any(r in chosen for r in (*word.dst, *word.src)):
        return word
    dst = tuple(chosen.get(r, r) for r in word.dst)
    src = tuple(chosen.get(r, r) for r in word.src)
    return Word(word.op, dst, src, word.origin)
