"""Of each stage of a validation the plane that differs most, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scamp_sim.systems.base.protocol import Array, ClipSet, Hardware, Realisation, System
from scamp_sim.systems.base.study.results import Study
from scamp_sim.systems.base.study.work import encode

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


def worst(
    system: System[Any],
    params: Any,
    clips: ClipSet,
    on: Realisation,
    hardware: Hardware,
    seed: int,
    found: Study,
) -> dict[str, Picture]:
    """File name -> the worst plane of a stage beside that of its model. The clips are run again for it."""
    takes = system.frames(params, on).like(clips.input[0])
    encoder = system.build(params, on, hardware, takes)
    runs: dict[int, Any] = {}
    pictures = {}
    for reference in found.references:
        for stage in found.stages:
            record = found.worst(reference, stage)
            n = record.clip
            if n not in runs:
                clip = clips.clip(n).array
                ran = encode(system, encoder, clip, seed, n).planes(system.stages)
                models = system.models(params, on, clip, takes)
                runs[n] = ran, {name: model.planes(system.stages) for name, model in models.items()}
            ours, theirs = runs[n][0][stage], runs[n][1][reference][stage]
            what = f"of {record.name}"
            if ours.ndim > 2:
                counts = record.differ[reference][stage]
                t = max(range(len(counts)), key=counts.__getitem__)
                ours, theirs, what = ours[t], theirs[t], f"{what}, frame {t}"
            own = "" if reference == found.references[0] else "-own"
            pictures[f"worst-{stage}{own}.png"] = difference(stage, ours, theirs, what, reference)
    return pictures


def difference(stage: str, ours: Array, theirs: Array, what: str, reference: str) -> Picture:
    """A plane of a run beside that of its model, and where they differ."""
    from scamp_sim.show.render import Tile, common_scale, contact_sheet

    ours, theirs = np.atleast_2d(ours), np.atleast_2d(theirs)
    wrong = ours != theirs
    count = int(wrong.sum())
    heading = f"{stage} {what}: {f'{count:,}' if count else 'none'} of {wrong.size:,} values differ"
    scale = common_scale((ours, theirs), stretch=True)
    tiles = [Tile("array", ours, scale), Tile(reference, theirs, scale), Tile("differ", wrong)]
    return contact_sheet(tiles, heading, stretch=True)


__all__ = ["difference", "worst"]
