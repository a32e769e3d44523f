"""Validation over many clips: what it counts, that it does not depend on the number of jobs, and that it goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim import ScampError
from scamp_sim.silicon import ErrorModel, load_errors
from scamp_sim.silicon.profiles import load_profile
from scamp_sim.study.chips import is_ideal
from scamp_sim.systems.base.study import work
from scamp_sim.systems.base.study.results import ARRAY, GOLDEN, OWN
from scamp_sim.systems.pixelrnn import golden, study
from scamp_sim.systems.pixelrnn.data.clips import ClipSet, read_clips
from scamp_sim.systems.pixelrnn.params import Weights
from scamp_sim.systems.pixelrnn.study import measure

WEIGHTS = Weights.random(3, classes=9)


@pytest.fixture(scope="module")
def clips() -> ClipSet:
    return read_clips("synthetic:1:4")


def some(clips: ClipSet, count: int) -> ClipSet:
    labels = None if clips.labels is None else clips.labels[:count]
    return ClipSet(clips.input[:count], clips.names[:count], clips.source, labels, clips.classes)


def test_the_macropixel_mapping_is_the_golden_model(clips: ClipSet, tmp_path: Path) -> None:
    """Bit for bit, however many jobs there are: the results are the same text."""
    texts = []
    for jobs in (1, 3):
        path = tmp_path / f"{jobs}.json"
        found = study.validate(WEIGHTS, some(clips, 5), jobs=jobs, out=path)
        assert found.references == (GOLDEN,)
        assert found.stages == ("x", "b", "f", "h", "o")
        assert found.summary()["equal"]
        assert found.compared("h") == 5 * 16 * 4096
        assert found.compared("o") == 5 * 4096
        texts.append(path.read_text())
    assert texts[0] == texts[1]
    assert "NaN" not in texts[0]


def test_differences_are_counted_where_they_are(clips: ClipSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a golden model that is wrong in known places."""
    true = golden.encode

    def wrong(clip: np.ndarray, weights: Weights, **options: Any) -> golden.Result:
        result = true(clip, weights, **options)
        h, o = result.h.copy(), result.o.copy()
        h[3, 10, 10:17] ^= True
        h[15, 0, 0] ^= True
        o[5, 5] += 4
        return golden.Result(result.x, result.b, result.f, h, o)

    monkeypatch.setattr(golden, "encode", wrong)
    found = study.validate(WEIGHTS, some(clips, 2), jobs=1)
    assert [found.differing(GOLDEN, s) for s in found.stages] == [0, 0, 0, 16, 2]
    assert found.records[1].differ[GOLDEN]["h"] == [0, 0, 0, 7, *[0] * 11, 1]
    assert found.share(GOLDEN, "h") == 16 / (2 * 16 * 4096)
    assert found.largest(GOLDEN) == 4
    assert not found.summary()["equal"]
    assert found.rms(GOLDEN) == pytest.approx(4 / 64)
    assert found.summary()["rms_o"] == {GOLDEN: 0.0625}
    assert "o: rms difference 0.062 tap products, largest 4" in found.text()
    assert "0.01 %" in found.text()


def test_the_input_is_looked_at_on_the_array(clips: ClipSet) -> None:
    """A copy of the frame that is wrong in one place out of sixteen is seen."""
    encoder = study.make_encoder(WEIGHTS, "macropixel")
    picture = encoder.mapping.picture

    def broken(frame: np.ndarray) -> np.ndarray:
        whole = picture(frame).copy()
        whole[64 + 7, 128 + 9] ^= 255
        return whole

    encoder.mapping.picture = broken  # type: ignore[method-assign]
    seen = study.look_at_input(encoder, clips.input[0])
    places = np.argwhere(seen != golden.binarise(clips.input[0]))
    assert {(r, c) for _, r, c in places.tolist()} == {(7, 9)}
    assert len(places) == 16


@pytest.mark.parametrize(("mapping", "own"), [("blocks", True), ("blocks:lean", False)])
def test_the_block_mapping_has_a_golden_model_of_its_own(clips: ClipSet, mapping: str, own: bool) -> None:
    found = study.validate(WEIGHTS, some(clips, 1), mapping=mapping, jobs=1)
    assert found.references == ((GOLDEN, OWN) if own else (GOLDEN,))
    exact = found.references[-1]
    assert [found.differing(exact, s) for s in ("x", "b", "f", "h", "o")] == [0] * 5
    assert bool(found.differing(GOLDEN, "h")) == own
    assert found.agreed(exact) == 1


def test_two_layers(clips: ClipSet) -> None:
    weights = Weights.random(2, layers=2)
    found = study.validate(weights, some(clips, 1), jobs=1)
    assert found.summary()["equal"]
    assert found.summary()["accuracy"] == {}


# --- the file -----------------------------------------------------------------------------------------------------


def test_an_interrupted_run_goes_on(clips: ClipSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, few = tmp_path / "r.json", some(clips, 4)
    ran: list[int] = []
    noise_seed = work.noise_seed

    def counting(seed: int, number: int) -> int:
        if number == 2 and 2 not in ran:
            ran.append(2)
            raise KeyboardInterrupt
        ran.append(number)
        return noise_seed(seed, number)

    monkeypatch.setattr(work, "noise_seed", counting)
    with pytest.raises(KeyboardInterrupt):
        study.validate(WEIGHTS, few, jobs=1, out=path)
    assert [row["item"] for row in json.loads(path.read_text())["units"]] == [0, 1]
    ran[:] = [2]
    found = study.validate(WEIGHTS, few, jobs=1, out=path)
    assert ran == [2, 2, 3]
    assert [r.clip for r in found.records] == [0, 1, 2, 3]
    # the same text as that of a run in one go, and none of the files that were written aside
    study.validate(WEIGHTS, few, jobs=2, out=tmp_path / "once.json")
    assert path.read_text() == (tmp_path / "once.json").read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["once.json", "r.json"]


def test_a_limit_can_be_raised_later(clips: ClipSet, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    assert len(study.validate(WEIGHTS, clips, jobs=1, out=path, limit=1).records) == 1
    done: list[int] = []
    assert len(study.validate(WEIGHTS, clips, jobs=1, out=path, limit=2, advance=lambda: done.append(1)).records) == 2
    assert len(done) == 2
    assert len(study.validate(WEIGHTS, clips, jobs=1, out=path, limit=1).records) == 1
    assert len(json.loads(path.read_text())["units"]) == 2


def test_results_of_something_else_are_refused(clips: ClipSet, tmp_path: Path) -> None:
    path, few = tmp_path / "r.json", some(clips, 1)
    study.validate(WEIGHTS, few, jobs=1, out=path)
    before = path.read_text()
    with pytest.raises(ScampError, match="made with other weights, other programs of the mapping; choose another"):
        study.validate(Weights.random(4, classes=9), few, out=path)
    with pytest.raises(ScampError, match="made with other clips"):
        study.validate(WEIGHTS, some(clips, 2), out=path)
    with pytest.raises(ScampError, match="made with other options"):
        study.validate(WEIGHTS, few, out=path, seed=1)
    assert path.read_text() == before
    for text in ("", "[]", "{}", '{"format": "x"}', before.replace('"item": 0', '"item": 7'), before[:-40]):
        path.write_text(text)
        with pytest.raises(ScampError, match=r"r\.json.*choose another file, or remove it"):
            study.validate(WEIGHTS, few, jobs=1, out=path)
        assert path.read_text() == text


def test_results_belong_to_what_a_profile_file_holds(clips: ClipSet, tmp_path: Path) -> None:
    """A file that is changed is another profile, whatever its name; and a copy of it is the same one."""
    path, few, profile = tmp_path / "r.json", some(clips, 1), tmp_path / "mine.json"
    profile.write_text('{"name": "mine", "base": "scamp5", "knobs": {"write_noise": 0.5}}')
    study.validate(WEIGHTS, few, jobs=1, out=path, errors=str(profile))
    copy = tmp_path / "copy.json"
    copy.write_text(profile.read_text())
    assert study.validate(WEIGHTS, few, jobs=1, out=path, errors=str(copy)).ran == 0
    profile.write_text('{"name": "mine", "base": "scamp5", "knobs": {"write_noise": 0.6}}')
    with pytest.raises(
        ScampError, match=r"made with (other programs of the mapping, )?other errors; choose another file"
    ):
        study.validate(WEIGHTS, few, jobs=1, out=path, errors=str(profile))


@pytest.mark.parametrize(("name", "value"), [("results version", "0"), ("numba", "0.0"), ("engine", "reference")])
def test_results_belong_to_the_code(clips: ClipSet, tmp_path: Path, name: str, value: str) -> None:
    path, few = tmp_path / "r.json", some(clips, 1)
    study.validate(WEIGHTS, few, jobs=1, out=path)
    document = json.loads(path.read_text())
    here = document["digests"][name]
    document["digests"][name] = value
    path.write_text(json.dumps(document))
    with pytest.raises(ScampError) as e:
        study.validate(WEIGHTS, few, jobs=1, out=path)
    assert f"results made with {name} {value} (here {here}); choose another file, or remove it" in str(e)


def test_a_file_of_a_study_says_what_it_holds(clips: ClipSet, tmp_path: Path) -> None:
    path, few = tmp_path / "s.json", some(clips, 1)
    measure(WEIGHTS, few, chips=[1], out=path)
    with pytest.raises(ScampError, match=r"s\.json holds a pixelrnn study over chips, not a pixelrnn valid.*; choose"):
        study.validate(WEIGHTS, few, out=path)
    study.validate(WEIGHTS, few, out=tmp_path / "r.json")
    with pytest.raises(ScampError, match=r"r\.json holds a pixelrnn validation, not a pixelrnn study over.*; choose"):
        measure(WEIGHTS, few, chips=[1], out=tmp_path / "r.json")


class Own(ErrorModel):
    """A model whose fields do not tell what it does."""


def test_errors_of_ones_own_are_not_kept(clips: ClipSet, tmp_path: Path) -> None:
    path, few = tmp_path / "r.json", some(clips, 1)
    assert not is_ideal(Own())
    assert is_ideal(ErrorModel())
    for run in (
        lambda out: study.validate(WEIGHTS, few, jobs=1, errors=Own(), out=out),
        lambda out: measure(WEIGHTS, few, chips=[1], errors=Own(), out=out, jobs=1),
    ):
        with pytest.raises(ScampError, match=r"custom error model \(Own\) cannot be kept.* omit out=\.\.\."):
            run(path)
        assert not path.exists()
        assert run(None).ran == 1


def test_errors_that_drown_the_calibration_are_named(clips: ClipSet) -> None:
    """Where noise leaves a gain below 0; a profile is named with the knobs that were changed."""
    loud = load_profile("scamp5").changed(write_noise=60)
    for errors in ("scamp5:write_noise=60", loud):
        with pytest.raises(
            ScampError, match=r"calibration failed: with profile scamp5:write_noise=60 the gain of o is"
        ):
            study.validate(Weights.random(1), some(clips, 1), errors=errors)


def test_a_chip_of_ones_own_keeps_its_serial(clips: ClipSet) -> None:
    few, errors = some(clips, 1), load_errors("scamp5", chip=6)
    found = study.validate(WEIGHTS, few, errors=errors)
    assert found.about["chip"] == 6
    assert found.records == study.validate(WEIGHTS, few, errors="scamp5", chip=6).records
    with pytest.raises(ScampError, match="chip is 7, but the errors are those of chip 6"):
        study.validate(WEIGHTS, few, errors=errors, chip=7)


def test_what_cannot_be_asked(clips: ClipSet) -> None:
    with pytest.raises(ScampError, match="jobs must be an integer of at least 1, got 0"):
        study.validate(WEIGHTS, clips, jobs=0)
    with pytest.raises(ScampError, match="limit must be an integer of at least 1, got -1"):
        study.validate(WEIGHTS, clips, limit=-1)
    with pytest.raises(ScampError, match="labels go up to 8, but the decoder of these weights has 4 classes"):
        study.validate(Weights.random(1, classes=4), clips)
    with pytest.raises(ScampError, match="has no version 'lean'; it is 'raw' or none"):
        study.validate(WEIGHTS, clips, mapping="macropixel:lean")
    with pytest.raises(ScampError, match="unknown mapping 'macropixl'; did you mean 'macropixel'"):
        study.validate(WEIGHTS, clips, mapping="macropixl")


# --- recorded clips -----------------------------------------------------------------------------------------------


def test_recorded_gestures(measured_data: Path) -> None:
    """The authors' clips and weights: the array is the golden model, so it is right as often."""
    weights = Weights.load(measured_data / "pixelrnn_weights.npz")
    found = study.validate(weights, read_clips(str(measured_data / "pixelrnn_gestures_45.npz")))
    assert found.compared("b") == 720 * 4096
    assert found.summary()["equal"]
    assert found.right(ARRAY) == found.right(GOLDEN) == 32
    assert found.agreed(GOLDEN) == 45
