"""Costs of a frame as the page shows them: by source line, by kernel, along time; plain values, ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scamp_sim.chip.isa import STORE_WORDS
from scamp_sim.chip.program import Kernel, Launch, Program, stored_words
from scamp_sim.costs.timeline import timeline
from scamp_sim.costs.timing import Timing, combine, step_cost
from scamp_sim.machine.travel import Course
from scamp_sim.show.report.annotate import NOWHERE, Annotation, annotate
from scamp_sim.show.report.charts import time_parts
from scamp_sim.view.records import Frame, label

MOST_SPANS = 6000
"""Spans of a timeline that the page draws; statements are left out first."""


class Account:
    """Costs at the prices of `timing` on an array of `shape`; what is asked for again is known."""

    def __init__(self, timing: Timing, shape: tuple[int, int]) -> None:
        self.timing, self.shape = timing, shape
        self._annotations: dict[Program, Annotation] = {}
        self._clocks: dict[Program, tuple[float, ...]] = {}

    def annotation(self, program: Program) -> Annotation:
        """Costs of one run by source line."""
        if program not in self._annotations:
            self._annotations[program] = annotate(program, self.timing, self.shape)
        return self._annotations[program]

    def clock(self, program: Program, course: Course) -> tuple[float, ...]:
        """us at which each moment of a program is over; the first is 0, when it was loaded."""
        if program not in self._clocks:
            times, now, step = [0.0], 0.0, -1
            for moment in course.moments_of(program):
                item = program.steps[moment.step]
                if moment.step != step:
                    # kernels without words have no moments, but their launches take time
                    for skipped in range(step + 1, moment.step):
                        now += step_cost(program.steps[skipped], program, self.timing, self.shape).us
                    step = moment.step
                    if isinstance(item, Launch):
                        now += step_cost(item, program, self.timing, self.shape).launch_us
                if isinstance(item, Launch):
                    word = program.kernels[item.kernel].words[moment.kernel_word - 1]
                    now += self.timing.word_us(word.clock, program.kernels[item.kernel].highspeed)
                else:
                    now += step_cost(item, program, self.timing, self.shape).us
                times.append(now)
            self._clocks[program] = tuple(times)
        return self._clocks[program]

    def frame(self, frame: Frame) -> dict[str, Any]:
        """Everything that the page shows of what a frame costs."""
        parts = [(self.annotation(p), times) for p, times in frame.parts]
        costs = [(a.profile, times) for a, times in parts]
        if not costs:
            return {"words": 0, "us": 0.0, "lines": {}, "kernels": [], "spans": [], "parts": [], "rows": []}
        whole = costs[0][0] if len(costs) == 1 and costs[0][1] == 1 else combine(costs, frame.title)
        kernels = _kernels(frame)
        return {
            "words": whole.words,
            "us": whole.time_us,
            "compute_us": whole.compute_us,
            "stored": stored_words((k.storage, len(k.words)) for k, _ in kernels.values()),
            "store": STORE_WORDS,
            "lines": _lines(parts),
            "kernels": [
                {
                    "name": name,
                    "words": len(kernel.words),
                    "storage": kernel.storage,
                    "highspeed": kernel.highspeed,
                    "launches": launches,
                }
                for name, (kernel, launches) in kernels.items()
            ],
            "parts": self._parts(parts),
            "rows": [[list(row) for row in section] for section in whole.sections() if section],
            "spans": self._spans(frame),
            "note": whole.note,
            "timing": self.timing.name,
        }

    def _parts(self, parts: Sequence[tuple[Annotation, int]]) -> list[list[Any]]:
        """[name, class, us] of all that takes time."""
        found: dict[tuple[str, str], float] = {}
        for annotation, times in parts:
            for name, css, us in time_parts(annotation, self.timing):
                found[name, css] = found.get((name, css), 0.0) + times * us
        return [[name, css, us] for (name, css), us in found.items()]

    def _spans(self, frame: Frame) -> list[list[Any]]:
        """[category, name, start, us, line] of every span of the frame's programs, one after the other."""
        spans: list[list[Any]] = []
        now = 0.0
        for program, times in frame.parts:
            found = timeline(program, self.timing, self.shape)
            for _ in range(times):
                spans += [[s.category, s.name, now + s.start_us, s.us, s.args.get("line", 0)] for s in found]
                now += max((s.end_us for s in found), default=0.0)
                if len(spans) > 4 * MOST_SPANS:
                    break
        if len(spans) > MOST_SPANS:
            spans = [s for s in spans if s[0] != "statement"]
        return spans[:MOST_SPANS]


def _kernels(frame: Frame) -> dict[str, tuple[Kernel, int]]:
    """The kernels of a frame, and how often each is launched in it."""
    found: dict[str, tuple[Kernel, int]] = {}
    for program, times in frame.parts:
        for name, kernel in program.kernels.items():
            launches = times * sum(isinstance(s, Launch) and s.kernel == name for s in program.steps)
            label, number = name, 1
            while label in found and found[label][0].words != kernel.words:
                number += 1
                label = f"{name}-{number}"
            found[label] = kernel, launches + found.get(label, (kernel, 0))[1]
    return found


def _lines(parts: Sequence[tuple[Annotation, int]]) -> dict[str, dict[int, list[Any]]]:
    """File -> line -> [words, us, what it is made of] in the whole frame; "" -> 0 for what has no text."""
    found: dict[str, dict[int, list[Any]]] = {}
    for annotation, times in parts:
        for place, cost in annotation.lines.items():
            file, line = ("", 0) if place == NOWHERE else (label(annotation.program, place[0]), place[1])
            row = found.setdefault(file, {}).setdefault(line, [0, 0.0, []])
            row[0] += times * cost.words
            row[1] += times * cost.us
            row[2] = sorted({*row[2], *cost.parts()})[:6]
    return found


__all__ = ["Account"]
