"""Arrays with a description become integers that compute what the floating-point network computes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim.exceptions import ProgramError
from scamp_sim.systems import network
from scamp_sim.systems.network.params import Conv, Counts, Dense, Pool
from tests.systems.network.floats import draw, evaluate


@pytest.mark.parametrize("seed", range(150))
def test_integers_compute_what_floats_do(seed: int) -> None:
    """Random chains: kernels of few bits with scales, batch norms of both signs and 0, clips, ReLU, pools before and
    behind thresholds, paddings, strides, all values of bits; no random level is a tie."""
    layers, arrays, values, size = draw(seed)
    description = {"input": {"size": [size, size], "values": values}, "layers": layers}
    net = network.read({**arrays, "description": description})
    pictures = np.random.default_rng(seed).integers(0, 2, (6, size, size)).astype(bool)
    exact = evaluate(layers, arrays, np.where(pictures, values[1], values[0])[:, None])
    ran = network.forward(net, pictures)
    assert ran.scores is not None
    np.testing.assert_allclose(ran.output, exact, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", range(100))
def test_activations_of_a_few_values(seed: int) -> None:
    """The same with activations of up to four values, pools, paddings and further layers behind them: each is as many
    bits a channel, less one, and nothing is lost."""
    layers, arrays, values, size = draw(seed, levels=True)
    net = network.read({**arrays, "description": {"input": {"size": [size, size], "values": values}, "layers": layers}})
    pictures = np.random.default_rng(seed).integers(0, 2, (6, size, size)).astype(bool)
    exact = evaluate(layers, arrays, np.where(pictures, values[1], values[0])[:, None])
    np.testing.assert_allclose(network.forward(net, pictures).output, exact, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("zero", [None, 1, -1])
def test_a_sign_behind_a_clip_is_0_or_1(zero: int | None) -> None:
    """sign(relu(x)) is 0 wherever x is below 0: no tie, and not 1 everywhere. So is what a maximum takes of it."""
    g = np.random.default_rng(5)
    arrays = {"w": g.choice([-1.0, 1], (3, 1, 3, 3)), "b": np.array([0.5, -1.5, 30.0]), "d": g.normal(size=(2, 27))}
    for clip, low in (({"op": "relu"}, 0), ({"op": "clip", "low": -5, "high": 0}, -1)):
        for pool in ([], [{"op": "max", "size": 2}]):
            conv, sign = {"op": "conv", "weights": "w", "bias": "b"}, {"op": "sign", "compare": "sign"}
            behind = [] if pool else [{"op": "max", "size": 2}]
            dense = [{"op": "flatten"}, {"op": "dense", "weights": "d"}]
            layers: list[dict[str, Any]] = [conv, *pool, clip, sign, *behind, *dense]
            description = {"input": {"size": [8, 8]}, "layers": layers}
            net = network.read({**arrays, "description": description}, zero=zero)
            pictures = g.random((10, 8, 8)) < 0.4
            exact = evaluate(layers, arrays, np.where(pictures, 1.0, -1.0)[:, None])
            np.testing.assert_allclose(network.forward(net, pictures).output, exact, atol=1e-9, err_msg=str(low))


def test_bits_of_several_values_before_a_layer() -> None:
    """Channels whose bits are worth different things are weights of the next layer, where these are multiples of one
    scale; padding must be a value of all of them."""
    g = np.random.default_rng(6)
    arrays = {"w": g.choice([-1.0, 1], (2, 1, 3, 3)), "v": g.choice([-1.0, 1], (3, 2, 2, 2))}
    arrays["d"] = g.normal(size=(2, 75))
    layers: list[dict[str, Any]] = [
        {"op": "conv", "weights": "w"},
        {"op": "sign", "at": 0.5},
        {"op": "affine", "scale": [1, -2], "shift": [0.25, 1]},
        {"op": "conv", "weights": "v"},
        {"op": "sign", "at": 0.1},
        {"op": "flatten"},
        {"op": "dense", "weights": "d"},
    ]
    description = {"input": {"size": [8, 8]}, "layers": layers}
    net = network.read({**arrays, "description": description})
    assert np.unique(np.abs(net.convs[1].weights[:, 1])).tolist() == [2]
    pictures = g.random((10, 8, 8)) < 0.4
    exact = evaluate(layers, arrays, np.where(pictures, 1.0, -1.0)[:, None])
    np.testing.assert_allclose(network.forward(net, pictures).output, exact, atol=1e-9)
    layers[3]["padding"] = 1
    with pytest.raises(ProgramError, match="so its padding is none of them; put the batch norm in front of the sign"):
        network.read({**arrays, "description": description})
    layers[2]["scale"] = [1, 2.345]
    layers[3]["padding"] = 0
    with pytest.raises(ProgramError, match="have different values of their bits"):
        network.read({**arrays, "description": description})


def test_weights_of_half_precision() -> None:
    """float16 keeps multiples of a scale to one part in 2048."""
    whole = np.arange(-4, 5).reshape(1, 1, 3, 3) * 3 + 1
    half = (whole * 0.0173).astype(np.float16)
    assert np.abs(half.astype(float) / float(half[0, 0, 2, 2]) * 13 - whole).max() > 2e-4
    net = network.read(one(arrays={"w": half}))
    np.testing.assert_array_equal(net.convs[0].weights, whole)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"at": []}, "expected levels that rise"),
        ({"at": [1, 0]}, r"expected levels that rise, got \[1.0, 0.0\]"),
        ({"at": [0, 1], "values": [0, 1]}, "values: expected 3, one more than levels, got 2"),
        ({"at": [0, 1], "compare": "<"}, "expected >= or >, got '<'"),
        ({"at": [0, 1], "values": [1, 1, 1]}, "gives one value whatever comes"),
        ({"at": np.arange(-25.0, 26)}, r"gives \d+ values, .* at most 16 \(4 bits\)"),
        ({"at": [[0, 1], [2, 3]]}, "2 thresholds for 1 channels"),
    ],
)
def test_levels_that_are_refused(changes: dict[str, Any], message: str) -> None:
    arrays = {"w": np.ones((1, 1, 5, 5))}
    layers = [{"op": "levels", **changes}]
    with pytest.raises(ProgramError, match=message):
        network.read(one(arrays=arrays, layers=layers))


def one(**more: Any) -> dict[str, Any]:
    """A network of one layer: a 3x3 kernel of ones, whatever is changed of it."""
    conv = {"op": "conv", "weights": "w", **more.pop("conv", {})}
    arrays = {"w": np.ones((1, 1, 3, 3)), **more.pop("arrays", {})}
    layers = [conv, *more.pop("layers", [{"op": "sign"}])]
    return {**arrays, "description": {"input": {"size": [8, 8], **more.pop("input", {})}, "layers": layers, **more}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arrays": {"w": np.array([[[[1.0, 0.75]] * 2]])}}, None),
        (
            {"arrays": {"w": np.array([[[[1.0, 1.25], [0.99, 1.5]]]])}},
            r"layer 0 \(conv\), channel 0: weights are not small multiples of one scale \(worst 0.4\d\): quantise",
        ),
        ({"arrays": {"w": np.array([[[[1.0, 100], [1, 1]]]])}}, "multiples of one scale, but of more than 7 bits"),
        ({"conv": {"dilation": 2}}, "dilation 2x2: expected 1; fill a larger kernel with zeros"),
        ({"conv": {"stride": 3}}, "stride 3: masks have periods of powers of two; expected 1, 2 or 4"),
        ({"conv": {"stride": [1, 2]}}, "stride 1x2: masks"),
        ({"conv": {"padding": 1, "pad_value": 0.5}}, "padding with 0.5, but its input is -1 or 1"),
        ({"conv": {"groups": 2}}, "2 groups of 1 channels"),
        ({"conv": {"padding": 3}}, "as large as the kernel"),
        ({"arrays": {"w": np.ones((2, 3, 3, 3))}}, "the input has 3 channels; expected 1, the sensor has one"),
        ({"arrays": {"w": np.ones((1, 1, 3, 2))}}, "kernel 3x2: expected as many rows as columns"),
        ({"arrays": {"w": np.ones((1, 1, 9, 9))}}, "kernel 9x9 is larger than the 8x8 map"),
        ({"arrays": {"w": np.full((1, 1, 3, 3), np.nan)}}, r"w.*nan at \[0, 0, 0, 0\]"),
        ({"layers": []}, "no threshold behind this convolution"),
        ({"layers": [{"op": "relu"}]}, "no threshold behind this convolution"),
        ({"layers": [{"op": "sigmoid"}]}, "'sigmoid' has no place on the array; expected one of conv"),
        ({"layers": [{"op": "sine"}]}, "did you mean 'sign'"),
        ({"layers": [{"op": "sign", "at": [1, 2]}]}, "2 thresholds for 1 channels"),
        ({"layers": [{"op": "sign", "values": [1, 1]}]}, "gives 1 on both sides"),
        ({"layers": [{"op": "mean", "size": 2}]}, "a mean over sums has no place"),
        ({"layers": [{"op": "sign"}, {"op": "max", "size": [2, 1]}]}, "expected squares"),
        ({"layers": [{"op": "sign"}, {"op": "max", "size": 7}]}, "window 7x7 is larger than the 6x6 map"),
        ({"layers": [{"op": "conv", "weights": "w"}]}, "no activation between two convolutions"),
        ({"layers": [{"op": "sign"}, {"op": "dense", "weights": [[1] * 36]}]}, "flatten it first"),
        ({"layers": [{"op": "sign"}, {"op": "flatten"}, {"op": "dense", "weights": [[1] * 9]}]}, "9 weights a class"),
        ({"layers": [{"op": "sign"}, {"op": "mean", "size": 2}, {"op": "sign"}]}, "over counts has no place"),
        ({"layers": [{"op": "norm", "gamma": "g"}]}, "there is no array 'g'; there are w"),
        ({"layers": [{"op": "norm", "gamma": [1, 2]}]}, "2 scales or shifts for 1 channels"),
        ({"layers": [{"op": "norm", "variance": -1}]}, "variance"),
        ({"input": {"size": None}}, "the size of the input is not said"),
        ({"input": {"size": 0}}, "input size must be an integer in 1..4096"),
        ({"input": {"values": [0, 0]}}, "two different numbers"),
        ({"input": {"above": 255}}, "a grey level in 0..254"),
        ({"input": {"grey": [-1, 1]}}, "makes no bits of the picture itself"),
        ({"input": {"place": {"scales": 2}}}, "did you mean 'scale'"),
        ({"input": {"place": {"scale": 3}}}, "would fill an input of 8x8"),
        ({"layout": "last"}, "channels-first or channels-last"),
        ({"classes": ["a"]}, "1 names of classes for a network without scores"),
        ({"typo": 1}, "unknown key 'typo'"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], message: str | None) -> None:
    if message is None:
        assert network.read(one(**changes)).convs[0].weights.tolist() == [[[[4, 3], [4, 3]]]]
        return
    with pytest.raises(ProgramError, match=message):
        network.read(one(**changes))


def test_a_sign_that_may_be_zero() -> None:
    """Nine taps are odd, so that a threshold of 0 is no sum, except where zeros are padded."""
    sign = {"layers": [{"op": "sign", "compare": "sign"}]}
    assert network.read(one(**sign)).convs[0].threshold.tolist() == [0]
    padded = one(conv={"padding": 1}, **sign)
    with pytest.raises(
        ProgramError, match=r"channel 0: Sign gives 0 where the sum is exactly 0 taps.*\+1 or -1 \(zero"
    ):
        network.read(padded)
    assert network.read(padded, zero=1).convs[0].threshold.tolist() == [0]
    assert network.read(padded, zero=-1).convs[0].threshold.tolist() == [1]
    # Padded with the level of a pixel, no tap is missing.
    assert network.read(one(conv={"padding": 1, "pad_value": -1.0}, **sign)).convs[0].pad_value == -1


def test_what_greys_were_in_training() -> None:
    """A sign at 0 as the first step: of pictures of 0 to 1 all bright, of those normalised to -1 to 1 a half."""

    def first(at: float, **shown: Any) -> dict[str, Any]:
        given = one(input=shown, layers=[{"op": "sign"}])
        given["description"]["layers"].insert(0, {"op": "sign", "at": at})
        return given

    assert network.read(first(0.5)).input.above == 127
    with pytest.raises(ProgramError, match=r"threshold is at 0, outside the levels of grey.*--grey=-1,1"):
        network.read(first(0))
    assert network.read(first(0), grey=(-1, 1)).input.above == 127
    assert network.read(first(0, grey=[-1, 1])).input.above == 127
    assert network.read(first(100, grey=[0, 1]), grey=(0, 255)).input.above == 99
    with pytest.raises(ProgramError, match="grey: expected two different numbers for black and white"):
        network.read(first(0), grey=(1, 1))


def test_bits_of_zero_and_one_are_padded_with_dark() -> None:
    net = network.read(one(conv={"padding": 1}, input={"values": [0, 1]}, layers=[{"op": "sign", "at": 4.5}]))
    conv = net.convs[0]
    assert conv.pad_value == -1
    assert conv.threshold.tolist() == [0]  # S01 >= 4.5, and S = 2 S01 - 9


def test_notes_say_what_was_done() -> None:
    weights = np.ones((4, 1, 3, 3)) * np.array([0.5, -2, 1, 1])[:, None, None, None]
    norm = {"op": "norm", "gamma": [1, -1, 0, 1], "beta": [0, 0, -1, 99], "eps": 0}
    net = network.read(one(arrays={"w": weights}, layers=[norm, {"op": "sign"}]))
    assert net.convs[0].threshold.tolist() == [0, 0, 1, 0]
    assert net.convs[0].weights[:, 0, 0, 0].tolist() == [1, 1, 0, 0]
    assert [bool(f) for f in net.convs[0].flipped] == [False, True, False, False]  # type: ignore[union-attr]
    said = "\n".join(net.notes)
    assert "thresholds that no sum crosses: channel 3 with threshold -99 of 9 taps" in said
    assert "constant, so their kernels are removed: channel 2 is -1, channel 3 is +1" in said
    assert "kernels turned, since their scale is negative: channels 1" in said


def test_layers_of_channels_last() -> None:
    """What Keras gives: kernels HWIO, dense weights (in, out), flattened as (row, column, channel)."""
    g = np.random.default_rng(3)
    conv, dense = g.choice([-1.0, 1], (2, 1, 3, 3)), g.choice([-1.0, 1], (3, 2 * 6 * 6))
    layers = [{"op": "conv", "weights": "w"}, {"op": "sign"}, {"op": "flatten"}, {"op": "dense", "weights": "d"}]
    first = {"w": conv, "d": dense, "description": {"input": {"size": 8}, "layers": layers}}
    last: dict[str, Any] = {
        "w": conv.transpose(2, 3, 1, 0),
        "d": dense.reshape(3, 2, 6, 6).transpose(2, 3, 1, 0).reshape(72, 3),
        "description": {"input": {"size": 8}, "layers": layers, "layout": "channels-last"},
    }
    pictures = g.integers(0, 2, (4, 8, 8)).astype(bool)
    a, b = (network.forward(network.read(arrays), pictures) for arrays in (first, last))
    np.testing.assert_array_equal(a.output, b.output)


def test_the_input_has_a_threshold_of_its_own() -> None:
    """A mean, a normalisation and a threshold in front of the first layer say what a bright pixel is."""
    layers = [
        {"op": "mean", "size": 2},
        {"op": "affine", "scale": 2, "shift": -1},
        {"op": "sign", "compare": ">"},
        {"op": "conv", "weights": "w"},
        {"op": "sign"},
    ]
    net = network.read({"w": np.ones((1, 1, 3, 3)), "description": {"input": {"size": 16}, "layers": layers}})
    assert (net.input.rows, net.input.shrink, net.input.above) == (8, 2, 127)
    assert net.input.picture == (16, 16)


def test_files(tmp_path: Path) -> None:
    arrays = one()
    description = arrays.pop("description")
    np.savez(tmp_path / "net.npz", **arrays, description=np.array(json.dumps(description)))
    net = network.read(tmp_path / "net.npz")
    assert net.source == "net.npz"
    np.savez(tmp_path / "bare.npz", **arrays)
    with pytest.raises(ProgramError, match="no description of the layers; add an array 'description'"):
        network.read(tmp_path / "bare.npz")
    np.savez(tmp_path / "broken.npz", **arrays, description=np.array('{"layers": [}'))
    with pytest.raises(ProgramError, match="not JSON"):
        network.read(tmp_path / "broken.npz")
    (tmp_path / "net.h5").write_bytes(b"")
    with pytest.raises(ProgramError, match=r"expected \.onnx"):
        network.read(tmp_path / "net.h5")
    with pytest.raises(ProgramError, match="zero"):
        network.read(tmp_path / "net.npz", zero=0)


def test_kinds_of_layers() -> None:
    layers, arrays, _, size = draw(11)
    net = network.read({**arrays, "description": {"input": {"size": size}, "layers": layers}})
    assert network.read(net) is net
    assert all(isinstance(layer, (Conv, Pool, Counts, Dense)) for layer in net.layers)
