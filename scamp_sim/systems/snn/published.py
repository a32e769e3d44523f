"""Every number known of the in-sensor spiking paper, beside what can be recomputed. No joules here are the paper's."""

from __future__ import annotations

from scamp_sim.systems.base.published import PublishedRow as Row
from scamp_sim.systems.pixels.config import SensorConfig
from scamp_sim.systems.pixels.prices import price
from scamp_sim.systems.snn.costs import (
    FACTORS,
    STAND_IN,
    TOTALS,
    back_end_range,
    baseline_energy,
    counts,
    sensing_ms,
    shares,
    shares_by_ratio,
    stand_in_ratio,
    vgg16_macs,
)

STRIDES, CHANNELS = (1, 2, 4), (64, 32, 16, 8, 4, 2)


def at(channels: int, stride: int, side: int = 224) -> SensorConfig:
    """A spiking sensor of so many channels and total stride (of convolution and pool of spikes together)."""
    return SensorConfig(side, side, 3, kernel=stride, stride=stride, channels=channels, bits=1)


def rows() -> list[Row]:
    """All of them, the headline figures first."""
    return [*_bandwidth(), *_shares(), *_energy(), *_accuracy()]


def _bandwidth() -> list[Row]:
    why = "P2M's formula at 1 bit: 48 s^2 / channels; {} channels at total stride 4 are inferred, no source names them"
    found = [
        Row(
            "bandwidth_64",
            "least bandwidth reduction (abstract: 12x to 96x)",
            12.0,
            at(64, 4).bandwidth(),
            "1",
            "inferred",
            why.format(64),
        ),
        Row(
            "bandwidth_8",
            "largest bandwidth reduction (abstract: 12x to 96x)",
            96.0,
            at(8, 4).bandwidth(),
            "1",
            "inferred",
            why.format(8),
        ),
    ]
    for channels in CHANNELS:
        for stride in STRIDES:
            note = "plain VGG16 would send more than it takes" if (channels, stride) == (64, 1) else ""
            found.append(
                Row(
                    f"bandwidth_{channels}_stride_{stride}",
                    f"{channels} channels, total stride {stride}",
                    None,
                    at(channels, stride).bandwidth(),
                    "1",
                    "recomputed",
                    note,
                )
            )
    return found


def _shares() -> list[Row]:
    ratio = stand_in_ratio()
    found = []
    for total in TOTALS:
        got = shares_by_ratio(total, ratio=ratio)
        low, high = back_end_range(total)
        found.append(
            Row(
                f"share_back_end_{round(100 * total)}",
                f"share of the back end in the baseline for {total:g}x in all",
                None,
                got.back_end,
                "1",
                "inferred",
                f"from the factors {FACTORS[0]}, {FACTORS[1]}, {FACTORS[2]} and link over sensor {ratio:.2f} (P2M's "
                f"prices: sensor {got.sensor:.3f}, link {got.link:.3f}); {low:.3f} to {high:.3f} whatever the split",
            )
        )
    for a in (0.10, 0.169, 0.30):
        found.append(
            Row(
                f"share_back_end_232_at_{round(1000 * a)}",
                f"the same for 2.32x where the sensor has {a:g}",
                None,
                shares(2.32, sensor=a).back_end,
                "1",
                "inferred",
            )
        )
    return found


def _energy() -> list[Row]:
    def stored(name: str, what: str, value: float, why: str) -> Row:
        return Row(name, what, value, None, "1", "published", why)

    base = baseline_energy(STAND_IN, link="value")
    total, first = vgg16_macs()
    tiny = price("e_mac") * 1e-6
    return [
        stored(
            "energy_ratio",
            "energy, baseline over in-sensor network (abstract)",
            TOTALS[0],
            "no constants are known; see the shares",
        ),
        stored(
            "energy_ratio_highest",
            "the same, 'up to'",
            TOTALS[1],
            "another baseline or data set: 2.32 and 3.56 need other shares of the back end",
        ),
        stored("energy_ratio_sensor", "sensor", FACTORS[0], "ImageNet, VGG16"),
        stored(
            "energy_ratio_link",
            "transfer",
            FACTORS[1],
            "less than the 12x of the bits: the link is not charged per bit, or 97.8 pJ a spike",
        ),
        stored("energy_ratio_back_end", "layers behind", FACTORS[2], "ImageNet, VGG16"),
        Row("vgg16_macs", "VGG16 at 224x224", None, total, "MAdds", "recomputed"),
        Row("vgg16_first_macs", "its first layer", None, first, "MAdds", "recomputed"),
        Row(
            "first_layer_energy",
            "first layer at P2M's 1.568 pJ",
            None,
            first * tiny,
            "uJ",
            "recomputed",
            "stand-in price, not the paper's",
        ),
        Row(
            "first_layer_energy_stride_4",
            "the same with stride 4",
            None,
            vgg16_macs(stride=4)[1] * tiny,
            "uJ",
            "recomputed",
            "stand-in price, not the paper's",
        ),
        Row(
            "stand_in_sensor",
            "ordinary sensor at 224x224x3 with P2M's prices",
            None,
            base.sensor,
            "uJ",
            "inferred",
            "stand-in prices, not the paper's",
        ),
        Row("stand_in_link", "its link", None, base.link, "uJ", "inferred", "stand-in prices, not the paper's"),
        Row(
            "output_bits",
            "bits of a frame, 64 channels at total stride 4",
            None,
            counts(STAND_IN).bits,
            "bits",
            "inferred",
        ),
        Row(
            "t_sens",
            "sensing, 224x224, 64 channels, stride 4",
            None,
            sensing_ms(STAND_IN),
            "ms",
            "assumed",
            "P2M's 40 us per output row and channel; no delay is published",
        ),
        Row(
            "t_sens_8",
            "sensing, 224x224, 8 channels, stride 4",
            None,
            sensing_ms(at(8, 4)),
            "ms",
            "assumed",
            "P2M's 40 us per output row and channel; no delay is published",
        ),
    ]


def _accuracy() -> list[Row]:
    return [
        Row(
            "accuracy_loss",
            "top-1 on ImageNet, VGG16, against the network outside the sensor",
            3.8,
            None,
            "points",
            "published",
            "needs ImageNet; stored",
        ),
    ]
