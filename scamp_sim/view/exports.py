"""What the page lets one take away: a sheet of planes, an animation, the program for the SDK, a page of the state."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.program import Kernel, Launch, Program
from scamp_sim.costs.timeline import timeline
from scamp_sim.exceptions import ProgramError
from scamp_sim.machine.travel import Travel
from scamp_sim.show import render
from scamp_sim.show.report import page as report
from scamp_sim.show.report.annotate import SourceText
from scamp_sim.show.report.page import Shot
from scamp_sim.view.records import Frame
from scamp_sim.view.session import CHIP, IDEAL, Current, Session
from scamp_sim.view.subjects import KernelText

MOST_PICTURES = 240
"""Pictures of an animation; of a longer run every so many moments are taken."""

STEPS = ("word", "frame")
DIFFERENCE = "difference"


def sheet(session: Session, revision: str, moment: int) -> bytes:
    """All planes at a moment on one sheet, PNG. Raises ScampError."""
    with session.lock:
        current = session.current(revision)
        planes = _at(session, current, moment)
        scales = _scales(planes)
        tiles = [render.Tile(_title(n), p, scales.get(n.partition("/")[2])) for n, p, _ in planes]
        if not tiles:
            raise ProgramError("the program touches no plane, so there is nothing to draw")
        place = session.place(current, moment)
        heading = f"{current.script.title}: after moment {moment} of {current.script.course.length}, {place['done']}"
        file = io.BytesIO()
        render.contact_sheet(tiles, heading).save(file, "PNG")
        return file.getvalue()


def animation(
    session: Session, revision: str, plane: str, step: str, scale: tuple[float, float] | None, zoom: int = 1
) -> bytes:
    """One plane in time as GIF.

    plane: as `Session.planes` names it, "difference/A" for chip minus ideal.
    step: "word", every moment of the run; "frame", the end of each frame.
    scale: (black, white) in LSB; by default that of the contact sheet for all pictures together.
    Raises ScampError.
    """
    from PIL import Image

    if step not in STEPS:
        raise ProgramError(f"step is {step!r:.40}; expected {' or '.join(STEPS)}")
    if zoom not in (1, 2, 3, 4):
        raise ProgramError(f"zoom is {zoom!r:.40}; expected 1..4")
    with session.lock:
        current = session.current(revision)
        script = current.script
        moments = [f.end for f in script.frames] if step == "frame" else list(range(script.course.length + 1))
        every = -(-len(moments) // MOST_PICTURES)
        chosen = moments[::every]
        if chosen[-1] != moments[-1]:
            chosen.append(moments[-1])
        found = [_plane(session, current, moment, plane) for moment in chosen]
    values = [p for p in found if p is not None]
    if not values:
        raise ProgramError(f"the run has no plane {plane!r:.60}")
    whole = scale or render.common_scale(values) or render.READOUT
    blank = np.zeros(script.shape, np.uint8)
    pictures = []
    for value in found:
        own = whole if value is not None and value.dtype.kind == "f" else render.READOUT
        levels = blank if value is None else render.grey_levels(value, own)
        drawn = Image.fromarray(levels)
        pictures.append(drawn if zoom == 1 else drawn.resize((drawn.width * zoom, drawn.height * zoom), 0))
    pace = max(40, min(500, 6000 // len(pictures)))
    file = io.BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=pace, loop=0)
    return file.getvalue()


def _scales(planes: Sequence[tuple[str, npt.NDArray[Any], str]]) -> dict[str, tuple[float, float]]:
    """Name of an analog plane, without its station -> the scale of the ideal array and the chip together."""
    together: dict[str, list[npt.NDArray[Any]]] = {}
    for name, plane, _ in planes:
        together.setdefault(name.partition("/")[2], []).append(plane)
    return {name: scale for name, pair in together.items() if (scale := render.common_scale(pair)) is not None}


def sdk(session: Session, revision: str) -> str:
    """The program as C++ for the SDK, parameters that allow it as sliders. Raises ScampError."""
    from scamp_sim.compiler import assemble
    from scamp_sim.compiler.export import export, sliders_of

    with session.lock:
        current = session.current(revision)
        subject, wish = session.subject, current.wish
        if isinstance(subject, KernelText):
            program = subject.program(wish)
            text, path = subject.text(wish), subject.path
            sliders = None
            if subject.dialect == "scamp" and program.params:
                sliders = sliders_of(program, lambda params: assemble(text, params=dict(params), file=path))
            made = export(program, "sdk", sliders)
        else:
            made = export(merged(current.script.frames[-1], current.script.title), "sdk", None)
    notes = "".join(f"// note: {note}\n" for note in made.notes)
    return notes + made.text


def state(session: Session, revision: str, moment: int) -> str:
    """The report of the frame at hand with the planes of this moment: one page that needs nothing but a browser.

    Raises ScampError.
    """
    with session.lock:
        current = session.current(revision)
        script, wish = current.script, current.wish
        planes = _at(session, current, moment)
        place = session.place(current, moment)
        frame = script.frames[place["frame"]]
        where = f"after {place['done'] or 'nothing'}, {frame.title}, {place['us']:,.1f} us into it"
        shots = []
        scales = {name.lstrip(">"): scale for name, scale in _scales(planes).items()}
        for station, name in ((IDEAL, "ideal array"), (CHIP, f"chip {wish.chip} of {wish.errors}, seed {wish.seed}")):
            own = [(n.partition("/")[2].lstrip(">"), p) for n, p, _ in planes if n.startswith(f"{station}/")]
            if own:
                shots.append(Shot(f"{name}, {where}", tuple(own), scales))
        found = {n: p for n, p, _ in planes}
        differ = [
            (name.partition("/")[2], found[name.replace(CHIP, IDEAL, 1)], plane)
            for name, plane in found.items()
            if name.startswith(f"{CHIP}/") and name.replace(CHIP, IDEAL, 1) in found
        ]
        if differ:
            shots.append(Shot("chip minus ideal", tuple((n.lstrip(">"), difference(p, i)) for n, i, p in differ)))
        program = replace(merged(frame, script.title), name=script.title)
        annotation = session.account(script).annotation(program)
        sources = [
            SourceText(t.name, tuple(t.text.split("\n"))) for t in session.subject.texts(wish, script.course.programs)
        ]
        spans = timeline(program, session.timing, script.shape)
        about = f"Every register that the program touches, and what it has put out, after moment {moment} of the run."
        title = f"{frame.title}, {place['done'] or 'the beginning'}"
        return report.page(annotation, spans, session.timing, sources, shots, about, title)


def merged(frame: Frame, title: str) -> Program:
    """The programs of a frame as one. Raises ProgramError if they do not fit into the kernel store together."""
    if len(frame.parts) == 1 and frame.parts[0][1] == 1:
        return frame.parts[0][0]
    kernels: dict[str, Kernel] = {}
    steps: list[Any] = []
    diagnostics: list[Any] = []
    for program, times in frame.parts:
        names = {}
        for name, kernel in program.kernels.items():
            label, number = name, 1
            while label in kernels and kernels[label].words != kernel.words:
                number += 1
                label = f"{name}_{number}"
            kernels[label] = replace(kernel, name=label)
            names[name] = label
        own = [replace(s, kernel=names[s.kernel]) if isinstance(s, Launch) else s for s in program.steps]
        steps += own * times
        diagnostics += program.diagnostics
    return Program(title, kernels, tuple(steps), diagnostics=tuple(diagnostics))


def difference(plane: npt.NDArray[Any], ideal: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Chip minus ideal in LSB; of bits, where they differ."""
    if plane.dtype == np.bool_:
        return np.asarray(plane != ideal)
    return plane.astype(np.float32) - ideal.astype(np.float32)


def _at(session: Session, current: Current, moment: int) -> list[tuple[str, npt.NDArray[Any], str]]:
    for travel in current.travels.values():
        _go(travel, moment)
    return session.planes(current)


def _plane(session: Session, current: Current, moment: int, plane: str) -> npt.NDArray[Any] | None:
    """One plane at a moment; None where it is not there yet."""
    found = {name: p for name, p, _ in _at(session, current, moment)}
    station, _, register = plane.partition("/")
    if station != DIFFERENCE:
        return found.get(plane)
    pair = found.get(f"{CHIP}/{register}"), found.get(f"{IDEAL}/{register}")
    return None if pair[0] is None or pair[1] is None else difference(pair[0], pair[1])


def _go(travel: Travel, moment: int) -> None:
    if not 0 <= moment <= travel.course.length:
        raise ProgramError(f"moment is {moment!r:.40}; expected 0..{travel.course.length}")
    travel.abandoned = lambda: False
    travel.go(moment)


def _title(name: str) -> str:
    station, _, register = name.partition("/")
    what = f"output {register[1:]}" if register.startswith(">") else register
    return f"{what}, {station}"


__all__ = ["animation", "difference", "merged", "sdk", "sheet", "state"]
