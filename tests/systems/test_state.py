"""Parameters of all systems from files: every one is used or refused by name, whatever PyTorch wrapped around them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim.exceptions import ScampError
from scamp_sim.reading import read_archive
from scamp_sim.systems.leca.params import load_params, random_params
from scamp_sim.systems.pixelrnn import Weights
from scamp_sim.systems.pixels.params import default_layer, load_layer

Read = Callable[[str], Any]

SYSTEMS: dict[str, tuple[Callable[[Path], Any], Read, str]] = {
    "pixelrnn": (Weights.random(1, classes=9).save, Weights.load, "cnn_model.conv1.weight"),
    "p2m and snn": (default_layer(5, 3).save, load_layer, "weights"),
    "leca": (random_params(1).save, load_params, "magnitude"),
}
"""System -> (what writes a file, what reads it, a parameter)."""


def arrays_of(system: str, folder: Path) -> dict[str, Any]:
    SYSTEMS[system][0](folder / "plain.npz")
    return dict(read_archive(folder / "plain.npz", "weights"))


EXTRA = {
    "bias": np.full(16, 4.0),
    "bn1.running_mean": np.full(16, 3.0),
    "conv3.weight": np.ones((16, 1, 5, 5)),
    "scale": np.array(2.0),
    "thresholds": np.ones(2, np.int8),
    "alpha": np.array(0.5, np.float16),
    "theta": np.array("text"),
}


@pytest.mark.parametrize("name", EXTRA)
@pytest.mark.parametrize("system", SYSTEMS)
def test_no_parameter_is_passed_over(system: str, name: str, tmp_path: Path) -> None:
    arrays = {**arrays_of(system, tmp_path), name: EXTRA[name]}
    np.savez(tmp_path / "more.npz", **arrays)
    with pytest.raises(ScampError, match=rf"more\.npz: .*{name}"):
        SYSTEMS[system][1](str(tmp_path / "more.npz"))


@pytest.mark.parametrize("system", SYSTEMS)
def test_missing_parameters_are_named(system: str, tmp_path: Path) -> None:
    arrays = arrays_of(system, tmp_path)
    del arrays[SYSTEMS[system][2]]
    np.savez(tmp_path / "less.npz", **arrays)
    with pytest.raises(ScampError, match=rf"less\.npz: .*{SYSTEMS[system][2]}"):
        SYSTEMS[system][1](str(tmp_path / "less.npz"))


# --- PyTorch ------------------------------------------------------------------------------------------------------


def tensors(system: str, folder: Path) -> dict[str, Any]:
    torch = pytest.importorskip("torch")
    arrays = arrays_of(system, folder)
    return {k: torch.from_numpy(np.atleast_1d(v) if v.dtype.kind != "U" else v) for k, v in arrays.items()}


WRAPPED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "as it is": lambda s: s,
    "state_dict": lambda s: {"state_dict": s, "epoch": 3, "optimizer": {"state": {}, "param_groups": []}},
    "twice": lambda s: {"model": {"state_dict": s}, "loss": 0.5},
    "compiled": lambda s: {f"_orig_mod.{k}": v for k, v in s.items()},
    "parallel, compiled": lambda s: {f"module._orig_mod.{k}": v for k, v in s.items()},
    "flat, with an epoch": lambda s: {**s, "epoch": 3},
}


@pytest.mark.parametrize("wrap", WRAPPED)
@pytest.mark.parametrize("system", ["pixelrnn", "p2m and snn"])
def test_wrappings_of_pytorch(system: str, wrap: str, tmp_path: Path) -> None:
    state = tensors(system, tmp_path)
    torch = pytest.importorskip("torch")
    torch.save(WRAPPED[wrap](state), tmp_path / "w.pt")
    read = SYSTEMS[system][1]
    found, plain = read(str(tmp_path / "w.pt")), read(str(tmp_path / "plain.npz"))
    for name, value in vars(plain).items():
        if isinstance(value, np.ndarray):
            assert np.array_equal(getattr(found, name), value), name


def test_modules_that_were_compiled_one_by_one(tmp_path: Path) -> None:
    state = {k.replace("cnn_model.", "cnn_model._orig_mod."): v for k, v in tensors("pixelrnn", tmp_path).items()}
    pytest.importorskip("torch").save(state, tmp_path / "w.pt")
    assert np.array_equal(Weights.load(tmp_path / "w.pt").cnn, Weights.random(1, classes=9).cnn)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "float32", "float8_e4m3fn", "int8"])
def test_dtypes_of_pytorch(dtype: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if not hasattr(torch, dtype):
        pytest.skip(f"this PyTorch has no {dtype}")
    state = tensors("pixelrnn", tmp_path)
    kind = getattr(torch, dtype)
    torch.save({k: v.to(kind) if "onv" in k and "fin" not in k else v for k, v in state.items()}, tmp_path / "w.pt")
    found = Weights.load(tmp_path / "w.pt")
    assert np.array_equal(found.cnn, Weights.random(1, classes=9).cnn)
    assert np.array_equal(found.u_o, Weights.random(1, classes=9).u_o)


REFUSED: dict[str, tuple[Callable[[Any, dict[str, Any]], Any], str]] = {
    "a tensor beside": (lambda t, s: {"state_dict": s, "scale": t.ones(1)}, "does not have: scale"),
    "a number inside": (lambda t, s: {**s, "gain": 2.0}, "does not have: gain"),
    "two networks": (lambda t, s: {"model": s, "ema": s}, "several networks .model, ema."),
    "sparse": (lambda t, s: {**s, "cnn_model.conv1.weight": t.eye(3).to_sparse()}, "conv1.weight is sparse"),
    "sparse rows": (lambda t, s: {**s, "x": t.eye(3).to_sparse_csr()}, "x is sparse"),
    "complex": (lambda t, s: {**s, "rnn_model.rnn_threshold": t.ones(1, dtype=t.complex64)}, "rnn_threshold"),
    "conjugate": (lambda t, s: {**s, "x": t.ones(1, dtype=t.complex64).conj()}, "x"),
    "nothing": (lambda t, s: {}, "no tensor"),
    "a list": (lambda t, s: [t.ones(1)], "holds a list"),
    "no place": (lambda t, s: {**s, "x": t.ones(2, device="meta")}, "x"),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.filterwarnings("ignore:Sparse CSR")
def test_what_has_no_clear_meaning_is_refused(what: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    spoil, said = REFUSED[what]
    torch.save(spoil(torch, tensors("pixelrnn", tmp_path)), tmp_path / "w.pt")
    with pytest.raises(ScampError, match=rf"w\.pt.*{said}"):
        Weights.load(tmp_path / "w.pt")


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class Bad:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "touched",))

    torch.save({"state_dict": Bad()}, tmp_path / "w.pt")
    with pytest.raises(ScampError, match="weights only"):
        Weights.load(tmp_path / "w.pt")
    assert not (tmp_path / "touched").exists()
