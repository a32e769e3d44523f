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
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kernels.pixelrnn import golden
from kernels.pixelrnn.clips import ClipSet, check_labels, read_clips
from kernels.pixelrnn.study import make_encoder, programs_digest, renew
from kernels.pixelrnn.weights import Weights
from scamp_sim.exceptions import ProgramError
from scamp_sim.montecarlo import chips as kinds
from scamp_sim.montecarlo.execute import carry_out
from scamp_sim.montecarlo.grid import Unit, make_grid, ranges
from scamp_sim.montecarlo.statistics import Distribution, Interval, distribution, tidy, wilson
from scamp_sim.montecarlo.store import digest
from scamp_sim.wording import plural, table

FORMAT = "pixelrnn table 3, 1"
KINDS = ("plain", "trained")
"""Networks trained without errors, and with errors."""

PLACES, DECODERS = ("simulation", "chips"), ("own", "re-fitted")
MADE_UP, AUTHORS = "made-up gestures", "authors' clips"
PAPER = {("plain", "simulation"): 0.856, ("plain", "chips"): 0.689, ("trained", "chips"): 0.844}
"""Hand gestures in the paper. Its one chip was read with decoders that were re-fitted on planes of that chip."""

TRAIN_SEED, TEST_SEED = 0, 1000
"""Seeds of drawn gestures: those for training and re-fitting, and those to try on."""

FOLDS = 5
"""Parts of the authors' clips: the decoder for each is re-fitted on the other four."""

SHARES = (0.0, 1.0)


@dataclass(frozen=True)
class Study:
    """What the table is made of.

    errors: a profile of analog errors; chips: serials; mapping: as `validate` has it. tests, refits: drawn clips of a
    class to try on, and to re-fit the decoder on. Of networks that are trained for the table: seeds (networks of each
    kind), epochs, clips of a class, noise (errors of the noise-trained, as `train --noise` takes them; those of the
    chips unless given). threads: of PyTorch. jobs: clips at a time on the array, one a core unless given. Raises
    ProgramError.
    """

    errors: str = "scamp5"
    chips: Iterable[int] = tuple(range(1, 11))
    mapping: str = "macropixel"
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
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ProgramError(f"{name} is {value!r}; it is a whole number from 1 up")
        object.__setattr__(self, "chips", make_grid(self.chips, (0,)).chips)
        if kinds.is_ideal(kinds.portable(self.errors)):
            raise ProgramError(
                f"errors '{self.errors}' are ideal: every chip is the simulation; name a profile, such as scamp5"
            )

    @property
    def training(self) -> dict[str, Any]:
        """What networks that are trained for the table depend on, their seed apart."""
        return {"epochs": self.epochs, "clips": self.clips, "noise": self.noise or self.errors, "threads": self.threads}


@dataclass(frozen=True)
class Row:
    """A line of the table. right: one row a network, in it the share of clips that each chip is right about, (networks,
    chips); in the simulation there is one "chip". clips: how many each was tried on."""

    data: str
    kind: str
    place: str
    decoder: str
    right: tuple[tuple[float, ...], ...]
    clips: int

    @property
    def mean(self) -> float:
        """Over networks and chips."""
        return float(np.mean(self.right))

    @property
    def of_chips(self) -> tuple[float, ...]:
        """Chip by chip, the mean over networks."""
        return tuple(np.mean(self.right, axis=0).tolist())

    @property
    def of_networks(self) -> tuple[float, ...]:
        """Network by network, the mean over chips."""
        return tuple(np.mean(self.right, axis=1).tolist())

    @property
    def chips(self) -> Distribution | None:
        """Over chips; None in the simulation."""
        return distribution(self.of_chips, SHARES) if self.place == "chips" else None

    @property
    def networks(self) -> Distribution:
        """Over networks."""
        return distribution(self.of_networks, SHARES)

    @property
    def interval(self) -> Interval:
        """Of the mean: over chips; in the simulation over networks; of one alone Wilson's, over the clips."""
        over = self.chips or self.networks
        return over.interval or wilson(min(1.0, self.mean), self.clips, "clips")

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "clips_from": self.data, "network": self.kind, "where": self.place, "decoder": self.decoder,
            "clips": self.clips, "mean": tidy(self.mean), "interval_95": self.interval.as_dict(),
            "over_chips": None if self.chips is None else self.chips.as_dict(),
            "over_networks": self.networks.as_dict(),
            "right": [[tidy(v) for v in chips] for chips in self.right],
        }  # fmt: skip


@dataclass(frozen=True)
class Balance:
    """What chips cost the plain network with one kind of decoder, and what the noise-trained one wins back.

    loss: simulation less chips of the plain network with its own decoder in the simulation, a share of the clips.
    losses: the same for each plain network by itself. better: by how much the noise-trained one is right more often on
    chips. regained: that as a part of the loss; None where the loss, over several networks, may be none.
    """

    decoder: str
    loss: float
    losses: tuple[float, ...]
    better: float

    @property
    def regained(self) -> float | None:
        sure = distribution(self.losses).interval
        return None if self.loss <= 0 or (sure is not None and sure.low <= 0) else self.better / self.loss

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "decoder": self.decoder, "loss": tidy(self.loss), "losses": [tidy(v) for v in self.losses],
            "better": tidy(self.better),
            "regained": None if self.regained is None else tidy(self.regained),
        }  # fmt: skip


@dataclass(frozen=True)
class Table3:
    """The table. networks: kind -> what the networks are, in words. ran: measurements that were not kept already."""

    study: Study
    networks: Mapping[str, tuple[str, ...]]
    rows: tuple[Row, ...]
    ran: int = 0

    def find(self, kind: str, place: str, decoder: str, data: str = MADE_UP) -> Row | None:
        """A row; None if it is not there."""
        wanted = (data, kind, place, decoder)
        return next((r for r in self.rows if (r.data, r.kind, r.place, r.decoder) == wanted), None)

    @cached_property
    def balances(self) -> tuple[Balance, ...]:
        """For each kind of decoder on chips; none unless there are networks of both kinds."""
        found = []
        for decoder in DECODERS:
            clean, chips = self.find("plain", "simulation", "own"), self.find("plain", "chips", decoder)
            trained = self.find("trained", "chips", decoder)
            if clean is None or chips is None or trained is None:
                continue
            losses = tuple(a - b for a, b in zip(clean.of_networks, chips.of_networks, strict=True))
            found.append(Balance(decoder, clean.mean - chips.mean, losses, trained.mean - chips.mean))
        return tuple(found)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        s = self.study
        return {
            "format": FORMAT,
            **{k: v for k, v in asdict(s).items() if k not in ("chips", "jobs")},
            "chips": ranges(make_grid(s.chips, (0,)).chips),
            "networks": {kind: list(names) for kind, names in self.networks.items()},
            "rows": [row.as_dict() for row in self.rows],
            "balance": [b.as_dict() for b in self.balances],
            "paper": [{"network": k, "where": p, "right": v} for (k, p), v in PAPER.items()],
        }

    def text(self) -> str:
        """A table for each set of clips, and what is lost and won back."""
        s = self.study
        chips = make_grid(s.chips, (0,)).chips
        head = f"table 3: {plural(len(chips), 'chip')} ({ranges(chips)}) of {s.errors}, mapping {s.mapping}\n"
        for kind, names in self.networks.items():
            head += f"{kind}: {', '.join(names)}\n"
        blocks = [head]
        for data in dict.fromkeys(row.data for row in self.rows):
            rows = [row for row in self.rows if row.data == data]
            block = f"{data}, {rows[0].clips} to try on\n"
            columns = (
                "network", "where", "decoder", "right, %", "95 % interval", "networks", "chips", "paper, %"
            )  # fmt: skip
            block += table(columns, [_cells(row) for row in rows], "<<<>>>>>")
            blocks.append(block)
        notes = []
        for b in self.balances:
            line = f"{b.decoder} decoder: chips cost the plain network {100 * b.loss:.1f} points"
            line += f"; on chips the noise-trained one is {100 * b.better:+.1f} points"
            line += " away" if b.regained is None else f", {100 * b.regained:.0f} % of that"
            notes.append(line + "\n")
        how = (
            f"interval of the mean: on chips Student's t over {len(chips)} of them"
            if len(chips) > 1
            else "interval of the mean: Wilson's over the clips"
        )
        notes.append(f"{how}; networks, chips: range of their means\n")
        if any(row.data == AUTHORS for row in self.rows):
            notes.append(f"authors' clips: decoders re-fitted by cross-validation, {FOLDS} parts, on the same chip\n")
        blocks.append("".join(notes))
        return "\n".join(blocks)


def _cells(row: Row) -> tuple[str, ...]:
    def span(values: Sequence[float]) -> str:
        return f"{100 * min(values):.1f} .. {100 * max(values):.1f}" if len(values) > 1 else "-"

    i = row.interval
    same = row.decoder == ("own" if row.place == "simulation" else "re-fitted")
    paper = PAPER.get((row.kind, row.place)) if same else None
    return (
        row.kind, row.place, row.decoder, f"{100 * row.mean:.1f}", f"{100 * i.low:.1f} .. {100 * i.high:.1f}",
        span(row.of_networks), span(row.of_chips) if row.place == "chips" else "-",
        "-" if paper is None else f"{100 * paper:.1f}",
    )  # fmt: skip


# --- making it --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Network:
    kind: str
    name: str
    weights: Weights

    @cached_property
    def digest(self) -> str:
        w = self.weights
        learned: list[Any] = [w.cnn, w.w_f, w.u_f, w.w_o, w.u_o, np.array([*w.theta1, w.theta_r])]
        learned += [np.asarray(part, np.float64) for part in vars(w.decoder).values()]
        return digest(learned)[:16]


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
    kept beside it. data: folder of the authors' clips and weights, for rows of theirs (default: SCAMP_SIM_DATA); left
    out where it has none. say: called with what is begun. Raises ScampError.
    """
    given = plain is not None or trained is not None
    kept = _Kept(results, study, given)
    networks = (
        [_load(kind, name) for kind, names in zip(KINDS, (plain, trained), strict=True) for name in names or ()]
        if given
        else _train(study, results, say)
    )
    if not networks:
        raise ProgramError("there is no network; name weights, or none at all, and networks are trained")
    fit, test = (read_clips(f"made-up:{n}:{s}") for n, s in ((study.refits, TRAIN_SEED), (study.tests, TEST_SEED)))
    rows, ran = _rows(MADE_UP, networks, _split(fit, test), study, kept, say)
    theirs = _authors(data)
    if theirs is not None:
        network, clips = theirs
        more, again = _rows(AUTHORS, [network], _folds(clips), study, kept, say)
        rows, ran = rows + more, ran + again
    words = {k: tuple(n.name for n in networks if n.kind == k) for k in KINDS}
    return Table3(study, {k: names for k, names in words.items() if names}, tuple(rows), ran)


def _load(kind: str, name: str) -> _Network:
    from scamp_sim.pixelrnn_options import load_weights

    return _checked(_Network(kind, str(name), load_weights(str(name))), None)


def _checked(network: _Network, labels: Any) -> _Network:
    decoder = network.weights.decoder
    if decoder is None:
        raise ProgramError(f"weights {network.name}: they have no decoder, so no class comes out; train one")
    if labels is not None:
        check_labels(labels.tolist(), decoder.classes)
    return network


def _train(study: Study, results: str | Path | None, say: Callable[[str], None]) -> list[_Network]:
    """Networks of both kinds, from files beside the results if they are there."""
    from kernels.pixelrnn import gestures
    from scamp_sim.torch import training
    from scamp_sim.torch.noise import StageErrors, load_errors

    def beside(what: str) -> Path | None:
        return None if results is None else Path(results).with_name(f"{Path(results).stem}-{what}")

    found, drawn = [], None
    for kind in KINDS:
        noise = None
        for seed in range(study.seeds):
            path = beside(f"{kind}-{seed}.npz")
            name = f"seed {seed}" if path is None else path.name
            if path is not None and path.exists():
                found.append(_checked(_Network(kind, name, Weights.load(path)), None))
                continue
            if noise is None:
                noise = StageErrors.none()
                if kind == "trained":
                    measured = beside("noise.json")
                    say(f"errors of sums: {study.training['noise']}")
                    known = measured is not None and measured.exists()
                    noise = load_errors(str(measured) if known else study.training["noise"])
                    if measured is not None and not known:
                        noise.save(measured)
            say(f"training {kind}, seed {seed}: {study.epochs} epochs, {study.clips} clips a class")
            drawn = drawn or gestures.dataset(study.clips, TRAIN_SEED)
            settings = training.Settings(epochs=study.epochs, seed=seed, threads=study.threads, noise=noise)
            weights = training.train(*drawn, settings).net.to_weights()
            if path is not None:
                weights.save(path)
            found.append(_Network(kind, name, weights))
    return found


def _authors(data: str | Path | None) -> tuple[_Network, ClipSet] | None:
    """The authors' noise-trained network and their clips, if they are there."""
    folder = data or os.environ.get("SCAMP_SIM_DATA")
    if not folder:
        return None
    weights, clips = Path(folder) / "pixelrnn_weights.npz", Path(folder) / "pixelrnn_gestures_45.npz"
    if not (weights.exists() and clips.exists()):
        return None
    found = read_clips(str(clips))
    return _checked(_Network("trained", "the authors' weights", Weights.load(weights)), found.labels), found


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
    data: str, networks: Sequence[_Network], trial: _Trial, study: Study, kept: _Kept, say: Callable[[str], None]
) -> tuple[list[Row], int]:
    """The rows of one set of clips, and how much was not kept already."""
    chips = make_grid(study.chips, (0,)).chips
    right: dict[tuple[str, str, str], list[list[float]]] = {}
    ran = 0
    for network in networks:
        _checked(network, trial.labels)
        work = _Planes(network.weights, study.mapping, kinds.portable(study.errors))
        for place in PLACES:
            columns: dict[str, list[float]] = {decoder: [] for decoder in DECODERS}
            for chip in chips if place == "chips" else (None,):
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


def _tried(weights: Weights, o: npt.NDArray[np.float32], trial: _Trial, threads: int) -> dict[str, list[int]]:
    """Kind of decoder -> the class that is said of each tried clip, from output planes of all (n, 64, 64)."""
    from scamp_sim.torch.training import refit

    said: dict[str, list[int]] = {decoder: [] for decoder in DECODERS}
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
    errors: kinds.Kind
    shared: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """What tells the programs, and the calibration, from others."""
        return programs_digest(make_encoder(self.weights, self.mapping, self.errors))[:16]

    def bench(self, chip: int) -> Callable[[int, int, Any], Any]:
        encoder = make_encoder(self.weights, self.mapping, self.errors, chip=chip)
        encoder.mapping = self.shared.setdefault("programs", encoder.mapping)

        def measure(seed: int, item: int, clip: Any) -> Any:
            renew(encoder, seed, item)
            return encoder.run(clip).o

        return measure

    def planes(self, chip: int, trial: _Trial, jobs: int | None) -> npt.NDArray[np.float32]:
        """(n, 64, 64), tap products, one for each clip; noise is drawn anew for each."""
        o = np.empty((len(trial.clips), golden.SIDE, golden.SIDE), np.float32)
        units = [Unit(chip, 0, n) for n in range(len(o))]
        with closing(carry_out(self, units, lambda n: trial.clips[n], jobs=jobs)) as results:  # type: ignore[type-var]
            for unit, plane in results:
                o[unit.item] = plane
        return o


class _Kept:
    """Classes that were said, by key, in a JSON file if there is a name for one. A file of another study is refused."""

    def __init__(self, path: str | Path | None, study: Study, given: bool) -> None:
        self.path = path
        self.stamp = {
            "errors": study.errors, "mapping": study.mapping,
            "drawn errors": digest([json.dumps(kinds.key(kinds.portable(study.errors)))])[:16],
            "training": None if given else study.training,
        }  # fmt: skip
        self.found: dict[str, dict[str, list[int]]] = {}
        if path is None:
            return
        from scamp_sim.files import check_file

        target = check_file(path, "results")
        if not target.exists():
            return
        try:
            record = json.loads(target.read_text(encoding="utf-8"))
            if record["format"] != FORMAT:
                raise ValueError
            stamp = record["study"]
            self.found = {
                str(key): {decoder: [int(n) for n in said[decoder]] for decoder in DECODERS}
                for key, said in record["said"].items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            raise ProgramError(f"results {path}: not the results of table3; name another file, or delete it") from None
        if stamp != self.stamp:
            other = [name for name in self.stamp if not isinstance(stamp, dict) or stamp.get(name) != self.stamp[name]]
            raise ProgramError(f"results {path}: they belong to other {' and '.join(other)}; name another file")

    def add(self, key: str, said: dict[str, list[int]]) -> None:
        self.found[key] = said
        if self.path is not None:
            from scamp_sim.files import write_text

            record = {"format": FORMAT, "study": self.stamp, "said": self.found}
            write_text(self.path, json.dumps(record) + "\n", "results")


# --- drawing ----------------------------------------------------------------------------------------------------


def plot(found: Table3, path: str | Path) -> Path:
    """Draw the table to a file, PNG, PDF or SVG by its name: a dot a chip and network, a bar for the mean. Raises
    ScampError."""
    from kernels.pixelrnn import plots

    return plots.save(path, lambda: _figure(found))


def _figure(found: Table3) -> Any:
    from kernels.pixelrnn import plots

    sets = list(dict.fromkeys(row.data for row in found.rows))
    figure = plots.new_figure(1.5 + 1.1 * len(found.rows), 4.4)
    counts = [sum(row.data == data for row in found.rows) for data in sets]
    for axes, data in zip(
        figure.subplots(1, len(sets), squeeze=False, sharey=True, width_ratios=counts)[0], sets, strict=True
    ):  # fmt: skip
        rows = [row for row in found.rows if row.data == data]
        for place, row in enumerate(rows):
            dots = 100 * np.array(row.right).ravel()
            # side by side, so that dots of one value are seen
            x = place + np.linspace(-0.28, 0.28, len(dots)) if len(dots) > 1 else [place]
            axes.plot(x, dots, "o", color=plots.ACCENT, ms=4, alpha=0.6)
            axes.plot(place, 100 * row.mean, "_", color="black", ms=28)
        names = [f"{r.kind}\n{r.place}\n{r.decoder}" for r in rows]
        axes.set_xticks(range(len(rows)), names, fontsize=8)
        axes.set_xlim(-0.6, len(rows) - 0.4)
        axes.set_title(f"{data}, {plural(rows[0].clips, 'clip')}", loc="left", fontsize=10)
        axes.set_ylim(0, 102)
        axes.grid(axis="y", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("right, % (dots: chips and networks; bar: mean)", fontsize=9)
    return figure


__all__ = ["Balance", "Row", "Study", "Table3", "plot", "table3"]
