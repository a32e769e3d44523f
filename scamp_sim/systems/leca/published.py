"""Every number that the paper prints, and what this model makes of it.

Rows whose two numbers do not agree say so; rows of what the paper does not print have no published value.
"""

from __future__ import annotations

from scamp_sim.systems.base.published import PublishedRow
from scamp_sim.systems.leca import baselines, costs
from scamp_sim.systems.leca.golden import compression_ratio

SITES = 448 * 448
"""Photosites of the chip (Sec. 4.1)."""

_ENERGY = "pixel 12.1 pJ (published); calibrated: 36 and 7.1 pJ a conversion, 12.5 pJ a bit, 0.135 pJ a MAC"
_QUOTED = "ImageNet accuracy cannot be recomputed offline: base 76.02 % minus the printed accuracy"


def rows() -> tuple[PublishedRow, ...]:
    """The table, recomputed now."""
    return (*_ratios(), *_rates_and_energies(), *_not_reproduced(), *_accuracies(), *_decoder_and_area(), *_quoted())


def _ratios() -> tuple[PublishedRow, ...]:
    return tuple(
        PublishedRow(
            f"cr_{channels}_{bits}",
            f"compression, {channels} channels of {bits} bits",
            printed,
            compression_ratio(channels, bits),
            "x",
            "recomputed",
            source="Eq. 1",
            within=0.0,
        )
        for channels, bits, printed in ((8, 3, 4), (4, 4, 6), (4, 3, 8))
    )


def _rates_and_energies() -> tuple[PublishedRow, ...]:
    return (
        PublishedRow(
            "fps_448",
            "frame rate, 448 rows",
            209,
            _fps(448),
            "1/s",
            "inferred",
            "row read-out of 5.0 us, twice for 8 channels; the paper does not say how many channels",
            "Sec. 6.2",
            0.005,
        ),
        PublishedRow(
            "fps_1080",
            "frame rate, 1080 rows",
            86,
            _fps(1080),
            "1/s",
            "inferred",
            "'up to 86': 86.9 cut off; photosite rows, not rows of the RGB picture",
            "Sec. 6.2",
            0.0105,
        ),
        PublishedRow(
            "energy_cnv_over_cr8",
            "energy, conventional over LeCA at CR 8",
            6.3,
            _cnv_over(4, 3),
            "x",
            "assumed",
            _ENERGY,
            "Sec. 6.3",
            0.03,
        ),
        PublishedRow(
            "energy_cnv_over_cr4",
            "energy, conventional over LeCA at CR 4",
            None,
            _cnv_over(8, 3),
            "x",
            "assumed",
            "not printed; 3.15 would follow from 6.3 / 2, as every part grows with the channels",
        ),
        PublishedRow(
            "adc_cnv_over_cr4",
            "converter energy, conventional over LeCA at CR 4",
            10.1,
            _cnv_over(8, 3, "adc"),
            "x",
            "assumed",
            _ENERGY,
            "Sec. 6.3",
            0.03,
        ),
        PublishedRow(
            "link_cnv_over_cr4",
            "link energy, conventional over LeCA at CR 4",
            5,
            _cnv_over(8, 3, "link"),
            "x",
            "recomputed",
            "bits of the mosaic over bits of the codes are 5.33, printed as 5; by Eq. 1 it would be 4",
            "Sec. 6.3",
            0.07,
        ),
        PublishedRow(
            "cs_over_cr8",
            "energy, compressive sensing over LeCA at CR 8",
            2.2,
            51e-12 * SITES / sum(costs.energy(SITES, 4, 3).values()),
            "x",
            "assumed",
            "with the 51 pJ a photosite of the cited chip",
            "Sec. 6.3",
            0.03,
        ),
    )


def _not_reproduced() -> tuple[PublishedRow, ...]:
    leca = costs.counts(SITES, 8, 3)
    subsampled = baselines.sd_values(224, 224, (2, 2)) * costs.conversion_joules(8)
    return (
        PublishedRow(
            "adc_sd_over_cr4",
            "converter energy, SD 2x2 over LeCA at CR 4",
            5,
            subsampled / costs.energy(SITES, 8, 3)["adc"],
            "x",
            "assumed",
            "not reproduced: SD converts a value per colour and cell, 1/5.33 of the conventional sensor's conversions, "
            "but 5 would take about half of them",
            "Sec. 6.3",
        ),
        PublishedRow(
            "adc_lr_over_cr4",
            "converter energy, LR over LeCA at CR 4",
            6.6,
            SITES / leca.conversions,
            "x",
            "recomputed",
            "not reproduced: at equal depth a conversion costs the same, and LR has twice LeCA's conversions",
            "Sec. 6.3",
        ),
        PublishedRow(
            "lr_3bit_cr",
            "compression of LR at 3 bits",
            4,
            baselines.lr_ratio(3),
            "x",
            "recomputed",
            "not reproduced: 8 / 3; 2 bits give 4",
            "Sec. 6.1",
        ),
        PublishedRow(
            "lr_ternary_cr",
            "compression of LR, ternary",
            6,
            baselines.lr_ratio(1.5),
            "x",
            "recomputed",
            "not reproduced: 8 / 1.5; 5.05 with log2 3 bits",
            "Sec. 6.1",
        ),
    )


def _accuracies() -> tuple[PublishedRow, ...]:
    printed = ((4, 0.97, 75.05), (6, 0.98, 75.04), (8, 2.01, 74.01))
    return tuple(
        PublishedRow(
            f"loss_cr{ratio}",
            f"ImageNet accuracy lost at CR {ratio}",
            lost,
            round(76.02 - accuracy, 2),
            "points",
            "quoted",
            _QUOTED,
            "Sec. 6.1",
            0.0,
        )
        for ratio, lost, accuracy in printed
    )


def _decoder_and_area() -> tuple[PublishedRow, ...]:
    return (
        PublishedRow(
            "decoder_parameters_8",
            "weights of the decoder, 8 channels",
            None,
            costs.decoder_parameters(8),
            "",
            "recomputed",
            "15 layers of 64 filters, no biases, batch norm of 2 numbers a filter; printed is only 'a fraction'",
            "Table 2",
        ),
        PublishedRow(
            "decoder_gmac_224",
            "work of the decoder, 224x224",
            None,
            costs.decoder_macs(224, 8) / 1e9,
            "GMAC",
            "recomputed",
            "6.8 times a ResNet-50; the paper leaves it out of the energy",
            "Table 2",
        ),
        PublishedRow(
            "area_overhead",
            "area of the PEs over pixels and converters, upper bound",
            5,
            costs.area_overhead_percent(),
            "%",
            "recomputed",
            "printed as below 5 %: 0.25 mm2 over 5.02 + 0.85",
            "Sec. 6.3",
        ),
    )


def _quoted() -> tuple[PublishedRow, ...]:
    """What is printed of other papers' methods, which LeCA's does not define well enough to recompute."""
    why = "quoted only: the paper does not define the method well enough to recompute it"
    sensing = 51e-12 * SITES
    below = 100 * (1 - sum(costs.energy(SITES, 8, 3).values()) / sensing)
    return (
        PublishedRow("ms_loss_cr4", "accuracy lost by Microshift at CR 4, proxy", 5.3, None, "points", "quoted", why),
        PublishedRow("cs_loss_cr4", "accuracy lost by CS at CR 4, proxy", 18, None, "points", "quoted", why),
        PublishedRow("jpeg_loss", "accuracy lost by JPEG at 5.07x", 0.51, None, "points", "quoted", why),
        PublishedRow("energy_below_ms", "energy of LeCA below Microshift", 57, None, "%", "quoted", why, "Sec. 6.3"),
        PublishedRow("energy_below_agt", "energy of LeCA below AGT", 31, None, "%", "quoted", why, "Sec. 6.3"),
        PublishedRow(
            "energy_below_cs",
            "energy of LeCA at CR 4 below compressive sensing",
            11,
            below,
            "%",
            "assumed",
            "not together with 2.2x at CR 8, which forces 9 % where parts grow with the channels; 51 pJ a site",
            "Sec. 6.3",
        ),
    )


def _fps(rows_: int) -> float:
    return 1e6 / costs.frame_us(rows_, 8)


def _cnv_over(channels: int, bits: float, part: str | None = None) -> float:
    conventional, leca = costs.conventional_energy(SITES), costs.energy(SITES, channels, bits)
    if part:
        return conventional[part] / leca[part]
    return sum(conventional.values()) / sum(leca.values())
