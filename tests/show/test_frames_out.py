"""Frames out: videos, strips and tables of `run`, all of them or none."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import scamp_sim
from scamp_sim.cli.main import main
from scamp_sim.show.frames.write import Strip, columns, timed
from tests.show.test_frames import film

PROGRAM = """\
input image -> PIX;
kernel k { get_image(A); movx(B, A, west); sub(C, A, B); abs(D, C); where(D, E); MOV(R5, FLAG); all(); }
program {
    scamp5_in(E, 0);
    k();
    output edges = R5;
    output grey = A;
    output where_they_are = scamp5_scan_events(R5, 4);
}
"""


def run(*argv: object) -> int:
    return main([str(a) for a in argv])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program, and a clip of a bright square that moves to the right."""
    monkeypatch.chdir(tmp_path)
    Path("p.scamp").write_text(PROGRAM.replace("where(D, E)", "sub(D, D, E); where(D)"))
    frames = np.zeros((6, 64, 64), np.uint8)
    for n in range(6):
        frames[n, 20:30, 8 * n : 8 * n + 8] = 200
    np.save("clip.npy", frames)
    return tmp_path


def test_what_a_clip_leaves(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "p.scamp", "--image", "clip.npy", "--size", "64x64", "--out", "out", "--fps", "10") == 0
    shown = capsys.readouterr().out
    assert "6 frames: clip.npy#1 .. clip.npy#6" in shown
    assert "edges.ones" in shown
    names = {p.name for p in Path("out").iterdir()}
    assert {"001-edges.png", "006-edges.png", "film-strip.png", "frames.csv", "events.csv"} <= names
    assert not any("contact" in name or name.startswith(".") for name in names)
    rows = list(csv.DictReader(Path("out/frames.csv").read_text().splitlines()))
    assert [row["image"] for row in rows] == [f"clip.npy#{n}" for n in range(1, 7)]
    with Image.open("out/004-edges.png") as picture:
        assert int(rows[3]["edges.ones"]) == (np.asarray(picture) > 0).sum()
    events = list(csv.DictReader(Path("out/events.csv").read_text().splitlines()))
    assert {e["frame"] for e in events} == {str(n) for n in range(1, 7)}
    assert all(0 <= int(e["row"]) < 64 for e in events)


INDEXED = """\
kernel grab { get_image(A); }
kernel edge(d) { movx(B, A, d); sub(C, A, B); where(C); MOV(R5, FLAG); all(); }
program {
    grab();
    for d in {north, west} { edge(d); output edges[d] = R5; output sum[d] = scamp5_global_sum_16(C); }
}
"""


def test_outputs_of_a_loop_are_in_everything(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("loop.scamp").write_text(INDEXED)
    argv = ("run", "loop.scamp", "--image", "clip.npy", "--frames", "2", "--size", "64x64")
    assert (
        run(*argv, "--out", "out", "--video", "o.gif", "--video-of", "edges_north,edges_west", "--format", "json") == 0
    )
    frames = json.loads(capsys.readouterr().out)["frames"]
    for n, frame in enumerate(frames, 1):
        # the square of ten rows is brighter than what lies north of its first row, and west of its first column
        assert [frame["outputs"][f"edges_{d}"]["ones"] for d in ("north", "west")] == [8, 10], n
        assert Path(f"out/{n:03}-edges_west.png").is_file()
    (row, _) = csv.DictReader(Path("out/frames.csv").read_text().splitlines())
    assert {"edges_north.ones", "edges_west.ones", "sum_north", "sum_west"} <= row.keys()
    assert next(iter(scamp_sim.frames("o.gif"))).shape == (64, 64 + 8 + 64)


def test_an_animation_of_chosen_planes(folder: Path) -> None:
    argv = ("run", "p.scamp", "--image", "clip.npy", "--size", "64x64")
    assert run(*argv, "--video", "o.gif", "--video-of", "image,edges", "--fps", "20") == 0
    found = scamp_sim.frames("o.gif")
    assert found.fps == pytest.approx(20)
    first = next(iter(found))
    assert first.shape == (64, 64 + 8 + 64)
    assert (first[20:30, :8] > 150).all()
    assert set(np.unique(first[:, 72:])) <= {0, 255}
    assert run(*argv, "--video", "s.gif", "--video-of", "sheet") == 0
    assert next(iter(scamp_sim.frames("s.gif"))).shape[1] > 256


@pytest.mark.parametrize("fps", [7, 24, 25, 30, 60, 500, 0.001])
def test_an_animation_lasts_as_long_as_its_frames(fps: float) -> None:
    taken, shown = timed(120, fps)
    assert sum(shown) == pytest.approx(min(120_000 / fps, 120 * 655_350), abs=25)
    assert min(shown) >= 20  # players take less for ten
    assert taken == sorted(set(taken))
    assert fps > 50 or taken == list(range(120))
    assert timed(1, 1000) == ([0], [20])


def test_the_rate_of_an_animation_is_that_of_several_frames(tmp_path: Path) -> None:
    first, *rest = [Image.fromarray(np.full((8, 8), 20 * n, np.uint8)) for n in range(10)]
    first.save(tmp_path / "a.gif", save_all=True, append_images=rest, duration=[40, 40, 50] * 3 + [40], loop=0)
    assert scamp_sim.frames(tmp_path / "a.gif").fps == pytest.approx(1000 / 43.3, rel=0.01)


def test_a_video_comes_back_as_it_was_written(folder: Path) -> None:
    pytest.importorskip("av")
    argv = ("run", "p.scamp", "--image", "clip.npy", "--size", "64x64", "--fps", "12")
    for name in ("o.mp4", "o.mkv"):
        assert run(*argv, "--video", name, "--video-of", "grey") == 0
        found = scamp_sim.frames(name)
        assert found.fps == pytest.approx(12)
        planes = list(found)
        assert len(planes) == 6
        assert planes[2][25, 20] > planes[2][50, 20] + 50


def test_videos_in_and_programs_without_pictures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film(folder / "v.mp4", [np.full((48, 64), 100, np.uint8)] * 7, fps=7)
    assert run("run", "p.scamp", "--image", "v.mp4", "--size", "64x64", "--resize", "--format", "json") == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert len(document["frames"]) == 7
    assert document["fps"] == 7
    assert captured.err.count("pictures of 48x64 are cropped at the centre and scaled to 64x64") == 1
    Path("n.scamp").write_text("kernel k { add(A, B, C); } program { k(); output a = A; }")
    assert run("run", "n.scamp", "--size", "64x64", "--frames", "3", "--format", "json") == 0
    assert len(json.loads(capsys.readouterr().out)["frames"]) == 3


def test_several_names_after_one_option(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for n in range(3):
        Image.fromarray(np.full((64, 64), n, np.uint8)).save(f"{n}.png")
    for argv in (
        ("run", "p.scamp", "--image", "0.png", "1.png", "2.png", "--size", "64x64"),
        ("run", "--size", "64x64", "--image", "0.png", "1.png", "--image", "2.png", "p.scamp"),
    ):
        assert run(*argv, "--format", "json") == 0
        found = json.loads(capsys.readouterr().out)["frames"]
        assert [f["image"] for f in found] == ["0.png", "1.png", "2.png"]
    assert run("run", "--image", "0.png", "1.png") == 2
    assert "run needs a program" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "argv", "said"),
    [
        (2, ("--video", "o.txt"), "expected an ending of .mp4"),
        (1, ("--video", "none/o.gif"), "does not exist"),
        (2, ("--video", "clip.npy.gif", "--video-of", "edgs"), "did you mean 'edges'"),
        (2, ("--video-of", "edges"), "say where it goes with --video FILE"),
        (2, ("--frames", "0"), "expected an integer in 1..1000000"),
        (2, ("--fps", "-1"), "--fps: expected a finite number"),
    ],
)
def test_bad_wishes_leave_nothing(
    code: int, argv: tuple[str, ...], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(folder.iterdir())
    assert run("run", "p.scamp", "--image", "clip.npy", "--size", "64x64", "--out", "out", *argv) == code
    assert said in capsys.readouterr().err
    assert sorted(folder.iterdir()) == before


def test_a_frame_that_breaks_leaves_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("in").mkdir()
    for n in range(3):
        Image.fromarray(np.zeros((64, 64), np.uint8)).save(f"in/{n}.png")
    Path("in/3.png").write_bytes(Path("in/2.png").read_bytes()[:60])
    argv = ("run", "p.scamp", "--image", "in", "--size", "64x64", "--out", "out", "--video", "o.gif")
    assert run(*argv) == 1
    assert "3.png" in capsys.readouterr().err
    assert sorted(p.name for p in folder.iterdir()) == ["clip.npy", "in", "p.scamp"]


def test_a_strip_of_many_frames_holds_twelve() -> None:
    strip = Strip()
    for n in range(100):
        strip.add({"x": np.full((64, 64), n, np.uint8)})
    picture = strip.picture()
    assert picture is not None
    middle = np.asarray(picture)[60]
    shown = [v for v in range(100) if (middle == v).sum() >= 60 and v != 24]
    assert 6 <= len(shown) <= 12
    assert shown == sorted(shown)
    assert shown[0] == 0


def test_cells_of_results() -> None:
    assert columns("n", {"kind": "count", "value": 3}) == {"n": 3}
    assert columns("s", {"kind": "samples", "value": [[1, 2]]}) == {"s.0": 1, "s.1": 2}
    assert columns("b", {"kind": "bounding box", "value": [1, 2, 3, 4]}) == {
        "b.top": 1,
        "b.right": 2,
        "b.bottom": 3,
        "b.left": 4,
    }


def test_sides_of_boxes_are_those_of_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chip columns count from the right: picture columns 40..49 of 64 are 14..23, and the right side is the lesser."""
    monkeypatch.chdir(tmp_path)
    Path("b.scamp").write_text("input image -> R5;\nprogram { output box = scamp5_scan_boundingbox(R5); }\n")
    masks = np.zeros((2, 64, 64), np.uint8)
    masks[:, 10:20, 40:50] = 255
    np.save("m.npy", masks)
    assert run("run", "b.scamp", "--image", "m.npy", "--size", "64x64", "--out", "o") == 0
    row = next(csv.DictReader(Path("o/frames.csv").read_text().splitlines()))
    sides = {side: int(row[f"box.{side}"]) for side in ("top", "bottom", "left", "right")}
    assert sides == {"top": 10, "bottom": 19, "left": 63 - 40, "right": 63 - 49}


@pytest.mark.nightly
def test_a_thousand_frames_of_video_in_ten_seconds(tmp_path: Path) -> None:
    """Through 20 words on 256x256, decoding included, in processor time."""
    source: list[Any] = []
    y, x = np.mgrid[:240, :320]
    for k in range(1000):
        source.append(np.clip(128 + 100 * np.sin((x + 5 * k) / 40) * np.cos(y / 30), 0, 255).astype(np.uint8))
    path = film(tmp_path / "v.mp4", source, fps=25)
    text = "get_image(A); movx(B, A, west); sub(C, A, B); abs(D, C); movx(B, A, north); sub(C, A, B); bus(E, C);"
    program = scamp_sim.assemble(text)
    assert sum(len(k.words) for k in program.kernels.values()) == 20
    machine = scamp_sim.Machine()
    frames = scamp_sim.frames(path, machine.shape, resize=True)
    list(machine.run_frames(program, [next(iter(frames))]))  # compiled
    began = time.process_time()
    for run in machine.run_frames(program, frames):
        run.outputs["D"]
    spent = time.process_time() - began
    print(f"{1000 / spent:.0f} frames a second of processor time")
    assert spent < 10


def test_a_saved_page_says_what_a_video_lacks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise = [np.random.default_rng(n).integers(0, 255, (64, 64), np.uint8) for n in range(20)]
    whole = film(folder / "v.mkv", noise).read_bytes()
    (folder / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    assert run("view", "p.scamp", "--image", "cut.mkv", "--size", "64x64", "--save", "page.html") == 0
    assert "note: video cut.mkv: its frames end after " in capsys.readouterr().err
