"""The macropixel mapping on chips with errors: what it is given for them, and what comes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim import ErrorModel, ProgramError
from scamp_sim.chip.isa import STORE_WORDS
from scamp_sim.kernels.pixelrnn.macropixel import CHIP_GATE_UNIT, CHIP_UNIT, MacropixelMapping
from scamp_sim.kernels.pixelrnn.options import Calibration, MacropixelOptions
from scamp_sim.kernels.pixelrnn.two_layers import TwoLayerMapping
from scamp_sim.systems.pixelrnn import calibrate as calibration
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.calibrate import CHIPS, calibrate, grey_trim
from scamp_sim.systems.pixelrnn.data import gestures
from scamp_sim.systems.pixelrnn.data.clips import ClipSet
from scamp_sim.systems.pixelrnn.encoder import Encoder, make_mapping
from scamp_sim.systems.pixelrnn.params import Weights
from scamp_sim.systems.pixelrnn.study import make_encoder, validate

TIES = replace(Weights.random(1), theta1=0.998, theta_r=0.994)  # type: ignore[arg-type]
"""Weights with thresholds as trained: pooled maps of 1 lie just above theirs."""

TRIM = grey_trim("scamp5", golden.INPUT_LEVEL, 20)
LEVELS: dict[str, Any] = {"offset": 20, "unit": CHIP_UNIT, "gate_unit": CHIP_GATE_UNIT, "trim": TRIM}

OPTIONS = MacropixelOptions(**LEVELS)

KNOWN = Calibration(20, 10, 0.8, -0.5, 0.7, 11.0, 0.8, -4.4, "scamp5", OPTIONS.settled())


def encoder(weights: Weights = TIES, errors: Any = "scamp5", **options: Any) -> Encoder:
    return Encoder(weights, errors=errors, chip=1, seed=2, **options)


def mapping_of(made: Encoder) -> MacropixelMapping:
    assert isinstance(made.mapping, MacropixelMapping)
    return made.mapping


@pytest.fixture(scope="module")
def on_chip() -> tuple[Encoder, Any, golden.Result]:
    """A clip that was not calibrated with, on a chip that was not calibrated with."""
    made = encoder()
    clip, _ = gestures.clip(5, seed=9)
    return made, made.run(clip), golden.encode(clip, TIES, stages=True)


def test_chosen_for_the_profile(on_chip: tuple[Encoder, Any, golden.Result]) -> None:
    mapping = mapping_of(on_chip[0])
    assert {name: getattr(mapping.options, name) for name in LEVELS} == LEVELS
    found = mapping.calibration
    assert found is not None
    assert found == calibrate(TIES, "scamp5", OPTIONS)
    assert (mapping.map_level, mapping.sum_level) == (found.map_level, found.sum_level)
    # half a unit is 8 LSB: the largest of sixteen sums with errors lies above the largest without
    assert 12 <= found.map_level <= 30
    assert 4 <= found.sum_level <= 24
    assert 0.6 < found.map_gain < 0.9
    assert 0.9 < found.sum_gain < 1.1
    assert 0.9 < found.o_gain < 1.1
    assert abs(found.o_offset) < 1


def test_the_same_again_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "_KNOWN", {})
    first = calibrate(TIES, "scamp5", OPTIONS, chips=CHIPS[:1])
    assert len(calibration._KNOWN) == 1
    calibration._KNOWN.clear()
    assert calibrate(TIES, "scamp5", OPTIONS, chips=CHIPS[:1]) == first
    other = calibrate(TIES, "scamp5", OPTIONS, chips=CHIPS[1:])
    assert len(calibration._KNOWN) == 2
    assert abs(other.map_level - first.map_level) <= 1
    assert abs(other.sum_level - first.sum_level) <= 1
    assert abs(other.o_gain - first.o_gain) < 0.01


@pytest.mark.parametrize("weights", [TIES, Weights.random(4)])
def test_nothing_to_correct_but_an_offset(weights: Weights) -> None:
    made = encoder(weights, "ideal:transfer_offset=20")
    mapping, plain = mapping_of(made), MacropixelMapping(weights, replace(OPTIONS, trim=0))
    assert mapping.options.trim == 0
    found = mapping.calibration
    assert found is not None
    assert (found.map_level, found.sum_level) == (plain.map_level, plain.sum_level)
    assert (found.o_gain, found.o_offset) == (1, 0)
    assert (found.map_gain, found.map_offset, found.sum_gain, found.sum_offset) == (1, 0, 1, 0)
    clip, _ = gestures.clip(3, seed=7)
    got, model = made.run(clip), golden.encode(clip, weights)
    for name in "bfh":
        np.testing.assert_array_equal(getattr(got, name), getattr(model, name), name)
    within = np.abs(model.o) <= 13  # beyond, registers compress and the converter cuts off
    np.testing.assert_array_equal(got.o[within], model.o[within])


def test_a_trim_puts_the_grey_threshold_in_the_middle() -> None:
    """Half of the PEs see the greys around it as above, and three in a thousand pixels of a clip fall the other way."""
    assert 3 <= TRIM <= 12
    above, wrong = {}, []
    for trim in (0, TRIM):
        made = encoder(calibrate=False, **{**LEVELS, "trim": trim})
        step = made.mapping.steps(1)[0]
        shares = []
        for grey in (golden.INPUT_LEVEL, golden.INPUT_LEVEL + 1):
            made.machine.expose(np.full((256, 256), grey, np.uint8))
            made.machine.run(step.program, registers=False)
            shares.append(np.mean(made.machine.read("A") > 0))
        above[trim] = np.mean(shares)
        clip, _ = gestures.clip(5, seed=9)
        made.machine.expose(made.mapping.picture(clip[0]))
        made.machine.run(step.program, registers=False)
        seen = golden.untile(made.machine.read("A") > 0)
        wrong.append(np.mean(seen != golden.binarise(clip[:1], golden.INPUT_LEVEL)))
    assert abs(above[TRIM] - 0.5) < 0.1  # the trim is that of the population, the chip is one of it
    assert above[0] < 0.2
    assert wrong[1] < 0.005
    assert wrong[1] < wrong[0]


@pytest.mark.parametrize("level", [60, 100, 142, 152, 240])
def test_nothing_to_trim_but_an_offset(level: int) -> None:
    assert grey_trim("ideal:transfer_offset=20", level, 20) == 0


def test_few_bits_are_wrong_on_a_chip(on_chip: tuple[Encoder, Any, golden.Result]) -> None:
    _, got, model = on_chip
    assert np.mean(got.b != model.b) < 0.09
    state = np.concatenate([np.ones((1, 64, 64), bool), got.h[:-1]])
    sums = golden.sums(golden.gates(got.b, state, TIES))
    forget = golden.threshold(sums[:, 0], TIES.theta_r)
    assert np.mean(got.f != forget) < 0.05
    assert abs(np.mean(got.f) - np.mean(forget)) < 0.01
    within = np.abs(sums[-1, 1]) <= 8
    error = (got.o - sums[-1, 1])[within]
    assert abs(error.mean()) < 0.3
    assert error.std() < 1.2


def test_sums_at_the_threshold_fall_either_way(on_chip: tuple[Encoder, Any, golden.Result]) -> None:
    _, got, model = on_chip
    assert model.stages is not None
    pooled = golden.tile(model.stages.pooled)
    passing = [np.mean(got.b[pooled == value]) for value in (0, 1, 3)]
    assert passing[0] < 0.2
    assert 0.3 < passing[1] < 0.7
    assert passing[2] > 0.9


def test_uncalibrated_levels_pass_more(on_chip: tuple[Encoder, Any, golden.Result]) -> None:
    made = encoder(calibrate=False)
    mapping = mapping_of(made)
    assert {name: getattr(mapping.options, name) for name in LEVELS} == {**LEVELS, "trim": 0}
    assert mapping.calibration is None
    _, calibrated, model = on_chip
    assert model.stages is not None
    at_threshold = golden.tile(model.stages.pooled) == 1
    clip, _ = gestures.clip(5, seed=9)
    passing = [np.mean(run.b[at_threshold]) for run in (made.run(clip), calibrated)]
    assert passing[0] > 0.75 > passing[1]


def test_what_it_costs(on_chip: tuple[Encoder, Any, golden.Result]) -> None:
    frame = on_chip[0].frame_profile
    assert frame.words <= 1000
    assert frame.stored_words <= STORE_WORDS
    assert frame.time_us <= 210


def test_without_errors_nothing_is_chosen() -> None:
    plain = Encoder(TIES)
    for made in (plain, Encoder(TIES, calibrate=True), Encoder(TIES, calibrate=False)):
        mapping = mapping_of(made)
        assert (mapping.options.offset, mapping.options.unit, mapping.options.gate_unit, mapping.calibration) == (
            0,
            5,
            5,
            None,
        )
        assert (mapping.map_level, mapping.sum_level) == (2, 5)
        assert made.frame_profile.words == plain.frame_profile.words <= 690


def test_what_is_given_wins() -> None:
    mapping = mapping_of(encoder(unit=10))
    assert (mapping.options.offset, mapping.options.unit, mapping.options.gate_unit, mapping.calibration) == (
        0,
        10,
        10,
        None,
    )
    mapping = mapping_of(encoder(calibration=KNOWN, **LEVELS))
    assert mapping.calibration is KNOWN
    mapping = mapping_of(encoder(offset=20, unit=10, calibrate=True))
    assert mapping.calibration is not None
    assert (mapping.calibration.measured.unit, mapping.calibration.measured.gate_unit) == (10, 10)


def test_raw_takes_the_offset_alone() -> None:
    for made in (make_encoder(TIES, "macropixel:raw", "scamp5", chip=1), Encoder(TIES, "macropixel:raw", "scamp5")):
        mapping = mapping_of(made)
        assert (mapping.options.offset, mapping.options.unit, mapping.options.gate_unit, mapping.options.trim) == (
            20,
            5,
            5,
            0,
        )
        assert mapping.calibration is None
    mapping = mapping_of(make_encoder(TIES, "macropixel:raw"))
    assert (mapping.options.offset, mapping.options.unit, mapping.calibration) == (0, 5, None)


def test_o_is_put_right() -> None:
    raw, corrected = (
        MacropixelMapping(TIES, replace(OPTIONS, calibration=c)).output({"o": np.full((64, 64), 128 - 9 * 4, np.uint8)})
        for c in (None, KNOWN)
    )
    assert np.all(raw == 4)
    np.testing.assert_allclose(corrected, 4.5 / 0.8, rtol=1e-6)
    assert corrected.dtype == np.float32


def test_units_give_way_to_thresholds() -> None:
    mapping = mapping_of(encoder(replace(TIES, theta1=20, theta_r=10), calibrate=False))  # type: ignore[arg-type]
    assert (mapping.options.unit, mapping.options.gate_unit) == (6, 8)


def test_front_end() -> None:
    mapping = mapping_of(encoder(front_end=True))
    assert mapping.calibration is not None
    assert mapping.calibration.measured.front_end
    assert mapping.options.trim == 0  # of a comparison that it does not make
    assert 0 <= mapping.calibration.map_level - mapping_of(encoder()).map_level <= 15  # its constants are coarser


def test_two_layers_take_offset_and_units_alone() -> None:
    two = Weights.random(1, layers=2, theta1=2.5)
    mapping = encoder(two).mapping
    assert isinstance(mapping, TwoLayerMapping)
    assert (mapping.options.offset, mapping.options.unit) == (20, CHIP_UNIT)
    with pytest.raises(ProgramError, match="one layer of kernels; these have two"):
        encoder(two, calibrate=True)
    with pytest.raises(ProgramError, match="one layer of kernels; these have two"):
        make_mapping(two, "macropixel", golden.INPUT_LEVEL, {"calibration": KNOWN})
    with pytest.raises(ProgramError, match="one layer of kernels; these have two"):
        calibrate(two, "scamp5", OPTIONS)


def test_validation_has_it(tmp_path: Path) -> None:
    clips = ClipSet(gestures.clip(0)[0][None], ("one",), "drawn")
    study = validate(TIES, clips, errors="scamp5", out=tmp_path / "r.json", jobs=1)
    wrong = sum(study.records[0].differ["golden"]["b"]) / (16 * 64 * 64)
    assert 0 < wrong < 0.1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: encoder(calibrate=1), "calibrate must be True or False, got 1"),
        (lambda: encoder(calibrate=True, calibration=KNOWN, **LEVELS), "leave it out"),
        (lambda: encoder(calibration=KNOWN), "measured with offset=20; the mapping has 0"),
        (lambda: encoder(calibration=KNOWN, offset=20, unit=17), "measured with gate_unit=18; the mapping has 17"),
        (lambda: encoder(calibration=KNOWN, **{**LEVELS, "trim": 0}), "the mapping has 0"),
        (lambda: encoder(calibration=KNOWN, front_end=True, **LEVELS), "front_end=False; the mapping has True"),
        (lambda: encoder(calibration=KNOWN, level=120, **LEVELS), "level=116; the mapping has 120"),
        (lambda: encoder(calibration=replace(KNOWN, made_for="x"), **LEVELS), "measured with other weights"),
        (lambda: encoder(calibration=replace(KNOWN, made_on="x"), **LEVELS), "on chips of 'scamp5' as it was then"),
        (lambda: encoder(trim=41), "trim must be an integer in -40..40 LSB, got 41"),
        (lambda: encoder(trim=True), "trim must be .*, got True"),
        (lambda: encoder(version="raw", unit=10), "version='raw' takes the profile's offset and nothing else"),
        (lambda: encoder(version="rough"), "has no version 'rough'; it is 'raw' or none"),
        (lambda: encoder(calibration=5, **LEVELS), "calibration is 5; calibrate"),
        (lambda: encoder(errors=_Own("own"), calibrate=True), "the error model 'own' has no profile"),
        (lambda: Encoder(TIES, "blocks", "scamp5", calibrate=True), "no option 'calibrate'"),
        (lambda: calibrate(TIES, "scamp6", OPTIONS), "unknown chip profile 'scamp6'"),
        (lambda: calibrate(TIES, "scamp5", OPTIONS, chips=()), "chips is empty"),
        (lambda: calibrate(TIES, "scamp5", OPTIONS, clips=0), "clips must be .*, got 0"),
        (lambda: calibrate(TIES, "scamp5", replace(OPTIONS, unit=0)), "unit must be an integer in 1..20 LSB"),
        (lambda: replace(KNOWN, map_level=200), "map_level is 200 LSB; the converter has"),
        (lambda: replace(KNOWN, sum_level=1.5), "sum_level must be .*, got 1.5"),  # type: ignore[arg-type]
        (lambda: replace(KNOWN, o_gain=0.0), "the gain above 0"),
        (lambda: replace(KNOWN, o_offset=float("nan")), "o_offset nan"),
    ],
)
def test_bad_values(make: Any, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        make()


class _Own(ErrorModel):
    """Errors of one's own, without a profile."""

    @property
    def exact(self) -> bool:
        return False
