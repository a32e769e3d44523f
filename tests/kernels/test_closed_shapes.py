"""Closed shapes against a plain flood fill in NumPy: pictures of outlines, open and closed, among clutter."""

from __future__ import annotations

import numpy as np
import pytest

from scamp_sim import Machine, kernels
from tests.kernels.oracles import Bits, at


def enclosed(outline: Bits) -> Bits:
    """What a walk over the four neighbours from outside the array does not reach."""
    reached = np.zeros_like(outline)
    while True:
        beside = at(reached, 1, 0, 1) | at(reached, -1, 0, 1) | at(reached, 0, 1, 1) | at(reached, 0, -1, 1)
        grown = (reached | beside.astype(bool)) & ~outline
        if (grown == reached).all():
            return ~outline & ~reached
        reached = grown


def frame(outline: Bits, top: int, left: int, height: int, width: int) -> None:
    outline[[top, top + height - 1], left : left + width] = True
    outline[top : top + height, [left, left + width - 1]] = True


def scene(shape: tuple[int, int]) -> Bits:
    """A frame with a smaller one in it, one with a gap, a diamond that touches at its corners only, and clutter."""
    outline = np.zeros(shape, bool)
    frame(outline, 4, 4, 24, 24)
    frame(outline, 8, 8, 10, 12)
    frame(outline, 4, 36, 20, 20)
    outline[12, 36] = False
    for k in range(8):
        outline[[44 - k, 44 + k], 8 + k] = outline[[37 + k, 51 - k], 16 + k] = True
    outline[56, 40:56] = outline[56:64, [40, 55]] = True  # open to the border of a small array, or below
    clutter = np.random.default_rng(7).random(shape) < 0.02
    for inside in ((slice(11, 14), slice(30, 42)), (44, 16)):
        clutter[inside] = False
    return outline | clutter


@pytest.mark.parametrize("engine", ["fast", "reference"])
@pytest.mark.parametrize("shape", [(64, 64), (256, 256), (128, 192)])
@pytest.mark.parametrize("dark", [0, 1])
def test_what_the_flood_does_not_reach(engine: str, shape: tuple[int, int], dark: int) -> None:
    outline = scene(shape)
    image = np.where(outline ^ bool(dark), 220, 30).astype(np.uint8)
    run = Machine(shape, engine=engine).run(kernels.load("closed_shapes", dark=dark), {"image": image})
    np.testing.assert_array_equal(run.outputs["outline"], outline)
    expected = enclosed(outline)
    assert 250 < expected.sum() < outline.size / 2
    assert not expected[12, 40]  # the frame with a gap
    assert expected[44, 16]  # the diamond
    np.testing.assert_array_equal(run.outputs["enclosed"], expected)


@pytest.mark.parametrize(("steps", "reached"), [(25, False), (40, True)])
def test_a_long_way_in_takes_more_steps(steps: int, reached: bool) -> None:
    """A corridor that winds from a door in the border through the array: some 1,900 pixels at 64 a step."""
    outline = np.zeros((64, 64), bool)
    frame(outline, 0, 0, 64, 64)
    outline[2::4, :-2] = outline[4::4, 2:] = True
    outline[1, 0] = False
    assert not enclosed(outline).any()
    image = np.where(outline, 220, 30).astype(np.uint8)
    found = Machine((64, 64)).run(kernels.load("closed_shapes", steps=steps), {"image": image}).outputs["enclosed"]
    assert found.any() != reached
