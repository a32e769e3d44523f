"""Places in the user's text, and what is to be known about a run: notes of ours, and those that the program sends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from scamp_sim.chip.program import Origin
from scamp_sim.compiler.front.diagnostics import Diagnostic
from scamp_sim.compiler.native.toolchain import said

MOST_NOTES = 1000
"""Different notes that are kept."""


class Notes:
    """Notes by place. `files`: the user's files by the numbers that the program gives them."""

    def __init__(self) -> None:
        self.files: dict[int, str] = {}
        self._notes: dict[tuple[Any, ...], Diagnostic] = {}
        self._times: Counter[tuple[Any, ...]] = Counter()
        self._texts: dict[str, list[str]] = {}
        self._places: dict[bytes | str, Origin] = {}

    def place(self, site: bytes | str) -> Origin:
        """The place behind `file:line`, with its line of text."""
        known = self._places.get(site)
        if known is None:
            file, _, line = (site.decode() if isinstance(site, bytes) else site).partition(":")
            known = said.origin(self.files.get(int(file), "?"), int(line), cache=self._texts)
            self._places[site] = known
        return known

    def note(self, place: Origin, code: str, message: str, hint: str = "", severity: str = "warning") -> None:
        """Keep a note; one that is made again at the same place is counted."""
        key = (code, place.file, place.line, message)
        self._times[key] += 1
        if key not in self._notes and len(self._notes) < MOST_NOTES:
            self._notes[key] = Diagnostic.at(said.whole_line(place), code, severity, message, hint=hint)

    def all(self) -> tuple[Diagnostic, ...]:
        """The notes, errors first, with how often each was made."""
        found = []
        for key, note in self._notes.items():
            times = self._times[key]
            found.append(replace(note, notes=(*note.notes, f"{times:,} times")) if times > 1 else note)
        return tuple(sorted(found, key=lambda d: (d.severity != "error", d.file, d.line, d.code)))

    def told(self, fields: Sequence[str]) -> None:
        """N kind site more: what the program's own part has noticed."""
        kind, place, more = fields[1], self.place(fields[2]), fields[3:]
        if kind == "wrapped":
            what = f"{more[0]}: {more[1]} does not fit the board's type and becomes {more[2]}"
            self.note(place, "W610", what, "constants have 8 bits with sign, addresses 8 without")
        elif kind == "division":
            what = "a division by zero, which gives 0 on the board" if more[0] == "0" else "a division that overflows"
            self.note(place, "W614", what)
        elif kind == "refused":
            hint = "the simulator carries out the instructions of its table"
            self.note(place, "S604", f"left out: {more[0]}", hint, "error")
        elif kind == "assumed":
            self.note(place, "W624", more[0], "the chip may do otherwise")
        elif kind == "bare":
            what = f"left out: {more[0]} stands outside of the kernels"
            hint = "put it between scamp5_kernel_begin(); and scamp5_kernel_end();"
            self.note(place, "S617", what, hint, "error")
        elif kind == "inkernel":
            what = f"{more[0]} is called while a kernel is recorded: it is carried out then, once"
            self.note(place, "W615", what, "host functions stand between the kernels")
        elif kind == "open":
            what = "left out: a kernel was begun before the frame ended here, and never came to its end mark"
            self.note(place, "S603", what, "leave a kernel through its end mark, not by return or break", "error")
        elif kind == "nested":
            self.note(place, "W616", "a kernel begins while another one is recorded", "end the one before")
        elif kind == "empty":
            what = "left out: the launch of a kernel that holds nothing"
            self.note(place, "S618", what, "record it first", "error")


__all__ = ["Notes"]
