"""A system as the work of a study: one clip on one chip with one seed, and what a file of such results belongs to.

A result depends on nothing but the chip, the seed, the clip, the parameters and the options.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from scamp_sim.study import chips as kinds
from scamp_sim.study.results_store import describe, digest
from scamp_sim.study.statistics import tidy
from scamp_sim.study.version import results_identity
from scamp_sim.systems.base.compare import compare_stages
from scamp_sim.systems.base.protocol import (
    Clip,
    ClipSet,
    Encoded,
    Encoder,
    Frames,
    Hardware,
    Realisation,
    System,
)
from scamp_sim.systems.base.study.results import ARRAY, Record, Shape

REMEMBERED = 200
"""Clips whose models a process keeps; of more, the others are worked out each time."""


@dataclass(frozen=True, eq=False)
class Work:
    """One set of parameters on one realisation, on chips of one kind. It is pickled for Dask.

    errors: what all chips have in common.
    hardware: engine and prices; its errors and chip are not looked at.
    takes: frames of the clips.
    again: whether clips come again, with other seeds or chips, so that their models are worth keeping.
    """

    system: System[Any]
    params: Any
    on: Realisation
    errors: kinds.Kind
    hardware: Hardware
    takes: Frames
    again: bool = True
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    def __reduce__(self) -> Any:
        return Work, (self.system, self.params, self.on, self.errors, self.hardware, self.takes, self.again)

    def encoder(self, chip: int) -> Encoder:
        """The encoder on this chip; all share what does not depend on the chip."""
        hardware = replace(self.hardware, errors=self.errors, chip=chip)
        first = self._kept.get("first")
        if first is None:
            made = self.system.build(self.params, self.on, hardware, self.takes)
            self._kept.setdefault("first", made)
            return made  # also where another thread was faster: its encoder is of another chip, and in use
        return self.system.on_chip(first, self.params, self.on, hardware, self.takes)

    def bench(self, chip: int) -> Callable[[int, int, Any], dict[str, Any]]:
        """What measures this chip, a clip at a time."""
        encoder = self.encoder(chip)

        def measure(seed: int, item: int, clip: Any) -> dict[str, Any]:
            return self._measure(encoder, seed, item, clip)

        return measure

    def _measure(self, encoder: Encoder, seed: int, item: int, clip: Clip) -> dict[str, Any]:
        found = encode(self.system, encoder, clip.array, seed, item)
        row = compare(self.system, self.params, clip, item, found, self._models(item, clip))
        return {key: value for key, value in vars(row).items() if key != "clip"}

    def _models(self, item: int, clip: Clip) -> Mapping[str, Encoded]:
        key = ("models", item)
        found: Mapping[str, Encoded] | None = self._kept.get(key)
        if found is None:
            found = self.system.models(self.params, self.on, clip.array, self.takes)
            if self.again and len(self._kept) <= REMEMBERED:
                self._kept[key] = found
        return found


def noise_seed(seed: int, number: int) -> int:
    """The seed of the noise of clip `number` in the measurement `seed` of a chip: one of its own for each."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def encode(system: System[Any], encoder: Encoder, clip: Any, seed: int, number: int) -> Encoded:
    """One clip with all stages, whatever ran before."""
    stages = [stage.name for stage in system.stages[:-1]]
    return encoder.encode(clip, measurement=noise_seed(seed, number), keep=stages)


def compare(
    system: System[Any], params: Any, clip: Clip, number: int, run: Encoded, models: Mapping[str, Encoded]
) -> Record:
    """What differs between a run and its models, stage by stage, and what the decoder makes of each."""
    differ: dict[str, dict[str, list[int]]] = {}
    largest: dict[str, float] = {}
    rms: dict[str, float] = {}
    for reference, model in models.items():
        found = compare_stages(system.stages, run, model)
        differ[reference] = {d.stage: list(d.per_frame) for d in found}
        largest[reference], rms[reference] = found[-1].largest, tidy(found[-1].rms)
    decoder = system.decoder(params)
    outputs = {ARRAY: run.codes, **{reference: model.codes for reference, model in models.items()}}
    classes = {who: int(np.argmax(decoder.scores(codes))) for who, codes in outputs.items()} if decoder else {}
    return Record(number, clip.name, clip.label, differ, largest, classes, rms)


def shape_of(system: System[Any], takes: Frames, encoder: Encoder, model: Encoded) -> Shape:
    """What records of this system consist of.

    model: of any clip.
    """
    sizes = {name: int(np.size(plane)) for name, plane in model.planes(system.stages).items()}
    return Shape(sizes, system.stages[-1].name, encoder.gives.unit, takes.count)


def digests(work: Work, first: Encoder, clips: ClipSet, **more: Any) -> dict[str, str]:
    """What results depend on, each as a digest, so that a message can name which of them differs; engine and versions
    in words.

    first: an encoder of this work.
    more: what else distinguishes two files.

    Raises ProgramError for errors that cannot be compared.
    """
    labels = np.array([]) if clips.labels is None else clips.labels
    depends = dict(first.depends_on())
    options = {
        "on": work.on.name,
        "options": describe(work.on.options),
        "built": depends.pop("options", ""),
        "timing": work.hardware.timing,
        **more,
    }
    own = {name: value for name, value in depends.items() if name != "weights"}
    return {
        "weights": depends.get("weights", ""),
        "clips": digest([clips.input, labels]),
        "options": digest([json.dumps(describe(options), sort_keys=True)]),
        **own,
        "errors": digest([json.dumps(kinds.key(work.errors))]),
        "engine": work.hardware.engine,
        **results_identity(),
    }


__all__ = ["Work", "compare", "digests", "encode", "noise_seed", "shape_of"]
