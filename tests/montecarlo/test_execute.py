"""Units on threads, and the file that keeps their results."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim import ErrorModel, ScampError
from scamp_sim.study import results_store as stores
from scamp_sim.study.execute import Benches, carry_out
from scamp_sim.study.grid import Unit, make_grid
from scamp_sim.study.results_store import Store, describe, digest
from tests.montecarlo.fake import Draw, payload

GRID = make_grid(range(1, 5), range(3), 2)


def test_the_number_of_threads_changes_nothing() -> None:
    found = [dict(carry_out(Draw(), GRID, payload, jobs=jobs)) for jobs in (1, 2, 7, None)]
    assert set(found[0]) == set(GRID)
    assert all(f == found[0] for f in found)
    assert len({r["value"] for r in found[0].values()}) == len(GRID)


def test_each_unit_once_and_few_ahead(tmp_path: Path) -> None:
    results = carry_out(Draw(note=str(tmp_path)), GRID, payload, jobs=1)
    next(results)
    results.close()  # type: ignore[attr-defined]
    begun = len(list(tmp_path.iterdir()))
    assert 1 <= begun <= 5
    list(carry_out(Draw(note=str(tmp_path)), GRID, payload, jobs=3))
    assert len(list(tmp_path.iterdir())) == begun + len(GRID)


def test_errors_come_through() -> None:
    with pytest.raises(ScampError, match="chip 3 is broken"):
        list(carry_out(Draw(fail=3), GRID, payload, jobs=2))
    with pytest.raises(ScampError, match="jobs must be at least 1, got 0"):
        carry_out(Draw(), GRID, payload, jobs=0)


def test_what_is_done_comes_before_what_failed() -> None:
    """Three units of four are over when somebody looks; the third has failed."""

    def late(item: int) -> float:
        time.sleep(0.01)
        return payload(item)

    for _ in range(10):
        found = []
        with pytest.raises(ScampError, match="chip 3 is broken"):  # noqa: PT012
            for unit, _result in carry_out(Draw(fail=3), make_grid([1, 2, 3, 4], [0]), late, jobs=1):
                found.append(unit.chip)
        assert {1, 2} <= {*found} <= {1, 2, 4}


def test_a_bench_is_made_once_while_its_chip_is_measured() -> None:
    made: list[int] = []

    class Counting:
        def bench(self, chip: int) -> Any:
            made.append(chip)
            return lambda seed, item, payload: chip

    benches = Benches()
    for unit in GRID:
        assert benches.measure(Counting(), "a", unit, None) == unit.chip
    assert made == [1, 2, 3, 4]
    benches.measure(Counting(), "b", Unit(4, 0, 0), None)
    assert made[-1] == 4
    assert len(made) == 5


# --- the file -----------------------------------------------------------------------------------------------------


def check(row: Mapping[str, Any]) -> None:
    if not isinstance(row["value"], float):
        raise TypeError


def open_store(path: Path, **changed: Any) -> Store:
    options = {"form": "fake, 1", "about": {"a": 1}, "digests": {"weights": "x"}, "items": 2, "check": check}
    return Store(path, **{**options, **changed})


def test_results_are_kept_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "PAUSE", 0.0)
    monkeypatch.setattr(stores, "SHARE", 0.0)
    path = tmp_path / "s.json"
    first = open_store(path)
    for number, (unit, row) in enumerate(carry_out(Draw(), GRID, payload, jobs=2), 1):
        first.add(unit, row)
        if number == 10:
            break
    assert len(json.loads(path.read_text())["units"]) >= 9
    again = open_store(path)
    left = [unit for unit in GRID if unit not in again.results]
    for unit, row in carry_out(Draw(), left, payload, jobs=1):
        again.add(unit, row)
    again.write({"n": 24})
    whole = open_store(tmp_path / "once.json")
    for unit, row in carry_out(Draw(), GRID, payload, jobs=3):
        whole.add(unit, row)
    whole.write({"n": 24})
    assert path.read_text() == whole.path.read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["once.json", "s.json"]


def test_files_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    store = open_store(path)
    store.add(Unit(1, 0, 1), {"value": 1.5})
    store.write()
    before = path.read_text()
    for changed, said in (
        ({"digests": {"weights": "y"}}, r"results made with weights x \(here y\); choose another file"),
        ({"digests": {"weights": "y" * 64}}, r"results made with .*weights.*; choose another file, or remove it"),
        ({"digests": {"weights": "x", "engine": "fast"}}, r"results made with .*engine.*; choose another file"),
        ({"form": "fake, 2"}, r"results of another version \(fake, 1\)"),
        ({"form": "true study, 1"}, "holds a fake, not a true study; choose another file, or remove it"),
        ({"items": 1}, "results of more than 1 item"),
    ):
        with pytest.raises(ScampError, match=said):
            open_store(path, **changed)
    for text in ("", "[]", "{}", before[:-20], before.replace('"chip": 1', '"chip": -1'), before.replace("1.5", '"a"')):
        path.write_text(text)
        with pytest.raises(ScampError, match=r"s\.json: .*choose another file, or remove it"):
            open_store(path)
        assert path.read_text() == text


def test_digests_tell_things_apart() -> None:
    assert digest([np.zeros(4)]) != digest([np.zeros(4, np.float32)])
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert describe(ErrorModel()) != describe(ErrorModel(limit=500))
    assert describe({"a": (np.arange(3), None, object)})["a"][1] is None
