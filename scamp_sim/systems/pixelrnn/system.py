"""PixelRNN behind the protocol of systems: golden model and SCAMP-5 under its mappings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.pixelrnn.options import BlockOptions, MacropixelOptions
from scamp_sim.kernels.pixelrnn.shapes import FRAMES, INPUT_LEVEL, SIDE
from scamp_sim.systems.base.protocol import (
    IDEAL,
    Action,
    Array,
    Clip,
    ClipSet,
    Codes,
    Decoder,
    Encoded,
    Encoder,
    Example,
    Frames,
    Hardware,
    Ran,
    Realisation,
    Report,
    Stage,
    System,
    Trainer,
)
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.params import GATES, Weights, check_weights

if TYPE_CHECKING:
    import argparse

    from PIL.Image import Image as Picture

    from scamp_sim.chip.program import Program
    from scamp_sim.systems.base.cost import Cost
    from scamp_sim.systems.base.published import PublishedRow
    from scamp_sim.systems.pixelrnn.encoder import Encoder as Chip

SENSOR = 256
"""Pixels a side of what the front end takes."""

SMALL, LARGE = Frames(FRAMES, SIDE, SIDE), Frames(FRAMES, SENSOR, SENSOR)

GIVES = Codes((SIDE, SIDE), 8, "tap products")
"""The output, a byte a value as the converter gives it."""

OWN = "own golden"
"""The golden model with the edges and ties of a mapping."""


@dataclass(frozen=True)
class GoldenOptions:
    """level: grey above it counts as +1."""

    level: int = INPUT_LEVEL


class GoldenEncoder:
    """The equations.

    takes: frames of 64x64, or of 256x256 that are scaled as the array's front end does.
    """

    gives = GIVES

    def __init__(self, weights: Weights, options: GoldenOptions, takes: Frames) -> None:
        self.weights, self.level, self.takes = check_weights(weights), options.level, takes

    def encode(self, clip: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        """Encode one clip, (16, 64, 64) or (16, 256, 256), uint8 grey or bool. Raises PlaneError."""
        frames = golden.checked(clip, self.takes.rows)
        if self.takes.rows == SENSOR:
            from scamp_sim.systems.pixelrnn.encoder import scaled_bits

            frames = scaled_bits(frames, self.level)
        return encoded(golden.encode(frames, self.weights, level=self.level), keep)

    def cost(self) -> Cost:
        """Equations cost nothing."""
        from scamp_sim.systems.base.cost import Cost

        return Cost(FRAMES, ())

    def programs(self) -> tuple[Program, ...]:
        """None."""
        return ()

    def depends_on(self) -> Mapping[str, str]:
        """Weights and level."""
        return {"weights": digest_of(self.weights), "options": f"level={self.level}"}


class ArrayEncoder:
    """SCAMP-5 under a mapping; `chip` is the encoder that does the work."""

    gives = GIVES

    def __init__(self, chip: Chip, takes: Frames) -> None:
        self.chip, self.takes = chip, takes

    def encode(self, clip: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        """Encode one clip, (16, 64, 64), or with the front end also (16, 256, 256). Raises PlaneError."""
        wanted = tuple(keep)
        self.chip.machine.renew(measurement)
        run = self.chip.run(clip)
        found = encoded(run, [name for name in wanted if name != "x"])
        if "x" not in wanted:
            return found
        from scamp_sim.systems.pixelrnn.study import look_at_input

        return Encoded(found.codes, {**found.stages, "x": look_at_input(self.chip, clip)})

    def cost(self) -> Cost:
        """The steps of a clip, and its readout."""
        from scamp_sim.systems.pixelrnn.report.costs import clip_cost

        return clip_cost(self.chip)

    def programs(self) -> tuple[Program, ...]:
        """Every program that a clip runs, once."""
        return self.chip.programs

    def depends_on(self) -> Mapping[str, str]:
        """Weights, level, programs and calibration."""
        from scamp_sim.systems.pixelrnn.study import programs_digest

        chip = self.chip
        return {
            "weights": digest_of(chip.weights),
            "options": f"{chip.mapping.name}, level={chip.level}, front_end={chip.front_end}",
            "programs of the mapping": programs_digest(chip),
        }


class NamedDecoder:
    """The decoder of the weights, with the names of the gestures where there are nine classes."""

    def __init__(self, weights: Weights) -> None:
        from scamp_sim.systems.pixelrnn.data.clips import class_name
        from scamp_sim.systems.pixelrnn.data.gestures import CLASSES

        assert weights.decoder is not None
        self._decoder = weights.decoder
        known = CLASSES if weights.decoder.classes == len(CLASSES) else ()
        self.classes = tuple(class_name(known, n) for n in range(weights.decoder.classes))

    def scores(self, codes: Array) -> Array:
        """One score a class."""
        return self._decoder.scores(codes)


class PixelRNN(System[Weights]):
    """The system; parameters are `Weights`."""

    name = "pixelrnn"
    title = "PixelRNN, a binary recurrent network for clips of 16 frames"
    paper = "H. M. So et al., PixelRNN: In-pixel Recurrent Neural Networks for End-to-end-optimized Perception with "
    paper += "Neural Sensors, CVPR 2024"
    stages = (
        Stage("x", "bits", "binarised"),
        Stage("b", "bits", "convolved, pooled"),
        Stage("f", "bits", "forget gate"),
        Stage("h", "bits", "state"),
        Stage("o", "analog", "output", within=1e-3),
    )
    realisations: ClassVar[Mapping[str, type[Any]]] = {
        "golden": GoldenOptions,
        "scamp5:macropixel": MacropixelOptions,
        "scamp5:blocks": BlockOptions,
    }
    default_on = "scamp5:macropixel"
    adapts = frozenset({"scamp5:macropixel"})

    def load(self, source: str) -> Weights:
        """Weights from a file .npz or .pt, or "random:SEED". Raises ProgramError."""
        from scamp_sim.systems.pixelrnn.data.sources import load_weights

        return load_weights(source)

    def frames(self, params: Weights, on: Realisation) -> Frames:
        """64x64, or 256x256 where the array scales the frames itself."""
        return LARGE if getattr(on.options, "front_end", False) else SMALL

    def build(
        self, params: Weights, on: Realisation, hardware: Hardware = IDEAL, takes: Frames | None = None
    ) -> Encoder:
        """The encoder of these weights.

        takes: 64x64, or 256x256 for the golden model and for a front end.
        """
        takes = takes or self.frames(params, on)
        if takes not in (SMALL, LARGE):
            raise ProgramError(f"PixelRNN takes {SMALL} or, with a front end, {LARGE}; got {takes}")
        if isinstance(on.options, GoldenOptions):
            return GoldenEncoder(params, on.options, takes)
        from scamp_sim.systems.pixelrnn.encoder import Encoder as Chip

        h = hardware
        chip = Chip.of(params, on.options, h.errors, h.chip, engine=h.engine, timing=h.timing)
        return ArrayEncoder(chip, takes)

    def on_chip(
        self, first: Encoder, params: Weights, on: Realisation, hardware: Hardware, takes: Frames | None = None
    ) -> Encoder:
        """The encoder on another chip of the same errors; programs and calibration are those of the profile."""
        if isinstance(first, ArrayEncoder):
            return ArrayEncoder(first.chip.on_chip(hardware.errors, hardware.chip, hardware.engine), first.takes)
        return self.build(params, on, hardware, takes)

    def models(self, params: Weights, on: Realisation, clip: Array, takes: Frames) -> Mapping[str, Encoded]:
        """The golden model, and where a mapping has edges and ties of its own, the model with these."""
        level = on.options.level
        stages = [stage.name for stage in self.stages[:-1]]
        plain = GoldenEncoder(params, GoldenOptions(level), takes)
        found = {"golden": plain.encode(clip, keep=stages)}
        if isinstance(on.options, BlockOptions) and on.options.version == "published":
            from scamp_sim.systems.pixelrnn import golden_blocks

            x = found["golden"].stages["x"]
            found[OWN] = encoded(golden_blocks.encode(x, params, level=level), stages)
        return found

    def example(self, seed: int = 0) -> Example[Weights]:
        """Random weights and a synthetic gesture."""
        from scamp_sim.systems.pixelrnn.data import gestures

        clip, _ = gestures.clip(seed % len(gestures.CLASSES), seed=seed)
        return Example(Weights.random(seed + 1, classes=9), clip)

    def read(self, source: str | None, takes: Frames, args: argparse.Namespace) -> Clip:
        """A gesture by name, FILE.npy, FILE.npz:INDEX, a video, a folder of pictures; see `data.clips.read_clip`."""
        from scamp_sim.systems.pixelrnn.data.clips import read_clip

        return read_clip(source or "spread/leftward", args.seed, front_end=takes == LARGE)

    def data(self, source: str, takes: Frames, args: argparse.Namespace) -> ClipSet:
        """FILE.npz, a public data set, synthetic[:CLIPS_PER_CLASS[:SEED]]; see `data.clips.read_clips`."""
        from scamp_sim.systems.pixelrnn.data.clips import read_clips

        if source.partition(":")[0] == "example":
            return super().data(source, takes, args)
        return read_clips(source, front_end=takes == LARGE)

    def decoder(self, params: Weights) -> Decoder | None:
        """That of the weights."""
        return None if params.decoder is None else NamedDecoder(params)

    def published(self, on: Realisation | None, args: argparse.Namespace) -> Sequence[PublishedRow]:
        """Parameters, bandwidth, words and time of a frame."""
        from scamp_sim.systems.pixelrnn.published import rows

        return rows()

    def arguments(self, action: Action, parser: argparse.ArgumentParser) -> None:
        """Of `published`: --item, and what the items take. Mappings and their options are realisations."""
        if action == "published":
            from scamp_sim.systems.pixelrnn.report import items

            what = f"in place of the rows, one of {', '.join(items.ITEMS)}"
            parser.add_argument("--item", metavar="ITEM", choices=tuple(items.ITEMS), help=what)
            items.arguments(parser)

    def item(self, args: argparse.Namespace) -> Report | None:
        """Costs and memory of the mappings, figures and a table of the paper."""
        if args.item is None:
            return None
        from scamp_sim.systems.pixelrnn.report import items

        text, document = items.run(args)
        return Report(document, (text.rstrip("\n"),))

    def trainer(self) -> Trainer[Weights]:
        """PyTorch, with the errors of the array in the loop."""
        from scamp_sim.systems.pixelrnn.train.trainer import PixelRNNTrainer

        return PixelRNNTrainer()

    def report(self, ran: Ran[Weights]) -> Report:
        """What one frame costs, and how much less than raw frames leaves the sensor."""
        if not isinstance(ran.encoder, ArrayEncoder):
            return Report()
        from scamp_sim.systems.pixelrnn.report.costs import LEFT_OUT, mapping_cost, step_table

        chip, found = ran.encoder.chip, mapping_cost(ran.encoder.chip)
        ratio = found.clip.readout_ratio or 0
        lines = (
            f"readout  {GIVES.values:,} values once in {FRAMES} frames, {GIVES.bytes:,} bytes: "
            f"1/{ratio:,.0f} of the raw frames",
            f"\none frame, {found.frame.time_us:,.1f} us, {1e6 / found.frame.time_us:,.0f} a second",
            (step_table(found) + (LEFT_OUT if chip.front_end else "")).rstrip("\n"),
        )
        document = {
            "frame": found.frame.as_dict(),
            "clip_us": found.clip.time_us,
            "profile": found.clip.as_dict(),
            "steps": [dict(vars(step)) for step in found.steps],
            "ratio_to_raw": ratio,
        }
        return Report(document, lines)

    def pictures(self, ran: Ran[Weights]) -> Mapping[str, Picture]:
        """All planes over time, and the output."""
        from scamp_sim.systems.base.compare import in_words
        from scamp_sim.systems.pixelrnn.report import pictures

        planes = {name: ran.encoded.stages[name] for name in ("x", "b", "f", "h")}
        if ran.clip.array.dtype != np.bool_:
            planes = {"frame": ran.clip.array, **planes}
        notes = [str(GIVES), in_words(ran.differences)]
        decoder = self.decoder(ran.params)
        scores = None
        if decoder is not None:
            values = decoder.scores(ran.encoded.codes)
            scores = dict(zip(decoder.classes, map(float, values), strict=True))
        sheet = pictures.sheet(
            planes, ran.encoded.codes, f"PixelRNN, {ran.on}: {ran.clip.name}{ran.under}", notes, scores
        )
        return {"contact-sheet.png": sheet, "o.png": pictures.output_picture(ran.encoded.codes)}


def encoded(result: Any, keep: Iterable[str]) -> Encoded:
    """A result of the golden model or of the array, both of which have the fields x, b, f, h, o."""
    return Encoded(result.o, {name: getattr(result, name) for name in keep})


def digest_of(weights: Weights) -> str:
    """What distinguishes all that was learned, the decoder included."""
    from scamp_sim.study.results_store import digest

    learned: list[Any] = [weights.cnn, *(getattr(weights, gate) for gate in GATES)]
    learned.append(np.array([*weights.theta1, weights.theta_r]))
    if weights.decoder is not None:
        learned += [np.asarray(part, np.float64) for part in vars(weights.decoder).values()]
    return digest(learned)


SYSTEM = PixelRNN()

__all__ = ["SYSTEM", "ArrayEncoder", "GoldenEncoder", "GoldenOptions", "PixelRNN"]
