"""The bars that the filter compiler was given, line by line: words, proofs, noise. Long; CI runs a part elsewhere."""

from __future__ import annotations

import random
from math import sqrt
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.compiler.filters import compile_filter
from scamp_sim.compiler.filters.classic import found, named
from scamp_sim.compiler.filters.noise import predict
from scamp_sim.compiler.filters.parse_back import steps_of
from scamp_sim.compiler.filters.task import weigh
from scamp_sim.compiler.filters.verify import correlated
from scamp_sim.compiler.filters.words import execute
from scamp_sim.silicon.profiles import load_profile

# words at most with any and with zero offset, lower bound to be shown (any, zero), seconds
BARS = {
    "box2": (5, 6, 5, 6, 10),
    "prewitt": (6, 6, 6, 6, 5),
    "laplace4": (6, 6, 6, 6, 5),
    "sobel": (7, 7, 7, 7, 30),
    "sharpen": (7, 7, 7, 7, 30),
    "box3": (7, 9, 7, 0, 60),
    "gauss3": (7, 7, 7, 7, 120),
    "laplace8": (9, 9, 7, 7, 60),
    "sobel_pair": (11, 11, 0, 0, 120),
    "prewitt_pair": (9, 9, 0, 0, 120),
    "box5": (12, 12, 0, 0, 60),
    "gauss5": (18, 22, 0, 0, 60),
    "binomial5": (16, 20, 0, 0, 60),
    "box7": (22, 26, 0, 0, 60),
    "analognet_k1": (8, 12, 0, 0, 60),
    "analognet_k2": (14, 18, 0, 0, 60),
    "analognet_k3": (12, 16, 0, 0, 60),
    "analognet": (30, 36, 0, 0, 60),
    "maxpooled_1": (6, 10, 6, 0, 60),
    "maxpooled_2": (12, 14, 0, 0, 60),
    "maxpooled_3": (5, 5, 5, 0, 60),
    "maxpooled_4": (10, 10, 0, 0, 60),
    "dense_0": (21, 24, 0, 0, 60),
    "dense_1": (19, 22, 0, 0, 60),
    "dense_2": (17, 20, 0, 0, 60),
    "dense_3": (19, 22, 0, 0, 60),
    "dense_01": (37, 42, 0, 0, 60),
    "dense_23": (33, 38, 0, 0, 60),
    "sparse_0": (6, 12, 0, 0, 60),
    "sparse_1": (9, 14, 0, 0, 60),
    "sparse_2": (11, 14, 0, 0, 60),
    "sparse_3": (9, 14, 0, 0, 60),
    "sparse_01": (15, 20, 0, 0, 60),
    "sparse_23": (17, 22, 0, 0, 60),
}


@pytest.mark.nightly
@pytest.mark.parametrize("mode", ["any", "zero"])
@pytest.mark.parametrize("name", BARS)
def test_words_and_bounds(name: str, mode: str) -> None:
    words_any, words_zero, bound_any, bound_zero, seconds = BARS[name]
    classic = named(name)
    got = compile_filter(dict(classic.kernels), classic.scale, mode, seconds=seconds)
    assert got.words <= (words_any if mode == "any" else words_zero)
    assert got.lower_bound >= (bound_any if mode == "any" else bound_zero)
    assert got.error == 0
    if name == "laplace8":
        assert got.without_halving >= 8


@pytest.mark.nightly
@pytest.mark.parametrize("mode", ["any", "zero"])
def test_every_dense_kernel_at_once(mode: str) -> None:
    rng = random.Random(f"dense {mode}")
    for _ in range(1000):
        rows = [[rng.randint(-8, 8) for _ in range(3)] for _ in range(3)]
        got = compile_filter(rows, 8, mode, seconds=1)
        assert got.words <= (24 if mode == "any" else 28)


@pytest.mark.nightly
@pytest.mark.parametrize("mode", ["any", "zero"])
def test_every_ternary_kernel_at_once(mode: str) -> None:
    rng = random.Random(f"ternary {mode}")
    for _ in range(100):
        rows = [[rng.choice((-1, 0, 1)) for _ in range(5)] for _ in range(5)]
        assert compile_filter(rows, 1, mode, seconds=1).words <= (50 if mode == "any" else 52)


def _errors(text: str, chips: int, level: float = 0.0) -> list[tuple[float, float, float, float]]:
    """(mean, predicted, rms, predicted) of each output over simulated chips, registers read directly, level +-20
    LSB."""
    from scamp_sim.compiler import assemble

    steps, program = steps_of(text), assemble(text)
    values, _ = execute(steps.words)
    plane = np.random.default_rng(3).uniform(level - 20, level + 20, (64, 64)).astype(np.float32)
    seen: list[list[tuple[float, float]]] = [[] for _ in steps.outputs]
    for chip in range(chips):
        machine = Machine((64, 64), errors="scamp5", chip=chip, engine="reference")
        machine.run(program, inputs={"image": plane})
        for k, (output, name) in enumerate(zip(program.outputs, steps.outputs, strict=True)):
            off = (machine.read(output.register) - correlated(plane, values[name].taps))[10:-10, 10:-10]
            seen[k].append((float(off.mean()), float(off.std())))
    out = []
    # serials draw what no measurement pins down: the same chips on both sides
    each = [predict(steps, load_profile("scamp5").drawn(chip), mean=level) for chip in range(chips)]
    for k in range(len(steps.outputs)):
        mean, rms = sum(m for m, _ in seen[k]) / chips, sqrt(sum(s * s for _, s in seen[k]) / chips)
        expected = sum(e[k].mean for e in each) / chips, sqrt(sum(e[k].rms ** 2 for e in each) / chips)
        out.append((mean, expected[0], rms, expected[1]))
    return out


SATURATES = 150.0


def _in_range(entry: dict[str, Any]) -> bool:
    noise = predict(steps_of(entry["text"]), load_profile("scamp5"))
    return bool(entry["largest"] * 20 + max(n.peak for n in noise) <= SATURATES)


def _brightest(entry: dict[str, Any]) -> float:
    """The mean in LSB up to which no value leaves the linear range for a picture of +-20 LSB about it."""
    steps = steps_of(entry["text"])
    *_, flat = weigh(steps)
    peak = max(n.peak for n in predict(steps, load_profile("scamp5")))
    return (SATURATES - peak - 20 * entry["largest"]) / float(flat)


@pytest.mark.parametrize(("name", "least"), [("gauss3", 80), ("roberts", 60), ("laplace4", 0), ("maxpooled_4", 60)])
def test_noise_of_a_bright_picture_is_predicted(name: str, least: float) -> None:
    """Offset and what is left of the picture's mean, within 2 LSB; rms within 15 %."""
    for entry in found()[name].values():
        level = min(_brightest(entry), 100)
        if level > 0:
            for mean, predicted, rms, predicted_rms in _errors(entry["text"], 2, level):
                assert abs(mean - predicted) <= 2
                assert abs(rms - predicted_rms) <= 0.15 * rms


@pytest.mark.parametrize("name", ["box2", "prewitt", "gauss3", "dense_0"])
def test_noise_is_predicted(name: str) -> None:
    """Mean within 2 LSB, rms within 15 %."""
    for entry in found()[name].values():
        assert _in_range(entry)
        for mean, predicted, rms, predicted_rms in _errors(entry["text"], 4):
            assert abs(mean - predicted) <= 2
            assert abs(rms - predicted_rms) <= 0.15 * rms


@pytest.mark.nightly
@pytest.mark.parametrize("name", sorted(found()))
def test_noise_is_predicted_for_all(name: str) -> None:
    for entry in found()[name].values():
        if not _in_range(entry):
            continue
        for mean, predicted, rms, predicted_rms in _errors(entry["text"], 20):
            assert abs(mean - predicted) <= 2
            assert abs(rms - predicted_rms) <= 0.15 * rms
