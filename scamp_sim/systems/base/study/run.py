"""Many clips through a realisation, every stage compared with its models: on one chip, or on many.

study = validate(SYSTEM, params, clips, on, hardware, jobs=2, out="results.json")
study = measure(SYSTEM, params, clips, on, hardware, chips=range(1, 21), seeds=range(5))
print(study.text())

Clips run in parallel; a clip's result depends on nothing but the clip, the parameters, the options, the chip and the
seed. Results are written as they finish; an interrupted run resumes where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from scamp_sim.checks import integer, path_of
from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon import ChipErrors, load_errors
from scamp_sim.study import chips as kinds
from scamp_sim.study.grid import Grid, make_grid
from scamp_sim.study.results_store import Store
from scamp_sim.study.resume import carried
from scamp_sim.systems.base.protocol import IDEAL, ClipSet, Encoder, Hardware, Realisation, System
from scamp_sim.systems.base.study.chipstudy import ChipStudy
from scamp_sim.systems.base.study.results import Record, Shape, Study, record
from scamp_sim.systems.base.study.work import Work, digests, shape_of

Advance = Callable[[], None]


def nothing() -> None:
    """Advances nothing."""


def validate(
    system: System[Any],
    params: Any,
    clips: ClipSet,
    on: Realisation,
    hardware: Hardware = IDEAL,
    *,
    seed: int = 0,
    jobs: int | None = None,
    out: str | Path | None = None,
    limit: int | None = None,
    about: Mapping[str, Any] | None = None,
    advance: Advance = nothing,
) -> Study:
    """Run clips on one chip and compare every stage with the models.

    seed: of the noise. jobs: clips at a time, by default one for each core; the results are the same for every number.
    out: the file of the results; clips that it has are not run again. limit: only the first so many clips. about: what
    is run, in words, for the document. advance: called as each clip is done. Raises ProgramError if `out` belongs to
    other parameters, clips or options, or to another version of the results.
    """
    for name, value in (("jobs", jobs), ("limit", limit)):
        if value is not None:
            integer(name, value, low=1)
    integer("seed", seed)
    check_clips(clips)
    errors, chip = hardware.errors, hardware.chip
    if isinstance(errors, ChipErrors):
        load_errors(errors, errors.shape, chip)  # another serial beside it is a mistake
        chip = errors.serial
    work = _work(system, params, clips, on, hardware, again=False)
    first = work.encoder(chip)
    grid = make_grid([chip], [seed], min(len(clips), limit or len(clips)))
    told = {**_about(system, on, clips, hardware), "seed": seed, "chip": chip, **(about or {})}
    store = None
    if out is not None:
        belongs = digests(work, first, clips, chip=chip, seed=seed)
        store = Store(path_of(out, "results"), f"{system.name} validation, 3", told, belongs, len(clips), record)
    rows, ran = carried(work, grid, store, clips.clip, jobs=jobs, advance=advance)
    records = tuple(record(rows[unit], unit) for unit in grid)
    found = Study(told, records, _shape(work, first, clips), ran)
    if store is not None:
        store.write(found.summary())
    return found


def measure(
    system: System[Any],
    params: Any,
    clips: ClipSet,
    on: Realisation,
    hardware: Hardware = IDEAL,
    *,
    chips: Iterable[int],
    seeds: Iterable[int] = (0,),
    jobs: int | None = None,
    cluster: Any = None,
    out: str | Path | None = None,
    limit: int | None = None,
    about: Mapping[str, Any] | None = None,
    advance: Advance = nothing,
) -> ChipStudy:
    """Run every clip on every chip with every seed, and compare each stage with the models.

    chips: serials. seeds: of the noise, which each chip draws for itself. jobs, cluster: as
    `scamp_sim.study.execute.carry_out` has them; the results are the same for all. Other arguments as of `validate`.
    Raises ProgramError, also for custom error models, which a file cannot tell from others.
    """
    if limit is not None:
        integer("limit", limit, low=1)
    check_clips(clips)
    grid: Grid = make_grid(chips, seeds, min(len(clips), limit or len(clips)))
    work = _work(system, params, clips, on, hardware)
    first = work.encoder(grid.chips[0])
    told = {**_about(system, on, clips, hardware), **(about or {})}
    store = None
    if out is not None:
        form = f"{system.name} study over chips, 2"
        store = Store(out, form, told, digests(work, first, clips), len(clips), record)
    rows, ran = carried(work, grid, store, clips.clip, jobs=jobs, cluster=cluster, advance=advance)
    outcomes: dict[Any, Record] = {unit: record(rows[unit], unit) for unit in grid}
    found = ChipStudy(told, grid, outcomes, _shape(work, first, clips), ran)
    if store is not None:
        store.write(found.summary())
    return found


def check_clips(clips: object) -> None:
    """Raises ProgramError unless these are clips."""
    if not isinstance(clips, ClipSet):
        raise ProgramError(f"expected a ClipSet, not {clips!r:.40}; clips.read_clips(source) gives one")
    if not len(clips):
        raise ProgramError("there are no clips; a study takes at least one")


def _work(
    system: System[Any], params: Any, clips: ClipSet, on: Realisation, hardware: Hardware, again: bool = True
) -> Work:
    takes = system.frames(params, on).like(clips.input[0])
    return Work(system, params, on, kinds.portable(hardware.errors), hardware, takes, again)


def _shape(work: Work, first: Encoder, clips: ClipSet) -> Shape:
    model = work.system.models(work.params, work.on, clips.clip(0).array, work.takes)["golden"]
    return shape_of(work.system, work.takes, first, model)


def _about(system: System[Any], on: Realisation, clips: ClipSet, hardware: Hardware) -> dict[str, Any]:
    from scamp_sim.systems.base.options import describe

    return {
        "system": system.name,
        "on": describe(on),
        "errors": kinds.named(hardware.errors),
        "source": clips.source,
    }


__all__ = ["check_clips", "measure", "validate"]
