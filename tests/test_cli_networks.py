"""Networks where `profile` and `--trace` take a program, and reports of several frames."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scamp_sim.cli.main import main
from scamp_sim.cli.networks import following
from scamp_sim.costs.timeline import Span
from scamp_sim.exceptions import ProgramError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_network_is_profiled_as_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    words = {}
    for errors in ("ideal", "scamp5"):
        argv = ["profile", "snn", "--errors", errors, "--format", "json", "--trace", "t.json", "--html", "r.html"]
        assert main(argv) == 0
        words[errors] = json.loads(capsys.readouterr().out)["profile"]["words"]
    assert min(words.values()) > 0
    page = Path("r.html").read_text()
    assert "stage potentials" in page
    assert "potentials 1<" in page
    assert "data:image/png" in page
    events = json.loads(Path("t.json").read_text())["traceEvents"]
    assert max(e["ts"] + e.get("dur", 0) for e in events if "ts" in e) > 100


def test_other_peoples_options(capsys: pytest.CaptureFixture[str]) -> None:
    Path("k.scamp").write_text("get_image(A);\n")
    for argv, said in (
        (["snn", "--size", "64x64"], "--size is for programs"),
        (["k.scamp", "--clip", "x"], "--clip is for networks"),
        (["snn", "--frame", "9"], "has frames 1 to 1"),
    ):
        assert main(["profile", *argv]) == 2
        assert said in capsys.readouterr().err


def test_a_report_of_several_frames() -> None:
    Path("k.scamp").write_text(
        "input image -> PIX;\nkernel k { get_image(A); sub(C, A, B); mov(B, A); }\n"
        "program { k(); output change = C; }\n"
    )
    names = []
    for n, level in enumerate((10, 200, 90)):
        Image.fromarray(np.full((256, 256), level, np.uint8)).save(f"{n}.png")
        names.append(f"{n}.png")
    argv = ["profile", "k.scamp", "--html", "r.html", "--image", *names, "--errors", "scamp5", "--chip", "3"]
    assert main(argv) == 0
    page = Path("r.html").read_text()
    assert "frame 1: 0.png" in page
    assert "frame 2: 1.png" in page
    assert "in frame 3, the last" in page


def test_a_trace_of_several_frames() -> None:
    Path("k.scamp").write_text("input image -> PIX;\nkernel k { get_image(A); }\nprogram { k(); output a = A; }\n")
    Image.fromarray(np.zeros((64, 64), np.uint8)).save("i.png")
    ends = []
    for frames in ("1", "4"):
        argv = ["run", "k.scamp", "--image", "i.png", "--size", "64x64", "--frames", frames, "--trace", "t.json"]
        assert main(argv) == 0
        events = json.loads(Path("t.json").read_text())["traceEvents"]
        ends.append(max(e["ts"] + e.get("dur", 0) for e in events if "ts" in e))
    assert ends[1] == pytest.approx(4 * ends[0], rel=1e-6)


def test_frames_follow_one_another() -> None:
    spans = [Span("array", "k", 0.0, 2.0, "kernel"), Span("readout", "o", 2.0, 3.0, "readout")]
    found = following([spans, spans])
    assert [s.start_us for s in found] == [0, 2, 5, 7]
    assert [s.args["frame"] for s in found] == [1, 1, 2, 2]
    with pytest.raises(ProgramError, match="give fewer --frames"):
        following([spans] * 200_000)


@pytest.mark.parametrize(("name", "frames"), [("leca", 1), ("pixelrnn", 16)])
def test_a_network_is_traced_frame_by_frame_as_it_runs(
    name: str, frames: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same program and the same time, whichever command writes them down."""
    assert main(["system", "run", name, "--on", "scamp5", "--trace", "run.json", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["trace"] == "run.json"
    assert main(["profile", name, "--trace", "profile.json", "--format", "json"]) == 0
    spans = []
    for path in ("run.json", "profile.json"):
        events = [e for e in json.loads(Path(path).read_text())["traceEvents"] if e["ph"] == "X"]
        spans.append([(e["name"], e["ts"], e["dur"]) for e in events])
        assert max(e["args"].get("frame", 1) for e in events) == frames
    assert spans[0] == spans[1]
    assert main(["system", "run", name, "--on", "golden", "--trace", "none.json"]) == 2
    assert "'golden' has none" in capsys.readouterr().err
    assert not Path("none.json").exists()


KERNEL, CPP = "k.scamp", "m.cpp"
NETWORK = ("pixelrnn", "--weights", "random", "--clip", "v/leftward")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((*NETWORK, "--video", "x.gif"), "--video cannot be used with 'pixelrnn'"),
        ((*NETWORK, "--video-of", "image"), "--video-of cannot be used with 'pixelrnn'"),
        ((*NETWORK, "--fps", "3"), "--fps cannot be used with 'pixelrnn'"),
        ((*NETWORK, "--frames", "3"), "--frames cannot be used with 'pixelrnn'"),
        ((*NETWORK, "--press", "a@1"), "--press is for C++ programs"),
        ((*NETWORK, "--no-run"), "--no-run is for C++ programs"),
        ((*NETWORK, "--chips", "1-2", "--trace", "t.json"), "--trace records a single run"),
        ((*NETWORK, "--jobs", "2"), "--jobs are for a study over chips"),
        ((KERNEL, "--chips", "1-2", "--video", "x.gif"), "--video records a single run"),
        ((KERNEL, "--chips", "1-2", "--frames", "3"), "--frames of a study repeats pictures"),
        ((KERNEL, "--chips", "1-2", "--stretch"), "--stretch is for pictures; say where they go with --out DIR"),
        ((KERNEL, "--jobs", "2"), "--jobs are for a study over chips"),
        ((KERNEL, "--stretch"), "--stretch is for pictures"),
        ((KERNEL, "--resize"), "--resize is for pictures; give --image"),
        ((KERNEL, "--fps", "3"), "--fps is for pictures and videos"),
        ((KERNEL, "--video", "x.gif", "--video-of", "B"), "B is a register; --planes adds those"),
        ((CPP, "--no-run", "--out", "o"), "--out needs a run, and --no-run builds only"),
        ((CPP, "--no-run", "--cluster"), "--cluster needs a run, and --no-run builds only"),
        ((CPP, "--jobs", "2"), "--jobs are for a study over chips"),
        ((CPP, "--planes"), "--planes adds registers to the pictures"),
        ((CPP, "--stretch"), "--stretch is for pictures"),
        ((CPP, "--fps", "3"), "--fps is for pictures and videos"),
        ((CPP, "--chips", "1-2", "--video", "x.gif"), "--video records a single run"),
        (("snn",), "snn is a network: scamp-sim system run snn runs it"),
        (("pixelrn",), "did you mean 'pixelrnn'?"),
    ],
)
def test_no_option_of_run_is_ignored(argv: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(KERNEL).write_text("kernel k { mov(B, C); }\nprogram { k(); output a = B; }\n")
    Path(CPP).write_text("int main() { while (1) { } }\n")
    assert main(["run", *argv]) == (2 if any(a.startswith("-") for a in argv) else 1)
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""
    assert sorted(p.name for p in Path().iterdir()) == [KERNEL, CPP]
