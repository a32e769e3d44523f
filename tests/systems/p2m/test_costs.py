"""Counts, times, energies and published figures of P2M. Bars 5 to 10."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.base.published import text
from scamp_sim.systems.p2m import published
from scamp_sim.systems.p2m.costs import baseline_energy, baseline_times, conversion_pj, counts, energy, times
from scamp_sim.systems.p2m.networks import compute_ms, madds, mobilenet_v2, parameters, peak_memory
from scamp_sim.systems.pixels.config import SensorConfig
from scamp_sim.systems.pixels.figures.plots import against_paper
from scamp_sim.systems.pixels.prices import KINDS, prices

ROWS = {row.id: row for row in published.rows()}
PAPER = SensorConfig()


def test_bar_6_bandwidth() -> None:
    assert PAPER.bandwidth() == pytest.approx(18.75, abs=1e-3)
    assert PAPER.bandwidth_bits() == pytest.approx(18.75, abs=1e-3)
    row = ROWS["bandwidth"]
    pair: Any = (row.published, row.recomputed)
    assert pair == (21.0, pytest.approx(18.75))
    assert row.difference == pytest.approx(-0.107, abs=1e-3)
    for bits, expected in {4: 37.5, 5: 30, 6: 25, 7: 21.43, 8: 18.75, 16: 9.375, 32: 4.6875}.items():
        assert SensorConfig(bits=bits).bandwidth() == pytest.approx(expected, abs=0.01)
    for channels, expected in {4: 37.5, 6: 25, 7: 21.43, 8: 18.75, 16: 9.375, 32: 4.6875}.items():
        assert SensorConfig(channels=channels).bandwidth() == pytest.approx(expected, abs=0.01)


# Multiply-adds by the 2-per-batch-norm rule, to the unit, and what Table 2 prints in billions.
MADDS = {
    (560, "baseline"): (1_931_383_488, 1.93),
    (560, "p2m"): (269_467_712, 0.27),
    (225, "baseline"): (306_497_600, 0.31),
    (225, "p2m"): (48_120_616, 0.05),
    (115, "baseline"): (91_448_480, 0.09),
    (115, "p2m"): (14_110_392, 0.01),
}


@pytest.mark.parametrize(("side", "kind"), MADDS)
def test_bar_7_multiply_adds(side: Any, kind: Any) -> None:
    expected, printed = MADDS[side, kind]
    assert madds(mobilenet_v2(side, kind), in_pixel=False) == expected
    assert round(expected * 1e-9, 2) == printed
    assert ROWS[f"madds_{side}_{kind}"].recomputed == expected


def test_bar_7_networks() -> None:
    assert madds(mobilenet_v2(560, "p2m"), norms=False) == 264_390_528
    assert madds(mobilenet_v2(560, "p2m")) == 276_994_112
    assert parameters(mobilenet_v2(560, "baseline")) == 1_629_120
    assert parameters(mobilenet_v2(560, "p2m")) == 1_626_912


def test_bar_8_peak_memory() -> None:
    baseline = [peak_memory(i, "baseline", "expanded") * 1e-6 for i in (560, 225, 115)]
    ours = [peak_memory(i, "p2m", "in-out") * 1e-6 for i in (560, 225, 115)]
    assert baseline == pytest.approx([7.526, 1.204, 0.312], rel=1e-3)
    assert ours == pytest.approx([0.3011, 0.0486, 0.0127], rel=1e-3)
    assert ROWS["memory_ratio_same_rule"].recomputed == pytest.approx(6.25)


def test_bar_9_delays_follow_from_the_configuration() -> None:
    ours, base = times(PAPER), baseline_times(PAPER)
    assert ours.conversion == pytest.approx(0.2294, rel=1e-3)
    assert base.conversion == pytest.approx(4.5875, rel=1e-3)
    assert ours.sensing == pytest.approx(35.84, rel=1e-3)
    assert base.sensing == pytest.approx(39.2, rel=1e-3)
    assert ours.frames_per_second == pytest.approx(27.72, abs=0.01)
    twice = times(SensorConfig(channels=16))
    assert twice.conversion == pytest.approx(2 * ours.conversion)
    assert twice.sensing == pytest.approx(2 * ours.sensing)


def test_bar_10_energy() -> None:
    ours, base = energy(PAPER), baseline_energy(PAPER, macs=1.93e9)
    assert [ours.sensor, ours.link, ours.back_end] == pytest.approx([19.06, 90.32, 434.3], rel=5e-3)
    assert [base.sensor, base.link, base.back_end] == pytest.approx([374.6, 846.7, 3026], rel=5e-3)
    assert base.total / ours.total == pytest.approx(7.81, abs=0.02)
    assert ours.total == pytest.approx(543.7, rel=1e-3)
    assert base.total == pytest.approx(4247.5, rel=1e-3)


@pytest.mark.parametrize(
    ("reading", "edp", "conservative"), [("code", 17.78, 12.9), ("textbook", 17.09, 11.9), ("fitted", 16.78, 11.05)]
)
def test_bar_10_energy_delay_product(reading: str, edp: float, conservative: float) -> None:
    ours, base = times(PAPER), baseline_times(PAPER)
    compute = {kind: compute_ms(560, kind, reading) for kind in ("baseline", "p2m")}
    ours = dataclasses.replace(ours, compute=compute["p2m"])
    base = dataclasses.replace(base, compute=compute["baseline"])
    assert 7.812 * base.sequential / ours.sequential == pytest.approx(edp, abs=0.1)
    assert 7.812 * base.conservative / ours.conservative == pytest.approx(conservative, abs=0.1)
    assert (ROWS["edp_ratio"].published, ROWS["edp_ratio_conservative"].published) == (16.76, 11.0)
    assert "picked out of 1,280" in ROWS["edp_ratio"].why


def test_counts_follow_from_the_configuration() -> None:
    c = counts(PAPER)
    assert (c.phases, c.ramps, c.results, c.bits) == (1792, 200_704, 100_352, 802_816)
    base = (counts(PAPER), times(PAPER), energy(PAPER, link="bit"))
    for change in ({"kernel": 3, "stride": 3}, {"stride": 4}, {"channels": 4}, {"bits": 6}):
        other = SensorConfig(**change)
        for before, after in zip(base, (counts(other), times(other), energy(other, link="bit")), strict=True):
            assert before != after, change


def test_conversion_energy_meets_both_published_prices() -> None:
    assert conversion_pj(8) == pytest.approx(41.9)
    assert conversion_pj(12) == pytest.approx(86.14)


def test_every_price_and_row_says_where_it_comes_from() -> None:
    for price in prices().values():
        assert price.kind in KINDS
        assert price.source
    assert len(ROWS) == len(published.rows())
    for row in ROWS.values():
        assert row.kind in KINDS
        assert (row.recomputed is None) == (row.kind == "published")
    for side in ("bandwidth", "t_adc_p2m", "t_adc_baseline", "t_sens_p2m", "t_sens_baseline"):
        assert ROWS[side].published is not None
    assert "does not add up: 90.27 - 85.7 = 4.57" in text(published.rows())


def test_plot(tmp_path: Path) -> None:
    against_paper(published.rows(), tmp_path / "p2m.png", "P2M")
    assert (tmp_path / "p2m.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernel": 700}, "does not fit a picture 560"),
        ({"channels": 0}, "channels must be an integer in 1"),
        ({"padding": 5}, "padding below"),
    ],
)
def test_bad_configurations_are_refused(change: Any, message: str) -> None:
    with pytest.raises(ScampError, match=message):
        SensorConfig(**change)


def test_rows_that_no_window_reaches() -> None:
    assert SensorConfig(kernel=3, stride=2).ignored == (1, 1)
    assert SensorConfig().ignored == (0, 0)
