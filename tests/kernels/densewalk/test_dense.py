"""The dense walk: any window and stride, exact against a plain loop, with and without the offset of a transfer."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from scamp_sim import Machine
from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.densewalk import DenseMapping
from scamp_sim.kernels.macropixels.program import random_weights

PICTURE = np.random.default_rng(0).integers(0, 256, (256, 256)).astype(np.uint8)
CASES = [(5, 5, 8, 1), (5, 2, 2, 1), (3, 1, 1, 1), (3, 2, 2, 3), (5, 5, 2, 3), (7, 7, 2, 2), (4, 3, 2, 5), (1, 4, 2, 2)]


def sums_by_hand(weights: npt.NDArray[Any], stride: int, gain: float) -> npt.NDArray[Any]:
    k = weights.shape[1]
    x = 254 * PICTURE.astype(np.float64) / 255 - 127
    side = (256 - k) // stride + 1
    out = np.zeros((len(weights), side, side))
    for u, v in np.ndindex(side, side):
        window = x[stride * u : stride * u + k, stride * v : stride * v + k]
        out[:, u, v] = (weights * window).sum(axis=(1, 2))
    return gain * out


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("cure", [True, False])
def test_every_window_is_exact(case: tuple[int, int, int, int], cure: bool) -> None:
    k, stride, channels, bits = case
    weights = random_weights(channels, k, bits, seed=k)
    mapping = DenseMapping(weights, stride, bits, cure=cure)
    expected = sums_by_hand(weights, stride, mapping.gain())
    np.testing.assert_allclose(mapping.sums(PICTURE / 255), expected, atol=1e-9)
    for errors in ("ideal", "ideal:transfer_offset=20")[: 1 + cure]:
        run = Machine(errors=errors).run(mapping.program(), inputs={"picture": PICTURE})
        samples = [run.outputs[f"maps{c}"] for c in range(channels)]
        got = mapping.from_samples(samples).astype(float) - 128
        assert np.abs(got - np.clip(expected, -128, 127)).max() < 0.5 + 1e-3
        assert run.profile.words == mapping.words()
        assert run.profile.readout_bytes == channels * mapping.side**2
    shifts = [3 - c for c in range(channels)]
    run = Machine().run(mapping.program(shifts), inputs={"picture": PICTURE})
    got = mapping.from_samples([run.outputs[f"maps{c}"] for c in range(channels)]).astype(float) - 128
    relu = np.clip(expected + np.array(shifts)[:, None, None], 0, 127)
    assert np.abs(got - relu).max() < 0.5 + 1e-3
    assert run.profile.words == mapping.words(relu=True)


def test_the_5x5_layer_of_p2m_takes_a_few_hundred_words() -> None:
    # About 1,200 words were estimated for eight ternary channels; 51 x 51 x 8 values leave.
    words = [DenseMapping(random_weights(8, 5, 1, seed), 5, cure=False).words() for seed in range(20)]
    assert 400 < np.mean(words) < 520
    assert DenseMapping(random_weights(8, 5, 1, 0), 5).side ** 2 * 8 == 20_808


def test_zero_channels_and_planes() -> None:
    weights = np.zeros((2, 3, 3), int)
    weights[1, 2, 2] = 4  # the lower magnitude bits are empty
    mapping = DenseMapping(weights, 3, 3)
    run = Machine().run(mapping.program(), inputs={"picture": PICTURE})
    got = mapping.from_samples([run.outputs[f"maps{c}"] for c in range(2)]).astype(float) - 128
    assert np.abs(got - mapping.sums(PICTURE / 255)).max() <= 0.5 + 1e-3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DenseMapping(np.zeros((1, 17, 17), int), 1), r"up to 16x16"),
        (lambda: DenseMapping(np.zeros((1, 3, 3), int), 0), r"stride of 1\.\.253"),
        (lambda: DenseMapping(np.zeros((1, 3, 3), int), 1, 1, 9), r"0\.\.6 halvings"),
        (lambda: DenseMapping(np.zeros((1, 3, 3), int), 1).program([200]), "outside of the converter"),
    ],
)
def test_what_does_not_fit_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        make()
