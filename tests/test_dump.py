"""`run --dump-after` and `--trace`: what is written, when, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scamp_sim.cli import main as cli
from scamp_sim.show import dump

TEXT = """\
input image -> PIX;
kernel capture {
    get_image(A);
}
kernel more(n) {
    for i in 0..n {
        add(B, B, A);
    }
    where(B);
    MOV(R5, FLAG);
    all();
}
program {
    scamp5_in(B, 3);
    capture();
    for k in 1..3 { more(k); }
    output b = B;
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "p.scamp").write_text(TEXT)
    Image.fromarray(np.full((256, 256), 100, np.uint8)).save(tmp_path / "grey.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> int:
    return cli.main(["run", "p.scamp", "--image", "grey.png", *arguments])


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_planes_touched_by_then(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--dump-after", "3", "--out", "out") == 0
    assert names(folder / "out") == ["after-line-3", "b.png", "contact-sheet.png"]
    assert names(folder / "out/after-line-3") == ["A.png", "B.png", "NEWS.png", "PIX.png", "contact-sheet.png"]
    assert (np.asarray(Image.open(folder / "out/after-line-3/A.png")) == 128 + 50).all()
    assert (np.asarray(Image.open(folder / "out/after-line-3/B.png")) == 128 + 3).all()
    assert "planes after the line: out/after-line-3" in capsys.readouterr().out


def test_every_time_that_the_line_is_left(folder: Path) -> None:
    assert run("--dump-after", "7", "--dump-after", "16", "--out", "out") == 0
    found = [n for n in names(folder / "out") if n.startswith("after")]
    assert found == ["after-line-16-1", "after-line-16-2", "after-line-7-1", "after-line-7-2", "after-line-7-3"]
    grey = [int(np.asarray(Image.open(folder / f"out/after-line-7-{n}/B.png"))[0, 0]) - 128 for n in (1, 2, 3)]
    assert grey == [53, 103, 127]
    assert "R5.png" not in names(folder / "out/after-line-7-1")
    assert "R5.png" in names(folder / "out/after-line-7-2")


def test_frames_have_folders_of_their_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--image", "grey.png", "--dump-after", "3", "--out", "out", "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [f["dumps"] for f in document["frames"]] == [["out/001-after-line-3"], ["out/002-after-line-3"]]


def test_at_most_so_many(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump, "MOST_DUMPS", 2)
    assert run("--dump-after", "7", "--out", "out") == 0
    assert [n for n in names(folder / "out") if n.startswith("after")] == ["after-line-7-1", "after-line-7-2"]


def test_outputs_are_those_of_a_plain_run(folder: Path) -> None:
    assert run("--out", "plain") == 0
    assert run("--dump-after", "10", "--out", "out", "--trace", "trace.json") == 0
    assert (folder / "plain/b.png").read_bytes() == (folder / "out/b.png").read_bytes()
    assert json.loads((folder / "trace.json").read_text())["traceEvents"]


def test_lines_of_included_files(folder: Path) -> None:
    (folder / "steps.scamp").write_text("kernel copy {\n    mov(B, A);\n}\n")
    (folder / "p.scamp").write_text('include "steps.scamp";\nprogram { copy(); output b = B; }\n')
    assert cli.main(["run", "p.scamp", "--dump-after", "steps.scamp:2", "--out", "out"]) == 0
    assert names(folder / "out/after-steps-line-2") == ["A.png", "B.png", "NEWS.png", "contact-sheet.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dump-after", "3"], "--dump-after writes pictures; say where with --out DIR"),
        (["--dump-after", "4", "--out", "out"], "line 4 of p.scamp holds no words; the nearest that do: 3 and 7"),
        (["--dump-after", "x", "--out", "out"], "--dump-after x: write a line number, or FILE:LINE"),
        (["--dump-after", "q.scamp:3", "--out", "out"], "no words of program 'p' come from 'q.scamp'"),
        (
            ["--trace", "none/trace.json"],
            "to none/trace.json: directory none does not exist; create it first",
        ),
        (["--trace", ""], "name a file"),
    ],
)
def test_wrong_use(arguments: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # a place that cannot be written is no wrong option
    assert run(*arguments) == (1 if "--trace" in arguments else 2)
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert names(folder) == ["grey.png", "p.scamp"]


def test_the_trace_is_announced(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--trace", "trace.json") == 0
    assert "timeline: trace.json, for chrome://tracing or ui.perfetto.dev" in capsys.readouterr().out
