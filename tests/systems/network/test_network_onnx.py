"""ONNX files become the same integers as arrays do, and what has no place is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim.cli.main import main
from scamp_sim.exceptions import ProgramError
from scamp_sim.systems import network
from scamp_sim.systems.network.params import Network
from tests.systems.network.floats import draw, evaluate

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, external_data_helper, helper, numpy_helper  # noqa: E402

from tests.systems.network.onnx_nets import Graph, of_chain  # noqa: E402

ONES = np.ones((1, 1, 3, 3))


def same(a: Network, b: Network) -> None:
    """Two networks of the same integers, up to float64 in scales of scores."""
    assert len(a.layers) == len(b.layers)
    for one, other in zip(a.layers, b.layers, strict=True):
        assert type(one) is type(other)
        for name in vars(one).keys() - {"node"}:
            left, right = getattr(one, name), getattr(other, name)
            if isinstance(left, np.ndarray) and left.dtype == np.float64:
                np.testing.assert_allclose(left, right, rtol=1e-6, atol=1e-9, err_msg=name)
            elif isinstance(left, np.ndarray):
                np.testing.assert_array_equal(left, right, name)
            else:
                assert left == right, name


@pytest.mark.parametrize("seed", range(60))
def test_files_hold_what_arrays_hold(seed: int, tmp_path: Path) -> None:
    """Random chains, with subgraphs of constants, batch norm as a node or as arithmetic, straight-through gradients."""
    layers, arrays, values, size = draw(seed)
    description = {"input": {"size": size, "values": values}, "layers": layers}
    path = of_chain(layers, arrays, size, seed).save(tmp_path / "net.onnx")
    same(network.read(path, values=values), network.read({**arrays, "description": description}))


@pytest.mark.parametrize("seed", range(40))
def test_files_with_activations_of_a_few_values(seed: int, tmp_path: Path) -> None:
    layers, arrays, values, size = draw(seed, levels=True)
    description = {"input": {"size": size, "values": values}, "layers": layers}
    graph = of_chain(layers, arrays, size, seed)
    path = graph.save(tmp_path / "net.onnx", domains=["qonnx.custom_op.general"])
    same(network.read(path, values=values), network.read({**arrays, "description": description}))


def conv(graph: Graph, weights: Any = ONES, **given: Any) -> Graph:
    graph.add("Conv", weights, **given)
    return graph


def signed(**given: Any) -> Graph:
    graph = conv(Graph(), **given)
    graph.add("Sign")
    return graph


def then(op: str, *values: Any, **given: Any) -> Graph:
    graph = signed()
    graph.add(op, *values, **given)
    return graph


def sums(op: str, *values: Any, **given: Any) -> Graph:
    """An operation on sums of 25 taps."""
    graph = conv(Graph(), np.ones((1, 1, 5, 5)))
    graph.tensors += [numpy_helper.from_array(np.asarray(1.0), "scale")]
    graph.tensors += [numpy_helper.from_array(np.asarray(0, np.int8), "zero")]
    graph.add(op, *values, **given)
    return graph


def pooled(op: str) -> Graph:
    """An activation without a threshold behind it."""
    graph = conv(Graph())
    graph.add(op)
    graph.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    graph.add("Flatten")
    graph.add("Gemm", np.ones((2, 9)), transB=1)
    return graph


def skip() -> Graph:
    graph = signed(pads=[1] * 4)
    graph.add("Add", graph.last, "r0", first=False)
    return graph


def two_inputs() -> Graph:
    graph = signed()
    graph.inputs.append(helper.make_tensor_value_info("other", TensorProto.FLOAT, [1]))
    return graph


def concat() -> Graph:
    graph = signed()
    graph.add("Concat", graph.last, graph.last, first=False, axis=1)
    return graph


def sized(*shape: int | str, scaled: float = 1.0, **given: Any) -> Graph:
    graph = Graph(shape)
    if scaled != 1:
        graph.add("Mul", scaled)
        graph.add("Sub", 1.0)
    conv(graph, **given)
    graph.add("Sign")
    return graph


def loop() -> Graph:
    graph = signed()
    inner = helper.make_graph([], "inner", [], [])
    graph.nodes.append(helper.make_node("If", [graph.last], ["r9"], name="n9", then_branch=inner, else_branch=inner))
    graph.last = "r9"
    return graph


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: signed(weights=ONES + 0.137 * np.eye(3)),
            r"Conv node 'n0', channel 0: weights are not small.*quantise",
        ),
        (lambda: then("Sigmoid"), "Sigmoid node 'n2': Sigmoid has no place on the array; sign, ReLU, threshold have"),
        (lambda: then("Gelu"), "Gelu"),
        (lambda: pooled("Sigmoid"), "Sigmoid node 'n1': Sigmoid has no place on the array; sign, ReLU, threshold have"),
        (lambda: pooled("Tanh"), "Tanh node 'n1': Tanh has no place on the array; sign, ReLU, threshold have"),
        (lambda: then("Tanh"), "Tanh node 'n2': Tanh has no place on the array"),
        (
            lambda: sums("QuantizeLinear", "scale", "zero"),
            r"'n1': gives 26 values, .* at most 16 \(4 bits\): train with fewer, such as 2 bits, or put a sign",
        ),
        (
            lambda: sized(1, 1, 8, 8, pads=[1] * 4, scaled=2.0),
            r"were not -1 and 1 in training, say so \(values, such as",
        ),
        (lambda: signed(dilations=[2, 2]), "dilation 2x2"),
        (lambda: signed(strides=[3, 3]), "stride 3"),
        (lambda: signed(weights=np.ones((2, 2, 3, 3))), "kernels for 2 input channels, but 1 come"),
        (lambda: sized(1, 3, 8, 8), "the input has 3 channels; expected 1, the sensor has one"),
        (lambda: signed(pads=[1] * 4), "Sign node 'n1', channel 0: Sign gives 0 where the sum is exactly 0 taps"),
        (skip, "skip connection"),
        (two_inputs, r"2 inputs \(picture, other\); expected one"),
        (concat, "Concat has no place on the array; the network must be one chain"),
        (lambda: sized(1, 1, "h", "w"), r"leaves open; export it with fixed ones, or say them \(size, --size\)"),
        (lambda: sized(1, 64), "2 dimensions; expected pictures"),
        (lambda: then("MaxPool", kernel_shape=[2, 2], pads=[1, 1, 1, 1]), "a padded pool"),
        (lambda: then("MaxPool", kernel_shape=[4, 4], strides=[4, 4], ceil_mode=1), "ceil_mode"),
        (lambda: then("Transpose", perm=[1, 0, 2, 3]), "the batch to stay in front"),
        (lambda: then("Mul", np.arange(36).reshape(6, 6)), "differs from site to site"),
        (lambda: then("Sub", "r1"), "takes a map from itself"),
        (lambda: then("Mul", "r0"), "a product of two maps"),
        (lambda: then("GreaterOrEqual", "r0"), "compares two maps"),
        (lambda: then("MatMul", np.ones((6, 2))), "flatten it first"),
        (lambda: then("Softmax"), "behind the last dense layer only"),
        (lambda: sums("Round"), r"'n1': gives 26 values, .* train with fewer, such as 2 bits"),
        (lambda: sums("Abs"), "Abs of sums has no place on the array; sign, ReLU, threshold have"),
        (lambda: then("Equal", "r0"), "Equal has no place on the array; the network must be one chain"),
        (loop, "branches and loops"),
    ],
)
def test_what_is_refused(make: Callable[[], Graph], message: str, tmp_path: Path) -> None:
    path = make().save(tmp_path / "net.onnx", opset=20)
    with pytest.raises(ProgramError, match=message):
        network.read(path)


def test_weights_beside_the_file_are_not_read(tmp_path: Path) -> None:
    model = signed().model()
    external_data_helper.convert_model_to_external_data(model, size_threshold=0, location="../secret.bin")
    tensor = model.graph.initializer[0]
    external_data_helper.set_external_data(tensor, "../secret.bin")
    tensor.data_location = TensorProto.EXTERNAL
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(
        ProgramError, match=r"initializer 'c0': weights in a file beside it \(\.\./secret\.bin\) are not"
    ):
        network.read(tmp_path / "net.onnx")


def test_weights_beside_the_file_in_a_node(tmp_path: Path) -> None:
    graph = signed()
    value = numpy_helper.from_array(np.ones(1, np.float32), "v")
    external_data_helper.set_external_data(value, "/etc/passwd")
    value.data_location = TensorProto.EXTERNAL
    graph.nodes.insert(0, helper.make_node("Constant", [], ["k"], name="k", value=value))
    (tmp_path / "net.onnx").write_bytes(graph.model().SerializeToString())
    with pytest.raises(ProgramError, match="Constant node 'k': weights in a file beside it"):
        network.read(tmp_path / "net.onnx")


def test_other_domains_and_versions(tmp_path: Path) -> None:
    graph = signed()
    graph.add("Trunc", domain="qonnx.custom_op.general")
    path = graph.save(tmp_path / "net.onnx", domains=["qonnx.custom_op.general"])
    with pytest.raises(ProgramError, match=r"Trunc node 'n2' is of the domain 'qonnx\.custom_op\.general'"):
        network.read(path)
    with pytest.raises(ProgramError, match="opset 6: expected 7"):
        network.read(signed().save(path, opset=6))


@pytest.mark.parametrize("data", [b"", b"\x00" * 100, b"not a model", b"\x08\x08" * 1000])
def test_damaged_files(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(data)
    with pytest.raises(ProgramError, match=r"network .*net\.onnx"):
        network.read(tmp_path / "net.onnx")


def test_every_cut_of_a_file_is_refused_or_read(tmp_path: Path) -> None:
    data = signed().model().SerializeToString()
    path = tmp_path / "net.onnx"
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        with pytest.raises(ProgramError):
            network.read(path)


def test_large_constants_are_not_made(tmp_path: Path) -> None:
    graph = Graph()
    shape = graph.constant([1 << 20, 1 << 20], np.int64)
    graph.add("ConstantOfShape", shape, first=False)
    graph.add("Conv", "picture", graph.last, first=False)
    with pytest.raises(ProgramError, match=r"ConstantOfShape node 'n0': cannot be computed: a shape of more than"):
        network.read(graph.save(tmp_path / "net.onnx"))


def test_large_files_are_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(ProgramError, match="64 MiB"):
        network.read(path)


def test_quantised_constants(tmp_path: Path) -> None:
    """BipolarQuant and Quant of QONNX and DequantizeLinear of ONNX, on weights; BipolarQuant on bits."""
    g = np.random.default_rng(0)
    latent = g.normal(size=(2, 1, 3, 3))
    domain = "qonnx.custom_op.general"
    graph = Graph()
    weights = graph.add("BipolarQuant", latent, 0.1, first=False, domain=domain)
    graph.add("Conv", "picture", weights, first=False)
    graph.add("BipolarQuant", 0.5, domain=domain)
    levels = g.integers(-3, 4, (1, 2, 3, 3)) * 0.25
    quant = graph.add("Quant", levels, 0.25, 0.0, 3.0, first=False, domain=domain, signed=1, narrow=1)
    graph.add("Conv", "r2", quant, first=False)
    chain = graph.add("BipolarQuant", 1.0, domain=domain)
    whole = graph.constant(g.integers(-1, 2, (1, 1, 2, 2)), np.int8)
    scale, zero = graph.constant(0.3, np.float32), graph.constant(0, np.int8)
    weights = graph.add("DequantizeLinear", whole, scale, zero, first=False)
    graph.add("Conv", chain, weights, first=False)
    graph.add("BipolarQuant", 1.0, domain=domain)
    net = network.read(graph.save(tmp_path / "net.onnx", domains=[domain]))
    first, second, third = net.convs
    np.testing.assert_array_equal(first.weights, np.where(latent >= 0, 1, -1))
    np.testing.assert_array_equal(second.weights, levels / 0.25)
    assert set(third.weights.ravel()) <= {-1, 0, 1}


@pytest.mark.parametrize("axis", [0, -4])
def test_weights_with_a_scale_a_channel(axis: int, tmp_path: Path) -> None:
    """QuantizeLinear, Clip, DequantizeLinear, as brevitas writes weights: each channel has its own scale."""
    g = np.random.default_rng(0)
    whole, scales = g.choice([-1, 1], (4, 1, 3, 3)), np.array([0.1, 0.2, 0.3, 0.4])
    graph = Graph()
    scale, zero = graph.constant(scales), graph.constant(np.zeros(4), np.int8)
    latent = graph.constant(whole * scales[:, None, None, None] * 1.3)
    graph.add("QuantizeLinear", latent, scale, zero, first=False, axis=axis)
    graph.add("Clip", graph.constant(-1, np.int8), graph.constant(1, np.int8))
    weights = graph.add("DequantizeLinear", scale, zero, axis=axis)
    graph.add("Conv", "picture", weights, first=False)
    graph.add("Sign")
    np.testing.assert_array_equal(network.read(graph.save(tmp_path / "net.onnx")).convs[0].weights, whole)
    other = Graph()
    weights = other.add("DequantizeLinear", other.constant(whole, np.int8), other.constant(scales[:3]), first=False)
    other.add("Conv", "picture", weights, first=False)
    with pytest.raises(ProgramError, match="3 scales of 4x1x3x3 values; expected one, or one a channel"):
        network.read(other.save(tmp_path / "other.onnx"))


def test_channels_last(tmp_path: Path) -> None:
    """What tf2onnx writes: pictures (batch, rows, columns, 1), a Transpose in front, one before the flattening."""
    g = np.random.default_rng(0)
    kernel, dense = g.choice([-1.0, 1], (2, 1, 3, 3)), g.choice([-1.0, 1], (3, 72))
    plain = Graph()
    plain.add("Conv", kernel)
    plain.add("Sign")
    plain.add("Flatten")
    plain.add("Gemm", dense, transB=1)
    last = Graph(("n", 8, 8, 1))
    last.add("Transpose", perm=[0, 3, 1, 2])
    last.add("Conv", kernel)
    last.add("Sign")
    last.add("Transpose", perm=[0, 2, 3, 1])
    last.add("Reshape", last.constant([-1, 72], np.int64))
    last.add("MatMul", dense.reshape(3, 2, 6, 6).transpose(2, 3, 1, 0).reshape(72, 3))
    same(network.read(last.save(tmp_path / "a.onnx")), network.read(plain.save(tmp_path / "b.onnx")))


def _ste_sign(graph: Graph) -> None:
    """Larq: tf.sign(tf.sign(x) + 0.1), 1 at 0."""
    graph.add("Sign")
    graph.add("Add", 0.1)
    graph.add("Sign")


def _heaviside(graph: Graph) -> None:
    """Larq: tf.sign(tf.nn.relu(x)), 0 at 0 and below."""
    graph.add("Relu")
    graph.add("Sign")


def _ternary(graph: Graph) -> None:
    """Larq's SteTern: tf.sign(tf.sign(x + t) + tf.sign(x - t))."""
    x = graph.last
    graph.add("Add", 1.5)
    low = graph.add("Sign")
    graph.add("Sub", x, graph.constant(1.5), first=False)
    graph.add("Sign")
    graph.add("Add", low)
    graph.add("Sign")


def _binary_of_qkeras(graph: Graph) -> None:
    """q = sign(x); q += 1 - |q|; x + stop_gradient(q - x)."""
    x = graph.last
    q = graph.add("Sign")
    graph.add("Abs")
    graph.add("Sub", graph.constant(1.0), graph.last, first=False)
    q = graph.add("Add", q)
    graph.add("Sub", q, x, first=False)
    graph.add("Add", x)


def _zeros_replaced(graph: Graph) -> None:
    """s = torch.sign(x); s[s == 0] = 1."""
    sign = graph.add("Sign")
    zero = graph.add("Equal", 0.0)
    graph.add("Where", zero, graph.constant(1.0), sign, first=False)


def _dorefa(levels: int) -> Callable[[Graph], None]:
    def add(graph: Graph) -> None:
        """round(clip(x, 0, 1) n) / n."""
        graph.add("Clip", 0.0, 1.0)
        graph.add("Mul", float(levels))
        graph.add("Round")
        graph.add("Div", float(levels))

    return add


def _clipped_late(graph: Graph) -> None:
    """Round without a limit, the limit behind it; halves go to the even number."""
    graph.add("Mul", 0.5)
    graph.add("Round")
    graph.add("Min", 2.0)
    graph.add("Max", -1.0)


def _four_steps(graph: Graph) -> None:
    """QuantizeLinear, Clip, DequantizeLinear, as brevitas writes activations of 2 bits."""
    scale, zero = graph.constant(1.7), graph.constant(0, np.int8)
    graph.add("QuantizeLinear", scale, zero)
    graph.add("Clip", graph.constant(-2, np.int8), graph.constant(1, np.int8))
    graph.add("DequantizeLinear", scale, zero)


def _bits_quantised(graph: Graph) -> None:
    """A sign, then 8 bits for its two values, as a tool for static quantisation leaves it."""
    scale, zero = graph.constant(1 / 127), graph.constant(3, np.int8)
    graph.add("GreaterOrEqual", 0.0)
    graph.add("Cast", to=TensorProto.DOUBLE)
    graph.add("QuantizeLinear", scale, zero)
    graph.add("DequantizeLinear", scale, zero)


def _truncated(graph: Graph) -> None:
    """0 and 2.6 become 0 and 2 by a change of type."""
    graph.add("Greater", 0.0)
    graph.add("Cast", to=TensorProto.DOUBLE)
    graph.add("Mul", 2.6)
    graph.add("Cast", to=TensorProto.INT32)
    graph.add("Cast", to=TensorProto.DOUBLE)


def _as_truth(graph: Graph) -> None:
    """-1 and 1 are both true."""
    graph.add("Sign")
    graph.add("Sub", 1.0)
    graph.add("Cast", to=TensorProto.BOOL)
    graph.add("Not")
    graph.add("Cast", to=TensorProto.DOUBLE)


def _both(graph: Graph) -> None:
    """1 between two levels, 0 outside: a value that rises and falls."""
    x = graph.last
    low = graph.add("Greater", -2.5)
    high = graph.add("Less", x, graph.constant(2.5), first=False)
    graph.add("And", low, high, first=False)
    graph.add("Cast", to=TensorProto.DOUBLE)


def _rising(op: str, level: float) -> Callable[[Graph], None]:
    def add(graph: Graph) -> None:
        graph.add(op)
        graph.add("GreaterOrEqual", level)
        graph.add("Cast", to=TensorProto.DOUBLE)

    return add


def _sign_of_tanh(graph: Graph) -> None:
    graph.add("Add", 0.25)
    graph.add("Tanh")
    graph.add("Sign")


def _half(x: Any) -> Any:
    return np.clip(np.rint(x / 2), -1, 2)


SAME: dict[str, tuple[Callable[[Graph], None], Callable[[Any], Any]]] = {
    "larq's sign": (_ste_sign, lambda x: np.where(x >= 0, 1, -1)),
    "larq's heaviside": (_heaviside, lambda x: x > 0),
    "larq's ternary": (_ternary, lambda x: np.where(abs(x) > 1.5, np.sign(x), 0)),
    "qkeras' binary": (_binary_of_qkeras, lambda x: np.where(x >= 0, 1, -1)),
    "zeros replaced": (_zeros_replaced, lambda x: np.where(x >= 0, 1, -1)),
    "dorefa, 1 bit": (_dorefa(1), lambda x: x > 0.5),
    "dorefa, 2 bits": (_dorefa(3), lambda x: np.rint(np.clip(x, 0, 1) * 3) / 3),
    "clipped behind the rounding": (_clipped_late, _half),
    "2 bits of brevitas": (_four_steps, lambda x: np.clip(np.rint(x / 1.7), -2, 1) * 1.7),
    "bits quantised": (_bits_quantised, lambda x: np.where(x >= 0, 124 / 127, 0) * 1.0),
    "truncated": (_truncated, lambda x: np.where(x > 0, 2, 0)),
    "truth": (_as_truth, lambda x: x > 0),
    "sigmoid": (_rising("Sigmoid", 0.3), lambda x: 1 / (1 + np.exp(-x)) >= 0.3),
    "softplus": (_rising("Softplus", 2.0), lambda x: np.log1p(np.exp(x)) >= 2),
    "elu": (_rising("Elu", -0.5), lambda x: np.where(x < 0, np.exp(np.minimum(x, 0)) - 1, x) >= -0.5),
    "softsign": (_rising("Softsign", -2 / 3 + 0.01), lambda x: x / (1 + abs(x)) >= -2 / 3 + 0.01),
    "tanh": (_sign_of_tanh, lambda x: np.where(x >= 0, 1, -1)),
    "and": (_both, lambda x: abs(x) < 2.5),
}


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("way", SAME)
def test_values_as_graphs_compute_them(way: str, padded: bool, tmp_path: Path) -> None:
    """Whatever a graph computes of signs and roundings is what NumPy computes, ties at 0 and at halves included."""
    g = np.random.default_rng(3)
    add, function = SAME[way]
    first, second, bias = g.choice([-1.0, 1], (2, 1, 3, 3)), g.choice([-1.0, 1], (3, 2, 2, 2)), g.normal(size=3)
    graph = Graph(("n", 1, 9, 9))
    graph.add("Conv", first, pads=[int(padded)] * 4)
    add(graph)
    graph.add("Conv", second, bias)
    graph.add("GreaterOrEqual", 0.0)
    graph.add("Cast", to=TensorProto.DOUBLE)
    graph.add("Flatten")
    size = 3 * (8 if padded else 6) ** 2
    weights = g.normal(size=(2, size))
    graph.add("Gemm", weights, transB=1)
    net = network.read(graph.save(tmp_path / "net.onnx", opset=21))
    pictures = g.random((20, 9, 9)) < 0.4
    x = np.where(pictures, 1.0, -1.0)[:, None]
    chain: list[Any] = [{"op": "conv", "weights": "a", "padding": int(padded)}]
    sums = evaluate(chain, {"a": first}, x)
    middle = np.asarray(function(sums), np.float64)
    bits = evaluate([{"op": "conv", "weights": "b", "bias": "c"}], {"b": second, "c": bias}, middle) >= 0
    wanted = bits.reshape(len(bits), -1) @ weights.T
    np.testing.assert_allclose(network.forward(net, pictures).output, wanted, atol=1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.25])
def test_padding_beside_a_value_that_falls_again(shift: float, tmp_path: Path) -> None:
    """What lies outside may be the value at both ends, and nothing else: its two bits add up to no half."""
    g = np.random.default_rng(3)
    first, second, bias = g.choice([-1.0, 1], (2, 1, 3, 3)), g.choice([-1.0, 1], (3, 2, 3, 3)), g.normal(size=3)
    graph = Graph(("n", 1, 9, 9))
    graph.add("Conv", first)
    _both(graph)
    graph.add("Add", shift)
    graph.add("Conv", second, bias, pads=[1] * 4)
    graph.add("GreaterOrEqual", 0.0)
    path = graph.save(tmp_path / "net.onnx", opset=21)
    if shift:
        with pytest.raises(ProgramError, match="so its padding is none of them"):
            network.read(path)
        return
    pictures = g.random((20, 9, 9)) < 0.4
    middle = abs(evaluate([{"op": "conv", "weights": "a"}], {"a": first}, np.where(pictures, 1.0, -1.0)[:, None])) < 2.5
    chain: list[Any] = [{"op": "conv", "weights": "b", "bias": "c", "padding": 1}]
    wanted = evaluate(chain, {"b": second, "c": bias}, middle.astype(float)) >= 0
    np.testing.assert_array_equal(network.forward(network.read(path), pictures).output, wanted)


@pytest.mark.parametrize("way", ["rows and columns last", "as one axis", "one axis, channels last"])
def test_means_of_whole_maps(way: str, tmp_path: Path) -> None:
    """x.mean((1, 2)) of Keras, x.flatten(2).mean(2) and x.view(n, -1, c).mean(1) are the mean over the map."""
    g = np.random.default_rng(0)
    kernel, dense = g.choice([-1.0, 1], (3, 1, 3, 3)), g.normal(size=(2, 3))

    def made(way: str) -> Network:
        graph = Graph(("n", 1, 8, 8))
        graph.add("Conv", kernel)
        graph.add("Sign")
        if way == "as one axis":
            graph.add("Reshape", graph.constant([0, 3, -1], np.int64))
            graph.add("ReduceMean", axes=[-1], keepdims=0)
        elif way:
            graph.add("Transpose", perm=[0, 2, 3, 1])
            if way == "rows and columns last":
                graph.add("ReduceMean", axes=[1, 2], keepdims=0)
            else:
                graph.add("Reshape", graph.constant([0, -1, 3], np.int64))
                graph.add("ReduceMean", axes=[1], keepdims=0)
        else:
            graph.add("GlobalAveragePool")
            graph.add("Flatten")
        graph.add("Gemm", dense, transB=1)
        return network.read(graph.save(tmp_path / "net.onnx"))

    same(made(way), made(""))


def test_heads_of_1x1_convolutions(tmp_path: Path) -> None:
    """A mean over a 1x1 convolution of bits, that convolution behind the mean, and a dense layer there are the same."""
    g = np.random.default_rng(0)
    kernel, head, bias = g.choice([-1.0, 1], (3, 1, 3, 3)), g.normal(size=(2, 3)), g.normal(size=2)

    def made(*order: str) -> Network:
        graph = Graph(("n", 1, 8, 8))
        graph.add("Conv", kernel)
        graph.add("Sign")
        for op in order:
            given = (head[:, :, None, None], bias) if op == "Conv" else (head.T, bias) if op == "Gemm" else ()
            graph.add(op, *given)
        return network.read(graph.save(tmp_path / "net.onnx"))

    plain = made("GlobalAveragePool", "Flatten", "Gemm")
    same(made("Conv", "GlobalAveragePool", "Flatten"), plain)
    same(made("GlobalAveragePool", "Conv", "Flatten"), plain)


def test_axes_that_mix_pictures_or_sites(tmp_path: Path) -> None:
    def scored(op: str, **given: Any) -> Graph:
        graph = then("Flatten")
        graph.add("Gemm", np.arange(72.0).reshape(2, 36), transB=1)
        graph.add(op, **given)
        return graph

    for graph, message in (
        (scored("ArgMax", keepdims=1), "ArgMax over axis 0: expected 1, the scores of a picture"),
        (scored("Softmax", axis=0), "Softmax over axis 0"),
        (then("ReduceMean", axes=[1, 2]), r"over axes \[1, 2\]: expected rows and columns, 2 and 3"),
    ):
        with pytest.raises(ProgramError, match=message):
            network.read(graph.save(tmp_path / "net.onnx"))
    network.read(scored("ArgMax", axis=-1).save(tmp_path / "net.onnx"))


def test_pictures_that_the_network_quantises(tmp_path: Path) -> None:
    """8 bits for the input change what dark and bright are, a rounding to 1 bit is a threshold, and a sign of a grey
    level that exists is a tie."""

    def made(*steps: Callable[[Graph], Any], **more: Any) -> Network:
        graph = Graph(("n", 1, 8, 8))
        for step in steps:
            step(graph)
        graph.add("Conv", np.ones((1, 1, 3, 3)), [0.25])
        graph.add("Sign")
        return network.read(graph.save(tmp_path / "net.onnx"), **more)

    def eight_bits(graph: Graph) -> None:
        scale, zero = graph.constant(0.3), graph.constant(2, np.uint8)
        graph.add("QuantizeLinear", scale, zero)
        graph.add("DequantizeLinear", scale, zero)

    assert made(eight_bits).input.values == pytest.approx((-0.6, 0.9))
    assert made(eight_bits, values=(0, 1)).input.values == pytest.approx((0, 0.9))
    rounded = made(lambda graph: graph.add("Round")).input
    assert (rounded.values, rounded.above) == ((0.0, 1.0), 127)
    assert made(lambda graph: graph.add("Round"), values=(-1, 1)).input.values == (-1.0, 1.0)
    with pytest.raises(ProgramError, match=r"of dark pixels and of bright ones, which are 0 and 0\.01"):
        made(eight_bits, values=(0, 0.01))
    tie = [lambda graph: graph.add("Sub", 127.0), lambda graph: graph.add("Sign")]
    with pytest.raises(ProgramError, match="Sign gives 0 where the grey level is exactly 127"):
        made(*tie, grey=(0, 255))
    assert [made(*tie, grey=(0, 255), zero=zero).input.above for zero in (1, -1)] == [126, 127]


def _command(line: list[str]) -> int:
    try:
        return main(line)
    except SystemExit as e:
        return int(e.code or 0)


def test_size_and_ends(tmp_path: Path) -> None:
    graph = sized("n", 1, "h", "w")
    graph.add("ReduceMean", axes=[2, 3], keepdims=0)
    graph.add("Gemm", np.ones((2, 1)), np.zeros(2), transB=1)
    graph.add("Softmax", axis=1)
    net = network.read(graph.save(tmp_path / "net.onnx"), size=(10, 10))
    assert (net.input.rows, net.input.columns) == (10, 10)
    for size, code in (("10x10", 0), ("28x28", 0), ("28", 2), ("0x28", 2)):
        assert _command(["network", "read", str(tmp_path / "net.onnx"), "--size", size]) == code
    assert "Softmax dropped, it changes no decision" in net.notes[-1]
    graph.add("ArgMax", axis=1)
    both = network.read(graph.save(tmp_path / "net.onnx"), size=(10, 10))
    assert ["dropped" in note for note in both.notes[-2:]] == [True, True]
    with pytest.raises(ProgramError, match="window 10x8 every 10x8: expected squares"):
        network.read(graph.save(tmp_path / "net.onnx"), size=(12, 10))
