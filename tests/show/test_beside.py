"""`run --beside`: a chip and the ideal array, or two versions of a program, in one table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine, assemble
from scamp_sim.cli.main import main

BEFORE = """\
array 64, 64;
input image -> PIX;
kernel k { get_image(A); movx(B, A, west); sub(C, B, A); where(C); MOV(R5, FLAG); all(); }
program { k(); output edges = R5; output diff = C; output total = scamp5_global_sum_16(C); }
"""

AFTER = BEFORE.replace("movx(B, A, west); sub(C, B, A);", "subx(C, A, west, A);").replace("output diff = C;", "")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("before.scamp").write_text(BEFORE)
    Path("after.scamp").write_text(AFTER)
    np.save("clip.npy", np.random.default_rng(3).integers(0, 256, (3, 64, 64)).astype(np.uint8))
    return tmp_path


def document(capsys: pytest.CaptureFixture[str], *argv: str) -> Any:
    assert main(["run", *argv, "--image", "clip.npy", "--size", "64x64", "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)["beside"]


def test_a_chip_beside_the_ideal_array(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "before.scamp", "--errors", "scamp5", "--chip", "7", "--seed", "2", "--beside", "ideal")
    machines = (Machine((64, 64), "scamp5", chip=7, seed=2), Machine((64, 64)))
    program, planes = assemble(BEFORE), np.load("clip.npy")
    both = [[m.run(program, inputs={"image": frame}).outputs for frame in planes] for m in machines]
    diff = np.array([[f["diff"] for f in run] for run in both], np.float64)
    edges = np.array([[f["edges"] for f in run] for run in both])
    got = found["outputs"]
    assert got["edges"]["differing"] == np.count_nonzero(edges[0] != edges[1]) > 0
    assert got["edges"]["mean"] == pytest.approx(edges.mean((1, 2, 3)))
    assert got["diff"]["rms"] == pytest.approx(np.sqrt(((diff[0] - diff[1]) ** 2).mean()))
    assert got["diff"]["worst"] == pytest.approx(np.abs(diff[0] - diff[1]).max())
    assert got["diff"]["mean"] == pytest.approx(diff.mean((1, 2, 3)))
    totals = [[int(f["total"]) for f in run] for run in both]
    assert got["total"]["unequal_frames"] == sum(a != b for a, b in zip(*totals, strict=True))
    assert found["frames"] == 3


def test_two_versions(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "after.scamp", "--beside", "before.scamp")
    assert found["outputs"]["edges"]["differing"] == found["outputs"]["total"]["unequal_frames"] == 0
    assert (found["only_here"], found["only_there"]) == ([], ["diff"])
    words = [assemble(text).words for text in (AFTER, BEFORE)]
    assert found["costs"]["words"] == words
    assert words[0] < words[1]
    assert main(["run", "after.scamp", "--image", "clip.npy", "--size", "64x64", "--beside", "before.scamp"]) == 0
    table = capsys.readouterr().out.split("3 frames: after beside before")[1]
    assert f"words                          {words[0]}" in table
    assert table.count("equal") >= 3


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--beside", "ideal"], 2, "--beside ideal shows a chip beside the ideal array; say which with --errors"),
        (["--beside", "befor.scamp"], 1, "did you mean 'before.scamp'"),
        (["--beside", "before.scamp", "--chips", "1-2"], 2, "--beside records a single run"),
    ],
)
def test_what_cannot_go_beside(
    more: list[str], code: int, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "after.scamp", "--image", "clip.npy", "--size", "64x64", *more]) == code
    assert said in capsys.readouterr().err
