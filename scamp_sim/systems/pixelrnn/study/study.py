"""Validation: many clips through the array, every plane of every frame compared with the golden model.

study = validate(weights, clips, mapping="macropixel", jobs=2, out="results.json")
print(study.text())

It is one chip and one seed of what `scamp_sim.systems.pixelrnn.study.montecarlo` measures over many.
Clips run in parallel; a clip's result depends on nothing but the clip, the weights and the options. Results are
written as clips finish; an interrupted run resumes where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scamp_sim.checks import integer, path_of
from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon import ChipErrors, load_errors
from scamp_sim.silicon.setup import Errors
from scamp_sim.study import chips as kinds
from scamp_sim.study.grid import make_grid
from scamp_sim.study.results_store import Store
from scamp_sim.systems.pixelrnn.data.clips import ClipSet, check_labels
from scamp_sim.systems.pixelrnn.params import Weights
from scamp_sim.systems.pixelrnn.study.network import (
    Network,
    carried,
    compare,
    digests,
    encode,
    look_at_input,
    make_encoder,
    programs_digest,
    references,
    renew,
)
from scamp_sim.systems.pixelrnn.study.results import FORMAT, Record, Study, record


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
    advance: Callable[[], None] = lambda: None,
) -> Study:
    """Run clips through the array and compare every plane with the golden model.

    jobs: clips at a time, as many as there are cores by default; the results are the same for every number.
    out: the file of the results; clips that it has are not run again.
    limit: only the first so many clips.
    front_end: the array scales the frames down, which may then be 256x256.
    chip: serial of the chip, if `errors` are those of one.
    advance: called as each clip is done.

    Raises ProgramError if `out` belongs to other weights, clips or options, or to another version of this program.
    """
    for name, value in (("jobs", jobs), ("limit", limit)):
        if value is not None:
            integer(name, value, least=1)
    integer("seed", seed)
    if not isinstance(clips, ClipSet):
        raise ProgramError(f"expected a ClipSet, not {clips!r:.40}; clips.read_clips(source) gives one")
    if isinstance(errors, ChipErrors):
        load_errors(errors, errors.shape, chip)  # another serial beside it is a mistake
        chip = errors.serial
    work = Network(weights, mapping, kinds.portable(errors), {"front_end": front_end}, again=False)
    first = work.encoder(chip)
    if weights.decoder is not None:
        check_labels(clips.labels, weights.decoder.classes)
    about = {
        "mapping": mapping, "errors": kinds.named(errors), "seed": seed, "parameters": weights.parameters,
        "source": clips.source, "level": first.level, "front_end": first.front_end, "chip": chip,
    }  # fmt: skip
    grid = make_grid([chip], [seed], min(len(clips), limit or len(clips)))
    store = None
    if out is not None:
        belongs = digests(work, first, clips, chip=chip, seed=seed)
        store = Store(path_of(out, "results"), FORMAT, about, belongs, len(clips), record)
    rows, ran = carried(work, grid, clips, store, jobs, None, advance)
    found = Study(about, tuple(record(rows[unit], unit) for unit in grid), ran)
    if store is not None:
        store.write(found.summary())
    return found


__all__ = [
    "Record", "Study", "compare", "encode", "look_at_input", "make_encoder", "programs_digest", "references", "renew",
    "validate",
]  # fmt: skip
