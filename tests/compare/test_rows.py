"""Counts and prices of the rows: the figures of the published papers, and of the sets of constants."""

from __future__ import annotations

import pytest

from scamp_sim.compare import circuit, gates, rows
from scamp_sim.compare.cells import cells
from scamp_sim.compare.constants import load_constants
from scamp_sim.compare.counts import Said, Scene
from scamp_sim.compare.sensitivity import changes, orders
from scamp_sim.exceptions import ProgramError, ScampError


def cell(name: str, column: str, constants: str = "common", side: int = 256, frames: int = 1) -> Said:
    row = rows.chosen(Scene(side, frames), [name], ["circuit"]).rows[0]
    return cells(row, load_constants(constants))[column]


@pytest.mark.parametrize("name", ["pixelrnn", "p2m", "leca_4_4", "snn"])
def test_every_published_number_of_a_row_is_reproduced(name: str) -> None:
    found = gates.checks(name, "scamp5")
    assert len(found) > 5
    assert [str(c) for c in found if not c.holds] == []


def test_a_row_whose_numbers_fail_is_left_out_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = gates.Check("p2m", "bandwidth", 21, 18.75, 0.01)
    assert not wrong.holds
    monkeypatch.setattr(gates, "_p2m", lambda: (wrong,))
    found = rows.chosen(Scene(), ["p2m", "raw"], ["circuit"])
    assert [r.name for r in found.rows] == ["raw"]
    assert "published 21, here 18.75" in found.left_out[0].reason


# Scene of the papers -> values, ratio of values, of bits against 8 bits, of bits against 12 bits.
@pytest.mark.parametrize(
    ("name", "side", "values", "ratio", "bits"),
    [
        ("pixelrnn", 256, 4096, 256, 256),
        ("p2m", 1120, 100_352, 12.5, 12.5),
        ("leca_8_3", 448, 100_352, 2, 16 / 3),
        ("leca_4_4", 448, 50_176, 4, 8),
        ("leca_4_3", 448, 50_176, 4, 32 / 3),
        ("snn", 448, 25_088, 8, 64),
        ("raw", 448, 200_704, 1, 1),
        ("lr_2", 448, 150_528, 4 / 3, 16 / 3),
        ("lr_1", 448, 150_528, 4 / 3, 32 / 3),
        ("sd_2x2", 448, 37_632, 16 / 3, 16 / 3),
        ("sd_2x4", 448, 18_816, 32 / 3, 32 / 3),
    ],
)
def test_the_same_configurations_in_common_columns(
    name: str, side: int, values: int, ratio: float, bits: float
) -> None:
    assert cell(name, "values", side=side).value == values
    assert cell(name, "ratio_values", side=side).value == pytest.approx(ratio)
    assert cell(name, "ratio_bits", side=side).value == pytest.approx(bits)


@pytest.mark.parametrize(
    ("name", "own"),
    [("pixelrnn", 256), ("p2m", 18.75), ("leca_8_3", 4), ("leca_4_4", 6), ("leca_4_3", 8), ("snn", 96), ("raw", 1)],
)
def test_papers_own_ratios(name: str, own: float) -> None:
    assert cell(name, "ratio_paper").value == own


# Energies in uJ and times in ms of one scene of 256x256 photosites, by the papers' own constants.
@pytest.mark.parametrize(
    ("name", "energy", "time"),
    [
        ("raw", 9.7, None),
        ("raw_p2m", 63.8, None),
        ("leca_8_3", 3.1, 2.73),
        ("leca_4_4", 1.9, 1.36),
        ("leca_4_3", 1.6, 1.36),
        ("p2m", 5.4, 8.05),
    ],
)
def test_energies_by_published_constants(name: str, energy: float, time: float | None) -> None:
    found = cell(name, "energy_uj", "published").value
    assert found == pytest.approx(energy, abs=0.055)
    if time is not None:
        us = cell(name, "time_us", "published").value
        assert us is not None
        assert us / 1e3 == pytest.approx(time, abs=0.006)


def test_the_papers_raw_frames_differ_by_6_6() -> None:
    a, b = cell("raw_p2m", "energy_uj", "published").value, cell("raw", "energy_uj", "published").value
    assert a is not None
    assert b is not None
    assert a / b == pytest.approx(6.57, abs=0.01)


def test_energies_by_the_common_set() -> None:
    assert cell("p2m", "energy_uj").value == pytest.approx(7.02, abs=0.01)
    assert cell("leca_4_4", "energy_uj").value == pytest.approx(1.68, abs=0.01)
    row = rows.chosen(Scene(), ["p2m"], ["circuit"]).rows
    once = orders((*row, circuit.leca_chip(Scene(), "leca_4_4")), load_constants("common"), 1)
    one = next(o for o in once if o.setting == "one read-out")
    assert dict(one.energies)["p2m"] == pytest.approx(1.47, abs=0.01)
    assert one.names == ("p2m", "leca_4_4")
    assert any("p2m before leca_4_4" in line for line in changes(once))


def test_prices_are_those_of_the_systems() -> None:
    from scamp_sim.systems.leca.costs import PRICES, conversion_joules
    from scamp_sim.systems.pixels.prices import price

    there = load_constants("published").constants
    for bits in (1, 2, 3, 4, 6, 8):
        joules = conversion_joules(bits) if bits > 1 else conversion_joules(2) / 2
        assert there[f"leca.adc_{bits}"].value == pytest.approx(1e12 * joules)
    for name, own in (("sensing", "pixel"), ("mac", "mac"), ("link", "link")):
        assert there[f"leca.{name}"].value == pytest.approx(1e12 * PRICES[own].value)
    for name, own in (
        ("p2m.sensing", "p2m.e_pix"),
        ("p2m.adc", "p2m.e_adc"),
        ("p2m.raw_sensing", "sensor.e_pix"),
        ("p2m.raw_adc", "sensor.e_adc"),
        ("p2m.link", "e_com"),
        ("snn.sensing", "snn.e_out"),
        ("snn.link", "e_bit"),
        ("decoder.mac", "e_mac"),
        ("p2m.row", "p2m.row_read"),
        ("p2m.raw_row", "sensor.row_read"),
    ):
        assert there[name].value == price(own), name
    assert there["p2m.cycle"].value == 1 / price("clock")
    assert there["leca.row"].value == PRICES["row"].value
    assert there["leca.macs"].value == pytest.approx(PRICES["load"].value + PRICES["macs"].value)
    assert there["leca.convert"].value == PRICES["convert"].value


def test_counts_times_prices_are_the_systems_own_energies_and_times() -> None:
    from scamp_sim.systems.leca import costs as leca
    from scamp_sim.systems.p2m import costs as p2m
    from scamp_sim.systems.pixels.config import SensorConfig

    for name, (channels, bits) in circuit.LECA.items():
        joules = sum(leca.energy(448**2, channels, bits).values())
        assert cell(name, "energy_uj", "published", 448).value == pytest.approx(1e6 * joules)
        assert cell(name, "time_us", side=448).value == pytest.approx(leca.frame_us(448, channels))
    config = SensorConfig(560, 560)
    energy, times = p2m.energy(config), p2m.times(config)
    assert cell("p2m", "energy_uj", "published", 1120).value == pytest.approx(energy.sensor + energy.link)
    assert cell("p2m", "time_us", side=1120).value == pytest.approx(1e3 * times.sensor)


def test_frames_multiply_what_is_sent_but_not_the_ratio() -> None:
    one, four = cell("leca_4_4", "bits"), cell("leca_4_4", "bits", frames=4)
    assert one.value is not None
    assert four.value == 4 * one.value
    assert cell("leca_4_4", "ratio_bits", frames=4).value == 8
    assert cell("pixelrnn", "frames", frames=4).value == 16


def test_baselines_over_several_frames() -> None:
    assert cell("difference", "values", frames=16).value == 15 * 65536
    assert cell("difference", "frames").value == 2
    assert cell("skip_4", "bits").value == 65536 * 8 * 4
    assert cell("skip_4", "ratio_bits").value == 4
    assert cell("difference", "energy_uj", "published").value is None
    assert "no price of its sensing" in cell("difference", "energy_uj", "published").reason


def test_names_of_rows() -> None:
    with pytest.raises(ProgramError, match="did you mean 'pixelrnn'"):
        rows.chosen(Scene(), ["pixelrn"])
    with pytest.raises(ProgramError, match="expected some of raw"):
        rows.chosen(Scene(), ["", " "])
    with pytest.raises(ProgramError, match="take every 2nd to 16th"):
        circuit.skipped(Scene(), "skip_17")
    found = rows.chosen(Scene(1120), ["pixelrnn", "p2m"], ["circuit"])
    assert [r.name for r in found.left_out] == ["pixelrnn"]
    with pytest.raises(ScampError, match="no row is left; pixelrnn on circuit"):
        rows.chosen(Scene(1120), ["pixelrnn"], ["circuit"])


@pytest.mark.parametrize(("side", "frames", "said"), [(250, 1, "multiple of 4"), (0, 1, "sites"), (256, 0, "frames")])
def test_scenes(side: int, frames: int, said: str) -> None:
    with pytest.raises(ProgramError, match=said):
        Scene(side, frames)
