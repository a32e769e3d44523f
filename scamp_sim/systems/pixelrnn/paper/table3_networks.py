"""The networks of table 3: read from files, or trained for the table and kept beside its results.

A kept file says what it was trained with, so that nothing of another study is taken for this one's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scamp_sim.exceptions import ProgramError
from scamp_sim.files import write_arrays
from scamp_sim.reading import parse_json, read_archive
from scamp_sim.study.results_store import check_stamp, digest, plain
from scamp_sim.systems.pixelrnn.data.clips import ClipSet, check_labels, read_clips
from scamp_sim.systems.pixelrnn.data.sources import TRAIN_SEED, load_weights
from scamp_sim.systems.pixelrnn.params import Weights
from scamp_sim.systems.pixelrnn.train.noise import StageErrors, known_errors, load_errors

if TYPE_CHECKING:
    from scamp_sim.systems.pixelrnn.paper.table3 import Study

KINDS = ("plain", "trained")
"""Networks trained without errors, and with errors."""

ABOUT = "trained_with"
"""Array of a kept file that says how the network was trained, as JSON; `Weights.load` passes it over."""

REMEDY = "name other --results, or delete it"


@dataclass(frozen=True, eq=False)
class Network:
    """A network of the table.

    kind: of KINDS.
    name: as a user knows it.
    """

    kind: str
    name: str
    weights: Weights

    @cached_property
    def digest(self) -> str:
        """What tells it from others."""
        w = self.weights
        learned: list[Any] = [w.cnn, w.w_f, w.u_f, w.w_o, w.u_o, np.array([*w.theta1, w.theta_r])]
        learned += [np.asarray(part, np.float64) for part in vars(w.decoder).values()]
        return digest(learned)[:16]

    def check(self, labels: Any = None) -> Network:
        """Itself. Raises ProgramError if it has no decoder, or one that does not have these labels."""
        decoder = self.weights.decoder
        if decoder is None:
            raise ProgramError(f"weights {self.name}: they have no decoder, so no class comes out; train one")
        if labels is not None:
            check_labels(labels.tolist(), decoder.classes)
        return self


def load(plain: Iterable[str], trained: Iterable[str]) -> list[Network]:
    """Networks of both kinds out of files. Raises ProgramError, also for one that is there twice."""
    found: dict[str, Network] = {}
    for kind, names in zip(KINDS, (plain, trained), strict=True):
        for name in names:
            network = Network(kind, str(name), load_weights(str(name))).check()
            twin = found.setdefault(network.digest, network)
            if twin is not network:
                raise ProgramError(
                    f"{twin.kind} {twin.name} and {kind} {name} are the same network, which would count twice; "
                    "leave one out"
                )
    return list(found.values())


def train(study: Study, results: str | Path | None, say: Callable[[str], None]) -> list[Network]:
    """Networks of both kinds, from files beside the results if they are there. Raises ScampError, also if these were
    trained otherwise."""
    from scamp_sim.systems.pixelrnn.data import gestures
    from scamp_sim.systems.pixelrnn.train import loop as training

    found, drawn = [], None
    for kind in KINDS:
        noise = StageErrors.none() if kind == "plain" else _noise(study, results, say)
        for seed in range(study.seeds):
            path = _beside(results, f"{kind}-{seed}.npz")
            name = f"seed {seed}" if path is None else path.name
            about = {
                "network": kind,
                "seed": seed,
                "epochs": study.epochs,
                "train clips": study.clips,
                "seed of clips": TRAIN_SEED,
                "threads": study.threads,
                "noise": noise.as_dict(),
            }
            if path is not None and path.exists():
                found.append(Network(kind, name, _read(path, about)).check())
                continue
            say(f"training {kind}, seed {seed}: {study.epochs} epochs, {study.clips} clips a class")
            drawn = drawn or gestures.dataset(study.clips, TRAIN_SEED)
            settings = training.Settings(epochs=study.epochs, seed=seed, threads=study.threads, noise=noise)
            weights = training.train(*drawn, settings).net.to_weights()
            if path is not None:
                _keep(path, weights, about)
            found.append(Network(kind, name, weights))
    return found


def authors(data: str | Path | None) -> tuple[Network, ClipSet] | None:
    """The authors' noise-trained network and their clips, if they are there."""
    folder = data or os.environ.get("SCAMP_SIM_DATA")
    if not folder:
        return None
    weights, clips = Path(folder) / "pixelrnn_weights.npz", Path(folder) / "pixelrnn_gestures_45.npz"
    if not (weights.exists() and clips.exists()):
        return None
    found = read_clips(str(clips))
    return Network("trained", "the authors' weights", Weights.load(weights)).check(found.labels), found


# --- what is kept -----------------------------------------------------------------------------------------------


def _beside(results: str | Path | None, what: str) -> Path | None:
    return None if results is None else Path(results).with_name(f"{Path(results).stem}-{what}")


def _noise(study: Study, results: str | Path | None, say: Callable[[str], None]) -> StageErrors:
    """The errors to train with. A measurement takes a while, so it is kept."""
    source = study.noise or study.errors
    found = known_errors(source)
    if found is not None:
        return found
    from scamp_sim.systems.pixelrnn.train.measurement import MAPPINGS, origin

    mapping = study.mapping if study.mapping in MAPPINGS else MAPPINGS[0]
    path = _beside(results, "noise.json")
    if path is not None and path.exists():
        kept = known_errors(str(path))
        if kept is None or kept.measured != origin(source, mapping=mapping, front_end=study.front_end):
            raise ProgramError(f"{path}: errors that were not measured on {source} as it is now; {REMEDY}")
        return kept
    say(f"errors of sums: {source}, {mapping}{' with its front end' if study.front_end else ''}")
    found = load_errors(source, mapping=mapping, front_end=study.front_end)
    if path is not None:
        found.save(path)
    return found


def _keep(path: Path, weights: Weights, about: Mapping[str, Any]) -> None:
    """Write a network with what it was trained with: all of it, or nothing. Raises ScampError."""
    write_arrays(path, {**weights.arrays(), ABOUT: np.array(json.dumps(about))}, "weights")


def _read(path: Path, about: Mapping[str, Any]) -> Weights:
    """A network that was kept. Raises ProgramError unless it was trained like that."""
    weights = Weights.load(path)
    try:
        theirs = parse_json(str(read_archive(path, "weights")[ABOUT]), f"weights {path}", ProgramError)
    except KeyError:
        raise ProgramError(f"weights {path}: they do not say how they were trained; {REMEDY}") from None
    check_stamp(f"weights {path}", theirs, plain(about), REMEDY)
    return weights


__all__ = ["KINDS", "Network", "authors", "load", "train"]
