"""Table 3 of the paper: what an array with errors costs in accuracy, and what training with its errors wins back.

found = table3(Study(errors="scamp5", chips=range(1, 11)), plain=["plain.npz"], trained=["trained.npz"])
print(found.text())

Networks that were trained without errors and with them, each without errors (the golden model) and on emulated chips,
each with the decoder it was trained with and with one re-fitted on output planes. On a chip the planes are those of the
same chip, as the authors did it: clips that the test does not use are shown to it, and the decoder, which is off the
sensor, is trained on what it gives. Source of the table: PixelRNN (CVPR 2024), section 4.5.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import integer
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.study import chips as kinds
from scamp_sim.study.execute import carry_out
from scamp_sim.study.grid import Unit, make_grid
from scamp_sim.study.results_store import Kept, digest, stamped
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.data.clips import ClipSet, read_clips
from scamp_sim.systems.pixelrnn.data.sources import TEST_SEED, TRAIN_SEED
from scamp_sim.systems.pixelrnn.encoder import Encoder
from scamp_sim.systems.pixelrnn.paper import table3_networks
from scamp_sim.systems.pixelrnn.paper.table3_networks import KINDS, Network
from scamp_sim.systems.pixelrnn.paper.table3_result import (
    AUTHORS,
    DECODERS,
    FOLDS,
    PLACES,
    SYNTHETIC,
    Balance,
    Row,
    Table3,
    plot,
)
from scamp_sim.systems.pixelrnn.params import Weights
from scamp_sim.systems.pixelrnn.study import make_encoder, programs_digest, renew
from scamp_sim.systems.pixelrnn.train.noise import known_errors


@dataclass(frozen=True)
class Study:
    """What the table is made of.

    errors: a profile of analog errors.
    chips: serials.
    mapping, front_end: as `validate` has them.
    tests, refits: drawn clips of a class to try on, and to re-fit the decoder on. Of networks that are trained for the
        table: seeds (networks of each kind), epochs, clips of a class, noise (errors of the noise-trained, as `train
        --noise` takes them; those of the chips under this mapping unless given).
    threads: of PyTorch.
    jobs: clips at a time on the array, one a core unless given.

    Raises ProgramError.
    """

    errors: str = "scamp5"
    chips: Iterable[int] = tuple(range(1, 11))
    mapping: str = "macropixel"
    front_end: bool = False
    tests: int = 10
    refits: int = 10
    seeds: int = 1
    epochs: int = 10
    clips: int = 40
    noise: str | None = None
    threads: int = 2
    jobs: int | None = None

    def __post_init__(self) -> None:
        for name in ("tests", "refits", "seeds", "epochs", "clips", "threads", "jobs"):
            value = getattr(self, name)
            if name == "jobs" and value is None:
                continue
            integer(name, value, 1)
        object.__setattr__(self, "chips", make_grid(self.chips, (0,)).chips)
        if kinds.is_ideal(kinds.portable(self.errors)):
            raise OptionError(
                f"errors '{self.errors}' are ideal: every chip is the simulation; name a profile, such as scamp5"
            )

        # what is wrong with these would be said after hours of training otherwise
        make_encoder(Weights.random(1), self.mapping, front_end=self.front_end)
        known_errors(self.noise or self.errors)

    @property
    def serials(self) -> tuple[int, ...]:
        """Of the chips, in ascending order, each once."""
        return tuple(self.chips)


# --- making it --------------------------------------------------------------------------------------------------


def table3(
    study: Study,
    *,
    plain: Iterable[str] | None = None,
    trained: Iterable[str] | None = None,
    results: str | Path | None = None,
    data: str | Path | None = None,
    say: Callable[[str], None] = lambda what: None,
) -> Table3:
    """The table, for networks in files, or for such as are trained for it if neither `plain` nor `trained` is given.

    results: a JSON file that keeps what is done, network by network and chip by chip; networks that are trained are
        kept beside it.
    data: folder of the authors' clips and weights, for rows of theirs (default: SCAMP_SIM_DATA); left out where it has
        none.
    say: called with what is begun.

    Raises ScampError.
    """
    given = plain is not None or trained is not None
    stamp = {
        "errors": study.errors,
        "drawn errors": stamped([json.dumps(kinds.key(kinds.portable(study.errors)))]),
        "mapping": study.mapping,
        "front end": study.front_end,
        "threads": study.threads,
    }
    kept = Kept(results, "table3", stamp, _classes)
    networks = table3_networks.load(plain or (), trained or ()) if given else table3_networks.train(study, results, say)
    if not networks:
        raise ProgramError("there is no network; name weights, or none at all, and networks are trained")
    fit, test = (read_clips(f"synthetic:{n}:{s}") for n, s in ((study.refits, TRAIN_SEED), (study.tests, TEST_SEED)))
    rows, ran = _rows(SYNTHETIC, networks, _split(fit, test), study, kept, say)
    theirs = table3_networks.authors(data)
    if theirs is not None:
        network, clips = theirs
        more, again = _rows(AUTHORS, [network], _folds(clips), study, kept, say)
        rows, ran = rows + more, ran + again
    words = {k: tuple(n.name for n in networks if n.kind == k) for k in KINDS}
    return Table3(study, {k: names for k, names in words.items() if names}, tuple(rows), ran)


Said = dict[str, list[int]]
"""Kind of decoder -> the class that is said of each tried clip."""


def _classes(value: Any) -> Said:
    return {decoder: [int(n) for n in value[decoder]] for decoder in DECODERS}


@dataclass(frozen=True, eq=False)
class _Trial:
    """Clips with labels, and parts of them: a decoder is re-fitted on the first of each pair and tried on the second.
    tested: clips that are tried at all, in the order of the parts."""

    clips: npt.NDArray[Any]
    labels: npt.NDArray[np.int64]
    parts: tuple[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], ...]
    digest: str = field(default="")

    @property
    def tested(self) -> npt.NDArray[np.int64]:
        return np.concatenate([test for _, test in self.parts])


def _trial(clips: npt.NDArray[Any], labels: Any, parts: Iterable[tuple[Any, Any]]) -> _Trial:
    pairs = tuple(parts)
    known = np.asarray(labels, np.int64)
    return _Trial(clips, known, pairs, digest([clips, known, *(np.asarray(i) for p in pairs for i in p)])[:16])


def _split(fit: ClipSet, test: ClipSet) -> _Trial:
    n = len(fit)
    both = np.concatenate([fit.input, test.input]), np.concatenate([fit.labels, test.labels])  # type: ignore[arg-type]
    return _trial(*both, [(np.arange(n), np.arange(n, n + len(test)))])


def _folds(clips: ClipSet) -> _Trial:
    """Parts with as many clips of each class as can be."""
    labels = np.asarray(clips.labels)
    place = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        of_class = np.flatnonzero(labels == label)
        place[of_class] = np.arange(len(of_class)) % FOLDS
    parts = [(np.flatnonzero(place != k), np.flatnonzero(place == k)) for k in range(FOLDS)]
    return _trial(clips.input, labels, [p for p in parts if len(p[1])])


def _rows(
    data: str, networks: Sequence[Network], trial: _Trial, study: Study, kept: Kept[Said], say: Callable[[str], None]
) -> tuple[list[Row], int]:
    """The rows of one set of clips, and how much was not kept already."""
    right: dict[tuple[str, str, str], list[list[float]]] = {}
    ran = 0
    for network in networks:
        network.check(trial.labels)
        work = _Planes(network.weights, study.mapping, study.front_end, kinds.portable(study.errors))
        for place in PLACES:
            columns: dict[str, list[float]] = {decoder: [] for decoder in DECODERS}
            for chip in study.serials if place == "chips" else (None,):
                where = "simulation" if chip is None else f"{work.digest}, chip {chip}"
                key = f"{network.digest}, {trial.digest}, {where}"
                if key not in kept.found:
                    say(f"{data}, {network.kind}, {network.name}: {'simulation' if chip is None else f'chip {chip}'}")
                    o = _simulated(network.weights, trial) if chip is None else work.planes(chip, trial, study.jobs)
                    kept.add(key, _tried(network.weights, o, trial, study.threads))
                    ran += 1
                for decoder, said in kept.found[key].items():
                    columns[decoder].append(float(np.mean(np.array(said) == trial.labels[trial.tested])))
            for decoder in DECODERS:
                right.setdefault((network.kind, place, decoder), []).append(columns[decoder])
    return [
        Row(data, kind, place, decoder, tuple(map(tuple, right[kind, place, decoder])), len(trial.tested))
        for kind in KINDS
        for place in PLACES
        for decoder in DECODERS
        if (kind, place, decoder) in right
    ], ran


def _tried(weights: Weights, o: npt.NDArray[np.float32], trial: _Trial, threads: int) -> Said:
    """What is said of each tried clip, from output planes of all (n, 64, 64)."""
    from scamp_sim.systems.pixelrnn.train.loop import refit

    said: Said = {decoder: [] for decoder in DECODERS}
    for fit, test in trial.parts:
        again = refit(weights, o[fit], trial.labels[fit].tolist(), threads=threads)
        for decoder, w in zip(DECODERS, (weights, again), strict=True):
            assert w.decoder is not None  # checked when the network was read
            said[decoder] += np.atleast_1d(w.decoder.classify(o[test])).tolist()
    return said


def _simulated(weights: Weights, trial: _Trial) -> npt.NDArray[np.float32]:
    return np.stack([golden.encode(golden.binarise(clip), weights).o for clip in trial.clips]).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Planes:
    """Output planes of one network on chips; all chips share the programs, which are assembled once."""

    weights: Weights
    mapping: str
    front_end: bool
    errors: kinds.Kind
    shared: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """What tells the programs, and the calibration, from others."""
        return programs_digest(self._encoder(0))[:16]

    def _encoder(self, chip: int) -> Encoder:
        return make_encoder(self.weights, self.mapping, self.errors, chip=chip, front_end=self.front_end)

    def bench(self, chip: int) -> Callable[[int, int, Any], Any]:
        encoder = self._encoder(chip)
        encoder.mapping = self.shared.setdefault("programs", encoder.mapping)

        def measure(seed: int, item: int, clip: Any) -> Any:
            renew(encoder, seed, item)
            return encoder.run(clip).o

        return measure

    def planes(self, chip: int, trial: _Trial, jobs: int | None) -> npt.NDArray[np.float32]:
        """(n, 64, 64), tap products, one for each clip; noise is redrawn for each."""
        o = np.empty((len(trial.clips), golden.SIDE, golden.SIDE), np.float32)
        units = [Unit(chip, 0, n) for n in range(len(o))]
        with closing(carry_out(self, units, lambda n: trial.clips[n], jobs=jobs)) as results:  # type: ignore[type-var]
            for unit, plane in results:
                o[unit.item] = plane
        return o


__all__ = ["Balance", "Row", "Study", "Table3", "plot", "table3"]
