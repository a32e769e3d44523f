"""Figures 2 and 3 of the paper, on synthetic gestures: accuracy against memory, and accuracy against values read.

study = figure2(Study(seeds=1, epochs=8), results="figure2.json")
plot(study, "figure2.png")

Each point is a network that is trained here. Results are kept in a file as they come, and an interrupted run goes
on from there. Source of the figures: PixelRNN (CVPR 2024), sections 4.3 and 4.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import integer
from scamp_sim.study.results_store import Kept
from scamp_sim.systems.pixelrnn.data import gestures
from scamp_sim.systems.pixelrnn.data.sources import TEST_SEED, TRAIN_SEED
from scamp_sim.systems.pixelrnn.golden import SIDE
from scamp_sim.systems.pixelrnn.report import bandwidth
from scamp_sim.text import plural

POOLING = (1, 2, 3, 4, 5, 6, 8, 16, 32, 64)
"""Windows of the max-pooling before the network in figure 3: 4,096 down to 1 value read."""

MACROPIXEL_BYTES = 32
"""What the array has for intermediate features, bytes a macropixel (section 4.3); the dashed line of figure 2."""


@dataclass(frozen=True)
class Study:
    """What the figures are made of: seeds (networks a point), epochs of each, clips of a class to train and to try on,
    threads of PyTorch. Raises ProgramError."""

    seeds: int = 1
    epochs: int = 8
    clips: int = 20
    tests: int = 20
    threads: int = 2

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            integer(name, value, 1)


@dataclass(frozen=True)
class Point:
    """A network and how often it was right, one number a seed.

    x: bytes a macropixel (figure 2), or values read.
    """

    name: str
    kind: str
    layers: int
    x: float
    right: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.right))


@dataclass(frozen=True)
class Figure:
    """A figure's points, and what they were made of."""

    number: int
    study: Study
    points: tuple[Point, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "figure": self.number,
            **asdict(self.study),
            "points": [{**asdict(p), "mean": p.mean} for p in self.points],
        }

    def text(self) -> str:
        """A table, a row a point."""
        from scamp_sim.systems.pixelrnn.report.costs import table

        what, unit = (
            ("accuracy against memory", "bytes a macropixel")
            if self.number == 2
            else ("accuracy against values read", "values in 16 frames")
        )
        rows = []
        for p in self.points:
            low, high = 100 * min(p.right), 100 * max(p.right)
            spread = f"{low:.1f} .. {high:.1f}" if len(p.right) > 1 else "-"
            rows.append((p.name, p.kind, str(p.layers or "-"), f"{p.x:,.4g}", f"{100 * p.mean:.1f}", spread))
        s = self.study
        title = (
            f"figure {self.number}, {what}: synthetic gestures, {s.clips} clips a class to train, {s.tests} to try on, "
            f"{s.epochs} epochs, seeds {s.seeds}\n"
        )
        return title + table(("model", "weights", "layers", unit, "accuracy, %", "range"), rows, "<<>>>>")


def figure2(
    study: Study,
    *,
    results: str | Path | None = None,
    layers: Iterable[int] = bandwidth.LAYERS,
    done: Callable[[Point], None] = lambda point: None,
    say: Callable[[str], None] = lambda what: None,
) -> Figure:
    """Accuracy against memory of every network of table 2, binary and float, with one and two layers of convolutions.

    results: a JSON file that keeps what is done.
    done: called with each point.
    say: called with what is begun.

    Raises ScampError.
    """
    from scamp_sim.systems.pixelrnn.train import baselines

    kept = _kept(results, 2, study)
    data = _Data(study)
    points = []
    # the lean ones first, so that something is to be seen soon
    cases: list[tuple[str, str, int, int]] = [(name, "-", 0, 8) for name in reversed(baselines.CAMERAS)]
    cases += [(n, k, count, b) for count in layers for k, b in (("binary", 1), ("float", 32)) for n in baselines.GATES]
    for name, kind, count, bits in cases:
        right = []
        for seed in range(study.seeds if count else 1):
            key = f"{name}, {kind}, {count}, {seed}"
            if key not in kept.found:
                say(f"{name}, {kind} weights, layers {count}, seed {seed}" if count else name)
                kept.add(key, _camera(name, study) if not count else _network(name, kind, count, seed, data))
            right.append(kept.found[key])
        points.append(Point(name, kind, count, baselines.memory(name, count or 1, bits), tuple(right)))
        done(points[-1])
    return Figure(2, study, tuple(points))


def figure3(
    study: Study,
    *,
    results: str | Path | None = None,
    pooling: Iterable[int] = POOLING,
    done: Callable[[Point], None] = lambda point: None,
    say: Callable[[str], None] = lambda what: None,
) -> Figure:
    """Accuracy of PixelRNN against the values that leave the sensor: frames are max-pooled more and more beforehand.

    Options as those of `figure2`. Raises ScampError.
    """
    from scamp_sim.systems.pixelrnn.train.module import PixelRNN

    kept = _kept(results, 3, study)
    data = _Data(study)
    points = []
    for window in sorted(pooling, reverse=True):
        right = []
        for seed in range(study.seeds):
            key = f"{window}, {seed}"
            if key not in kept.found:
                say(f"pooling {window}x{window}, seed {seed}")
                kept.add(key, _trained(PixelRNN(len(gestures.CLASSES), seed=seed, pooling=window), seed, data))
            right.append(kept.found[key])
        points.append(Point("PixelRNN", "binary", 1, float((SIDE // window) ** 2), tuple(right)))
        done(points[-1])
    return Figure(3, study, tuple(points))


class _Data:
    """The clips of a study, drawn when they are first wanted."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.drawn: tuple[Any, Any] | None = None

    def get(self) -> tuple[Any, Any]:
        if self.drawn is None:
            s = self.study
            self.drawn = gestures.dataset(s.clips, TRAIN_SEED), gestures.dataset(s.tests, TEST_SEED)
        return self.drawn


def _network(name: str, kind: str, layers: int, seed: int, data: _Data) -> float:
    from scamp_sim.systems.pixelrnn.train import baselines

    net = baselines.network(name, binary=kind == "binary", layers=layers, classes=len(gestures.CLASSES), seed=seed)
    return _trained(net, seed, data)


def _trained(net: Any, seed: int, data: _Data) -> float:
    from scamp_sim.systems.pixelrnn.train import loop as training

    study = data.study
    drawn, test = data.get()
    settings = training.Settings(epochs=study.epochs, seed=seed, threads=study.threads)
    training.train(drawn[0], drawn[1], settings, net=net)
    with training.threads(study.threads):
        return training.accuracy(net, net.store(test[0]), test[1])


def _camera(name: str, study: Study) -> float:
    from scamp_sim.systems.pixelrnn.train import baselines

    size = bandwidth.SENSOR if name == "RAW" else SIDE
    classes = len(gestures.CLASSES)

    def clips(each: int, seed: int) -> Iterator[npt.NDArray[Any]]:
        return (gestures.clip(n, seed, size)[0] for n in range(each * classes))

    known, test = (np.arange(each * classes) % classes for each in (study.clips, study.tests))
    return baselines.linear_accuracy(name, clips(study.clips, TRAIN_SEED), known, clips(study.tests, TEST_SEED), test)


def _kept(path: str | Path | None, number: int, study: Study) -> Kept[float]:
    """The file belongs to all that a network depends on but its seed, which is part of the key."""
    stamp = {"epochs": study.epochs, "train clips": study.clips, "tests": study.tests, "threads": study.threads}
    return Kept(path, f"figure{number}", stamp, float)


# --- drawing ----------------------------------------------------------------------------------------------------

_COLOURS = {"SRNN": "#59a14f", "LSTM": "#e15759", "GRU": "#f28e2b", "MGU": "#b07aa1", "PixelRNN": "#4e79a7"}


def plot(figure: Figure, path: str | Path) -> Path:
    """Draw the figure to a file, PNG, PDF or SVG by its name. Raises ScampError."""
    from scamp_sim.show import plots

    return plots.save(path, lambda: _drawn(figure))


def _drawn(figure: Figure) -> Any:
    from scamp_sim.show import plots

    canvas = plots.new_figure(7.6, 4.4)
    axes = canvas.subplots()
    (_memory if figure.number == 2 else _values)(axes, figure)
    axes.set_ylim(0, 102)
    axes.set_ylabel("accuracy, %")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.axhline(100 / len(gestures.CLASSES), color="#9c9c9c", linewidth=1)
    axes.annotate(
        "chance",
        (1, 100 / len(gestures.CLASSES)),
        (-2, 3),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        fontsize=8,
        color="#6c6c6c",
    )
    if figure.number == 2:
        # points lie all over the axes
        canvas.legend(loc="outside right upper", frameon=False, fontsize=8)
    return canvas


def _memory(axes: Any, figure: Figure) -> None:
    for p in figure.points:
        if p.kind == "-":
            axes.plot(p.x, 100 * p.mean, "k^" if p.name == "RAW" else "kv", label=p.name)
            continue
        filled = {"color": _COLOURS[p.name], "markerfacecolor": _COLOURS[p.name] if p.kind == "binary" else "white"}
        label = p.name if (p.kind, p.layers) == ("binary", min(q.layers for q in figure.points if q.layers)) else None
        axes.plot(p.x, 100 * p.mean, marker="o" if p.layers == 1 else "s", linestyle="", label=label, **filled)
    axes.axvline(MACROPIXEL_BYTES, color="black", linestyle="--", linewidth=1)
    axes.annotate("SCAMP-5", (MACROPIXEL_BYTES, 4), (4, 0), textcoords="offset points", fontsize=8)
    axes.set_xscale("log")
    axes.set_xlabel("memory for features, bytes a macropixel")
    axes.set_title("filled: binary weights, open: float; circle: one layer, square: two", loc="left", fontsize=9)


def _values(axes: Any, figure: Figure) -> None:
    x = [p.x for p in figure.points]
    mean = [100 * p.mean for p in figure.points]
    spread = [100 * float(np.std(p.right)) for p in figure.points]
    axes.errorbar(x, mean, yerr=spread, marker="o", color=_COLOURS["PixelRNN"], capsize=3)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("values read in 16 frames")
    axes.set_title(f"PixelRNN, mean and sd of {plural(figure.study.seeds, 'seed')}", loc="left", fontsize=9)


__all__ = ["MACROPIXEL_BYTES", "POOLING", "Figure", "Point", "Study", "figure2", "figure3", "plot"]
