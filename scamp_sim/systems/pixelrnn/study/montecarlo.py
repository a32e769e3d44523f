"""The network on many chips: how often they are right, how far they differ, and how sure that is.

study = measure(weights, clips, chips=range(1, 21), seeds=range(5), errors="scamp5", out="study.json")
print(study.text())

Each (chip, seed, clip) is measured by itself and compared with the golden model, plane by plane. `validate` does the
same for one chip and one seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon.setup import Errors
from scamp_sim.study import chips as kinds
from scamp_sim.study.grid import make_grid
from scamp_sim.study.results_store import Store, describe
from scamp_sim.systems.pixelrnn.data.clips import ClipSet, check_labels
from scamp_sim.systems.pixelrnn.params import Weights
from scamp_sim.systems.pixelrnn.study.chipstudy import FORMAT, ChipStudy
from scamp_sim.systems.pixelrnn.study.network import Network, carried, digests
from scamp_sim.systems.pixelrnn.study.results import record


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
    advance: Callable[[], None] = lambda: None,
    **options: Any,
) -> ChipStudy:
    """Run every clip on every chip with every seed, and compare each plane with the golden model.

    chips: serials.
    seeds: of the noise, which each chip draws for itself.
    jobs, cluster: as `scamp_sim.study.execute.carry_out` has them; the results are the same for all.
    out: the file of the results; units that it has are not run again.
    limit: only the first so many clips.
    advance: called as each unit is done.
    options: of the encoder.

    Raises ProgramError, also if `out` belongs to something else, and for a model of errors of one's own, which a file
    cannot tell from others.
    """
    if limit is not None and limit < 1:
        raise ProgramError(f"limit must be at least 1, got {limit}")
    wanted = min(len(clips), limit or len(clips))
    grid = make_grid(chips, seeds, wanted)
    work = Network(weights, mapping, kinds.portable(errors), options)
    first = work.encoder(grid.chips[0])
    if weights.decoder is not None:
        check_labels(clips.labels, weights.decoder.classes)
    about = {
        "mapping": mapping, "errors": kinds.named(errors), "parameters": weights.parameters, "source": clips.source,
        "level": first.level, "front_end": first.front_end, **describe(options),
    }  # fmt: skip
    store = None
    if out is not None:
        store = Store(out, FORMAT, about, digests(work, first, clips), len(clips), record)
    rows, ran = carried(work, grid, clips, store, jobs, cluster, advance)
    found = ChipStudy(about, grid, {unit: record(rows[unit], unit) for unit in grid}, ran)
    if store is not None:
        store.write(found.summary())
    return found


__all__ = ["ChipStudy", "Network", "measure"]
