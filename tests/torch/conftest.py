"""What the tests of training share: few clips, and one thread, so that they are quick and exact anywhere."""

from __future__ import annotations

import numpy as np
import pytest

from scamp_sim.systems.pixelrnn.data import gestures


@pytest.fixture(scope="session")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    return gestures.dataset(2, seed=4)
