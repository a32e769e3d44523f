"""Validation and studies over chips of PixelRNN by the name of a mapping; the work is done by `systems.base.study`.

study = validate(weights, clips, mapping="macropixel", jobs=2, out="results.json")
study = measure(weights, clips, chips=range(1, 21), seeds=range(5), errors="scamp5")
print(study.text())
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.program import Launch
from scamp_sim.silicon.setup import Errors
from scamp_sim.study.results_store import digest
from scamp_sim.systems.base.protocol import ClipSet, Hardware, Realisation
from scamp_sim.systems.base.study import run
from scamp_sim.systems.base.study.chipstudy import ChipStudy
from scamp_sim.systems.base.study.results import Study
from scamp_sim.systems.base.study.work import noise_seed
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.data.clips import check_labels
from scamp_sim.systems.pixelrnn.encoder import Encoder, mapping_options, split
from scamp_sim.systems.pixelrnn.golden import FRAMES, Bits
from scamp_sim.systems.pixelrnn.params import Weights, check_weights


def validate(
    weights: Weights,
    clips: ClipSet,
    *,
    mapping: str = "macropixel",
    errors: Errors = "ideal",
    seed: int = 0,
    jobs: int | None = None,
    out: str | Path | None = None,
    limit: int | None = None,
    front_end: bool = False,
    chip: int = 0,
    advance: Callable[[], None] = run.nothing,
) -> Study:
    """Run clips through the array and compare every plane with the golden model.

    mapping: "macropixel", "blocks", or either with ":VERSION".
    front_end: the array scales the frames down, which may then be 256x256.
    chip: serial of the chip, if `errors` are those of one. Other arguments as of `systems.base.study.run.validate`.

    Raises ProgramError.
    """
    from scamp_sim.systems.pixelrnn.system import SYSTEM

    on = realisation(mapping, front_end=front_end)
    run.check_clips(clips)
    _check(weights, clips)
    about = {
        "mapping": mapping,
        "parameters": weights.parameters,
        "level": on.options.level,
        "front_end": on.options.front_end,
    }
    return run.validate(
        SYSTEM,
        weights,
        clips,
        on,
        Hardware(errors, chip),
        seed=seed,
        jobs=jobs,
        out=out,
        limit=limit,
        about=about,
        advance=advance,
    )


def measure(
    weights: Weights,
    clips: ClipSet,
    *,
    chips: Iterable[int],
    seeds: Iterable[int] = (0,),
    mapping: str = "macropixel",
    errors: Errors = "ideal",
    jobs: int | None = None,
    cluster: Any = None,
    out: str | Path | None = None,
    limit: int | None = None,
    advance: Callable[[], None] = run.nothing,
    engine: str = "fast",
    timing: str = "scamp5d",
    level: int = golden.INPUT_LEVEL,
    **options: Any,
) -> ChipStudy:
    """Run every clip on every chip with every seed, and compare each plane with the golden model.

    mapping: as of `validate`.
    engine, timing: of the machine.
    level, options: of the mapping, such as front_end. Other arguments as of `systems.base.study.run.measure`.

    Raises ProgramError.
    """
    from scamp_sim.systems.pixelrnn.system import SYSTEM

    on = realisation(mapping, level, **options)
    _check(weights, clips)
    about = {
        "mapping": mapping,
        "parameters": weights.parameters,
        "level": on.options.level,
        "front_end": on.options.front_end,
        "engine": engine,
        "timing": timing,
        **options,
    }
    return run.measure(
        SYSTEM,
        weights,
        clips,
        on,
        Hardware(errors, engine=engine, timing=timing),
        chips=chips,
        seeds=seeds,
        jobs=jobs,
        cluster=cluster,
        out=out,
        limit=limit,
        about=about,
        advance=advance,
    )


def realisation(mapping: str, level: int = golden.INPUT_LEVEL, **options: Any) -> Realisation:
    """The realisation that a mapping's name stands for: "macropixel", "blocks", or either with ":VERSION". Raises
    ProgramError."""
    name, given = split(mapping, options)
    return Realisation(f"scamp5:{name}", mapping_options(name, given, level))


def _check(weights: Weights, clips: ClipSet) -> None:
    decoder = check_weights(weights).decoder
    if decoder is not None:
        check_labels(clips.labels, decoder.classes)


def make_encoder(weights: Weights, mapping: str, errors: Errors = "ideal", seed: int = 0, **options: Any) -> Encoder:
    """An encoder with the mapping as the command line names it: "macropixel", "blocks", or either with ":VERSION".

    options: as Encoder has them. Raises ProgramError.
    """
    return Encoder(weights, mapping, errors, seed=seed, **options)


def renew(encoder: Encoder, seed: int, number: int) -> None:
    """The encoder as it is before a clip: the machine as a new one of the same chip, whose noise is drawn from a seed
    made of `seed` and `number`."""
    encoder.machine.renew(noise_seed(seed, number))


def look_at_input(encoder: Encoder, clip: npt.NDArray[Any]) -> Bits:
    """The frames as the array binarises them, (16, 64, 64), a bit turned where any of the sixteen copies is wrong."""
    wanted = encoder.bits(clip)
    planes = np.empty_like(wanted)
    program = encoder.mapping.steps(1)[0].program
    for t, picture in enumerate(encoder.pictures(clip)):
        encoder.machine.expose(picture)
        encoder.machine.run(program)
        copies = golden.untile(encoder.machine.read(encoder.mapping.input_register) > 0)
        planes[t] = wanted[t] ^ (copies != wanted[t]).any(axis=0)
    return planes


def programs_digest(encoder: Encoder) -> str:
    """What the array is told to do with a clip, and what is done to its output, as a digest."""
    words = [
        [
            s.title,
            [s.program.kernels[p.kernel].storage, *map(str, s.program.kernels[p.kernel].words)]
            if isinstance(p, Launch)
            else [p.name, str(getattr(p, "args", ""))],
        ]
        for t in (0, 1, FRAMES - 1)
        for s in encoder.mapping.steps(t)
        for p in s.program.steps
    ]
    calibration = encoder.mapping.calibration
    if calibration is not None:  # what corrects o is in no program
        words.append(["calibration", [repr(calibration)]])
    return digest([json.dumps(words)])


__all__ = ["look_at_input", "make_encoder", "measure", "programs_digest", "realisation", "renew", "validate"]
