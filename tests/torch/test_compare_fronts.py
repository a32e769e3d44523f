"""Rows that learn, in float32 and all at once, against the models of their systems."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scamp_sim.compare.task import codes, fronts, heads  # noqa: E402
from scamp_sim.systems.leca import baselines  # noqa: E402
from scamp_sim.systems.leca.train.modules import Encoder  # noqa: E402

RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    """(2, 2, 256, 256) grey: coarse light with detail."""
    coarse = np.kron(RNG.integers(0, 256, (2, 2, 32, 32)), np.ones((8, 8)))
    return np.asarray(0.7 * coarse + 0.3 * RNG.integers(0, 256, coarse.shape)).astype(np.uint8)


def light(frames: np.ndarray, row: str) -> Any:
    return torch.from_numpy(fronts.windows(frames, fronts.PITCH[row])).float() / 255


def test_windows_are_in_raster_order() -> None:
    x = np.arange(2 * 9 * 11).reshape(1, 2, 9, 11)
    found = fronts.windows(x, 4)
    assert found.shape == (1, 2, 4, 16)
    assert np.array_equal(found[0, 1, 3], x[0, 1, 4:8, 4:8].ravel())


@pytest.mark.parametrize("row", ["leca_8_3", "leca_4_4", "leca_4_3"])
def test_leca_equals_its_golden_model(frames: np.ndarray, row: str) -> None:
    from scamp_sim.systems.leca import golden

    front = fronts.front(row, 1)
    assert isinstance(front, fronts.Leca)
    front.train()(light(frames, row))  # the first batch sets the limit
    front.eval()
    values = front(light(frames, row)).detach().numpy()
    params = front.encoder.params()
    differ = 0
    for n in range(2):
        for t in range(2):
            wanted = golden.dequantise(
                params.codes(params.sums(frames[n, t] / 255)), params.bits, params.limit, params.kind
            )
            got = np.moveaxis(values[n].reshape(2, params.channels, 64, 64)[t], 0, -1)
            differ += int((np.abs(got - wanted) > 1e-5).sum())
    assert differ <= 4  # sums that are a threshold but for rounding
    assert len(np.unique(values.round(6))) > 4


def test_leca_learns_through_the_product(frames: np.ndarray) -> None:
    fast, slow = fronts.FastEncoder(4, 4, "hard", seed=2), Encoder(4, 4, "hard", seed=2)
    x = light(frames, "leca_4_4").flatten(0, 1)
    mosaic = torch.from_numpy(frames.reshape(-1, 256, 256)).float() / 255
    a, b = fast.sums(x), slow.sums(mosaic)
    assert torch.allclose(a, b, atol=2e-5)
    a.square().sum().backward()
    b.square().sum().backward()
    assert fast.weight.grad is not None
    assert slow.weight.grad is not None
    assert torch.allclose(fast.weight.grad, slow.weight.grad, rtol=1e-3, atol=0.2)


def test_p2m_equals_the_sums_of_its_circuit(frames: np.ndarray) -> None:
    from scamp_sim.systems.pixels.windows import window_sums

    front = fronts.front("p2m", 1)
    assert isinstance(front, fronts.P2M)
    front.eval()
    up, down = window_sums(frames[0, 1][None] / 255, front.sensor.weight.detach().numpy(), 10, "curve")
    got = front.sensor.differences(light(frames, "p2m")).detach().numpy().reshape(2, 2, 8, 25, 25)[0, 1]
    assert np.abs(got - (up - down)).max() < 1e-4
    maps = front(light(frames, "p2m")).detach()
    lsb = float(front.full_scale) / 255
    assert torch.allclose(maps / lsb, (maps / lsb).round(), atol=1e-3)
    assert maps.shape == (2, 16, 25, 25)


def test_snn_spikes_are_those_of_its_model(frames: np.ndarray) -> None:
    from scamp_sim.systems.pixels.windows import window_sums

    front = fronts.front("snn", 1)
    assert isinstance(front, fronts.Snn)
    front.train()(light(frames, "snn"))
    front.eval()
    spikes = front(light(frames, "snn")).detach().numpy().reshape(2, 2, 8, 32, 32)
    up, down = window_sums(frames[1, 0][None] / 255, front.sensor.weight.detach().numpy(), 8, "curve")
    norm = front.batch_norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    shape = (8, 1, 1)
    scale = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach().numpy().reshape(shape)
    n = (up - down - norm.running_mean.numpy().reshape(shape)) * scale + norm.bias.detach().numpy().reshape(shape)
    level = front.spike.scale * front.spike.running.numpy().reshape(shape) * abs(front.spike.v_th.item())
    sure = np.abs(n - level) > 1e-3
    assert np.array_equal(spikes[1, 0][sure], (n >= level)[sure])
    assert 0.01 < spikes.mean() < 0.99


def test_tiles_of_pixelrnn() -> None:
    o = torch.arange(64 * 64).reshape(1, 64, 64).float()
    found = fronts.tiles(o)
    assert found.shape == (1, 16, 16, 16)
    assert torch.equal(found[0, 5], o[0, 16:32, 16:32])


def test_rows_that_do_not_learn(frames: np.ndarray) -> None:
    rgb = np.moveaxis(codes.colours(frames)[0, 1], 0, -1).astype(np.float64)
    found = codes.in_parts(codes.encoder("sd_2x3")[0], frames)
    assert found.shape == (2, 6, 64, 43)
    assert np.array_equal(found[0, 3], np.rint(255 * baselines.cell_means(rgb, (2, 3)))[..., 0])
    encode, top = codes.encoder("lr_2")
    tie = np.abs(np.mod(3 * rgb[..., 1], 1) - 0.5) < 1e-4
    assert np.allclose((encode(frames)[0, 4] / top)[~tie], baselines.low_resolution(rgb, 2)[..., 1][~tie])
    assert codes.encoder("raw")[0](frames) is frames
    moved = codes.encoder("difference")[0](frames)
    assert moved.shape == (2, 1, 256, 256)
    away = np.abs(frames[:, 1].astype(int) - frames[:, 0]) * 127 / 255
    assert np.array_equal(moved[:, 0], away > 12)


@pytest.mark.parametrize("shape", [(1, 256, 256), (3, 128, 128), (3, 64, 43), (8, 25, 25), (16, 16, 16)])
@pytest.mark.parametrize("kind", ["linear", "small"])
def test_heads_take_maps_of_all_rows(kind: str, shape: tuple[int, int, int]) -> None:
    head = heads.head(kind, shape, 9)
    assert head(torch.rand(2, *shape)).shape == (2, 9)
    assert heads.weights(head) > 0
