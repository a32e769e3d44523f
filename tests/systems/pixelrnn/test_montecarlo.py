"""The network over chips: what is counted, that it goes on, and the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim import ScampError
from scamp_sim.cli import main as cli
from scamp_sim.cli import studies
from scamp_sim.study.grid import Unit, make_grid
from scamp_sim.systems.base.study import work
from scamp_sim.systems.base.study.chipstudy import ChipStudy
from scamp_sim.systems.base.study.results import ARRAY, GOLDEN, Record, Shape
from scamp_sim.systems.base.study.work import Work
from scamp_sim.systems.pixelrnn.data.clips import ClipSet, read_clips
from scamp_sim.systems.pixelrnn.params import Weights
from scamp_sim.systems.pixelrnn.study import measure

WEIGHTS = Weights.random(3, classes=9)
SHAPE = Shape(dict.fromkeys("xbfh", 16 * 4096) | {"o": 4096}, "o", "tap products", 16)


@pytest.fixture(scope="module")
def clips() -> ClipSet:
    found = read_clips("synthetic:1:4")
    assert found.labels is not None
    return ClipSet(found.input[:3], found.names[:3], found.source, found.labels[:3], found.classes)


def row(chip: int, seed: int, item: int, label: int | None = 0) -> dict[str, Any]:
    """Chip c is right where item < c, but for seed 1, which is wrong for item 0; c bits of b differ in each frame."""
    right = item < chip and not (seed == 1 and item == 0)
    differ = {s: [0] * 16 for s in ("x", "f", "h")} | {"b": [chip] * 16, "o": [100 * chip + seed]}
    classes = {ARRAY: 0 if right else 1, GOLDEN: 0 if item else 1}
    return {
        "name": str(item),
        "label": label,
        "differ": {GOLDEN: differ},
        "largest": {GOLDEN: 1.0},
        "classes": classes,
        "rms": {GOLDEN: 0.5 * chip},
    }


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """Rows in place of measurements; the units that were run."""
    ran: list[tuple[int, int, int]] = []

    def bench(self: Work, chip: int) -> Any:
        def one(seed: int, item: int, clip: Any) -> Mapping[str, Any]:
            ran.append((chip, seed, item))
            return row(chip, seed, item)

        return one

    monkeypatch.setattr(Work, "bench", bench)
    return ran


def study(chips: Any, seeds: Any, items: int = 3, label: int | None = 0) -> ChipStudy:
    grid = make_grid(chips, seeds, items)
    return ChipStudy({}, grid, {u: Record(clip=u.item, **row(*u, label=label)) for u in grid}, SHAPE)


# --- what is counted ----------------------------------------------------------------------------------------------


def test_accuracy_over_chips() -> None:
    found = study([1, 2, 3], [0, 1])
    assert [a.share for a in found.accuracies] == [pytest.approx(v) for v in (1 / 6, 1 / 2, 5 / 6)]
    seeds: Any = found.accuracies[2].seeds
    assert seeds == (1.0, pytest.approx(2 / 3))
    assert found.accuracies[0].interval.method == "Wilson over 3 clips"
    accuracy = found.accuracy
    assert accuracy is not None
    moments: Any = (accuracy.mean, accuracy.sd)
    assert moments == (pytest.approx(0.5), pytest.approx(1 / 3))
    assert accuracy.interval is not None
    assert accuracy.interval.method == "Student's t over 3 chips"
    assert (accuracy.interval.low, accuracy.interval.high) == (0, 1)
    assert found.seed_spread == pytest.approx(np.std([0, 1 / 3], ddof=1))
    assert found.right(GOLDEN) == pytest.approx(2 / 3)
    same = found.agreement(GOLDEN)
    assert same is not None
    assert found.classes == {1: 9, 0: 9}


def test_one_chip_has_the_interval_of_its_clips() -> None:
    found = study([2], [0])
    assert found.accuracy is not None
    assert found.accuracy.interval == found.accuracies[0].interval
    assert found.seed_spread is None
    assert found.differing(GOLDEN, "b").interval is None
    assert "Wilson over 3 clips, of shares of clips" in found.text()


def test_differing_bits_over_chips() -> None:
    found = study([2, 4], [0, 1])
    assert found.differing(GOLDEN, "b").mean == pytest.approx(3 / 4096)
    assert found.differing(GOLDEN, "o").low == pytest.approx(200.5 / 4096)
    assert found.rms(GOLDEN).mean == 1.5
    summary = found.summary()
    assert summary["references"][GOLDEN]["differing"]["b"]["max"] == pytest.approx(4 / 4096)
    assert json.loads(json.dumps(summary)) == summary
    text = found.text()
    for part in ("right class", "same class as golden", "chip by chip", "golden model (G)", "rms difference"):
        assert part in text


def test_without_labels_there_is_no_accuracy() -> None:
    found = study([1, 2], [0], label=None)
    assert (found.accuracy, found.accuracies, found.right(GOLDEN)) == (None, (), None)
    assert found.summary()["accuracy"] is None
    assert "right class" not in found.text()
    assert "same class as golden" in found.text()


# --- the study ----------------------------------------------------------------------------------------------------


def test_without_errors_every_chip_is_the_golden_model(clips: ClipSet, tmp_path: Path) -> None:
    texts = []
    for jobs in (1, 3):
        path = tmp_path / f"{jobs}.json"
        found = measure(WEIGHTS, clips, chips=[1, 5], seeds=[0, 1], jobs=jobs, out=path)
        assert found.ran == 12
        assert all(found.differing(GOLDEN, s).high == 0 for s in ("x", "b", "f", "h", "o"))
        assert found.rms(GOLDEN).high == 0
        texts.append(path.read_text())
    assert texts[0] == texts[1]
    assert "NaN" not in texts[0]


def test_a_study_on_dask_is_the_same(clips: ClipSet, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    local = distributed.LocalCluster(1, threads_per_worker=2, dashboard_address="127.0.0.1:0", silence_logs="CRITICAL")
    with local, distributed.Client(local, set_as_default=False) as client:
        for cluster, name in ((client, "dask"), (None, "threads")):
            measure(WEIGHTS, clips, chips=[1, 2], cluster=cluster, out=tmp_path / name, limit=2)
    assert (tmp_path / "dask").read_text() == (tmp_path / "threads").read_text()


def test_an_interrupted_study_goes_on(clips: ClipSet, tmp_path: Path, fake: list[Any]) -> None:
    path = tmp_path / "s.json"
    left = 4

    def stop() -> None:
        nonlocal left
        left -= 1
        if not left:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(WEIGHTS, clips, chips=[1, 2, 3], seeds=[0, 1], jobs=1, out=path, advance=stop)
    document = json.loads(path.read_text())
    assert len(document["units"]) == 4
    assert document["summary"] is None
    fake.clear()
    found = measure(WEIGHTS, clips, chips=[1, 2, 3], seeds=[0, 1], jobs=2, out=path)
    assert (found.ran, len(fake)) == (14, 14)
    measure(WEIGHTS, clips, chips=[1, 2, 3], seeds=[0, 1], jobs=3, out=tmp_path / "once.json")
    assert path.read_text() == (tmp_path / "once.json").read_text()
    # fewer chips of the same file, and more
    fake.clear()
    assert measure(WEIGHTS, clips, chips=[2], seeds=[1], out=path).grid.chips == (2,)
    assert not fake
    assert measure(WEIGHTS, clips, chips=[2, 9], seeds=[1], out=path).ran == 3


def test_studies_of_something_else_are_refused(clips: ClipSet, tmp_path: Path, fake: list[Any]) -> None:
    path = tmp_path / "s.json"
    measure(WEIGHTS, clips, chips=[1], out=path)
    with pytest.raises(ScampError, match="made with other weights"):
        measure(Weights.random(4, classes=9), clips, chips=[1], out=path)
    with pytest.raises(ScampError, match="made with other options"):
        measure(WEIGHTS, clips, chips=[1], out=path, level=120)
    path.write_text(path.read_text().replace('"differ": {', '"differs": {'))
    with pytest.raises(ScampError, match="not the results of a study"):
        measure(WEIGHTS, clips, chips=[1], out=path)
    with pytest.raises(ScampError, match=r"limit must be .*at least 1, got 0"):
        measure(WEIGHTS, clips, chips=[1], limit=0)
    with pytest.raises(ScampError, match="labels go up to"):
        measure(Weights.random(1, classes=2), clips, chips=[1])


def test_few_models_are_remembered(clips: ClipSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "REMEMBERED", 1)
    assert measure(WEIGHTS, clips, chips=[1, 2], limit=2, jobs=1).rms(GOLDEN).high == 0


# --- the command line ---------------------------------------------------------------------------------------------


def run(*argv: object) -> int:
    return cli.main([str(a) for a in argv])


VALIDATE = ("validate", "pixelrnn", "--weights", "random", "--clips", "synthetic:1")


def test_validate(tmp_path: Path, capsys: pytest.CaptureFixture[str], fake: list[Any]) -> None:
    out, plot = tmp_path / "s.json", tmp_path / "s.png"
    argv = (*VALIDATE, "--chips", "1-3,7", "--seeds", "2", "--limit", 3, "--out", out, "--plot", plot)
    assert run(*argv) == 0
    said = capsys.readouterr()
    assert "4 chips (1-3,7) x 2 seeds (0-1) x 3 clips of synthetic:1, 384 frames" in said.out
    assert "chip by chip" in said.out
    assert "Student's t over 4 chips" in said.out
    assert "errors are ideal: all chips and seeds are the same" in said.err
    with Image.open(plot) as drawn:
        assert drawn.width > 1000
    assert run(*argv, "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["chips"] == "1-3,7"
    assert document["accuracy"]["interval_95"]["method"] == "Student's t over 4 chips"
    assert document["results"] == str(out)
    assert len(fake) == 24
    assert run(*argv) == 0
    assert "all 24 units were already in the results" in capsys.readouterr().out


def test_run_the_network(tmp_path: Path, capsys: pytest.CaptureFixture[str], fake: list[Any]) -> None:
    argv = ("run", "pixelrnn", "--weights", "random", "--clip", "flat/leftward", "--chips", "1-3", "--seeds", "2")
    assert run(*argv, "--out", tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert "3 chips (1-3) x 2 seeds (0-1), flat/leftward, drawn with seed 0" in said
    assert "predicted classes, of 6: " in said
    assert json.loads((tmp_path / "out" / "study.json").read_text())["summary"]["units"] == 6
    assert run(*argv, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["program"] == "pixelrnn"


def test_one_chip_and_a_first_seed_go_with_seeds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fake: list[Any]
) -> None:
    assert run(*VALIDATE, "--limit", 1, "--chip", 7, "--seed", 9, "--seeds", 2) == 0
    assert sorted(fake) == [(7, 9, 0), (7, 10, 0)]
    assert "1 chip (7) x 2 seeds (9-10)" in capsys.readouterr().out


def test_engine_and_prices_of_the_command_are_those_of_a_study(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ("run", "pixelrnn", "--weights", "random", "--clip", "flat/leftward", "--chips", "1", "--format", "json")
    assert run(*argv, "--engine", "nonsense") == 2
    assert run(*argv, "--timing", "kim") == 2
    assert "unknown" in capsys.readouterr().err
    assert run(*argv) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["engine"], document["timing"]) == ("fast", "scamp5d")


@pytest.mark.parametrize(
    ("code", "argv", "said"),
    [
        (2, ("--chips", "one"), "--chips one: 'one' is not valid; serials are integers from 0"),
        (2, ("--chips", "1.5"), "--chips 1.5: '1.5' is not valid"),
        (2, ("--chips", "1", "--seeds", "x"), "--seeds x: 'x' is not valid; write how many"),
        (2, ("--chips", "1", "--jobs", "0"), "--jobs: expected an integer of at least 1, got '0'"),
        (2, ("--chips", "1", "--seed", "-1"), "expected an integer in 0..4294967295, got '-1'"),
        (2, ("--chips", "1", "--pictures", "p"), "--pictures shows a single run"),
        (2, ("--chips", "1", "--plot", "p.txt"), "name it .png, .pdf or .svg"),
        (2, ("--plot", "p.png"), "--plot draws a study over chips; add --chips"),
        (2, ("--chip", "7", "--chips", "1-3"), "--chip 7 with --chips 1-3: choose one"),
        (2, ("--chip", "0", "--chips", "1-3"), "--chip 0 with --chips 1-3: choose one"),
        (
            2,
            ("--seed", "9", "--seeds", "2-3"),
            "--seed 9 with --seeds 2-3, which says which seeds: leave --seed out, or",
        ),
        (2, ("--seed", "0", "--seeds", "1,4"), "--seed 0 with --seeds 1,4, which says which seeds"),
        (2, ("--chips", "1", "--cluster", "host"), "--cluster host: not the address of a Dask scheduler"),
        (1, ("--seeds", "2", "--out", "no/such/s.json"), "does not exist; create it first"),
    ],
)
def test_what_cannot_be_asked(
    code: int,
    argv: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "host" in argv:
        pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    out = () if "--out" in argv else ("--out", "s.json")
    assert run(*VALIDATE, *out, *argv) == code
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_without_dask_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    monkeypatch.chdir(tmp_path)
    assert run(*VALIDATE, "--chips", "1", "--out", "s.json", "--cluster") == 1
    assert 'pip install -e ".[cluster]"' in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# --- a program ----------------------------------------------------------------------------------------------------


def test_run_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.full((256, 256), 90, np.uint8)).save(tmp_path / "grey.png")
    out = tmp_path / "out"
    argv = ("run", "threshold", "--image", tmp_path / "grey.png", "--chips", "1-2", "--out", out)
    assert run(*argv, "--seeds", "2") == 0
    said = capsys.readouterr().out
    assert "2 chips (1-2) x 2 seeds (0-1)" in said
    assert "differing" in said
    assert "took" in said
    assert sorted(p.name for p in out.iterdir()) == ["planes.npz", "study.json", "study.png", "units"]
    assert len(list((out / "units").iterdir())) == 4
    with np.load(out / "planes.npz") as planes:
        assert {name.split(".")[1] for name in planes.files} == {"ideal", "mean", "deviation", "temporal_sd", "chip_sd"}
    first = json.loads((out / "study.json").read_text())
    assert run(*argv, "--seeds", "3", "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["units"] == 6
    assert first["outputs"].keys() == document["outputs"].keys()
    # another program in the same folder
    assert run("run", "edges", "--image", tmp_path / "grey.png", "--chips", "1", "--out", out) == 1
    assert "results made with other program; choose another folder, or remove it" in capsys.readouterr().err
    (out / "study.json").unlink()
    assert run(*argv) == 1
    assert "is there, but not study.json" in capsys.readouterr().err


def test_a_study_of_a_chip_shows_rails_and_spreads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (256, 1))).save(tmp_path / "ramp.png")
    out = tmp_path / "out"
    argv = ("run", "edges", "--image", tmp_path / "ramp.png", "--errors", "scamp5", "--chips", "1-3", "--seeds", "2")
    assert run(*argv, "--out", out) == 0
    assert "PEs at the rails of the converter: " in capsys.readouterr().out
    assert json.loads((out / "study.json").read_text())["outputs"]["edges"]["at_rails_ideal"] < 0.1
    with np.load(out / "planes.npz") as planes:
        spread = planes["edges.chip_sd"]
    scale = studies._scale("chip_sd", spread)
    assert scale is not None
    assert scale[1] == np.percentile(spread, 99)
    # half of the PEs are brighter than a quarter of the scale
    assert np.median(spread) > scale[1] / 4
    assert studies._scale("mean", spread) is None
    assert studies._scale("chip_sd", np.zeros((64, 64))) is None


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--chips", "1", "--planes"), "--planes records a single run"),
        (("--jobs", "2"), "--jobs are for a study over chips"),
        (("--chips", "a"), "'a' is not valid"),
        (("--chip", "7", "--chips", "1-3"), "--chip 7 with --chips 1-3: choose one"),
        (("--chips", "1", "--seed", "9", "--seeds", "2-3"), "--seed 9 with --seeds 2-3, which says which seeds"),
        (("--chips", "1", "--cluster", "tcp://x"), "not the address of a Dask scheduler"),
    ],
)
def test_what_a_program_cannot_be_asked(
    argv: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "--cluster" in argv:
        pytest.importorskip("distributed")
    Image.fromarray(np.full((256, 256), 90, np.uint8)).save(tmp_path / "grey.png")
    assert run("run", "threshold", "--image", tmp_path / "grey.png", "--out", tmp_path / "out", *argv) == 2
    assert said in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["grey.png"]


def test_units_are_told_apart() -> None:
    assert Unit(1, 2, 3)._asdict() == {"chip": 1, "seed": 2, "item": 3}


# --- with the errors of a chip ------------------------------------------------------------------------------------


def test_chips_differ_and_nothing_else_matters(clips: ClipSet, tmp_path: Path) -> None:
    """Same text on one thread and two; a unit alone is the unit in a study."""
    texts = []
    for jobs in (1, 2):
        path = tmp_path / str(jobs)
        found = measure(WEIGHTS, clips, chips=[3, 8], seeds=[0, 1], errors="scamp5", jobs=jobs, limit=1, out=path)
        texts.append(path.read_text())
    assert texts[0] == texts[1]
    outcomes = list(found.outcomes.values())
    assert len({str(o.differ) for o in outcomes}) == len(outcomes)
    alone = measure(WEIGHTS, clips, chips=[8], seeds=[1], errors="scamp5", limit=1)
    unit = Unit(8, 1, 0)
    assert alone.outcomes[unit] == found.outcomes[unit]
    with pytest.raises(ScampError, match=r"results made with other .*errors"):
        measure(WEIGHTS, clips, chips=[3], errors="scamp5:write_noise=0.5", out=tmp_path / "1")
