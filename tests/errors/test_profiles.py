"""Profiles: files, bases, knobs by hand, and everything that can be wrong with them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine, ProgramError
from scamp_sim.silicon import KNOBS, ChipProfile, ErrorModel, load_errors, load_profile, profile_names
from scamp_sim.silicon.chip import ChipErrors
from scamp_sim.silicon.profiles import DATA
from scamp_sim.silicon.setup import parse_profile
from tests.errors.helpers import bus, program

SHAPE = (64, 64)


def file(folder: Path, document: Any, name: str = "mine.json") -> Path:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_built_in_profiles() -> None:
    assert profile_names() == ("ideal", "imperial", "scamp5", "stanford", "table2019")
    ideal, typical = load_profile("ideal"), load_profile("scamp5")
    assert ideal.ideal
    assert not typical.ideal
    assert (ideal.base, typical.base) == (None, ideal)
    assert not ideal.chosen | typical.chosen
    assert typical["linear_range"] == 150
    assert typical["saturation"] == 200
    assert set(typical.knobs) == set(KNOBS)
    for name in profile_names():
        assert load_profile(name).about


def test_a_file_names_what_differs(tmp_path: Path) -> None:
    path = file(tmp_path, {"about": "noisy", "base": "scamp5", "knobs": {"write_noise": 1.5}})
    mine, typical = load_profile(path), load_profile("scamp5")
    assert (mine.name, mine.about, mine["write_noise"]) == ("mine", "noisy", 1.5)
    assert all(mine[k] == typical[k] for k in KNOBS if k != "write_noise")
    assert mine.chosen == {"write_noise"}
    assert mine.base == typical
    by_hand = parse_profile(f"{path}:stuck_cells=4, adc_noise = 0")
    assert (by_hand["stuck_cells"], by_hand["adc_noise"], by_hand["write_noise"]) == (4, 0, 1.5)
    assert by_hand.chosen == {"write_noise", "stuck_cells", "adc_noise"}
    assert by_hand.base == typical


def test_the_base_is_ideal_unless_said_and_may_be_a_file_beside(tmp_path: Path) -> None:
    assert load_profile(file(tmp_path, {"knobs": {"write_noise": 1}}))["gain_loss"] == 0
    file(tmp_path, {"shape": [64, 128], "knobs": {"adc_noise": 2}}, "below.json")
    above = load_profile(file(tmp_path, {"name": "above", "base": "below.json", "knobs": {"write_noise": 1}}, "a.json"))
    assert (above.name, above["adc_noise"], above["write_noise"], above.shape) == ("above", 2, 1, (64, 128))
    assert above.chosen == {"adc_noise", "write_noise"}


def test_a_file_of_the_name_of_a_built_in_one_has_a_base_too(tmp_path: Path) -> None:
    path = file(tmp_path, {"name": "mine", "base": "scamp5", "knobs": {}}, "ideal.json")
    assert load_profile(path)["linear_range"] == 150


def test_a_built_in_profile_by_its_path_is_the_built_in_one(tmp_path: Path) -> None:
    path = Path(os.path.relpath(DATA / "scamp5.json"))
    assert load_profile(path) == load_profile("scamp5")
    assert not load_profile(path).chosen
    copy = file(tmp_path, (DATA / "scamp5.json").read_text(), "copy.json")
    with pytest.raises(ProgramError, match=r"copy\.json: name is 'scamp5', as of a built-in profile; give one of its"):
        load_profile(copy)


def test_profiles_are_told_apart_by_their_values() -> None:
    typical = load_profile("imperial")
    assert typical.changed(write_noise=typical["write_noise"]) == typical
    assert typical.changed(write_noise=9).key() != typical.key()


WRONG = {
    "not JSON": ("{", "not JSON"),
    "not UTF-8": (b"\xff\xfe{}", "not UTF-8 text"),
    "a list": ([], 'expected {"name"'),
    "no knobs": ({"name": "x"}, "no entry 'knobs'; expected {\"name\""),
    "knobs as a list": ({"knobs": []}, 'knobs is not an object; expected {"name"'),
    "knobs mistyped": ({"knob": {}}, "unknown entry 'knob'; did you mean 'knobs'"),
    "a knob twice": ('{"knobs": {"adc_noise": 1, "adc_noise": 2}}', "'adc_noise' is given twice; keep one"),
    "an entry twice": ('{"knobs": {"adc_noise": 1}, "knobs": {}}', "'knobs' is given twice; keep one"),
    "no name": ({"name": "", "knobs": {}}, "name is ''; give some text, on one line"),
    "blanks as a name": ({"name": "  ", "knobs": {}}, "name is '  '; give some text"),
    "a number as a name": ({"name": 5, "knobs": {}}, "name is 5; give some text"),
    "a name of two lines": ({"name": "a\nb", "knobs": {}}, "name is .*; give some text, on one line"),
    "a built-in name": ({"name": "ideal", "knobs": {}}, "name is 'ideal', as of a built-in profile"),
    "about as a list": ({"about": ["x"], "knobs": {}}, r"about is \['x'\]; give some text"),
    "nesting": ("[" * 100_000, "nested too deeply"),
    "digits": ('{"knobs": {"adc_noise": ' + "9" * 5000 + "}}", "not JSON that can be read|adc_noise is 1e"),
    "a large integer": ('{"knobs": {"adc_noise": 1' + "0" * 400 + "}}", "adc_noise is 1e.*it is 0 to 100"),
    "unknown entry": ({"knobs": {}, "bse": "scamp5"}, "unknown entry 'bse'; did you mean 'base'"),
    "unknown knob": ({"knobs": {"write_nose": 1}}, "unknown knob 'write_nose'; did you mean 'write_noise'"),
    "nothing like a knob": ({"knobs": {"x": 1}}, "unknown knob 'x'; `scamp-sim chips scamp5` lists them"),
    "true": ({"knobs": {"write_noise": True}}, "write_noise is True; give a number"),
    "text": ({"knobs": {"write_noise": "0.2"}}, "write_noise is '0.2'; give a number"),
    "null": ({"knobs": {"write_noise": None}}, "write_noise is None; give a number"),
    "a list of values": ({"knobs": {"write_noise": [1]}}, r"write_noise is \[1\]; give a number"),
    "an inverted range": ({"knobs": {}, "ranges": {"adc_noise": [2, 1]}}, "the range of adc_noise is inverted, 2 .. 1"),
    "an empty range": (
        {"knobs": {}, "ranges": {"adc_noise": [1, 1]}},
        "the range of adc_noise is empty.*under 'knobs'",
    ),
    "half a range": (
        {"knobs": {}, "ranges": {"adc_noise": [1]}},
        r"the range of adc_noise is \[1\]; give \[low, high\]",
    ),
    "a range of text": ({"knobs": {}, "ranges": {"adc_noise": ["a", 2]}}, "give \\[low, high\\]"),
    "a range beyond": (
        {"knobs": {}, "ranges": {"adc_noise": [-1, 2]}},
        "adc_noise is -1 .. 2 LSB rms; the knob takes 0",
    ),
    "a range of nothing": ({"knobs": {}, "ranges": {"adc_nose": [1, 2]}}, "ranges: unknown knob 'adc_nose'"),
    "ranges as a list": ({"knobs": {}, "ranges": []}, "ranges is .*; give an object"),
    "ranges that cross": (
        {"knobs": {}, "ranges": {"linear_range": [100, 300], "saturation": [200, 400]}},
        "saturation is 200 LSB, below",
    ),
    "a line beyond": (
        {"knobs": {}, "ranges": {"gain_loss": [0, 0.1]}, "lines": {"split_loss": {"gain_loss": 9}}},
        "split_loss is 0.9;",
    ),
    "a line of nothing": ({"knobs": {}, "lines": {"split_loss": {"constant": 1}}}, "follows no other knob"),
    "a line on a line": (
        {"knobs": {}, "lines": {"split_loss": {"split_offset": 1}, "split_offset": {"gain_loss": 1}}},
        "a line itself",
    ),
    "a line and a value": ({"knobs": {"split_loss": 0}, "lines": {"split_loss": {"gain_loss": 1}}}, "leave one out"),
    "evidence of no kind": ({"knobs": {}, "evidence": {"adc_noise": ["guess", "x"]}}, "with a kind of fitted, tied"),
    "NaN": ('{"knobs": {"write_noise": NaN}}', "write_noise is nan; give a number"),
    "infinity": ('{"knobs": {"write_noise": Infinity}}', "write_noise is infinite; it is 0 to 100 LSB"),
    "minus infinity": ('{"knobs": {"gain_pivot": -1e999}}', "gain_pivot is negative and infinite; it is -200 to 200"),
    "a negative spread": ({"knobs": {"gain_spread": -0.1}}, "a spread is never negative"),
    "too much": ({"knobs": {"write_noise": 1000}}, "write_noise is 1000 LSB rms; it is 0 to 100 LSB rms"),
    "too much of a share": ({"knobs": {"gain_loss": 0.6}}, "gain_loss is 0.6; it is 0 to 0.5$"),
    "too much of a spread of shares": ({"knobs": {"gain_spread": 0.6}}, "gain_spread is 0.6 rms; it is 0 to 0.5 rms$"),
    "a share as text": ({"knobs": {"gain_loss": "1"}}, "gain_loss is '1'; give a number$"),
    "half a cell": ({"knobs": {"stuck_cells": 1.5}}, "stuck_cells is 1.5; give a whole number"),
    "saturation inside": ({"knobs": {"linear_range": 150, "saturation": 100}}, "saturates beyond its linear range"),
    "base is a number": ({"base": 5, "knobs": {}}, "base is 5; give the name"),
    "base mistyped": ({"base": "scamp", "knobs": {}}, "unknown chip profile 'scamp'; did you mean 'scamp5'"),
    "base missing": ({"base": "no.json", "knobs": {}}, "no such file"),
    "base is itself": ({"base": "mine.json", "knobs": {}}, "is its own base"),
    "base is itself, the long way": ({"base": "../{folder}/mine.json", "knobs": {}}, "is its own base"),
    "shape": ({"shape": 256, "knobs": {}}, r"give \[rows, columns\]"),
    "shape of text": ({"shape": ["64", 64], "knobs": {}}, r"give \[rows, columns\]"),
    "shape of no array": ({"shape": [100, 100], "knobs": {}}, "mine.json: .*multiples of 64 up to 1024"),
    "shape beyond all": ({"shape": [10**1000, 64], "knobs": {}}, "mine.json: array shape"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_file_is_said(case: str, tmp_path: Path) -> None:
    document, message = WRONG[case]
    path = tmp_path / "mine.json"
    if isinstance(document, dict) and "{folder}" in str(document.get("base")):
        document = {**document, "base": document["base"].format(folder=tmp_path.name)}
    if isinstance(document, bytes):
        path.write_bytes(document)
    else:
        file(tmp_path, document)
    with pytest.raises(ProgramError, match=message) as e:
        load_profile(path)
    assert len(str(e.value)) < 1000


def test_bases_that_go_in_a_circle(tmp_path: Path) -> None:
    file(tmp_path, {"base": "b.json", "knobs": {}}, "a.json")
    file(tmp_path, {"base": "a.json", "knobs": {}}, "b.json")
    with pytest.raises(ProgramError, match="is its own base"):
        load_profile(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scamp6", "unknown chip profile 'scamp6'; did you mean 'scamp5'.*or give a file"),
        ("", "unknown chip profile ''"),
        ("x" * 5000, "unknown chip profile 'xxx"),
        ("no.json", "chip profile no.json: no such file"),
        ("scmp5:write_noise=1", "unknown chip profile 'scmp5'; did you mean 'scamp5'"),
        ("scamp5:write_noise", "write knob=number"),
        ("scamp5:write_noise=", "write knob=number"),
        ("scamp5:write_noise=a", "'write_noise=a' behind profile 'scamp5': write knob=number"),
        ("scamp5:write_noise=1,adc", "'adc' behind profile"),
        ("scamp5:=1", "unknown knob ''"),
        ("scamp5:write_noise=nan", "give a number"),
        ("scamp5:write_noise=1,write_noise=2", "write_noise is given twice"),
        ("scamp5:write_noise=-1", "never negative"),
        ("scamp5:saturation=100", "below the linear_range"),
        (5, "errors is 5; give the name of a chip profile"),
        (None, "errors is None; give the name of a chip profile"),
        (True, "errors is True; give the name of a chip profile"),
    ],
)
def test_what_is_wrong_with_a_name_is_said(text: Any, message: str) -> None:
    with pytest.raises(ProgramError, match=message) as e:
        Machine(SHAPE, text)
    assert len(str(e.value)) < 400


def test_knobs_behind_a_name() -> None:
    assert parse_profile("scamp5:") == load_profile("scamp5")
    assert parse_profile("scamp5:write_noise=1,")["write_noise"] == 1
    assert parse_profile("ideal:stuck_cells=4")["stuck_cells"] == 4


@pytest.mark.parametrize("value", [1.5, -1, "abc", "1", True, None, 2**32, np.float64(1)])
@pytest.mark.parametrize("name", ["chip", "seed"])
def test_serials_and_seeds_are_integers(name: str, value: Any) -> None:
    for errors in ("ideal", "scamp5"):
        with pytest.raises(ProgramError, match=f"{name} must be an integer in 0..4294967295"):
            Machine(SHAPE, errors, **{name: value})
    with pytest.raises(ProgramError, match=f"{name} must be an integer in 0..4294967295"):
        load_errors("scamp5", SHAPE, **{name: value})


def test_highest_serial_and_numpy_integers() -> None:
    assert Machine(SHAPE, "scamp5", chip=2**32 - 1, seed=np.int64(3)).seed == 3  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [-1, 0.5, "x", True])
def test_reseeding_takes_a_seed(seed: Any) -> None:
    with pytest.raises(ProgramError, match="seed must be an integer in 0"):
        Machine(SHAPE, "scamp5").reseed(seed)


def test_a_profile_for_another_array(tmp_path: Path) -> None:
    path = file(tmp_path, {"name": "big", "shape": [256, 256], "knobs": {"adc_noise": 1}})
    with pytest.raises(ProgramError, match="profile 'big' is for an array of 256x256; this one is 64x64"):
        Machine(SHAPE, path)
    assert Machine((256, 256), path).errors.name == "big"


def test_a_model_for_another_array_or_chip() -> None:
    model = load_errors("scamp5", SHAPE, chip=3)
    with pytest.raises(ProgramError, match="a chip of 64x64; the array is 128x64"):
        Machine((128, 64), model)
    with pytest.raises(ProgramError, match="chip is 4, but the errors are those of chip 3"):
        Machine(SHAPE, model, chip=4)
    assert Machine(SHAPE, model).chip == 3


def test_profiles_in_python() -> None:
    mine = ChipProfile("mine", "", {"adc_noise": np.float32(0.5), "stuck_cells": np.int64(3)})  # type: ignore[dict-item]
    assert isinstance(load_errors(mine, SHAPE), ChipErrors)
    assert not isinstance(load_errors(ChipProfile("none", "", {}), SHAPE), ChipErrors)
    wrong: tuple[Any, ...] = ([], None, {"adc_noise": "1"}, {"adc_nois": 1}, {5: 1})
    for knobs in wrong:
        with pytest.raises(ProgramError):
            ChipProfile("mine", "", knobs)
    own = ErrorModel("own", limit=300)
    assert load_errors(own, SHAPE) is own


class Halving(ErrorModel):
    """A model of a user's own."""

    exact = False

    def written(self, value: Any, register: str, word: int, split: tuple[int, int] = (0, 1)) -> Any:
        return value / 2


class Forgetful(ErrorModel):
    decays = True


def test_models_of_ones_own_run_on_the_reference_engine() -> None:
    m = Machine(SHAPE, Halving("own"), engine="reference")
    assert m.chip == 0
    m.write("A", 8)
    m.run(program(bus("B", "A")))
    assert (m.read("B") == -4).all()
    with pytest.raises(ProgramError, match=r"would pass over Halving\.written; take engine='reference'"):
        Machine(SHAPE, Halving("own"))
    with pytest.raises(ProgramError, match="decay is a matter of chip profiles"):
        Machine(SHAPE, Forgetful("own"))


@pytest.mark.parametrize("knob", KNOBS.values(), ids=lambda k: k.name)
def test_every_knob_explains_itself_and_takes_its_limits(knob: Any) -> None:
    assert knob.family in ("fixed", "temporal", "decay")
    assert all((knob.unit, knob.effect, knob.source, knob.fitted, knob.needs))
    assert knob.low <= knob.ideal <= knob.high
    assert knob.along in ("", *KNOBS)
    for value in (knob.low, knob.high):
        changed = {knob.name: value}
        if knob.name == "linear_range":
            changed["saturation"] = 8192
        if knob.name == "saturation":
            changed["linear_range"] = 1
        load_profile("ideal").changed(**changed)
    with pytest.raises(ProgramError, match=knob.name):
        load_profile("ideal").changed(**{knob.name: knob.high * 2 + 1})
