"""Random networks: whatever is planned equals the integer model to the bit, or is refused in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scamp_sim.exceptions import ScampError
from scamp_sim.systems import network
from scamp_sim.systems.network.golden import stage_names
from scamp_sim.systems.network.params import Conv, Dense, Input, Layer, Network, Pool

PROFILES = ("ideal", "ideal:transfer_offset=20")


def _weights(rng: np.random.Generator, most: int, *shape: int) -> Any:
    return rng.integers(-most, most + 1, shape) if most else rng.choice([-1, 1], shape)


def _conv(rng: np.random.Generator, name: str, w: Any, stride: int, pad: int, depthwise: bool = False) -> Conv:
    reach = np.abs(w).sum(axis=(1, 2, 3))
    threshold = np.rint(rng.uniform(-1.1, 1.1, len(w)) * reach * rng.choice([0.2, 0.5, 1]))
    return Conv(name, w, threshold, stride, (pad,) * 4, int(rng.choice([-1, 0, 0, 1])), depthwise)


def drawn(seed: int) -> Network:
    """Sizes, strides, paddings, weights, pools, second layers and dense layers, drawn."""
    rng = np.random.default_rng(seed)
    size = int(rng.choice([12, 28, 32, 48, 60, 64, 64, 100, 128, 200]))
    kernel, stride = int(rng.choice([1, 2, 3, 3, 5, 5, 7])), int(rng.choice([1, 1, 1, 2, 4]))
    if rng.random() < 0.15:
        kernel = stride = int(rng.choice([2, 4]))
        size = int(rng.choice([64, 128, 256]))
    pad = int(rng.choice([0, kernel // 2])) if stride < kernel else 0
    w = _weights(rng, int(rng.choice([0, 1, 1, 2, 5, 20])), int(rng.integers(1, 17)), 1, kernel, kernel)
    layers: list[Layer] = [_conv(rng, "conv1", w, stride, pad)]
    shown = Input(size, size - int(rng.choice([0, 0, 4])), above=int(rng.choice([100, 126, 127])))
    for n in range(1, 1 + int(rng.integers(0, 4))):
        channels, rows, columns = Network(shown, tuple(layers)).shapes()[-1]
        kind = str(rng.choice(["pool", "pool", "all", "each"]))
        taps = int(rng.choice([2, 2, 4, 3])) if kind == "pool" else int(rng.choice([1, 3, 3]))
        if min(rows, columns) < taps:
            continue
        if kind == "pool":
            every = None if rng.random() < 0.6 else rng.random(channels) < 0.5
            layers.append(Pool(f"pool{n}", taps, taps, every))
            continue
        each = kind == "each"
        shape = (channels, 1) if each else (int(rng.integers(1, 17)), channels)
        w = _weights(rng, int(rng.choice([0, 1])), *shape, taps, taps)
        step = int(rng.choice([1, 1, 2])) if taps > 1 else 1
        layers.append(_conv(rng, f"conv{n + 1}", w, step, int(rng.choice([0, taps // 2])), each))
    if rng.random() < 0.5:
        features = int(np.prod(Network(shown, tuple(layers)).shapes()[-1]))
        w = _weights(rng, int(rng.choice([0, 1])), int(rng.integers(2, 18)), features)
        layers.append(Dense("dense1", w, rng.random(len(w)) + 0.1, rng.normal(size=len(w))))
    return Network(shown, tuple(layers))


def _check(seed: int) -> bool:
    """Whether it was planned; what it gives is compared."""
    net, rng = drawn(seed), np.random.default_rng([seed, 1])
    if min(min(shape) for shape in net.shapes()) < 1:
        return False
    errors = PROFILES[seed % 2]
    try:
        plan = network.plan(net, chip=errors, by=str(rng.choice(["us", "words"])))
    except ScampError as e:
        if "does not fit the array: " not in str(e):
            raise
        return False
    encoder = plan.build(errors=errors)
    small = rng.random((net.input.rows // 3 + 1, net.input.columns // 3 + 1)) < 0.4
    picture = np.asarray(np.kron(small, np.ones((3, 3)))[: net.input.rows, : net.input.columns] * 255, np.uint8)
    model = encoder.model(picture[None])
    found = encoder.encode(picture[None], keep=stage_names(net))
    for name, stage in found.stages.items():
        np.testing.assert_allclose(stage, model.stages[name], atol=2e-3, err_msg=f"seed {seed}: {name}")
    np.testing.assert_allclose(found.codes, model.codes, rtol=1e-6, atol=1e-6, err_msg=f"seed {seed}")
    return True


def test_random_networks() -> None:
    assert sum(map(_check, (1, 2, 9))) >= 1


@pytest.mark.parametrize("seed", [103, 148, 157, 214])
def test_networks_that_went_wrong(seed: int) -> None:
    """Depthwise layers with a dense layer behind them on an array with an offset; a minimum behind another pool in
    blocks; a layer that is constant; layers behind a pool in macropixels of 2x2 PEs."""
    assert _check(seed)


@pytest.mark.nightly
def test_many_random_networks() -> None:
    assert sum(map(_check, range(100, 400))) >= 150
