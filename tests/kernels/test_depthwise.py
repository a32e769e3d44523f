"""Sixteen 5x5 kernels at once, against correlation in every block."""

from __future__ import annotations

import numpy as np
import pytest

from scamp_sim import Machine, ScampError, kernels
from scamp_sim.kernels.depthwise import blocks, depthwise16, tile
from tests.kernels.oracles import depthwise, grey, random_image, scene

SHAPE = (256, 256)
TOLERANCE = 2e-3


def random_weights(seed: int, share: float = 0.5) -> np.ndarray:
    return np.where(np.random.default_rng(seed).random((16, 5, 5)) < share, 1, -1)


def one_kernel_differs(kernel: int) -> np.ndarray:
    weights = np.ones((16, 5, 5), int)
    weights[kernel] = -1
    return weights


def one_tap_differs(kernel: int, i: int, j: int) -> np.ndarray:
    weights = -np.ones((16, 5, 5), int)
    weights[kernel, i, j] = 1
    return weights


WEIGHTS = {
    **{f"random {s}": random_weights(s) for s in range(4)},
    "mostly plus": random_weights(7, 0.9),
    "mostly minus": random_weights(8, 0.1),
    "all plus": np.ones((16, 5, 5), int),
    "all minus": -np.ones((16, 5, 5), int),
    "the same everywhere": np.broadcast_to(random_weights(9)[:1], (16, 5, 5)).copy(),
    "one kernel differs": one_kernel_differs(6),
    "block rows alternate": np.ones((16, 5, 5), int) * np.where(np.arange(16) % 2, 1, -1)[:, None, None],
    "block columns alternate": np.ones((16, 5, 5), int) * np.where(np.arange(16) // 4 % 2, 1, -1)[:, None, None],
}


@pytest.mark.parametrize("engine", ["fast", "reference"])
@pytest.mark.parametrize("name", WEIGHTS)
def test_correlation_in_every_block(name: str, engine: str) -> None:
    program = depthwise16(WEIGHTS[name])
    for image in (random_image(SHAPE), scene(SHAPE)):
        got = Machine(engine=engine).run(program, {"image": image}).outputs["maps"]
        np.testing.assert_allclose(got, depthwise(grey(image), WEIGHTS[name]), atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("tap", [(k, k % 5, (3 * k) % 5) for k in range(16)])
def test_one_tap_of_one_kernel(tap: tuple[int, int, int]) -> None:
    """The difference to all minus is twice the shifted picture, in one block and nowhere else."""
    image = random_image(SHAPE)
    got = Machine().run(depthwise16(one_tap_differs(*tap)), {"image": image}).outputs["maps"]
    np.testing.assert_allclose(got, depthwise(grey(image), one_tap_differs(*tap)), atol=TOLERANCE, rtol=0)


def test_nothing_leaks_between_blocks() -> None:
    """A picture in one block leaves all others at 0, up to its very border."""
    image = np.zeros(SHAPE, np.uint8)
    image[64:128, 128:192] = 255
    got = Machine().run(depthwise16(random_weights(3)), {"image": image}).outputs["maps"]
    outside = np.ones(SHAPE, bool)
    outside[64:128, 128:192] = False
    assert not got[outside].any()
    assert got[64:128, 128:192].any()


@pytest.mark.parametrize("engine", ["fast", "reference"])
@pytest.mark.parametrize("level", [0, 50, 120])
def test_binary_input(level: int, engine: str) -> None:
    weights = random_weights(11)
    image = scene(SHAPE)
    program = depthwise16(weights, level=level, amplitude=5)
    got = Machine(engine=engine).run(program, {"image": image}).outputs["maps"]
    pixels = np.where(grey(image) > level, 5.0, -5.0)
    np.testing.assert_array_equal(got, depthwise(pixels, weights))


def test_again_on_the_same_machine() -> None:
    machine, program, image = Machine(), depthwise16(random_weights(5)), scene(SHAPE)
    first = machine.run(program, {"image": image}).outputs["maps"]
    np.testing.assert_array_equal(machine.run(program, {"image": image}).outputs["maps"], first)


def test_tile_and_blocks() -> None:
    picture = random_image((64, 64))
    weights = random_weights(2)
    got = blocks(Machine().run(depthwise16(weights), {"image": tile(picture)}).outputs["maps"])
    assert got.shape == (16, 64, 64)
    for k in range(16):
        np.testing.assert_allclose(
            got[k],
            depthwise(np.tile(grey(picture), (4, 4)), np.repeat(weights[k : k + 1], 16, 0))[:64, :64],
            atol=TOLERANCE,
        )


# --- words ----------------------------------------------------------------------------------------------------


def kernel_words(weights: np.ndarray) -> int:
    return len(depthwise16(weights).kernels["depthwise"].words)


def costly() -> np.ndarray:
    """Every tap has both signs in every block row, but in no order that a column would share."""
    pattern = np.array([[1, 1, -1, -1], [-1, 1, -1, 1], [1, -1, 1, -1], [-1, -1, 1, 1]]).T.ravel()
    return np.broadcast_to(pattern[:, None, None], (16, 5, 5)).copy()


def test_words_stay_within_the_contract() -> None:
    most = kernel_words(costly())
    assert most == 337
    assert "depthwise 337 at most" in " ".join(kernels.contract("depthwise16").split())
    counts = [kernel_words(random_weights(s)) for s in range(20)]
    assert max(counts) < most
    assert 305 < np.mean(counts) < 330
    assert kernel_words(np.ones((16, 5, 5), int)) < 170


def test_the_other_kernels_have_the_words_of_the_contract() -> None:
    program = depthwise16(random_weights(1), level=40)
    counts = {name: len(k.words) for name, k in program.kernels.items()}
    assert (counts["capture"], counts["binarise"], counts["setup"]) == (6, 7, 11)
    assert program.stored_words <= 1024


# --- bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones((16, 5)), r"shape \(16, 5\)"),
        (np.ones((5, 5, 16)), r"shape \(5, 5, 16\)"),
        (np.ones((16, 3, 3)), r"sixteen 5x5 kernels are \(16, 5, 5\)"),
        (np.zeros((16, 5, 5)), r"weight \[0\]\[0\]\[0\] is 0"),
        (one_tap_differs(3, 1, 2) * 0.5, "only"),
        (one_tap_differs(3, 1, 2) + (np.arange(400).reshape(16, 5, 5) == 87), r"weight \[3\]\[2\]\[2\] is 0"),
        (np.full((16, 5, 5), np.nan), "is nan"),
        (np.ones((16, 5, 5), bool), "boolean"),
        (np.full((16, 5, 5), "x"), "give numbers"),
    ],
)
def test_wrong_weights(weights: np.ndarray, message: str) -> None:
    with pytest.raises(ScampError, match=message):
        depthwise16(weights)


def test_the_kernel_file_checks_its_weights_too() -> None:
    zero = np.ones((16, 5, 5), int)
    zero[2, 1, 0] = 0
    with pytest.raises(ScampError, match="weights"):
        kernels.load("depthwise16", weights=zero)
    with pytest.raises(ScampError, match="weights"):
        kernels.load("depthwise16", weights=np.ones((16, 5), int))


def test_weights_of_one_channel_and_floats() -> None:
    weights = random_weights(4)
    one = depthwise16(weights[:, None].astype(np.float32))
    assert [str(w) for w in one.kernel_words()] == [str(w) for w in depthwise16(weights).kernel_words()]


def test_wrong_pictures() -> None:
    with pytest.raises(ScampError, match=r"shape .*, got \(256, 256\)"):
        tile(np.zeros(SHAPE))
    with pytest.raises(ScampError, match=r"shape .*, got \(64, 64\)"):
        blocks(np.zeros((64, 64)))
