"""Every random knob: mean, standard deviation, what it is drawn for, and what it does not touch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from scamp_sim import Machine
from scamp_sim.chip import isa
from scamp_sim.chip.program import HostCall, Kernel, Launch, Output, Program, Word
from scamp_sim.silicon import draws, load_errors
from scamp_sim.silicon.chip import ChipErrors
from tests.errors.helpers import (
    FOUR_SIGMA,
    READ_A,
    SHAPE,
    after,
    assert_moments,
    bus,
    correlation,
    machine,
    program,
    steps,
    word,
)

# --- writing ----------------------------------------------------------------------------------------------------


def test_write_noise_is_uniform() -> None:
    m = machine("write_noise=3")
    plane = after(m, "B", bus("B", "A"), A=0)
    assert_moments(plane, 0, 3, 0.02)
    assert np.abs(plane).max() < 3 * 1.7321
    z = plane / plane.std()
    assert (z**4).mean() == pytest.approx(1.8, abs=0.03)
    assert abs((z**3).mean()) < 0.06


def test_a_macro_has_the_noise_of_its_two_words() -> None:
    plane = after(machine("write_noise=3"), "B", bus("NEWS", "A"), bus("B", "NEWS"), A=50)
    assert_moments(plane, 50, 3 * np.sqrt(2), 0.02)
    z = (plane - plane.mean()) / plane.std()
    assert (z**4).mean() == pytest.approx(2.4, abs=0.06)  # of the sum of two uniform numbers; 3 is that of a Gaussian


def test_words_draw_anew_and_the_destinations_of_one_word_too() -> None:
    m = machine("write_noise=3")
    words = [bus("A B"), bus("C"), bus("NEWS"), bus("D", "NEWS"), bus("E"), bus("XN"), bus("F", "IN")]
    m.run(program(*words))
    planes = {r: m.read(r) for r in "ABCDEF"}
    planes["D"] = planes["D"].copy()
    names = [*planes]
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            assert abs(correlation(planes[a], planes[b])) < FOUR_SIGMA, (a, b)


def test_the_two_words_of_a_macro_are_uncorrelated() -> None:
    whole = after(machine("write_noise=3"), "B", bus("NEWS", "A"), bus("B", "NEWS"), A=0)
    m = machine("write_noise=3")
    first = after(m, "NEWS", bus("NEWS", "A"), A=0)  # its noise; the second word inverts it
    assert abs(correlation(first, whole + first)) < FOUR_SIGMA
    assert_moments(whole + first, 0, 3, 0.02)


def test_noise_of_pes_is_uncorrelated() -> None:
    plane = after(machine("write_noise=3"), "B", bus("B", "A"), A=0)
    for row, column in ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (0, 64), (64, 0), (16, 0), (0, 16)):
        assert abs(correlation(plane, np.roll(plane, (row, column), (0, 1)))) < FOUR_SIGMA, (row, column)


def test_noise_of_seeds_and_of_chips_is_uncorrelated() -> None:
    measured = ((0, 0), (1, 0), (2, 0), (2**32 - 1, 0), (0, 1), (1, 1), (0, 2), (2, 9))
    planes = [after(machine("write_noise=3", seed=s, chip=c), "B", bus("B", "A"), A=0) for s, c in measured]
    for i, a in enumerate(planes):
        for b in planes[i + 1 :]:
            assert abs(correlation(a, b)) < FOUR_SIGMA


def test_destinations_have_draws_of_their_own() -> None:
    most = [*isa.ANALOG, *isa.PORTS]
    purposes = [i for i, _ in draws.shares(most).values()]
    others = [draws.PIX_READ, draws.LOAD, *(draws.DISTURB + n for n in range(len(isa.ANALOG)))]
    assert len({*purposes, *others}) == len(most) + len(others)
    assert max(others) < draws.PURPOSES


def test_a_hundred_words_average_out() -> None:
    m = machine("write_noise=2")
    planes = []
    for _ in range(100):
        m.run(program(bus("B", "A")))
        planes.append(m.read("B"))
    assert np.mean(planes, axis=0).std() == pytest.approx(0.2, rel=0.03)


def test_gain_loss() -> None:
    np.testing.assert_allclose(after(machine("gain_loss=0.01"), "B", bus("B", "A"), A=100), -99, rtol=1e-6)


def test_gain_spread_is_a_pattern_for_each_register_and_pivots() -> None:
    m = machine("gain_spread=0.02")
    b, c = (after(m, r, bus(r, "A"), A=100) for r in "BC")
    assert_moments(b, -100, 2)
    assert_moments(c, -100, 2)
    assert abs(correlation(b, c)) < FOUR_SIGMA
    np.testing.assert_array_equal(b, after(m, "B", bus("B", "A"), A=100))
    m = machine("gain_spread=0.02,gain_pivot=30")
    assert after(m, "B", bus("B", "A"), A=-30).std() < 1e-4
    assert_moments(after(m, "B", bus("B", "A"), A=70), -70, 2)


def test_offsets() -> None:
    m = machine("transfer_offset=20,register_offset=-1.5")
    np.testing.assert_allclose(after(m, "B", bus("B")), 18.5)
    np.testing.assert_allclose(after(m, "NEWS", bus("NEWS")), 20)
    m = machine("offset_spread=2")
    b, news = after(m, "B", bus("B")), after(m, "NEWS", bus("NEWS"))
    assert_moments(b, 0, 2)
    assert_moments(news, 0, 2)
    assert abs(correlation(b, news)) < FOUR_SIGMA


def test_split_mismatch_takes_from_one_half_what_it_gives_to_the_other() -> None:
    m = machine("split_mismatch=0.03")
    first = after(m, "B", bus("B C", "A"), A=100)
    second = m.read("C")
    np.testing.assert_allclose(first + second, -100, atol=1e-3)
    assert_moments(first, -50, 1.5)
    of_three = after(m, "B", bus("B C D", "A"), A=90)
    assert_moments(of_three, -30, 0.9)
    np.testing.assert_allclose(m.read("C"), -30, atol=1e-4)
    np.testing.assert_allclose(of_three + m.read("D"), -60, atol=1e-3)
    assert correlation(first, of_three) > 0.999
    np.testing.assert_allclose(after(m, "B", bus("B", "A"), A=100), -100)


# --- loading and light --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "sd"), [(0, 2), (-60, np.hypot(2, 3)), (100, np.hypot(2, 5))])
def test_load_spread(value: int, sd: float) -> None:
    m = machine("load_spread=2,load_spread_relative=0.05")
    m.in_("A", value)
    first = m.read("A")
    assert_moments(first, value, sd)
    m.in_("B", value)
    assert abs(correlation(first, m.read("B"))) < FOUR_SIGMA


def test_shot_noise_goes_with_the_root_of_the_light() -> None:
    for grey in (255, 51, 0):
        m = machine("pix_shot=4")
        m.expose(np.full(SHAPE, grey, np.uint8))
        assert_moments(m.read("PIX"), grey * 127 / 255 - 127, 4 * np.sqrt(grey / 255))


def test_reset_noise_is_drawn_at_every_exposure() -> None:
    m = machine("pix_reset=3")
    dark = np.zeros(SHAPE, np.uint8)
    m.expose(dark)
    first = m.read("PIX")
    m.expose(dark)
    assert_moments(first, -127, 3)
    assert abs(correlation(first, m.read("PIX"))) < FOUR_SIGMA


def test_noise_of_reading_pix_is_drawn_for_every_word_that_does() -> None:
    m = machine("pix_read=2")
    m.expose(np.full(SHAPE, 255, np.uint8))
    first = after(m, "B", bus("B C", "PIX"))
    np.testing.assert_array_equal(first, m.read("C"))  # both halves see the same
    assert_moments(first, 0, 1)
    assert abs(correlation(first, after(m, "D", bus("D", "PIX")))) < FOUR_SIGMA
    assert after(m, "D", bus("D", "A"), A=7).std() == 0


# --- the readout ----------------------------------------------------------------------------------------------------


def taken(knobs: str, value: float = 0, **more: int) -> np.ndarray:
    m = machine(knobs, **more)
    m.write("A", value)
    plane: npt.NDArray[np.float64] = m.run(READ_A).outputs["a"].astype(np.float64)
    return plane


def test_noise_of_the_converter() -> None:
    m = machine("adc_noise=1.5")
    first, second = (m.run(READ_A).outputs["a"] for _ in range(2))
    assert_moments(first, 0, 1.5)
    assert abs(correlation(first, second)) < FOUR_SIGMA
    z = first / first.std()
    assert (z**4).mean() == pytest.approx(3, abs=0.2)


def test_steps_and_range_of_the_converter() -> None:
    np.testing.assert_array_equal(taken("adc_step=1", 3.4), 3)
    np.testing.assert_array_equal(taken("adc_step=4", 3.4), 4)
    np.testing.assert_array_equal(taken("adc_step=1", 150), 127)
    np.testing.assert_array_equal(taken("adc_step=1", -150), -128)
    np.testing.assert_array_equal(taken("adc_noise=0,readout_offset=1e-9", 150), 150)


def test_pattern_of_the_readout_by_rows_columns_and_pixels() -> None:
    rows = np.concatenate([taken("readout_row=2", chip=n)[:, 0] for n in range(20)])
    columns = np.concatenate([taken("readout_column=2", chip=n)[0] for n in range(20)])
    for lines in (rows, columns):
        assert_moments(lines, 0, 2, 0.06)
    assert abs(correlation(rows, columns)) < 4 / np.sqrt(rows.size)
    assert np.ptp(taken("readout_row=2"), axis=1).max() == 0
    assert np.ptp(taken("readout_column=2"), axis=0).max() == 0
    assert_moments(taken("readout_pixel=2"), 0, 2)
    np.testing.assert_allclose(taken("readout_offset=-2.5"), -2.5)


def test_the_dome_is_smooth() -> None:
    dome = taken("readout_dome=2", chip=5)
    assert abs(dome.mean()) < 1e-3
    assert dome.std() == pytest.approx(2, rel=1e-3)
    assert max(np.abs(np.diff(dome, axis=a)).max() for a in (0, 1)) < 0.3


def test_parts_of_the_readout_add_up() -> None:
    parts = [taken(f"readout_{part}=2") for part in ("offset", "row", "column", "pixel", "dome")]
    whole = taken("readout_offset=2,readout_row=2,readout_column=2,readout_pixel=2,readout_dome=2")
    np.testing.assert_allclose(whole, sum(parts), atol=1e-4)


def test_readouts_of_bits_and_sums_are_exact() -> None:
    m = machine("readout_pixel=9,adc_noise=9,adc_step=1")
    m.write("R5", 1)
    m.write("A", 5)
    assert m.run(steps(Output("r", "R5"))).outputs["r"].all()
    assert m.global_sum_fast("A") == 133


# --- comparing, digital words, stuck cells --------------------------------------------------------------------------


def test_comparator_spread_is_a_pattern() -> None:
    m = machine("comparator_spread=4")
    shares = []
    for value in (-4, 0, 4):
        flag = after(m, "FLAG", word("where", src="A"), A=value)
        shares.append(flag.mean())
        np.testing.assert_array_equal(flag, after(m, "FLAG", word("where", src="A"), A=value))
    np.testing.assert_allclose(shares, [0.1587, 0.5, 0.8413], atol=4 * 0.5 / np.sqrt(SHAPE[0] * SHAPE[1]))


def launch(*words: Word) -> Program:
    return Program("p", {"k": Kernel("k", words)}, (Launch("k"),))


CLR, SET = word("CLR", "R5"), word("SET", "R5")


def test_a_launch_that_ends_on_a_digital_word_disturbs_analog_registers() -> None:
    m = machine("digital_end_noise=2")
    m.run(launch(CLR, bus("B")), registers=False)
    assert not any(m.read(r).any() for r in "ABCDEF")
    m.run(launch(bus("B"), CLR), registers=False)
    first = {r: m.read(r) for r in (*"ABCDEF", "NEWS")}
    for plane in first.values():
        assert_moments(plane, 0, 2)
    assert abs(correlation(first["A"], first["B"])) < FOUR_SIGMA
    m.run(launch(CLR), registers=False)
    assert_moments(m.read("A"), 0, 2 * np.sqrt(2))
    assert not m.read("PIX").std()


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_nothing_is_disturbed_while_in_is_at_its_top(engine: str) -> None:
    top, low = HostCall("scamp5_load_dac", (4095,)), HostCall("scamp5_load_dac", (2000,))
    kernels = {"k": Kernel("k", (CLR,))}
    m = machine("digital_end_noise=2", engine=engine, shape=(64, 64))
    m.run(Program("at once", kernels, (top, Launch("k"))), registers=False)
    assert not m.read("A").any()
    for _ in range(2):
        m.run(Program("still", kernels, (Launch("k"),)), registers=False)  # the DAC keeps what an earlier program set
        assert not m.read("A").any()
    m.run(steps(low))
    m.run(Program("no more", kernels, (Launch("k"),)), registers=False)
    assert m.read("A").std() > 1


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_stuck_cells_never_change(engine: str) -> None:
    m = machine("stuck_cells=60", engine=engine, shape=(64, 64))
    names = [f"R{i}" for i in range(5, 12)]
    new = {r: m.read(r) for r in names}
    m.run(program(*(word("CLR", r) for r in names)))
    low = {r: m.read(r) for r in names}
    m.run(program(*(word("SET", r) for r in names)))
    high = {r: m.read(r) for r in names}
    ones, zeros = (sum(int(p.sum()) for p in planes.values()) for planes in (low, high))
    assert ones + (7 * 64 * 64 - zeros) == 60
    assert 10 < ones < 50
    for r in names:
        np.testing.assert_array_equal(new[r], low[r], err_msg="stuck from the start")
        m.write(r, 0)
        np.testing.assert_array_equal(m.read(r), low[r])
        m.run(program(word("MOV", r, "R0")))
        np.testing.assert_array_equal(m.read(r), low[r])
        m.run(program(word("NOT_R", src=r), word("REFRESH_L", r)))
        np.testing.assert_array_equal(m.read(r), high[r])


def test_stuck_cells_of_chips_differ() -> None:
    a, b = (machine("stuck_cells=60", chip=n) for n in (1, 2))
    assert any((a.read(f"R{i}") != b.read(f"R{i}")).any() for i in range(5, 12))


# --- drawing ------------------------------------------------------------------------------------------------------


def test_patterns_of_chips_are_uncorrelated() -> None:
    def pattern(chip: int) -> np.ndarray:
        errors = load_errors("ideal:gain_spread=0.1", SHAPE, chip)
        assert isinstance(errors, ChipErrors)
        return errors.fixed.gain("A")

    planes = [pattern(n) for n in (0, 1, 2, 2**32 - 1)]
    for i, a in enumerate(planes):
        for b in planes[i + 1 :]:
            assert abs(correlation(a, b)) < FOUR_SIGMA


def test_all_knobs_off_is_ideal() -> None:
    assert Machine(SHAPE, "scamp5").errors.name == "scamp5"
    off = ",".join(f"{k}=0" for k in ("adc_step", "write_noise"))
    assert Machine(SHAPE, f"ideal:{off}").errors.exact


@pytest.mark.parametrize("size", [64 * 64, 256 * 256, 256 * 512, 512 * 512])
def test_no_two_pes_share_the_lower_bits_of_their_draws(size: int) -> None:
    from scamp_sim.silicon.draws import ground

    found = ground(size)
    assert len(np.unique(found & np.uint32(0xFFFFFF))) == size
    if size <= 1 << 16:
        assert len(np.unique(found & np.uint32(0xFFFF))) == size


def test_no_pair_of_pes_has_correlated_noise() -> None:
    """The largest of 2 million correlations over 1,500 words is where chance puts it; two PEs that shared 24 bits had
    0.5."""
    from scamp_sim.silicon.draws import UNIT, noise

    words = 1500
    planes = np.stack([noise((64, 64), 7, n, 3)[:32, :].ravel() for n in range(words)]) / UNIT
    correlation = planes.T @ planes / words
    np.fill_diagonal(correlation, 0)
    assert np.abs(correlation).max() < 6.5 / np.sqrt(words)
