"""Validation: many clips through the array, every plane of every frame compared with the golden model.

study = validate(weights, clips, mapping="macropixel", jobs=2, out="results.json")
print(study.text())

Clips run in parallel, one machine a worker, and a clip's result depends on nothing but the clip, the weights and the
options. Results are written as clips finish; a run that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kernels.pixelrnn import golden
from kernels.pixelrnn.checks import integer
from kernels.pixelrnn.clips import ClipSet, check_labels
from kernels.pixelrnn.encoder import Encoded, Encoder
from kernels.pixelrnn.encoder import Mapping as Placement
from kernels.pixelrnn.golden import FRAMES, Bits, Result
from kernels.pixelrnn.results import ARRAY, GOLDEN, OWN, Record, Results, Study
from kernels.pixelrnn.weights import GATES, Weights
from scamp_sim.errors.setup import Errors
from scamp_sim.exceptions import ProgramError
from scamp_sim.program import Launch


def validate(
    weights: Weights,
    clips: ClipSet,
    *,
    mapping: str = "macropixel",
    errors: str = "ideal",
    seed: int = 0,
    jobs: int | None = None,
    out: str | Path | None = None,
    limit: int | None = None,
    front_end: bool = False,
    chip: int = 0,
    advance: Callable[[], None] = lambda: None,
) -> Study:
    """Run clips through the array and compare every plane with the golden model.

    jobs: clips at a time, as many as there are cores unless said; the results are the same for every number. out: the
    file of the results; clips that it has are not run again. limit: only the first so many clips. front_end: the array
    scales the frames down, which may then be 256x256. chip: serial of the chip, if `errors` are those of one. advance:
    called as each clip is done. Raises ProgramError if `out` belongs to other weights, clips or options.
    """
    for name, value in (("jobs", jobs), ("limit", limit)):
        if value is not None:
            integer(name, value, least=1)
    integer("seed", seed)
    if not isinstance(clips, ClipSet):
        raise ProgramError(f"expected a ClipSet, not {clips!r:.40}; clips.read_clips(source) gives one")

    def make() -> Encoder:
        return make_encoder(weights, mapping, errors, seed, front_end=front_end, chip=chip)

    first = make()
    if weights.decoder is not None:
        check_labels(clips.labels, weights.decoder.classes)
    about = {
        "mapping": mapping, "errors": errors, "seed": seed, "parameters": weights.parameters, "source": clips.source,
        "level": first.level, "front_end": first.front_end, "chip": chip,
    }  # fmt: skip
    results = Results(out, about, _digests(first, clips, about), len(clips)) if out is not None else None
    wanted = range(min(len(clips), limit or len(clips)))
    done = {n: r for n, r in (results.records if results else {}).items() if n in wanted}
    for _ in done:
        advance()
    worker = _Worker(make, first.mapping, clips, seed)
    with ThreadPoolExecutor(jobs or cores()) as pool:
        futures = [pool.submit(worker.run, n) for n in wanted if n not in done]
        try:
            for future in as_completed(futures):
                record = future.result()
                done[record.clip] = record
                if results:
                    results.add(record)
                advance()
        finally:
            # whatever ended the run, what is finished is kept
            for future in futures:
                future.cancel()
            if results:
                results.write()
    return Study(about, tuple(done[n] for n in sorted(done)), len(futures))


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Worker:
    """Runs clips; each thread has an encoder of its own, which is renewed before each clip."""

    def __init__(self, make: Callable[[], Encoder], programs: Placement, clips: ClipSet, seed: int) -> None:
        self._make = make
        self._programs = programs
        self._clips = clips
        self._seed = seed
        self._local = threading.local()

    def run(self, number: int) -> Record:
        if not hasattr(self._local, "encoder"):
            self._local.encoder = self._make()
            self._local.encoder.mapping = self._programs  # assembled once for all
        encoder = self._local.encoder
        run, models, x = encode(encoder, self._clips.input[number], self._seed, number)
        label = None if self._clips.labels is None else int(self._clips.labels[number])
        return compare(number, self._clips.names[number], label, run, models, x, encoder.weights)


def make_encoder(weights: Weights, mapping: str, errors: Errors = "ideal", seed: int = 0, **options: Any) -> Encoder:
    """An encoder with the mapping as the command line names it: "macropixel", "blocks", or "blocks:VERSION".

    options: as Encoder has them. Raises ProgramError.
    """
    name, colon, version = str(mapping).partition(":")
    if colon:
        if name != "blocks":
            raise ProgramError(
                f"mapping '{mapping}': only blocks has versions; write blocks:VERSION, or a mapping alone"
            )
        options["version"] = version
    return Encoder(weights, name, errors, seed=seed, **options)


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
    version = getattr(encoder.mapping, "version", None)
    if encoder.mapping.name == "blocks" and version == "published":
        from kernels.pixelrnn import blocks_golden

        found[OWN] = blocks_golden.encode(x, encoder.weights, version, level=encoder.level)
    return found


INPUT_REGISTERS = {"macropixel": "A", "blocks": "R5"}
"""Mapping -> register that holds the binarised frame, sixteen times, after the first step of a frame."""


def look_at_input(encoder: Encoder, clip: npt.NDArray[Any]) -> Bits | None:
    """The frames as the array binarises them, a bit where any of the sixteen copies is wrong turned; None if there is
    no telling."""
    register = INPUT_REGISTERS.get(encoder.mapping.name)
    if register is None:
        return None
    wanted = encoder.bits(clip)
    planes = np.empty_like(wanted)
    program = encoder.mapping.steps(1)[0].program
    for t, picture in enumerate(encoder.pictures(clip)):
        encoder.machine.expose(picture)
        encoder.machine.run(program)
        copies = golden.untile(encoder.machine.read(register) > 0)
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
    for reference, model in models.items():
        planes = {"b": (run.b, model.b), "f": (run.f, model.f), "h": (run.h, model.h)}
        if x is not None:
            planes = {"x": (x, model.x), **planes}
        differ[reference] = {s: (ours != theirs).sum(axis=(1, 2)).tolist() for s, (ours, theirs) in planes.items()}
        differ[reference]["o"] = [int((run.o != model.o).sum())]
        largest[reference] = float(np.abs(run.o - model.o).max())
    decoder = weights.decoder
    outputs = {ARRAY: run.o, **{reference: model.o for reference, model in models.items()}}
    classes = {who: decoder.classify(o) for who, o in outputs.items()} if decoder else {}
    return Record(number, name, label, differ, largest, classes)


def _digests(encoder: Encoder, clips: ClipSet, about: Mapping[str, Any]) -> dict[str, str]:
    """What results depend on, each as a digest, so that a message can say which of them is another."""
    w = encoder.weights
    learned: list[Any] = [w.cnn, *(getattr(w, gate) for gate in GATES), np.array([*w.theta1, w.theta_r])]
    if w.decoder is not None:
        learned += [np.asarray(part, np.float64) for part in vars(w.decoder).values()]
    labels = np.array([]) if clips.labels is None else clips.labels
    options = {name: about[name] for name in ("mapping", "errors", "seed", "level")}
    if about["front_end"]:
        options["front_end"] = True
    if about.get("chip"):
        options["chip"] = about["chip"]
    return {
        "weights": _digest(learned),
        "clips": _digest([clips.input, labels]),
        "options": _digest([json.dumps(options)]),
        "programs of the mapping": programs_digest(encoder),
    }


def programs_digest(encoder: Encoder) -> str:
    """What the array is told to do with a clip, and what is done to its output, as a digest."""
    words = [
        [
            s.title,
            [str(w) for w in s.program.kernels[p.kernel].words]
            if isinstance(p, Launch)
            else [p.name, str(getattr(p, "args", ""))],
        ]
        for t in (0, 1, FRAMES - 1)
        for s in encoder.mapping.steps(t)
        for p in s.program.steps
    ]
    calibration = getattr(encoder.mapping, "calibration", None)
    if calibration is not None:  # what o is put right by is in no program
        words.append(["calibration", [repr(calibration)]])
    return _digest([json.dumps(words)])


def _digest(parts: Iterable[Any]) -> str:
    """SHA-256 of arrays and texts, each with its shape and type."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            total.update(part.encode())
        else:
            array = np.ascontiguousarray(part)
            total.update(f"{array.shape} {array.dtype.newbyteorder('<')}".encode())
            total.update(array.tobytes())
    return total.hexdigest()


__all__ = ["Record", "Study", "compare", "encode", "make_encoder", "programs_digest", "validate"]
