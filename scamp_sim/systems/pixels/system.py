"""What P2M and the spiking front end share as systems: parameters, pictures, options of commands, sweeps."""

from __future__ import annotations

import argparse
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.kernels.densewalk import DenseMapping
from scamp_sim.kernels.macropixels import most_channels
from scamp_sim.kernels.macropixels.program import MOST_BITS, Mapping, random_weights
from scamp_sim.limits import whole_in
from scamp_sim.systems.base.cost import Cost
from scamp_sim.systems.base.protocol import Action, Encoder, Example, Ran, System
from scamp_sim.systems.base.published import PublishedRow
from scamp_sim.systems.base.records import Array, Clip, ClipSet, Encoded, Frames, Hardware, Realisation
from scamp_sim.systems.pixels.array import ArrayOptions, DenseOptions
from scamp_sim.systems.pixels.config import SensorConfig
from scamp_sim.systems.pixels.costs import words_cost
from scamp_sim.systems.pixels.inputs import clip_of, read_light, resized
from scamp_sim.systems.pixels.params import LayerParams, default_layer, load_layer

ARRAY = Frames(1, 256, 256)
SETS = 100
"""Random weight sets that the words of `system costs` are the mean of."""


class LayerSystem(System[LayerParams]):
    """A system whose parameters are one strided layer in the pixels."""

    default_weights: ClassVar[str] = "default"
    default_on: ClassVar[str] = "circuit"
    array_weights: ClassVar[str] = "default:4"
    dense_weights: ClassVar[str] = "default:5"

    def load(self, source: str) -> LayerParams:
        return load_layer(source)

    def parameters(self, args: argparse.Namespace) -> LayerParams:
        chosen = getattr(args, "weights", None)
        if chosen is None and on_array(args):
            chosen = self.dense_weights if "dense" in args.on else self.array_weights
        return self.load(chosen or self.default_weights)

    def frames(self, params: LayerParams, on: Realisation) -> Frames:
        return ARRAY if on.on_array or params.colours != 3 else Frames(1, 560, 560, "rgb")

    def arguments(self, action: Action, parser: argparse.ArgumentParser) -> None:
        if action == "run":
            parser.add_argument(
                "--linear", action="store_true", help="undo the gamma of sRGB; default: values as stored"
            )
        if action == "costs":
            add = parser.add_argument
            add("--channels", metavar="N", type=whole_in(1, 4096), help="maps (default: 8)")
            add("--kernel", metavar="K", type=whole_in(1, 1024), help="window size (default: 5, on the array 4)")
            add("--stride", metavar="S", type=whole_in(1, 1024), help="default: the kernel size")
            add(
                "--bits", metavar="B", type=whole_in(1, 32), help="bits of a value that leaves (default: of the system)"
            )
            add(
                "--image",
                metavar="N",
                type=whole_in(1, 65536),
                default=560,
                help="rows and columns of the picture (default: 560)",
            )
            add("--weight-bits", metavar="B", help="on the array: ternary, or magnitude bits besides the sign, 1..7")
        if action == "published":
            parser.add_argument(
                "--sweep",
                metavar="NAME=V,V,...",
                nargs="+",
                default=[],
                help="kernel, stride, channels, bits, image: rows for every combination; stride=k follows the kernel",
            )
            parser.add_argument("--plot", metavar="FILE", help="a figure of the rows, or of the sweep")

    def read(self, source: str | None, takes: Frames, args: argparse.Namespace) -> Clip:
        params = self.parameters(args)
        if source is None:
            from scamp_sim.systems.pixels.data.scenes import scene

            light = scene(getattr(args, "seed", 0), (takes.rows, takes.columns), figure=True)
            light = light if params.colours == 3 else light.mean(axis=2, keepdims=True)
            return clip_of(light, "drawn scene")
        light, args.picture_note = read_light(source, params.colours, getattr(args, "linear", False))
        if on_array(args):
            light = resized(light, takes.rows, takes.columns)
        elif min(light.shape[:2]) < params.kernel:
            raise ProgramError(
                f"{source}: {light.shape[0]}x{light.shape[1]} pixels; a {params.kernel}x{params.kernel} kernel needs "
                f"at least {params.kernel}x{params.kernel}"
            )
        return clip_of(light, Path(source).stem)

    def data(self, source: str, takes: Frames, args: argparse.Namespace) -> ClipSet:
        """As by default; "example:N" are N drawn scenes, every second one with a figure, as light."""
        name, _, count = source.partition(":")
        if name != "example":
            return super().data(source, takes, args)
        from scamp_sim.systems.base.clips import examples
        from scamp_sim.systems.pixels.data.scenes import scene

        def drawn(seed: int) -> Array:
            light = scene(seed, (takes.rows, takes.columns), figure=seed % 2 == 1)
            return light[None] if takes.colour == "rgb" else light.mean(axis=2)[None]

        return examples(drawn, count or "4", getattr(args, "seed", 0))

    def example(self, seed: int = 0) -> Example[LayerParams]:
        """The shipped 4x4 layer, changed by the seed, and a picture of little contrast, which no range cuts off."""
        coarse = np.random.default_rng(seed).integers(96, 160, (64, 64))
        picture = np.kron(coarse, np.ones((4, 4), int)).astype(np.uint8)
        return Example(self.example_layer(seed), picture[None])

    def example_layer(self, seed: int) -> LayerParams:
        """Another shift for each seed."""
        base = default_layer(4, 1, 4)
        return replace(base, norm=replace(base.norm, beta=np.full(4, 0.1 * seed)))

    def costs(self, on: Realisation, args: argparse.Namespace) -> Cost:
        return self.array_costs(on, args) if on.on_array else self.sensor_costs(self.configuration(args), on)

    def configuration(self, args: argparse.Namespace) -> SensorConfig:
        """The sensor that `system costs` asks for."""
        p = self.load(args.weights) if getattr(args, "weights", None) else None
        kernel = _given(args.kernel, p.kernel if p else 5)
        stride = _given(args.stride, p.stride if p else kernel)
        channels = _given(args.channels, p.channels if p else 8)
        colours = p.colours if p else 3
        bits = _given(args.bits, self.default_bits)
        return SensorConfig(args.image, args.image, colours, kernel, stride, 0, channels, bits)

    default_bits: ClassVar[int] = 8

    @abstractmethod
    def sensor_costs(self, config: SensorConfig, on: Realisation) -> Cost:
        """The cost of the authors' sensor."""

    def array_costs(self, on: Realisation, args: argparse.Namespace) -> Cost:
        """Words of random weights on macropixels, mean over seeded sets; the layer's own with --weights."""
        if getattr(args, "weights", None):
            from scamp_sim.systems.base.protocol import hardware_of

            return self.build(self.parameters(args), on, hardware_of(args)).cost()
        if isinstance(on.options, DenseOptions):
            return self.dense_costs(on.options, args)
        kernel, channels = _given(args.kernel, 4), _given(args.channels, 8)
        if _given(args.stride, kernel) != kernel:
            raise OptionError(
                f"stride {args.stride} does not tile {kernel}x{kernel} windows; leave --stride out, or take "
                "--on scamp5:dense"
            )
        if kernel in (2, 4, 8) and not 1 <= channels <= most_channels(kernel):
            raise OptionError(
                f"{channels} channels do not fit {kernel}x{kernel} macropixels: 1..{most_channels(kernel)} do, one "
                "slot each; 8x8 windows hold 16"
            )
        bits = on.options.weight_bits if args.weight_bits is None else weight_bits(args.weight_bits)
        words = [
            self.frame_words(Mapping(random_weights(channels, kernel, bits, s), bits, 0, cure=False))
            for s in range(SETS)
        ]
        return self.priced(Mapping(random_weights(channels, kernel, bits, 0), bits, 0, cure=False), words, args.timing)

    def dense_costs(self, options: DenseOptions, args: argparse.Namespace) -> Cost:
        """The same for the dense walk."""
        from scamp_sim.costs.timing import load_timing, profile

        kernel, channels = _given(args.kernel, 5), _given(args.channels, 8)
        bits = options.weight_bits if args.weight_bits is None else weight_bits(args.weight_bits)
        stride = _given(args.stride, kernel)
        if channels < 1:
            raise ProgramError(f"{channels} channels: expected at least 1")

        def drawn(seed: int) -> DenseMapping:
            weights = random_weights(channels, kernel, bits, seed)
            return DenseMapping(weights, stride, bits, options.halvings, cure=False)

        words = [drawn(seed).words() for seed in range(SETS)]
        seen = profile(drawn(0).program(), load_timing(args.timing), (ARRAY.rows, ARRAY.columns))
        return words_cost(Cost.of_profile(seen), words, drawn(0).words(), {"words_relu": 7 * channels}, loads=0)

    @abstractmethod
    def frame_words(self, mapping: Mapping) -> int:
        """Words of a frame as the command counts them."""

    @abstractmethod
    def priced(self, mapping: Mapping, words: Sequence[int], timing: str) -> Cost:
        """The cost of frames of so many words, the rest as of this mapping's program."""

    def published(self, on: Realisation | None, args: argparse.Namespace) -> Sequence[PublishedRow]:
        swept = list(self.swept(args)) if getattr(args, "sweep", None) else []
        rows = list(self.sweep_rows(swept)) if swept else list(self.paper_rows())
        if getattr(args, "plot", None):
            from scamp_sim.show.plots import check
            from scamp_sim.systems.pixels.figures import plots

            check(args.plot)
            if swept:
                plots.sweep(rows, Path(args.plot), self.title)
            else:
                plots.against_paper(rows, Path(args.plot), self.title)
        return rows

    @abstractmethod
    def paper_rows(self) -> Sequence[PublishedRow]:
        """Every number of the paper."""

    @abstractmethod
    def sweep_rows(self, configs: Sequence[SensorConfig]) -> Iterator[PublishedRow]:
        """Numbers of other configurations."""

    def swept(self, args: argparse.Namespace) -> Iterator[SensorConfig]:
        """The configurations of --sweep. Raises ScampError."""
        values: dict[str, list[Any]] = {"bits": [self.default_bits]}
        for text in args.sweep:
            name, equals, tail = text.partition("=")
            if name not in ("kernel", "stride", "channels", "bits", "image") or not equals:
                raise OptionError(f"--sweep {text}: expected kernel=, stride=, channels=, bits= or image= and values")
            parts = [part for part in tail.split(",") if part]
            follows = name == "stride" and parts == ["k"]
            if not parts or not (follows or all(part.isdecimal() for part in parts)):
                raise OptionError(f"--sweep {text}: expected integers, such as {name}=3,5,7")
            values[name] = ["k"] if follows else [int(part) for part in parts]
        if np.prod([len(v) for v in values.values()]) > 1000:
            raise OptionError("--sweep asks for more than 1,000 combinations; take fewer values")
        for chosen in product(*values.values()):
            given = dict(zip(values, chosen, strict=True))
            image, kernel = given.pop("image", 560), given.get("kernel", 5)
            if given.get("stride", "k") == "k":
                given["stride"] = kernel
            yield SensorConfig(image, image, **given)

    def on_chip(
        self, first: Encoder, params: LayerParams, on: Realisation, hardware: Hardware, takes: Frames | None = None
    ) -> Encoder:
        """What was measured on other chips, and the programs that follow from it, are the same for every chip."""
        encoder = self.build(params, on, hardware, takes)
        if on.on_array:
            vars(encoder).update({name: getattr(first, name) for name in ("response", "setup", "frame")})
        return encoder

    def notes(self, ran: Ran[LayerParams]) -> list[str]:
        """What was done to the picture, and channels that say the same of every picture."""
        found = [note] if (note := getattr(ran.args, "picture_note", "")) else []
        flat = np.flatnonzero(ran.params.norm.scale == 0)
        if len(flat):
            found.append(f"channel(s) {', '.join(map(str, flat))} have a batch norm of scale 0 and are constant")
        return found

    def models(self, params: LayerParams, on: Realisation, clip: Array, takes: Frames) -> dict[str, Encoded]:
        found = dict(super().models(params, on, clip, takes))
        if on.on_array:
            found["array"] = self.build(params, on, takes=takes).model(clip)  # type: ignore[attr-defined]
        return found


def _given(value: int | None, usual: int) -> int:
    """What was asked for, 0 too, which the checks refuse."""
    return usual if value is None else value


def on_array(args: argparse.Namespace) -> bool:
    """Whether a command asks for the array."""
    return (getattr(args, "on", None) or "").startswith("scamp5")


def weight_bits(text: str) -> int:
    """Magnitude bits from "ternary" or a number. Raises ScampError."""
    if text == "ternary":
        return 1
    if not text.isdecimal() or not 1 <= int(text) <= MOST_BITS:
        raise OptionError(f"--weight-bits {text}: expected ternary or 1..{MOST_BITS} magnitude bits besides the sign")
    return int(text)


__all__ = ["ARRAY", "ArrayOptions", "LayerSystem", "on_array", "weight_bits"]
