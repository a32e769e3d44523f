"""Pictures with a mean: what they leave on a chip, and programs that bear them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.compiler import assemble
from scamp_sim.compiler.filters import CompiledFilter, compile_filter
from scamp_sim.compiler.filters.classic import found
from scamp_sim.compiler.filters.noise import predict
from scamp_sim.compiler.filters.parse_back import steps_of
from scamp_sim.compiler.filters.task import weigh
from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon.profiles import load_profile

SHORT = 1_000_000
PAIR = {"gx": [[1, 0, -1], [2, 0, -2], [1, 0, -1]], "gy": [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]}
LAPLACE8 = [[1, 1, 1], [1, -8, 1], [1, 1, 1]]


def away(text: str, level: float, chip: int) -> float:
    """LSB by which the worst result of a gently shaded picture of this mean is off on a chip, on average."""
    program = assemble(text)
    y, x = np.mgrid[:64, :64]
    plane = (level + 8 * np.sin(x / 9) + 8 * np.cos(y / 7)).astype(np.float32)
    ideal, real = Machine((64, 64)), Machine((64, 64), errors="scamp5", chip=chip)
    for machine in (ideal, real):
        machine.run(program, inputs={"image": plane})
    off = [real.read(o.register) - ideal.read(o.register) for o in program.outputs]
    return max(abs(float(d[8:-8, 8:-8].mean())) for d in off)


@pytest.fixture(scope="module")
def plain() -> CompiledFilter:
    return compile_filter(PAIR, states=SHORT)


@pytest.fixture(scope="module")
def bright() -> CompiledFilter:
    return compile_filter(PAIR, states=SHORT, mean=64)


def test_the_shortest_program_says_what_it_does_not_bear(plain: CompiledFilter) -> None:
    (note,) = plain.notes
    assert "--mean 64" in note
    assert plain.flat * 64 > 150
    assert f"of a flat picture <= {(150 - 40) / plain.flat:.0f} ({plain.flat:g} x)" in plain.text
    assert away(plain.text, 64, 3) > 20


@pytest.mark.parametrize("chip", [0, 3, 11])
def test_a_program_that_was_asked_for_bears_it(bright: CompiledFilter, plain: CompiledFilter, chip: int) -> None:
    assert bright.notes == ()
    assert bright.words > plain.words
    assert bright.flat * 64 <= 150
    assert "mean 64 and rms 11.5 LSB" in bright.text
    assert away(bright.text, 64, chip) < 3
    assert away(bright.text, 64, chip) < away(plain.text, 64, chip) / 5


def test_leak_is_what_a_flat_picture_adds(bright: CompiledFilter) -> None:
    steps, chip = steps_of(bright.text), load_profile("scamp5")
    for dark, light in zip(predict(steps, chip), predict(steps, chip, mean=50.0), strict=True):
        assert light.mean == pytest.approx(dark.mean + 50 * dark.leak, abs=1e-9)
        assert light.leak == dark.leak


@pytest.mark.parametrize("kernel", [LAPLACE8, [[0, 0, 0], [5, -7, 2]], [[1, 2], [-3, 1]], [[-8, 8]]])
@pytest.mark.parametrize("offset", ["zero", "any", "macros"])
def test_a_first_program_bears_it_too(kernel: Any, offset: str) -> None:
    got = compile_filter(kernel, scale=4, offset=offset, mean=64, states=1)
    steps = steps_of(got.text)
    assert weigh(steps)[2] <= Fraction(150, 64)
    assert max(n.peak for n in predict(steps, load_profile("scamp5"), mean=64.0)) <= 150


def test_flat_is_the_largest_value_of_any_word() -> None:
    """Word by word on an array of ones, NEWS included."""
    got = compile_filter(LAPLACE8, scale=4, mean=64, states=1, library=False)
    words = [line.strip() for line in got.text.splitlines() if line.strip().startswith("bus")]
    assert len(words) == got.words
    machine = Machine((64, 64))
    machine.write("A", np.ones((64, 64), np.float32))
    largest = 1.0
    for word in words:
        machine.run(assemble(f"kernel one {{ {word} }} program {{ one(); }}"))
        largest = max(largest, *(abs(float(machine.read(r)[32, 32])) for r in (*"ABCDEF", "NEWS")))
    assert largest == got.flat


@pytest.mark.parametrize("name", [n for n, by in sorted(found().items()) if "bright" in by])
def test_kept_programs_bear_it(name: str) -> None:
    entry = found()[name]["bright"]
    steps = steps_of(entry["text"])
    assert float(weigh(steps)[2]) == entry["flat"] <= 150 / 64
    assert entry["words"] >= found()[name]["zero"]["words"]
    assert max(n.peak for n in predict(steps, load_profile("scamp5"), mean=64.0)) <= 150


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mean": 64, "kernels": [[1, 1, 1]]}, "'filter' itself leaves the range for a flat picture"),
        ({"mean": 200}, "the picture itself leaves the range: its mean is 200"),
        ({"mean": -90, "limit": 80, "amplitude": 10}, "its mean is -90 and the limit 80"),
        ({"mean": "bright"}, "expected mean of the picture to be a number"),
        ({"mean": float("nan")}, "expected mean of the picture to be a number"),
    ],
)
def test_means_that_no_program_bears(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ProgramError, match=words):
        compile_filter(options.pop("kernels", [[1, -1]]), states=1, **options)
