"""Errors of the stages: names, files, and their measurement on the compiled kernel. No torch is needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scamp_sim.exceptions import ProgramError
from scamp_sim.systems.pixelrnn.params import Weights
from scamp_sim.systems.pixelrnn.train import measurement, noise
from scamp_sim.systems.pixelrnn.train.measurement import measure, origin
from scamp_sim.systems.pixelrnn.train.noise import Stage, StageErrors, known_errors, load_errors


def test_the_authors_noise() -> None:
    e = StageErrors.authors()
    assert (e.cnn.temporal, e.forget.temporal, e.output.temporal) == (0.6, 0.6, 1.0)
    assert e.pooled
    assert not e.compiled
    assert not StageErrors.none().any


def test_files_go_out_and_come_in(tmp_path: Path) -> None:
    errors = StageErrors(Stage(0.1, 0.2, 0.9, -0.1, 12.0), Stage(fixed=1), Stage(), compiled=True, name="mine")
    errors.save(tmp_path / "e.json")
    assert load_errors(str(tmp_path / "e.json")) == errors


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "expected names with values"),
        ("{", "not JSON"),
        ('{"cnm": {}}', "unknown 'cnm'; did you mean 'cnn'"),
        ('{"cnn": {"sd": 1}}', "cnn: unknown 'sd'"),
        ('{"cnn": {"fixed": -1}}', "fixed must be at least 0 .a standard deviation., got -1"),
        ('{"cnn": {"gain": "x"}}', "gain must be a number, in tap products, got 'x'"),
        ('{"pooled": 1}', "pooled must be true or false, got 1"),
        ('{"name": 1}', "name must be text, got 1"),
    ],
)
def test_wrong_files_are_told(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "e.json"
    path.write_text(text)
    with pytest.raises(ProgramError, match=says):
        load_errors(str(path))


def test_unknown_names_are_told() -> None:
    with pytest.raises(ProgramError, match="unknown noise 'autors'; did you mean 'authors'"):
        load_errors("autors")
    with pytest.raises(ProgramError, match="no such file"):
        load_errors("nowhere.json")


def test_what_needs_no_measurement_is_known_at_once(tmp_path: Path) -> None:
    assert known_errors("authors") == StageErrors.authors()
    assert known_errors("scamp5:write_noise=0.5") is None
    with pytest.raises(ProgramError, match="write_nose"):
        known_errors("scamp5:write_nose=0.5")


def test_a_measurement_knows_what_it_was_made_of() -> None:
    """The profile's contents count, not its name."""
    assert origin("scamp5") == origin("scamp5", Weights.random(1))
    others = [origin("scamp5:write_noise=0.5"), origin("scamp5", Weights.random(2)), origin(chips=1), origin(frames=16)]
    assert len({origin("scamp5"), *others}) == 5
    assert origin("scamp5:write_noise=0.5") == origin("scamp5:write_noise=0.50")


def test_an_exact_array_has_no_errors() -> None:
    errors = measure(Weights.random(3), profile="ideal", chips=1, frames=16)
    for name in noise.STAGES:
        stage = getattr(errors, name)
        assert (stage.temporal, stage.fixed, stage.limit) == (0, 0, float("inf")), name
        assert stage.gain == pytest.approx(1, abs=1e-6), name
        assert stage.offset == pytest.approx(0, abs=1e-4), name
    assert errors.compiled
    assert errors.measured == origin("ideal", Weights.random(3), chips=1, frames=16)
    assert StageErrors.from_dict(errors.as_dict()) == errors
    assert not errors.scaled(2).measured


def test_the_fit_finds_what_was_put_in() -> None:
    rng = np.random.default_rng(1)
    exact = rng.integers(-25, 26, (48, 4000)).astype(np.float32)
    fixed, temporal = 0.7 * rng.standard_normal(4000), 0.4 * rng.standard_normal(exact.shape)
    array = (0.9 * exact + 0.3 + fixed + temporal).astype(np.float32)
    fit = measurement._fit(exact, array)
    assert fit.temporal == pytest.approx(0.4, rel=0.02)
    assert fit.fixed == pytest.approx(0.7, rel=0.05)
    assert fit.gain == pytest.approx(0.9, rel=0.01)
    assert fit.offset == pytest.approx(0.3, abs=0.05)
    assert fit.limit == float("inf")
    maps = np.repeat([2.0, -2.0], 2000).astype(np.float32)
    apart = measurement._fit(exact, array + maps, maps=2)
    assert apart.common == pytest.approx(2, rel=0.05)
    assert apart.fixed == pytest.approx(0.7, rel=0.05)
    assert measurement._fit(exact, -array).gain == pytest.approx(-0.9, rel=0.01)
    cut = measurement._fit(exact, np.clip(array, -12, 12).astype(np.float32))
    assert cut.limit == pytest.approx(12, abs=0.5)
    assert cut.gain == pytest.approx(0.9, rel=0.03)


def test_a_chip_has_errors() -> None:
    errors = measure(Weights.random(3), profile="ideal:write_noise=0.5", chips=1, frames=16)
    for name in noise.STAGES:
        stage = getattr(errors, name)
        assert stage.temporal > 0.1, name
        assert stage.fixed < 0.3 * stage.temporal, name
        assert stage.gain == pytest.approx(1, abs=0.01), name


def test_what_a_calibration_corrects_is_no_error() -> None:
    """Transfers of the chip add 20 LSB, more than a tap product, and registers are loaded with too little."""
    errors = measure(Weights.random(3), profile="scamp5", chips=1, frames=16)
    assert errors.output.gain == pytest.approx(1, abs=0.05)
    for name in noise.STAGES:
        stage = getattr(errors, name)
        assert abs(stage.offset) < 1, name
        assert 0.6 < stage.gain < 1.1, name
        assert 0.2 < stage.temporal < 1.5, name


def test_wrong_measurements_are_told() -> None:
    with pytest.raises(ProgramError, match="frames must be a multiple of 16, the frames of a clip, got 20"):
        measure(frames=20)
    with pytest.raises(ProgramError, match=r"chips must be .*, got 0"):
        measure(chips=0)
    with pytest.raises(ProgramError, match="measured on the macropixel mapping"):
        measure(mapping="blocks")


def test_a_raw_mapping_has_larger_errors() -> None:
    fitted, raw = (
        measure(Weights.random(3), "scamp5", m, chips=1, frames=16) for m in ("macropixel", "macropixel:raw")
    )
    for stage in ("cnn", "forget", "output"):
        larger, smaller = getattr(raw, stage), getattr(fitted, stage)
        assert np.hypot(larger.temporal, larger.fixed) > 1.5 * np.hypot(smaller.temporal, smaller.fixed), stage
    assert raw.name == "scamp5, macropixel:raw, measured"
    assert raw.measured != fitted.measured
