"""What each row must reproduce of its own paper before it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from scamp_sim.compare.counts import On
from scamp_sim.systems.base.published import PublishedRow


@dataclass(frozen=True)
class Check:
    """A published number, ours, and how far they may differ.

    row: the rows that it is for, by the first part of their names.
    within: relative, or absolute in the unit of the number.
    bound: what is published is only an upper bound.
    """

    row: str
    what: str
    published: float
    ours: float
    within: float
    absolute: bool = False
    source: str = ""
    bound: bool = False

    @property
    def holds(self) -> bool:
        """Whether the two agree."""
        if self.bound:
            return self.ours < self.published
        slack = self.within if self.absolute else self.within * abs(self.published)
        return bool(abs(self.ours - self.published) <= slack + 1e-9 * abs(self.published))

    def __str__(self) -> str:
        return f"{self.what}: published {self.published:g}, here {self.ours:.4g}"


def checks(name: str, on: On) -> tuple[Check, ...]:
    """The checks of a row; () for rows without published numbers."""
    head = name.partition("_")[0]
    found = {"pixelrnn": _pixelrnn, "p2m": _p2m, "leca": _leca, "snn": _snn}
    own = found[head]() if head in found else ()
    return own if on == "circuit" else (*own, *_array())


def _by_id(rows: list[PublishedRow] | tuple[PublishedRow, ...]) -> dict[str, float]:
    return {r.id: float(r.recomputed) for r in rows if isinstance(r.recomputed, (int, float))}


@cache
def _pixelrnn() -> tuple[Check, ...]:
    from scamp_sim.costs.timing import load_timing
    from scamp_sim.study.anchors import PIXELRNN_STEPS, pixelrnn
    from scamp_sim.systems.pixelrnn.report import bandwidth

    network = next(m for m in bandwidth.MODELS if m.name == "PixelRNN")
    words = sum(step[1] for step in PIXELRNN_STEPS)
    us = pixelrnn()(load_timing("scamp5d"))
    return (
        Check("pixelrnn", "parameters, one layer", 501, network.parameters(1), 0, source="table 2"),
        Check("pixelrnn", "parameters, two layers", 902, network.parameters(2), 0, source="table 2"),
        Check("pixelrnn", "values sent in 16 frames", 4096, network.values, 0, source="sec. 5.1"),
        Check("pixelrnn", "raw samples over values", 256, network.ratio, 0, source="abstract"),
        Check("pixelrnn", "words of a frame of the released program", 15758, words, 0, source="its steps"),
        Check("pixelrnn", "us of a frame of the released program", 3500, us, 0.15, source="sec. 5.3, about"),
    )


@cache
def _p2m() -> tuple[Check, ...]:
    from scamp_sim.systems.p2m.published import MADDS, rows

    ours = _by_id(rows())
    found = [
        Check("p2m", "bandwidth by Eq. 2 the right way up", 18.75, ours["bandwidth"], 0.01, source="Eq. 2, Table 1"),
        Check("p2m", "ms of conversion", 0.229, ours["t_adc_p2m"], 0.01, source="Table 5"),
        Check("p2m", "ms of conversion of the ordinary sensor", 4.58, ours["t_adc_baseline"], 0.01, source="Table 5"),
        Check("p2m", "ms of sensing", 35.84, ours["t_sens_p2m"], 0.01, source="Table 5"),
        Check("p2m", "ms of sensing of the ordinary sensor", 39.2, ours["t_sens_baseline"], 0.01, source="Table 5"),
        Check("p2m", "energy, baseline over P2M", 7.81, ours["energy_ratio"], 0.01, source="sec. 5.3"),
        Check("p2m", "1e9 multiply-adds behind its energy", 0.277, _p2m_macs(), 0.01, source="Table 4"),
    ]
    for side, printed in MADDS.items():
        for kind, value in zip(("baseline", "p2m"), printed, strict=True):
            what = f"1e9 multiply-adds at {side}x{side}, {kind}"
            mine = ours[f"madds_{side}_{kind}"] / 1e9
            # as printed: to two decimals
            found.append(Check("p2m", what, value / 1e9, mine, max(0.005, 0.01 * value / 1e9), True, "Table 2"))
    return tuple(found)


def _p2m_macs() -> float:
    from scamp_sim.systems.p2m.networks import madds, mobilenet_v2

    return madds(mobilenet_v2(560, "p2m")) / 1e9


@cache
def _leca() -> tuple[Check, ...]:
    from scamp_sim.systems.leca.published import rows

    ours = _by_id(rows())
    return (
        Check("leca", "compression, 8 channels of 3 bits", 4, ours["cr_8_3"], 0, source="Eq. 1"),
        Check("leca", "compression, 4 channels of 4 bits", 6, ours["cr_4_4"], 0, source="Eq. 1"),
        Check("leca", "compression, 4 channels of 3 bits", 8, ours["cr_4_3"], 0, source="Eq. 1"),
        Check("leca", "frames a second, 448 rows", 209, ours["fps_448"], 1, True, "Sec. 6.2"),
        Check("leca", "frames a second, 1080 rows", 86, ours["fps_1080"], 1, True, "Sec. 6.2"),
        Check("leca", "energy, conventional over CR 8", 6.3, ours["energy_cnv_over_cr8"], 0.03, source="Sec. 6.3"),
        Check("leca", "energy, conventional over CR 4", 3.15, ours["energy_cnv_over_cr4"], 0.03, source="6.3 / 2"),
        Check("leca", "converter, conventional over CR 4", 10.1, ours["adc_cnv_over_cr4"], 0.03, source="Sec. 6.3"),
        Check("leca", "link, conventional over CR 4", 16 / 3, ours["link_cnv_over_cr4"], 0.03, source="printed as 5"),
        Check("leca", "% of area, at most", 5, ours["area_overhead"], 0, source="Sec. 6.3", bound=True),
    )


@cache
def _snn() -> tuple[Check, ...]:
    from scamp_sim.systems.snn.costs import back_end_range
    from scamp_sim.systems.snn.published import at

    least, most = back_end_range(2.32)
    return (
        Check("snn", "least bandwidth reduction, 64 channels", 12, at(64, 4).bandwidth(), 0, source="abstract"),
        Check("snn", "largest bandwidth reduction, 8 channels", 96, at(8, 4).bandwidth(), 0, source="abstract"),
        Check("snn", "% of sensor and link for 2.32 in all, least", 52, 100 * (1 - most), 0.5, True, "inferred"),
        Check("snn", "% of sensor and link for 2.32 in all, most", 57, 100 * (1 - least), 0.5, True, "inferred"),
    )


@cache
def _array() -> tuple[Check, ...]:
    from scamp_sim.costs.timing import load_timing

    timing = load_timing("scamp5d")
    pes = 65536
    power = timing["energy.word"] * 1e-12 * pes / (timing["word"] * 1e-6)
    plane = pes / 8 * timing["dreg.byte"]
    raw = timing["adc.fixed"] + pes * timing["adc.sample"]
    return (
        Check("scamp5", "W of the array at its peak rate", 1.24, power, 0.01, source="VLSI 2013: 655 GOPS"),
        Check("scamp5", "us of a raw frame", 19_100, raw, 0.01, source="price table"),
        Check("scamp5", "us of a bit plane", 2_950, plane, 0.01, source="price table"),
    )
