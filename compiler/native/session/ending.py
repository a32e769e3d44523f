"""How a live program ended, if not by itself: what happened, and where in its text."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from scamp_sim.chip.program import Origin
from scamp_sim.compiler.front.diagnostics import CompileError, Diagnostic
from scamp_sim.compiler.native.toolchain.build import Built
from scamp_sim.compiler.native.toolchain.said import origin, whole_line

UNREADABLE = "the program sends what nobody can read: it has overwritten memory that is not its own"
SIGNALS = {
    4: "an illegal instruction",
    6: "abort",
    7: "a bus error",
    8: "an arithmetic error",
    9: "a kill",
    11: "an access to memory that is not its own",
    24: "too much processor time",
}


class StoppedError(CompileError):
    """A program that crashed, hung or ended itself; the place is that of its text."""


def error(
    place: Origin, code: str, message: str, hint: str = "", frame: int = 0, notes: Sequence[str] = ()
) -> StoppedError:
    """The error of a program that stopped in a frame, 0 for before the first."""
    when = f"in frame {frame}" if frame else "before its first frame"
    if not place.text:
        place = origin(place.file, place.line)
    place = whole_line(place)
    return StoppedError((Diagnostic.at(place, code, "error", f"{message} ({when})", hint=hint, notes=tuple(notes)),))


def stopped(
    fields: Sequence[str], built: Built, last: Origin, uncaught: str, patience: float, frame: int
) -> StoppedError:
    """What a program's last words mean: `!` kind, number, place of its last call, addresses."""
    kind, number = fields[0][1:], int(fields[1])
    chain, _, scanned = fields[3].partition("|")
    places = addresses(chain.split(), built) or addresses(scanned.split(), built)[:1]
    file, _, line = fields[2].rpartition(":")
    near = origin(file, int(line or 1)) if file else last
    place = places[0] if places else near
    called = [f"called from {p.file}:{p.line}" for p in places[1:6]]
    if kind == "X":
        what = f"the program ended itself with exit({number})"
        return error(place, "S623", what, "a board goes on for ever: drop the call", frame)
    if kind == "T":
        what = f"the program computed for more than {patience:g} s without a word"
        return error(place, "S622", what, "an endless loop? --timeout SECONDS gives it more", frame, called)
    if kind == "U":
        return error(place, "S620", f"the program ended by {uncaught or 'an exception'}", "", frame, called)
    what = f"the program crashed: {SIGNALS.get(number, f'signal {number}')}"
    told = [f"the last call of the SDK was at {near.file}:{near.line}"] if file else []
    return error(place, "S620", what, "", frame, [*called, *told])


def addresses(texts: Sequence[str], built: Built) -> list[Origin]:
    """Places in the user's text of addresses in the program, innermost first; by the tool that comes with compilers."""
    numbers = [hex(int(t)) for t in texts[:32] if t.isdecimal()]
    if not numbers:
        return []
    command = ["addr2line", "-e", str(built.path), *numbers]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    own = {str(p.resolve()): str(p) for p in (*built.sources, *built.read)}
    found: list[Origin] = []
    for line in done.stdout.splitlines():
        file, _, number = line.partition(" ")[0].rpartition(":")
        shown = own.get(str(Path(file).resolve())) if file and file != "??" else None
        if shown is not None and number.isdecimal() and int(number) > 0:
            place = origin(shown, int(number))
            if not found or (found[-1].file, found[-1].line) != (place.file, place.line):
                found.append(place)
    return found
