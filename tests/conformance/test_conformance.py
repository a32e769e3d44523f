"""Every registered system, and a toy that is not of this package, through the conformance suite."""

from __future__ import annotations

import pytest

from scamp_sim.systems.base import registry
from scamp_sim.systems.base.conformance import CHECKS, Check
from tests.systems import toy


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", registry.names())
def test_system(name: str, check: Check) -> None:
    check(registry.system(name))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_toy(check: Check) -> None:
    check(toy.SYSTEM)
