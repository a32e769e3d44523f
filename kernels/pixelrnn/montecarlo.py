"""The network on many chips: how often they are right, how far they differ, and how sure that is.

study = measure(weights, clips, chips=range(1, 21), seeds=range(5), errors="scamp5", out="study.json")
print(study.text())

Each (chip, seed, clip) is measured by itself and compared with the golden model, plane by plane. `validate` does the
same for one chip and one seed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kernels.pixelrnn import study
from kernels.pixelrnn.chipstudy import FORMAT, ChipStudy, Outcome
from kernels.pixelrnn.clips import ClipSet, check_labels
from kernels.pixelrnn.encoder import Encoder
from kernels.pixelrnn.golden import Result
from kernels.pixelrnn.weights import Weights
from scamp_sim.errors.setup import Errors
from scamp_sim.exceptions import ProgramError
from scamp_sim.montecarlo import chips as kinds
from scamp_sim.montecarlo.execute import carry_out
from scamp_sim.montecarlo.grid import Grid, Unit, make_grid
from scamp_sim.montecarlo.statistics import tidy
from scamp_sim.montecarlo.store import Store, digest

REMEMBERED = 200
"""Clips whose golden models a process keeps, 270 KB each; of more, the others are worked out each time."""


@dataclass(frozen=True, eq=False)
class Network:
    """The work of a study: one set of weights under one mapping, on chips of one error profile.

    options: of the encoder, such as level and front_end.
    """

    weights: Weights
    mapping: str
    errors: kinds.Kind
    options: Mapping[str, Any] = field(default_factory=dict)
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    def __reduce__(self) -> Any:
        return Network, (self.weights, self.mapping, self.errors, self.options)

    def encoder(self, chip: int) -> Encoder:
        """The network on this chip; all share the programs, which are assembled once."""
        made = study.make_encoder(self.weights, self.mapping, self.errors, chip=chip, **self.options)
        made.mapping = self._kept.setdefault("programs", made.mapping)
        return made

    def bench(self, chip: int) -> Callable[[int, int, Any], dict[str, Any]]:
        """What measures this chip, a clip at a time."""
        encoder = self.encoder(chip)

        def measure(seed: int, item: int, clip: Any) -> dict[str, Any]:
            return self._measure(encoder, seed, item, clip)

        return measure

    def _measure(self, encoder: Encoder, seed: int, item: int, clip: tuple[Any, str, int | None]) -> dict[str, Any]:
        frames, name, label = clip
        study.renew(encoder, seed, item)
        run, x = encoder.run(frames), study.look_at_input(encoder, frames)
        models = self._models(encoder, item, frames)
        found = study.compare(item, name, label, run, models, x, encoder.weights)
        rms = {r: tidy(float(np.sqrt(np.mean(np.square(np.float64(run.o) - m.o))))) for r, m in models.items()}
        row = {key: value for key, value in vars(found).items() if key != "clip"}
        return {**row, "rms": rms}

    def _models(self, encoder: Encoder, item: int, frames: npt.NDArray[Any]) -> Mapping[str, Result]:
        key = ("models", item)
        found: Mapping[str, Result] | None = self._kept.get(key)
        if found is None:
            found = study.references(encoder, frames)
            if len(self._kept) <= REMEMBERED:
                self._kept[key] = found
        return found


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

    chips: serials; seeds: of the noise, which each chip draws for itself. jobs, cluster: as `scamp_sim.montecarlo.execute.carry_out` has them; the
    results are the same for all. out: the file of the results; units that it has are not run again. limit: only the
    first so many clips. advance: called as each unit is done. options: of the encoder. Raises ProgramError.
    """
    if limit is not None and limit < 1:
        raise ProgramError(f"limit is {limit}; it is a number from 1 up")
    wanted = min(len(clips), limit or len(clips))
    grid = make_grid(chips, seeds, wanted)
    work = Network(weights, mapping, kinds.portable(errors), options)
    first = work.encoder(grid.chips[0])
    if weights.decoder is not None:
        check_labels(clips.labels, weights.decoder.classes)
    named = str(errors) if isinstance(errors, (str, Path)) else work.errors.name
    about = {
        "mapping": mapping, "errors": named, "parameters": weights.parameters, "source": clips.source,
        "level": first.level, "front_end": first.front_end, **options,
    }  # fmt: skip
    store = None
    if out is not None:
        store = Store(out, FORMAT, about, _digests(work, first, clips, about), len(clips), _outcome)
    rows, ran = _run(work, grid, clips, store, jobs, cluster, advance)
    outcomes = {unit: _outcome(rows[unit], unit) for unit in grid}
    found = ChipStudy(about, grid, outcomes, ran)
    if store is not None:
        store.write(found.summary())
    return found


def _run(
    work: Network,
    grid: Grid,
    clips: ClipSet,
    store: Store | None,
    jobs: int | None,
    cluster: Any,
    advance: Callable[[], None],
) -> tuple[Mapping[Unit, Mapping[str, Any]], int]:
    """The results of all units, and how many of them were not there already."""
    rows: dict[Unit, Mapping[str, Any]] = store.results if store is not None else {}
    missing = [unit for unit in grid if unit not in rows]
    for _ in range(len(grid) - len(missing)):
        advance()

    def clip(item: int) -> tuple[Any, str, int | None]:
        label = None if clips.labels is None else int(clips.labels[item])
        return np.asarray(clips.input[item]), clips.names[item], label

    before = len(rows)
    if missing:
        try:
            with closing(carry_out(work, missing, clip, jobs=jobs, cluster=cluster)) as results:  # type: ignore[type-var]
                for unit, row in results:
                    rows[unit] = row
                    if store is not None:
                        store.add(unit, row)
                    advance()
        finally:
            if store is not None and len(rows) > before:  # whatever ended it, what is done is kept
                store.write()
    return rows, len(missing)


def _outcome(row: Mapping[str, Any], unit: Unit = Unit(0, 0, 0)) -> Outcome:  # noqa: B008
    """A result out of a file or off a worker. Raises KeyError or TypeError for what is none."""
    found = Outcome(clip=unit.item, **row)
    if not all(type(n) is int for stages in found.differ.values() for counts in stages.values() for n in counts):
        raise TypeError("differ")
    return found


def _digests(work: Network, first: Encoder, clips: ClipSet, about: Mapping[str, Any]) -> dict[str, str]:
    """What results depend on, chips and seeds apart, each as a digest."""
    found = study._digests(first, clips, {**about, "seed": None})
    return {
        **found,
        "options": digest([json.dumps({key: about[key] for key in ("mapping", "level", "front_end", *work.options)})]),
        "errors": digest([json.dumps(kinds.key(work.errors))]),
    }


__all__ = ["ChipStudy", "Network", "measure"]
