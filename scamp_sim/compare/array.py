"""The rows as SCAMP-5 programs: assembled, counted, and checked once against their models on the emulated array.

Words depend on weights by a little, so each row has weights of its own that a seed fixes, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scamp_sim.compare.counts import Counts, Said, Scene, Step
from scamp_sim.exceptions import ProgramError

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program
    from scamp_sim.systems.base.cost import Cost

SIDE, PES = 256, 65536
TIMING = "scamp5d"
SEED = 1
"""Of the weights of rows that have some."""

NO_PAPER = Said(None, reason="its paper has no SCAMP-5 program; the ratio by its formula stands with the circuit")
NOT_TILED = {
    "sd_2x3": "cells of 6 photosites: address patterns of the array are powers of two",
    "raw_p2m": "a sensor of 12 bits; the array's converter has 8",
}
"""Rows that the array does not have -> why."""


@dataclass(frozen=True)
class Built:
    """A row, counted on one frame (or one clip): what does not depend on the scene.

    clip: frames that the counts are for, and that a decision has whatever was asked for; 0: as many as asked for.
    wire: bits of whole planes or samples. us: of launches and words; `readout_us` of converter and planes.
    """

    name: str
    about: str
    window: tuple[int, int]
    values: int
    value_bits: float
    wire: int
    words: int
    us: float
    readout_us: float
    steps: tuple[Step, ...]
    setup_words: int = 0
    clip: int = 0
    notes: tuple[str, ...] = ()
    ratio_paper: float | None = None

    def counts(self, scene: Scene) -> Counts:
        """Of one decision. Raises ProgramError."""
        check_side(self.name, scene)
        whole = self if self.clip else _times(self, scene.frames)
        return Counts(
            self.name,
            "scamp5",
            "scamp5",
            self.about,
            PES,
            self.clip or scene.frames,
            self.window,
            whole.values,
            self.value_bits,
            whole.wire,
            NO_PAPER if self.ratio_paper is None else Said(self.ratio_paper, "P", "the chip of its paper is SCAMP-5"),
            {
                "words": whole.words,
                "pe_words": whole.words * PES,
                "host_us": whole.us,
                "readout_us": whole.readout_us,
            },
            whole.steps,
            self.setup_words,
            "S",
            self.notes,
        )


def check_side(name: str, scene: Scene) -> None:
    """Raise ProgramError for a scene that the array does not have a PE for each photosite of."""
    if scene.side != SIDE:
        raise ProgramError(
            f"row {name}: the array has {SIDE}x{SIDE} PEs, got {scene.side} photosites along a side; take "
            "--on circuit, or --sites 256"
        )


def build(name: str, scene: Scene) -> Built:
    """A row of the array, assembled, counted and checked. Raises ProgramError for rows and scenes that it does not
    have."""
    check_side(name, scene)
    if name in NOT_TILED:
        raise ProgramError(f"row {name} is not on SCAMP-5: {NOT_TILED[name]}")
    head, _, tail = name.partition("_")
    if head == "skip":
        from scamp_sim.compare.circuit import skipped

        n = skipped(scene, name)
        one = _raw()
        return _times(replace(one, name=name, about=n.about, clip=n.frames, ratio_paper=None), n.values // PES)
    if name == "difference":
        return _difference(max(scene.frames, 2))
    makers: dict[str, Callable[[], Built]] = {
        "raw": _raw,
        "sd": lambda: _subsampled(name, int(tail[-1])),
        "lr": lambda: _low_bits(name, int(tail)),
        "pixelrnn": lambda: _pixelrnn(name),
        "p2m": lambda: _p2m(name),
        "leca": lambda: _leca(name),
        "snn": lambda: _snn(name),
    }
    return makers[head]()


# --- what costs give ----------------------------------------------------------------------------------------------


def _built(name: str, about: str, cost: Cost, **fields: Any) -> Built:
    steps = tuple(Step(p.name, p.words, p.us, p.bytes) for p in cost.of())
    readout = sum(p.us or 0.0 for p in cost.of("readout"))
    return Built(
        name,
        about,
        words=cost.words,
        us=(cost.us or 0.0) - readout,
        readout_us=readout,
        steps=steps,
        setup_words=cost.words_setup,
        wire=8 * cost.readout_bytes,
        **fields,
    )


def _program(program: Program, setup: Program | None = None) -> Cost:
    from scamp_sim.systems.pixels.costs import array_cost

    return array_cost(program, setup, TIMING)


def _times(one: Built, n: int) -> Built:
    return replace(
        one,
        values=n * one.values,
        wire=n * one.wire,
        words=n * one.words,
        us=n * one.us,
        readout_us=n * one.readout_us,
        steps=tuple(
            replace(s, words=n * s.words, us=None if s.us is None else n * s.us, bytes=n * s.bytes) for s in one.steps
        ),
    )


def _raw() -> Built:
    from scamp_sim.kernels import baselines

    about = "every PE through the converter"
    cost = _program(baselines.raw())
    return _built("raw", about, cost, window=(1, 1), values=PES, value_bits=8, ratio_paper=1.0)


HYPOTHETICAL = "colour filters on SCAMP-5 are hypothetical"


def _subsampled(name: str, columns: int) -> Built:
    from scamp_sim.kernels import baselines

    values = 3 * 64 * (128 // columns)
    return _built(
        name,
        f"means over 2x{columns} RGB pixels of a mosaic, by the converter",
        _program(baselines.subsampled(columns)),
        window=(4, 2 * columns),
        values=values,
        value_bits=8,
        notes=(HYPOTHETICAL,),
    )


def _low_bits(name: str, bits: int) -> Built:
    from scamp_sim.kernels import baselines

    return _built(
        name,
        f"RGB values of a mosaic at {bits} bit{'s' if bits > 1 else ''}, as planes",
        _program(baselines.low_bits(bits, setup=False), baselines.low_bits(bits, frame=False)),
        window=(2, 2),
        values=3 * PES // 4,
        value_bits=bits,
        notes=(HYPOTHETICAL, "a quarter of the bits of each plane hold nothing"),
    )


def _difference(frames: int) -> Built:
    from scamp_sim.kernels import baselines

    first, each = _program(baselines.change(first=True)), _program(baselines.change())
    one = _times(_built("difference", "", each, window=(1, 1), values=PES, value_bits=1), frames - 1)
    words, us = one.words + first.words, one.us + (first.us or 0.0)
    start = Step("first frame", first.words, first.us)
    return replace(
        one,
        about="a plane of what has changed, for each frame after the first",
        words=words,
        us=us,
        steps=(start, *one.steps),
        clip=frames,
    )


# --- the systems ------------------------------------------------------------------------------------------------


def _wrong(name: str, differ: int, of: int) -> None:
    """Raise ProgramError if values differ: the row must not be shown."""
    if differ:
        raise ProgramError(f"row {name} on SCAMP-5: {differ:,} of {of:,} values differ from its model; it is not shown")


def _pixelrnn(name: str) -> Built:
    from scamp_sim.kernels.pixelrnn.shapes import FRAMES
    from scamp_sim.systems.pixelrnn import golden
    from scamp_sim.systems.pixelrnn.data import gestures
    from scamp_sim.systems.pixelrnn.params import Weights
    from scamp_sim.systems.pixelrnn.report.costs import clip_cost
    from scamp_sim.systems.pixelrnn.study import make_encoder

    blocks = name == "pixelrnn_blocks"
    weights = Weights.random(SEED)
    encoder = make_encoder(weights, "blocks" if blocks else "macropixel")
    if not blocks:  # the other has edges and ties of its own; its own model is tested with the system
        clip, _ = gestures.clip(0, SEED)
        ours = encoder.run(clip).o
        _wrong(name, int((ours != golden.encode(clip, weights).o).sum()), ours.size)
    about = "the network as published, in blocks" if blocks else "the network on macropixels"
    notes = ("the project's own program in the published mapping: 15,758 words a frame are released",) if blocks else ()
    return _built(
        name,
        f"{about}; output read once in {FRAMES} frames",
        clip_cost(encoder),
        window=(16, 16),
        values=4096,
        value_bits=8,
        clip=FRAMES,
        ratio_paper=256.0,
        notes=notes,
    )


def _leca(name: str) -> Built:
    import numpy as np

    from scamp_sim.systems.leca.encoder import Scamp5Encoder, Scamp5Options, expected_codes, ties
    from scamp_sim.systems.leca.params import random_params

    channels, bits = (int(n) for n in name.split("_")[1:])
    params = random_params(SEED, channels, bits, multiplier="linear")
    encoder = Scamp5Encoder(params, Scamp5Options())
    picture = np.random.default_rng(SEED).integers(0, 256, (1, SIDE, SIDE), np.uint8)
    found = encoder.encode(picture)
    wanted = expected_codes(params, picture[0] / 255)
    differ = int((found.codes != wanted).sum())
    if differ:  # sums that are a threshold exactly go to either side
        from scamp_sim.systems.leca.encoder import GoldenEncoder, GoldenOptions

        reference = GoldenEncoder(params, GoldenOptions()).encode(picture, keep=["sums"])
        differ -= ties(found, reference, encoder)
    _wrong(name, differ, wanted.size)
    cost = encoder.cost()
    about = f"blocks of 4x4 PEs, {channels} channels of {bits} bits, in {encoder.form.planes} plane(s)"
    return _built(
        name,
        about,
        cost,
        window=(4, 4),
        values=channels * PES // 16,
        value_bits=bits,
        notes=(HYPOTHETICAL, "products are linear: LeCA's charge equation has no counterpart on the array"),
    )


def _p2m(name: str) -> Built:
    import numpy as np

    from scamp_sim import Machine
    from scamp_sim.kernels.densewalk import DenseMapping
    from scamp_sim.kernels.macropixels.program import random_weights

    pitch = 5 if name == "p2m_5" else 10
    mapping = DenseMapping(random_weights(8, pitch, 1, SEED), pitch, 1, cure=False)
    program = mapping.program([0] * 8)
    picture = np.random.default_rng(SEED).integers(96, 160, (SIDE, SIDE))
    run = Machine().run(program, inputs={"picture": picture.astype(np.float64)})
    found = mapping.from_samples([run.outputs[f"maps{n}"] for n in range(8)]).astype(np.float64) - 128
    wanted = np.clip(np.maximum(0, mapping.sums(picture / 255)), 0, 127)
    _wrong(name, int((np.abs(found - wanted) > 0.51).sum()), wanted.size)
    return _built(
        name,
        f"dense walk, {pitch}x{pitch} PEs, stride {pitch}, 8 channels of ternary weights, ReLU",
        _program(program),
        window=(pitch, pitch),
        values=mapping.side**2 * 8,
        value_bits=8,
        notes=("grey; products are ideal: the pixel curve of P2M does not fit the array",),
    )


def _snn(name: str) -> Built:
    import numpy as np

    from scamp_sim import Machine
    from scamp_sim.kernels import snn
    from scamp_sim.kernels.macropixels import Mapping
    from scamp_sim.kernels.macropixels.program import random_weights

    pitch = 4 if name == "snn_4" else 8
    mapping = Mapping(random_weights(8, pitch, 1, SEED), 1)
    levels: Sequence[int] = [5] * 8
    setup, frame = snn.thresholds(mapping, levels), snn.frame(mapping)
    picture = np.random.default_rng(SEED).integers(0, 256, (SIDE, SIDE))
    machine = Machine()
    machine.run(setup)
    run = machine.run(frame, inputs={"picture": picture.astype(np.float64)})
    found = mapping.layout.gather(run.outputs["spikes"]).astype(bool)
    sums = mapping.sums(picture / 255)
    sure = np.abs(sums - levels[0]) > 1e-3
    _wrong(name, int(((found != (sums > levels[0])) & sure).sum()), sums.size)
    return _built(
        name,
        f"macropixels of {pitch}x{pitch} PEs, 8 channels of ternary weights, one compare, one plane",
        _program(frame, setup),
        window=(pitch, pitch),
        values=mapping.layout.side**2 * 8,
        value_bits=1,
        notes=("grey; products are ideal: the pixel curve does not fit the array",),
    )


__all__ = ["NOT_TILED", "SEED", "Built", "build"]
