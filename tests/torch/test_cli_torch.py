"""Training and figures from the command line, and everything that can be wrong with a request."""

from __future__ import annotations

import builtins
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim.cli import main as cli


def run(*argv: object) -> int:
    return cli.main([str(a) for a in argv])


def fails(capsys: pytest.CaptureFixture[str], *argv: object, code: int = 1) -> str:
    assert run(*argv) == code
    return capsys.readouterr().err


TINY = ("--clips", "synthetic:1", "--test", "synthetic:1:9", "--epochs", 1, "--threads", 1)


def test_train_writes_weights_that_validate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    out = tmp_path / "w.npz"
    argv = ("train", "pixelrnn", *TINY, "--out", out, "--noise", "authors", "--checkpoint", tmp_path / "c.pt")
    assert run(*argv, "--save-noise", tmp_path / "noise.json") == 0
    text = capsys.readouterr().out
    assert "on the test clips, without errors" in text
    assert "with the errors of authors" in text
    assert run(*argv[:-2], "--noise", tmp_path / "noise.json", "--format", "json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["parameters"] == 501
    assert len(record["history"]) == 1
    assert run("validate", "pixelrnn", "--weights", out, "--clips", "synthetic:1:9", "--limit", 2) == 0
    assert "array and golden say the same class: 2 of 2" in capsys.readouterr().out


def test_wrong_requests_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    train = ("train", "pixelrnn")
    assert "unknown noise 'autors'; did you mean 'authors'" in fails(capsys, *train, "--noise", "autors", code=2)
    assert "--epochs: expected an integer in 1..10000, got '0'" in fails(capsys, *train, "--epochs", 0, code=2)
    assert "unknown surrogate gradient 'tah'" in fails(capsys, *train, "--surrogate", "tah", code=2)
    assert "weights are saved as .npz" in fails(capsys, *train, "--out", tmp_path / "w.pt", code=2)
    assert "does not exist; create it first" in fails(capsys, *train, "--out", tmp_path / "none" / "w.npz")
    assert "does not exist; create it first" in fails(capsys, *train, "--checkpoint", tmp_path / "none" / "c.pt")
    assert "no such file" in fails(capsys, *train, "--clips", "nowhere.npz")
    assert "--seed: expected an integer in 0..4294967295" in fails(capsys, *train, "--seed", 2**32, code=2)
    assert "--noise-scale: expected a finite number of at least 0" in fails(capsys, *train, "--noise-scale", -1, code=2)
    (tmp_path / "c.pt").write_bytes(b"x")
    assert run(*train, *TINY, "--checkpoint", tmp_path / "c.pt") == 1
    said = capsys.readouterr()
    assert "torch cannot read it as weights only" in said.err
    assert not said.out  # no table is begun
    assert run("train", "pixelrn") == 2


def test_wrong_labels_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")

    def labelled(name: str, *labels: int) -> str:
        np.savez(tmp_path / name, input=np.zeros((len(labels), 16, 64, 64), np.uint8), label=np.array(labels))
        return str(tmp_path / name)

    train = ("train", "pixelrnn", "--epochs", 1)
    one, huge = labelled("one.npz", 0, 0), labelled("huge.npz", 0, 1_000_000)
    text = fails(capsys, *train, "--clips", huge)
    assert "huge.npz: no clip has label 1, but one has 1000000; number the classes" in text
    text = fails(capsys, *train, "--clips", one, "--test", "synthetic:1")
    assert f"clips synthetic:1: a label is 8, but the training on {one} has class 0 alone" in text


@pytest.mark.parametrize("kind", ["figure2", "figure3", "table3"])
def test_a_plot_that_cannot_be_drawn_is_told_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    text = fails(capsys, "report", kind, "--plot", tmp_path / "f.png")
    assert 'the plot needs matplotlib, which is missing: pip install "scamp-sim[demo]"' in text


def test_an_interrupt_says_where_results_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from scamp_sim.systems.pixelrnn.paper import figures

    def interrupted(*rest: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(figures, "_trained", interrupted)
    assert run("report", "figure3", "--results", tmp_path / "f.json") == 130
    assert "f.json keeps finished results; the same command resumes" in capsys.readouterr().err


def test_wrong_figures_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert "--epochs: expected an integer in 1..10000" in fails(capsys, "report", "figure3", "--epochs", 0, code=2)
    assert "--train-clips: expected an integer of at least 1" in fails(
        capsys,
        "report",
        "figure3",
        "--train-clips",
        0,
        code=2,
    )
    assert "leave --weights out" in fails(capsys, "report", "figure2", "--weights", "random", code=2)
    assert "name it .png" in fails(capsys, "report", "figure2", "--plot", tmp_path / "x.gif", code=2)
    assert "--epochs is for figure2, figure3 and table3, not for memory" in fails(
        capsys, "report", "memory", "--epochs", 3, code=2
    )
    (tmp_path / "r.json").write_text("[]")
    assert "not the results of figure3; choose another file" in fails(
        capsys, "report", "figure3", "--results", tmp_path / "r.json"
    )


@pytest.mark.parametrize(
    "argv", [("train", "pixelrnn"), ("report", "figure2"), ("report", "figure3"), ("report", "table3")]
)
def test_without_torch_the_remedy_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...]
) -> None:
    importing = builtins.__import__
    own = tuple(f"scamp_sim.systems.pixelrnn.{package}." for package in ("train", "paper"))
    for name in [m for m in sys.modules if m == "torch" or m.startswith(("torch.", *own))]:
        monkeypatch.delitem(sys.modules, name)

    def blocked(name: str, *rest: Any, **more: Any) -> Any:
        if name == "torch" or name.startswith("torch."):
            raise ImportError(name)
        return importing(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", blocked)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert 'pip install -e ".[torch]"' in fails(capsys, *argv)


def test_nothing_else_loads_torch() -> None:
    code = "import sys; from scamp_sim.cli.main import main; main(['isa', 'bus']); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
