"""Sets of constants: files, what is refused, and changes on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scamp_sim.compare.circuit import leca_chip, raw
from scamp_sim.compare.constants import FORMAT, load_constants
from scamp_sim.compare.counts import LETTERS, Scene
from scamp_sim.compare.prices import energy, parts
from scamp_sim.exceptions import ProgramError, ScampError

LINK = {
    "name": "link",
    "part": "link",
    "per": "bits_wire",
    "value": 3.0,
    "unit": "pJ/bit",
    "letter": "A",
    "source": "a guess",
}


def write(path: Path, **changes: Any) -> Path:
    document = {"format": FORMAT, "name": "mine", "extends": "common", "constants": [LINK], **changes}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["published", "common"])
def test_every_constant_has_unit_source_and_letter(name: str) -> None:
    found = load_constants(name)
    assert len(found.constants) > 10
    for c in found.constants.values():
        assert c.unit[:3] in ("pJ/", "us/")
        assert c.source
        assert c.letter in LETTERS


def test_a_file_replaces_what_it_names(tmp_path: Path) -> None:
    mine, common = load_constants(write(tmp_path / "mine.json")), load_constants("common")
    row = raw(Scene())
    ours = {p.name: p.value for p in parts(row, mine, "energy")}
    theirs = {p.name: p.value for p in parts(row, common, "energy")}
    assert ours["link"] == pytest.approx(theirs["link"] * 3 / 12.5)
    assert ours["sensing"] == theirs["sensing"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": ""}, r"constant 1 'link': has no unit; give one, such as pJ/bit"),
        ({"source": None}, "has no source; say where"),
        ({"letter": "Z"}, "the letter 'Z': expected one of P, C"),
        ({"unit": "joules"}, "'joules' is not pJ/... or us/..."),
        ({"per": "bit"}, "nothing is counted as 'bit'; did you mean"),
        ({"value": "three"}, "must be one number"),
        ({"value": -1}, "must be 0 or more"),
        ({"rows": "leca"}, "rows to be a list"),
        ({"prise": 1}, "unknown key 'prise'"),
    ],
)
def test_what_is_wrong_with_a_constant(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(ProgramError, match=said):
        load_constants(write(tmp_path / "mine.json", constants=[{**LINK, **change}]))


def test_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    for change, said in (
        ({"format": "other"}, "expected an object with"),
        ({"constants": {}}, "to be a list of objects"),
        ({"constants": [LINK, LINK]}, "given twice"),
        ({"extends": "mine"}, "expected one of shared, published, common"),
        ({"more": 1}, "unknown key 'more'"),
        ({"constants": [3]}, "expected an object with name"),
    ):
        with pytest.raises(ProgramError, match=said):
            load_constants(write(path, **change))
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ScampError, match="not JSON"):
        load_constants(path)
    with pytest.raises(ProgramError, match="did you mean 'common'"):
        load_constants("comon")
    with pytest.raises(ScampError, match="no such file"):
        load_constants(tmp_path / "none.json")


def test_changes_of_a_set() -> None:
    common, row = load_constants("common"), leca_chip(Scene(), "leca_4_3")
    base = {p.name: p.value for p in parts(row, common, "energy")}

    def changed(constants: Any) -> dict[str, float]:
        return {p.name: p.value for p in parts(row, constants, "energy")}

    assert changed(common.with_link(25))["link"] == pytest.approx(2 * base["link"])
    assert changed(common.scaled("sensing", 3))["sensing"] == pytest.approx(3 * base["sensing"])
    # the three laws of a converter at 3 bits: 1.1, 13.5 and 7.1 pJ
    n = row.activity["conversions"] * 1e-6
    assert base["conversion"] == pytest.approx(n * 1.125)
    assert changed(common.with_converter("bits"))["conversion"] == pytest.approx(n * 13.5)
    assert changed(common.with_converter("calibrated"))["conversion"] == pytest.approx(n * 7.1)
    published = load_constants("published")
    assert changed(published.with_link(1))["link"] == pytest.approx(row.bits * 1e-6)
    with pytest.raises(ProgramError, match="take --constants common"):
        published.with_converter("bits")
    with pytest.raises(ProgramError, match="did you mean 'sensing'"):
        common.scaled("sensin", 2)
    with pytest.raises(ProgramError, match="expected levels, bits or calibrated"):
        common.with_converter("magic")
    with pytest.raises(ProgramError, match="finite"):
        common.with_link(float("nan"))


def test_a_set_without_prices_gives_a_reason_and_no_number(tmp_path: Path) -> None:
    mine = load_constants(write(tmp_path / "mine.json", extends=None))
    found = energy(raw(Scene()), mine)
    assert found.value is None
    assert found.reason == "the set 'mine' has no price of its sensing and conversion"
