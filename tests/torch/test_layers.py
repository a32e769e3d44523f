"""Signs with a gradient, correlations, pooling and tiling against the golden model and PyTorch's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scamp_sim.exceptions import ProgramError  # noqa: E402
from scamp_sim.systems.pixelrnn import golden  # noqa: E402
from scamp_sim.systems.pixelrnn.train import layers  # noqa: E402
from scamp_sim.training import signs  # noqa: E402


@pytest.mark.parametrize("m", [0.5, 2.0, 5.0])
def test_gradient_of_a_sign_is_equation_6(m: float) -> None:
    x = torch.linspace(-2, 2, 41, requires_grad=True)
    upstream = torch.arange(41.0)
    y: Any = signs.sign(x, slope=m)
    y.backward(upstream)
    expected = upstream * m * (1 - torch.tanh(m * x.detach()) ** 2)
    torch.testing.assert_close(x.grad, expected)


def test_gradient_of_a_sign_is_that_of_tanh() -> None:
    x = torch.linspace(-1, 1, 9, dtype=torch.float64, requires_grad=True)
    found: Any = signs.sign(x)
    found.sum().backward()
    y = x.detach().clone().requires_grad_()
    torch.tanh(2 * y).sum().backward()
    torch.testing.assert_close(x.grad, y.grad)


def test_straight_through_passes_within_the_line() -> None:
    x = torch.tensor([-0.6, -0.5, 0.0, 0.3, 0.51], requires_grad=True)
    y: Any = signs.sign(x, "straight-through", 2.0)
    y.sum().backward()
    assert x.grad.tolist() == [0, 2, 2, 2, 0]


def test_a_sign_has_no_zero() -> None:
    assert signs.sign(torch.tensor([-1.0, -0.0, 0.0, 1e-30])).tolist() == [-1, -1, -1, 1]


def test_unknown_surrogate_names_the_nearest() -> None:
    with pytest.raises(ProgramError, match=r"unknown surrogate gradient 'straight'.*straight-through"):
        layers.Kernels(1, surrogate="straight")


@pytest.mark.parametrize("shape", [(3, 1, 64, 64), (2, 1, 7, 5)])
@pytest.mark.parametrize("count", [1, 3])
def test_correlation_and_its_gradients_are_pytorchs(shape: tuple[int, ...], count: int) -> None:
    g = torch.Generator().manual_seed(1)
    x = torch.randn(shape, generator=g, dtype=torch.float64, requires_grad=True)
    k = torch.randn(count, 1, 5, 5, generator=g, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(shape[0], count, *shape[2:], generator=g, dtype=torch.float64)
    (layers.correlate(x, k) * weight).sum().backward()
    ours = x.grad.clone(), k.grad.clone()
    x.grad = k.grad = None
    (torch.nn.functional.conv2d(x, k, padding=2) * weight).sum().backward()
    torch.testing.assert_close(ours, (x.grad, k.grad))


def test_pool_and_tile_are_those_of_the_golden_model() -> None:
    rng = np.random.default_rng(2)
    conv = rng.integers(-25, 26, (2, 16, 64, 64)).astype(np.float32)
    pooled = layers.pool(torch.from_numpy(conv))
    np.testing.assert_array_equal(pooled.numpy(), golden.pool(conv))
    np.testing.assert_array_equal(layers.tile(pooled)[:, 0].numpy(), golden.tile(golden.pool(conv)))


@pytest.mark.parametrize("shape", [(32, 1, 64, 64), (16, 1, 10, 9)])
def test_pooled_correlation_and_its_gradients_are_those_of_its_parts(shape: tuple[int, ...]) -> None:
    g = torch.Generator().manual_seed(3)
    x = torch.randn(shape, generator=g, dtype=torch.float64, requires_grad=True)
    k = torch.randn(16, 1, 5, 5, generator=g, dtype=torch.float64, requires_grad=True)
    ours = layers.pooled_correlate(x, k)
    weight = torch.randn(ours.shape, generator=g, dtype=torch.float64)
    (ours * weight).sum().backward()
    gradients = x.grad.clone(), k.grad.clone()
    x.grad = k.grad = None
    theirs = layers.pool(torch.nn.functional.conv2d(x, k, padding=2))
    (theirs * weight).sum().backward()
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(gradients, (x.grad, k.grad))


def test_sums_are_disturbed_before_pooling_and_give_no_gradient_at_the_limit() -> None:
    g = torch.Generator().manual_seed(3)
    x = torch.randn(16, 1, 64, 64, generator=g, dtype=torch.float64)
    k = torch.randn(2, 1, 5, 5, generator=g, dtype=torch.float64, requires_grad=True)
    ours: Any = layers.pooled_correlate(x, k, lambda sums: (0.5 * sums).clamp(-3, 3), 0.5, 3.0)
    ours.sum().backward()
    gradient = k.grad.clone()
    k.grad = None
    theirs: Any = layers.pool((0.5 * layers.correlate(x, k)).clamp(-3, 3))
    theirs.clamp(-3, 3).masked_select(theirs < 3).sum().backward()
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(gradient, k.grad)
