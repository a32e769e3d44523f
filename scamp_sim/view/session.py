"""What the page asks, without a server: run a wish, look at the planes of any moment, find lines and frames.

One session views one subject. Its methods may be called from several threads; they take turns.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
import warnings
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip import isa
from scamp_sim.chip.readout import stack_bits
from scamp_sim.chip.trace import described
from scamp_sim.compiler.expand import prelude
from scamp_sim.compiler.front.diagnostics import CompileError, to_json
from scamp_sim.compiler.front.syntax_errors import KEYWORDS
from scamp_sim.costs.timing import Timing
from scamp_sim.engine._jit import is_compiled
from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.machine.machine import Machine
from scamp_sim.machine.tape import Ran
from scamp_sim.machine.travel import AbandonedError, Travel
from scamp_sim.show import results
from scamp_sim.silicon.profiles import profile_names
from scamp_sim.text import short
from scamp_sim.view import scripts
from scamp_sim.view.account import Account
from scamp_sim.view.moves import find, outputs_of, registers_of
from scamp_sim.view.pictures import Pictures
from scamp_sim.view.records import Script, Text, Wish, label
from scamp_sim.view.subjects import Subject
from scamp_sim.view.wishes import check_wish

PATIENCE = 0.25
"""Seconds that one look may travel; then it says how far it is, and is asked again."""

MOST_MACHINES = 4
IDEAL, CHIP = "ideal", "chip"


class StaleError(ScampError):
    """The page asks about a run that is no longer there; it runs its wish again."""


@dataclass(frozen=True, eq=False)
class Current:
    """The run that is there: on the ideal array, and on a chip if one was asked for."""

    revision: str
    wish: Wish
    script: Script
    travels: Mapping[str, Travel]
    registers: tuple[str, ...]


class Session:
    """A subject, what there is to see, and the run at hand.

    errors: profiles that the page may choose; the first is the default.
    size: of the array, None for what the program is for, else 256x256.
    first: what the page runs when it is opened.
    """

    def __init__(
        self,
        subject: Subject,
        pictures: Pictures,
        timing: Timing,
        errors: Sequence[str] = (),
        size: tuple[int, int] | None = None,
        first: Wish | None = None,
    ) -> None:
        self.subject, self.pictures, self.timing, self.size = subject, pictures, timing, size
        self.first = first or Wish(picture=pictures.names[0])
        self.errors = tuple(dict.fromkeys((*errors, IDEAL, *profile_names())))
        self._lock = threading.RLock()
        self._current: Current | None = None
        self._machines: dict[tuple[Any, ...], Machine] = {}
        self._accounts: dict[tuple[int, int], Account] = {}

    # --- running ---------------------------------------------------------------------------------------------

    def run(self, wish: Wish) -> dict[str, Any]:
        """Run a wish; what the page shows of it, or what is wrong with it. Raises ScampError for nonsense."""
        with self._lock, warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                current = self._started(wish)
            except CompileError as error:
                return self._refused(wish, "", json.loads(to_json(error.diagnostics)))
            except ScampError as error:
                return self._refused(wish, str(error), [])
            self._current = current
            said = tuple(dict.fromkeys(str(w.message) for w in warned))
            return self._document(current, said)

    def _refused(self, wish: Wish, error: str, diagnostics: list[Any]) -> dict[str, Any]:
        texts = [asdict(t) for t in self.subject.texts(wish, ())]
        around = self.subject.around()
        return {"ok": False, "diagnostics": diagnostics, "error": error, "texts": texts, "around": around}

    def _started(self, wish: Wish) -> Current:
        check_wish(wish, self.errors)
        own = self.subject.shape(wish)  # it reads the text and what that includes
        shape = self.size or own or (256, 256)
        key = f"{wish!r} {shape} {self.subject.stamp()} {self.subject.around()} {self.pictures.version}"
        revision = hashlib.sha256(key.encode("utf-8", "backslashreplace")).hexdigest()[:16]
        if self._current is not None and self._current.revision == revision:
            return self._current
        script = self.subject.script(wish, self.pictures.frames(wish, shape), shape)
        machines = {IDEAL: self._machine(shape, IDEAL, 0)}
        if wish.errors != IDEAL:
            machines[CHIP] = self._machine(shape, wish.errors, wish.chip)
        # the run that is there stands on some of them, so that none is renewed until all are made
        for machine in machines.values():
            machine.renew(wish.seed)
        travels = {name: Travel(machine, script.course) for name, machine in machines.items()}
        return Current(revision, wish, script, travels, registers_of(script.course.programs))

    def _machine(self, shape: tuple[int, int], errors: str, chip: int) -> Machine:
        """Found or made, as its last run has left it. Raises ScampError."""
        key = shape, errors, chip
        if key not in self._machines:
            if len(self._machines) >= MOST_MACHINES:
                self._machines.clear()
            self._machines[key] = Machine(shape, errors, self.timing, chip=chip)
        return self._machines[key]

    def _document(self, current: Current, warned: Sequence[str]) -> dict[str, Any]:
        script = current.script
        return {
            "ok": True,
            "revision": current.revision,
            "title": script.title,
            "length": script.course.length,
            "shape": list(script.shape),
            "frames": [{"title": short(f.title, 60), "start": f.start, "end": f.end} for f in script.frames],
            "sliders": [asdict(s) for s in script.sliders],
            "diagnostics": json.loads(to_json(script.diagnostics)),
            "notes": [*script.notes, *self.pictures.notes, *warned],
            "texts": [asdict(t) for t in self._texts(current)],
            "registers": list(current.registers),
            "outputs": outputs_of(script.course.programs),
            "pictures": self.pictures.names,
            "around": self.subject.around(),
            "account": self.account(script).frame(script.frames[0]) if script.frames else None,
            "error": "",
        }

    def _texts(self, current: Current) -> tuple[Text, ...]:
        return self.subject.texts(current.wish, current.script.course.programs)

    def account(self, script: Script) -> Account:
        """Costs on the array of a script."""
        return self._accounts.setdefault(script.shape, Account(self.timing, script.shape))

    def costs(self, revision: str, frame: int) -> dict[str, Any]:
        """What one frame costs, from 0. Raises ScampError."""
        with self._lock:
            current = self.current(revision)
            frames = current.script.frames
            if isinstance(frame, bool) or not isinstance(frame, int) or not 0 <= frame < len(frames):
                raise ProgramError(f"frame is {frame!r:.40}; expected 0..{len(frames) - 1}")
            return self.account(current.script).frame(frames[frame])

    def about(self) -> dict[str, Any]:
        """What the page needs once: what is viewed, and what may be chosen."""
        return {
            "title": self.subject.title,
            "kind": self.subject.kind,
            "editable": self.subject.editable,
            "savable": self.subject.savable,
            "errors": list(self.errors),
            "pictures": self.pictures.names,
            "stamp": self.subject.stamp(),
            "first": asdict(self.first),
            "compiling": {IDEAL: not is_compiled(), CHIP: not is_compiled(noisy=True)},
            "keywords": sorted(KEYWORDS),
            "calls": sorted({*isa.NATIVE, *isa.HOST, *prelude.declarations()}),
            "registers": [*isa.ANALOG, *isa.ANALOG_INPUTS, *isa.DIGITAL_SOURCES],
        }

    # --- looking ---------------------------------------------------------------------------------------------

    def current(self, revision: str) -> Current:
        """The run of that revision. Raises StaleError."""
        if self._current is None or self._current.revision != revision:
            raise StaleError("this run is no longer there; run it again")
        return self._current

    def look(
        self, revision: str, to: Any, have: Mapping[str, Any] | None = None, patience: float = PATIENCE
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Stand at a moment: (what is to be said of it, bytes of the planes that the page does not have yet).

        to: a moment, or a move from one: {"from": n, "move": "line" | "back", "at": [file, line]}.
        have: plane -> mark of what the page holds of it.
        Raises ScampError.
        """
        with self._lock:
            current = self.current(revision)
            moment = self._moment(current, to)
            until = time.monotonic() + patience
            at = {}
            for name, travel in current.travels.items():
                travel.abandoned = lambda: time.monotonic() > until
                with suppress(AbandonedError):
                    travel.go(moment)
                at[name] = travel.at
            if any(done != moment for done in at.values()):
                return {"pending": True, "n": moment, "at": min(at.values())}, []
            return self._seen(current, moment, have or {})

    def _moment(self, current: Current, to: Any) -> int:
        length = current.script.course.length
        if isinstance(to, Mapping):
            return find(current.script, to)
        if isinstance(to, bool) or not isinstance(to, int):
            raise ProgramError(f"to is {to!r:.40}; expected a moment 0..{length}")
        return max(0, min(to, length))

    def _seen(self, current: Current, moment: int, have: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        planes, data, at = [], [], 0
        for name, plane, kind in self.planes(current):
            raw = plane.astype(np.uint8) if plane.dtype == np.bool_ else np.ascontiguousarray(plane)
            packed = raw.tobytes()
            mark = zlib.crc32(packed)
            row: dict[str, Any] = {"name": name, "mark": mark, "kind": kind, "shape": list(plane.shape)}
            if have.get(name) != mark:
                row |= {"type": raw.dtype.name, "offset": at, "bytes": len(packed)}
                data.append(packed + bytes(-len(packed) % 8))
                at += len(data[-1])
            planes.append(row)
        return {**self.place(current, moment), "planes": planes}, data

    def planes(self, current: Current) -> list[tuple[str, npt.NDArray[Any], str]]:
        """(name, plane, kind) of every register of the run, and of what the program has put out, at this moment."""
        found = []
        for station, travel in current.travels.items():
            machine = travel.machine
            for register in current.registers:
                kind = "bits" if register in isa.DIGITAL_SOURCES else "pix" if register == "PIX" else "analog"
                found.append((f"{station}/{register}", machine.read(register), kind))
            event, _ = current.script.course.event_at(travel.at)
            ran = current.script.course.events[event] if event >= 0 else None
            if isinstance(ran, Ran):
                kinds, bits = results.kinds(ran.program), stack_bits(ran.program)
                for name, value in machine.put_out.items():
                    if results.is_picture(kinds.get(name, "")):
                        drawn = results.drawable(value, bits.get(name, 0))
                        kind = "bits" if drawn.dtype == np.bool_ else "image" if drawn.dtype == np.uint8 else "analog"
                        found.append((f"{station}/>{name}", drawn, kind))
        return found

    def place(self, current: Current, moment: int) -> dict[str, Any]:
        """Where a moment is: frame, word, lines, time, what was done and what comes."""
        script = current.script
        course = script.course
        number, inside = course.event_at(moment)
        event = course.events[number] if number >= 0 else None
        frame = next((n for n, f in enumerate(script.frames) if f.start < moment <= f.end), 0)
        done, coming = course.done_at(moment), course.done_at(moment + 1) if moment < course.length else None
        given: list[list[str]] = []
        said = {
            "n": moment,
            "frame": frame,
            "done": "" if event is None else described(done.item) if done else scripts.described(event),
            "next": described(coming.item) if coming else "",
            "at": _origin(done.item if done else None, event),
            "coming": _origin(coming.item if coming else None, event),
            "macros": _macros(done.item if done else None),
            "kernel": done.kernel if done else "",
            "kernel_word": done.kernel_word if done else 0,
            "us": self._time(script, frame, number, inside),
            "results": given,
        }
        if not coming and moment < course.length:
            said["next"] = scripts.described(course.events[number + 1])
        if isinstance(event, Ran):
            kinds = results.kinds(event.program)
            for station, travel in current.travels.items():
                for name, value in travel.machine.put_out.items():
                    if name in kinds and not results.is_picture(kinds[name]):
                        given.append([station, name, short(results.text(kinds[name], value), 200)])
        return said

    def _time(self, script: Script, frame: int, number: int, inside: int) -> float:
        """us since the frame began."""
        course, account = script.course, self.account(script)
        begin = script.frames[frame].start if script.frames else 0
        now = 0.0
        for n in range(course.event_at(begin + 1)[0], number + 1):
            event = course.events[n]
            if isinstance(event, Ran):
                clock = account.clock(event.program, course)
                now += clock[min(inside, len(clock)) - 1] if n == number else clock[-1]
        return round(now, 4)

    @property
    def lock(self) -> threading.RLock:
        """Held while somebody travels; for exports, which travel longer."""
        return self._lock


def _origin(item: Any, event: Any) -> list[Any]:
    origin = getattr(item, "origin", None)
    if origin is None:
        return []
    return [label(event.program, origin.file), origin.line, origin.column, origin.end_line, origin.end]


def _macros(item: Any) -> list[str]:
    origin = getattr(item, "origin", None)
    return [] if origin is None else list(origin.macros)


__all__ = ["CHIP", "IDEAL", "Current", "Session", "StaleError"]
