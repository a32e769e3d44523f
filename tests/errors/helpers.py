"""What the tests of errors share: machines with a few knobs on, programs of bare words, statistics of planes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim import Machine
from scamp_sim.chip.program import Output, Program, Step, Word, straight_line

SHAPE = (128, 128)
SIZE = SHAPE[0] * SHAPE[1]
FOUR_SIGMA = 4 / np.sqrt(SIZE)
"""Of a correlation of independent planes, or of a mean in units of the standard deviation."""

Plane = npt.NDArray[Any]


def word(op: str, dst: str = "", src: str = "") -> Word:
    return Word(op, tuple(dst.split()), tuple(src.split()))


def bus(dst: str, src: str = "") -> Word:
    return word("bus", dst, src)


def program(*words: Word) -> Program:
    return straight_line("test", words)


def steps(*of: Step) -> Program:
    return Program("test", {}, of)


READ_A = steps(Output("a", "A"))


def machine(knobs: str, **more: Any) -> Machine:
    """A machine with all errors off but those named."""
    return Machine(more.pop("shape", SHAPE), knobs if ":" in knobs or "=" not in knobs else f"ideal:{knobs}", **more)


def after(m: Machine, register: str, *words: Word, **planes: float) -> Plane:
    """A register after some words, others having been set before, without errors."""
    for name, value in planes.items():
        m.write(name, value)
    m.run(program(*words), registers=False)
    return m.read(register).astype(np.float64)


def assert_moments(plane: Plane, mean: float, sd: float, within: float = 0.04) -> None:
    """Mean within four standard errors, standard deviation within a few per cent; rounding of float32 aside."""
    assert abs(plane.mean() - mean) < max(4 * sd / np.sqrt(plane.size), 1e-4), (plane.mean(), mean)
    assert abs(plane.std() - sd) < max(within * sd, 1e-4), (plane.std(), sd)


def correlation(a: Plane, b: Plane) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def registers(m: Machine) -> dict[str, Plane]:
    from scamp_sim.chip import isa

    return {r: m.read(r) for r in isa.PLANES}


def assert_same(a: dict[str, Plane], b: dict[str, Plane]) -> None:
    for name, plane in a.items():
        np.testing.assert_array_equal(plane, b[name], err_msg=name)
