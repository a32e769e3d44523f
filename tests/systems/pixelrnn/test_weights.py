"""Weights: what is accepted, what is refused and how, files, the order of the released listings."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.systems.pixelrnn.decoder import Decoder
from scamp_sim.systems.pixelrnn.params import GATES, KERNEL_ORDER, TAP_ORDER, Weights

AUTHORS = {
    "cnn_model.conv1.weight": (16, 1, 5, 5),
    "cnn_model.thresh1": (1,),
    "cnn_model.thresh2": (1,),
    "rnn_model.rnn_threshold": (1,),
    "rnn_model.ConvGates_i.weight": (1, 1, 5, 5),
    "rnn_model.ConvGates_h.weight": (1, 1, 5, 5),
    "rnn_model.Conv_out_i.weight": (1, 1, 5, 5),
    "rnn_model.Conv_out_h.weight": (1, 1, 5, 5),
}


def arrays(seed: int = 0, **changed: Any) -> dict[str, Any]:
    w = Weights.random(seed)
    return {"cnn": w.cnn, **{g: getattr(w, g) for g in GATES}, "theta1": 0.998, "theta_r": 0.994} | changed


def state(seed: int = 0) -> dict[str, Any]:
    """What a checkpoint of the encoder holds: random signs, names and shapes as the authors'."""
    g = np.random.default_rng(seed)
    return {
        key: np.where(g.random(shape) < 0.5, -1, 1).astype(np.float32) if len(shape) == 4 else np.float32([0.75])  # type: ignore[arg-type]
        for key, shape in AUTHORS.items()
    }


def decoder_state(classes: int = 9) -> dict[str, Any]:
    g = np.random.default_rng(1)
    return {
        "fin_conv.weight": np.full((1, 1, 1, 1), -1, np.float32),
        "fin_convpost.0.weight": np.float32([1.5]),  # type: ignore[arg-type]
        "fin_convpost.0.bias": np.float32([-0.25]),  # type: ignore[arg-type]
        "fin_convpost.0.running_mean": np.float32([-2.5]),  # type: ignore[arg-type]
        "fin_convpost.0.running_var": np.float32([64]),  # type: ignore[arg-type]
        "fin_convpost.0.num_batches_tracked": np.int64(7),
        "thresh3": np.float32([0.125]),  # type: ignore[arg-type]
        "fc.weight": g.normal(0, 0.02, (classes, 4096)).astype(np.float32),
        "fc.bias": g.normal(0, 0.02, classes).astype(np.float32),
    }


def same(a: Weights, b: Weights) -> bool:
    return (
        all(np.array_equal(getattr(a, n), getattr(b, n)) for n in ("cnn", *GATES))
        and (a.theta1, a.theta_r) == (b.theta1, b.theta_r)
        and (a.decoder is None) == (b.decoder is None)
    )


# --- what they are ----------------------------------------------------------------------------------------------


def test_parameters_as_the_paper_counts_them() -> None:
    """Table 2 of the paper: 501 with one layer, 902 with two."""
    assert Weights.random(0).parameters == 501
    assert Weights.random(0, layers=2).parameters == 902


@pytest.mark.parametrize("layers", [1, 2])
def test_layers(layers: int) -> None:
    w = Weights.random(3, layers=layers)
    assert w.layers == layers
    assert w.cnn.shape == ((16, 5, 5) if layers == 1 else (2, 16, 5, 5))
    assert w.cnn.dtype == np.int8
    for number in range(layers):
        cnn, theta = w.layer(number)
        np.testing.assert_array_equal(cnn, w.cnn if layers == 1 else w.cnn[number])
        assert theta == w.theta1[number]


def test_random_is_a_function_of_the_seed() -> None:
    assert same(Weights.random(5), Weights.random(5))
    assert not np.array_equal(Weights.random(5).cnn, Weights.random(6).cnn)
    assert 0.4 < (Weights.random(5).cnn > 0).mean() < 0.6
    with pytest.raises(ProgramError, match="layers must be 1 or 2, got 3"):
        Weights.random(0, layers=3)


def test_they_are_copies_and_cannot_be_changed() -> None:
    mine = np.ones((16, 5, 5), np.int8)
    w = Weights.from_arrays(**arrays(cnn=mine))
    mine[0] = -1
    assert (w.cnn == 1).all()
    with pytest.raises(ValueError, match="read-only"):
        w.cnn[0, 0, 0] = -1


def test_shapes_of_training_frameworks_are_accepted() -> None:
    w = Weights.random(1)
    extra = {g: getattr(w, g)[None, None].astype(np.float32) for g in GATES}
    assert same(w, Weights.from_arrays(w.cnn[:, None].astype(float), **extra, theta1=0.5, theta_r=0.5))
    two = Weights.random(1, layers=2)
    got = Weights.from_arrays(two.cnn[:, :, None], **{g: getattr(two, g) for g in GATES}, theta1=[0.5] * 2, theta_r=0.5)
    assert same(two, got)


def test_tap_order_by_hand() -> None:
    """Kernel order 1, 5, 9, 13, 2, 6, ... counted from 1; taps from the bottom row, left to right."""
    w = Weights.random(9)
    listed = w.tap_order()
    assert [k + 1 for k in KERNEL_ORDER][:8] == [1, 5, 9, 13, 2, 6, 10, 14]
    assert TAP_ORDER[:6] == ((4, 0), (4, 1), (4, 2), (4, 3), (4, 4), (3, 0))
    assert listed["cnn"].shape == (16, 25)
    for n, kernel in enumerate(KERNEL_ORDER):
        for i, (row, column) in enumerate(TAP_ORDER):
            assert listed["cnn"][n, i] == w.cnn[kernel, row, column]
    for gate in GATES:
        assert [int(v) for v in listed[gate]] == [int(getattr(w, gate)[at]) for at in TAP_ORDER]
    assert Weights.random(9, layers=2).tap_order()["cnn"].shape == (2, 16, 25)


# --- what they must be ------------------------------------------------------------------------------------------


def one(value: float, dtype: type = np.float32) -> np.ndarray:
    cnn: np.ndarray = np.ones((16, 5, 5), dtype)
    cnn[3, 1, 4] = value
    return cnn


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"cnn": np.ones((15, 5, 5))}, r"cnn must have shape \(16, 5, 5\).*, got \(15, 5, 5\)"),
        ({"u_o": np.ones((3, 3))}, r"u_o must have shape \(5, 5\).*, got \(3, 3\)"),
        ({"cnn": one(0.0123)}, r"cnn\[3\]\[1\]\[4\] is 0.0123; every weight is \+1 or -1; .*binarise=True"),
        ({"cnn": one(0, np.int8)}, r"cnn\[3\]\[1\]\[4\] is 0; every weight is \+1 or -1$"),
        ({"cnn": one(float("nan"))}, r"cnn\[3\]\[1\]\[4\] is nan"),
        ({"cnn": np.ones((16, 5, 5), bool)}, "cnn is boolean"),
        ({"cnn": np.full((16, 5, 5), "1")}, "cnn is of type <U1"),
        ({"theta1": float("inf")}, "theta1 must be .*, got inf"),
        ({"theta_r": float("nan")}, "theta_r must be .*, got nan"),
        ({"theta_r": None}, "theta_r must be .*, got None"),
        ({"theta1": [1.0, 2.0]}, "theta1 has 2 values, but cnn has 1 layer; give"),
        ({"decoder": 3}, "decoder is a int"),
        ({"cnn": one(0.0), "binarise": True}, r"cnn\[3\]\[1\]\[4\] is 0, which has no sign"),
        ({"cnn": one(float("nan")), "binarise": True}, r"cnn\[3\]\[1\]\[4\] is nan, which has no sign"),
    ],
)
def test_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        Weights.from_arrays(**arrays(**changed))


def test_latent_weights_give_their_signs_when_asked() -> None:
    latent = np.random.default_rng(0).normal(0, 0.1, (16, 5, 5))
    w = Weights.from_arrays(**arrays(cnn=latent), binarise=True)
    np.testing.assert_array_equal(w.cnn, np.sign(latent))


# --- files ------------------------------------------------------------------------------------------------------


def write(path: Path, content: dict[str, Any]) -> Path:
    np.savez(path, **content)
    return path


def test_npz_with_the_authors_names(tmp_path: Path) -> None:
    saved = state() | decoder_state()
    w = Weights.load(write(tmp_path / "w.npz", saved))
    np.testing.assert_array_equal(w.cnn, saved["cnn_model.conv1.weight"][:, 0])
    names = {"w_f": "ConvGates_i", "u_f": "ConvGates_h", "w_o": "Conv_out_i", "u_o": "Conv_out_h"}
    for gate, name in names.items():
        np.testing.assert_array_equal(getattr(w, gate), saved[f"rnn_model.{name}.weight"][0, 0])
    assert (w.theta1, w.theta_r, w.layers) == ((0.75,), 0.75, 1)
    assert w.decoder is not None
    assert (w.decoder.sign, w.decoder.mean, w.decoder.offset, w.decoder.classes) == (-1, -2.5, 0.125, 9)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("classes", [None, 4])
def test_round_trip(tmp_path: Path, layers: int, classes: int | None) -> None:
    w = Weights.random(2, layers=layers, classes=classes, theta_r=-0.25)
    w.save(tmp_path / "w.npz")
    back = Weights.load(tmp_path / "w.npz")
    assert same(w, back)
    if w.decoder and back.decoder:
        o = np.arange(4096.0).reshape(64, 64) % 41 - 20
        np.testing.assert_array_equal(w.decoder.scores(o), back.decoder.scores(o))


def test_without_a_gate_threshold_it_is_that_of_noise_free_training(tmp_path: Path) -> None:
    saved = state()
    del saved["rnn_model.rnn_threshold"]
    assert Weights.load(write(tmp_path / "w.npz", saved)).theta_r == -0.001


def test_missing_keys_are_named_beside_what_is_there(tmp_path: Path) -> None:
    saved = state()
    del saved["rnn_model.Conv_out_h.weight"]
    saved["surplus"] = np.zeros(1)
    with pytest.raises(ProgramError, match=r"looked for rnn_model.Conv_out_h.weight, and found .*thresh1, .*surplus"):
        Weights.load(write(tmp_path / "w.npz", saved))
    with pytest.raises(ProgramError, match="and found nothing"):
        Weights.load(write(tmp_path / "e.npz", {}))
    half = state() | {"fc.weight": np.zeros((9, 4096), np.float32)}
    with pytest.raises(ProgramError, match=r"looked for fin_conv.weight, .*fc.bias"):
        Weights.load(write(tmp_path / "h.npz", half))


def test_latent_weights_in_a_file(tmp_path: Path) -> None:
    saved = state()
    saved["rnn_model.ConvGates_i.weight"] = saved["rnn_model.ConvGates_i.weight"] * 0.3
    path = write(tmp_path / "w.npz", saved)
    with pytest.raises(ProgramError, match=r"w\.npz: w_f\[0\]\[0\].* is -?0\.3; .*binarise=True"):
        Weights.load(path)
    assert set(np.unique(Weights.load(path, binarise=True).w_f)) <= {-1, 1}


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for name in ("absent.npz", "absent.pt"):
        with pytest.raises(ProgramError, match=f"{name}: no such file"):
            Weights.load(tmp_path / name)
    with pytest.raises(ProgramError, match=r"unknown kind '.onnx'; give .npz"):
        Weights.load(tmp_path / "w.onnx")
    for content in (b"", b"no archive", b"PK\x03\x04 cut off"):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(ProgramError, match=r"bad.npz: cannot be read as .npz"):
            Weights.load(tmp_path / "bad.npz")
    np.save(tmp_path / "one.npy", np.ones(3))
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    with pytest.raises(ProgramError, match=r"one.npz: holds a single array"):
        Weights.load(tmp_path / "one.npz")
    with pytest.raises(ProgramError, match=r"saved as \.npz"):
        Weights.random(0).save(tmp_path / "w.txt")
    with pytest.raises(ProgramError, match="cannot write the weights"):
        Weights.random(0).save(tmp_path / "no" / "w.npz")


class Tensor:
    """As much of torch.Tensor as is used."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> np.ndarray:
        return self.array


@pytest.fixture
def torch_gives(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Puts a torch in place whose `load` gives what is said, and insists on loading weights only."""

    def give(content: Any) -> None:
        def load(path: Path, *, map_location: str, weights_only: bool) -> Any:
            assert (map_location, weights_only) == ("cpu", True)
            if isinstance(content, Exception):
                raise content
            return content

        module = types.ModuleType("torch")
        module.load = load  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "torch", module)

    return give


def test_pytorch_checkpoints(tmp_path: Path, torch_gives: Callable[[Any], None]) -> None:
    path = tmp_path / "w.pt"
    path.touch()
    plain = {key: Tensor(value) for key, value in state().items()}
    want = Weights.load(write(tmp_path / "w.npz", state()))
    wrapped = {"state_dict": {f"module.{k}": v for k, v in plain.items()}, "epoch": 300}
    for content in (plain, wrapped, {"model_state_dict": plain}):
        torch_gives(content)
        assert same(Weights.load(path), want)
    torch_gives([1, 2])
    with pytest.raises(ProgramError, match=r"holds a list; save model\.state_dict"):
        Weights.load(path)
    torch_gives(RuntimeError("boom"))
    with pytest.raises(ProgramError, match=r"weights only \(RuntimeError\)"):
        Weights.load(path)


def test_without_torch_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "w.pth").touch()
    with pytest.raises(ProgramError, match=r"needs torch \(pip install .*np.savez"):
        Weights.load(tmp_path / "w.pth")


# --- the decoder ------------------------------------------------------------------------------------------------


def test_decoder_by_hand() -> None:
    g = np.random.default_rng(0)
    matrix, intercept, o = g.normal(size=(4, 4096)), g.normal(size=4), g.integers(-50, 51, (64, 64))
    decoder = Decoder(-1, 1.5, -0.25, -2.5, 64.0, 0.125, matrix, intercept)  # type: ignore[arg-type]
    scores = [
        sum(
            float(np.float32(matrix[n, i])) * (np.tanh(1.5 * (-v + 2.5) / np.sqrt(64.0 + 1e-5) - 0.25) - 0.125)
            for i, v in enumerate(o.ravel())
        )
        + intercept[n]
        for n in range(4)
    ]
    np.testing.assert_allclose(decoder.scores(o), scores, rtol=1e-5)
    assert decoder.classify(o) == int(np.argmax(scores))
    assert isinstance(decoder.classify(o), int)
    many = np.stack([o, -o, o])
    np.testing.assert_allclose(decoder.scores(many)[1], decoder.scores(-o))
    assert decoder.classify(many).shape == (3,)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sign": 0}, "first factor must be .*, got 0"),
        ({"sign": 0.4}, "first factor must be .*, got 0.4"),
        ({"gain": float("nan")}, "gain must be a finite number, got nan"),
        ({"variance": -1.0}, "variance must be at least 0, got -1"),
        ({"matrix": np.zeros((9, 4095))}, r"matrix must have shape \(classes, 4096\), .*, got \(9, 4095\)"),
        ({"matrix": np.full((9, 4096), np.inf)}, "NaN or infinity"),
        ({"intercept": np.zeros(8)}, r"intercept has shape \(8,\); its matrix has 9 classes"),
    ],
)
def test_decoder_refused(changed: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"sign": 1, "gain": 1.0, "bias": 0.0, "mean": 0.0, "variance": 1.0, "offset": 0.0}
    good |= {"matrix": np.zeros((9, 4096)), "intercept": np.zeros(9)}
    with pytest.raises(ProgramError, match=message):
        Decoder(**good | changed)


def test_decoder_refuses_other_planes() -> None:
    decoder = Weights.random(0, classes=4).decoder
    assert decoder is not None
    with pytest.raises(PlaneError, match=r"shape \(256, 256\)"):
        decoder.scores(np.zeros((256, 256)))
    with pytest.raises(PlaneError, match="type bool"):
        decoder.classify(np.zeros((64, 64), bool))


# --- every parameter of a file is used, or refused by name --------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cnn_model.conv1.bias", np.full(16, 4.0)),
        ("cnn_model.bn1.running_mean", np.full(16, 3.0)),
        ("cnn_model.bn1.weight", np.ones(16)),
        ("rnn_model.ConvGates_i.bias", np.array([5.0])),
        ("cnn_model.conv3.weight", np.ones((16, 1, 5, 5))),
        ("cnn_model.scale1", np.array([2.0])),
        ("fc2.weight", np.ones((9, 9))),
    ],
)
def test_parameters_that_change_the_network_are_refused_by_name(name: str, value: Any, tmp_path: Path) -> None:
    Weights.random(1, classes=9).save(tmp_path / "plain.npz")
    with np.load(tmp_path / "plain.npz") as plain:
        arrays: dict[str, Any] = dict(plain)
    np.savez(tmp_path / "more.npz", **arrays, **{name: value})
    with pytest.raises(ProgramError, match=rf"more\.npz: 1 parameter that this network does not have: {name}"):
        Weights.load(tmp_path / "more.npz")
    zeros: dict[str, Any] = {"cnn_model.conv1.bias": np.zeros(16), "bn.num_batches_tracked": 7}
    np.savez(tmp_path / "zero.npz", **arrays, **zeros)
    assert np.array_equal(Weights.load(tmp_path / "zero.npz").cnn, Weights.load(tmp_path / "plain.npz").cnn)


def test_latent_weights_by_the_name_that_the_message_gives(tmp_path: Path) -> None:
    from scamp_sim.systems.pixelrnn.data.sources import load_weights

    Weights.random(1).save(tmp_path / "plain.npz")
    with np.load(tmp_path / "plain.npz") as plain:
        arrays = {k: v * 0.3 if k.endswith("weight") else v for k, v in plain.items()}
    np.savez(tmp_path / "latent.npz", **arrays)
    with pytest.raises(ProgramError, match=r"write FILE:signs"):
        load_weights(str(tmp_path / "latent.npz"))
    assert np.array_equal(load_weights(f"{tmp_path / 'latent.npz'}:signs").cnn, Weights.random(1).cnn)


@pytest.mark.parametrize("wrap", ["state_dict", "model_state_dict", "model", "net"])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod.", "model."])
def test_what_pytorch_wraps_around_a_network(wrap: str, prefix: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    weights = Weights.random(1, classes=9)
    weights.save(tmp_path / "plain.npz")
    with np.load(tmp_path / "plain.npz") as plain:
        state = {
            prefix + k: torch.tensor(v).to(torch.bfloat16 if "conv" in k else torch.float64) for k, v in plain.items()
        }
    torch.save({wrap: state, "epoch": 3, "optimizer": {"lr": 0.1}}, tmp_path / "w.pt")
    found = Weights.load(tmp_path / "w.pt")
    assert np.array_equal(found.cnn, weights.cnn)
    assert np.array_equal(found.u_o, weights.u_o)
    assert found.theta_r == weights.theta_r
