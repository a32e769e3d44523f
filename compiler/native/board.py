"""The board that a live program talks to: kernels, launches, host calls and displays on a `Machine`, and answers.

Steps between two questions are carried out as one program; the same steps again are the same program, prepared once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scamp_sim.chip import isa, readout
from scamp_sim.chip.host import actions
from scamp_sim.chip.operand_checks import faults, outside
from scamp_sim.chip.program import BITSTACK, HostCall, Kernel, Launch, Origin, Program, Step, Word
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.native import said, store
from scamp_sim.compiler.native.words import at_place, call_words
from scamp_sim.costs.timing import step_cost
from scamp_sim.exceptions import ScampError
from scamp_sim.machine.machine import Machine

BATCH = 256
"""Steps that are carried out as one program."""
MOST_PROGRAMS = 2048
"""Prepared programs that are kept."""
MOST_LINES = 200_000
"""Different calls that are kept."""
MOST_TEXTS = 10_000
MOST_PICTURES = 1_000
"""Texts, and pictures, of one frame that are kept."""
MOST_BYTES = 1 << 30
"""Bytes of pictures and texts of one run that are kept."""
STORAGE = {"s": "static", "d": "dynamic", "h": "heap"}


@dataclass(frozen=True)
class Content:
    """A recorded kernel: its program text name, words, storage and place."""

    kernel: Kernel
    origin: Origin


@dataclass(frozen=True)
class Act:
    """One step as it is carried out.

    `display`: handle that takes what it gives, -1 if none does.
    `us`: modelled time.
    `sees`: whether it reads PIX before it resets it.
    `resets`: whether it resets PIX.
    """

    number: int
    step: Step
    display: int
    us: float
    words: int
    bytes: int
    sees: bool
    resets: bool


@dataclass
class Tally:
    """What happens in one frame."""

    acts: list[Act] = field(default_factory=list)
    pictures: dict[str, Any] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    posted: list[tuple[int, tuple[float, ...]]] = field(default_factory=list)
    stored: int = 0
    dropped_texts: int = 0

    @property
    def holds(self) -> bool:
        """Whether anything has happened."""
        return bool(self.acts or self.texts or self.posted)


class Board:
    """Carries out what a program tells. `tally` holds the frame that is going on."""

    def __init__(self, machine: Machine, displays: dict[int, str]) -> None:
        self.machine = machine
        self.displays = displays
        self.files: dict[int, str] = {}
        self.tally = Tally()
        self.contents: dict[int, Content] = {}
        self.kernels: dict[str, Kernel] = {}
        self.launches: Counter[int] = Counter()
        self.notes: dict[tuple[Any, ...], Diagnostic] = {}
        self.said: Counter[tuple[Any, ...]] = Counter()
        self.store = store.Store()
        self.us = 0.0
        self.image: Any = None
        self._seen = True  # whether PIX shows what the scene has
        self._acts: dict[bytes | tuple[bytes, str], Act | None] = {}
        self._pending: list[Act] = []
        self._programs: dict[tuple[int, ...], tuple[Program, float, bool]] = {}
        self._names: dict[str, int] = {}
        self._texts: dict[str, list[str]] = {}
        self.kept = 0
        self._drawing = isa.DRAWING
        self._numbers = 0
        self._stack_display = 0

    # --- places and notes ---

    def place(self, site: bytes | str) -> Origin:
        """The place behind `file:line`, with its line of text."""
        file, _, line = (site.decode() if isinstance(site, bytes) else site).partition(":")
        return said.origin(self.files.get(int(file), "?"), int(line), cache=self._texts)

    def note(self, place: Origin, code: str, message: str, hint: str = "", severity: str = "warning") -> None:
        """Keep a note; one that is made again at the same place is counted."""
        key = (code, place.file, place.line, message)
        self.said[key] += 1
        if key not in self.notes and len(self.notes) < 1000:
            self.notes[key] = Diagnostic.at(said.whole_line(place), code, severity, message, hint=hint)

    # --- kernels ---

    def define(self, number: int, storage: str, name: str, site: str, calls: Sequence[list[bytes]]) -> None:
        """A kernel that the program has recorded."""
        origin = self.place(site)
        words: list[Word] = []
        for site_of_call, op, *operands in calls:
            place = self.place(site_of_call)
            shown = f"{op.decode()}({', '.join(o.decode() for o in operands)})"
            try:
                recorded = call_words(op.decode(), tuple(o.decode() for o in operands))
            except ValueError:
                what = f"'{shown}' is not an instruction that takes these operands"
                self.note(place, "S615", what, "a register that was never given a value shows as ?", "error")
                continue
            for hazard in recorded.said:
                self.note(place, "W611", f"{shown}: {hazard}", "the chip has no defined result for it")
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
            self.note(origin, "S401", full, "the board drops what does not fit: move kernels to the heap", "error")

    # --- steps ---

    def launch(self, line: bytes) -> None:
        """L content site"""
        act = self._acts.get(line)
        if act is None:
            _, number, site = line.split(b"\t")
            content = self.contents[int(number)]
            act = self._keep(line, Launch(content.kernel.name, self.place(site)), -1, content.kernel)
            assert act is not None
        self._pending.append(act)

    def host(self, line: bytes) -> None:
        """H site name operands"""
        act = self._known(line, line.split(b"\t")[1:] if line not in self._acts else [], -1)
        if act is not None:
            self._pending.append(act)

    def show(self, line: bytes) -> None:
        """O site display name operands"""
        fields = line.split(b"\t")
        act = self._known(line, [fields[1], *fields[3:]], int(fields[2]))
        if act is not None:
            self._pending.append(act)

    def _known(self, line: bytes, fields: list[bytes], display: int) -> Act | None:
        drawing = b"\tscamp5_draw_" in line
        key: bytes | tuple[bytes, str] = (line, self._drawing) if drawing else line
        if key not in self._acts:
            fields = fields or line.split(b"\t")[1:]
            step = self._call(fields)
            self._acts[key] = None
            if step is not None:
                self._keep(key, step, display, None)
        act = self._acts[key]
        if drawing and act is not None:
            name = act.step.name if isinstance(act.step, HostCall) else ""
            if name == "scamp5_draw_begin":
                assert isinstance(act.step, HostCall)
                self._drawing = str(act.step.args[0])
            elif name == "scamp5_draw_end":
                self._drawing = isa.DRAWING
        return act

    def _call(self, fields: Sequence[bytes]) -> HostCall | None:
        """The host call of `site name operands`, complete; None, and a note, if the board cannot carry it out."""
        place, name = self.place(fields[0]), fields[1].decode()
        given: list[str | int] = [int(f) if f.lstrip(b"-").isdigit() else f.decode() for f in fields[2:]]
        shown = f"{name}({', '.join(map(str, given))})"
        forms = isa.host_forms(name, len(given))
        form = next((f for f in forms if _fits(f, given)), None)
        if form is None:
            self.note(place, "S615", f"{shown} is not a host function that takes these operands", "", "error")
            return None
        rest = [self._drawing if o.default == isa.DRAWING else o.default for o in form.operands[len(given) :]]
        call = HostCall(name, (*given, *(r for r in rest if r is not None)), place)
        call = self._bounded(call, place)
        for fault in faults(call):
            if fault.code.startswith("S"):
                self.note(place, "S616", f"left out: {shown}: {fault.message}", fault.hint, "error")
                return None
            self.note(place, fault.code, f"{shown}: {fault.message}", fault.hint)
        wrong = outside(call, self.machine.shape)
        if wrong:
            self.note(
                place, "S616", f"left out: {wrong}", "give a machine with as many PEs as the program expects", "error"
            )
            return None
        return call

    def _bounded(self, call: HostCall, place: Origin) -> HostCall:
        """Events as long as the board sends them at most."""
        args = list(call.args)
        for index, operand in enumerate(call.form.operands):
            value = args[index]
            if operand.name == "max" and isinstance(value, int) and value > isa.MOST_EVENTS:
                self.note(place, "W612", f"{call.name} gives {isa.MOST_EVENTS} events at most, not {value}")
                args[index] = isa.MOST_EVENTS
        return HostCall(call.name, tuple(args), call.origin)

    def _keep(self, key: Any, step: Step, display: int, kernel: Kernel | None) -> Act:
        machine = self.machine
        if len(self._acts) > MOST_LINES:
            self._acts.clear()
        if isinstance(step, HostCall) and step.form.result:
            step = HostCall(step.name, step.args, step.origin, f"#{self._numbers}")
        kernels = {kernel.name: kernel} if kernel is not None else {}
        cost = step_cost(step, Program("step", kernels, ()), machine.timing, machine.shape, machine.options)
        issued = kernel.words if kernel is not None else self._issued(step)
        act = Act(
            self._numbers, step, display, cost.us, cost.words, cost.volume.bytes if cost.volume else 0, *_light(issued)
        )
        self._numbers += 1
        self._acts[key] = act
        return act

    def _issued(self, step: Step) -> tuple[Word, ...]:
        if not isinstance(step, HostCall):
            return ()
        return tuple(a for a in actions(step, self.machine.shape, self.machine.options) if isinstance(a, Word))

    # --- carrying out ---

    def scene(self, image: Any) -> None:
        """What the photodiodes see from now on."""
        self.image = image
        self._seen = image is None

    def ask(self, line: bytes, fields: Sequence[bytes] = ()) -> Any:
        """Carry out what waits, then one call whose result the program waits for; None if it was left out.

        line: `?call` or `?fill`, site name operands.
        """
        act = self._acts.get(line)
        if act is None:
            act = self._known(line, list(fields or line.split(b"\t")[1:]), -1)
        if act is None:
            self.settle()
            return None
        self._pending.append(act)
        assert isinstance(act.step, HostCall)
        return self.settle().get(act.step.result)

    def volume(self, line: bytes) -> tuple[HostCall | None, Any]:
        """As `ask`, with the call, for results that go as bytes."""
        value = self.ask(line)
        act = self._acts.get(line)
        return (act.step if act is not None and isinstance(act.step, HostCall) else None), value

    def settle(self) -> dict[str, Any]:
        """Carry out what waits; results of the last program by name."""
        results: dict[str, Any] = {}
        waiting, self._pending = self._pending, []
        batch: list[Act] = []
        for act in waiting:
            if act.sees and not self._seen:
                if batch:
                    results = self._carry_out(batch)
                    batch = []
                self.machine.expose(self.image)
                self._seen = True
            batch.append(act)
            if act.resets:
                self._seen = self.image is None
            if len(batch) >= BATCH:
                results = self._carry_out(batch)
                batch = []
        return self._carry_out(batch) if batch else results

    def known_acts(self) -> Iterator[Act]:
        """The different steps that were told so far."""
        return (a for a in self._acts.values() if a is not None)

    @property
    def waiting(self) -> int:
        """Steps that are not carried out yet."""
        return len(self._pending)

    def _carry_out(self, batch: list[Act]) -> dict[str, Any]:
        key = tuple([a.number for a in batch])
        known = self._programs.get(key)
        if known is None:
            if len(self._programs) >= MOST_PROGRAMS:
                self._programs.clear()
            program = self.program_of(batch, f"batch {len(self._programs)}")
            gives = any(isinstance(a.step, HostCall) and (a.step.result or a.display >= 0) for a in batch)
            known = self._programs[key] = program, sum(a.us for a in batch), gives
        program, spent, gives = known
        tally = self.tally
        tally.acts += batch
        self.us += spent
        outputs = self.machine.run(program, registers=False).outputs
        return self._collected(batch, outputs) if gives else {}

    def _collected(self, batch: list[Act], outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Results by name, those for displays put there."""
        results: dict[str, Any] = {}
        named = iter(outputs.values())
        for act in batch:
            step = act.step
            if not isinstance(step, HostCall):
                continue
            if step.name == f"{BITSTACK}begin":
                self._stack_display = act.display
            if not step.form.result:
                continue
            value = next(named)
            results[step.result] = value
            if act.display >= 0:
                handle = self._stack_display if step.form.result == "bit stack" else act.display
                self._picture(handle, value, step)
        return results

    def _picture(self, handle: int, value: Any, step: HostCall) -> None:
        if handle not in self.displays:
            label = step.name.removeprefix("scamp5_") if handle == 0 else f"display {handle}"
            self.displays[handle] = label
            if handle and step.origin is not None:
                self.note(step.origin, "W613", f"there is no display {handle}", "vs_gui_add_display gives handles")
        label, number, name = self.displays[handle], 1, self.displays[handle]
        pictures = self.tally.pictures
        while name in pictures:
            number += 1
            name = f"{label}-{number}"
        size = int(np.asarray(value).nbytes)
        if self.room(size, step.origin) and len(pictures) < MOST_PICTURES:
            pictures[name] = np.array(value)

    def room(self, size: int, place: Origin | None) -> bool:
        """Whether so many bytes of results are kept; a note says so if not."""
        self.kept += size
        if self.kept <= MOST_BYTES:
            return True
        what = f"left out: the run has given more than {MOST_BYTES >> 20:,} MiB of pictures and texts"
        nowhere = Origin(self.files.get(0, "?"), 1, 1, 1, 1)
        self.note(place or nowhere, "S624", what, "run fewer frames, or show less in each", "error")
        return False

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


def _fits(form: isa.HostFunction, given: Sequence[str | int]) -> bool:
    for operand, value in zip(form.operands, given, strict=False):
        if operand.kind in isa.INTEGER_KINDS:
            if not isinstance(value, int):
                return False
        elif not isinstance(value, str) or value not in isa.OPERAND_KINDS[operand.kind]:
            return False
    return True


def _light(words: Sequence[Word]) -> tuple[bool, bool]:
    """Whether PIX is read before it is reset, and whether it is reset."""
    resets = False
    for word in words:
        if "PIX" in word.src and not resets:
            return True, any(w.op == "rpix" for w in words)
        resets = resets or word.op == "rpix"
    return False, resets


def number_of(value: Any) -> int:
    """A result as the number that a routine returns; 0 where it was left out."""
    return 0 if value is None else int(value)


def bytes_of(call: HostCall | None, value: Any, machine: Machine) -> bytes:
    """A result as the bytes that the SDK's buffers get."""
    if call is None or value is None:
        return b""
    return readout.payload(call, value, machine.shape, machine.options)


__all__ = ["Act", "Board", "ScampError", "Tally", "bytes_of", "number_of"]
