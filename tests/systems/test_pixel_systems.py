"""P2M and the spiking front end through the suite that every system runs through."""

from typing import Any

import pytest

from scamp_sim.systems.base.conformance import CHECKS
from scamp_sim.systems.base.registry import system


@pytest.mark.parametrize("name", ["p2m", "snn"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_conformance(name: str, check: Any) -> None:
    check(system(name))
