"""Trained networks on emulated chips: what margins say before anything runs, and what is left of decisions.

Two networks of one shape, trained on 4,000 digits of MNIST: `noise_trained` with noise of a strength drawn for each
picture, `unaware` without. Kernels and dense weights are packed signs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim.systems import network
from scamp_sim.systems.network.golden import forward
from scamp_sim.systems.network.params import Conv, Dense, Input, Network, Pool

DATA = Path(__file__).parent / "data"


def trained(name: str) -> Network:
    with np.load(DATA / f"{name}.npz") as f:
        kernels = np.unpackbits(f["kernels"], axis=1)[:, :25].reshape(16, 1, 5, 5).astype(int) * 2 - 1
        weights = np.unpackbits(f["dense"], axis=1)[:, :4096].astype(int) * 2 - 1
        scores = Dense("dense1", weights, np.full(10, float(f["scale"])), f["bias"].astype(float))
        first = Conv("conv1", kernels, f["threshold"], padding=(2, 2, 2, 2))
    return Network(Input(64, 64, scale=2, pad=(4, 4, 4, 4)), (first, Pool("pool1", 4, 4), scores))


def drawn(count: int) -> Any:
    """Strokes on 28x28, about as much of the picture as a digit."""
    rng = np.random.default_rng(11)
    found = np.zeros((count, 28, 28), np.uint8)
    for picture in found:
        at = rng.integers(8, 20, 2).astype(float)
        way = rng.normal(size=2)
        for _ in range(45):
            way = 0.8 * way + 0.5 * rng.normal(size=2)
            at = np.clip(at + 0.6 * way / max(1e-6, float(np.hypot(*way))), 5, 22)
            row, column = at.astype(int)
            picture[row : row + 2, column : column + 2] = 255
    return found


def _wrong(net: Network, errors: str, chip: int, pictures: Any) -> tuple[Any, Any, Any]:
    """Predicted and seen shares of wrong pooled bits, by channel, and how often the class is golden's."""
    plan = network.plan(net, chip=errors)
    encoder = plan.build(errors=errors, chip=chip)
    golden = forward(net, pictures, keep=["pool1.bits"])
    seen, same = np.zeros(16), []
    for n, picture in enumerate(pictures):
        found = encoder.run(picture, measurement=n, keep=["pool1.bits"])
        seen += (found.stages["pool1.bits"] != golden.stages["pool1.bits"][n]).mean(axis=(1, 2)) / len(pictures)
        same.append(int(found.codes.argmax()) == int(golden.classes[n]))
    return np.array([m.wrong for m in plan.margins()]), seen, float(np.mean(same))


def test_margins_predict_wrong_bits_of_channels() -> None:
    predicted, seen, _ = _wrong(trained("noise_trained"), "scamp5", 1, drawn(6))
    assert np.corrcoef(predicted, seen)[0, 1] >= 0.8


def test_a_trained_net_costs_what_is_promised() -> None:
    net = trained("noise_trained")
    ideal, chip = network.plan(net), network.plan(net, chip="scamp5")
    assert ideal.cost().words <= 480
    assert (ideal.cost().us or 0) <= 300
    assert chip.cost().words <= 540
    assert ideal.cost().readout_bytes == chip.cost().readout_bytes == 16


@pytest.mark.nightly
@pytest.mark.parametrize("errors", ["scamp5", "imperial", "stanford"])
def test_decisions_survive_on_chips(errors: str) -> None:
    pictures = drawn(40)
    for chip in (1, 2, 3):
        *_, same = _wrong(trained("noise_trained"), errors, chip, pictures)
        assert same >= 0.7
