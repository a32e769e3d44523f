"""Distributions and intervals, against published tables and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scamp_sim.study.statistics import distribution, distribution_table, t_quantile, tidy, wilson


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (19, 2.093), (30, 2.042), (120, 1.980)],
)
def test_quantiles_of_t_are_those_of_the_tables(freedom: int, quantile: float) -> None:
    assert t_quantile(freedom) == pytest.approx(quantile, abs=5e-4)


def test_t_becomes_normal() -> None:
    assert t_quantile(100_000) == pytest.approx(1.95996, abs=1e-4)
    assert t_quantile(7, 0.9) == pytest.approx(1.895, abs=5e-4)


def test_wilson() -> None:
    """Newcombe (1998), table I, method 3, and the ends."""
    for right, trials, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (1, 29, 0.0061, 0.1718)):
        found = wilson(right / trials, trials)
        assert found.low == pytest.approx(low, abs=5e-5)
        assert found.high == pytest.approx(high, abs=5e-5)
    none = wilson(0, 20, "clips")
    assert none.low == 0
    assert none.high == pytest.approx(0.1611, abs=5e-5)
    assert wilson(1, 20).low == pytest.approx(1 - none.high)
    assert wilson(1, 20).high == 1
    assert none.method == "Wilson over 20 clips"
    for share, trials in ((0.5, 0), (1.1, 3), (-0.1, 3)):
        with pytest.raises(ValueError, match="of"):
            wilson(share, trials)


def test_a_distribution() -> None:
    found = distribution([1.0, 2.0, 3.0, 4.0])
    assert (found.n, found.mean, found.low, found.high) == (4, 2.5, 1, 4)
    assert found.sd == pytest.approx(math.sqrt(5 / 3))
    assert found.percentiles == {5: pytest.approx(1.15), 25: 1.75, 50: 2.5, 75: 3.25, 95: pytest.approx(3.85)}
    assert found.interval is not None
    half = 3.182446 * math.sqrt(5 / 3) / 2
    assert found.interval.low == pytest.approx(2.5 - half)
    assert found.interval.high == pytest.approx(2.5 + half)
    assert found.interval.method == "Student's t over 4 chips"
    assert found.as_dict()["percentiles"]["50"] == 2.5


def test_shares_stay_shares_and_one_value_has_no_interval() -> None:
    near = distribution([0.99, 1.0, 0.9], (0, 1))
    assert near.interval is not None
    assert near.interval.high == 1
    one = distribution([0.3])
    assert (one.mean, one.sd, one.interval) == (0.3, None, None)
    assert one.as_dict()["interval_95"] is None
    with pytest.raises(ValueError, match="no values"):
        distribution([])


def test_intervals_hold_what_they_promise() -> None:
    """Of 2000 samples of 5 chips, about 95 % of the intervals hold the mean; of 2000 counts, Wilson's likewise."""
    draw = np.random.default_rng(3)
    hits = 0
    for sample in draw.normal(7, 2, (2000, 5)):
        interval = distribution(sample.tolist()).interval
        assert interval is not None
        hits += interval.low <= 7 <= interval.high
    assert 0.935 < hits / 2000 < 0.965
    counts = draw.binomial(45, 0.7, 2000)
    assert 0.93 < np.mean([wilson(k / 45, 45).low <= 0.7 <= wilson(k / 45, 45).high for k in counts]) < 0.97


def test_the_table() -> None:
    text = distribution_table({"a": distribution([1.0, 3.0]), "bb": distribution([5.0])}, lambda v: f"{v:.1f}", "what")
    lines = text.splitlines()
    assert lines[0].split() == [
        "what",
        "mean",
        "95",
        "%",
        "interval",
        "sd",
        "min",
        "5",
        "%",
        "median",
        "95",
        "%",
        "max",
    ]
    assert lines[2].split()[:2] == ["a", "2.0"]
    assert lines[3].split()[:4] == ["bb", "5.0", "-", "-"]
    assert tidy(0.1 + 0.2) == 0.3
