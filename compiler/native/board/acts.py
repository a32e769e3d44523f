"""Lines of the program about the array -> steps as they are carried out, each with what it costs; made once a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scamp_sim.chip import isa
from scamp_sim.chip.host import SetAddress, actions, drawn
from scamp_sim.chip.operand_checks import faults, limits, outside
from scamp_sim.chip.program import BITSTACK, HostCall, Kernel, Launch, Origin, Program, Step, Word
from scamp_sim.compiler.native.board.notes import Notes
from scamp_sim.costs.timing import step_cost
from scamp_sim.machine.machine import Machine

MOST_LINES = 200_000
"""Different lines that are kept."""
ANY = (-(1 << 63), (1 << 63) - 1)
"""Limits of what has none."""


@dataclass(frozen=True, eq=False, slots=True)
class Act:
    """One step as it is carried out.

    `display`: handle that takes what it gives, -1 if none does.
    `us`: modelled time.
    `sees`: whether it reads PIX before it resets it.
    `resets`: whether it resets PIX.
    `gives`: whether it has a result, or begins a picture of several planes.
    `places`: of a call that only sets bits, where; None of all other steps.
    """

    number: int
    step: Step
    display: int
    us: float
    words: int
    bytes: int
    sees: bool
    resets: bool
    gives: bool
    places: tuple[SetAddress, ...] | None


@dataclass(frozen=True, slots=True)
class _Place:
    """A call that draws, at one place of the text: what its calls with other numbers have in common.

    `rest`: operands that it does not name.
    `limits`: what each of its numbers may be.
    `rect`: whether they are two corners.
    """

    origin: Origin
    rest: tuple[str | int, ...]
    limits: tuple[tuple[int, int], ...]
    rect: bool

    def call(self, name: str, given: Sequence[bytes]) -> HostCall | None:
        """The call with these numbers, if there is nothing to say about them."""
        numbers = tuple(map(int, given))
        for n, (low, high) in zip(numbers, self.limits, strict=True):
            if not low <= n <= high:
                return None
        if self.rect and (numbers[2] < numbers[0] or numbers[3] < numbers[1]):
            return None
        return HostCall(name, numbers + self.rest, self.origin)


class Acts:
    """Makes the acts of a run."""

    def __init__(self, machine: Machine, notes: Notes) -> None:
        self.machine, self.notes = machine, notes
        self._known: dict[bytes | tuple[bytes, str], Act | None] = {}
        self._drawing = isa.DRAWING
        self._made = 0
        self._alike: dict[tuple[Any, ...], tuple[float, int, int, bool, bool]] = {}
        self._drawn: dict[tuple[bytes, bytes, int, str], _Place] = {}

    def __iter__(self) -> Iterator[Act]:
        """The different steps that were told so far."""
        return (a for a in self._known.values() if a is not None)

    def told(self, line: bytes) -> Act | None:
        """The act of a line that was told before and means the same at all times; None of any other."""
        return None if b"\tscamp5_draw_" in line else self._known.get(line)

    def launch(self, line: bytes, kernel: Kernel | None = None) -> Act | None:
        """L content site: the act if the line was told before, else that of `kernel`."""
        act = self._known.get(line)
        if act is None and kernel is not None:
            step = Launch(kernel.name, self.notes.place(line.split(b"\t")[2]))
            act = self._keep(line, step, -1, kernel)
        return act

    def call(self, line: bytes, fields: Sequence[bytes] = (), display: int = -1) -> Act | None:
        """The act of a host call; None, and a note, if the board cannot carry it out.

        fields: site, name and operands, where they are not what the line holds after its first field.
        """
        drawing = b"\tscamp5_draw_" in line
        key: bytes | tuple[bytes, str] = (line, self._drawing) if drawing else line
        try:
            act = self._known[key]
        except KeyError:
            fields = fields or line.split(b"\t")[1:]
            act = self._drawn_elsewhere(key, fields) if drawing else None
            if act is None:
                step = self._call(fields)
                self._known[key] = None
                act = self._keep(key, step, display, None) if step is not None else None
        if drawing and act is not None and isinstance(act.step, HostCall):
            if act.step.name == "scamp5_draw_begin":
                self._drawing = str(act.step.args[0])
            elif act.step.name == "scamp5_draw_end":
                self._drawing = isa.DRAWING
        return act

    def _drawn_elsewhere(self, key: Any, fields: Sequence[bytes]) -> Act | None:
        """The act of a call that has drawn before, with other numbers."""
        known = self._drawn.get((fields[0], fields[1], len(fields), self._drawing))
        call = known.call(fields[1].decode(), fields[2:]) if known is not None else None
        places = tuple(drawn(call, self.machine.shape)) if call is not None else ()
        return self._made_of(key, call, -1, places, None, False) if call is not None and places else None

    def _call(self, fields: Sequence[bytes]) -> HostCall | None:
        """The host call of `site name operands`, complete."""
        place, name = self.notes.place(fields[0]), fields[1].decode()
        given: list[str | int] = [int(f) if f.lstrip(b"-").isdigit() else f.decode() for f in fields[2:]]
        form = next((f for f in isa.host_forms(name, len(given)) if _fits(f, given)), None)
        if form is None:
            what = f"{_shown(name, given)} is not a host function that takes these operands"
            self.notes.note(place, "S615", what, "", "error")
            return None
        rest = [self._drawing if o.default == isa.DRAWING else o.default for o in form.operands[len(given) :]]
        args = [*given, *(r for r in rest if r is not None)]
        for index, operand in enumerate(form.operands):
            value = args[index]
            if operand.name == "max" and isinstance(value, int) and value > isa.MOST_EVENTS:
                what = f"{name} gives {isa.MOST_EVENTS} events at most, not {value}"
                self.notes.note(place, "W612", what)
                args[index] = isa.MOST_EVENTS
        call = HostCall(name, tuple(args), place)
        for fault in faults(call):
            if fault.code.startswith("S"):
                what = f"left out: {_shown(name, given)}: {fault.message}"
                self.notes.note(place, "S616", what, fault.hint, "error")
                return None
            self.notes.note(place, fault.code, f"{_shown(name, given)}: {fault.message}", fault.hint)
        wrong = outside(call, self.machine.shape)
        if wrong:
            hint = "give a machine with as many PEs as the program expects"
            self.notes.note(place, "S616", f"left out: {wrong}", hint, "error")
            return None
        if form.operands and form.operands[-1].default == isa.DRAWING and call.args[-1] != "R12":
            self._note_drawing(call, fields)
        return call

    def _note_drawing(self, call: HostCall, fields: Sequence[bytes]) -> None:
        given, bounds = len(fields) - 2, limits(call.form)
        numbers = [o for o in call.form.operands if o.kind in isa.INTEGER_KINDS][:given]
        if given and len(numbers) == given:
            allowed = tuple(bounds.get(o.name, ANY) for o in numbers)
            rect = [o.kind for o in numbers] == ["address"] * 4
            key = fields[0], fields[1], len(fields), self._drawing
            assert call.origin is not None
            self._drawn[key] = _Place(call.origin, call.args[given:], allowed, rect)

    def _keep(self, key: Any, step: Step, display: int, kernel: Kernel | None) -> Act:
        gives, places = False, None
        if isinstance(step, HostCall):
            gives = bool(step.form.result) or step.name == f"{BITSTACK}begin"
            if step.form.result:
                step = HostCall(step.name, step.args, step.origin, f"#{self._made}")
            places = self._places(step)
        return self._made_of(key, step, display, places, kernel, gives)

    def _made_of(
        self,
        key: Any,
        step: Step,
        display: int,
        places: tuple[SetAddress, ...] | None,
        kernel: Kernel | None,
        gives: bool,
    ) -> Act:
        if len(self._known) > MOST_LINES:
            self._known.clear()
        us, words, size, sees, resets = self._cost(step, places, kernel)
        act = Act(self._made, step, display, us, words, size, sees, resets, gives, places)
        self._made += 1
        self._known[key] = act
        return act

    def _places(self, call: HostCall) -> tuple[SetAddress, ...] | None:
        """Where a call sets bits, if it does nothing else."""
        if call.form.operands and call.form.operands[-1].default == isa.DRAWING and call.args[-1] != "R12":
            places = tuple(drawn(call, self.machine.shape))
            if places:
                return places
        return None

    def _cost(
        self, step: Step, places: tuple[SetAddress, ...] | None, kernel: Kernel | None
    ) -> tuple[float, int, int, bool, bool]:
        """Time, words, bytes of a step, whether it sees light, and whether it resets PIX. Drawings of as many places
        are alike."""
        alike = (step.name, len(step.args), len(places)) if places and isinstance(step, HostCall) else ()
        found = self._alike.get(alike)
        if found is None:
            machine = self.machine
            kernels = {kernel.name: kernel} if kernel is not None else {}
            cost = step_cost(step, Program("step", kernels, ()), machine.timing, machine.shape, machine.options)
            issued = kernel.words if kernel is not None else self._issued(step)
            found = cost.us, cost.words, cost.volume.bytes if cost.volume else 0, *_light(issued)
            if alike:
                self._alike[alike] = found
        return found

    def _issued(self, step: Step) -> tuple[Word, ...]:
        if not isinstance(step, HostCall):
            return ()
        return tuple(a for a in actions(step, self.machine.shape, self.machine.options) if isinstance(a, Word))


def _shown(name: str, given: Sequence[str | int]) -> str:
    return f"{name}({', '.join(map(str, given))})"


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


__all__ = ["Act", "Acts"]
