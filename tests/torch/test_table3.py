"""Table 3 on a tiny setting: what is counted, what is kept, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("torch")

from scamp_sim.cli import main as cli
from scamp_sim.exceptions import ProgramError
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.data.clips import ClipSet
from scamp_sim.systems.pixelrnn.paper import table3 as t3
from scamp_sim.systems.pixelrnn.paper.table3 import Row, Study, Table3, table3
from scamp_sim.systems.pixelrnn.paper.table3_networks import KINDS
from scamp_sim.systems.pixelrnn.paper.table3_result import DECODERS, PLACES, SYNTHETIC
from scamp_sim.systems.pixelrnn.params import Weights
from scamp_sim.systems.pixelrnn.train.measurement import origin
from scamp_sim.systems.pixelrnn.train.noise import Stage, StageErrors

TINY: dict[str, Any] = {"chips": (1, 2), "tests": 1, "refits": 1, "threads": 1}


@pytest.fixture(autouse=True)
def _no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCAMP_SIM_DATA", raising=False)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Chips that were asked for planes; they are noise, which is quicker than an array."""
    asked: list[int] = []

    def planes(self: Any, chip: int, trial: Any, jobs: int | None) -> npt.NDArray[np.float32]:
        asked.append(chip)
        generator = np.random.Generator(np.random.Philox(chip))
        return generator.normal(0, 5, (len(trial.clips), 64, 64)).astype(np.float32)

    monkeypatch.setattr(t3._Planes, "planes", planes)
    monkeypatch.setattr(t3._Planes, "digest", "programs")  # assembling and calibrating takes seconds
    monkeypatch.setattr(t3, "_simulated", lambda weights, trial: planes(None, 0, trial, None))
    return asked


def row(kind: str, place: str, decoder: str, *right: tuple[float, ...], data: str = SYNTHETIC) -> Row:
    return Row(data, kind, place, decoder, right, 90)


def test_what_is_lost_and_won_back() -> None:
    found = Table3(
        Study(chips=(1, 2)),
        {"plain": ("a", "b"), "trained": ("c",)},
        (
            row("plain", "simulation", "own", (0.9,), (0.8,)),
            row("plain", "chips", "own", (0.6, 0.5), (0.7, 0.6)),
            row("trained", "chips", "own", (0.8, 0.85)),
        ),
    )
    (balance,) = found.balances
    assert balance.decoder == "own"
    assert balance.loss == pytest.approx(0.25)
    assert balance.losses == pytest.approx((0.35, 0.15))
    assert balance.better == pytest.approx(0.825 - 0.6)
    assert balance.regained is None  # of two networks that lose 0.35 and 0.15: it may be nothing
    plain = found.find("plain", "chips", "own")
    assert plain is not None
    assert plain.of_chips == pytest.approx((0.65, 0.55))
    assert plain.of_networks == pytest.approx((0.55, 0.65))
    assert "Student's t over 2 chips" in plain.interval.method
    clean = Table3(Study(chips=(1,)), {}, (row("plain", "simulation", "own", (0.9,)),)).rows[0]
    assert "Wilson over 90 clips" in clean.interval.method
    text = found.text()
    assert "chips cost the plain network 25.0 points; on chips the noise-trained one is +22.5 points away" in text
    assert "85.6" in text  # of the paper, beside the simulation


def test_nothing_lost_is_nothing_to_win_back() -> None:
    rows = (
        row("plain", "simulation", "own", (0.8,)),
        row("plain", "chips", "own", (0.8, 0.8)),
        row("trained", "chips", "own", (0.9, 0.9)),
    )
    (balance,) = Table3(Study(chips=(1, 2)), {}, rows).balances
    assert balance.regained is None
    rows = (row("plain", "simulation", "own", (0.9,)), *rows[1:])
    (balance,) = Table3(Study(chips=(1, 2)), {}, rows).balances
    assert balance.regained == pytest.approx(1)


def test_rows_and_resumption(tmp_path: Path, counted: list[int]) -> None:
    results = tmp_path / "t.json"
    options: dict[str, Any] = {"plain": ["random:1"], "trained": ["random:2"], "results": results}
    found = table3(Study(**TINY), **options)
    assert [(r.kind, r.place, r.decoder) for r in found.rows] == [
        (k, p, d) for k in KINDS for p in PLACES for d in DECODERS
    ]
    assert counted == [0, 1, 2, 0, 1, 2]  # 0: the simulation
    assert found.ran == 6
    assert all(r.clips == 9 for r in found.rows)
    again = table3(Study(**{**TINY, "chips": (1, 2, 3)}), **options)  # more chips go on in the same file
    assert counted[6:] == [3, 3]
    assert again.ran == 2
    one = again.find("plain", "chips", "own")
    assert one is not None
    assert one.right[0][:2] == found.rows[2].right[0]
    with pytest.raises(ProgramError, match=r"errors scamp5 \(here scamp5:write_noise=0\.5\), other drawn errors"):
        table3(Study(**TINY, errors="scamp5:write_noise=0.5"), **options)
    with pytest.raises(ProgramError, match=r"made with threads 1 \(here 2\); choose another file"):  # of re-fitting
        table3(Study(**{**TINY, "threads": 2}), **options)


def test_each_part_of_the_authors_clips_is_tried_once() -> None:
    labels = np.repeat(np.arange(9), 5)
    clips = ClipSet(np.zeros((45, 1), np.uint8), tuple(map(str, range(45))), "them", labels)
    trial = t3._folds(clips)
    assert sorted(trial.tested.tolist()) == list(range(45))
    for fit, test in trial.parts:
        assert not set(fit) & set(test)
        assert sorted(labels[test].tolist()) == list(range(9))


def test_planes_of_chips_without_errors_to_speak_of_are_the_golden_ones() -> None:
    w = Weights.random(1, classes=9)
    from scamp_sim.study import chips as kinds
    from scamp_sim.systems.pixelrnn.data.clips import read_clips

    clips = read_clips("synthetic:1:3")
    assert clips.labels is not None
    trial = t3._trial(clips.input[:2], clips.labels[:2], [(np.array([0]), np.array([1]))])
    o = t3._Planes(w, "macropixel", False, kinds.portable("ideal")).planes(1, trial, 1)
    assert np.array_equal(o, t3._simulated(w, trial))
    assert np.array_equal(o[0], golden.encode(golden.binarise(clips.input[0]), w).o)


def test_networks_are_trained_and_kept(tmp_path: Path, counted: list[int]) -> None:
    results = tmp_path / "t.json"
    study = Study(**TINY, epochs=1, clips=1, noise="authors")
    found = table3(study, results=results)
    assert found.networks == {"plain": ("t-plain-0.npz",), "trained": ("t-trained-0.npz",)}
    before = (tmp_path / "t-trained-0.npz").read_bytes()
    assert table3(study, results=results).ran == 0
    assert (tmp_path / "t-trained-0.npz").read_bytes() == before
    results.unlink()  # the networks know by themselves how they were trained
    with pytest.raises(ProgramError, match=r"t-plain-0\.npz: made with epochs 1 \(here 2\); name other --results"):
        table3(Study(**TINY, epochs=2, clips=1, noise="authors"), results=results)
    with pytest.raises(ProgramError, match=r"t-trained-0\.npz: made with other noise; name other --results"):
        table3(Study(**TINY, epochs=1, clips=1, noise="none"), results=results)
    (tmp_path / "t-plain-1.npz").write_bytes((tmp_path / "t-plain-0.npz").read_bytes())
    with pytest.raises(ProgramError, match=r"t-plain-1\.npz: made with seed 0 \(here 1\)"):
        table3(Study(**TINY, epochs=1, clips=1, noise="authors", seeds=2), results=results)
    Weights.random(1, classes=9).save(tmp_path / "t-plain-0.npz")
    with pytest.raises(ProgramError, match=r"t-plain-0\.npz: they do not say how they were trained"):
        table3(study, results=results)


def test_a_noise_file_counts_by_its_contents(tmp_path: Path, counted: list[int]) -> None:
    results, noise = tmp_path / "t.json", tmp_path / "n.json"
    StageErrors.authors().save(noise)
    study = Study(**TINY, epochs=1, clips=1, noise=str(noise))
    table3(study, results=results)
    StageErrors.authors().scaled(2).save(noise)
    with pytest.raises(ProgramError, match=r"t-trained-0\.npz: made with other noise"):
        table3(study, results=results)


def test_a_kept_measurement_is_of_one_profile(
    tmp_path: Path, counted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(weights: Weights | None, profile: str, mapping: str, front_end: bool) -> StageErrors:
        measured.append(profile)
        measured_on = origin(profile, mapping=mapping, front_end=front_end)
        return StageErrors(cnn=Stage(0.1), name=profile, measured=measured_on)

    measured: list[str] = []
    monkeypatch.setattr("scamp_sim.systems.pixelrnn.train.measurement.measure", measure)
    results, study = tmp_path / "t.json", Study(**TINY, epochs=1, clips=1)
    table3(study, results=results)
    table3(study, results=results)
    assert measured == ["scamp5"]
    results.unlink()
    with pytest.raises(ProgramError, match=r"t-noise\.json: errors that were not measured on scamp5:write_noise=0\.5"):
        table3(Study(**TINY, epochs=1, clips=1, noise="scamp5:write_noise=0.5"), results=results)
    other: dict[str, Any]
    for other in ({"mapping": "macropixel:raw"}, {"front_end": True}):  # the same errors, of other programs
        with pytest.raises(ProgramError, match=r"t-noise\.json: errors that were not measured on scamp5 "):
            table3(Study(**{**TINY, **other}, epochs=1, clips=1), results=results)


def test_one_network_does_not_count_twice(tmp_path: Path, counted: list[int]) -> None:
    Weights.random(1, classes=9).save(tmp_path / "w.npz")
    twice: list[dict[str, Any]] = [
        {"plain": ["random:1", "random:1"]},
        {"plain": ["random:1"], "trained": [str(tmp_path / "w.npz")]},
    ]
    for options in twice:
        with pytest.raises(ProgramError, match=r"plain random:1 and .* are the same network"):
            table3(Study(**TINY), **options)
    assert not counted


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], counted: list[int]) -> None:
    argv = [
        "report",
        "table3",
        "--plain",
        "random:1",
        "--trained",
        "random:2",
        "random:3",
        "--chips",
        "1-2",
        "--tests",
        "1",
        "--refit-clips",
        "1",
        "--threads",
        "1",
    ]
    assert cli.main([*argv, "--plot", str(tmp_path / "t.png")]) == 0
    text = capsys.readouterr().out
    assert "synthetic gestures, 9 to try on" in text
    assert (tmp_path / "t.png").stat().st_size > 10_000
    assert cli.main([*argv, "--format", "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert {"format", "errors", "chips", "networks", "rows", "balance", "paper", "plot"} <= set(record)
    assert record["chips"] == "1-2"
    assert len(record["rows"]) == 8
    chips = record["rows"][6]
    assert (chips["network"], chips["where"], chips["decoder"]) == ("trained", "chips", "own")
    assert np.shape(chips["accuracy"]) == (2, 2)
    assert chips["over_chips"]["n"] == chips["over_networks"]["n"] == 2


def test_wrong_requests_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(*argv: object, code: int = 2) -> str:
        assert cli.main(["report", *map(str, argv)]) == code
        return capsys.readouterr().err

    assert "name them with --plain and --trained" in fails("table3", "--weights", "random")
    assert "--epochs is for networks that are trained here" in fails("table3", "--plain", "random", "--epochs", 3)
    assert "--tests: expected an integer of at least 1" in fails("table3", "--tests", 0)
    assert "every chip is the simulation" in fails("table3", "--errors", "ideal")
    assert "unknown" in fails("table3", "--errors", "scamp6")
    assert "3-1 runs backwards" in fails("table3", "--chips", "3-1")
    assert "name it .png" in fails("table3", "--plot", tmp_path / "t.gif")
    assert "unknown mapping 'macro'" in fails("table3", "--mapping", "macro")
    assert "unknown noise 'autors'; did you mean 'authors'" in fails("table3", "--noise", "autors")
    assert "--refit-clips: expected an integer of at least 1" in fails("table3", "--refit-clips", 0)
    assert "--plain is for table3, not for figure2" in fails("figure2", "--plain", "random")
    assert "no such file" in fails("table3", "--plain", tmp_path / "none.npz", code=1)
    (tmp_path / "r.json").write_text("[]")
    assert "not the results of table3" in fails("table3", "--plain", "random", "--results", tmp_path / "r.json", code=1)
