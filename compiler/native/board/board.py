"""The board that a live program talks to: kernels, launches, host calls and displays on a `Machine`, and answers.

Steps between two questions are carried out as one program; the same steps again are the same program, prepared once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from scamp_sim.chip import readout
from scamp_sim.chip.program import BITSTACK, HostCall, Kernel, Launch, Origin, Program, Step, Word
from scamp_sim.compiler.native.board import store
from scamp_sim.compiler.native.board.acts import Act, Acts
from scamp_sim.compiler.native.board.notes import Notes
from scamp_sim.compiler.native.board.words import at_place, call_words
from scamp_sim.machine.machine import Machine

BATCH = 256
"""Steps that are carried out as one program."""
MOST_PROGRAMS = 2048
"""Prepared programs that are kept."""
MOST_TEXTS = 10_000
MOST_PICTURES = 1_000
"""Texts, and pictures, of one frame that are kept."""
MOST_BYTES = 1 << 30
"""Bytes of pictures and texts of one run that are kept."""
MOST_TOLD = 4096
"""Bytes of lines with a question at their end that are known again as a whole."""
STORAGE = {"s": "static", "d": "dynamic", "h": "heap"}

Numbers = tuple[int, ...]
"""Steps by their numbers."""


@dataclass(frozen=True)
class Content:
    """A recorded kernel: its program text name, words, storage and place."""

    kernel: Kernel
    origin: Origin


@dataclass(slots=True)
class Tally:
    """What happens in one frame. `texts`: as they were told."""

    stored: int = 0
    acts: list[Act] = field(default_factory=list)
    pictures: dict[str, Any] = field(default_factory=dict)
    texts: list[bytes] = field(default_factory=list)
    posted: list[tuple[int, tuple[float, ...]]] = field(default_factory=list)
    dropped_texts: int = 0

    @property
    def holds(self) -> bool:
        """Whether anything has happened."""
        return bool(self.acts or self.texts or self.posted)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Steps as one program, prepared. `gives`: those with a result."""

    program: Program
    acts: tuple[Act, ...]
    us: float
    gives: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a list of steps is carried out: in batches, some of them after the scene is exposed anew.

    `seen`: whether PIX shows what the scene has at its end.
    """

    parts: tuple[tuple[bool, Numbers, tuple[Act, ...]], ...]
    seen: bool


@dataclass(frozen=True, slots=True)
class _Exchange:
    """Lines that end in a question for a result, prepared.

    parts: batches, some of them after the scene is exposed anew.
    seen: whether PIX shows what the scene has at its end.
    asked: the call of the question.
    fills: whether it asks for bytes, and not for a number.
    alone: whether it is all that the last batch gives.
    """

    parts: tuple[tuple[bool, _Batch], ...]
    seen: bool
    asked: HostCall
    fills: bool
    alone: bool


class Board:
    """Carries out what a program tells. `tally` holds the frame that is going on."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.displays: dict[int, str] = {}
        self.notes = Notes()
        self.acts = Acts(machine, self.notes)
        self.tally = Tally()
        self.contents: dict[int, Content] = {}
        self.kernels: dict[str, Kernel] = {}
        self.store = store.Store()
        self.us = 0.0
        self.image: Any = None
        self.pending: list[Act] = []
        self.kept = 0
        self._seen = True  # whether PIX shows what the scene has
        self._plans: dict[tuple[bool, Numbers], _Plan] = {}
        self._exchanges: dict[tuple[bool, bytes], _Exchange] = {}
        self._batches: dict[Numbers, _Batch] = {}
        self._once: set[Numbers] = set()
        self._names: dict[str, int] = {}
        self._stack_display = 0

    # --- kernels ---

    def define(self, number: int, storage: str, name: str, site: str, calls: Sequence[list[bytes]]) -> None:
        """A kernel that the program has recorded."""
        notes = self.notes
        origin = notes.place(site)
        words: list[Word] = []
        for site_of_call, op, *operands in calls:
            place = notes.place(site_of_call)
            shown = f"{op.decode()}({', '.join(o.decode() for o in operands)})"
            try:
                recorded = call_words(op.decode(), tuple(o.decode() for o in operands))
            except ValueError:
                what = f"'{shown}' is not an instruction that takes these operands"
                notes.note(place, "S615", what, "a register that was never given a value shows as ?", "error")
                continue
            for hazard in recorded.said:
                notes.note(place, "W611", f"{shown}: {hazard}", "the chip has no defined result for it")
            words += at_place(recorded.words, place)
        kernel = Kernel(self._kernel_name(name, origin.line), tuple(words), origin, STORAGE[storage])
        self.contents[number] = Content(kernel, origin)
        self.kernels[kernel.name] = kernel
        self._told_full(self.store.recorded(kernel), origin)

    def _kernel_name(self, name: str, line: int) -> str:
        stem = name if name.isidentifier() and name not in ("kernel", "main") else f"kernel_{line}"
        stem = f"kernel_{line}" if name == "operator()" else stem
        self._names[stem] = self._names.get(stem, 0) + 1
        return stem if self._names[stem] == 1 else f"{stem}_{self._names[stem]}"

    def instance(self, number: int, content: int) -> None:
        """A kernel takes its place in the store, or moves to the heap."""
        known = self.contents[content]
        self._told_full(self.store.put(number, known.kernel), known.origin)
        self.tally.stored = max(self.tally.stored, self.store.used)

    def freed(self, number: int) -> None:
        """A kernel object is gone; its words of the store are free."""
        self.store.drop(number)

    def _told_full(self, full: str, origin: Origin) -> None:
        if full:
            self.notes.note(
                origin, "S401", full, "the board drops what does not fit: move kernels to the heap", "error"
            )

    # --- steps ---

    def launch(self, line: bytes) -> None:
        """L content site"""
        act = self.acts.launch(line) or self.acts.launch(line, self.contents[int(line.split(b"\t")[1])].kernel)
        assert act is not None
        self.pending.append(act)

    def host(self, line: bytes) -> None:
        """H site name operands"""
        act = self.acts.call(line)
        if act is not None:
            self.pending.append(act)

    def show(self, line: bytes) -> None:
        """O site display name operands"""
        fields = line.split(b"\t")
        act = self.acts.call(line, [fields[1], *fields[3:]], int(fields[2]))
        if act is not None:
            self.pending.append(act)

    def ask(self, line: bytes) -> tuple[HostCall | None, Any]:
        """Carry out what waits, then one call whose result the program waits for; the call and that result, None if it
        was left out.

        line: `?call` or `?fill`, site name operands.
        """
        act = self.acts.call(line)
        if act is None:
            self.settle()
            return None, None
        self.pending.append(act)
        assert isinstance(act.step, HostCall)
        return act.step, self.settle().get(act.step.result)

    def ask_again(self, told: bytes) -> tuple[bool, HostCall, Any] | None:
        """Carry out lines which end in a question for a result, all at once: whether bytes are asked for, the call of
        that question, and the result. None, and nothing is done, if a line is new or holds something else.

        A frame like the one before it comes to its questions on this way alone.
        """
        key = self._seen, told
        exchange = self._exchanges.get(key)
        if exchange is None or self.pending:
            exchange = self._learned(told) if len(told) <= MOST_TOLD and not self.pending else None
            if exchange is None:
                return None
            if len(self._exchanges) >= MOST_PROGRAMS:
                self._exchanges.clear()
            self._exchanges[key] = exchange
        results: Mapping[str, Any] = {}
        tally, machine = self.tally, self.machine
        for exposed, batch in exchange.parts:
            if exposed:
                machine.expose(self.image)
            tally.acts += batch.acts
            self.us += batch.us
            results = machine.run(batch.program, registers=False).outputs
            if batch.gives and not exchange.alone:
                results = self._collected(batch.gives, results)
        self._seen = exchange.seen
        return exchange.fills, exchange.asked, results[exchange.asked.result]

    def _learned(self, told: bytes) -> _Exchange | None:
        lines = told.split(b"\n")[:-1]
        if not lines or not lines[-1].startswith((b"?call", b"?fill")):
            return None
        acts = [a for a in map(self.acts.told, lines) if a is not None]
        if len(acts) < len(lines):
            return None
        plan, last = self._planned(acts), acts[-1]
        parts = tuple((exposed, self._batch(numbers, some)) for exposed, numbers, some in plan.parts)
        alone = parts[-1][1].gives == (last,) and not any(batch.gives for _, batch in parts[:-1]) and last.display < 0
        assert isinstance(last.step, HostCall)
        return _Exchange(parts, plan.seen, last.step, lines[-1].startswith(b"?fill"), alone)

    # --- carrying out ---

    def scene(self, image: Any) -> None:
        """What the photodiodes see from now on."""
        self.image = image
        self._seen = image is None

    def settle(self) -> Mapping[str, Any]:
        """Carry out what waits; results of the last program by name."""
        if not self.pending:
            return {}
        waiting = self.pending.copy()
        self.pending.clear()
        key = self._seen, tuple([a.number for a in waiting])
        plan = self._plans.get(key)
        if plan is None:
            plan = self._planned(waiting)
            if len(waiting) <= BATCH:
                if len(self._plans) >= MOST_PROGRAMS:
                    self._plans.clear()
                self._plans[key] = plan
        return self._follow(plan)

    def _follow(self, plan: _Plan) -> Mapping[str, Any]:
        results: Mapping[str, Any] = {}
        for exposed, numbers, acts in plan.parts:
            if exposed:
                self.machine.expose(self.image)
            results = self._carry_out(numbers, acts)
        self._seen = plan.seen
        return results

    def _planned(self, waiting: Sequence[Act]) -> _Plan:
        parts: list[tuple[bool, Numbers, tuple[Act, ...]]] = []
        batch: list[Act] = []
        seen, exposed = self._seen, False

        def close() -> None:
            nonlocal batch, exposed
            if batch:
                parts.append((exposed, tuple([a.number for a in batch]), tuple(batch)))
                batch, exposed = [], False

        for act in waiting:
            if act.sees and not seen:
                close()
                exposed = seen = True
            batch.append(act)
            if act.resets:
                seen = self.image is None
            if len(batch) >= BATCH:
                close()
        close()
        return _Plan(tuple(parts), seen)

    def _carry_out(self, numbers: Numbers, acts: Sequence[Act]) -> Mapping[str, Any]:
        if numbers not in self._batches and self._comes_first(numbers, acts):
            return self._carry_out_apart(acts)
        batch = self._batch(numbers, acts)
        self.tally.acts += acts
        self.us += batch.us
        outputs = self.machine.run(batch.program, registers=False).outputs
        return self._collected(batch.gives, outputs) if batch.gives else {}

    def _batch(self, numbers: Numbers, acts: Sequence[Act]) -> _Batch:
        batch = self._batches.get(numbers)
        if batch is None:
            if len(self._batches) >= MOST_PROGRAMS:
                self._batches.clear()
            program = self.program_of(acts, f"batch {len(self._batches)}")
            batch = _Batch(program, tuple(acts), sum(a.us for a in acts), tuple(a for a in acts if a.gives))
            self._batches[numbers] = batch
        return batch

    def _comes_first(self, numbers: Numbers, acts: Sequence[Act]) -> bool:
        """Whether steps with drawings among them come for the first time. Programs draw at places that never come
        again, and then it is not worth a program."""
        if not self.machine.draws_at_once or not any(a.places for a in acts) or numbers in self._once:
            return False
        if len(self._once) >= MOST_PROGRAMS:
            self._once.clear()
        self._once.add(numbers)
        return True

    def _carry_out_apart(self, acts: Sequence[Act]) -> Mapping[str, Any]:
        """Steps with the drawings among them at once, the rest as programs."""
        results: Mapping[str, Any] = {}
        for drawing, some in groupby(acts, key=lambda a: a.places is not None):
            part = tuple(some)
            if drawing:
                self.tally.acts += part
                self.us += sum(a.us for a in part)
                self.machine.draw([(a.step, a.places) for a in part if isinstance(a.step, HostCall) and a.places])
            else:
                results = self._carry_out(tuple([a.number for a in part]), part)
        return results

    def _collected(self, acts: Sequence[Act], outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Results by name, those for displays put there."""
        results: dict[str, Any] = {}
        named = iter(outputs.values())
        for act in acts:
            step = act.step
            assert isinstance(step, HostCall)
            if not step.result:
                self._stack_display = act.display
                continue
            value = next(named)
            results[step.result] = value
            if act.display >= 0:
                handle = self._stack_display if step.name.startswith(BITSTACK) else act.display
                self._picture(handle, value, step)
        return results

    def _picture(self, handle: int, value: Any, step: HostCall) -> None:
        if handle not in self.displays:
            label = step.name.removeprefix("scamp5_") if handle == 0 else f"display {handle}"
            self.displays[handle] = label
            if handle and step.origin is not None:
                self.notes.note(
                    step.origin, "W613", f"there is no display {handle}", "vs_gui_add_display gives handles"
                )
        pictures = self.tally.pictures
        if len(pictures) >= MOST_PICTURES:
            what = f"left out: the frame has given more than {MOST_PICTURES:,} pictures"
            self._left_out(what, step.origin)
            return
        label, number, name = self.displays[handle], 1, self.displays[handle]
        while name in pictures:
            number += 1
            name = f"{label}-{number}"
        if self.room(int(np.asarray(value).nbytes), step.origin):
            pictures[name] = np.array(value)

    def room(self, size: int, place: Origin | None) -> bool:
        """Whether so many bytes of results are kept; a note says so if not."""
        self.kept += size
        if self.kept <= MOST_BYTES:
            return True
        self._left_out(f"left out: the run has given more than {MOST_BYTES >> 20:,} MiB of pictures and texts", place)
        return False

    def _left_out(self, what: str, place: Origin | None) -> None:
        nowhere = Origin(self.notes.files.get(0, "?"), 1, 1, 1, 1)
        self.notes.note(place or nowhere, "S624", what, "run fewer frames, or show less in each", "error")

    def program_of(self, acts: Sequence[Act], name: str, whole: bool = False) -> Program:
        """Steps as an ordinary program.

        whole: with the picture as its input, and results under names of their own.
        """
        kernels: dict[str, Kernel] = {}
        steps: list[Step] = []
        taken: dict[str, int] = {}
        for act in acts:
            step = act.step
            if isinstance(step, Launch):
                kernels.setdefault(step.kernel, self.kernels[step.kernel])
            elif isinstance(step, HostCall) and step.result:
                label = step.result
                if whole:
                    label = self.displays.get(act.display, "") or step.name.removeprefix("scamp5_")
                taken[label] = taken.get(label, 0) + 1
                label = label if taken[label] == 1 else f"{label}-{taken[label]}"
                step = HostCall(step.name, step.args, step.origin, label)
            steps.append(step)
        return store.fitting(name, kernels, tuple(steps), whole)

    def known_acts(self) -> Iterator[Act]:
        """The different steps that were told so far."""
        return iter(self.acts)


def number_of(value: Any) -> int:
    """A result as the number that a routine returns; 0 where it was left out."""
    return 0 if value is None else int(value)


def bytes_of(call: HostCall | None, value: Any, machine: Machine) -> bytes:
    """A result as the bytes that the SDK's buffers get."""
    if call is None or value is None:
        return b""
    return readout.payload(call, value, machine.shape, machine.options)


__all__ = ["Act", "Board", "Tally", "bytes_of", "number_of"]
