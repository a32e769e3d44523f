"""Every registered system, and a toy that is not of this package, through the conformance suite."""

from __future__ import annotations

import pytest

from scamp_sim.systems.base import registry
from scamp_sim.systems.base.conformance import CHECKS, Check
from scamp_sim.systems.network.system import NetworkSystem
from tests.systems import toy


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", registry.names())
def test_system(name: str, check: Check) -> None:
    check(registry.system(name))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_toy(check: Check) -> None:
    check(toy.SYSTEM)


@pytest.mark.nightly
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("shape", ["one", "two", "strided"])
def test_networks_of_every_shape_conform(shape: str, check: Check) -> None:
    """A binary layer with a dense layer in the array, two layers with all channels connected, ternary windows."""
    check(NetworkSystem(shape))
