"""`scamp-sim system ...`, with a system that another package brings."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim.cli.main import main
from scamp_sim.systems.base import registry


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.entry_points
    point = metadata.EntryPoint("toy", "tests.systems.toy:SYSTEM", registry.GROUP)

    def points(**select: Any) -> Any:
        return [point] if select.get("group") == registry.GROUP else real(**select)

    monkeypatch.setattr(metadata, "entry_points", points)


def scamp(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    code = main([str(a) for a in argv])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def document(capsys: pytest.CaptureFixture[str], *argv: object) -> dict[str, Any]:
    code, out, err = scamp(capsys, *argv, "--format", "json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = scamp(capsys, "system", "list")
    assert code == 0
    assert "golden, circuit, scamp5:compare" in out
    listed = {s["name"]: s for s in document(capsys, "system", "list")["systems"]}
    assert listed.keys() == set(registry.names())
    assert listed["toy"]["trains"] is False


def test_run_on_a_picture(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    light = np.zeros((64, 64), np.uint8)
    light[:, 32:] = 200
    Image.fromarray(light).save(tmp_path / "photo.png")
    out = tmp_path / "out"
    # the name and the picture may stand anywhere among the options
    found = document(capsys, "system", "run", "--on", "scamp5", "toy", "--out", out, tmp_path / "photo.png")
    assert found["on"] == "scamp5:compare"
    assert found["codes"]["mean"] == 0.5
    assert found["differs_from_golden"] == {"light": 0, "codes": 0}
    assert found["cost"]["words"] == 3
    assert Path(found["files"][0]).is_file()
    code, text, _ = scamp(capsys, "system", "run", "toy", "--on", "scamp5")
    assert code == 0
    assert "light and codes equal the golden model" in text


def test_costs(capsys: pytest.CaptureFixture[str]) -> None:
    every = document(capsys, "system", "costs", "toy")["realisations"]
    assert every.keys() == {"golden", "circuit", "scamp5:compare"}
    one = document(capsys, "system", "costs", "toy", "--on", "scamp5")
    assert one["words"] == every["scamp5:compare"]["words"] == 3
    assert one["readout_bytes"] == 512
    assert one["compute_us"] == pytest.approx(sum(p["us"] for p in one["parts"] if p["phase"] == "compute"))
    assert "comparators" in scamp(capsys, "system", "costs", "toy", "--on", "circuit")[1]


def test_published(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = document(capsys, "system", "published", "toy")["rows"]
    assert row["id"] == "bits"
    assert row["published"] == row["recomputed"] == 4096
    assert "+0.0 %" in scamp(capsys, "system", "published", "toy")[1]


def test_validate(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    argv = ("system", "validate", "toy", "--on", "scamp5", "--clips", "example:3", "--out", tmp_path / "r.json")
    found = document(capsys, *argv, "--pictures", tmp_path / "worst")
    assert found["equal"] is True
    assert found["stages"]["golden"]["codes"] == {"differ": 0, "of": 3 * 4096, "share": 0.0, "worst_clip": None}
    assert [Path(p).name for p in found["pictures"]] == ["worst-light.png", "worst-codes.png"]
    code, text, _ = scamp(capsys, *argv)
    assert code == 0
    assert "0 clips run; all were in the results file" in text
    code, _, err = scamp(capsys, *argv, "--weights", "random:9")
    assert code == 1
    assert "made with level 1 (here 9)" in err


def test_one_chip_is_said_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["system", "validate", "toy", "--on", "scamp5", "--clips", "example:1", "--errors", "scamp5"]) == 0
    assert "one chip with one seed; its intervals do not say how chips differ" in capsys.readouterr().err


def test_validate_over_chips(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Comparators that are off by 20 LSB turn sites near the level, other ones on each chip."""
    argv: tuple[str, ...] = ("system", "validate", "toy", "--on", "scamp5", "--clips", "example:2")
    argv = (*argv, "--weights", "random:100")
    argv = (*argv, "--errors", "ideal:comparator_spread=20")
    found = document(capsys, *argv, "--chips", "1-3", "--seeds", 2, "--out", tmp_path / "s.json", "--jobs", 1)
    assert (found["chips"], found["seeds"], found["units"]) == ("1-3", "0-1", 12)
    differing = found["references"]["golden"]["differing"]["codes"]
    assert 0 < differing["mean"] < 0.5
    again = document(capsys, *argv, "--chips", "1-3", "--seeds", 2, "--jobs", 2)
    assert again["references"] == found["references"]
    assert "intervals of means" in scamp(capsys, *argv, "--chips", "1,2", "--out", tmp_path / "s.json")[1]


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["run", "toi"], 2, "did you mean 'toy'"),
        (["run", "toy", "--on", "silicon"], 2, "unknown realisation 'silicon'"),
        (["run", "toy", "--errors", "scamp5"], 1, "the golden model has no errors"),
        (["run", "toy", "--weights", "mine.npz"], 1, "expected random:LEVEL"),
        (["run", "toy", "nowhere.png"], 1, "no such file"),
        (["run", "toy", "--seed", "-1", "--on", "scamp5"], 2, "expected an integer in 0..4294967295, got '-1'"),
        (["train", "toy"], 1, "cannot be trained"),
        (["validate", "toy", "--on", "golden"], 1, "is what others are compared with"),
        (["validate", "toy", "--clips", "example:0"], 1, "expected a number of clips in 1..10000"),
        (["validate", "toy", "--clips", "clips.txt"], 1, "expected a folder of pictures"),
        (["validate", "toy", "--plot", "p.png"], 2, "add --chips LIST"),
        (["validate", "toy", "--chips", "1", "--pictures", "p"], 2, "--pictures shows one run"),
        (["run", "toy", "--channels", "4"], 2, "unrecognized arguments"),
        (["run"], 2, "NAME"),
        (["juggle", "toy"], 2, "invalid choice"),
    ],
)
def test_mistakes(capsys: pytest.CaptureFixture[str], argv: list[str], code: int, message: str) -> None:
    got, _, err = scamp(capsys, "system", *argv)
    assert got == code
    assert message in err
