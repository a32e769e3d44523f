"""When a program does what, at the prices of the table: spans on three tracks, and a trace file of them.

The controller waits for the array and for the readout, so nothing overlaps: the tracks take turns, and the end of the
last span is the modelled time of the run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scamp_sim.chip.host import CHIP, DEFAULT
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.program import HostCall, Kernel, Launch, Origin, Output, Program, Word
from scamp_sim.chip.trace import Seen, comes_again, described, same_statement, source_text
from scamp_sim.costs.timing import StepCost, Timing, step_cost
from scamp_sim.files import write_text

TRACKS = ("array", "controller", "readout")
"""In the order in which a viewer shows them."""

MOST_STATEMENTS = 20_000
"""Spans of statements in one timeline. Launches after that are shown without the statements inside them."""


@dataclass(frozen=True)
class Span:
    """Something that takes time.

    `start_us`, `us`: in the modelled time of the run.
    `category`: "kernel", "statement", "launch", "recording", "host call", "words" or "readout".
    args: words, line, bytes and the like, ready for JSON.
    """

    track: str
    name: str
    start_us: float
    us: float
    category: str
    origin: Origin | None = None
    args: Mapping[str, Any] = field(default_factory=dict)

    @property
    def end_us(self) -> float:
        return self.start_us + self.us


def timeline(
    program: Program, timing: Timing, shape: tuple[int, int] = CHIP, options: ArrayOptions = DEFAULT
) -> tuple[Span, ...]:
    """One run of a program as spans, in order of their starts; a kernel comes before the statements inside it.

    Array: kernels with the statements of the source inside; equal neighbours, as a loop makes them, are one span whose
    `times` says how many. Controller: launches, the recording of dynamic kernels, host calls. Readout: what leaves the
    chip. Spans of a track do not overlap, but for statements inside their kernel. The last one ends at the run's
    `Profile.time_us`.
    """
    spans: list[Span] = []
    now, room = 0.0, MOST_STATEMENTS
    inside: dict[str, tuple[Span, ...]] = {}
    for step in program.steps:
        cost = step_cost(step, program, timing, shape, options)
        if isinstance(step, Launch):
            kernel = program.kernels[step.kernel]
            spans += _launch(step, kernel, cost, timing, now)
            now += cost.launch_us
            if step.kernel not in inside:
                inside[step.kernel] = tuple(_statements(kernel, timing))
            statements = inside[step.kernel] if len(inside[step.kernel]) <= room else ()
            room -= len(statements)
            args = {"words": cost.words, "high-speed": kernel.highspeed, **_at(kernel.origin)}
            if not statements and kernel.words:
                args["statements"] = f"left out: the timeline holds {MOST_STATEMENTS:,}"
            if cost.words:
                spans.append(Span("array", step.kernel, now, cost.word_us, "kernel", kernel.origin, args))
            spans += (Span(s.track, s.name, now + s.start_us, s.us, s.category, s.origin, s.args) for s in statements)
            now += cost.word_us
            continue
        spans += _call(step, cost, now)
        now += cost.us
    return tuple(spans)


def _launch(step: Launch, kernel: Kernel, cost: StepCost, timing: Timing, now: float) -> Iterator[Span]:
    """The controller's part of a launch. What a dynamic kernel's recording adds to the price comes first."""
    recording = timing["record.word"] * cost.words if kernel.storage == "dynamic" else 0.0
    price = cost.launch_us - recording
    if recording > 0:
        args = {"words": len(kernel.words), **_at(step.origin)}
        yield Span("controller", f"record {step.kernel}", now, recording, "recording", step.origin, args)
    if price > 0:
        args = {"kernel": step.kernel, "storage": kernel.storage, **_at(step.origin)}
        yield Span("controller", f"launch {step.kernel}", now + recording, price, "launch", step.origin, args)


def _call(step: HostCall | Output, cost: StepCost, now: float) -> Iterator[Span]:
    """A host call or an output: the controller's part, the array's where it is priced by itself, the readout's."""
    text = described(step)
    name = step.name if isinstance(step, HostCall) else f"output {step.name}"
    call = {"call": text, "words": cost.words, **_at(step.origin)}
    if cost.call_us > 0:
        yield Span("controller", name, now, cost.call_us, "host call", step.origin, call)
    if cost.word_us > 0:
        yield Span("array", name, now + cost.call_us, cost.word_us, "words", step.origin, call)
    if cost.volume is not None:
        start = now + cost.call_us + cost.word_us
        args: dict[str, Any] = {"call": text, "kind": cost.volume.kind, "bytes": cost.volume.bytes}
        if isinstance(step, Output) or step.result:
            name = step.name if isinstance(step, Output) else step.result
        yield Span("readout", name, start, cost.readout_us, "readout", step.origin, {**args, **_at(step.origin)})


def _statements(kernel: Kernel, timing: Timing) -> Iterator[Span]:
    """The statements of a kernel that starts at 0."""
    groups: list[list[Word]] = []  # the words of equal neighbours
    times: list[int] = []
    last: Origin | None = None
    seen: Seen = {}
    for word in kernel.words:
        same = bool(groups) and same_statement(word.origin, last)
        again = same and comes_again(seen, word.origin)
        if same:
            groups[-1].append(word)
            times[-1] += again
        else:
            groups.append([word])
            times.append(1)
        if again or not same:
            seen = {}
            comes_again(seen, word.origin)
        last = word.origin
    now = 0.0
    for words, count in zip(groups, times, strict=True):
        taken = sum(timing.word_us(w.clock, kernel.highspeed) for w in words)
        origin = words[0].origin
        args = {"words": len(words), **({"times": count} if count > 1 else {}), **_at(origin)}
        yield Span("array", source_text(origin) or str(words[0]), now, taken, "statement", origin, args)
        now += taken


def _at(origin: Origin | None) -> dict[str, Any]:
    return {} if origin is None else {"file": origin.file, "line": origin.line}


# --- the trace file ---------------------------------------------------------------------------------------------


def trace(spans: Sequence[Span], name: str = "scamp-sim") -> dict[str, Any]:
    """The spans as a document in Chrome's trace format, which chrome://tracing and Perfetto open: times in us."""
    events: list[dict[str, Any]] = [_meta("process_name", 0, name=name), _meta("process_sort_index", 0, sort_index=0)]
    for thread, track in enumerate(TRACKS, 1):
        events += [_meta("thread_name", thread, name=track), _meta("thread_sort_index", thread, sort_index=thread)]
    for span in spans:
        # Viewers count in whole ns: rounding both ends, not the length, keeps statements inside their kernel.
        start, end = round(span.start_us * 1000), round(span.end_us * 1000)
        events.append(
            {
                "ph": "X",
                "pid": 1,
                "tid": TRACKS.index(span.track) + 1,
                "name": span.name,
                "cat": span.category,
                "ts": start / 1000,
                "dur": (end - start) / 1000,
                "args": dict(span.args),
            }
        )
    return {"traceEvents": events, "displayTimeUnit": "ns", "otherData": {"program": name, "time": "modelled, us"}}


def _meta(kind: str, thread: int, **args: Any) -> dict[str, Any]:
    return {"ph": "M", "pid": 1, "tid": thread, "name": kind, "args": args}


def write_trace(spans: Sequence[Span], path: str | Path, name: str = "scamp-sim") -> Path:
    """Write the spans as a trace file.

    `name`: what a viewer calls the process.

    Raises ScampError.
    """
    text = json.dumps(trace(spans, name), separators=(",", ":"), ensure_ascii=False)
    return write_text(path, text + "\n", "trace")
