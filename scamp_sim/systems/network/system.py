"""Networks of one's own as a system: what the commands, studies and comparisons ask for."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon.setup import Errors
from scamp_sim.systems.base.clips import examples
from scamp_sim.systems.base.options import Plain
from scamp_sim.systems.base.protocol import Decoder, Encoder, Example, Ran, Report, System
from scamp_sim.systems.base.records import IDEAL, Array, Clip, ClipSet, Encoded, Frames, Hardware, Realisation, Stage
from scamp_sim.systems.network.encoder import CODES, Golden, OnArray, frames_of
from scamp_sim.systems.network.params import Conv, Counts, Dense, Input, Network, Pool
from scamp_sim.systems.network.planning.plan import Plan, plan

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MOST = 6
"""Layers of a kind whose stages have names; later ones are compared by what comes behind them."""


@dataclass(frozen=True)
class PlanOptions:
    """What a plan is asked for; see `scamp_sim.systems.network.plan`. 0 stands for not at all."""

    by: Literal["us", "words", "energy", "noise"] = "us"
    layout: Literal["", "blocks", "macropixels", "windows", "serial"] = ""
    sums: Literal["16", "64", "sparse"] = "16"
    levels: int = 0
    events: int = 0
    amplitude: int = 0
    controller: bool = False

    def plan(self, net: Network, errors: Errors = "ideal", timing: str = "scamp5d") -> Plan:
        """The plan of a network. Raises ProgramError."""
        return plan(
            net,
            self.by,
            chip=errors,
            levels=self.levels or None,
            layout=self.layout,
            sums=self.sums,
            events=self.events,
            amplitude=self.amplitude or None,
            controller=self.controller,
            timing=timing,
        )


def _stages() -> tuple[Stage, ...]:
    found = []
    for n in range(1, MOST + 1):
        found += [
            Stage(f"conv{n}.sums", "analog", f"sums of convolution {n}, in taps", within=1e-3),
            Stage(f"conv{n}.bits", "bits", f"maps of convolution {n}"),
            Stage(f"pool{n}.bits", "bits", f"maps behind pool {n}"),
            Stage(f"counts{n}.counts", "integers", f"counts {n}"),
            Stage(f"dense{n}.sums", "analog", f"sums of dense layer {n}", within=1e-6),
        ]
    return (*found, Stage(CODES, "analog", "scores of the classes, or bits", within=1e-6))


class Scores:
    """Classes by the largest score, or by the side of 0 on which a single one lies."""

    def __init__(self, net: Network) -> None:
        last = net.layers[-1]
        assert isinstance(last, Dense)
        self._names = net.classes or tuple(str(n) for n in range(last.decides))

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self._names

    def scores(self, codes: Array) -> Array:
        """The codes are scores already; a single one is for class 1 and against class 0."""
        found = np.asarray(codes, np.float64).ravel()
        return np.array([-found[0], found[0]]) if len(found) == 1 else found


class NetworkSystem(System[Network]):
    """See `scamp_sim.systems.base.protocol.System`.

    shape: of the example: "one" (a binary layer, a pool, a dense layer in the array), "two" (two layers with all
    channels connected), "strided" (ternary windows).
    """

    name = "network"
    title = "a network of your own, planned for the array"
    paper = "L. Bose et al., Fully Embedding Fast Convolutional Networks on Pixel Processor Arrays, ECCV 2020"
    stages = _stages()
    realisations: ClassVar[Mapping[str, type[Any]]] = {"golden": Plain, "scamp5": PlanOptions}
    default_on = "scamp5"

    def __init__(self, shape: str = "one") -> None:
        self.shape = shape

    def load(self, source: str) -> Network:
        """A file that `network.read` takes, or "random:SEED": random weights of the example's shape."""
        kind, _, seed = source.partition(":")
        if kind == "random":
            if not seed.isdecimal():
                raise ProgramError(f"weights {source:.60}: expected random:SEED, such as random:1")
            return random_network(self.shape, int(seed))
        from scamp_sim.systems.network.reading.source import read

        return read(source)

    def build(
        self, params: Network, on: Realisation, hardware: Hardware = IDEAL, takes: Frames | None = None
    ) -> Encoder:
        """The integer model, or a plan for the errors of the hardware."""
        if takes is not None and takes.shape[1:] != frames_of(params).shape[1:]:
            raise ProgramError(
                f"pictures of {takes.rows}x{takes.columns}: expected {params.input.rows}x{params.input.columns}, which "
                "the network takes"
            )
        if not on.on_array:
            return Golden(params)
        options = on.options or PlanOptions()
        return OnArray(options.plan(params, hardware.errors, hardware.timing), hardware)

    def on_chip(
        self, first: Encoder, params: Network, on: Realisation, hardware: Hardware, takes: Frames | None = None
    ) -> Encoder:
        """All chips share a plan."""
        return first.on_chip(hardware) if isinstance(first, OnArray) else self.build(params, on, hardware, takes)

    def frames(self, params: Network, on: Realisation) -> Frames:
        """One picture of the network's size."""
        return frames_of(params)

    def models(self, params: Network, on: Realisation, clip: Array, takes: Frames) -> Mapping[str, Encoded]:
        """The integer model; on the array also what it gives free of errors, its converter's rounding included."""
        golden = Golden(params).encode(clip, keep=[stage.name for stage in self.stages])
        if not on.on_array:
            return {"golden": golden}
        options = on.options or PlanOptions()
        encoder = _remembered(params, options)
        return {"golden": golden, "ideal array": encoder.model(clip)} if _rounds(encoder) else {"golden": golden}

    def example(self, seed: int = 0) -> Example[Network]:
        """Random weights and a random picture."""
        net = random_network(self.shape, seed)
        return Example(net, _blobs(net.input.rows, net.input.columns, seed))

    def read(self, source: str | None, takes: Frames, args: argparse.Namespace) -> Clip:
        """See the protocol; without a source a random picture of the network's size."""
        if source is None:
            return Clip(_blobs(takes.rows, takes.columns, args.seed), "example")
        return super().read(source, takes, args)

    def data(self, source: str, takes: Frames, args: argparse.Namespace) -> ClipSet:
        """See the protocol; examples are random pictures of the network's size."""
        name, _, count = source.partition(":")
        if name == "example":
            return examples(lambda seed: _blobs(takes.rows, takes.columns, seed), count or "4", args.seed)
        return super().data(source, takes, args)

    def decoder(self, params: Network) -> Decoder | None:
        """The largest score, where a network ends in scores."""
        return Scores(params) if isinstance(params.layers[-1], Dense) else None

    def report(self, ran: Ran[Network]) -> Report:
        """The plan, and the class."""
        if not isinstance(ran.encoder, OnArray):
            return Report()
        return Report({"plan": ran.encoder.plan.as_dict()}, ("", *ran.encoder.plan.text().splitlines()))

    def pictures(self, ran: Ran[Network]) -> Mapping[str, Picture]:
        """A sheet of input and stages; scores are no picture."""
        from scamp_sim.systems.base.clips import stage_sheet

        shown = [s for s in self.stages if np.ndim(ran.encoded.stages.get(s.name, 0)) == 3]
        last = Encoded(ran.encoded.stages[shown[-1].name], ran.encoded.stages) if shown else ran.encoded
        return {"contact-sheet.png": stage_sheet(self.title, shown, ran.clip, last, ran.under)} if shown else {}


def _blobs(rows: int, columns: int, seed: int) -> Array:
    """A random picture (1, rows, columns) of patches of 4x4 pixels."""
    coarse = np.random.default_rng(seed).integers(0, 2, (1, -(-rows // 4), -(-columns // 4)))
    return np.asarray(np.kron(coarse, np.ones((1, 4, 4), int))[:, :rows, :columns] * 255, np.uint8)


def _rounds(encoder: OnArray) -> bool:
    """Whether its own model is another one than the integer model of the network."""
    return encoder.plan.built.dense is not None or encoder.plan.net is not encoder.plan.asked


_PLANS: dict[tuple[int, PlanOptions], tuple[Network, OnArray]] = {}


def _remembered(net: Network, options: PlanOptions) -> OnArray:
    """The network on an ideal array; the last few are kept."""
    key = (id(net), options)
    kept = _PLANS.get(key)
    if kept is None or kept[0] is not net:
        if len(_PLANS) >= 8:
            _PLANS.clear()
        kept = _PLANS[key] = (net, OnArray(options.plan(net), IDEAL))
    return kept[1]


def random_network(shape: str, seed: int) -> Network:
    """Random weights and thresholds: "one", "two", "strided" or "counts". Raises ProgramError."""
    rng = np.random.default_rng([seed, 21])

    def signs(*size: int) -> Any:
        return rng.choice([-1, 1], size)

    def dense(classes: int, features: int) -> Dense:
        return Dense("dense1", signs(classes, features), np.ones(classes), np.zeros(classes))

    first = Conv("conv1", signs(16, 1, 5, 5), rng.integers(-5, 8, 16), padding=(2, 2, 2, 2))
    if shape == "one":
        return Network(Input(64, 64), (first, Pool("pool1", 4, 4), dense(10, 4096)))
    if shape == "two":
        second = Conv("conv2", signs(16, 16, 3, 3), rng.integers(-5, 8, 16), padding=(1, 1, 1, 1))
        return Network(Input(64, 64), (first, Pool("pool1", 2, 2), second))
    if shape == "strided":
        windows = Conv("conv1", rng.integers(-1, 2, (16, 1, 4, 4)), rng.integers(-2, 3, 16), stride=4)
        return Network(Input(256, 256), (windows, Pool("pool1", 4, 4), dense(10, 4096)))
    if shape == "counts":
        maps = Conv("conv1", rng.integers(-4, 5, (3, 1, 3, 3)), rng.integers(-6, 7, 3))
        hidden = Dense("dense1", rng.normal(size=(50, 27)), np.full(50, 0.01), np.zeros(50), "relu")
        scores = Dense("dense2", rng.normal(size=(10, 50)), np.ones(10), np.zeros(10))
        return Network(Input(28, 28), (maps, Counts("counts1", 9, 8), hidden, scores))
    raise ProgramError(f"shape '{shape}': expected one, two, strided or counts")


SYSTEM = NetworkSystem()

__all__ = ["SYSTEM", "NetworkSystem", "PlanOptions", "Scores", "random_network"]
