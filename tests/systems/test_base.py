"""Registry, options of realisations, costs, published rows, comparison of stages; and a suite that finds faults."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any, Literal

import numpy as np
import pytest

from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.systems.base import conformance, published, registry
from scamp_sim.systems.base.compare import compare_stages, difference_table, in_words
from scamp_sim.systems.base.cost import Cost, Part, side_by_side
from scamp_sim.systems.base.options import Plain, describe, parse_realisation
from scamp_sim.systems.base.protocol import Encoded, Realisation, Stage
from scamp_sim.systems.base.published import Anchor, PublishedRow
from tests.systems import toy


@dataclass(frozen=True)
class Options:
    unit: int | None = None
    gain: float = 1.0
    lean: bool = False
    kind: Literal["soft", "hard"] = "soft"
    weights: tuple[int, ...] = ()


KINDS = {"golden": Plain, "scamp5:macropixel": Options, "scamp5:blocks": Plain}


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("golden", Realisation("golden", Plain())),
        ("scamp5", Realisation("scamp5:macropixel", Options())),
        ("scamp5:blocks", Realisation("scamp5:blocks", Plain())),
        ("scamp5:macropixel,unit=17,gain=0.5", Realisation("scamp5:macropixel", Options(17, 0.5))),
        ("scamp5:lean=true,kind=hard,unit=none", Realisation("scamp5:macropixel", Options(lean=True, kind="hard"))),
    ],
)
def test_realisations(text: str, on: Realisation) -> None:
    assert parse_realisation(text, KINDS) == on
    assert parse_realisation(describe(on), KINDS) == on


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gold", "did you mean 'golden'"),
        ("scamp5:circles", "unknown realisation 'scamp5:circles'"),
        ("scamp5:unti=3", "did you mean 'unit'"),
        ("scamp5:unit=three", "option unit of 'scamp5:macropixel': expected an integer, got 'three'"),
        ("scamp5:kind=warm", "expected one of soft, hard"),
        ("scamp5:lean=maybe", "expected true or false"),
        ("scamp5:unit=1,unit=2", "given twice"),
        ("scamp5:blocks,macropixel", "expected option=value"),
        ("golden:unit=1", "it takes none"),
        ("scamp5:weights=1", "only be passed in Python"),
    ],
)
def test_realisations_that_are_wrong(text: str, message: str) -> None:
    with pytest.raises(ProgramError, match=message.replace("(", r"\(")):
        parse_realisation(text, KINDS)


def outside(monkeypatch: pytest.MonkeyPatch, *points: tuple[str, str]) -> None:
    made = [metadata.EntryPoint(name, value, registry.GROUP) for name, value in points]
    monkeypatch.setattr(metadata, "entry_points", lambda group: [p for p in made if p.group == group])


def test_a_system_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    own = registry.names()
    outside(monkeypatch, ("toy", "tests.systems.toy:SYSTEM"))
    assert registry.names() == (*own, "toy")
    assert registry.system("toy") is toy.SYSTEM
    with pytest.raises(ProgramError, match="did you mean 'toy'"):
        registry.system("toi")


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([("toy", "tests.systems.toy:SYSTEM"), ("toy", "other:SYSTEM")], "two systems are called 'toy'"),
        ([("toy", "tests.systems.nowhere:SYSTEM")], "cannot be loaded"),
        ([("toy", "tests.systems.toy:MISSING")], "cannot be loaded"),
        ([("toy", "tests.systems.toy:SHAPE")], "expected tests.systems.toy:SHAPE to be a System, got tuple"),
        ([("toys", "tests.systems.toy:SYSTEM")], "calls itself 'toy'"),
    ],
)
def test_outside_systems_that_are_wrong(
    monkeypatch: pytest.MonkeyPatch, points: list[tuple[str, str]], message: str
) -> None:
    outside(monkeypatch, *points)
    with pytest.raises(ProgramError, match=message):
        registry.system(points[0][0])


def test_the_registry_imports_no_system() -> None:
    code = (
        "import sys; from scamp_sim.systems.base import registry; registry.names();"
        "print(sorted(m for m in sys.modules if m.startswith('scamp_sim.systems.') and '.base' not in m),"
        "'torch' in sys.modules, 'numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False False"


def test_costs_add_up() -> None:
    parts = (
        Part("load weights", "setup", words=7, us=5.0),
        Part("sums", "compute", words=100, us=10.0, uj=2.0),
        Part("convert", "readout", us=4.0, bytes=64, source="published"),
    )
    cost = Cost(2, parts, overlap_us=1.0, figures={"words_largest": 120})
    document = cost.as_dict()
    wanted = {
        "frames": 2,
        "words": 100,
        "words_setup": 7,
        "time_us": 13.0,
        "compute_us": 10.0,
        "readout_us": 4.0,
        "readout_bytes": 64,
        "energy_uj": 2.0,
        "words_largest": 120,
    }
    assert {name: document[name] for name in wanted} == wanted
    assert "words largest: 120" in cost.text()
    assert Cost(1, (Part("light"),)).us is None
    assert side_by_side({"golden": Cost(1, ()), "circuit": cost}).count("\n") == 4


def test_published_rows() -> None:
    anchor = Anchor("ratio", "less data", 21.0, lambda: 20.9, "x", why="rounded", within=0.01)
    row = anchor.row()
    assert row.holds is True
    assert row.difference == pytest.approx(20.9 / 21 - 1)
    assert replace(row, within=0.001).holds is False
    assert replace(row, recomputed=None).holds is False
    assert replace(row, published=None).holds is None
    document = published.document([row])["rows"][0]
    assert {"id", "what", "published", "recomputed", "unit", "kind", "why"} <= document.keys()
    assert "ratio: rounded" in published.text([row])


STAGES = (Stage("sums", "analog", within=0.5), Stage("hidden", "bits"), Stage("codes", "integers"))


def test_comparison_of_stages() -> None:
    ours = Encoded(np.array([[1, 2], [3, 4]]), {"sums": np.array([0.0, 1.0, np.nan])})
    theirs = Encoded(np.array([[1, 2], [3, 6]]), {"sums": np.array([0.5, 2.0, 0.0]), "hidden": np.zeros(2, bool)})
    sums, codes = compare_stages(STAGES, ours, theirs)
    assert (sums.stage, sums.differ, sums.values) == ("sums", 2, 3)
    assert (codes.differ, codes.per_frame, codes.largest, codes.rms) == (1, (1,), 2.0, 1.0)
    assert in_words([codes]) == "differs from the golden model: 1 of 4 in codes"
    assert "1 of 4" in difference_table([codes])
    assert in_words(compare_stages(STAGES, ours, ours)[1:]) == "codes equals the golden model"
    with pytest.raises(PlaneError, match="stage codes"):
        compare_stages(STAGES, Encoded(np.zeros(3)), theirs)


class Unfrozen(toy.Toy):
    @dataclass
    class Loose:
        pass

    realisations = {"golden": Loose}  # noqa: RUF012


class Shifted(toy.Toy):
    def build(self, params: Any, on: Any, hardware: Any = toy.IDEAL, takes: Any = None) -> Any:
        return toy.ToyEncoder(params + on.on_array, on, hardware)


class Wrong(toy.Toy):
    def published(self, on: Any, args: Any) -> Any:
        return [PublishedRow("bits", "bits", 4096, 4000, within=0.0)]


class Forgetful(toy.Toy):
    def build(self, params: Any, on: Any, hardware: Any = toy.IDEAL, takes: Any = None) -> Any:
        encoder = toy.ToyEncoder(params, on, hardware)
        encoder.depends_on = lambda: {"level": "?"}  # type: ignore[method-assign]
        return encoder


@pytest.mark.parametrize(
    ("system", "check"),
    [
        (Unfrozen(), conformance.check_options),
        (Shifted(), conformance.check_golden),
        (Wrong(), conformance.check_published),
        (Forgetful(), conformance.check_identity),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_the_suite_finds_faults(system: toy.Toy, check: conformance.Check) -> None:
    with pytest.raises(AssertionError):
        check(system)
