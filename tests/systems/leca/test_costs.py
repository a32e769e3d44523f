"""Time, energy and the paper's numbers. Bars L1, L6-L9."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scamp_sim.exceptions import ScampError
from scamp_sim.systems import leca
from scamp_sim.systems.leca import baselines, costs, published

SITES = 448 * 448


def test_l6_frame_rates() -> None:
    assert int(1e6 / leca.frame_us(448, 8)) == 209
    assert int(1e6 / leca.frame_us(1080, 8)) == 86
    assert int(1e6 / leca.frame_us(448, 4)) == 418
    assert leca.frame_us(448, 8) == pytest.approx(4775.68)
    assert sum(costs.time_parts(448, 8).values()) == pytest.approx(leca.frame_us(448, 8))


def test_l7_energy_ratios() -> None:
    cnv, cr4, cr8 = leca.conventional_energy(SITES), leca.energy(SITES, 8, 3), leca.energy(SITES, 4, 3)
    assert set(cnv) == set(cr4) == {"pixel", "pe", "adc", "link"}
    assert sum(cnv.values()) == pytest.approx(29.72e-6, rel=1e-3)
    assert sum(cr4.values()) == pytest.approx(9.549e-6, rel=1e-3)
    assert sum(cnv.values()) / sum(cr8.values()) == pytest.approx(6.3, rel=0.03)
    assert sum(cnv.values()) / sum(cr4.values()) == pytest.approx(3.15, rel=0.03)
    assert cnv["adc"] / cr4["adc"] == pytest.approx(10.1, rel=0.03)
    assert cnv["link"] / cr4["link"] == pytest.approx(5.333, rel=1e-3)
    assert cr4["pixel"] == pytest.approx(2 * 12.1e-12 * SITES)


@pytest.mark.parametrize(("bits", "pj"), [(1.5, 2.51), (2, 3.55), (3, 7.1), (4, 14.2), (6, 22.6), (8, 36)])
def test_energy_of_a_conversion(bits: float, pj: float) -> None:
    assert costs.conversion_joules(bits) == pytest.approx(pj * 1e-12, rel=3e-3)


def test_counts_and_ratios() -> None:
    n = costs.counts(SITES, 8, 1.5)
    assert n.passes == 2
    assert n.macs == SITES * 8
    assert n.bits == SITES / 2 * 1.5
    assert n.bits_wire == SITES / 2 * 1.6
    assert n.ratio_rgb == 8
    assert n.ratio_bits == pytest.approx(8 * 4 / 3)


def test_l8_decoder() -> None:
    assert costs.decoder_parameters(8) == 558_432
    assert costs.decoder_parameters(4) == 558_384
    assert costs.decoder_macs(224, 8) == pytest.approx(27.9e9, rel=0.01)
    assert costs.decoder_parameters(4, 3, 16) == 7_920
    assert costs.decoder_macs(224, 4, 3, 16) == pytest.approx(0.39e9, rel=0.01)


NOT_REPRODUCED = {"adc_sd_over_cr4", "adc_lr_over_cr4", "lr_3bit_cr", "lr_ternary_cr"}
QUOTED_ONLY = {"ms_loss_cr4", "cs_loss_cr4", "jpeg_loss", "energy_below_ms", "energy_below_agt"}
UNPRINTED = {"energy_cnv_over_cr4", "decoder_parameters_8", "decoder_gmac_224"}
CLAIMED = {
    *("cr_8_3", "cr_4_4", "cr_4_3", "fps_448", "fps_1080", "energy_cnv_over_cr8", "adc_cnv_over_cr4"),
    *("link_cnv_over_cr4", "loss_cr4", "loss_cr6", "loss_cr8", "cs_over_cr8"),
}


def test_published_rows() -> None:
    rows = {r.id: r for r in published.rows()}
    assert {*NOT_REPRODUCED, *UNPRINTED, *CLAIMED, *QUOTED_ONLY, "area_overhead", "energy_below_cs"} == set(rows)
    assert all(rows[name].recomputed is None and rows[name].kind == "quoted" for name in QUOTED_ONLY)
    for name in NOT_REPRODUCED:
        difference = rows[name].difference
        assert difference is not None
        assert abs(difference) > 0.1
        assert rows[name].why.startswith("not reproduced")
    assert all(rows[name].holds for name in CLAIMED)
    assert all(rows[name].published is None for name in UNPRINTED)
    assert rows["area_overhead"].recomputed == pytest.approx(4.26, abs=0.01)
    assert rows["lr_3bit_cr"].recomputed == pytest.approx(2.667, abs=0.001)
    assert rows["adc_sd_over_cr4"].recomputed == pytest.approx(1.9, abs=0.01)
    assert rows["adc_lr_over_cr4"].recomputed == 2
    assert rows["cs_over_cr8"].recomputed == pytest.approx(2.14, abs=0.01)


def test_l9_accuracies_are_quoted() -> None:
    rows = {r.id: r for r in published.rows()}
    assert [rows[f"loss_cr{n}"].recomputed for n in (4, 6, 8)] == [0.97, 0.98, 2.01]
    assert all(rows[f"loss_cr{n}"].kind == "quoted" for n in (4, 6, 8))


def test_lr_and_sd() -> None:
    assert baselines.low_resolution(np.array([0, 0.2, 0.25, 0.5, 0.76, 1]), 1.5).tolist() == [0, 0, 0, 0.5, 1, 1]
    assert baselines.low_resolution(np.array([0.49, 0.51]), 1).tolist() == [0, 1]
    assert [baselines.sd_ratio(cell) for cell in baselines.SD_CELLS.values()] == [4, 6, 8]
    assert baselines.sd_values(224, 224, (2, 2)) == 37_632
    assert baselines.sd_values(224, 224, (2, 3)) == 112 * 75 * 3


def test_sd_keeps_a_flat_picture_and_averages_what_is_there() -> None:
    flat = np.full((5, 7, 3), 51 / 255)
    np.testing.assert_allclose(baselines.subsample(flat, (2, 3)), flat)
    ramp = np.arange(7.0)[None, :, None].repeat(2, 0) / 8
    assert baselines.cell_means(ramp, (2, 3))[0, :, 0].tolist() == [1 / 8, 4 / 8, 6 / 8]


def test_sd_interpolates_between_centres() -> None:
    out = baselines.bilinear(np.array([[[0.0], [1.0]]]), (2, 4), (2, 2))
    assert out[0, :, 0].tolist() == [0, 0.25, 0.75, 1]


@pytest.mark.parametrize(
    "call",
    [
        lambda: leca.energy(0, 4, 4),
        lambda: leca.energy(SITES, 0, 4),
        lambda: leca.energy(SITES, 4, 5.5),
        lambda: leca.frame_us(448, 8, 0),
        lambda: leca.frame_us(448, 8, float("nan")),
        lambda: leca.frame_us(44.5, 8),  # type: ignore[arg-type]
        lambda: baselines.low_resolution([2.0], 3),
        lambda: baselines.low_resolution([0.5], 9),
    ],
)
def test_bad_input_is_refused(call: Any) -> None:
    with pytest.raises(ScampError):
        call()
