"""The integer forward pass against loops, and pictures on their way into it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.systems.network.golden import Converter, forward
from scamp_sim.systems.network.params import Conv, Counts, Dense, Input, Network, Pool


def signs(generator: np.random.Generator, *shape: int) -> npt.NDArray[np.int8]:
    return (2 * generator.integers(0, 2, shape) - 1).astype(np.int8)


def by_loops(layer: Conv, bits: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """One window after another, one tap after another."""
    top, left, _, _ = layer.padding
    channels, rows, columns = layer.shape(bits.shape)  # type: ignore[arg-type]
    out = np.zeros((channels, rows, columns), np.int32)
    for k, r, c in np.ndindex(channels, rows, columns):
        for i, dr, dc in np.ndindex(layer.weights.shape[1:]):
            row, column = layer.stride * r + dr - top, layer.stride * c + dc - left
            inside = 0 <= row < bits.shape[1] and 0 <= column < bits.shape[2]
            bit = bits[k if layer.depthwise else i, row, column] if inside else None
            value = layer.pad_value if bit is None else 1 if bit else -1
            out[k, r, c] += int(layer.weights[k, i, dr, dc]) * value
    return out


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("pad_value", [0, -1, 1])
@pytest.mark.parametrize("depthwise", [False, True])
def test_convolutions_equal_loops(stride: int, pad_value: int, depthwise: bool) -> None:
    generator = np.random.default_rng(stride + 10 * (pad_value + 1))
    first = Conv("conv1", generator.integers(-4, 4, (3, 1, 3, 3)), np.array([1, 0, -2]))
    weights = generator.integers(-1, 2, (3, 1, 3, 3) if depthwise else (2, 3, 3, 3))
    second = Conv("conv2", weights, np.zeros(len(weights)), stride, (1, 2, 0, 1), pad_value, depthwise)
    net = Network(Input(9, 8), (first, second))
    pictures = generator.integers(0, 2, (2, 9, 8)).astype(bool)
    ran = forward(net, pictures, keep="all")
    for n in range(2):
        one = by_loops(first, pictures[n : n + 1])
        np.testing.assert_array_equal(ran.stages["conv1.sums"][n], one)
        bits = one >= first.threshold[:, None, None]
        np.testing.assert_array_equal(ran.stages["conv1.bits"][n], bits)
        np.testing.assert_array_equal(ran.stages["conv2.sums"][n], by_loops(second, bits))
    assert ran.output.shape == (2, *net.shapes()[-1])


def test_pools_counts_and_dense() -> None:
    generator = np.random.default_rng(1)
    conv = Conv("conv1", signs(generator, 2, 1, 3, 3), np.array([1, -1]), padding=(1, 1, 1, 1))
    pool = Pool("pool1", 2, 2, np.array([False, True]))
    dense = Dense("dense1", signs(generator, 3, 32), np.full(3, 0.5), np.arange(3.0))
    pictures = generator.integers(0, 2, (5, 8, 8)).astype(bool)
    ran = forward(Network(Input(8, 8), (conv, pool, dense)), pictures, keep="all")
    windows = ran.stages["conv1.bits"].reshape(5, 2, 4, 2, 4, 2)
    either = np.asarray(windows.any(axis=(3, 5)))[:, 0]
    both = np.asarray(windows.all(axis=(3, 5)))[:, 1]
    np.testing.assert_array_equal(ran.stages["pool1.bits"], np.stack([either, both], axis=1))
    values = np.where(ran.stages["pool1.bits"], 1, -1).reshape(5, -1)
    np.testing.assert_array_equal(ran.stages["dense1.sums"], values @ dense.weights.T.astype(int))
    assert ran.scores is not None
    np.testing.assert_allclose(ran.scores, (values @ dense.weights.T.astype(int)) * 0.5 + np.arange(3))
    counted = forward(Network(Input(8, 8), (conv, Counts("counts1", 4, 2))), pictures, keep="all")
    assert counted.scores is None
    np.testing.assert_array_equal(
        counted.output[:, :, 1, 2], ran.stages["conv1.bits"][:, :, 2:6, 4:8].sum(axis=(-2, -1))
    )
    with pytest.raises(ProgramError, match="ends in bits or counts"):
        counted.classes  # noqa: B018


@pytest.mark.parametrize(("parts", "matches"), [(1, 17.1), (4, 4.3)])
def test_the_converter_rounds_as_the_sums_do(parts: int, matches: float) -> None:
    """4,096 features at 120 LSB: 17 matches a code with one sample a class, 4 with four (sources: the SDK's sums)."""
    generator = np.random.default_rng(2)
    shape = (16, 16, 16)
    values, weights = signs(generator, 4, 4096).astype(np.int32), signs(generator, 10, 4096)
    exact = values @ weights.T.astype(np.int32)
    read = Converter(120, parts).read(values, weights, shape)
    away = np.abs(read * 4096 / (120 * parts) - exact) / 2
    assert away.max() <= matches / 2 * parts
    assert away.max() > 0.5


def test_pictures_are_placed() -> None:
    place = Input(64, 64, above=126, scale=2, pad=(4, 4, 4, 4))
    pictures = np.full((3, 28, 28), 126, np.uint8)
    pictures[1, 0, 27] = 127
    bits = place.bits(pictures)
    assert bits.sum() == 4
    assert bits[1, 4:6, 58:60].all()
    assert Input(4, 4, shrink=2).bits(np.full((8, 8), 127, np.uint8)).all()
    with pytest.raises(PlaneError, match="expected 28x28, or 64x64 that are placed already"):
        place.bits(np.zeros((1, 30, 28), np.uint8))
    with pytest.raises(PlaneError, match="say how they are placed"):
        Input(64, 64).bits(np.zeros((1, 28, 28), np.uint8))


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((1, 8, 8), complex)])
def test_no_pictures(wrong: Any) -> None:
    with pytest.raises(PlaneError, match="expected grey levels"):
        Input(8, 8).bits(wrong)


def test_constants_and_levels() -> None:
    weights = np.ones((4, 1, 3, 3))
    conv = Conv("conv1", weights, np.array([10, -9, 3, 3]))
    assert conv.constant.tolist() == [-1, 1, 0, 0]
    assert conv.levels == (3,)
    assert conv.taps.tolist() == [9] * 4
