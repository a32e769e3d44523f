"""The difference camera against NumPy, and what it reads."""

from __future__ import annotations

import numpy as np
import pytest

from scamp_sim import Machine, kernels
from scamp_sim.systems.pixelrnn.data import gestures
from tests.kernels.oracles import grey


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_change_of_block_means(engine: str) -> None:
    frames = gestures.clip("v/rightward", seed=2, size=256)[0][:3]
    program, machine = kernels.load("difference_camera"), Machine(engine=engine)
    last = np.zeros((64, 64))
    for frame in frames:
        run = machine.run(program, {"image": frame})
        means = grey(frame).reshape(64, 4, 64, 4).mean(axis=(1, 3))
        np.testing.assert_allclose(machine.read("D")[::4, ::4], means - last, atol=1e-3)
        samples = run.outputs["change"].reshape(64, 64).T[:, ::-1].astype(float) - 128
        assert np.abs(samples - (means - last)).max() <= 0.5 + 1e-3
        last = means
    assert run.profile.readout_bytes == 4096
    assert run.profile.readout_ratio == 16
