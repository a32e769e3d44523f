"""Labelled pictures from folders and files, and noise out of bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.network.data import load
from scamp_sim.systems.network.noise import StageNoise, law, limited, spread
from scamp_sim.systems.network.params import Conv, Dense, Input, Network, Pool


def net(classes: int = 2) -> Network:
    conv = Conv("conv1", np.ones((1, 1, 3, 3)), np.array([20]))
    dense = Dense("dense1", np.ones((classes, 9), np.int8), np.ones(classes), np.zeros(classes))
    return Network(Input(8, 8, scale=2), (conv, Pool("pool1", 2, 2), dense))


def test_a_folder_of_classes(tmp_path: Path) -> None:
    for name, grey in (("cat", 10), ("dog", 200)):
        (tmp_path / name).mkdir()
        for n in range(3):
            Image.fromarray(np.full((4, 4), grey + n, np.uint8)).save(tmp_path / name / f"{n}.png")
    data = load(tmp_path, net())
    assert data.classes == ("cat", "dog")
    assert data.labels is not None
    assert data.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.pictures[:, 0, 0].tolist() == [10, 11, 12, 200, 201, 202]
    train, test = data.split(0.5, seed=1)
    assert (len(train), len(test)) == (3, 3)
    assert len(load(tmp_path, net(1))) == 6  # one score tells two classes
    (tmp_path / "eel").mkdir()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "eel" / "0.png")
    for scores in (1, 2):
        with pytest.raises(ScampError, match="a label is 2, but the network has classes 0 to 1"):
            load(tmp_path, net(scores))
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(tmp_path / "dog" / "9.png")
    with pytest.raises(ScampError, match=r"dog/9\.png is 4x5, others 4x4"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("x", "first"),
    [
        (np.full((2, 4, 4), 127, np.uint8), 127),
        (np.full((2, 1, 4, 4), 0.5), 128),
        (np.full((2, 4, 4, 1), 200.0), 200),
        (np.full((2, 4, 4), -1.0), False),
        (np.ones((2, 4, 4), bool), True),
    ],
)
def test_arrays(x: Any, first: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=x, y=np.array([0, 1]))
    data = load(tmp_path / "d.npz", net())
    assert data.pictures.shape == (2, 4, 4)
    assert data.pictures[0, 0, 0] == first


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"z": np.zeros(3)}, "expected pictures x and labels y, found z"),
        ({"x": np.zeros((2, 4, 4, 3))}, r"expected grey pictures of shape"),
        ({"x": np.full((2, 4, 4), -0.4)}, "Undo the normalisation"),
        ({"x": np.full((2, 4, 4), np.nan)}, "finite grey levels"),
        ({"x": np.zeros((2, 4, 4)), "y": np.array([0.0, 1])}, "whole numbers"),
        ({"x": np.zeros((2, 4, 4)), "y": np.array([0, 1, 1])}, "whole numbers"),
        ({"x": np.zeros((2, 4, 4)), "y": np.array([0, 7])}, "a label is 7, but the network has classes 0 to 1"),
        ({"x": np.zeros((2, 5, 4))}, "pictures of 5x4 do not fit the network's input: expected 4x4"),
    ],
)
def test_files_that_do_not_belong(arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", **arrays)
    with pytest.raises(ScampError, match=message):
        load(tmp_path / "d.npz", net())


def test_sources_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ScampError, match="expected a folder with one folder of pictures a class"):
        load("nothing")
    with pytest.raises(ScampError, match="found no folders"):
        load(tmp_path)
    (tmp_path / "a").mkdir()
    with pytest.raises(ScampError, match="folder a holds no pictures"):
        load(tmp_path)


def test_digits_fill_the_input() -> None:
    pytest.importorskip("sklearn")
    plain = Network(Input(28, 20), net().layers)
    data = load("digits")
    assert data.pictures.shape == (1797, 8, 8)
    from scamp_sim.systems.network.data import _digits

    assert _digits(plain.input).pictures.shape == (1797, 28, 20)
    assert _digits(Input(64, 64, scale=2, pad=(4, 4, 4, 4))).pictures.shape == (1797, 28, 28)


@pytest.mark.parametrize("sd", [0.3, 0.8, 2.5])
def test_noise_comes_out_of_bits(sd: float) -> None:
    """Sums by chance, bits of them under Gaussian noise of a known sd and offset."""
    g = np.random.default_rng(1)
    away = g.integers(-6, 7, 40_000) + 0.5
    bits = away + 0.4 + sd * g.normal(size=away.size) > 0
    found, offset = spread(away, bits)
    assert found == pytest.approx(sd, rel=0.1)
    assert offset == pytest.approx(0.4, abs=0.1)


def test_noise_follows_the_sum_of_weights() -> None:
    """Channels whose sd is 0.5 at the middle and grows by 0.1 a tap of the sum, away from 1."""
    g = np.random.default_rng(2)
    weights = -np.ones((6, 1, 5, 5), np.int8)
    for k, ones in enumerate((6, 9, 12, 13, 16, 19)):
        weights[k].ravel()[:ones] = 1
    layer = Conv("conv1", weights, np.zeros(6))
    sums = g.integers(-8, 9, (2, 6, 40, 40))
    sd = np.sqrt(0.5**2 + (0.1 * (layer.total - 1)) ** 2)
    mean = (0.3 - 0.05 * layer.total)[:, None, None]
    bits = sums + 0.5 + mean + sd[:, None, None] * g.normal(size=sums.shape) > 0
    found = law(layer, sums, bits)
    np.testing.assert_allclose(found.sd(layer.total), sd, rtol=0.12)
    np.testing.assert_allclose(found.mean(layer.total), mean.ravel(), atol=0.1)
    assert isinstance(found, StageNoise)


def test_thresholds_are_limited() -> None:
    conv = Conv("conv1", np.ones((3, 1, 3, 3)), np.array([8, -8, 20]))
    cut = limited(Network(Input(8, 8), (conv,)), 6).convs[0]
    assert cut.threshold.tolist() == [6, -6, 20]
