"""Training and figures from the command line, and everything that can be wrong with a request."""

from __future__ import annotations

import builtins
import json
import subprocess
import sys

import pytest

from scamp_sim import cli


def run(*argv: object) -> int:
    return cli.main([str(a) for a in argv])


def fails(capsys, *argv: object) -> str:
    assert run(*argv) == 1
    return capsys.readouterr().err


TINY = ("--clips", "made-up:1", "--test", "made-up:1:9", "--epochs", 1, "--threads", 1)


def test_train_writes_weights_that_validate(tmp_path, capsys) -> None:
    pytest.importorskip("torch")
    out = tmp_path / "w.npz"
    argv = ("train", "pixelrnn", *TINY, "--out", out, "--noise", "authors", "--checkpoint", tmp_path / "c.pt")
    assert run(*argv, "--save-noise", tmp_path / "noise.json") == 0
    text = capsys.readouterr().out
    assert "of the test clips, without errors" in text
    assert "with the errors of authors" in text
    assert run(*argv[:-2], "--noise", tmp_path / "noise.json", "--format", "json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["parameters"] == 501
    assert len(record["history"]) == 1
    assert run("validate", "pixelrnn", "--weights", out, "--clips", "made-up:1:9", "--limit", 2) == 0
    assert "array and golden say the same class: 2 of 2" in capsys.readouterr().out


def test_wrong_requests_are_told(tmp_path, capsys) -> None:
    pytest.importorskip("torch")
    train = ("train", "pixelrnn")
    assert "unknown noise 'autors'; did you mean 'authors'" in fails(capsys, *train, "--noise", "autors")
    assert "epochs is 0; it is a whole number from 1 up" in fails(capsys, *train, "--epochs", 0)
    assert "unknown surrogate gradient 'tah'" in fails(capsys, *train, "--surrogate", "tah")
    assert "weights are saved as .npz" in fails(capsys, *train, "--out", tmp_path / "w.pt")
    assert "there is no folder" in fails(capsys, *train, "--out", tmp_path / "none" / "w.npz")
    assert "there is no folder" in fails(capsys, *train, "--checkpoint", tmp_path / "none" / "c.pt")
    assert "no such file" in fails(capsys, *train, "--clips", "nowhere.npz")
    assert "--noise-scale is -1" in fails(capsys, *train, "--noise-scale", -1)
    (tmp_path / "c.pt").write_bytes(b"x")
    assert "no checkpoint of a training" in fails(capsys, *train, *TINY, "--checkpoint", tmp_path / "c.pt")
    assert run("train", "pixelrn") == 2


def test_wrong_figures_are_told(tmp_path, capsys) -> None:
    pytest.importorskip("torch")
    assert "epochs is 0" in fails(capsys, "report", "figure3", "--epochs", 0)
    assert "leave --weights out" in fails(capsys, "report", "figure2", "--weights", "random")
    assert "name it .png" in fails(capsys, "report", "figure2", "--plot", tmp_path / "x.gif")
    assert "--epochs is for figure2, figure3 and table3, not for memory" in fails(
        capsys, "report", "memory", "--epochs", 3
    )
    (tmp_path / "r.json").write_text("[]")
    assert "not the results of a figure" in fails(capsys, "report", "figure3", "--results", tmp_path / "r.json")


@pytest.mark.parametrize(
    "argv", [("train", "pixelrnn"), ("report", "figure2"), ("report", "figure3"), ("report", "table3")]
)
def test_without_torch_the_remedy_is_told(capsys, monkeypatch, argv) -> None:
    importing = builtins.__import__
    for name in [m for m in sys.modules if m == "torch" or m.startswith(("torch.", "scamp_sim.torch."))]:
        monkeypatch.delitem(sys.modules, name)

    def blocked(name: str, *rest, **more):
        if name == "torch" or name.startswith("torch."):
            raise ImportError(name)
        return importing(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", blocked)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert 'pip install "scamp-sim[torch]"' in fails(capsys, *argv)


def test_nothing_else_loads_torch() -> None:
    code = "import sys; from scamp_sim import cli; cli.main(['isa', 'bus']); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
