"""The network as the work of a study: one clip on one chip with one seed, and what a file of such results belongs to.

Each clip runs on a machine as new and is compared with the golden model, plane by plane. A result depends on nothing
but the chip, the seed, the clip, the weights and the options.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.program import Launch
from scamp_sim.silicon.setup import Errors
from scamp_sim.study import chips as kinds
from scamp_sim.study.cluster import code_identity
from scamp_sim.study.execute import carry_out
from scamp_sim.study.grid import Grid, Unit
from scamp_sim.study.results_store import Store, describe, digest
from scamp_sim.study.statistics import tidy
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.data.clips import ClipSet
from scamp_sim.systems.pixelrnn.encoder import Encoded, Encoder
from scamp_sim.systems.pixelrnn.golden import FRAMES, Bits, Result
from scamp_sim.systems.pixelrnn.params import GATES, Weights
from scamp_sim.systems.pixelrnn.study.results import ARRAY, GOLDEN, OWN, Record

REMEMBERED = 200
"""Clips whose golden models a process keeps, 270 KB each; of more, the others are worked out each time."""


# --- one clip -----------------------------------------------------------------------------------------------------


def make_encoder(weights: Weights, mapping: str, errors: Errors = "ideal", seed: int = 0, **options: Any) -> Encoder:
    """An encoder with the mapping as the command line names it: "macropixel", "blocks", or either with ":VERSION".

    options: as Encoder has them. Raises ProgramError.
    """
    return Encoder(weights, mapping, errors, seed=seed, **options)


def encode(
    encoder: Encoder, clip: npt.NDArray[Any], seed: int, number: int
) -> tuple[Encoded, dict[str, Result], Bits | None]:
    """One clip on the array and in its references, and the binarised frames as the array had them (16, 64, 64).

    Nothing depends on what ran before: the machine is as a new one, with noise of a seed of its own.
    """
    renew(encoder, seed, number)
    return encoder.run(clip), references(encoder, clip), look_at_input(encoder, clip)


def renew(encoder: Encoder, seed: int, number: int) -> None:
    """The encoder as it is before a clip: the machine as a new one of the same chip, whose noise is drawn from a seed
    made of `seed` and `number`."""
    encoder.machine.renew(int(np.random.SeedSequence([seed, number]).generate_state(1)[0]))


def references(encoder: Encoder, clip: npt.NDArray[Any]) -> dict[str, Result]:
    """What the golden models make of a clip: the network's and, for a mapping with edges of its own, that of these."""
    x = encoder.bits(clip)
    found = {GOLDEN: golden.encode(x, encoder.weights, level=encoder.level)}
    if encoder.mapping.own_edges:
        from scamp_sim.systems.pixelrnn import golden_blocks as blocks_golden

        found[OWN] = blocks_golden.encode(x, encoder.weights, level=encoder.level)
    return found


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


def compare(
    number: int,
    name: str,
    label: int | None,
    run: Encoded,
    models: Mapping[str, Result],
    x: Bits | None,
    weights: Weights,
) -> Record:
    """What differs, plane by plane."""
    differ: dict[str, dict[str, list[int]]] = {}
    largest: dict[str, float] = {}
    rms: dict[str, float] = {}
    for reference, model in models.items():
        planes = {"b": (run.b, model.b), "f": (run.f, model.f), "h": (run.h, model.h)}
        if x is not None:
            planes = {"x": (x, model.x), **planes}
        differ[reference] = {s: (ours != theirs).sum(axis=(1, 2)).tolist() for s, (ours, theirs) in planes.items()}
        differ[reference]["o"] = [int((run.o != model.o).sum())]
        away = np.float64(run.o) - model.o
        largest[reference], rms[reference] = float(np.abs(away).max()), tidy(float(np.sqrt(np.mean(np.square(away)))))
    decoder = weights.decoder
    outputs = {ARRAY: run.o, **{reference: model.o for reference, model in models.items()}}
    classes = {who: decoder.classify(o) for who, o in outputs.items()} if decoder else {}
    return Record(number, name, label, differ, largest, classes, rms)


# --- many ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Network:
    """The work of a study: one set of weights under one mapping, on chips of one error profile.

    options: of the encoder, such as level and front_end.
    again: whether clips come again, with other seeds or chips, so that their golden models are worth keeping.
    """

    weights: Weights
    mapping: str
    errors: kinds.Kind
    options: Mapping[str, Any] = field(default_factory=dict)
    again: bool = True
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    def __reduce__(self) -> Any:
        return Network, (self.weights, self.mapping, self.errors, self.options, self.again)

    def encoder(self, chip: int) -> Encoder:
        """The network on this chip; all share the programs, which are assembled once."""
        made = make_encoder(self.weights, self.mapping, self.errors, chip=chip, **self.options)
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
        renew(encoder, seed, item)
        run, x = encoder.run(frames), look_at_input(encoder, frames)
        found = compare(item, name, label, run, self._models(encoder, item, frames), x, encoder.weights)
        return {key: value for key, value in vars(found).items() if key != "clip"}

    def _models(self, encoder: Encoder, item: int, frames: npt.NDArray[Any]) -> Mapping[str, Result]:
        key = ("models", item)
        found: Mapping[str, Result] | None = self._kept.get(key)
        if found is None:
            found = references(encoder, frames)
            if self.again and len(self._kept) <= REMEMBERED:
                self._kept[key] = found
        return found


def carried(
    work: Network,
    grid: Grid,
    clips: ClipSet,
    store: Store | None,
    jobs: int | None,
    cluster: Any,
    advance: Callable[[], None],
) -> tuple[Mapping[Unit, Mapping[str, Any]], int]:
    """The results of all units, and how many of them were not there already. Raises ProgramError."""
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


# --- what results belong to ---------------------------------------------------------------------------------------


def digests(work: Network, first: Encoder, clips: ClipSet, **more: Any) -> dict[str, str]:
    """What results depend on, each as a digest, so that a message can name the one that differs; engine and versions by
    name.

    first: an encoder of this work.
    more: what else distinguishes two files.

    Raises ProgramError for errors that cannot be distinguished from others.
    """
    w = work.weights
    learned: list[Any] = [w.cnn, *(getattr(w, gate) for gate in GATES), np.array([*w.theta1, w.theta_r])]
    if w.decoder is not None:
        learned += [np.asarray(part, np.float64) for part in vars(w.decoder).values()]
    labels = np.array([]) if clips.labels is None else clips.labels
    given = {name: value for name, value in work.options.items() if name not in ("engine", "timing")}
    options = {
        **given, "mapping": work.mapping, "level": first.level, "front_end": first.front_end,
        "timing": first.machine.timing, **more,
    }  # fmt: skip
    return {
        "weights": digest(learned),
        "clips": digest([clips.input, labels]),
        "options": digest([json.dumps(describe(options), sort_keys=True)]),
        "programs of the mapping": programs_digest(first),
        "errors": digest([json.dumps(kinds.key(work.errors))]),
        "engine": str(work.options.get("engine", "fast")),
        **code_identity(),
    }


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


__all__ = [
    "Network", "carried", "compare", "digests", "encode", "look_at_input", "make_encoder", "programs_digest",
    "references", "renew",
]  # fmt: skip
