"""Wrong types and values for the package's functions: each ends in an error of the project that says what was wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scamp_sim import ScampError
from scamp_sim.kernels.pixelrnn import layout
from scamp_sim.kernels.pixelrnn.blocks import BlockMapping
from scamp_sim.kernels.pixelrnn.layout import Macropixel
from scamp_sim.systems.pixelrnn import golden, study
from scamp_sim.systems.pixelrnn import golden_blocks as blocks_golden
from scamp_sim.systems.pixelrnn.data import clips, datasets, gestures
from scamp_sim.systems.pixelrnn.encoder import Encoder
from scamp_sim.systems.pixelrnn.params import Weights
from scamp_sim.systems.pixelrnn.report import costs as report

WEIGHTS = Weights.random(1, classes=9)
CLIP = np.zeros((16, 64, 64), np.uint8)
PLANE = np.zeros((256, 256))
RAGGED = [[1], [1, 2]]


def decoder(**change: Any) -> object:
    assert WEIGHTS.decoder is not None
    return replace(WEIGHTS.decoder, **change)


def arrays(**change: Any) -> Weights:
    w = WEIGHTS
    given: dict[str, Any] = {
        "theta1": 0.5,
        "theta_r": 0.5,
        **{n: getattr(w, n) for n in ("cnn", "w_f", "u_f", "w_o", "u_o")},
    }
    return Weights.from_arrays(**{**given, **change})


CASES: list[tuple[Callable[[], object], str]] = [
    (lambda: Weights.load(None), "weights: None is not a path"),  # type: ignore[arg-type]
    (lambda: Weights.load(3), "weights: 3 is not a path"),  # type: ignore[arg-type]
    (lambda: Weights.load("x" * 5000 + ".npz"), "not a possible path"),
    (lambda: WEIGHTS.save(None), "None is not a path"),  # type: ignore[arg-type]
    (lambda: WEIGHTS.layer(5), "there is no layer 5; these weights have 1 layer"),
    (lambda: WEIGHTS.layer("a"), "layer must be .*, got 'a'"),  # type: ignore[arg-type]
    (lambda: Weights.random("a"), "seed must be an integer of at least 0, got 'a'"),  # type: ignore[arg-type]
    (lambda: Weights.random(-1), "seed must be .*, got -1"),
    (lambda: Weights.random(None), "seed must be .*, got None"),  # type: ignore[arg-type]
    (lambda: Weights.random(1, layers=[1]), r"layers must be .*, got \[1\]"),  # type: ignore[arg-type]
    (lambda: Weights.random(1, classes=-1), "classes must be an integer of at least 1, got -1"),
    (lambda: Weights.random(1, classes=1.5), "classes must be .*, got 1.5"),  # type: ignore[arg-type]
    (lambda: Weights.random(1, theta1="a"), "theta1 must be one number"),  # type: ignore[arg-type]
    (lambda: arrays(cnn=RAGGED), "cnn: no array"),
    (lambda: arrays(theta1=RAGGED), "theta1: no array"),
    (lambda: arrays(theta_r=None), "theta_r must be .*, got None"),
    (lambda: decoder(sign="a"), "first factor must be one number, got 'a'"),
    (lambda: decoder(gain=None), "decoder's gain must be one number, got None"),
    (lambda: decoder(mean=[1, 2]), r"decoder's mean must be one number, got \[1, 2\]"),
    (lambda: decoder(matrix="a"), "decoder's matrix is of type"),
    (lambda: decoder(matrix=RAGGED), "decoder's matrix: no array"),
    (lambda: decoder(intercept=None), "decoder's intercept is of type object"),
    (lambda: WEIGHTS.decoder.scores(RAGGED), "the output: no array"),  # type: ignore[union-attr]
    (lambda: Macropixel("a"), "the pitch must be 2, 4, 8 or 16 PEs, got 'a'"),  # type: ignore[arg-type]
    (lambda: Macropixel().mask("a"), "there is no slot 'a'; slots are 0 to 15"),  # type: ignore[arg-type]
    (lambda: Macropixel().mask(None), "there is no slot None"),  # type: ignore[arg-type]
    (lambda: Macropixel().mask((1,)), r"there is no slot \(1,\)"),  # type: ignore[arg-type]
    (lambda: Macropixel().mask((1.5, 2)), "there is no slot"),  # type: ignore[arg-type]
    (lambda: Macropixel().mask(True), "there is no slot True"),
    (lambda: Macropixel().mask(-1), "there is no slot -1"),
    (lambda: Macropixel().call(1, "A"), "goes to a bit, R0 to R12, not to 'A'"),
    (lambda: Macropixel().pack(RAGGED), "the values: no array"),
    (lambda: Macropixel().fill(None), r"the plane must have shape .*, got \(\)"),  # type: ignore[arg-type]
    (lambda: Macropixel().from_blocks(RAGGED), "the plane: no array"),
    (lambda: layout.program(None), "no layout program 'None'"),  # type: ignore[arg-type]
    (lambda: layout.program("compact", kind=[3]), r"of kind \[3\] is not there"),  # type: ignore[arg-type]
    (lambda: layout.program("compact", block=[3]), r"block must be .*, got \[3\]"),  # type: ignore[arg-type]
    (lambda: layout.program("compact", clean="a"), "clean must be an integer, got 'a'"),  # type: ignore[arg-type]
    (lambda: layout.front_end(None), "level must be .*, got None"),  # type: ignore[arg-type]
    (lambda: layout.expected("compact", PLANE, block="a"), "block must be 'middle' or 'corner', got 'a'"),
    (lambda: layout.expected("front_end", PLANE, level="a"), "level must be .*, got 'a'"),  # type: ignore[arg-type]
    (lambda: layout.expected(None, PLANE), "no NumPy counterpart"),  # type: ignore[arg-type]
    (lambda: golden.encode(RAGGED, WEIGHTS), "the clip: no array"),
    (lambda: golden.encode(CLIP, "w.npz"), r"expected Weights, not 'w.npz'; Weights.load\(path\)"),  # type: ignore[arg-type]
    (lambda: golden.encode(CLIP, WEIGHTS, noise="a"), "noise is 'a'"),  # type: ignore[arg-type]
    (lambda: golden.encode(CLIP, WEIGHTS, level="a"), "level must be .*, got 'a'"),  # type: ignore[arg-type]
    (lambda: golden.encode(CLIP, WEIGHTS, level=[1, 2]), "level must be one number, got"),  # type: ignore[arg-type]
    (lambda: golden.binarise(CLIP, "a"), "level must be .*, got 'a'"),  # type: ignore[arg-type]
    (lambda: golden.convolve("a", WEIGHTS.w_f), "the planes are <U1"),  # type: ignore[arg-type]
    (lambda: golden.convolve(CLIP > 0, np.ones((3, 3))), r"the kernels must have shape .*, got \(3, 3\)"),
    (lambda: golden.pool(np.zeros((3, 3))), "multiples of 4"),
    (lambda: golden.tile(np.zeros((3, 4, 4))), "there are 3 maps"),
    (lambda: golden.untile(np.zeros(4)), r"of shape \(4,\)"),
    (lambda: golden.threshold(np.zeros(3), 1, ties="x"), "ties must be .*, got 'x'"),
    (lambda: blocks_golden.encode(CLIP, None), "expected Weights"),  # type: ignore[arg-type]
    (lambda: blocks_golden.encode(CLIP, Weights.random(1, layers=2)), "takes one layer"),
    (lambda: BlockMapping(None), "expected Weights"),  # type: ignore[arg-type]
    (lambda: Encoder(WEIGHTS, 3), "unknown mapping '3'"),  # type: ignore[arg-type]
    (lambda: Encoder(WEIGHTS, errors=3), "3"),  # type: ignore[arg-type]
    (lambda: Encoder(WEIGHTS, engine=3), "3"),  # type: ignore[arg-type]
    (lambda: Encoder(WEIGHTS, chip="a"), "chip must be .*, got 'a'"),  # type: ignore[arg-type]
    (lambda: Encoder(WEIGHTS, level=116.5), "level must be .*, got 116.5"),  # type: ignore[arg-type]
    (lambda: Encoder(WEIGHTS, "blocks", version=[3]), r"unknown version '\[3\]'"),
    (lambda: Encoder(WEIGHTS, front_end="no"), "front_end must be True or False, got 'no'"),
    (lambda: Encoder(WEIGHTS).run(RAGGED), "the clip: no array"),
    (lambda: gestures.clip(0, 0, np.zeros(2)), "size is"),  # type: ignore[arg-type]
    (lambda: gestures.clip(None), "index_or_class must be .*, got None"),  # type: ignore[arg-type]
    (lambda: datasets.cambridge(None), "data set: None is not a path"),  # type: ignore[arg-type]
    (lambda: datasets.cambridge(".", sets=3), "sets is 3"),  # type: ignore[arg-type]
    (lambda: datasets.tulips(".", label=3), "label is 3; give a function"),  # type: ignore[arg-type]
    (lambda: datasets.resample(None), "the clip is None"),
    (lambda: datasets.resample([RAGGED]), "frame 0: no array"),
    (lambda: datasets.picked("a"), "available must be .*, got 'a'"),  # type: ignore[arg-type]
    (lambda: clips.read_clip(None), "clip: None is not a path"),  # type: ignore[arg-type]
    (lambda: clips.read_clips(3), "clips: 3 is not a path"),  # type: ignore[arg-type]
    (lambda: clips.read_clip("x" * 5000), "not a possible path"),
    (lambda: study.make_encoder(WEIGHTS, None), "unknown mapping 'None'"),  # type: ignore[arg-type]
    (lambda: study.validate(WEIGHTS, CLIP), "expected a ClipSet"),  # type: ignore[arg-type]
    (lambda: study.validate(WEIGHTS, clips.ClipSet(CLIP[None], ("a",), "s"), limit=1.5), "limit must be .*, got 1.5"),  # type: ignore[arg-type]
    (lambda: study.validate(WEIGHTS, clips.ClipSet(CLIP[None], ("a",), "s"), out=3), "results: 3 is not a path"),  # type: ignore[arg-type]
    (lambda: report.costs(None), "expected Weights"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_misuse(number: int) -> None:
    call, said = CASES[number]
    with pytest.raises(ScampError, match=said) as caught:
        call()
    assert len(str(caught.value)) < 300


def test_what_is_allowed_stays_so() -> None:
    """Integers of NumPy, paths, one number in an array."""
    assert Macropixel().slot(np.int64(5)) == (1, 1)  # type: ignore[arg-type]
    assert Macropixel().slot(np.array([2, 3])) == (2, 3)  # type: ignore[arg-type]
    assert Weights.random(np.int64(1)).theta_r == 0.5  # type: ignore[arg-type]
    assert arrays(theta1=np.array([0.25])).theta1 == (0.25,)
    assert layout.program("compact", clean=False) is layout.program("compact", clean=0)
    assert Encoder(WEIGHTS, front_end=np.True_).front_end
