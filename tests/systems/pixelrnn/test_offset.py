"""Programs for a chip that adds an offset at every analog transfer, against the golden model: bit for bit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from scamp_sim import ErrorModel, Machine, ProgramError, ScampError
from scamp_sim.chip.isa import STORE_WORDS
from scamp_sim.kernels.depthwise import depthwise16
from scamp_sim.kernels.pixelrnn import layout
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.data import gestures
from scamp_sim.systems.pixelrnn.encoder import Encoder, make_mapping
from scamp_sim.systems.pixelrnn.params import Weights
from tests.kernels.oracles import depthwise, grey, random_image

SHAPE = (256, 256)
LAST = golden.FRAMES - 1


@dataclass(frozen=True)
class Offset(ErrorModel):
    """Every transfer adds the same."""

    lsb: float = 20

    def written(self, value: np.ndarray, register: str, word: int, split: tuple[int, int] = (0, 1)) -> np.ndarray:
        return value + np.float32(self.lsb)


def chip(lsb: float = 20) -> Machine:
    """A machine with that offset, whose registers hold something when it starts."""
    machine = Machine(errors=Offset(lsb=lsb), engine="reference")
    rng = np.random.default_rng(1)
    for register in "ABCDEF":
        machine.write(register, rng.integers(-40, 40, SHAPE).astype(np.float32))
    return machine


def differing(weights: Weights, clip: np.ndarray, lsb: float = 20, frames: int = 3, **options: int) -> list[int]:
    """Bits of b, f, h, values of o that differ from the golden model in a clip of so few frames."""
    model = golden.encode(clip, weights, stages=True)
    assert model.stages is not None
    mapping, machine = make_mapping(weights, "macropixel", golden.INPUT_LEVEL, options), chip(lsb)
    wrong = [0, 0, 0, 0]
    for t in range(frames):
        machine.expose(mapping.picture(clip[t]))
        results: dict[Any, Any] = {}
        for step in mapping.steps(LAST if t == frames - 1 else t):
            results.update(machine.run(step.program, step.inputs, registers=False).outputs)
        for n, (got, expected) in enumerate(zip(mapping.look(machine), (model.b, model.f, model.h), strict=True)):
            wrong[n] += int(np.sum(got != expected[t]))
    wrong[3] = int(np.sum(mapping.output(results) != model.stages.sums[frames - 1, 1]))
    return wrong


def noise(seed: int) -> np.ndarray:
    """Busy up to the edges, where the padding shows."""
    return np.random.default_rng(seed).random((golden.FRAMES, 64, 64)) < 0.5


@pytest.mark.parametrize("seed", range(3))
def test_array_equals_golden_model(seed: int) -> None:
    weights = Weights.random(seed)
    assert not any(differing(weights, gestures.clip(seed, seed=seed)[0], offset=20))
    assert not any(differing(weights, noise(seed), offset=20, unit=10))


def test_whole_clips_one_after_the_other() -> None:
    weights = Weights.random(3)
    encoder = Encoder(weights, offset=20, engine="reference")
    encoder.machine = chip()
    for seed in (1, 2):
        clip, _ = gestures.clip(seed, seed=seed)
        got, model = encoder.run(clip), golden.encode(clip, weights)
        for name in ("x", "b", "f", "h", "o"):
            np.testing.assert_array_equal(getattr(got, name), getattr(model, name), name)


@pytest.mark.parametrize("lsb", [1, 7, 19, 33, 40])
def test_other_offsets(lsb: int) -> None:
    assert not any(differing(Weights.random(4), noise(4), lsb, offset=lsb))


@pytest.mark.parametrize("unit", [1, 2, 3, 7, 8, 14, 18])
def test_other_units(unit: int) -> None:
    """o is cut off by the converter with the largest of them."""
    for lsb in (0, 20):
        *bits, o = differing(Weights.random(5), noise(5), lsb, offset=lsb, unit=unit)
        assert not any(bits)
        assert not o or unit > 10


def test_units_of_their_own() -> None:
    for unit, gate_unit in ((14, 10), (3, 8), (18, 4)):
        assert not any(differing(Weights.random(5), noise(5), offset=20, unit=unit, gate_unit=gate_unit))


@pytest.mark.parametrize(("theta1", "theta_r"), [(3.5, -2.5), (-4.2, 7.0), (24.5, 12.0), (0.0, 0.5)])
def test_thresholds(theta1: float, theta_r: float) -> None:
    weights = replace(Weights.random(2), theta1=theta1, theta_r=theta_r)  # type: ignore[arg-type]
    assert not any(differing(weights, gestures.clip(1, seed=2)[0], offset=20))


@pytest.mark.parametrize(("layers", "front_end"), [(1, True), (2, False), (2, True)])
def test_two_layers_and_the_front_end(layers: int, front_end: bool) -> None:
    weights = Weights.random(6, layers=layers, theta1=2.5)
    assert not any(differing(weights, gestures.clip(2, seed=6)[0], offset=20, unit=4, front_end=front_end))


@pytest.mark.parametrize("level", [0, 57, 120])
def test_front_end(level: int) -> None:
    picture = np.repeat(np.repeat(np.random.default_rng(level).integers(0, 256, (64, 64)), 4, 0), 4, 1)
    program = layout.front_end(level, 5, read=True, offset=20)
    got = chip().run(program, {"image": picture.astype(np.uint8)}).outputs["y"]
    np.testing.assert_array_equal(got, layout.expected("front_end", picture, level=level, amplitude=5))


@pytest.mark.parametrize("level", [-1, 50])
def test_sixteen_kernels(level: int) -> None:
    rng = np.random.default_rng(1)
    image = random_image(SHAPE)
    pixels = grey(image) if level < 0 else np.where(grey(image) > level, 5.0, -5.0)
    for weights in (rng.choice([-1, 1], (16, 5, 5)), np.ones((16, 5, 5), int), -np.ones((16, 5, 5), int)):
        got = chip().run(depthwise16(weights, level=level, offset=20), {"image": image}).outputs["maps"]
        np.testing.assert_allclose(got, depthwise(pixels, weights), atol=5e-3, rtol=0)


def test_an_offset_that_is_a_little_wrong() -> None:
    """A chip whose offset is 2 LSB off: with signs that alternate that is in every tap of +1, so few bits differ."""
    for lsb in (18, 22):
        b, f, h, _ = differing(Weights.random(0), gestures.clip(0, seed=0)[0], lsb, offset=20, unit=10)
        assert b + f + h < 0.006 * 9 * 64 * 64


def test_what_it_costs() -> None:
    """Words that take back what registers add, and no constant more."""
    for seed in range(4):
        plain, corrected = (Encoder(Weights.random(seed), offset=n).frame_profile for n in (0, 20))
        assert 100 < corrected.words - plain.words < 140
        assert corrected.words <= 1000
        assert corrected.stored_words <= STORE_WORDS
        assert corrected.time_us <= plain.time_us + 15
    kernels = depthwise16(np.ones((16, 5, 5), int), level=40, offset=20).kernels
    assert {n: len(k.words) for n, k in kernels.items() if n != "depthwise"} == {
        "capture": 7,
        "binarise": 22,
        "setup": 9,
    }
    assert sum(len(k.words) for k in layout.front_end(57, offset=20).kernels.values()) == 553


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("offset", v) for v in (-1, 41, 1.5, True, "20")),
        *(("unit", v) for v in (0, 21, 2.5)),
        *(("gate_unit", v) for v in (0, 21, "5")),
    ],
)
@pytest.mark.parametrize("layers", [1, 2])
def test_bad_values(name: str, value: object, layers: int) -> None:
    with pytest.raises(ProgramError, match=f"{name} must be an integer in .* LSB, got {value!r}"):
        make_mapping(Weights.random(1, layers=layers), "macropixel", golden.INPUT_LEVEL, {name: value})


def test_thresholds_that_no_constant_stands_for() -> None:
    weights = Weights.random(1)
    with pytest.raises(ProgramError, match=r"theta1 is 20: with a unit of 10 .* is -205 LSB.* take a smaller unit"):
        Encoder(replace(weights, theta1=20), unit=10)  # type: ignore[arg-type]
    with pytest.raises(ProgramError, match="theta_r is 18: with a unit of 5 and an offset of 20"):
        Encoder(replace(weights, theta_r=18), offset=20)
    with pytest.raises(ProgramError, match="theta1 is 20"):
        Encoder(replace(Weights.random(1, layers=2), theta1=(20, 1)), unit=10)
    with pytest.raises(ProgramError, match="for bits that"):
        layout.front_end(offset=20)
    with pytest.raises(ScampError, match="offset"):
        depthwise16(np.ones((16, 5, 5), int), offset=41)
