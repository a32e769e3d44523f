"""How fast it must be, in ratios of processor time taken in one run. Long, and only on a machine that is left alone:

pytest tests/benchmarks -m nightly -n0
"""

from __future__ import annotations

import pytest

from scamp_sim.cli.bench import code, measure, rows
from scamp_sim.cli.bench.rows import Row

pytestmark = pytest.mark.nightly

BEFORE = {
    "box 3x3, 42 words": (25.8, 122),
    "gauss3, 24 words": (16, 116),
    "gauss5, 64 words": (33, 166),
    "one axis, horizontal, 8 words": (19.2, 101),
    "one axis, vertical, 8 words": (19, 102),
    "two Sobels, 18 words": (20, 100),
    "local threshold, 61 words": (38, 165),
    "motion, 16 words": (19.2, 79),
}
"""Program -> `numpy.add`s that a run took without fused code, lazy outputs and shared drift, noise-free and on scamp5.
Measured on Zen 5, where `numpy.add` takes 3.8 us at the best place in memory."""


def group(name: str, made: str) -> dict[str, Row]:
    with measure.fused(made):
        return {row.name: row for row in rows.MEASURED[name][1](measure.rates())}


def test_short_programs() -> None:
    found = group(rows.RUNS, "now")
    for name, (ideal, chip) in BEFORE.items():
        assert found[f"{name}, ideal"].adds * 2.5 <= ideal, name
        assert found[f"{name}, scamp5"].adds * 2 <= chip, name
    # 3.4 on Zen 4, where `numpy.add` takes 8.8 us; here it takes 3.8, and Python's part of a call as long as there
    assert found["gauss3, 24 words, ideal"].adds <= 4.7


def test_a_run_of_one_word() -> None:
    for name, row in group(rows.ONE, "now").items():
        if name != '`machine.global_or("R5")`':
            assert row.us <= (10 if name == "`where(A)`" else 6), name


def test_words_in_long_programs_are_near_the_limit() -> None:
    found = group(rows.WORDS, "0")
    for name in ("`add(A, B, C)`", "`sub(A, B, C)`", "`bus(A, B, C)`"):
        assert found[name].us <= 1.3 * found[name].limit, name


def test_machine_code_is_made_and_found_quickly() -> None:
    assert code.compiling(rows.only("gauss3"), "ideal") <= 30e3
    assert code.compiling(rows.only("gauss3"), "scamp5") <= 45e3  # 35 on a machine that is left alone
    assert code.loading(rows.only("gauss3")) <= 2e3


def test_frames() -> None:
    """Ratios to what the walk alone takes, which does what it did before, and better."""
    fused, walked = group(rows.FRAMES, "now"), group(rows.FRAMES, "0")
    for name, least in {
        "macropixel, ideal": 2.3,
        "macropixel, scamp5": 1.5,
        "blocks, ideal": 1.5,
        "blocks, scamp5": 1.5,
    }.items():
        assert walked[name].us / fused[name].us >= least, name
