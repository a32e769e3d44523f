"""Speed of PixelRNN on the simulated array: a frame on one core, beside what the chip would take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.benchmark


@pytest.mark.parametrize(("mapping", "goal"), [("macropixel", "3500 us"), ("blocks:lean", ""), ("blocks", "")])
def test_frame(mapping: str, goal: str, benchmark: Any, against_chip: Callable[..., None]) -> None:
    """Sixteen frames with their planes looked at, as validation runs them; the cost of a frame in the middle."""
    from scamp_sim.systems.pixelrnn.data import gestures
    from scamp_sim.systems.pixelrnn.params import Weights
    from scamp_sim.systems.pixelrnn.study.study import make_encoder

    encoder = make_encoder(Weights.random(1), mapping)
    clip, _ = gestures.clip("spread/leftward", seed=1)
    chip = encoder.run(clip).frame_profile.time_us
    benchmark.pedantic(encoder.run, (clip,), rounds=3, warmup_rounds=1)
    against_chip(f"PixelRNN, {mapping}, a frame", lambda: encoder.run(clip), 16, chip, goal)
