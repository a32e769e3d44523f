"""An emulated chip that plays the owner's: the kit's C++ programs are compiled, run, and their pictures saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from scamp_sim.chip.readout import adc
from scamp_sim.compiler.native import LiveProgram
from scamp_sim.exceptions import ProgramError
from scamp_sim.machine.machine import Machine
from scamp_sim.show.render import write_files
from scamp_sim.silicon.setup import Errors
from scamp_sim.study.kit.plan import STOPWATCH
from scamp_sim.study.kit.simulate import GREY

TIMEOUT = 600.0


def play(
    folder: str | Path,
    errors: Errors,
    chip: int = 0,
    seed: int = 0,
    shape: tuple[int, int] = (256, 256),
    told: Callable[[str], None] = lambda name: None,
) -> None:
    """Run every program of a kit and save what it gives, as an owner would.

    told: called with each program's name.

    Raises ProgramError, and NoCompilerError without a C++ compiler.
    """
    from PIL import Image

    path = Path(folder)
    sources = sorted(path.glob("*.cpp"))
    if not sources:
        raise ProgramError(f"{path} holds no programs; write a kit with scamp-sim measure write {path}")
    for n, source in enumerate(sources):
        told(source.stem)
        machine = Machine(shape, errors=errors, chip=chip, seed=seed * 1000 + n)
        run = LiveProgram.build(source).run(machine, [np.full(shape, GREY, np.uint8)], timeout=TIMEOUT)
        if not run.whole:
            missing = next(note for note in run.notes if note.severity == "error")
            raise ProgramError(f"{source}: not everything was carried out: {missing.message}")
        target = path / source.stem
        if source.stem == STOPWATCH:
            write_files(target, {}, {"log.txt": "".join(run.shown[-1].texts or run.setup.texts)})
            continue
        saved = {}
        pictures = [p for frame in (run.setup, *run.frames) for p in frame.pictures.values()]
        for k, picture in enumerate(pictures, 1):
            plane = np.asarray(picture)
            codes = (
                plane.astype(np.uint8) * 255
                if plane.dtype == np.bool_
                else plane
                if plane.dtype == np.uint8
                else adc(plane)
            )
            saved[f"{k:05}.png"] = Image.fromarray(codes)
        write_files(target, saved, {}, small=False)
